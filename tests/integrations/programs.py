"""Runs programs in the environment of the integrations."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aiotwenty.sandbox import Sandbox

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
PYTHON = ROOT / ".venv" / "integrations" / "bin" / "python"


def environment(sandbox: Sandbox, **more: str) -> dict[str, str]:
    """Where the workspace is, for a program."""
    return {**os.environ, "TWENTY_API_URL": sandbox.url, "TWENTY_API_KEY": sandbox.api_key, **more}


@contextmanager
def running(arguments: list[str], env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program in the background, which is ended with SIGTERM; all it says goes to `log`."""
    with (
        log.open("wb") as out,
        subprocess.Popen([str(PYTHON), *arguments], cwd=ROOT, env=env, stdout=out, stderr=out) as started,
    ):
        try:
            yield started
        finally:
            started.send_signal(signal.SIGTERM)
            try:
                started.wait(120)
            except subprocess.TimeoutExpired:
                started.kill()
                raise


def wait_for(port: int, started: subprocess.Popen[bytes], log: Path) -> None:
    """Until something listens there."""
    for _ in range(1200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        assert started.poll() is None, log.read_text()
        time.sleep(0.1)
    raise AssertionError(log.read_text())
