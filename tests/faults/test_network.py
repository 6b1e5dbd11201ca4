"""Through a network that does everything wrong, no call is untrue: nothing is lost, doubled, or said wrongly."""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
import time
from typing import Any

import pytest

from aiotwenty import RetryPolicy, Twenty
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.threaded import running_sandbox
from tests.faults.history import Caller, History, state_of
from tests.faults.network import KINDS, FaultyProxy, faulty
from tests.unit.scripted import KEY

CALLERS = 64
QUICK = RetryPolicy(base=0.005, max_delay=0.1, max_retry_after=1, total=20)


async def run_callers(sandbox: Sandbox, proxy: FaultyProxy, seed: int, faults: int) -> History:
    """Calls until so many faults have happened; then everything that is stored is held against what was told."""
    history = History(proxy.overtaken)
    numbers = itertools.count(1)
    random.seed(seed)
    async with Twenty(proxy.url, api_key=sandbox.api_key, retry=QUICK, timeout=1.0, verify=False) as twenty:

        async def call(number: int) -> None:
            caller = Caller(twenty, history, numbers, random.Random(seed * 1000 + number), careful=number % 4 == 0)
            while proxy.happened.total() < faults:
                await caller.act()
                # A caller has few records at a time, so that calls meet again.
                del caller.mine[:-20]

        await asyncio.gather(*(call(number) for number in range(CALLERS)))
    await proxy.settle()
    async with Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
        everything: Any = {"or": [{"deletedAt": {"is": "NULL"}}, {"deletedAt": {"is": "NOT_NULL"}}]}
        stored = {one.id: state_of(one) async for one in twenty.companies.iterate(filter=everything)}
    history.check(stored)
    return history


def check_faults(seed: int, faults: int, rate: float) -> None:
    begun = time.monotonic()

    async def run(sandbox: Sandbox) -> tuple[History, FaultyProxy]:
        async with faulty(sandbox.url, seed=seed, rate=rate) as proxy:
            return await run_callers(sandbox, proxy, seed, faults), proxy

    with running_sandbox() as sandbox:
        history, proxy = asyncio.run(run(sandbox))
    sys.stdout.write(
        f"\nseed {seed}: {proxy.requests:,} requests, {proxy.happened.total():,} faults of {len(proxy.happened)} "
        f"kinds, {history.calls.total():,} calls ({dict(history.calls)}), {len(history.possible):,} records, "
        f"{len(proxy.overtaken):,} overtaken by late requests, {history.undone} of them undone, "
        f"{len(history.wrong)} wrong, {time.monotonic() - begun:.0f} s\n"
    )
    assert not history.wrong, "\n".join(history.wrong[:10])
    if faults >= 20 * len(KINDS):
        assert set(proxy.happened) == set(KINDS)
    assert history.calls["done"] > 0.8 * history.calls.total()


def test_there_are_more_than_twenty_two_kinds_of_faults() -> None:
    assert len(KINDS) >= 22


def test_every_acknowledged_write_is_there_and_every_other_one_is_told(seed: int) -> None:
    check_faults(seed, 20 * len(KINDS), 0.5)


@pytest.mark.soak
def test_a_million_faults_make_nothing_untrue(seed: int, faults: int) -> None:
    # In parts, so that the checker holds few records at a time.
    for part, done in enumerate(range(0, faults, 50_000)):
        check_faults(seed + part, min(faults - done, 50_000), 0.5)


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_no_fault_lasts_longer_than_the_deadline(kind: str, twenty_sandbox: Sandbox) -> None:
    """Whatever the network does, again and again: a call ends, and says something of its own."""
    async with faulty(twenty_sandbox.url, seed=1, rate=1.0, kinds=(kind,)) as proxy:
        async with Twenty(proxy.url, api_key=twenty_sandbox.api_key, retry=QUICK, timeout=0.2, deadline=0.8) as twenty:
            begun = time.monotonic()
            calls = [twenty.companies.count() for _ in range(3)]
            calls += [twenty.companies.create_one({"name": f"{kind} {number}"}) for number in range(3)]  # type: ignore[misc]
            results = await asyncio.gather(*calls, return_exceptions=True)
            assert time.monotonic() - begun < 30
        for result in results:
            if isinstance(result, BaseException):
                assert type(result).__module__ == "aiotwenty.errors"
                assert KEY not in str(result)
