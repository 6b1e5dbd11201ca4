"""The definition of a data model: objects, fields and what belongs to them, by names, without ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, ValidationError
from pydantic import Field as Setting

from aiotwenty.errors import ConfigurationError
from aiotwenty.graphql.input_problems import explained

Name = Annotated[str, Setting(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""Of an object or a field. New ones are in camelCase (`NEW_NAME`)."""
FieldPath = Annotated[str, Setting(pattern=r"^[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*$")]
"""A field of an object: `rocket.stage`."""
NEW_NAME = re.compile(r"[a-z][a-zA-Z0-9]*")
"""What the server takes as the name of an object or a field (Twenty, November 2026)."""
NEW_OPTION = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
"""What it takes as the value of an option."""
FieldType = Annotated[str, Setting(pattern=r"^[A-Z][A-Z0-9_]*$")]
RELATIONS = frozenset({"RELATION", "MORPH_RELATION"})
PICKLISTS = frozenset({"SELECT", "MULTI_SELECT"})

D = TypeVar("D", bound="Definition")


class DefinitionError(ConfigurationError):
    """The data model is invalid. The message says what is wrong, and where."""


class Definition(BaseModel):
    """Base of all that is written down. A misspelt name is an error; which names were said is known."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)

    def named(self) -> set[str]:
        """The names of the settings that are given; the others have their defaults."""
        return set(self.model_fields_set)


def as_tuple(value: Any) -> Any:
    """Lists, as TOML has them, for the tuples of a definition."""
    return tuple(value) if isinstance(value, list) else value


def as_sorted(value: Any) -> Any:
    """The same for lists whose order says nothing."""
    is_text = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
    return tuple(sorted(set(value))) if is_text else value


class OptionDefinition(Definition):
    """One value of a picklist. Its place in the list is its place in the picklist."""

    value: Annotated[str, Setting(min_length=1)]
    """The value in records: `IN_PROGRESS`."""
    label: str | None = None
    """The label. If it is not set, an existing label stays, and a new one is made from the value."""
    color: str | None = None


class FieldDefinition(Definition):
    """A field of an object; its name is its key in `ObjectDefinition.fields`."""

    type: FieldType
    """Twenty's: `TEXT`, `NUMBER`, `SELECT`, `RELATION`, …"""
    label: str | None = None
    """If it is not set, an existing label stays, and a new one is made from the name."""
    description: str | None = None
    icon: str | None = None
    active: bool = True
    nullable: bool = True
    unique: bool = False
    default: JsonValue = None
    """As records hold it (`"NEW"`, `["A"]`, `7`), without Twenty's quotes; `now` for a time, `uuid` for a UUID."""
    default_json: str | None = None
    """The default as Twenty stores it, as JSON: for what `default` cannot say."""
    settings: dict[str, JsonValue] = {}
    """By names in snake_case: `{"data_type": "int", "decimals": 2}`."""
    settings_json: str | None = None
    """The settings as Twenty stores them, as JSON: for what `settings` cannot say."""
    options: Annotated[tuple[OptionDefinition, ...], BeforeValidator(as_tuple)] = ()
    to: FieldPath | Annotated[tuple[FieldPath, ...], BeforeValidator(as_tuple)] | None = None
    """Of a relation whose records hold the id of the other: where it leads, and the field there that leads back,
    `company.rockets`. A MORPH_RELATION has several."""
    from_: FieldPath | Annotated[tuple[FieldPath, ...], BeforeValidator(as_tuple)] | None = Setting(
        default=None, validation_alias="from", serialization_alias="from"
    )
    """The other end of such a relation: the field that holds the id, `rocket.company`."""
    renamed_from: Name | None = None
    """The old name: if there is no field with the new name, the field with this name is renamed."""
    standard: bool = False
    """Whether it is one of Twenty's own. Nobody can add or remove these."""

    @property
    def ends(self) -> tuple[str, ...]:
        """The fields at the other ends of a relation."""
        ends = self.to if self.to is not None else self.from_
        return (ends,) if isinstance(ends, str) else tuple(ends or ())

    @property
    def holds_key(self) -> bool:
        """Of a relation: whether its records hold the id of the other record."""
        return self.to is not None


class IndexDefinition(Definition):
    """An index that was asked for, beside those that follow from unique fields and relations."""

    fields: Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
    """In their order; part of a composite with its name: `domainName.primaryLinkUrl`."""
    type: str = "BTREE"
    unique: bool = False
    """Only Twenty's own may be: nobody can add one."""


class ObjectDefinition(Definition):
    """An object with its fields, as one file has it."""

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
    """The field that stands for a record."""
    renamed_from: Name | None = None
    """The old name: if there is no object with the new name, the object with this name is renamed."""
    standard: bool = False
    """Whether it is one of Twenty's own. Nobody can add or remove these."""
    fields: dict[Name, FieldDefinition] = {}
    indexes: Annotated[tuple[IndexDefinition, ...], BeforeValidator(as_tuple)] = ()


def define(model: type[D], values: Mapping[str, Any], where: str) -> D:
    """The definition with these values. Raises `DefinitionError`: what is wrong, and where it stands."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise DefinitionError(f"{where}: {explained(error, model, with_values=True, noun='setting')}") from None
