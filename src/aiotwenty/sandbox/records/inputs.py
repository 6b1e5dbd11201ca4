"""Converts a `CompanyCreateInput` or `...UpdateInput` to values of columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.model.data_model import Composite, ModelObject, ToOne
from aiotwenty.sandbox.records import refused_data
from aiotwenty.sandbox.records.completion import COMPLETED
from aiotwenty.sandbox.records.field_values import store_form


@dataclass(slots=True)
class Written:
    """The columns that an input sets, and its connections."""

    columns: dict[str, Any] = field(default_factory=dict)
    connects: list[tuple[ToOne, dict[str, Any]]] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    """The names of the fields in the input."""
    given_id: Any = None
    """The id as written; an upsert finds no record by one in upper case."""


Put = Callable[[Any, Written], None]


class Inputs:
    """Reads the inputs of one revision of the data model; the checks of each object's fields are cached."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._shapes: dict[str, dict[str, Put]] = {}

    def read(self, of: ModelObject, data: Any) -> Written:
        if not isinstance(data, dict):
            raise refused_data.invalid_data(f"Invalid data {errors.shown(data)} for object {of.name_singular}")
        shape = self._shapes.get(of.name_singular) or self._shape(of)
        written = Written()
        for name, relation in of.to_one.items():
            if name in data and relation.join_column in data and not self.dialect.takes_relation_and_key:
                raise refused_data.invalid_data(f"{name} and {relation.join_column} cannot be both provided.")
        for name, value in data.items():
            if (put := shape.get(name)) is None:
                raise refused_data.unknown_data_field(of.name_singular, name)
            put(value, written)
            written.fields.append(name)
        written.given_id = data.get("id")
        return written

    def _shape(self, of: ModelObject) -> dict[str, Put]:
        shape: dict[str, Put] = {name: self._scalar(name, column) for name, column in of.scalars.items()}
        shape.update((name, self._composite(each)) for name, each in of.composites.items())
        shape.update((name, _relation(each, self.dialect)) for name, each in of.to_one.items())
        shape.update((name, _not_writable(name)) for name in of.to_many)
        self._shapes[of.name_singular] = shape
        return shape

    def _scalar(self, name: str, column: Any) -> Put:
        check = store_form(column, self.dialect)

        def put(value: Any, written: Written) -> None:
            written.columns[name] = None if value is None else check(value, name)

        return put

    def _composite(self, composite: Composite) -> Put:
        checks = {
            part: (part_column, store_form(part_column, self.dialect))
            for part, part_column in composite.columns.items()
        }
        complete = COMPLETED.get(composite.type)

        def store(value: dict[str, Any], columns: dict[str, Any]) -> None:
            for part, inner in value.items():
                if part not in checks:
                    raise refused_data.invalid_part(part, composite.type, composite.name)
                column, check = checks[part]
                columns[column.name] = None if inner is None else check(inner, f"{composite.name}.{part}")

        def put(value: Any, written: Written) -> None:
            if value is None:
                if composite.type == "RICH_TEXT" and not self.dialect.empties_composites_by_null:
                    raise errors.javascript_failed("Cannot read properties of null (reading 'blocknote')")
                if self.dialect.empties_composites_by_null:
                    written.columns.update((column.name, None) for column, _ in checks.values())
                return
            if not isinstance(value, dict):
                raise refused_data.refused(value, "object", composite.name, "JSON")
            if complete:
                # The default of a part that is left out has to be valid, too.
                store(value, {})
                value = complete(value)
            store(value, written.columns)

        return put


def _relation(to_one: ToOne, dialect: Dialect) -> Put:
    def put(value: Any, written: Written) -> None:
        if value is None or (isinstance(value, dict) and value.get("disconnect")):
            written.columns[to_one.join_column] = None
            return
        connect = value.get("connect") if isinstance(value, dict) else None
        where = connect.get("where") if isinstance(connect, dict) else None
        if not isinstance(where, dict):
            raise refused_data.invalid_data(f'Relation "{to_one.name}" requires connect or disconnect operation')
        if where or dialect.connects_to_nothing:
            written.connects.append((to_one, where))

    return put


def _not_writable(name: str) -> Put:
    def put(value: Any, written: Written) -> None:
        raise refused_data.invalid_data(f"One-to-many relation {name} field does not support write operations.")

    return put
