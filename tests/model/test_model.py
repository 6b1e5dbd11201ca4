"""The data model in files: pulled, planned, applied."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import JsonValue

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox
from aiotwenty.workspace.model import (
    Action,
    DefinitionError,
    DestroyRefused,
    Detail,
    FieldDefinition,
    Model,
    ModelChange,
    NotApplied,
    ObjectDefinition,
    OptionDefinition,
    Plan,
    keep_renames,
    read_model,
    write_model,
)
from tests.model.models import FIELDS, STAGES, custom_objects, rocket, small, with_object
from tests.support import recorded
from tests.support.few_objects import few_objects


def text_of(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*.toml"))}


def client_of(sandbox: Sandbox) -> Twenty:
    return Twenty(sandbox.url, api_key=sandbox.api_key, rate_limit=None)


@pytest_asyncio.fixture
async def twenty() -> AsyncIterator[Twenty]:
    """A client of a workspace that has nothing of its own, and few objects of Twenty's."""
    async with Sandbox(objects=few_objects()) as sandbox, client_of(sandbox) as client:
        yield client


async def test_what_was_pulled_and_applied_to_an_empty_workspace_is_pulled_again_as_the_same_files(
    tmp_path: Path,
) -> None:
    async with Sandbox(objects=recorded.objects()) as sandbox, client_of(sandbox) as source:
        await source.workspace.apply(Model(objects=(small(name="ship", plural="ships", fields=FIELDS, indexes=()),)))
        write_model(tmp_path / "there", await source.workspace.model())
    async with Sandbox() as sandbox, client_of(sandbox) as empty:
        changes = await empty.workspace.apply(tmp_path / "there")
        assert len(changes) > 70
        assert write_model(tmp_path / "there", await empty.workspace.model()) == {}
    written = text_of(tmp_path / "there")
    assert 'default = "nobody"' in written["objects/ship.toml"]
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", "".join(written.values()))


async def test_an_object_with_all_types_of_fields_is_made_as_it_was_written_in_python(twenty: Twenty) -> None:
    model = Model(objects=(rocket(),))
    await twenty.workspace.apply(model)
    assert not await twenty.workspace.plan(model)
    field = await twenty.workspace.field("rocket", "stage")
    assert (field.default_value, [option.color for option in field.options or ()]) == ("'NEW'", ["sky", "red"])
    assert (await twenty.workspace.field("company", "rocketsMade")).label == "Rockets made"
    assert (await twenty.workspace.field("rocket", "daughters")).label == "Töchter"
    [index] = [index for index in await twenty.workspace.indexes.list("rocket") if len(index.fields) > 1]
    assert [part.sub_field_name for part in index.fields] == [None, "primaryLinkUrl"]


async def test_files_hold_ten_where_a_model_does_not_say_how_many(twenty: Twenty) -> None:
    whole = await twenty.workspace.model()
    papers = {"name": FIELDS["name"], "papers": FieldDefinition(type="FILES")}
    wanted = with_object(whole, rocket(fields=papers, label_identifier="name", indexes=()))
    await twenty.workspace.apply(wanted)
    assert (await twenty.workspace.field("rocket", "papers")).settings == {"maxNumberOfValues": 10}
    assert not await twenty.workspace.plan(wanted)


async def test_what_a_part_of_a_model_does_not_say_stays_as_it_is(twenty: Twenty) -> None:
    before = await twenty.workspace.model()
    company = ObjectDefinition(
        name="company", plural="companies", fields={"tier": FieldDefinition(type="SELECT", options=STAGES)}
    )
    await twenty.workspace.apply(Model(objects=(company,)))
    await twenty.workspace.update_field("company", "tier", label="Tiers of ours", icon="IconX")
    assert not await twenty.workspace.plan(Model(objects=(company,)))
    after = await twenty.workspace.model()
    tier = after.field("company.tier")
    assert tier is not None
    assert (tier.label, tier.icon) == ("Tiers of ours", "IconX")
    owned = {definition.name: definition for definition in before.objects}
    others = [name for name in after.objects if name.name != "company"]
    assert others == [definition for definition in before.objects if definition.name != "company"]
    company_now = next(definition for definition in after.objects if definition.name == "company")
    kept = {name: field for name, field in company_now.fields.items() if name != "tier"}
    assert company_now.model_copy(update={"fields": kept}) == owned["company"]


async def test_each_change_is_planned_and_made(twenty: Twenty) -> None:
    whole = await twenty.workspace.model()
    await twenty.workspace.apply(with_object(whole, rocket()))
    fields = {**rocket().fields}
    fields["title"] = fields.pop("name").model_copy(update={"renamed_from": "name", "default": None})
    fields["stage"] = FieldDefinition(
        type="SELECT",
        label="Phase",
        default="LAST",
        options=(OptionDefinition(value="LAST", label="Last", color="gray"), STAGES[0]),
    )
    fields["count"] = FieldDefinition(type="TEXT", label="Count")
    fields["flag"] = fields["flag"].model_copy(update={"active": False, "description": "Up?"})
    fields["ratio"] = fields["ratio"].model_copy(update={"settings": {"data_type": "float", "decimals": 1}})
    fields["owner"] = FieldDefinition(type="MORPH_RELATION", label="Owner", to=("company.fleet", "opportunity.fleet"))
    del fields["code"], fields["mother"], fields["daughters"]
    changed = rocket(
        name="launcher",
        plural="launchers",
        renamed_from="rocket",
        label="Launcher",
        description=None,
        label_identifier="title",
        fields=fields,
        indexes=(),
    )
    whole = await twenty.workspace.model()
    objects = []
    for definition in whole.objects:
        kept = {name: field for name, field in definition.fields.items() if name not in ("fleet", "rocketsMade")}
        objects.append(definition.model_copy(update={"fields": kept}))
    wanted = with_object(whole.model_copy(update={"objects": tuple(objects)}), changed)
    wanted = wanted.model_copy(
        update={"objects": tuple(definition for definition in wanted.objects if definition.name != "rocket")}
    )
    for end, path in (("rocketsMade", "launcher.maker"), ("fleet", "launcher.owner")):
        company = next(definition for definition in wanted.objects if definition.name == "company")
        fields = {**company.fields, end: FieldDefinition(type="RELATION", label=f"The {end}", from_=path)}
        wanted = with_object(wanted, company.model_copy(update={"fields": fields}))
    plan = await twenty.workspace.plan(wanted)
    told = {(change.action.value, change.path) for change in plan.changes}
    assert {
        ("rename", "launcher"),
        ("rename", "launcher.title"),
        ("update", "launcher.stage"),
        ("destroy", "launcher.count"),
        ("create", "launcher.count"),
        ("destroy", "launcher.code"),
        ("destroy", "launcher.mother"),
        ("destroy", "launcher.owner"),
        ("destroy", "person.fleet"),
        ("create", "opportunity.fleet"),
        ("destroy", "launcher.(count, site.primaryLinkUrl)"),
    } <= told
    await twenty.workspace.apply(plan)
    assert not await twenty.workspace.plan(wanted)


async def test_what_records_use_is_destroyed_only_when_it_is_named(twenty: Twenty) -> None:
    workspace = twenty.workspace
    start = await workspace.model()
    await workspace.apply(with_object(start, small()))
    full = await workspace.model()
    await twenty.execute(
        """mutation { createRockets(data: [
            {count: 1, stage: OLD, tags: [OLD], site: {primaryLinkUrl: "https://a.example"}, words: ["a"]},
            {count: 2, words: []}
        ]) { id } }"""
    )
    await twenty.execute("mutation { deleteRockets(filter: {count: {eq: 1}}) { id } }")
    fields = {name: field for name, field in small().fields.items() if name not in ("count", "site", "words")}
    fields["stage"] = fields["tags"] = FieldDefinition(type="SELECT", label="Stage", options=STAGES[:1])
    fields["tags"] = fields["tags"].model_copy(update={"type": "MULTI_SELECT"})
    wanted = with_object(full, small(fields=fields, indexes=()))
    plan = await workspace.plan(wanted)
    assert dict(pair for change in plan.changes for pair in change.destroys) == {
        "rocket.count": 2,
        "rocket.site": 1,
        "rocket.words": 1,
        "rocket.stage.OLD": 1,
        "rocket.tags.OLD": 2,
    }
    named = ["rocket.count", "rocket.words", "rocket.stage.OLD", "rocket.tags.OLD"]
    with pytest.raises(DestroyRefused, match=r"rocket\.site: 1 record\.") as refused:
        await workspace.apply(plan, allow_destroy=named)
    assert refused.value.names == ("rocket.site",)
    assert await workspace.model() == full
    await workspace.apply(plan, allow_destroy=[*named, "rocket.site"])
    with pytest.raises(DestroyRefused, match=r"rocket: 2 records"):
        await workspace.apply(start)
    await workspace.apply(start, allow_destroy=["rocket"])
    assert sorted_objects(await workspace.model()) == sorted_objects(start)


def sorted_objects(model: Model) -> list[ObjectDefinition]:
    return sorted(model.objects, key=lambda definition: definition.name)


async def test_views_roles_and_webhooks_are_kept_in_files_where_it_was_asked_for(
    twenty: Twenty, tmp_path: Path
) -> None:
    await twenty.workspace.apply(Model(objects=(small(),)))
    views: list[dict[str, Any]] = [
        {
            "object": "rocket",
            "name": "By stage",
            "type": "KANBAN",
            "group_by": "stage",
            "fields": [{"field": "code", "size": 90}, {"field": "createdAt", "visible": False}],
            "groups": [{"value": "NEW"}, {"value": "OLD", "visible": False}],
            "filter_groups": [{"operator": "OR"}, {"parent": 0}],
            "filters": [
                {"field": "code", "operand": "CONTAINS", "value": "x", "group": 1},
                {"field": "maker", "operand": "IS", "value_json": '{"ids": null}', "group": 0},
            ],
            "sorts": [{"field": "count", "direction": "DESC"}],
        }
    ]
    role: dict[str, Any] = {
        "label": "Pilots",
        "icon": "IconX",
        "read_all_records": True,
        "settings": ["WEBHOOKS", "DATA_MODEL"],
        "objects": {"rocket": {"update": True, "destroy": False}},
        "fields": {"rocket.count": {"read": False}},
    }
    hook = {"target_url": "https://a.example/hook", "operations": ["rocket.*"], "description": "all of it"}
    beside = {"views": views, "roles": [role], "webhooks": [hook]}
    await twenty.workspace.apply(Model.model_validate(beside))
    whole = await twenty.workspace.model(["views", "roles", "webhooks"])
    write_model(tmp_path, whole)
    assert not await twenty.workspace.plan(tmp_path)
    [kept] = [hook.secret for hook in await twenty.workspace.webhooks.list()]
    assert kept is not None
    assert kept.get_secret_value() not in "".join(text_of(tmp_path).values())

    async with Sandbox(objects=few_objects()) as sandbox, client_of(sandbox) as other:
        await other.workspace.apply(tmp_path)
        assert write_model(tmp_path, await other.workspace.model(["views", "roles", "webhooks"])) == {}
        views[0] |= {"fields": [{"field": "stage"}, {"field": "code"}], "groups": [], "sorts": [], "filters": []}
        role |= {"objects": {}, "settings": [], "description": "fly"}
        hook |= {"operations": ["*.created"]}
        edited = Model.model_validate(beside | {"views": [{**views[0], "filter_groups": []}]})
        plan = await other.workspace.plan(edited)
        assert [(change.action.value, change.path) for change in plan.changes] == [
            ("update", "Pilots"),
            ("update", "rocket.By stage"),
            ("update", "https://a.example/hook"),
        ]
        await other.workspace.apply(plan)
        none = Model(objects=whole.objects, complete=True, roles=(), webhooks=())
        gone = await other.workspace.apply(none)
        assert {(change.action, change.kind) for change in gone} == {
            (Action.DESTROY, "role"),
            (Action.DESTROY, "webhook"),
        }


def test_of_a_list_only_what_is_otherwise_is_shown() -> None:
    columns: list[JsonValue] = [{"field": name, "size": 150} for name in ("name", "stage", "code")]
    wider: JsonValue = {"field": "code", "size": 200}
    rights: JsonValue = {"company": {"read": True}}
    details = (
        Detail("fields", columns, [*columns[:2], wider, {"field": "mood"}]),
        Detail("sorts", columns[:2], columns[1::-1]),
        Detail("objects", None, rights),
        Detail("operations", ["a.*"], ["a.*", "b.*"]),
    )
    plan = Plan(Model(), (ModelChange(Action.UPDATE, "view", "rocket.INDEX", details=details),))
    assert str(plan).splitlines() == [
        "  ~ object rocket",
        "      ~ view rocket.INDEX",
        "          fields:",
        '              - field "code", size 150',
        '              + field "code", size 200',
        '              + field "mood"',
        "          sorts: in another order",
        '              1. field "stage", size 150',
        '              2. field "name", size 150',
        "          objects:",
        "              + company: read true",
        '          operations: ["a.*"] → ["a.*", "b.*"]',
        "Plan: 0 to add, 1 to change, 0 to destroy.",
    ]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("objects/a.toml", 'name = "a"\nplural = "as"\n[fields.b]\ntyp = "TEXT"', "fields.b.typ: there is no such"),
        ("objects/a.toml", "name = ", "objects/a.toml: is no TOML"),
        ("objects/a.toml", 'name = "company"\nplural = "firms"', "two objects have the name company"),
        (
            "objects/a.toml",
            'name = "a"\nplural = "as"\n[fields.b]\ntype = "SELECT"',
            "a.b: a SELECT field needs options",
        ),
        (
            "objects/a.toml",
            'name = "a"\nplural = "as"\n[fields.b]\ntype = "RELATION"',
            "a.b: a RELATION field needs `to`",
        ),
        (
            "objects/a.toml",
            'name = "a"\nplural = "as"\n[fields.b]\ntype = "RELATION"\nto = "company.name"',
            "a.b leads to company.name, which does not lead back",
        ),
        ("objects/a.toml", 'name = "a"\nplural = "as"\nlabel_identifier = "x"', "none of its fields"),
        ("objects/a.toml", 'name = "not ours"\nplural = "as"', "name: "),
        ("model.toml", "format = 99", "format 99 is of a later aiotwenty"),
        ("model.toml", 'parts = ["veiws"]', "'veiws' is none of views"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_place(tmp_path: Path, name: str, text: str, said: str) -> None:
    company = ObjectDefinition(name="company", plural="companies", fields={"name": FieldDefinition(type="TEXT")})
    write_model(tmp_path, Model(objects=(company,), complete=True))
    (tmp_path / name).write_text(text)
    with pytest.raises(DefinitionError, match=re.escape(said)):
        read_model(tmp_path)


def test_files_that_say_the_same_are_left_with_their_comments_and_renames_are_kept(tmp_path: Path) -> None:
    tier = FieldDefinition(type="TEXT", label="Tier")
    model = Model(objects=(rocket(fields={"tier": tier}, label_identifier="id", indexes=()),), complete=True)
    write_model(tmp_path, model)
    path = tmp_path / "objects/rocket.toml"
    path.write_text(f"# ours\n{path.read_text()}" + 'renamed_from = "level"\n')
    renamed = keep_renames(tmp_path, model)
    assert renamed.field("rocket.tier") == tier.model_copy(update={"renamed_from": "level"})
    assert write_model(tmp_path, renamed) == {}
    assert path.read_text().startswith("# ours\n")
    assert write_model(tmp_path, model) == {path: "wrote, without its comments"}
    assert write_model(tmp_path, Model(complete=True)) == {path: "removed"}


async def test_names_that_no_server_takes_are_refused_before_anything_is_sent(twenty: Twenty) -> None:
    for definition, said in (
        (ObjectDefinition(name="Rocket", plural="rockets"), "'Rocket' is no name"),
        (rocket(fields={"a_b": FieldDefinition(type="TEXT")}, label_identifier=None), "'a_b' is no name"),
        (
            rocket(
                fields={"a": FieldDefinition(type="SELECT", options=(OptionDefinition(value="low"),))},
                label_identifier=None,
            ),
            "'low' is no value",
        ),
    ):
        with pytest.raises(DefinitionError, match=said):
            await twenty.workspace.apply(Model(objects=(definition,)))


async def test_what_was_not_planned_is_not_changed_and_not_taken_for_done(twenty: Twenty) -> None:
    await twenty.workspace.apply(Model(objects=(small(),)))
    whole = await twenty.workspace.model()
    plan = await twenty.workspace.plan(with_object(whole, small(label="Ship")))
    await twenty.workspace.create_field("company", "tier", "TEXT")
    with pytest.raises(NotApplied, match=r"1 changes remain \(destroy field company\.tier\)"):
        await twenty.workspace.apply(plan)
    assert (await twenty.workspace.object("rocket")).label_singular == "Ship"
    assert (await twenty.workspace.field("company", "tier")).type == "TEXT"


# The sandbox takes labels of any characters; what a generated name may be, its own tests say.
CHECKED = settings(
    max_examples=2,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    phases=[Phase.generate, Phase.explicit],
)


async def round_trip(objects: tuple[ObjectDefinition, ...], folder: Path) -> None:
    async with (
        Sandbox(objects=few_objects()) as sandbox,
        client_of(sandbox) as twenty,
        Sandbox(objects=few_objects()) as empty,
        client_of(empty) as other,
    ):
        await twenty.workspace.apply(Model(objects=objects))
        write_model(folder, await twenty.workspace.model())
        await other.workspace.apply(folder)
        assert write_model(folder, await other.workspace.model()) == {}
        assert not await twenty.workspace.plan(read_model(folder))


@CHECKED
@given(objects=custom_objects())
def test_any_model_goes_there_and_back(
    objects: tuple[ObjectDefinition, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    asyncio.run(round_trip(objects, tmp_path_factory.mktemp("model")))


@pytest.mark.soak
@settings(CHECKED, max_examples=200)
@given(objects=custom_objects())
def test_many_models_go_there_and_back(
    objects: tuple[ObjectDefinition, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    asyncio.run(round_trip(objects, tmp_path_factory.mktemp("model")))
