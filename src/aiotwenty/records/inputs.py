"""Validates arguments of callers, which are models or mappings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.encode import encode_json
from aiotwenty.graphql.input_problems import problems
from aiotwenty.graphql.models import Record

M = TypeVar("M", bound=BaseModel)


def as_model(value: object, model: type[M], what: str) -> M:
    """The value as the model. Raises `InvalidArgument` that names every wrong field, but no values."""
    if isinstance(value, model):
        return value
    if isinstance(value, BaseModel):
        raise InvalidArgument(f"{what} must be a {model.__name__} or a mapping, not a {type(value).__name__}.")
    if not isinstance(value, Mapping):
        raise InvalidArgument(f"{what} must be a {model.__name__} or a mapping, not {type(value).__name__}.")
    # A composite value that was read, such as another record's address, may be written as it is.
    plain = {name: part.model_dump() if isinstance(part, Record) else part for name, part in value.items()}
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        wrong = problems(error, model)
    raise InvalidArgument(
        f"{what}: {'; '.join(problem.told(with_value=False) for problem in wrong)}.",
        errors=[{"message": problem.told(with_value=False), "path": list(problem.path)} for problem in wrong],
    )


def as_models(value: object, model: type[M], what: str) -> list[M]:
    """One value or a sequence of values, as models."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [
            item if isinstance(item, model) else as_model(item, model, f"{what}[{position}]")
            for position, item in enumerate(value)
        ]
    return [as_model(value, model, what)]


def in_turn(value: object) -> object:
    """Orders or groups with one key in each mapping, so that the first key of a mapping counts most.

    A model forgets the order in which its fields were set, and older servers take the schema's order (Twenty, November
    2025).
    """
    if isinstance(value, Mapping):
        parts = list(_in_turn(value))
        return parts[0] if len(parts) == 1 else parts
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [part for item in value for part in (_in_turn(item) if isinstance(item, Mapping) else [item])]
    return value


def _in_turn(value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, part in value.items():
        inner = list(_in_turn(part)) if isinstance(part, Mapping) and "granularity" not in part else []
        keys = [key for mapping in inner for key in mapping]
        # A composite whose parts have the model's order stays whole, as a cursor requires (Twenty, July 2026).
        if len(inner) < 2 or (len(inner) == len(part) and keys == sorted(keys)):
            inner = [part]
        yield from ({name: inner_value} for inner_value in inner)


def without_utc(group_by: object) -> list[Any] | None:
    """The groups without time zones, which older servers don't have, if all zones are UTC; otherwise None."""
    plain = from_json(encode_json(group_by))
    dates = [each for each in _mappings(plain) if "timeZone" in each]
    if any(each.pop("timeZone") != "UTC" for each in dates):
        return None
    return cast("list[Any]", plain) if dates else None


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _mappings(inner)
