"""What one request costs: the same page and batch through every client, from a server that costs nothing."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from pydantic import BaseModel, Field, TypeAdapter

from aiotwenty import Twenty
from aiotwenty.core import Company, CompanyCreateInput, LinksCreateInput
from aiotwenty.core.operations import CREATE_MANY_COMPANIES, FIND_MANY_COMPANIES
from aiotwenty.graphql.page import Page
from benchmarks import stock
from benchmarks.canned import canned
from benchmarks.harness import Limit, Table, cpu_seconds

ROOT = Path(__file__).resolve().parent.parent
PAGE, BATCH = 60, 200
SLOT = "00000000-0000-4000-8000-000000000000"

BARE = "aiohttp + model_validate_json"
OURS = "aiotwenty"
STOCK = "stock ariadne-codegen (httpx)"

Contenders = Mapping[str, Callable[[], Awaitable[object]]]


def company(number: int, identifier: str) -> dict[str, Any]:
    """One company as the server returns it: about 0.9 KB of JSON."""
    actor: dict[str, Any] = {"context": {}, "name": "Import", "source": "API", "workspaceMemberId": None}
    return {
        "accountOwnerId": None,
        "address": {"addressCity": "Köln", "addressCountry": "Germany", "addressLat": 50.94, "addressLng": 6.96,
                    "addressPostcode": "50667", "addressState": "", "addressStreet1": f"Am Weiher {number}",
                    "addressStreet2": ""},
        "annualRevenue": {"amountMicros": 12_000_000_000 + number, "currencyCode": "EUR"},
        "createdAt": "2026-11-23T15:00:18.735Z",
        "createdBy": actor,
        "deletedAt": None,
        "domainName": {"primaryLinkLabel": "", "primaryLinkUrl": f"https://blau-optics-{number}.example",
                       "secondaryLinks": None},
        "id": identifier,
        "linkedinLink": {"primaryLinkLabel": "", "primaryLinkUrl": f"https://www.linkedin.com/company/blau-{number}",
                         "secondaryLinks": []},
        "name": f"Blau Optics {number} GmbH",
        "position": -number,
        "searchVector": f"'blau':1 'gmbh':4 'optics':2 '{number}':3",
        "updatedAt": "2026-11-23T15:00:18.735Z",
        "updatedBy": actor,
    }  # fmt: skip


def answers(folder: Path) -> None:
    """Write what the server says to each operation."""
    edges = [
        {"node": company(number, str(uuid.UUID(int=number, version=4))), "cursor": f"cursor{number}"}
        for number in range(PAGE)
    ]
    info = {"hasNextPage": True, "hasPreviousPage": False, "startCursor": "cursor0", "endCursor": f"cursor{PAGE - 1}"}
    page = {"data": {"companies": {"edges": edges, "pageInfo": info, "totalCount": 10_000}}}
    batch = {"data": {"createCompanies": [company(number, SLOT) for number in range(BATCH)]}}
    for name, answer in (("FindManyCompanies", page), ("CreateManyCompanies", batch)):
        (folder / f"{name}.json").write_text(
            json.dumps(answer, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
        )


class _Companies(BaseModel):
    companies: Page[Company]


class PageEnvelope(BaseModel):
    data: _Companies


class _Created(BaseModel):
    created: list[Company] = Field(validation_alias="createCompanies")


class CreatedEnvelope(BaseModel):
    data: _Created


async def measure(rounds: int, calls: int) -> list[Table]:
    """CPU of this process for pages read and batches created, one at a time and several at once."""
    with tempfile.TemporaryDirectory() as folder:
        stock.generate(ROOT / "schema" / "core.graphql", ROOT / "queries" / "core", Path(folder))
        sys.path.insert(0, folder)
        try:
            answers(Path(folder))
            async with canned(Path(folder)) as url:
                return await _measure(url, rounds, calls)
        finally:
            sys.path.remove(folder)


async def _measure(url: str, rounds: int, calls: int) -> list[Table]:
    stock_client = importlib.import_module("stock_client")
    headers = {"Authorization": "Bearer benchmark"}
    # Its own patience of five seconds is too short for many requests at once on a busy machine.
    patient = httpx.AsyncClient(headers=headers, timeout=60)
    stock_session = stock_client.Client(url=f"{url}/graphql", headers=headers, http_client=patient)
    document, text = gql(FIND_MANY_COMPANIES.document), FIND_MANY_COMPANIES.document
    models = [
        CompanyCreateInput(
            name=f"Blau {number}", domain_name=LinksCreateInput(primary_link_url=f"https://b{number}.example")
        )
        for number in range(BATCH)
    ]
    dump = TypeAdapter(list[CompanyCreateInput])
    read_prefix, create_prefix = FIND_MANY_COMPANIES.body_prefix, CREATE_MANY_COMPANIES.body_prefix
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        Twenty(url, api_key="benchmark", rate_limit=None, max_connections=32) as twenty,
        Client(transport=AIOHTTPTransport(f"{url}/graphql", headers=headers, ssl=True)) as plain,
    ):

        async def post(body: bytes) -> bytes:
            async with session.post(
                f"{url}/graphql", data=body, headers={"Content-Type": "application/json"}
            ) as response:
                return await response.read()

        async def bare_page() -> object:
            return PageEnvelope.model_validate_json(await post(b'%b{"first":60}}' % read_prefix))

        async def bare_batch() -> object:
            # Without the ids that make a lost answer settleable: they are part of what ours costs.
            body = b'%b{"data":%b}}' % (create_prefix, dump.dump_json(models, by_alias=True, exclude_unset=True))
            return CreatedEnvelope.model_validate_json(await post(body))

        async def gql_page(query: Any) -> object:
            query.variable_values = {"first": PAGE}
            return Page[Company].model_validate((await plain.execute(query))["companies"])

        page: Contenders = {
            BARE: bare_page,
            OURS: lambda: twenty.companies.find_many(first=PAGE),
            "gql, document parsed once": lambda: gql_page(document),
            "gql, query text each time": lambda: gql_page(gql(text)),
            STOCK: lambda: stock_session.find_many_companies(first=PAGE),
        }
        batch: Contenders = {
            BARE: bare_batch,
            OURS: lambda: twenty.companies.create_many(models),
        }
        tables = []
        for at_once in (1, 8, 32):
            contenders = {name: _together(call, at_once) for name, call in page.items()}
            series = await cpu_seconds(contenders, rounds, max(1, calls // at_once), per=at_once)
            limits = [Limit(OURS, BARE, 1.15), Limit(OURS, STOCK, 0.5)] if at_once == 1 else []
            tables.append(Table(f"Page of {PAGE} companies, {at_once} at a time", "ms CPU a request", series, limits))
        series = await cpu_seconds(batch, rounds, max(1, calls // 2))
        tables.append(Table(f"create_many of {BATCH} companies", "ms CPU a request", series, [Limit(OURS, BARE, 1.15)]))
        await stock_session.http_client.aclose()
    return tables


def _together(call: Callable[[], Awaitable[object]], count: int) -> Callable[[], Awaitable[object]]:
    if count == 1:
        return call

    async def several() -> object:
        return await asyncio.gather(*(call() for _ in range(count)))

    return several
