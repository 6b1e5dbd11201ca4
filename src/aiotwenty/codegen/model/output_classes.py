"""The classes of outputs: ariadne-codegen's fragments and results, without classes that only rename a fragment."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from ariadne_codegen.client_generators.fragments import FragmentsGenerator
from ariadne_codegen.client_generators.result_types import ResultTypesGenerator
from ariadne_codegen.plugins.manager import PluginManager
from ariadne_codegen.settings import ClientSettings
from graphql import GraphQLSchema, OperationDefinitionNode

from aiotwenty.codegen.model.names import class_name, pascal_case
from aiotwenty.codegen.model.node_names import definition_name, tag_of
from aiotwenty.codegen.model.scalars import scalar_data
from aiotwenty.codegen.read.documents import Documents, is_own


class OutputClasses:
    """The classes that ariadne-codegen generates for fragments, and for operations whose result needs a class."""

    def __init__(
        self, schema: GraphQLSchema, documents: Documents, settings: ClientSettings, plugins: PluginManager
    ) -> None:
        self.scalars = scalar_data(schema, settings.scalars, for_input=False)
        self._documents = documents
        self._settings: dict[str, Any] = {
            "schema": schema,
            "enums_module_name": "enums",
            "custom_scalars": self.scalars,
            "plugin_manager": plugins,
            "default_optional_fields_to_none": settings.default_optional_fields_to_none,
            "include_typename": settings.include_typename,
            "use_alias_generator": True,
        }
        self.records: list[ast.ClassDef] = []
        self.results: list[ast.ClassDef] = []
        self.imports: list[str] = []
        self.top_level: dict[str, ast.ClassDef] = {}
        """The class of a whole response, by the tag of its operation."""
        self.unpacked: set[str] = set()
        """Fragments without a class: their fields are in the classes of the operations that use them."""

    def generate(self, operations: Iterable[OperationDefinitionNode]) -> None:
        for operation in operations:
            generator = ResultTypesGenerator(
                operation_definition=operation,
                fragments_module_name="records",
                fragments_definitions=self._documents.fragments,
                **self._settings,
            )
            module = generator.generate()
            self.unpacked |= generator.get_unpacked_fragments()
            self.imports += foreign_imports(module)
            trees = generator.get_classes()
            self.top_level[tag_of(operation)] = trees[0]
            self.results += trees
        fragments = FragmentsGenerator(
            fragments_definitions=self._documents.fragments, defer_model_build=True, **self._settings
        ).generate(exclude_names=self.unpacked)
        self.imports += foreign_imports(fragments)
        self.records = [node for node in fragments.body if isinstance(node, ast.ClassDef)]

    def names(self, taken: Collection[str]) -> dict[tuple[str, str], str]:
        """The final names of classes, by definition and present name. Classes that repeat a fragment are dropped.

        The class of a fragment has the fragment's name. Other classes get a number if a type of the schema or another
        class has their name.
        """
        fragments = {pascal_case(name): self.record(name) for name in self._documents.fragments}
        # In bases, every definition refers to a fragment's class.
        names = {("", stock): name for stock, name in fragments.items()}
        claimed = set(taken) | set(fragments.values())
        tops = {f"{kind} {name}": pascal_case(name) for kind, name in self._definitions()}
        for tree in sorted(
            [*self.records, *self.results], key=lambda class_tree: (definition_name(class_tree), class_tree.name)
        ):
            tag = definition_name(tree)
            is_top = tops.get(tag) == tree.name
            if is_top and tag.startswith("fragment "):
                names[tag, tree.name] = fragments[tree.name]
            elif not is_top and (repeated := _repeats(tree, fragments)):
                names[tag, tree.name] = repeated
            else:
                names[tag, tree.name] = _claim(tree.name, claimed)
        self.records = [class_tree for class_tree in self.records if self._is_real(class_tree, tops, fragments)]
        self.results = [class_tree for class_tree in self.results if self._is_real(class_tree, tops, fragments)]
        return names

    def record(self, fragment: str) -> str:
        """The class of a fragment. For generated fragments, its name is that of the type."""
        definition = self._documents.fragments[fragment]
        return class_name(pascal_case(fragment) if is_own(definition) else definition.type_condition.name.value)

    def drop_envelope(self, operation: OperationDefinitionNode) -> None:
        """Drops the class of a whole response, because the method returns its only field."""
        self.results.remove(self.top_level[tag_of(operation)])

    def _definitions(self) -> Iterator[tuple[str, str]]:
        yield from (("fragment", name) for name in self._documents.fragments)
        yield from (("operation", name) for name in self._documents.operations)

    @staticmethod
    def _is_real(tree: ast.ClassDef, tops: dict[str, str], fragments: dict[str, str]) -> bool:
        return tops.get(definition_name(tree)) == tree.name or not _repeats(tree, fragments)


def foreign_imports(module: ast.Module) -> list[str]:
    """Imports of the user's plugins, mixins and scalars. ariadne-codegen's own are not needed."""
    own = {"typing", "pydantic", "enum", "base_model", "enums", "records", "input_types"}
    return [
        ast.unparse(node)
        for node in module.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        and not (isinstance(node, ast.ImportFrom) and node.module in own)
    ]


def _repeats(tree: ast.ClassDef, fragments: dict[str, str]) -> str | None:
    """The fragment's class, if this class adds nothing to it."""
    if len(tree.bases) != 1 or [type(each) for each in tree.body] != [ast.Pass]:
        return None
    return fragments.get(ast.unparse(tree.bases[0]))


def _claim(name: str, claimed: set[str]) -> str:
    candidate, number = class_name(name), 2
    while candidate in claimed:
        candidate, number = f"{name}{number}", number + 1
    claimed.add(candidate)
    return candidate
