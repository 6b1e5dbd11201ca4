"""Transforms by name, as plans and the command line write them: `date("%d.%m.%Y")`, `trim|lower`."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiotwenty.bulk.transforms.amounts import decimal_comma, micros, money, number
from aiotwenty.bulk.transforms.base import Chain, Transform
from aiotwenty.bulk.transforms.choices import boolean, country, lookup, option
from aiotwenty.bulk.transforms.contacts import domain, email, first_and_rest, full_name, phone
from aiotwenty.bulk.transforms.plain import lower, split, text, trim, upper, url
from aiotwenty.bulk.transforms.times import date, epoch, excel_date
from aiotwenty.graphql.advice import instead_of

PLAIN: dict[str, Transform] = {
    "micros": micros,
    "number": number,
    "decimal_comma": decimal_comma,
    "text": text,
    "trim": trim,
    "lower": lower,
    "upper": upper,
    "url": url,
    "domain": domain,
    "email": email,
    "boolean": boolean,
    "full_name": full_name,
    "excel_date": excel_date,
    "epoch": epoch,
    "json": json.loads,
}
MADE: dict[str, Callable[..., Transform]] = {
    "split": split,
    "date": date,
    "money": money,
    "option": option,
    "lookup": lookup,
    "country": country,
    "first_and_rest": first_and_rest,
    "phone": phone,
}
"""Transforms with arguments, or that need their field."""
_OLD: dict[str, Transform] = {
    "micros:,": lambda value: micros(decimal_comma(value)),
    "number:,": lambda value: number(decimal_comma(value)),
}
_NAME = re.compile(r"\s*([a-z_]+)\s*")
_ARGUMENT = re.compile(
    r"""\s*(?:(?P<key>"[^"]*"|'[^']*'|[^\s,="'()][^,="'()]*?)\s*=\s*)?(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,"']*?)\s*(?:,|$)"""
)


def named_transform(name: str) -> Transform:
    """The transform with that name, or several in a row: `trim|upper`, `first_and_rest|phone(region=DE)`.

    Raises `ValueError` for unknown names and arguments.
    """
    if name in _OLD:
        return _OLD[name]
    plain, colon, argument = name.partition(":")
    if colon and plain in ("split", "date") and "(" not in plain:
        return MADE[plain](*([argument] if argument else []))
    steps = [_call(step) for step in _steps(name)]
    return steps[0] if len(steps) == 1 else Chain(*steps)


def transform_of(spec: Sequence[Transform | str] | Transform | str) -> Transform:
    """One transform, or several in a row, by name or as objects."""
    if isinstance(spec, str):
        return named_transform(spec)
    if isinstance(spec, Sequence):
        steps = [transform_of(step) for step in spec]
        return steps[0] if len(steps) == 1 else Chain(*steps)
    # `money` itself stands for `money()`.
    return MADE[spec.__name__]() if any(spec is made for made in MADE.values()) else spec


def spelling(step: Transform | str) -> str:
    """A transform in the notation of plans, with its arguments as far as they are known."""
    if isinstance(step, str):
        return step
    if isinstance(step, Chain):
        return "|".join(map(spelling, step.steps))
    name = getattr(step, "__name__", type(step).__name__)
    arguments = getattr(step, "arguments", ())
    return f"{name}({', '.join(map(json.dumps, arguments))})" if arguments else name


def _steps(name: str) -> list[str]:
    """The calls in a chain, separated by `|` and `:` outside of parentheses and quotes."""
    steps, depth, quote, current = [], 0, "", ""
    for letter in name:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'" and depth:
            quote = letter
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter in "|:" and depth == 0:
            steps.append(current)
            current = ""
            continue
        current += letter
    return [*steps, current]


def _call(step: str) -> Transform:
    match = _NAME.match(step)
    name = match[1] if match else step.strip()
    rest = step[match.end() :].strip() if match else ""
    if (name not in PLAIN and name not in MADE) or (rest and not (rest.startswith("(") and rest.endswith(")"))):
        raise ValueError(f"there is no transform {step.strip()!r}{instead_of(name, sorted([*PLAIN, *MADE]))}")
    inner = rest[1:-1].strip()
    if name in PLAIN:
        if inner:
            raise ValueError(f"{name} takes nothing in parentheses, not {inner!r}")
        return PLAIN[name]
    positional, named = _arguments(inner)
    try:
        return MADE[name](*positional, **named)
    except TypeError as error:
        if name == "lookup" and not positional:
            return lookup(named)
        raise ValueError(f"{step.strip()!r}: {str(error).partition(') ')[2] or error}") from None


def _arguments(inner: str) -> tuple[list[str], Mapping[str, Any]]:
    if inner == ",":
        return [inner], {}
    positional: list[str] = []
    named: dict[str, Any] = {}
    place = 0
    while place < len(inner):
        match = _ARGUMENT.match(inner, place)
        if match is None or match.end() == place:
            return [inner], {}
        value = _unquoted(match["value"])
        if match["key"]:
            named[_unquoted(match["key"].strip())] = value
        else:
            positional.append(value)
        place = match.end()
    return positional, named


def _unquoted(text: str) -> str:
    if text[:1] in ("'", '"'):
        try:
            return str(ast.literal_eval(text))
        except (ValueError, SyntaxError):
            return text[1:-1]
    return text
