"""The receiver of webhooks: who is told of which event, and that each delivery counts once."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from aiotwenty import InvalidArgument, Twenty
from aiotwenty.core import Company
from aiotwenty.graphql.models import Record
from aiotwenty.webhooks import (
    MemoryStore,
    ReplayStore,
    ReplayStoreFailed,
    SQLiteStore,
    WebhookEvent,
    WebhookHandlerFailed,
    WebhookReceiver,
    WebhookRejected,
    WebhookReplayed,
)
from aiotwenty.workspace.webhook_operations import check_operation
from tests.support.deliveries import SECRET, company, delivery, signed


@pytest.fixture
def receiver() -> WebhookReceiver:
    return WebhookReceiver(SECRET)


async def deliver(receiver: WebhookReceiver, name: str = "company.created", **more: Any) -> WebhookEvent:
    body = delivery(name, **more)
    return await receiver.handle(body, signed(body))


async def test_each_function_is_told_of_the_events_it_waits_for(receiver: WebhookReceiver) -> None:
    told: list[str] = []

    @receiver.on("company.created", "company.deleted")
    def some(event: WebhookEvent) -> None:
        told.append(f"some {event.event_name}")

    @receiver.on("*.created")
    async def created(event: WebhookEvent) -> None:
        told.append(f"created {event.event_name}")

    @receiver.on("company.*")
    async def of_companies(event: WebhookEvent) -> None:
        told.append(f"companies {event.event_name}")

    @receiver.on("*.*", "person.*")
    async def every(event: WebhookEvent) -> None:
        told.append(f"every {event.event_name}")

    await deliver(receiver)
    await deliver(receiver, "person.updated")
    assert told == [
        *("some company.created", "created company.created", "companies company.created", "every company.created"),
        "every person.updated",
    ]


async def test_a_function_takes_the_record_as_the_model_it_names(receiver: WebhookReceiver) -> None:
    told: list[Company] = []

    @receiver.on("company.*", record=Company)
    async def welcome(event: WebhookEvent, company: Company) -> None:
        told.append(company)

    await deliver(receiver, record=company(name="Zoë & Søn"))
    assert [(type(one), one.name) for one in told] == [(Company, "Zoë & Søn")]


async def test_a_decorated_function_is_itself(receiver: WebhookReceiver) -> None:
    @receiver.on("company.*")
    def shout(event: WebhookEvent) -> str:
        return event.event_name.upper()

    assert shout(await deliver(receiver)) == "COMPANY.CREATED"


@pytest.mark.parametrize(
    "operation", ["company", "company.", ".created", "a.b.c", "*", "", "company.craeted", "company created"]
)
def test_an_operation_that_never_comes_is_refused_where_it_is_written(operation: str) -> None:
    with pytest.raises(InvalidArgument, match=r"no operation|there is no event"):
        WebhookReceiver(SECRET).on(operation)


def test_a_slip_in_an_operation_gets_a_suggestion() -> None:
    with pytest.raises(InvalidArgument, match="did you mean 'created'"):
        check_operation("company.craeted")


async def test_a_webhook_is_not_made_for_an_operation_that_never_comes(twenty: Twenty) -> None:
    for operations in (["company"], ["company.craeted"], [], "company.created"):
        with pytest.raises(InvalidArgument):
            await twenty.workspace.webhooks.create("https://receiver.example/hook", operations)
    assert await twenty.workspace.webhooks.list() == []


async def test_a_function_that_fails_keeps_nothing_from_the_others(
    receiver: WebhookReceiver, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    @receiver.on("*.*")
    async def fails(event: WebhookEvent) -> None:
        raise LookupError("in the function")

    @receiver.on("*.*")
    async def works(event: WebhookEvent) -> None:
        told.append(event.event_name)

    with pytest.raises(WebhookHandlerFailed, match=r"1 of 2 handlers failed on company\.created: LookupError") as why:
        await deliver(receiver)
    assert told == ["company.created"]
    assert isinstance(why.value.__cause__, LookupError)
    assert "in the function" in caplog.text


async def test_a_handler_that_hangs_fails_and_the_delivery_may_come_again(caplog: pytest.LogCaptureFixture) -> None:
    receiver = WebhookReceiver(SECRET, handler_timeout=0.01)
    never = asyncio.Event()
    told: list[str] = []

    @receiver.on("*.*")
    async def hangs(event: WebhookEvent) -> None:
        await never.wait()

    @receiver.on("*.*")
    async def works(event: WebhookEvent) -> None:
        told.append(event.event_name)

    body = delivery()
    assert await receiver.answer(body, signed(body)) == 500
    assert "the handler took longer than 0.01 s." in caplog.text
    never.set()
    assert await receiver.answer(body, signed(body)) == 204
    assert told == ["company.created"] * 2


async def test_a_timeout_of_the_handlers_own_is_reported_as_it_is(receiver: WebhookReceiver) -> None:
    @receiver.on("*.*")
    async def waits(event: WebhookEvent) -> None:
        raise TimeoutError("the queue is full")

    with pytest.raises(WebhookHandlerFailed) as failed:
        await deliver(receiver)
    assert str(failed.value.__cause__) == "the queue is full"


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_handler_needs_some_time(seconds: float) -> None:
    with pytest.raises(InvalidArgument, match="handler_timeout"):
        WebhookReceiver(SECRET, handler_timeout=seconds)


async def test_a_record_that_its_model_does_not_fit_is_the_functions_failure(receiver: WebhookReceiver) -> None:
    class Other(Record):
        thrust: int

    @receiver.on("*.*", record=Other)
    async def never(event: WebhookEvent, record: Other) -> None:
        raise AssertionError

    body = delivery()
    assert await receiver.answer(body, signed(body)) == 500


@pytest.fixture(params=["memory", "file", "two processes"])
async def stores(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[ReplayStore]]:
    """Stores that know of each other."""
    found: list[ReplayStore]
    if request.param == "memory":
        found = [MemoryStore()] * 2
    elif request.param == "file":
        found = [SQLiteStore(tmp_path / "seen.db")] * 2
    else:
        found = [SQLiteStore(tmp_path / "seen.db"), SQLiteStore(tmp_path / "seen.db")]
    yield found
    for store in found:
        await store.aclose()


async def test_a_delivery_counts_once(stores: list[ReplayStore]) -> None:
    one, other = (WebhookReceiver(SECRET, store=store) for store in stores)
    body = delivery()
    headers = signed(body)
    await one.handle(body, headers)
    for receiver in (one, other):
        with pytest.raises(WebhookReplayed, match="received before"):
            await receiver.handle(body, headers)
    await other.handle(body, signed(body, age=1))


async def test_of_many_equal_deliveries_at_once_one_counts(stores: list[ReplayStore]) -> None:
    told: list[WebhookEvent] = []
    receivers = [WebhookReceiver(SECRET, store=store) for store in stores]
    for receiver in receivers:
        receiver.on("*.*")(told.append)
    body = delivery()
    headers = signed(body)
    answers = await asyncio.gather(*(receivers[n % 2].answer(body, headers) for n in range(50)))
    assert sorted(answers) == [204] + [409] * 49
    assert len(told) == 1


async def test_who_plays_a_delivery_again_with_another_nonce_is_refused(receiver: WebhookReceiver) -> None:
    body = delivery()
    headers = signed(body)
    await receiver.handle(body, headers)
    with pytest.raises(WebhookReplayed):
        await receiver.handle(body, {**headers, "X-Twenty-Webhook-Nonce": "f" * 32})


async def test_a_delivery_that_failed_may_come_again(stores: list[ReplayStore]) -> None:
    fails = [True]
    told: list[WebhookEvent] = []
    receiver = WebhookReceiver(SECRET, store=stores[0])

    @receiver.on("*.*")
    async def first_fails(event: WebhookEvent) -> None:
        if fails.pop() if fails else False:
            raise ConnectionError
        told.append(event)

    body = delivery()
    headers = signed(body)
    assert [await receiver.answer(body, headers) for _ in range(3)] == [500, 204, 409]
    assert len(told) == 1


async def test_a_delivery_whose_work_was_cancelled_may_come_again(receiver: WebhookReceiver) -> None:
    begun = asyncio.Event()

    @receiver.on("*.*")
    async def waits(event: WebhookEvent) -> None:
        begun.set()
        await asyncio.sleep(30)

    body = delivery()
    headers = signed(body)
    for _ in range(2):
        begun.clear()
        task = asyncio.create_task(receiver.handle(body, headers))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_stores_forget_what_is_too_old_to_be_taken_anyway(tmp_path: Path) -> None:
    memory, file = MemoryStore(), SQLiteStore(tmp_path / "seen.db")
    for store in (memory, file):
        for number in range(2500):
            assert await store.add(f"old {number}", time.time() - 1 + number / 1e6)
        assert await store.add("new", time.time() + 60)
        assert not await store.add("new", time.time() + 60)
        await store.remove("new")
        assert await store.add("new", time.time() + 60)
        await store.aclose()
    assert len(memory) == 1
    with sqlite3.connect(tmp_path / "seen.db") as database:
        assert database.execute("SELECT count(*) FROM seen").fetchone()[0] <= 1001


async def test_a_store_that_cannot_be_used_is_told_and_nothing_is_worked_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "not a database").write_bytes(b"x" * 5000)

    class Broken(MemoryStore):
        async def add(self, key: str, expires: float) -> bool:
            raise KeyError("mine")

    for store in (SQLiteStore(tmp_path / "not a database"), SQLiteStore(tmp_path / "no" / "folder"), Broken()):
        receiver = WebhookReceiver(SECRET, store=store)
        receiver.on("*.*")(lambda event: pytest.fail("it was worked on"))
        body = delivery()
        assert await receiver.answer(body, signed(body)) == 503
        with pytest.raises(ReplayStoreFailed):
            await receiver.handle(body, signed(body))
        await store.aclose()
    assert caplog.text.count("a delivery was not taken: the store of deliveries") == 3
    closed = SQLiteStore(tmp_path / "seen.db")
    await closed.aclose()
    with pytest.raises(ReplayStoreFailed, match="is closed"):
        await closed.add("key", time.time())


async def test_a_secret_is_replaced_without_a_delivery_lost(receiver: WebhookReceiver) -> None:
    body = delivery()
    new = "the new secret"
    receiver.set_secrets([SECRET, new])
    await receiver.handle(body, signed(body))
    await receiver.handle(body, signed(body, secret=new))
    receiver.set_secrets(new)
    with pytest.raises(WebhookRejected, match="does not match"):
        await receiver.handle(body, signed(body, age=1))
    await receiver.handle(body, signed(body, secret=new, age=1))
    assert new not in repr(receiver)


@pytest.mark.parametrize("options", [{"max_age": None}, {"max_age": float("nan")}, {"max_bytes": 0}])
def test_a_receiver_that_can_not_be_right_is_not_made(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument):
        WebhookReceiver(SECRET, **options)


@pytest.mark.parametrize(
    ("body", "headers", "status", "logged"),
    [
        (delivery(), dict, 401, "there is no X-Twenty-Webhook-Signature header"),
        (delivery(), partial(signed, b"another"), 401, "the signature does not match"),
        (b"{}", partial(signed, b"{}"), 400, "not a delivery of a Twenty webhook"),
        (delivery(), lambda: None, 401, "there is no X-Twenty-Webhook-Signature header"),
    ],
)
async def test_what_is_refused_is_answered_and_logged(
    receiver: WebhookReceiver,
    body: bytes,
    headers: Callable[[], Any],
    status: int,
    logged: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Made now: what is parametrized is made minutes before, and too old.
    assert await receiver.answer(body, headers()) == status
    assert logged in caplog.text
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


async def test_after_an_outage_the_functions_are_told_what_changed(twenty: Twenty, receiver: WebhookReceiver) -> None:
    told: list[tuple[str, str | None]] = []

    @receiver.on("company.*", record=Company)
    async def changed(event: WebhookEvent, company: Company) -> None:
        told.append((event.action, company.name))
        assert event.record["id"] == str(company.id)
        assert event.webhook_id is None

    before = await twenty.companies.create_many([{"name": "kept"}, {"name": "changed"}, {"name": "deleted"}])
    await asyncio.sleep(0.05)
    since = datetime.now(UTC)
    await asyncio.sleep(0.05)
    await twenty.companies.update_one(before[1].id, {"name": "changed since"})
    await twenty.companies.delete_one(before[2].id)
    await twenty.companies.create_one({"name": "new"})
    nothing = timedelta(0)
    await asyncio.sleep(0.05)
    done = await receiver.reconcile(twenty, [twenty.companies, twenty.people], since, overlap=nothing)
    assert sorted(told) == [("created", "new"), ("deleted", "deleted"), ("updated", "changed since")]
    assert (done.events, done.failed) == (3, [])
    assert (await receiver.reconcile(twenty, [twenty.companies], done.mark, overlap=nothing)).events == 0
    assert (await receiver.reconcile(twenty, [twenty.companies], done.mark)).events == 4


async def test_an_event_that_fails_after_an_outage_holds_up_no_other(twenty: Twenty, receiver: WebhookReceiver) -> None:
    told: list[str | None] = []
    since = datetime.now(UTC)
    await twenty.tasks.create_many([{"title": "one"}, {"title": "bad"}, {"title": "two"}])

    @receiver.on("task.created")
    async def told_of(event: WebhookEvent) -> None:
        if event.record["title"] == "bad":
            raise ValueError
        told.append(str(event.record["title"]))

    done = await receiver.reconcile(twenty, [twenty.tasks], since, overlap=timedelta(seconds=1))
    assert sorted(map(str, told)) == ["one", "two"]
    assert [event.record["title"] for event in done.failed] == ["bad"]


async def test_an_outage_began_at_a_moment_in_some_time_zone(twenty: Twenty, receiver: WebhookReceiver) -> None:
    with pytest.raises(InvalidArgument, match="since needs a time zone"):
        await receiver.reconcile(twenty, [twenty.companies], datetime(2026, 11, 1))
