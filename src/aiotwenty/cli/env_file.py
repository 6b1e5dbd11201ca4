"""Writes variables to a `.env` file: its other lines stay, and only its owner can read it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import typer

from aiotwenty.disk import write_private

_LOCAL = re.compile(r"https?://(127\.|localhost\b|\[::1\])")


def write_variables(path: Path, variables: Mapping[str, str]) -> None:
    """Sets these variables in the file. Raises `BadParameter` if it names a workspace on another machine."""
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    kept = []
    for line in lines:
        name, _, value = line.removeprefix("export ").partition("=")
        if name.strip() not in variables:
            kept.append(line)
        elif name.strip() == "TWENTY_API_URL" and not _LOCAL.match(value.strip("\"' ")):
            raise typer.BadParameter(
                f"{path} names another workspace: pass another file, or remove TWENTY_API_URL and TWENTY_API_KEY",
                param_hint="--env-file",
            )
    text = "\n".join([*kept, *(f"{name}={value}" for name, value in variables.items())]) + "\n"
    write_private(path, text)
