"""Telephone numbers as Twenty stores them: the national number, its country and the country's calling code.

Twenty uses libphonenumber; here it is the package `phonenumbers`, from the extra `phones`.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from aiotwenty.sandbox.errors import RecordError
from aiotwenty.sandbox.records.refused_data import invalid_phone, unreadable_phones

if TYPE_CHECKING:
    import phonenumbers

Value = dict[str, Any]

_PRIMARY = ("primaryPhoneNumber", "primaryPhoneCountryCode", "primaryPhoneCallingCode")
_MORE = ("number", "countryCode", "callingCode")
_NUMBER = re.compile(r"[+\uff0b]?\d[\d\s().\-\u2010-\u2015/~]*")
"""A number in a text. Text after it, such as an extension or letters, is ignored."""
_NOWHERE = "001"
_LONGEST_CODE = 3
"""The region of calling codes without a country."""


def completed(phone: Value) -> Value:
    """A PHONES value with the derived parts of its primary number."""
    return {**phone, **_completed(phone, _PRIMARY)}


def completed_more(phone: Any) -> Value:
    """An additional number with its derived parts only; other values than objects become empty objects."""
    return _completed(phone, _MORE) if isinstance(phone, dict) else {}


def _completed(phone: Value, names: tuple[str, str, str]) -> Value:
    given = [phone.get(name) for name in names]
    if any(not isinstance(value, str | None) for value in given):
        raise invalid_phone(given[0])
    found = _inferred(*given)
    return {name: value for name, value in zip(names, found, strict=True) if value is not None}


def _inferred(number: str | None, country: str | None, code: str | None) -> tuple[str | None, str | None, str | None]:
    if not number and not country and not code:
        return number, country, code
    library = _library()
    if country and country not in library.SUPPORTED_REGIONS:
        raise _refused(f"Invalid country code {country}", "INVALID_PHONE_COUNTRY_CODE")
    regions = _regions(library, code) if code else ()
    if code and not regions:
        raise _refused(f"Invalid calling code {code}", "INVALID_PHONE_CALLING_CODE")
    if code and country and country not in regions:
        raise _conflict("Provided country code and calling code", "CALLING_CODE_AND_COUNTRY_CODE")
    if not number:
        return number, country, code
    parsed = _parsed(library, number, country or (regions[0] if regions else None))
    if code and code.removeprefix("+") != str(parsed.country_code):
        raise _conflict("Provided and inferred calling code", "CALLING_CODE")
    own = _country(library, parsed, country)
    if country and own and country != own:
        raise _conflict("Provided and inferred country code", "COUNTRY_CODE")
    national = library.national_significant_number(parsed)
    return national, country or own, code or f"+{parsed.country_code}"


def _parsed(library: Any, number: str, region: str | None) -> phonenumbers.PhoneNumber:
    found = _NUMBER.search(number)
    if found is None:
        raise invalid_phone(number)
    try:
        parsed: phonenumbers.PhoneNumber = library.parse(found.group(), region)
    except library.NumberParseException:
        raise invalid_phone(number) from None
    return parsed


def _country(library: Any, parsed: phonenumbers.PhoneNumber, given: str | None) -> str | None:
    """The country of a number; of several with the same calling code, the given one if it fits."""
    if given and library.is_valid_number_for_region(parsed, given):
        return given
    found: str | None = library.region_code_for_number(parsed)
    return None if found == _NOWHERE else found


def _regions(library: Any, code: str) -> tuple[str, ...]:
    """The countries of a calling code, the main one first."""
    digits = code.removeprefix("+")
    is_code = digits.isdecimal() and len(digits) <= _LONGEST_CODE
    found = library.COUNTRY_CODE_TO_REGION_CODE.get(int(digits), ()) if is_code else ()
    return tuple(region for region in found if region != _NOWHERE)


@cache
def _library() -> Any:
    try:
        return importlib.import_module("phonenumbers")
    except ImportError:
        raise unreadable_phones() from None


def _refused(message: str, sub_code: str) -> RecordError:
    return RecordError(message, sub_code=sub_code, friendly=message)


def _conflict(what: str, sub_code: str) -> RecordError:
    return _refused(f"{what} are conflicting", f"CONFLICTING_PHONE_{sub_code}")
