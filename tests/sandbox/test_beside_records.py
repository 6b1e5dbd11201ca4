"""What a running sandbox has beside records: files, search, introspection, the data model over REST."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from graphql import build_client_schema, get_introspection_query

from aiotwenty.sandbox import Sandbox

CREATE_COMPANIES = "mutation ($data: [CompanyCreateInput!]!) { createCompanies(data: $data) { id } }"
CREATE_PEOPLE = "mutation ($data: [PersonCreateInput!]!) { createPeople(data: $data) { id } }"
SEARCH = """query ($text: String!, $limit: Int!, $after: String, $only: [String!]) {
    search(searchInput: $text, limit: $limit, after: $after, includedObjectNameSingulars: $only) {
        edges { node { objectNameSingular label } } pageInfo { hasNextPage endCursor } } }"""
UPLOAD = """mutation ($file: Upload!, $field: String!) {
    uploadFilesFieldFile(file: $file, fieldMetadataId: $field) { id size url } }"""


class Caller:
    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session
        self.key = {"Authorization": f"Bearer {sandbox.api_key}"}

    async def post(self, path: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        async with self.session.post(self.sandbox.url + path, json=body, headers=self.key) as response:
            answer: dict[str, Any] = json.loads(await response.read())
            return answer

    async def data(self, path: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = await self.post(path, query, variables)
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found

    async def get(self, path: str, *, with_key: bool = True) -> tuple[int, Any]:
        headers = self.key if with_key else {}
        async with self.session.get(self.sandbox.url + path, headers=headers) as response:
            return response.status, json.loads(await response.read())

    async def upload(self, content: bytes, name: str, field: str) -> dict[str, Any]:
        form = aiohttp.FormData()
        variables = {"file": None, "field": field}
        form.add_field("operations", json.dumps({"query": UPLOAD, "variables": variables}))
        form.add_field("map", json.dumps({"0": ["variables.file"]}))
        form.add_field("0", content, filename=name, content_type="application/pdf")
        async with self.session.post(self.sandbox.url + "/metadata", data=form, headers=self.key) as response:
            answer: dict[str, Any] = json.loads(await response.read())
            return answer

    def field_id(self, of: str, name: str) -> str:
        return self.sandbox.workspace.model.objects[of].fields[name].id


@pytest.fixture
async def caller(twenty_sandbox: Sandbox) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(twenty_sandbox, session)


# Files


async def test_an_uploaded_file_comes_back_from_the_record_that_holds_it(caller: Caller) -> None:
    content = bytes(range(256)) * 40
    uploaded = await caller.upload(content, "offer.pdf", caller.field_id("attachment", "file"))
    file = uploaded["data"]["uploadFilesFieldFile"]
    data = {"name": "Offer", "file": [{"fileId": file["id"], "label": "offer.pdf"}]}
    made = await caller.data(
        "/graphql",
        "mutation ($data: AttachmentCreateInput!) { createAttachment(data: $data) { file { fileId extension url } } }",
        {"data": data},
    )
    [held] = made["createAttachment"]["file"]

    assert file["size"] == len(content)
    assert (held["fileId"], held["extension"]) == (file["id"], ".pdf")
    async with caller.session.get(held["url"]) as response:
        assert response.content_type == "application/pdf"
        assert await response.read() == content


async def test_a_file_cannot_be_downloaded_without_its_token(caller: Caller) -> None:
    uploaded = await caller.upload(b"secret", "offer.pdf", caller.field_id("attachment", "file"))
    url = uploaded["data"]["uploadFilesFieldFile"]["url"]

    for without in (url.partition("?")[0], url[:-1] + ("0" if url[-1] != "0" else "1")):
        async with caller.session.get(without, headers=caller.key) as response:
            assert response.status == 403


async def test_a_file_is_refused_for_a_field_that_holds_no_files(caller: Caller) -> None:
    refused = await caller.upload(b"x", "x.pdf", caller.field_id("company", "name"))

    assert refused["errors"][0]["message"] == "A file can only be uploaded for a field of type FILES"


async def test_a_multipart_request_without_its_map_is_refused(caller: Caller) -> None:
    form = aiohttp.FormData({"operations": json.dumps({"query": "{ __typename }"})}, default_to_multipart=True)
    async with caller.session.post(caller.sandbox.url + "/metadata", data=form, headers=caller.key) as response:
        assert response.status == 400
        assert "'map'" in (await response.text())


async def test_an_upload_in_two_steps_ends_in_the_same_file(caller: Caller) -> None:
    begin = """mutation { createFileUpload(filename: "photo.png", size: 3, fileFolder: FilesField) {
        fileId uploadUrl contentType } }"""
    target = (await caller.data("/metadata", begin))["createFileUpload"]
    complete = "mutation ($id: String!) { completeFileUpload(fileId: $id) { size url } }"
    too_early = await caller.post("/metadata", complete, {"id": target["fileId"]})
    async with caller.session.put(target["uploadUrl"], data=b"abc") as response:
        assert response.status == 200
    done = (await caller.data("/metadata", complete, {"id": target["fileId"]}))["completeFileUpload"]

    assert target["contentType"] == "image/png"
    assert "errors" in too_early
    assert done["size"] == 3
    async with caller.session.get(done["url"]) as response:
        assert await response.read() == b"abc"


# Search


async def test_search_finds_records_of_several_objects_by_their_words(caller: Caller) -> None:
    await caller.data("/graphql", CREATE_COMPANIES, {"data": [{"name": "Ærø Air"}, {"name": "Boats"}]})
    person = {"name": {"firstName": "Ann", "lastName": "Berg"}, "emails": {"primaryEmail": "ann@air.example"}}
    await caller.data("/graphql", CREATE_PEOPLE, {"data": [person]})
    found = await caller.data("/graphql", SEARCH, {"text": "air", "limit": 5})
    one = await caller.data("/graphql", SEARCH, {"text": "ÆRØ air", "limit": 5})

    assert [edge["node"] for edge in found["search"]["edges"]] == [
        {"objectNameSingular": "company", "label": "Ærø Air"},
        {"objectNameSingular": "person", "label": "Ann Berg"},
    ]
    assert [edge["node"]["label"] for edge in one["search"]["edges"]] == ["Ærø Air"]


async def test_a_search_is_walked_page_by_page(caller: Caller) -> None:
    names = [f"Air {number}" for number in range(7)]
    await caller.data("/graphql", CREATE_COMPANIES, {"data": [{"name": name} for name in names]})
    seen: list[str] = []
    pages, more, after = 0, True, None
    while more:
        given = {"text": "air", "limit": 2, "after": after, "only": ["company"]}
        page = (await caller.data("/graphql", SEARCH, given))["search"]
        seen += [edge["node"]["label"] for edge in page["edges"]]
        pages, more, after = pages + 1, page["pageInfo"]["hasNextPage"], page["pageInfo"]["endCursor"]

    assert sorted(seen) == names
    assert pages == 4


async def test_deleted_records_are_not_found(caller: Caller) -> None:
    await caller.data("/graphql", CREATE_COMPANIES, {"data": [{"name": "Air"}]})
    await caller.data("/graphql", "mutation { deleteCompanies(filter: {}) { id } }")

    assert (await caller.data("/graphql", SEARCH, {"text": "air", "limit": 2}))["search"]["edges"] == []


# Introspection


async def test_what_is_created_is_introspected_by_the_next_request(caller: Caller) -> None:
    await caller.data("/graphql", get_introspection_query())
    rocket = {"nameSingular": "rocket", "namePlural": "rockets", "labelSingular": "R", "labelPlural": "Rs"}
    create = "mutation ($input: CreateOneObjectInput!) { createOneObject(input: $input) { id } }"
    made = await caller.data("/metadata", create, {"input": {"object": rocket}})

    schema = build_client_schema(await caller.data("/graphql", get_introspection_query()))  # type: ignore[arg-type]
    assert schema.get_type("RocketCreateInput") is not None
    await caller.data("/graphql", 'mutation { createRocket(data: {name: "Ariane"}) { id } }')

    delete = "mutation ($input: DeleteOneObjectInput!) { deleteOneObject(input: $input) { id } }"
    await caller.data("/metadata", delete, {"input": made["createOneObject"]})
    gone = await caller.post("/graphql", "{ rockets { edges { node { id } } } }")
    assert gone["errors"][0]["message"] == 'Cannot query field "rockets" on type "Query".'


async def test_subscribing_with_a_key_is_refused(caller: Caller) -> None:
    document = 'subscription { onEventSubscription(eventStreamId: "1") { eventStreamId } }'
    body = {"query": document}
    headers = caller.key | {"Accept": "text/event-stream"}
    async with caller.session.post(caller.sandbox.url + "/metadata", json=body, headers=headers) as response:
        assert response.status == 500
        assert response.content_type == "text/event-stream"
        assert '"message":"Forbidden resource"' in (await response.text()).replace(": ", ":")

    answer = await caller.post("/graphql", "subscription { x }")
    assert answer["errors"][0]["message"] == "Schema is not configured to execute subscription operation."


async def test_the_logs_of_functions_open_and_stay_silent(caller: Caller) -> None:
    body = {"query": "subscription { logicFunctionLogs(input: {}) { logs } }"}
    headers = caller.key | {"Accept": "text/event-stream"}
    async with caller.session.post(caller.sandbox.url + "/metadata", json=body, headers=headers) as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")
        assert await response.content.readany() == b":\n\n"

    async with caller.session.post(caller.sandbox.url + "/metadata", json=body) as response:
        assert response.status == 500


async def test_live_event_logs_are_not_configured(caller: Caller) -> None:
    answer = await caller.post("/metadata", "subscription { eventLogsLive(table: PAGEVIEW) { event } }")

    assert answer["errors"][0]["extensions"]["code"] == "CLICKHOUSE_NOT_CONFIGURED"


# REST


async def test_rest_lists_objects_with_their_fields_in_pages(caller: Caller) -> None:
    status, everything = await caller.get("/rest/metadata/objects")
    _, page = await caller.get("/rest/metadata/objects?limit=5")
    _, next_page = await caller.get(f"/rest/metadata/objects?limit=5&starting_after={page['pageInfo']['endCursor']}")
    names = [each["nameSingular"] for each in everything["data"]["objects"]]

    assert status == 200
    assert everything["totalCount"] == len(names) == 28
    assert [each["nameSingular"] for each in page["data"]["objects"]] == names[:5]
    assert [each["nameSingular"] for each in next_page["data"]["objects"]] == names[5:10]


async def test_rest_tells_one_object_by_its_name(caller: Caller) -> None:
    status, answer = await caller.get("/rest/metadata/objects/companies")
    fields = {field["name"]: field for field in answer["data"]["object"]["fields"]}

    assert status == 200
    assert fields["accountOwner"]["relation"]["targetObjectMetadata"]["nameSingular"] == "workspaceMember"
    assert (await caller.get("/rest/metadata/objects/nope"))[0] == 404


async def test_the_open_api_document_names_only_paths_that_answer(caller: Caller) -> None:
    status, document = await caller.get("/rest/open-api/core")
    plain = [path for path, item in document["paths"].items() if "get" in item and "{" not in path]

    assert status == 200
    assert len(plain) == 28
    for path in plain:
        assert (await caller.get(f"/rest{path}?limit=1"))[0] == 200


async def test_rest_metadata_needs_a_key(caller: Caller) -> None:
    status, answer = await caller.get("/rest/metadata/objects", with_key=False)

    assert (status, answer["messages"]) == (403, ["Missing authentication token"])
