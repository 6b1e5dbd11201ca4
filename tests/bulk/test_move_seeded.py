"""A workspace like the seeded one of a genuine server is moved: what can be arrives, what can't is told."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from aiotwenty import Twenty
from aiotwenty.errors import PermissionDenied
from aiotwenty.migrate import compare_workspace, export_workspace, load_workspace
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.dialect import LATEST
from aiotwenty.sandbox.model.workspace import MEMBER_ID, Caller
from aiotwenty.sandbox.records.writing import Writer
from tests.support import recorded
from tests.support.custom_objects import CustomObjects
from tests.support.once import once
from tests.support.terminal import Terminal

COMPANIES, HIDDEN, WITHHELD, SHARED = 450, 30, 7, 5
NOT_WRITABLE = {"blocklists": 2, "workflowRuns": 3, "workflowVersions": 4}
RESTRICTED = "FIELD_RESTRICTED_ADDITIONAL_PERMISSIONS_REQUIRED"


def made_id(kind: int, number: int) -> str:
    return f"20202020-{kind:04d}-4000-8000-{number:012d}"


def write(sandbox: Sandbox, name: str, records: list[dict[str, Any]]) -> None:
    """Records that no key can make: as the server itself writes them."""
    model = sandbox.workspace.model
    Writer(sandbox.store, model, LATEST).create(model.objects[name], records, upsert=False, actor=Caller("System"))


async def create(twenty: Twenty, name: str, plural: str, records: list[dict[str, Any]]) -> None:
    document = f"mutation($d:[{name}CreateInput!]!){{create{plural}(data:$d){{id}}}}"
    for start in range(0, len(records), 200):
        await twenty.execute(document, {"d": records[start : start + 200]})


async def seed(sandbox: Sandbox, twenty: Twenty) -> None:
    async def ask(path: str, query: str, given: dict[str, Any] | None = None) -> dict[str, Any]:
        return dict(await twenty.execute(query, given, endpoint="metadata"))

    await CustomObjects(ask, recorded.objects()).create()
    companies = [
        {"id": made_id(1, n), "name": f"C{n}", "employees": n % 9, "workPolicy": ["HYBRID"] if n % 2 else None}
        | ({"tagline": f"No {n}"} if n % 3 == 0 else {})
        for n in range(COMPANIES)
    ]
    await create(twenty, "Company", "Companies", companies)
    people = [{"id": made_id(2, n), "name": {"firstName": f"P{n}"}, "companyId": made_id(1, n)} for n in range(50)]
    await create(twenty, "Person", "People", people)
    await create(twenty, "Rocket", "Rockets", [{"id": made_id(3, n), "name": f"R{n}"} for n in range(6)])
    pets = [{"id": made_id(4, n), "name": f"Pet {n}", "polymorphicOwnerRocketId": made_id(3, n)} for n in range(6)]
    await create(twenty, "Pet", "Pets", pets)
    for n in range(6):
        document = "mutation($i:UUID!,$d:RocketUpdateInput!){updateRocket(id:$i,data:$d){id}}"
        await twenty.execute(document, {"i": made_id(3, n), "d": {"helpedPetsId": made_id(4, 5 - n)}})
    await twenty.execute("mutation($i:UUID!){deleteRocket(id:$i){id}}", {"i": made_id(3, 5)})
    agreements = [{"id": made_id(5, 1), "petId": made_id(4, 1), "caretakerCompanyId": made_id(1, 1)}]
    await create(twenty, "PetCareAgreement", "PetCareAgreements", agreements)
    await create(twenty, "EmploymentHistory", "EmploymentHistories",
                 [{"id": made_id(6, 1), "personId": made_id(2, 1), "companyId": made_id(1, 2)}])  # fmt: skip
    await seed_messages(sandbox, twenty)
    await create(twenty, "Workflow", "Workflows", [{"id": made_id(8, 1), "name": "W"}])
    of = {"workflowId": made_id(8, 1)}
    write(
        sandbox,
        "workflowVersion",
        [{"id": made_id(9, n), "name": f"v{n}"} | of for n in range(NOT_WRITABLE["workflowVersions"])],
    )
    write(
        sandbox,
        "workflowRun",
        [
            {"name": f"r{n}", "state": {"step": n}, "workflowVersionId": made_id(9, 1)} | of
            for n in range(NOT_WRITABLE["workflowRuns"])
        ],
    )
    blocked = [{"handle": f"h{n}@example.com", "workspaceMemberId": MEMBER_ID} for n in range(2)]
    write(sandbox, "blocklist", blocked)


async def seed_messages(sandbox: Sandbox, twenty: Twenty) -> None:
    """Some in no channel, some in one that shows metadata only, some in one that shows everything."""
    count = HIDDEN + WITHHELD + SHARED
    await create(twenty, "Message", "Messages",
                 [{"id": made_id(7, n), "subject": f"S{n}", "text": f"T{n}"} for n in range(count)])  # fmt: skip
    metadata_only, everything = (sandbox.workspace.new_channel(kind) for kind in ("METADATA", "SHARE_EVERYTHING"))
    shown = range(HIDDEN, count)
    associations = [
        {"messageId": made_id(7, n), "messageChannelId": metadata_only if n < HIDDEN + WITHHELD else everything}
        for n in shown
    ]
    await create(twenty, "MessageChannelMessageAssociation", "MessageChannelMessageAssociations", associations)


@pytest.fixture
def twenty_sandbox_options() -> dict[str, Any]:
    """All objects, as the workspace that is moved has them."""
    return {}


@pytest.fixture
async def seeded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    """A sandbox of its own for each test; what it has is made once."""

    async def fill(folder: Path) -> None:
        async with (
            Sandbox(folder / "crm.db") as sandbox,
            Twenty(sandbox.url, api_key=sandbox.api_key, rate_limit=None) as twenty,
        ):
            await seed(sandbox, twenty)

    folder = await asyncio.to_thread(
        once, tmp_path_factory, "seeded_workspace", lambda folder: asyncio.run(fill(folder))
    )
    database = shutil.copy(folder / "crm.db", tmp_path_factory.mktemp("seeded") / "crm.db")
    async with Sandbox(database) as sandbox:
        yield sandbox


async def test_what_can_be_moved_is_equal_and_what_can_not_is_told_with_exit_code_4(
    tmp_path: Path,
    client_of: Callable[[Sandbox], Twenty],
    terminal: Terminal,
    seeded: Sandbox,
    twenty_sandbox: Sandbox,
) -> None:
    out, journal = tmp_path / "out", tmp_path / "load.db"
    terminal.connect(seeded.url, seeded.api_key)
    export = await terminal.run("export", "--all", "out")
    assert export.code == 4
    assert f"{HIDDEN} more records hidden from this key, not exported" in export.out
    assert f"{2 * WITHHELD} values hidden from this key, left empty" in export.out
    async with client_of(seeded) as source:
        exported = {report.path.stem: report for report in await export_workspace(source, out)}
        model = {of.name_singular: of for of in await source.workspace.objects()}
    assert exported["companies"].records == COMPANIES
    assert (exported["messages"].records, exported["messages"].hidden) == (WITHHELD + SHARED, HIDDEN)
    assert exported["messages"].restricted == 2 * WITHHELD
    assert [name for name, report in exported.items() if not report.complete] == ["messages"]
    assert RESTRICTED not in (out / "messages.jsonl").read_text()

    terminal.connect(twenty_sandbox.url, twenty_sandbox.api_key)
    load = await terminal.run("load", "--all", "out", "--journal", "load.db")
    assert load.code == 4
    assert "workflowVersions: not moved: " in load.out
    assert "Method not allowed." in load.out
    assert f"companies: {COMPANIES} of {COMPANIES} rows loaded, 0 rejected" in load.out
    assert "0 of 0 rows" not in load.out
    assert "no rows: attachments, " in load.out
    compare = await terminal.run("compare", "out")
    assert compare.code == 4
    assert f"companies: {COMPANIES} the same" in compare.out
    assert "workflowRuns: 0 the same, 3 missing" in compare.out
    assert "nothing on either side: attachments, " in compare.out
    assert compare.out.count("fields that the server sets") < 10
    assert compare.out.splitlines()[-1] == "different: blocklists, messages, workflowRuns, workflowVersions"

    async with client_of(twenty_sandbox) as target:
        # Once more: what was moved is known by the journal, and what could not be moved is tried again.
        reports = await load_workspace(target, out, journal=journal, rejects=tmp_path / "bad")
        assert {one.label: one.report.already_loaded for one in reports}["companies"] == COMPANIES
        assert {one.label for one in reports if not one.complete} == set(NOT_WRITABLE)
        errors = [one.error for one in reports if one.error]
        assert len(errors) == len(NOT_WRITABLE)
        assert sum(isinstance(error, PermissionDenied) for error in errors) >= 2
        assert not [list(one.report.rejects) for one in reports if one.report.rejected]
        for of in await target.workspace.objects():
            there = model[of.name_singular]
            assert [_described(field) for field in sorted(of.fields, key=_name)] == [
                _described(field) for field in sorted(there.fields, key=_name)
            ]
        compared = {one.name: one for one in await compare_workspace(target, out)}
        different = {name: one.missing_count for name, one in compared.items() if not one.equal}
        # There, too, messages are shown by channels, and these are none of the records.
        assert different == NOT_WRITABLE | {"messages": WITHHELD + SHARED}
        assert compared["messages"].hidden == WITHHELD + SHARED
        assert compared["companies"].same == COMPANIES
        assert compared["rockets"].same == 6
        assert await target.execute("{rockets{totalCount}}") == {"rockets": {"totalCount": 5}}


def _name(field: Any) -> str:
    return str(field.name)


def _described(field: Any) -> Any:
    relations = [field.relation] if field.relation else field.morph_relations or ()
    leads = sorted((one.type, one.target_object, one.target_field) for one in relations)
    options = [(option.value, option.label) for option in field.options or ()]
    return field.name, field.type, field.label, field.is_nullable, options, leads


async def test_a_field_that_can_not_be_made_here_costs_its_values_only(
    tmp_path: Path, client_of: Callable[[Sandbox], Twenty]
) -> None:
    async with Sandbox() as sandbox, client_of(sandbox) as source:
        await source.workspace.create_field("company", "motto", "TEXT")
        await create(source, "Company", "Companies", [{"name": "a", "motto": "x"}, {"name": "b"}])
        await export_workspace(source, tmp_path)
    model = json.loads((tmp_path / "model.json").read_text())
    for field in next(of for of in model if of["nameSingular"] == "company")["fieldsList"]:
        if field["name"] == "motto":
            field["type"] = "NO_SUCH_TYPE"
    (tmp_path / "model.json").write_text(json.dumps(model))
    async with Sandbox() as other, client_of(other) as target:
        reports = {one.label: one for one in await load_workspace(target, tmp_path)}
        assert reports["field company.motto"].error is not None
        assert reports["companies"].report.loaded == 2
        assert reports["companies"].notes == ["not moved: 1 value of motto, which has no field here"]
        compared = {one.name: one for one in await compare_workspace(target, tmp_path)}
        assert compared["companies"].missing_count == 0


async def test_a_withheld_text_is_never_loaded(
    tmp_path: Path, client_of: Callable[[Sandbox], Twenty], twenty_sandbox: Sandbox
) -> None:
    async with client_of(twenty_sandbox) as twenty:
        report = await twenty.messages.load([{"subject": RESTRICTED}, {"subject": "mine"}])
        assert (report.loaded, [one.code for one in report.rejects]) == (1, ["RESTRICTED"])
