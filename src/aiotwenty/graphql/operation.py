"""An operation as the generated code holds it: texts that are encoded once and never parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pydantic_core import to_json

from aiotwenty.graphql.nested import has_related_lists

_BY_ID = re.compile(r"\{\s*(?:\w+\s*:\s*)?(?:update|delete|restore)[A-Z]\w*\((?:[^(){}]*[\s,])?\s*id\s*:")
_FILTERS = re.compile(r"\$(\w+)\s*:\s*\w+FilterInput\b")


@dataclass(frozen=True)
class Operation:
    """One named GraphQL operation. Variables are named like the arguments they fill.

    `root` is the response key of its root field, None when it has several. `fragments` are the texts of all fragments
    it uses, those used by other fragments included; each is sent once.
    """

    name: str
    kind: Literal["query", "mutation", "subscription"]
    text: str
    root: str | None = None
    fragments: tuple[str, ...] = ()

    @cached_property
    def repeatable(self) -> bool:
        """Whether it may be sent again when its answer is lost, because twice does what once does.

        Queries may, and mutations of /graphql that update, delete or restore one record by its id.
        """
        return self.kind == "query" or (self.root is not None and _BY_ID.search(self.text) is not None)

    @cached_property
    def filters(self) -> tuple[str, ...]:
        """The variables that are filters of records."""
        return tuple(_FILTERS.findall(self.text))

    @cached_property
    def document(self) -> str:
        """The whole document, as it is sent."""
        return "\n".join(dict.fromkeys((self.text, *self.fragments)))

    @cached_property
    def nests(self) -> bool:
        """Whether it may select lists of related records, which the server cuts."""
        return has_related_lists(self.document)

    @cached_property
    def body_prefix(self) -> bytes:
        """The JSON body up to its variables, which are the only part that differs between two requests."""
        return b'{"operationName":%b,"query":%b,"variables":' % (to_json(self.name), to_json(self.document))
