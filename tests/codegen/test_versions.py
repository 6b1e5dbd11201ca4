"""Schemas of real servers, old and new: each generates, imports and passes the type checkers."""

from __future__ import annotations

import importlib
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from graphql import (
    GraphQLObjectType,
    build_schema,
    print_schema,
)

from aiotwenty.codegen.read.sdl import parse_schema, print_sorted
from aiotwenty.graphql import runtime as rt
from tests.codegen.projects import ROCKET, Project
from tests.codegen.workspaces import METADATA_SDL, core_sdl
from tests.support.imports import added_by


def project(folder: Path, core: str, metadata: str) -> Project:
    made = Project(folder)
    made.write("schema/core.graphql", core)
    made.write("schema/metadata.graphql", metadata)
    made.generate()
    return made


def check_that_every_model_builds(made: Project) -> int:
    """Import everything and have pydantic build every model; how many there are."""
    count = 0
    with made.imported() as package:
        for endpoint in ("core", "metadata"):
            folder = made.folder / made.package / endpoint
            for path in sorted(folder.rglob("*.py")):
                name = ".".join((endpoint, *path.relative_to(folder).with_suffix("").parts))
                module = importlib.import_module(f"{package.__name__}.{name.removesuffix('.__init__')}")
                for value in list(vars(module).values()):
                    is_model = isinstance(value, type) and issubclass(value, rt.Record | rt.Input)
                    if is_model and value.__module__ == module.__name__:
                        value.model_rebuild()
                        count += 1
            importlib.import_module(f"{package.__name__}.{endpoint}.client")
    return count


def lines_and_files(folder: Path) -> tuple[int, int]:
    files = list(folder.rglob("*.py"))
    return sum(len(path.read_text().splitlines()) for path in files), len(files)


def test_a_workspace_with_custom_objects_on_the_newest_server(newest: Project) -> None:
    assert check_that_every_model_builds(newest) > 500
    lines, files = lines_and_files(newest.folder / newest.package / "core")
    assert lines <= 25_000
    assert files <= 40


def test_the_committed_client_is_small(root: Path) -> None:
    lines, files = lines_and_files(root / "src/aiotwenty/core")
    assert lines <= 15_000
    assert files <= 40


def test_the_committed_schemas_are_what_introspection_writes(recordings: Path, root: Path) -> None:
    for ours, theirs in (("core", "core.standard"), ("metadata", "metadata")):
        path = recordings / f"{theirs}.graphql"
        written = print_sorted(parse_schema(path.read_text(), path))
        assert (root / f"schema/{ours}.graphql").read_text() == written


def test_what_everything_belongs_to_is_asked_for_without_everything(newest: Project, root: Path) -> None:
    """The server fails on it: "Cannot return null for non-nullable field Application.agents"."""
    for queries in (root / "queries/metadata", newest.folder / "queries/metadata"):
        text = "\n".join(path.read_text() for path in queries.glob("*.graphql"))
        asked = text.split("fragment Application on Application {")[1].split("\n}")[0]
        assert "  universalIdentifier\n" in asked
        assert not re.search("agents|frontComponents|commandMenuItems|settingsMenuItems|logicFunctions", asked)


def test_the_operations_of_the_data_model_are_cut_by_entity(newest: Project, root: Path) -> None:
    for folder in (root, newest.folder):
        files = {path.stem: path.read_text() for path in (folder / "queries/metadata").glob("*.graphql")}
        assert {"webhook", "view", "view_field", "role", "field", "object", "api_key"} <= files.keys()
        assert files.keys().isdisjoint({"two", "front", "other", "my", "one", "many"})
        assert max(text.count("\n") for text in files.values()) < 350
        assert set(re.findall(r"^(?:query|mutation) (\w+)", files["webhook"], re.MULTILINE)) == {
            "GetWebhooks",
            "GetWebhook",
            "CreateWebhook",
            "UpdateWebhook",
            "DeleteWebhook",
        }


def test_an_older_server_with_metadata_among_its_records(recordings: Path, tmp_path: Path) -> None:
    """Version 1.10: other names of columns and types, scalars as date filters, metadata root fields on /graphql."""
    made = project(tmp_path, older((recordings / "core.standard.graphql").read_text()), METADATA_SDL)
    check_that_every_model_builds(made)
    with made.imported() as package:
        assert package.NoteTarget.model_fields.keys() >= {"person_id", "company_id"}
        assert package.Note.model_fields["body_v_2"].annotation == package.RichTextV2 | None
        by_date = package.CompanyFilterInput(created_at={"gte": "2026-01-01T00:00:00Z"})
        assert (
            by_date.model_dump_json(by_alias=True, exclude_unset=True) == '{"createdAt":{"gte":"2026-01-01T00:00:00Z"}}'
        )
    assert not (tmp_path / "queries/core/webhook.graphql").exists()
    assert "class CreateWebhookInput" not in made.read(f"{made.package}/core/shared.py")


def older(core: str) -> str:
    """The schema as an older server has it, as far as it matters."""
    core = re.sub(r"\btarget(Person|Company|Opportunity)(Id)?\b", lambda m: m[1].lower() + (m[2] or ""), core)
    core = re.sub(r"\bRichText\b", "RichTextV2", core)
    core = re.sub(r": DateTimeFilter$", ": DateTime", core, flags=re.MULTILINE)
    core = re.sub(r"^input DateTimeFilter \{.*?^\}$", "", core, flags=re.MULTILINE | re.DOTALL)
    metadata = """
type Webhook { id: UUID! targetUrl: String! }
input CreateWebhookInput { targetUrl: String! }
type Field { id: UUID! name: String! }
type FieldEdge { node: Field! }
type FieldConnection { edges: [FieldEdge!]! pageInfo: PageInfo! }
type Subscription { onDbEvent: JSON }
"""
    core = core.replace(
        "type Query {", "type Query {\n  webhooks: [Webhook!]!\n  fields(filter: JSON): FieldConnection!", 1
    )
    core = core.replace("type Mutation {", "type Mutation {\n  createWebhook(input: CreateWebhookInput!): Webhook!", 1)
    return core + metadata


def test_a_server_that_lacks_fields(recordings: Path, tmp_path: Path) -> None:
    """Any tenth of all output fields may be missing, root fields among them."""
    chance = random.Random(0)
    core, metadata = (
        thinned((recordings / name).read_text(), chance) for name in ("core.standard.graphql", "metadata.graphql")
    )
    made = project(tmp_path, core, metadata)
    assert check_that_every_model_builds(made) > 300


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 6))
def test_a_server_that_lacks_other_fields_of_the_data_model(recordings: Path, tmp_path: Path, seed: int) -> None:
    metadata = thinned((recordings / "metadata.graphql").read_text(), random.Random(seed))
    made = project(tmp_path, core_sdl((ROCKET,)), metadata)
    assert check_that_every_model_builds(made) > 100


def thinned(sdl: str, chance: random.Random) -> str:
    schema = build_schema(sdl, assume_valid=True)
    for type_ in list(schema.type_map.values()):
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__") and not type_.interfaces:
            kept = {name: field for name, field in type_.fields.items() if chance.random() > 0.1}
            # A cached property, which type checkers take for a read-only one.
            vars(type_)["fields"] = kept or dict(list(type_.fields.items())[:1])
    return print_schema(schema)


def test_importing_and_making_a_client_adds_little_to_its_dependencies() -> None:
    """How long it takes is measured by the benchmarks."""
    added = added_by(
        "from aiotwenty import Twenty; Twenty('http://127.0.0.1:9', api_key='key')",
        base="import pydantic; from gql.transport.aiohttp import AIOHTTPTransport; pydantic.BaseModel",
    )
    assert len(added.own) <= 95
    assert added.of_others <= {"annotated_types", "pydantic", "pydantic_core", "pydantic_settings"}
    assert added.memory <= 1.2


CASES = [
    ("twenty", []),
    ("twenty.companies", ["objects.company", "shared"]),
    ('twenty.companies.meta.model("filter").model_validate({"name": {"eq": "a"}})', ["objects.company", "shared"]),
    (
        'twenty.companies.meta.model("filter").model_validate({"account_owner": {"id": {"is": "NULL"}}})',
        ["objects.company", "objects.workspace_member", "shared"],
    ),
]


def test_using_an_object_imports_its_module_and_no_other() -> None:
    program = f"""
import os, sys
from aiotwenty import Twenty
for statement, modules in {CASES}:
    if os.fork():
        assert os.wait()[1] == 0, statement
        continue
    twenty = Twenty("http://127.0.0.1:9", api_key="key")
    exec(statement)
    prefixes = ("aiotwenty.core.", "aiotwenty.metadata", "aiotwenty.codegen", "ariadne")
    loaded = sorted(name.removeprefix("aiotwenty.core.") for name in sys.modules if name.startswith(prefixes))
    assert loaded == sorted(["objects", *modules]), loaded
    break
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd="/")
