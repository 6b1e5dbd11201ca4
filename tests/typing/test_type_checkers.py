"""What mypy (strict) and pyright say of a user's program: nothing of a right one, and of a wrong one each mistake."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
Checker = Callable[[Path], dict[str, set[int]]]
RIGHT = ("right.py", "selections.py")
WRONG = {"wrong.py": "wrong.txt", "wrong_selections.py": "wrong_selections.txt"}
PROGRAMS = (*RIGHT, *WRONG)


@cache
def mypy(folder: Path) -> dict[str, set[int]]:
    """The lines with errors in each file, as a user without any settings sees them."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context"]
    # A cache of our own: a user's settings are not the project's, and without it each run takes a minute.
    cache_folder = ROOT / ".mypy_cache" / "of a user"
    command += ["--config-file", "", "--cache-dir", str(cache_folder), *PROGRAMS]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = re.findall(r"^(\w+\.py):(\d+): error", ran.stdout, re.MULTILINE)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    return {name: {int(line) for of, line in found if of == name} for name in PROGRAMS}


@cache
def pyright(folder: Path) -> dict[str, set[int]]:
    """The same of pyright in its standard mode."""
    (folder / "pyrightconfig.json").write_text("{}")
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, *PROGRAMS]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    found: dict[str, set[int]] = {name: set() for name in PROGRAMS}
    for diagnostic in json.loads(ran.stdout)["generalDiagnostics"]:
        if diagnostic["severity"] == "error":
            found[Path(diagnostic["file"]).name].add(diagnostic["range"]["start"]["line"] + 1)
    return found


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("user")
    for name in RIGHT:
        (folder / name).write_text((HERE / name).read_text())
    for name, source in WRONG.items():
        (folder / name).write_text((HERE / source).read_text())
    return folder


@pytest.mark.parametrize("checker", [mypy, pyright], ids=["mypy", "pyright"])
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_program_is_accepted(checker: Checker, name: str, programs: Path) -> None:
    assert checker(programs)[name] == set()


@pytest.mark.parametrize("checker", [mypy, pyright], ids=["mypy", "pyright"])
@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_is_found_and_nothing_else(checker: Checker, name: str, programs: Path) -> None:
    lines = (programs / name).read_text().splitlines()
    mistakes = {number for number, line in enumerate(lines, 1) if line.endswith("# wrong")}
    found = checker(programs)[name]
    assert [lines[number - 1] for number in sorted(mistakes - found)] == []
    assert [lines[number - 1] for number in sorted(found - mistakes)] == []
