"""Writes the operations of a schema as .graphql files: `core/<object>.graphql` and `metadata/<entity>.graphql`.

A file that begins with the marker is the generator's: it is replaced, and removed when its object is gone. Any other
file is the user's and never touched.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

from aiotwenty.codegen.errors import CodegenError, DocumentProblem
from aiotwenty.codegen.files import MARKER, write_files
from aiotwenty.codegen.model.names import pascal_case
from aiotwenty.codegen.model.root_entities import VERBS, files_of
from aiotwenty.codegen.model.selection import Selections
from aiotwenty.graphql.names import distinct, escape, snake_case
from aiotwenty.graphql.object_roots import TwentyObject
from aiotwenty.graphql.relations import connection_node, object_fields

SHARED = "_shared"


def core_operations(schema: GraphQLSchema, objects: list[TwentyObject]) -> dict[str, str]:
    """The text of each file, by name without the extension."""
    selections = Selections(schema, entities=False)
    names = operation_names(objects)
    types = {twenty_object.type_name for twenty_object in objects}
    files = (
        distinct([twenty_object.plural for twenty_object in objects], lambda plural: snake_case(singular[plural]))
        if (singular := {twenty_object.plural: twenty_object.singular for twenty_object in objects})
        else {}
    )
    texts: dict[str, list[str]] = {}
    shared: set[str] = set()
    for twenty_object in objects:
        blocks = [selections.fragment(twenty_object.type_name)]
        shared |= selections.used_by(twenty_object.type_name) - types
        for kind, root in twenty_object.roots.items():
            selection = _core_selection(schema, selections, kind, _root(schema, kind, root))
            if selection is not None:
                blocks.append(
                    _operation(
                        names[twenty_object.plural, kind], _kind(kind), root, _root(schema, kind, root), selection
                    )
                )
        texts[files[twenty_object.plural]] = blocks
    texts[SHARED] = [selections.fragment(name) for name in sorted(shared)]
    return {name: "\n\n".join([MARKER, *blocks]) + "\n" for name, blocks in texts.items() if blocks}


def operation_names(objects: Iterable[TwentyObject]) -> dict[tuple[str, str], str]:
    """The name of each operation, by the object's plural and the kind: FindManyCompanies, CreateOneCompany."""
    plain = {
        (twenty_object.plural, kind): _operation_name(twenty_object, kind)
        for twenty_object in objects
        for kind in twenty_object.roots
    }
    unique: dict[tuple[str, str], str] = {}
    for key, name in sorted(plain.items()):
        number, candidate = 1, name
        while candidate in unique.values() or (number > 1 and candidate in plain.values()):
            number += 1
            candidate = f"{name}{number}"
        unique[key] = candidate
    return unique


def metadata_operations(schema: GraphQLSchema) -> dict[str, str]:
    """The text of each file, by its entity.

    Without subscriptions, which the server refuses with an API key, and uploads, which are multipart.
    """
    selections = Selections(schema, entities=True)
    roots = {
        (kind, name): field
        for kind, type_ in (("query", schema.query_type), ("mutation", schema.mutation_type))
        for name, field in object_fields(type_).items()
        if not field.deprecation_reason
        and not any(get_named_type(argument.type).name == "Upload" for argument in field.args.values())
    }
    taken = set(schema.type_map)
    names = distinct(
        [f"{kind} {name}" for kind, name in roots],
        lambda root: _metadata_name(*root.split(), taken=taken),
    )
    files = files_of(schema, roots)
    texts: dict[str, list[str]] = {}
    users: dict[str, set[str]] = {}
    for (kind, name), field in roots.items():
        selection = _metadata_selection(selections, field)
        if selection is None:
            continue
        file = files[kind, name]
        named = get_named_type(field.type)
        node = connection_node(named) or named
        if isinstance(node, GraphQLObjectType):
            for used in selections.used_by(node.name):
                users.setdefault(used, set()).add(file)
        texts.setdefault(file, []).append(_operation(names[f"{kind} {name}"], kind, name, field, selection))
    for name in sorted(users, reverse=True):
        homes = [snake_case(name)] if snake_case(name) in texts else sorted(users[name])
        texts.setdefault(homes[0] if len(homes) == 1 else SHARED, []).insert(0, selections.fragment(name))
    return {file: "\n\n".join([MARKER, *blocks]) + "\n" for file, blocks in sorted(texts.items())}


def write_operations(folder: Path, texts: dict[str, str]) -> list[Path]:
    """Writes the files that differ, removes those of objects that are gone, and returns the changed ones."""
    wanted = {folder / f"{name}.graphql": text for name, text in texts.items()}
    foreign = [path for path in wanted if path.exists() and not is_ours(path)]
    if foreign:
        reason = "is needed for a generated file: rename yours"
        raise CodegenError(
            "a file of your own has the name of a generated one:",
            [DocumentProblem(path, 1, reason) for path in foreign],
        )
    changed = write_files(wanted)
    for path in sorted(folder.glob("*.graphql")):
        if path not in wanted and is_ours(path):
            path.unlink()
            changed.append(path)
    return changed


def is_ours(path: Path) -> bool:
    """Whether the path is a file with the marker. It may also be a folder, or a file that is not text."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.readline().rstrip(b"\r\n") == MARKER.encode()


def _root(schema: GraphQLSchema, kind: str, name: str) -> GraphQLField:
    return object_fields(schema.query_type if _kind(kind) == "query" else schema.mutation_type)[name]


def _kind(kind: str) -> str:
    return "query" if kind in ("find_many", "find_one", "group_by", "find_duplicates") else "mutation"


def _operation_name(found: TwentyObject, kind: str) -> str:
    noun = found.singular if kind.endswith("_one") else found.plural
    return pascal_case(kind) + pascal_case(noun)


def _core_selection(schema: GraphQLSchema, selections: Selections, kind: str, root: GraphQLField) -> list[str] | None:
    named = get_named_type(root.type)
    if not isinstance(named, GraphQLObjectType):
        return []
    if kind == "group_by":
        return [name for name in ("groupByDimensionValues", "totalCount") if name in named.fields] or None
    node = connection_node(named)
    return selections.connection(named, node) if node else selections.spread(named)


def _metadata_selection(selections: Selections, root: GraphQLField) -> list[str] | None:
    named = get_named_type(root.type)
    if is_leaf_type(named):
        return []
    if not isinstance(named, GraphQLObjectType):
        return None
    node = connection_node(named)
    return selections.connection(named, node) if node else selections.spread(named)


def _operation(name: str, kind: str, root: str, field: GraphQLField, selection: list[str]) -> str:
    # The variables have the order of the method's arguments: `update_one_company(id, data)`.
    names = sorted(field.args, key=lambda argument: argument not in ("id", "ids"))
    variables = ", ".join(f"${argument}: {_variable_type(field, argument)}" for argument in names)
    arguments = ", ".join(f"{argument}: ${argument}" for argument in names)
    head = f"{kind} {name}({variables})" if variables else f"{kind} {name}"
    call = f"{root}({arguments})" if arguments else root
    if not selection:
        return f"{head} {{\n  {call}\n}}"
    return "\n".join([f"{head} {{", f"  {call} {{", *(f"    {line}" for line in selection), "  }", "}"])


def _variable_type(field: GraphQLField, argument: str) -> str:
    """The argument's type, made nullable if the server has a default, which applies when the variable is unset."""
    definition = field.args[argument]
    has_default = definition.ast_node is not None and definition.ast_node.default_value is not None
    return str(definition.type).removesuffix("!") if has_default else str(definition.type)


def _metadata_name(kind: str, root: str, *, taken: set[str]) -> str:
    name = root[:1].upper() + root[1:]
    starts_with_verb = snake_case(root).split("_")[0] in VERBS
    if kind == "query" and not starts_with_verb:
        name = f"Get{name}"
    return f"{name}Operation" if name in taken else escape(name)
