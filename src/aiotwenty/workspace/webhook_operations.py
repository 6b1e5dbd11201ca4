"""Operations of webhooks: `company.created`, `company.*`, `*.deleted`, `*.*`."""

from __future__ import annotations

import re

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.advice import did_you_mean

ACTIONS = ("created", "updated", "deleted", "restored", "destroyed")
_OPERATION = re.compile(r"(\*|[A-Za-z][A-Za-z0-9]*)\.(\*|[a-z]+)")


def check_operation(operation: str) -> str:
    """The operation, if it is one. The server takes anything, and then never sends it (Twenty, July 2026)."""
    found = _OPERATION.fullmatch(operation)
    if found is None:
        raise InvalidArgument(f"{operation!r} is no operation: write it like company.created, company.* or *.*.")
    if found[2] not in (*ACTIONS, "*"):
        raise InvalidArgument(
            f"there is no event {operation}{did_you_mean(found[2], ACTIONS)}: there are {', '.join(ACTIONS)} and *."
        )
    return operation


def operations_of(object_name: str, action: str) -> tuple[str, str, str, str]:
    """The operations that include an event."""
    return f"{object_name}.{action}", f"{object_name}.*", f"*.{action}", "*.*"
