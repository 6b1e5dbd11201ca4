"""The data model of a workspace as frozen models with Twenty's own names.

Attributes that a server doesn't have (older and newer ones differ) are None.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from pydantic import ConfigDict, JsonValue

from aiotwenty.errors import NotFoundError
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.models import UUID, Record

RelationType: TypeAlias = Literal["MANY_TO_ONE", "ONE_TO_MANY"]


class _Model(Record):
    model_config = ConfigDict(frozen=True)


class Option(_Model):
    """One value of a picklist."""

    value: str
    """The value as records have it: `IN_PROGRESS`."""
    label: str
    color: str | None = None
    position: int | float | None = None
    id: UUID | None = None


class _Named(_Model):
    id: UUID | None = None
    name: str


class _NamedObject(_Model):
    id: UUID | None = None
    name_singular: str


class Relation(_Model):
    """The target of a relation."""

    type: RelationType | str
    target_object_metadata: _NamedObject
    target_field_metadata: _Named

    @property
    def target_object(self) -> str:
        """The singular name of the target object."""
        return self.target_object_metadata.name_singular

    @property
    def target_field(self) -> str:
        """The field of the target that leads back."""
        return self.target_field_metadata.name


class Field(_Model):
    """A field of an object."""

    id: UUID
    name: str
    type: str
    """`TEXT`, `SELECT`, `RELATION`, …: Twenty's FieldMetadataType."""
    label: str = ""
    description: str | None = None
    icon: str | None = None
    is_active: bool | None = None
    is_system: bool | None = None
    is_custom: bool | None = None
    """Whether the workspace added it; None if the server doesn't say."""
    is_nullable: bool | None = None
    is_unique: bool | None = None
    is_label_synced_with_name: bool | None = None
    default_value: JsonValue = None
    """The default as Twenty stores it: `'ONE'`, with quotes in the text, is the value ONE."""
    options: tuple[Option, ...] | None = None
    settings: dict[str, JsonValue] | None = None
    relation: Relation | None = None
    morph_relations: tuple[Relation, ...] | None = None
    """For a MORPH_RELATION: one relation for each target object."""
    morph_id: UUID | None = None
    """For a MORPH_RELATION: the same id for all its parts, of which `fields` lists one."""
    application_id: UUID | None = None
    universal_identifier: str | None = None


class IndexedField(_Model):
    """A field of an index; for a composite, with its part."""

    field_metadata_id: UUID
    order: float = 0
    sub_field_name: str | None = None


class Index(_Model):
    """An index of an object: created by a user, or by the server for a unique field or a relation."""

    id: UUID
    name: str
    index_type: str = "BTREE"
    is_unique: bool = False
    is_custom: bool | None = None
    index_where_clause: str | None = None
    index_field_metadata_list: tuple[IndexedField, ...] = ()

    @property
    def fields(self) -> tuple[IndexedField, ...]:
        """The fields of the index, in order."""
        return tuple(sorted(self.index_field_metadata_list, key=lambda indexed: indexed.order))


class Object(_Model):
    """An object: `company`, or a custom one."""

    id: UUID
    name_singular: str
    name_plural: str
    label_singular: str = ""
    label_plural: str = ""
    description: str | None = None
    icon: str | None = None
    color: str | None = None
    shortcut: str | None = None
    is_active: bool | None = None
    is_system: bool | None = None
    is_custom: bool | None = None
    """Whether the workspace added it; None if the server doesn't say."""
    is_label_synced_with_name: bool | None = None
    is_remote: bool | None = None
    is_searchable: bool | None = None
    label_identifier_field_metadata_id: UUID | None = None
    duplicate_criteria: tuple[tuple[str, ...], ...] | None = None
    application_id: UUID | None = None
    fields_list: tuple[Field, ...] = ()
    index_metadata_list: tuple[Index, ...] | None = None

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The indexes; empty if the server lists none."""
        return self.index_metadata_list or ()

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields, including those of the system."""
        return self.fields_list

    @cached_property
    def picklists(self) -> dict[str, tuple[Option, ...]]:
        """The options of the SELECT, MULTI_SELECT and RATING fields, by name."""
        return {field.name: field.options for field in self.fields_list if field.options is not None}

    def field(self, name: str) -> Field:
        """The field with this name. Raises `NotFoundError`."""
        for field in self.fields_list:
            if field.name == name:
                return field
        names = [field.name for field in self.fields_list]
        raise NotFoundError(f"{self.name_singular} has no field {name!r}{did_you_mean(name, names)}.")


def relations_of(field: Field) -> tuple[Relation, ...]:
    """The relations of a field: one for a RELATION, several for a MORPH_RELATION, otherwise none."""
    return (field.relation,) if field.relation is not None else field.morph_relations or ()


def in_order(field: Field) -> tuple[Option, ...]:
    """The options of a field in the order that users see."""
    return tuple(sorted(field.options or (), key=lambda option: option.position or 0))


def label_of(name: str) -> str:
    """`surveyResult` and `SURVEY_RESULT` as a label: Survey result."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", " ", name).strip().lower()
    return words[:1].upper() + words[1:]


def camel_case(label: str) -> str:
    """The name that the server makes of a label, and GraphQL of a name in the data model (lodash's camelCase)."""
    first, *others = [str(word) for word in _WORDS.findall(label)] or [""]
    return first.lower() + "".join(word.capitalize() for word in others)


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True, slots=True)
class RelationTo:
    """The target of a new relation field: `RelationTo("company", label="Rockets")`.

    `object` is a name or an id; `label` is that of the field created at the target.
    """

    object: str
    label: str
    icon: str = "IconBox"
    type: RelationType = "MANY_TO_ONE"
