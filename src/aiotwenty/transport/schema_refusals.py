"""Reads the refusals of a validating server: what its schema lacks, or requires.

The messages are those of graphql-js. They may quote what was sent: only the part that names the schema is kept.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ROOTS = ("Query", "Mutation", "Subscription")


class Gone(NamedTuple):
    """A place in the schema: a type, or a field of it. `text` describes the problem."""

    text: str
    type_name: str
    field: str | None = None

    @property
    def is_root(self) -> bool:
        """Whether it is a root field: for an unknown caller, /graphql has none."""
        return self.field is not None and self.type_name in ROOTS


_NO_FIELD = re.compile(r'Cannot query field "(?P<field>\w+)" on type "(?P<type>\w+)"\.?')
_OTHERS = (
    r'Unknown type "(?P<type>\w+)"\.',
    r'Unknown argument "\w+" on field "(?P<type>\w+)\.(?P<field>\w+)"\.',
    r'Field "(?P<field>\w+)" is not defined by type "(?P<type>\w+)"\.',
    r'Field "(?P<type>\w+)\.(?P<field>\w+)" of required type "[^"]+" was not provided\.',
    r'Field "(?P<field>\w+)" of required type "[^"]+" was not provided\.',
    r'(?:Field|Argument) "(?P<type>\w+)\.(?P<field>\w+)" argument "\w+" of type "[^"]+" is required, but[^.]*\.',
    r'Field "(?P<field>\w+)" argument "\w+" of type "[^"]+" is required, but[^.]*\.',
    r'Value "(?P<field>\w+)" does not exist in "(?P<type>\w+)" enum\.',
    r'Field "(?P<field>\w+)" must not have a selection since type "(?P<type>\w+)\W*" has no subfields\.',
    r'Field "(?P<field>\w+)" of type "\W*(?P<type>\w+)\W*" must have a selection of subfields\.',
    r'Variable "\$\w+" of type "\W*(?P<type>\w+)\W*" used in position expecting type "[^"]+"\.',
    r'Fragment "\w+" cannot be spread here as objects of type "\w+" can never be of type "(?P<type>\w+)"\.',
    r'Fragment "\w+" cannot condition on non composite type "(?P<type>\w+)"\.',
)


def missing_field(message: str) -> Gone | None:
    """The selected output field that does not exist; None for another message."""
    match = _NO_FIELD.match(message)
    return _gone(match) if match else None


def missing(message: str) -> Gone | None:
    """The place that a document made from another schema gets wrong; None for another message."""
    if found := missing_field(message):
        return found
    return next((_gone(match) for pattern in _OTHERS if (match := re.search(pattern, message))), None)


def _gone(match: re.Match[str]) -> Gone:
    names = match.groupdict()
    return Gone(match[0] if match[0].endswith(".") else f"{match[0]}.", names.get("type") or "", names.get("field"))
