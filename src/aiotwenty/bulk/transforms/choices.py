"""Values from a set: options of picklists, booleans, countries, tables of the caller."""

from __future__ import annotations

import csv
import gettext
import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from aiotwenty.bulk.transforms.base import ColumnTransform, FieldFacts, Transform

_YES = frozenset(["yes", "y", "true", "t", "on", "1", "x", "✓", "ja", "oui", "si", "sí", "sim", "da", "wahr", "vrai"])
_NO = frozenset(["no", "n", "false", "f", "off", "0", "nein", "non", "nao", "não", "falsch", "faux"])
_OPTION = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
_LETTERS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "Ä": "AE", "Ö": "OE", "Ü": "UE", "ø": "o", "Ø": "O"}
)
_SHOWN = 20


def boolean(value: Any) -> bool:
    """yes/no, true/false, on/off, 1/0, x/empty, ja/nein, oui/non, sí/no, in any case."""
    if isinstance(value, bool):
        return value
    word = str(value).strip().casefold()
    if word in _YES:
        return True
    if word in _NO or not word:
        return False
    raise ValueError(f"{value!r} is neither yes nor no")


def option_value(label: str) -> str:
    """The value of an option with this label: `In progress` becomes IN_PROGRESS (Twenty, July 2026: FACTS 13)."""
    plain = unicodedata.normalize("NFKD", label.translate(_LETTERS)).encode("ascii", "ignore").decode()
    text = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_").upper()[:63].strip("_")
    text = text if text[:1].isalpha() else f"OPTION_{text}".rstrip("_")
    if not _OPTION.fullmatch(text):
        raise ValueError(f"{label!r} gives no value for an option")
    return text


class option(ColumnTransform):  # noqa: N801 - used as a function
    """An option of a picklist by its label in the workspace, in any case, or by its value; lists by `;` or `,`.

    An unknown option is refused with a list of the existing ones, or added to the picklist before the first row is sent
    (`add_options=True`). If labels were not read, a label is converted: `In progress` to IN_PROGRESS.
    """

    takes_lists = True
    needs_options = True

    def __init__(self, value: Any = None) -> None:
        self._facts = FieldFacts("")
        self._known: dict[str, str] = {}
        self.values: set[str] = set()
        self.missing: dict[str, str] = {}
        """Labels without an option, with the future values."""

    def __new__(cls, value: Any = None) -> Any:
        # For compatibility, `option("In progress")` is IN_PROGRESS; `option()` and `option` are the transform.
        return super().__new__(cls) if value is None else option_value(str(value).strip())

    def bind(self, facts: FieldFacts) -> Self:
        bound: Self = type(self)()
        bound._facts = facts
        for value, label in facts.options or ():
            bound._known.setdefault(_folded(label), value)
        for value, _ in facts.options or ():
            bound._known.setdefault(_folded(value), value)
            bound._known.setdefault(_folded(value.replace("_", " ")), value)
        bound.values = {value for value, _ in facts.options or ()}
        return bound

    @property
    def learns(self) -> bool:
        return self._facts.add_options and self._facts.options is not None

    def learn(self, value: Any) -> None:
        for item in self._items(value):
            if self._find(item) is None and _folded(item):
                made = option_value(item)
                if made in self.values or made in self.missing.values():
                    continue
                self.missing.setdefault(item, made)
                self._known[_folded(item)] = made

    def learned(self) -> str | None:
        made = ", ".join(f"{label!r} ({value})" for label, value in self.missing.items())
        return f"new options: {made}" if made else None

    def __call__(self, value: Any) -> Any:
        found = [self._option(item) for item in self._items(value)]
        return found if self._facts.is_list else found[0] if found else None

    def _items(self, value: Any) -> list[str]:
        if isinstance(value, list):
            return [str(item).strip() for item in value]
        if self._facts.is_list:
            return [item.strip() for item in re.split("[;,\n]", str(value)) if item.strip()]
        return [str(value).strip()]

    def _find(self, label: str) -> str | None:
        return label if label in self.values else self._known.get(_folded(label))

    def _option(self, label: str) -> str:
        if self._facts.options is None:
            return option_value(label)
        found = self._find(label)
        if found is None:
            there = [f"{label} ({value})" for value, label in self._facts.options]
            shown = ", ".join(there[:_SHOWN]) + (f" and {len(there) - _SHOWN} more" if len(there) > _SHOWN else "")
            raise ValueError(f"{label!r} is not an option; there are {shown} (add_options adds it)")
        return found


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def lookup(table: Mapping[str, Any] | str | Path | None = None, /, **more: Any) -> Transform:
    """The table's entry for a value, in any case: `lookup({"Won": "CUSTOMER"})`, `lookup(Won=CUSTOMER)`.

    A path is that of a CSV file with two columns and a header.
    """
    entries: dict[str, Any] = {}
    if isinstance(table, str | Path):
        try:
            with Path(table).open(encoding="utf-8-sig", newline="") as file:
                rows = [row for row in csv.reader(file) if any(row)][1:]
        except OSError as error:
            raise ValueError(f"lookup: {table} cannot be read ({error.strerror})") from None
        if any(len(row) < 2 for row in rows):
            raise ValueError(f"lookup: {table} must have two columns, value and result")
        entries = {row[0]: row[1] for row in rows}
    elif table:
        entries = dict(table)
    entries = {_folded(str(key)): value for key, value in {**entries, **more}.items()}
    if not entries:
        raise ValueError('lookup: needs a table, as lookup("Won"="CUSTOMER") or lookup("stages.csv")')

    def find(value: Any) -> Any:
        try:
            return entries[_folded(str(value))]
        except KeyError:
            raise ValueError(f"{value!r} is not in the table, which has {', '.join(list(entries)[:_SHOWN])}") from None

    return find


def country(form: str = "name") -> Transform:
    """A country by its name in any language, or its code: `DE`, `DEU`, `Germany` and `Deutschland` are `Germany`.

    `country("code")` gives the two letters instead. Needs the extra `countries`.
    """
    if form not in ("name", "code"):
        raise ValueError(f'country: gives a "name" or a "code", not {form!r}')
    try:
        pycountry = import_module("pycountry")
    except ModuleNotFoundError:
        raise ValueError("country needs pycountry: pip install 'aiotwenty[countries]'") from None

    def find(value: Any) -> str:
        word = _folded(str(value)).removeprefix("the ").strip(".")
        code = _COMMON.get(word.replace(".", "")) or _codes(pycountry).get(word) or _translated(pycountry).get(word)
        if code is None:
            raise ValueError(f"{value!r} is no country")
        entry = pycountry.countries.get(alpha_2=code)
        return code if form == "code" else getattr(entry, "common_name", entry.name)

    return find


_COMMON = {
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "usa": "US",
    "us": "US",
    "united states of america": "US",
    "holland": "NL",
    "russia": "RU",
    "turkey": "TR",
    "south korea": "KR",
    "north korea": "KP",
    "ivory coast": "CI",
    "czech republic": "CZ",
    "macedonia": "MK",
    "swaziland": "SZ",
    "cape verde": "CV",
    "vatican": "VA",
    "burma": "MM",
    "uae": "AE",
    "brunei": "BN",
    "palestine": "PS",
}
"""Names of countries that the library lacks."""


@cache
def _codes(pycountry: Any) -> dict[str, str]:
    codes: dict[str, str] = {}
    for entry in pycountry.countries:
        for name in ("alpha_2", "alpha_3", "name", "common_name", "official_name"):
            if word := getattr(entry, name, None):
                codes.setdefault(_folded(word), entry.alpha_2)
    return codes


@cache
def _translated(pycountry: Any) -> dict[str, str]:
    """Codes by the names in all languages of the library; ambiguous names are left out."""
    names: dict[str, str] = {}
    unclear: set[str] = set()
    for folder in sorted(Path(pycountry.LOCALES_DIR).iterdir()):
        try:
            translation = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[folder.name])
        except OSError:
            continue
        for entry in pycountry.countries:
            for name in {entry.name, getattr(entry, "common_name", entry.name)}:
                word = _folded(translation.gettext(name))
                if names.setdefault(word, entry.alpha_2) != entry.alpha_2:
                    unclear.add(word)
    return {word: code for word, code in names.items() if word not in unclear}
