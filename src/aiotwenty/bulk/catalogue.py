"""The objects of a workspace as bulk work sees them: their names on the wire and the shapes of their rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Protocol

from aiotwenty.bulk.fields import RecordColumn, Shape, columns_of
from aiotwenty.bulk.source import InputError
from aiotwenty.records.base import Namespace
from aiotwenty.records.meta import ObjectMeta


@dataclass(frozen=True)
class Names:
    """How the wire calls an object: Company, company, companies."""

    type_name: str
    singular: str
    plural: str

    @property
    def create_many(self) -> str:
        return "create" + _upper_first(self.plural)

    @property
    def update_many(self) -> str:
        return "update" + _upper_first(self.plural)

    @property
    def delete_many(self) -> str:
        return "delete" + _upper_first(self.plural)

    @property
    def destroy_many(self) -> str:
        return "destroy" + _upper_first(self.plural)


def _upper_first(name: str) -> str:
    return name[:1].upper() + name[1:]


class Catalogue(Protocol):
    """Where names and shapes come from: a generated client, or the workspace itself."""

    def names(self, type_name: str) -> Names:
        """Raises `InputError` for an object that isn't there."""
        ...

    def shape(self, type_name: str) -> Shape:
        """Raises `InputError` for an object that isn't there."""
        ...

    def columns(self, type_name: str) -> list[RecordColumn]:
        """What an export of it has, the id first."""
        ...


class GeneratedCatalogue:
    """The objects that a client was generated with; `package` is its core package."""

    def __init__(self, package: str) -> None:
        self._package = package
        self._shapes: dict[str, Shape] = {}

    @cached_property
    def metas(self) -> dict[str, ObjectMeta]:
        """By type name."""
        found = vars(import_module(f"{self._package}.objects")).values()
        metas = [
            one.meta for one in found if isinstance(one, type) and issubclass(one, Namespace) and hasattr(one, "meta")
        ]
        return {meta.type_name: meta for meta in metas}

    def _meta(self, type_name: str) -> ObjectMeta:
        if type_name not in self.metas:
            raise InputError(f"this client knows no object {type_name}; generate it again from the workspace")
        return self.metas[type_name]

    def names(self, type_name: str) -> Names:
        meta = self._meta(type_name)
        return Names(meta.type_name, meta.singular, meta.plural)

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
        return columns_of(self._meta(type_name).model("record"))
