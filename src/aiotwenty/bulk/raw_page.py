"""A page of records as the server wrote it, because most of an export is copying bytes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from pydantic_core import from_json, to_json

from aiotwenty.bulk.record_columns import RecordColumn
from aiotwenty.graphql.withheld_values import count_restricted, without_restricted


def parts_of(columns: Iterable[RecordColumn]) -> dict[str, Collection[str]]:
    """The selected parts of items in lists of objects; for a file, those that an input accepts."""
    return {column.path: column.parts for column in columns if column.parts}


class RawPage:
    """The `count` records of a response that is known to be a page: as dicts, or as JSON Lines."""

    def __init__(
        self, answer: bytes, root: str, count: int, parts: Mapping[str, Collection[str]] | None = None
    ) -> None:
        self.restricted = count_restricted(answer)
        """The number of values that the server withheld; they are null here."""
        self._answer = without_restricted(answer) if self.restricted else answer
        self._root = root
        self._count = count
        # A server may return more of a file than requested: its signed address, which is a secret for a day.
        self._parts = parts if parts and b'"fileId"' in answer else {}

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for edge in from_json(self._answer)["data"][self._root]["edges"]:
            record: dict[str, Any] = edge["node"]
            for name, parts in self._parts.items():
                record[name] = record.get(name) and [
                    {part: item[part] for part in parts if part in item} for item in record[name]
                ]
            yield record

    def json_lines(self) -> bytes:
        """The records as JSON, one on each line."""
        lines = self._cut() if not self._parts else None
        if lines is None:
            lines = [to_json(record) for record in self]
        return b"".join([line + b"\n" for line in lines])

    def _cut(self) -> list[bytes] | None:
        """The records cut out of the response; None unless it has Twenty's format: compact, the edges first.

        A quote within a string has a backslash before it, so the text between two edges cannot be part of a string. It
        could be part of a JSON field, but then there would be more pieces than records.
        """
        begin, end = b'{"data":{"%b":{"edges":[{"node":' % self._root.encode(), b'}],"pageInfo":'
        stop = self._answer.rfind(end)
        if not self._answer.startswith(begin) or stop < 0 or b"\n" in self._answer:
            return None
        try:
            from_json(b'{"":{"":{"":[{' + self._answer[stop:])
        except ValueError:
            return None
        pieces = self._answer[len(begin) : stop].split(b'},{"node":')
        return pieces if len(pieces) == self._count else None
