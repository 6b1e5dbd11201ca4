"""Nothing lost, nothing doubled: loads against a server that fails in every way, and loads that are killed."""

from __future__ import annotations

import asyncio
import json
import random
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from aiotwenty import Hooks, RetryPolicy, Twenty
from aiotwenty.errors import ConnectionFailed
from aiotwenty.sandbox import Sandbox
from benchmarks import big_import
from tests.support.forked import forking
from tests.support.ports import free_port

WRITES = "operation=createPeople"
FAULTS = ["reset-before", "reset-after", "error", "html", "limit", "cut"]


def people_csv(path: Path, rows: int, chance: random.Random) -> set[int]:
    """Writes rows of which 1 % are bad in one of four ways; gives back the numbers of the bad ones."""
    bad: set[int] = set()
    with path.open("w", encoding="utf-8") as file:
        file.write("email,phone,companyId,createdAt\n")
        for number in range(1, rows + 1):
            email, phone, company, created = f"p{number}@example.com", "", "", "2026-01-01"
            if chance.random() < 0.01:
                bad.add(number)
                match chance.randrange(4):
                    case 0:
                        email = f"not-an-address-{number}"
                    case 1:
                        phone = f"abc{number % 3}"
                    case 2:
                        company = "decccb3d-b127-47cf-907d-a8e35191a366"
                    case 3:
                        created = "yesterday"
            file.write(f"{email},{phone},{company},{created}\n")
    return bad


async def check(twenty: Twenty, rows: int, bad: set[int]) -> None:
    """Exactly the good rows are in the database, each once."""
    found = [person.emails.primary_email async for person in twenty.people.iterate() if person.emails]
    expected = {f"p{number}@example.com" for number in range(1, rows + 1) if number not in bad}
    assert len(found) == len(set(found))
    assert set(found) == expected


async def load_through_faults(path: Path, rows: int, seed: int, upsert: bool, journal: Path) -> None:
    bad = people_csv(path, rows, random.Random(seed))
    rejects = path.with_suffix(".bad.jsonl")
    faults = [f"{kind}:probability=0.05:{WRITES}" for kind in FAULTS]
    faults += ["reset-before:probability=0.05", "error:probability=0.05:operation=people"]
    faults += [f"slow=5:probability=0.01:{WRITES}"]
    async with (
        Sandbox(seed=seed, faults=faults) as sandbox,
        Twenty(
            sandbox.url,
            api_key=sandbox.api_key,
            timeout=2,
            rate_limit=None,
            retry=RetryPolicy(base=0.01, max_retry_after=0.01),
        ) as twenty,
    ):
        report = await twenty.people.load(path, upsert=upsert, key="email", journal=journal, rejects=rejects)
        sandbox.faults.clear()
        assert {reject.row for reject in report.rejects} == bad
        assert (report.loaded, report.rejected) == (rows - len(bad), len(bad))
        assert {json.loads(line)["_row"] for line in rejects.read_text().splitlines()} == bad
        assert report.retries > 0
        await check(twenty, rows, bad)


@pytest.mark.parametrize(("rows", "seed", "upsert"), [(2400, 10, False), (1200, 2, True)])
async def test_every_good_row_arrives_once_through_all_faults(
    tmp_path: Path, rows: int, seed: int, upsert: bool
) -> None:
    await load_through_faults(tmp_path / "people.csv", rows, seed, upsert, tmp_path / "load.db")


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 16))
@pytest.mark.parametrize("upsert", [False, True])
async def test_fifty_thousand_rows_arrive_once_through_all_faults(tmp_path: Path, seed: int, upsert: bool) -> None:
    await load_through_faults(tmp_path / "people.csv", 50_000, seed, upsert, tmp_path / "load.db")


LOAD = """
import asyncio
import aiotwenty.bulk.loading, aiotwenty.core.objects.person
from aiotwenty import Hooks, RetryPolicy, Twenty
from aiotwenty.errors import ConnectionFailed
async def main(url, key, path, upsert):
    async with Twenty(url, api_key=key, timeout=5, rate_limit=None, retry=RetryPolicy(base=0.01)) as twenty:
        print("ready", flush=True)
        report = await twenty.people.load(
            path, upsert=upsert == "True", key="email", journal=path + ".db", rejects=path + ".bad.csv",
            on_progress=lambda progress: print("batch", flush=True),
        )
        print(report.received, report.loaded, report.rejected, report.already_loaded, flush=True)
"""


async def load_killed(path: Path, rows: int, kills: int, seed: int, upsert: bool, troubles: Sequence[str] = ()) -> None:
    """Runs the load in a process that is killed again and again at random moments, then to its end."""
    chance = random.Random(seed)
    bad = people_csv(path, rows, chance)
    async with (
        Sandbox(seed=seed, faults=[f"latency=0.03:{WRITES}", *troubles]) as sandbox,
        Twenty(sandbox.url, api_key=sandbox.api_key, rate_limit=None) as twenty,
        forking(LOAD) as program,
    ):
        killed = 0
        while True:
            run = await program.start(sandbox.url, sandbox.api_key, str(path), str(upsert))
            assert await run.line() == "ready"
            if killed < kills:
                # Some batches into it, at a random moment of one: while it is sent, answered or written down.
                for _ in range(chance.randint(1, rows // 200 // kills - 4)):
                    await run.line()
                await asyncio.sleep(chance.uniform(0, 0.04))
                run.kill()
                killed += 1
            code = await run.end()
            if code != -signal.SIGKILL:
                break
        assert (killed, code) == (kills, 0)
        sandbox.faults.clear()
        received, loaded, rejected, already = map(int, run.output[-1].split())
        assert (received, loaded + already, rejected) == (rows, rows - len(bad), len(bad))
        assert already > 0
        text = path.with_name(path.name + ".bad.csv").read_text()
        assert {int(line.split(",")[0]) for line in text.splitlines()[1:]} == bad
        await check(twenty, rows, bad)


@pytest.mark.parametrize(("rows", "kills", "seed", "upsert"), [(2400, 2, 1, False), (1600, 1, 0, True)])
async def test_a_load_that_is_killed_again_and_again_ends_as_if_it_had_not_been(
    tmp_path: Path, rows: int, kills: int, seed: int, upsert: bool
) -> None:
    await load_killed(tmp_path / "people.csv", rows, kills, seed, upsert)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("upsert", [False, True])
async def test_twenty_kills_lose_and_double_nothing(tmp_path: Path, seed: int, upsert: bool) -> None:
    await load_killed(tmp_path / "people.csv", 50_000, 20, seed, upsert)


async def test_a_cancelled_load_writes_down_what_was_in_flight_and_goes_on(tmp_path: Path) -> None:
    journal = tmp_path / "load.db"
    path = tmp_path / "people.csv"
    people_csv(path, 4000, random.Random(0))
    async with (
        Sandbox(faults=[f"latency=0.02:{WRITES}"]) as sandbox,
        Twenty(sandbox.url, api_key=sandbox.api_key, rate_limit=None) as twenty,
    ):
        task: asyncio.Task[object]

        def stop_after_two_batches(progress: object) -> None:
            if getattr(progress, "loaded", 0) > 300:
                task.cancel()

        task = asyncio.create_task(twenty.people.load(path, journal=journal, on_progress=stop_after_two_batches))
        with pytest.raises(asyncio.CancelledError):
            await task
        there = await twenty.people.count()
        assert 300 < there < 4000
        report = await twenty.people.load(path, journal=journal)
        assert report.already_loaded == there
        assert report.retries == 0
        assert await twenty.people.count() == report.already_loaded + report.loaded
        assert report.received == 4000


@pytest.mark.parametrize("upsert", [False, True])
@pytest.mark.parametrize("gateway", [True, False], ids=["gateway", "client"])
async def test_a_server_that_is_too_slow_for_large_batches_is_sent_smaller_ones(
    upsert: bool, gateway: bool, twenty_sandbox: Sandbox
) -> None:
    async def forward(request: web.Request) -> web.Response:
        body = await request.read()
        if body.count(b'"name":') > 60:
            if gateway:
                return web.Response(status=504, text="<html>504 Gateway Time-out</html>", content_type="text/html")
            await asyncio.sleep(1000)
        headers = {"Authorization": request.headers["Authorization"], "Content-Type": "application/json"}
        async with session.post(f"{twenty_sandbox.url}{request.path}", data=body, headers=headers) as answer:
            return web.Response(status=answer.status, body=await answer.read(), content_type=answer.content_type)

    application = web.Application(client_max_size=10_000_000)
    application.router.add_post("/{path:.*}", forward)
    async with (
        ClientSession() as session,
        TestServer(application) as proxy,
        Twenty(str(proxy.make_url("")), api_key=twenty_sandbox.api_key, timeout=2, rate_limit=None) as twenty,
    ):
        rows = [{"name": f"C{i}"} for i in range(300)]
        report = await twenty.companies.load(rows, upsert=upsert, concurrency=2)
        assert (report.loaded, report.rejected, await twenty.companies.count()) == (300, 0, 300)


async def test_a_server_that_comes_back_finds_the_load_waiting(tmp_path: Path) -> None:
    port = free_port()
    async with Sandbox(database=tmp_path / "sandbox.db", port=port) as sandbox:
        key = sandbox.api_key
        async with Twenty(sandbox.url, api_key=key, rate_limit=None, retry=RetryPolicy(attempts=2)) as twenty:
            await sandbox.aclose()
            load = asyncio.create_task(twenty.people.load([{"email": f"p{i}@example.com"} for i in range(500)]))
            await asyncio.sleep(0.3)
            async with Sandbox(database=tmp_path / "sandbox.db", port=port):
                report = await load
                assert (report.loaded, report.rejected) == (500, 0)
                assert await twenty.people.count() == 500


@pytest.mark.soak
async def test_seven_hundred_and_fifty_thousand_companies_from_a_csv_file(tmp_path: Path) -> None:
    outcome = await big_import.run(tmp_path)
    assert (tmp_path / "companies.csv").stat().st_size > 90_000_000
    assert (outcome.loaded, outcome.rejected, outcome.there) == (750_000, 0, 750_000)
    assert outcome.megabytes < 150


async def test_a_callback_that_fails_ends_the_load_after_what_is_in_flight(
    tmp_path: Path, twenty_sandbox: Sandbox
) -> None:
    rows = [{"name": f"C{number}"} for number in range(2000)]

    def fail(_: object) -> None:
        raise LookupError("no such widget")

    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key, rate_limit=None) as twenty:
        with pytest.raises(LookupError, match="no such widget"):
            await twenty.companies.load(rows, journal=tmp_path / "load.db", on_progress=fail)
        loaded = await twenty.companies.count()
        report = await twenty.companies.load(rows, journal=tmp_path / "load.db")
        assert (report.already_loaded, await twenty.companies.count()) == (loaded, 2000)


@pytest.mark.parametrize(("fault", "written"), [("reset-before", False), ("reset-after", True)])
async def test_a_client_that_never_repeats_anything_loads_each_batch_once(fault: str, written: bool) -> None:
    sent: list[str] = []
    async with (
        Sandbox(faults=[f"{fault}:count=1:{WRITES}"]) as sandbox,
        Twenty(
            sandbox.url,
            api_key=sandbox.api_key,
            rate_limit=None,
            retry=RetryPolicy(attempts=1),
            hooks=Hooks(on_request=lambda event: sent.append(event.operation)),
        ) as twenty,
    ):
        rows = [{"email": f"p{number}@example.com"} for number in range(100)]
        if written:
            # To look is not to send again.
            report = await twenty.people.load(rows)
            assert (report.loaded, report.retries, sent) == (100, 0, ["LoadPerson", "LookUpPerson"])
        else:
            with pytest.raises(ConnectionFailed):
                await twenty.people.load(rows)
            assert sent == ["LoadPerson", "LookUpPerson"]
        assert await twenty.people.count() == (100 if written else 0)
