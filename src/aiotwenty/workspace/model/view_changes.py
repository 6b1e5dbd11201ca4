"""Changes the views of a workspace."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.workspace.data_model import Object
from aiotwenty.workspace.model.beside import (
    ViewColumn,
    ViewDefinition,
    ViewFilterDefinition,
    ViewFilterGroupDefinition,
    ViewGroupDefinition,
    ViewSortDefinition,
)
from aiotwenty.workspace.model.definition import DefinitionError
from aiotwenty.workspace.model.hanging import Hanging, names_of
from aiotwenty.workspace.model.model import Model
from aiotwenty.workspace.model.state import State
from aiotwenty.workspace.model.values import is_toml
from aiotwenty.workspace.served_schema import Select, ServedSchema
from aiotwenty.workspace.settled_changes import changed, made, removed

_ENTRIES = {
    "viewFields": ("fieldMetadataId", "isVisible", "size", "position", "aggregateOperation", "isActive"),
    "viewFilterGroups": ("parentViewFilterGroupId", "logicalOperator", "positionInViewFilterGroup"),
    "viewFilters": (
        *("fieldMetadataId", "operand", "value", "viewFilterGroupId", "positionInViewFilterGroup", "subFieldName"),
    ),
    "viewSorts": ("fieldMetadataId", "direction", "subFieldName"),
    "viewGroups": ("isVisible", "fieldValue", "position"),
}
_PLAIN = {
    "name": "name",
    "type": "type",
    "key": "key",
    "icon": "icon",
    "position": "position",
    "compact": "isCompact",
    "open_record_in": "openRecordIn",
    "hide_empty_groups": "shouldHideEmptyGroups",
    "aggregate": "kanbanAggregateOperation",
    "calendar_layout": "calendarLayout",
    "search": "anyFieldFilterValue",
}
_OF_FIELDS = {
    "group_by": "mainGroupByFieldMetadataId",
    "aggregate_field": "kanbanAggregateOperationFieldMetadataId",
    "calendar_field": "calendarFieldMetadataId",
}
_OWN = ("id", "objectMetadataId", "visibility", *_PLAIN.values(), *_OF_FIELDS.values())
_VIEW: Select = {
    **dict.fromkeys(_OWN),
    **{name: dict.fromkeys(("id", *fields)) for name, fields in _ENTRIES.items()},
}
Entry = Mapping[str, Any]


class ViewChanges(Hanging[ViewDefinition]):
    """Views, identified by object and name. The one that the server creates with an object (`INDEX`) is not removed."""

    part = "views"
    kind = "view"

    def __init__(self, served: ServedSchema) -> None:
        super().__init__()
        self._served = served
        self._by_path: dict[str, Entry] = {}

    async def read(self, state: State) -> None:
        answers = [view for view in await self._served.call("query", "getViews", select=_VIEW) if _is_everybodys(view)]
        by_id = {str(of.id): of for of in state.objects.values()}
        known = [view for view in answers if view["objectMetadataId"] in by_id]
        pairs = [(_define(view, by_id[view["objectMetadataId"]]), view) for view in known]
        pairs.sort(key=lambda pair: (self.key(pair[0]), pair[0].position, str(pair[0].type)))
        self.there = self.by_path([definition for definition, _ in pairs])
        self._by_path = dict(zip(self.there, (view for _, view in pairs), strict=True))

    def key(self, definition: ViewDefinition) -> str:
        return f"{definition.object}.{definition.key or definition.name}"

    def check(self, wanted: Sequence[ViewDefinition], model: Model, state: State) -> None:
        for path, view in self.by_path(wanted).items():
            known = names_of(view.object, model, state)
            if known is None:
                raise DefinitionError(f"view {path}: there is no object {view.object}.")
            for place, group in enumerate(view.filter_groups):
                if group.parent is not None and not 0 <= group.parent < place:
                    raise DefinitionError(f"view {path}: filter_groups[{place}]: its parent must come before it.")
            for condition in view.filters:
                if condition.group is not None and not 0 <= condition.group < len(view.filter_groups):
                    raise DefinitionError(f"view {path}: there is no filter group {condition.group}.")
            for name in _fields_of(view):
                if name not in known:
                    raise DefinitionError(f"view {path}: {view.object} has no field {name}{did_you_mean(name, known)}.")

    def may_go(self, path: str) -> bool:
        return self.there[path].key is None

    async def create(self, wanted: ViewDefinition, state: State) -> None:
        of = state.objects[wanted.object]
        id_ = str(uuid.uuid4())
        values = {**_values(wanted, of), "id": id_, "objectMetadataId": str(of.id), "visibility": "WORKSPACE"}

        async def look() -> Entry | None:
            view: Entry | None = await self._served.call("query", "getView", {"id": id_}, select=_VIEW)
            return view

        view = await made(
            partial(self._served.call, "mutation", "createView", _sent(**values), select=_VIEW),
            look,
            lambda view: True,
            f"view {wanted.name}",
        )
        await self._fill(view, wanted, of)

    async def update(self, path: str, wanted: ViewDefinition, state: State) -> None:
        view, of = self._by_path[path], state.objects[wanted.object]
        values = {name: value for name, value in _values(wanted, of).items() if name != "key"}
        send = partial(self._served.call, "mutation", "updateView", {**values, "id": str(view["id"])}, select=_VIEW)
        await self._fill(await changed(send), wanted, of)

    async def destroy(self, path: str) -> None:
        await self._remove("View", str(self._by_path[path]["id"]))

    async def _fill(self, view: Entry, wanted: ViewDefinition, of: Object) -> None:
        """Fills a view. Columns are updated and keep their ids; other parts are created again if they differ."""
        view_id, ids = str(view["id"]), {field.name: str(field.id) for field in of.fields}
        there = _define(view, of)
        if there.fields != wanted.fields:
            await self._columns(view, wanted.fields, ids)
        if there.groups != wanted.groups:
            await self._anew(
                "ViewGroup",
                view["viewGroups"],
                [
                    {"fieldValue": group.value, "isVisible": group.visible, "position": place, "viewId": view_id}
                    for place, group in enumerate(wanted.groups)
                ],
            )
        if there.sorts != wanted.sorts:
            await self._anew(
                "ViewSort",
                view["viewSorts"],
                [
                    _sent(
                        fieldMetadataId=ids[sort.field],
                        direction=sort.direction,
                        subFieldName=sort.part,
                        viewId=view_id,
                    )
                    for sort in wanted.sorts
                ],
            )
        if (there.filters, there.filter_groups) != (wanted.filters, wanted.filter_groups):
            await self._filters(view, wanted, ids)

    async def _filters(self, view: Entry, wanted: ViewDefinition, ids: Mapping[str, str]) -> None:
        view_id = str(view["id"])
        for entry in view["viewFilters"]:
            await self._remove("ViewFilter", entry["id"])
        for entry in reversed(_groups_in_order(view)):
            await self._remove("ViewFilterGroup", entry["id"])
        groups = [str(uuid.uuid4()) for _ in wanted.filter_groups]
        for place, group in enumerate(wanted.filter_groups):
            parent = groups[group.parent] if group.parent is not None else None
            await self._make(
                "ViewFilterGroup",
                _sent(
                    id=groups[place],
                    logicalOperator=group.operator,
                    parentViewFilterGroupId=parent,
                    positionInViewFilterGroup=place,
                    viewId=view_id,
                ),
            )
        for place, condition in enumerate(wanted.filters):
            await self._make(
                "ViewFilter",
                _sent(
                    fieldMetadataId=ids[condition.field],
                    operand=condition.operand,
                    value=json.loads(condition.value_json) if condition.value_json is not None else condition.value,
                    subFieldName=condition.part,
                    viewFilterGroupId=groups[condition.group] if condition.group is not None else None,
                    positionInViewFilterGroup=place,
                    viewId=view_id,
                ),
            )

    async def _columns(self, view: Entry, wanted: Sequence[ViewColumn], ids: Mapping[str, str]) -> None:
        there = {str(entry["fieldMetadataId"]): entry for entry in view["viewFields"]}
        for field_id, entry in there.items():
            if field_id not in {ids[column.field] for column in wanted}:
                await self._remove("ViewField", entry["id"])
        for place, column in enumerate(wanted):
            values = {
                "isVisible": column.visible,
                "size": column.size,
                "position": place,
                "aggregateOperation": column.aggregate,
            }
            current = there.get(ids[column.field])
            if current is None:
                more = {"fieldMetadataId": ids[column.field], "viewId": str(view["id"])}
                await self._make("ViewField", {**values, **more})
            elif any(current.get(name) != value for name, value in values.items()):
                send = {**values, "id": str(current["id"])}
                await changed(partial(self._served.call, "mutation", "updateViewField", send, select={"id": None}))

    async def _anew(self, type_name: str, there: Sequence[Entry], wanted: Sequence[dict[str, Any]]) -> None:
        for entry in there:
            await self._remove(type_name, str(entry["id"]))
        for values in wanted:
            await self._make(type_name, values)

    async def _make(self, type_name: str, values: dict[str, Any]) -> None:
        values = {"id": str(uuid.uuid4()), **values}

        async def look() -> Entry | None:
            entry: Entry | None = await self._served.call(
                "query", f"get{type_name}", {"id": values["id"]}, select={"id": None}
            )
            return entry

        send = partial(self._served.call, "mutation", f"create{type_name}", values, select={"id": None})
        await made(send, look, lambda view: True, type_name)

    async def _remove(self, type_name: str, id_: str) -> None:
        async def is_gone() -> bool:
            return await self._served.call("query", f"get{type_name}", {"id": id_}, select={"id": None}) is None

        send = partial(self._served.call, "mutation", f"destroy{type_name}", {"id": id_}, select={"id": None})
        await removed(send, is_gone)


def _fields_of(view: ViewDefinition) -> set[str]:
    listed = (entry.field for entries in (view.fields, view.filters, view.sorts) for entry in entries)
    own = (getattr(view, name) for name in _OF_FIELDS)
    return {*listed, *(name for name in own if name is not None)}


def _sent(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _is_everybodys(view: Entry) -> bool:
    return view.get("visibility") in (None, "WORKSPACE")


def _values(wanted: ViewDefinition, of: Object) -> dict[str, Any]:
    values: dict[str, Any] = {wire: getattr(wanted, name) for name, wire in _PLAIN.items()}
    for name, wire in _OF_FIELDS.items():
        field = getattr(wanted, name)
        values[wire] = str(of.field(field).id) if field is not None else None
    return values


def _groups_in_order(view: Entry) -> list[Entry]:
    """The groups of filters, each after the one around it."""
    left = sorted(view["viewFilterGroups"], key=lambda entry: entry.get("positionInViewFilterGroup") or 0)
    placed: list[Entry] = []
    while left:
        ids = {entry["id"] for entry in placed}
        ready = [entry for entry in left if entry.get("parentViewFilterGroupId") in (None, *ids)] or left
        placed += ready
        left = [entry for entry in left if entry not in ready]
    return placed


def _define(view: Entry, of: Object) -> ViewDefinition:
    names = {str(field.id): field.name for field in of.fields}
    groups = _groups_in_order(view)
    places = {entry["id"]: place for place, entry in enumerate(groups)}
    values: dict[str, Any] = {name: view.get(wire) for name, wire in _PLAIN.items() if view.get(wire) is not None}
    values |= {name: names[view[wire]] for name, wire in _OF_FIELDS.items() if view.get(wire) in names}
    return ViewDefinition(
        object=of.name_singular,
        fields=tuple(
            ViewColumn(
                field=names[entry["fieldMetadataId"]],
                visible=entry.get("isVisible") is not False,
                size=entry.get("size") or 0,
                aggregate=entry.get("aggregateOperation"),
            )
            for entry in _by_position(view["viewFields"])
            if entry["fieldMetadataId"] in names and entry.get("isActive") is not False
        ),
        filter_groups=tuple(
            ViewFilterGroupDefinition(
                operator=entry["logicalOperator"], parent=places.get(entry.get("parentViewFilterGroupId"))
            )
            for entry in groups
        ),
        filters=tuple(
            ViewFilterDefinition(
                field=names[entry["fieldMetadataId"]],
                operand=entry["operand"],
                **_value(entry["value"]),
                part=entry.get("subFieldName"),
                group=places.get(entry.get("viewFilterGroupId")),
            )
            for entry in _by_position(view["viewFilters"], "positionInViewFilterGroup")
            if entry["fieldMetadataId"] in names
        ),
        sorts=tuple(
            ViewSortDefinition(
                field=names[entry["fieldMetadataId"]], direction=entry["direction"], part=entry.get("subFieldName")
            )
            for entry in view["viewSorts"]
            if entry["fieldMetadataId"] in names
        ),
        groups=tuple(
            ViewGroupDefinition(value=entry["fieldValue"], visible=entry.get("isVisible") is not False)
            for entry in _by_position(view["viewGroups"])
        ),
        **values,
    )


def _value(stored: Any) -> dict[str, Any]:
    return {"value": stored} if is_toml(stored) else {"value_json": json.dumps(stored, ensure_ascii=False)}


def _by_position(entries: Sequence[Entry], name: str = "position") -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.get(name) or 0)
