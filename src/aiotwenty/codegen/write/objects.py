"""The text of `objects.py`: one namespace for each object, so that `twenty.companies` knows what it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type

from aiotwenty.codegen.model.about import ASKED_FOR
from aiotwenty.codegen.model.names import class_name, distinct, field_names, pascal_case, property_names
from aiotwenty.codegen.read.objects import TwentyObject
from aiotwenty.codegen.write.queries import operation_names
from aiotwenty.codegen.write.source import DOCSTRINGS, RUNTIME, filled, module
from aiotwenty.graphql.relations import connection_node, object_fields
from aiotwenty.records.meta import SUFFIXES

NAMESPACES = "from aiotwenty import objects as ns"


def objects_module(
    schema: GraphQLSchema, objects: list[TwentyObject], texts: Mapping[str, str], home: Mapping[str, str]
) -> str:
    """The text of the module; `texts` gives the constant of each operation."""
    classes = distinct(
        [each.plural for each in objects], lambda plural: class_name(pascal_case(plural[:1].upper() + plural[1:]))
    )
    properties = property_names(each.plural for each in objects)
    operations = operation_names(objects)
    blocks = [_namespace(schema, each, classes[each.plural], operations, texts, home) for each in objects]
    lines = [f"    {properties[each.plural]} = ns.Lazy({classes[each.plural]})" for each in objects]
    blocks.append(
        "\n".join(
            ["class Objects:", '    """The objects of the workspace, made when they are first used."""', "", *lines]
        )
    )
    blocks.insert(0, '_PACKAGE = __name__.rpartition(".")[0]')
    code = "\n".join(blocks)
    used = sorted({name for name in home.values() if f'"{name}.' in code})
    imports = [
        "import typing",
        "",
        NAMESPACES,
        *([RUNTIME] if '"rt.' in code else []),
        "",
        "if typing.TYPE_CHECKING:",
        f"    from . import {', '.join(used)}",
    ]
    if not objects:
        imports = []
        blocks[-1] = 'class Objects:\n    """The workspace has no objects."""'
    return module(DOCSTRINGS["objects"], imports, blocks)


def _namespace(
    schema: GraphQLSchema,
    found: TwentyObject,
    name: str,
    operations: Mapping[tuple[str, str], str],
    texts: Mapping[str, str],
    home: Mapping[str, str],
) -> str:
    types = _types(schema, found)

    def reference(role: str) -> str:
        graphql = types.get(role)
        final = class_name(graphql) if graphql else ""
        return f'"{home[final]}.{final}"' if final in home else '"rt.Record"' if role == "record" else '"rt.Input"'

    parameters = [reference(role) for role in ("record", "create", "update", "filter", "order_by", "group_by")]
    bases = [f"ns.Records[{', '.join(parameters)}]"]
    if "find_duplicates" in found.roots:
        bases.append(f"ns.FindDuplicates[{parameters[0]}, {parameters[1]}]")
    if "merge_many" in found.roots:
        bases.append(f"ns.MergeMany[{parameters[0]}]")
    lines = [f"class {name}(", *(f"    {line}" for base in bases for line in _wrapped(base)), "):"]
    lines += [*_docstring(schema, found), ""]
    kinds = {
        kind: texts[operations[found.plural, kind]] for kind in found.roots if operations[found.plural, kind] in texts
    }
    lines += ["    meta = ns.ObjectMeta(", "        _PACKAGE,"]
    lines += [f'        "{each}",' for each in (found.type_name, found.singular, found.plural)]
    lines += ["        {", *(f'            "{kind}": "{text}",' for kind, text in kinds.items()), "        },"]
    expected: dict[str, str] = {
        role: found.type_name + suffix for role, suffix in SUFFIXES.items() if role != "where_unique"
    }
    other = {
        role: class_name(graphql)
        for role, graphql in types.items()
        if graphql and class_name(graphql) != expected[role]
    }
    if other:
        lines += ["        {", *(f'            "{role}": "{model}",' for role, model in other.items()), "        },"]
    return "\n".join([*lines, "    )"])


def _types(schema: GraphQLSchema, found: TwentyObject) -> dict[str, str | None]:
    """The GraphQL types of the arguments that the object's operations take."""

    def argument(name: str, *kinds: str) -> str | None:
        for kind in kinds:
            for type_ in (schema.query_type, schema.mutation_type):
                root = object_fields(type_).get(found.roots.get(kind, ""))
                if root and name in root.args:
                    return get_named_type(root.args[name].type).name
        return None

    return {
        "record": found.type_name,
        "create": argument("data", "create_one", "create_many"),
        "update": argument("data", "update_one", "update_many"),
        "filter": argument("filter", "find_many"),
        "order_by": argument("orderBy", "find_many"),
        "group_by": argument("groupBy", "group_by"),
        "group_order": argument("orderBy", "group_by"),
    }


def _docstring(schema: GraphQLSchema, found: TwentyObject) -> Iterable[str]:
    """What the object has, for whoever reads the code: fields, what they refer to, and related lists."""
    type_ = schema.type_map[found.type_name]
    names = field_names(object_fields(type_))
    fields: list[str] = []
    related: list[str] = []
    for graphql, definition in object_fields(type_).items():
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
    yield f'    """{found.type_name}.'
    yield ""
    yield from filled(
        ["Fields:", *(f"{each}," for each in fields[:-1]), *(f"{each}." for each in fields[-1:])], "    ", " "
    )
    if related:
        yield ""
        words = ["Related:", *(f"{each}," for each in related[:-1]), f"{related[-1]}."]
        yield from filled(words, "    ", " ")
    yield '    """'


def _wrapped(base: str) -> list[str]:
    if len(base) + 5 <= 120:
        return [f"{base},"]
    head, _, rest = base.partition("[")
    return [f"{head}[", *(f"    {each}," for each in rest.removesuffix("]").split(", ")), "],"]
