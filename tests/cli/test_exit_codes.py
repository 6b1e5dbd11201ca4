"""What the command line says and returns when things go wrong."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from aiotwenty.sandbox import Sandbox
from tests.support.terminal import Terminal

PROGRAM = (sys.executable, "-c", "from aiotwenty.cli import main; main()")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("TWENTY_")}


def python(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """A process of its own."""
    command, environment = [sys.executable, *arguments], {**ENVIRONMENT, **variables}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=300)


def one_line(text: str) -> str:
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    return lines[0]


def test_the_version_is_printed(terminal: Terminal) -> None:
    finished = terminal.run_here("--version")
    assert finished.code == 0
    assert finished.out.strip()[0].isdigit()


def test_a_missing_key_is_said_in_one_line_before_anything_is_written(tmp_path: Path, terminal: Terminal) -> None:
    finished = terminal.run_here("introspect")
    assert finished.code == 3
    assert "no API key" in one_line(finished.err)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_said_in_one_line(terminal: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        terminal.connect(url)
        finished = terminal.run_here("objects")
    assert finished.code == 1
    assert "127.0.0.1" in one_line(finished.err)


def test_an_unknown_option_is_wrong_usage(terminal: Terminal) -> None:
    finished = terminal.run_here("sandbox", "--nope")
    assert finished.code == 2
    assert "--nope" in finished.err


@pytest.mark.parametrize("option", [("--fault", "explode"), ("--rate-limit", "often")])
def test_a_value_that_the_sandbox_cannot_read_is_wrong_usage(terminal: Terminal, option: tuple[str, str]) -> None:
    finished = terminal.run_here("sandbox", *option)
    assert finished.code == 2
    assert option[1] in finished.err


def test_a_port_that_is_none_is_wrong_usage(terminal: Terminal) -> None:
    assert terminal.run_here("sandbox", "--port", "99999").code == 2


def test_a_folder_is_no_document(tmp_path: Path, terminal: Terminal) -> None:
    (tmp_path / "folder").mkdir()
    finished = terminal.run_here("query", "folder")
    assert finished.code == 2
    assert "directory" in finished.err


def test_a_format_that_is_none_is_wrong_usage_before_anything_is_written(tmp_path: Path, terminal: Terminal) -> None:
    assert terminal.run_here("export", "--all", "out", "--format", "xlsx").code == 2
    assert list(tmp_path.iterdir()) == []


def test_help_hides_no_words_in_brackets(terminal: Terminal) -> None:
    assert "[]" not in terminal.run_here("load", "--help").out


def test_the_package_can_be_run_as_a_module(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "aiotwenty", "--version"], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, check=True
    )
    assert finished.stdout


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
async def test_a_terminal_without_the_characters_gets_them_escaped(
    tmp_path: Path, encoding: str, twenty_sandbox: Sandbox
) -> None:
    where = {
        "TWENTY_API_URL": twenty_sandbox.url,
        "TWENTY_API_KEY": twenty_sandbox.api_key,
        "PYTHONIOENCODING": encoding,
    }
    create = 'mutation { createCompany(data: {name: "\\u0141\\u00f3d\\u017a \\ud83d\\ude80"}) { name } }'
    both = f"""
import sys
from aiotwenty.cli import main
for sys.argv[1:] in (["query", {create!r}], ["objects", "company"]):
    try:
        main()
    except SystemExit as end:
        assert not end.code
"""
    ran = await asyncio.to_thread(python, "-c", both, cwd=tmp_path, **where)
    created, end = json.JSONDecoder().raw_decode(ran.stdout)
    assert created == {"createCompany": {"name": "\u0141\u00f3d\u017a \U0001f680"}}
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "accountOwner" in ran.stdout[end:]


async def test_standard_output_may_be_closed(tmp_path: Path, twenty_sandbox: Sandbox) -> None:
    where = {**ENVIRONMENT, "TWENTY_API_URL": twenty_sandbox.url, "TWENTY_API_KEY": twenty_sandbox.api_key}
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", 'exec "$@" >&-', "sh", *PROGRAM, "objects", cwd=tmp_path, env=where, stderr=subprocess.PIPE
    )
    _, told = await process.communicate()
    assert (process.returncode, told) == (0, b"")


def test_ctrl_c_while_the_command_starts_is_no_traceback(tmp_path: Path) -> None:
    program = (
        "import builtins, sys\n"
        "import aiotwenty.cli\n"
        "given = builtins.__import__\n"
        "def stopped(name, *more):\n"
        "    if name == 'aiotwenty.cli.app':\n"
        "        raise KeyboardInterrupt\n"
        "    return given(name, *more)\n"
        "builtins.__import__ = stopped\n"
        "aiotwenty.cli.main()\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, check=False
    )
    assert (finished.returncode, finished.stderr) == (130, b"")


def test_a_wrong_key_is_an_authentication_failure(terminal: Terminal, twenty_sandbox: Sandbox) -> None:
    terminal.connect(twenty_sandbox.url, "not.a.key")
    finished = terminal.run_here("objects")
    assert finished.code == 3
    assert "not.a.key" not in finished.err


def test_the_sandbox_says_where_it_answers_and_stops_when_asked(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, "sandbox"], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("TWENTY_API_URL=http://127.0.0.1:")
        assert process.stdout.readline().startswith("TWENTY_API_KEY=ey")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0
        assert process.stdout.read() == ""
        assert "this machine only" in process.stderr.read()
