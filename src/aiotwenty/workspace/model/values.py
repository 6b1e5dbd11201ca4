"""Converts defaults and settings of fields between Twenty's form and that of files.

Twenty quotes defaults that are text (`"'NEW'"`) and names settings in camelCase. Values without a plain form that
converts back exactly are kept as JSON, so that nothing is lost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypedDict

from pydantic import JsonValue
from pydantic.alias_generators import to_camel, to_snake

from aiotwenty.workspace.field_settings import USUAL_FILES
from aiotwenty.workspace.model.definition import RELATIONS, DefinitionError, FieldDefinition

_FUNCTIONS = {"DATE": {"now"}, "DATE_TIME": {"now"}, "UUID": {"uuid"}}
"""Defaults that are not text: the database computes them."""
OF_RELATIONS = frozenset({"relationType", "joinColumnName", "onDelete"})
"""Settings that follow from the relation itself."""
_LARGEST = 2**63 - 1


class PlainValues(TypedDict, total=False):
    """The attributes of a `FieldDefinition` for its default and settings."""

    default: JsonValue
    default_json: str
    settings: dict[str, JsonValue]
    settings_json: str


def write_default(of_type: str, stored: JsonValue) -> PlainValues:
    """The attributes for a default that Twenty stores."""
    if stored is None:
        return {}
    plain = _plain(of_type, stored)
    if is_toml(plain) and _quoted(of_type, plain) == without_nulls(stored):
        return {"default": plain}
    return {"default_json": json.dumps(stored, ensure_ascii=False, sort_keys=True)}


def stored_default(field: FieldDefinition, path: str) -> JsonValue:
    """The default of a definition as Twenty stores it. Raises `DefinitionError`."""
    if field.default_json is not None:
        default: JsonValue = _parsed(field.default_json, f"{path}: default_json")
        return default
    return _quoted(field.type, field.default)


def write_settings(of_type: str, stored: Mapping[str, JsonValue] | None) -> PlainValues:
    """The attributes for settings that Twenty stores. None in them is left out."""
    own = {name: value for name, value in (stored or {}).items() if value is not None}
    if of_type in RELATIONS:
        own = {name: value for name, value in own.items() if name not in OF_RELATIONS}
    if not own:
        return {}
    plain: dict[str, JsonValue] = {to_snake(name): value for name, value in own.items()}
    if is_toml(plain) and _camel(plain) == own:
        return {"settings": plain}
    return {"settings_json": json.dumps(own, ensure_ascii=False, sort_keys=True)}


def stored_settings(field: FieldDefinition, path: str) -> dict[str, JsonValue]:
    """The settings of a definition as Twenty stores them. Raises `DefinitionError`."""
    if field.settings_json is None:
        needed: dict[str, JsonValue] = {"maxNumberOfValues": USUAL_FILES} if field.type == "FILES" else {}
        return needed | _camel(field.settings)
    settings = _parsed(field.settings_json, f"{path}: settings_json")
    if not isinstance(settings, dict):
        raise DefinitionError(f"{path}: settings_json is no JSON object.")
    return settings


def without_nulls(value: JsonValue) -> JsonValue:
    """The value without nulls: a composite's default may have null for a part, or leave it out."""
    if isinstance(value, dict):
        return {name: part for name, part in value.items() if part is not None}
    return value


def is_toml(value: JsonValue) -> bool:
    """Whether TOML can express the value and give it back: it has no null and no integer of more than 64 bits."""
    if isinstance(value, dict):
        return all(is_toml(part) for part in value.values())
    if isinstance(value, list):
        return all(is_toml(part) for part in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return -_LARGEST <= value <= _LARGEST
    return value is not None


def _plain(of_type: str, stored: JsonValue) -> JsonValue:
    if of_type == "RAW_JSON":
        return stored
    if isinstance(stored, list):
        return [_unquoted(item) for item in stored] if of_type == "MULTI_SELECT" else stored
    if isinstance(stored, dict):
        return {name: _unquoted(part) for name, part in stored.items() if part is not None}
    return _unquoted(stored)


def _quoted(of_type: str, plain: JsonValue) -> JsonValue:
    if of_type == "RAW_JSON":
        return plain
    if isinstance(plain, list):
        return [_quote(item) for item in plain] if of_type == "MULTI_SELECT" else plain
    if isinstance(plain, dict):
        return {name: _quote(part) for name, part in plain.items() if part is not None}
    return plain if plain in _FUNCTIONS.get(of_type, ()) else _quote(plain)


def _quote(value: JsonValue) -> JsonValue:
    return f"'{value}'" if isinstance(value, str) else value


def _unquoted(value: JsonValue) -> JsonValue:
    if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1]
    return value


def _camel(settings: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {to_camel(name): value for name, value in settings.items()}


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise DefinitionError(f"{where} is no JSON ({error}).") from None
