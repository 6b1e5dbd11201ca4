"""The objects of a workspace for loads and exports: their API names and the fields of their rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from importlib import import_module
from typing import Any, Protocol, TypeAlias

from pydantic import BaseModel
from pydantic.alias_generators import to_snake

from aiotwenty.bulk.fields import Shape
from aiotwenty.bulk.record_columns import RecordColumn, columns_of
from aiotwenty.bulk.source import InputError
from aiotwenty.graphql.filters import Filter, normalise
from aiotwenty.graphql.object_facts import About
from aiotwenty.records.inputs import as_model
from aiotwenty.records.object_meta import ObjectMeta, ObjectNames

AnyFilter: TypeAlias = Mapping[str, Any] | BaseModel


class Catalogue(Protocol):
    """The source of names and shapes: a generated client, or the workspace itself."""

    def names(self, type_name: str) -> ObjectNames:
        """The API names of an object. Raises `InputError` if it doesn't exist."""
        ...

    def shape(self, type_name: str) -> Shape:
        """The shape of an object's rows. Raises `InputError` if it doesn't exist."""
        ...

    def columns(self, type_name: str) -> list[RecordColumn]:
        """The columns of an export of the object, beginning with the id."""
        ...

    def to_one(self, type_name: str) -> Mapping[str, str]:
        """The relations of the object to one record, with the type of that record."""
        ...

    def to_many(self, type_name: str) -> Collection[str]:
        """The names of the lists of related records."""
        ...

    def update_model(self, type_name: str) -> type[BaseModel]:
        """The model of updates of the object."""
        ...

    def filter(self, type_name: str, filter: AnyFilter | None) -> Filter | None:
        """The filter as it is sent. Raises `InvalidArgument` for a filter that the server would refuse."""
        ...


class GeneratedCatalogue:
    """The objects of a generated client; `package` is its core package."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._shapes: dict[str, Shape] = {}
        self._metas: dict[str, ObjectMeta] = {}

    def _meta(self, type_name: str) -> ObjectMeta:
        if type_name not in self._metas:
            for attribute in sorted(self._attributes, key=lambda it: it.module.rstrip("_") != to_snake(type_name)):
                meta: ObjectMeta = attribute.kind.meta
                self._metas[meta.type_name] = meta
                if meta.type_name == type_name:
                    break
            else:
                raise InputError(f"this client has no object {type_name}; generate it again from the workspace")
        return self._metas[type_name]

    @cached_property
    def _attributes(self) -> list[Any]:
        """The namespaces of a client. Each module is imported at first use."""
        objects = import_module(f"{self._package}.objects").Objects
        return [value for value in vars(objects).values() if hasattr(value, "namespace")]

    def names(self, type_name: str) -> ObjectNames:
        return self._meta(type_name)

    def shape(self, type_name: str) -> Shape:
        if type_name not in self._shapes:
            meta = self._meta(type_name)
            unique_model = getattr(import_module(self._package), f"{type_name}WhereUniqueInput", None)
            self._shapes[type_name] = Shape(
                type_name,
                meta.model("create"),
                unique_model,
                self.shape,
                [column.path for column in self.columns(type_name)],
            )
        return self._shapes[type_name]

    def columns(self, type_name: str) -> list[RecordColumn]:
        asked_for = [RecordColumn(name, "text") for name in self._about(type_name).asked_for]
        return [*columns_of(self._meta(type_name).model("record")), *asked_for]

    def to_one(self, type_name: str) -> Mapping[str, str]:
        return self._about(type_name).to_one

    def to_many(self, type_name: str) -> Collection[str]:
        return self._about(type_name).to_many

    def _about(self, type_name: str) -> About:
        about: About = self._meta(type_name).model("record")._object
        return about

    def update_model(self, type_name: str) -> type[BaseModel]:
        model: type[BaseModel] = self._meta(type_name).model("update")
        return model

    def filter(self, type_name: str, filter: AnyFilter | None) -> Filter | None:
        if filter is None:
            return None
        return normalise(as_model(filter, self._meta(type_name).model("filter"), "filter"))
