"""The examples do what they say, against a sandbox."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.typedefs import Handler

from aiotwenty import AuthenticationError, Hooks, Twenty
from aiotwenty.sandbox import Sandbox
from aiotwenty.webhooks import WebhookEvent
from examples import (
    backup_drill,
    graphql_api,
    load_csv,
    load_custom_objects,
    reverse_etl,
    sync_worker,
    web_app,
    webhook_receiver,
)

pytest_plugins = ["pytester"]


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, twenty_sandbox: Sandbox) -> Sandbox:
    monkeypatch.setenv("TWENTY_API_URL", twenty_sandbox.url)
    monkeypatch.setenv("TWENTY_API_KEY", twenty_sandbox.api_key)
    return twenty_sandbox


@pytest_asyncio.fixture
async def twenty(sandbox: Sandbox) -> AsyncIterator[Twenty]:
    async with Twenty() as client:
        yield client


class Served:
    """An aiohttp app on a port of its own, and a browser to ask it."""

    def __init__(self, app: web.Application) -> None:
        self._runner = web.AppRunner(app)

    async def __aenter__(self) -> Served:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self._browser = aiohttp.ClientSession(self.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._browser.close()
        await self._runner.cleanup()

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        async with self._browser.request(method, path, **options) as response:
            return response.status, await response.json() if response.content_type == "application/json" else None


async def test_the_web_app_creates_finds_and_searches(sandbox: Sandbox) -> None:
    async with Served(web_app.make_app()) as app:
        status, made = await app.ask("POST", "/companies", json={"name": "100% Air", "domain": "https://air.example"})
        assert status == 201
        assert await app.ask("GET", f"/companies/{made['id']}") == (200, made)
        await app.ask("POST", "/companies", json={"name": "Another Air"})
        _, found = await app.ask("GET", "/companies", params={"q": "0% a"})
        assert found == {"total": 1, "companies": [made]}


async def test_the_web_app_tells_what_is_wrong(sandbox: Sandbox) -> None:
    async with Served(web_app.make_app()) as app:
        assert (await app.ask("GET", "/companies/00000000-0000-4000-8000-000000000000"))[0] == 404
        assert (await app.ask("GET", "/companies/nope"))[0] == 422
        assert (await app.ask("POST", "/companies", json={"nme": "x"}))[0] == 400
        assert (await app.ask("POST", "/companies", data="{"))[0] == 400
        twice = {"name": "x", "domain": "https://x.example"}
        await app.ask("POST", "/companies", json=twice)
        assert (await app.ask("POST", "/companies", json=twice))[0] == 409


async def test_the_web_app_serves_many_at_once_with_one_client(sandbox: Sandbox) -> None:
    async with Served(web_app.make_app()) as app:
        made = await asyncio.gather(*(app.ask("POST", "/companies", json={"name": f"C{n}"}) for n in range(50)))
        assert {status for status, _ in made} == {201}
        assert (await app.ask("GET", "/companies", params={"q": "C"}))[1]["total"] == 50


async def test_the_sync_worker_follows_every_change(twenty: Twenty, tmp_path: Path) -> None:
    with closing(sync_worker.open_copy(str(tmp_path / "copy.db"))) as database:

        def names() -> list[str]:
            return [name for (name,) in database.execute("SELECT name FROM company ORDER BY name")]

        made = await twenty.companies.create_many([{"name": name} for name in ("A", "B", "C")])
        assert await sync_worker.sync_once(twenty, database) == 3
        await twenty.companies.update_one(made[0].id, {"name": "Z"})
        await twenty.companies.delete_one(made[1].id)
        await twenty.companies.create_one({"name": "D"})
        assert await sync_worker.sync_once(twenty, database) == 3
        assert names() == ["C", "D", "Z"]
        await twenty.companies.restore_one(made[1].id)
        await sync_worker.sync_once(twenty, database)
        assert await sync_worker.sync_once(twenty, database) == 0
        await twenty.companies.destroy_many({"id": {"in": [made[0].id, made[1].id]}})
        assert await sync_worker.sync_once(twenty, database) == 2
        assert names() == ["C", "D"]


async def test_the_sync_worker_ends_when_told_and_keeps_what_it_has(
    twenty: Twenty, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    round_done = asyncio.Event()
    monkeypatch.setattr(sync_worker.log, "info", lambda *_: round_done.set())
    await twenty.companies.create_one({"name": "A"})
    stop = asyncio.Event()
    stop.set()
    await sync_worker.work(str(tmp_path / "none.db"), stop)
    stop.clear()
    task = asyncio.create_task(sync_worker.work(str(tmp_path / "copy.db"), stop, every=0.01))
    await round_done.wait()
    stop.set()
    await task
    with closing(sqlite3.connect(tmp_path / "copy.db")) as database:
        assert database.execute("SELECT name FROM company").fetchall() == [("A",)]


async def test_the_sync_worker_does_not_try_for_ever_with_a_bad_key(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWENTY_API_KEY", "eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln")
    with pytest.raises(AuthenticationError):
        await sync_worker.work(str(tmp_path / "copy.db"), asyncio.Event())


CUSTOMERS = """company,website,country,first name,last name,email
Air,https://air.example,France,Ana,Łuk,ana@air.example
Air,https://air.example,France,Bo,李,bo@air.example
Bee,https://bee.example,,Cy,O'Neil,not an address
"""


async def test_the_csv_is_loaded_once_however_often_it_is_run(
    twenty: Twenty, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    customers = tmp_path / "customers.csv"
    customers.write_text(CUSTOMERS, encoding="utf-8")
    assert await load_csv.main(customers) == 4
    assert "people: 2 of 3 loaded, 1 rejected" in capsys.readouterr().out
    rejects = tmp_path / "rejects.csv"
    assert "not an address" in rejects.read_text(encoding="utf-8")
    customers.write_text(CUSTOMERS.replace("not an address", "cy@bee.example"), encoding="utf-8")
    assert await load_csv.main(customers) == 0
    assert await twenty.companies.count() == 2
    people = {one.name.first_name: one async for one in twenty.people.iterate() if one.name}
    air = await twenty.companies.find_one(filter={"name": {"eq": "Air"}})
    assert people.keys() == {"Ana", "Bo", "Cy"}
    assert people["Ana"].company_id == people["Bo"].company_id == air.id


async def test_the_receiver_takes_what_the_workspace_sends(twenty: Twenty) -> None:
    events: asyncio.Queue[WebhookEvent] = asyncio.Queue()
    async with Served(webhook_receiver.make_app("the secret", events.put)) as app:
        webhook = await twenty.workspace.webhooks.create(f"{app.url}/hook", ["company.*"], secret="the secret")
        made = await twenty.companies.create_one({"name": "Air"})
        await twenty.companies.update_one(made.id, {"name": "Airbus"})
        async with asyncio.timeout(60):
            created, updated = await events.get(), await events.get()
    assert (created.event_name, created.record["id"]) == ("company.created", str(made.id))
    assert updated.updated_fields is not None
    assert "name" in updated.updated_fields
    assert updated.webhook_id == webhook.id


async def test_the_receiver_works_on_what_it_answered_before_it_ends(twenty: Twenty) -> None:
    done: list[str] = []
    answered: list[int] = []

    @web.middleware
    async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        answered.append(response.status)
        return response

    async def slowly(event: WebhookEvent) -> None:
        await asyncio.sleep(0.02)
        done.append(str(event.record["id"]))

    served = webhook_receiver.make_app("the secret", slowly)
    served.middlewares.append(counted)
    async with Served(served) as app:
        await twenty.workspace.webhooks.create(f"{app.url}/hook", ["company.*"], secret="the secret")
        made = await twenty.companies.create_many([{"name": f"c{number}"} for number in range(20)])
        async with asyncio.timeout(60):
            while len(answered) < 20:  # noqa: ASYNC110 (the sandbox tells nobody when it has delivered)
                await asyncio.sleep(0.01)
    assert sorted(done) == sorted(str(company.id) for company in made)


async def test_the_receiver_refuses_what_others_send(sandbox: Sandbox) -> None:
    async with Served(webhook_receiver.make_app(["secret"])) as app:
        assert (await app.ask("POST", "/hook", json={"eventName": "company.created"}))[0] == 401


async def test_the_graphql_api_asks_for_the_companies_of_all_people_at_once(
    twenty: Twenty, monkeypatch: pytest.MonkeyPatch
) -> None:
    companies = await twenty.companies.create_many([{"name": f"c{number}"} for number in range(5)])
    await twenty.people.create_many(
        [{"name": {"first_name": f"p{n:02}"}, "company_id": companies[n % 5].id if n else None} for n in range(60)]
    )
    sent: list[str] = []
    hooks = Hooks(on_request=lambda event: sent.append(event.operation))
    monkeypatch.setattr(graphql_api, "Twenty", lambda: Twenty(hooks=hooks))
    async with Served(graphql_api.make_app()) as app:
        query = "query($first: Int) { people(first: $first) { name company { name } } }"
        _, answered = await app.ask("POST", "/graphql", json={"query": query, "variables": {"first": 60}})
    people = {person["name"]: person["company"] and person["company"]["name"] for person in answered["data"]["people"]}
    assert people == {f"p{n:02}": f"c{n % 5}" if n else None for n in range(60)}
    assert sent == ["FindManyPeople", "FindManyCompanies"]


async def test_a_query_of_a_warehouse_keeps_companies_up_to_date(twenty: Twenty, tmp_path: Path) -> None:
    database = tmp_path / "shop.db"
    with closing(sqlite3.connect(database)) as shop:
        shop.executescript("""
            create table customers (id integer primary key, website text, name text, city text, updated_at text);
            create table orders (customer_id integer, amount numeric);
            insert into customers values (1, 'https://air.example', 'Air', 'Oslo', '2026-01-01'),
                (2, 'https://bee.example', 'Bee', null, '2026-01-02'), (3, null, 'Nobody', null, '2026-01-03');
            insert into orders values (1, 10.5), (1, 2), (2, 1);
        """)

    async def sync(since: str) -> tuple[int, int, int]:
        report = await reverse_etl.sync(twenty, f"sqlite:///{database}", since, tmp_path)
        return report.received, report.loaded, report.rejected

    assert await sync("2026-01-01") == (3, 2, 1)
    assert "KEY_MISSING" in (tmp_path / "customers-2026-01-01.rejects.csv").read_text()
    with closing(sqlite3.connect(database)) as shop:
        shop.execute("update customers set city = 'Rome', updated_at = '2026-02-01' where id = 2")
        shop.commit()
    assert await sync("2026-02-01") == (1, 1, 0)
    table = await twenty.companies.to_arrow(fields=["name", "address.addressCity", "annualRevenue.amountMicros"])
    assert sorted(map(tuple, (row.values() for row in table.to_pylist()))) == [
        ("Air", "Oslo", 12_500_000),
        ("Bee", "Rome", 1_000_000),
    ]


def test_the_drill_writes_into_no_workspace_unasked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert backup_drill.main(["--live"]) == 2
    assert "say --yes" in capsys.readouterr().out
    monkeypatch.delenv(backup_drill.TARGET_KEY, raising=False)
    assert backup_drill.main(["--live", "--yes"]) == 2
    assert f"{backup_drill.TARGET_URL} and {backup_drill.TARGET_KEY} say which" in capsys.readouterr().out


@pytest.mark.soak
async def test_the_drill_proves_a_backup_between_two_workspaces(
    twenty: Twenty, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await backup_drill.fill(twenty)
    async with Sandbox() as target, Twenty(target.url, api_key=target.api_key) as written:
        monkeypatch.setenv(backup_drill.TARGET_URL, target.url)
        monkeypatch.setenv(backup_drill.TARGET_KEY, target.api_key)
        assert await asyncio.to_thread(backup_drill.main, ["--live", "--yes"]) == 0
        assert "The backup is whole." in capsys.readouterr().out
        await written.companies.create_one({"name": "One too many"})
        assert await asyncio.to_thread(backup_drill.main, ["--live", "--yes"]) == 4
        assert "companies: 0 missing, 1 only here, 0 different" in capsys.readouterr().out


async def test_custom_objects_are_made_and_loaded_each_once(twenty: Twenty, tmp_path: Path) -> None:
    file = tmp_path / "rentals.csv"
    file.write_text(
        "number,machine,status,from,website\n"
        "R1,Crane,Booked,31.01.2026,https://air.example\nR2,Digger,out,01.02.2026,https://air.example\n"
    )
    for _ in range(2):
        report = await load_custom_objects.load(twenty, file)
        assert (report.loaded, report.rejected) == (2, 0), report.rejects
    first, second = [rental async for rental in twenty.object("rentals").iterate(order_by={"name": "AscNullsFirst"})]
    assert (first.name, first.machine, first.status, str(first.begins)) == ("R1", "Crane", "BOOKED", "2026-01-31")
    assert first.company_id == second.company_id
    assert await twenty.companies.count() == 1


def test_the_tests_of_an_app_pass(pytester: pytest.Pytester, root: Path) -> None:
    settings = ("--rootdir", root, "-c", root / "pyproject.toml", "-p", "no:cacheprovider")
    pytester.runpytest_inprocess(*settings, root / "examples/tests_of_an_app.py").assert_outcomes(passed=2)
