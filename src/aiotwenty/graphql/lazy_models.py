"""Models that are imported when they are first needed: what an object says of others does not bring them along."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

from pydantic import BaseModel
from pydantic_core import CoreSchema, core_schema


class Later:
    """Stands in annotations for a model of another module. A value is validated by the model itself."""

    _package: ClassVar[str]

    @classmethod
    @cache
    def model(cls) -> type[BaseModel]:
        """The model, imported now if nobody did before."""
        model: type[BaseModel] = getattr(import_module(cls._package), cls.__name__)
        return model

    @classmethod
    def _validate(cls, value: Any) -> BaseModel:
        return cls.model().model_validate(value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls._validate)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        return {"title": cls.__name__, "type": "object"}


def later(namespace: MutableMapping[str, Any], names: str) -> None:
    """Put stand-ins for those models of its generated package into the namespace of a module."""
    package = namespace["__package__"].removesuffix(".objects")
    known: Mapping[str, Any] = {"_package": package, "__module__": namespace["__name__"]}
    for name in names.split():
        namespace[name] = type(name, (Later,), dict(known))
