"""What surrounds the objects: flat clients, REST, the data model, keys."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from aiotwenty import Twenty
from aiotwenty.core import Company
from aiotwenty.errors import ApiError, AuthenticationError, InvalidInput, NotFoundError
from aiotwenty.webhooks import missed

if TYPE_CHECKING:
    from aiotwenty.workspace import Object
    from tests.contract.conftest import Probe

HOUR = timedelta(hours=1)


async def test_any_document_runs(twenty: Twenty, tag: str) -> None:
    made = await twenty.execute(
        "mutation($data: CompanyCreateInput!) { createCompany(data: $data) { id name } }", {"data": {"name": tag}}
    )
    assert made["createCompany"]["name"] == tag


async def test_the_flat_client_of_records_does_the_same_as_the_namespaces(twenty: Twenty, tag: str) -> None:
    made = await twenty.core.create_one_company(data={"name": tag})  # type: ignore[arg-type]
    assert await twenty.companies.find_one(made.id) == made


async def test_rest_creates_reads_changes_and_deletes(twenty: Twenty, tag: str) -> None:
    made = (await twenty.rest.post("companies", {"name": tag}))["data"]["createCompany"]
    path = f"companies/{made['id']}"
    assert (await twenty.rest.get(path))["data"]["company"]["name"] == tag
    await twenty.rest.patch(path, {"name": f"{tag} changed"})
    listed = await twenty.rest.get("companies", filter=f'id[eq]:"{made["id"]}"', limit=2)
    assert [one["name"] for one in listed["data"]["companies"]] == [f"{tag} changed"]
    await twenty.rest.delete(path)
    with pytest.raises(NotFoundError):
        await twenty.companies.find_one(made["id"])


async def test_rest_creates_many(twenty: Twenty, tag: str) -> None:
    rows = [{"name": f"{tag} {number}"} for number in range(3)]
    made = (await twenty.rest.post("batch/companies", rows))["data"]["createCompanies"]
    assert sorted(one["name"] for one in made) == [row["name"] for row in rows]


async def test_rest_says_what_is_not_there(twenty: Twenty) -> None:
    with pytest.raises(ApiError):
        await twenty.rest.get(f"companies/{uuid.uuid4()}")


async def test_rest_knows_the_data_model(twenty: Twenty) -> None:
    assert "/companies" in (await twenty.rest.get("open-api/core"))["paths"]


async def test_the_data_model_names_all_objects(twenty: Twenty, probe_object: Object) -> None:
    objects = {one.name_singular: one for one in await twenty.workspace.objects()}
    assert {"company", "person", "opportunity", probe_object.name_singular} <= objects.keys()
    assert objects[probe_object.name_singular].is_custom is not False
    assert objects["company"].field("name").type == "TEXT"


async def test_an_object_and_a_field_can_be_relabelled(twenty: Twenty, probe_object: Object) -> None:
    changed = await twenty.workspace.update_object(probe_object, description="changed by the contract tests")
    assert changed.description == "changed by the contract tests"
    field = await twenty.workspace.update_field(probe_object, "words", label="All the words")
    assert (field.name, field.label) == ("words", "All the words")


async def test_a_picklist_grows_and_its_new_value_is_taken_at_once(
    twenty: Twenty, probe_object: Object, probe: Probe
) -> None:
    before = [option.value for option in await twenty.workspace.picklist(probe_object, "stage")]
    await twenty.workspace.add_options(probe_object, "stage", "THREE_MORE")
    values = [option.value for option in await twenty.workspace.picklist(probe_object, "stage")]
    assert values == [*before, "THREE_MORE"]
    assert (await probe.create({"stage": "THREE_MORE"}, "stage"))["stage"] == "THREE_MORE"


async def test_a_field_is_added_and_removed(twenty: Twenty, probe_object: Object, probe: Probe) -> None:
    await twenty.workspace.create_field(probe_object, "passing", "TEXT")
    assert (await probe.create({"passing": "by"}, "passing"))["passing"] == "by"
    await twenty.workspace.delete_field(probe_object, "passing")
    assert "passing" not in [field.name for field in await twenty.workspace.fields(probe_object)]


async def test_a_standard_object_cannot_be_removed(twenty: Twenty) -> None:
    with pytest.raises(ApiError):
        await twenty.workspace.delete_object("company")


async def test_webhooks_are_made_changed_and_removed(twenty: Twenty) -> None:
    made = await twenty.workspace.webhooks.create("https://receiver.example/aiotwentycontract", ["company.created"])
    try:
        changed = await twenty.workspace.webhooks.update(made.id, operations=["*.deleted"])
        assert changed.operations == ["*.deleted"]
        assert made.id in [one.id for one in await twenty.workspace.webhooks.list()]
    finally:
        await twenty.workspace.webhooks.delete(made.id)
    assert made.id not in [one.id for one in await twenty.workspace.webhooks.list()]


async def test_events_are_made_of_what_changed_since_a_record_was_created(twenty: Twenty, tag: str) -> None:
    one, two, three = await twenty.companies.create_many([{"name": f"{tag} {number}"} for number in range(3)])
    await twenty.companies.delete_one(two.id)
    await twenty.companies.update_one(three.id, {"name": f"{tag} changed"})
    found = {
        event.record["id"]: event
        async for event in missed(twenty, twenty.companies, one.created_at, overlap=timedelta(0))
        if str(event.record["name"]).startswith(tag)
    }
    assert {id: event.event_name for id, event in found.items()} == {
        str(one.id): "company.created",
        str(two.id): "company.deleted",
        str(three.id): "company.created",
    }
    assert found[str(three.id)].record_as(Company).name == f"{tag} changed"
    later = [event.record["id"] async for event in missed(twenty, twenty.companies, datetime.now(UTC) + HOUR)]
    assert later == []


async def test_a_file_is_uploaded_and_downloaded(twenty: Twenty) -> None:
    attachment = await twenty.workspace.object("attachment")
    if "FILES" not in [field.type for field in attachment.fields]:
        pytest.skip("this server has no fields of type FILES")
    uploaded = await twenty.files.upload(b"\x00contract\xff", filename="contract.bin", field="attachment.file")
    assert await twenty.files.download(uploaded) == b"\x00contract\xff"


@pytest.mark.parametrize("endpoint", ["graphql", "metadata"])
async def test_a_wrong_key_is_an_authentication_error(twenty: Twenty, endpoint: str) -> None:
    async with Twenty(twenty.base_url, api_key="eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln") as stranger:
        with pytest.raises(AuthenticationError):
            await stranger.execute(
                "{ companies { totalCount } }" if endpoint == "graphql" else "{ apiKeys { id } }",
                endpoint="metadata" if endpoint == "metadata" else "graphql",
            )


@pytest.mark.parametrize("document", ["{ companies(first: 1 }", "{ companies(nope: 1) { edges { node { id } } } }"])
async def test_a_document_that_is_wrong_is_refused(twenty: Twenty, document: str) -> None:
    with pytest.raises(InvalidInput):
        await twenty.execute(document)
