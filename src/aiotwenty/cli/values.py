"""What is typed after an option, turned into values."""

from __future__ import annotations

import json
from typing import Any

import typer


def mapping_of(given: list[str] | None) -> dict[str, Any] | None:
    """`COLUMN=FIELD`, `COLUMN=FIELD:TRANSFORM` or `COLUMN=`."""
    mapping: dict[str, Any] = {}
    for one in given or ():
        column, target = pair_of(one, "--map")
        name, colon, transform = target.partition(":")
        mapping[column] = (name, transform) if colon else name or None
    return mapping or None


def pair_of(text: str, option: str) -> tuple[str, str]:
    """`NAME=VALUE`."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint=option)
    return name, value


def object_of(text: str | None, option: str) -> dict[str, Any] | None:
    """A JSON object, if there is one."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not JSON ({error})", param_hint=option) from None
    if not isinstance(value, dict):
        raise typer.BadParameter(f"{text!r} is not a JSON object", param_hint=option)
    return value


def refuse(why: str, **given: object) -> None:
    """Options that would be ignored are refused: `why` says with what they don't go together."""
    named = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if named:
        raise typer.BadParameter(f"{', '.join(named)}: {why}")
