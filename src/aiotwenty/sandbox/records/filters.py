"""Compiles a `CompanyFilterInput` to an SQL condition, with all refusals of the server.

Measured (Twenty, July 2026): exactly one operator a field; an empty filter, `and: []` and null filter nothing. A
validating server (1.10, November 2025) accepts several operators, and silently uses the first in an order of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.dialect import LATEST, Dialect
from aiotwenty.sandbox.model.composites import ACTOR_SOURCES
from aiotwenty.sandbox.model.data_model import Composite, DataModel, ModelObject, TableColumn, ToOne
from aiotwenty.sandbox.model.scalars import RECORD_ID
from aiotwenty.sandbox.records import refused_filters
from aiotwenty.sandbox.records.field_values import (
    compact_json,
    exact_number,
    fitting,
    postgres_time,
    well_formed,
)
from aiotwenty.sandbox.records.outputs import search_columns
from aiotwenty.sandbox.records.store import quoted
from aiotwenty.sandbox.records.times import parsed_day, parsed_time, stored_time

_COMPARED = ("eq", "neq", "gt", "gte", "lt", "lte", "in", "is")
_ENUM = ("eq", "neq", "gt", "gte", "lt", "lte", "in", "containsAny", "is", "isEmptyArray")
OPERATORS: dict[str, tuple[str, ...]] = {
    "TEXT": (*_COMPARED, "like", "ilike", "startsWith", "endsWith"),
    "SELECT": _ENUM,
    "RATING": _ENUM,
    "MULTI_SELECT": ("containsAny", "is", "isEmptyArray"),
    "BOOLEAN": ("eq", "is"),
    "ARRAY": ("containsIlike", "is", "isEmptyArray"),
    "RAW_JSON": ("is", "like"),
    "FILES": ("is", "like"),
    "TS_VECTOR": ("eq", "neq", "is"),
}
_STRICT_ORDER = ("eq", "gt", "gte", "in", "lt", "lte", "neq", "startsWith", "like", "ilike", "is", "containsAny")
_SQL = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_POSTGRES_SCHEMA = "workspace_sandbox"
_GLOB_SPECIAL = str.maketrans({"*": "[*]", "?": "[?]", "[": "[[]"})
_LEADING_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_MAX_RELATIONS = 1
"""The most relations that a filter may go through in a row."""
_ALSO_NULL = ("", "NULL")
"""Patterns that match missing texts: empty texts are stored as NULL."""


@dataclass(slots=True)
class Condition:
    sql: str = ""
    """Empty: everything matches."""
    parameters: list[Any] = field(default_factory=list)
    living: bool = False
    """Whether it also excludes soft-deleted records of `t`."""
    negates: Condition | None = None
    """The condition that this one negates."""

    def joined(self, other: str, parameters: Sequence[Any] = ()) -> Condition:
        """Both conditions together."""
        both = f"({self.sql}) AND ({other})" if self.sql else other
        return Condition(both, [*self.parameters, *parameters], self.living)

    @property
    def where(self) -> str:
        """The SQL. If it has ids, a plus keeps SQLite from scanning the index of `deletedAt`."""
        return self._where('+t."deletedAt" IS NULL')

    @property
    def where_counted(self) -> str:
        """The SQL for counting: the index of `deletedAt` has the number of all living records."""
        return self.where if self.sql else self._where('t."deletedAt" IS NULL')

    def _where(self, living: str) -> str:
        parts = [f"({self.sql})"] if self.sql else []
        return " WHERE " + " AND ".join([*parts, living] if self.living else parts) if parts or self.living else ""


def glob(pattern: str) -> str:
    """A LIKE pattern as a GLOB pattern, which is case-sensitive in SQLite, like LIKE in Postgres."""
    written, escaped = [], False
    for letter in pattern:
        if escaped:
            written.append(letter.translate(_GLOB_SPECIAL))
            escaped = False
        elif letter == "\\":
            escaped = True
        else:
            written.append({"%": "*", "_": "?"}.get(letter) or letter.translate(_GLOB_SPECIAL))
    return "".join(written)


def mentions_deleted(value: Any) -> bool:
    """Whether a filter mentions `deletedAt`; others match living records only."""
    if isinstance(value, dict):
        return any(
            key == "deletedAt" or (key in ("and", "or", "not") and mentions_deleted(one)) for key, one in value.items()
        )
    return isinstance(value, list) and any(map(mentions_deleted, value))


class Filters:
    """Compiles the filters of one request; `t` is the table of the records."""

    def __init__(self, model: DataModel, dialect: Dialect = LATEST) -> None:
        self.model = model
        self.dialect = dialect
        self._aliases = 0

    def condition(self, of: ModelObject, value: Any, with_deleted: bool = False) -> Condition:
        """The condition of a filter, which excludes soft-deleted records unless the filter mentions `deletedAt`."""
        made = self._all(of, value or {}, "t")
        made.living = not (with_deleted or mentions_deleted(value))
        return made

    def _all(self, of: ModelObject, value: Any, alias: str) -> Condition:
        if not isinstance(value, dict):
            raise refused_filters.invalid_filter(
                f"Invalid filter: {errors.shown(value)} is not an object", "Invalid filter: filter must be an object"
            )
        return _combined("AND", [self._part(of, name, one, alias) for name, one in value.items()])

    def _part(self, of: ModelObject, name: str, value: Any, alias: str) -> Condition:
        if name in ("and", "or"):
            conditions = [self._all(of, part or {}, alias) for part in self._listed(value)]
            if name == "or" and any(not condition.sql for condition in conditions):
                return Condition()
            return _combined(name.upper(), conditions)
        if name == "not":
            return self._negated(self._all(of, self._negatable(value), alias))
        if (column := of.scalars.get(name)) is not None:
            return self._operators(of, column, name, value, alias)
        if (composite := of.composites.get(name)) is not None:
            return self._composite(of, composite, value, alias)
        if name in of.to_one:
            return self._relation(of.to_one[name], value, alias)
        if name in of.to_many:
            raise refused_filters.relation_not_filterable(name)
        raise refused_filters.unknown_filter_field(of.name_singular, name)

    def _listed(self, value: Any) -> list[Any]:
        """The filters in `and` and `or`."""
        if isinstance(value, list):
            return value
        if self.dialect.takes_loose_filters:
            return [value or {}]
        raise errors.javascript_failed(
            "Cannot read properties of null (reading 'map')" if value is None else "value.map is not a function"
        )

    def _negatable(self, value: Any) -> Any:
        """The filter in `not`."""
        if value is None and not self.dialect.takes_loose_filters:
            raise errors.javascript_failed("Cannot convert undefined or null to object")
        return value or {}

    def _negated(self, condition: Condition) -> Condition:
        """The negated condition. The negation of a condition without a restriction matches nothing."""
        if condition.negates is not None:
            return condition.negates
        if condition.sql:
            return Condition(f"NOT ({condition.sql})", condition.parameters, negates=condition)
        return condition if self.dialect.takes_loose_filters else Condition("FALSE")

    def _composite(self, of: ModelObject, composite: Composite, value: Any, alias: str) -> Condition:
        if self.dialect.reads_first_operator and value is None:
            raise refused_filters.not_iterable(value)
        _require_object(composite.name, value)
        parts = []
        for part, condition in value.items():
            if (column := composite.columns.get(part)) is None:
                raise refused_filters.unknown_sub_field(part, composite.type)
            parts.append(self._operators(of, column, f"{composite.name}.{part}", condition, alias))
        return _combined("AND", parts)

    def _relation(self, relation: ToOne, value: Any, alias: str) -> Condition:
        if not isinstance(value, dict):
            raise refused_filters.relation_by_its_column(relation.name, relation.join_column)
        if alias != "t":
            raise refused_filters.filter_too_deep(_MAX_RELATIONS)
        self._aliases += 1
        other = f"r{self._aliases}"
        inner = self._all(self.model.objects[relation.target], value, other)
        if not inner.sql:
            return Condition()
        living = "" if mentions_deleted(value) else f' AND {other}."deletedAt" IS NULL'
        both = inner.joined(f'{other}."id" = {alias}.{quoted(relation.join_column)}{living}')
        return Condition(f"EXISTS (SELECT 1 FROM {quoted(relation.target)} {other} WHERE {both.sql})", both.parameters)

    def _operators(self, of: ModelObject, column: TableColumn, name: str, value: Any, alias: str) -> Condition:
        if self.dialect.reads_first_operator and not value:
            raise refused_filters.not_iterable(value)
        _require_object(name, value)
        operators = list(value)
        if self.dialect.reads_first_operator:
            operators = sorted(
                operators, key=lambda operator: _STRICT_ORDER.index(operator) if operator in _STRICT_ORDER else 99
            )[:1]
        if len(operators) != 1:
            raise refused_filters.invalid_filter(
                f'Filter for field "{name}" must have exactly one operator',
                "Invalid filter: exactly one operator per field is required",
            )
        operator = operators[0]
        allowed = OPERATORS.get(column.type, _COMPARED)
        if self.dialect.searches_in_filters and operator == "search" and column.type == "TS_VECTOR":
            return _searched(of, alias, _pattern(name, operator, value[operator]))
        if operator not in allowed:
            if not self.dialect.lists_operators:
                raise refused_filters.unsupported_operator(operator)
            raise refused_filters.invalid_operator(operator, name, _type_name(column), allowed)
        return self._operator(of, column, compared_sql(column, alias, self.dialect), name, operator, value[operator])

    def _operator(
        self, of: ModelObject, column: TableColumn, sql: str, name: str, operator: str, value: Any
    ) -> Condition:
        match operator:
            case "is":
                return _is(column, sql, value, self.dialect)
            case "in" | "containsAny":
                return self._among(of, column, sql, name, operator, value)
            case "isEmptyArray":
                if column.type in ("SELECT", "RATING"):
                    raise refused_filters.not_an_enum_value(_enum(of, column), "{}")
                empty = f"({sql} IS NULL OR {sql} = '[]')"
                return Condition(empty if value else f"NOT {empty}")
            case "like":
                condition = Condition(f"{sql} GLOB ?", [glob(_pattern(name, operator, value))])
            case "ilike" | "containsIlike":
                condition = Condition(f"fold({sql}) GLOB ?", [glob(_pattern(name, operator, value).lower())])
            case "startsWith":
                text, wild = _pattern(name, operator, value), self.dialect.matches_wildcards_at_start
                return Condition(f"{sql} GLOB ?", [glob(text) if wild else text.translate(_GLOB_SPECIAL) + "*"])
            case "endsWith":
                return Condition(f"{sql} GLOB ?", ["*" + _pattern(name, operator, value).translate(_GLOB_SPECIAL)])
            case _:
                condition = Condition(f"{sql} {_SQL[operator]} ?", [self._compared(of, column, name, value)])
        may_be_null = column.type == "TEXT" and not self.dialect.stores_empty_texts
        if may_be_null and operator in ("like", "ilike") and value in _ALSO_NULL:
            condition.sql = f"({condition.sql} OR {sql} IS NULL)"
        return condition

    def _among(self, of: ModelObject, column: TableColumn, sql: str, name: str, operator: str, value: Any) -> Condition:
        if not isinstance(value, list):
            raise refused_filters.not_a_list(operator, name)
        if not value and operator == "containsAny" and self.dialect.finds_none_in_no_options:
            return Condition("FALSE")
        if not value:
            raise errors.invalid_query(
                f"Invalid filter value for field {name}. Expected non-empty array", 'Invalid filter value: ""'
            )
        listed = "SELECT value FROM json_each(?)"
        if operator == "in":
            values = [self._compared(of, column, name, item) for item in value]
            return Condition(f"{sql} IN ({listed})", [compact_json(values)])
        if column.type in ("SELECT", "RATING"):
            raise refused_filters.not_castable(_enum(of, column), "text[]")
        return Condition(
            f"EXISTS (SELECT 1 FROM json_each({sql}) AS item WHERE item.value IN ({listed}))", [compact_json(value)]
        )

    def _compared(self, of: ModelObject, column: TableColumn, name: str, value: Any) -> Any:
        """A value in the form in which the column stores it."""
        if value is None:
            return None
        match column.type:
            case "UUID" | "RELATION":
                if not isinstance(value, str) or not RECORD_ID.fullmatch(value):
                    raise refused_filters.invalid_filter(
                        f'Invalid UUID value {errors.shown(value)} for field "{name}"',
                        f'Invalid value for UUID: "{errors.shown(value)}"',
                    )
                return value.lower()
            case "NUMBER" | "NUMERIC" | "POSITION":
                return _number(value, name)
            case "DATE" | "DATE_TIME" if self.dialect.leaves_values_to_database:
                return postgres_time(value)[: 10 if column.type == "DATE" else None]
            case "DATE" | "DATE_TIME":
                day, moment = parsed_day(value), parsed_time(value)
                if (day if column.type == "DATE" else moment) is None:
                    kind, form = (
                        ("date", "YYYY-MM-DD") if column.type == "DATE" else ("date-time", "YYYY-MM-DDTHH:mm:ssZ")
                    )
                    raise refused_filters.invalid_filter(
                        f"Invalid value {errors.shown(value)} for {kind} field \"{name}\". Expected format: '{form}'",
                        f"Invalid value for {kind}: \"{errors.shown(value)}\". Expected format: '{form}'",
                    )
                return day if column.type == "DATE" or moment is None else stored_time(moment)
            case "SELECT" | "RATING":
                options = list(ACTOR_SOURCES) if column.subfield else column.field.option_values
                if value not in options:
                    raise refused_filters.not_an_enum_value(_enum(of, column), value)
                return value
            case "BOOLEAN":
                value = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
                if not isinstance(value, bool):
                    raise refused_filters.invalid_filter(
                        f'Invalid boolean value {errors.shown(value)} for field "{name}"',
                        f'Invalid value: "{errors.shown(value)}"',
                    )
                return int(value)
            case _:
                # Other values are compared by their text.
                return well_formed(errors.as_text(value))


def _number(value: Any, name: str) -> int | float:
    """The number that JavaScript's `parseFloat` reads: it ignores text after the number."""
    leading = _LEADING_NUMBER.match(value) if isinstance(value, str) else None
    number = exact_number(leading.group() if leading else value)
    if number is None:
        shown = "NaN" if isinstance(value, str) else errors.shown(value)
        raise refused_filters.invalid_filter(
            f'Invalid number value {shown} for field "{name}"', f'Invalid value for number: "{shown}"'
        )
    return fitting(number)


def _enum(of: ModelObject, column: TableColumn) -> str:
    """The name of Postgres's type for a field with options."""
    name = f"{table_name(of)}_{column.name}_enum"
    return f"{_POSTGRES_SCHEMA}.{name if name.islower() else quoted(name)}"


def table_name(of: ModelObject) -> str:
    """The table's name in Postgres's messages: custom objects have a leading underscore."""
    return f"_{of.name_singular}" if of.is_custom else of.name_singular


def _combined(word: str, parts: list[Condition]) -> Condition:
    """The joined conditions, as a balanced tree: SQLite limits the depth of expressions."""
    parts = [part for part in parts if part.sql]
    if len(parts) <= 1:
        return parts[0] if parts else Condition()
    middle = len(parts) // 2
    first, second = _combined(word, parts[:middle]), _combined(word, parts[middle:])
    return Condition(f"({first.sql}) {word} ({second.sql})", [*first.parameters, *second.parameters])


def _require_object(name: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise refused_filters.invalid_filter(
            f'Filter value for field "{name}" must be an object', "Invalid filter: filter value must be an object"
        )


def _pattern(name: str, operator: str, value: Any) -> str:
    if not isinstance(value, str):
        raise refused_filters.not_a_text(operator, name, value)
    return well_formed(value)


def compared_sql(column: TableColumn, alias: str, dialect: Dialect) -> str:
    """The SQL that values are compared with. A validating server stores empty texts instead of NULL (November 2025)."""
    sql = f"{alias}.{quoted(column.name)}"
    return f"coalesce({sql}, '')" if dialect.stores_empty_texts and column.type == "TEXT" and column.nullable else sql


def _is(column: TableColumn, sql: str, value: Any, dialect: Dialect) -> Condition:
    if value not in ("NULL", "NOT_NULL"):
        raise refused_filters.invalid_filter(
            'Invalid filter value for "is" operator. Expected "NULL" or "NOT_NULL"', 'Invalid value for "is" operator'
        )
    if column.type == "TEXT" and not dialect.stores_empty_texts:
        empty = f"({sql} IS NULL OR {sql} = '')"
        return Condition(empty if value == "NULL" else f"NOT {empty}")
    return Condition(f"{sql} IS {value.replace('_', ' ')}")


def _searched(of: ModelObject, alias: str, text: str) -> Condition:
    """A condition that all words are in the fields of `searchVector`."""
    parts = " || ' ' || ".join(f"coalesce({alias}.{quoted(each.name)}, '')" for each in search_columns(of)) or "''"
    words = text.lower().split()
    return Condition(" AND ".join(f"instr(fold({parts}), ?) > 0" for _ in words) or "TRUE", list(words))


def _type_name(column: TableColumn) -> str:
    return column.field.type if column.subfield is None else column.type
