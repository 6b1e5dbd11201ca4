"""The modules that the generator would write for a schema, in memory, where code looks for generated modules.

A module is in `sys.modules`, where pickle and pydantic look for classes. It stays for the life of the process, one for
each schema, and is shared by all clients of workspaces with that schema.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from functools import cached_property
from hashlib import sha256
from types import ModuleType
from typing import TYPE_CHECKING, Any

from graphql import GraphQLField, GraphQLObjectType, GraphQLSchema, Undefined, get_named_type
from pydantic_core import to_json

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.advice import near
from aiotwenty.graphql.document import compose
from aiotwenty.graphql.introspection import read_schema
from aiotwenty.graphql.names import distinct, escape, snake_case
from aiotwenty.graphql.object_roots import TwentyObject, argument_types, find_objects
from aiotwenty.graphql.operation import Operation
from aiotwenty.graphql.relations import connection_node, object_fields
from aiotwenty.graphql.select import ObjectRecord, selection_of
from aiotwenty.graphql.served_models import ServedModels
from aiotwenty.objects import FindDuplicates, Lazy, MergeMany, ObjectMeta, Records
from aiotwenty.records.namespace import PAGE_OF
from aiotwenty.records.object_meta import KINDS

_READS = ("find_many", "find_one", "group_by", "find_duplicates")
_GROUP = ("groupByDimensionValues", "totalCount")


class ServedRecord(ObjectRecord):
    """A record of an object without generated classes. Its attributes are the fields of the workspace."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


Data = Mapping[str, Any]


class ServedRecords(
    Records[ServedRecord, Data, Data, Data, Data, Data, Data],
    FindDuplicates[ServedRecord, Data],
    MergeMany[ServedRecord],
):
    """The records of an object without generated classes. Arguments are dicts, as for any namespace."""

    @property
    def record(self) -> type[ServedRecord]:
        """The model of its records, for selections: `class Card(Select[rockets.record])`."""
        record: type[ServedRecord] = self.meta.model("record")
        return record


class _Module(ModuleType):
    """A module whose names are made at their first use."""

    def __init__(self, name: str, make: Callable[[str], Any]) -> None:
        super().__init__(name)
        self._make = make

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            value = self.__dict__[name] = self._make(name)
        except KeyError:
            raise AttributeError(f"the workspace has no {name}") from None
        return value


class ServedPackage:
    """One schema of /graphql as a package with `operations`, `objects` and the models of all types."""

    def __init__(self, schema: GraphQLSchema, name: str) -> None:
        self.name = name
        self._module = f"{name}.objects.models"
        self._schema = schema
        self._models = ServedModels(schema, self._module, name, ServedRecord)
        self.objects = {twenty_object.plural: twenty_object for twenty_object in find_objects(schema)}
        self._classes = distinct(self.objects, lambda plural: escape(plural[:1].upper() + plural[1:], schema.type_map))
        self._plurals = {class_name: plural for plural, class_name in self._classes.items()}
        attributes = distinct(self.objects, snake_case)
        lazy = {attributes[plural]: Lazy[Any]("models", class_name) for plural, class_name in self._classes.items()}
        modules = {
            name: _Module(name, self._models.model),
            f"{name}.operations": _Module(f"{name}.operations", self._operation),
            f"{name}.objects": ModuleType(f"{name}.objects"),
            self._module: _Module(self._module, self._class),
        }
        vars(modules[f"{name}.objects"])["Objects"] = type("Objects", (), {"__module__": f"{name}.objects", **lazy})
        sys.modules.update(modules)

    def find(self, name: str) -> TwentyObject | None:
        """The object with this name: `rockets`, `rocket` or `Rocket`; `launch_pads` as well as `launchPads`."""
        return next((twenty_object for names, twenty_object in self._names.items() if name in names), None)

    @cached_property
    def _names(self) -> dict[tuple[str, ...], TwentyObject]:
        return {
            (
                twenty_object.plural,
                twenty_object.singular,
                twenty_object.type_name,
                snake_case(twenty_object.plural),
                snake_case(twenty_object.singular),
            ): twenty_object
            for twenty_object in self.objects.values()
        }

    def kind(self, twenty_object: TwentyObject) -> type[ServedRecords]:
        """The class of an object's namespace."""
        kind: type[ServedRecords] = getattr(sys.modules[self._module], self._classes[twenty_object.plural])
        return kind

    def no_object(self, name: str) -> InvalidArgument:
        """The error for an unknown name."""
        likely = near(name, [known for names in self._names for known in names], most=3)
        plurals = dict.fromkeys(
            twenty_object.plural for names, twenty_object in self._names.items() if {*names} & {*likely}
        )
        hint = f" (did you mean {' or '.join(map(repr, plurals))}?)" if plurals else ""
        return InvalidArgument(f"the workspace has no object {name!r}{hint}.")

    def _class(self, name: str) -> Any:
        if name not in self._plurals:
            return self._models.model(name)
        twenty_object = self.objects[self._plurals[name]]
        meta = ObjectMeta(
            self._module,
            twenty_object.type_name,
            twenty_object.singular,
            twenty_object.plural,
            also=twenty_object.roots.keys() - KINDS,
            without=KINDS - twenty_object.roots.keys(),
            operations={kind: f"{kind} {twenty_object.plural}" for kind in twenty_object.roots},
            models=dict(argument_types(self._schema, twenty_object)),
        )
        text = f"{twenty_object.type_name} records, as the workspace has them."
        return type(name, (ServedRecords,), {"meta": meta, "__module__": self._module, "__doc__": text})

    def _operation(self, name: str) -> Operation:
        kind, plural = name.split(" ")
        twenty_object = self.objects[plural]
        is_read = kind in _READS
        root = twenty_object.roots[kind]
        field = object_fields(self._schema.query_type if is_read else self._schema.mutation_type)[root]
        noun = twenty_object.singular if kind.endswith("_one") else twenty_object.plural
        title = "".join(word.capitalize() for word in kind.split("_")) + noun[:1].upper() + noun[1:]
        names = sorted(field.args, key=lambda argument: argument not in ("id", "ids"))
        variables = {argument: _variable_type(field, argument) for argument in names}
        return compose(
            title, "query" if is_read else "mutation", root, variables, self._selection(kind, twenty_object, field)
        )

    def _selection(self, kind: str, twenty_object: TwentyObject, field: GraphQLField) -> str:
        named = get_named_type(field.type)
        if not isinstance(named, GraphQLObjectType):
            return ""
        if kind == "group_by":
            return "{" + " ".join(name for name in _GROUP if name in named.fields) + "}"
        text = selection_of(self._models.model(twenty_object.type_name)).text()
        return PAGE_OF.format(text) if connection_node(named) else text


def _variable_type(field: GraphQLField, argument: str) -> str:
    """The argument's type, made nullable if the server has a default, which applies when the variable is unset."""
    definition = field.args[argument]
    has_default = definition.default_value is not Undefined and definition.default_value is not None
    return str(definition.type).removesuffix("!") if has_default else str(definition.type)


_packages: dict[str, ServedPackage] = {}
_making = threading.Lock()


def package_of_answer(answer: Mapping[str, Any]) -> ServedPackage:
    """The package for the response to an introspection. Raises `UnexpectedResponse`."""
    digest = sha256(to_json(answer)).hexdigest()[:16]
    with _making:
        if digest not in _packages:
            _packages[digest] = ServedPackage(read_schema(answer, "/graphql"), f"aiotwenty.served.schema_{digest}")
        return _packages[digest]
