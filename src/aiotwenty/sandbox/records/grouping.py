"""`companiesGroupBy`: groups with their aggregates, and the records in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.limits import MAX_GROUPS
from aiotwenty.sandbox.model.data_model import Composite, DataModel, ModelObject, TableColumn, is_groupable
from aiotwenty.sandbox.records.filters import Condition, compared_sql, table_name
from aiotwenty.sandbox.records.ordering import DIRECTIONS, OrderKey, order_sql
from aiotwenty.sandbox.records.outputs import as_double
from aiotwenty.sandbox.records.plans import ConnectionPlan, Planner
from aiotwenty.sandbox.records.reading import Node, RecordPage, RecordReader
from aiotwenty.sandbox.records.store import Row, quoted
from aiotwenty.sandbox.records.times import parsed_time

_GRANULARITIES = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")
_PARTS = ("DAY_OF_THE_WEEK", "MONTH_OF_THE_YEAR", "QUARTER_OF_THE_YEAR", "NONE")
_WEEK_START = {"MONDAY": 0, "SATURDAY": 5, "SUNDAY": 6}


@dataclass(slots=True)
class Dimension:
    path: tuple[str, ...]
    sql: str
    column: TableColumn


def bucket(value: str | None, granularity: str, zone: str, week_start: str) -> str | None:
    """The period of a stored time, named by its first day, or by its part of the week or year."""
    moment = parsed_time(value)
    if moment is None:
        return None
    day = (moment.astimezone(ZoneInfo(zone)) if zone and value and len(value) > 10 else moment).date()
    match granularity:
        case "WEEK":
            day -= timedelta((day.weekday() - _WEEK_START.get(week_start, 0)) % 7)
        case "MONTH":
            day = day.replace(day=1)
        case "QUARTER":
            day = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case "YEAR":
            day = date(day.year, 1, 1)
        case "DAY_OF_THE_WEEK":
            return day.strftime("%A")
        case "MONTH_OF_THE_YEAR":
            return day.strftime("%B")
        case "QUARTER_OF_THE_YEAR":
            return f"Q{(day.month - 1) // 3 + 1}"
        case "NONE":
            return f"{value}Z"
    return day.isoformat() if zone else f"{day.isoformat()}T00:00:00.000Z"


class Grouper:
    def __init__(self, model: DataModel, planner: Planner, records: RecordReader, dialect: Dialect) -> None:
        self.model = model
        self.planner = planner
        self.records = records
        self.dialect = dialect
        records.store.connection.create_function("bucket", 4, bucket, deterministic=True)

    def groups(
        self,
        plan: ConnectionPlan,
        where: Condition,
        arguments: dict[str, Any],
        record_keys: list[OrderKey],
    ) -> list[Node]:
        of = plan.object
        entries = arguments["groupBy"] if isinstance(arguments["groupBy"], list) else [arguments["groupBy"]]
        dimensions = [dimension for entry in entries for dimension in self._dimensions(of, entry or {}, (), "t")]
        sums = ["count(*)", *(aggregate.sql for aggregate in plan.aggregates)]
        columns = ", ".join([*(dimension.sql for dimension in dimensions), *sums])
        grouped = f" GROUP BY {', '.join(dimension.sql for dimension in dimensions)}" if dimensions else ""
        order = self._order(of, arguments.get("orderBy"), dimensions)
        # The old server has no limit and returns every group.
        limit = arguments.get("limit", 0) if self.dialect.limits_groups else -1
        if limit <= 0 and self.dialect.limits_groups:
            limit = MAX_GROUPS
        table = quoted(of.name_singular)
        rows = self.records.store.rows(
            f"SELECT {columns} FROM {table} t{where.where}{grouped}{order} LIMIT {limit}", where.parameters
        )
        return [self._group(plan, where, dimensions, row, record_keys, arguments) for row in rows]

    def _group(
        self,
        plan: ConnectionPlan,
        where: Condition,
        dimensions: list[Dimension],
        row: Row,
        keys: list[OrderKey],
        arguments: dict[str, Any],
    ) -> Node:
        values, totals = row[: len(dimensions)], row[len(dimensions) :]
        rows: list[Row] = []
        if plan.record is not None:
            inside = where
            for dimension, value in zip(dimensions, values, strict=True):
                inside = inside.joined(f"{dimension.sql} IS ?", [value])
            tail = f"{inside.where}{order_sql(keys)} LIMIT ? OFFSET ?"
            offset = arguments.get("offsetForRecords", 0)
            if offset < 0:
                raise errors.data_not_valid()
            most = self.dialect.max_grouped_records
            rows = self.records.select(plan.record, tail, [*inside.parameters, most, offset])
        page = RecordPage(rows, self.records.edge_nodes(plan, rows), totals[0], totals[1:], totals[0] > len(rows))
        page.dimensions = [_shown(by, value, self.dialect) for by, value in zip(dimensions, values, strict=True)]
        return self.records.connection(plan, page, keys)

    def _dimensions(self, of: ModelObject, entry: Any, path: tuple[str, ...], table: str) -> Iterator[Dimension]:
        if not isinstance(entry, dict):
            raise errors.invalid_query(f"Invalid groupBy entry {errors.shown(entry)}: it must be an object")
        if len(entry) > 1:
            raise _several("fields")
        for name, value in entry.items():
            if self.dialect.skips_empty_entries and (value is None or value is False):
                continue
            here = (*path, name)
            if (column := of.scalars.get(name)) is not None:
                yield Dimension(here, self._column_sql(column, name, value, table), column)
            elif (composite := of.composites.get(name)) is not None:
                yield from self._parts(of, composite, value, here, table)
            elif (relation := of.to_one.get(name)) is not None:
                if not isinstance(value, dict):
                    raise _invalid(name)
                target, inner = self.model.objects[relation.target], f"g{len(here)}"
                for dimension in self._dimensions(target, value, here, inner):
                    join = f'{inner}."id" = {table}.{quoted(relation.join_column)}'
                    dimension.sql = f"(SELECT {dimension.sql} FROM {quoted(relation.target)} {inner} WHERE {join})"
                    yield dimension
            elif name in of.to_many:
                raise errors.not_groupable(name)
            else:
                raise errors.invalid_query(f"Unidentified field in groupBy: {name}")

    def _column_sql(self, column: TableColumn, name: str, value: Any, table: str) -> str:
        sql = compared_sql(column, table, self.dialect)
        if not self.dialect.groups_by_any_field and not is_groupable(column.field):
            raise errors.not_groupable(name)
        if column.type in ("DATE", "DATE_TIME") and (value is True or isinstance(value, dict)):
            return self._dated(sql, name, value, column)
        if isinstance(value, dict):
            raise _nested(name)
        if value is not True:
            raise _invalid(name)
        return sql

    def _parts(
        self, of: ModelObject, composite: Composite, value: Any, here: tuple[str, ...], table: str
    ) -> Iterator[Dimension]:
        name = composite.name
        if not self.dialect.groups_by_any_field and not is_groupable(composite.field):
            raise errors.not_groupable(name)
        if value is True:
            raise errors.no_such_column(table_name(of), name)
        if not isinstance(value, dict):
            raise _invalid(name)
        if len(value) > 1:
            raise _several("subfields")
        for part, wanted in value.items():
            if not wanted and self.dialect.skips_empty_entries:
                continue
            if part not in composite.columns:
                raise errors.not_sortable(f"{name}.{part}")
            if wanted is not True:
                raise _invalid(name)
            column = composite.columns[part]
            yield Dimension((*here, part), compared_sql(column, table, self.dialect), column)

    def _dated(self, sql: str, name: str, value: Any, column: TableColumn) -> str:
        options = value if isinstance(value, dict) else {}
        unsaid = "NONE" if self.dialect.groups_in_time_zones and not options else "DAY"
        granularity = options.get("granularity") or unsaid
        zone = options.get("timeZone")
        if granularity not in (*_GRANULARITIES, *_PARTS):
            raise _nested(name)
        if column.type == "DATE":
            zone = None  # a day doesn't depend on a zone, and the server ignores one
        elif not zone and granularity in _GRANULARITIES and self.dialect.groups_in_time_zones:
            raise errors.missing_time_zone()
        try:
            ZoneInfo(zone or "UTC")
        except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
            raise errors.invalid_time_zone(zone) from None
        week_start = options.get("weekStartDay") or "MONDAY"
        quotes = ", ".join(
            "'" + str(argument).replace("'", "''") + "'" for argument in (granularity, zone or "", week_start)
        )
        return f"bucket({sql}, {quotes})"

    def _order(self, of: ModelObject, value: Any, dimensions: list[Dimension]) -> str:
        entries = value if isinstance(value, list) else [value] if value else []
        known = self.planner.aggregates(of)
        orders = []
        for path, direction in (path_and_value for entry in entries for path_and_value in _paths(entry or {}, ())):
            if path[0] == "aggregate" and path[-1] in known:
                sql = known[path[-1]].sql
            else:
                grouped_by = next((dimension for dimension in dimensions if dimension.path == path), None)
                if grouped_by is None and self.dialect.explains_orders_of_groups:
                    raise errors.not_grouped(".".join(path))
                if grouped_by is None:
                    raise errors.not_sortable(".".join(path))
                sql = grouped_by.sql
            orders.append(OrderKey(path, sql, direction, next(iter(of.columns.values()))).sql_order(backwards=False))
        return f" ORDER BY {', '.join(orders)}" if orders else ""


def _paths(entry: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The paths of an order with their directions; `{createdAt: {orderBy: ..., granularity: ...}}` is one path."""
    if isinstance(entry, dict):
        if "orderBy" in entry:
            yield from _paths(entry["orderBy"], path)
            return
        for name, value in entry.items():
            if value is not None:
                yield from _paths(value, (*path, name))
    elif entry in DIRECTIONS:
        yield path, entry
    else:
        raise errors.invalid_query(
            f'Scalar field "{path[-1] if path else ""}" requires a direction value ({", ".join(DIRECTIONS)})'
        )


def _shown(dimension: Dimension, value: Any, dialect: Dialect) -> Any:
    """The common value of a group: as stored, but amounts and lists in Postgres's format."""
    if value is None:
        return None
    if dimension.column.type == "BOOLEAN":
        return bool(value)
    if dimension.column.type == "TEXT":
        return value
    if dimension.column.subfield == "amountMicros" and dialect.shows_groups_as_postgres:
        return str(as_double(value))
    if dimension.column.type in ("MULTI_SELECT", "ARRAY") and dialect.shows_groups_as_postgres:
        return "{" + ",".join(json.loads(value)) + "}"
    return value


def _invalid(name: str) -> errors.RecordError:
    return errors.invalid_query(f'Invalid groupBy definition for field "{name}"')


def _nested(name: str) -> errors.RecordError:
    return errors.invalid_query(f'Field "{name}" does not support nested subfields in groupBy')


def _several(what: str) -> errors.RecordError:
    return errors.invalid_query(
        f"You cannot provide multiple {what} in one GroupByInput, split them into multiple GroupByInput"
    )
