"""`orderBy` and cursors, with the server's bugs, which decide whether a walk over pages sees every record.

Measured (Twenty, July 2026): a cursor holds the values of those order keys that the query selects, and `id`. Keys that
aren't selected are left out, so the next page begins somewhere else; a composite without selected parts leaves an empty
object, which matches everything and so gives the same page for ever. NULL compares with nothing. `id` is always
compared ascending, whatever the order says.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.javascript_messages import read_json
from aiotwenty.sandbox.model.data_model import DataModel, ModelObject, TableColumn
from aiotwenty.sandbox.records.filters import Condition, compared_sql
from aiotwenty.sandbox.records.store import quoted
from aiotwenty.sandbox.records.times import parsed_time

DIRECTIONS = ("AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast")


@dataclass(slots=True)
class OrderKey:
    """One key of an order."""

    path: tuple[str, ...]
    """`("name",)`, `("domainName", "primaryLinkUrl")`, or through relations."""
    sql: str
    direction: str
    column: TableColumn
    through_relation: bool = False
    entry: int = 0
    """The index in the `orderBy` list."""

    @property
    def ascending(self) -> bool:
        return self.direction.startswith("Asc")

    def sql_order(self, backwards: bool) -> str:
        ascending, nulls_first = self.ascending, self.direction.endswith("First")
        if backwards:
            ascending, nulls_first = not ascending, not nulls_first
        return f"{self.sql} {'ASC' if ascending else 'DESC'} NULLS {'FIRST' if nulls_first else 'LAST'}"


class Orders:
    """Reads `orderBy`. Related tables are reached by subqueries; `t` is the table of the records."""

    def __init__(self, model: DataModel, dialect: Dialect) -> None:
        self.model = model
        self.dialect = dialect

    def keys(self, of: ModelObject, value: Any) -> list[OrderKey]:
        """The keys in order. A single object instead of a list is accepted too."""
        if value is None:
            return []
        keys = []
        for number, entry in enumerate(value if isinstance(value, list) else [value]):
            for key in self._entry(of, entry or {}, (), "t"):
                key.entry = number
                keys.append(key)
        return keys

    def _entry(self, of: ModelObject, entry: Any, path: tuple[str, ...], table: str) -> Iterable[OrderKey]:
        if not isinstance(entry, dict):
            raise errors.invalid_query(f"Invalid orderBy entry {errors.shown(entry)}: it must be an object")
        for name, value in entry.items():
            if value is None and self.dialect.skips_empty_entries:
                continue
            here = (*path, name)
            if (column := of.scalars.get(name)) is not None:
                yield _key(here, compared_sql(column, table, self.dialect), value, column, bool(path))
            elif (composite := of.composites.get(name)) is not None:
                if not isinstance(value, dict):
                    raise _needs_parts("Composite", name)
                for part, direction in value.items():
                    if part not in composite.columns:
                        raise errors.not_sortable(f"{name}.{part}")
                    column = composite.columns[part]
                    yield _key((*here, part), compared_sql(column, table, self.dialect), direction, column, bool(path))
            elif (relation := of.to_one.get(name)) is not None:
                if not isinstance(value, dict):
                    raise _needs_parts("Relation", name)
                target = self.model.objects[relation.target]
                inner = f"o{len(here)}"
                for key in self._entry(target, value, here, inner):
                    join = f'{inner}."id" = {table}.{quoted(relation.join_column)}'
                    key.sql = f"(SELECT {key.sql} FROM {quoted(relation.target)} {inner} WHERE {join})"
                    yield key
            else:
                raise errors.not_sortable(name)


def _key(path: tuple[str, ...], sql: str, direction: Any, column: TableColumn, through_relation: bool) -> OrderKey:
    if direction not in DIRECTIONS:
        raise errors.invalid_query(f'Scalar field "{path[-1]}" requires a direction value ({", ".join(DIRECTIONS)})')
    return OrderKey(path, sql, direction, column, through_relation)


def _needs_parts(kind: str, name: str) -> errors.RecordError:
    """The error for a composite or relation without parts; `kind` is "Composite" or "Relation"."""
    wanted, example = ("subfield", "subFieldName") if kind == "Composite" else ("nested field", "fieldName")
    return errors.invalid_query(
        f"{kind} field \"{name}\" requires {wanted} ordering (e.g., {{ {name}: {{ {example}: 'AscNullsFirst' }} }})"
    )


def order_sql(keys: list[OrderKey], backwards: bool = False) -> str:
    """The ORDER BY clause; `id` ascending is always the last key."""
    last = f't."id" {"DESC" if backwards else "ASC"}'
    return " ORDER BY " + ", ".join([*(key.sql_order(backwards) for key in keys), last])


# Cursors


def encoded(content: dict[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def decoded(cursor: str) -> dict[str, Any]:
    try:
        content = read_json(base64.b64decode(cursor, validate=False).decode())
    except (binascii.Error, ValueError):
        raise errors.invalid_cursor(cursor) from None
    if not isinstance(content, dict):
        raise errors.invalid_cursor(cursor)
    return content


def cursor_paths(keys: list[OrderKey], dialect: Dialect) -> list[tuple[str, ...]]:
    """The paths in a cursor. A later entry for the same composite replaces an earlier one."""
    kept: dict[str, list[OrderKey]] = {}
    for key in keys:
        name = key.path[0]
        # Foreign keys aren't fields of the data model: 2.19 leaves them out, 1.10 includes them and then fails.
        if key.column.reference is not None and not key.through_relation and not dialect.keeps_foreign_keys_in_cursors:
            continue
        if name in kept and kept[name][0].entry == key.entry:
            kept[name].append(key)
        else:
            kept[name] = [key]
    return [key.path for group in kept.values() for key in group]


class CursorFilter:
    """Compares records with a cursor: those after it, or before it."""

    def __init__(self, keys: list[OrderKey], dialect: Dialect) -> None:
        self.keys = keys
        self.dialect = dialect

    def condition(self, cursor: str, backwards: bool) -> Condition:
        """The condition, key by key: the first differs in the right direction, or is equal and the second differs, …"""
        content = decoded(cursor)
        alternatives: list[str] = []
        parameters: list[Any] = []
        equal: list[str] = []
        equal_parameters: list[Any] = []
        for name, value in content.items():
            for sql, operator, compared in self._steps(name, value, backwards):
                step = f"{sql} {operator} ?" if sql else "TRUE"
                alternatives.append("(" + " AND ".join([*equal, step]) + ")")
                parameters += [*equal_parameters, *([compared] if sql else [])]
                equal.append(f"{sql} = ?" if sql else "TRUE")
                equal_parameters += [compared] if sql else []
        return Condition(" OR ".join(alternatives) or "TRUE", parameters)

    def _steps(self, name: str, value: Any, backwards: bool) -> Iterable[tuple[str, str, Any]]:
        forwards = "<" if backwards else ">"
        if name == "id":
            if not isinstance(value, str):
                raise errors.invalid_cursor()
            yield 't."id"', forwards, value
            return
        keys = [key for key in self.keys if key.path[0] == name]
        if not keys:
            raise errors.invalid_cursor()
        if any(key.through_relation for key in keys):
            raise errors.invalid_query("Expected non-composite field order by")
        if keys[0].column.reference is not None:
            raise errors.RecordError(f"Field metadata not found for key: {name}", code="INTERNAL_SERVER_ERROR")
        if not isinstance(value, dict):
            yield keys[0].sql, self._operator(keys[0], backwards), _comparable(keys[0].column, value)
            return
        if self.dialect.wants_whole_names_in_cursors and keys[0].column.field.type == "FULL_NAME" and len(value) < 2:
            raise errors.invalid_cursor()
        if not value and self.dialect.takes_empty_parts_in_cursors:
            yield "", forwards, None
        for part, direction in value.items():
            key = next((key for key in keys if key.path[1:] == (part,)), None)
            if key is None:
                raise errors.invalid_cursor()
            yield key.sql, self._operator(key, backwards), _comparable(key.column, direction)

    @staticmethod
    def _operator(key: OrderKey, backwards: bool) -> str:
        return ">" if key.ascending != backwards else "<"


def _comparable(column: TableColumn, value: Any) -> Any:
    if column.type == "DATE_TIME" and (moment := parsed_time(value)) is not None:
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:23]
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, list | dict):
        return json.dumps(value)
    return value
