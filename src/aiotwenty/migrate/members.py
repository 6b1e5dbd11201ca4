"""Maps exported workspace members to members of this workspace. They are accounts, which can't be moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from aiotwenty.bulk.fields import Shape
from aiotwenty.bulk.raw_walk import RawWalk
from aiotwenty.bulk.report import counted
from aiotwenty.bulk.source import JsonLinesSource, open_source
from aiotwenty.bulk.source.base import InputError
from aiotwenty.bulk.target import Target
from aiotwenty.bulk.workspace_catalogue import ServedCatalogue
from aiotwenty.client import Client
from aiotwenty.errors import TwentyError
from aiotwenty.graphql.advice import did_you_mean, instead_of

MEMBERS = "WorkspaceMember"


class Unmapped(NamedTuple):
    """A record whose owner has no replacement here, so that it loses its owner in the move."""

    object: str
    """The plural name: companies."""
    record: str
    field: str
    """The foreign key: accountOwnerId."""
    member: str
    """The e-mail address of the owner; the id if it is unknown."""


@dataclass
class Members:
    """The members of an exported workspace, and their replacements in this workspace."""

    there: Mapping[str, str]
    """The e-mail addresses of the exported members, by id."""
    here: Mapping[str, str]
    """The ids of the members here, by e-mail address in lower case."""
    table: Mapping[str, str] = field(default_factory=dict)
    """The e-mail addresses here by those there, in lower case, as the caller chose them."""
    default: str | None = None
    """The id of the member here who replaces all others."""

    def found(self, member: str) -> str | None:
        """The id of the member here with the address in the table, or with the same address; None without one."""
        email = self.there.get(member, "").lower()
        return self.here.get(self.table.get(email, email)) if email else None

    def of(self, member: str) -> str | None:
        """The id of a member's replacement here; None without one."""
        return self.found(member) or self.default

    def is_another(self, member: str) -> bool:
        """Whether another person replaces a member here: by the table, or as the default."""
        if self.found(member) is None:
            return self.default is not None
        return self.there[member].lower() in self.table

    def label(self, member: str) -> str:
        """The member's e-mail address; the id if it is unknown."""
        return self.there.get(member) or member

    def expected(self, member: str) -> str:
        """The owner that a record must have here: an id; a text that no record has if there is no replacement."""
        return self.of(member) or f"{self.label(member)} (no member here)"

    def summary(self) -> str:
        """A text that differs if other members are chosen."""
        chosen = sorted((member, self.of(member) or "") for member in self.there)
        found = sum(1 for _, here in chosen if here)
        return f"{found} of {len(chosen)} have somebody here ({crc32(repr(chosen).encode()):08x})"

    @property
    def without(self) -> dict[str, str]:
        """The ids and e-mail addresses of the exported members without a replacement other than the default."""
        return {member: self.label(member) for member in self.there if self.found(member) is None}


async def read_members(
    client: Client,
    catalogue: ServedCatalogue,
    folder: Path,
    table: str | Path | Mapping[str, str] | None = None,
    default: str | None = None,
) -> Members:
    """Reads the members of both workspaces.

    `table` is a file or a mapping of e-mail addresses there to those here, `default` the address of the member here who
    replaces all others. Raises `InputError` for an address that no member has.
    """
    here = await _members_here(client, catalogue)
    path = folder / f"{catalogue.names(MEMBERS).plural}.jsonl"
    rows = [row.values for row in JsonLinesSource(path).read()] if path.exists() else []
    there = {str(row.get("id")): str(row.get("userEmail") or "") for row in rows}
    emails = {email.lower() for email in there.values()}
    pairs = _pairs(table) if isinstance(table, str | Path) else (table or {}).items()
    chosen = {}
    for old, new in pairs:
        if old.lower() not in emails:
            raise InputError(f"members: no member in {path} has the address {old!r}{did_you_mean(old, sorted(emails))}")
        if new.lower() not in here:
            raise InputError(f"members: no member here has the address {new!r}{did_you_mean(new, sorted(here))}")
        chosen[old.lower()] = new.lower()
    if default is not None and default.lower() not in here:
        known = instead_of(default, sorted(here))
        raise InputError(f"members_default (--members-default): no member here has the address {default!r}{known}")
    return Members(there, here, chosen, here[default.lower()] if default is not None else None)


async def _members_here(client: Client, catalogue: ServedCatalogue) -> dict[str, str]:
    target = Target(client._endpoint("graphql"), catalogue, catalogue.names(MEMBERS))
    here: dict[str, str] = {}
    try:
        async for page in RawWalk(target, ["userEmail"]).pages():
            here.update({str(member["userEmail"]).lower(): member["id"] for member in page if member["userEmail"]})
    except TwentyError as error:
        error.add_note("while reading the workspace members")
        raise
    return here


def _pairs(path: str | Path) -> Iterator[tuple[str, str]]:
    """The addresses there and here from a file with two columns. It needs a header; the names in it don't matter."""
    source = open_source(path)
    columns = source.columns or ()
    if len(columns) != 2 or any("@" in name for name in columns):
        raise InputError(
            f"{path}: needs a header and two columns, the e-mail addresses of the exported workspace and those here: "
            "from,to"
        )
    for row in source.again() or ():
        old, new = (str(row.values.get(name) or "").strip() for name in columns)
        if row.problem or not (old and new):
            raise InputError(f"{path}, line {row.line or row.number}: {row.problem or 'needs two e-mail addresses'}")
        yield old, new


def owner_fields(shape: Shape) -> list[str]:
    """The foreign keys of an object that refer to members."""
    return [relation.join for relation in shape.relations.values() if relation.type_name == MEMBERS]


@dataclass
class UnmappedOwners:
    """The records of a folder that lose their owner; every iteration reads the files again."""

    folder: Path
    members: Members
    fields: Mapping[str, list[str]]
    """The foreign keys that refer to members, by the plural name of the object."""

    def __iter__(self) -> Iterator[Unmapped]:
        for plural, joins in self.fields.items():
            path = self.folder / f"{plural}.jsonl"
            for row in JsonLinesSource(path).read() if joins and path.exists() else ():
                yield from self._of(plural, joins, row.values)

    def _of(self, plural: str, joins: list[str], values: Mapping[str, Any]) -> Iterator[Unmapped]:
        for join in joins:
            member = values.get(join)
            if member and self.members.of(str(member)) is None:
                yield Unmapped(plural, str(values.get("id")), join, self.members.label(str(member)))

    def told(self) -> list[str]:
        """The number of records that lose an owner, by object and owner."""
        counts = Counter((owner.object, owner.field, owner.member) for owner in self)
        return [
            f"{counted(number, 'record')} of {plural} left without {field}: {member} is no member here"
            for (plural, field, member), number in sorted(counts.items())
        ]
