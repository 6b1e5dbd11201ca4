"""Sorts the classes of inputs into modules by their use, so that a reader of `inputs` sees what a company takes."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ariadne_codegen.client_generators.input_types import InputTypesGenerator
from ariadne_codegen.plugins.manager import PluginManager
from ariadne_codegen.settings import ClientSettings
from graphql import GraphQLInputObjectType, GraphQLNamedType, GraphQLSchema, get_named_type

from aiotwenty.codegen.model.output_classes import foreign_imports
from aiotwenty.codegen.model.scalars import scalar_data
from aiotwenty.graphql.relations import object_fields

MODULES = ("filters", "order_by", "group_by", "inputs")
"""In order of precedence: a class that filters use belongs to `filters`, whatever else uses it."""


class InputClasses:
    """The classes that ariadne-codegen generates for the input types in use."""

    def __init__(
        self, schema: GraphQLSchema, settings: ClientSettings, plugins: PluginManager, used: Iterable[str]
    ) -> None:
        generator = InputTypesGenerator(
            schema,
            custom_scalars=scalar_data(schema, settings.scalars, for_input=True),
            plugin_manager=plugins,
            upload_import=None,
            defer_model_build=True,
            use_alias_generator=True,
        )
        module = generator.generate(types_to_include=sorted(set(used)))
        trees = [node for node in module.body if isinstance(node, ast.ClassDef)]
        homes = _homes(schema)
        self.imports = foreign_imports(module)
        self.modules = {name: [tree for tree in trees if homes.get(tree.name, "inputs") == name] for name in MODULES}


def _homes(schema: GraphQLSchema) -> dict[str, str]:
    """The module of each input type, by the root fields' arguments that lead to it."""
    starts: dict[str, list[GraphQLNamedType]] = {name: [] for name in MODULES}
    for type_ in (schema.query_type, schema.mutation_type):
        for root in object_fields(type_).values():
            for name, argument in root.args.items():
                named = get_named_type(argument.type)
                if name == "filter":
                    starts["filters"].append(named)
                elif "groupBy" in root.args and name in ("groupBy", "orderBy"):
                    starts["group_by"].append(named)
                elif name == "orderBy":
                    starts["order_by"].append(named)
    homes: dict[str, str] = {}
    for module, types in starts.items():
        for input_type in types:
            _claim(input_type, module, homes)
    return homes


def _claim(type_: GraphQLNamedType, module: str, homes: dict[str, str]) -> None:
    if isinstance(type_, GraphQLInputObjectType) and type_.name not in homes:
        homes[type_.name] = module
        for field in type_.fields.values():
            _claim(get_named_type(field.type), module, homes)
