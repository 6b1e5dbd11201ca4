"""What mypy (strict) and pyright say of a user's program: nothing of a right one, and of a wrong one each mistake.

Nor do they say anything of a package that is generated with names of every kind, and of a program that uses them.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.codegen.projects import hostile_project
from tests.support import type_checkers
from tests.support.once import once

HERE = Path(__file__).parent
Errors = dict[str, list[int]]
Checker = Callable[[Path], Errors]
HOSTILE = "hostile_names.py"
PACKAGE = "hostile_crm"
RIGHT = ("right.py", "selections.py", "runners.py", "raw.py", "receivers.py", HOSTILE)
WRONG = {
    "wrong.py": "wrong.txt",
    "wrong_selections.py": "wrong_selections.txt",
    "wrong_runners.py": "wrong_runners.txt",
    "wrong_receivers.py": "wrong_receivers.txt",
}
PROGRAMS = (*RIGHT, *WRONG)
CHECKED = (*PROGRAMS, PACKAGE)
SOURCES = {name: name for name in RIGHT} | WRONG | {HOSTILE: "hostile_names.txt"}


def mypy(folder: Path) -> Errors:
    """The lines with errors in each file."""
    ran = type_checkers.mypy(folder, "--no-error-summary", "--hide-error-context", *CHECKED)
    found = re.findall(r"^([\w/]+\.py):(\d+): error", ran.stdout, re.MULTILINE)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return {name: [int(line) for of, line in found if Path(of).parts[0] == name] for name in CHECKED}


def pyright(folder: Path) -> Errors:
    """The same of pyright in its standard mode."""
    ran = type_checkers.pyright(folder, "--outputjson", *CHECKED)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    found: Errors = {name: [] for name in CHECKED}
    for diagnostic in json.loads(ran.stdout)["generalDiagnostics"]:
        if diagnostic["severity"] == "error":
            name = Path(diagnostic["file"]).resolve().relative_to(folder.resolve()).parts[0]
            found[name].append(diagnostic["range"]["start"]["line"] + 1)
    return found


@pytest.fixture(scope="module", params=[mypy, pyright], ids=["mypy", "pyright"])
def errors(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Errors:
    """What a checker says of all programs; it runs once, however many workers ask."""
    checker: Checker = request.param

    def check(folder: Path) -> None:
        for name, source in SOURCES.items():
            (folder / name).write_text((HERE / source).read_text())
        project = hostile_project(tmp_path_factory)
        shutil.copytree(project.folder / project.package, folder / PACKAGE)
        (folder / "errors.json").write_text(json.dumps(checker(folder)))

    found: Errors = json.loads((once(tmp_path_factory, checker.__name__, check) / "errors.json").read_text())
    return found


@pytest.mark.parametrize("name", [*RIGHT, PACKAGE])
def test_a_right_program_is_accepted(errors: Errors, name: str) -> None:
    assert errors[name] == []


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_is_found_and_nothing_else(errors: Errors, name: str) -> None:
    lines = (HERE / WRONG[name]).read_text().splitlines()
    mistakes = {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}
    found = set(errors[name])
    assert [lines[number - 1] for number in sorted(mistakes - found)] == []
    assert [lines[number - 1] for number in sorted(found - mistakes)] == []
