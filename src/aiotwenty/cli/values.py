"""What is typed after an option, turned into values."""

from __future__ import annotations

import json
import re
from typing import Any

import typer

_MAP = re.compile(r"(?P<column>.+?)=(?P<field>[\w. -]*)(?::(?P<transform>.*))?", re.DOTALL)


def mapping_of(texts: list[str] | None) -> dict[str, Any] | None:
    """`COLUMN=FIELD`, `COLUMN=FIELD:TRANSFORM` or `COLUMN=`; a column that is named twice goes to both places.

    A column may have `=` in its name, and so may what a transform takes.
    """
    mapping: dict[str, Any] = {}
    for text in texts or ():
        match = _MAP.fullmatch(text)
        if match is None:
            raise typer.BadParameter(f"{text!r} is not COLUMN=FIELD or COLUMN=FIELD:TRANSFORM", param_hint="--map")
        name, transform = match["field"].strip(), match["transform"]
        spec = (name, transform) if transform is not None else name or None
        there = mapping.get(match["column"])
        if there is not None and spec is not None:
            several = there if isinstance(there, list) else [_whole(there)]
            spec = [*several, _whole(spec)]
        mapping[match["column"]] = spec
    return mapping or None


def _whole(spec: Any) -> tuple[Any, ...]:
    return (spec,) if isinstance(spec, str) else spec


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
