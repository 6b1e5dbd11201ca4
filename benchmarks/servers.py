"""How fast the sandbox answers, in a process of its own, asked by a client that does as little as it can."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from benchmarks.harness import Bound, Series, Table

CREATED = "companies created, 200 a request"
READ = "companies read, 1,000 a page"
_CREATE = "mutation($data:[CompanyCreateInput!]!){createCompanies(data:$data){id}}"
_READ = (
    "query($after:String){companies(first:1000 after:$after){edges{node{id name createdAt domainName{primaryLinkUrl}"
    " address{addressCity addressCountry} annualRevenue{amountMicros}}}pageInfo{hasNextPage endCursor}}}"
)


@contextlib.asynccontextmanager
async def sandbox(*options: str) -> AsyncIterator[tuple[str, str, int]]:
    """URL, key and process id of `aiotwenty sandbox` with these options."""
    program = "from aiotwenty.cli import main; main()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, "sandbox", *options, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        found: dict[str, str] = {}
        while len(found) < 2:
            line = (await process.stdout.readline()).decode().strip()
            if not line:
                raise RuntimeError("the sandbox did not start")
            name, equals, value = line.partition("=")
            if equals:
                found[name] = value
        yield found["TWENTY_API_URL"], found["TWENTY_API_KEY"], process.pid
    finally:
        process.terminate()
        await process.wait()


@contextlib.asynccontextmanager
async def served(*arguments: str) -> AsyncIterator[str]:
    """The URL of a server in a Python process with these arguments, which prints it as its first line."""
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


def resident_megabytes(pid: int) -> float:
    """Memory of a process now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


def peak_megabytes() -> float:
    """The most memory that this process ever had.

    `ru_maxrss` would not do: a new process starts with that of the one that started it.
    """
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


async def measure(rounds: int, records: int = 20_000) -> list[Table]:
    """Records a second, created and read, a fresh sandbox each round."""
    created, read = Series(CREATED), Series(READ)
    for _ in range(rounds):
        async with (
            sandbox() as (url, key, _),
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
        ):
            bodies = [_batch(start) for start in range(0, records, 200)]
            start = time.perf_counter()
            await asyncio.gather(*(_post_all(session, url, bodies[lane::4]) for lane in range(4)))
            created.figures.append(records / (time.perf_counter() - start))
            start = time.perf_counter()
            if await _read_all(session, url) != records:
                raise RuntimeError("the sandbox lost records")
            read.figures.append(records / (time.perf_counter() - start))
    bounds = [Bound(CREATED, least=5_000), Bound(READ, least=20_000)]
    return [Table("The sandbox", "records/s", [created, read], bounds=bounds), await _million()]


async def _million(records: int = 1_000_000) -> Table:
    """A million companies in a file: the most memory that the server ever had, asked after every 20,000 records."""
    memory = Series("server")
    with tempfile.TemporaryDirectory() as folder:
        async with (
            sandbox("--database", f"{folder}/million.db") as (url, key, pid),
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as session,
        ):
            peak = 0.0
            for part in range(0, records, 20_000):
                bodies = [_batch(start) for start in range(part, part + 20_000, 200)]
                await asyncio.gather(*(_post_all(session, url, bodies[lane::4]) for lane in range(4)))
                peak = max(peak, resident_megabytes(pid))
            memory.figures.append(peak)
    return Table("A million companies in a file database", "MB", [memory], bounds=[Bound("server", most=300)])


def _batch(start: int) -> bytes:
    data = [
        {
            "name": f"Blau Optics {number}",
            "domainName": {"primaryLinkUrl": f"https://blau-optics-{number}.example"},
            "address": {"addressCity": "Köln", "addressCountry": "Germany"},
            "annualRevenue": {"amountMicros": number * 1_000_000, "currencyCode": "EUR"},
        }
        for number in range(start, start + 200)
    ]
    return json.dumps({"query": _CREATE, "variables": {"data": data}}).encode()


async def _post_all(session: aiohttp.ClientSession, url: str, bodies: list[bytes]) -> None:
    for body in bodies:
        answer = await _post(session, url, body)
        if b'"errors"' in answer:
            raise RuntimeError(answer[:500].decode())


async def _post(session: aiohttp.ClientSession, url: str, body: bytes) -> bytes:
    async with session.post(f"{url}/graphql", data=body, headers={"Content-Type": "application/json"}) as response:
        return await response.read()


async def _read_all(session: aiohttp.ClientSession, url: str) -> int:
    seen, after = 0, None
    while True:
        answer = json.loads(
            await _post(session, url, json.dumps({"query": _READ, "variables": {"after": after}}).encode())
        )
        page = answer["data"]["companies"]
        seen += len(page["edges"])
        if not page["pageInfo"]["hasNextPage"]:
            return seen
        after = page["pageInfo"]["endCursor"]
