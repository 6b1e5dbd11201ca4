"""Parses the values of options."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from aiotwenty.cli.wording import said

ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_][\w.]*)(?P<raw>:)?=(?P<value>.*)", re.DOTALL)
"""`name=Air`, and `tags:=["A"]` for JSON."""
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_MAP = re.compile(r"(?P<column>.+?)=(?P<field>[\w. -]*)(?::(?P<transform>.*))?", re.DOTALL)


@dataclass(frozen=True)
class Named:
    """Arguments after an object: ids of records, values (`name=Air`), or a source of rows."""

    ids: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    source: str | None = None

    @classmethod
    def of(cls, texts: Sequence[str] | None) -> Named:
        """The parsed arguments. Raises `BadParameter` for several sources, and for a source among ids."""
        ids = tuple(text for text in texts or () if _UUID.fullmatch(text))
        values = tuple(text for text in texts or () if text not in ids and is_assignment(text))
        sources = [text for text in texts or () if text not in ids and text not in values]
        if len(sources) > 1 or (sources and (ids or values)):
            raise typer.BadParameter(f"{sources[-1]!r} is neither an id nor NAME=VALUE")
        return cls(ids, values, sources[0] if sources else None)


def is_assignment(text: str) -> bool:
    """Whether the text is `name=value`, and not a file."""
    return ASSIGNMENT.fullmatch(text) is not None and not Path(text).exists()


def mapping_of(texts: list[str]) -> dict[str, Any]:
    """A mapping from `COLUMN=FIELD`, `COLUMN=FIELD:TRANSFORM` or `COLUMN=`; a repeated column goes to several fields.

    Column names and arguments of transforms may contain `=`.
    """
    mapping: dict[str, Any] = {}
    for text in texts:
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
    return mapping


def _whole(spec: Any) -> tuple[Any, ...]:
    return (spec,) if isinstance(spec, str) else spec


def pair_of(text: str, option: str) -> tuple[str, str]:
    """The name and value of `NAME=VALUE`."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint=option)
    return name, value


def constants_of(texts: list[str]) -> dict[str, str]:
    """The constants from texts `FIELD=VALUE`."""
    return dict(pair_of(text, "--set") for text in texts)


def object_of(text: str | None, option: str) -> dict[str, Any] | None:
    """The JSON object in a text; None without a text."""
    if text is None:
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r}: {said(error)}", param_hint=option) from None
    if not isinstance(value, dict):
        raise typer.BadParameter(f"{text!r} is not a JSON object", param_hint=option)
    return value


def refuse(why: str, **given: object) -> None:
    """Refuses options that would be ignored: `why` says what they can't be combined with."""
    named = [f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if named:
        raise typer.BadParameter(f"{', '.join(named)}: {why}")
