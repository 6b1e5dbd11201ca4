"""What a running sandbox has beside records: files, search, introspection, the data model over REST."""

from __future__ import annotations

import asyncio
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


async def test_a_file_that_comes_in_uneven_pieces_is_read(caller: Caller) -> None:
    variables = {"file": None, "field": caller.field_id("attachment", "file")}
    fields = {"operations": json.dumps({"query": UPLOAD, "variables": variables}), "map": '{"0": ["variables.file"]}'}
    texts = "".join(
        f'--edge\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{text}\r\n' for n, text in fields.items()
    )
    head = '--edge\r\nContent-Disposition: form-data; name="0"; filename="offer.pdf"\r\n\r\n'

    async def pieces() -> AsyncIterator[bytes]:
        for piece in ((texts + head).encode() + b"a" * 100, b"b" * 3, b"c" * 9000, b"\r\n--edge--\r\n"):
            yield piece
            await asyncio.sleep(0.02)

    headers = {**caller.key, "Content-Type": "multipart/form-data; boundary=edge"}
    async with caller.session.post(caller.sandbox.url + "/metadata", data=pieces(), headers=headers) as response:
        answer = await response.json()

    assert answer["data"]["uploadFilesFieldFile"]["size"] == 9103


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


BEGIN = """mutation ($name: String!, $size: Float!, $folder: FileFolder!, $field: String) {
    createFileUpload(filename: $name, size: $size, fileFolder: $folder, fieldMetadataId: $field) {
        fileId uploadUrl contentType } }"""
COMPLETE = "mutation ($id: String!) { completeFileUpload(fileId: $id) { size url } }"
FIELD = "7c0f5c3e-2f0b-4a52-9a61-6c5a3f1d0001"


async def begun(caller: Caller, size: int = 3, name: str = "photo.png") -> dict[str, Any]:
    given = {"name": name, "size": size, "folder": "FilesField", "field": FIELD}
    target: dict[str, Any] = (await caller.data("/metadata", BEGIN, given))["createFileUpload"]
    return target


async def put(caller: Caller, url: str, data: bytes, content_type: str = "image/png") -> tuple[int, Any]:
    async with caller.session.put(url, data=data, headers={"Content-Type": content_type}) as response:
        return response.status, await response.json() if response.status != 204 else None


async def test_an_upload_in_two_steps_ends_in_the_same_file(caller: Caller) -> None:
    target = await begun(caller)
    too_early = await caller.post("/metadata", COMPLETE, {"id": target["fileId"]})
    assert (await put(caller, target["uploadUrl"], b"abc"))[0] == 204
    done = (await caller.data("/metadata", COMPLETE, {"id": target["fileId"]}))["completeFileUpload"]
    again = await caller.data("/metadata", COMPLETE, {"id": target["fileId"]})

    assert target["contentType"] == "image/png"
    message = f"File {target['fileId']} has not been uploaded to storage yet"
    assert [each["message"] for each in too_early["errors"]] == [message]
    assert done["size"] == again["completeFileUpload"]["size"] == 3
    async with caller.session.get(done["url"]) as response:
        assert await response.read() == b"abc"
        assert response.headers["Content-Disposition"] == "inline"
        assert response.headers["Cache-Control"] == "private, max-age=86400, immutable"
    async with caller.session.get(done["url"].partition("?")[0]) as response:
        forbidden = {"message": "Forbidden resource", "error": "Forbidden", "statusCode": 403}
        assert (response.status, await response.json()) == (403, forbidden)
    status, answer = await put(caller, target["uploadUrl"], b"abc")
    assert (status, answer["messages"]) == (400, [f"File {target['fileId']} is not awaiting an upload"])


async def test_what_is_put_must_be_what_was_declared(caller: Caller) -> None:
    target = await begun(caller, size=5)
    fewer = await put(caller, target["uploadUrl"], b"abc")
    more = await put(caller, target["uploadUrl"], b"abcdef")
    swallowed = await put(caller, target["uploadUrl"], b"abcde", "text/plain")

    assert (fewer[0], fewer[1]["error"]) == (400, "FILE_SIZE_MISMATCH")
    assert (more[0], more[1]["error"]) == (413, "FILE_TOO_LARGE")
    assert (swallowed[0], swallowed[1]["messages"]) == (400, ["Uploaded 0 bytes but 5 were declared"])
    assert (await put(caller, target["uploadUrl"], b"abcde"))[0] == 204
    async with caller.session.post(target["uploadUrl"], data=b"abcde") as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"size": 0}, "Invalid file size 0 (max 1073741824 bytes)"),
        ({"size": 1.5}, "Invalid file size 1.5 (max 1073741824 bytes)"),
        ({"name": "noext"}, "Filename must have an extension"),
        ({"folder": "CorePicture"}, "Direct upload is not supported for file folder core-picture"),
        ({"field": None}, "fieldMetadataId or fieldMetadataUniversalIdentifier must be provided"),
    ],
)
async def test_an_upload_that_cannot_be_is_refused(caller: Caller, changed: dict[str, Any], message: str) -> None:
    given = {"name": "a.txt", "size": 5, "folder": "FilesField", "field": FIELD, **changed}
    (error,) = (await caller.post("/metadata", BEGIN, given))["errors"]

    assert (error["message"], error["extensions"]["code"]) == (message, "INTERNAL_SERVER_ERROR")


async def test_a_record_may_only_have_files_that_have_arrived(caller: Caller) -> None:
    target = await begun(caller)
    create = "mutation ($d: AttachmentCreateInput!) { createAttachment(data: $d) { id } }"
    found = []
    for file_id in (target["fileId"], FIELD):
        data = {"name": "a", "file": [{"fileId": file_id, "label": "a.png"}]}
        found.append((await caller.post("/graphql", create, {"d": data}))["errors"][0]["message"])

    assert found == [f"File {target['fileId']} upload has not been completed", f"File not found: {FIELD}"]


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
    names = [each["nameSingular"] for each in everything["data"]]

    assert status == 200
    assert everything["totalCount"] == len(names) == 28
    assert [each["nameSingular"] for each in page["data"]] == names[:5]
    assert [each["nameSingular"] for each in next_page["data"]] == names[5:10]
    assert page["pageInfo"]["endCursor"] == page["data"][-1]["id"]


async def test_rest_tells_one_object_by_its_id(caller: Caller) -> None:
    company = caller.sandbox.workspace.model.objects["company"].id
    status, answer = await caller.get(f"/rest/metadata/objects/{company}")
    fields = {field["name"]: field for field in answer["fields"]}

    assert status == 200
    assert fields["accountOwner"]["relation"]["targetObjectMetadata"]["nameSingular"] == "workspaceMember"
    assert (await caller.get("/rest/metadata/objects/companies"))[0] == 400
    assert (await caller.get(f"/rest/metadata/objects/{FIELD}"))[0] == 404


async def send(caller: Caller, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
    headers = {"Authorization": f"Bearer {caller.sandbox.api_key}"}
    async with caller.session.request(method, caller.sandbox.url + path, json=body, headers=headers) as response:
        return response.status, response.content_type, await response.text()


async def test_rest_makes_and_changes_the_data_model(caller: Caller) -> None:
    given = {"nameSingular": "rocket", "namePlural": "rockets", "labelSingular": "Rocket", "labelPlural": "Rockets"}
    status, _, text = await send(caller, "POST", "/rest/metadata/objects", given)
    rocket = json.loads(text)
    field = {"objectMetadataId": rocket["id"], "name": "fuel", "label": "Fuel", "type": "TEXT"}
    made, _, text = await send(caller, "POST", "/rest/metadata/fields", field)
    changed = await send(caller, "PATCH", f"/rest/metadata/fields/{json.loads(text)['id']}", {"label": "Petrol"})
    twice, _, refused = await send(caller, "POST", "/rest/metadata/objects", given)
    empty, _, wrong = await send(caller, "POST", "/rest/metadata/objects", {})

    assert (status, made, changed[0], json.loads(changed[2])["label"]) == (201, 201, 200, "Petrol")
    assert (twice, json.loads(refused)["error"]) == (400, "METADATA_VALIDATION_ERROR")
    assert (empty, json.loads(wrong)["error"]) == (400, "Bad Request")
    assert (await send(caller, "DELETE", f"/rest/metadata/objects/{rocket['id']}"))[0] == 200
    assert "rocket" not in caller.sandbox.workspace.model.objects


async def test_rest_keeps_webhooks(caller: Caller) -> None:
    given = {"targetUrl": "http://127.0.0.1:9/", "operations": ["*.*"]}
    status, _, text = await send(caller, "POST", "/rest/metadata/webhooks", given)
    path = f"/rest/metadata/webhooks/{json.loads(text)['id']}"

    assert status == 201
    assert (await send(caller, "PATCH", path, {"description": "x"}))[0] == 200
    assert json.loads((await send(caller, "GET", "/rest/webhooks"))[2])[0]["description"] == "x"
    assert await send(caller, "DELETE", path) == (200, "text/html", "true")
    assert (await send(caller, "GET", path))[::2] == (200, "")
    assert (await send(caller, "POST", "/rest/metadata/apiKeys", {"name": "x"}))[0] == 400
    assert len(json.loads((await send(caller, "GET", "/rest/apiKeys"))[2])) == 1


@pytest.mark.parametrize(
    "path", ["views", "viewFields", "viewFilters", "viewSorts", "viewGroups", "viewFilterGroups", "pageLayouts"]
)
async def test_rest_lists_views_and_pages_bare(caller: Caller, path: str) -> None:
    status, _, text = await send(caller, "GET", f"/rest/metadata/{path}")
    assert (status, type(json.loads(text))) == (200, list)


async def test_a_view_is_made_changed_and_deleted_on_either_side(caller: Caller) -> None:
    company = caller.sandbox.workspace.model.objects["company"]
    given = {"name": "Mine", "objectMetadataId": company.id, "icon": "IconList"}
    _, _, text = await send(caller, "POST", "/rest/metadata/views", given)
    view = json.loads(text)["id"]
    create = "mutation ($i: CreateViewFieldInput!) { createViewField(input: $i) { id position } }"
    field = {"viewId": view, "fieldMetadataId": company.fields["name"].id, "position": 2}
    made = (await caller.data("/metadata", create, {"i": field}))["createViewField"]
    read = await caller.data("/metadata", f'{{ getView(id: "{view}") {{ name viewFields {{ id }} }} }}')

    assert read["getView"] == {"name": "Mine", "viewFields": [{"id": made["id"]}]}
    assert (await send(caller, "PATCH", f"/rest/metadata/views/{view}", {"name": "Ours"}))[0] == 200
    assert await caller.data("/metadata", f'mutation {{ deleteView(id: "{view}") }}') == {"deleteView": True}
    assert (await send(caller, "GET", f"/rest/metadata/views/{view}"))[0] == 404


async def test_tabs_and_widgets_are_asked_for_by_what_they_lie_in(caller: Caller) -> None:
    refused = await send(caller, "GET", "/rest/metadata/pageLayoutTabs")
    layouts = json.loads((await send(caller, "GET", "/rest/metadata/pageLayouts"))[2])
    tabs = json.loads((await send(caller, "GET", f"/rest/metadata/pageLayoutTabs?pageLayoutId={layouts[0]['id']}"))[2])
    document = f"""{{ getPageLayoutWidgets(pageLayoutTabId: "{tabs[0]["id"]}") {{
        title configuration {{ __typename ... on FieldsConfiguration {{ viewId }} }} }} }}"""
    widgets = (await caller.data("/metadata", document))["getPageLayoutWidgets"]

    assert refused[0] == 400
    assert widgets[0]["configuration"]["__typename"] == "FieldsConfiguration"


async def test_an_assistant_is_answered_by_json_rpc(caller: Caller) -> None:
    found = {}
    for method in ("initialize", "ping", "tools/list", "prompts/list", "resources/list", "nope"):
        status, content_type, text = await send(caller, "POST", "/mcp", {"jsonrpc": "2.0", "id": 1, "method": method})
        assert (status, content_type) == (200, "application/json")
        found[method] = json.loads(text)

    assert found["initialize"]["result"]["serverInfo"] == {"name": "Twenty MCP Server", "version": "0.1.0"}
    assert len(found["tools/list"]["result"]["tools"]) == 7
    assert found["nope"]["error"]["code"] == -32601
    assert (await send(caller, "POST", "/mcp", {"jsonrpc": "2.0", "method": "notifications/initialized"}))[0] == 202
    assert (await send(caller, "GET", "/mcp"))[0] == 405
    async with caller.session.post(caller.sandbox.url + "/mcp", json={}) as response:
        told = response.headers["WWW-Authenticate"]
    address = told.removeprefix('Bearer resource_metadata="').removesuffix('"')
    async with caller.session.get(address) as response:
        assert (await response.json())["resource"] == f"{caller.sandbox.url}/mcp"


async def test_half_a_surrogate_pair_comes_back_as_it_was_sent(caller: Caller) -> None:
    status, _, text = await send(caller, "POST", "/mcp", {"jsonrpc": "2.0", "id": "\ud800", "method": "ping"})
    assert (status, json.loads(text)["id"]) == (200, "\ud800")


async def test_a_server_tells_that_it_is_there_but_not_its_version(caller: Caller) -> None:
    _, content_type, health = await send(caller, "GET", "/healthz")
    config = json.loads((await send(caller, "GET", "/client-config"))[2])

    assert (content_type, json.loads(health)["status"]) == ("application/json", "ok")
    assert config["api"]["mutationMaximumAffectedRecords"] == 100


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
