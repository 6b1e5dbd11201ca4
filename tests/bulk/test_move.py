"""A workspace moved into an empty one has the same records, ids and relations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from aiotwenty import Twenty, migrate
from aiotwenty.sandbox import Sandbox
from aiotwenty.workspace import RelationTo
from tests.support.few_objects import OBJECTS


async def fill(twenty: Twenty) -> None:
    """Custom objects and fields, relations to and fro, a circle, a deleted record and a member."""
    await twenty.workspace.create_object("rocket", "rockets")
    await twenty.workspace.create_field("rocket", "thrust", "NUMBER")
    stages = [{"value": "NEW", "label": "New"}, {"value": "OLD", "label": "Old"}]
    await twenty.workspace.create_field("rocket", "stages", "MULTI_SELECT", options=stages)
    await twenty.workspace.create_field("rocket", "maker", "RELATION", relation=RelationTo("company", label="Rockets"))
    await twenty.workspace.create_field("rocket", "sister", "RELATION", relation=RelationTo("rocket", label="Sisters"))
    await twenty.workspace.create_field("company", "motto", "TEXT")
    (member,) = [one async for one in twenty.workspace_members.iterate()]
    await twenty.companies.load(
        [{"name": f"C{i}", "domain": f"https://c{i}.example", "accountOwnerId": str(member.id)} for i in range(300)]
    )
    await twenty.people.load([{"email": f"p{i}@example.com", "company": f"https://c{i}.example"} for i in range(250)])
    await twenty.tasks.load([{"title": f"T{i}"} for i in range(5)])
    gone = await twenty.companies.find_one(filter={"name": {"eq": "C299"}})
    await twenty.companies.delete_one(gone.id)
    first = await twenty.companies.find_one(filter={"name": {"eq": "C1"}})
    document = "mutation($d:[RocketCreateInput!]!){createRockets(data:$d){id}}"
    a, b = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
    data = [
        {"id": b, "name": "B", "thrust": 5, "makerId": str(first.id)},
        {"id": a, "name": "A", "stages": ["NEW", "OLD"], "sisterId": b},
    ]
    for one in data:
        await twenty.execute(document, {"d": [one]})
    await twenty.execute("mutation($i:UUID!,$d:RocketUpdateInput!){updateRocket(id:$i,data:$d){id}}",
                         {"i": b, "d": {"sisterId": a}})  # fmt: skip


async def test_everything_arrives_and_the_comparison_proves_it(
    tmp_path: Path, client_of: Callable[[Sandbox], Twenty]
) -> None:
    folder = tmp_path / "out"
    async with Sandbox(objects=OBJECTS) as one, client_of(one) as source:
        await fill(source)
        exported = await migrate.export_workspace(source, folder, journal=tmp_path / "export.db")
        assert {report.path.name: report.records for report in exported}["companies.jsonl"] == 300
    async with Sandbox(objects=OBJECTS) as other, client_of(other) as target:
        created: list[str] = []
        reports = await migrate.load_workspace(
            target, folder, journal=tmp_path / "load.db", rejects=tmp_path / "bad", on_created=created.append
        )
        assert {"object rocket", "field rocket.maker", "field rocket.sister", "field company.motto"} <= set(created)
        assert not [list(one.report.rejects) for one in reports if one.report.rejected]
        compared = {one.name: one for one in await migrate.compare_workspace(target, folder)}
        assert not [one for one in compared.values() if not one.equal]
        assert compared["companies"].same == 300
        assert compared["rockets"].same == 2
        assert await target.companies.count() == 299

        victim = await target.people.find_one(filter={"emails": {"primary_email": {"eq": "p7@example.com"}}})
        await target.people.update_one(victim.id, {"company_id": None})
        gone = await target.people.find_one(filter={"emails": {"primary_email": {"eq": "p8@example.com"}}})
        await target.people.destroy_one(gone.id)
        await target.people.create_one({"job_title": "new"})
        people = {one.name: one for one in await migrate.compare_workspace(target, folder)}["people"]
        assert (people.same, people.missing, people.extra_count) == (248, [str(gone.id)], 1)
        assert [(identity, name, value) for identity, name, _, value in people.different] == [
            (str(victim.id), "companyId", None)
        ]


async def test_loading_a_workspace_again_sends_nothing(tmp_path: Path, client_of: Callable[[Sandbox], Twenty]) -> None:
    folder = tmp_path / "out"
    async with (
        Sandbox(objects=OBJECTS) as one,
        client_of(one) as source,
        Sandbox(objects=OBJECTS) as other,
        client_of(other) as target,
    ):
        await source.companies.load([{"name": f"C{i}"} for i in range(50)])
        await migrate.export_workspace(source, folder)
        await migrate.load_workspace(target, folder, journal=tmp_path / "load.db")
        again = await migrate.load_workspace(target, folder, journal=tmp_path / "load.db")
        assert sum(one.report.requests for one in again) == 0
        assert sum(one.report.already_loaded for one in again) == 50


async def test_settings_and_indexes_arrive_and_what_is_refused_keeps_nothing_else(
    tmp_path: Path, client_of: Callable[[Sandbox], Twenty]
) -> None:
    async def make(twenty: Twenty, decimals: int) -> None:
        workspace = twenty.workspace
        await workspace.create_object("rocket", "rockets")
        await workspace.create_field("rocket", "thrust", "NUMBER", settings={"decimals": decimals})
        await workspace.create_field("rocket", "code", "TEXT")
        await workspace.create_field("rocket", "kind", "TEXT" if decimals else "NUMBER")

    async with Sandbox(objects=OBJECTS) as one, client_of(one) as source:
        await make(source, 3)
        await source.workspace.update_field("rocket", "code", label="Serial", is_unique=True)
        await source.workspace.indexes.create("rocket", ["thrust", "code"])
        await source.workspace.update_field("company", "createdAt", label="Born")
        await migrate.export_workspace(source, tmp_path)
    # How the server makes a field of its own follows from others, and can't be set.
    model = json.loads((tmp_path / "model.json").read_text())
    [company] = [of for of in model if of["nameSingular"] == "company"]
    [vector] = [field for field in company["fieldsList"] if field["name"] == "searchVector"]
    vector["settings"], vector["defaultValue"] = {"asExpression": "another", "generatedType": "STORED"}, "'x'"
    (tmp_path / "model.json").write_text(json.dumps(model))
    async with Sandbox(objects=OBJECTS) as other, client_of(other) as target:
        await make(target, 0)
        for _ in range(2):
            await target.execute('mutation{createRocket(data:{code:"the same"}){id}}')
        made: list[str] = []
        reports = {one.label: one for one in await migrate.load_workspace(target, tmp_path, on_created=made.append)}
        assert set(made) == {
            "label of company.createdAt",
            "settings of rocket.thrust",
            "label of rocket.code",
            "index rocket.(thrust, code)",
        }
        assert reports["is_unique of rocket.code"].error is not None
        assert reports["data model"].told == ["rocket.kind: is TEXT there, and another field here"]
        compared = {one.name: one for one in await migrate.compare_workspace(target, tmp_path)}["data model"]
        assert sorted((place, trait) for place, trait, *_ in compared.different) == [
            ("company.searchVector", "default_value"),
            ("company.searchVector", "settings"),
            ("rocket.code", "is_unique"),
            ("rocket.kind", "type"),
        ]


async def test_options_and_labels_of_standard_fields_are_there_before_the_records(
    tmp_path: Path, client_of: Callable[[Sandbox], Twenty]
) -> None:
    async with Sandbox(objects=OBJECTS) as one, client_of(one) as source:
        await source.workspace.add_options("opportunity", "stage", "LEGAL", "LOST")
        await source.workspace.update_object("company", label_singular="Firm")
        await source.execute('mutation{createOpportunity(data:{name:"O",stage:LEGAL}){id}}')
        await migrate.export_workspace(source, tmp_path)
    async with Sandbox(objects=OBJECTS) as other, client_of(other) as target:
        made: list[str] = []
        reports = await migrate.load_workspace(target, tmp_path, on_created=made.append)
        assert made == ["options LEGAL, LOST of opportunity.stage", "label_singular of company"]
        assert not [one for one in reports if one.report.rejected]
        assert all(one.equal for one in await migrate.compare_workspace(target, tmp_path))

        # A server of another version has other standard fields, and texts of its own.
        model = json.loads((tmp_path / "model.json").read_text())
        company = next(of for of in model if of["nameSingular"] == "company")
        company["labelSingular"] = "Company"
        company["fieldsList"] = [field for field in company["fieldsList"] if field["name"] != "linkedinLink"]
        (tmp_path / "model.json").write_text(json.dumps(model))
        reports = await migrate.load_workspace(target, tmp_path, on_created=made.append)
        (told,) = [one.told for one in reports if one.label == "data model"]
        assert told == ["company: label_singular is 'Company' there"]
        assert len(made) == 2
        (compared,) = [one for one in await migrate.compare_workspace(target, tmp_path) if not one.equal]
        assert (compared.name, compared.extra) == ("data model", ["company.linkedinLink"])
        assert compared.different == [("company", "label_singular", "Company", "Firm")]
