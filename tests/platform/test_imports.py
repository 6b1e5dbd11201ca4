"""What importing does: `make lint` holds its directions, and it builds nothing ahead."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from pkgutil import iter_modules

import aiotwenty
from aiotwenty.sandbox import Sandbox
from tests.support.uncounted import uncounted

ROOT = Path(__file__).resolve().parents[2]
LINT = "import sys; from importlinter.cli import lint_imports_command; sys.path[0] = 'src'; lint_imports_command()"

FOR_TYPE_CHECKERS = """
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiotwenty.objects import Records
"""
IN_A_FUNCTION = """
def late() -> None:
    from aiotwenty import client
"""
# What is added to which module, and what is said of it.
AGAINST = {
    "at the top": (
        "transport/retry.py",
        "from aiotwenty.records import paging",
        "aiotwenty.transport.retry -> aiotwenty.records.paging (",
    ),
    "inside a function": ("bulk/requests.py", IN_A_FUNCTION, "aiotwenty.bulk.requests -> aiotwenty.client ("),
    "for type checkers": (
        "records/namespace.py",
        FOR_TYPE_CHECKERS,
        "aiotwenty.records.namespace -> aiotwenty.objects (",
    ),
    "of the client by the sandbox": (
        "sandbox/http/rest.py",
        "from aiotwenty.errors import TwentyError",
        "aiotwenty.sandbox.http.rest -> aiotwenty.errors (",
    ),
    "in a circle": (
        "graphql/models.py",
        "from aiotwenty.graphql import page",
        "No cycles are allowed in aiotwenty.graphql.",
    ),
}


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", LINT, "--no-cache"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False, env=uncounted())


def test_lint_refuses_imports_against_the_arrows(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert lint(tmp_path).returncode == 0

    for name, line, _ in AGAINST.values():
        module = tmp_path / "src" / "aiotwenty" / name
        module.write_text(f"{module.read_text()}\n{line}\n")
    refused = lint(tmp_path)
    assert refused.returncode == 1
    told = " ".join(refused.stdout.split())
    assert [kind for kind, (_, _, said) in AGAINST.items() if said not in told] == []


BUILDS_NOTHING = """
import sys
from aiotwenty import Twenty
Twenty("http://127.0.0.1:1", api_key="x")
assert "pydantic.plugin._loader" not in sys.modules, "a model was built"
from aiotwenty.core import Company
Company.model_rebuild()
assert "pydantic.plugin._loader" in sys.modules, "pydantic builds models without it: look for something else"
"""


def test_a_client_is_made_without_building_a_model() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", BUILDS_NOTHING], capture_output=True, text=True, timeout=120, check=False
    )
    assert finished.returncode == 0, finished.stderr


WITHOUT_GQL = """
import asyncio, sys
from aiotwenty import Select, Twenty
from aiotwenty.core import Company
class Name(Select[Company]):
    name: str | None
async def main(url, key):
    async with Twenty(url, api_key=key) as twenty:
        created = await twenty.companies.create_one({"name": "Acme"})
        await twenty.companies.update_one(created.id, {"name": "Acme Ltd"})
        assert [company.name async for company in twenty.companies.iterate(select=Name)] == ["Acme Ltd"]
        assert (await twenty.companies.load([{"name": "B"}, {"name": "C"}])).loaded == 2
        assert await twenty.companies.count() == 3
        assert len(await twenty.metadata.get_api_keys()) == 1
        assert (await twenty.companies.export("companies.jsonl")).records == 3
        assert not {"gql", "graphql"} & sys.modules.keys()
        assert twenty.endpoint("graphql").url == f"{url}/graphql"
        assert {"gql", "graphql"} < sys.modules.keys()
asyncio.run(main(*sys.argv[1:]))
"""


async def test_typed_calls_import_neither_gql_nor_its_parser(twenty_sandbox: Sandbox, tmp_path: Path) -> None:
    arguments = (sys.executable, "-c", WITHOUT_GQL, twenty_sandbox.url, twenty_sandbox.api_key)
    process = await asyncio.create_subprocess_exec(*arguments, cwd=tmp_path, stderr=asyncio.subprocess.PIPE)
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()


def test_the_sandbox_may_import_nothing_else_of_the_package() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (forbidden,) = [
        set(contract["forbidden_modules"])
        for contract in contracts
        if contract["name"] == "The sandbox knows nothing of the client side"
    ]
    there = {f"aiotwenty.{module.name}" for module in iter_modules(aiotwenty.__path__)}
    assert there - forbidden == {"aiotwenty.sandbox", "aiotwenty.__main__"}
