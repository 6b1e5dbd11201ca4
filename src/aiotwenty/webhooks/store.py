"""Stores of received deliveries, to recognise repeated ones: in memory, or in a file for several processes.

`RedisStore`, for several machines, is in `aiotwenty.webhooks.redis`.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from aiotwenty.webhooks.errors import ReplayStoreFailed

T = TypeVar("T")

BUSY_SECONDS = 2.0
"""Seconds that a store may take: Twenty waits 5 seconds for the response (Twenty, July 2026)."""
_SWEEP_EVERY = 1000


class ReplayStore(Protocol):
    """Remembers deliveries. Any object with these methods works; their exceptions become `ReplayStoreFailed`."""

    async def add(self, key: str, expires: float) -> bool:
        """Stores the key until a time (seconds since 1970). Returns False if it is stored already."""
        ...

    async def remove(self, key: str) -> None:
        """Removes the key: the delivery was not handled, and may be sent again."""
        ...

    async def aclose(self) -> None:
        """Closes the store."""
        ...


class MemoryStore:
    """Remembers deliveries in this process, with about 300 bytes each, until `max_age`."""

    def __init__(self) -> None:
        self._expiries: OrderedDict[str, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._expiries)

    async def add(self, key: str, expires: float) -> bool:
        if key in self._expiries:
            return False
        now = time.time()
        while self._expiries and next(iter(self._expiries.values())) < now:
            self._expiries.popitem(last=False)
        self._expiries[key] = expires
        return True

    async def remove(self, key: str) -> None:
        self._expiries.pop(key, None)

    async def aclose(self) -> None:
        pass


class SQLiteStore:
    """Remembers deliveries in a file, for all processes of one machine. Creates the file if necessary."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        # One connection in one thread: SQLite writes are sequential, and the event loop need not wait for them.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="webhook-store")
        self._database: sqlite3.Connection | None = None
        self._added = 0
        self._closed = False

    async def add(self, key: str, expires: float) -> bool:
        return await self._in_thread(lambda: self._add(key, expires))

    async def remove(self, key: str) -> None:
        await self._in_thread(lambda: self._open().execute("DELETE FROM seen WHERE key = ?", [key]))

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            await self._in_thread(self._close)
            self._thread.shutdown(wait=False)

    async def _in_thread(self, do: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, do)
        except (sqlite3.Error, OSError) as error:
            raise ReplayStoreFailed(
                f"the store of deliveries, {self._path}, can't be used: {error}. You can delete it: it stores only "
                "the last few minutes."
            ) from None
        except RuntimeError:
            raise ReplayStoreFailed(f"the store of deliveries, {self._path}, is closed.") from None

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            database = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = NORMAL")
                database.execute("CREATE TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY, expires REAL) WITHOUT ROWID")
                database.execute("CREATE INDEX IF NOT EXISTS by_expiry ON seen (expires)")
            except BaseException:
                database.close()
                raise
            self._database = database
        return self._database

    def _add(self, key: str, expires: float) -> bool:
        database = self._open()
        if self._added % _SWEEP_EVERY == 0:
            database.execute("DELETE FROM seen WHERE expires < ?", [time.time()])
        self._added += 1
        return database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", [key, expires]).rowcount == 1

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
