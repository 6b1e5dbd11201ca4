"""Checks that a field which is empty in every record of a response still exists.

The server answers a removed field with null, like an empty one (Twenty, July 2026). Only /metadata tells them apart.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from time import monotonic
from typing import Any, NamedTuple

from aiotwenty.errors import SchemaDrift
from aiotwenty.graphql.aggregate import Aggregate, aggregated_record
from aiotwenty.graphql.annotations import item_in, model_in, named_fields
from aiotwenty.graphql.data_model import data_model, object_nodes
from aiotwenty.graphql.models import Record
from aiotwenty.graphql.object_facts import About
from aiotwenty.graphql.page import Page
from aiotwenty.graphql.select import is_selection, selected_record, selection_of
from aiotwenty.graphql.selection import OneOf

FIELDS_OF_ALL = data_model("FieldsOfAll", "{nameSingular fieldsList{name type}}")
"""Reads the names of all objects and fields."""

REMEMBERED = 600.0
"""Seconds for which an empty field is known to exist after a check."""

ALWAYS_THERE = frozenset({"id", "createdAt", "updatedAt", "deletedAt", "position", "searchVector"})
"""Fields that nobody can remove."""
_FUNCTION = re.compile(r"(count(UniqueValues|Empty|NotEmpty|True|False)|percentage(Empty|NotEmpty)|min|max|avg|sum)")


class _Looked(NamedTuple):
    """A field that may be empty: its Python name, its GraphQL name, and its empty values."""

    python: str
    wire: str
    empty: tuple[Any, ...]
    within: type[Record] | None = None
    """The model of a related record: if one of its fields is gone, the whole relation is null."""


class _WatchedModel(NamedTuple):
    """The fields of a model that may be gone, the object they belong to, and the model's lists of related records."""

    type_name: str
    fields: tuple[_Looked, ...] = ()
    lists: tuple[str, ...] = ()


class FieldCheck:
    """Remembers which empty fields of a workspace exist, and asks the server about the others."""

    def __init__(self, ask: Callable[[], Awaitable[Mapping[str, Any]]]) -> None:
        """`ask` returns the response to `FIELDS_OF_ALL`."""
        self._ask = ask
        self._asking = asyncio.Lock()
        self._there: dict[tuple[str, str], float] = {}

    def unknown(self, result: Any) -> set[tuple[str, str]]:
        """The fields that are empty in all records of a result and not known to exist, for `confirm_all`."""
        wanted: set[tuple[str, str]] = set()
        for records in _lists(result):
            model = _looked_at(type(records[0]))
            if not model.lists and _is_full(model, records[0]):
                continue
            if model.fields:
                self._add_empty(model, records, wanted)
            for name in model.lists:
                wanted |= self._unknown_within(records, name)
        return wanted

    def _unknown_within(self, records: Sequence[Record], name: str) -> set[tuple[str, str]]:
        """The same fields of the records in a list, taken together for all owners, by type."""
        by_model: dict[type[Record], list[Record]] = {}
        for record in records:
            for related in getattr(record, name) or ():
                by_model.setdefault(type(related), []).append(related)
        return {key for related_records in by_model.values() for key in self.unknown(related_records)}

    def _add_empty(self, model: _WatchedModel, records: Sequence[Record], wanted: set[tuple[str, str]]) -> None:
        left: Sequence[_Looked] = model.fields
        for place, record in enumerate(records):
            values = vars(record)
            left = [field for field in left if values.get(field.python) in field.empty]
            if place == 0:
                left = [field for field in left if field.within or not self._is_there((model.type_name, field.wire))]
            if not left:
                return
        keys = {(model.type_name, field.wire) for field in left}
        for field in left:
            if field.within is not None:
                keys.update(_all_of(field.within))
        wanted.update(key for key in keys if not self._is_there(key))

    async def confirm(self, type_name: str, fields: Iterable[str]) -> None:
        """Raises `SchemaDrift` if one of these fields of an object is gone."""
        await self.confirm_all({(type_name, field) for field in fields if field not in ALWAYS_THERE})

    def _is_there(self, key: tuple[str, str]) -> bool:
        seen = self._there.get(key)
        return seen is not None and monotonic() - seen < REMEMBERED

    async def confirm_all(self, wanted: Collection[tuple[str, str]]) -> None:
        """Raises `SchemaDrift` if one of these fields, each with its object's type, is gone. One request at most."""
        async with self._asking:
            if all(map(self._is_there, wanted)):
                return
            answer = await self._ask()
        served = {_plain(node["nameSingular"]): node["fieldsList"] for node in object_nodes(answer)}
        for type_name, wire in sorted(wanted):
            listed = served.get(_plain(type_name))
            # An object that /metadata doesn't list can't be checked; reading one that is gone is an error anyway.
            if listed is not None and not _has(listed, wire):
                raise _gone(type_name, wire)
            self._there[type_name, wire] = monotonic()


def _is_full(model: _WatchedModel, record: Record) -> bool:
    """Whether a record has no empty field among those to check, as most records."""
    values = vars(record)
    for field in model.fields:  # noqa: SIM110 - a generator takes twice as long
        if values.get(field.python) in field.empty:
            return False
    return True


def _gone(type_name: str, wire: str) -> SchemaDrift:
    drift = SchemaDrift(
        f"{type_name}.{wire} is gone from the workspace, which answers with null in its place: introspect and generate "
        "again, or leave it out of the selection. With verify=False it reads None.",
        type_name=type_name,
        field=wire,
    )
    drift.answered = True
    return drift


def _lists(result: Any) -> Sequence[Sequence[Record]]:
    """The records of a result; those of one list together."""
    kind: Any = type(result)
    if kind is list:
        of_first: Any = type(result[0]) if result else type(None)
        if _is_kind_of(of_first, Page):
            return [records for page in result for records in _lists(page)]
        return [result] if _is_kind_of(of_first, Record) else []
    if _is_kind_of(kind, Page):
        of_first = type(result.records[0]) if result.records else type(None)
        return [result.records] if _is_kind_of(of_first, Record) else []
    return [[result]] if _is_kind_of(kind, Record) else []


@lru_cache(maxsize=4096)
def _is_kind_of(kind: Any, base: type[Record]) -> bool:
    """`issubclass`, cached: pydantic's models answer it in Python."""
    return issubclass(kind, base)


@lru_cache(maxsize=4096)
def _looked_at(model: type[Record]) -> _WatchedModel:
    """The fields of a model that may be gone; none if its object is unknown."""
    if issubclass(model, Aggregate):
        record = aggregated_record(model)
        fields = [_Looked(python, wire, (None, 0)) for wire, python, _ in named_fields(model) if wire != "totalCount"]
        lists: list[str] = []
    else:
        record = selected_record(model)
        own = [(wire, python) for wire, python in _wires(model) if wire not in ALWAYS_THERE]
        of = {python: info.annotation for python, info in model.model_fields.items()}
        fields = [_Looked(python, wire, _nothing(model, python), _related(of[python])) for wire, python in own]
        lists = [python for python in dict.fromkeys(python for _, python in own) if _related(item_in(of[python]))]
    about: About | None = getattr(record, "_object", None)
    return _WatchedModel(about.type_name, tuple(fields), tuple(lists)) if about is not None else _WatchedModel("")


def _wires(model: type[Record]) -> Iterator[tuple[str, str]]:
    """The GraphQL and Python name of each selected field."""
    if not is_selection(model):
        yield from ((wire, python) for wire, python, _ in named_fields(model))
        return
    for python, how in selection_of(model).reading.items():
        names = [name for name, _ in how.names] if isinstance(how, OneOf) else [how.name]
        yield from ((name, python) for name in names)


def _nothing(model: type[Record], python: str) -> tuple[Any, ...]:
    """The values that count as empty: None, a list without records, and a default that replaces null."""
    info = model.model_fields[python]
    default = [] if info.is_required() else [info.get_default(call_default_factory=True)]
    return (None, [], (), *default)


def _related(annotation: Any) -> type[Record] | None:
    model = model_in(annotation)
    related = model is not None and issubclass(model, Record) and _looked_at(model).type_name != ""
    return model if related else None  # type: ignore[return-value]


def _all_of(model: type[Record]) -> Iterator[tuple[str, str]]:
    """All fields that are selected of a related record."""
    looked = _looked_at(model)
    for field in looked.fields:
        yield looked.type_name, field.wire
        if field.within is not None:
            yield from _all_of(field.within)


def _has(listed: Iterable[Mapping[str, Any]], wire: str) -> bool:
    """Whether a field in /metadata is this one in GraphQL: itself, its foreign key, a part of it, or an aggregate."""
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
    """The name in lower case: GraphQL has other capitals in some names than the data model."""
    return name.casefold()
