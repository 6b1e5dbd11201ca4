"""Reads records: pages, single records, related records, groups and duplicates."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.limits import MAX_NESTED_RECORDS
from aiotwenty.sandbox.records.access import Visibility, hide
from aiotwenty.sandbox.records.filters import Condition
from aiotwenty.sandbox.records.ordering import OrderKey, cursor_paths, encoded, order_sql
from aiotwenty.sandbox.records.plans import ConnectionPlan, RecordPlan, ToManyPlan
from aiotwenty.sandbox.records.store import RecordStore, Row, quoted

Node = dict[str, Any]


@dataclass(slots=True)
class RecordPage:
    """The records of a connection, and data about all of them."""

    rows: list[Row]
    nodes: list[Node]
    total: int = 0
    totals: Row = ()
    has_next: bool = False
    has_previous: bool = False
    dimensions: list[Any] | None = None
    """For a group: the common values of its records."""


class RecordReader:
    """Executes plans."""

    def __init__(self, store: RecordStore, dialect: Dialect, visibility: Visibility) -> None:
        self.store = store
        self.dialect = dialect
        self.visibility = visibility

    def nodes(self, plan: RecordPlan, rows: list[Row]) -> list[Node]:
        """The rows of a plan as nodes, with related records: one query for each relation, not for each record."""
        parts = plan.parts
        nodes = [{key: read(row) for key, read in parts} for row in rows]
        for to_one in plan.to_one:
            ids = {row[to_one.join] for row in rows} - {None}
            related_rows = self.by_ids(to_one.record, list(ids), living=True)
            for node, row in zip(nodes, rows, strict=True):
                node[to_one.key] = related_rows.get(row[to_one.join])
        for to_many in plan.to_many:
            related = self._related(to_many, [row[0] for row in rows])
            for node, row in zip(nodes, rows, strict=True):
                node[to_many.key] = related[row[0]]
        return nodes

    def select(self, plan: RecordPlan, tail: str, parameters: Sequence[Any]) -> list[Row]:
        """The rows of `t` that match `tail` (WHERE, ORDER BY, LIMIT)."""
        table = quoted(plan.object.name_singular)
        return self.store.rows(f"SELECT {', '.join(plan.columns)} FROM {table} t{tail}", parameters)

    def by_ids(self, plan: RecordPlan, ids: list[str], living: bool = False) -> dict[str, Node]:
        """The nodes by id, without missing records, and with `living` without soft-deleted ones."""
        if not ids:
            return {}
        alive = ' AND +t."deletedAt" IS NULL' if living else ""
        rows = self.select(plan, f' WHERE t."id" IN (SELECT value FROM json_each(?)){alive}', [json.dumps(ids)])
        return {row[0]: node for row, node in zip(rows, self.nodes(plan, rows), strict=True)}

    def one(self, plan: RecordPlan, where: Condition) -> Node:
        rows = self.select(plan, f'{where.where} ORDER BY t."id" LIMIT 1', where.parameters)
        shown, nodes = self._shown(plan, rows)
        if not shown:
            raise errors.record_not_found()
        return nodes[0]

    def _shown(self, plan: RecordPlan, rows: list[Row]) -> tuple[list[Row], list[Node]]:
        """The visible rows and their nodes, with hidden fields replaced."""
        restricted = None
        if self.dialect.restricts_records:
            restricted = self.visibility.restricted(plan.object, (row[0] for row in rows))
        if restricted is not None:
            rows = [row for row in rows if row[0] in restricted]
        nodes = self.nodes(plan, rows)
        for node, row in zip(nodes, rows, strict=True) if restricted else ():
            hide(node, restricted[row[0]] if restricted else frozenset())
        return rows, nodes

    def page(
        self,
        plan: ConnectionPlan,
        where: Condition,
        keys: list[OrderKey],
        cursor: Condition | None,
        limit: int,
        offset: int = 0,
        backwards: bool = False,
    ) -> Node:
        """A page of the records that match `where`. Totals are of all that match, whatever the page."""
        rows: list[Row] = []
        nodes: list[Node] = []
        more = False
        if plan.record is not None:
            inside = where if cursor is None else where.joined(cursor.sql, cursor.parameters)
            tail = f"{inside.where}{order_sql(keys, backwards)} LIMIT ? OFFSET ?"
            rows = self.select(plan.record, tail, [*inside.parameters, limit + 1, offset])
            more = len(rows) > limit
            rows, nodes = self._shown(plan.record, rows[:limit][::-1] if backwards else rows[:limit])
        table = quoted(plan.object.name_singular)
        total = 0
        if plan.wants_total:
            total = self.store.count(f"SELECT count(*) FROM {table} t{where.where_counted}", tuple(where.parameters))
        totals: Row = ()
        if plan.aggregates:
            sums = ", ".join(["count(*)", *(aggregate.sql for aggregate in plan.aggregates)])
            counted, *sums_found = self.store.rows(f"SELECT {sums} FROM {table} t{where.where}", where.parameters)[0]
            # Without records, not even counts have values.
            totals = tuple(sums_found) if counted or self.dialect.sums_of_nothing else (None,) * len(sums_found)
        page = RecordPage(rows, nodes, total, totals, more and not backwards, more and backwards)
        return self.connection(plan, page, keys)

    def connection(self, plan: ConnectionPlan, page: RecordPage, keys: list[OrderKey]) -> Node:
        answer: Node = {}
        for key, kind, detail in plan.parts:
            match kind:
                case "total":
                    answer[key] = page.total
                case "aggregate":
                    decode, value = plan.aggregates[detail].decode, page.totals[detail]
                    answer[key] = decode(value) if decode else value
                case "edges":
                    answer[key] = self._edges(plan, page, keys, detail)
                case "page_info":
                    answer[key] = self._page_info(plan, page, keys, detail)
                case "dimensions":
                    answer[key] = page.dimensions
                case "constant":
                    answer[key] = detail
        return answer

    def edge_nodes(self, plan: ConnectionPlan, rows: list[Row]) -> list[Node]:
        return self.nodes(plan.record, rows) if plan.record is not None and plan.record.parts else [{} for _ in rows]

    def _edges(
        self, plan: ConnectionPlan, page: RecordPage, keys: list[OrderKey], wanted: list[tuple[str, str]]
    ) -> list[Node]:
        if [name for _, name in wanted] == ["node"]:
            key = wanted[0][0]
            return [{key: node} for node in page.nodes]
        assert plan.record is not None
        edges = []
        typename = f"{plan.object.type_name}Edge"
        for node, row in zip(page.nodes, page.rows, strict=True):
            values = {"node": node, "cursor": self.cursor(plan.record, row, keys), "__typename": typename}
            edges.append({key: values.get(name) for key, name in wanted})
        return edges

    def _page_info(
        self, plan: ConnectionPlan, page: RecordPage, keys: list[OrderKey], wanted: list[tuple[str, str]]
    ) -> Node:
        assert plan.record is not None
        values = {
            "hasNextPage": page.has_next,
            "hasPreviousPage": page.has_previous,
            "startCursor": self.cursor(plan.record, page.rows[0], keys) if page.rows else None,
            "endCursor": self.cursor(plan.record, page.rows[-1], keys) if page.rows else None,
            "__typename": "PageInfo",
        }
        return {key: values.get(name) for key, name in wanted}

    def cursor(self, plan: RecordPlan, row: Row, keys: list[OrderKey]) -> str:
        content: Node = {}
        for path in cursor_paths(keys, self.dialect):
            read = plan.readers.get(path)
            if len(path) == 1:
                if read is not None:
                    content[path[0]] = read(row)
                continue
            inside = content.setdefault(path[0], {})
            if read is not None:
                inside[path[1]] = read(row)
        content.setdefault("id", row[0])
        return encoded(content)

    def _related(self, plan: ToManyPlan, parents: list[str]) -> dict[str, Node]:
        """The related lists by parent. The arguments of nested connections are ignored, and lists are cut.

        The walking server returns 60 records for each parent. The validating one shares 200 for each parent among all.
        Aggregates count everything, `totalCount` only the returned records (Twenty, July 2026).
        """
        connection = plan.connection
        record = connection.record or RecordPlan(connection.object)
        join = record.column(f"t.{quoted(plan.relation.join_column)}")
        table, joined = quoted(connection.object.name_singular), record.columns[join]
        living = f'{joined} IN (SELECT value FROM json_each(?)) AND +t."deletedAt" IS NULL'
        ids = "[]" if plan.lost else json.dumps(parents)
        by_parent: dict[str, list[Row]] = {parent: [] for parent in parents}
        if connection.record is not None or connection.wants_total:
            for row in self._related_rows(record, table, joined, living, ids, len(by_parent)):
                by_parent[row[join]].append(row)
        totals: dict[str, Row] = {}
        if connection.aggregates:
            sums = ", ".join(aggregate.sql for aggregate in connection.aggregates)
            for counted in self.store.rows(
                f"SELECT {joined}, {sums} FROM {table} t WHERE {living} GROUP BY {joined}", [ids]
            ):
                totals[counted[0]] = counted[1:]
            nothing = self.store.rows(f"SELECT {sums} FROM {table} t WHERE FALSE")[0]
            totals = {parent: totals.get(parent, nothing) for parent in by_parent}
        return self._connections(connection, by_parent, totals)

    def _related_rows(
        self, record: RecordPlan, table: str, joined: str, living: str, ids: str, parents: int
    ) -> list[Row]:
        columns = ", ".join(record.columns)
        if self.dialect.limits_related_together:
            limit = self.dialect.max_related_records * parents
            return self.store.rows(
                f"SELECT {columns} FROM {table} t WHERE {living} ORDER BY t.rowid LIMIT {limit}", [ids]
            )
        numbered = f'row_number() OVER (PARTITION BY {joined} ORDER BY t."id") AS place'
        return self.store.rows(
            f"SELECT {columns} FROM (SELECT t.*, {numbered} FROM {table} t WHERE {living}) t "
            f'WHERE t.place <= {MAX_NESTED_RECORDS} ORDER BY t."id"',
            [ids],
        )

    def _connections(
        self, plan: ConnectionPlan, by_parent: dict[str, list[Row]], totals: dict[str, Row]
    ) -> dict[str, Node]:
        # The nodes of all parents are made together, so that their related records take one query.
        nodes = iter(self.edge_nodes(plan, [row for rows in by_parent.values() for row in rows]))
        connections = {}
        for parent, rows in by_parent.items():
            page = RecordPage(rows, list(islice(nodes, len(rows))), len(rows), totals.get(parent, ()))
            connections[parent] = self.connection(plan, page, [])
        return connections
