"""Checks the name, type, options, default, settings and uniqueness of a requested field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.metadata.failures import reason
from aiotwenty.sandbox.model.composites import COMPOSITES
from aiotwenty.sandbox.model.data_model import OPTIONED, RELATIONS, unquoted
from aiotwenty.sandbox.model.names import camel

MAX_NAME_LENGTH = 63
MAX_FILES = 60
_RESERVED_NAMES = """
address addresses aggregate appToken appTokens approvedAccessDomain approvedAccessDomains billingCustomer
billingCustomers billingEntitlement billingEntitlements billingMeter billingMeters billingProduct billingProducts
billingSubscription billingSubscriptionItem billingSubscriptionItems billingSubscriptions currencies currency event
events featureFlag featureFlags field fields fullNames index job jobs keyValuePair keyValuePairs link links object
objects pageLayout pageLayoutTab pageLayoutTabs pageLayoutWidget pageLayoutWidgets pageLayouts plan plans
postgresCredential postgresCredentials relation relations role roles twoFactorMethod twoFactorMethods type types
user userWorkspace userWorkspaceRole userWorkspaceRoles userWorkspaces users workspace workspaces
"""
_RESERVED = frozenset(_RESERVED_NAMES.split())
"""Names that neither objects nor fields may have (the server's source, 2026)."""
_NAME = re.compile(r"[a-z][a-zA-Z0-9]*")
_OPTION_VALUE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
_NOT_CREATABLE = frozenset({"ACTOR", "POSITION", "TS_VECTOR"})
_CHOSEN = frozenset({"SELECT", "MULTI_SELECT"})
_NUMBER_TYPES = ("float", "int", "bigint")


def invalid(message: str, value: Any) -> dict[str, Any]:
    return reason("INVALID_FIELD_INPUT", message, value=value)


def not_available(name: str) -> dict[str, Any]:
    message = f'Name "{name}" is not available as it is already used by another field'
    return reason("NOT_AVAILABLE", message, value=name)


def name_reasons(name: str, *, camel_case: bool = False) -> list[dict[str, Any]]:
    if not _NAME.fullmatch(name):
        return [
            invalid(
                "Name is not valid: it must start with lowercase letter and contain only alphanumeric letters", name
            )
        ]
    if len(name) > MAX_NAME_LENGTH:
        return [invalid("Name is too long", name)]
    if camel_case and camel(name) != name:
        return [invalid("Name should be in camelCase", name)]
    if name in _RESERVED:
        message = 'This name is reserved. Use a different name or the system will add "Custom" suffix.'
        return [invalid(message, name)]
    return []


def type_reasons(of_type: str, dialect: Dialect) -> list[dict[str, Any]]:
    if of_type == "NUMERIC" and not dialect.creates_numeric_fields:
        message = "Field type NUMERIC is not supported for field creation. Use NUMBER instead."
        friendly = "Field type NUMERIC is not supported. Use Number instead."
        return [reason("INVALID_FIELD_INPUT", message, friendly, value="NUMERIC")]
    if of_type in _NOT_CREATABLE:
        return [invalid(f"Field type {of_type} is not supported for field creation.", of_type)]
    return []


def value_reasons(of_type: str, requested: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The mistakes in `options`, `defaultValue`, `settings` and `isUnique` for a field of this type."""
    default, settings = requested.get("defaultValue"), requested.get("settings")
    reasons = _option_reasons(of_type, requested.get("options"), default) if of_type in _CHOSEN else []
    if settings is not None and not isinstance(settings, dict):
        reasons.append(invalid("Settings must be an object", settings))
    elif of_type == "FILES" and not _is_number_of_files((settings or {}).get("maxNumberOfValues")):
        message = (
            "maxNumberOfValues must be defined in settings and be a number greater than 0 and less than or equal to"
        )
        reasons.append(invalid(f"{message} {MAX_FILES}", settings))
    elif of_type == "NUMBER" and settings and settings.get("dataType", "float") not in _NUMBER_TYPES:
        reasons.append(invalid(f"Data type must be one of {', '.join(_NUMBER_TYPES)}", settings["dataType"]))
    if requested.get("isUnique"):
        if not _can_be_unique(of_type):
            reasons.append(invalid(f"A field of type {of_type} cannot be unique", of_type))
        elif default is not None:
            reasons.append(invalid("Unique fields cannot have a default value", default))
    return reasons


def database_takes(of_type: str, default: Any) -> bool:
    """Whether the column accepts a default: Twenty finds out by trying."""
    return default is None or of_type in _CHOSEN or _DEFAULTS.get(of_type, _nothing)(default)


def _is_number_of_files(value: Any) -> bool:
    return isinstance(value, int | float) and 1 <= value <= MAX_FILES


def _can_be_unique(of_type: str) -> bool:
    if of_type in COMPOSITES:
        return any(part.unique for part in COMPOSITES[of_type].values())
    return of_type not in RELATIONS | OPTIONED | {"RAW_JSON", "ARRAY", "FILES", "BOOLEAN"}


def _is_quoted(default: Any) -> bool:
    return isinstance(default, str) and unquoted(default) != default


def _is_number(default: Any) -> bool:
    return isinstance(default, int | float) and not isinstance(default, bool)


def _is_composite(default: Any) -> bool:
    if not isinstance(default, dict):
        return False
    parts = {name for composite in COMPOSITES.values() for name in composite}
    return default.keys() <= parts and all(_is_part(value) for value in default.values())


def _is_part(value: Any) -> bool:
    return value is None or _is_quoted(value) or _is_number(value) or isinstance(value, list)


def _nothing(_: Any) -> bool:
    return False


_DEFAULTS: dict[str, Callable[[Any], bool]] = {
    "TEXT": _is_quoted,
    "UUID": lambda default: default == "uuid" or _is_quoted(default),
    "DATE": lambda default: default == "now" or _is_quoted(default),
    "DATE_TIME": lambda default: default == "now" or _is_quoted(default),
    "NUMBER": _is_number,
    "NUMERIC": _is_number,
    "BOOLEAN": lambda default: isinstance(default, bool),
    "RATING": lambda default: _is_quoted(default) and unquoted(default).startswith("RATING_"),
    "RAW_JSON": lambda default: isinstance(default, dict | list),
    "ARRAY": lambda default: isinstance(default, list) and all(isinstance(each, str) for each in default),
    **dict.fromkeys(COMPOSITES, _is_composite),
}
"""The valid defaults of types; other types accept none."""


def _option_reasons(of_type: str, options: Any, default: Any) -> list[dict[str, Any]]:
    if not isinstance(options, list) or not options or not all(isinstance(option, dict) for option in options):
        return [invalid("Options are required for enum fields", options)]
    reasons = [problem for option in options for problem in (*_label_reasons(option), *_option_value_reasons(option))]
    for key in ("position", "id", "value"):
        values = [str(option[key]).strip() for option in options if option.get(key) is not None]
        if len(set(values)) < len(values):
            reasons.append(invalid(f"Duplicated option {key}", values))
    values = [str(option.get("value")).strip() for option in options]
    return reasons + _default_reasons(of_type, values, default)


def _label_reasons(option: dict[str, Any]) -> list[dict[str, Any]]:
    label = option.get("label")
    if not isinstance(label, str) or not label.strip():
        return [reason("INVALID_FIELD_INPUT", "Option label is required")]
    return [invalid("Label must not contain a comma", label)] if "," in label else []


def _option_value_reasons(option: dict[str, Any]) -> list[dict[str, Any]]:
    value = option.get("value")
    if value is None:
        return [reason("INVALID_FIELD_INPUT", "Option value is required")]
    text = str(value).strip()
    if len(text) > MAX_NAME_LENGTH:
        return [invalid(f"Option value exceeds {MAX_NAME_LENGTH} characters", text)]
    if not _OPTION_VALUE.fullmatch(text):
        return [invalid(f'Value must be in UPPER_CASE and follow snake_case "{text}"', text)]
    return []


def _default_reasons(of_type: str, values: list[str], default: Any) -> list[dict[str, Any]]:
    if default is None:
        return []
    if of_type == "MULTI_SELECT" and not isinstance(default, list):
        return [invalid(f"Default value for multi-select must be an array got {default}", default)]
    reasons = []
    for value in default if isinstance(default, list) else [default]:
        if not isinstance(value, str) or unquoted(value) == value:
            reasons.append(invalid("Default value should be as quoted string", value))
        elif unquoted(value) not in values:
            reasons.append(invalid(f'Default value "{unquoted(value)}" must be one of the option values', value))
    return reasons
