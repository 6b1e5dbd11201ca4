"""Records that are sent together, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiotwenty.bulk.batches import Prepared
from aiotwenty.bulk.report import Reject


@dataclass
class Outcome:
    """What became of a batch: every record of it is in one of the two."""

    loaded: list[Prepared] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def reject(self, record: Prepared, code: str, message: str) -> None:
        row = record.row
        self.rejects.append(Reject(row.number, row.values, code, message, row.line))


@dataclass
class Piece:
    """Records that are sent together. `in_doubt`: an answer was lost, they may be in the workspace already."""

    records: list[Prepared]
    in_doubt: bool = False
    aimed: bool = False
    """Ids of existing records have been looked up by key."""
    again: bool = False
    """Was refused as a duplicate without one being found, and sent once more."""
    broken: bool = False
    """Is part of one that the server failed over again and again."""

    def halves(self) -> list[Piece]:
        middle = len(self.records) // 2
        return [Piece(self.records[:middle]), Piece(self.records[middle:])]
