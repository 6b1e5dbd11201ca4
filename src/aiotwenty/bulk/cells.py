"""Puts the value of a cell into the data of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiotwenty.bulk.batches import Reference
from aiotwenty.bulk.columns import (
    MappedColumn,
    ValueRefused,
    checked_address,
    from_text,
    in_utc,
    put_at,
    trimmed,
    trimmed_parts,
)
from aiotwenty.bulk.fields import Shape, ToOneRelation
from aiotwenty.bulk.gathered_columns import gather, gathers
from aiotwenty.bulk.transforms import FieldFacts, PhoneNumber, Several, first_and_rest
from aiotwenty.graphql.composites import Money
from aiotwenty.records.identity import canonical


class Cells:
    """Puts the values of mapped columns into input data with GraphQL names.

    `gaps` are texts that mean an empty cell, as does an empty text in text formats (`is_text`). `skip_nulls` leaves out
    empty values.
    """

    def __init__(self, shape: Shape, *, is_text: bool, skip_nulls: bool, gaps: frozenset[str]) -> None:
        self._shape = shape
        self._is_text = is_text
        self._skip_nulls = skip_nulls
        self._gaps = gaps
        self._hidden = shape.read_only_parts

    def is_gap(self, value: Any) -> bool:
        """Whether a cell counts as empty."""
        return value is None or (value == "" and self._is_text) or (isinstance(value, str) and value in self._gaps)

    def put(self, column: MappedColumn, value: Any, data: dict[str, Any], references: list[Reference]) -> None:
        is_text = isinstance(value, str)
        if is_text and column.trims:
            value = trimmed(value)
        if value is None or (is_text and ((not value and self._is_text) or value in self._gaps)):
            value = None
        elif column.transform is not None:
            value = self._transformed(column, value)
        if value is None and self._skip_nulls:
            return
        target = column.target
        if target.relation is not None:
            self._refer(column, target.relation, value, data, references)
            return
        if type(value) is Several or type(value) is PhoneNumber or (column.several and value is not None):
            value = self._gathered(column, value, data)
            if value is None:
                return
        path = column.plain_path if value is not None else target.path
        if value is not None:
            if isinstance(value, Money):
                value = value.parts()
            if self._is_text and isinstance(value, str):
                value = from_text(column, value)
            elif target.kind == "datetime":
                value = in_utc(value)
            if type(value) is dict or (not is_text and isinstance(value, Mapping)):
                path = self._path_of_parts(column, path)
                if target.kind == "composite":
                    value = trimmed_parts(value)
                hidden = self._hidden.get(path[0]) if target.kind == "composite" else None
                if hidden:
                    value = {part: inner for part, inner in value.items() if part not in hidden}
            elif target.kind == "composite" and path == target.path:
                raise ValueRefused(self._has_parts(column, value))
        put_at(data, path, value)

    def _transformed(self, column: MappedColumn, value: Any) -> Any:
        assert column.transform is not None
        try:
            return column.transform(value)
        except ValueError as error:
            raise ValueRefused(f"{column.name}: {error}") from None
        except Exception as error:
            raise ValueRefused(f"{column.name}: {type(error).__name__}: {error}, for {value!r}") from None

    def _path_of_parts(self, column: MappedColumn, path: tuple[str, ...]) -> tuple[str, ...]:
        """The target of a whole composite: parts of a composite field go to the field."""
        if column.target.kind == "composite" or (column.composite in ("currency", "name") and column.transform):
            return column.target.path[:1]
        return path

    def _has_parts(self, column: MappedColumn, value: Any) -> str:
        name = column.target.path[0]
        parts = " or ".join(f"{name}.{part}" for part in self._shape.composites[name])
        helps = {"currency": "money", "name": "full_name"}.get(column.composite or "")
        hint = f", or let the transform `{helps}` make the parts" if helps else ""
        return f"{column.name}: {name} is made of parts, {value!r} is none; map the column to {parts}{hint}"

    def _gathered(self, column: MappedColumn, value: Any, data: dict[str, Any]) -> Any:
        """The value; None if it went into a field that holds several values."""
        listed = column.target.kind in ("list", "json")
        if column.composite and gathers(column.composite):
            if listed and isinstance(value, str) and not value.startswith("["):
                value = first_and_rest().bind(FieldFacts("", column.composite))(value)
            if isinstance(value, PhoneNumber):
                value = Several([value])
            if isinstance(value, Several):
                if column.composite == "emails":
                    value = Several(checked_address(column, item) for item in value)
                gather(data, column.target.path[0], column.composite, value, additional=listed)
                return None
        if isinstance(value, Several):
            return list(value) if column.target.kind == "list" else value[0] if len(value) == 1 else list(value)
        return value

    def _refer(
        self,
        column: MappedColumn,
        relation: ToOneRelation,
        value: Any,
        data: dict[str, Any],
        references: list[Reference],
    ) -> None:
        path = column.target.path
        if isinstance(value, Mapping):
            connection = self._connection(relation, value)
            if connection is None:
                data[relation.name] = value
                return
            path, value = connection
        if value is None or value == "":
            # An empty name refers to no record: a look-up would find those without a name.
            data[relation.join] = None
        elif path == ("id",):
            data[relation.join] = value
        else:
            dotted = ".".join(path)
            for item in value[:1] if isinstance(value, list) else [value]:
                text = trimmed(item) if isinstance(item, str) else item
                references.append(Reference(relation.join, relation.type_name, dotted, canonical(dotted, text)))

    def _connection(self, relation: ToOneRelation, value: Mapping[str, Any]) -> tuple[tuple[str, ...], Any] | None:
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
        other = self._shape.related(relation.type_name)
        return other.value_path(other.resolve(name)), inner
