"""Reads and changes the objects, fields, picklists and indexes of a workspace.

Works with servers of several versions: it uses what their `/metadata` has.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

from pydantic import JsonValue
from pydantic.alias_generators import to_camel

from aiotwenty.errors import NotFoundError
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.executor import Executor
from aiotwenty.graphql.models import UUID, Record
from aiotwenty.graphql.page import every_node
from aiotwenty.workspace.data_model import (
    Field,
    Index,
    IndexedField,
    Object,
    Option,
    RelationTo,
    in_order,
    label_of,
)
from aiotwenty.workspace.field_settings import FieldSettings, sent_settings
from aiotwenty.workspace.served_schema import Select, ServedSchema
from aiotwenty.workspace.settled_changes import changed, made, removed

T = TypeVar("T")

COLORS = ("green", "turquoise", "sky", "blue", "purple", "pink", "red", "orange", "yellow", "gray")
"""The colours of options without one, in turn."""
_PAGE = 1000


_RELATION: Select = {
    "type": None,
    "targetObjectMetadata": {"id": None, "nameSingular": None},
    "targetFieldMetadata": {"id": None, "name": None},
}


def _columns(model: type[Record]) -> dict[str, Select | None]:
    return {to_camel(name): None for name in model.model_fields}


_FIELD: Select = {**_columns(Field), "relation": _RELATION, "morphRelations": _RELATION}
INDEX: Select = {
    **_columns(Index),
    "indexFieldMetadataList": _columns(IndexedField),
}
_OBJECT: Select = {**_columns(Object), "fieldsList": _FIELD, "indexMetadataList": INDEX}
_OWNED_FIELD: Select = {**_FIELD, "objectMetadataId": None, "object": {"id": None}}

ObjectRef: TypeAlias = Object | UUID | str
"""An object, its id, or its singular or plural name."""
FieldRef: TypeAlias = Field | UUID | str
OptionLike: TypeAlias = Option | str | Mapping[str, JsonValue]
"""An option, its value alone (`HOT_LEAD` gets the label "Hot lead"), or a mapping with Twenty's names, such as `value`.
"""


class ObjectsAndFields:
    """The methods of `twenty.workspace` for single objects and fields."""

    def __init__(self, client: Executor) -> None:
        self.served = ServedSchema(client)
        """The server's metadata schema, for composing documents."""
        self._custom_application: str | None = None

    async def objects(self) -> list[Object]:
        """All objects with all their fields, inactive and system ones included."""
        answers = await self.walk("objects", _OBJECT)
        if answers and "fieldsList" not in answers[0]:
            owned: dict[str, list[dict[str, Any]]] = {}
            for field in await self.walk("fields", _OWNED_FIELD):
                owner = field.get("objectMetadataId") or (field.get("object") or {}).get("id")
                owned.setdefault(str(owner), []).append(field)
            for answer in answers:
                answer["fieldsList"] = owned.get(str(answer["id"]), [])
        return [await self._object(answer) for answer in answers]

    async def object(self, ref: ObjectRef) -> Object:
        """An object with its fields. Raises `NotFoundError`."""
        id_ = await self._object_id(ref)
        schema = await self.served.schema()
        if "fieldsList" not in getattr(schema.get_type("Object"), "fields", {}):
            return next(one for one in await self.objects() if one.id == id_)
        return await self._object(await self.served.call("query", "object", {"id": str(id_)}, select=_OBJECT))

    async def fields(self, object: ObjectRef) -> tuple[Field, ...]:
        """The fields of an object."""
        return (await self.object(object)).fields

    async def field(self, object: ObjectRef, name: str) -> Field:
        """A field of an object. Raises `NotFoundError`."""
        return (await self.object(object)).field(name)

    async def picklists(self, object: ObjectRef | None = None) -> dict[str, tuple[Option, ...]]:
        """The options of all SELECT, MULTI_SELECT and RATING fields of an object, by name.

        Without an object, those of the whole workspace, by path: `company.tier`. In the order that users see.
        """
        if object is not None:
            return {field.name: in_order(field) for field in await self.fields(object) if field.options is not None}
        return {
            f"{of.name_singular}.{field.name}": in_order(field)
            for of in await self.objects()
            for field in of.fields
            if field.options is not None
        }

    async def picklist(self, object: ObjectRef, field: str) -> tuple[Option, ...]:
        """The options of a SELECT, MULTI_SELECT or RATING field, in the order that users see."""
        return in_order(_with_options(await self.field(object, field)))

    async def create_object(
        self,
        name_singular: str,
        name_plural: str,
        *,
        label_singular: str | None = None,
        label_plural: str | None = None,
        description: str | None = None,
        icon: str | None = None,
        **more: JsonValue,
    ) -> Object:
        """Creates an object. Names are camelCase; labels are derived from them by default.

        `more` is passed to the server's CreateObjectInput (`color="red"`, `skip_name_field=True`), and is an error
        if the server doesn't support it. Takes a second on a real server (Twenty, July 2026).
        """
        values = {
            "nameSingular": name_singular,
            "namePlural": name_plural,
            "labelSingular": label_singular or label_of(name_singular),
            "labelPlural": label_plural or label_of(name_plural),
            **_without_none(description=description, icon=icon),
            **_camel(more),
        }
        answer = await made(
            partial(self.served.call, "mutation", "createOneObject", values, select=_OBJECT),
            partial(self._find, self.objects, "name_singular", name_singular),
            lambda existing: (existing.name_plural, existing.label_singular) == (name_plural, values["labelSingular"]),
            f"object {name_singular}",
        )
        return answer if isinstance(answer, Object) else await self._object(answer)

    async def update_object(self, ref: ObjectRef, **changes: JsonValue) -> Object:
        """Changes an object: `update_object("rocket", label_singular="Launcher", is_active=False)`."""
        values = {**_camel(changes), "id": str(await self._object_id(ref))}
        send = partial(self.served.call, "mutation", "updateOneObject", values, select=_OBJECT)
        return await self._object(await changed(send))

    async def delete_object(self, ref: ObjectRef) -> None:
        """Permanently removes a custom object with all its records. Standard objects can't be removed."""
        values = {"id": str(await self._object_id(ref))}

        async def is_gone() -> bool:
            return all(node["id"] != values["id"] for node in await self.walk("objects", {"id": None}))

        await removed(partial(self.served.call, "mutation", "deleteOneObject", values, select={"id": None}), is_gone)

    async def create_field(
        self,
        object: ObjectRef,
        name: str,
        type: str,
        *,
        label: str | None = None,
        description: str | None = None,
        icon: str | None = None,
        options: Sequence[OptionLike] | None = None,
        default_value: JsonValue = None,
        is_nullable: bool | None = None,
        is_unique: bool | None = None,
        settings: FieldSettings | None = None,
        relation: RelationTo | Sequence[RelationTo] | None = None,
        **more: JsonValue,
    ) -> Field:
        """Adds a field to an object.

        `type` is Twenty's: TEXT, NUMBER, BOOLEAN, DATE, DATE_TIME, SELECT, MULTI_SELECT, RATING, CURRENCY, LINKS,
        EMAILS, PHONES, ADDRESS, FULL_NAME, RICH_TEXT, RAW_JSON, ARRAY, UUID, FILES, RELATION, MORPH_RELATION. The last
        two need `relation`, a MORPH_RELATION several. `settings` are those of the type (`aiotwenty.workspace.
        field_settings`): FILES take `{"max_number_of_values": …}`, 1 to 60, by default 10. `default_value`
        is written as Twenty does: text and options have quotes of their own (`"'ONE'"`).
        """
        values: dict[str, Any] = {
            "objectMetadataId": str(await self._object_id(object)),
            "name": name,
            "type": type,
            "label": label or label_of(name),
            **_without_none(
                description=description,
                icon=icon,
                default_value=default_value,
                is_nullable=is_nullable,
                is_unique=is_unique,
                settings=sent_settings(type, settings),
            ),
            **_camel(more),
        }
        if options is not None:
            values["options"] = _options(options)
        if isinstance(relation, RelationTo):
            values["relationCreationPayload"] = await self._relation(relation)
        elif relation is not None:
            values["morphRelationsCreationPayload"] = [await self._relation(end) for end in relation]
        answer = await made(
            partial(self.served.call, "mutation", "createOneField", values, select=_FIELD),
            partial(self._find, partial(self.fields, values["objectMetadataId"]), "name", name),
            lambda existing: (existing.type, existing.label) == (type, values["label"]),
            f"field {name}",
        )
        field = answer if isinstance(answer, Field) else await self._field(answer)
        if field.morph_id is None:
            return field
        # The server returns one of the parts; the data model may list another one, with the name of the whole.
        listed = await self.fields(values["objectMetadataId"])
        return next((other for other in listed if other.morph_id == field.morph_id), field)

    async def update_field(
        self,
        object: ObjectRef,
        field: FieldRef,
        *,
        options: Sequence[OptionLike] | None = None,
        settings: FieldSettings | None = None,
        **changes: JsonValue,
    ) -> Field:
        """Changes a field: `update_field("rocket", "stage", label="Phase")`.

        `options` replaces the whole picklist: records lose values that are no longer in it. `add_options` adds to it.
        """
        values: dict[str, Any] = {**_camel(changes), "id": str(await self._field_id(object, field))}
        if settings is not None:
            values["settings"] = sent_settings("", settings)
        if options is not None:
            values["options"] = _options(options)
        send = partial(self.served.call, "mutation", "updateOneField", values, select=_FIELD)
        return await self._field(await changed(send))

    async def add_options(self, object: ObjectRef, field: str, *options: OptionLike) -> Field:
        """Adds options at the end of a picklist; options whose value exists already don't change."""
        before = _with_options(await self.field(object, field))
        wanted = grown(in_order(before), options, relabel=False)
        return before if wanted is None else await self.update_field(object, before, options=wanted)

    async def delete_field(self, object: ObjectRef, field: FieldRef) -> None:
        """Permanently removes a custom field with all its values."""
        values = {"id": str(await self._field_id(object, field))}

        async def is_gone() -> bool:
            return all(str(other.id) != values["id"] for other in await self.fields(object))

        await removed(partial(self.served.call, "mutation", "deleteOneField", values, select={"id": None}), is_gone)

    async def _find(self, listed: Callable[[], Awaitable[Iterable[T]]], attribute: str, name: str) -> T | None:
        """The item whose attribute has this value; None without one."""
        return next((one for one in await listed() if getattr(one, attribute) == name), None)

    async def walk(self, root: str, select: Select) -> list[dict[str, Any]]:
        """All nodes of a connection of `/metadata`. The server's default page size is 10 (Twenty, July 2026)."""
        wanted: Select = {"pageInfo": {"hasNextPage": None, "endCursor": None}, "edges": {"node": select}}

        async def fetch(after: str | None) -> dict[str, Any]:
            paging = {"first": _PAGE} if after is None else {"first": _PAGE, "after": after}
            page: dict[str, Any] = await self.served.call(
                "query", root, {"paging": paging}, optional={"filter": {}}, select=wanted
            )
            return page

        return await every_node(fetch, root)

    async def _object(self, answer: dict[str, Any]) -> Object:
        await self._mark_custom(answer, *answer.get("fieldsList", ()))
        return Object.model_validate(answer)

    async def _field(self, answer: dict[str, Any]) -> Field:
        await self._mark_custom(answer)
        return Field.model_validate(answer)

    async def _mark_custom(self, *answers: dict[str, Any]) -> None:
        """Sets `isCustom` as older servers do; newer ones return the application instead (Twenty, July 2026)."""
        if "isCustom" in answers[0] or "applicationId" not in answers[0]:
            return
        if self._custom_application is None:
            workspace = await self.served.call(
                "query", "currentWorkspace", select={"workspaceCustomApplicationId": None}
            )
            self._custom_application = str(workspace.get("workspaceCustomApplicationId") or "")
        if self._custom_application:
            for answer in answers:
                answer["isCustom"] = answer.get("applicationId") == self._custom_application

    async def _object_id(self, ref: ObjectRef) -> UUID:
        if isinstance(ref, Object):
            return ref.id
        if (id_ := _as_uuid(ref)) is not None:
            return id_
        names: Select = {"id": None, "nameSingular": None, "namePlural": None}
        known = await self.walk("objects", names)
        for node in known:
            if ref in (node["nameSingular"], node["namePlural"]):
                return uuid.UUID(node["id"])
        raise NotFoundError(
            f"the workspace has no object {ref!r}{did_you_mean(str(ref), [o['nameSingular'] for o in known])}."
        )

    async def _field_id(self, object: ObjectRef, field: FieldRef) -> UUID:
        if isinstance(field, Field):
            return field.id
        return _as_uuid(field) or (await self.field(object, str(field))).id

    async def _relation(self, relation: RelationTo) -> dict[str, str]:
        return {
            "type": relation.type,
            "targetObjectMetadataId": str(await self._object_id(relation.object)),
            "targetFieldLabel": relation.label,
            "targetFieldIcon": relation.icon,
        }


def _with_options(field: Field) -> Field:
    if field.options is None:
        raise NotFoundError(f"{field.name} is a {field.type} field: it has no options.")
    return field


def _as_uuid(ref: UUID | str) -> UUID | None:
    if isinstance(ref, uuid.UUID):
        return ref
    try:
        return uuid.UUID(ref)
    except ValueError:
        return None


def _camel(values: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {to_camel(name): value for name, value in values.items()}


def _without_none(**values: JsonValue) -> dict[str, JsonValue]:
    return _camel({name: value for name, value in values.items() if value is not None})


def grown(there: Sequence[Option], options: Sequence[OptionLike], *, relabel: bool = True) -> list[OptionLike] | None:
    """The existing options, followed by new ones; None if nothing changes.

    With `relabel`, labels and colours that are passed replace those of existing options.
    """
    before = {option.value: option for option in there}
    after: dict[str, OptionLike] = {**before}
    for new in _options(options, start=len(before)):
        if (value := str(new["value"])) not in before:
            after[value] = new
    for option in options if relabel else ():
        values = (
            {}
            if isinstance(option, str)
            else option.model_dump(by_alias=True)
            if isinstance(option, Option)
            else option
        )
        current = before.get(str(values.get("value")))
        changes = {name: values[name] for name in ("label", "color") if values.get(name) is not None}
        if current is not None and changes.items() - {"label": current.label, "color": current.color}.items():
            after[current.value] = current.model_copy(update=changes)
    listed = list(after.values())
    return listed if listed != list(there) else None


def _options(options: Sequence[OptionLike], start: int = 0) -> list[dict[str, JsonValue]]:
    numbered: list[dict[str, JsonValue]] = []
    for position, option in enumerate(options, start):
        if isinstance(option, str):
            values: dict[str, JsonValue] = {"value": option, "label": label_of(option)}
        elif isinstance(option, Option):
            values = option.model_dump(mode="json", by_alias=True, exclude_none=True)
        else:
            values = {**({"label": label_of(str(option["value"]))} if "value" in option else {}), **option}
        numbered.append({"color": COLORS[position % len(COLORS)], "position": position, **values})
    return numbered
