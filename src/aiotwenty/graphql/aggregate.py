"""`Aggregate`: a model whose fields are numbers about all records of an object, or about each group of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any, Generic, Self, TypeVar

from pydantic import PrivateAttr, PydanticUndefinedAnnotation, model_validator
from pydantic.alias_generators import to_snake
from pydantic.fields import FieldInfo
from pydantic.functional_validators import ModelWrapValidatorHandler

from aiotwenty.errors import ConfigurationError
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.annotations import generic_argument, model_in, named_fields
from aiotwenty.graphql.field_types import can_hold, may_be_none, said
from aiotwenty.graphql.models import COUNTS, GroupOrder, Json, Record, graphql_name
from aiotwenty.graphql.object_facts import About

R = TypeVar("R", bound=Record)

VALUES = "groupByDimensionValues"
"""The server's name for the values that the records of a group share."""

_AGGREGATE = re.compile(
    r"totalCount|(count(UniqueValues|Empty|NotEmpty|True|False)|percentage(Empty|NotEmpty)|min|max|avg|sum)[A-Z]\w*"
)
"""Fields of an order of groups that are neither relations nor foreign keys."""


class Aggregate(Record, Generic[R]):
    """Numbers over the records of an object: exactly the fields of the model.

        class Totals(Aggregate[Opportunity]):
            total_count: int
            sum_amount_amount_micros: Decimal | None
            max_close_date: datetime | None
            count_empty_name: int

        totals = await twenty.opportunities.aggregate(Totals)
        for stage in await twenty.opportunities.group_by({"stage": True}, select=Totals):
            print(stage.values, stage.total_count)

    Names are those of the schema in snake_case, or in an alias unchanged: `total_count`; of any field
    `count_unique_values_…`, `count_empty_…`, `count_not_empty_…`, `percentage_empty_…` (0 to 1) and
    `percentage_not_empty_…`; `min_…` and `max_…` of numbers, money and times; `sum_…` and `avg_…` of numbers and money;
    `count_true_…` and `count_false_…` of booleans. The server would return null for others (Twenty, July 2026). Fields
    of the possible types of a `target` exist as well, and may be None: `count_empty_target_company: int | None`.

    If no record matches, counts are 0 and all other numbers None. Numbers are as exact as the server's, which computes
    with doubles; a Decimal has the exact text of the response.

    Each field is compared with the schema when the class is defined: `ConfigurationError` says what is wrong.
    """

    _values: list[Json] = PrivateAttr(default_factory=list)

    @property
    def values(self) -> list[Json]:
        """The common values of this group's records, in the order of `group_by`; empty if it is not a group.

        As in JSON: options and dates are texts, MULTI_SELECT a list of options, `amountMicros` an int.
        """
        return self._values

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.model_fields and cls.__pydantic_fields_complete__ and aggregated_record(cls) is not None:
            aggregates_of(cls)

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, value: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(value, Mapping):
            return read(value)
        made = read(dict(cls._without_null(value)))
        if VALUES in value:
            made._values = list(value[VALUES])
        return made

    @classmethod
    def _without_null(cls, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """The items, with null replaced where nothing was aggregated: by 0 for a count, else by the field's default."""
        never = {
            _wire_name(name, info): info for name, info in cls.model_fields.items() if not may_be_none(info.annotation)
        }
        for name, part in value.items():
            if part is not None or name not in never:
                yield name, part
            elif never[name].is_required():
                yield name, 0 if _is_count(name) else None


def aggregated_record(model: type[Aggregate[Any]]) -> type[Record] | None:
    """The generated record that a model aggregates; None if the type argument is not set yet."""
    record = generic_argument(model, Aggregate)
    return record if isinstance(record, type) and issubclass(record, Record) else None


@lru_cache(maxsize=1024)
def aggregates_of(model: type[Aggregate[Any]]) -> tuple[str, ...]:
    """The aggregates of a model, by the server's names. Raises `ConfigurationError` with all mistakes of the model."""
    record = aggregated_record(model)
    if record is None:
        raise ConfigurationError(
            f"{model.__name__} does not say of what: subclass Aggregate[...] of a generated record."
        )
    try:
        model.model_rebuild()
    except PydanticUndefinedAnnotation as error:
        raise ConfigurationError(f"{model.__name__} names {error.name!r}, which is not defined.") from error
    known = _known(record) | _morph_counts(record)
    names = {name: _wire_name(name, info) for name, info in model.model_fields.items()}
    wrong = [
        f"{model.__name__}.{name}: {problem}"
        for name, wire in names.items()
        if (problem := _problem(record, known, name, wire, model.model_fields[name]))
    ]
    if wrong:
        raise ConfigurationError("\n".join(wrong))
    if not names:
        raise ConfigurationError(f"{model.__name__} asks for nothing: give it fields, such as total_count: int.")
    return tuple(names.values())


def _known(record: type[Record]) -> frozenset[str]:
    """The aggregates of an object in the schema: the fields that its groups are ordered by."""
    order: Any = getattr(import_module(package_of(record)), f"{record.__name__}OrderByWithGroupByInput", None)
    if not (isinstance(order, type) and issubclass(order, GroupOrder)):
        raise ConfigurationError(f"the schema of {package_of(record)} has no aggregates of {record.__name__}.")
    return frozenset(name for name in order.aggregates() if _AGGREGATE.fullmatch(name))


def _morph_counts(record: type[Record]) -> frozenset[str]:
    """The counts for the parts of a relation to one of several objects (`countEmptyTargetCompany`).

    Orders of groups lack them, and what the server returns for no records is unknown, so they may be None.
    """
    about: About | None = getattr(record, "_object", None)
    parts = (part for ends in about.morph.values() for part in ends if part not in about.to_many) if about else ()
    return frozenset(f"{count}{part[:1].upper()}{part[1:]}" for part in parts for count in COUNTS)


def package_of(record: type[Record]) -> str:
    """The generated package of a record: "aiotwenty.core"."""
    module = record.__module__
    return module.partition(".objects.")[0] if ".objects." in module else module.rpartition(".")[0]


def _problem(record: type[Record], known: frozenset[str], name: str, wire: str, info: FieldInfo) -> str | None:
    if wire not in known:
        return f"{record.__name__} has no aggregate {name}{did_you_mean(name, map(to_snake, known))}."
    served = _served(record, wire)
    if not can_hold(info.annotation, served):
        return f"is declared {said(info.annotation)}, but {wire} is {said(served)}."
    is_never_none = _is_count(wire) and wire not in _morph_counts(record)
    if not is_never_none and not may_be_none(info.annotation) and info.is_required():
        return (
            f"is declared {said(info.annotation)}, but {wire} may be None, if no record matches: declare it "
            f"{said(info.annotation)} | None, or give it a default."
        )
    return None


def _served(record: type[Record], wire: str) -> Any:
    """The type of an aggregate: `min` and `max` of a time are times, all others are numbers."""
    if _is_count(wire):
        return int
    if wire.startswith(("min", "max")):
        for name, _, annotation in named_fields(record):
            if name[:1].upper() + name[1:] == wire[3:] and model_in(annotation) is None:
                return annotation
    return float


def _is_count(wire: str) -> bool:
    return wire == "totalCount" or wire.startswith("count")


def _wire_name(name: str, info: FieldInfo) -> str:
    alias = info.validation_alias if info.validation_alias is not None else info.alias
    return alias if isinstance(alias, str) else graphql_name(name)
