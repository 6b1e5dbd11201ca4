"""What a selection costs: a page of three fields, beside bare aiohttp with a model of one's own; and making it."""

from __future__ import annotations

import json
import tempfile
import time
import uuid
from pathlib import Path
from uuid import UUID

import aiohttp
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from aiotwenty import Select, Twenty
from aiotwenty.core import Company, FullName, Person, WorkspaceMember
from aiotwenty.graphql.encode import encode_body
from benchmarks.canned import canned
from benchmarks.harness import Bound, Limit, Series, Table, cpu_seconds

PAGE = 60
BARE = "aiohttp + a model of one's own"
OURS = "aiotwenty, select="


class Three(Select[Company]):
    """What is measured."""

    id: UUID
    name: str | None
    position: float


class _Own(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class _Company(_Own):
    id: UUID
    name: str | None
    position: float


class _Edge(_Own):
    node: _Company
    cursor: str | None


class _PageInfo(_Own):
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class _Connection(_Own):
    edges: list[_Edge]
    page_info: _PageInfo
    total_count: int


class _Data(_Own):
    companies: _Connection


class _Envelope(_Own):
    data: _Data


def _answer() -> str:
    edges = [
        {
            "node": {"id": str(uuid.UUID(int=number, version=4)), "name": f"Blau {number} GmbH", "position": -number},
            "cursor": f"eyJpZCI6IjIwMjAyMDIwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAw{number:04}In0=",
        }
        for number in range(PAGE)
    ]
    info = {"hasNextPage": True, "hasPreviousPage": False, "startCursor": "a", "endCursor": "b"}
    return json.dumps({"data": {"companies": {"edges": edges, "pageInfo": info, "totalCount": 10_000}}})


def _write(folder: Path) -> None:
    (folder / "FindManyCompanies.json").write_text(_answer(), encoding="utf-8")


async def measure(rounds: int, calls: int) -> list[Table]:
    """CPU of this process for a page, and milliseconds for making a class."""
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder))
        async with canned(Path(folder)) as url:
            page = await _pages(url, rounds, calls)
    made = Series("a class with a relation to one and one to many", [_made() for _ in range(max(rounds, 20))])
    title = "Making a class that selects"
    return [page, Table(title, "ms", [made], bounds=[Bound(made.name, most=1)])]


async def _pages(url: str, rounds: int, calls: int) -> Table:
    async with (
        aiohttp.ClientSession(headers={"Authorization": "Bearer benchmark"}) as session,
        Twenty(url, api_key="benchmark", rate_limit=None) as twenty,
    ):
        operation = twenty.companies._ask("find_many", "page", Three).operation
        body = encode_body(operation, {"first": PAGE})

        async def bare() -> object:
            headers = {"Content-Type": "application/json"}
            async with session.post(f"{url}/graphql", data=body, headers=headers) as response:
                return _Envelope.model_validate_json(await response.read())

        async def ours() -> object:
            return await twenty.companies.find_many(first=PAGE, select=Three)

        # Both are so near to each other that only many short rounds in turns tell them apart.
        series = await cpu_seconds({BARE: bare, OURS: ours}, max(rounds, 60), calls // 4)
    title = f"Page of {PAGE} companies with three fields"
    return Table(title, "ms CPU a request", series, [Limit(OURS, BARE, 1.10)])


def _made() -> float:
    class Owner(Select[WorkspaceMember]):
        name: FullName

    class Colleague(Select[Person]):
        name: FullName
        job_title: str | None

    start = time.perf_counter()

    class CompanyCard(Select[Company]):
        id: UUID
        name: str | None
        account_owner: Owner | None
        people: list[Colleague]

    return (time.perf_counter() - start) * 1000
