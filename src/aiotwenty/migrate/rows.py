"""Exported rows as another workspace takes them: its own members, no files, nothing that it has no field for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aiotwenty.bulk.export import NOT_EXPORTED, RawWalk
from aiotwenty.bulk.fields import Shape
from aiotwenty.bulk.report import counted
from aiotwenty.bulk.served import ServedCatalogue
from aiotwenty.bulk.source import FileSource, JsonLinesSource, Row
from aiotwenty.bulk.target import Target
from aiotwenty.client import Client
from aiotwenty.errors import TwentyError

MEMBERS = "WorkspaceMember"


class MovedRows(FileSource):
    """An exported file with the members of the other workspace turned into those of this one, and without files."""

    nulls_are_gaps = True

    def __init__(self, path: Path, shape: Shape, members: Mapping[str, str]) -> None:
        super().__init__(path)
        self._lines = JsonLinesSource(path)
        self._joins = [relation.join for relation in shape.relations.values() if relation.type_name == MEMBERS]
        self._left_out = {
            name for name, target in shape.targets.items() if target.kind == "list" and name in shape.file_fields
        } | set(NOT_EXPORTED)
        self._known = {path.partition(".")[0] for path in (*shape.targets, *shape.readable)} | self._left_out
        self._members = members
        self.without_field: Counter[str] = Counter()
        """Columns that there is no field for here, with the number of their values."""

    def read(self) -> Iterator[Row]:
        self.without_field.clear()
        for row in self._lines.read():
            values: dict[str, Any] = {}
            for name, value in row.values.items():
                if name not in self._known:
                    self.without_field[name] += value not in (None, "", [])
                elif name not in self._left_out:
                    values[name] = value
            for join in self._joins:
                if values.get(join):
                    values[join] = self._members.get(values[join])
            yield row._replace(values=values)

    def notes(self) -> list[str]:
        """What of the rows could not be moved."""
        return [
            f"not moved: {counted(number, 'value')} of {name}, for which there is no field here"
            for name, number in sorted(self.without_field.items())
            if number
        ]


async def members_here(client: Client, catalogue: ServedCatalogue, folder: Path) -> dict[str, str]:
    """Ids of members there to ids of members here, by e-mail address; empty if members can't be read."""
    target = Target(client.endpoint("graphql"), catalogue, catalogue.names(MEMBERS))
    path = folder / f"{target.names.plural}.jsonl"
    if not path.exists():
        return {}
    here = {}
    try:
        async for page in RawWalk(target, ["userEmail"]).pages():
            here.update({str(member["userEmail"]).lower(): member["id"] for member in page})
    except TwentyError as error:
        error.add_note("while reading the workspace members")
        raise
    there = [row.values for row in JsonLinesSource(path).read()]
    return {member["id"]: here[email] for member in there if (email := str(member.get("userEmail")).lower()) in here}
