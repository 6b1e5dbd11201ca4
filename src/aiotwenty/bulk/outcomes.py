"""Records that are sent together, and their results."""

from __future__ import annotations

from dataclasses import dataclass, field

from aiotwenty.bulk.batches import Prepared
from aiotwenty.bulk.report import Reject


@dataclass
class Outcome:
    """The results of a batch: every record of it is loaded or rejected."""

    loaded: list[Prepared] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    """Of each row that was rejected because a record of the workspace has its value: the field of the value."""

    def reject(self, record: Prepared, code: str, message: str) -> None:
        row = record.row
        self.rejects.append(Reject(row.number, row.values, code, message, row.line))


@dataclass
class Piece:
    """Records that are sent together. `in_doubt`: a response was lost, so they may be in the workspace already."""

    records: list[Prepared]
    in_doubt: bool = False
    aimed: bool = False
    """Whether ids of existing records have been looked up by key."""
    again: bool = False
    """Whether it was refused as a duplicate, none was found, and it is sent again."""
    broken: bool = False
    """Whether it is part of a piece on which the server failed repeatedly."""

    def halves(self) -> list[Piece]:
        middle = len(self.records) // 2
        return [Piece(self.records[:middle]), Piece(self.records[middle:])]
