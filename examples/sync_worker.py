"""A worker that keeps a local copy of all companies up to date: `python -m examples.sync_worker companies.db`

It asks for what changed since the last round, deleted companies included, and keeps the mark in the same transaction as
the rows: stopped at any moment, it goes on where it was. Ctrl-C or SIGTERM ends it after the round that is under way.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sqlite3
import sys
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

from aiotwenty import AuthenticationError, Twenty, TwentyError
from aiotwenty.core import CompanyFilterDict, DateTimeFilterDict

EVERY = 30.0
OVERLAP = timedelta(seconds=10)
"""Each round asks for a little of the last one again: what was being written then may have an earlier time."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

log = logging.getLogger("sync")


def open_copy(path: str) -> sqlite3.Connection:
    """The copy, made if it isn't there."""
    database = sqlite3.connect(path)
    database.execute(
        "CREATE TABLE IF NOT EXISTS company (id TEXT PRIMARY KEY, name TEXT, domain TEXT, updated_at TEXT)"
    )
    database.execute("CREATE TABLE IF NOT EXISTS mark (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), at TEXT)")
    return database


async def sync_once(twenty: Twenty, database: sqlite3.Connection) -> int:
    """Bring the copy up to date; how many companies were new, changed or deleted."""
    row = database.execute("SELECT at FROM mark").fetchone()
    mark = datetime.fromisoformat(row[0]) if row else BEGINNING
    since: DateTimeFilterDict = {"gte": mark - OVERLAP if row else mark}
    # A filter that mentions deleted_at sees deleted records, too.
    changed: CompanyFilterDict = {"or": [{"updated_at": since}, {"deleted_at": since}]}
    seen = 0
    with database:
        async for company in twenty.companies.iterate(filter=changed):
            mark = max(mark, company.updated_at, company.deleted_at or mark)
            if company.deleted_at:
                seen += database.execute("DELETE FROM company WHERE id = ?", [str(company.id)]).rowcount
                continue
            domain = company.domain_name.primary_link_url if company.domain_name else None
            seen += database.execute(
                "INSERT INTO company VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
                "domain = excluded.domain, updated_at = excluded.updated_at WHERE updated_at < excluded.updated_at",
                [str(company.id), company.name, domain, company.updated_at.isoformat()],
            ).rowcount
        database.execute("INSERT OR REPLACE INTO mark VALUES (1, ?)", [mark.isoformat()])
    return seen


async def work(path: str, stop: asyncio.Event, *, every: float = EVERY) -> None:
    """Sync until told to stop. What may pass is tried again in the next round; a bad key ends it."""
    with closing(open_copy(path)) as database:
        async with Twenty() as twenty:
            while not stop.is_set():
                try:
                    log.info("%d companies changed", await sync_once(twenty, database))
                except AuthenticationError:
                    raise
                except TwentyError as error:
                    log.warning("this round failed: %s", error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(every):
                        await stop.wait()


async def main(path: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await work(path, stop)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "companies.db"))
