"""Checks ids: Twenty accepts UUIDs of version 1 to 5 in their usual form, in upper or lower case (Twenty, July 2026).

It does not accept version 6, 7 or 8, nil or max, other variants, or a UUID without dashes, in braces or as a URN. It
calls some of them missing, finds nothing by others, and refuses a whole batch because of one. So they are refused here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import RFC_4122, UUID

from aiotwenty.errors import InvalidArgument

_USUAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def id_problem(value: object) -> str | None:
    """The reason why the server would refuse a UUID or its text; None if it wouldn't, or if the value is neither."""
    if isinstance(value, str):
        try:
            uuid = UUID(value)
        except ValueError:
            return None
        if not _USUAL.fullmatch(value):
            return f"Twenty accepts ids as 8-4-4-4-12 hexadecimal digits with dashes: {uuid}, not {value!r}"
    elif isinstance(value, UUID):
        uuid = value
    else:
        return None
    if uuid.variant == RFC_4122 and uuid.version in (1, 2, 3, 4, 5):
        return None
    kind = "the nil UUID" if not uuid.int else "the max UUID" if uuid.int == 2**128 - 1 else "one of another variant"
    if uuid.variant == RFC_4122:
        kind = f"of version {uuid.version}"
    return f"Twenty accepts UUIDs of version 1 to 5 only, and {value} is {kind}; use uuid4()"


def check_ids(variables: Mapping[str, object]) -> None:
    """Raises `InvalidArgument` for a UUID in the variables, or in a list in them, that the server would refuse."""
    for name, value in variables.items():
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, UUID) and (problem := id_problem(item)):
                raise InvalidArgument(f"{name}: {problem}.")
