"""`timeout` bounds an attempt, `deadline` all of a call: whatever it waits for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest

from aiotwenty import (
    ConnectionFailed,
    DeadlineExceeded,
    Hooks,
    InvalidArgument,
    RateLimit,
    RateLimited,
    RateLimiter,
    RequestTimeout,
    RetryEvent,
    RetryPolicy,
    Twenty,
)
from aiotwenty.bulk.target import Target
from aiotwenty.core import CompanyUpdateInput
from aiotwenty.sandbox import Sandbox
from tests.unit.scripted import KEY, Answer, ScriptedServer, answer, fails

COUNT = answer({"data": {"companies": {"totalCount": 3}}})
DOWN = Answer(b"<html>", 503, "text/html")


FOR_EVER = 1000


@contextmanager
def it_ends() -> Iterator[None]:
    """Soon, and not after what the server, a hook or the limit takes; others may be busy on this machine."""
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < FOR_EVER / 10


async def test_a_deadline_is_over_while_the_server_thinks(server: ScriptedServer) -> None:
    server.say(COUNT)
    server.seconds = FOR_EVER
    async with Twenty(server.url, api_key=KEY, deadline=0.1) as twenty:
        with it_ends(), pytest.raises(DeadlineExceeded, match=r"deadline of 0\.1 s .* before the answer") as late:
            await twenty.companies.count()
    assert late.value.sent
    assert not late.value.outcome_unknown


async def test_a_deadline_is_over_while_a_call_waits_for_the_limit(server: ScriptedServer) -> None:
    server.say(COUNT)
    limiter = RateLimiter(RateLimit(1, per=FOR_EVER))
    async with Twenty(server.url, api_key=KEY, rate_limit=limiter) as twenty:
        await twenty.companies.count()
        with it_ends(), pytest.raises(DeadlineExceeded, match="before it was sent") as late:
            await twenty.companies.create_one({"name": "Acme"}, deadline=0.1)
        assert not late.value.sent
        assert not late.value.outcome_unknown
    assert len(server.requests) == 1


async def test_a_deadline_is_over_while_a_call_waits_for_a_connection(server: ScriptedServer) -> None:
    server.say(COUNT)
    server.seconds = FOR_EVER
    async with Twenty(server.url, api_key=KEY, max_connections=1) as twenty:
        first = asyncio.ensure_future(twenty.companies.count())
        await asyncio.sleep(0.05)
        with it_ends(), pytest.raises(DeadlineExceeded, match="before it was sent"):
            await twenty.companies.count(deadline=0.1)
        assert not first.done()
        first.cancel()
        server.seconds = 0
        assert await twenty.companies.count(deadline=60) == 3


async def test_what_leaves_no_time_for_another_attempt_is_told_at_once(server: ScriptedServer) -> None:
    server.say(Answer(b"<html>", 503, "text/html", headers={"Retry-After": "30"}))
    async with Twenty(server.url, api_key=KEY) as twenty:
        with it_ends(), pytest.raises(Exception, match="HTTP 503"):
            await twenty.companies.count(deadline=29)
    assert len(server.requests) == 1


async def test_a_write_that_was_under_way_at_the_deadline_may_have_happened(server: ScriptedServer) -> None:
    server.say(answer({"data": {"deleteCompany": {}}}))
    server.seconds = FOR_EVER
    async with Twenty(server.url, api_key=KEY) as twenty:
        with it_ends(), pytest.raises(DeadlineExceeded, match="unknown whether this write happened") as late:
            await twenty.companies.destroy_one(uuid4(), deadline=0.1)
    assert late.value.outcome_unknown


async def test_a_hook_that_takes_too_long_hides_no_write(server: ScriptedServer) -> None:
    server.say(Answer(abort=True))

    async def slow(event: RetryEvent) -> None:
        await asyncio.sleep(FOR_EVER)

    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(base=0), hooks=Hooks(on_retry=slow)) as twenty:
        hurried = twenty.with_options(deadline=0.2)
        with it_ends(), pytest.raises(DeadlineExceeded, match="unknown whether this write happened") as late:
            await hurried.core.update_one_company(uuid4(), CompanyUpdateInput(name="x"))
    assert late.value.outcome_unknown


async def test_one_deadline_covers_all_requests_of_a_call(server: ScriptedServer) -> None:
    """A create whose answer is lost is looked for: not beyond the deadline."""

    def no_answer(_: object) -> Answer:
        server.seconds = FOR_EVER
        return DOWN

    server.say(Answer(abort=True), no_answer)
    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(base=0.01, attempts=3)) as twenty:
        with it_ends(), pytest.raises(ConnectionFailed) as lost:
            await twenty.companies.create_one({"name": "Acme"}, deadline=1.5)
    assert lost.value.outcome_unknown
    assert "the deadline of 1.5 s passed" in lost.value.__notes__[0]


async def test_a_deadline_counts_for_each_page_of_a_walk(server: ScriptedServer, twenty_sandbox: Sandbox) -> None:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        await twenty.companies.create_many([{"name": f"Company {number}"} for number in range(12)])
        twenty_sandbox.faults.add("latency=0.15")
        walk = twenty.companies.iterate(page_size=1, deadline=1.5)
        assert len([company async for company in walk]) == 12
        with pytest.raises(DeadlineExceeded):
            [company async for company in twenty.companies.iterate(page_size=2, deadline=0.05)]


async def test_a_timeout_given_to_a_call_is_that_of_its_attempts(server: ScriptedServer) -> None:
    server.say(COUNT)
    server.seconds = FOR_EVER
    async with Twenty(server.url, api_key=KEY, retry=RetryPolicy(attempts=2, base=0)) as twenty:
        with it_ends(), pytest.raises(RequestTimeout, match=r"within 0\.5 s") as late:
            await twenty.companies.count(timeout=0.5)
        assert late.value.attempts == 2
        server.seconds = 0
        assert await twenty.companies.count() == 3


async def test_options_of_a_client_hold_for_everything_that_it_calls(server: ScriptedServer) -> None:
    server.say(answer({"data": {"companies": {"totalCount": 3}, "objects": {"edges": []}}}))
    server.seconds = 0.3
    async with Twenty(server.url, api_key=KEY) as twenty:
        hasty = twenty.with_options(deadline=0.05)
        for call in (
            hasty.companies.count(),
            hasty.rest.get("companies"),
            hasty.execute("{ companies { totalCount } }", validate=False),
            hasty.core.find_many_companies(),
        ):
            with pytest.raises(DeadlineExceeded):
                await call
        assert await twenty.companies.count() == 3


async def test_a_load_takes_as_long_as_it_takes(server: ScriptedServer) -> None:
    """Its patience is its own: the deadline of a client is that of calls."""
    async with Twenty(server.url, api_key=KEY, deadline=0.1) as twenty:
        terms = Target.of(twenty.companies).endpoint.terms
    assert (terms.deadline, terms.priority) == (None, "bulk")


async def test_cancelling_a_call_with_a_deadline_cancels_it(server: ScriptedServer) -> None:
    server.say(COUNT)
    server.seconds = FOR_EVER
    async with Twenty(server.url, api_key=KEY) as twenty:
        call = asyncio.ensure_future(twenty.companies.count(deadline=FOR_EVER))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_a_limit_that_cannot_be_is_not_believed(server: ScriptedServer) -> None:
    server.say(fails("Limit reached (1 tokens per 999999999 ms)", "BAD_USER_INPUT", "LIMIT_REACHED"), COUNT)
    async with Twenty(server.url, api_key=KEY) as twenty:
        with it_ends(), pytest.raises(RateLimited):
            await twenty.companies.count()
        with it_ends():
            assert await twenty.companies.count() == 3


def test_a_limiter_keeps_few_of_the_limits_that_a_server_makes_up() -> None:
    limiter = RateLimiter()
    for per in range(1, 100):
        error = RateLimited("Limit reached")
        error.limit, error.per = 100, float(per)
        limiter.refused(error, time.monotonic())
    assert [limit.per for limit in limiter.limits] == [96, 97, 98, 99]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("timeout", 0),
        ("timeout", float("nan")),
        ("deadline", -1),
        ("deadline", float("inf")),
        ("max_answer_bytes", 0),
        ("max_wait", -1),
    ],
)
async def test_options_that_cannot_be_are_refused(option: str, value: float) -> None:
    with pytest.raises(InvalidArgument, match=option):
        Twenty("http://127.0.0.1:9", api_key=KEY, **{option: value})  # type: ignore[arg-type]
    twenty = Twenty("http://127.0.0.1:9", api_key=KEY)
    with pytest.raises(InvalidArgument, match=option):
        await twenty.companies.count(**{option: value})  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="priority"):
        twenty.with_options(priority="urgent")  # type: ignore[arg-type]
