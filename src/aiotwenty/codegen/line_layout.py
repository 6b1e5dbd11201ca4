"""Lays out lines of generated code within the limit."""

from __future__ import annotations

from collections.abc import Iterable

LINE = 120


def filled(words: Iterable[str], indent: str, separator: str, end: str = "", *, width: int = LINE) -> list[str]:
    """The words on as few lines as fit. Each line ends with the separator, the last one with `end`."""
    lines: list[str] = []
    line = indent
    for word in words:
        if line != indent and len(line) + len(word) + len(separator) > width:
            lines.append(line.rstrip())
            line = indent
        line += word + separator
    if line != indent:
        lines.append(line.removesuffix(separator) + end)
    return lines
