"""Sandboxes in the background: starts, finds and stops their processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import typer

from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.cli.profiles import state_folder

_SECONDS = 60.0
"""Seconds to wait for the process to end."""


@dataclass(frozen=True)
class Background:
    """A process, and the variables that it printed."""

    pid: int
    lines: tuple[str, ...]

    @classmethod
    def start(cls, command: Sequence[str]) -> Background:
        """Starts the process and waits until it answers. If it doesn't, exits with its output and exit code."""
        with TemporaryFile("w+", encoding="utf-8") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True
            )
            assert process.stdout is not None
            lines = tuple(line for line in (process.stdout.readline().strip() for _ in range(2)) if line)
            if len(lines) < 2:
                code = process.wait()
                log.seek(0)
                typer.echo(log.read().strip() or "Error: the sandbox did not start.", err=True)
                raise typer.Exit(code or ExitCode.FAILED)
        url = lines[0].partition("=")[2]
        # The time of its start distinguishes it from a later process with the same number.
        state = {"pid": process.pid, "url": url, "began": _began(process.pid)}
        folder = state_folder()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"sandbox-{process.pid}.json").write_text(json.dumps(state), "utf-8")
        return cls(process.pid, lines)

    @classmethod
    def stop(cls, port: int) -> list[str]:
        """Stops all of them, or the one on a port, and returns their addresses."""
        stopped = []
        for path, state in _states():
            if port and not str(state["url"]).endswith(f":{port}"):
                continue
            if _began(state["pid"]) == state["began"]:
                os.kill(state["pid"], signal.SIGTERM)
                stopped.append(str(state["url"]))
                until = time.monotonic() + _SECONDS
                while _began(state["pid"]) == state["began"] and time.monotonic() < until:
                    time.sleep(0.05)
            path.unlink(missing_ok=True)
        return stopped


def _states() -> Iterator[tuple[Path, dict[str, Any]]]:
    for path in sorted(state_folder().glob("sandbox-*.json")):
        try:
            state = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(state, dict) and {"pid", "url", "began"} <= state.keys():
            yield path, state


def _began(pid: int) -> str | None:
    """The start of a process, as the system writes it; None if it has ended."""
    try:
        # The fields follow the name of the program, which may contain anything.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return None if fields[0] == "Z" else fields[19]
    except (OSError, UnicodeDecodeError):
        pass
    if Path("/proc/self").exists():
        return None
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    state, _, began = listed.partition(" ")
    return began.strip() if began and not state.startswith("Z") else None
