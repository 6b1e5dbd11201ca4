"""A worker that keeps a local copy of all companies up to date: `python -m examples.sync_worker companies.db`

Each round reads the changes since the last round, destroyed companies included, and stores the state of the feed in
the same transaction as the rows: stopped at any moment, the worker resumes there. The known ids are those of the copy.
Ctrl-C or SIGTERM ends it after the current round.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sqlite3
import sys
from contextlib import aclosing, closing, suppress

from aiotwenty import AuthenticationError, Change, Twenty, TwentyError
from aiotwenty.core import Company

EVERY = 30.0

log = logging.getLogger("sync")


def open_copy(path: str) -> sqlite3.Connection:
    """Opens the copy, and creates it if necessary."""
    database = sqlite3.connect(path)
    database.execute(
        "CREATE TABLE IF NOT EXISTS company (id TEXT PRIMARY KEY, name TEXT, domain TEXT, updated_at TEXT)"
    )
    database.execute("CREATE TABLE IF NOT EXISTS deleted_company (id TEXT PRIMARY KEY)")
    database.execute("CREATE TABLE IF NOT EXISTS feed (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), state TEXT)")
    return database


async def sync_once(twenty: Twenty, database: sqlite3.Connection) -> int:
    """Updates the copy, and returns how many companies were new, changed, deleted or destroyed."""
    row = database.execute("SELECT state FROM feed").fetchone()
    known = [
        identity for (identity,) in database.execute("SELECT id FROM company UNION SELECT id FROM deleted_company")
    ]
    seen = 0
    async with aclosing(twenty.companies.changes(since=row[0] if row else None, known_ids=known)) as changes:
        async for batch in changes.batches():
            with database:
                seen += sum(take(database, change) for change in batch)
                save(database, changes.state)
        with database:
            save(database, changes.state)
    return seen


def save(database: sqlite3.Connection, state: dict[str, object]) -> None:
    """Stores the state from which the next round starts."""
    database.execute("INSERT OR REPLACE INTO feed VALUES (1, ?)", [json.dumps(state)])


def take(database: sqlite3.Connection, change: Change[Company]) -> int:
    """Applies a change to the copy, and returns whether it was new."""
    identity, company = str(change.id), change.record
    if company is None or change.kind == "deleted":
        if change.kind == "deleted":
            database.execute("INSERT OR IGNORE INTO deleted_company VALUES (?)", [identity])
        else:
            database.execute("DELETE FROM deleted_company WHERE id = ?", [identity])
        return database.execute("DELETE FROM company WHERE id = ?", [identity]).rowcount
    database.execute("DELETE FROM deleted_company WHERE id = ?", [identity])
    domain = company.domain_name.primary_link_url if company.domain_name else None
    # A change may be reported twice.
    return database.execute(
        "INSERT INTO company VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
        "domain = excluded.domain, updated_at = excluded.updated_at WHERE updated_at <> excluded.updated_at",
        [identity, company.name, domain, company.updated_at.isoformat()],
    ).rowcount


async def work(path: str, stop: asyncio.Event, *, every: float = EVERY) -> None:
    """Syncs until it is stopped. After an error it tries again in the next round, unless the key is invalid."""
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
