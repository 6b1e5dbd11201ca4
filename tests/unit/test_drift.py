"""What counts as a change of a workspace, whatever version of graphql-core looks for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from graphql import build_client_schema, build_schema, introspection_from_schema

from aiotwenty.codegen.drift import compare_schemas
from aiotwenty.codegen.read.sdl import load_schema, parse_schema, print_sorted

SKIP = {"name": "skip", "isRepeatable": False, "locations": ["FIELD"], "args": []}
DIRECTIVES: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "skip, without its argument": [SKIP],
    "one that nobody knows": [SKIP, {**SKIP, "name": "mcp", "locations": ["OBJECT"]}],
    "one in a place that newer specifications have": [{**SKIP, "name": "deprecated", "locations": ["ENUM_VALUE"]}],
}


SMALL = 'type Query { field(argument: Int = 1): Kind @deprecated(reason: "old") } enum Kind { ONE TWO }'


@pytest.mark.parametrize(
    ("schema", "directives"),
    [("core", "skip, without its argument"), ("metadata", "none"), *(("small", name) for name in DIRECTIVES)],
)
def test_what_was_just_introspected_has_not_drifted(root: Path, schema: str, directives: str) -> None:
    known = build_schema(SMALL) if schema == "small" else load_schema(root / f"schema/{schema}.graphql")
    answer: Any = introspection_from_schema(known, descriptions=False)
    answer["__schema"]["directives"] = DIRECTIVES[directives]
    served = build_client_schema(answer)
    written = parse_schema(print_sorted(served), Path("written.graphql"))
    assert compare_schemas(written, served) == []
    assert compare_schemas(served, written) == []


def part_of(root: Path, query: str, *names: str) -> str:
    """These types of the committed schema, with a field of Query that leads to them."""
    text = (root / "schema/core.graphql").read_text()
    found = (re.search(rf"^\w+ {name} {{\n.*?^}}\n", text, re.MULTILINE | re.DOTALL) for name in names)
    return "".join([f"scalar JSON scalar UUID type Query {{ {query} }}\n", *(each[0] for each in found if each)])


def test_the_parts_of_a_composite_may_be_null_without_a_change_of_the_workspace(root: Path) -> None:
    """A server requires them in the first schema that it makes, and in no later one."""
    query = "actor(create: ActorCreateInput, update: ActorUpdateInput): Actor"
    text = part_of(root, query, "Actor", "ActorCreateInput", "ActorUpdateInput", "ActorSourceEnum")
    later = text.replace("source: ActorSourceEnum!", "source: ActorSourceEnum").replace("name: String!", "name: String")
    assert later.count("!") == text.count("!") - 3
    first, then = (parse_schema(each, Path("core.graphql")) for each in (text, later))
    assert compare_schemas(first, then) == []
    assert compare_schemas(then, first) == []


def test_what_is_required_elsewhere_is_a_change(root: Path) -> None:
    text = part_of(root, "label(file: FileItemInput): String", "FileItemInput")
    before, now = "input FileItemInput {\n  fileId: UUID", "input FileItemInput {\n  fileId: UUID!"
    assert now in text
    path = Path("core.graphql")
    changes = compare_schemas(parse_schema(text.replace(now, before), path), parse_schema(text, path))
    assert [change.kind for change in changes] == ["FIELD_CHANGED_KIND"]
