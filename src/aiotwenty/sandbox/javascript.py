"""GraphQL's own error messages in the words of graphql-js 16, which Twenty runs on."""

from __future__ import annotations

import re

_QUOTED = re.compile(r"(?<![\w\"])'([^']*)'(?!\w)")
_VALUE = "Expected value of type '(.*?)'"
_LATER_WORDS = (
    (
        rf"{_VALUE} not to include unknown field '(\w+)'(?:, f|\.(.*) F)ound: .*",
        r"Field '\2' is not defined by type '\1'.\3",
    ),
    (rf"{_VALUE} to be an object, found: (.*)", r"Expected value of type '\1', found \2"),
    (r"Expected value of non-null type '(.*?)' not to be None\.", r"Expected value of type '\1', found null."),
)
"""How graphql-core 3.3 words it, and how it was said before."""


def as_javascript(message: str) -> str:
    """`Cannot query field 'x'` becomes `Cannot query field "x"`, whatever graphql-core said it."""
    for later, before in _LATER_WORDS:
        message = re.sub(later, before, message, flags=re.DOTALL)
    return _QUOTED.sub(r'"\1"', message)
