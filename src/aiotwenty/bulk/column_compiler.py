"""Compiles the mapping of a column: its field, and the transforms of its values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from aiotwenty.bulk.columns import MappedColumn, shortcut_of
from aiotwenty.bulk.fields import FieldPath, Shape
from aiotwenty.bulk.gathered_columns import gathers
from aiotwenty.bulk.headers import Headers
from aiotwenty.bulk.labels import Labels
from aiotwenty.bulk.source import InputError
from aiotwenty.bulk.transforms import (
    ColumnTransform,
    FieldFacts,
    Transform,
    full_name,
    money,
    spelling,
    transform_of,
)
from aiotwenty.bulk.transforms.base import Composite

FieldSpec: TypeAlias = str | tuple[Any, ...] | list[Any] | None
"""A field, a field with one or more transforms, or None to leave a column out. A list of such specs sends a column to
several fields.
"""

_TRIMMED = (("primaryEmail",), ("primaryLinkUrl",), ("primaryPhoneNumber",))


@dataclass
class ColumnCompiler:
    """Compiles the mapped columns for the records of one object."""

    shape: Shape
    kinds: dict[str, Composite | None]
    """The kind of each composite field."""
    headers: Headers
    ignored: set[str]
    """Columns that are left out, even if they are mapped."""
    is_text: bool
    """Whether all values are strings, as in CSV."""
    has_gaps: bool
    """Whether some strings count as empty."""
    labels: Labels | None = None
    region: str | None = None
    add_options: bool = False
    listed: dict[str, Composite] = field(default_factory=dict)
    """Composite fields whose list of further values a column fills."""

    def compile(self, name: str, spec: FieldSpec) -> MappedColumn | None:
        """Compiles the mapping of one column. Raises `InputError` for unknown fields and transforms."""
        if spec is None or name in self.ignored or (spec == name and name in self.shape.read_only):
            return None
        if isinstance(spec, list | tuple) and any(isinstance(part, list | tuple) for part in spec):
            columns = [column for part in spec if (column := self.compile(name, part)) is not None]
            return joined(columns) if columns else None
        field_name, *steps = (spec,) if isinstance(spec, str) else spec
        try:
            transform = transform_of(steps) if steps else None
        except ValueError as error:
            raise InputError(str(error)) from None
        target, guess = self.headers.target(field_name, guessing=not steps and field_name == name)
        if guess and not steps and (usual := self._usual_transform(target)) is not None:
            transform, steps = usual
        return self.column(name, target, transform, steps, guess)

    def column(
        self, name: str, target: FieldPath, transform: Transform | None, steps: Sequence[Any], guess: str = ""
    ) -> MappedColumn:
        # Values that are whole composites (dicts) need no primary part; for a plain value, its absence is an error.
        plain = target.path
        composite = self.kinds.get(target.path[0]) if target.path and not target.relation else None
        if target.kind == "composite" and not target.relation and self.shape.primary(target.path[0]):
            plain = self.shape.value_path(target)
        if isinstance(transform, ColumnTransform):
            transform = transform.bind(self._facts(target, composite))
        if composite is not None and gathers(composite) and target.kind in ("list", "json"):
            self.listed[target.path[0]] = composite
        simple = transform is None and target.relation is None and not self.has_gaps
        shortcut = shortcut_of(target, is_text=self.is_text, hidden=self.shape.read_only_parts) if simple else None
        spelled = "|".join(map(spelling, steps))
        trims = self.is_text or target.relation is not None or target.kind == "other" or plain[-1:] in _TRIMMED
        several = gathers(composite)
        return MappedColumn(name, target, plain, transform, shortcut, composite, several, trims, (), guess, spelled)

    def _facts(self, target: FieldPath, composite: Composite | None) -> FieldFacts:
        label = self.labels.fields.get(target.path[0]) if self.labels and not target.relation else None
        return FieldFacts(
            target.dotted,
            composite,
            target.kind == "list",
            self.region,
            label.choices if label else None,
            self.add_options,
        )

    def _usual_transform(self, target: FieldPath) -> tuple[Transform, list[str]] | None:
        kind = self.kinds[target.path[0]] if target.kind == "composite" and not target.relation else None
        if self.is_text and kind == "currency":
            return money(), ["money"]
        return (full_name, ["full_name"]) if self.is_text and kind == "name" else None


def joined(columns: Sequence[MappedColumn]) -> MappedColumn:
    """A column with several target fields."""
    return replace(columns[0], also=tuple(columns[1:]), shortcut=None)
