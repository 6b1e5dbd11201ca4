"""GraphQL's own error messages in the words of graphql-js: the same text, in double quotes."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"(?<![\w\"])'([^']*)'(?!\w)")
_VARIABLE_PREFIX = re.compile(r"^Variable '\$[^']+' got invalid value .*?; ", re.DOTALL)


def as_javascript(message: str) -> str:
    """`Cannot query field 'x'` becomes `Cannot query field "x"`."""
    return _QUOTED.sub(r'"\1"', message)


def variable_message(message: str) -> str:
    """What Twenty says of a bad variable: only the cause, not which variable (Twenty, July 2026)."""
    return as_javascript(_VARIABLE_PREFIX.sub("", message))
