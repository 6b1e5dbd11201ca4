"""Facts about the object of a generated namespace. Its models are imported at first use."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any, Literal

from pydantic.alias_generators import to_snake

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

_VERBS = ("create", "update", "delete", "destroy", "restore")
KINDS = frozenset(
    ("find_many", "find_one", "group_by", *(f"{verb}_{number}" for verb in _VERBS for number in ("one", "many")))
)
"""The operations of nearly every object."""


class ObjectNames:
    """The API names of an object (Company, company, companies) and of its operations."""

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
    """An object of a workspace. Names that follow from the naming rules are not repeated.

    An operation is a constant of `<package>.operations`: FIND_MANY_COMPANIES. `operations` has exceptions by kind
    ("find_many"). A model is `<type_name><suffix>` of the package; `models` has exceptions.
    """

    module: str
    """The module of the object in `<package>.objects`."""
    type_name: str
    singular: str
    plural: str
    also: Collection[str] = ()
    """Operations of this object that most objects lack."""
    without: Collection[str] = ()
    """Common operations that this object lacks."""
    operations: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)

    @property
    def package(self) -> str:
        """The package generated for /graphql."""
        return self.module.rsplit(".", 2)[0]

    def operation(self, kind: str) -> Operation:
        """The operation of this kind. Raises `ConfigurationError` if the object lacks it."""
        try:
            return self._operations[kind]
        except KeyError:
            pass
        if kind in self.without or (kind not in KINDS and kind not in self.also):
            raise ConfigurationError(f"{self.plural} have no {kind} in the schema this client was generated from.")
        name = self.operations.get(kind) or constant_of(kind, self.singular, self.plural)
        operation: Operation = getattr(import_module(f"{self.package}.operations"), name)
        self._operations[kind] = operation
        return operation

    def model(self, role: ModelRole) -> Any:
        """The generated class for a role."""
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


def constant_of(kind: str, singular: str, plural: str) -> str:
    """The name of an operation's constant, unless `ObjectMeta.operations` has another."""
    return f"{kind}_{to_snake(singular if kind.endswith('_one') else plural)}".upper()
