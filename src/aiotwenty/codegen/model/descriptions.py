"""Descriptions of types and fields, for docstrings: from a file of the user's, or from the workspace's schema."""

from __future__ import annotations

import re
import textwrap
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema, get_named_type

from aiotwenty.codegen.errors import CodegenError
from aiotwenty.codegen.files import read_text
from aiotwenty.codegen.line_layout import LINE
from aiotwenty.codegen.model.purposes import Purposes
from aiotwenty.graphql.names import snake_case

_ROLES = ("CreateInput", "UpdateInput", "FilterInput")
_MOST_OPTIONS = 12
_EVERY = "*"


@dataclass(frozen=True)
class OwnDescriptions:
    """A file of descriptions: `[objects]` by type, `[fields.Company]` by field, `[fields."*"]` for all objects."""

    objects: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def load_descriptions(path: Path) -> OwnDescriptions:
    """Reads a file of descriptions. Raises `CodegenError` if its form is wrong."""
    try:
        data = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise CodegenError(f"{path} is not valid TOML: {error}") from error
    objects, fields = data.pop("objects", {}), data.pop("fields", {})
    if data or not _texts(objects) or not isinstance(fields, dict) or not all(map(_texts, fields.values())):
        raise CodegenError(f"{path}: only [objects] and [fields.<Type>] belong here, with a text for each name")
    return OwnDescriptions(objects, fields)


@dataclass(frozen=True)
class Descriptions:
    """The descriptions of one schema. A field of an input has the description of the object's field."""

    schema: GraphQLSchema
    own: OwnDescriptions = OwnDescriptions()

    @cached_property
    def _purposes(self) -> Purposes:
        return Purposes(self.schema)

    def of_type(self, name: str) -> str:
        type_ = self.schema.type_map.get(name)
        return self.own.objects.get(name) or (type_ and type_.description) or self._purposes.of(name)

    def of_field(self, type_name: str, name: str) -> str:
        """The description of a field, with the options of a picklist if there are few."""
        owner = self._owner(type_name)
        places = dict.fromkeys([type_name, owner])
        is_object = f"{owner}Connection" in self.schema.type_map
        own = [self.own.fields.get(place, {}).get(name) for place in (*places, *([_EVERY] if is_object else []))]
        served = [self._served(place, name) for place in (owner, type_name)]
        text = next((found for found in (*own, *served) if found), "") or self._key(owner, name)
        return " ".join(filter(None, [text, self._options(owner, name) if is_object else ""]))

    def _owner(self, type_name: str) -> str:
        """The object that an input type belongs to."""
        types = self.schema.type_map
        stems = (type_name.removesuffix(role) for role in _ROLES if type_name.endswith(role))
        return next((stem for stem in stems if isinstance(types.get(stem), GraphQLObjectType)), type_name)

    def _served(self, type_name: str, name: str) -> str | None:
        field_ = self._field(type_name, name)
        return field_.description if field_ else None

    def _key(self, owner: str, name: str) -> str:
        """A description for a foreign key, for which the schema has none."""
        relation = name.removesuffix("Id")
        return (
            f"The id of the record in {snake_case(relation)}."
            if relation != name and self._field(owner, relation)
            else ""
        )

    def _options(self, owner: str, name: str) -> str:
        field_ = self._field(owner, name)
        named = get_named_type(field_.type) if field_ else None
        if not isinstance(named, GraphQLEnumType) or len(named.values) > _MOST_OPTIONS:
            return ""
        options = (_option(value, enum_value.description) for value, enum_value in named.values.items())
        return f"One of {', '.join(options)}."

    def _field(self, type_name: str, name: str) -> Any:
        type_ = self.schema.type_map.get(type_name)
        has_fields = isinstance(type_, GraphQLObjectType | GraphQLInputObjectType)
        return type_.fields.get(name) if has_fields else None  # type: ignore[union-attr]


def _option(value: str, label: str | None) -> str:
    """A value, and its label if that says more."""
    plain = re.sub(r"[\W_]", "", label or "").lower()
    return value if plain in ("", value.replace("_", "").lower()) else f"{value} ({label})"


def docstring(text: str, indent: str = "    ") -> list[str]:
    """The lines of a docstring, with any text quoted safely; none for an empty text."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    shown = " ".join(shown.split()).replace("\\", "\\\\")
    if '"""' in shown or shown.endswith('"'):
        shown = shown.replace('"', '\\"')
    if not shown:
        return []
    line = f'{indent}"""{shown}"""'
    if len(line) <= LINE:
        return [line]
    wrapped = textwrap.wrap(
        f'"""{shown}',
        LINE,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [*wrapped, f'{indent}"""']


def _texts(table: object) -> bool:
    return isinstance(table, dict) and all(isinstance(text, str) for text in table.values())
