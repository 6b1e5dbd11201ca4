"""Several values in one composite field: the first is the primary one, the others are in its list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiotwenty.bulk.transforms import Several
from aiotwenty.bulk.transforms.base import Composite
from aiotwenty.records.identity import canonical

_LISTS: dict[Composite, tuple[str, str]] = {
    "emails": ("primaryEmail", "additionalEmails"),
    "phones": ("primaryPhoneNumber", "additionalPhones"),
    "links": ("primaryLinkUrl", "secondaryLinks"),
}
_PHONE_PARTS = {
    "number": "primaryPhoneNumber",
    "countryCode": "primaryPhoneCountryCode",
    "callingCode": "primaryPhoneCallingCode",
}


def gathers(kind: Composite | None) -> bool:
    """Whether fields of this kind hold several values."""
    return kind in _LISTS


def gather(data: dict[str, Any], name: str, kind: Composite, values: Several, *, additional: bool = False) -> None:
    """Puts values into the composite field `name`: the first as the primary one if there is none, and each only once.

    With `additional`, all go into the list.
    """
    primary, rest = _LISTS[kind]
    inner: dict[str, Any] = data.setdefault(name, {})
    for value in values:
        listed = inner.setdefault(rest, []) if inner.get(primary) or additional else None
        if listed is None:
            inner.update(_primary(kind, value))
        elif value_of(kind, value) not in [value_of(kind, item) for item in (*listed, inner)]:
            listed.append(_listed(kind, value))


def promote(data: dict[str, Any], name: str, kind: Composite) -> None:
    """Makes the first value of the list the primary one if there is none: Twenty shows no value of such a record."""
    primary, rest = _LISTS[kind]
    inner = data.get(name)
    if isinstance(inner, dict) and not inner.get(primary) and isinstance(inner.get(rest), list) and inner[rest]:
        first, *others = inner[rest]
        value = first["url"] if kind == "links" and isinstance(first, Mapping) else first
        inner.update({**_primary(kind, value), rest: others})


def _primary(kind: Composite, value: Any) -> dict[str, Any]:
    if kind == "phones" and isinstance(value, Mapping):
        return {_PHONE_PARTS[part]: text for part, text in value.items() if part in _PHONE_PARTS}
    return {_LISTS[kind][0]: value}


def _listed(kind: Composite, value: Any) -> Any:
    if kind == "links" and not isinstance(value, Mapping):
        return {"url": value, "label": ""}
    if kind == "phones" and not isinstance(value, Mapping):
        return {"number": value}
    return value


def value_of(kind: Composite, value: Any) -> str:
    """A text that is equal for equal values, of a list or of the composite itself."""
    if isinstance(value, Mapping):
        if kind == "phones":
            parts = (
                ("callingCode", "number") if "number" in value else ("primaryPhoneCallingCode", "primaryPhoneNumber")
            )
            return "".join(str(value.get(part) or "") for part in parts)
        value = value.get("url") or value.get(_LISTS[kind][0]) or ""
    return canonical(_LISTS[kind][0], str(value))
