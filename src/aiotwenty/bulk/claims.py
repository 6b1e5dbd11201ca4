"""The ids of rows: packed for the journal, and in an index that is built again with every journal."""

from __future__ import annotations

import sqlite3
import struct
import weakref
from collections.abc import Iterable

_CLAIM = struct.Struct(">16sQ")
"""An id and a row number."""


def packed_claims(claims: Iterable[tuple[bytes, int]]) -> bytes:
    """Ids with their rows, packed so that they are contiguous on disk; the ids may have any order."""
    return b"".join([_CLAIM.pack(*claim) for claim in claims])


class ClaimIndex:
    """Finds the row of an id among any number of ids, in a temporary database."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._finalizer = weakref.finalize(self, self._db.close)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA cache_size = -4000")
        self._db.execute("CREATE TABLE claims (job, id BLOB, row, PRIMARY KEY (job, id)) WITHOUT ROWID")

    def add(self, job: int, packed: bytes) -> None:
        """Adds ids. If several rows have the same id, the first row keeps it."""
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR IGNORE INTO claims VALUES (?, ?, ?)", ((job, *claim) for claim in _CLAIM.iter_unpack(packed))
        )
        self._db.execute("COMMIT")

    def row(self, job: int, identity: bytes) -> int | None:
        identity, _ = _CLAIM.unpack(_CLAIM.pack(identity, 0))
        found = self._db.execute("SELECT row FROM claims WHERE job = ? AND id = ?", (job, identity)).fetchone()
        return found[0] if found else None

    def close(self) -> None:
        self._finalizer()
