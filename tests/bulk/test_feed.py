"""A feed of changes tells everything that happened, and a copy that follows it is what the workspace has."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from contextlib import aclosing, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from aiotwenty import Changes, ConfigurationError, InvalidArgument, Select, Twenty, TwentyError
from aiotwenty.bulk import InputError
from aiotwenty.bulk.feed import ChangeStore, engine
from aiotwenty.core import Company
from aiotwenty.sandbox import Sandbox
from aiotwenty.webhooks import WebhookReceiver

DELETED_TOO: Any = {"or": [{"deleted_at": {"is": "NULL"}}, {"deleted_at": {"is": "NOT_NULL"}}]}


async def told(changes: Changes[Any]) -> list[tuple[str, Any]]:
    return [(change.kind, getattr(change.record, "name", None)) async for change in changes]


async def test_each_kind_of_change_is_told_from_a_state_that_was_stored_as_json(twenty: Twenty) -> None:
    companies = twenty.companies
    kept, gone, destroyed, back = await companies.create_many([{"name": name} for name in "abcd"])
    await companies.delete_one(back.id)
    first = companies.changes()
    assert sorted(await told(first)) == [("deleted", "d"), ("upserted", "a"), ("upserted", "b"), ("upserted", "c")]
    await companies.update_one(kept.id, {"name": "A"})
    await companies.delete_one(gone.id)
    await companies.destroy_one(destroyed.id)
    await companies.restore_one(back.id)
    second = companies.changes(since=json.dumps(first.state))
    changes = {change.id: change async for change in second}
    assert {change.kind for change in changes.values()} == {"upserted", "deleted", "destroyed"}
    assert changes[destroyed.id].kind == "destroyed"
    assert changes[destroyed.id].record is None
    assert changes[kept.id].record is not None
    assert changes[gone.id].record.deleted_at is not None  # type: ignore[union-attr]
    assert len(changes) == 4
    assert await told(companies.changes(since=json.loads(json.dumps(second.state)))) == []


async def test_a_selection_is_read_and_needs_no_id(twenty: Twenty) -> None:
    class Name(Select[Company]):
        name: str | None

    await twenty.companies.create_one({"name": "a"})
    changes = twenty.companies.changes(select=Name)
    (change,) = [change async for change in changes]
    assert change.record is not None
    assert change.record.model_dump() == {"name": "a"}


async def test_one_that_came_while_another_went_hides_nothing(twenty: Twenty, monkeypatch: pytest.MonkeyPatch) -> None:
    """The count is the same: what is known and what came is counted together."""
    monkeypatch.setattr(engine, "SMALL", 0)
    old = await twenty.companies.create_one({"name": "old"})
    first = twenty.companies.changes()
    await told(first)
    await twenty.companies.create_one({"name": "new"})
    await twenty.companies.destroy_one(old.id)
    assert sorted(await told(twenty.companies.changes(since=first.state)), key=str) == [
        ("destroyed", None),
        ("upserted", "new"),
    ]


async def test_nothing_is_compared_when_nothing_went(
    sandbox: Sandbox, twenty: Twenty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SMALL", 0)
    await twenty.companies.load({"name": f"C{number}"} for number in range(1200))
    first = twenty.companies.changes(store=tmp_path / "a.db")
    assert len(await told(first)) == 1200
    sandbox.store.execute("""UPDATE company SET "updatedAt" = '2020-01-01T00:00:00.000000'""")
    settled = twenty.companies.changes(since=first.state, store=tmp_path / "a.db", compare_every=timedelta(0))
    assert len(await told(settled)) == 1200
    one = await twenty.companies.find_one(filter={"name": {"eq": "C7"}})
    await twenty.companies.update_one(one.id, {"name": "seven"})
    changes = twenty.companies.changes(since=settled.state, store=tmp_path / "a.db")
    counted = await twenty.raw(_all(changes))
    assert counted.data == [("upserted", "seven")]
    assert counted.requests == 4  # the workspace, a count, the stamps of what was written lately, and that record
    assert len(json.dumps(changes.state)) < 400


async def _all(changes: Changes[Any]) -> list[tuple[str, Any]]:
    return await told(changes)


async def test_a_write_that_commits_late_is_told(sandbox: Sandbox, twenty: Twenty) -> None:
    await twenty.companies.create_one({"name": "a"})
    first = twenty.companies.changes()
    await told(first)
    sandbox.faults.add("late-commit=240")
    await twenty.companies.create_one({"name": "late"})
    changes = twenty.companies.changes(since=first.state)
    assert await told(changes) == [("upserted", "late")]


async def test_a_state_that_is_no_good_says_what_to_do(twenty: Twenty, tmp_path: Path) -> None:
    companies = twenty.companies
    await companies.create_one({"name": "a"})
    stored = companies.changes(store=tmp_path / "a.db")
    await told(stored)
    unknowing = companies.changes(destroyed=False)
    await told(unknowing)
    wrong: tuple[tuple[Any, dict[str, Any], str], ...] = (
        ("nonsense", {}, "must be `changes.state` of an earlier run"),
        ({"version": 99, "objects": {}}, {}, "version 99"),
        (stored.state, {}, "in a store"),
        (stored.state, {"store": tmp_path / "b.db"}, "not the store of this state"),
        (unknowing.state, {}, "knows no ids"),
        (None, {"overlap": 5}, "timedelta"),
        (None, {"stroe": "x"}, "did you mean"),
        (None, {"known_ids": ["x"]}, "not an id"),
        (None, {"wake": 5}, "wake is an asyncio.Event or a WebhookReceiver, not 5"),
    )
    for state, options, message in wrong:
        with pytest.raises(InvalidArgument, match=message):
            companies.changes(state, **options)
    with ChangeStore(tmp_path / "a.db"), pytest.raises(InputError, match="another run"):
        companies.changes(store=tmp_path / "a.db")
    (tmp_path / "text.db").write_text("nothing of the kind" * 100)
    with pytest.raises(InputError, match=r"text\.db"):
        companies.changes(store=tmp_path / "text.db")


@pytest.mark.parametrize("own", [{}, {"destroyed": False}, {"known_ids": []}], ids=["in state", "without", "given"])
async def test_a_state_of_another_workspace_is_refused(
    twenty: Twenty, client_of: Callable[[Sandbox], Twenty], own: dict[str, Any]
) -> None:
    await twenty.companies.create_one({"name": "a"})
    first = twenty.companies.changes(**own)
    await told(first)
    state = first.state
    async with Sandbox() as another, client_of(another) as elsewhere:
        changes = elsewhere.companies.changes(state, **own)
        with pytest.raises(ConfigurationError, match="of the workspace"):
            await told(changes)
        assert changes.state["workspace"] == state["workspace"]
        # A state that does not say it yet is that of where it is used.
        del state["workspace"]
        older = twenty.companies.changes(state, **own)
        await told(older)
        assert older.state["workspace"] == first.state["workspace"]


async def test_a_workspace_is_the_same_at_another_address(sandbox: Sandbox, twenty: Twenty) -> None:
    await twenty.companies.create_one({"name": "a"})
    first = twenty.companies.changes()
    await told(first)
    async with Twenty(sandbox.url.replace("127.0.0.1", "localhost"), api_key=sandbox.api_key) as moved:
        assert await told(moved.companies.changes(first.state)) == []


async def test_more_ids_than_a_state_may_have_need_a_store(twenty: Twenty, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "IN_STATE", 2)
    await twenty.companies.create_many([{"name": name} for name in "abc"])
    with pytest.raises(InvalidArgument, match="store="):
        await told(twenty.companies.changes())


async def test_a_store_that_is_older_than_its_state_is_noticed(twenty: Twenty, tmp_path: Path) -> None:
    await twenty.companies.create_one({"name": "a"})
    changes = twenty.companies.changes(store=tmp_path / "a.db")
    await told(changes)
    before = (tmp_path / "a.db").read_bytes()
    await twenty.companies.create_one({"name": "b"})
    later = twenty.companies.changes(since=changes.state, store=tmp_path / "a.db")
    await told(later)
    (tmp_path / "a.db").write_bytes(before)
    with pytest.raises(InvalidArgument, match="older than the state"):
        twenty.companies.changes(since=later.state, store=tmp_path / "a.db")


async def test_one_object_need_not_be_in_a_list(twenty: Twenty) -> None:
    await twenty.companies.create_one({"name": "a"})
    for objects in ("companies", twenty.companies, ["company"]):
        assert await told(twenty.changes(objects)) == [("upserted", "a")]


async def test_it_goes_on_when_it_is_woken(twenty: Twenty) -> None:
    wake = asyncio.Event()
    changes = twenty.companies.changes(wake=wake, every=60)
    await twenty.companies.create_one({"name": "a"})
    first = await anext(changes)
    waiting = asyncio.ensure_future(anext(changes))
    made = await twenty.companies.create_one({"name": "b"})
    wake.set()
    second = await asyncio.wait_for(waiting, 60)
    assert (first.kind, second.id) == ("upserted", made.id)
    await changes.aclose()


async def test_one_webhook_of_a_bulk_destroy_brings_all_that_went(twenty: Twenty) -> None:
    receiver = WebhookReceiver("secret")
    app = web.Application()
    app.router.add_post("/", receiver.aiohttp)
    async with TestServer(app) as server:
        await twenty.workspace.webhooks.create(str(server.make_url("/")), ["company.*"], secret="secret")
        made = await twenty.companies.create_many([{"name": str(number)} for number in range(5)])
        async with aclosing(twenty.companies.changes(wake=receiver, every=60)) as changes:
            assert {(await anext(changes)).kind for _ in made} == {"upserted"}
            waiting = asyncio.ensure_future(anext(changes))
            await asyncio.sleep(0.1)
            await twenty.companies.destroy_many({"id": {"in": [record.id for record in made]}})
            gone = [await asyncio.wait_for(waiting, 60), *[await anext(changes) for _ in made[1:]]]
    assert {change.id for change in gone if change.kind == "destroyed"} == {record.id for record in made}


# Random writes


class Copy:
    """What a follower has: by object and id, whether it is deleted, and the record."""

    def __init__(self) -> None:
        self.records: dict[str, dict[UUID, tuple[bool, Any]]] = {"company": {}, "person": {}}
        self.state: Any = None

    async def follow(self, changes: Changes[Any], give_up: float, chance: random.Random) -> bool:
        """Whether it came to an end; `give_up` is how likely it stops after a change, as if it was killed."""
        unsaved: list[Any] = []
        try:
            async for change in changes:
                unsaved.append(change)
                if chance.random() < give_up:
                    return False
                state = json.dumps(changes.state)
                if state != json.dumps(self.state):
                    self._save(unsaved, state)
                    unsaved = []
            self._save(unsaved, json.dumps(changes.state))
        finally:
            await changes.aclose()
        return True

    def _save(self, changes: list[Any], state: str) -> None:
        for change in changes:
            records = self.records[change.object]
            if change.kind == "destroyed":
                records.pop(change.id, None)
            else:
                records[change.id] = (change.kind == "deleted", change.record.model_dump(mode="json"))
        self.state = json.loads(state)


async def workspace(twenty: Twenty) -> dict[str, dict[UUID, tuple[bool, Any]]]:
    return {
        name: {
            record.id: (record.deleted_at is not None, record.model_dump(mode="json"))
            async for record in namespace.iterate(filter=DELETED_TOO)
        }
        for name, namespace in (("company", twenty.companies), ("person", twenty.people))
    }


class Writer:
    """Random writes of all kinds, on companies and on people who belong to them."""

    def __init__(self, twenty: Twenty, chance: random.Random) -> None:
        self.twenty = twenty
        self.chance = chance
        self.number = 0

    def _name(self) -> str:
        self.number += 1
        return f"N{self.number}"

    async def write(self) -> None:
        twenty, chance = self.twenty, self.chance
        companies = [record async for record in twenty.companies.iterate(filter=DELETED_TOO)]
        people = [record async for record in twenty.people.iterate(filter=DELETED_TOO)]
        namespace: Any = chance.choice([twenty.companies, twenty.people])
        records: Any = companies if namespace is twenty.companies else people
        some = chance.sample(records, min(len(records), chance.randint(1, 4)))
        ids = [record.id for record in some]
        name: Any = (lambda: self._name()) if namespace is twenty.companies else lambda: {"first_name": self._name()}
        match chance.choice(["create", "create", "update", "delete", "restore", "destroy", "many", "merge", "move"]):
            case "create":
                rows = [{"id": str(uuid4()), "name": name()} for _ in range(chance.randint(1, 5))]
                if namespace is twenty.people and companies:
                    rows = [{**row, "company_id": str(chance.choice(companies).id)} for row in rows]
                await namespace.create_many(rows, upsert=True)
            case "update" if ids:
                await namespace.update_one(ids[0], {"name": name()})
            case "delete" if ids:
                await namespace.delete_many({"id": {"in": ids}})
            case "restore" if ids:
                await namespace.restore_many({"id": {"in": ids}})
            case "destroy" if ids:
                await namespace.destroy_many({"id": {"in": ids}})
            case "many" if ids:
                await namespace.update_many({"name": name()}, {"id": {"in": ids}})
            case "merge" if len([one for one in companies if one.deleted_at is None]) > 2:
                living = [one.id for one in companies if one.deleted_at is None]
                await twenty.companies.merge_many(chance.sample(living, 2), 0)
            case "move" if people and companies:
                data: Any = {"company_id": str(chance.choice(companies).id)}
                await twenty.people.update_one(chance.choice(people).id, data)


FAULTS = ["reset-after:probability=0.1", "cut:probability=0.05", "read-timeout:committed:probability=0.05"]


def differences(copied: Any, there: Any) -> list[Any]:
    return [
        (name, identity, copied[name].get(identity), there[name].get(identity))
        for name in there
        for identity in copied[name].keys() | there[name].keys()
        if copied[name].get(identity) != there[name].get(identity)
    ]


async def follow_random_writes(sandbox: Sandbox, twenty: Twenty, folder: Path, seed: int, rounds: int) -> None:
    chance = random.Random(seed)
    how = ("state", "store", "known_ids")[seed % 3]
    copy, writer = Copy(), Writer(twenty, chance)
    for number in range(rounds):
        late = chance.random() < 0.3
        sandbox.faults[:] = []
        for fault in [*FAULTS, *(["late-commit=250"] if late else [])]:
            sandbox.faults.add(f"{fault}:operation={','.join(_WRITES)}" if fault.startswith("read") else fault)
        for _ in range(chance.randint(1, 8)):
            with suppress(TwentyError):
                await writer.write()
        ended = False
        while not ended:
            options: Any = {}
            if how == "store":
                options["store"] = folder / "ids.db"
            elif how == "known_ids":
                options["known_ids"] = {name: list(records) for name, records in copy.records.items()}
            changes = twenty.changes(["companies", "people"], copy.state, **options)
            give_up = 0.1 if chance.random() < 0.3 else 0.0
            try:
                ended = await copy.follow(changes, give_up, chance)
            except TwentyError:
                continue
        sandbox.faults[:] = []
        there = await workspace(twenty)
        assert differences(copy.records, there) == [], f"seed {seed}, round {number}, {how}"


_WRITES = [
    f"{verb}{name}"
    for verb in ("create", "update", "delete", "restore", "destroy")
    for name in ("Company", "Companies", "Person", "People")
] + ["mergeCompanies"]


@pytest.fixture(params=[engine.SMALL, 0], ids=["compared", "counted"])
def small_pages(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of a few records, so that there are many; and both ways to find what is gone."""
    monkeypatch.setattr(engine, "SMALL", request.param)
    monkeypatch.setattr(engine, "STAMPS", 3)
    monkeypatch.setattr("aiotwenty.bulk.feed.readers.PAGE_SIZE", 2)
    return


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("seed", range(3))
async def test_the_copy_is_the_workspace_after_every_run(
    sandbox: Sandbox, twenty: Twenty, tmp_path: Path, seed: int
) -> None:
    await follow_random_writes(sandbox, twenty, tmp_path, seed, rounds=6)


@pytest.mark.soak
@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("seed", range(1000, 1150))
async def test_the_copy_is_the_workspace_after_every_run_of_many(
    sandbox: Sandbox, twenty: Twenty, tmp_path: Path, seed: int
) -> None:
    await follow_random_writes(sandbox, twenty, tmp_path, seed, rounds=40)
