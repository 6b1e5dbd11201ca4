"""A write whose answer is lost is looked for, and what became of it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from aiotwenty import AnswerLost, ConnectionFailed, RetryPolicy, Select, StaleRecord, Twenty, TwentyError
from aiotwenty.core import Company
from aiotwenty.sandbox import Sandbox
from tests.support.proxy import Passed, in_front_of

QUICK = RetryPolicy(base=0.001, max_delay=0.002)


@pytest.fixture
def sandbox(twenty_sandbox: Sandbox) -> Sandbox:
    return twenty_sandbox


@pytest.fixture
async def twenty(sandbox: Sandbox) -> AsyncIterator[Twenty]:
    async with Twenty(sandbox.url, api_key=sandbox.api_key, retry=QUICK) as twenty:
        yield twenty


class Card(Select[Company]):
    name: str | None


@pytest.mark.parametrize("times", [1, 3])
async def test_an_update_that_shows_is_not_sent_again(twenty: Twenty, sandbox: Sandbox, times: int) -> None:
    company = await twenty.companies.create_one({"name": "Acme"})
    fault = sandbox.faults.add(f"reset-after:operation=updateCompany:count={times}")
    data: Any = {
        "name": "Beta",
        "domain_name": {"primary_link_url": "HTTPS://Beta.example/"},
        "address": {"address_city": "Berlin"},
    }
    assert (await twenty.companies.update_one(company.id, data, replace=["domain_name"])).name == "Beta"
    assert fault.happened == 1


async def test_an_update_that_does_not_show_is_sent_again(twenty: Twenty, sandbox: Sandbox) -> None:
    company = await twenty.companies.create_one({"name": "Acme"})
    sandbox.faults.add("reset-before:operation=updateCompany:count=2")
    assert (await twenty.companies.update_one(company.id, {"name": "Beta"}, select=Card)).name == "Beta"


async def test_an_update_is_not_sent_again_over_a_newer_one(twenty: Twenty, sandbox: Sandbox) -> None:
    """The answer to an update is lost, and by the time that this is known, somebody else has changed the record."""
    company = await twenty.companies.create_one({"name": "Acme"})
    slow = twenty.with_options(timeout=4)

    async def others() -> None:
        await asyncio.sleep(1.5)  # of the server's clock, whole seconds are known
        sandbox.faults.clear()
        await twenty.companies.update_one(company.id, {"name": "Newer"})

    sandbox.faults.add("latency=1000:operation=updateCompany:count=1")
    update = asyncio.ensure_future(slow.companies.update_one(company.id, {"name": "Mine"}))
    await others()
    with pytest.raises(ConnectionFailed) as caught:
        await update
    assert caught.value.outcome_unknown
    assert "not sent again" in caught.value.__notes__[0]


async def test_updates_deletes_and_restores_of_many_are_sent_again_to_those_that_do_not_show_it(
    twenty: Twenty, sandbox: Sandbox
) -> None:
    ids = [one.id for one in await twenty.companies.create_many([{"name": f"Company {n}"} for n in range(5)])]
    only: Any = {"id": {"in": ids}}
    for fault in ("reset-after", "reset-before"):
        for root in ("updateCompanies", "deleteCompanies", "restoreCompanies"):
            sandbox.faults.add(f"{fault}:operation={root}:count=1")
        changed = await twenty.companies.update_many({"name": fault}, only)
        assert [(one.id, one.name) for one in changed] == [(id_, fault) for id_ in ids]
        assert all(one.deleted_at for one in await twenty.companies.delete_many(only))
        assert not any(one.deleted_at for one in await twenty.companies.restore_many(only))
    assert await twenty.companies.count() == 5


async def test_a_destroy_is_known_to_be_done_or_not(twenty: Twenty, sandbox: Sandbox) -> None:
    first, second, *more = [
        one.id for one in await twenty.companies.create_many([{"name": f"Company {n}"} for n in range(5)])
    ]
    sandbox.faults.add("reset-before:operation=destroyCompany:count=1")
    assert (await twenty.companies.destroy_one(first)).id == first
    sandbox.faults.add("reset-after:operation=destroyCompany:count=1")
    with pytest.raises(AnswerLost, match="the record is gone") as gone:
        await twenty.companies.destroy_one(second)
    assert not gone.value.outcome_unknown
    sandbox.faults.add("reset-before:operation=destroyCompanies:count=1")
    assert len(await twenty.companies.destroy_many({"id": {"in": more[:1]}})) == 1
    sandbox.faults.add("reset-after:operation=destroyCompanies:count=1")
    with pytest.raises(AnswerLost, match="the 2 records are gone"):
        await twenty.companies.destroy_many({"id": {"in": more[1:]}})
    assert await twenty.companies.count() == 0


@pytest.mark.parametrize("kind", ["update_many", "delete_many", "destroy_many"])
async def test_only_a_change_of_what_a_filter_finds_stays_unknown(twenty: Twenty, sandbox: Sandbox, kind: str) -> None:
    await twenty.companies.create_one({"name": "Acme"})
    sandbox.faults.add("reset-after:count=1")
    data = [{"name": "Beta"}] if kind == "update_many" else []
    with pytest.raises(TwentyError, match="see which records of the filter are") as caught:
        await getattr(twenty.companies, kind)(*data, {"name": {"eq": "Acme"}})
    assert caught.value.outcome_unknown


async def test_a_record_that_is_gone_was_not_updated(twenty: Twenty, sandbox: Sandbox) -> None:
    sandbox.faults.add("reset-before:operation=updateCompany:count=1")
    with pytest.raises(ConnectionFailed) as caught:
        await twenty.companies.update_one(uuid4(), {"name": "Beta"})
    assert not caught.value.outcome_unknown
    assert "does not exist" in caught.value.__notes__[0]


async def test_an_update_is_made_only_if_the_record_is_unchanged(twenty: Twenty) -> None:
    company = await twenty.companies.create_one({"name": "Acme"})
    await asyncio.sleep(0.005)
    beta = await twenty.companies.update_one(company.id, {"name": "Beta"}, if_unchanged=company)
    assert beta.name == "Beta"
    with pytest.raises(StaleRecord, match=r"was changed at .* after it was read") as stale:
        await twenty.companies.update_one(company.id, {"name": "Gamma"}, if_unchanged=company)
    assert stale.value.current.name == "Beta"
    assert not stale.value.outcome_unknown
    assert (await twenty.companies.find_one(company.id)).name == "Beta"
    assert beta.updated_at is not None
    card = await twenty.companies.update_one(company.id, {"name": "Delta"}, if_unchanged=beta.updated_at, select=Card)
    assert card.name == "Delta"
    await twenty.companies.destroy_one(company.id)
    with pytest.raises(StaleRecord, match="is gone") as gone:
        await twenty.companies.update_one(company.id, {"name": "Gamma"}, if_unchanged=beta)
    assert gone.value.current is None


async def test_a_conditional_update_whose_answer_is_lost_is_done_once(twenty: Twenty, sandbox: Sandbox) -> None:
    company = await twenty.companies.create_one({"name": "Acme"})
    sandbox.faults.add("reset-after:operation=updateCompanies:count=2")
    assert (await twenty.companies.update_one(company.id, {"name": "Beta"}, if_unchanged=company)).name == "Beta"


@pytest.mark.parametrize("read", [None, 5, "2026-01-01"])
async def test_what_says_not_when_a_record_was_read_is_refused(twenty: Twenty, read: Any) -> None:
    company = await twenty.companies.create_one({"name": "Acme"})
    other = await twenty.companies.create_one({"name": "Other"})
    assert other.updated_at is not None
    for wrong in (read or other, other.updated_at.replace(tzinfo=None)):
        with pytest.raises(TwentyError, match="if_unchanged"):
            await twenty.companies.update_one(company.id, {"name": "Beta"}, if_unchanged=wrong)


class Delayed:
    """A proxy that keeps the first update of a record until it is told to let it go, and answers it with nothing."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.kept: Any = None

    def keep(self, path: str, request: Any) -> Any:
        if self.kept is None and "update" in request["query"].lower():
            self.kept = request
            return {"errors": [{"message": "Query read timeout", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}
        return None

    async def deliver(self, twenty: Twenty) -> None:
        await twenty.execute(self.kept["query"], self.kept["variables"], validate=False)


@pytest.mark.parametrize("conditional", [False, True])
async def test_a_first_attempt_that_arrives_last_undoes_newer_changes_unless_it_is_conditional(
    sandbox: Sandbox, twenty: Twenty, conditional: bool
) -> None:
    """Nobody can call back what is on its way; a condition that travels with it can tell that it comes too late."""
    company = await twenty.companies.create_one({"name": "Acme"})
    delayed = Delayed(sandbox)
    async with in_front_of(sandbox.url, sandbox.api_key) as proxy:
        proxy.refuse = delayed.keep
        async with Twenty(proxy.url, api_key=sandbox.api_key, retry=QUICK) as behind:
            options: Any = {"if_unchanged": company} if conditional else {}
            mine = await behind.companies.update_one(company.id, {"name": "Mine"}, **options)
    assert mine.name == "Mine"
    await asyncio.sleep(0.005)
    await twenty.companies.update_one(company.id, {"name": "Newer"})
    await delayed.deliver(twenty)
    name = (await twenty.companies.find_one(company.id)).name
    assert name == ("Newer" if conditional else "Mine")


async def test_an_update_is_settled_behind_a_proxy_that_breaks_its_answer(sandbox: Sandbox, twenty: Twenty) -> None:
    company = await twenty.companies.create_one({"name": "Acme"})
    lost = 0

    def retell(passed: Passed) -> None:
        nonlocal lost
        if "updateCompany" in str(passed.request) and not lost:
            lost += 1
            passed.status, passed.answer = 502, "gone"

    async with in_front_of(sandbox.url, sandbox.api_key) as proxy:
        proxy.retell = retell
        async with Twenty(proxy.url, api_key=sandbox.api_key, retry=QUICK) as behind:
            assert (await behind.companies.update_one(company.id, {"name": "Beta"})).name == "Beta"
    assert lost == 1
