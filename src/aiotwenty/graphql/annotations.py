"""Reads annotations of fields. No other module looks inside of annotations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from aiotwenty.graphql.lazy_models import Later


def alternatives(annotation: Any) -> Iterator[Any]:
    """The possible types of a value, with NoneType: int and NoneType for `int | None`, also inside `Annotated`."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from alternatives(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for part in get_args(annotation):
            yield from alternatives(part)
    elif isinstance(annotation, type) and issubclass(annotation, Later):
        yield annotation.model()
    else:
        yield annotation


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The model among the possible types of a value."""
    return next((kind for kind in alternatives(annotation) if _is_model(kind)), None)


def item_in(annotation: Any) -> Any:
    """The annotation of the items, if a value may be a list: one of `list[...]`, `tuple[..., ...]`, `Sequence[...]`."""
    return next((get_args(kind)[0] for kind in alternatives(annotation) if is_listing(kind)), None)


def is_listing(kind: Any) -> bool:
    """Whether the type is a list, a tuple of any length, or a sequence."""
    origin = get_origin(kind)
    return origin in (list, Sequence) or (origin is tuple and get_args(kind)[1:] == (Ellipsis,))


def plain_types(annotation: Any) -> set[Any]:
    """The possible types of a value without None and models; any list is `list`."""
    kinds = (kind for kind in alternatives(annotation) if kind is not type(None) and not _is_model(kind))
    return {list if get_origin(kind) is list else kind for kind in kinds}


def named_fields(model: type[BaseModel]) -> Iterator[tuple[str, str, Any]]:
    """The fields of a model: GraphQL name, Python name, annotation."""
    model.model_rebuild()
    for name, info in model.model_fields.items():
        yield info.serialization_alias or info.alias or name, name, info.annotation


def generic_argument(model: type[BaseModel], generic: type[BaseModel]) -> Any:
    """The first type argument of a generic base of the model; a TypeVar if it is not set."""
    arguments: dict[Any, Any] = {}
    for base in model.__mro__:
        known = getattr(base, "__pydantic_generic_metadata__", None) or {}
        if (origin := known.get("origin")) is not None:
            arguments.update(zip(origin.__pydantic_generic_metadata__["parameters"], known["args"], strict=False))
    argument: Any = generic.__pydantic_generic_metadata__["parameters"][0]
    while argument in arguments and arguments[argument] is not argument:
        argument = arguments[argument]
    return argument


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
