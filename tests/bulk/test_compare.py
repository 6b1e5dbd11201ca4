"""Whatever is changed in a workspace after it was exported, `compare` finds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiotwenty import Twenty
from aiotwenty.migrate import ObjectComparison, compare_workspace, export_workspace
from aiotwenty.sandbox import Sandbox
from aiotwenty.workspace import RelationTo
from aiotwenty.workspace.model import Model, RoleDefinition
from tests.bulk.test_move_seeded import create, made_id, write
from tests.support.few_objects import OBJECTS

OPTIONS = [{"value": value, "label": value.title(), "color": "green"} for value in ("A", "B", "C", "D")]
FIELDS: dict[str, dict[str, Any]] = {
    "note": {"type": "TEXT"},
    "thrust": {"type": "NUMBER"},
    "price": {"type": "CURRENCY"},
    "site": {"type": "LINKS"},
    "contacts": {"type": "EMAILS"},
    "phones": {"type": "PHONES"},
    "place": {"type": "ADDRESS"},
    "ready": {"type": "BOOLEAN", "default_value": False},
    "day": {"type": "DATE"},
    "moment": {"type": "DATE_TIME"},
    "stage": {"type": "SELECT", "options": OPTIONS},
    "tags": {"type": "MULTI_SELECT", "options": OPTIONS},
    "rank": {"type": "RATING"},
    "words": {"type": "ARRAY"},
    "facts": {"type": "RAW_JSON"},
    "text": {"type": "RICH_TEXT"},
    "pilot": {"type": "FULL_NAME"},
    "serial": {"type": "UUID"},
    "papers": {"type": "FILES", "settings": {"maxNumberOfValues": 5}},
}
ROCKET: dict[str, Any] = {
    "name": "Rocket",
    "note": "as it was",
    "thrust": 12.5,
    "price": {"amountMicros": 5_000_000, "currencyCode": "EUR"},
    "site": {"primaryLinkUrl": "https://a.example", "primaryLinkLabel": "a", "secondaryLinks": []},
    "contacts": {"primaryEmail": "a@x.example", "additionalEmails": ["b@x.example", "c@x.example"]},
    "phones": {"primaryPhoneNumber": "612345678", "primaryPhoneCountryCode": "FR", "additionalPhones": []},
    "place": {"addressCity": "Oslo", "addressStreet1": "Gate 1"},
    "ready": True,
    "day": "2026-03-01",
    "moment": "2026-03-01T10:00:00.000Z",
    "stage": "A",
    "tags": ["A", "B"],
    "rank": "RATING_3",
    "words": ["x", "y"],
    "facts": {"deep": {"flag": True, "list": [1, 2]}},
    "text": {"markdown": "hello", "blocknote": None},
    "pilot": {"firstName": "Ada", "lastName": "L"},
    "serial": "0c8d1a52-3b63-4f7a-9c14-0b6f1d0f3a11",
}
CHANGES: dict[str, dict[str, Any]] = {
    "a text is changed": {"note": "as it is"},
    "a text is emptied": {"note": ""},
    "a text has another case": {"note": "As it was"},
    "a text has a blank behind it": {"note": "as it was "},
    "a number is changed": {"thrust": 12.6},
    "a number is emptied": {"thrust": None},
    "an amount is changed": {"price": {"amountMicros": 5_000_001}},
    "a currency is changed": {"price": {"currencyCode": "USD"}},
    "a link is changed": {"site": {**ROCKET["site"], "primaryLinkUrl": "https://b.example"}},
    "a label of a link is changed": {"site": {**ROCKET["site"], "primaryLinkLabel": "b"}},
    "another link is added": {
        "site": {**ROCKET["site"], "secondaryLinks": [{"url": "https://c.example", "label": "c"}]}
    },
    "an e-mail address is changed": {"contacts": {**ROCKET["contacts"], "primaryEmail": "z@x.example"}},
    "e-mail addresses change places": {
        "contacts": {**ROCKET["contacts"], "additionalEmails": ["c@x.example", "b@x.example"]}
    },
    "a phone number is changed": {"phones": {**ROCKET["phones"], "primaryPhoneNumber": "612345679"}},
    "a part of an address is changed": {"place": {"addressStreet1": "Gate 2"}},
    "a yes becomes a no": {"ready": False},
    "a day is another": {"day": "2026-03-02"},
    "a moment is a millisecond later": {"moment": "2026-03-01T10:00:00.001Z"},
    "an option is another": {"stage": "B"},
    "an option is taken away": {"stage": None},
    "an option is added to several": {"tags": ["A", "B", "C"]},
    "options change places": {"tags": ["B", "A"]},
    "a rating is another": {"rank": "RATING_4"},
    "an item is added to a list": {"words": ["x", "y", "y"]},
    "items change places": {"words": ["y", "x"]},
    "a value deep in JSON is changed": {"facts": {"deep": {"flag": True, "list": [1, 3]}}},
    "a true in JSON becomes a 1": {"facts": {"deep": {"flag": 1, "list": [1, 2]}}},
    "a rich text is changed": {"text": {"markdown": "hallo", "blocknote": None}},
    "a part of a name is changed": {"pilot": {"lastName": "M"}},
    "an id that is a value is changed": {"serial": "0c8d1a52-3b63-4f7a-9c14-0b6f1d0f3a12"},
    "the owner is another": {"keeperId": made_id(9, 2)},
    "the owner is taken away": {"keeperId": None},
    "a relation leads elsewhere": {"makerId": made_id(1, 2)},
    "a relation is taken away": {"makerId": None},
    "the position is another": {"position": 12345},
    "the time of creation is another": {"createdAt": "2020-01-01T00:00:00.000Z"},
}
"""Each is done to a rocket of its own."""


def rocket_id(number: int) -> str:
    return made_id(3, number)


@dataclass
class Mutation:
    """What is done to a workspace, and where `compare` must find it."""

    what: str
    do: Callable[[], Awaitable[object]]
    where: str
    finds: tuple[str, str]
    """`missing` or `extra` and a name, or a name and a trait."""


def found(comparisons: list[ObjectComparison]) -> set[tuple[str, str, str]]:
    """All that is told to be otherwise."""
    told = set()
    for one in comparisons:
        assert one.failure is None
        told |= {(one.name, "missing", name) for name in one.missing}
        told |= {(one.name, "extra", name) for name in one.extra}
        told |= {(one.name, name, trait.partition(".")[0]) for name, trait, _, _ in one.different}
    return told


async def proved(twenty: Twenty, folder: Path, mutations: list[Mutation]) -> None:
    """All are done to one workspace, and one comparison finds each of them, and nothing else."""
    for mutation in mutations:
        await mutation.do()
    told = found(await compare_workspace(twenty, folder))
    expected = {(mutation.where, *mutation.finds): mutation.what for mutation in mutations}
    assert len(expected) == len(mutations)
    assert [what for finding, what in expected.items() if finding not in told] == []
    assert told - expected.keys() == set()


async def build(sandbox: Sandbox, twenty: Twenty) -> None:
    workspace = twenty.workspace
    await workspace.create_object("rocket", "rockets")
    for name, settings in FIELDS.items():
        await workspace.create_field("rocket", name, **settings)
    await workspace.create_field("rocket", "maker", "RELATION", relation=RelationTo("company", label="Rockets"))
    await workspace.create_field("rocket", "keeper", "RELATION", relation=RelationTo("workspaceMember", label="Kept"))
    write(sandbox, "workspaceMember", [
        {"id": made_id(9, n), "name": {"firstName": f"M{n}"}, "userEmail": f"m{n}@x.example", "userId": made_id(8, n)}
        for n in (1, 2)
    ])  # fmt: skip
    await create(twenty, "Company", "Companies", [{"id": made_id(1, n), "name": f"C{n}"} for n in (1, 2)])
    owned = {"keeperId": made_id(9, 1), "makerId": made_id(1, 1)}
    rockets = [{**ROCKET, **owned, "id": rocket_id(n)} for n in range(len(CHANGES) + 10)]
    await create(twenty, "Rocket", "Rockets", rockets)


async def update(twenty: Twenty, number: int, data: dict[str, Any]) -> None:
    document = "mutation($i:UUID!,$d:RocketUpdateInput!){updateRocket(id:$i,data:$d){id}}"
    await twenty.execute(document, {"i": rocket_id(number), "d": data})


async def change(twenty: Twenty, verb: str, number: int) -> None:
    await twenty.execute(f"mutation($i:UUID!){{{verb}Rocket(id:$i){{id}}}}", {"i": rocket_id(number)})


async def papers(twenty: Twenty, number: int, *files: tuple[str, bytes]) -> None:
    sent = [await twenty.files.upload(data, field="rocket.papers", filename=label) for label, data in files]
    await update(twenty, number, {"papers": [file.reference for file in sent]})


async def test_every_change_of_a_record_is_found(tmp_path: Path, client_of: Callable[[Sandbox], Twenty]) -> None:
    async with Sandbox(objects=OBJECTS) as sandbox, client_of(sandbox) as twenty:
        await build(sandbox, twenty)
        first = len(CHANGES)
        for number in range(first, first + 5):
            await papers(twenty, number, ("a.txt", b"one"), ("b.txt", b"two"))
        await change(twenty, "delete", first + 5)
        await change(twenty, "delete", first + 6)
        reports = await export_workspace(twenty, tmp_path)
        assert sum(report.files for report in reports) == 10
        assert [one for one in await compare_workspace(twenty, tmp_path) if not one.equal] == []

        async def add() -> None:
            await create(twenty, "Rocket", "Rockets", [{**ROCKET, "id": made_id(3, 999)}])

        async def delete_again() -> None:
            await change(twenty, "delete", first + 6)

        def file(what: str, number: int, *files: tuple[str, bytes]) -> Mutation:
            return Mutation(what, lambda: papers(twenty, number, *files), "rockets", (rocket_id(number), "papers"))

        def record(what: str, number: int, data: dict[str, Any]) -> Mutation:
            finds = (rocket_id(number), next(iter(data)))
            return Mutation(what, lambda: update(twenty, number, data), "rockets", finds)

        mutations = [record(what, number, data) for number, (what, data) in enumerate(CHANGES.items())]
        mutations += [
            file("a file has another content", first, ("a.txt", b"One"), ("b.txt", b"two")),
            file("a file has another name", first + 1, ("A.txt", b"one"), ("b.txt", b"two")),
            file("a file is taken away", first + 2, ("a.txt", b"one")),
            file("a file is added", first + 3, ("a.txt", b"one"), ("b.txt", b"two"), ("c.txt", b"three")),
            file("files change places", first + 4, ("b.txt", b"two"), ("a.txt", b"one")),
            Mutation("a record is restored", lambda: change(twenty, "restore", first + 5), "rockets",
                     (rocket_id(first + 5), "deletedAt")),
            Mutation("a record is deleted again", delete_again, "rockets", (rocket_id(first + 6), "deletedAt")),
            Mutation("a record is deleted", lambda: change(twenty, "delete", first + 7), "rockets",
                     (rocket_id(first + 7), "deletedAt")),
            Mutation("a record is destroyed", lambda: change(twenty, "destroy", first + 8), "rockets",
                     ("missing", rocket_id(first + 8))),
            Mutation("a record is added", add, "rockets", ("extra", made_id(3, 999))),
        ]  # fmt: skip
        assert len(mutations) >= 40
        await proved(twenty, tmp_path, mutations)


async def test_every_change_of_the_model_and_beside_it_is_found(
    tmp_path: Path, client_of: Callable[[Sandbox], Twenty]
) -> None:
    async with Sandbox(objects=OBJECTS) as sandbox, client_of(sandbox) as twenty:
        workspace = twenty.workspace
        await build(sandbox, twenty)
        for name in ("satellite", "station"):
            await workspace.create_object(name, f"{name}s")
        for name in ("kind", "shape", "colour", "order"):
            await workspace.create_field("satellite", name, "SELECT", options=OPTIONS)
        for name in ("one", "two", "three", "four", "five"):
            await workspace.create_field("satellite", name, "TEXT")
        hook = await workspace.webhooks.create("https://hooks.example/a", ["company.created"])
        there = await workspace.indexes.create("satellite", ["one", "two"])
        pilots = RoleDefinition(label="Pilots", read_all_records=True, for_agents=False)
        await workspace.apply(Model(roles=(pilots,)))
        await export_workspace(twenty, tmp_path)
        assert [one for one in await compare_workspace(twenty, tmp_path) if not one.equal] == []
        company = await workspace.object("company")

        def field(what: str, name: str, trait: str, **changes: Any) -> Mutation:
            return Mutation(
                what,
                lambda: workspace.update_field("satellite", name, **changes),
                "data model",
                (f"satellite.{name}", trait),
            )

        async def view() -> None:
            values = {"name": "Mine", "icon": "IconList", "objectMetadataId": str(company.id), "type": "TABLE"}
            await workspace.served.call("mutation", "createView", values, select={"id": None})

        async def right() -> None:
            permissions = {"objects": {"rocket": {"destroy": False}}, "fields": {"rocket.note": {"update": False}}}
            fewer = RoleDefinition.model_validate({**pilots.model_dump(exclude_defaults=True), **permissions})
            await workspace.apply(Model(roles=(fewer,)))

        async def nothing() -> None:
            """Done already."""

        label, colour = [dict(option) for option in OPTIONS], [dict(option) for option in OPTIONS]
        label[0]["label"], colour[1]["color"] = "Alpha", "red"
        turned = [{**option, "position": 3 - n} for n, option in enumerate(OPTIONS)]
        mutations = [
            field("an option is added", "kind", "options", options=[*OPTIONS, {"value": "E", "label": "E"}]),
            field("a label of an option is changed", "shape", "options", options=label),
            field("a colour of an option is changed", "colour", "options", options=colour),
            field("options change places", "order", "options", options=turned),
            field("a label of a field is changed", "one", "label", label="Eins"),
            field("a description of a field is changed", "two", "description", description="new"),
            field("an icon of a field is changed", "three", "icon", icon="IconRocket"),
            field("a field is deactivated", "four", "is_active", is_active=False),
            Mutation("an option of a standard field is added",
                     lambda: workspace.add_options("opportunity", "stage", "NEWEST"),
                     "data model", ("opportunity.stage", "options")),
            Mutation("a label of a standard object is changed",
                     lambda: workspace.update_object("person", label_singular="Human"),
                     "data model", ("person", "label_singular")),
            Mutation("an object is deactivated", lambda: workspace.update_object("station", is_active=False),
                     "data model", ("station", "is_active")),
            Mutation("a description of an object is changed",
                     lambda: workspace.update_object("rocket", description="fast"),
                     "data model", ("rocket", "description")),
            Mutation("a colour of an object is changed", lambda: workspace.update_object("company", color="red"),
                     "data model", ("company", "color")),
            Mutation("a shortcut of an object is changed", lambda: workspace.update_object("task", shortcut="Q"),
                     "data model", ("task", "shortcut")),
            Mutation("an index is added", lambda: workspace.indexes.create("note", ["title", "createdAt"]),
                     "data model", ("note", "indexes")),
            Mutation("an index is removed", lambda: workspace.indexes.delete(there),
                     "data model", ("satellite", "indexes")),
            Mutation("a field is added", lambda: workspace.create_field("rocket", "extra", "TEXT"),
                     "data model", ("extra", "rocket.extra")),
            Mutation("a field is removed", lambda: workspace.delete_field("satellite", "five"),
                     "data model", ("missing", "satellite.five")),
            Mutation("a view is added", view, "views", ("extra", "company: Mine (TABLE; nothing in it)")),
            Mutation("rights of a role are taken away", right, "roles",
                     ("missing", "Pilots (read all, for users, for keys)")),
            Mutation("and are told", nothing, "roles",
                     ("extra", "Pilots (read all, for users, for keys; rocket.note: update no; rocket: destroy no)")),
            Mutation("a webhook is removed", lambda: workspace.webhooks.delete(hook.id), "webhooks",
                     ("missing", "https://hooks.example/a (company.created)")),
            Mutation("a webhook is added", lambda: workspace.webhooks.create("https://hooks.example/b", ["*.*"]),
                     "webhooks", ("extra", "https://hooks.example/b (*.*)")),
        ]  # fmt: skip
        for mutation in mutations:
            await mutation.do()
        told = found(await compare_workspace(twenty, tmp_path))
        assert [m.what for m in mutations if (m.where, *m.finds) not in told] == []
        # A field brings a column to the views, and a field that is gone takes one; layouts are called like the object.
        follows = {finding for finding in told if finding[0] in ("views", "page layouts")}
        assert told - follows == {(m.where, *m.finds) for m in mutations} - follows
