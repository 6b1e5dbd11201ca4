"""An operation as the generated code holds it: texts that are encoded once and never parsed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pydantic_core import to_json


@dataclass(frozen=True)
class Operation:
    """One named GraphQL operation. Variables are named like the arguments they fill.

    `root` is the response key of its root field, None when it has several. `fragments` are the texts of all fragments
    it uses, those used by other fragments included; each is sent once. `repeatable` says of a mutation that sending
    it twice leaves what sending it once does (update, delete and restore by id): it may be sent again when its answer
    is lost.
    """

    name: str
    kind: Literal["query", "mutation", "subscription"]
    text: str
    root: str | None = None
    fragments: tuple[str, ...] = ()
    repeatable: bool = False

    @cached_property
    def document(self) -> str:
        """The whole document, as it is sent."""
        return "\n".join(dict.fromkeys((self.text, *self.fragments)))

    @cached_property
    def nests(self) -> bool:
        """Whether it can select one list of records inside another."""
        return self.document.count("edges") > 1

    @cached_property
    def body_prefix(self) -> bytes:
        """The JSON body up to its variables, which are the only part that differs between two requests."""
        return b'{"operationName":%b,"query":%b,"variables":' % (to_json(self.name), to_json(self.document))
