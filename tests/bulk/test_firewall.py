"""A firewall before the server refuses what some rows say: it costs these rows, not the load."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from aiotwenty import Twenty
from aiotwenty.errors import UnexpectedResponse
from aiotwenty.sandbox import Sandbox

EVIL = re.compile(rb"DROP TABLE|<script")
BLOCKED = "<html><title>403</title><body>Request blocked by policy</body></html>"


@asynccontextmanager
async def behind_a_firewall(refuses: re.Pattern[bytes]) -> AsyncIterator[tuple[Twenty, list[int]]]:
    """A client that gets HTTP 403 for requests with something of `refuses` in them; and all statuses."""
    statuses: list[int] = []

    async def forward(request: web.Request) -> web.Response:
        body = await request.read()
        if refuses.search(body):
            statuses.append(403)
            return web.Response(status=403, text=BLOCKED, content_type="text/html", headers={"Server": "wall"})
        headers = {"Authorization": request.headers["Authorization"], "Content-Type": "application/json"}
        async with session.post(f"{sandbox.url}{request.path}", data=body, headers=headers) as answer:
            statuses.append(answer.status)
            return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)

    application = web.Application(client_max_size=10_000_000)
    application.router.add_post("/{path:.*}", forward)
    async with (
        Sandbox() as sandbox,
        ClientSession() as session,
        TestServer(application) as proxy,
        Twenty(str(proxy.make_url("")), api_key=sandbox.api_key, rate_limit=None) as twenty,
    ):
        yield twenty, statuses


def rows(count: int, bad: set[int]) -> list[dict[str, str]]:
    return [{"name": f"C{i} '; DROP TABLE companies" if i in bad else f"C{i}"} for i in range(count)]


@pytest.mark.parametrize("upsert", [False, True])
async def test_rows_that_a_firewall_refuses_are_rejects_and_all_others_are_loaded(upsert: bool) -> None:
    async with behind_a_firewall(EVIL) as (twenty, _):
        report = await twenty.companies.load(rows(500, {7, 8, 300}), upsert=upsert, concurrency=2)
        assert (report.loaded, report.rejected) == (497, 3)
        assert {reject.code for reject in report.rejects} == {"REFUSED_ON_THE_WAY"}
        assert {reject.row for reject in report.rejects} == {8, 9, 301}
        assert "Request blocked by policy" in report.rejects[0].message
        assert await twenty.companies.count() == 497


async def test_changes_and_removals_pass_the_same_way() -> None:
    async with behind_a_firewall(EVIL) as (twenty, _):
        await twenty.companies.load([{"name": f"C{i}"} for i in range(20)])
        companies = [company async for company in twenty.companies.iterate()]
        bad = companies[3].id
        changed = await twenty.companies.load(
            [{"id": c.id, "name": "<script>" if c.id == bad else "fine"} for c in companies], upsert=True
        )
        assert (changed.loaded, changed.rejected) == (19, 1)


@pytest.mark.parametrize(
    "refuses", [rb".", rb"createCompanies|updateCompany"], ids=["every request", "every request that writes"]
)
async def test_a_firewall_that_lets_nothing_pass_ends_the_load(refuses: bytes) -> None:
    async with behind_a_firewall(re.compile(refuses, re.DOTALL)) as (twenty, statuses):
        with pytest.raises(UnexpectedResponse, match="a proxy or firewall"):
            await twenty.companies.load(rows(2_000, set()), concurrency=1)
        assert len(statuses) < 120
