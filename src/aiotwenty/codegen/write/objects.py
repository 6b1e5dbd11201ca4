"""The text of the modules of objects, and of the class that has all objects as its attributes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type

from aiotwenty.codegen.line_layout import LINE, filled
from aiotwenty.codegen.model.class_modules import SHARED, ObjectHome
from aiotwenty.codegen.model.descriptions import Descriptions, docstring
from aiotwenty.codegen.model.names import class_name
from aiotwenty.codegen.model.package import Models
from aiotwenty.codegen.write.dicts import dict_name
from aiotwenty.codegen.write.models import brought_imports, later_imports
from aiotwenty.codegen.write.queries import operation_names
from aiotwenty.codegen.write.source import DOCSTRINGS, RUNTIME, from_import, mapping, module, texts
from aiotwenty.graphql.names import field_names
from aiotwenty.graphql.object_relations import ASKED_FOR
from aiotwenty.graphql.relations import connection_node, object_fields
from aiotwenty.records.object_meta import KINDS, SUFFIXES, constant_of

NAMESPACES = "from aiotwenty import objects as ns"
_PARAMETERS = ("record", "create", "update", "filter", "order_by", "group_by", "group_order")


class ObjectModules:
    """Writes the modules of all objects of a schema."""

    def __init__(
        self,
        schema: GraphQLSchema,
        homes: Collection[ObjectHome],
        namespaces: Mapping[str, str],
        constants: Mapping[str, str],
        models: Models,
        descriptions: Descriptions,
    ) -> None:
        """`namespaces` are the classes by the objects' plurals, `constants` those of the operations by name."""
        self._schema = schema
        self._homes = homes
        self._namespaces = namespaces
        self._constants = constants
        self._models = models
        self._descriptions = descriptions
        self._operations = operation_names([home.object for home in homes])

    def init(self) -> str:
        """The text of the objects' package, which imports no object at run time."""
        if not self._homes:
            return module(DOCSTRINGS["objects"], [], ['class Objects:\n    """The workspace has no objects."""'])
        names = {home.module: self._namespaces[home.object.plural] for home in self._homes}
        imports = ["import typing", "", NAMESPACES, "", "if typing.TYPE_CHECKING:"]
        imports += [f"    from .{name} import {namespace}" for name, namespace in sorted(names.items())]
        lines = ["class Objects:", '    """The objects of the workspace, created at their first use."""', ""]
        for home in self._homes:
            namespace = names[home.module]
            line = f'    {home.attribute}: ns.Lazy[{namespace}] = ns.Lazy("{home.module}", "{namespace}")'
            if len(line) > LINE:
                line = line.replace(" = ns.Lazy(", " = ns.Lazy(\n        ").removesuffix(")") + "\n    )"
            lines.append(line)
            lines += docstring(self._descriptions.of_type(home.object.type_name))
        return module(DOCSTRINGS["objects"], imports, ["\n".join(lines)])

    def text(self, home: ObjectHome) -> str:
        """The text of one object's module."""
        classes = self._models.modules[home.path]
        namespace, foreign = self._namespace(home)
        blocks = [*(model.text for model in classes), namespace]
        text = "\n".join(blocks)
        shared: set[str] = set()
        elsewhere: set[str] = set()
        for need in (need for model in classes for need in model.needs):
            if (there := self._models.home.get(need)) and there != home.path:
                (shared if there == SHARED else elsewhere).add(need)
        imports = ["import typing\n", NAMESPACES, f"{RUNTIME}\n", *brought_imports(self._models.imports, text)]
        if shared:
            imports.append(from_import(f".{SHARED}", shared) + "\n")
        imports += later_imports("..", elsewhere, foreign)
        title = self._descriptions.of_type(home.object.type_name) or f"{home.object.type_name}."
        heading = docstring(title, "")
        names = [f'"{name}"' for name in (*(model.name for model in classes), self._namespaces[home.object.plural])]
        exported = "\n".join(["__all__ = [", *filled(names, "    ", ", ", ","), "]"])
        return module("\n".join(heading)[3:-3], [*"\n".join(imports).split("\n"), "", exported], blocks)

    def _namespace(self, home: ObjectHome) -> tuple[str, list[str]]:
        """The text of the namespace class, and the typed dicts that it needs."""
        twenty_object = home.object
        dicts: list[str] = []

        def reference(role: str) -> str:
            name = class_name(home.types[role]) if role in home.types else ""
            if name not in self._models.home:
                return '"rt.Record"' if role == "record" else '"rt.Input"'
            if role == "record":
                return f'"{name}"'
            dicts.append(dict_name(name))
            return f'"{name} | {dict_name(name)}"'

        parameters = [reference(role) for role in _PARAMETERS]
        bases = [("ns.Records", parameters)]
        if "find_duplicates" in twenty_object.roots:
            bases.append(("ns.FindDuplicates", parameters[:2]))
        if "merge_many" in twenty_object.roots:
            bases.append(("ns.MergeMany", parameters[:1]))
        name = self._namespaces[twenty_object.plural]
        lines = [f"class {name}(", *(line for base in bases for line in _base(*base)), "):"]
        lines += [*self._docstring(twenty_object.type_name), "", *self._meta(home)]
        return "\n".join(lines), dicts

    def _meta(self, home: ObjectHome) -> list[str]:
        """The lines of the object's facts that do not follow from the rules for names."""
        twenty_object = home.object
        constants = {
            kind: self._constants[self._operations[twenty_object.plural, kind]]
            for kind in twenty_object.roots
            if self._operations[twenty_object.plural, kind] in self._constants
        }
        operations = {
            kind: name
            for kind, name in constants.items()
            if name != constant_of(kind, twenty_object.singular, twenty_object.plural)
        }
        models = {
            role: class_name(home.types[role])
            for role, suffix in SUFFIXES.items()
            if role in home.types and class_name(home.types[role]) != twenty_object.type_name + suffix
        }
        arguments = [
            "__name__",
            *(f'"{name}"' for name in (twenty_object.type_name, twenty_object.singular, twenty_object.plural)),
        ]
        for word, kinds in (("also", constants.keys() - KINDS), ("without", KINDS - constants.keys())):
            if kinds:
                arguments.append(f"{word}={texts(sorted(kinds))}")
        for word, names in (("operations", operations), ("models", models)):
            if names:
                arguments.append(f"{word}={mapping(names)}")
        line = f"    meta = ns.ObjectMeta({', '.join(arguments)})"
        if len(line) <= LINE:
            return [line]
        return ["    meta = ns.ObjectMeta(", *filled(arguments, "        ", ", ", ","), "    )"]

    def _docstring(self, type_name: str) -> Iterable[str]:
        """The docstring of the object, for editors: its fields, targets of relations and related lists."""
        names = field_names(object_fields(self._schema.type_map[type_name]))
        fields: list[str] = []
        related: list[str] = []
        for graphql, definition in object_fields(self._schema.type_map[type_name]).items():
            if graphql in ASKED_FOR:
                continue
            named = get_named_type(definition.type)
            if is_leaf_type(named):
                fields.append(names[graphql])
            elif (node := connection_node(named)) is not None:
                related.append(f"{names[graphql]} ({node.name})")
            elif isinstance(named, GraphQLObjectType) and "id" in named.fields:
                related.append(f"{names[graphql]} ({named.name})")
            else:
                fields.append(f"{names[graphql]} ({named.name})")
        described = docstring(self._descriptions.of_type(type_name) or f"{type_name}.")
        yield from [*described[:-1], described[-1].removesuffix('"""').rstrip()]
        yield ""
        yield from filled(_sentence("Fields:", fields), "    ", " ")
        if related:
            yield ""
            yield from filled(_sentence("Related:", related), "    ", " ")
        yield '    """'


def _sentence(head: str, words: list[str]) -> list[str]:
    return [head, *(f"{word}," for word in words[:-1]), *(f"{word}." for word in words[-1:])]


def _base(name: str, parameters: list[str]) -> list[str]:
    line = f"    {name}[{', '.join(parameters)}],"
    if len(line) <= LINE:
        return [line]
    return [f"    {name}[", *filled(parameters, "        ", ", ", ","), "    ],"]
