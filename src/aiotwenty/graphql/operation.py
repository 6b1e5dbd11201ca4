"""An operation: its text, encoded once and never parsed, and facts about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from pydantic_core import to_json

Kind: TypeAlias = Literal["query", "mutation", "subscription"]


@dataclass(frozen=True)
class Operation:
    """A named GraphQL operation. Variables have the names of the arguments that they fill.

    `root` is the response key of its root field; None if there are several. `fragments` are the texts of all fragments,
    those that fragments use included; each is sent once.
    """

    name: str
    kind: Kind
    text: str
    root: str | None = None
    fragments: tuple[str, ...] = ()
    by_id: bool = False
    """Whether it updates, deletes or restores one record by its id: doing that twice has the effect of once."""
    filters: tuple[str, ...] = ()
    """The variables that are filters of records."""
    nests: bool = False
    """Whether it may select lists of related records, which the server cuts."""
    variables: tuple[tuple[str, str], ...] = ()
    """The types of variables, and then the selection, if `aiotwenty.graphql.document` composed the text."""
    selection: str = ""

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again after a lost response."""
        return self.kind == "query" or self.by_id

    @cached_property
    def document(self) -> str:
        """The whole document, as it is sent."""
        return "\n".join(dict.fromkeys((self.text, *self.fragments)))

    @cached_property
    def body_prefix(self) -> bytes:
        """The JSON body up to the variables, the only part that differs between two requests."""
        return b'{"operationName":%b,"query":%b,"variables":' % (to_json(self.name), to_json(self.document))
