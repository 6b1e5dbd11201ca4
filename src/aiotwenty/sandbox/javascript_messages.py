"""Error messages of graphql-js 16 and of Node, on which Twenty runs."""

from __future__ import annotations

import json
import re
from typing import Any

_QUOTED = re.compile(r"(?<![\w\"])'([^']*)'(?!\w)")
_VALUE = "Expected value of type '(.*?)'"
_LATER_WORDS = (
    (
        rf"{_VALUE} not to include unknown field '(\w+)'(?:, f|\.(.*) F)ound: .*",
        r"Field '\2' is not defined by type '\1'.\3",
    ),
    (rf"{_VALUE} to be an object, found: (.*)", r"Expected value of type '\1', found \2"),
    (r"Expected value of non-null type '(.*?)' not to be None\.", r"Expected value of type '\1', found null."),
)
"""Messages of graphql-core 3.3, and the earlier ones."""


def as_javascript(message: str) -> str:
    """`Cannot query field 'x'` as `Cannot query field "x"`, from any version of graphql-core."""
    for later, before in _LATER_WORDS:
        message = re.sub(later, before, message, flags=re.DOTALL)
    return _QUOTED.sub(r'"\1"', message)


TOO_NESTED = "Maximum call stack size exceeded"
"""JavaScript allows deeper nesting than Python, but not without limit."""
_DIGITS_OF_A_DOUBLE = 309
_WHOLE_NUMBER = re.compile(r"[0-9]+")


class JsonError(ValueError):
    """A text that isn't JSON, with Node's message."""


def read_json(text: str) -> Any:
    """The result of `JSON.parse`: no NaN, and integers that are too long for a number are infinite.

    Raises `JsonError`, also for deeper nesting than Python can read.
    """
    try:
        return json.loads(text, parse_constant=_no_constant, parse_int=integer)
    except RecursionError:
        raise JsonError(TOO_NESTED) from None
    except ValueError as error:
        raise JsonError(json_message(text, error)) from None


def to_json(body: Any) -> bytes:
    """The value as JSON. Lone surrogates, which can't be encoded, stay escapes. Bytes are JSON already."""
    if isinstance(body, bytes):
        return body
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")


def _no_constant(name: str) -> Any:
    """Refuses NaN and Infinity, which Python would accept."""
    raise ValueError(name)


def integer(digits: str) -> int | float:
    """An integer; infinite if no double holds it, because long integers take long to compute with."""
    return int(digits) if len(digits) <= _DIGITS_OF_A_DOUBLE else float(digits)


def whole_number(text: str) -> int | float | None:
    """A number of digits 0 to 9 only; None for any other text."""
    return integer(text) if _WHOLE_NUMBER.fullmatch(text) else None


_AROUND = 10
"""The characters before and after the place of an error that Node shows."""


def json_message(text: str, error: ValueError) -> str:
    """The message of `JSON.parse` about a text that Python could not read either."""
    if not isinstance(error, json.JSONDecodeError):
        return unexpected_token(text, 0)
    place, before = error.pos, text[: error.pos].rstrip()
    match error.msg.split(" ")[:2]:
        case ["Unterminated", "string"]:
            return _at("Unterminated string", text, len(text))
        case ["Invalid", "control"]:
            return _at("Bad control character in string literal", text, place)
        case ["Invalid", _]:
            return _at("Bad escaped character", text, place + 1)
        case ["Extra", "data"]:
            return _at("Unexpected non-whitespace character after JSON", text, place).replace(" in JSON", "")
        case ["Expecting", "property"] | ["Illegal", "trailing"]:
            # From Python 3.13 on, a superfluous comma has a message of its own.
            wanted = "property name or '}'" if before.endswith("{") else "double-quoted property name"
            place += 1 if error.msg.startswith("Illegal") else 0
            return _at(f"Expected {wanted}", text, place + len(text[place:]) - len(text[place:].lstrip()))
        case ["Expecting", "':'"]:
            return _at("Expected ':' after property name", text, place)
        case ["Expecting", "','"]:
            wanted = "'}' after property value" if _in_object(before) else "']' after array element"
            return _at(f"Expected ',' or {wanted}", text, place)
    place += _of_a_literal(text[place:])
    return "Unexpected end of JSON input" if place >= len(text) else unexpected_token(text, place)


def _of_a_literal(text: str) -> int:
    """The number of correct letters of a JSON word: the message is about the next one."""
    word = next((each for each in ("true", "false", "null") if text[:1] == each[0]), "")
    return next((place for place, letter in enumerate(word) if text[place : place + 1] != letter), len(word))


def unexpected_token(text: str, place: int) -> str:
    """The message with the text around the place, and dots if more follows."""
    if len(text) <= 2 * _AROUND:
        shown = f'"{text}"'
    else:
        start, end = max(0, place - _AROUND), min(len(text), place + _AROUND)
        shown = f'{"..." if start else ""}"{text[start:end]}"{"..." if end < len(text) else ""}'
    return f"Unexpected token '{text[place]}', {shown} is not valid JSON"


def _at(message: str, text: str, place: int) -> str:
    line, column = text.count("\n", 0, place) + 1, place - (text.rfind("\n", 0, place) + 1) + 1
    return f"{message} in JSON at position {place} (line {line} column {column})"


def _in_object(before: str) -> bool:
    """Whether the innermost open bracket is that of an object."""
    opened: list[str] = []
    for letter in re.sub(r'"(?:[^"\\]|\\.)*"', '""', before):
        if letter in "{[":
            opened.append(letter)
        elif letter in "}]" and opened:
            opened.pop()
    return bool(opened) and opened[-1] == "{"
