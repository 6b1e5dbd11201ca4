"""What the help says of commands that were not imported is what they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from aiotwenty.cli.app import COMMANDS, load_commands
from tests.cli.conftest import Command
from tests.support.once import once


@pytest.mark.parametrize("module", sorted({module for module, _, _ in COMMANDS.values()}))
def test_the_help_lists_the_commands_of_each_module(module: str) -> None:
    loaded = load_commands(module)
    listed = {name for name, (home, _, _) in COMMANDS.items() if home == module}
    assert loaded.keys() == listed
    for name, command in loaded.items():
        first = (command.help or "").split("\n")[0]
        assert first.startswith(COMMANDS[name][2].rstrip(".")), name


ASKED = ["load", "export", "destroy", "list", "query", "doctor", "check", "model apply", "sandbox", "playground"]
PROGRAM = """
import json, os, sys
from aiotwenty.cli import main
import aiotwenty.cli.app
for line in sys.argv[1:]:
    if not os.fork():
        sys.argv[1:] = line.split()
        try:
            main()
        except SystemExit as end:
            assert not end.code
        print(json.dumps([line, *sys.modules]), file=sys.stderr, flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The modules that a command line has imported at its end, each in a process that has imported none of them."""
    lines = ["--version", "--help", *(f"{command} --help" for command in ASKED)]

    def ask(folder: Path) -> None:
        ran = subprocess.run([sys.executable, "-c", PROGRAM, *lines], capture_output=True, text=True, check=True)
        (folder / "modules.jsonl").write_text(ran.stderr)

    told = (once(tmp_path_factory, "imported_by_help", ask) / "modules.jsonl").read_text()
    return {line: set(modules) for line, *modules in map(json.loads, told.splitlines())}


@pytest.mark.parametrize("arguments", ["--version", "--help"])
def test_help_and_version_import_neither_the_client_nor_pydantic(imported: dict[str, set[str]], arguments: str) -> None:
    assert imported[arguments].isdisjoint({"pydantic", "aiohttp", "graphql", "aiotwenty.client"})


@pytest.mark.parametrize("command", ASKED)
def test_the_help_of_a_command_imports_only_what_its_options_need(imported: dict[str, set[str]], command: str) -> None:
    modules = imported[f"{command} --help"]
    assert modules.isdisjoint({"aiohttp", "graphql", "gql", "aiotwenty.client", "aiotwenty.sandbox"})
    assert sum(name.startswith("aiotwenty.bulk.") for name in modules) <= 1


def every_help(bare: Command, monkeypatch: pytest.MonkeyPatch, columns: int) -> dict[str, str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    inner = [f"{group} {name}" for group in ("model", "webhook") for name in load_commands(group)[group].commands]
    return {name: bare(*name.split(), "-h").out for name in [*COMMANDS, *inner]}


def test_the_help_of_every_command_fits_any_terminal(bare: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = every_help(bare, monkeypatch, 400)
    for name, narrow in every_help(bare, monkeypatch, 80).items():
        assert (name, narrow.count("…")) == (name, wide[name].count("…")), "no word is cut"
        assert max(map(len, narrow.splitlines())) <= 80
        said = [line.strip() for line in wide[name].partition("╭")[0].splitlines() if line.strip()]
        assert [line for line in said[1:] if not line.endswith(".")] == [], "sentences go on to the end of the line"


def test_short_help_and_completion_are_there(bare: Command) -> None:
    assert bare("-h").out == bare("--help").out
    assert "--install-completion" in bare("-h").out
    assert "list companies" not in bare("list", "-h").err
    assert bare("lst").code == 2
    assert "list" in bare("lst").err
