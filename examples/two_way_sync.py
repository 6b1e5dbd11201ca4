"""Keep a table and the companies of the CRM equal: `python -m examples.two_way_sync postgresql+psycopg://host/shop`

Each round first copies the changes in the CRM since the last round to `customers`, and then sends the changes in
`customers`: new rows, changed fields, deleted rows. `crm_companies` has the values that both sides last agreed on: they
show which side has changed a field.

**Conflicts.** Fields are compared one by one. If both sides changed the same field, or if one side deleted a company
that the other side changed, the CRM wins, and `crm_conflicts` keeps the values of both. The exception: if somebody
changes a field in the CRM while a round is sending a change of that field, the row wins. Companies without a website
have no row.

If it is stopped at any moment, the next round resumes: batches and the state of the feed are written in one
transaction, and sending a row again changes nothing. It needs SQLAlchemy and the driver of the database.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, create_engine, text

from aiotwenty import Change, Reject, Twenty, bulk
from aiotwenty.core import Company

Row = dict[str, str | None]
FIELDS = ("website", "name", "city")
MAPPING = {"website": "domainName.primaryLinkUrl", "name": "name", "city": "address.addressCity"}

TABLES = """
create table if not exists customers (crm_id text unique, website text unique not null, name text, city text);
create table if not exists crm_companies (id text primary key, website text, name text, city text);
create table if not exists crm_conflicts (crm_id text, field text, here text, crm text);
create table if not exists crm_feed (only_one integer primary key check (only_one = 1), state text)
"""


@dataclass
class Round:
    """What a round did."""

    taken: int = 0
    sent: int = 0
    deleted: int = 0
    conflicts: int = 0
    rejects: list[Reject] = field(default_factory=list)


async def sync(twenty: Twenty, engine: Engine) -> Round:
    """One round: take, then send."""
    with engine.begin() as database:
        for statement in TABLES.split(";"):
            database.execute(text(statement))
    done = Round()
    await take(twenty, engine, done)
    await send(twenty, engine, done)
    return done


async def take(twenty: Twenty, engine: Engine, done: Round) -> None:
    """Copies the changes in the CRM to `customers`."""
    with engine.connect() as database:
        state = database.execute(text("select state from crm_feed")).scalar()
        known = list(database.execute(text("select id from crm_companies")).scalars())
    async with aclosing(twenty.companies.changes(since=state, known_ids=known)) as changes:
        async for batch in changes.batches():
            with engine.begin() as database:
                for change in batch:
                    merge(database, str(change.id), company_of(change), done)
                save(database, changes.state)
        with engine.begin() as database:
            save(database, changes.state)


def company_of(change: Change[Company]) -> Row | None:
    """The company as the CRM has it now; None if it is deleted, or has no website."""
    company = change.record
    website = company and company.domain_name and company.domain_name.primary_link_url
    if company is None or change.kind != "upserted" or not website:
        return None
    city = company.address.address_city if company.address else None
    return {"website": website, "name": company.name or None, "city": city or None}


def save(database: Connection, state: dict[str, Any]) -> None:
    """Stores the state from which the next round starts."""
    upsert = "insert into crm_feed values (1, :state) on conflict (only_one) do update set state = excluded.state"
    database.execute(text(upsert), {"state": json.dumps(state)})


def merge(database: Connection, identity: str, theirs: Row | None, done: Round) -> None:
    """Applies the change of a company to `customers`."""
    agreed = row(database, "crm_companies where id = :id", id=identity)
    ours = row(database, "customers where crm_id = :id", id=identity)
    if theirs == agreed:
        return  # reported before, or sent by us
    if ours is None and agreed is None and theirs:
        # The same company, before it was known to be.
        ours = row(database, "customers where crm_id is null and website = :website", website=theirs["website"])
        database.execute(
            text("update customers set crm_id = :id where crm_id is null and website = :website"),
            {"id": identity, "website": theirs["website"]},
        )
    before: Row = agreed or dict.fromkeys(FIELDS)
    if theirs is None:
        lost = [name for name in FIELDS if ours and ours[name] != before[name]]
        database.execute(text("delete from customers where crm_id = :id"), {"id": identity})
        database.execute(text("delete from crm_companies where id = :id"), {"id": identity})
    else:
        taken = [name for name in FIELDS if theirs[name] != before[name]]
        lost = [name for name in taken if ours and ours[name] not in (before[name], theirs[name])]
        merged = ours | {name: theirs[name] for name in taken} if ours else theirs
        change = "update customers set website = :website, name = :name, city = :city where crm_id = :id"
        create = "insert into customers values (:id, :website, :name, :city)"
        database.execute(text(change if ours else create), {"id": identity, **merged})
        agree(database, identity, theirs)
    done.taken += 1
    done.conflicts += len(lost)
    for name in lost:
        database.execute(
            text("insert into crm_conflicts values (:id, :field, :here, :crm)"),
            {"id": identity, "field": name, "here": ours and ours[name], "crm": theirs and theirs[name]},
        )


def row(database: Connection, where: str, **values: str | None) -> Row | None:
    """The fields of a row, if there is one."""
    found = database.execute(text(f"select website, name, city from {where}"), values).mappings().first()
    return None if found is None else dict(found)


def agree(database: Connection, identity: str, values: Row) -> None:
    """Both sides have these values now."""
    upsert = """
        insert into crm_companies values (:id, :website, :name, :city)
        on conflict (id) do update set website = excluded.website, name = excluded.name, city = excluded.city
    """
    database.execute(text(upsert), {"id": identity, **values})


async def send(twenty: Twenty, engine: Engine, done: Round) -> None:
    """Sends the changed fields of `customers` to the CRM."""
    with engine.connect() as database:
        agreed = {found["id"]: found for found in database.execute(text("select * from crm_companies")).mappings()}
        ours = [dict(found) for found in database.execute(text("select * from customers")).mappings()]
    gone = [{"id": identity} for identity in agreed.keys() - {customer["crm_id"] for customer in ours}]
    changed: list[tuple[str, Row, Row]] = []
    for customer in ours:
        identity = customer.pop("crm_id") or str(uuid4())
        before = agreed.get(identity, dict.fromkeys(FIELDS))
        if differing := {name: value for name, value in customer.items() if value != before[name]}:
            changed.append((identity, customer, differing))
    for names in sorted({tuple(differing) for _, _, differing in changed}):
        rows = [{"id": identity, **differing} for identity, _, differing in changed if tuple(differing) == names]
        mapping = {"id": "id"} | {name: MAPPING[name] for name in names}
        report = await twenty.companies.load(rows, mapping=mapping, upsert=True)
        done.sent += report.loaded
        done.rejects += report.rejects
    refused = {reject.values["id"] for reject in done.rejects}
    with engine.begin() as database:
        for identity, customer, _ in changed:
            if identity not in refused:
                claim = "update customers set crm_id = :id where crm_id is null and website = :website"
                database.execute(text(claim), {"id": identity, **customer})
                agree(database, identity, customer)
    if gone:
        done.deleted = (await bulk.delete(twenty.companies, gone)).loaded
        with engine.begin() as database:
            database.execute(text("delete from crm_companies where id = :id"), gone)


async def main(address: str) -> int:
    engine = create_engine(address)
    try:
        async with Twenty() as twenty:
            done = await sync(twenty, engine)
    finally:
        engine.dispose()
    sys.stdout.write(f"{done.taken} taken, {done.sent} sent, {done.deleted} deleted, {done.conflicts} conflicts\n")
    for reject in done.rejects:
        sys.stderr.write(f"{reject.values}: {reject.message}\n")
    return 4 if done.rejects else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
