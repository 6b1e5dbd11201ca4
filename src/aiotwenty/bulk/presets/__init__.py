"""Mappings for the headers of other tools' exports: a TOML file for each tool, a table for each object.

Headers are matched without case, spaces and punctuation; `*` stands for any characters.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from aiotwenty.bulk.fields import squeeze
from aiotwenty.bulk.source import InputError
from aiotwenty.graphql.advice import instead_of

Spec = Any


@dataclass(frozen=True)
class Preset:
    """The mapping of one tool: by the objects' plural names, the fields of its headers."""

    name: str
    text: str
    objects: Mapping[str, Mapping[str, Spec]]

    def of(self, plural: str) -> Mapping[str, Spec]:
        """The headers of one object. Raises `InputError` if there are none."""
        if plural not in self.objects:
            raise InputError(f"the preset {self.name} is for {', '.join(self.objects)}, not for {plural}")
        return self.objects[plural]

    def for_columns(self, plural: str, columns: Iterable[str]) -> dict[str, Spec]:
        """The fields of those columns that it knows; None for a column to leave out."""
        entries = self.of(plural)
        exact = {squeeze(header): spec for header, spec in entries.items() if "*" not in header}
        patterns = [(_pattern(header), spec) for header, spec in entries.items() if "*" in header]
        specs: dict[str, Spec] = {}
        for column in columns:
            squeezed = squeeze(column)
            if squeezed in exact:
                specs[column] = exact[squeezed] or None
                continue
            match = next((spec for pattern, spec in patterns if pattern.fullmatch(squeezed)), ...)
            if match is not ...:
                specs[column] = match or None
        return specs


def _pattern(header: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(squeeze(part)) for part in header.split("*")))


def preset_names() -> list[str]:
    """The names of the included presets."""
    return sorted(
        entry.name.removesuffix(".toml") for entry in files(__name__).iterdir() if entry.name.endswith(".toml")
    )


def read_preset(name: str | Path) -> Preset:
    """An included preset, or one of your own: a path to a TOML file like those.

    Raises `InputError` if it is missing or invalid.
    """
    names = preset_names()
    if str(name) in names:
        text = (files(__name__) / f"{name}.toml").read_text("utf-8")
    elif Path(name).suffix.lower() == ".toml":
        try:
            text = Path(name).read_text("utf-8")
        except (OSError, UnicodeError) as error:
            raise InputError(f"preset {name}: cannot be read ({error})") from None
    else:
        raise InputError(
            f"there is no preset {str(name)!r}{instead_of(str(name), names)}; your own is a path to a .toml"
        )
    try:
        objects = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"preset {name}: {error}") from None
    for plural, entries in objects.items():
        if not isinstance(entries, dict) or not all(_is_spec(spec) for spec in entries.values()):
            raise InputError(
                f"preset {name}: [{plural}] must have lines like "
                '"Header" = "field", "Header" = ["field", "transform"] or "Header" = false'
            )
    return Preset(str(name), text, objects)


def _is_spec(spec: object) -> bool:
    if isinstance(spec, list):
        return bool(spec) and all(isinstance(part, str | list) for part in spec)
    return isinstance(spec, str) or spec is False
