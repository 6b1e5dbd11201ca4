"""`/metadata`: the data model read and changed, and what it refuses."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aiotwenty.sandbox.dialect import OLDEST
from aiotwenty.sandbox.metadata.files import FileStore
from aiotwenty.sandbox.metadata.resolvers import Metadata
from aiotwenty.sandbox.model.workspace import Caller, SandboxWorkspace
from tests.support.metadata_endpoint import CREATE_FIELD, CREATE_OBJECT, ROCKET, Endpoint

UPDATE_OBJECT = "mutation ($input: UpdateOneObjectInput!) { updateOneObject(input: $input) { id nameSingular } }"
UPDATE_FIELD = "mutation ($input: UpdateOneFieldMetadataInput!) { updateOneField(input: $input) { id name isActive } }"


@pytest.fixture
def endpoint() -> Endpoint:
    return Endpoint()


def relation_to(endpoint: Endpoint, target: str, label: str, kind: str = "MANY_TO_ONE") -> dict[str, Any]:
    return {
        "type": kind,
        "targetObjectMetadataId": endpoint.object_id(target),
        "targetFieldLabel": label,
        "targetFieldIcon": "IconBox",
    }


# Changes


def test_a_created_object_has_its_root_fields_at_once(endpoint: Endpoint) -> None:
    endpoint.create_object()

    schema = endpoint.schema.current()
    assert {"rocket", "rockets", "rocketsGroupBy"} <= set(schema.query_type.fields if schema.query_type else ())
    assert "createRockets" in (schema.mutation_type.fields if schema.mutation_type else ())


def test_names_with_digits_get_the_capitals_of_the_real_server(endpoint: Endpoint) -> None:
    endpoint.create_object(nameSingular="probe9b775", namePlural="probe9b775s")

    model = endpoint.workspace.model
    assert model.by_root("probe9B775S") == (model.objects["probe9b775"], "find_many")
    assert model.by_root("createProbe9B775") == (model.objects["probe9b775"], "create_one")
    assert model.objects["probe9b775"].type_name == "Probe9B775"


def test_a_created_relation_is_there_from_both_ends(endpoint: Endpoint) -> None:
    endpoint.create_object()
    endpoint.create_field(
        "rocket", "builder", "RELATION", relationCreationPayload=relation_to(endpoint, "company", "Built Rockets")
    )

    assert {"builder", "builderId"} <= endpoint.fields_of("Rocket")
    assert "builtRockets" in endpoint.fields_of("Company")


def test_a_relation_created_from_its_many_side_keeps_the_column_at_the_other_end(endpoint: Endpoint) -> None:
    endpoint.create_object()
    payload = relation_to(endpoint, "company", "Rocket Maker", "ONE_TO_MANY")
    endpoint.create_field("rocket", "suppliers", "RELATION", relationCreationPayload=payload)

    assert "suppliers" in endpoint.fields_of("Rocket")
    assert {"rocketMaker", "rocketMakerId"} <= endpoint.fields_of("Company")


def test_a_deleted_relation_is_gone_from_both_ends(endpoint: Endpoint) -> None:
    payload = relation_to(endpoint, "person", "Companies Coached")
    field = endpoint.create_field("company", "coach", "RELATION", relationCreationPayload=payload)
    endpoint.data(
        "mutation ($input: DeleteOneFieldInput!) { deleteOneField(input: $input) { id } }", {"input": {"id": field}}
    )

    assert not {"coach", "coachId"} & endpoint.fields_of("Company")
    assert "companiesCoached" not in endpoint.fields_of("Person")


def test_a_deleted_object_takes_every_relation_to_it_along(endpoint: Endpoint) -> None:
    before = endpoint.schema.current().type_map.keys()
    rocket = endpoint.create_object()
    payload = relation_to(endpoint, "company", "Rockets")
    endpoint.create_field("rocket", "owner", "RELATION", relationCreationPayload=payload)
    endpoint.data(
        "mutation ($input: DeleteOneObjectInput!) { deleteOneObject(input: $input) { id } }", {"input": {"id": rocket}}
    )

    assert endpoint.schema.current().type_map.keys() == before
    assert "rockets" not in endpoint.fields_of("Company")
    assert "targetRocket" not in endpoint.fields_of("NoteTarget")


def test_what_is_inactive_is_only_said_to_be(endpoint: Endpoint) -> None:
    field = endpoint.create_field("company", "motto")
    endpoint.data(UPDATE_FIELD, {"input": {"id": field, "update": {"isActive": False}}})
    endpoint.data(UPDATE_OBJECT, {"input": {"id": endpoint.object_id("person"), "update": {"isActive": False}}})

    assert "motto" in endpoint.fields_of("Company")
    assert endpoint.workspace.model.by_root("people") is not None
    assert endpoint.data(f'{{ field(id: "{field}") {{ isActive }} }}')["field"] == {"isActive": False}


def test_a_renamed_field_keeps_its_values(endpoint: Endpoint) -> None:
    field = endpoint.create_field("company", "motto")
    insert(endpoint, "company", motto="Higher")
    endpoint.data(UPDATE_FIELD, {"input": {"id": field, "update": {"name": "slogan"}}})

    assert endpoint.connection.execute("SELECT slogan FROM company").fetchall() == [("Higher",)]
    assert "slogan" in endpoint.fields_of("Company")


def test_a_renamed_object_renames_what_points_to_it(endpoint: Endpoint) -> None:
    rocket = endpoint.create_object()
    update = {"nameSingular": "spaceship", "namePlural": "spaceships"}
    endpoint.data(UPDATE_OBJECT, {"input": {"id": rocket, "update": update}})

    assert {"targetSpaceship", "targetSpaceshipId"} <= endpoint.fields_of("NoteTarget")
    assert endpoint.workspace.model.by_root("createSpaceship") is not None
    assert endpoint.workspace.model.by_root("createRocket") is None


def test_a_renamed_object_keeps_its_records_and_who_points_to_them(endpoint: Endpoint) -> None:
    rocket = endpoint.create_object()
    insert(endpoint, "rocket", id="r", name="Ariane")
    insert(endpoint, "noteTarget", targetRocketId="r")
    update = {"nameSingular": "spaceship", "namePlural": "spaceships"}
    endpoint.data(UPDATE_OBJECT, {"input": {"id": rocket, "update": update}})

    joined = 'SELECT name FROM spaceship JOIN "noteTarget" ON "targetSpaceshipId" = spaceship.id'
    assert endpoint.connection.execute(joined).fetchall() == [("Ariane",)]


def test_an_index_that_is_asked_for_is_made_and_listed(endpoint: Endpoint) -> None:
    company = endpoint.workspace.model.objects["company"]
    fields = [
        {"fieldMetadataId": company.fields["address"].id, "subFieldName": "addressCity"},
        {"fieldMetadataId": company.fields["name"].id},
    ]
    document = "mutation ($i: CreateOneIndexInput!) { createOneIndex(input: $i) { id isUnique } }"
    made = endpoint.data(document, {"i": {"index": {"objectMetadataId": company.id, "fields": fields}}})
    listed = endpoint.data("{ indexMetadatas(paging: {first: 999}) { edges { node { id } } } }")

    assert made["createOneIndex"] in [edge["node"] | {"isUnique": False} for edge in listed["indexMetadatas"]["edges"]]
    plan = "EXPLAIN QUERY PLAN SELECT id FROM company WHERE \"addressAddressCity\" = 'Oslo' AND name = 'x'"
    assert "company index addressAddressCity name" in str(endpoint.connection.execute(plan).fetchall())


def test_only_indexes_that_were_asked_for_can_be_deleted(endpoint: Endpoint) -> None:
    listed = endpoint.data("{ indexMetadatas(paging: {first: 1}) { edges { node { id } } } }")
    given = {"i": {"id": listed["indexMetadatas"]["edges"][0]["node"]["id"]}}
    answer = endpoint.ask("mutation ($i: DeleteOneIndexInput!) { deleteOneIndex(input: $i) { id } }", given)

    assert answer.body["errors"][0]["extensions"]["userFriendlyMessage"] == "Only custom indexes can be deleted"


def test_a_change_that_the_database_refuses_leaves_everything_as_it_was(endpoint: Endpoint) -> None:
    field = endpoint.create_field("company", "code")
    insert(endpoint, "company", id="1", code="same")
    insert(endpoint, "company", id="2", code="same")
    answer = endpoint.ask(UPDATE_FIELD, {"input": {"id": field, "update": {"isUnique": True}}})

    assert "The records that are there don't allow this change" in answer.body["errors"][0]["message"]
    assert endpoint.workspace.model.objects["company"].unique_indexes == [["domainName"]]
    assert endpoint.connection.execute("SELECT count(*) FROM company").fetchone() == (2,)


def insert(endpoint: Endpoint, into: str, **values: Any) -> None:
    """One row with the defaults of its columns, below the level of records."""
    columns = endpoint.workspace.model.objects[into].columns.values()
    row = {"id": "0"} | {
        column.name: column.default if column.default is not None else "2026-01-01"
        for column in columns
        if not column.nullable and column.name != "id"
    }
    row |= values
    names, marks = ", ".join(f'"{each}"' for each in row), ", ".join("?" for _ in row)
    endpoint.connection.execute(f'INSERT INTO "{into}" ({names}) VALUES ({marks})', [*row.values()])


# Refusals


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "name"}, 'Name "name" is not available as it is already used by another field'),
        ({"name": "accountOwnerId"}, 'Name "accountOwnerId" is not available as it is already used by another field'),
        ({"name": "x" * 64}, "Name is too long"),
        ({"name": "type"}, 'This name is reserved. Use a different name or the system will add "Custom" suffix.'),
        (
            {"type": "FILES"},
            "maxNumberOfValues must be defined in settings and be a number greater than 0 and less than or equal to 60",
        ),
        ({"label": " "}, "Label cannot be empty"),
        ({"type": "SELECT"}, "Options are required for enum fields"),
        ({"type": "POSITION"}, "Field type POSITION is not supported for field creation."),
        ({"type": "RELATION"}, "Relation creation payload is required"),
        (
            {"type": "SELECT", "options": [{"label": "One", "value": "one"}]},
            'Value must be in UPPER_CASE and follow snake_case "one"',
        ),
        (
            {"type": "SELECT", "options": [{"label": "A", "value": "A"}, {"label": "B", "value": "A"}]},
            "Duplicated option value",
        ),
        (
            {"type": "SELECT", "options": [{"label": "A", "value": "A"}], "defaultValue": "'B'"},
            'Default value "B" must be one of the option values',
        ),
        (
            {"type": "SELECT", "options": [{"label": "A", "value": "A"}], "defaultValue": "A"},
            "Default value should be as quoted string",
        ),
        (
            {"type": "MULTI_SELECT", "options": [{"label": "A", "value": "A"}], "defaultValue": "'A'"},
            "Default value for multi-select must be an array got 'A'",
        ),
        ({"type": "SELECT", "options": [{"label": "A"}]}, "Option value is required"),
        ({"type": "SELECT", "options": [{"label": "a, b", "value": "A"}]}, "Label must not contain a comma"),
        *(
            (
                {"type": "SELECT", "options": [{"label": "A", "value": value}]},
                f'Value must be in UPPER_CASE and follow snake_case "{value}"',
            )
            for value in ("lower", "Ab", "A-B", "A B", "1A", "12", "_A", "A__B", "Ä")
        ),
        (
            {
                "type": "SELECT",
                "options": [
                    {"label": "A", "value": "A", "position": 0},
                    {"label": "A", "value": "B", "position": 0},
                ],
            },
            "Duplicated option position",
        ),
        ({"type": "NUMBER", "settings": {"dataType": "x"}}, "Data type must be one of float, int, bigint"),
        ({"settings": "x"}, "Settings must be an object"),
        ({"type": "RICH_TEXT", "isUnique": True}, "A field of type RICH_TEXT cannot be unique"),
        ({"isUnique": True, "defaultValue": "'x'"}, "Unique fields cannot have a default value"),
    ],
)
def test_a_field_that_cannot_be_is_refused_with_its_reason(
    endpoint: Endpoint, given: dict[str, Any], message: str
) -> None:
    field = {"objectMetadataId": endpoint.object_id("company"), "name": "x1", "label": "x1", "type": "TEXT"} | given
    revision = endpoint.workspace.model.revision

    assert endpoint.reasons(CREATE_FIELD, {"input": {"field": field}}) == [message]
    assert "x1" not in endpoint.workspace.model.objects["company"].fields
    assert endpoint.workspace.model.revision == revision


@pytest.mark.parametrize(
    "given",
    [{"defaultValue": "x"}, {"defaultValue": 5}, {"type": "BOOLEAN", "defaultValue": "true"}],
)
def test_a_default_that_the_database_refuses_fails_as_a_migration(endpoint: Endpoint, given: dict[str, Any]) -> None:
    field = {"objectMetadataId": endpoint.object_id("company"), "name": "x1", "label": "x1", "type": "TEXT"} | given
    (error,) = endpoint.ask(CREATE_FIELD, {"input": {"field": field}}).body["errors"]

    assert error["message"].startswith("Migration action 'create' for 'fieldMetadata' (universalIdentifier: ")
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "x1" not in endpoint.workspace.model.objects["company"].fields


def test_blanks_around_an_option_are_trimmed(endpoint: Endpoint) -> None:
    options = [{"label": " A ", "value": " A1_B2 "}, {"label": "A", "value": "TRUE"}]
    endpoint.create_field("company", "mood", "SELECT", options=options)
    found = endpoint.workspace.model.objects["company"].fields["mood"].options or []
    assert [(each["label"], each["value"]) for each in found] == [("A", "A1_B2"), ("A", "TRUE")]


def test_a_new_morph_relation_to_many_has_the_name_of_a_part_once(endpoint: Endpoint) -> None:
    kind, name = "ONE_TO_MANY", "aboutCompanies"
    endpoint.create_object()
    payloads = [relation_to(endpoint, "company", "Rockets", kind), relation_to(endpoint, "person", "Rockets", kind)]
    field: dict[str, Any] = {"objectMetadataId": endpoint.object_id("rocket"), "name": "about", "label": "About"}
    field |= {"type": "MORPH_RELATION", "morphRelationsCreationPayload": payloads}
    made = endpoint.data(CREATE_FIELD, {"input": {"field": field}})["createOneField"]
    listed = endpoint.data(f'{{ object(id: "{endpoint.object_id("rocket")}") {{ fieldsList {{ name }} }} }}')

    assert made["name"] == name
    assert {"name": "about"} in listed["object"]["fieldsList"]
    assert {"name": name} not in listed["object"]["fieldsList"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"nameSingular": "Rocket"}, "Name is not valid: it must start with lowercase letter and contain only "),
        ({"namePlural": "rocket"}, "The singular and plural names cannot be the same for an object"),
        ({"nameSingular": "person"}, "Object already exists"),
        ({"labelPlural": ""}, "Object labelPlural cannot be empty"),
        ({"nameSingular": "int"}, 'Name "int" is not available'),
        ({"namePlural": "dateTime"}, 'Name "dateTime" is not available'),
    ],
)
def test_an_object_that_cannot_be_is_refused_with_its_reason(
    endpoint: Endpoint, given: dict[str, Any], message: str
) -> None:
    reasons = endpoint.reasons(CREATE_OBJECT, {"input": {"object": ROCKET | given}})

    assert [reason[: len(message)] for reason in reasons] == [message]


def test_what_is_not_there_cannot_be_deleted_or_changed(endpoint: Endpoint) -> None:
    nowhere = "20202020-0000-4000-8000-000000000001"
    delete = "mutation($input: DeleteOneObjectInput!) { deleteOneObject(input: $input) { id } }"
    (deleting,) = endpoint.ask(delete, {"input": {"id": nowhere}}).body["errors"]
    (changing,) = endpoint.ask(UPDATE_OBJECT, {"input": {"id": nowhere, "update": {}}}).body["errors"]

    assert deleting["message"] == changing["message"] == "Could not find flat entity in maps"
    document = f'mutation {{ deleteOneField(input: {{ id: "{nowhere}" }}) {{ id }} }}'
    field = endpoint.ask(document).body["errors"][0]
    assert field["message"] == "Field to delete not found"
    assert field["extensions"]["subCode"] == "FIELD_METADATA_NOT_FOUND"


def test_a_label_cannot_become_empty(endpoint: Endpoint) -> None:
    endpoint.create_object()
    note = endpoint.create_field("rocket", "note")

    assert endpoint.reasons(UPDATE_FIELD, {"input": {"id": note, "update": {"label": " "}}}) == [
        "Label cannot be empty"
    ]


def test_the_field_that_stands_for_a_record_cannot_be_deleted(endpoint: Endpoint) -> None:
    endpoint.create_object()
    name = endpoint.workspace.model.objects["rocket"].fields["name"].id
    document = "mutation ($input: DeleteOneFieldInput!) { deleteOneField(input: $input) { id } }"

    assert endpoint.reasons(document, {"input": {"id": name}}) == [
        "Cannot delete, please update the label identifier field first"
    ]


def test_an_id_that_is_no_uuid_reaches_the_database(endpoint: Endpoint) -> None:
    (error,) = endpoint.ask('{ object(id: "x") { id } }').body["errors"]

    assert error["message"] == 'invalid input syntax for type uuid: "x"'
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"


def test_an_older_server_refuses_a_variable_that_is_no_uuid_with_status_400() -> None:
    answer = Endpoint(dialect=OLDEST).ask("query ($id: UUID!) { object(id: $id) { id } }", {"id": "nope"})

    assert answer.status == 400
    assert answer.body["errors"][0]["message"] == "Invalid UUID"
    assert answer.body["errors"][0]["extensions"]["http"] == {"status": 400}


def test_a_missing_variable_is_refused_with_status_400(endpoint: Endpoint) -> None:
    answer = endpoint.ask("query ($id: UUID!) { object(id: $id) { id } }")

    assert answer.status == 400
    assert answer.body["errors"][0]["message"] == 'Variable "$id" of required type "UUID!" was not provided.'


def test_what_the_sandbox_has_not_says_so(endpoint: Endpoint) -> None:
    error = endpoint.ask("{ minimalMetadata { views { id } } }").body["errors"][0]

    assert error["message"] == "The sandbox doesn't have Query.minimalMetadata"
    assert error["extensions"]["code"] == "NOT_IN_SANDBOX"


def test_a_list_of_what_was_never_made_is_empty(endpoint: Endpoint) -> None:
    assert endpoint.data("{ skills { id } frontComponents { id } }") == {"skills": [], "frontComponents": []}


def test_applications_are_there_but_not_their_lists(endpoint: Endpoint) -> None:
    assert len(endpoint.data("{ findManyApplications { id name } }")["findManyApplications"]) == 2
    error = endpoint.ask("{ findManyApplications { agents { id } } }").body["errors"][0]
    assert error["message"] == "Cannot return null for non-nullable field Application.agents."


@pytest.mark.parametrize("query", ["chatThreads", "myMessageChannels"])
def test_what_belongs_to_a_person_is_refused_to_a_key(endpoint: Endpoint, query: str) -> None:
    error = endpoint.ask(f"{{ {query} {{ id }} }}").body["errors"][0]
    assert error["message"] == "This endpoint requires a user context. API keys are not supported."
    assert (error["extensions"]["code"], error["extensions"]["subCode"]) == ("FORBIDDEN", "FORBIDDEN_EXCEPTION")


def test_without_a_key_nothing_but_typename_is_answered(endpoint: Endpoint) -> None:
    assert endpoint.ask("{ webhooks { id } }", authenticated=False).body["errors"][0]["message"] == "Forbidden resource"
    assert endpoint.ask("{ __typename }", authenticated=False).body == {"data": {"__typename": "Query"}}


def test_fragments_count_towards_the_depth(endpoint: Endpoint) -> None:
    below = "relation { targetObjectMetadata { fieldsList { id } } }"
    document = f"""
        {{ objects {{ edges {{ node {{ ...A }} }} }} }}
        fragment A on Object {{ fieldsList {{ relation {{ targetObjectMetadata {{ fieldsList {{ {below} }} }} }} }} }}
    """

    message = endpoint.ask(document).body["errors"][0]["message"]
    assert message.startswith("Query too complex - Too many nested fields requested: 11 ")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "'A'", "A", "MANY_TO_ONE", "float", "now"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["value", "label", "dataType", "type", "targetFieldLabel", "primaryLinkUrl"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@settings(
    max_examples=settings().max_examples // 4,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    of_type=st.sampled_from(["TEXT", "NUMBER", "SELECT", "LINKS", "RELATION", "MORPH_RELATION", "RATING", "FILES"]),
    given=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("defaultValue", "options", "settings", "relationCreationPayload"), json_values)
        | {"isUnique": st.booleans(), "isNullable": st.booleans()},
    ),
)
def test_whatever_is_asked_for_is_made_or_refused_with_a_reason(
    endpoint: Endpoint, of_type: str, given: dict[str, Any]
) -> None:
    field = {"objectMetadataId": endpoint.object_id("company"), "name": "x1", "label": "x1", "type": of_type}
    answer = endpoint.ask(CREATE_FIELD, {"input": {"field": field | given}})

    if "errors" in answer.body:
        error = answer.body["errors"][0]
        failed = error["message"].startswith("Migration action 'create' for 'fieldMetadata' (universalIdentifier: ")
        assert failed or error["extensions"]["code"] == "METADATA_VALIDATION_FAILED"
        return
    endpoint.schema.current()
    document = "mutation ($input: DeleteOneFieldInput!) { deleteOneField(input: $input) { id } }"
    endpoint.data(document, {"input": {"id": answer.body["data"]["createOneField"]["id"]}})


# Reading


def test_objects_come_in_tens_and_a_walk_finds_each_once(endpoint: Endpoint) -> None:
    document = """query ($paging: CursorPaging = {first: 10}) {
        objects(paging: $paging) { edges { node { id } } pageInfo { hasNextPage endCursor } } }"""
    seen: list[str] = []
    page = endpoint.data("{ objects { edges { node { id } } pageInfo { hasNextPage endCursor } } }")["objects"]
    while True:
        seen += [edge["node"]["id"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        assert len(page["edges"]) == 10
        paging = {"first": 10, "after": page["pageInfo"]["endCursor"]}
        page = endpoint.data(document.replace("CursorPaging =", "CursorPaging! ="), {"paging": paging})["objects"]

    assert sorted(seen) == sorted(each.id for each in endpoint.workspace.model.objects.values())


def test_a_walk_backwards_stops_at_the_first_object(endpoint: Endpoint) -> None:
    document = """query ($paging: CursorPaging!) {
        objects(paging: $paging) { edges { cursor } pageInfo { hasNextPage hasPreviousPage } } }"""
    page = endpoint.data(document, {"paging": {"last": 5, "before": "YXJyYXljb25uZWN0aW9uOjM="}})["objects"]

    assert [edge["cursor"] for edge in page["edges"]] == [
        "YXJyYXljb25uZWN0aW9uOjA=",
        "YXJyYXljb25uZWN0aW9uOjE=",
        "YXJyYXljb25uZWN0aW9uOjI=",
    ]
    assert page["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": False}


def test_objects_can_be_filtered(endpoint: Endpoint) -> None:
    document = "{ objects(paging: {first: 99}, filter: {isSystem: {is: false}}) { edges { node { nameSingular } } } }"
    names = {edge["node"]["nameSingular"] for edge in endpoint.data(document)["objects"]["edges"]}

    assert {"company", "person", "opportunity"} <= names
    assert "attachment" not in names


def test_relations_tell_both_their_ends(endpoint: Endpoint) -> None:
    field = endpoint.workspace.model.objects["person"].fields["company"].id
    document = """query ($id: UUID!) { field(id: $id) { relation {
        type targetObjectMetadata { nameSingular } targetFieldMetadata { name } sourceFieldMetadata { name } } } }"""

    assert endpoint.data(document, {"id": field})["field"]["relation"] == {
        "type": "MANY_TO_ONE",
        "targetObjectMetadata": {"nameSingular": "company"},
        "targetFieldMetadata": {"name": "people"},
        "sourceFieldMetadata": {"name": "company"},
    }


def test_unique_indexes_are_listed(endpoint: Endpoint) -> None:
    endpoint.create_field("company", "code", isUnique=True)
    document = """{ objects(paging: {first: 99}) { edges { node {
        nameSingular fieldsList { id name }
        indexMetadataList { isUnique indexFieldMetadataList { fieldMetadataId } } } } } }"""
    nodes = (edge["node"] for edge in endpoint.data(document)["objects"]["edges"])
    company = next(node for node in nodes if node["nameSingular"] == "company")
    names = {field["id"]: field["name"] for field in company["fieldsList"]}
    unique = [
        [names[one["fieldMetadataId"]] for one in index["indexFieldMetadataList"]]
        for index in company["indexMetadataList"]
        if index["isUnique"]
    ]

    assert unique == [["domainName"], ["code"]]


def test_the_roles_and_the_workspace_are_told(endpoint: Endpoint) -> None:
    found = endpoint.data("{ getRoles { label apiKeys { name } } currentWorkspace { id activationStatus } }")

    assert [role["label"] for role in found["getRoles"]] == ["Admin", "Member"]
    assert found["getRoles"][0]["apiKeys"] == [{"name": "My api key"}]
    assert found["currentWorkspace"]["activationStatus"] == "ACTIVE"


# The workspace stays in its database


def test_a_database_opened_again_has_the_same_model_keys_and_webhooks(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    first = SandboxWorkspace(sqlite3.connect(path))
    files = FileStore(sqlite3.connect(":memory:"), first, lambda: "")
    metadata = Metadata(first, lambda model: None, files)
    metadata.execute(CREATE_OBJECT, {"input": {"object": ROCKET}}, caller=Caller("Test"))
    hook = {"targetUrl": "http://127.0.0.1:9/", "operations": ["*.*"]}
    metadata.execute(
        "mutation ($i: CreateWebhookInput!) { createWebhook(input: $i) { id } }", {"i": hook}, caller=Caller("Test")
    )

    again = SandboxWorkspace(sqlite3.connect(path))

    assert "rocket" in again.model.objects
    assert again.api_key == first.api_key
    assert [each.target_url for each in again.webhooks.values()] == ["http://127.0.0.1:9/"]


def test_no_repr_shows_a_key_or_a_secret(endpoint: Endpoint) -> None:
    hook = {"targetUrl": "http://127.0.0.1:9/", "operations": ["*.*"], "secret": "whisper"}
    endpoint.data("mutation ($i: CreateWebhookInput!) { createWebhook(input: $i) { id } }", {"i": hook})

    shown = repr([*endpoint.workspace.api_keys.values(), *endpoint.workspace.webhooks.values()])
    assert endpoint.workspace.api_key not in shown
    assert "whisper" not in shown


# Another schema, and the older server


def test_another_metadata_schema_can_be_served(recordings: Path) -> None:
    newer = Endpoint(sdl=(recordings / "metadata.2.43.graphql").read_text("utf-8"))

    newer.data("query { objects(paging: {first: 1}, filter: {}) { edges { node { openRecordIn writability } } } }")
    newer.create_object()
    assert "rocket" in newer.workspace.model.objects


def test_a_field_missing_from_the_served_schema_is_not_there(recordings: Path) -> None:
    sdl = (recordings / "metadata.graphql").read_text("utf-8").replace("  labelIdentifierFieldMetadataId: UUID\n", "")
    poorer = Endpoint(sdl=sdl)
    answer = poorer.ask("{ objects { edges { node { labelIdentifierFieldMetadataId } } } }")

    assert "data" not in answer.body
    assert answer.body["errors"][0]["message"].startswith(
        'Cannot query field "labelIdentifierFieldMetadataId" on type "Object".'
    )


def test_an_older_server_lets_a_key_make_keys() -> None:
    old = Endpoint(dialect=OLDEST)
    role = old.data("{ getRoles { id } }")["getRoles"][0]["id"]
    given = {"name": "second", "expiresAt": "2030-01-01T00:00:00.000Z", "roleId": role}
    made = old.data("mutation ($i: CreateApiKeyInput!) { createApiKey(input: $i) { id } }", {"i": given})
    token = old.data(
        'mutation ($id: UUID!) { generateApiKeyToken(apiKeyId: $id, expiresAt: "2030-01-01") { token } }',
        {"id": made["createApiKey"]["id"]},
    )["generateApiKeyToken"]["token"]

    assert old.workspace.caller(token).name == "second"


def test_an_older_server_wants_camel_case_and_makes_texts_not_null() -> None:
    old = Endpoint(dialect=OLDEST)
    field = {"objectMetadataId": old.object_id("company"), "name": "probec1b", "label": "x", "type": "TEXT"}

    assert old.reasons(CREATE_FIELD, {"input": {"field": field}}) == ["Name should be in camelCase"]
    old.create_field("company", "motto")
    assert old.workspace.model.objects["company"].fields["motto"].is_nullable is False


def test_an_older_server_has_no_limits_on_documents() -> None:
    old = Endpoint(dialect=OLDEST)

    assert "errors" not in old.ask("{ a: webhooks { id } b: webhooks { id } }").body


def test_an_older_server_wants_a_secret_for_a_webhook() -> None:
    old = Endpoint(dialect=OLDEST)
    create = "mutation ($i: CreateWebhookInput!) { createWebhook(input: $i) { id } }"
    given = {"targetUrl": "http://127.0.0.1:9/", "operations": ["*.*"]}
    error = old.ask(create, {"i": given}).body["errors"][0]

    assert error["message"] == 'null value in column "secret" of relation "webhook" violates not-null constraint'
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    old.data(create, {"i": given | {"secret": ""}})


def test_the_webhook_mutations_of_an_older_schema_work_too(recordings: Path) -> None:
    sdl = (recordings / "metadata.graphql").read_text("utf-8")
    sdl = sdl.replace("deleteWebhook(id: UUID!): Webhook!", "deleteWebhook(input: DeleteWebhookInput!): Boolean!")
    sdl = sdl.replace("  update: UpdateWebhookInputUpdates!", "  targetUrl: String")
    old = Endpoint(dialect=OLDEST, sdl=sdl + "input DeleteWebhookInput { id: UUID! }")
    given = {"targetUrl": "http://127.0.0.1:9/", "operations": ["*.*"], "secret": "s"}
    hook = old.data("mutation ($i: CreateWebhookInput!) { createWebhook(input: $i) { id } }", {"i": given})
    id_only = {"id": hook["createWebhook"]["id"]}
    update = "mutation ($i: UpdateWebhookInput!) { updateWebhook(input: $i) { targetUrl } }"
    updated = old.data(update, {"i": id_only | {"targetUrl": "http://127.0.0.1:8/"}})

    assert updated["updateWebhook"]["targetUrl"] == "http://127.0.0.1:8/"
    deleted = old.data("mutation ($i: DeleteWebhookInput!) { deleteWebhook(input: $i) }", {"i": id_only})
    assert deleted == {"deleteWebhook": True}
    assert not old.workspace.webhooks


def test_empty_values_of_a_unique_text_never_meet_even_in_an_older_server() -> None:
    old = Endpoint(dialect=OLDEST)
    old.create_field("company", "code", isUnique=True)
    insert(old, "company", id="1")
    insert(old, "company", id="2")

    assert old.connection.execute("SELECT count(*) FROM company WHERE code IS NULL").fetchone() == (2,)
