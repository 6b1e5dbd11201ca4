"""`aiotwenty model`, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aiotwenty.cli.app import run
from aiotwenty.runner import Runner
from aiotwenty.sandbox import Sandbox
from aiotwenty.workspace.model import Model
from tests.model.models import small
from tests.support.few_objects import few_objects


@pytest.fixture
def twenty_sandbox_options() -> dict[str, object]:
    return {"objects": few_objects()}


@pytest.fixture(autouse=True)
def workspace(twenty_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sandbox:
    monkeypatch.setenv("TWENTY_API_URL", twenty_sandbox.url)
    monkeypatch.setenv("TWENTY_API_KEY", twenty_sandbox.api_key)
    monkeypatch.chdir(tmp_path)
    return twenty_sandbox


def test_a_model_is_pulled_planned_and_applied(
    workspace: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Runner(workspace.url, api_key=workspace.api_key) as runner:
        runner(runner.twenty.workspace.apply(Model(objects=(small(),))))
        runner(runner.twenty.execute('mutation { createRocket(data: {name: "A", words: ["x"]}) { id } }'))
    assert run(["model", "pull", "--with", "roles,webhooks"]) == 0
    assert "wrote model/objects/rocket.toml" in capsys.readouterr().out
    assert run(["model", "pull", "--with", "roles,webhooks"]) == 0
    assert "0 files changed" in capsys.readouterr().out
    assert run(["model", "plan"]) == 0
    assert "Nothing to do" in capsys.readouterr().out

    rocket = Path("model/objects/rocket.toml")
    text = rocket.read_text()
    text = text.replace("[fields.code]", '[fields.serial]\nrenamed_from = "code"').replace(
        "fields.code", "fields.serial"
    )
    text = text.replace('label_identifier = "code"', 'label_identifier = "serial"')
    rocket.write_text(text.replace("[fields.words]", "[fields.terms]") + '\n[fields.mood]\ntype = "RATING"\n')
    assert run(["model", "plan"]) == 4
    assert capsys.readouterr().out.splitlines() == [
        "  ~ object rocket",
        "      ~ field serial (renamed from code)",
        "      + field mood RATING",
        "      + field terms ARRAY",
        "      - field words ARRAY (1 record)",
        "Left as it is:",
        "  ! rocket: was words renamed? Then say `renamed_from = 'words'` in [fields.terms], and it keeps its values.",
        "Plan: 2 to add, 1 to change, 1 to destroy.",
    ]
    assert run(["model", "plan", "--json"]) == 4
    told = json.loads(capsys.readouterr().out)
    assert told["summary"] == {"create": 2, "update": 1, "destroy": 1}
    assert told["changes"][-1] == {
        "action": "destroy",
        "kind": "field",
        "path": "rocket.words",
        "summary": "ARRAY",
        "records": 1,
    }

    assert run(["model", "apply"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert run(["model", "apply", "--yes"]) == 1
    assert "rocket.words: 1 record" in capsys.readouterr().err
    rocket.write_text(rocket.read_text().replace("[fields.terms]", '[fields.terms]\nrenamed_from = "words"'))
    assert run(["model", "apply", "--yes", "--allow-destroy", "rocket.words"]) == 0
    shown = capsys.readouterr()
    assert "--allow-destroy rocket.words: the plan doesn't destroy anything of this name" in shown.err
    assert "Done: 3 changes" in shown.out
    assert run(["model", "plan"]) == 0
    with Runner(workspace.url, api_key=workspace.api_key) as runner:
        [record] = runner(runner.twenty.execute("{ rockets { edges { node { terms } } } }"))["rockets"]["edges"]
    assert record["node"] == {"terms": ["x"]}


def test_what_a_folder_has_is_pulled_again_and_what_a_killed_pull_left_is_cleared_away(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["model", "pull", "--with", "views"]) == 0
    company, left = Path("model/objects/company.toml"), Path("model/objects/company.toml.part")
    whole = company.read_text()
    company.unlink()
    left.write_text(whole[:40])
    capsys.readouterr()
    assert run(["model", "pull", "--with", "roles"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[:-1] == [f"wrote {path}" for path in (company, "model/roles.toml", "model/model.toml")]
    assert company.read_text() == whole
    assert run(["model", "pull"]) == 0
    assert "0 files changed" in capsys.readouterr().out
    assert not list(Path().rglob("*.part"))
    Path("model/model.toml").write_text("format = 99")
    assert run(["model", "pull"]) == 1
    assert "format 99 is of a later aiotwenty" in capsys.readouterr().err


def test_a_client_is_generated_again_once_the_model_is_applied(capsys: pytest.CaptureFixture[str]) -> None:
    Path("codegen.toml").write_text('package = "our_crm"\nobjects = ["rocket"]\n')
    assert run(["model", "pull"]) == 0
    Path("model/objects/rocket.toml").write_text('name = "rocket"\nplural = "rockets"\n[fields.name]\ntype = "TEXT"\n')
    assert run(["model", "apply", "--yes", "--generate"]) == 0
    [rocket] = Path("src/our_crm").rglob("rocket.py")
    assert run(["check"]) == 0
    left = rocket.with_name(".rocket.py.part")
    rocket.rename(left)
    assert run(["generate"]) == 0
    assert (rocket.exists(), left.exists()) == (True, False)


def test_an_apply_that_breaks_off_says_where_and_how_it_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["model", "pull"]) == 0
    rocket = Path("model/objects/rocket.toml")
    rocket.write_text(
        'name = "rocket"\nplural = "rockets"\n[fields.code]\ntype = "TEXT"\n[fields.type]\ntype = "TEXT"\n'
    )
    assert run(["model", "apply", "--yes"]) == 1
    told = " ".join(capsys.readouterr().err.split())
    assert "Stopped at change 3, create field rocket.type: it may be done or not." in told
    assert "This name is reserved" in told
    rocket.write_text(rocket.read_text().replace("[fields.type]", "[fields.kind]"))
    capsys.readouterr()
    assert run(["model", "apply", "--yes"]) == 0
    done = capsys.readouterr().out.splitlines()
    assert [line for line in done if line.startswith("create")] == ["create field rocket.kind …"]


def test_a_folder_without_a_model_and_a_part_that_is_none_are_said_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["model", "plan", "nowhere"]) == 1
    assert "nowhere/model.toml: cannot be read" in capsys.readouterr().err
    assert run(["model", "pull", "--with", "recipes"]) == 2
    assert "not one of views, roles, webhooks" in capsys.readouterr().err
