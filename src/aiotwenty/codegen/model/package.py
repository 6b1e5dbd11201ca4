"""Runs ariadne-codegen for one endpoint and makes one small package of the result.

ariadne-codegen's own package has a module for every operation and a class for every selection. Nearly all of our
operations select types that have a class already, so its generators get only the others, the fragments, inputs and
enums.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ariadne_codegen.client_generators.arguments import ArgumentsGenerator
from ariadne_codegen.client_generators.enums import EnumsGenerator
from ariadne_codegen.plugins.manager import PluginManager
from ariadne_codegen.settings import ClientSettings
from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
)

from aiotwenty.codegen.model.annotations import is_nullable
from aiotwenty.codegen.model.class_modules import SHARED, ObjectHome
from aiotwenty.codegen.model.descriptions import Descriptions
from aiotwenty.codegen.model.input_classes import InputClasses
from aiotwenty.codegen.model.model_classes import GeneratedClass, ModelWriter, enum_class, in_order
from aiotwenty.codegen.model.names import CLASSES, class_name
from aiotwenty.codegen.model.node_names import definition_name, graphql_name, tag_of
from aiotwenty.codegen.model.output_classes import OutputClasses, foreign_imports
from aiotwenty.codegen.model.result_types import Shapes
from aiotwenty.codegen.model.scalars import scalar_data, scalar_name
from aiotwenty.codegen.read.documents import Documents, is_own
from aiotwenty.graphql.object_relations import abouts
from aiotwenty.graphql.relations import beyond_filters, object_fields
from aiotwenty.graphql.schema_corrections import AGGREGATE_ORDER


@dataclass(frozen=True)
class Method:
    """The facts about one operation that the client needs."""

    name: str
    """The name of the operation."""
    definition: OperationDefinitionNode
    arguments: ast.arguments
    variables: ast.Dict
    result: str
    """The annotation of the result; classes are written with their module."""
    root: str | None
    """The response key of the only root field; None if there are several."""


@dataclass
class Models:
    """The classes of a package by module, in order, and the imports of plugins and scalars."""

    modules: dict[str, list[GeneratedClass]] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)

    @cached_property
    def home(self) -> dict[str, str]:
        """The module of each class."""
        return {model.name: module for module, classes in self.modules.items() for model in classes}


class PackageBuilder:
    """A run of ariadne-codegen's generators over the schema and operations of an endpoint."""

    def __init__(
        self,
        schema: GraphQLSchema,
        documents: Documents,
        settings: ClientSettings,
        plugins: PluginManager,
        descriptions: Descriptions,
        *,
        records: bool,
        homes: Sequence[ObjectHome] = (),
    ) -> None:
        """`records`: the endpoint is /graphql, whose root fields are null only together with an error.

        With `homes`, each object has a module of its own.
        """
        self._schema = schema
        self._documents = documents
        self._settings = settings
        self._plugins = plugins
        self._homes = homes
        self._enums = {name: type_ for name, type_ in schema.type_map.items() if isinstance(type_, GraphQLEnumType)}
        self._writer = ModelWriter(
            frozenset(self._enums),
            descriptions=descriptions,
            fragment_types={
                tag_of(fragment): fragment.type_condition.name.value for fragment in documents.fragments.values()
            },
            filters=beyond_filters(schema).keys() if records else (),
            aggregates=_aggregates(schema),
            abouts=abouts(schema) if records else {},
        )
        scalars = scalar_data(schema, settings.scalars, for_input=False)
        # Keep the variables' GraphQL names: two of them may become the same in snake_case.
        self._arguments = ArgumentsGenerator(
            schema, convert_to_snake_case=False, custom_scalars=scalars, plugin_manager=plugins
        )
        self._output = OutputClasses(schema, documents, settings, plugins)
        self._shapes = Shapes(
            fragments=documents.fragments,
            scalar=lambda name: scalar_name(name, self._output.scalars),
            enum=lambda name: f"rt.Open[types.{class_name(name)}]",
            record=lambda name: f"types.{self._output.record(name)}",
            records=records,
        )

    def build(self) -> tuple[Models, list[Method]]:
        """The models and methods of the package. Classes that no operation uses are left out."""
        operations = self._documents.operations
        results = {name: self._simple_result(definition) for name, definition in operations.items()}
        arguments = {
            name: self._arguments.generate(operation.variable_definitions) for name, operation in operations.items()
        }
        self._output.generate(operation for name, operation in operations.items() if results[name] is None)
        self._writer.classes = self._output.names(taken={class_name(name) for name in self._schema.type_map} | CLASSES)
        for name, definition in operations.items():
            if results[name] is None and _only_root(definition):
                self._output.drop_envelope(definition)
        models = self._models()
        methods = [
            Method(
                name,
                definition,
                *arguments[name],
                results[name] or self._made_result(definition, models.home.keys()),
                _response_key(definition),
            )
            for name, definition in operations.items()
        ]
        return models, methods

    def argument(self, node: ast.expr, classes: Collection[str]) -> str:
        """The annotation of an argument; classes are written with the package's name."""
        return self._writer.annotation(node, open_enums=False, qualified=classes)

    def _simple_result(self, definition: OperationDefinitionNode) -> str | None:
        root = _only_root(definition)
        type_ = self._root_type(definition, root) if root else None
        return self._shapes.result(root, type_) if root and type_ else None

    def _made_result(self, definition: OperationDefinitionNode, classes: Collection[str]) -> str:
        """The class that was made for the whole response, or the type of its only field."""
        tag = tag_of(definition)
        tree = self._output.top_level[tag]
        if _only_root(definition) is None:
            return f"types.{self._writer.name(tree.name, tag)}"
        node = next(each.annotation for each in tree.body if isinstance(each, ast.AnnAssign) and graphql_name(each))
        if self._shapes.records and isinstance(node, ast.Subscript) and is_nullable(node):
            node = node.slice
        return self._writer.annotation(node, definition=tag, open_enums=True, qualified=classes)

    def _root_type(self, definition: OperationDefinitionNode, root: FieldNode) -> GraphQLOutputType | None:
        found = object_fields(self._schema.get_root_type(definition.operation)).get(root.name.value)
        return found.type if found else None

    def _models(self) -> Models:
        inputs = InputClasses(self._schema, self._settings, self._plugins, self._arguments.get_used_inputs())
        own = [tree for tree in self._output.records if self._homes and self._is_own(tree)]
        records = [tree for tree in self._output.records if tree not in own]
        modules = {
            "records": in_order(map(self._writer.output_class, records)),
            "results": in_order(map(self._writer.output_class, [*own, *self._output.results])),
            **{name: in_order(map(self._writer.input_class, trees)) for name, trees in inputs.modules.items()},
        }
        used = {name for classes in modules.values() for model in classes for name in model.needs}
        used |= {class_name(name) for name in self._arguments.get_used_enums()} | self._enums_of_roots()
        wanted = [name for name in self._enums if class_name(name) in used]
        module = EnumsGenerator(self._schema, self._plugins).generate(types_to_include=wanted)
        trees = [node for node in module.body if isinstance(node, ast.ClassDef)]
        trees.sort(key=lambda tree: tree.name)
        enums = [enum_class(tree, self._enums[tree.name], self._writer.descriptions) for tree in trees]
        modules = {"enums": enums, **modules}
        brought = [*self._output.imports, *inputs.imports, *foreign_imports(module)]
        return Models(_by_object(modules, self._homes) if self._homes else modules, list(dict.fromkeys(brought)))

    def _is_own(self, tree: ast.ClassDef) -> bool:
        """Whether the class was made for a fragment that the user wrote."""
        name = definition_name(tree).removeprefix("fragment ")
        return name in self._documents.fragments and is_own(self._documents.fragments[name])

    def _enums_of_roots(self) -> set[str]:
        """Enums that a root field returns directly."""
        types = (
            self._root_type(definition, root)
            for definition in self._documents.operations.values()
            if (root := _only_root(definition))
        )
        return {
            class_name(get_named_type(each).name) for each in types if each and get_named_type(each).name in self._enums
        }


def _by_object(
    modules: Mapping[str, list[GeneratedClass]], homes: Sequence[ObjectHome]
) -> dict[str, list[GeneratedClass]]:
    """The classes of each object by module, and in `shared` those that several objects use."""
    models = {model.name: model for name, classes in modules.items() if name != "results" for model in classes}
    objects = {home.path: [models.pop(name) for name in home.classes if name in models] for home in homes}
    return {SHARED: list(models.values()), **objects, "results": list(modules["results"])}


def _aggregates(schema: GraphQLSchema) -> dict[str, list[str]]:
    """The aggregates that the groups of each object can be ordered by, by the type of the order."""
    return {
        name: field.extensions[AGGREGATE_ORDER]
        for name, type_ in schema.type_map.items()
        if isinstance(type_, GraphQLInputObjectType)
        and (field := type_.fields.get("aggregate"))
        and AGGREGATE_ORDER in field.extensions
    }


def _only_root(definition: OperationDefinitionNode) -> FieldNode | None:
    """The root field, if there is only one and it is not in a fragment."""
    match definition.selection_set.selections:
        case (FieldNode() as root,):
            return root
    return None


def _response_key(definition: OperationDefinitionNode) -> str | None:
    root = _only_root(definition)
    return (root.alias or root.name).value if root else None
