"""When a request is sent again, and after how long."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from aiotwenty import (
    ConfigurationError,
    ConnectionFailed,
    Hooks,
    RateLimited,
    RetryEvent,
    RetryPolicy,
    Twenty,
    TwentyError,
)
from tests.unit.scripted import KEY, Answer, ScriptedServer, answer, fails

COUNT = answer({"data": {"companies": {"totalCount": 3}}})
BROKEN = ConnectionFailed("broken")


def test_waits_grow_and_are_random_up_to_their_limit() -> None:
    policy = RetryPolicy(attempts=20, base=0.5, max_delay=3, total=1000)
    for attempt, limit in ((1, 0.5), (2, 1), (3, 2), (4, 3), (15, 3)):
        delays = [policy.delay(BROKEN, attempt, 0) or 0 for _ in range(300)]
        assert max(delays) <= limit
        assert max(delays) > 0.8 * limit
        assert min(delays) < 0.2 * limit


def test_attempts_and_total_time_are_limited() -> None:
    policy = RetryPolicy(attempts=3, total=10)
    assert policy.delay(BROKEN, 2, 0) is not None
    assert policy.delay(BROKEN, 3, 0) is None
    assert policy.delay(BROKEN, 1, 10.1) is None


def test_a_rate_limited_request_waits_for_its_turn_rather_than_counting_attempts() -> None:
    policy = RetryPolicy(attempts=3, total=100)
    assert policy.delay(RateLimited("Limit reached"), 50, 0) is not None
    assert policy.delay(RateLimited("Limit reached"), 50, 101) is None
    assert RetryPolicy(attempts=1).delay(RateLimited("Limit reached"), 1, 0) is None


def test_retry_after_is_respected_and_capped() -> None:
    policy = RetryPolicy(base=0, max_retry_after=7, total=1000)
    error = RateLimited("slow down")
    error.retry_after = 3
    assert policy.delay(error, 1, 0) == 3
    error.retry_after = 3600
    assert policy.delay(error, 1, 0) == 7


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"base": -1}, {"total": -1}])
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError):
        RetryPolicy(**wrong)


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_the_server_is_given_the_time_it_asks_for(server: ScriptedServer, form: str) -> None:
    retries: list[RetryEvent] = []
    later = datetime.now(UTC) + timedelta(seconds=60)
    asked = "1" if form == "seconds" else format_datetime(later, usegmt=True)
    server.say(Answer(b"", 503, None, {"Retry-After": asked}), COUNT)
    policy = RetryPolicy(base=0, max_retry_after=0.2 if form == "date" else 60)
    async with Twenty(server.url, api_key=KEY, retry=policy, hooks=Hooks(on_retry=retries.append)) as twenty:
        begun = time.monotonic()
        assert await twenty.companies.count() == 3
    if form == "seconds":
        assert time.monotonic() - begun >= 1
    else:
        assert retries[0].delay == 0.2
        assert retries[0].error.retry_after is not None
        assert 30 < retries[0].error.retry_after <= 60


async def test_a_refusal_that_asks_for_years_holds_nothing_up_for_longer_than_the_policy_allows(
    server: ScriptedServer,
) -> None:
    server.say(Answer(b"", 429, None, {"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}), COUNT)
    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(base=0, max_retry_after=0.05)) as twenty:
        async with asyncio.timeout(20):
            assert await twenty.companies.count() == 3


async def test_a_refused_request_does_not_wait_for_a_turn_that_comes_too_late(server: ScriptedServer) -> None:
    message = "Limit reached (1 tokens per 3600000 ms)"
    server.say(fails(message, "BAD_USER_INPUT", "LIMIT_REACHED", data={"companies": None}))
    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(base=0, total=120)) as twenty:
        async with asyncio.timeout(20):
            with pytest.raises(RateLimited, match="1 tokens per 3600000 ms"):
                await twenty.companies.count()
    assert len(server.requests) == 1


async def test_rest_shares_policy_errors_and_pace(server: ScriptedServer) -> None:
    people = {"data": {"people": []}, "totalCount": 0}
    server.say(Answer(b"", 502, None), answer(people))
    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(base=0.001)) as twenty:
        assert await twenty.rest.get("people", limit=2, filter='name[ilike]:"%a b%"') == people
        assert server.seen[-1].path_qs == "/rest/people?limit=2&filter=name%5Bilike%5D:%22%25a+b%25%22"
        server.say(Answer(b"", 502, None))
        with pytest.raises(TwentyError) as caught:
            await twenty.rest.post("people", {"city": "x"})
        assert caught.value.outcome_unknown
        assert caught.value.operation == "POST /rest/people"
        assert len(server.seen) == 1
        server.say(Answer(b"", 502, None), answer({"data": {"updatePerson": {}}}))
        assert await twenty.rest.patch("people/1", {"city": "x"}) == {"data": {"updatePerson": {}}}
        server.say(Answer(b"", 204, None))
        assert await twenty.rest.delete("people/1") is None
