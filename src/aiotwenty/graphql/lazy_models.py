"""Models that are imported when needed, so that an object's module does not import those of its relations."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

from pydantic import BaseModel
from pydantic_core import CoreSchema, core_schema


class Later:
    """Stands for a model of another module in annotations. Values are validated by the model itself."""

    _package: ClassVar[str]

    @classmethod
    @cache
    def model(cls) -> type[BaseModel]:
        """The model, imported if it was not yet."""
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
    """Puts stand-ins for models of the generated package into the namespace of a module."""
    package = namespace["__package__"].removesuffix(".objects")
    known: Mapping[str, Any] = {"_package": package, "__module__": namespace["__name__"]}
    for name in names.split():
        namespace[name] = type(name, (Later,), dict(known))
