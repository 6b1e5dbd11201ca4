"""The definition of a data model: objects, fields and their parts, by name, without ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, ValidationError
from pydantic import Field as Setting

from aiotwenty.errors import ConfigurationError
from aiotwenty.graphql.input_problems import explained

Name = Annotated[str, Setting(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""The name of an object or a field. New names are camelCase (`NEW_NAME`)."""
FieldPath = Annotated[str, Setting(pattern=r"^[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*$")]
"""A field of an object: `rocket.stage`."""
NEW_NAME = re.compile(r"[a-z][a-zA-Z0-9]*")
"""The names that the server accepts for new objects and fields (Twenty, November 2026)."""
NEW_OPTION = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
"""The values that the server accepts for new options."""
FieldType = Annotated[str, Setting(pattern=r"^[A-Z][A-Z0-9_]*$")]
RELATIONS = frozenset({"RELATION", "MORPH_RELATION"})
PICKLISTS = frozenset({"SELECT", "MULTI_SELECT"})

D = TypeVar("D", bound="Definition")


class DefinitionError(ConfigurationError):
    """The data model is invalid. The message says what is wrong and where."""


class Definition(BaseModel):
    """Base of all definitions. Unknown keys are errors; `named` has the keys that were set."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)

    def named(self) -> set[str]:
        """The names of the settings that were set; the others have their defaults."""
        return set(self.model_fields_set)


def as_tuple(value: Any) -> Any:
    """Converts lists, as in TOML, to the tuples of a definition."""
    return tuple(value) if isinstance(value, list) else value


def as_sorted(value: Any) -> Any:
    """Converts lists whose order has no meaning to sorted tuples."""
    is_text = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    return tuple(sorted(set(value))) if is_text else value


class OptionDefinition(Definition):
    """An option of a picklist. Its position in the list is that in the picklist."""

    value: Annotated[str, Setting(min_length=1)]
    """The value as records have it: `IN_PROGRESS`."""
    label: str | None = None
    """The label. If it is not set, an existing label stays, and a new one is made from the value."""
    color: str | None = None


class FieldDefinition(Definition):
    """A field of an object. Its name is the key in `ObjectDefinition.fields`."""

    type: FieldType
    """Twenty's type: `TEXT`, `NUMBER`, `SELECT`, `RELATION`, …"""
    label: str | None = None
    """If it is not set, an existing label stays, and a new one is made from the name."""
    description: str | None = None
    icon: str | None = None
    active: bool = True
    nullable: bool = True
    unique: bool = False
    default: JsonValue = None
    """The default as in records (`"NEW"`, `["A"]`, `7`), without Twenty's quotes; `now` for times, `uuid` for UUIDs."""
    default_json: str | None = None
    """The default as Twenty stores it, as JSON, if `default` can't express it."""
    settings: dict[str, JsonValue] = {}
    """The settings by names in snake_case: `{"data_type": "int", "decimals": 2}`."""
    settings_json: str | None = None
    """The settings as Twenty stores them, as JSON, if `settings` can't express them."""
    options: Annotated[tuple[OptionDefinition, ...], BeforeValidator(as_tuple)] = ()
    to: FieldPath | Annotated[tuple[FieldPath, ...], BeforeValidator(as_tuple)] | None = None
    """The target of a relation whose records have the foreign key: the field that leads back, `company.rockets`.
    A MORPH_RELATION has several.
    """
    from_: FieldPath | Annotated[tuple[FieldPath, ...], BeforeValidator(as_tuple)] | None = Setting(
        default=None, validation_alias="from", serialization_alias="from"
    )
    """For the other end of such a relation: the field with the foreign key, `rocket.company`."""
    renamed_from: Name | None = None
    """The old name: if there is no field with the new name, the field with this name is renamed."""
    standard: bool = False
    """Whether it is a standard field of Twenty. These can't be added or removed."""

    @property
    def ends(self) -> tuple[str, ...]:
        """The fields at the other ends of a relation."""
        ends = self.to if self.to is not None else self.from_
        return (ends,) if isinstance(ends, str) else tuple(ends or ())

    @property
    def holds_key(self) -> bool:
        """Whether the field is a relation whose records have the foreign key."""
        return self.to is not None


class IndexDefinition(Definition):
    """An index that a user created; those of unique fields and relations are left out."""

    fields: Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
    """The fields, in order; a part of a composite with its name: `domainName.primaryLinkUrl`."""
    type: str = "BTREE"
    unique: bool = False
    """True for standard indexes only: unique ones can't be added."""


class ObjectDefinition(Definition):
    """An object with its fields: the contents of one file."""

    name: Name
    plural: Name
    label: str | None = None
    label_plural: str | None = None
    description: str | None = None
    icon: str | None = None
    color: str | None = None
    shortcut: str | None = None
    active: bool = True
    searchable: bool | None = None
    label_identifier: Name | None = None
    """The field whose value represents a record."""
    renamed_from: Name | None = None
    """The old name: if there is no object with the new name, the object with this name is renamed."""
    standard: bool = False
    """Whether it is a standard object of Twenty. These can't be added or removed."""
    fields: dict[Name, FieldDefinition] = {}
    indexes: Annotated[tuple[IndexDefinition, ...], BeforeValidator(as_tuple)] = ()


def define(model: type[D], values: Mapping[str, Any], where: str) -> D:
    """The definition with these values. Raises `DefinitionError` with the mistake and its place."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise DefinitionError(f"{where}: {explained(error, model, with_values=True, noun='setting')}") from None
