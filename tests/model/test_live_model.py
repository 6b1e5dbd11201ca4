"""The data model of a workspace, live or the sandbox, changed in one object of the test's own.

What is asked for here is what a genuine server was seen to take: some names are its own, and it checks defaults.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aiotwenty.cli.app import run
from aiotwenty.errors import InvalidArgument, NotFoundError
from aiotwenty.sandbox.dialect import DIALECTS
from aiotwenty.workspace import RelationTo
from aiotwenty.workspace.model import (
    FieldDefinition,
    IndexDefinition,
    Model,
    ObjectDefinition,
    read_model,
    write_model,
)
from tests.model.conftest import Place
from tests.model.models import FIELDS, STAGES

pytestmark = pytest.mark.live

CHECKED_DEFAULTS = ("amount", "phone", "extra", "words")
"""Fields whose defaults no genuine server was asked to take."""


def everything(place: Place) -> ObjectDefinition:
    """An object with a field of each type, an index, and relations to another, to itself, and to several."""
    plain = {
        name: field.model_copy(update={"default": None, "default_json": None}) if name in CHECKED_DEFAULTS else field
        for name, field in FIELDS.items()
    }
    fields = {
        **plain,
        "maker": FieldDefinition(type="RELATION", label="Maker", to=f"company.{place.name}Made"),
        "mother": FieldDefinition(type="RELATION", label="Mother ship", to=f"{place.name}.daughters"),
        "daughters": FieldDefinition(type="RELATION", label="Töchter", from_=f"{place.name}.mother"),
        "owner": FieldDefinition(
            type="MORPH_RELATION", label="Owner", to=(f"company.{place.name}Fleet", f"person.{place.name}Fleet")
        ),
    }
    return ObjectDefinition(
        name=place.name,
        plural=place.plural,
        label=f"Label of {place.name}",
        label_plural=f"Labels of {place.name}",
        description='Goes "up"\nand away',
        icon="IconRocket",
        label_identifier="code",
        fields=fields,
        indexes=(IndexDefinition(fields=("count", "site.primaryLinkUrl")),),
    )


async def part_of(place: Place) -> Model:
    """What the workspace has of the object, and of others what leads to it: nothing else is touched."""
    whole = await place.twenty.workspace.model()
    objects = []
    for definition in whole.objects:
        leading = {
            name: field
            for name, field in definition.fields.items()
            if any(end.startswith(f"{place.name}.") for end in field.ends) and not field.standard
        }
        if definition.name == place.name:
            objects.append(definition)
        elif leading:
            objects.append(ObjectDefinition(name=definition.name, plural=definition.plural, fields=leading))
    return Model(objects=tuple(objects))


@pytest.mark.parametrize("place", DIALECTS, indirect=True)
async def test_what_was_pulled_and_applied_to_an_empty_part_is_pulled_again_as_the_same_files(
    place: Place, tmp_path: Path
) -> None:
    workspace = place.twenty.workspace
    await workspace.apply(Model(objects=(everything(place),)))
    pulled = await part_of(place)
    assert {definition.name for definition in pulled.objects} >= {place.name, "company", "person"}
    write_model(tmp_path, pulled)
    assert not await workspace.plan(tmp_path)
    await workspace.delete_object(place.name)
    assert await part_of(place) == Model()
    await workspace.apply(tmp_path)
    assert write_model(tmp_path, await part_of(place)) == {}
    assert not await workspace.plan(read_model(tmp_path))


async def test_a_plan_with_something_to_do_ends_with_exit_code_4(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)

    async def command(*arguments: str) -> tuple[int, str]:
        code = await asyncio.to_thread(run, ["model", *arguments])
        return code, capsys.readouterr().out

    stage = FieldDefinition(type="SELECT", options=STAGES)
    wanted = ObjectDefinition(name=place.name, plural=place.plural, fields={"stage": stage})
    write_model(tmp_path, Model(objects=(wanted,)))
    code, told = await command("plan", str(tmp_path))
    assert (code, told.splitlines()[-1]) == (4, "Plan: 2 to add, 0 to change, 0 to destroy.")
    assert (await command("apply", str(tmp_path), "--yes"))[0] == 0
    assert await command("plan", str(tmp_path)) == (0, "Nothing to do: the workspace has this data model.\n")
    fewer = wanted.model_copy(update={"fields": {"stage": FieldDefinition(type="SELECT", options=STAGES[:1])}})
    write_model(tmp_path, Model(objects=(fewer,)))
    code, told = await command("plan", str(tmp_path))
    assert code == 4
    assert "- option OLD (0 records)" in told
    assert (await command("apply", str(tmp_path), "--yes"))[0] == 0


async def test_an_object_is_made_once_and_changed_where_it_is_said_to_be_otherwise(place: Place) -> None:
    workspace = place.twenty.workspace
    made = await workspace.ensure_object(place.name, place.plural, icon="IconPlanet", description="new")
    again = await workspace.ensure_object(place.name, place.plural, icon="IconPlanet")
    assert again == await workspace.object(place.name)
    assert (again.id, again.description) == (made.id, "new")
    changed = await workspace.ensure_object(place.name, place.plural, label_singular=f"Our {place.name}")
    assert (changed.id, changed.label_singular, changed.icon) == (made.id, f"Our {place.name}", "IconPlanet")
    with pytest.raises(InvalidArgument, match=f"many of which are {place.plural}, not {place.name}es"):
        await workspace.ensure_object(place.name, f"{place.name}es")
    with pytest.raises(InvalidArgument, match=f"there is an object {place.name}"):
        await workspace.ensure_object(place.plural, place.name)


async def test_a_field_is_made_once_and_changed_where_it_is_said_to_be_otherwise(place: Place) -> None:
    workspace = place.twenty.workspace
    of = await workspace.ensure_object(place.name, place.plural)
    made = await workspace.ensure_field(of, "stage", "SELECT", options=["GAS", "ROCK"], label="Kind of it")
    assert await workspace.ensure_field(of, "stage", "SELECT", options=["ROCK"]) == made
    grown = await workspace.ensure_field(of, "stage", "SELECT", options=["ICE", {"value": "GAS", "label": "Gas giant"}])
    assert (grown.id, grown.label) == (made.id, "Kind of it")
    listed = [(option.value, option.label) for option in await workspace.picklist(of, "stage")]
    assert listed == [("GAS", "Gas giant"), ("ROCK", "Rock"), ("ICE", "Ice")]
    before = {option.value: option.id for option in made.options or ()}
    after = {option.value: option.id for option in grown.options or ()}
    assert {value: after[value] for value in before} == before

    mass = await workspace.ensure_field(of, "mass", "NUMBER", settings={"data_type": "float", "decimals": 3})
    other = await workspace.ensure_field(of, "mass", "NUMBER", settings={"decimals": 1})
    assert other.id == mass.id
    assert {"dataType": "float", "decimals": 1}.items() <= (other.settings or {}).items()
    assert await workspace.ensure_field(of, "mass", "NUMBER", settings={"data_type": "float"}) == other

    maker = RelationTo("company", label=f"{place.name} made")
    leading = await workspace.ensure_field(of, "maker", "RELATION", relation=maker)
    assert await workspace.ensure_field(of, "maker", "RELATION", relation=maker) == leading


async def test_a_field_that_is_there_as_something_else_is_refused_and_stays(place: Place) -> None:
    workspace = place.twenty.workspace
    of = await workspace.ensure_object(place.name, place.plural)
    await workspace.ensure_field(of, "mass", "NUMBER")
    await workspace.ensure_field(of, "papers", "FILES", settings={"max_number_of_values": 3})
    await workspace.ensure_field(of, "maker", "RELATION", relation=RelationTo("company", label=f"{place.name} made"))
    before = await workspace.object(of)
    with pytest.raises(InvalidArgument, match=rf"{place.name}\.mass is there, as a NUMBER and not a TEXT"):
        await workspace.ensure_field(of, "mass", "TEXT")
    with pytest.raises(InvalidArgument, match=r"leads to company \(MANY_TO_ONE\), not to person \(MANY_TO_ONE\)"):
        await workspace.ensure_field(of, "maker", "RELATION", relation=RelationTo("person", label="Makers"))
    with pytest.raises(InvalidArgument, match=r"not to company \(ONE_TO_MANY\)"):
        await workspace.ensure_field(
            of, "maker", "RELATION", relation=RelationTo("company", label="Makers", type="ONE_TO_MANY")
        )
    with pytest.raises(InvalidArgument, match="max_number_of_values is 61; a FILES field holds from 1 to 60 files"):
        await workspace.ensure_field(of, "papers", "FILES", settings={"max_number_of_values": 61})
    assert await workspace.object(of) == before


async def test_picklists_are_told_of_an_object_and_of_the_whole_workspace(place: Place) -> None:
    workspace = place.twenty.workspace
    of = await workspace.ensure_object(place.name, place.plural)
    await workspace.ensure_field(of, "stage", "SELECT", options=["NEW", "OLD"])
    await workspace.ensure_field(of, "tags", "MULTI_SELECT", options=["A"])
    await workspace.ensure_field(of, "stars", "RATING")
    mine = await workspace.picklists(of)
    values = {name: [option.value for option in options] for name, options in mine.items()}
    assert values == {"stage": ["NEW", "OLD"], "tags": ["A"], "stars": [f"RATING_{n}" for n in range(1, 6)]}
    every = await workspace.picklists()
    assert {name: every[f"{place.name}.{name}"] for name in mine} == mine
    assert "opportunity.stage" in every


async def test_an_index_that_was_asked_for_is_removed_and_the_others_stay(place: Place) -> None:
    workspace = place.twenty.workspace
    of = await workspace.ensure_object(place.name, place.plural)
    await workspace.ensure_field(of, "mass", "NUMBER")
    await workspace.ensure_field(of, "code", "TEXT", is_unique=True)
    before = await workspace.indexes.list(of)
    assert any(index.is_unique for index in before)
    made = await workspace.indexes.create(of, ["mass", "code"])
    assert [index for index in await workspace.indexes.list(of) if index not in before] == [made]
    await workspace.indexes.delete(made)
    assert await workspace.indexes.list(of) == before
    with pytest.raises(NotFoundError, match="has no field 'weight'"):
        await workspace.indexes.create(of, ["weight"])


async def test_roles_and_keys_are_listed_as_far_as_a_key_may_see_them(place: Place) -> None:
    workspace = place.twenty.workspace
    roles = {role.id: role.label for role in await workspace.roles()}
    keys = await workspace.api_keys()
    assert "Admin" in roles.values()
    assert any(key.revoked_at is None for key in keys)
    assert all(key.role is None or roles[key.role.id] == key.role.label for key in keys)
    shown = repr(keys) + "".join(key.model_dump_json() for key in keys)
    assert place.environment["TWENTY_API_KEY"] not in shown
