"""Uploads and downloads."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from aiohttp import web
from graphql import build_schema, graphql_sync, parse, validate

from aiotwenty import Twenty
from aiotwenty.errors import ConfigurationError, ConnectionFailed, NotFoundError, PermissionDenied
from aiotwenty.sandbox import Sandbox

CONTENT = bytes(range(256)) * 400


async def test_a_file_is_uploaded_kept_by_a_record_and_downloaded(twenty: Twenty, tmp_path: Path) -> None:
    source = tmp_path / "offer ü.bin"
    source.write_bytes(CONTENT)
    uploaded = await twenty.files.upload(source, field="attachment.file")
    assert (uploaded.label, uploaded.size) == ("offer ü.bin", len(CONTENT))
    made = await twenty.execute(
        "mutation($data: AttachmentCreateInput!) { createAttachment(data: $data) { file } }",
        {"data": {"name": "Offer", "file": [uploaded.reference]}},
    )
    [held] = made["createAttachment"]["file"]
    assert held["label"] == "offer ü.bin"
    assert await twenty.files.download(held["url"]) == CONTENT


async def test_the_file_of_a_record_is_downloaded(twenty: Twenty) -> None:
    uploaded = await twenty.files.upload(CONTENT, field="attachment.file", filename="a.bin")
    attachment = await twenty.attachments.create_one({"name": "Offer", "file": [uploaded.reference]})
    [held] = attachment.file or []
    assert held is not None
    assert await twenty.files.download(held) == CONTENT


@pytest.mark.parametrize("source", [CONTENT, io.BytesIO(CONTENT)], ids=["bytes", "file object"])
async def test_content_needs_a_name_and_is_sent_as_it_is(twenty: Twenty, source: bytes | io.BytesIO) -> None:
    uploaded = await twenty.files.upload(source, field="attachment.file", filename="a.bin")
    assert await twenty.files.download(uploaded) == CONTENT


async def test_a_download_is_written_whole(twenty: Twenty, tmp_path: Path) -> None:
    uploaded = await twenty.files.upload(CONTENT, field="attachment.file", filename="a.bin")
    await twenty.files.download(uploaded, to=tmp_path / "b.bin")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b.bin": CONTENT}  # noqa: ASYNC240


async def test_a_download_that_is_refused_is_an_error(twenty: Twenty, server: Sandbox) -> None:
    uploaded = await twenty.files.upload(CONTENT, field="attachment.file", filename="a.bin")
    assert uploaded.url is not None
    with pytest.raises(PermissionDenied, match="read the record again") as refusal:
        await twenty.files.download(uploaded.url.partition("?")[0])
    assert refusal.value.status == 403
    assert server.api_key not in str(refusal.value)


async def test_upload_says_what_it_is_missing(twenty: Twenty) -> None:
    with pytest.raises(ConfigurationError, match="needs a filename"):
        await twenty.files.upload(CONTENT, field="attachment.file")
    with pytest.raises(ConfigurationError, match=r"a path as pathlib\.Path"):
        await twenty.files.upload("offer.pdf", field="attachment.file")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="needs the FILES field"):
        await twenty.files.upload(CONTENT, filename="a.bin")
    with pytest.raises(NotFoundError):
        await twenty.files.upload(CONTENT, filename="a.bin", field="attachment.nope")


async def test_what_is_no_address_is_refused(twenty: Twenty) -> None:
    with pytest.raises(ConfigurationError, match="no address of a file"):
        await twenty.files.download("file:///etc/passwd")


OLDER = """
scalar Upload
type Query { x: Int }
type Mutation { uploadFile(file: Upload!, fileFolder: FileFolder): SignedFile! }
enum FileFolder { Attachment }
type SignedFile { path: String! token: String! }
"""


async def test_on_older_servers_a_file_has_a_path_and_a_token_and_the_key_stays_here() -> None:
    schema = build_schema(OLDER)
    seen: list[tuple[str, bool]] = []

    async def metadata(request: web.Request) -> web.Response:
        seen.append(("metadata", "Authorization" in request.headers))
        if request.content_type == "application/json":
            return web.json_response({"data": graphql_sync(schema, (await request.json())["query"]).data})
        form = await request.post()
        operations, upload = json.loads(str(form["operations"])), form["0"]
        assert validate(schema, parse(operations["query"])) == []
        assert json.loads(str(form["map"])) == {"0": ["variables.file"]}
        assert isinstance(upload, web.FileField)
        assert (upload.filename, upload.content_type, upload.file.read()) == ("a.txt", "text/plain", CONTENT)
        return web.json_response({"data": {"uploadFile": {"path": "attachment/a b.txt", "token": "t0"}}})

    async def file(request: web.Request) -> web.Response:
        seen.append((request.raw_path, "Authorization" in request.headers))
        return web.Response(body=CONTENT)

    app = web.Application(client_max_size=10**7)
    app.add_routes([web.post("/metadata", metadata), web.get("/files/{rest:.*}", file)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with Twenty(f"http://127.0.0.1:{runner.addresses[0][1]}", api_key="key") as twenty:
            uploaded = await twenty.files.upload(CONTENT, filename="a.txt")
            assert (uploaded.path, uploaded.token) == ("attachment/a b.txt", "t0")
            with pytest.raises(ConfigurationError, match="no fields of type FILES"):
                _ = uploaded.reference
            assert await twenty.files.download(uploaded) == CONTENT
    finally:
        await runner.cleanup()
    assert seen == [("metadata", True), ("metadata", True), ("/files/attachment/t0/a%20b.txt", False)]


async def test_a_lost_answer_to_an_upload_is_not_taken_for_success(server: Sandbox, twenty: Twenty) -> None:
    field = await twenty.workspace.field("attachment", "file")
    server.faults.add("reset-after:count=1")
    with pytest.raises(ConnectionFailed) as lost:
        await twenty.files.upload(CONTENT, filename="a.bin", field=field)
    assert lost.value.outcome_unknown
