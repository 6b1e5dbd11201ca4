"""The data model, whatever version of the metadata schema the server has."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import JsonValue

from aiotwenty import Twenty
from aiotwenty.errors import ConfigurationError, InvalidInput, NotFoundError, SchemaDrift
from aiotwenty.sandbox import Sandbox
from aiotwenty.workspace import Option, RelationTo, Workspace
from aiotwenty.workspace.data_model import RelationType
from tests.support.ports import free_port


def without(sdl: str, *places: str) -> str:
    """The schema with some fields (`Object.icon`) taken away."""
    for place in places:
        type_name, field = place.split(".")
        before = rf"^(?:type|input) {type_name} \{{\n(?:  .*\n)*?"
        sdl, count = re.subn(rf"({before})  {field}\b.*\n", r"\1", sdl, flags=re.MULTILINE)
        assert count == 1, place
    return sdl


def older(sdl: str) -> str:
    """With what servers of 2025 have instead: flat webhook inputs, isCustom, no applications."""
    sdl = without(
        sdl,
        *("Object.applicationId", "Object.universalIdentifier", "Field.applicationId", "Field.universalIdentifier"),
        *("Webhook.applicationId", "Workspace.workspaceCustomApplicationId", "Field.objectMetadataId"),
        *("CreateObjectInput.color", "CreateObjectInput.skipNameField", "FieldFilter.objectMetadataId"),
    )
    return sdl.replace("type Object {", "type Object {\n  isCustom: Boolean!").replace(
        "type Field {", "type Field {\n  isCustom: Boolean"
    )


VARIANTS: dict[str, Callable[[str], str]] = {
    "today's": lambda sdl: sdl,
    "four months later": lambda sdl: sdl,
    "older": older,
    "without fieldsList": lambda sdl: without(sdl, "Object.fieldsList"),
    "without much": lambda sdl: without(
        sdl,
        *("Object.icon", "Object.description", "Object.isSearchable", "Object.duplicateCriteria"),
        *("Field.settings", "Field.morphRelations", "Field.icon", "Field.isUnique", "Field.isSystem"),
        *("Object.applicationId", "Field.applicationId", "CreateObjectInput.icon"),
    ),
    "with more": lambda sdl: sdl.replace(
        "type Object {", "type Object {\n  mood: String\n  moods(first: Int!): [String!]"
    ),
}


@pytest_asyncio.fixture(params=VARIANTS, scope="module", loop_scope="module")
async def workspace(request: pytest.FixtureRequest, recordings: Path) -> AsyncIterator[Workspace]:
    """The workspace of a sandbox that serves this variant of the metadata schema."""
    name = "metadata.2.43.graphql" if request.param == "four months later" else "metadata.graphql"
    sdl = VARIANTS[request.param]((recordings / name).read_text())
    async with Sandbox(metadata_sdl=sdl) as sandbox, Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
        yield twenty.workspace


async def test_all_objects_come_with_all_their_fields(workspace: Workspace) -> None:
    objects = {one.name_singular: one for one in await workspace.objects()}
    assert len(objects) >= 28
    assert {"id", "name", "domainName", "people"} <= {field.name for field in objects["company"].fields}
    assert len(objects["company"].fields) > 15


async def test_objects_are_made_changed_and_removed(workspace: Workspace, rocket: str) -> None:
    made = await workspace.create_object(f"{rocket}Test", f"{rocket}Tests")
    assert (made.label_singular, made.label_plural) == (f"{rocket} test".capitalize(), f"{rocket} tests".capitalize())
    changed = await workspace.update_object(f"{rocket}Test", label_singular="Trial")
    assert changed.id == made.id
    assert (await workspace.object(f"{rocket}Tests")).label_singular == "Trial"
    await workspace.delete_object(made)
    with pytest.raises(NotFoundError):
        await workspace.object(f"{rocket}Test")


async def test_fields_are_made_changed_and_removed(workspace: Workspace, rocket: str) -> None:
    object_ = await workspace.create_object(rocket, f"{rocket}s")
    made = await workspace.create_field(object_, "topSpeed", "NUMBER")
    assert (made.type, made.label) == ("NUMBER", "Top speed")
    await workspace.update_field(rocket, "topSpeed", label="v max")
    assert (await workspace.field(rocket, "topSpeed")).label == "v max"
    await workspace.delete_field(rocket, "topSpeed")
    assert "topSpeed" not in [field.name for field in await workspace.fields(rocket)]


async def test_picklists_are_read_and_grow(workspace: Workspace, rocket: str) -> None:
    await workspace.create_object(rocket, f"{rocket}s")
    await workspace.create_field(rocket, "stage", "SELECT", options=["ON_PAD", {"value": "UP", "label": "Up!"}])
    await workspace.add_options(rocket, "stage", "UP", "BACK_HOME")
    options = await workspace.picklist(rocket, "stage")
    assert [(option.value, option.label) for option in options] == [
        ("ON_PAD", "On pad"),
        ("UP", "Up!"),
        ("BACK_HOME", "Back home"),
    ]


async def test_relations_are_made_and_followed(workspace: Workspace, rocket: str) -> None:
    await workspace.create_object(rocket, f"{rocket}s")
    await workspace.create_field(rocket, "maker", "RELATION", relation=RelationTo("company", label=f"Of {rocket}"))
    relation = (await workspace.field(rocket, "maker")).relation
    assert relation is not None
    assert (relation.type, relation.target_object) == ("MANY_TO_ONE", "company")
    assert (await workspace.field("company", relation.target_field)).label == f"Of {rocket}"


@pytest.mark.parametrize("kind", ["MANY_TO_ONE", "ONE_TO_MANY"])
async def test_a_new_morph_relation_has_the_name_under_which_it_is_listed(
    workspace: Workspace, rocket: str, kind: RelationType
) -> None:
    """The server answers with the name of one of its parts."""
    await workspace.create_object(rocket, f"{rocket}s")
    targets = [RelationTo(name, label=f"Of {rocket}", type=kind) for name in ("company", "person")]
    made = await workspace.create_field(rocket, "helper", "MORPH_RELATION", relation=targets)
    assert made.name == "helper"
    assert await workspace.field(rocket, made.name) == made
    if made.morph_relations is not None:  # not every server tells
        assert {relation.target_object for relation in made.morph_relations} == {"company", "person"}


async def test_a_field_of_files_says_how_many_it_holds(workspace: Workspace, rocket: str) -> None:
    await workspace.create_object(rocket, f"{rocket}s")
    made = await workspace.create_field(rocket, "papers", "FILES")
    most = await workspace.create_field(rocket, "pictures", "FILES", settings={"maxNumberOfValues": 60})
    if made.settings is not None:  # not every server tells
        assert (made.settings, most.settings) == ({"maxNumberOfValues": 10}, {"maxNumberOfValues": 60})


@pytest.mark.parametrize("number", [0, 61, 2.5, "3", True, None])
async def test_a_field_of_files_that_the_server_would_refuse_is_refused_here(
    workspace: Workspace, rocket: str, number: JsonValue
) -> None:
    await workspace.create_object(rocket, f"{rocket}s")
    with pytest.raises(ConfigurationError, match="from 1 to 60 files"):
        await workspace.create_field(rocket, "papers", "FILES", settings={"maxNumberOfValues": number})


async def test_webhooks_are_made_changed_and_removed(workspace: Workspace) -> None:
    made = await workspace.webhooks.create("https://receiver.example/hook", ["company.created"], description="probe")
    assert made.secret is not None
    assert len(made.secret.get_secret_value()) == 64
    await workspace.webhooks.update(made.id, operations=["*.*"])
    changed = await workspace.webhooks.get(made.id)
    assert (changed.operations, changed.target_url, changed.description) == (["*.*"], made.target_url, "probe")
    assert changed.secret == made.secret
    await workspace.webhooks.delete(made.id)
    assert made.id not in [one.id for one in await workspace.webhooks.list()]
    with pytest.raises(NotFoundError):
        await workspace.webhooks.get(made.id)


async def test_a_custom_object_is_told_from_a_standard_one(twenty: Twenty, rocket: str) -> None:
    made = await twenty.workspace.create_object(rocket, f"{rocket}s")
    assert made.is_custom is True
    company = await twenty.workspace.object("company")
    assert company.is_custom is False
    assert company.field("name").is_custom is False


async def test_objects_are_found_by_id_and_by_either_name(twenty: Twenty) -> None:
    person = await twenty.workspace.object("person")
    assert await twenty.workspace.object("people") == person
    assert await twenty.workspace.object(str(person.id)) == person
    assert await twenty.workspace.object(person) == person


async def test_an_object_that_is_not_there_is_named_with_one_that_is_like_it(twenty: Twenty) -> None:
    with pytest.raises(NotFoundError, match="no object 'compny' \\(did you mean 'company'"):
        await twenty.workspace.object("compny")


async def test_a_field_that_is_not_there_is_named(twenty: Twenty) -> None:
    with pytest.raises(NotFoundError, match=r"company has no field 'nme' \(did you mean 'name'\?\)"):
        await twenty.workspace.field("company", "nme")


async def test_a_field_without_options_is_no_picklist(twenty: Twenty) -> None:
    with pytest.raises(NotFoundError, match="name is a TEXT field"):
        await twenty.workspace.picklist("company", "name")
    with pytest.raises(NotFoundError, match="name is a TEXT field"):
        await twenty.workspace.add_options("company", "name", "BIG")


async def test_an_option_in_a_mapping_needs_a_value_only(twenty: Twenty, rocket: str) -> None:
    await twenty.workspace.create_object(rocket, f"{rocket}s")
    made = await twenty.workspace.create_field(rocket, "stage", "SELECT", options=[{"value": "ON_PAD", "color": "red"}])
    assert made.options is not None
    assert [(option.value, option.label, option.color) for option in made.options] == [("ON_PAD", "On pad", "red")]


async def test_something_the_server_does_not_take_is_refused_before_it_is_sent(twenty: Twenty, rocket: str) -> None:
    with pytest.raises(ConfigurationError, match="takes no colour"):
        await twenty.workspace.create_object(rocket, f"{rocket}s", colour="red")


async def test_what_newer_servers_take_can_be_given(twenty: Twenty, rocket: str) -> None:
    made = await twenty.workspace.create_object(rocket, f"{rocket}s", skip_name_field=True, color="red")
    assert "name" not in [field.name for field in made.fields]


async def test_a_name_that_is_taken_is_refused_with_the_servers_reason(twenty: Twenty, rocket: str) -> None:
    await twenty.workspace.create_object(rocket, f"{rocket}s")
    with pytest.raises(InvalidInput, match="Object already exists"):
        await twenty.workspace.create_object(rocket, f"{rocket}s")


async def test_a_standard_object_cannot_be_removed(twenty: Twenty) -> None:
    with pytest.raises(InvalidInput, match="Standard objects cannot be deleted"):
        await twenty.workspace.delete_object("company")


async def test_new_objects_and_fields_are_there_for_the_next_request(twenty: Twenty, rocket: str) -> None:
    await twenty.workspace.create_object(rocket, f"{rocket}s")
    await twenty.workspace.create_field(rocket, "stage", "SELECT", options=["ON_PAD"], default_value="'ON_PAD'")
    root = f"create{rocket.capitalize()}"
    answer = await twenty.execute(f'mutation {{ {root}(data: {{ name: "V2" }}) {{ name stage }} }}')
    assert answer == {root: {"name": "V2", "stage": "ON_PAD"}}


async def test_a_schema_that_changed_under_way_is_asked_for_again(recordings: Path) -> None:
    today = (recordings / "metadata.graphql").read_text()
    former = today.replace("\ntype Object {", "\ntype Object {\n  nameSingularOfOld: String!", 1)
    async with Sandbox(metadata_sdl=former, port=free_port()) as before:
        running = before
        async with Twenty(before.url, api_key=lambda: running.api_key) as twenty:
            await twenty.workspace.served.schema()
            await before.aclose()
            async with Sandbox(metadata_sdl=today, port=before.port) as running:
                answer = await twenty.workspace.served.call(
                    "query",
                    "objects",
                    {"paging": {"first": 1}, "filter": {}},
                    select={"edges": {"node": {"nameSingularOfOld": None, "nameSingular": None}}},
                )
    assert set(answer["edges"][0]["node"]) == {"nameSingular"}


async def test_an_operation_that_the_server_lost_is_reported_as_drift(recordings: Path) -> None:
    sdl = without((recordings / "metadata.graphql").read_text(), "Mutation.createWebhook")
    async with Sandbox(metadata_sdl=sdl) as sandbox, Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
        with pytest.raises(SchemaDrift, match="has no mutation createWebhook"):
            await twenty.workspace.webhooks.create("https://receiver.example")


def test_an_option_keeps_its_id_when_a_picklist_grows() -> None:
    option = Option.model_validate({"id": str(uuid.uuid4()), "value": "A", "label": "A", "position": 0, "color": "red"})
    assert set(option.model_dump(mode="json", by_alias=True)) == {"id", "value", "label", "position", "color"}


async def test_the_workspace_itself_is_given_with_all_its_settings(twenty: Twenty) -> None:
    found = await twenty.metadata.get_current_workspace()
    assert found.workspace_custom_application_id
    assert found.allow_impersonation is True
    assert found.display_name == "Sandbox"
