"""The bases of generated models, and Twenty's scalars as Python types."""

from __future__ import annotations

import datetime
import re
import sys
import uuid
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from typing import Annotated, Any, ClassVar, Final, TypeAlias, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel, to_snake
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from aiotwenty.graphql.advice import did_you_mean, filter_the_other
from aiotwenty.graphql.composites import Money
from aiotwenty.graphql.deferred import Deferred
from aiotwenty.graphql.html import facts
from aiotwenty.graphql.object_facts import About
from aiotwenty.settings import Hidden

T = TypeVar("T")


def graphql_name(python: str) -> str:
    """The GraphQL name of a field: `domainName` for `domain_name`, `class` for `class_`."""
    return to_camel(python.removesuffix("_"))


class Record(Deferred):
    """Base class of returned models. Unknown fields of a response are ignored; a model is built at its first use."""

    model_config = ConfigDict(
        alias_generator=graphql_name, populate_by_name=True, extra="ignore", protected_namespaces=()
    )

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """The fields for `repr`: those with a value, without tokens, secrets and the signatures of addresses.

        Generated records also leave out system fields.
        """
        kept = SYSTEM_FIELDS if "_object" in type(self).__dict__ else ()
        for name, value in super().__repr_args__():
            if name in kept or is_empty(value):
                continue
            is_secret = isinstance(value, str) and value and _SECRET.search(name or "")
            yield name, Hidden(value) if is_secret else _unsigned(value)

    def _repr_html_(self) -> str:
        """The HTML for notebooks."""
        shown = {name: value for name, value in self.__repr_args__() if name is not None}
        return facts({name: repr(value) if isinstance(value, Hidden) else value for name, value in shown.items()})


SYSTEM_FIELDS = frozenset({"created_at", "created_by", "position", "search_vector", "updated_at", "updated_by"})
"""Fields that every object has and that `repr` leaves out."""


def is_empty(value: Any) -> bool:
    """Whether `repr` leaves a value out: None, an empty text or list, or a composite of such values."""
    if isinstance(value, Record):
        return all(is_empty(part) for _, part in BaseModel.__repr_args__(value))
    return value is None or (isinstance(value, str | list | dict) and not value)


_SECRET = re.compile(r"(^|_)(token|secret|password)$")
_SIGNATURE = re.compile(r"([?&]token=)[^&#\s]+")


def _unsigned(value: Any) -> Any:
    """The value with the signatures of addresses left out."""
    if isinstance(value, str):
        return _SIGNATURE.sub(r"\1***", value) if "token=" in value else value
    if type(value) is list:
        return [_unsigned(item) for item in value]
    if type(value) is dict:
        return {name: _unsigned(item) for name, item in value.items()}
    return value


class Input(Deferred):
    """Base class of inputs: accepts camelCase and snake_case, refuses unknown names, sends only fields that were set.

    A field set to None is sent as null; a field that was not set is left out.
    """

    model_config = ConfigDict(
        alias_generator=graphql_name,
        populate_by_name=True,
        extra="forbid",
        protected_namespaces=(),
        # JSON has no infinity, and pydantic would send null instead.
        allow_inf_nan=False,
    )


def set_fields(value: BaseModel) -> Iterator[tuple[str, Any]]:
    """The fields of a model that were set, by GraphQL name."""
    fields = type(value).model_fields
    for name, info in fields.items():
        if name in value.model_fields_set:
            yield info.serialization_alias or info.alias or name, getattr(value, name)


class CurrencyInput(Input):
    """Base class of inputs for CURRENCY fields, which take `Money` too."""

    @model_validator(mode="before")
    @classmethod
    def _of_money(cls, value: Any) -> Any:
        return value.parts() if isinstance(value, Money) else value


class Filter(Input):
    """Base class of the filters of objects."""

    @model_validator(mode="before")
    @classmethod
    def _refuse_to_many(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            for name in value:
                if target := cls._lists().get(graphql_name(str(name))):
                    _, plural, *keys = target
                    advice = filter_the_other(to_snake(plural), *map(to_snake, keys))
                    kind = PydanticCustomError("to_many_relation", "{advice}", {"advice": advice})
                    detail = InitErrorDetails(type=kind, loc=(str(name),), input=None)
                    raise ValidationError.from_exception_data(cls.__name__, [detail])
        return value

    @classmethod
    @cache
    def _lists(cls) -> Mapping[str, tuple[str, ...]]:
        """The relations that no filter can go through, taken from the record in the same module."""
        record = getattr(sys.modules[cls.__module__], cls.__name__.removesuffix("FilterInput"), None)
        about: About | None = getattr(record, "_object", None)
        filtered = {info.alias for info in cls.model_fields.values()}
        return {name: target for name, target in about.to_many.items() if name not in filtered} if about else {}


AggregateOrder: TypeAlias = Mapping[str, str]
"""Directions by aggregate: `{"sum_amount_amount_micros": "DescNullsLast"}`; `GroupOrder` checks it."""
_DIRECTIONS = ("AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast")


COUNTS = ("countEmpty", "countNotEmpty", "countUniqueValues", "percentageEmpty", "percentageNotEmpty")
"""The aggregates that nearly every field has, followed by its name."""


class GroupOrder(Input):
    """Base class of the orders of groups."""

    _aggregates: ClassVar[str] = ""
    """The names of its aggregates, as in the schema."""
    _counted: ClassVar[str] = ""
    """Fields that have all of `COUNTS` too, in upper camel case."""

    @classmethod
    def aggregates(cls) -> frozenset[str]:
        """All names that `aggregate` accepts, as in the schema."""
        counts = (f"{count}{field}" for field in cls._counted.split() for count in COUNTS)
        return frozenset((*cls._aggregates.split(), *counts))

    @field_validator("aggregate", mode="before", check_fields=False)
    @classmethod
    def _know_aggregates(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        known = cls.aggregates()
        directions: dict[str, str] = {}
        for name, direction in value.items():
            graphql = str(name) if name in known else graphql_name(str(name))
            text = direction.value if isinstance(direction, Enum) else direction
            if graphql not in known:
                advice = f"there is no such aggregate{did_you_mean(graphql, known)}"
            elif text not in _DIRECTIONS:
                advice = f"a direction is one of {', '.join(_DIRECTIONS)}"
            else:
                directions[graphql] = text
                continue
            kind = PydanticCustomError("aggregate_order", "{advice}", {"advice": advice})
            detail = InitErrorDetails(type=kind, loc=(str(name),), input=None)
            raise ValidationError.from_exception_data(cls.__name__, [detail])
        return directions


Open = Annotated[T | str, Field(union_mode="left_to_right")]
"""An enum whose unknown values arrive as plain strings: `Open[OpportunityStageEnum]`."""


class _Iso:
    """Validates a time in a response inside of pydantic-core, whose lax mode alone would take "2025" for an epoch.

    No epoch in seconds or milliseconds has as many digits as the shortest text of a time.
    """

    def __init__(self, shortest: int) -> None:
        self._shortest = shortest

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        read: CoreSchema
        exact: CoreSchema
        if source is datetime.datetime:
            read = core_schema.datetime_schema(tz_constraint="aware")
            exact = core_schema.datetime_schema(tz_constraint="aware", strict=True)
        else:
            read, exact = core_schema.date_schema(), core_schema.date_schema(strict=True)
        text = core_schema.chain_schema([core_schema.str_schema(strict=True, min_length=self._shortest), read])
        either = core_schema.union_schema([exact, text], mode="left_to_right")
        return core_schema.json_or_python_schema(json_schema=text, python_schema=either)


UUID: TypeAlias = uuid.UUID
DateTime: TypeAlias = Annotated[datetime.datetime, _Iso(len("2026-01-31T09:00:00"))]
"""Always with a time zone: Twenty would take a naive time as UTC, whatever the caller meant (Twenty, July 2026)."""
Date: TypeAlias = Annotated[datetime.date, _Iso(len("2026-01-31"))]
BigFloat: TypeAlias = int | float
BigInt: TypeAlias = int | float
"""A JSON number even above 2**53 and in exponent form; older servers send a string of digits (Twenty, July 2026)."""
Position: TypeAlias = int | float
Json: TypeAlias = JsonValue


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
"""An argument that is not sent at all, whereas None is sent as null."""

Maybe: TypeAlias = T | Unset
"""An optional argument of an operation: `Maybe[int | None] = UNSET`."""
