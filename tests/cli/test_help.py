"""What the help says of commands that were not imported is what they are."""

from __future__ import annotations

import subprocess
import sys

import pytest

from aiotwenty.cli.app import COMMANDS, load_commands
from tests.cli.conftest import Command


@pytest.mark.parametrize("module", sorted({module for module, _, _ in COMMANDS.values()}))
def test_the_help_lists_the_commands_of_each_module(module: str) -> None:
    loaded = load_commands(module)
    listed = {name for name, (home, _, _) in COMMANDS.items() if home == module}
    assert loaded.keys() == listed
    for name, command in loaded.items():
        first = (command.help or "").split("\n")[0]
        assert first.startswith(COMMANDS[name][2].rstrip(".")), name


def imported(arguments: str) -> set[str]:
    """The modules that a command line has imported at its end."""
    program = (
        "import sys\nfrom aiotwenty.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sys.modules)\n"
    )
    command = [sys.executable, "-c", program, *arguments.split()]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", ["--version", "--help"])
def test_help_and_version_import_neither_the_client_nor_pydantic(arguments: str) -> None:
    assert imported(arguments).isdisjoint({"pydantic", "aiohttp", "graphql", "aiotwenty.client"})


@pytest.mark.parametrize(
    "command", ["load", "export", "destroy", "list", "query", "doctor", "check", "model apply", "sandbox", "playground"]
)
def test_the_help_of_a_command_imports_only_what_its_options_need(command: str) -> None:
    modules = imported(f"{command} --help")
    assert modules.isdisjoint({"aiohttp", "graphql", "gql", "aiotwenty.client", "aiotwenty.sandbox"})
    assert sum(name.startswith("aiotwenty.bulk.") for name in modules) <= 1


def test_short_help_and_completion_are_there(bare: Command) -> None:
    assert bare("-h").out == bare("--help").out
    assert "--install-completion" in bare("-h").out
    assert "list companies" not in bare("list", "-h").err
    assert bare("lst").code == 2
    assert "list" in bare("lst").err
