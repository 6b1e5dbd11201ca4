"""Python names for GraphQL names: snake_case, never a name that is taken, never the same name twice.

The rule, the same everywhere: a name goes to snake_case; if Python, pydantic or the class it stands in has taken it, it
gets one trailing underscore; if another GraphQL name has it already, it gets a number (`name_2`).
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Collection, Iterable
from functools import cache

from pydantic.alias_generators import to_camel

_SAME_EVERYWHERE = re.compile(r"[a-z0-9_]*")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
"""What a name is made of: `iCalUid` of i, Cal, Uid; `HTMLBody2` of HTML, Body, 2."""


def words(text: str) -> frozenset[str]:
    """A set of names from a text, which is easier to read than as many quotes."""
    return frozenset(text.split())


# Spelt out, because the generated names may not depend on the pydantic that happens to be installed.
_PYDANTIC = words(
    """
    construct copy dict from_orm json model_computed_fields model_config model_construct model_copy model_dump
    model_dump_json model_extra model_fields model_fields_set model_json_schema model_parametrized_name
    model_post_init model_rebuild model_validate model_validate_json model_validate_strings parse_file parse_obj
    parse_raw schema schema_json update_forward_refs validate
    """
)
# What annotations of models are made of: a field of that name would shadow it for the fields below.
ANNOTATIONS = words("bool float int list pydantic rt str typing")
# What `__init__` has of its own, and what type checkers give it.
RECEIVERS = words("cls kwargs self")
FIELDS = _PYDANTIC | ANNOTATIONS | RECEIVERS
"""Names that no field of a model may have."""
# What a StrEnum has of its own; `name`, `value` and `mro` are refused or broken by enum itself.
_ENUM = frozenset(name for name in dir(str) if not name.startswith("_")) | {"mro", "name", "value"}


@cache
def snake_case(name: str) -> str:
    """The name in snake_case; always a name that Python takes."""
    snake = "_".join(_WORDS.findall(name)).lower() or "underscore"
    return f"n_{snake}" if snake[0].isdigit() else snake


def escape(name: str, taken: Collection[str] = ()) -> str:
    """The name, with one trailing underscore if it is a keyword or taken."""
    return f"{name}_" if keyword.iskeyword(name) or name in taken else name


def distinct(
    names: Iterable[str],
    base: Callable[[str], str],
    *,
    rank: Callable[[str], int] = lambda name: 0,
    separator: str = "_",
) -> dict[str, str]:
    """A Python name for each GraphQL name: `base` of it for the first that claims it, numbered for the others.

    The order of `names` does not matter: those of lower `rank` claim first, then by GraphQL name.
    """
    claimed: dict[str, str] = {}
    late: list[tuple[str, str]] = []
    for name in sorted(set(names), key=lambda name: (rank(name), name)):
        wanted = base(name)
        if wanted in claimed:
            late.append((name, wanted))
        else:
            claimed[wanted] = name
    for name, wanted in late:
        number = 2
        while (candidate := f"{wanted.rstrip('_')}{separator}{number}") in claimed:
            number += 1
        claimed[candidate] = name
    return {name: python for python, name in claimed.items()}


def field_names(names: Iterable[str]) -> dict[str, str]:
    """The fields of one model. No field has the Python name that is another's GraphQL name: both may be written."""

    def python(name: str) -> str:
        return escape(snake_case(name), FIELDS)

    def rank(name: str) -> int:
        return 0 if python(name) == name else 1 if not needs_alias(python(name), name) else 2

    return distinct(names, python, rank=rank)


@cache
def needs_alias(python: str, graphql: str) -> bool:
    """Whether the alias generator of the runtime's models cannot give the GraphQL name back, whichever pydantic it is.

    Its releases agree on names in snake_case only.
    """
    plain = python.removesuffix("_")
    return not _SAME_EVERYWHERE.fullmatch(plain) or to_camel(plain) != graphql


def member_name(value: str) -> str:
    """The member of a StrEnum for one value; what Python or enum would trip over gets an underscore or a prefix."""
    if value.startswith("_"):  # a private or reserved name to enum
        return f"VALUE{value.rstrip('_')}"
    return escape(value, _ENUM)
