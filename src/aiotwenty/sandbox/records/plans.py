"""Plans the reading of a selection: the columns, and how a row becomes a node of the response.

Unlike a validating server, the walking one has no errors here: an unknown field is null, and so is a composite or a
relation without a selection (Twenty, July 2026).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Literal

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.language.documents import Selected
from aiotwenty.sandbox.model.data_model import Composite, DataModel, ModelObject, TableColumn, ToManyRelation
from aiotwenty.sandbox.records.aggregates import AggregateField, aggregates_of
from aiotwenty.sandbox.records.outputs import ShowFiles, decoder, read_sql, search_columns, search_vector
from aiotwenty.sandbox.records.store import Row

Read = Callable[[Row], Any]
Selection = dict[str, Selected]
PageKey = Literal["total", "aggregate", "edges", "page_info", "dimensions", "constant"]


@dataclass(slots=True)
class ToOnePlan:
    key: str
    join: int
    """The index of the other record's id in the row."""
    record: RecordPlan


@dataclass(slots=True)
class ToManyPlan:
    key: str
    relation: ToManyRelation
    connection: ConnectionPlan
    lost: bool = False
    """Whether the list stays empty because the id that the server needs isn't selected."""


class RecordPlan:
    """The plan of a record. `columns` are SQL expressions over table `t`; the first is always `id`."""

    def __init__(self, of: ModelObject) -> None:
        self.object = of
        self.columns: list[str] = ['t."id"']
        self.parts: list[tuple[str, Read]] = []
        self.readers: dict[tuple[str, ...], Read] = {("id",): itemgetter(0)}
        """The readers of selected values, by path; cursors are made of these values."""
        self.to_one: list[ToOnePlan] = []
        self.to_many: list[ToManyPlan] = []

    def column(self, sql: str) -> int:
        """The index of an expression in the row; equal expressions are read once."""
        if sql not in self.columns:
            self.columns.append(sql)
        return self.columns.index(sql)

    def node(self, row: Row) -> dict[str, Any]:
        """The node without relations."""
        return {key: read(row) for key, read in self.parts}


@dataclass(slots=True)
class ConnectionPlan:
    object: ModelObject
    parts: list[tuple[str, PageKey, Any]]
    """Key, kind, and the data of the kind: an index into `aggregates`, a constant, or keys of edges or page info."""
    aggregates: list[AggregateField]
    record: RecordPlan | None
    """The plan of the records; None if none are read."""

    @property
    def wants_total(self) -> bool:
        return any(kind == "total" for _, kind, _ in self.parts)


def _constant(value: Any) -> Read:
    return lambda _row: value


def full_selection(of: ModelObject) -> Selection:
    """All fields other than relations, and foreign keys."""
    selection: Selection = {name: Selected(name) for name in of.scalars}
    for name, composite in of.composites.items():
        selection[name] = Selected(name, {part: Selected(part) for part in composite.columns})
    return selection


class Planner:
    """Makes plans for one revision of the data model."""

    def __init__(self, model: DataModel, show_files: ShowFiles, dialect: Dialect) -> None:
        self.model = model
        self.show_files = show_files
        self.dialect = dialect
        self._aggregates: dict[str, dict[str, AggregateField]] = {}

    def aggregates(self, of: ModelObject) -> dict[str, AggregateField]:
        if of.name_singular not in self._aggregates:
            self._aggregates[of.name_singular] = aggregates_of(of)
        return self._aggregates[of.name_singular]

    def record(self, of: ModelObject, selection: Selection | None, depth: int = 0, in_many: bool = False) -> RecordPlan:
        plan = RecordPlan(of)
        for key, selected in (selection or {}).items():
            plan.parts.append((key, self._part(plan, key, selected, depth, in_many)))
        has_id = any(field.name == "id" for field in (selection or {}).values())
        if depth and not has_id and self.dialect.needs_ids_for_lists:
            for many in plan.to_many:
                many.lost = True
        return plan

    def everything(self, of: ModelObject) -> RecordPlan:
        """The plan of a record as webhooks send it."""
        return self.record(of, full_selection(of))

    def connection(
        self,
        of: ModelObject,
        selection: Selection | None,
        depth: int = 0,
        in_many: bool = False,
        grouped: bool = False,
    ) -> ConnectionPlan:
        parts: list[tuple[str, PageKey, Any]] = []
        used: list[AggregateField] = []
        record: RecordPlan | None = None
        known = self.aggregates(of)
        for key, selected in (selection or {}).items():
            match selected.name:
                case "totalCount":
                    parts.append((key, "total", None))
                case "edges":
                    below = selected.below or {}
                    node = next(
                        (selected_field for selected_field in below.values() if selected_field.name == "node"), None
                    )
                    if node is None:
                        raise errors.undefined_property("id")
                    record = self.record(of, node.below, depth, in_many)
                    parts.append(
                        (key, "edges", [(alias, selected_field.name) for alias, selected_field in below.items()])
                    )
                case "pageInfo":
                    record = record or RecordPlan(of)
                    parts.append(
                        (
                            key,
                            "page_info",
                            [(alias, selected_field.name) for alias, selected_field in (selected.below or {}).items()],
                        )
                    )
                case "__typename":
                    parts.append((key, "constant", f"{of.type_name}{'GroupBy' if grouped else ''}Connection"))
                case "groupByDimensionValues" if grouped:
                    parts.append((key, "dimensions", None))
                case name if name in known:
                    parts.append((key, "aggregate", len(used)))
                    used.append(known[name])
                case _:
                    parts.append((key, "constant", None))
        return ConnectionPlan(of, parts, used, record)

    def groups(self, of: ModelObject, selection: Selection | None) -> ConnectionPlan:
        return self.connection(of, selection, grouped=True)

    def _part(self, plan: RecordPlan, key: str, selected: Selected, depth: int, in_many: bool) -> Read:
        of, name = plan.object, selected.name
        if name == "__typename":
            return _constant(of.type_name)
        if (column := of.scalars.get(name)) is not None:
            read = self._scalar(plan, column)
            plan.readers[name,] = read
            return read
        if (composite := of.composites.get(name)) is not None:
            return self._composite(plan, composite, selected.below)
        if selected.below is not None and (name in of.to_one or name in of.to_many):
            self._relation(plan, key, selected, depth + 1, in_many)
        return _constant(None)

    def _scalar(self, plan: RecordPlan, column: TableColumn) -> Read:
        if column.type == "TS_VECTOR":
            places = [plan.column(f't."{each.name}"') for each in search_columns(plan.object)]
            return lambda row: search_vector([row[place] for place in places])
        place = plan.column(read_sql(column))
        decode = decoder(column, self.dialect, self.show_files)
        if decode is None:
            return itemgetter(place)
        return lambda row: decode(row[place])

    def _composite(self, plan: RecordPlan, composite: Composite, below: Selection | None) -> Read:
        if not below:
            return _constant(None)
        parts: list[tuple[str, Read]] = []
        for key, selected in below.items():
            if selected.name == "__typename":
                name = "".join(word.capitalize() for word in composite.type.split("_"))
                parts.append((key, _constant(name)))
            elif (column := composite.columns.get(selected.name)) is not None:
                read = self._scalar(plan, column)
                plan.readers[composite.name, selected.name] = read
                parts.append((key, read))
            else:
                parts.append((key, _constant(None)))
        return lambda row: {key: read(row) for key, read in parts}

    def _relation(self, plan: RecordPlan, key: str, selected: Selected, depth: int, in_many: bool) -> None:
        if (deepest := self.dialect.max_relation_depth) is not None and depth > deepest:
            raise errors.too_deep(deepest)
        to_one = plan.object.to_one.get(selected.name)
        if to_one is not None:
            target = self.model.objects[to_one.target]
            if self._has_unknown(target, selected.below):
                return
            join = plan.column(f't."{to_one.join_column}"')
            plan.to_one.append(ToOnePlan(key, join, self.record(target, selected.below, depth, in_many)))
            return
        many = plan.object.to_many[selected.name]
        if in_many and not self.dialect.nests_lists:
            raise errors.nested_to_many()
        target = self.model.objects[many.target]
        connection = self.connection(target, selected.below, depth, in_many=True)
        if connection.record is not None and any(
            edge_field.name == "node" and self._has_unknown(target, edge_field.below)
            for edges in (selected.below or {}).values()
            if edges.name == "edges"
            for edge_field in (edges.below or {}).values()
        ):
            return
        plan.to_many.append(ToManyPlan(key, many, connection))

    def _has_unknown(self, of: ModelObject, selection: Selection | None) -> bool:
        """Whether a selection has an unknown field, which makes the whole relation null (Twenty, July 2026)."""
        known = (of.scalars, of.composites, of.to_one, of.to_many, ("__typename",))
        return any(all(selected.name not in names for names in known) for selected in (selection or {}).values())
