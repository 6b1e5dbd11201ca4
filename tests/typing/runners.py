"""What a Runner gives, as mypy and pyright see it; nothing here is run."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import assert_type
from uuid import UUID

import aiohttp

from aiotwenty import Client, RetryPolicy, Runner, Select, Twenty
from aiotwenty.core import Company


class MyTwenty(Twenty):
    """Stands for the client of a generated package."""

    def __init__(self, tenant: str, *, timeout: float = 30.0) -> None:
        super().__init__(f"https://{tenant}.example.com", timeout=timeout)


class Card(Select[Company]):
    id: UUID
    name: str | None


@asynccontextmanager
async def with_session(base_url: str) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session, Client(base_url, session=session) as client:
        yield client


def right() -> None:
    with Runner("https://crm.example.com", api_key="key", retry=RetryPolicy()) as run:
        assert_type(run, Runner[Twenty])
        assert_type(run(run.twenty.companies.count()), int)
        assert_type(run(run.twenty.companies.find_one(UUID(int=1))), Company)
        assert_type(run(run.twenty.companies.find_many(select=Card)).records, list[Card])
        for company in run.iterate(run.twenty.companies.iterate(), read_ahead=10):
            assert_type(company, Company)
    assert_type(Runner(), Runner[Twenty])
    assert_type(Runner(MyTwenty, "air", timeout=10).twenty, MyTwenty)
    assert_type(Runner(lambda: MyTwenty("air")).twenty, MyTwenty)
    assert_type(Runner(with_session, "https://crm.example.com").twenty, Client)
