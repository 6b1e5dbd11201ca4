"""What somebody does who has read the README: from the wheel, in a home and an environment where nothing else is."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integrations.programs import ROOT

pytestmark = pytest.mark.integrations

README = (ROOT / "README.md").read_text("utf-8")
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```', re.MULTILINE | re.DOTALL)
AS_A_NOTEBOOK = """
import ast, asyncio, inspect, sys
code = compile(open(sys.argv[1]).read(), sys.argv[1], "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
if code.co_flags & inspect.CO_COROUTINE:
    asyncio.run(eval(code, names := {"__name__": "__main__"}))
else:
    exec(code, {"__name__": "__main__"})
"""
PROJECT = """
[project]
name = "shop"
version = "0.1.0"

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""


@dataclass(frozen=True)
class Newcomer:
    """Types commands, in a folder."""

    home: Path
    variables: dict[str, str]

    def types(self, command: str, folder: Path, code: int = 0) -> str:
        """What a line for the shell prints. Nobody answers questions."""
        environment = {
            "HOME": str(self.home),
            "PATH": f"{self.home / 'venv' / 'bin'}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            **self.variables,
        }
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert (command, done.returncode) == (command, code), f"{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        assert "Warning" not in done.stderr
        return done.stdout

    def installs(self, *what: str) -> None:
        """With the configuration of the machine: it may know where packages are."""
        pip = [str(self.home / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet", *what]
        subprocess.run(pip, check=True, capture_output=True)


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Newcomer:
    home = tmp_path_factory.mktemp("home")
    subprocess.run([sys.executable, "-m", "venv", str(home / "venv")], check=True)
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(home)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = home.glob("*.whl")
    newcomer = Newcomer(home, {})
    newcomer.installs(f"{wheel}[tools]")
    return newcomer


@pytest.fixture(scope="module")
def with_sandbox(newcomer: Newcomer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Newcomer]:
    """A sandbox in the background, whose variables the shell has."""
    folder = tmp_path_factory.mktemp("sandbox")
    printed = newcomer.types("aiotwenty sandbox --background --env-file .env --seed-data 50", folder)
    variables = dict(line.split("=", 1) for line in printed.splitlines())
    assert sorted(variables) == ["TWENTY_API_KEY", "TWENTY_API_URL"]
    assert printed == (folder / ".env").read_text()
    assert "role Admin" in newcomer.types("aiotwenty doctor", folder)
    yield Newcomer(newcomer.home, variables)
    assert variables["TWENTY_API_URL"] in newcomer.types("aiotwenty sandbox --stop 2>&1", folder)
    assert "stopped" not in newcomer.types("aiotwenty sandbox --stop 2>&1", folder)


def test_the_readme_works_block_by_block(with_sandbox: Newcomer, tmp_path: Path) -> None:
    preamble = ""
    for language, title, content in FENCE.findall(README):
        if title:
            (tmp_path / title).write_text(content)
        elif language == "python":
            (tmp_path / "block.py").write_text(preamble + content)
            with_sandbox.types(f"python -W error::SyntaxWarning -c {shlex.quote(AS_A_NOTEBOOK)} block.py", tmp_path)
            if content.rstrip().endswith("twenty = Twenty()"):
                preamble = content
        elif language == "sh":
            for line in content.replace("\\\n", "").splitlines():
                if re.match(r"aiotwenty (?!sandbox|playground|webhook)", line):
                    with_sandbox.types(line, tmp_path)
    assert preamble


@pytest.mark.parametrize(
    ("package", "laid_out", "line"),
    [
        ("my_crm", (), "from my_crm import Twenty"),
        ("my_crm", ("src/shop/__init__.py",), "from my_crm import Twenty    (once"),
        ("shop.crm", ("src/shop/__init__.py",), "from shop.crm import Twenty    (once"),
        ("shop.crm", ("shop/__init__.py",), "from shop.crm import Twenty"),
    ],
    ids=["an empty folder", "beside the package in src", "within the package in src", "within a package beside"],
)
def test_a_client_is_generated_where_the_printed_line_imports_it(
    package: str, laid_out: tuple[str, ...], line: str, with_sandbox: Newcomer, tmp_path: Path
) -> None:
    folder = tmp_path / "workspace" / "packages" / "shop"  # as a member of a workspace of uv
    folder.mkdir(parents=True)
    if laid_out:
        (tmp_path / "workspace" / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["packages/*"]\n')
        (folder / "pyproject.toml").write_text(PROJECT)
    for file in laid_out:
        (folder / file).parent.mkdir(parents=True)
        (folder / file).touch()
    with_sandbox.types(f"aiotwenty init {package} && aiotwenty introspect", folder)
    printed = with_sandbox.types("aiotwenty generate", folder).splitlines()[-1]
    assert printed.startswith(line)
    if "once" in line:
        with_sandbox.installs("--no-deps", "--editable", str(folder))
    importing, _, _ = printed.partition("  ")
    counts = "with Runner(Twenty) as run: print(run(run.twenty.companies.count()))"
    program = f"{importing}\nfrom aiotwenty import Runner\n{counts}"
    assert int(with_sandbox.types(f"python -c {shlex.quote(program)}", folder)) > 0
    assert "No drift" in with_sandbox.types("aiotwenty check", folder)


def test_programs_run_with_a_sandbox_around_them(newcomer: Newcomer, tmp_path: Path) -> None:
    shows = "import json, os; print(json.dumps(sorted(name for name in os.environ if name.startswith('TWENTY_'))))"
    printed = newcomer.types(f"aiotwenty sandbox -- python -c {shlex.quote(shows)} 2>/dev/null", tmp_path)
    assert json.loads(printed) == ["TWENTY_API_KEY", "TWENTY_API_URL"]
    newcomer.types("aiotwenty sandbox -- python -c 'raise SystemExit(7)'", tmp_path, code=7)
