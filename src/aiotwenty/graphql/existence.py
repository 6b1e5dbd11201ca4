"""Makes sure that a field which is empty in every record of an answer is still there.

The server answers a field that was removed with null, as it answers one that is empty (Twenty, July 2026). Only
/metadata tells the one from the other.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic
from typing import Any

from aiotwenty.errors import SchemaDrift
from aiotwenty.graphql.about import About
from aiotwenty.graphql.aggregate import Aggregate, aggregated_record
from aiotwenty.graphql.annotations import item_in, model_in, named_fields
from aiotwenty.graphql.document import compose
from aiotwenty.graphql.models import Record
from aiotwenty.graphql.page import Page
from aiotwenty.graphql.select import is_selection, selected_record, selection_of
from aiotwenty.graphql.selection import OneOf

FIELDS_OF_ALL = compose(
    "FieldsOfAll",
    "query",
    "objects",
    None,
    "{edges{node{nameSingular fieldsList{name type}}}}",
    arguments="paging:{first:1000}",
)
"""What the workspace has: its data model by name."""

REMEMBERED = 600.0
"""Seconds for which a field that is empty need not be asked for again."""

_ALWAYS = frozenset({"id", "createdAt", "updatedAt", "deletedAt", "position", "searchVector"})
"""Fields that nobody can remove."""
_FUNCTION = re.compile(r"(count(UniqueValues|Empty|NotEmpty|True|False)|percentage(Empty|NotEmpty)|min|max|avg|sum)")


@dataclass(frozen=True)
class _Looked:
    """A field that may be empty: where a model has it, what it is on the wire, and what stands for nothing in it."""

    python: str
    wire: str
    empty: tuple[Any, ...]
    within: type[Record] | None = None
    """What is asked of a related record: if a field of that is gone, the whole relation is null."""


@dataclass(frozen=True)
class _Model:
    """What of a model may be gone: the object that it is read from, its fields, and its lists of related records."""

    type_name: str
    fields: tuple[_Looked, ...] = ()
    lists: tuple[str, ...] = ()


class FieldCheck:
    """Remembers of one workspace which fields are there though they are empty, and asks for those it does not know."""

    def __init__(self, ask: Callable[[], Awaitable[Mapping[str, Any]]]) -> None:
        """`ask` gives the answer to `FIELDS_OF_ALL`."""
        self._ask = ask
        self._asking = asyncio.Lock()
        self._there: dict[tuple[str, str], float] = {}

    async def look(self, result: Any) -> None:
        """Raises `SchemaDrift` if a field of the records in a result is empty in all of them because it is gone."""
        for records in _lists(result):
            if empty := self._empty(records):
                await self._confirm(empty)
            for name in _looked_at(type(records[0])).lists:
                await self._look_within(records, name)

    async def _look_within(self, records: Sequence[Record], name: str) -> None:
        """The same for a list of related records: those of all records together, by what they are."""
        by_model: dict[type[Record], list[Record]] = {}
        for record in records:
            for related in getattr(record, name) or ():
                by_model.setdefault(type(related), []).append(related)
        for related_records in by_model.values():
            await self.look(related_records)

    async def confirm(self, type_name: str, fields: Iterable[str]) -> None:
        """Raises `SchemaDrift` if one of these fields of an object is gone."""
        await self._confirm({(type_name, field) for field in fields if field not in _ALWAYS})

    def _empty(self, records: Sequence[Record]) -> set[tuple[str, str]]:
        """The fields that are empty in all records, and not known to be there."""
        model = _looked_at(type(records[0]))
        type_name = model.type_name
        left = [field for field in model.fields if not self._is_there((type_name, field.wire)) or field.within]
        for record in records:
            values = vars(record)
            left = [field for field in left if values.get(field.python) in field.empty]
            if not left:
                return set()
        wanted = {(type_name, field.wire) for field in left}
        for field in left:
            if field.within is not None:
                wanted |= set(_all_of(field.within))
        return {key for key in wanted if not self._is_there(key)}

    def _is_there(self, key: tuple[str, str]) -> bool:
        seen = self._there.get(key)
        return seen is not None and monotonic() - seen < REMEMBERED

    async def _confirm(self, wanted: Collection[tuple[str, str]]) -> None:
        async with self._asking:
            if all(map(self._is_there, wanted)):
                return
            answer = await self._ask()
        served = {_plain(node["nameSingular"]): node["fieldsList"] for node in _nodes(answer)}
        for type_name, wire in sorted(wanted):
            listed = served.get(_plain(type_name))
            # Of an object that is not listed there is nothing to be known: a read of one that is gone is an error.
            if listed is not None and not _has(listed, wire):
                raise _gone(type_name, wire)
            self._there[type_name, wire] = monotonic()


def _gone(type_name: str, wire: str) -> SchemaDrift:
    drift = SchemaDrift(
        f"{type_name}.{wire} is gone from the workspace, which answers with null in its place: introspect and generate "
        "again, or leave it out of the selection. With verify=False it reads None.",
        type_name=type_name,
        field=wire,
    )
    drift.answered = True
    return drift


def _lists(result: Any) -> Iterator[Sequence[Record]]:
    """The records of a result, those of one list together."""
    if isinstance(result, Page):
        if result.edges and isinstance(result.edges[0].node, Record):
            yield result.records
    elif isinstance(result, list):
        if result and isinstance(result[0], Page):
            for page in result:
                yield from _lists(page)
        elif result and isinstance(result[0], Record):
            yield result
    elif isinstance(result, Record):
        yield [result]


@lru_cache(maxsize=4096)
def _looked_at(model: type[Record]) -> _Model:
    """What of a model may be gone; nothing, where that cannot be told."""
    if issubclass(model, Aggregate):
        record = aggregated_record(model)
        fields = [_Looked(python, wire, (None, 0)) for wire, python, _ in named_fields(model) if wire != "totalCount"]
        lists: list[str] = []
    else:
        record = selected_record(model)
        own = [(wire, python) for wire, python in _wires(model) if wire not in _ALWAYS]
        of = {python: info.annotation for python, info in model.model_fields.items()}
        fields = [_Looked(python, wire, _nothing(model, python), _related(of[python])) for wire, python in own]
        lists = [python for python in dict.fromkeys(python for _, python in own) if _related(item_in(of[python]))]
    about: About | None = getattr(record, "_object", None)
    return _Model(about.type_name, tuple(fields), tuple(lists)) if about is not None else _Model("")


def _wires(model: type[Record]) -> Iterator[tuple[str, str]]:
    """What is asked for, by the names of GraphQL, and where a model has it."""
    if not is_selection(model):
        yield from ((wire, python) for wire, python, _ in named_fields(model))
        return
    for python, how in selection_of(model).reading.items():
        names = [name for name, _ in how.names] if isinstance(how, OneOf) else [how.name]
        yield from ((name, python) for name in names)


def _nothing(model: type[Record], python: str) -> tuple[Any, ...]:
    """None, no records of a list, and the default that may stand for it."""
    info = model.model_fields[python]
    default = [] if info.is_required() else [info.get_default(call_default_factory=True)]
    return (None, [], *default)


def _related(annotation: Any) -> type[Record] | None:
    model = model_in(annotation)
    related = model is not None and issubclass(model, Record) and _looked_at(model).type_name != ""
    return model if related else None  # type: ignore[return-value]


def _all_of(model: type[Record]) -> Iterator[tuple[str, str]]:
    """All that is asked of a related record."""
    looked = _looked_at(model)
    for field in looked.fields:
        yield looked.type_name, field.wire
        if field.within is not None:
            yield from _all_of(field.within)


def _nodes(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for edge in (answer.get("objects") or {}).get("edges", ()):
        yield edge["node"]


def _has(listed: Iterable[Mapping[str, Any]], wire: str) -> bool:
    """Whether a field of /metadata is this one in GraphQL: itself, its foreign key, a part of it, or an aggregate."""
    names = {wire, wire.removesuffix("Id")}
    of_aggregate = _plain(_FUNCTION.sub("", wire, count=1)) if _FUNCTION.match(wire) else None
    for field in listed:
        name, type_ = field["name"], field["type"]
        if name in names or (type_ == "MORPH_RELATION" and wire.startswith(name)):
            return True
        if of_aggregate is not None and of_aggregate.startswith(_plain(name)):
            return True
    return False


def _plain(name: str) -> str:
    """GraphQL has other capitals in some names than the data model."""
    return name.casefold()
