"""Names, e-mail addresses, links and telephone numbers."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, Self

from aiotwenty.bulk.transforms.base import ColumnTransform, FieldFacts, Several

_PARTICLES = frozenset(
    [
        "von",
        "vom",
        "zu",
        "zum",
        "zur",
        "van",
        "de",
        "der",
        "den",
        "del",
        "della",
        "dello",
        "di",
        "da",
        "do",
        "dos",
        "das",
        "du",
        "des",
        "la",
        "le",
        "el",
        "al",
        "bin",
        "ibn",
        "ter",
        "ten",
        "te",
        "af",
        "av",
        "op",
    ]
)
_SUFFIXES = frozenset(
    ("jr jr. sr sr. ii iii iv phd ph.d. md m.d. esq esq. mba").split()  # noqa: SIM905 - to be read
)
_MAILBOXES = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "yahoo.com",
        "ymail.com",
        "icloud.com",
        "me.com",
        "mac.com",
        "aol.com",
        "gmx.de",
        "gmx.net",
        "gmx.at",
        "gmx.ch",
        "web.de",
        "t-online.de",
        "freenet.de",
        "mail.com",
        "mail.ru",
        "yandex.ru",
        "qq.com",
        "163.com",
        "126.com",
        "proton.me",
        "protonmail.com",
        "orange.fr",
        "free.fr",
        "wanadoo.fr",
        "laposte.net",
        "libero.it",
        "zoho.com",
    ]
)
_ROUNDED = re.compile(r"[+-]?\d+[.,]0|[+-]?\d+([.,]\d+)?[eE]\+?\d+")
"""A telephone number in the notation of a decimal number, which adds a digit or loses the last ones."""
_BLANKS = r"(?:(?<!\s)\s+)?"
"""Space before a separator: the pattern is tried once for a run of spaces, not from each of them."""
_IN_BRACKETS = re.compile(r"[^<>]*<\s*(?:(?i:mailto):)?([^<>\s]+)\s*>")
_BETWEEN = {
    "links": re.compile(rf"{_BLANKS}(?::::|[;|\n])\s*|,?\s+"),
    None: re.compile(rf"{_BLANKS}(?::::|[;|\n,])\s*"),
}


def full_name(value: Any) -> dict[str, str]:
    """First and last name of a text: `Ada van der Bo`, `Bo, Ada`. A single name is a first name.

    The last word is the last name, with the particles before it (van der) and the suffixes after it (Jr.); the others
    are the first name.
    """
    text = " ".join(str(value).split())
    last, comma, first = (part.strip() for part in text.partition(","))
    if comma and first.lower() not in _SUFFIXES:
        return {"firstName": first, "lastName": last}
    words = text.replace(",", "").split()
    end = len(words)
    while end > 1 and words[end - 1].lower() in _SUFFIXES:
        end -= 1
    start = max(end - 1, min(1, len(words)))
    while start > 1 and words[start - 1].lower() in _PARTICLES:
        start -= 1
    return {"firstName": " ".join(words[:start]), "lastName": " ".join(words[start:])}


def domain(value: Any) -> str | None:
    """The host of a link or an e-mail address, without www: `https://www.Acme.example/x` is `acme.example`.

    As a relation (`company.domainName:domain`) it finds a company by any of its links. For an address at a mail
    provider (gmail.com, gmx.de) it is None, because that is not the person's company.
    """
    text = str(value).strip().lower()
    if not text:
        return None
    is_address = "@" in text and "://" not in text
    host = text.rpartition("@")[2] if is_address else re.sub(r"^[a-z][a-z0-9+.-]*://", "", text)
    host = re.split("[/?#:]", host.rpartition("@")[2])[0].strip(".> ")
    host = host.removeprefix("www.")
    if not re.fullmatch(r"[^\s.,;]+(\.[^\s.,;]+)+", host):
        raise ValueError(f"{value!r} has no domain")
    return None if is_address and host in _MAILBOXES else host


def email(value: Any) -> str:
    """The e-mail address in a text: `Ada Bo <ada@acme.example>` or `mailto:ada@acme.example`. The name is left out."""
    text = str(value).strip()
    match = _IN_BRACKETS.fullmatch(text)
    address = match[1] if match else re.sub(r"(?i)^mailto:\s*", "", text).partition("?")[0]
    if not re.fullmatch(r"[^\s<>,;@]+@[^\s<>,;@]+", address):
        raise ValueError(f"{value!r} has no e-mail address, or several")
    return address


class first_and_rest(ColumnTransform):  # noqa: N801 - used as a function
    """Several e-mail addresses, links or numbers: the first becomes the primary one, the others are additional.

    The values of one cell, separated by `;`, `|`, ` ::: `, line breaks or commas (or by an argument:
    `first_and_rest("/")`), and of all columns with this transform and field, in order. Duplicates are dropped.
    """

    def __init__(self, separator: str | None = None) -> None:
        self._separator = separator
        self.arguments = (separator,) if separator else ()
        self._pattern = re.compile(rf"{_BLANKS}{re.escape(separator)}\s*") if separator else _BETWEEN[None]

    def bind(self, facts: FieldFacts) -> Self:
        bound = type(self)(self._separator)
        if self._separator is None:
            bound._pattern = _BETWEEN.get(facts.composite, _BETWEEN[None])
        return bound

    def __call__(self, value: Any) -> Several:
        return Several(part for part in self._pattern.split(str(value).strip()) if part)


class PhoneNumber(dict[str, Any]):
    """A dict with `number`, `countryCode` and `callingCode`."""


class phone(ColumnTransform):  # noqa: N801 - used as a function
    """A telephone number in any notation, with its country: `+49 170 1234567`, or `030 1234567` with `region="DE"`.

    An apostrophe before it, as for spreadsheets, is ignored. An extension, which Twenty drops silently (July 2026), is
    refused, or dropped with `extension="drop"`. Needs the extra `phones`.
    """

    def __init__(self, region: str | None = None, extension: str = "refuse") -> None:
        try:
            self._library = import_module("phonenumbers")
        except ModuleNotFoundError:
            raise ValueError("phone needs phonenumbers: pip install 'aiotwenty[phones]'") from None
        if region is not None and region.upper() not in self._library.SUPPORTED_REGIONS:
            raise ValueError(f"phone: the region must be a two-letter country code such as DE, not {region!r}")
        self._region = region.upper() if region else None
        self._extension = extension
        self.arguments = (self._region,) if self._region else ()
        self._facts: FieldFacts | None = None

    def bind(self, facts: FieldFacts) -> Self:
        bound = type(self)(self._region or facts.region, self._extension)
        bound._facts = facts
        return bound

    def __call__(self, value: Any) -> Any:
        text = str(value).strip().lstrip("'\u2019").strip()
        if _ROUNDED.fullmatch(text):
            raise ValueError(f"{value!r} is a number that a spreadsheet has made of it: write the column as text")
        text = "+" + text[2:] if text.startswith("00") and not self._region else text
        try:
            number = self._library.parse(text, self._region)
        except self._library.NumberParseException as error:
            if error.error_type == error.INVALID_COUNTRY_CODE and self._region is None:
                raise ValueError(
                    f'{value!r} does not say its country; say which: phone(region="DE"), region=, --region'
                ) from None
            raise ValueError(f"{value!r} is no telephone number") from None
        if not self._library.is_possible_number(number):
            raise ValueError(f"{value!r} is no possible telephone number of +{number.country_code}")
        if number.extension and self._extension != "drop":
            raise ValueError(f'{value!r} has an extension, which is not kept; to drop it: phone(extension="drop")')
        if self._facts is not None and self._facts.composite != "phones":
            return self._library.format_number(number, self._library.PhoneNumberFormat.E164)
        country = self._library.region_code_for_number(number)
        return PhoneNumber(
            number=self._library.national_significant_number(number),
            **({"countryCode": country} if country and country != "001" else {}),
            callingCode=f"+{number.country_code}",
        )
