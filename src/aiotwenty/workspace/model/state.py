"""The data model of a workspace as definitions, like those in files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiotwenty.workspace.data_model import Field, Index, Object, Option, in_order, relations_of
from aiotwenty.workspace.model.definition import (
    PICKLISTS,
    FieldDefinition,
    IndexDefinition,
    ObjectDefinition,
    OptionDefinition,
)
from aiotwenty.workspace.model.values import write_default, write_settings

_JUNCTION = "junctionTargetFieldId"


@dataclass(frozen=True)
class State:
    """The state of a workspace: as returned by the server (with ids), and as definitions."""

    objects: Mapping[str, Object]
    definitions: tuple[ObjectDefinition, ...]
    told: frozenset[str] = frozenset()
    """Attributes of objects (`object.color`) and fields (`field.unique`) that this server supports."""
    notes: tuple[str, ...] = field(default=())
    """Notes about parts that definitions can't express."""

    def definition(self, name: str) -> ObjectDefinition | None:
        """The definition of the object with this name; None without such an object."""
        return next((definition for definition in self.definitions if definition.name == name), None)


def state_of(objects: Sequence[Object], told: Iterable[str], *, system: bool = False) -> State:
    """The state of a workspace, with its definitions sorted by name.

    Definitions leave out the fields that every object has, unless `system` is true.
    """
    by_name = {of.name_singular: of for of in sorted(objects, key=lambda of: of.name_singular)}
    definitions = tuple(define_object(of, system=system) for of in by_name.values())
    junctions = [
        f"{name}.{field.name}: the field that it passes over (junction) is not written down: the server tells its id."
        for name, of in by_name.items()
        for field in of.fields
        if relations_of(field) and (field.settings or {}).get(_JUNCTION)
    ]
    return State(by_name, definitions, frozenset(told), tuple(junctions))


def define_object(of: Object, *, system: bool = False) -> ObjectDefinition:
    """The definition of an object."""
    names = {field.id: field.name for field in of.fields}
    written = sorted((field for field in of.fields if system or not field.is_system), key=lambda field: field.name)
    identifier = names.get(of.label_identifier_field_metadata_id) if of.label_identifier_field_metadata_id else None
    return ObjectDefinition(
        name=of.name_singular,
        plural=of.name_plural,
        label=of.label_singular or None,
        label_plural=of.label_plural or None,
        description=of.description or None,
        icon=of.icon or None,
        color=of.color or None,
        shortcut=of.shortcut or None,
        active=of.is_active is not False,
        searchable=of.is_searchable,
        label_identifier=identifier,
        standard=of.is_custom is False,
        fields={field.name: define_field(field) for field in written},
        indexes=tuple(written_indexes(of)),
    )


def define_field(field: Field) -> FieldDefinition:
    """The definition of a field."""
    values: dict[str, Any] = {
        **write_default(field.type, field.default_value),
        **write_settings(field.type, field.settings),
    }
    if field.type in PICKLISTS:
        values["options"] = tuple(define_option(option) for option in in_order(field))
    if relations := relations_of(field):
        ends = sorted(f"{relation.target_object}.{relation.target_field}" for relation in relations)
        way = "from_" if relations[0].type == "ONE_TO_MANY" else "to"
        values[way] = tuple(ends) if field.type == "MORPH_RELATION" else ends[0]
    standard = field.is_custom is False
    if not (standard and field.type == "MORPH_RELATION"):
        # For standard morph relations the server returns the attributes of one part, not always the same one.
        values |= {
            "label": field.label or None,
            "description": field.description or None,
            "icon": field.icon or None,
        }
    return FieldDefinition(
        type=field.type,
        active=field.is_active is not False,
        nullable=field.is_nullable is not False,
        unique=bool(field.is_unique),
        standard=standard,
        **values,
    )


def define_option(option: Option) -> OptionDefinition:
    """The definition of an option."""
    return OptionDefinition(value=option.value, label=option.label, color=option.color)


def index_definition(of: Object, index: Index) -> IndexDefinition | None:
    """The definition of an index; None if the server created it for a field."""
    fields = {field.id: field for field in of.fields}
    parts = [(fields.get(part.field_metadata_id), part.sub_field_name) for part in index.fields]
    known = [(field, part) for field, part in parts if field is not None]
    if len(known) < len(parts) or not parts or index.index_type == "GIN":
        return None
    if len(known) == 1 and (index.is_unique or relations_of(known[0][0])):
        return None
    names = tuple(f"{field.name}.{part}" if part else field.name for field, part in known)
    return IndexDefinition(fields=names, type=index.index_type, unique=index.is_unique)


def written_indexes(of: Object) -> list[IndexDefinition]:
    """The definitions of an object's indexes."""
    written = [index_definition(of, index) for index in of.indexes]
    return sorted((index for index in written if index is not None), key=lambda index: index.fields)
