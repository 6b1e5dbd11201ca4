"""Changes exported rows for another workspace: its own members and files, and only fields that it has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from aiotwenty.bulk.fields import Shape
from aiotwenty.bulk.record_columns import NOT_EXPORTED
from aiotwenty.bulk.report import counted
from aiotwenty.bulk.source import FileSource, JsonLinesSource, Row
from aiotwenty.migrate.members import owner_fields

SERVER_WRITES = ("updatedAt", "updatedBy")
"""Fields that the server writes with every change of a record, whatever is sent (Twenty, July 2026)."""


class MovedRows(FileSource):
    """An exported file, with members replaced by those of this workspace, and files by those uploaded here.

    `owner` returns the id here for a member's id there. `files` has the ids here by those there; without it, files stay
    as they were exported.
    """

    nulls_are_gaps = True

    def __init__(
        self,
        path: Path,
        shape: Shape,
        owner: Callable[[str], str | None],
        files: Mapping[str, str] | None = None,
    ) -> None:
        self._lines = JsonLinesSource(path)
        super().__init__(self._lines.content)
        self._joins = owner_fields(shape)
        self._files = files
        self._file_fields = shape.file_fields
        known = {path.partition(".")[0] for path in (*shape.targets, *shape.readable)}
        self._known = (known | shape.file_fields) - set(NOT_EXPORTED)
        self._read_only = shape.read_only_parts
        self._owner = owner
        self.without_field: Counter[str] = Counter()
        """Columns without a field here, with the number of their values."""
        self.not_settable: Counter[str] = Counter()
        """Fields that only the server writes, with the number of their values."""

    def read(self) -> Iterator[Row]:
        self.without_field.clear()
        self.not_settable.clear()
        for row in self._lines.read():
            yield row._replace(values=self._moved(row.values)) if row.problem is None else row

    def _moved(self, row: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, value in row.items():
            if name in self._known:
                values[name] = value
            elif name not in NOT_EXPORTED:
                self.without_field[name] += value not in (None, "", [])
            self._count(name, value)
        for join in self._joins:
            if values.get(join):
                values[join] = self._owner(str(values[join]))
        if self._files is not None:
            for name in self._file_fields & values.keys():
                values[name] = self._uploaded(values[name], self._files)
        return values

    def _count(self, name: str, value: Any) -> None:
        if name in SERVER_WRITES:
            self.not_settable[name] += value is not None
        if name not in SERVER_WRITES and isinstance(value, Mapping):
            for part in self._read_only.get(name, ()):
                self.not_settable[f"{name}.{part}"] += bool(value.get(part))

    def _uploaded(self, listed: Any, files: Mapping[str, str]) -> list[dict[str, Any]] | None:
        """The uploaded files; None instead of an empty list, which a server might refuse."""
        moved = [
            {"fileId": files[file["fileId"]], "label": file.get("label")}
            for file in listed or ()
            if file.get("fileId") in files
        ]
        return moved or None

    def notes(self) -> list[str]:
        """Notes about columns that could not be moved."""
        return [
            f"not moved: {counted(number, 'value')} of {name}, which has no field here"
            for name, number in sorted(self.without_field.items())
            if number
        ]

    def told(self) -> str | None:
        """A sentence about fields that nobody can set."""
        fields = [f"{name} ({number:,})" for name, number in sorted(self.not_settable.items()) if number]
        return f"not set, because the server sets it: {', '.join(fields)}" if fields else None
