"""When a request is sent again, and after how long."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import UUID

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
from aiotwenty.core import CompanyUpdateInput
from tests.unit.scripted import KEY, Answer, ScriptedServer, answer, fails

COUNT = answer({"data": {"companies": {"totalCount": 3}}})
BROKEN = ConnectionFailed("broken")

ID = UUID("0f12a159-3b7b-4ac4-80b8-8b14e33530dc")


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


def test_retry_after_is_respected_but_not_for_ever() -> None:
    policy = RetryPolicy(base=0, max_retry_after=7, total=1000)
    error = RateLimited("slow down")
    error.retry_after = 3
    assert policy.delay(error, 1, 0) == 3
    error.retry_after = 3600
    assert policy.delay(error, 1, 0) is None
    error.limit, error.per = 100, 60.0
    assert policy.delay(error, 1, 0) is None, "a day is a day, whatever limit is named beside it"


def test_the_pace_of_a_slow_limit_is_no_request_to_wait() -> None:
    error = RateLimited("Limit reached (1 tokens per 30000 ms)")
    error.limit, error.per, error.retry_after = 1, 30.0, 30.0
    assert RetryPolicy(base=0, max_retry_after=7, total=1000).delay(error, 1, 0) == 7


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"base": -1}, {"total": -1}])
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError):
        RetryPolicy(**wrong)


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_the_server_is_given_the_time_it_asks_for(server: ScriptedServer, form: str) -> None:
    retries: list[RetryEvent] = []
    # Dates have whole seconds, so that less than a second may be left of two.
    later = datetime.now(UTC) + timedelta(seconds=2)
    asked = "1" if form == "seconds" else format_datetime(later, usegmt=True)
    server.say(Answer(b"", 503, None, {"Retry-After": asked}), COUNT)
    async with Twenty(
        server.url, api_key=KEY, retry=RetryPolicy(base=0), hooks=Hooks(on_retry=retries.append)
    ) as twenty:
        begun = time.monotonic()
        assert await twenty.companies.count() == 3
    assert retries[0].error.retry_after is not None
    assert retries[0].delay == retries[0].error.retry_after
    assert time.monotonic() - begun >= retries[0].delay


def in_a_day() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True)


LONG = {
    "seconds": lambda: {"Retry-After": "86400"},
    "a date": lambda: {"Retry-After": in_a_day()},
}
REFUSING = {
    "a proxy's 429": lambda headers: Answer(b"<html>Slow down</html>", 429, "text/html", headers),
    "a proxy's 503": lambda headers: Answer(b"<html>Maintenance</html>", 503, "text/html", headers),
    "the server's 429": lambda headers: Answer(b'{"statusCode":429,"messages":["slow"]}', 429, headers=headers),
    "a refusal with HTTP 200": lambda headers: Answer(
        b'{"errors":[{"message":"slow","extensions":{"subCode":"LIMIT_REACHED"}}],"data":null}', headers=headers
    ),
}


@pytest.mark.parametrize("protocol", ["GraphQL", "REST"])
@pytest.mark.parametrize("form", LONG)
@pytest.mark.parametrize("refusing", REFUSING)
async def test_a_wait_that_is_too_long_is_told_at_once(
    server: ScriptedServer, refusing: str, form: str, protocol: str
) -> None:
    server.say(REFUSING[refusing](LONG[form]()))
    async with Twenty(server.url, api_key=KEY) as twenty:
        for requests in (1, 2):
            async with asyncio.timeout(60):
                with pytest.raises(TwentyError, match="asked to wait a day") as caught:
                    await (twenty.companies.count() if protocol == "GraphQL" else twenty.rest.get("companies"))
            assert caught.value.retry_after == pytest.approx(86_400, abs=60)
            assert len(server.paths) == requests


async def test_a_refused_request_does_not_wait_for_a_turn_that_comes_too_late(server: ScriptedServer) -> None:
    message = "Limit reached (1 tokens per 3600000 ms)"
    server.say(fails(message, "BAD_USER_INPUT", "LIMIT_REACHED", data={"companies": None}))
    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(base=0, total=120)) as twenty:
        async with asyncio.timeout(60):
            with pytest.raises(RateLimited, match="1 tokens per 3600000 ms"):
                await twenty.companies.count()
    assert len(server.requests) == 1


async def test_a_read_of_several_roots_is_repeated_when_the_limit_cut_it_short(server: ScriptedServer) -> None:
    limited = "Limit reached (100 tokens per 100 ms)"
    server.say(
        fails(limited, "BAD_USER_INPUT", "LIMIT_REACHED", data={"companies": {"totalCount": 3}, "people": None}),
        answer({"data": {"companies": {"totalCount": 3}, "people": {"totalCount": 4}}}),
    )
    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(base=0.001)) as twenty:
        data = await twenty.execute("{ companies { totalCount } people { totalCount } }")
    assert data == {"companies": {"totalCount": 3}, "people": {"totalCount": 4}}


@pytest.mark.parametrize(
    "then",
    [Answer(b"<html>", 404, "text/html"), fails("This API Key is revoked", "FORBIDDEN", "FORBIDDEN_EXCEPTION")],
    ids=["a proxy's 404", "a revoked key"],
)
async def test_a_lost_write_stays_unknown_when_its_repetition_is_turned_away(
    server: ScriptedServer, then: Answer
) -> None:
    server.say(Answer(abort=True), then)
    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(base=0.001)) as twenty:
        with pytest.raises(TwentyError) as caught:
            await twenty.core.update_one_company(ID, CompanyUpdateInput(name="x"))
    assert caught.value.attempts == 2
    assert caught.value.outcome_unknown


async def test_a_lost_write_stays_unknown_when_the_client_is_closed_before_it_is_repeated(
    server: ScriptedServer,
) -> None:
    server.say(Answer(abort=True))
    lost = asyncio.Event()
    policy = RetryPolicy(base=1000, max_delay=1000, total=100_000)
    hooks = Hooks(on_retry=lambda _: lost.set())
    twenty = Twenty(server.url, api_key=KEY, retry=policy, hooks=hooks)
    task = asyncio.ensure_future(twenty.core.update_one_company(ID, CompanyUpdateInput(name="x")))
    await lost.wait()
    await twenty.aclose()
    with pytest.raises(ConfigurationError, match="closed") as caught:
        await task
    assert caught.value.operation == "UpdateOneCompany"
    assert caught.value.outcome_unknown


async def test_a_write_that_is_refused_when_it_is_repeated_is_known_to_have_failed(server: ScriptedServer) -> None:
    server.say(Answer(abort=True), fails("Record not found", "NOT_FOUND", "RECORD_NOT_FOUND"))
    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(base=0.001)) as twenty:
        with pytest.raises(TwentyError, match="Record not found") as caught:
            await twenty.core.update_one_company(ID, CompanyUpdateInput(name="x"))
    assert not caught.value.outcome_unknown


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


@pytest.mark.parametrize("path", ["people", "/rest/people", "rest/people/", "/rest/people?limit=2&upsert=true"])
async def test_rest_takes_paths_and_booleans_as_the_documentation_writes_them(
    server: ScriptedServer, path: str
) -> None:
    server.say(answer({"data": {"people": []}}))
    query = {} if "?" in path else {"limit": 2, "upsert": True, "filter": None}
    async with Twenty(server.url, api_key=KEY) as twenty:
        await twenty.rest.get(path, **query)
    assert server.seen[0].path_qs == "/rest/people?limit=2&upsert=true"


@pytest.mark.parametrize("method", ["DELETE", "PUT"])
async def test_no_write_is_sent_twice_that_the_policy_does_not_send_twice(server: ScriptedServer, method: str) -> None:
    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(attempts=1)) as twenty:
        server.say(answer({"data": {"people": []}}))
        await twenty.rest.get("people")
        server.say(Answer(abort=True))
        with pytest.raises(ConnectionFailed) as caught:
            await twenty.rest.request(method, "people/1")  # type: ignore[arg-type]
    assert [request.method for request in server.seen] == [method]
    assert caught.value.outcome_unknown
