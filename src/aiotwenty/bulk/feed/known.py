"""The ids of reported records, each with a digest of the reported content, to compare with the workspace."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple, Protocol
from uuid import UUID

from aiotwenty.errors import InvalidArgument

DIGEST = 8
"""The bytes of a digest: two versions of a record share one in one of 10^19 cases."""
IN_STATE = 10_000
"""The most ids in a state without a store."""


def digest_of(content: bytes) -> bytes:
    return blake2b(content, digest_size=DIGEST).digest()


class KnownEntry(NamedTuple):
    """The data kept for one id.

    `settled`: the digest is that of the record's stamp (its times and foreign keys), and another stamp means a changed
    record. It is false while the record may be written again within the same millisecond, or by a transaction that
    began then; meanwhile the digest is that of the whole content. A digest of None is for ids from the caller, and for
    records to be reported again.
    """

    digest: bytes | None
    settled: bool


class KnownIds(Protocol):
    """The known ids of one object, as bytes."""

    @property
    def compares(self) -> bool:
        """Whether ids are known at all."""
        ...

    @property
    def due(self) -> bool:
        """Whether the caller has not stored the state of all reported changes: then every record is compared."""
        ...

    def __len__(self) -> int: ...

    def entries(self, ids: Collection[bytes]) -> Mapping[bytes, KnownEntry]:
        """The entries of those ids that are known."""
        ...

    def span(self, after: bytes, last: bytes | None) -> Mapping[bytes, KnownEntry]:
        """The entries after `after`, up to `last`."""
        ...

    def write(self, entries: Mapping[bytes, KnownEntry], gone: Iterable[bytes], batch: int) -> None:
        """Stores what the batch with the number `batch` reported."""
        ...


@dataclass(slots=True)
class NoneKnown:
    """No ids, for callers that don't need destroyed records."""

    compares = False
    due = False

    def __len__(self) -> int:
        return 0

    def entries(self, ids: Collection[bytes]) -> Mapping[bytes, KnownEntry]:
        return {}

    def span(self, after: bytes, last: bytes | None) -> Mapping[bytes, KnownEntry]:
        return {}

    def write(self, entries: Mapping[bytes, KnownEntry], gone: Iterable[bytes], batch: int) -> None:
        """Stores nothing."""


class KnownInMemory:
    """Ids in memory: from the caller, or from a state."""

    compares = True
    due = False

    def __init__(self, entries: dict[bytes, KnownEntry] | None = None) -> None:
        self._entries = entries if entries is not None else {}
        self._sorted: list[bytes] | None = None

    @classmethod
    def of_ids(cls, ids: Iterable[UUID | str]) -> KnownInMemory:
        """Ids without digests. Raises `InvalidArgument` for an invalid id."""
        if isinstance(ids, str | bytes):
            raise InvalidArgument("known_ids are several: a list of ids, or another iterable of them.")
        entries: dict[bytes, KnownEntry] = {}
        for value in ids:
            try:
                key = (value if isinstance(value, UUID) else UUID(value)).bytes
            except (ValueError, AttributeError, TypeError):
                raise InvalidArgument(f"known_ids: {value!r} is not an id: ids are UUIDs.") from None
            entries[key] = KnownEntry(None, True)
        return cls(entries)

    @classmethod
    def of_bytes(cls, packed: bytes) -> KnownInMemory:
        """The ids in the bytes of `packed`. Raises `InvalidArgument` for other bytes."""
        size = 16 + DIGEST + 1
        if len(packed) % size:
            raise InvalidArgument("since is damaged: its known ids are incomplete.")
        entries = {}
        for at in range(0, len(packed), size):
            flag = packed[at + size - 1]
            digest = packed[at + 16 : at + 16 + DIGEST] if flag else None
            entries[packed[at : at + 16]] = KnownEntry(digest, flag != 1)
        return cls(entries)

    def packed(self) -> bytes:
        """The ids as bytes, for a state."""
        nothing = bytes(DIGEST)
        return b"".join(
            key + (entry.digest or nothing) + bytes([0 if entry.digest is None else 2 if entry.settled else 1])
            for key, entry in sorted(self._entries.items())
        )

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self, ids: Collection[bytes]) -> Mapping[bytes, KnownEntry]:
        return {key: self._entries[key] for key in ids if key in self._entries}

    def span(self, after: bytes, last: bytes | None) -> Mapping[bytes, KnownEntry]:
        if self._sorted is None:
            self._sorted = sorted(self._entries)
        end = len(self._sorted) if last is None else bisect_right(self._sorted, last)
        return self.entries(self._sorted[bisect_right(self._sorted, after) : end])

    def write(self, entries: Mapping[bytes, KnownEntry], gone: Iterable[bytes], batch: int) -> None:
        if self._sorted is not None and not entries.keys() <= self._entries.keys():
            self._sorted = None
        self._entries.update(entries)
        for key in gone:
            self._entries.pop(key, None)
