"""From the columns of a row to the fields of a record."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from pydantic_core import from_json

from aiotwenty.bulk.batches import Reference
from aiotwenty.bulk.fields import Relation, Shape, Target
from aiotwenty.bulk.source import RAW_TEXT, Check, InputError, Source, clean_name
from aiotwenty.bulk.transforms import Transform, named_transform
from aiotwenty.graphql.composites import Money
from aiotwenty.graphql.values import read_moment
from aiotwenty.records.identity import canonical

FieldSpec: TypeAlias = str | tuple[str, Transform | str] | list[str] | None
"""A field, a field and a transform, or None for a column to leave out."""
FieldMapping: TypeAlias = Mapping[str, FieldSpec]

REJECT_COLUMNS = ("_row", "_source", "_code", "_error")
"""What a file of rejects has beside the columns of its rows; read back, they aren't fields."""


_AS_IT_IS = ("text", "other", "date")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
"""What is certainly meant as a number: no exponents, no separators of thousands."""


class ValueRefused(ValueError):  # noqa: N818 - named for what it says of a row
    """A value that cannot go where its column goes."""


@dataclass(frozen=True)
class Column:
    """Where one column goes, and how."""

    name: str
    target: Target
    plain_path: tuple[str, ...]
    transform: Transform | None
    as_it_is: bool = False
    """Text goes to its place without further ado."""

    @property
    def place(self) -> str:
        """Where a plain value goes, dotted."""
        return self.target.dotted if self.target.relation else ".".join(self.plain_path)


class Mapper:
    """Turns rows into nested input data by the names of the wire. Columns without a mapping go by an obvious name."""

    def __init__(
        self,
        shape: Shape,
        mapping: FieldMapping | None = None,
        *,
        constants: Mapping[str, Any] | None = None,
        ignore: Iterable[str] = (),
        only: Iterable[str] | None = None,
        is_text: bool = False,
        skip_nulls: bool = False,
    ) -> None:
        self.shape = shape
        self._mapping = {clean_name(name): spec for name, spec in (mapping or {}).items()}
        self._ignored = {*map(clean_name, ignore), *REJECT_COLUMNS, RAW_TEXT}
        self._only = None if only is None else {self._value_path(name) for name in only}
        self._is_text = is_text
        self._hidden = shape.read_only_parts
        self._skip_nulls = skip_nulls
        self._columns: dict[str, Column | None] = {}
        try:
            self._constants = [(self._compile(name, name), value) for name, value in (constants or {}).items()]
        except InputError as error:
            raise InputError(f"constants: {error}") from None
        for name, spec in self._mapping.items():
            try:
                self._columns[name] = self._compile(name, spec)
            except InputError as error:
                raise InputError(f"column {name!r} cannot be mapped: {error}") from None

    def _compile(self, name: str, spec: FieldSpec) -> Column | None:
        if spec is None or name in self._ignored or (spec == name and name in self.shape.read_only):
            return None
        field_name, transform = (spec, None) if isinstance(spec, str) else spec
        if isinstance(transform, str):
            try:
                transform = named_transform(transform)
            except ValueError as error:
                raise InputError(str(error)) from None
        target = self.shape.resolve(field_name)
        # Values that are whole composites (dicts) need no primary part; a plain value does, and says so when it comes.
        plain = target.path
        if target.kind == "composite" and self.shape.primary(target.path[0]):
            plain = self.shape.value_path(target)
        elif target.kind == "composite" and self._is_text and transform is None and field_name != name:
            self.shape.value_path(target)
        as_it_is = transform is None and target.relation is None and target.kind in _AS_IT_IS
        return Column(name, target, plain, transform, as_it_is)

    def column(self, name: str) -> Column | None:
        """Where a column goes; None if it is ignored. Raises `InputError` for one that no field is named like."""
        if name not in self._columns:
            self._columns[name] = self._compile_known(name) if self._only is not None else self._compile(name, name)
        return self._columns[name]

    def _compile_known(self, name: str) -> Column | None:
        """Of a source of which only some fields matter, whatever else it has."""
        try:
            column = self._compile(name, name)
        except InputError:
            return None
        if column is None:
            return None
        return column if column.place in (self._only or ()) else None

    def _value_path(self, name: str) -> str:
        spec = self._mapping.get(name, name)
        target = self.shape.resolve(spec if isinstance(spec, str) else spec[0] if spec else name)
        return target.dotted if target.relation else ".".join(self.shape.value_path(target))

    def mapped(self, name: str) -> Column | None:
        """Where the mapping sends a column; None if it does not say."""
        return self._columns.get(name) if name in self._mapping else None

    def gives(self, target: Target, columns: Iterable[str]) -> bool:
        """Whether one of these columns, or a constant, can fill that field."""
        for column in [*map(self.column, columns), *(column for column, _ in self._constants)]:
            if column is None:
                continue
            whole = column.target.kind == "composite" and column.target.path[0] == target.path[0]
            joins = target.relation is not None and column.target.dotted == target.relation.join
            if column.place == target.dotted or joins or (whole and target.relation is None):
                return True
        return False

    def check_columns(self, source: Source, columns: Iterable[str], check: Check | None = None) -> None:
        """Raises `InputError` that names every column that is neither mapped nor known nor left out."""
        columns = list(columns)
        self._leave_out(source, columns)
        problems = [*self._nameless(source, columns), *self._shared(source, columns)]
        placed: dict[str, str] = {}
        for name in columns:
            if name in source.unnamed or (name in source.doubled and name not in self._mapping):
                continue
            try:
                column = self.column(name)
                # Rows of a file have all of these columns; rows from memory may have one or the other.
                first = placed.setdefault(column.place, name) if column and check is None else name
                if column and first != name:
                    problems.append(f"columns {first!r} and {name!r} both go to {column.place}")
            except InputError as error:
                where = f" (first in row {check.columns[name]})" if check and check.columns.get(name, 1) > 1 else ""
                problems.append(f"column {name!r}{where}: {error}")
        missing = [name for name in self._mapping if name not in columns and name not in source.doubled.values()]
        if problems:
            problems.append("map it to a field (mapping=, --map), or leave it out (ignore=, --ignore)")
        if missing:
            mapped = " and ".join(map(repr, missing))
            problems.append(f"mapped, but not there: column {mapped}; there are {', '.join(columns)}")
        if problems:
            raise InputError(f"{source.name}: " + "; ".join(problems))

    def _leave_out(self, source: Source, columns: Sequence[str]) -> None:
        """`""` stands for the columns without a name, `*` for all that the mapping does not name."""
        for name in columns:
            said = source.doubled.get(name, name)
            if (
                said in self._ignored
                or ("" in self._ignored and name in source.unnamed)
                or ("*" in self._ignored and said not in self._mapping and name not in self._mapping)
                or (said in self._mapping and self._mapping[said] is None)
            ):
                self._ignored.add(name)
                self._columns[name] = None

    def _nameless(self, source: Source, columns: Sequence[str]) -> list[str]:
        """Columns without a name that are neither left out nor mapped by their place."""
        wanted = [name for name in source.unnamed if name in columns and self._columns.get(name, self) is self]
        if not wanted:
            return []
        # Those at the end, too, that would be let pass if nothing is in them.
        places = [str(place) for name, place in source.unnamed.items() if name not in self._ignored]
        several = len(places) > 1
        listed = " and ".join(filter(None, [", ".join(places[:-1]), places[-1]]))
        return [
            f"column{'s' if several else ''} {listed} {'have' if several else 'has'} no name "
            f"(to leave {'them' if several else 'it'} out: ignore='', to map: {wanted[0]!r})"
        ]

    def _shared(self, source: Source, columns: Sequence[str]) -> list[str]:
        """Names that several columns have and that are not left out; one of them may be mapped by its number."""
        groups: dict[str, list[str]] = {}
        for name, said in source.doubled.items():
            if name in columns and name not in self._ignored and name not in self._mapping:
                groups.setdefault(said, []).append(name)
        return [
            f"several columns are named {said!r} (to tell them apart: {', '.join(map(repr, names))})"
            for said, names in groups.items()
        ]

    def build(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Reference]]:
        """Input data by the names of the wire, and the relations given by a natural key."""
        data: dict[str, Any] = {}
        references: list[Reference] = []
        columns = self._columns
        for name, value in values.items():
            column = columns[name] if name in columns else self.column(name)
            if column is None:
                continue
            if column.as_it_is and type(value) is str and value:
                path = column.plain_path
                if len(path) == 1:
                    data[path[0]] = value
                elif type(inner := data.get(path[0])) is dict:
                    inner[path[1]] = value
                else:
                    data[path[0]] = {path[1]: value}
            else:
                self._put(column, value, data, references)
        for column, value in self._constants:
            if column is not None:
                self._put(column, value, data, references)
        return data, references

    def _put(self, column: Column, value: Any, data: dict[str, Any], references: list[Reference]) -> None:
        if value is None or (value == "" and self._is_text):
            if self._skip_nulls:
                return
            value = None
        elif column.transform is not None:
            try:
                value = column.transform(value)
            except ValueError as error:
                raise ValueRefused(f"{column.name}: {error}") from None
            except Exception as error:
                raise ValueRefused(f"{column.name}: {type(error).__name__}: {error}, for {value!r}") from None
        target = column.target
        if target.relation is not None:
            self._refer(column, target.relation, value, data, references)
            return
        path = column.plain_path
        if value is not None:
            if isinstance(value, Money):
                value = value.parts()
            if self._is_text and isinstance(value, str):
                value = _from_text(column, value)
            elif target.kind == "datetime":
                value = in_utc(value)
            if target.kind == "composite":
                if type(value) is dict or isinstance(value, Mapping):
                    path = target.path
                    hidden = self._hidden.get(path[0])
                    if hidden:
                        value = {part: one for part, one in value.items() if part not in hidden}
                elif path == target.path:
                    parts = " or ".join(f"{target.dotted}.{part}" for part in self.shape.composites[path[0]])
                    raise ValueRefused(
                        f"{column.name}: {target.dotted} is made of parts, {value!r} is none; map the column to {parts}"
                    )
        else:
            path = target.path
        _set(data, path, value)

    def _refer(
        self, column: Column, relation: Relation, value: Any, data: dict[str, Any], references: list[Reference]
    ) -> None:
        path = column.target.path
        if isinstance(value, Mapping):
            found = self._connection(relation, value)
            if found is None:
                data[relation.name] = value
                return
            path, value = found
        if value is None or value == "":
            # Nobody is called nothing: a look-up would find whoever has no name.
            data[relation.join] = None
        elif path == ("id",):
            data[relation.join] = value
        else:
            dotted = ".".join(path)
            references.append(Reference(relation.join, relation.type_name, dotted, canonical(dotted, value)))

    def _connection(self, relation: Relation, value: Mapping[str, Any]) -> tuple[tuple[str, ...], Any] | None:
        """The path and value in `{"connect": {"where": {"domainName": {"primaryLinkUrl": …}}}}`."""
        connect = value.get("connect")
        where = connect.get("where") if isinstance(connect, Mapping) else None
        if not isinstance(where, Mapping) or len(where) != 1:
            return None
        ((name, inner),) = where.items()
        while isinstance(inner, Mapping) and len(inner) == 1:
            ((part, inner),) = inner.items()
            name = f"{name}.{part}"
        if isinstance(inner, Mapping) or inner is None:
            return None
        if name == "id":
            return ("id",), inner
        other = self.shape.related(relation.type_name)
        return other.value_path(other.resolve(name)), inner


def _set(data: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    name = path[0]
    if len(path) == 2:
        inner = data.get(name)
        if type(inner) is dict:
            inner[path[1]] = value
        else:
            data[name] = {path[1]: value}
    elif type(value) is dict or isinstance(value, Mapping):
        data[name] = {**data[name], **value} if type(data.get(name)) is dict else dict(value)
    else:
        data[name] = value


def _from_text(column: Column, value: str) -> Any:
    kind = column.target.kind
    if kind in _AS_IT_IS:
        return value
    if kind == "datetime":
        return in_utc(value.strip())
    if kind == "number":
        return Decimal(text) if _NUMBER.fullmatch(text := value.strip()) else value
    if kind == "boolean":
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    if kind == "composite":
        if not value.startswith("{"):
            return value
    elif kind == "list" and not value.startswith("["):
        return [part.strip() for part in value.split(";") if part.strip()]
    try:
        return from_json(value)
    except ValueError as error:
        raise ValueRefused(f"{column.name}: is not JSON ({error})") from None


def in_utc(value: Any) -> Any:
    """A date or a time without a zone is taken as UTC, as Twenty does (July 2026); everything else is left as it is."""
    if isinstance(value, str):
        moment = read_moment(value)
        return value if moment is None or moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    if isinstance(value, datetime.datetime):
        return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)
    return value
