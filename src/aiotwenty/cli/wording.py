"""Error messages in the terms of the command line, and the lines of --verbose."""

from __future__ import annotations

import errno
import sys
from json import JSONDecodeError
from socket import gaierror
from typing import TYPE_CHECKING

from aiotwenty.errors import TwentyError

if TYPE_CHECKING:
    from aiotwenty.transport.hooks import Hooks, RequestEvent, ResponseEvent, RetryEvent

_ADDRESSES = {
    errno.EADDRINUSE: "the port is in use: choose another one with --port.",
    errno.EACCES: "the port needs more rights: choose another one with --port, above 1023.",
    errno.EADDRNOTAVAIL: "this machine does not have that address: choose another one with --host.",
}
"""Messages about errors in opening a port, by the error's number."""

_FLAGS = {"validate": "--no-validate"}
"""Options for which a message suggests the opposite flag."""


def said(error: Exception) -> str:
    """The message of an error: without the operation's name, and with flags in place of arguments."""
    if isinstance(error, OSError) and error.strerror is not None:
        if isinstance(error, gaierror):
            return "the name of the host is unknown: choose another one with --host."
        if error.filename is None and error.errno in _ADDRESSES:
            return _ADDRESSES[error.errno]
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    if isinstance(error, JSONDecodeError):
        return f"not JSON, line {error.lineno}, column {error.colno}: {error.msg}"
    if not isinstance(error, TwentyError):
        return str(error)
    if error.suggested is None:
        return error.explanation
    name, spelling = error.suggested
    return error.explanation.replace(spelling, _FLAGS.get(name) or f"--{name.replace('_', '-')}")


def request_log() -> Hooks:
    """Hooks that print a line on standard error for each request, without its content."""
    from aiotwenty.transport.hooks import Hooks

    return Hooks(on_request=_sent, on_response=_answered, on_retry=_retried)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _sent(event: RequestEvent) -> None:
    waited = f", after {event.waited:.1f} s in the queue" if event.waited >= 0.05 else ""
    _say(f"> {event.operation} ({event.kind}) to {event.url}: {event.bytes:,} bytes{waited}")


def _answered(event: ResponseEvent) -> None:
    status = f"HTTP {event.status}" if event.status is not None else "no answer"
    problem = f", {type(event.error).__name__}" if event.error is not None else ""
    _say(f"< {event.operation}: {status}, {event.bytes:,} bytes in {event.seconds:.3f} s{problem}")


def _retried(event: RetryEvent) -> None:
    _say(f"  {event.operation}: again in {event.delay:.1f} s: {said(event.error)}")
