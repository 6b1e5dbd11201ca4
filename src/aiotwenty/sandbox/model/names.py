"""How Twenty turns the names of its data model into GraphQL names (lodash's camelCase)."""

from __future__ import annotations

import hashlib
import re
from functools import cache

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def camel(name: str) -> str:
    """`probe9B775` for `probe9b775`: digits end a word, and the next word starts with a capital."""
    first, *rest = [str(word) for word in _WORDS.findall(name)] or [name]
    return first.lower() + "".join(word.capitalize() for word in rest)


def pascal(name: str) -> str:
    """`camel` with a capital first letter, as in names of GraphQL types."""
    return upper_first(camel(name))


def upper_first(name: str) -> str:
    """The name with a capital first letter: `PrimaryLinkUrl` for `primaryLinkUrl`."""
    return name[:1].upper() + name[1:]


@cache
def snake(name: str) -> str:
    """`is_ui_read_only` for `isUIReadOnly`."""
    out = ""
    for place, letter in enumerate(name):
        after = name[place + 1 : place + 2]
        if letter.isupper() and place and (name[place - 1].islower() or after.islower()):
            out += "_"
        out += letter.lower()
    return out


def kebab(name: str) -> str:
    """`core-picture` for `CorePicture`."""
    return snake(name[:1].lower() + name[1:]).replace("_", "-")


def index_name(object_name: str, *fields: str, unique: bool = False) -> str:
    """The name of an index as Twenty makes it: a digest of the columns that it covers."""
    digest = hashlib.sha256(":".join([object_name, *fields]).encode()).hexdigest()[:27]
    return f"IDX_UNIQUE_{digest}" if unique else f"IDX_{digest}"
