"""Questions on a real terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from select import select

import pytest

from aiotwenty.sandbox import Sandbox
from tests.support.programs import Interpreter

QUESTION, END, CTRL_C = b"[y/N]: ", b"the end", b"\x03"
COMMAND = "from aiotwenty.cli import main; main()"
# Impatience: Ctrl-C once more when the first one is about to be told of.
PRESSED_AGAIN = """
import os, signal, typer
given = typer.echo
def echo(*texts, **options):
    os.kill(os.getpid(), signal.SIGINT)
    given(*texts, **options)
typer.echo = echo
"""


IN_A_TERMINAL = """
import os, sys
os.setsid()
terminal = os.open({terminal!r}, os.O_RDWR)  # which becomes that of the session
for standard in range(3):
    os.dup2(terminal, standard)
sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")
sys.argv[1:] = ["destroy", "notes", "--filter", "title=none"]
"""


@pytest.fixture(scope="module")
def interpreter() -> Iterator[Interpreter]:
    """It has imported what the command imports."""
    modules = ("aiotwenty.cli.app", "aiotwenty.cli.bulk", "aiotwenty.bulk.changes", "aiotwenty.client")
    with Interpreter(*modules, options=()) as prepared:
        yield prepared


def typed_until_it_ends(wait: Callable[[float], int], master: int, typed: bytes) -> int:
    """The exit code that `wait` returns within its seconds, if the program has ended.

    Impatient people press Ctrl-C until it ends, and that doesn't change how it ends. Python sees Ctrl-C that comes
    just before it reads only with the next one.
    """
    for _ in range(1000):
        os.write(master, typed)
        with suppress(TimeoutError, subprocess.TimeoutExpired):
            return wait(0.02)
    raise AssertionError("it goes on waiting")


@pytest.mark.parametrize(
    ("program", "typed", "code"),
    [
        pytest.param(COMMAND, CTRL_C, 130, id="Ctrl-C"),
        pytest.param(PRESSED_AGAIN + COMMAND, CTRL_C, 130, id="Ctrl-C again"),
        pytest.param(COMMAND, b"n\n", 1, id="no"),
        pytest.param(COMMAND, b"y\n", 0, id="yes"),
    ],
)
def test_a_question_ends_with_its_answer_or_ctrl_c(
    workspace: Sandbox, tmp_path: Path, interpreter: Interpreter, program: str, typed: bytes, code: int
) -> None:
    master, slave = pty.openpty()
    environment = {"HOME": str(tmp_path), "TWENTY_API_URL": workspace.url, "TWENTY_API_KEY": workspace.api_key}
    source = IN_A_TERMINAL.format(terminal=os.ttyname(slave)) + program
    with ThreadPoolExecutor(1) as thread:
        ran = thread.submit(interpreter.run, source, environment)
        shown = b""
        while QUESTION not in shown:
            shown += os.read(master, 1000)
        assert typed_until_it_ends(lambda seconds: ran.result(seconds).returncode, master, typed) == code
    os.write(slave, END)
    while END not in shown:
        shown += os.read(master, 1000)
    os.close(slave)
    os.close(master)
    assert (b"Nothing was done." in shown) == (code != 0)


def conversation(folder: Path, arguments: list[str], *answers: tuple[bytes, bytes]) -> tuple[int, str]:
    """How a command ends whose questions are answered, and what a terminal shows of that.

    The end of a question is awaited: what is typed before that, a hidden answer forgets.
    """
    master, slave = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TWENTY_")}
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments], cwd=folder, env={**environment, "HOME": str(folder / "home")},
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),
    ) as process:  # fmt: skip
        try:
            shown = heard = b""
            for question, answer in answers:
                while question not in heard:
                    assert process.poll() is None, shown + heard
                    if select([master], [], [], 0.1)[0]:
                        heard += os.read(master, 1000)
                shown, heard = shown + heard, b""
                if answer != CTRL_C:
                    os.write(master, answer)
            interrupted = answers[-1][1] == CTRL_C
            code = typed_until_it_ends(process.wait, master, CTRL_C) if interrupted else process.wait(60)
        finally:
            process.kill()
    os.write(slave, END)
    while END not in heard:
        heard += os.read(master, 1000)
    os.close(slave)
    os.close(master)
    return code, (shown + heard).decode()


def test_init_writes_nothing_until_all_its_questions_are_answered(workspace: Sandbox, tmp_path: Path) -> None:
    address = (b".com]: ", f"{workspace.url}\n".encode())
    key = (b"shown): ", f"{workspace.api_key}\n".encode())
    for code, *answers in (
        (2, (b".com]: ", b"crm\n")),
        (3, address, (b"shown): ", b"eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln\n")),
        (130, address, (b"shown): ", CTRL_C)),
        (130, address, key, (b"[Y/n]: ", CTRL_C)),
    ):
        exit_code, shown = conversation(tmp_path, ["init", "my_crm"], *answers)
        assert exit_code == code, shown
        assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == []
    named, sure = (b"[my_crm]: ", b"shop_crm\n"), (b"[Y/n]: ", b"\n")
    exit_code, shown = conversation(tmp_path, ["init"], named, address, key, sure)
    assert (exit_code, workspace.api_key in shown) == (0, False)
    written = {path.name for path in tmp_path.iterdir()} - {"home"}
    assert written == {"codegen.toml", ".env", ".env.example", ".gitignore"}
