"""Short tracebacks for notebooks: the reader's own lines, and the message."""

from __future__ import annotations

import traceback
from pathlib import Path

_LIBRARY = str(Path(__file__).parent)
_AROUND = {"IPython", "asyncio", "concurrent", "aiohttp", "gql", "contextlib.py"}
"""Packages and modules whose frames surround those of the library, in addition to dependencies."""


def short_traceback(error: BaseException) -> list[str]:
    """The lines of a traceback without causes, and without frames of this library and its dependencies."""
    shown = traceback.TracebackException.from_exception(error, compact=True)
    frames = [frame for frame in shown.stack if not _is_internal(frame.filename)]
    hidden = len(shown.stack) - len(frames)
    shown.stack = traceback.StackSummary.from_list(frames or shown.stack)
    shown.__cause__ = shown.__context__ = None
    lines = "".join(shown.format()).splitlines()
    if frames and hidden:
        lines.append(f"({hidden} internal frames hidden; all: traceback.print_exception(sys.last_value))")
    return lines


def _is_internal(filename: str) -> bool:
    return filename.startswith(_LIBRARY) or not _AROUND.isdisjoint(Path(filename).parts[-3:])
