"""An operation: its text, which is encoded once and never parsed, and the facts about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from pydantic_core import to_json

Kind: TypeAlias = Literal["query", "mutation", "subscription"]


@dataclass(frozen=True)
class Operation:
    """One named GraphQL operation. Variables are named like the arguments they fill.

    `root` is the response key of its root field, None when it has several. `fragments` are the texts of all fragments
    it uses, those used by other fragments included; each is sent once.
    """

    name: str
    kind: Kind
    text: str
    root: str | None = None
    fragments: tuple[str, ...] = ()
    by_id: bool = False
    """Whether it updates, deletes or restores one record by its id: twice does what once does."""
    filters: tuple[str, ...] = ()
    """The variables that are filters of records."""
    nests: bool = False
    """Whether it may select lists of related records, which the server cuts."""
    variables: tuple[tuple[str, str], ...] = ()
    """Each variable with its type, and the selection, if `aiotwenty.graphql.document` composed the text."""
    selection: str = ""

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again when its answer is lost."""
        return self.kind == "query" or self.by_id

    @cached_property
    def document(self) -> str:
        """The whole document, as it is sent."""
        return "\n".join(dict.fromkeys((self.text, *self.fragments)))

    @cached_property
    def body_prefix(self) -> bytes:
        """The JSON body up to its variables, which are the only part that differs between two requests."""
        return b'{"operationName":%b,"query":%b,"variables":' % (to_json(self.name), to_json(self.document))
