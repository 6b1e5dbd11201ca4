"""Makes one change of a plan by the calls for single objects, fields and indexes."""

from __future__ import annotations

from typing import Any

from pydantic import JsonValue

from aiotwenty.errors import InvalidArgument
from aiotwenty.workspace.data_model import Field, Object, RelationTo, camel_case, label_of
from aiotwenty.workspace.indexes import Indexes
from aiotwenty.workspace.model.definition import FieldDefinition, IndexDefinition, ObjectDefinition
from aiotwenty.workspace.model.differences import index_path
from aiotwenty.workspace.model.model import Model
from aiotwenty.workspace.model.plan import ORDER, Action, ModelChange
from aiotwenty.workspace.model.reading import FIELD_NAMES, OBJECT_NAMES, SKIP_NAME
from aiotwenty.workspace.model.state import State, index_definition
from aiotwenty.workspace.model.values import stored_default, stored_settings
from aiotwenty.workspace.objects_and_fields import ObjectsAndFields

_ICON = "IconBox"
"""The icon of the field at the other end of a new relation, which must have one."""


class Making:
    """Makes changes of objects, fields and indexes."""

    def __init__(self, editor: ObjectsAndFields) -> None:
        self._editor = editor

    async def do(self, change: ModelChange, model: Model, state: State) -> None:
        """Makes a change; for a relation, at all its ends."""
        owner, _, name = change.path.partition(".")
        wanted = model.object(owner)
        match change.kind, change.action:
            case "object", Action.CREATE if wanted:
                await self._create_object(wanted, model, state)
            case "object", Action.DESTROY:
                await self._editor.delete_object(state.objects[owner])
            case "object", _ if wanted:
                await self._update_object(change, wanted, state)
            case "field", Action.CREATE if wanted:
                await self._create_field(change.path, wanted.fields[name], model, state)
            case "field", Action.DESTROY:
                await self._editor.delete_field(state.objects[owner], state.objects[owner].field(name))
            case "field", _ if wanted:
                await self._update_field(change, wanted.fields[name], state)
            case "index", _:
                await self._change_index(change, wanted, state)

    async def _create_object(self, wanted: ObjectDefinition, model: Model, state: State) -> None:
        named = "name" in wanted.fields and wanted.fields["name"].type == "TEXT"
        has_name = named or not (model.complete or wanted.fields.get("name"))
        more: dict[str, JsonValue] = {} if has_name or SKIP_NAME not in state.told else {"skip_name_field": True}
        for attribute in ("color", "shortcut"):
            if getattr(wanted, attribute) and f"object.{attribute}" in state.told:
                more[attribute] = getattr(wanted, attribute)
        await self._editor.create_object(
            wanted.name,
            wanted.plural,
            label_singular=wanted.label,
            label_plural=wanted.label_plural,
            description=wanted.description,
            icon=wanted.icon,
            **more,
        )

    async def _update_object(self, change: ModelChange, wanted: ObjectDefinition, state: State) -> None:
        values: dict[str, JsonValue] = {}
        current = state.objects.get(change.path)
        for detail in change.details:
            if detail.attribute == "name":
                current = state.objects[str(detail.before)]
                values |= {"nameSingular": change.path, "namePlural": wanted.plural}
            elif detail.attribute == "label_identifier":
                identifier = state.objects[change.path].field(str(detail.after))
                values["labelIdentifierFieldMetadataId"] = str(identifier.id)
            else:
                values[OBJECT_NAMES.get(detail.attribute, detail.attribute)] = detail.after
        assert current is not None
        await self._editor.update_object(current, **_freed(current, values))

    async def _create_field(self, path: str, wanted: FieldDefinition, model: Model, state: State) -> None:
        owner, _, name = path.partition(".")
        await self._editor.create_field(
            state.objects[owner],
            name,
            wanted.type,
            label=wanted.label,
            description=wanted.description,
            icon=wanted.icon,
            is_nullable=False if not wanted.nullable else None,
            **(_leading(wanted, model, state) if wanted.ends else _holding(wanted, path)),
        )

    async def _update_field(self, change: ModelChange, wanted: FieldDefinition, state: State) -> None:
        owner, _, name = change.path.partition(".")
        values: dict[str, Any] = {}
        of, known_as = state.objects[owner], name
        for detail in change.details:
            match detail.attribute:
                case "name":
                    known_as = str(detail.before)
                    values["name"] = name
                case "default":
                    values["defaultValue"] = stored_default(wanted, change.path)
                case "settings":
                    values["settings"] = stored_settings(wanted, change.path)
                case attribute if attribute != ORDER:
                    values[FIELD_NAMES.get(attribute, attribute)] = detail.after
        field = of.field(known_as)
        if change.options or any(detail.attribute == ORDER for detail in change.details):
            values["options"] = _options(wanted, field)
        await self._editor.update_field(of, field, **_freed(field, values))

    async def _change_index(self, change: ModelChange, wanted: ObjectDefinition | None, state: State) -> None:
        of = state.objects[change.owner]
        indexes = Indexes(self._editor)
        if change.action is Action.CREATE and wanted is not None:
            for index in wanted.indexes:
                if index_path(wanted.name, index) == change.path:
                    await indexes.create(of, index.fields, type=index.type)
        else:
            for there in of.indexes:
                if _path(of, there_is := index_definition(of, there)) == change.path and there_is is not None:
                    await indexes.delete(there)


def _path(of: Object, index: IndexDefinition | None) -> str | None:
    return index_path(of.name_singular, index) if index is not None else None


def _holding(wanted: FieldDefinition, path: str) -> dict[str, Any]:
    """The arguments for a new field that is no relation."""
    return {
        "options": [_option(option.value, option.label, option.color) for option in wanted.options] or None,
        "default_value": stored_default(wanted, path),
        "is_unique": wanted.unique or None,
        "settings": stored_settings(wanted, path) or None,
        **({} if wanted.active else {"is_active": False}),
    }


def _leading(wanted: FieldDefinition, model: Model, state: State) -> dict[str, Any]:
    """The arguments for a new relation. Raises `InvalidArgument` if a target is missing."""
    if gone := [other for end in wanted.ends if (other := end.partition(".")[0]) not in state.objects]:
        raise InvalidArgument(f"leads to {', '.join(gone)}, which this workspace does not have.")
    targets = [_target(end, model.field(end), wanted, state) for end in wanted.ends]
    return {"relation": targets if wanted.type == "MORPH_RELATION" else targets[0]}


def _target(end: str, back: FieldDefinition | None, wanted: FieldDefinition, state: State) -> RelationTo:
    """The target of a new relation. The server derives its name from the label, which may be the name at first.

    The next phase sets the right label.
    """
    other, _, name = end.partition(".")
    label = (back.label if back else None) or label_of(name)
    return RelationTo(
        str(state.objects[other].id),
        label=label if camel_case(label) == name else name,
        icon=(back.icon if back else None) or _ICON,
        type="MANY_TO_ONE" if wanted.holds_key else "ONE_TO_MANY",
    )


def _option(value: str, label: str | None, color: str | None) -> dict[str, JsonValue]:
    return {"value": value, **({"label": label} if label else {}), **({"color": color} if color else {})}


def _options(wanted: FieldDefinition, field: Field) -> list[dict[str, JsonValue]]:
    """The whole picklist. Existing options keep their ids, and labels and colours that the definition lacks."""
    there = {option.value: option for option in field.options or ()}
    options: list[dict[str, JsonValue]] = []
    for position, option in enumerate(wanted.options):
        values = _option(option.value, option.label, option.color)
        if (current := there.get(option.value)) is not None:
            values = {**current.model_dump(mode="json", by_alias=True), **values}
        options.append({**values, "position": position})
    return options


def _freed(of: Object | Field, values: dict[str, Any]) -> dict[str, Any]:
    """The values, with names no longer derived from labels if either is set."""
    named = {"name", "label", "nameSingular", "namePlural", "labelSingular", "labelPlural"} & set(values)
    return {**values, "isLabelSyncedWithName": False} if named and of.is_label_synced_with_name else values
