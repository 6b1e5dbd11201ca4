"""GraphQL's own error messages in the words of graphql-js: the same text, in double quotes."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"(?<![\w\"])'([^']*)'(?!\w)")


def as_javascript(message: str) -> str:
    """`Cannot query field 'x'` becomes `Cannot query field "x"`."""
    return _QUOTED.sub(r'"\1"', message)
