"""Puts records into batches, limited in records and bytes, in which no two are the same record to the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiotwenty.bulk.source import Row

MOST_RECORDS = 200
"""The most records in one createMany (Twenty, July 2026: "Maximum number of records to upsert is 200.")."""
MOST_BYTES = 8_000_000
"""The most bytes in a body: the server's limit is 10 MB, and 9 MB were accepted."""


@dataclass(slots=True)
class Reference:
    """A relation by natural key: `join` becomes the id of the record of `type_name` whose `path` has `value`."""

    join: str
    type_name: str
    path: str
    value: str


@dataclass(slots=True, eq=False)
class Prepared:
    """A row that is ready to be sent. `body` is its JSON without id, `identities` are its unique values."""

    row: Row
    id: str
    body: bytes
    identities: tuple[str, ...]
    keys: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    links: dict[str, str] = field(default_factory=dict)
    own_id: bool = False
    """Whether the row has an id of its own."""
    lacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The parts of composite fields that an existing record loses unless they are sent too."""
    in_doubt: bool = False
    """Whether an earlier run sent it, and ended before the response."""
    emptied: tuple[str, ...] = ()
    """Fields left out because the server turns "" into null, which they do not allow."""

    def identity(self, path: str) -> str | None:
        """The text of the unique value at a path; None without one."""
        prefix = path + "="
        return next((identity[len(prefix) :] for identity in self.identities if identity.startswith(prefix)), None)

    def json(self) -> bytes:
        head = b'{"id":"' + self.id.encode() + b'"'
        for join, target in self.links.items():
            head += b',"' + join.encode() + b'":"' + target.encode() + b'"'
        return head + (b"," + self.body[1:] if len(self.body) > 2 else b"}")


@dataclass
class BatchLimits:
    """The records and bytes of one request. Starts at the limits of Twenty, and falls when a request is refused."""

    records: int = MOST_RECORDS
    bytes: int = MOST_BYTES

    def learn_records(self, sent: int, told: int | None) -> None:
        self.records = max(1, min(self.records, told if told and told < sent else sent // 2))

    def learn_bytes(self, sent: int) -> None:
        self.bytes = max(1, min(self.bytes, sent // 2))


class Batcher:
    """Collects records into batches, in order.

    A record that shares an identity (id, domain, e-mail, …) with one in the batch, in flight or held back waits for
    that one's response: otherwise the server would refuse the batch, or the earlier row could overwrite the later one.
    """

    def __init__(self, limits: BatchLimits) -> None:
        self.limits = limits
        self._batch: list[Prepared] = []
        self._bytes = 0
        self._held: list[Prepared] = []
        self._busy: dict[str, int] = {}

    @property
    def pending(self) -> int:
        """Records that no batch has taken yet."""
        return len(self._batch) + len(self._held)

    def add(self, record: Prepared) -> None:
        busy = self._busy
        if busy.keys().isdisjoint(record.identities):
            self._append(record)
        else:
            self._held.append(record)
        for identity in record.identities:
            busy[identity] = busy.get(identity, 0) + 1

    def _append(self, record: Prepared) -> None:
        self._batch.append(record)
        self._bytes += len(record.body) + 60

    @property
    def is_full(self) -> bool:
        """Whether a batch should be taken before more is added: it is full, or too many records are held back."""
        return (
            len(self._batch) >= self.limits.records
            or self._bytes >= self.limits.bytes
            or len(self._held) >= 4 * self.limits.records
        )

    def take(self) -> list[Prepared]:
        """The next batch; empty if everything left is held back."""
        batch, self._batch, self._bytes = self._batch, [], 0
        return batch

    def answered(self, batch: list[Prepared]) -> None:
        """Marks the records as finished, with any result. Records held back for them can be sent, in order."""
        for record in batch:
            for identity in record.identities:
                if self._busy[identity] == 1:
                    del self._busy[identity]
                else:
                    self._busy[identity] -= 1
        if self._held:
            self._release()

    def _release(self) -> None:
        held, self._held = self._held, []
        claims = dict(self._busy)
        for record in held:
            for identity in record.identities:
                claims[identity] -= 1
        ahead = {identity for identity, count in claims.items() if count}
        for record in held:
            if len(self._batch) < self.limits.records and ahead.isdisjoint(record.identities):
                self._append(record)
            else:
                self._held.append(record)
            ahead.update(record.identities)


def split_by_limits(batch: list[Prepared], limits: BatchLimits) -> list[list[Prepared]]:
    """Splits the batch to fit the limits; a record that is too large is a piece of its own."""
    if len(batch) <= limits.records and sum([len(record.body) + 60 for record in batch]) <= limits.bytes:
        return [batch] if batch else []
    pieces: list[list[Prepared]] = []
    size = 0
    for record in batch:
        length = len(record.body) + 60
        if not pieces or len(pieces[-1]) >= limits.records or size + length > limits.bytes:
            pieces.append([])
            size = 0
        pieces[-1].append(record)
        size += length
    return pieces
