"""Against a server that fails at every step, nothing is lost, doubled or silent."""

from __future__ import annotations

import asyncio
import itertools
import random
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from aiotwenty import Hooks, ResponseEvent, RetryPolicy, Twenty, TwentyError
from aiotwenty.core import Company, CompanyUpdateInput
from aiotwenty.sandbox import Sandbox

FAULTS = (
    "reset-before:probability=0.05",
    "reset-after:probability=0.05",
    "html:probability=0.025",
    "error:probability=0.025",
    "cut:probability=0.02",
    "busy:probability=0.01",
)
EVERYTHING: Any = {"or": [{"deletedAt": {"is": "NULL"}}, {"deletedAt": {"is": "NOT_NULL"}}]}


@dataclass
class Expected:
    """What the calls were told. A record is known by its name, which one call alone asked for."""

    alive: dict[str, UUID] = field(default_factory=dict)
    deleted: dict[str, UUID] = field(default_factory=dict)
    destroyed: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    """Names that a call asked for whose outcome is unknown: they may be there or not, but not twice."""
    calls: int = 0
    failed: int = 0


@dataclass
class Met:
    """The kinds of errors that single requests met, most of which no caller hears of."""

    errors: set[str] = field(default_factory=set)

    def see(self, event: ResponseEvent) -> None:
        if event.error is not None:
            self.errors.add(type(event.error).__name__)


class Caller:
    """One of the concurrent callers; its records are its own, so that what it expects is certain."""

    def __init__(self, twenty: Twenty, expected: Expected, numbers: itertools.count[int], seed: int) -> None:
        self.twenty = twenty
        self.expected = expected
        self.numbers = numbers
        self.chance = random.Random(seed)
        self.mine: dict[str, UUID] = {}

    async def run(self, total: int) -> None:
        actions = [
            self.create_one,
            self.create_many,
            self.upsert,
            self.read,
            self.update,
            self.delete,
            self.restore,
            self.destroy,
        ]
        while self.expected.calls < total:
            self.expected.calls += 1
            action = self.chance.choices(actions, (5, 1, 1, 6, 4, 2, 1, 1))[0]
            try:
                await action()
            except TwentyError:
                self.expected.failed += 1

    def pick(self) -> str | None:
        return self.chance.choice(sorted(self.mine)) if self.mine else None

    def forget(self, name: str) -> None:
        self.mine.pop(name, None)
        self.expected.alive.pop(name, None)
        self.expected.unknown.add(name)

    def got(self, company: Company, name: str) -> None:
        assert company.name == name
        self.mine[name] = self.expected.alive[name] = company.id

    async def create_one(self) -> None:
        name = f"one {next(self.numbers)}"
        try:
            self.got(await self.twenty.companies.create_one({"name": name}), name)
        except TwentyError:
            self.expected.unknown.add(name)
            raise

    async def create_many(self) -> None:
        names = [f"many {next(self.numbers)}" for _ in range(5)]
        try:
            companies = await self.twenty.companies.create_many([{"name": name} for name in names])
        except TwentyError:
            self.expected.unknown.update(names)
            raise
        assert len(companies) == len(names)
        for company, name in zip(companies, names, strict=True):
            self.got(company, name)

    async def upsert(self) -> None:
        """By a unique value: what the second of two has changed, it has changed in the record of the first."""
        name = f"upsert {next(self.numbers)}"
        link: Any = {"domainName": {"primaryLinkUrl": f"https://{name.replace(' ', '-')}.example"}}
        for given in (f"{name} at first", name):
            try:
                self.got(await self.twenty.companies.create_one(link | {"name": given}, upsert=True), given)
            except TwentyError:
                self.forget(f"{name} at first")
                self.expected.unknown.add(name)
                raise
        self.mine.pop(f"{name} at first")
        assert self.expected.alive.pop(f"{name} at first") == self.mine[name]

    async def read(self) -> None:
        name = self.pick()
        if name is None:
            await self.twenty.companies.count()
        else:
            assert (await self.twenty.companies.find_one(self.mine[name])).name == name

    async def update(self) -> None:
        old = self.pick()
        if old is None:
            return
        new, identity = f"new {next(self.numbers)}", self.mine[old]
        try:
            company = await self.twenty.core.update_one_company(identity, CompanyUpdateInput(name=new))
        except TwentyError:
            self.forget(old)
            self.expected.unknown.add(new)
            raise
        del self.mine[old], self.expected.alive[old]
        assert company.id == identity
        self.got(company, new)

    async def delete(self) -> None:
        if (name := self.pick()) is None:
            return
        identity = self.mine[name]
        try:
            company = await self.twenty.companies.delete_one(identity)
        except TwentyError:
            self.forget(name)
            raise
        assert company.id == identity
        del self.mine[name], self.expected.alive[name]
        self.expected.deleted[name] = identity

    async def restore(self) -> None:
        if (name := self.pick()) is None:
            return
        try:
            await self.twenty.companies.delete_one(self.mine[name])
            restored = await self.twenty.companies.restore_one(self.mine[name])
        except TwentyError:
            self.forget(name)
            raise
        assert restored.deleted_at is None

    async def destroy(self) -> None:
        if (name := self.pick()) is None:
            return
        try:
            await self.twenty.companies.destroy_one(self.mine[name])
        except TwentyError:
            self.forget(name)
            raise
        del self.mine[name], self.expected.alive[name]
        self.expected.destroyed.add(name)


async def mixed_calls(seed: int, total: int, rate_limit: str) -> Expected:
    """Runs them and checks what the database holds in the end."""
    expected, met = Expected(), Met()
    numbers = itertools.count(1)
    policy = RetryPolicy(base=0.002, max_delay=0.02, max_retry_after=0.05)
    async with Sandbox(faults=FAULTS, seed=seed, rate_limit=rate_limit) as sandbox:
        random.seed(seed)
        async with Twenty(
            sandbox.url, api_key=sandbox.api_key, retry=policy, max_connections=32, hooks=Hooks(on_response=met.see)
        ) as twenty:
            callers = [Caller(twenty, expected, numbers, seed * 1000 + number) for number in range(32)]
            await asyncio.gather(*(caller.run(total) for caller in callers))
            assert all(fault.happened for fault in sandbox.faults)
            assert {"ConnectionFailed", "UnexpectedResponse", "ApiError", "RateLimited"} <= met.errors
            sandbox.faults.clear()
            sandbox.set_rate_limit(None)
            stored = [company async for company in twenty.companies.iterate(filter=EVERYTHING)]
    names = [company.name for company in stored]
    assert len(set(names)) == len(names), "a record was made twice"
    by_name = {str(company.name): company for company in stored}
    for name, identity in expected.alive.items():
        assert by_name[name].id == identity
        assert by_name[name].deleted_at is None
    for name, identity in expected.deleted.items():
        assert by_name[name].id == identity
        assert by_name[name].deleted_at is not None
    assert not expected.destroyed & by_name.keys()
    assert by_name.keys() <= expected.alive.keys() | expected.deleted.keys() | expected.unknown, "nobody asked for it"
    return expected


async def check_mixed_calls(seed: int, total: int) -> None:
    expected = await mixed_calls(seed, total, "600/1s")
    assert expected.calls == total
    assert expected.failed < 0.02 * total


async def test_every_acknowledged_write_is_there_once() -> None:
    await check_mixed_calls(0, 1200)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
async def test_of_ten_thousand_calls_every_acknowledged_write_is_there_once(seed: int) -> None:
    await check_mixed_calls(seed, 10_000)
