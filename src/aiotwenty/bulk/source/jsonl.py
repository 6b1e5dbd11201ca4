"""JSON Lines, and JSON documents that hold a list of objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from aiotwenty.bulk.source.base import RAW_TEXT, InputError, Row
from aiotwenty.bulk.source.text import TextSource

_BLOCK = 256 * 1024


class JsonLinesSource(TextSource):
    """JSON Lines: one object a line; empty lines are skipped."""

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
            if isinstance(values, dict):
                yield Row(number, values, line)
            else:
                yield Row(number, {RAW_TEXT: text.rstrip("\r\n")}, line, "is not a JSON object")


class JsonSource(TextSource):
    """A JSON document that is a list of objects, or an object with one list of objects in it, as APIs answer.

    The list is streamed: only a block of it and one object are in memory at a time.
    """

    def read(self) -> Iterator[Row]:
        with self.text() as file:
            try:
                for number, values in enumerate(self._items(file), 1):
                    if isinstance(values, dict):
                        yield Row(number, values)
                    else:
                        yield Row(number, {RAW_TEXT: json.dumps(values)}, None, "is not a JSON object")
            except UnicodeError as error:
                raise self._undecodable(error) from None

    def _items(self, file: Any) -> Iterator[Any]:
        text = file.read(_BLOCK).lstrip()
        if text.startswith("["):
            yield from self._listed(file, text)
        else:
            yield from self._held(text + file.read())

    def _listed(self, file: Any, text: str) -> Iterator[Any]:
        decode, place, ended = json.JSONDecoder().raw_decode, 1, False
        number = 0
        while True:
            while place < len(text) and (text[place].isspace() or (text[place] == "," and number)):
                place += 1
            if text[place : place + 1] == "]":
                return
            try:
                value, end = decode(text, place)
            except ValueError as error:
                # A value may go on in the next block; each block is as long as all that waits, so that none is slow.
                more = file.read(max(_BLOCK, len(text)))
                if not more and ended:
                    raise InputError(f"{self.path}: is not JSON after {number:,} objects ({error})") from None
                ended = not more
                text, place = text[place:] + more, 0
                continue
            if end == len(text) and not ended and not isinstance(value, dict | list):
                # A number may go on in the next block.
                more = file.read(_BLOCK)
                ended = not more
                text, place = text[place:] + more, 0
                continue
            number += 1
            yield value
            place = end

    def _held(self, text: str) -> Iterator[Any]:
        try:
            document = from_json(text)
        except ValueError as error:
            raise InputError(f"{self.path}: is not JSON ({error}); one object a line is .jsonl") from None
        if not isinstance(document, dict):
            raise InputError(f"{self.path}: is neither a list of objects nor an object, but {type(document).__name__}")
        lists = {name: value for name, value in document.items() if _is_rows(value)}
        if len(lists) > 1:
            raise InputError(f"{self.path}: has several lists ({', '.join(lists)}); save the one that is meant alone")
        yield from next(iter(lists.values()), [document])


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
