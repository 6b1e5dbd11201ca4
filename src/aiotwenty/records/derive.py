"""Smaller operations made from a generated one: the same root field and arguments, another selection."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from aiotwenty.transport.operation import Operation


@lru_cache(maxsize=1024)
def with_selection(operation: Operation, selection: str) -> Operation:
    """The operation with only `selection` under its root field, for instance "totalCount"."""
    start = operation.text.index("{") + 1
    arguments_end = operation.text.find(")", start)
    selection_start = operation.text.index("{", start)
    end = selection_start if arguments_end == -1 else max(arguments_end + 1, selection_start)
    head = operation.text[:end].rstrip().rstrip("{").rstrip()
    return replace(operation, text=f"{head}{{{selection}}}}}", fragments=())
