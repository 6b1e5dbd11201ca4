"""A field that was removed reads null, as an empty one does: the client tells them apart."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from aiotwenty import Aggregate, Hooks, SchemaDrift, Select, Twenty
from aiotwenty.core import Company, Note, NoteTarget, Opportunity, Person, WorkspaceMember
from aiotwenty.transport.hooks import RequestEvent
from tests.contract.conftest import Connection, probe_name


class Asked:
    """The operations that a client sent; what a live server's limit had sent again counts once."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self.hooks = Hooks(on_request=self._note)

    def _note(self, event: RequestEvent) -> None:
        if event.attempt == 1:
            self.all.append(event.operation)


async def test_a_field_that_is_merely_empty_costs_one_request(connection: Connection, twenty: Twenty, tag: str) -> None:
    await twenty.companies.create_many([{"name": tag}, {"name": tag}])
    asked = Asked()
    async with connection.client(hooks=asked.hooks) as reader:
        page = await reader.companies.find_many(filter={"name": {"eq": tag}})
        assert page.records[0].account_owner_id is None
        assert asked.all == ["FindManyCompanies", "FieldsOfAll"]
        await reader.companies.find_many(filter={"name": {"eq": tag}})
        assert [company.name async for company in reader.companies.iterate(filter={"name": {"eq": tag}})] == [tag, tag]
        assert asked.all.count("FieldsOfAll") == 1


async def test_many_readers_ask_once(connection: Connection, twenty: Twenty, tag: str) -> None:
    company = await twenty.companies.create_one({"name": tag})
    asked = Asked()
    async with connection.client(hooks=asked.hooks) as reader:
        await asyncio.gather(*(reader.companies.find_one(company.id) for _ in range(5)))
    assert asked.all.count("FieldsOfAll") == 1


async def test_nothing_is_asked_where_nothing_is_empty(connection: Connection, twenty: Twenty, tag: str) -> None:
    await twenty.companies.create_one({"name": tag})
    asked = Asked()
    async with connection.client(hooks=asked.hooks) as reader:
        await reader.companies.count()
        await reader.companies.find_many(filter={"id": {"eq": str(uuid4())}})
    assert "FieldsOfAll" not in asked.all


async def test_it_can_be_turned_off(connection: Connection, twenty: Twenty, tag: str) -> None:
    company = await twenty.companies.create_one({"name": tag})
    asked = Asked()
    async with connection.client(hooks=asked.hooks, verify=False) as reader:
        assert (await reader.companies.find_one(company.id)).account_owner_id is None
    assert asked.all == ["FindOneCompany"]


@pytest_asyncio.fixture(loop_scope="session")
async def nickname(connection: Connection, twenty: Twenty, tmp_path: Path) -> AsyncIterator[tuple[str, Any]]:
    """A field of companies, and a client that was generated when it was there."""
    field = await twenty.workspace.create_field("company", probe_name(), "TEXT")
    package = f"gone_{uuid4().hex}"
    pytest.importorskip("ariadne_codegen", reason="it can't be installed beside the newest graphql-core")
    from aiotwenty.codegen.config import make_config
    from aiotwenty.codegen.generate import generate
    from aiotwenty.codegen.read.introspect import write_schemas

    config = make_config({"package": f"./{package}", "objects": ["company"]}, tmp_path / "codegen.toml")
    try:
        await write_schemas(twenty, {"core": config.core.schema, "metadata": config.metadata.schema})
        generate(config)
        sys.path.insert(0, str(tmp_path))
        importlib.invalidate_caches()
        yield field.name, connection.client(importlib.import_module(package).Twenty)
    finally:
        sys.path.remove(str(tmp_path))
        if field.name in {each.name for each in await twenty.workspace.fields("company")}:
            await twenty.workspace.delete_field("company", field.name)


async def test_a_field_that_was_removed_is_drift_wherever_it_is_read(
    nickname: tuple[str, Any], twenty: Twenty, server: str, tag: str, tmp_path: Path
) -> None:
    name, client = nickname
    rows = tmp_path / "rows.csv"
    rows.write_text(f"name,{name}\n{tag},Bee\n")
    async with client as reader:
        company = await reader.companies.create_one({"name": tag, name: "Acme"})
        assert (await reader.companies.find_one(company.id)).model_dump(by_alias=True)[name] == "Acme"
        await twenty.workspace.delete_field("company", name)
        reads = (
            reader.companies.find_one(company.id),
            reader.companies.find_many(filter={"name": {"eq": tag}}),
            anext(reader.companies.iterate(filter={"name": {"eq": tag}})),
            reader.companies.export(tmp_path / "companies.csv", filter={"name": {"eq": tag}}),
            reader.companies.to_arrow(),
            reader.companies.to_arrow(fields=["name", name], filter={"name": {"eq": tag}}),
            reader.companies.to_polars(fields=[name]),
            reader.companies.to_pandas(fields=[name]),
            anext(reader.companies.to_arrow_batches(fields=[name])),
            reader.companies.load(rows),
            reader.companies.load([{"name": tag, name: "Bee"}]),
        )
        for read in reads:
            with pytest.raises(SchemaDrift) as caught:
                await read
            if server != "strict sandbox":
                assert (caught.value.object, caught.value.field) == ("Company", name)
    assert not (tmp_path / "companies.csv").exists()
    assert await twenty.companies.count({"name": {"eq": tag}}) == 1


class Revenue(Aggregate[Company]):
    sum_annual_revenue_amount_micros: float | None


async def test_totals_of_nothing_are_there(twenty: Twenty, tag: str) -> None:
    totals = await twenty.companies.aggregate(Revenue, {"name": {"eq": tag}})
    assert totals.sum_annual_revenue_amount_micros is None


async def test_records_of_every_object_are_looked_at_by_their_names_in_the_data_model(twenty: Twenty) -> None:
    for name in ("people", "opportunities", "notes", "note_targets", "tasks", "attachments", "workspace_members"):
        await getattr(twenty, name).find_many(first=5)


class Target(Select[NoteTarget]):
    id: UUID
    target: Company | Opportunity | Person | None


class WithTargets(Select[Note]):
    title: str | None
    targets: list[Company | Opportunity | Person]
    note_targets: list[Target]


class Card(Company):
    account_owner: WorkspaceMember | None
    people: list[Person]


async def test_what_selections_ask_for_is_looked_up_by_its_names_in_the_data_model(twenty: Twenty, tag: str) -> None:
    company = await twenty.companies.create_one({"name": tag})
    card = await twenty.companies.find_one(company.id, select=Card)
    assert (card.account_owner, card.people) == (None, [])
    note = await twenty.notes.create_one({"title": tag})
    try:
        assert (await twenty.notes.find_one(note.id, select=WithTargets)).targets == []
        await twenty.note_targets.create_one({"note_id": note.id, "target_company_id": company.id})
        targets = (await twenty.notes.find_one(note.id, select=WithTargets)).targets
        assert [target.id for target in targets] == [company.id]
    finally:
        await twenty.notes.destroy_one(note.id)
