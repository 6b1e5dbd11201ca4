"""Numbers and money: exact, and read in the same notation in a whole column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from aiotwenty.bulk.source.base import NumberText
from aiotwenty.bulk.transforms.base import ColumnTransform, FieldFacts

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
    """A number, also in the notation `1,234.50`."""
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


def _is_number(value: Any) -> bool:
    """Whether the value is a number, not a text in which comma or point could mean either."""
    return isinstance(value, int | float | Decimal | NumberText) and not isinstance(value, bool)


def decimal_comma(value: Any) -> str:
    """A number written with a decimal comma, as `micros` and `number` read it: `1.234,56` becomes 1234.56."""
    text = str(value).strip()
    if _is_number(value):
        return text
    if not _DECIMAL_COMMA.fullmatch(text):
        raise ValueError(f"{value!r} is not a number with a decimal comma")
    return text.replace(".", "").replace(",", ".")


_SIGNS = {
    "€": "EUR",
    "$": "USD",
    "US$": "USD",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₩": "KRW",
    "₽": "RUB",
    "₺": "TRY",
    "₴": "UAH",
    "zł": "PLN",
    "Kč": "CZK",
    "Fr.": "CHF",
    "R$": "BRL",
    "C$": "CAD",
    "CA$": "CAD",
    "A$": "AUD",
}
_MINUS = "-\u2212\u2013"
_AMOUNT = re.compile(r"\d[\d.,'\u2019 ]*")
_GROUPED = {
    ".": re.compile(r"\d{1,3}(?:([,' ])\d{3})?(?:\1\d{3})*(?:\.\d*)?|\d+(?:\.\d*)?|\d{1,2}(?:,\d{2})*,\d{3}(?:\.\d*)?"),
    ",": re.compile(r"\d{1,3}(?:([.' ])\d{3})?(?:\1\d{3})*(?:,\d*)?|\d+(?:,\d*)?"),
}


class money(ColumnTransform):  # noqa: N801 - used as a function
    """An amount with its currency, as Twenty stores it: `1.234,56 €`, `$1,234.56`, `CHF 1'234.50`, `(500.00)`, `12-`.

    The decimal separator is passed (`money(",")`), or found in the whole column: one unambiguous value decides for all.
    If there is none, or two disagree, the load is refused before it begins. The currency is the one in the value, or
    else `currency`.
    """

    def __init__(self, decimal: str | None = None, currency: str | None = None) -> None:
        if decimal not in (None, ",", "."):
            if currency is not None or not re.fullmatch("[A-Z]{3}", str(decimal)):
                raise ValueError(f"money: the decimal separator must be ',' or '.', not {decimal!r}")
            decimal, currency = None, decimal
        if currency is not None and not re.fullmatch("[A-Z]{3}", currency):
            raise ValueError(f"money: a currency is three capitals, such as EUR, not {currency!r}")
        self._said = decimal
        self.arguments = tuple(filter(None, (decimal, currency)))
        self._currency = currency
        self._decides: dict[str, str] = {}
        self._undecided = ""
        self._facts: FieldFacts | None = None

    def bind(self, facts: FieldFacts) -> Self:
        bound = type(self)(self._said, self._currency)
        bound._facts = facts
        return bound

    @property
    def learns(self) -> bool:
        return self._said is None

    def learn(self, value: Any) -> None:
        if _is_number(value) or _is_whole(value):
            return
        try:
            digits = _digits(value)[0]
        except ValueError:
            return
        point, comma = (_GROUPED[mark].fullmatch(digits) is not None for mark in ".,")
        if point and comma:
            if "." in digits or "," in digits:
                self._undecided = self._undecided or str(value)
        elif point or comma:
            self._decides.setdefault("." if point else ",", str(value))

    def learned(self) -> str | None:
        """The note about the column. Raises `ValueError` if the values don't decide."""
        if len(self._decides) == 2:
            raise ValueError(
                f"{self._decides['.']!r} has a decimal point and {self._decides[',']!r} a decimal comma; a column is "
                "written in one way"
            )
        if not self._decides and self._undecided:
            raise ValueError(
                f"{self._undecided!r} is ambiguous, and so is the whole column; "
                'use money(",") for a decimal comma, or money(".") for a decimal point'
            )
        self._said = next(iter(self._decides), ".")
        example = next(iter(self._decides.values()), None)
        return None if example is None else f"decimal {'comma' if self._said == ',' else 'point'}, as in {example!r}"

    def __call__(self, value: Any) -> Any:
        if _is_whole(value):
            return value
        if _is_number(value):
            amount, currency = _decimal(value), None
        else:
            digits, negative, currency = _digits(value)
            marks = [self._said] if self._said else [mark for mark in ".," if _GROUPED[mark].fullmatch(digits)]
            if self._said is None and len(marks) == 2 and re.search("[.,]", digits):
                raise ValueError(f'{value!r} can be read in two ways; say money(",") or money(".")')
            mark = marks[0] if marks else "."
            if not _GROUPED[mark].fullmatch(digits):
                raise ValueError(f"{value!r} is no amount with a decimal {'comma' if mark == ',' else 'point'}")
            plain = re.sub(f"[^0-9{mark}]", "", digits).replace(",", ".")
            amount = -Decimal(plain) if negative else Decimal(plain)
        code = currency or self._currency
        if self._facts is not None and self._facts.composite != "currency":
            return int(amount) if amount == amount.to_integral_value() else float(amount)
        return {"amountMicros": micros(amount), **({"currencyCode": code} if code else {})}


def _is_whole(value: Any) -> bool:
    """Whether the value is the whole field, with micros: an object, or one as text."""
    return isinstance(value, Mapping) or (isinstance(value, str) and value.lstrip().startswith("{"))


def _digits(value: Any) -> tuple[str, bool, str | None]:
    """The digits with their separators, whether the amount is negative, and the currency."""
    text = " ".join(re.sub("[\u00a0\u202f\u2007\u2009]", " ", str(value)).split()).lstrip("'")
    refused = ValueError(f"{value!r} is no amount of money")
    match = _AMOUNT.search(text)
    if match is None:
        raise refused
    digits = match[0].rstrip(" .,'\u2019") if not re.fullmatch(r".*[.,]-*", match[0]) else match[0].rstrip(" ")
    rest = (text[: match.start()] + " " + text[match.start() + len(digits) :]).strip()
    rest = re.sub(r"[,.]?[-\u2013]{1,2}$", "", rest) if re.search(r"[,.][-\u2013]{1,2}$", text) else rest
    negative = rest.startswith("(") and rest.endswith(")")
    if negative:
        rest = rest[1:-1]
    if any(sign in rest for sign in _MINUS):
        if negative or sum(rest.count(sign) for sign in _MINUS) > 1:
            raise refused
        negative, rest = True, re.sub(f"[{_MINUS}]", "", rest)
    rest = rest.replace("+", "", 1).strip()
    currency = _SIGNS.get(rest) or (rest.upper() if re.fullmatch("[A-Za-z]{3}", rest) else None)
    if rest and currency is None:
        raise refused
    return digits.replace("\u2019", "'"), negative, currency
