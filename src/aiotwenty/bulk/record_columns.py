"""The columns of an object's records in exports and data frames: dotted paths and types of values."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Protocol, TypeAlias
from uuid import UUID

from pydantic import BaseModel

from aiotwenty.bulk.fields import file_model, squeeze
from aiotwenty.bulk.source import InputError
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.annotations import alternatives, item_in, model_in, named_fields, plain_types

Holds: TypeAlias = Literal[
    "text", "uuid", "option", "int", "number", "micros", "bool", "datetime", "date", "texts", "objects", "json"
]
"""The type of a cell; `option` is of a picklist, `texts` a list of texts or options, `objects` a list of objects."""

_KINDS = {"option": "text", "uuid": "text", "texts": "text", "objects": "text", "json": "text", "micros": "number"}

NOT_EXPORTED = ("searchVector",)
"""Fields that the server derives from others: columns only if they are named."""
FILE_PARTS = ("fileId", "label")
"""The parts of a file that an input accepts. Its URL is signed for a day."""


@dataclass(frozen=True)
class RecordColumn:
    """A column of records: `path` is dotted, with GraphQL names.

    `parts` are those of the objects in a list. `selects`: they must be selected one by one; other lists of objects are
    JSON values.
    """

    path: str
    holds: Holds
    parts: tuple[str, ...] = ()
    selects: bool = False

    @property
    def kind(self) -> str:
        """The type in files without such types: text, int, number, bool, datetime or date. Lists are JSON in a text."""
        return _KINDS.get(self.holds, self.holds)

    @property
    def selector(self) -> str:
        return f"{self.path}{{{' '.join(self.parts)}}}" if self.selects else self.path

    def behind(self, relation: str) -> RecordColumn:
        """The same field of the record at the other end of a relation."""
        return RecordColumn(f"{relation}.{self.path}", self.holds, self.parts, self.selects)


def columns_of(model: type[BaseModel], prefix: str = "") -> list[RecordColumn]:
    """The columns of a record model, beginning with the id."""
    columns: list[RecordColumn] = []
    for alias, _, annotation in named_fields(model):
        inner = model_in(annotation)
        if inner is not None:
            columns += columns_of(inner, f"{prefix}{alias}.")
        else:
            columns.append(_column(prefix + alias, annotation))
    return id_first(columns)


def id_first(columns: Iterable[RecordColumn]) -> list[RecordColumn]:
    """The columns in order, with the id first."""
    return sorted(columns, key=lambda column: column.path != "id")


def _column(path: str, annotation: Any) -> RecordColumn:
    if (files := file_model(annotation)) is not None:
        return RecordColumn(path, "objects", _parts(files, FILE_PARTS), selects=True)
    item = item_in(annotation)
    if item is not None:
        if (model := model_in(item)) is not None:
            return RecordColumn(path, "objects", _parts(model))
        return RecordColumn(path, "texts" if all(_is_text(kind) for kind in alternatives(item)) else "json")
    return RecordColumn(path, _holds(path, plain_types(annotation)))


def _parts(model: type[BaseModel], only: Iterable[str] | None = None) -> tuple[str, ...]:
    return tuple(part for part, _, _ in named_fields(model) if only is None or part in only)


def _is_text(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, str | Enum | type(None))


def _holds(path: str, types: set[Any]) -> Holds:
    if datetime.datetime in types:
        return "datetime"
    if datetime.date in types:
        return "date"
    if types == {bool}:
        return "bool"
    if types == {int}:
        return "int"
    if types and types <= {int, float}:
        return "micros" if is_micros(path) else "number"
    if UUID in types:
        return "uuid"
    if any(isinstance(kind, type) and issubclass(kind, Enum) for kind in types):
        return "option"
    return "text" if types == {str} else "json"


def is_micros(path: str) -> bool:
    """Whether a number is an amount of money in millionths."""
    return path.rpartition(".")[2] == "amountMicros"


class HasColumns(Protocol):
    """Knows the columns of objects, and their relations."""

    def columns(self, type_name: str) -> list[RecordColumn]: ...

    def to_one(self, type_name: str) -> Mapping[str, str]: ...

    def to_many(self, type_name: str) -> Iterable[str]: ...


def usual_columns(known: HasColumns, type_name: str) -> list[RecordColumn]:
    """The default columns of an object."""
    return [column for column in known.columns(type_name) if column.path not in NOT_EXPORTED]


def chosen_columns(known: HasColumns, type_name: str, fields: Iterable[str]) -> list[RecordColumn]:
    """The columns of dotted paths, in order: a field, all its parts, or fields through a relation.

    Names may be those of GraphQL or of Python. Raises `InputError` that names every invalid path.
    """
    if isinstance(fields, str):
        raise InputError(f"fields is a list of dotted paths: [{fields!r}]")
    chosen: dict[RecordColumn, None] = {}
    problems: list[str] = []
    lacking: dict[str, list[str]] = {}
    for field in fields:
        try:
            chosen |= dict.fromkeys(_named(known, type_name, field))
        except _UnknownField as unknown:
            lacking.setdefault(unknown.type_name, []).append(unknown.field)
        except InputError as error:
            problems.append(error.message)
    for owner, names in lacking.items():
        there = _names(known, owner)
        hints = ", ".join(f"{name}{did_you_mean(name, there)}" for name in names)
        problems.append(f"{owner} has no field {hints}; it has {', '.join(there)}")
    if problems:
        raise InputError("; ".join(problems))
    return list(chosen)


class _UnknownField(Exception):  # noqa: N818
    def __init__(self, type_name: str, field: str) -> None:
        super().__init__(field)
        self.type_name, self.field = type_name, field


def _names(known: HasColumns, type_name: str) -> list[str]:
    return [*(column.path for column in known.columns(type_name)), *known.to_one(type_name)]


def _named(known: HasColumns, type_name: str, field: str) -> list[RecordColumn]:
    columns = known.columns(type_name)
    wanted = f"{_plain(field)}."
    if named := [column for column in columns if f"{_plain(column.path)}.".startswith(wanted)]:
        return named
    first, dot, rest = field.partition(".")
    relation = next((name for name in known.to_one(type_name) if squeeze(name) == squeeze(first)), None)
    if relation is not None:
        target = known.to_one(type_name)[relation]
        behind = _named(known, target, rest) if dot else usual_columns(known, target)
        return [column.behind(relation) for column in behind]
    if squeeze(first) in map(squeeze, known.to_many(type_name)):
        raise InputError(
            f"{type_name} has many {first}, and a column holds one value: read those records by themselves, with the "
            "id of this one among their fields"
        )
    raise _UnknownField(type_name, field)


def _plain(path: str) -> str:
    """`domainName.primaryLinkUrl` for `domain_name.primary_link_url`, as in filters."""
    return ".".join(squeeze(part) for part in path.split("."))
