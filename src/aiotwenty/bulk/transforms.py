"""Turning the values of a file into what a field wants. Each raises ValueError for a value it cannot turn."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

Transform = Callable[[Any], Any]

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d*)?")


def micros(value: Any) -> int:
    """An amount of money as Twenty stores it: `12.5` becomes 12500000. Takes `1,234.50` too, but no currency sign."""
    scaled = _decimal(value) * 1_000_000
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{value!r} has more than six decimal places")
    if int(float(scaled)) != scaled:
        raise ValueError(f"{value!r} is more than Twenty can store exactly")
    return int(scaled)


def number(value: Any) -> float | int:
    """A number; `1,234.50` is understood."""
    decimal = _decimal(value)
    return int(decimal) if decimal == decimal.to_integral_value() else float(decimal)


def _decimal(value: Any) -> Decimal:
    text = str(value).strip()
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    try:
        decimal = Decimal(text)
    except InvalidOperation:
        hint = "; for a decimal comma say micros:, or number:," if _DECIMAL_COMMA.fullmatch(text) else ""
        raise ValueError(f"{value!r} is not a decimal number{hint}") from None
    if not decimal.is_finite() or decimal.adjusted() > 300:
        raise ValueError(f"{value!r} is not a decimal number")
    return decimal


def decimal_comma(value: Any) -> str:
    """A number written with a decimal comma, as `micros` and `number` read it: `1.234,56` becomes 1234.56."""
    text = str(value).strip()
    if not _DECIMAL_COMMA.fullmatch(text):
        raise ValueError(f"{value!r} is not a number with a decimal comma")
    return text.replace(".", "").replace(",", ".")


def text(value: Any) -> str:
    """Text, whatever it was."""
    return str(value)


def trim(value: Any) -> str:
    """Text without blanks around it."""
    return str(value).strip()


def lower(value: Any) -> str:
    """Text in lower case."""
    return str(value).lower()


def upper(value: Any) -> str:
    """Text in upper case."""
    return str(value).upper()


def url(value: Any) -> str:
    """A web address; `https://` is put before one that has no scheme. To Twenty the two are different values."""
    address = str(value).strip()
    return address if "://" in address else f"https://{address}"


def option(value: Any) -> str:
    """The name of an option as Twenty makes it from a label: `In progress` becomes IN_PROGRESS."""
    return re.sub(r"\W+", "_", str(value).strip()).upper()


def boolean(value: Any) -> bool:
    """yes/no, true/false, on/off, 1/0, x/empty, in any case."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in {"yes", "y", "true", "t", "on", "1", "x"}:
        return True
    if word in {"no", "n", "false", "f", "off", "0", ""}:
        return False
    raise ValueError(f"{value!r} is neither yes nor no")


def split(separator: str = ";") -> Transform:
    """Text cut into a list; empty parts are dropped."""
    return lambda value: [part.strip() for part in str(value).split(separator) if part.strip()]


def date(pattern: str) -> Transform:
    """A date or time written like `pattern`, as for `datetime.strptime`: `date("%d/%m/%Y")`. Without a zone: UTC."""

    def parse(value: Any) -> str:
        moment = datetime.datetime.strptime(str(value).strip(), pattern)
        if "%H" not in pattern and "%I" not in pattern:
            return moment.date().isoformat()
        return moment.replace(tzinfo=moment.tzinfo or datetime.UTC).isoformat()

    return parse


_PLAIN: dict[str, Transform] = {
    "micros": micros,
    "number": number,
    "text": text,
    "trim": trim,
    "lower": lower,
    "upper": upper,
    "url": url,
    "option": option,
    "boolean": boolean,
    "json": json.loads,
    "micros:,": lambda value: micros(decimal_comma(value)),
    "number:,": lambda value: number(decimal_comma(value)),
}
_WITH_ARGUMENT: dict[str, Callable[[str], Transform]] = {"split": split, "date": date}


def named_transform(name: str) -> Transform:
    """The transform of that name, as plans and the command line write it: `micros`, `date:%d/%m/%Y`, `split:|`."""
    plain, _, argument = name.partition(":")
    if name in _PLAIN:
        return _PLAIN[name]
    if plain in _WITH_ARGUMENT and (argument or plain == "split"):
        return _WITH_ARGUMENT[plain](argument or ";")
    known = ", ".join([*_PLAIN, "split:;", "date:%d/%m/%Y"])
    raise ValueError(f"there is no transform {name!r}; there are {known}")
