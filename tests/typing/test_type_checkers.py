"""What mypy (strict) and pyright say of a user's program: nothing of a right one, and of a wrong one each mistake."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import type_checkers
from tests.support.once import once

HERE = Path(__file__).parent
Errors = dict[str, list[int]]
Checker = Callable[[Path], Errors]
RIGHT = ("right.py", "selections.py", "runners.py", "raw.py", "receivers.py")
WRONG = {
    "wrong.py": "wrong.txt",
    "wrong_selections.py": "wrong_selections.txt",
    "wrong_runners.py": "wrong_runners.txt",
    "wrong_receivers.py": "wrong_receivers.txt",
}
PROGRAMS = (*RIGHT, *WRONG)


def mypy(folder: Path) -> Errors:
    """The lines with errors in each file."""
    ran = type_checkers.mypy(folder, "--no-error-summary", "--hide-error-context", *PROGRAMS)
    found = re.findall(r"^(\w+\.py):(\d+): error", ran.stdout, re.MULTILINE)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return {name: [int(line) for of, line in found if of == name] for name in PROGRAMS}


def pyright(folder: Path) -> Errors:
    """The same of pyright in its standard mode."""
    ran = type_checkers.pyright(folder, "--outputjson", *PROGRAMS)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    found: Errors = {name: [] for name in PROGRAMS}
    for diagnostic in json.loads(ran.stdout)["generalDiagnostics"]:
        if diagnostic["severity"] == "error":
            found[Path(diagnostic["file"]).name].append(diagnostic["range"]["start"]["line"] + 1)
    return found


@pytest.fixture(scope="module", params=[mypy, pyright], ids=["mypy", "pyright"])
def errors(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Errors:
    """What a checker says of all programs; it runs once, however many workers ask."""
    checker: Checker = request.param

    def check(folder: Path) -> None:
        for name in RIGHT:
            (folder / name).write_text((HERE / name).read_text())
        for name, source in WRONG.items():
            (folder / name).write_text((HERE / source).read_text())
        (folder / "errors.json").write_text(json.dumps(checker(folder)))

    found: Errors = json.loads((once(tmp_path_factory, checker.__name__, check) / "errors.json").read_text())
    return found


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_program_is_accepted(errors: Errors, name: str) -> None:
    assert errors[name] == []


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_is_found_and_nothing_else(errors: Errors, name: str) -> None:
    lines = (HERE / WRONG[name]).read_text().splitlines()
    mistakes = {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}
    found = set(errors[name])
    assert [lines[number - 1] for number in sorted(mistakes - found)] == []
    assert [lines[number - 1] for number in sorted(found - mistakes)] == []
