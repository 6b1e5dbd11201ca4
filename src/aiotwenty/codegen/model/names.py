"""Names of generated classes, methods, arguments and properties. Names of fields are in `graphql.names`."""

from __future__ import annotations

import keyword
from collections.abc import Iterable

from ariadne_codegen.utils import str_to_pascal_case

from aiotwenty.graphql.names import ANNOTATIONS, RECEIVERS, distinct, escape, snake_case, words

_MODULES = words("enums filters group_by inputs operations order_by records results")

METHODS = ANNOTATIONS | _MODULES
"""Names that no method of a flat client may have: they would shadow annotations of later methods."""
ARGUMENTS = ANNOTATIONS | RECEIVERS | {"enums", "operations", "records", "result", "results"}
"""Names that no argument of a method may have: the method's body uses them."""
CLASSES = frozenset({"CoreClient", "MetadataClient", "Objects", "Twenty"})
"""Names that no generated type may have: the package exports these itself."""
CLIENT = words(
    """
    aclose base_url changes client core count endpoint execute files hooks live metadata ns object rate_limit raw rest
    search session settings webhooks with_options workspace
    """
)
"""Names that no object's property of a client may have: `Client` has them; `ns` makes the properties."""


def is_importable(name: str) -> bool:
    """Whether `import name` is valid Python."""
    return name.isidentifier() and not keyword.iskeyword(name)


def pascal_case(name: str) -> str:
    return str_to_pascal_case(name)


def property_names(plurals: Iterable[str]) -> dict[str, str]:
    """The names of a client's properties, by the plurals of the objects: `note_targets`."""
    return distinct(plurals, lambda plural: escape(snake_case(plural), CLIENT))


def argument_names(names: Iterable[str]) -> dict[str, str]:
    """The Python names of a method's arguments. Names in snake_case stay."""

    def python(name: str) -> str:
        return escape(snake_case(name), ARGUMENTS)

    return distinct(names, python, rank=lambda name: python(name) != name)


def class_name(type_name: str) -> str:
    """The Python class of a GraphQL type."""
    return escape(type_name, CLASSES)


def constant_name(name: str) -> str:
    return snake_case(name).upper()
