"""The reason of an error, where its class does not say it all; and what the server says of itself in an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from aiotwenty.errors import Reason

ADVICE: dict[Reason, str] = {
    Reason.NEEDS_USER: "No API key may do this, whatever its role: do it in Twenty itself, as a user.",
    Reason.NEEDS_PLAN: "It is a matter of what the workspace has subscribed to, not of the API key's role.",
    Reason.NOT_OFFERED: "Nobody may do this through the API, whatever the role of the key: the server does it itself.",
}

# INTERNAL_SERVER_ERROR says nothing about what was written: a slow database is given up for after ten seconds, and
# commits what it was sent all the same. Its troubles come with HTTP 400 in REST (Twenty, July 2026).
INTERNAL = frozenset({"INTERNAL_SERVER_ERROR", "InternalServerErrorException"})
_DATABASE = re.compile(
    r"^(error: )?("
    r"Query read timeout|timeout exceeded when trying to connect|Connection terminated|Connection ended unexpectedly"
    r"|Client has encountered a connection error|Client was closed|server closed the connection|connection is insecure"
    r"|terminating connection|canceling (statement|autovacuum)|deadlock detected|could not serialize access"
    r"|could not obtain lock|sorry, too many clients|remaining connection slots|too many connections"
    r"|the database system is|cannot execute \w+ in a read-only transaction|QueryRunnerAlreadyReleased"
    r"|Query runner already released|Driver not Connected|Connection is not established"
    r"|(?-i:(connect|read|write|getaddrinfo|queryA) E[A-Z_]{3,})"
    r")",
    re.IGNORECASE,
)
# What JavaScript and the database say of a request that they can't cope with, today or tomorrow.
_BUG = re.compile(
    r"^Cannot (read|set|convert|destructure|return null|access|use)\b"
    r"| is not (a function|iterable|defined|a constructor|valid JSON)\b|in JSON at position"
    r"|^Unexpected (token|end|non-)|^Data validation error|^Migration action | does not exist$|^syntax error at"
    r"|^Converting circular structure"
)
_USER = re.compile(r"requires a (session access token|user context)")


def is_database(message: str) -> bool:
    """Whether it is what a server says whose database is too slow, or out of reach."""
    return _DATABASE.match(message) is not None


def trouble(error: Mapping[str, Any], status: int) -> Reason | None:
    """Which trouble of the server's own an error that has no other class is."""
    message = str(error.get("message", ""))
    if is_database(message):
        return Reason.DATABASE
    if status < 500 and codes_of(error)[0] not in INTERNAL:
        return None
    return Reason.SERVER_BUG if _BUG.search(message) else Reason.SERVER_TROUBLE


def refusal(error: Mapping[str, Any]) -> Reason | None:
    """Why something is refused to a key that is good, if it is no matter of the key's role."""
    message = str(error.get("message", ""))
    if codes_of(error)[1] == "INVALID_AUTH_CONTEXT" or _USER.search(message):
        return Reason.NEEDS_USER
    if "requires an Enterprise plan" in message:
        return Reason.NEEDS_PLAN
    return Reason.NOT_OFFERED if message.startswith("Method not allowed.") else None


def codes_of(error: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Its code and its subCode."""
    return extension(error, "code"), extension(error, "subCode")


def extension(error: Mapping[str, Any], name: str) -> str | None:
    """One of its extensions, if that is a text."""
    extensions = error.get("extensions")
    value = extensions.get(name) if isinstance(extensions, dict) else None
    return value if isinstance(value, str) else None
