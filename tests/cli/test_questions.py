"""Questions on a real terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from aiotwenty.sandbox import Sandbox

QUESTION, END = b"[y/N]: ", b"the end"
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


def typed_until_it_ends(process: subprocess.Popen[bytes], master: int, typed: bytes) -> int:
    """Its exit code. Impatient people press Ctrl-C until it ends, and that doesn't change how it ends."""
    for _ in range(1000):
        os.write(master, typed)
        with suppress(subprocess.TimeoutExpired):
            return process.wait(0.02)
    raise AssertionError("it goes on waiting")


@pytest.mark.parametrize(
    ("program", "typed", "code"),
    [
        pytest.param(COMMAND, b"\x03", 130, id="Ctrl-C"),
        pytest.param(PRESSED_AGAIN + COMMAND, b"\x03", 130, id="Ctrl-C again"),
        pytest.param(COMMAND, b"n\n", 1, id="no"),
        pytest.param(COMMAND, b"y\n", 0, id="yes"),
    ],
)
def test_a_question_ends_with_its_answer_or_ctrl_c(
    workspace: Sandbox, tmp_path: Path, program: str, typed: bytes, code: int
) -> None:
    master, slave = pty.openpty()
    environment = {
        **os.environ, "HOME": str(tmp_path), "TWENTY_API_URL": workspace.url, "TWENTY_API_KEY": workspace.api_key
    }  # fmt: skip
    command = [sys.executable, "-c", program, "destroy", "notes", "--filter", "title=none"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # it is the terminal of the command
    ) as process:  # fmt: skip
        shown = b""
        while QUESTION not in shown:
            shown += os.read(master, 1000)
        try:
            assert typed_until_it_ends(process, master, typed) == code
        finally:
            process.kill()
    os.write(slave, END)
    while END not in shown:
        shown += os.read(master, 1000)
    os.close(slave)
    os.close(master)
    assert (b"Nothing was done." in shown) == (code != 0)
