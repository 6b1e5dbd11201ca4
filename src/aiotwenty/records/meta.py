"""What a generated namespace knows about its object, and how it finds the models of it when they are first needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any, Literal

from aiotwenty.errors import ConfigurationError
from aiotwenty.graphql.operation import Operation

ModelRole = Literal["record", "create", "update", "filter", "order_by", "group_by", "group_order", "where_unique"]

SUFFIXES: dict[ModelRole, str] = {
    "record": "",
    "create": "CreateInput",
    "update": "UpdateInput",
    "filter": "FilterInput",
    "order_by": "OrderByInput",
    "group_by": "GroupByInput",
    "group_order": "OrderByWithGroupByInput",
    "where_unique": "WhereUniqueInput",
}


class ObjectNames:
    """How the wire calls an object: Company, company, companies; and its operations."""

    type_name: str
    singular: str
    plural: str

    @property
    def create_many(self) -> str:
        return f"create{self._many}"

    @property
    def update_many(self) -> str:
        return f"update{self._many}"

    @property
    def delete_many(self) -> str:
        return f"delete{self._many}"

    @property
    def destroy_many(self) -> str:
        return f"destroy{self._many}"

    @property
    def _many(self) -> str:
        return self.plural[:1].upper() + self.plural[1:]


@dataclass(frozen=True)
class ObjectMeta(ObjectNames):
    """One object of a workspace.

    `operations` maps a kind ("find_many", "create_one", ...) to the name of a constant in `<package>.operations`; a
    kind that the schema does not have is absent. `models` names a model whose Python name is not
    `<type_name><suffix>`.
    """

    package: str
    type_name: str
    singular: str
    plural: str
    operations: Mapping[str, str]
    models: Mapping[str, str] = field(default_factory=dict)

    def operation(self, kind: str) -> Operation:
        """Raises `ConfigurationError` when the object has no such operation."""
        try:
            return self._operations[kind]
        except KeyError:
            pass
        if kind not in self.operations:
            raise ConfigurationError(f"{self.plural} have no {kind} in the schema this client was generated from.")
        operation: Operation = getattr(import_module(f"{self.package}.operations"), self.operations[kind])
        self._operations[kind] = operation
        return operation

    def model(self, role: ModelRole) -> Any:
        """The generated class for that role."""
        try:
            return self._models[role]
        except KeyError:
            pass
        name = self.models.get(role) or self.type_name + SUFFIXES[role]
        model = getattr(import_module(self.package), name)
        self._models[role] = model
        return model

    @cached_property
    def _operations(self) -> dict[str, Operation]:
        return {}

    @cached_property
    def _models(self) -> dict[str, Any]:
        return {}
