"""What `generate` writes, keeps, removes and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aiotwenty.codegen.config import load_config
from aiotwenty.codegen.errors import CodegenError
from aiotwenty.codegen.files import MARKER
from aiotwenty.errors import ConfigurationError
from tests.codegen.projects import ROCKET, Project
from tests.codegen.workspaces import METADATA_SDL, Thing


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    made = Project.of(tmp_path / "one")
    again = Project.of(tmp_path / "two")
    again.package = made.package
    made.generate()
    # Another process has another hash seed, and with it another order of every set.
    again.write("codegen.toml", f'package = "./{made.package}"\n')
    program = "import sys; from aiotwenty.cli import main; sys.exit(main())"
    config = str(again.folder / "codegen.toml")
    subprocess.run([sys.executable, "-c", program, "generate", "--config", config], check=True, capture_output=True)
    files = again.files()
    files.pop("codegen.toml")
    assert files == made.files()


def test_a_second_run_touches_nothing(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    assert made.generate().changed
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert made.generate().changed == []
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


def test_what_belongs_to_an_object_goes_with_it(tmp_path: Path) -> None:
    made = Project.of(tmp_path, (ROCKET, Thing("pet", "pets", ("name",))))
    made.generate()
    made.write("queries/core/mine.graphql", "query Mine { rockets { totalCount } }")
    made.write("schema/core.graphql", Project.of(tmp_path / "other").read("schema/core.graphql"))
    made.generate()
    assert not (tmp_path / "queries/core/pet.graphql").exists()
    assert (tmp_path / "queries/core/mine.graphql").exists()
    assert not (tmp_path / made.package / "core/objects/pet.py").exists()


def test_a_module_that_is_not_needed_any_more_is_removed(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    own = made.write("queries/core/mine.graphql", "query Mine { rockets { edges { node { name } } } }")
    made.generate()
    assert (tmp_path / made.package / "core/results.py").exists()
    own.unlink()
    made.generate()
    assert not (tmp_path / made.package / "core/results.py").exists()


def test_a_file_of_ones_own_is_not_overwritten_where_a_generated_one_would_go(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    made.write("queries/core/rocket.graphql", "query Mine { rockets { totalCount } }")
    with pytest.raises(CodegenError, match=r"rocket\.graphql:1: is needed for a generated file"):
        made.generate()
    assert made.read("queries/core/rocket.graphql") == "query Mine { rockets { totalCount } }"


def test_what_is_no_text_among_the_operations_is_an_error_that_names_it(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    made.write("queries/core/mine.graphql", "").write_bytes(b"\xff\xfe")
    with pytest.raises(CodegenError, match=r"mine\.graphql: it is not UTF-8 text"):
        made.generate()


def test_a_folder_that_is_called_like_an_operation_is_left_alone(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    inside = made.write("queries/core/mine.graphql/notes.txt", "mine")
    made.generate()
    assert inside.read_text() == "mine"


def test_a_package_that_somebody_wrote_keeps_its_init(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    path = made.write(f"{made.package}/__init__.py", '"""Mine."""\n')
    report = made.generate()
    assert path.read_text() == '"""Mine."""\n'
    assert report.kept == [path]
    assert (tmp_path / made.package / "core/client.py").exists()


def test_an_empty_init_is_nobodys_and_becomes_the_packages(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    made.write(f"{made.package}/__init__.py", "")
    made.generate()
    with made.imported() as package:
        assert package.Twenty.__module__ == f"{made.package}.client"


@pytest.mark.parametrize("name", ["client.py", "core/__init__.py", "core/shared.py", "core/objects/rocket.py"])
def test_a_module_that_somebody_wrote_is_not_overwritten(tmp_path: Path, name: str) -> None:
    made = Project.of(tmp_path)
    path = made.write(f"{made.package}/{name}", "mine = 1\n")
    with pytest.raises(CodegenError, match=f"{path}:1: is needed for a generated module"):
        made.generate()
    assert [each for each in (tmp_path / made.package).rglob("*") if each.is_file()] == [path]
    assert path.read_text() == "mine = 1\n"


def test_a_package_that_would_hide_aiotwenty_is_refused(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    made.package = "aiotwenty"
    with pytest.raises(CodegenError, match="would hide aiotwenty itself"):
        made.generate()


def test_only_the_objects_that_are_asked_for_are_generated(tmp_path: Path) -> None:
    made = Project.of(tmp_path, (ROCKET, Thing("pet", "pets", ("name",))), objects=["pets"])
    assert made.generate().objects == ["pets"]
    assert [path.name for path in sorted((tmp_path / "queries/core").iterdir())] == ["_shared.graphql", "pet.graphql"]
    assert [path.name for path in sorted((tmp_path / made.package / "core/objects").glob("*.py"))] == [
        "__init__.py",
        "pet.py",
    ]


def test_an_object_that_is_asked_for_but_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CodegenError, match='no object "comet"'):
        Project.of(tmp_path, objects=["comet"]).generate()
    with pytest.raises(CodegenError, match="did you mean 'rocket'"):
        Project.of(tmp_path, objects=["roket"]).generate()


def test_an_object_has_the_operations_that_its_root_fields_allow(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    lines = made.read("schema/core.graphql").splitlines()
    kept = [
        line for line in lines if not any(word in line for word in ("mergeRockets(", "destroyRocket", "Duplicates("))
    ]
    made.write("schema/core.graphql", "\n".join(kept))
    made.generate()
    with made.imported() as package:
        meta = package.Twenty("http://127.0.0.1:9", api_key="k").rockets.meta
        assert meta.operation("find_many").name == "FindManyRockets"
        for kind in ("merge_many", "destroy_one", "destroy_many", "find_duplicates"):
            with pytest.raises(ConfigurationError, match=f"have no {kind}"):
                meta.operation(kind)
    assert "MergeMany" not in made.read(f"{made.package}/core/objects/rocket.py")


def test_uploads_and_subscriptions_are_left_out_of_the_generated_operations(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    made.generate()
    text = "".join(path.read_text() for path in (tmp_path / "queries/metadata").iterdir())
    assert "query GetObjects(" in text
    assert "uploadLogo" not in text
    assert "onEvent" not in text


def test_a_default_of_the_schema_is_left_to_the_server(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    made.generate()
    with made.imported() as package:
        created = package.metadata.CreateFieldInput(name="x")
        assert created.model_dump_json(exclude_unset=True, by_alias=True) == '{"name":"x"}'
        assert (created.type, created.is_unique) == ("TEXT", None)
    assert "$paging: Paging)" in made.read("queries/metadata/object.graphql")


def test_null_and_unset_stay_different(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    made.generate()
    with made.imported() as package:
        update = package.RocketUpdateInput(name=None)
        assert update.model_dump_json(exclude_unset=True, by_alias=True) == '{"name":null}'


def test_scalars_can_be_replaced(tmp_path: Path) -> None:
    made = Project.of(
        tmp_path,
        scalars={"Date": {"type": "fractions.Fraction", "parse": "decimal.Decimal", "serialize": "builtins.str"}},
    )
    made.generate()
    rocket = made.read(f"{made.package}/core/objects/rocket.py")
    assert "from fractions import Fraction" in rocket
    assert "launched_on: typing.Annotated[Fraction, rt.BeforeValidator(Decimal)] | None" in rocket
    assert "launched_on: typing.Annotated[Fraction, rt.PlainSerializer(str)] | None = None" in rocket


PLUGIN = """
import ast

from ariadne_codegen.plugins.base import Plugin


class Documented(Plugin):
    def generate_result_class(self, class_def, operation_definition, selection_set):
        settings = self.config_dict["tool"]["ariadne-codegen"]["documented"]
        class_def.body.insert(0, ast.Expr(ast.Constant(settings["text"])))
        return class_def

    def generate_enum(self, class_def, enum_type):
        class_def.body.append(ast.parse("def shout(self) -> str:\\n    return self.value + '!'").body[0])
        return class_def
"""


def test_a_plugin_of_ones_own_sees_ariadne_codegens_trees_and_its_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Project.of(tmp_path, plugins=["own_plugin.Documented"], documented={"text": "From my plugin."})
    made.write("own_plugin.py", PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    made.generate()
    with made.imported() as package:
        assert package.Rocket.__doc__ == "From my plugin."
        assert package.RocketChoiceEnum.NEW.shout() == "NEW!"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", '"package" must be a path'),
        ('package = "src/my-crm"', "must end in a name that Python can import"),
        (
            'package = "a"\nquerys = "q"',
            "\"querys\" is no setting of aiotwenty or ariadne-codegen \\(did you mean 'queries'",
        ),
        ('package = "a"\nasync_client = false', "async_client of ariadne-codegen is decided by aiotwenty"),
        ('package = "a"\n[cor]\nschema = "x"', r"\"cor\" is no setting .*\(did you mean 'core'"),
        ('package = "a"\ncore = 3', r"\[core\] must be a table"),
        ('package = "a"\n[core]\nschemas = "x"', r'\[core\] "schemas" is no setting'),
        ('package = "a"\nobjects = "x"', "objects must be a list of names"),
        ('package = "a', "is not valid TOML"),
        ('package = "class"', "must end in a name that Python can import"),
        ('package = "a"\n[core]\nschema = 3', '"schema" must be a path'),
        (
            'package = "a"\n[core]\nqueries = "q"\n[metadata]\nqueries = "q/metadata"',
            r"queries of \[core\] and \[metadata\] must lie apart",
        ),
        (
            'package = "a"\n[core]\nschema = "x.graphql"\n[metadata]\nschema = "./x.graphql"',
            r"schema of \[core\] and \[metadata\] must lie apart",
        ),
        ('package = "a"\nscalars = 3', r"scalars must be tables, such as \[scalars.Date\]"),
        ('package = "a"\n[metadata.scalars]\nDate = "x"', r"\[metadata\] scalars must be tables"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "codegen.toml"
    path.write_text(text)
    with pytest.raises(CodegenError, match=reason):
        load_config(path)


def test_a_rule_that_nobody_knows_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(CodegenError, match="Unknown validation rule: Nope"):
        Project.of(tmp_path, skip_validation_rules=["Nope"]).generate()


def test_no_configuration_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CodegenError, match="`aiotwenty init` writes one"):
        load_config(tmp_path / "codegen.toml")


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "codegen.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CodegenError, match="not UTF-8 text"):
        load_config(path)


def test_no_schema_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    (tmp_path / "schema/core.graphql").unlink()
    with pytest.raises(CodegenError, match="`aiotwenty introspect` writes it"):
        made.generate()


def test_an_invalid_schema_is_named_with_its_line(tmp_path: Path) -> None:
    made = Project.of(tmp_path, metadata=METADATA_SDL + "type Broken {\n  x: }\n")
    with pytest.raises(CodegenError, match=r"metadata\.graphql:\d+: Syntax Error"):
        made.generate()


def test_every_place_where_a_schema_is_wrong_is_named(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    made.write("schema/core.graphql", "type Query { a: Int }\ntype A { b: B }\ntype C {\n  d: [D!]\n}\n")
    with pytest.raises(CodegenError) as caught:
        made.generate()
    assert [(each.line, each.reason.split(".")[0]) for each in caught.value.problems] == [
        (2, "Unknown type 'B'"),
        (4, "Unknown type 'D'"),
    ]


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    made.write("queries", "a file where the folder would be")
    with pytest.raises(CodegenError, match=r"cannot create the folder .*queries"):
        made.generate()


def test_settings_of_one_endpoint_are_kept_apart(tmp_path: Path) -> None:
    made = Project.of(tmp_path, core={"schema": "elsewhere/records.graphql", "queries": "own/core"})
    (tmp_path / "schema/core.graphql").rename(made.write("elsewhere/records.graphql", ""))
    made.generate()
    assert made.read("own/core/rocket.graphql").startswith(MARKER)
    assert not (tmp_path / "queries/core").exists()


def test_what_is_generated_says_so_in_its_first_line(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    made.generate()
    for name, content in made.files().items():
        if name.endswith((".py", ".graphql")) and not name.startswith("schema/"):
            assert b"aiotwenty generate" in content.split(b"\n")[0], name


def test_models_take_what_twenty_sends_tomorrow(tmp_path: Path) -> None:
    made = Project.of(tmp_path)
    made.generate()
    answer: dict[str, object] = {
        "id": "8a9df7e0-2f5a-4c6e-8f5c-2b0fa4a6d111",
        "createdAt": "2026-11-23T15:00:18.735Z",
        "website": None,
    }
    answer |= {"name": "x", "fuel": None, "thrust": 1, "launchedOn": "2026-11-23", "choice": "LOST", "newField": 1}
    with made.imported() as package:
        rocket = package.Rocket.model_validate_json(json.dumps(answer))
    assert rocket.choice == "LOST"
    assert rocket.created_at.tzinfo is not None
    assert rocket.launched_on.isoformat() == "2026-11-23"
