"""A server that costs nothing: ready-made bytes for each request, so that only the client is measured."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from aiotwenty.graphql.field_existence import FIELDS_OF_ALL
from aiotwenty.sandbox import Sandbox
from benchmarks.servers import served

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_UUID = re.compile(rb'"id": ?"([0-9a-f-]{36})"')
_SLOT = b"00000000-0000-4000-8000-000000000000"
"""Stands for an id in a file."""
_PAGE_OF = re.compile(rb'"endCursor": ?"page (\d+) of (\d+)"')
"""The cursor of an answer that is any page of a list: its ids rise from page to page, and the last one says so."""
_ASKED = re.compile(rb'"after": ?"page (\d+) of')


class _Canned(asyncio.Protocol):
    """Serves one keep-alive connection. Between the pieces of an answer go the ids of the request."""

    def __init__(self, answers: dict[bytes, list[bytes]]) -> None:
        self.answers = answers
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (head := self.buffer.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self.buffer, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(self.buffer) < end:
                return
            body, self.buffer = self.buffer[head + 4 : end], self.buffer[end:]
            self.transport.write(self._answer(body))

    def _answer(self, body: bytes) -> bytes:
        pieces = next((pieces for marker, pieces in self.answers.items() if marker in body), [b'{"data":{}}'])
        gaps = len(pieces) - 1
        if (cursor := _PAGE_OF.search(pieces[-1])) is not None:
            pieces, ids = _page(body, pieces, cursor)
            return _reply(pieces, ids)
        # Whoever sends no ids gets others, as from a server: equal ones would be read faster than real ones are.
        ids = _UUID.findall(body) if gaps else []
        ids += [b"%08x-0000-4000-8000-000000000000" % number for number in range(len(ids), gaps)]
        return _reply(pieces, ids[:gaps])


def _page(body: bytes, pieces: list[bytes], cursor: re.Match[bytes]) -> tuple[list[bytes], list[bytes]]:
    """The page that a request asks for, and its ids."""
    asked = _ASKED.search(body)
    number, gaps = int(asked[1]) if asked else 0, len(pieces) - 1
    end = pieces[-1].replace(cursor[0], b'"endCursor":"page %d of %b"' % (number + 1, cursor[2]))
    if number + 1 == int(cursor[2]):
        end = end.replace(b'"hasNextPage":true', b'"hasNextPage":false')
    ids = [b"%08x-0000-4000-8000-000000000000" % (number * gaps + place) for place in range(gaps)]
    return [*pieces[:-1], end], ids


def _reply(pieces: list[bytes], ids: list[bytes]) -> bytes:
    answer = b"".join([part for pair in zip(pieces, [*ids, b""], strict=True) for part in pair])
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(answer) + answer


async def _serve(answers: dict[bytes, list[bytes]]) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Canned(answers), "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextlib.asynccontextmanager
async def canned(folder: Path) -> AsyncIterator[str]:
    """The URL of such a server, a process of its own; `folder/MARKER.json` answers bodies that have MARKER in them.

    It answers the question for the data model, too: clients ask it once when a field is empty in all of a page.
    """
    (folder / f"{FIELDS_OF_ALL.name}.json").write_bytes(await _data_model())
    async with served("-m", "benchmarks.canned", str(folder)) as url:
        yield url


async def _data_model() -> bytes:
    """What a workspace with the standard objects answers to that question."""
    async with Sandbox() as sandbox, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {sandbox.api_key}"}
        body = {"query": FIELDS_OF_ALL.document}
        async with session.post(f"{sandbox.url}/metadata", json=body, headers=headers) as response:
            return await response.read()


if __name__ == "__main__":
    asyncio.run(
        _serve({path.stem.encode(): path.read_bytes().split(_SLOT) for path in Path(sys.argv[1]).glob("*.json")})
    )
