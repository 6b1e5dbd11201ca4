"""The example that keeps a table and the companies alike, on SQLite; tests/integrations has it on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import Engine, create_engine, text

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox
from examples.two_way_sync import Round, sync


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path}/shop.db")
    yield made
    made.dispose()


@pytest_asyncio.fixture
async def twenty(twenty_sandbox: Sandbox) -> AsyncIterator[Twenty]:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key, rate_limit=None) as client:
        yield client


def here(engine: Engine) -> set[tuple[str, str | None, str | None]]:
    with engine.connect() as database:
        return {tuple(row) for row in database.execute(text("select website, name, city from customers"))}


async def there(twenty: Twenty) -> set[tuple[str | None, str | None, str | None]]:
    return {
        (company.domain_name.primary_link_url, company.name, company.address.address_city or None)
        async for company in twenty.companies.iterate()
        if company.domain_name and company.address
    }


def do(engine: Engine, statement: str) -> None:
    with engine.begin() as database:
        database.execute(text(statement))


async def made(twenty: Twenty, name: str, city: str) -> str:
    created = await twenty.companies.create_one(
        {
            "name": name,
            "domain_name": {"primary_link_url": f"https://{name.lower()}.example"},
            "address": {"address_city": city},
        }
    )
    return str(created.id)


async def test_both_sides_have_what_either_has(twenty: Twenty, engine: Engine) -> None:
    await made(twenty, "Air", "Oslo")
    assert (await sync(twenty, engine)).taken == 1
    do(engine, "insert into customers (website, name) values ('https://bee.example', 'Bee')")
    assert (await sync(twenty, engine)).sent == 1
    assert (
        here(engine)
        == await there(twenty)
        == {
            ("https://air.example", "Air", "Oslo"),
            ("https://bee.example", "Bee", None),
        }
    )


async def test_a_row_that_is_there_already_is_the_same_company(twenty: Twenty, engine: Engine) -> None:
    await sync(twenty, engine)
    do(engine, "insert into customers (website, name, city) values ('https://air.example', 'Air', 'Oslo')")
    await made(twenty, "Air", "Oslo")
    done = await sync(twenty, engine)
    assert (done.sent, done.conflicts, len(here(engine)), len(await there(twenty))) == (0, 0, 1, 1)


async def test_changes_of_different_fields_are_both_kept(twenty: Twenty, engine: Engine) -> None:
    company = await made(twenty, "Air", "Oslo")
    await sync(twenty, engine)
    do(engine, "update customers set name = 'Air AS'")
    await twenty.companies.update_one(company, {"address": {"address_city": "Bergen"}})
    done = await sync(twenty, engine)
    assert (done.sent, done.conflicts) == (1, 0)
    assert here(engine) == await there(twenty) == {("https://air.example", "Air AS", "Bergen")}


async def test_of_two_changes_of_a_field_the_crm_wins_and_the_other_is_kept_aside(
    twenty: Twenty, engine: Engine
) -> None:
    company = await made(twenty, "Air", "Oslo")
    await sync(twenty, engine)
    do(engine, "update customers set name = 'Ours'")
    await twenty.companies.update_one(company, {"name": "Theirs"})
    done = await sync(twenty, engine)
    assert (done.sent, done.conflicts) == (0, 1)
    assert here(engine) == await there(twenty) == {("https://air.example", "Theirs", "Oslo")}
    with engine.connect() as database:
        (conflict,) = database.execute(text("select crm_id, field, here, crm from crm_conflicts"))
    assert tuple(conflict) == (company, "name", "Ours", "Theirs")


async def test_deletions_go_both_ways(twenty: Twenty, engine: Engine) -> None:
    air, _ = await made(twenty, "Air", "Oslo"), await made(twenty, "Bee", "Rome")
    await sync(twenty, engine)
    do(engine, "delete from customers where name = 'Bee'")
    await twenty.companies.destroy_one(air)
    assert (await sync(twenty, engine)).deleted == 1
    assert here(engine) == await there(twenty) == set()


async def test_a_company_that_was_deleted_here_and_changed_there_comes_back(twenty: Twenty, engine: Engine) -> None:
    company = await made(twenty, "Air", "Oslo")
    await sync(twenty, engine)
    do(engine, "delete from customers")
    await twenty.companies.update_one(company, {"name": "Air AS"})
    assert (await sync(twenty, engine)).deleted == 0
    assert here(engine) == await there(twenty) == {("https://air.example", "Air AS", "Oslo")}


async def test_a_second_round_has_nothing_to_do(twenty: Twenty, engine: Engine) -> None:
    await made(twenty, "Air", "Oslo")
    await sync(twenty, engine)
    do(engine, "insert into customers (website, name) values ('https://bee.example', 'Bee')")
    assert (await sync(twenty, engine)).sent == 1
    assert await sync(twenty, engine) == Round()


async def test_what_the_crm_refuses_is_told_and_stays(twenty: Twenty, engine: Engine) -> None:
    await sync(twenty, engine)
    do(engine, "insert into customers (website, name) values ('no link', 'Bad'), ('https://bee.example', 'Bee')")
    done = await sync(twenty, engine)
    assert (done.sent, [reject.values["website"] for reject in done.rejects]) == (1, ["no link"])
    assert ("no link", "Bad", None) in here(engine)
