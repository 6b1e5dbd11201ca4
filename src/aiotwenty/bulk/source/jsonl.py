"""JSON Lines, and JSON documents that hold a list of objects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from aiotwenty.bulk.source.base import RAW_TEXT, InputError, Row
from aiotwenty.bulk.source.content import reading
from aiotwenty.bulk.source.text import TextSource

_NAME_ENDS = re.compile(r'"\s*:')


class JsonLinesSource(TextSource):
    """JSON Lines: one object on each line; empty lines are skipped."""

    def read(self) -> Iterator[Row]:
        number = 0
        for line, text in enumerate(self.lines(), 1):
            if not text.strip():
                continue
            number += 1
            try:
                values = from_json(text)
            except ValueError as error:
                yield Row(number, {RAW_TEXT: text.rstrip("\r\n")}, line, f"is not JSON ({error})")
                continue
            if not isinstance(values, dict):
                yield Row(number, {RAW_TEXT: text.rstrip("\r\n")}, line, "is not a JSON object")
            elif name := _doubled_name(text, values):
                yield Row(number, {RAW_TEXT: text.rstrip("\r\n")}, line, _names_twice(name))
            else:
                yield Row(number, values, line)


class JsonSource(TextSource):
    """A JSON document that is a list of objects, or an object with one list of objects in it, as APIs respond.

    The list is streamed: only a block of it and one object are in memory at a time.
    """

    def read(self) -> Iterator[Row]:
        doubled: list[str] = []
        with reading(self.path):
            for number, values in enumerate(self._items(doubled), 1):
                if not isinstance(values, dict):
                    yield Row(number, {RAW_TEXT: json.dumps(values)}, None, "is not a JSON object")
                elif doubled:
                    yield Row(number, {RAW_TEXT: json.dumps(values)}, None, _names_twice(doubled[0]))
                    doubled.clear()
                else:
                    yield Row(number, values)

    def _items(self, doubled: list[str]) -> Iterator[Any]:
        """The objects; for each, `doubled` has the names that occur twice in it."""
        pieces = self.pieces()
        text = _next(pieces).lstrip()
        if text.startswith("["):
            yield from self._listed(pieces, text, doubled)
        else:
            yield from self._held(text + "".join(pieces))

    def _listed(self, pieces: Iterator[str], text: str, doubled: list[str]) -> Iterator[Any]:
        decode, place, ended = _decoder(doubled).raw_decode, 1, False
        number = 0
        while True:
            while place < len(text) and (text[place].isspace() or (text[place] == "," and number)):
                place += 1
            if text[place : place + 1] == "]":
                if any(piece and not piece.isspace() for piece in (text[place + 1 :], *pieces)):
                    raise InputError(f"{self.path}: goes on behind the list of {number:,} objects; is it damaged?")
                return
            try:
                value, end = decode(text, place)
            except ValueError as error:
                # A value may continue in the next block. Blocks grow with the text, so that long values are not slow.
                more = _next(pieces, len(text))
                if not more and ended:
                    raise InputError(f"{self.path}: is not JSON after {number:,} objects ({error})") from None
                ended = not more
                text, place = text[place:] + more, 0
                continue
            if end == len(text) and not ended and not isinstance(value, dict | list):
                # A number may continue in the next block.
                more = _next(pieces)
                ended = not more
                text, place = text[place:] + more, 0
                continue
            number += 1
            yield value
            place = end

    def _held(self, text: str) -> Iterator[Any]:
        doubled: list[str] = []
        try:
            document = _decoder(doubled).decode(text)
        except ValueError as error:
            raise InputError(f"{self.path}: is not JSON ({error}); one object a line is .jsonl") from None
        if doubled:
            raise InputError(f"{self.path}: {_names_twice(doubled[0])}")
        if not isinstance(document, dict):
            raise InputError(f"{self.path}: is neither a list of objects nor an object, but {type(document).__name__}")
        lists = {name: value for name, value in document.items() if _is_rows(value)}
        if len(lists) > 1:
            raise InputError(f"{self.path}: has several lists ({', '.join(lists)}); save the one that is meant alone")
        yield from next(iter(lists.values()), [document])


def _decoder(doubled: list[str]) -> json.JSONDecoder:
    """A decoder that puts names which occur twice in an object into `doubled`, because only the last value is kept."""

    def unite(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        united = dict(pairs)
        if len(united) < len(pairs):
            names = [name for name, _ in pairs]
            doubled.append(next(name for name in names if names.count(name) > 1))
        return united

    return json.JSONDecoder(object_pairs_hook=unite)


def _doubled_name(text: str, values: dict[str, Any]) -> str | None:
    """A name that occurs twice in an object of the text, so that its first value would be lost."""
    simple = '" ' not in text and '"\t' not in text
    if (text.count('":') if simple else len(_NAME_ENDS.findall(text))) == _names_in(values):
        return None
    doubled: list[str] = []
    _decoder(doubled).decode(text)
    return doubled[0] if doubled else None


def _names_in(value: dict[str, Any] | list[Any]) -> int:
    names, inner = (len(value), value.values()) if type(value) is dict else (0, value)
    for one in inner:
        if type(one) is dict or type(one) is list:
            names += _names_in(one)
    return names


def _names_twice(name: str) -> str:
    return f"has {name!r} twice in one object"


def _next(pieces: Iterator[str], length: int = 1) -> str:
    """More text of at least this length, or the rest."""
    text: list[str] = []
    while length > 0 and (piece := next(pieces, None)) is not None:
        text.append(piece)
        length -= len(piece)
    return "".join(text)


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
