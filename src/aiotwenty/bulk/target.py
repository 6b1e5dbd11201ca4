"""The target of a load or export: one object, the endpoint of its workspace, and the facts about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from pydantic import BaseModel

from aiotwenty.bulk.catalogue import AnyFilter, Catalogue, GeneratedCatalogue
from aiotwenty.graphql.endpoint import Endpoint
from aiotwenty.graphql.field_existence import ALWAYS_THERE
from aiotwenty.graphql.filters import Filter
from aiotwenty.records.inputs import as_model
from aiotwenty.records.namespace import Namespace
from aiotwenty.records.object_meta import ObjectNames

if TYPE_CHECKING:
    from aiotwenty.bulk.workspace_catalogue import ServedCatalogue


@dataclass(frozen=True)
class Target:
    """One object of a workspace."""

    endpoint: Endpoint
    catalogue: Catalogue
    names: ObjectNames

    def __post_init__(self) -> None:
        object.__setattr__(self, "endpoint", self.endpoint.on(self.endpoint.terms.in_bulk()))

    @classmethod
    def of(cls, records: AnyRecords) -> Target:
        """The object of a namespace, as the client was generated; a target unchanged."""
        if isinstance(records, Target):
            return records
        return cls(records._endpoint, GeneratedCatalogue(records.meta.package), records.meta)

    @classmethod
    def named(cls, endpoint: Endpoint, catalogue: ServedCatalogue, name: str) -> Self:
        """The object with this name in the workspace: `companies`, `company` or `Company`. Raises `InputError`."""
        return cls(endpoint, catalogue, catalogue.find(name))

    @property
    def type_name(self) -> str:
        return self.names.type_name

    async def has(self, paths: Iterable[str]) -> None:
        """Raises `SchemaDrift` if the workspace no longer has one of the fields at these dotted paths."""
        # A schema that was just read from the workspace needs no check.
        if self.endpoint.fields is not None and isinstance(self.catalogue, GeneratedCatalogue):
            await self.endpoint.fields.confirm_all({field for path in paths for field in self._fields_of(path)})

    def _fields_of(self, path: str) -> Iterator[tuple[str, str]]:
        """The fields along a path, each with the type of its object."""
        type_name: str | None = self.type_name
        while type_name is not None and path:
            first, _, path = path.partition(".")
            if first not in ALWAYS_THERE:
                yield type_name, first
            type_name = self.catalogue.to_one(type_name).get(first) if path else None

    def filter(self, filter: AnyFilter | None) -> Filter | None:
        """The filter as it is sent. Raises `InvalidArgument`."""
        return self.catalogue.filter(self.type_name, filter)

    def change(self, data: Mapping[str, Any] | BaseModel) -> BaseModel:
        """The data of an update, validated. Raises `InvalidArgument`."""
        return as_model(data, self.catalogue.update_model(self.type_name), "data")


AnyRecords: TypeAlias = Namespace[Any] | Target
"""`twenty.companies` or another namespace; or a `Target`, for an object that no client was generated for."""
