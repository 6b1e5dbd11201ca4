"""Uploads and downloads."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import stat
import sys
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from graphql import build_schema, graphql_sync, parse, validate

from aiotwenty import RetryPolicy, Twenty
from aiotwenty.errors import (
    ApiError,
    ConfigurationError,
    ConnectionFailed,
    InvalidArgument,
    NotFoundError,
    PermissionDenied,
    UnexpectedResponse,
)
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
    with pytest.raises(ConfigurationError, match="not the URL of a file"):
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


@pytest.mark.parametrize("fault", ["reset-after:count=1", "reset-before:count=1"])
async def test_an_upload_whose_answer_is_lost_is_sent_again(server: Sandbox, twenty: Twenty, fault: str) -> None:
    field = await twenty.workspace.field("attachment", "file")
    server.faults.add(fault)
    uploaded = await twenty.files.upload(CONTENT, filename="a.bin", field=field)
    assert await twenty.files.download(uploaded) == CONTENT


async def test_an_upload_without_an_extension_whose_answer_is_lost_is_not_taken_for_success(
    server: Sandbox, twenty: Twenty
) -> None:
    field = await twenty.workspace.field("attachment", "file")
    server.faults.add("reset-after:count=1")
    with pytest.raises(ConnectionFailed) as lost:
        await twenty.files.upload(CONTENT, filename="README", field=field)
    assert lost.value.outcome_unknown


# Attaching


async def test_a_file_is_attached_to_a_record(twenty: Twenty, tmp_path: Path) -> None:
    source = tmp_path / "offer.pdf"
    source.write_bytes(CONTENT)
    company = await twenty.companies.create_one({"name": "a"})
    attached = await twenty.files.attach(company, source, name="Our offer")
    record = await twenty.attachments.find_one(attached.id)
    assert (record.name, record.target_company_id) == ("Our offer", company.id)
    [held] = record.file or []
    assert held is not None
    assert await twenty.files.download(held) == CONTENT


async def test_a_record_may_be_named_by_its_id_and_its_object(twenty: Twenty) -> None:
    person = await twenty.people.create_one({})
    attached = await twenty.files.attach(str(person.id), CONTENT, object="person", filename="a.bin")
    assert (await twenty.attachments.find_one(attached.id)).target_person_id == person.id
    with pytest.raises(InvalidArgument, match="the object of the id"):
        await twenty.files.attach(person.id, CONTENT, filename="a.bin")
    with pytest.raises(InvalidArgument, match="no relation to it"):
        await twenty.files.attach(person.id, CONTENT, object="blocklist", filename="a.bin")


async def test_an_attachment_whose_answer_is_lost_is_made_once(twenty: Twenty, server: Sandbox) -> None:
    company = await twenty.companies.create_one({"name": "a"})
    server.faults.add("reset-after:count=1:operation=createAttachment")
    attached = await twenty.files.attach(company, CONTENT, filename="a.bin")
    only: Any = {"target_company_id": {"eq": company.id}}
    assert [one.id async for one in twenty.attachments.iterate(filter=only)] == [attached.id]


# What may be uploaded


async def broken() -> AsyncIterator[bytes]:
    yield CONTENT
    raise LookupError("the source went away")


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


class Pipe(io.RawIOBase):
    """A file that cannot be rewound."""

    def __init__(self, content: bytes) -> None:
        self._left = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        return self._left.readinto(into)


@pytest.mark.parametrize("size", [None, len(CONTENT)])
@pytest.mark.parametrize("kind", ["stream", "pipe", "memoryview", "rest of a file"])
async def test_content_comes_from_anything(twenty: Twenty, kind: str, size: int | None) -> None:
    before = io.BytesIO(b"skipped" + CONTENT)
    before.seek(len(b"skipped"))
    sources: dict[str, Any] = {
        "stream": stream(CONTENT[:1000], CONTENT[1000:]),
        "pipe": Pipe(CONTENT),
        "memoryview": memoryview(CONTENT),
        "rest of a file": before,
    }
    more: Any = {} if size is None else {"size": size}
    uploaded = await twenty.files.upload(sources[kind], field="attachment.file", filename="a.bin", **more)
    assert await twenty.files.download(uploaded) == CONTENT


async def test_a_stream_is_sent_again_from_a_temporary_file_and_without_one_not_at_all(
    server: Sandbox, twenty: Twenty
) -> None:
    await twenty.files.upload(CONTENT, filename="a.bin", field="attachment.file")
    server.faults.add("reset-before:count=1:operation=file-upload")
    uploaded = await twenty.files.upload(stream(CONTENT), filename="a.bin", field="attachment.file")
    assert await twenty.files.download(uploaded) == CONTENT
    server.faults.add("reset-before:count=1:operation=file-upload")
    with pytest.raises(ConnectionFailed) as lost:
        await twenty.files.upload(stream(CONTENT), filename="a.bin", field="attachment.file", size=len(CONTENT))
    assert "can't be read again" in "".join(lost.value.__notes__)
    assert not lost.value.outcome_unknown


@pytest.mark.parametrize("size", [len(CONTENT) - 1, len(CONTENT) + 1])
async def test_a_stream_of_another_size_than_was_said_is_refused(twenty: Twenty, size: int) -> None:
    with pytest.raises(InvalidArgument, match="announced"):
        await twenty.files.upload(stream(CONTENT), filename="a.bin", field="attachment.file", size=size)


@pytest.mark.parametrize("source", [CONTENT, io.BytesIO(CONTENT), stream(CONTENT)], ids=["bytes", "file", "stream"])
async def test_what_is_too_large_is_refused(twenty: Twenty, source: Any) -> None:
    with pytest.raises(InvalidArgument, match="the maximum is 1,000"):
        await twenty.files.upload(source, filename="a.bin", field="attachment.file", max_size=1000)


async def test_what_cannot_be_read_is_said(twenty: Twenty, tmp_path: Path) -> None:
    for source, why in (
        (tmp_path / "none.txt", "No such file"),
        (tmp_path, "is no file"),
        (io.StringIO("text"), "binary mode|int"),
        (5, "not int"),
        (broken(), "the source went away"),
    ):
        with pytest.raises(InvalidArgument, match=why):
            await twenty.files.upload(source, filename="a.txt", field="attachment.file")  # type: ignore[arg-type]


async def test_empty_files_and_those_without_an_extension_are_taken(twenty: Twenty) -> None:
    for content, name in ((b"", "empty.txt"), (CONTENT, "README")):
        uploaded = await twenty.files.upload(content, filename=name, field="attachment.file")
        assert await twenty.files.download(uploaded) == content


async def test_progress_is_told_in_bytes(twenty: Twenty, tmp_path: Path) -> None:
    content = CONTENT * 6
    told: list[tuple[int, int | None]] = []
    uploaded = await twenty.files.upload(
        content, filename="a.bin", field="attachment.file", progress=lambda *done: told.append(done)
    )
    assert (told[0], told[-1]) == ((0, len(content)), (len(content), len(content)))
    assert len(told) > 2
    told.clear()
    await twenty.files.download(uploaded, to=tmp_path / "a.bin", progress=lambda *done: told.append(done))
    assert told[-1] == (len(content), len(content))


# Downloading to disk


async def test_a_download_belongs_to_its_owner_and_is_what_it_should_be(twenty: Twenty, tmp_path: Path) -> None:
    uploaded = await twenty.files.upload(CONTENT, filename="a.bin", field="attachment.file")
    digest = hashlib.sha256(CONTENT).hexdigest()
    got = await twenty.files.download(uploaded, to=tmp_path / "a.bin", sha256=digest)
    assert (got.path, got.size, got.sha256) == (tmp_path / "a.bin", len(CONTENT), digest)
    assert stat.S_IMODE(got.path.stat().st_mode) == 0o600


async def test_a_download_that_fails_leaves_what_was_there(twenty: Twenty, tmp_path: Path) -> None:
    uploaded = await twenty.files.upload(CONTENT, filename="a.bin", field="attachment.file")
    target = tmp_path / "a.bin"
    target.write_bytes(b"before")
    with pytest.raises(UnexpectedResponse, match="its SHA-256"):
        await twenty.files.download(uploaded, to=target, sha256="0" * 64)
    with pytest.raises(ConfigurationError, match="the maximum is 1,000"):
        await twenty.files.download(uploaded, to=target, max_size=1000)
    with pytest.raises(UnexpectedResponse, match="should have"):
        await twenty.files.download(uploaded.model_copy(update={"size": 5}), to=target)
    with pytest.raises(PermissionDenied):
        await twenty.files.download((uploaded.url or "").partition("?")[0], to=target)
    with pytest.raises(ConfigurationError, match="can't be written"):
        await twenty.files.download(uploaded, to=tmp_path / "none" / "a.bin")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.bin": b"before"}  # noqa: ASYNC240


async def test_what_a_killed_download_has_left_is_removed_by_a_later_one(twenty: Twenty, tmp_path: Path) -> None:
    uploaded = await twenty.files.upload(CONTENT, filename="a.bin", field="attachment.file")
    long_ago = time.time() - 7200
    names = {".a.bin.killed.part": long_ago, ".a.bin.at-work.part": time.time(), ".b.bin.killed.part": long_ago}
    for name, changed in names.items():
        (tmp_path / name).write_bytes(b"some")
        os.utime(tmp_path / name, (changed, changed))
    await twenty.files.download(uploaded, to=tmp_path / "a.bin")
    assert {path.name for path in tmp_path.iterdir()} == {"a.bin", ".a.bin.at-work.part", ".b.bin.killed.part"}  # noqa: ASYNC240


@pytest.mark.parametrize("ranges", [True, False], ids=["with ranges", "without"])
async def test_a_download_that_breaks_off_is_gone_on_with(tmp_path: Path, ranges: bool) -> None:
    content = CONTENT * 30
    asked: list[str] = []

    async def file(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers.get("Range", ""))
        start = int(asked[-1].removeprefix("bytes=").rstrip("-") or 0)
        headers = {"ETag": '"1"', "Accept-Ranges": "bytes"} if ranges else {}
        status = 206 if start else 200
        if start:
            assert request.headers["If-Range"] == '"1"'
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        response = web.StreamResponse(status=status, headers=headers)
        response.content_length = len(content) - start
        await response.prepare(request)
        first = len(asked) == 1
        await response.write(content[start : start + 2_500_000] if first else content[start:])
        if first:
            await asyncio.sleep(0.1)
            assert request.transport is not None
            request.transport.abort()
        return response

    app = web.Application()
    app.add_routes([web.get("/file", file)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with Twenty(url, api_key="key", retry=RetryPolicy(base=0.001)) as twenty:
            got = await twenty.files.download(f"{url}/file", to=tmp_path / "a.bin")
    finally:
        await runner.cleanup()
    assert got.sha256 == hashlib.sha256(content).hexdigest()
    assert (asked[0], bool(asked[1]), len(asked)) == ("", ranges, 2)


MEMORY = """
import asyncio, resource, sys
from pathlib import Path
from aiotwenty import Twenty

async def main(url, key, path):
    async with Twenty(url, api_key=key) as twenty:
        small = await twenty.files.upload(b"x", filename="a.bin", field="attachment.file")
        await twenty.files.download(small, to=Path(path).with_suffix(".small"))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        file = await twenty.files.upload(Path(path), field="attachment.file")
        await twenty.files.download(file, to=Path(path).with_suffix(".back"))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_no_file_is_in_memory_as_a_whole(server: Sandbox, tmp_path: Path) -> None:
    source = tmp_path / "large.bin"
    source.write_bytes(bytes(range(256)) * 4 * 40_000)  # 41 MB
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", MEMORY, server.url, server.api_key, str(source), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert (tmp_path / "large.back").stat().st_size == source.stat().st_size
    assert int(printed) < 20_000  # KB


# Attaching by a table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.txt").write_text(f"of {number}")
    (tmp_path / "secret.txt").write_text("of somebody else")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


async def test_the_files_of_a_column_are_attached_once_however_often(
    twenty: Twenty, tmp_path: Path, folder: Path
) -> None:
    tag = uuid.uuid4().hex
    people = await twenty.people.create_many([{"emails": {"primary_email": f"{tag}{n}@a.example"}} for n in range(3)])
    table = tmp_path / "cvs.csv"
    rows = [f"{tag}{n}@A.example,{n}.txt" for n in range(3)]
    rows += [f"{tag}0@a.example,", f"nobody{tag}@a.example,0.txt", f"{tag}0@a.example,../secret.txt"]
    rows += [f"{tag}0@a.example,link.txt", f"{tag}0@a.example,none.txt", ",0.txt"]
    table.write_text("\n".join(["E-mail,CV", *rows]))

    async def attach() -> Any:
        by = {"E-mail": "emails.primaryEmail"}
        return await twenty.files.attach_rows("person", table, file="CV", by=by, folder=folder)

    first, second = await attach(), await attach()
    assert (first.received, first.attached, first.already_attached, first.without_file) == (9, 3, 0, 1)
    assert (second.attached, second.already_attached) == (0, 3)
    assert [(reject.row, reject.code) for reject in first.rejects] == [
        (9, "KEY_MISSING"),
        (5, "NOT_FOUND"),
        (6, "INVALID"),
        (7, "INVALID"),
        (8, "INVALID"),
    ]
    only: Any = {"target_person_id": {"in": [person.id for person in people]}}
    attachments = [one async for one in twenty.attachments.iterate(filter=only)]
    assert sorted((one.name or "", str(one.target_person_id)) for one in attachments) == [
        (f"{number}.txt", str(person.id)) for number, person in enumerate(people)
    ]


async def test_a_table_that_broke_off_is_gone_on_with(twenty: Twenty, server: Sandbox, folder: Path) -> None:
    people = await twenty.people.create_many([{}, {}, {}])
    rows = [{"id": str(person.id), "file": f"{number}.txt"} for number, person in enumerate(people)]
    server.faults.add("error:after=1:count=9:operation=createAttachment")
    with pytest.raises(ApiError, match="Internal server error"):
        await twenty.files.attach_rows("people", rows, file="file", by={"id": "id"}, folder=folder, concurrency=1)
    rows.append({"id": "no id", "file": "0.txt"})
    done = await twenty.files.attach_rows("people", rows, file="file", by={"id": "id"}, folder=folder)
    assert [(reject.row, reject.code) for reject in done.rejects] == [(4, "INVALID")]
    assert done.attached + done.already_attached == 3
    assert done.already_attached
    with pytest.raises(InvalidArgument, match="did you mean 'file'"):
        await twenty.files.attach_rows("people", rows, file="flie", by={"id": "id"}, folder=folder)
