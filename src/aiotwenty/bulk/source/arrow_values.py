"""Converts cells of Arrow to Python values, with None for gaps."""

from __future__ import annotations

import math
from typing import Any
from uuid import UUID


def cells_of(arrow: Any, array: Any) -> list[Any]:
    """The values of a pyarrow array; `arrow` is the module."""
    types = arrow.types
    cells: list[Any] = in_microseconds(arrow, array).to_pylist()
    kind = array.type
    if types.is_integer(kind) or types.is_temporal(kind) or types.is_boolean(kind) or _is_text(types, kind):
        return cells
    return [plain(value) for value in cells]


def _is_text(types: Any, kind: Any) -> bool:
    return bool(types.is_string(kind) or types.is_large_string(kind))


def in_microseconds(arrow: Any, array: Any) -> Any:
    """Times in nanoseconds as microseconds, as Python has them: Twenty has milliseconds."""
    types = arrow.types
    kind = array.type
    if not (types.is_temporal(kind) and getattr(kind, "unit", None) == "ns"):
        return array
    if types.is_timestamp(kind):
        return array.cast(arrow.timestamp("us", kind.tz), safe=False)
    return array.cast(arrow.time64("us") if types.is_time64(kind) else arrow.duration("us"), safe=False)


def plain(value: Any) -> Any:
    """A value of a typed column: None for NaN, objects without gaps, ids for sixteen bytes."""
    if value is None or type(value) is str:
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, bytes):
        return str(UUID(bytes=value)) if len(value) == 16 else value
    if isinstance(value, dict):
        inner = {name: plain(part) for name, part in value.items()}
        return {name: part for name, part in inner.items() if part is not None} or None
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
