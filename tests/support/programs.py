"""Programs without the time that importing takes: each is forked off an interpreter that has imported what it needs.

It is what `python -c` would run: the code of `__main__`, which ends with all that an interpreter does at its end.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from typing import Self

from tests.support.uncounted import uncounted

_LONGEST = 100_000
"""The bytes of a program with its environment."""


class Interpreter:
    """Has imported these modules, and done nothing yet. `options` are Python's."""

    def __init__(self, *imported: str, options: tuple[str, ...] = ("-W", "error")) -> None:
        self._command = [sys.executable, *options, "-m", __name__]
        self._imported = imported

    def __enter__(self) -> Self:
        self._channel, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            command = [*self._command, str(number), *self._imported]
            # What is forked would write its lines into one file of coverage.
            self._process = subprocess.Popen(command, env=uncounted(), pass_fds=[number])
        self._answers = self._channel.makefile()
        return self

    def run(
        self, source: str, environment: Mapping[str, str] | None = None, *, interrupt_after: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program; presses Ctrl-C when it has printed that line."""
        job = json.dumps({"source": source, "environment": dict(environment or {})}).encode()
        assert len(job) < _LONGEST
        with tempfile.TemporaryFile("w+") as err:
            read, write = os.pipe()
            socket.send_fds(self._channel, [job], [write, err.fileno()])
            os.close(write)
            pid = int(self._answers.readline())
            too_late = threading.Timer(120, os.kill, (pid, signal.SIGKILL))
            too_late.start()
            out = ""
            with os.fdopen(read) as printed:
                for line in printed:
                    out += line
                    if interrupt_after and interrupt_after in line:
                        os.kill(pid, signal.SIGINT)
                        interrupt_after = ""
            code = int(self._answers.readline())
            too_late.cancel()
            err.seek(0)
            return subprocess.CompletedProcess([source], code, out, err.read())

    def __exit__(self, *failure: object) -> None:
        self._answers.close()
        self._channel.close()
        self._process.wait()


def _next_program(channel: socket.socket) -> str:
    """Comes back in each child, with what it is to run; in the parent when there is nothing more to run."""
    while True:
        job, descriptors, *_ = socket.recv_fds(channel, _LONGEST, 2)
        if not job:
            return ""
        child = os.fork()
        if not child:
            for standard, descriptor in zip((1, 2), descriptors, strict=True):
                os.dup2(descriptor, standard)
                os.close(descriptor)
            channel.close()
            told = json.loads(job)
            os.environ.update(told["environment"])
            return str(told["source"])
        for descriptor in descriptors:
            os.close(descriptor)
        channel.sendall(f"{child}\n".encode())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        channel.sendall(f"{code}\n".encode())


if __name__ == "__main__":
    for module in sys.argv[2:]:
        importlib.import_module(module)
    gc.freeze()
    exec(compile(_next_program(socket.socket(fileno=int(sys.argv[1]))), "<string>", "exec", dont_inherit=True))
