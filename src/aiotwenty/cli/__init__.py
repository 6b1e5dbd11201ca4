"""The `aiotwenty` command. Thin: every command calls one library function."""

from __future__ import annotations

import atexit
import signal
import sys
from io import TextIOWrapper

from aiotwenty.cli.exit_codes import ExitCode
from aiotwenty.version import __version__

__all__ = ["main"]


def main() -> None:
    """Runs the command line. Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 authentication, 4 drift or rejects."""
    if sys.argv[1:] == ["--version"]:
        # Scripts ask for the version often, so it imports nothing else.
        sys.stdout.write(f"{__version__}\n")
        raise SystemExit(ExitCode.FINE)
    try:
        import rich  # noqa: F401
        import typer  # noqa: F401
    except ModuleNotFoundError as error:
        sys.stderr.write(f"The aiotwenty command needs {error.name}: pip install 'aiotwenty[tools]'\n")
        raise SystemExit(ExitCode.FAILED) from None
    for stream in (sys.stdout, sys.stderr):
        # Characters that the terminal lacks are shown escaped.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # The exit code is decided by then: another Ctrl-C during Python's shutdown would replace it by that of the signal.
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    try:
        from aiotwenty.cli.app import run

        raise SystemExit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        raise SystemExit(ExitCode.INTERRUPTED) from None
