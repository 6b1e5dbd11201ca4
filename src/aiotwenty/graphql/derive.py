"""Smaller operations made from a generated one: the same root field with another selection or fewer arguments."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from aiotwenty.graphql.operation import Operation


@lru_cache(maxsize=1024)
def with_selection(operation: Operation, selection: str) -> Operation:
    """The operation with only `selection` under its root field, for instance "totalCount"."""
    start = operation.text.index("{") + 1
    arguments_end = operation.text.find(")", start)
    selection_start = operation.text.index("{", start)
    end = selection_start if arguments_end == -1 else max(arguments_end + 1, selection_start)
    head = operation.text[:end].rstrip().rstrip("{").rstrip()
    return replace(operation, text=f"{head}{{{selection}}}}}", fragments=())


@lru_cache(maxsize=1024)
def without_variables(operation: Operation, *names: str) -> Operation:
    """The operation without these variables and the arguments that they fill."""
    each = "|".join(map(re.escape, names))
    declared = re.sub(rf"\$(?:{each})\s*:\s*[\w\[\]!]+,?\s*", "", operation.text)
    return replace(operation, text=re.sub(rf",?\s*\b\w+\s*:\s*\$(?:{each})\b", "", declared))
