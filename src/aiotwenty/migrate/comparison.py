"""The result of a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_SHOWN = 1000


@dataclass
class ObjectComparison:
    """The differences of one object's records (or of the data model, or of views) between workspace and folder."""

    name: str
    same: int = 0
    missing: list[str] = field(default_factory=list)
    """Ids that are in the folder and not here, or names of things without ids; the first 1,000 of `missing_count`."""
    extra: list[str] = field(default_factory=list)
    different: list[tuple[str, str, Any, Any]] = field(default_factory=list)
    """Id, field, value in the folder, value here."""
    missing_count: int = 0
    extra_count: int = 0
    different_count: int = 0
    hidden: int = 0
    """Records that the server counts here, but that this key may not see."""
    hidden_there: int | None = None
    """The same at the time of the export; None if the folder doesn't say."""
    failure: str | None = None
    """The reason why the records, or some of them, could not be compared."""
    not_compared: list[str] = field(default_factory=list)
    """Descriptions of what was not compared."""
    untold: set[str] = field(default_factory=set, repr=False)

    @property
    def equal(self) -> bool:
        """Whether nothing that was compared differs, and no more records are hidden here than at the export."""
        hidden = self.hidden_there is not None and self.hidden_there != self.hidden
        return not (self.missing_count or self.extra_count or self.different_count or self.failure or hidden)

    def miss(self, name: str) -> None:
        """Counts a record that is missing here."""
        self.missing_count += 1
        if len(self.missing) < _SHOWN:
            self.missing.append(name)

    def find(self, name: str) -> None:
        """Counts a record that is only here."""
        self.extra_count += 1
        if len(self.extra) < _SHOWN:
            self.extra.append(name)

    def add(self, name: str, different: Sequence[tuple[str, Any, Any]]) -> None:
        """Counts a record of both sides, with its differences."""
        if not different:
            self.same += 1
            return
        self.different_count += 1
        for trait, there, here in different:
            if len(self.different) < _SHOWN:
                self.different.append((name, trait, there, here))
