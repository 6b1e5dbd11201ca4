"""Parts of composite fields that have a form of their own, and amounts of money.

In the schema, additional phones and links are any JSON. The server takes them as lists of these objects, and drops
other values or makes them empty objects (Twenty, July 2026).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, TypeAlias, TypedDict

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.deferred import Deferred
from aiotwenty.graphql.input_scalars import LARGEST_EXACT, as_link, as_phone

MICROS = 1_000_000
"""Millionths in one unit of a currency."""


_LISTS = {"additionalPhones": "AdditionalPhone", "secondaryLinks": "SecondaryLink", "additionalEmails": "String"}
_EXACT = {
    ("amountMicros", "BigFloat"): "Micros",
    ("primaryLinkUrl", "String"): "Link",
    ("primaryPhoneNumber", "String"): "Phone",
}
# Names of their own, because the code generator knows the types of the built-in scalars.
EXACT_EVERYWHERE = {"Boolean": "ExactBoolean", "Float": "ExactFloat", "Int": "ExactInt"}
"""Input scalars on either endpoint that accept less than pydantic would convert."""


def listed_scalar(name: str, scalar: str) -> str | None:
    """The scalar of a part's items, if the part is a list that is JSON in the schema; otherwise None."""
    return _LISTS.get(name) if scalar == "JSON" else None


def exact_scalar(name: str, scalar: str) -> str | None:
    """A scalar of ours for a part that accepts less in input than the schema's scalar; otherwise None."""
    if scalar == "JSON":
        return "RawJson"
    return EXACT_EVERYWHERE.get(scalar) or _EXACT.get((name, scalar))


class JsonPart(Deferred):
    """Base of objects inside a JSON value, which are read and written as a whole. Unknown keys are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class AdditionalPhone(JsonPart):
    """An additional phone of a PHONES field."""

    number: str | None = None
    """In input, any notation that names the country; as stored, the national number without 0 and spaces."""
    country_code: str | None = None
    """`FR`"""
    calling_code: str | None = None
    """`+33`"""


class SecondaryLink(JsonPart):
    """An additional link of a LINKS field."""

    url: str | None = None
    label: str | None = None


class AdditionalPhoneDict(TypedDict, total=False):
    """An `AdditionalPhone` as a dict."""

    number: str | None
    country_code: str | None
    calling_code: str | None


class FileReference(dict[str, str]):
    """An uploaded file: an item of a FILES field."""


class SecondaryLinkDict(TypedDict, total=False):
    """A `SecondaryLink` as a dict."""

    url: str | None
    label: str | None


def _as_phone(value: Any) -> Any:
    if isinstance(value, str):
        value = {"number": value}
    _known_keys(value, AdditionalPhone)
    return value


def _checked_phone(phone: AdditionalPhone) -> AdditionalPhone:
    number = (phone.number or "").strip()
    if not number:
        raise _refused("has no number")
    if not (phone.country_code or phone.calling_code or number.startswith("+") or number.lower().startswith("tel:")):
        raise _refused("needs its country: +33612345678, or a country code or a calling code beside the number")
    as_phone(number)
    return phone


def _as_link(value: Any) -> Any:
    if isinstance(value, str):
        value = {"url": value}
    _known_keys(value, SecondaryLink)
    return value


def _checked_link(link: SecondaryLink) -> SecondaryLink:
    if not (link.url or "").strip():
        raise _refused("has no url, without which the server drops it")
    as_link(link.url or "")
    return link


def _known_keys(value: object, model: type[BaseModel]) -> None:
    """Refuses unknown keys. Responses may have new ones, but in input the server would drop them."""
    names = {alias for name, info in model.model_fields.items() for alias in (name, info.alias)}
    if isinstance(value, Mapping) and (unknown := [name for name in value if name not in names]):
        known = ", ".join(model.model_fields)
        raise _refused(f"has an unknown key {str(unknown[0])!r}; there are {known}")


def _refused(message: str) -> PydanticCustomError:
    return PydanticCustomError("part", "{message}", {"message": message})


AdditionalPhoneInput: TypeAlias = Annotated[AdditionalPhone, BeforeValidator(_as_phone), AfterValidator(_checked_phone)]
SecondaryLinkInput: TypeAlias = Annotated[SecondaryLink, BeforeValidator(_as_link), AfterValidator(_checked_link)]


class Money:
    """An amount in a currency, for any CURRENCY field: `Money("12.50", "EUR")`.

    Exact, with up to six decimal places: Twenty stores millionths. Raises `InvalidArgument` for an amount that it can't
    store exactly.
    """

    __slots__ = ("amount", "currency")

    def __init__(self, amount: str | int | Decimal, currency: str) -> None:
        self.amount = _amount(amount)
        self.currency = currency
        if not isinstance(currency, str) or not currency:
            raise InvalidArgument("Money needs a currency code, such as EUR.")

    @property
    def amount_micros(self) -> int:
        """The amount in millionths, as Twenty stores it."""
        return int(self.amount * MICROS)

    def __repr__(self) -> str:
        return f"Money({str(self.amount)!r}, {self.currency!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and (self.amount, self.currency) == (other.amount, other.currency)

    def __hash__(self) -> int:
        return hash((self.amount, self.currency))

    def parts(self) -> dict[str, int | str]:
        """The amount and currency as the keys of a CURRENCY field."""
        return {"amountMicros": self.amount_micros, "currencyCode": self.currency}


def _amount(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise InvalidArgument(
            f'an amount must be a string, an int or a Decimal, such as "12.50", not {type(value).__name__}.'
        )
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise InvalidArgument(f"{value!r} is not an amount of money: write 1234.50.") from None
    if not amount.is_finite():
        raise InvalidArgument(f"{value!r} is not an amount of money.")
    scaled = amount.scaleb(6)
    if scaled != scaled.to_integral_value():
        raise InvalidArgument(f"{value!r} has more than six decimal places, which Twenty does not keep.")
    if abs(scaled) > LARGEST_EXACT:
        raise InvalidArgument(f"{value!r} is more than Twenty can store exactly.")
    return amount
