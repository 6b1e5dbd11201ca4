"""Kinds of transforms: functions of a value, and objects that need the field or the whole column first."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias

Transform: TypeAlias = Callable[[Any], Any]
"""Converts a value. Raises ValueError for one that it does not accept; None leaves the field out."""
Composite: TypeAlias = Literal["currency", "emails", "phones", "links", "name", "address"]

_KINDS: dict[str, Composite] = {
    "amountMicros": "currency",
    "primaryEmail": "emails",
    "primaryPhoneNumber": "phones",
    "primaryLinkUrl": "links",
    "firstName": "name",
    "addressCity": "address",
}


def composite_kind(parts: Sequence[str]) -> Composite | None:
    """The kind of the composite field with these parts."""
    return next((kind for part, kind in _KINDS.items() if part in parts), None)


@dataclass(frozen=True)
class FieldFacts:
    """The facts about the target field that a transform can use."""

    name: str
    composite: Composite | None = None
    is_list: bool = False
    region: str | None = None
    """The country of telephone numbers without one."""
    options: tuple[tuple[str, str], ...] | None = None
    """For a picklist: values and labels. None for other fields, or if they were not read."""
    add_options: bool = False


class ColumnTransform(ABC):
    """A transform that gets facts about its field (`bind`) and, if it `learns`, first the whole column."""

    @abstractmethod
    def bind(self, facts: FieldFacts) -> Self:
        """The transform for that field."""

    @property
    def learns(self) -> bool:
        return False

    def learn(self, value: Any) -> None:  # noqa: B027 - most have nothing to learn
        """Called with every value of the column."""

    def learned(self) -> str | None:
        """The guess about the column, for the report. Raises `ValueError` if its values decide nothing."""
        return None

    @abstractmethod
    def __call__(self, value: Any) -> Any: ...


class Several(list[Any]):
    """Values of which the first is the primary one, the others are additional."""


class Chain(ColumnTransform):
    """Transforms in a row. If one returns several values, the next is called with each."""

    def __init__(self, *steps: Transform) -> None:
        self.steps = steps

    def bind(self, facts: FieldFacts) -> Self:
        return type(self)(*(step.bind(facts) if isinstance(step, ColumnTransform) else step for step in self.steps))

    @property
    def learns(self) -> bool:
        return any(isinstance(step, ColumnTransform) and step.learns for step in self.steps)

    def learn(self, value: Any) -> None:
        for step in self.steps:
            if isinstance(step, ColumnTransform) and step.learns:
                for item in value if isinstance(value, list) else [value]:
                    step.learn(item)
                return
            try:
                value = _apply(step, value)
            except ValueError:
                return
            if value is None:
                return

    def learned(self) -> str | None:
        told = [step.learned() for step in self.steps if isinstance(step, ColumnTransform) and step.learns]
        return "; ".join(filter(None, told)) or None

    def __call__(self, value: Any) -> Any:
        for step in self.steps:
            value = _apply(step, value)
            if value is None:
                return None
        return value


def _apply(step: Transform, value: Any) -> Any:
    if isinstance(value, list) and not getattr(step, "takes_lists", False):
        return type(value)(made for item in value if (made := step(item)) is not None)
    return step(value)
