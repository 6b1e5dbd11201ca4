"""Python names for GraphQL names: in snake_case, never a reserved name, never the same name twice.

The rule is the same everywhere: a name is converted to snake_case; if Python, pydantic or the class around it uses the
name, it gets a trailing underscore; if another GraphQL name has it already, it gets a number (`name_2`).
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Collection, Iterable
from functools import cache

from pydantic.alias_generators import to_camel

_SAME_EVERYWHERE = re.compile(r"[a-z0-9_]*")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
"""The words of a name: i, Cal, Uid in `iCalUid`; HTML, Body, 2 in `HTMLBody2`."""


def words(text: str) -> frozenset[str]:
    """The words of a text as a set of names; easier to read than as many quotes."""
    return frozenset(text.split())


# Listed here, so that generated names do not depend on the installed pydantic.
_PYDANTIC = words(
    """
    construct copy dict from_orm json model_computed_fields model_config model_construct model_copy model_dump
    model_dump_json model_extra model_fields model_fields_set model_json_schema model_parametrized_name
    model_post_init model_rebuild model_validate model_validate_json model_validate_strings parse_file parse_obj
    parse_raw schema schema_json update_forward_refs validate
    """
)
# Names in annotations of models: a field of that name would shadow it for later fields.
ANNOTATIONS = words("bool float int list pydantic rt str typing")
# Parameters of `__init__`, also in the eyes of type checkers.
RECEIVERS = words("cls kwargs self")
FIELDS = _PYDANTIC | ANNOTATIONS | RECEIVERS
"""Names that no field of a model may have."""
# Attributes of a StrEnum; enum itself refuses or breaks `name`, `value` and `mro`.
_ENUM = frozenset(name for name in dir(str) if not name.startswith("_")) | {"mro", "name", "value"}


@cache
def snake_case(name: str) -> str:
    """The name in snake_case, as a valid Python identifier."""
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
    """A Python name for each GraphQL name: the result of `base`, numbered if another name has it already.

    The order of `names` does not matter: names of lower `rank` come first, then the GraphQL names decide.
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
    """The names of one model's fields. None is the GraphQL name of another field, because both may be written."""

    def python(name: str) -> str:
        return escape(snake_case(name), FIELDS)

    def rank(name: str) -> int:
        return 0 if python(name) == name else 1 if not needs_alias(python(name), name) else 2

    return distinct(names, python, rank=rank)


@cache
def needs_alias(python: str, graphql: str) -> bool:
    """Whether a field needs an explicit alias, because pydantic's alias generators may not give the GraphQL name back.

    pydantic's releases agree only on names in snake_case.
    """
    plain = python.removesuffix("_")
    return not _SAME_EVERYWHERE.fullmatch(plain) or to_camel(plain) != graphql


def member_name(value: str) -> str:
    """The name of a StrEnum's member for a value; with an underscore or prefix if Python or enum would refuse it."""
    if value.startswith("_"):  # enum treats it as private or reserved
        return f"VALUE{value.rstrip('_')}"
    return escape(value, _ENUM)
