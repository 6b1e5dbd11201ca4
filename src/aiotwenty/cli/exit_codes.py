"""Exit codes, for scripts and CI."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command."""

    FINE = 0
    FAILED = 1
    USAGE = 2
    """Wrong usage, with typer's own code; also a value, a file or a document that is refused before it is sent."""
    AUTHENTICATION = 3
    FINDINGS = 4
    """Drift, differences or rejects were found."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C, with the code of shells."""
