"""A server that costs nothing: ready-made bytes for each request, so that only the client is measured."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_UUID = re.compile(rb'"id": ?"([0-9a-f-]{36})"')
_SLOT = b"00000000-0000-4000-8000-000000000000"
"""Stands for an id in a file."""


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
        # Whoever sends no ids gets others, as from a server: equal ones would be read faster than real ones are.
        ids = _UUID.findall(body) if gaps else []
        ids += [b"%08x-0000-4000-8000-000000000000" % number for number in range(len(ids), gaps)]
        answer = b"".join([part for pair in zip(pieces, [*ids[:gaps], b""], strict=True) for part in pair])
        return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
            len(answer),
            answer,
        )


async def _serve(answers: dict[bytes, list[bytes]]) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: _Canned(answers), "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextlib.asynccontextmanager
async def canned(folder: Path) -> AsyncIterator[str]:
    """The URL of such a server, a process of its own; `folder/MARKER.json` answers bodies that have MARKER in them."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.canned", str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    asyncio.run(
        _serve({path.stem.encode(): path.read_bytes().split(_SLOT) for path in Path(sys.argv[1]).glob("*.json")})
    )
