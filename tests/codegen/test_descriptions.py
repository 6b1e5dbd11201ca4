"""What a workspace says of its objects and fields is read where one hovers over the generated code."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, print_schema

from aiotwenty.codegen.errors import CodegenError
from aiotwenty.codegen.model.descriptions import docstring
from aiotwenty.codegen.read.labels import add_labels
from aiotwenty.errors import UnexpectedResponse
from tests.codegen.projects import ROCKET, Project


def described(folder: Path, **texts: str) -> Project:
    """A project whose schema describes fields of a rocket (and of nothing else)."""
    made = Project.of(folder, (ROCKET,))
    schema = build_schema(made.read("schema/core.graphql"))
    rocket = schema.type_map["Rocket"]
    rocket.description = "What flies."
    for name, text in texts.items():
        rocket.fields[name].description = text  # type: ignore[attr-defined]
    made.write("schema/core.graphql", print_schema(schema))
    return made


def docs(made: Project, module: str, class_name: str) -> dict[str, str | None]:
    """The docstring of a class, under "", and what stands below each of its fields."""
    tree = ast.parse(made.read(f"{made.package}/core/{module}.py"))
    node = next(each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == class_name)
    found: dict[str, str | None] = {"": ast.get_docstring(node)}
    for before, after in zip(node.body, node.body[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name):
            is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
            found[before.target.id] = after.value.value if is_text else None  # type: ignore[attr-defined]
    return found


def test_a_record_its_inputs_and_its_filter_say_what_a_field_is(tmp_path: Path) -> None:
    made = described(tmp_path, fuel="What burns.", choice="How far it is.")
    made.generate()
    assert docs(made, "objects/rocket", "Rocket")[""] == "What flies."
    for module, name in (
        ("objects/rocket", "Rocket"),
        ("objects/rocket", "RocketCreateInput"),
        ("objects/rocket", "RocketUpdateInput"),
        ("objects/rocket", "RocketFilterInput"),
    ):
        assert docs(made, module, name)["fuel"] == "What burns."
    assert docs(made, "objects/rocket", "Rocket")["choice"] == "How far it is. One of NEW, FLOWN."


def test_a_file_of_ones_own_says_it_better(tmp_path: Path) -> None:
    made = described(tmp_path, fuel="What burns.", name="A name.")
    made.write(
        "own.toml", '[objects]\nRocket = "Ours."\n[fields.Rocket]\nfuel = "Kerosene."\n[fields."*"]\nid = "Its id."\n'
    )
    made.settings = {"descriptions": "own.toml"}
    made.generate()
    found = docs(made, "objects/rocket", "Rocket")
    assert (found[""], found["fuel"], found["name"], found["id"]) == ("Ours.", "Kerosene.", "A name.", "Its id.")


@pytest.mark.parametrize(
    "text",
    [
        '"""',
        'ends with "',
        "ends with \\",
        "line\nbreak\r\n\tand tab",
        "\\N{DASH} \\x",
        "nul \x00 and \u2028",
        '""" + __import__("os").abort() + """',
        "long " * 100,
        "x" * 300,
        "",
    ],
)
def test_a_description_may_hold_anything(tmp_path: Path, text: str) -> None:
    lines = docstring(text)
    shown = ast.parse("class A:\n" + "\n".join([*lines, "    pass"])).body[0]
    assert isinstance(shown, ast.ClassDef)
    printable = "".join(character if character.isprintable() else " " for character in text)
    assert " ".join((ast.get_docstring(shown) or "").split()) == " ".join(printable.split())
    assert len(shown.body) == (2 if lines else 1)


def test_a_file_of_descriptions_that_is_wrong_is_told_so(tmp_path: Path) -> None:
    made = described(tmp_path)
    made.settings = {"descriptions": "own.toml"}
    for text, reason in (
        ("[objects", "is not valid TOML"),
        ("[object]\nA = 'x'", "only"),
        ("[fields.A]\nb = 1", "only"),
    ):
        made.write("own.toml", text)
        with pytest.raises(CodegenError, match=reason):
            made.generate()


def test_the_committed_client_describes_every_field_of_the_standard_objects(root: Path) -> None:
    made = Project(root, package="src/aiotwenty")
    for name in ("Company", "Person", "Opportunity", "Task", "Note"):
        found = docs(made, f"objects/{name.lower()}", name)
        assert all(found.values()), (name, [field for field, text in found.items() if not text])
    assert (
        docs(made, "objects/company", "CompanyCreateInput")["domain_name"]
        == docs(made, "objects/company", "Company")["domain_name"]
    )
    for path in (root / "src/aiotwenty/core/objects").glob("*.py"):
        assert not re.search(r"\"\"\"\s*\"\"\"", path.read_text())


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("objects/company", "Company"),
        ("objects/company", "CompanyCreateInput"),
        ("objects/person", "PersonUpdateInput"),
        ("objects/task", "TaskFilterInput"),
    ],
)
def test_what_names_a_record_comes_first_and_what_the_system_keeps_last(root: Path, module: str, name: str) -> None:
    fields = list(docs(Project(root, package="src/aiotwenty"), module, name))[1:]
    assert fields[0] == "id"
    assert fields[1] in ("name", "title")
    system = ["position", "created_at", "created_by", "updated_at", "updated_by", "deleted_at", "search_vector"]
    kept = [field for field in fields if field not in ("and_", "or_", "not_")]
    assert [field for field in system if field in kept] == kept[-sum(field in system for field in kept) :]


def served_model(description: str | None = None) -> dict[str, Any]:
    """What `/metadata` says of rockets."""
    fields = [
        {"name": "fuel", "type": "TEXT", "label": "Propellant", "description": description, "options": None},
        {
            "name": "choice",
            "type": "SELECT",
            "label": "Readiness",
            "description": None,
            "options": [{"value": "NEW", "label": "New"}, {"value": "FLOWN", "label": "Was in space"}],
        },
    ]
    rocket = {"nameSingular": "rocket", "labelSingular": "Launcher", "description": "What flies.", "fieldsList": fields}
    return {"objects": {"edges": [{"node": rocket}, {"node": {**rocket, "nameSingular": "hidden"}}]}}


def test_labels_stand_before_descriptions_and_beside_options(tmp_path: Path) -> None:
    made = Project.of(tmp_path, (ROCKET,))
    schema = build_schema(made.read("schema/core.graphql"))
    add_labels(schema, served_model("What burns."))
    made.write("schema/core.graphql", print_schema(schema))
    made.generate()
    for name in ("Rocket", "RocketCreateInput", "RocketUpdateInput", "RocketFilterInput"):
        assert docs(made, "objects/rocket", name)["fuel"] == "Propellant: What burns."
    found = docs(made, "objects/rocket", "Rocket")
    assert found[""] == "Launcher: What flies."
    assert found["choice"] == "Readiness. One of NEW, FLOWN (Was in space)."


@pytest.mark.parametrize(
    "answer", [{}, {"objects": None}, {"objects": {"edges": [{"node": {"nameSingular": "rocket"}}]}}]
)
def test_a_data_model_that_makes_no_sense_is_told_so(tmp_path: Path, answer: dict[str, Any]) -> None:
    schema = build_schema(Project.of(tmp_path, (ROCKET,)).read("schema/core.graphql"))
    with pytest.raises(UnexpectedResponse, match="data model of the workspace is invalid"):
        add_labels(schema, answer)


def test_every_class_of_the_committed_client_says_what_it_is_for(root: Path) -> None:
    without = [
        f"{path.name}: {node.name}"
        for path in (root / "src/aiotwenty/core").rglob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and ast.get_docstring(node) is None
    ]
    assert not without
