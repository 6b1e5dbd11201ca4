"""Describes pydantic's errors about input in words. No other module reads a `ValidationError` of input."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.annotations import item_in, model_in

_LONGEST_VALUE = 80
_SUGGESTED = 20
"""The number of problems up to which similar names are looked up."""
_ALTERNATIVE = re.compile(r"(function-|constrained-)|(int|float|str|bool|date|datetime)$")
"""Parts that pydantic appends to the path of a field with several types."""


class InputProblem(NamedTuple):
    """A mistake and its place. `path` has names as the caller wrote them, and positions in lists."""

    path: tuple[int | str, ...]
    message: str
    value: Any
    """The wrong value; for a missing field, the object that lacks it."""
    name_only: bool = False
    """Whether the name is wrong or missing, so that the value doesn't matter."""

    @property
    def where(self) -> str:
        return ".".join(str(step) for step in self.path)

    def told(self, *, with_value: bool) -> str:
        """The problem on one line; the value only if it may be shown."""
        shown = ""
        if with_value and not self.name_only:
            value = repr(self.value)
            shown = f", not {value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 3] + '...'}"
        return f"{self.where or 'value'}: {self.message}{shown}"


def problems(
    error: ValidationError, model: type[BaseModel] | None = None, *, noun: str = "field"
) -> list[InputProblem]:
    """The problems, one for each place. `model` is the validated model, whose names are suggested for misspelt ones."""
    by_place: dict[tuple[int | str, ...], InputProblem] = {}
    for detail in error.errors(include_url=False, include_context=False):
        path = detail["loc"]
        path = (*path[:1], *(step for step in path[1:] if isinstance(step, int) or not _ALTERNATIVE.match(step)))
        about = model if len(by_place) < _SUGGESTED else None
        by_place.setdefault(
            path,
            InputProblem(
                path, _message(detail, about, noun), detail["input"], detail["type"] in ("missing", "extra_forbidden")
            ),
        )
    return list(by_place.values())


def explained(
    error: ValidationError,
    model: type[BaseModel] | None = None,
    *,
    with_values: bool = False,
    noun: str = "field",
    most: int = 5,
) -> str:
    """The problems on one line, at most `most` of them."""
    listed = problems(error, model, noun=noun)
    more = f" ({len(listed) - most} more like it)" if len(listed) > most else ""
    return "; ".join(problem.told(with_value=with_values) for problem in listed[:most]) + more


def _message(detail: Mapping[str, Any], model: type[BaseModel] | None, noun: str) -> str:
    if detail["type"] == "missing":
        return "is missing"
    if detail["type"] == "extra_forbidden":
        *path, name = detail["loc"]
        return f"there is no such {noun}{did_you_mean(str(name), _names(model, path))}"
    return str(detail["msg"])


def _names(model: type[BaseModel] | None, path: list[int | str]) -> Iterator[str]:
    """The names of the fields at a place in a model."""
    for step in path:
        model = model and _inner(model, step)
    if model is not None:
        yield from model.model_fields
        yield from (info.alias for info in model.model_fields.values() if info.alias)


def _inner(model: type[BaseModel], step: int | str) -> type[BaseModel] | None:
    """The model of a field, or of its items if it is a list."""
    if isinstance(step, int):
        return model
    model.model_rebuild()
    for name, info in model.model_fields.items():
        if step in (name, info.alias):
            return model_in(info.annotation) or model_in(item_in(info.annotation))
    return None
