"""Somebody else at the same record, between the read and the write of an update of parts."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from aiotwenty import RecordChanged, Twenty
from aiotwenty.sandbox import Sandbox


@pytest.fixture
def sandbox(twenty_sandbox: Sandbox) -> Sandbox:
    return twenty_sandbox


@pytest.fixture
async def twenty(sandbox: Sandbox) -> AsyncIterator[Twenty]:
    async with Twenty(sandbox.url, api_key=sandbox.api_key) as client:
        yield client


def meanwhile(act: Callable[[], Awaitable[object]]) -> aiohttp.TraceConfig:
    """Acts once, when the answer to a read has come."""
    trace = aiohttp.TraceConfig(trace_config_ctx_factory=SimpleNamespace)
    pending = [act]

    async def sent(session: object, context: Any, chunk: aiohttp.TraceRequestChunkSentParams) -> None:
        context.reads = json.loads(chunk.chunk)["query"].startswith("query")

    async def came(session: object, context: Any, end: aiohttp.TraceRequestEndParams) -> None:
        if getattr(context, "reads", False) and pending:
            await pending.pop()()

    trace.on_request_chunk_sent.append(sent)
    trace.on_request_end.append(came)
    return trace


@pytest.mark.parametrize("many", [False, True])
async def test_a_change_to_another_field_is_kept_and_told(sandbox: Sandbox, twenty: Twenty, many: bool) -> None:
    links: Any = {"primary_link_url": "https://a.example", "primary_link_label": "A"}
    company = await twenty.companies.create_one({"name": "before", "domain_name": links})
    trace = meanwhile(lambda: twenty.companies.update_one(company.id, {"name": "theirs"}))
    data: Any = {"domain_name": {"primary_link_label": "ours"}}
    async with (
        aiohttp.ClientSession(trace_configs=[trace]) as session,
        Twenty(sandbox.url, api_key=sandbox.api_key, session=session) as ours,
    ):
        write: Any = (
            ours.companies.update_many(data, {"id": {"eq": company.id}})
            if many
            else ours.companies.update_one(company.id, data)
        )
        with pytest.warns(RecordChanged, match="name"):
            await write
    after = await twenty.companies.find_one(company.id)
    assert after.name == "theirs"
    assert after.domain_name is not None
    assert (after.domain_name.primary_link_url, after.domain_name.primary_link_label) == ("https://a.example", "ours")


async def test_a_quiet_update_warns_of_nothing_and_reads_nothing_that_it_need_not(twenty: Twenty) -> None:
    company = await twenty.companies.create_one({"name": "x", "domain_name": {"primary_link_url": "https://b.example"}})
    after = await twenty.companies.update_one(company.id, {"domain_name": {"primary_link_label": "ours"}})
    assert after.domain_name is not None
    assert after.domain_name.primary_link_url == "https://b.example"
