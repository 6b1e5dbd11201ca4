"""What callers hand in, models or plain mappings, as validated models."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from aiotwenty.errors import InvalidInput

M = TypeVar("M", bound=BaseModel)


def as_model(value: object, model: type[M], what: str) -> M:
    """The value as that model. Raises `InvalidInput`, naming every field that is wrong but none of the values."""
    if isinstance(value, model):
        return value
    if isinstance(value, BaseModel):
        raise InvalidInput(f"{what} must be a {model.__name__} or a mapping, not a {type(value).__name__}.")
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{what} must be a {model.__name__} or a mapping, not {type(value).__name__}.")
    problems: list[dict[str, Any]]
    try:
        return model.model_validate(dict(value))
    except ValidationError as error:
        problems = [
            {"message": f"{_text(item['loc'])}: {item['msg']}{_similar(model, item)}", "path": list(item["loc"])}
            for item in error.errors(include_url=False, include_input=False, include_context=False)
        ]
    raise InvalidInput(f"{what}: " + "; ".join(problem["message"] for problem in problems) + ".", errors=problems)


def as_models(value: object, model: type[M], what: str) -> list[M]:
    """One value or a sequence of them."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [
            item if isinstance(item, model) else as_model(item, model, f"{what}[{position}]")
            for position, item in enumerate(value)
        ]
    return [as_model(value, model, what)]


def _text(path: Sequence[int | str]) -> str:
    return ".".join(str(step) for step in path) or "value"


def _similar(model: type[BaseModel], problem: Mapping[str, Any]) -> str:
    if problem["type"] != "extra_forbidden" or len(problem["loc"]) != 1:
        return ""
    close = difflib.get_close_matches(
        str(problem["loc"][0]), [*model.model_fields, *(one.alias or "" for one in model.model_fields.values())], n=1
    )
    return f" (did you mean {close[0]!r}?)" if close else ""
