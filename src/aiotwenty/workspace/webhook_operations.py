"""Operations of webhooks: `company.created`, `company.*`, `*.deleted`, `*.*`."""

from __future__ import annotations

import re

from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.advice import did_you_mean

ACTIONS = ("created", "updated", "deleted", "restored", "destroyed")
_OPERATION = re.compile(r"(\*|[A-Za-z][A-Za-z0-9]*)\.(\*|[a-z]+)")


def check_operation(operation: str) -> str:
    """The operation. Raises `InvalidArgument` for unknown ones, which the server accepts (Twenty, July 2026)."""
    match = _OPERATION.fullmatch(operation)
    if match is None:
        raise InvalidArgument(f"{operation!r} is no operation: write it like company.created, company.* or *.*.")
    if match[2] not in (*ACTIONS, "*"):
        raise InvalidArgument(
            f"there is no event {operation}{did_you_mean(match[2], ACTIONS)}: there are {', '.join(ACTIONS)} and *."
        )
    return operation


def operations_of(object_name: str, action: str) -> tuple[str, str, str, str]:
    """The operations that include an event."""
    return f"{object_name}.{action}", f"{object_name}.*", f"*.{action}", "*.*"
