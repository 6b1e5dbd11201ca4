"""Uploads and downloads."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from aiotwenty import Twenty
from aiotwenty.errors import ConfigurationError, NotFoundError, TwentyError
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
    with pytest.raises(TwentyError) as refusal:
        await twenty.files.download(uploaded.url.partition("?")[0])
    assert refusal.value.status == 403
    assert server.api_key not in str(refusal.value)


async def test_upload_says_what_it_is_missing(twenty: Twenty) -> None:
    with pytest.raises(ConfigurationError, match="needs a filename"):
        await twenty.files.upload(CONTENT, field="attachment.file")
    with pytest.raises(ConfigurationError, match="needs the FILES field"):
        await twenty.files.upload(CONTENT, filename="a.bin")
    with pytest.raises(NotFoundError):
        await twenty.files.upload(CONTENT, filename="a.bin", field="attachment.nope")


async def test_what_is_no_address_is_refused(twenty: Twenty) -> None:
    with pytest.raises(ConfigurationError, match="no address of a file"):
        await twenty.files.download("file:///etc/passwd")
