"""The changes that bring a workspace to a data model: as text, as JSON, and for `apply`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from pydantic import JsonValue

from aiotwenty.errors import ConfigurationError
from aiotwenty.workspace.model.model import Model

Kind: TypeAlias = Literal["object", "field", "index", "view", "role", "webhook"]


class Action(StrEnum):
    """The action of a change."""

    CREATE = "create"
    UPDATE = "update"
    RENAME = "rename"
    DESTROY = "destroy"


ORDER = "order of options"
"""The attribute for options of a picklist that change places."""
_MARKS = {Action.CREATE: "+", Action.UPDATE: "~", Action.RENAME: "~", Action.DESTROY: "-"}


@dataclass(frozen=True)
class Detail:
    """The change of one attribute."""

    attribute: str
    before: JsonValue
    after: JsonValue


@dataclass(frozen=True)
class OptionChange:
    """The change of an option of a picklist."""

    action: Action
    value: str
    details: tuple[Detail, ...] = ()
    records: int | None = None
    """For a removed option: the records with that value, including deleted ones; None if unknown."""


@dataclass(frozen=True)
class ModelChange:
    """The change of one thing: it is created, updated, renamed or destroyed."""

    action: Action
    kind: Kind
    path: str
    """`rocket` for an object, `rocket.stage` for a field; what identifies it for other kinds."""
    summary: str = ""
    """A short description of the thing."""
    type: str = ""
    """For a field: Twenty's type."""
    details: tuple[Detail, ...] = ()
    options: tuple[OptionChange, ...] = ()
    records: int | None = None
    """For an object or field to destroy: records, or those with a value, with deleted ones; None if unknown."""
    replaced: bool = False
    """Whether it is destroyed or created because the thing with this name has another type."""

    @property
    def owner(self) -> str:
        """The name of its object; empty for roles and webhooks."""
        return self.path.partition(".")[0] if self.kind in ("object", "field", "index", "view") else ""

    @property
    def destroys(self) -> Iterator[tuple[str, int | None]]:
        """The data that the change destroys: its name for `allow_destroy`, and the number of records."""
        if self.action is Action.DESTROY and self.kind in ("object", "field"):
            yield self.path, self.records
        for option in self.options:
            if option.action is Action.DESTROY:
                yield f"{self.path}.{option.value}", option.records

    def apart(self) -> Iterator[ModelChange]:
        """The change split into changes of one attribute, so that one refusal doesn't prevent the others."""
        if self.action is not Action.UPDATE:
            yield self
            return
        for detail in self.details:
            if detail.attribute != ORDER or not self.options:
                yield replace(self, details=(detail,), options=())
        if self.options:
            yield replace(self, details=())


class DestroyRefused(ConfigurationError):  # noqa: N818 - as in aiotwenty.errors
    """Objects or fields in use would be destroyed. `names` are those to add to `allow_destroy`."""

    def __init__(self, message: str, names: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.names = names


@dataclass(frozen=True)
class Plan:
    """The result of `workspace.plan`: the `changes`, in order, and `notes` about differences that it can't change.

    It is true if there are changes. `str(plan)` shows it as `aiotwenty model plan` does.
    """

    model: Model
    changes: tuple[ModelChange, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def check_destroyed(self, allowed: Collection[str]) -> None:
        """Raises `DestroyRefused` if data in use would be destroyed that `allowed` does not name."""
        used = [
            (name, records)
            for change in self.changes
            for name, records in change.destroys
            if records != 0 and name not in allowed
        ]
        if not used:
            return
        uses = "; ".join(f"{name}: {held(records)}" for name, records in used)
        names = tuple(name for name, _ in used)
        raise DestroyRefused(
            f"data in use would be destroyed; allow it by name (allow_destroy, --allow-destroy): {uses}.", names
        )

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of things to create, update and destroy."""
        actions = Counter(change.action for change in self.changes)
        return {
            "create": actions[Action.CREATE],
            "update": actions[Action.UPDATE] + actions[Action.RENAME],
            "destroy": actions[Action.DESTROY],
        }

    def lines(self) -> Iterator[str]:
        """Lines for people, like Terraform's: `+` created, `~` changed, `-` destroyed; then a summary."""
        for owner in dict.fromkeys(change.owner for change in self.changes):
            of_owner = [change for change in self.changes if change.owner == owner]
            heads = [change for change in of_owner if change.kind == "object"]
            if owner and not heads:
                yield f"  ~ object {owner}"
            for change in sorted(of_owner, key=lambda change: change.kind != "object"):
                yield from _change_lines(change, "  " if change.kind == "object" or not owner else "      ")
        if self.notes:
            yield "Left as it is:"
            yield from (f"  ! {note}" for note in self.notes)
        counts = self.counts
        if self:
            yield f"Plan: {counts['create']} to add, {counts['update']} to change, {counts['destroy']} to destroy."
        else:
            yield "Nothing to do: the workspace has this data model."

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {
            "empty": not self.changes,
            "summary": self.counts,
            "changes": [_as_dict(change) for change in self.changes],
            "notes": list(self.notes),
        }


def held(records: int | None) -> str:
    """The number of records as text."""
    if records is None:
        return "unknown number of records"
    return "1 record" if records == 1 else f"{records:,} records"


def _change_lines(change: ModelChange, indent: str) -> Iterator[str]:
    name = {"object": change.path, "field": change.path.partition(".")[2]}.get(change.kind, change.path)
    summary = f" {change.summary}" if change.summary else ""
    ending = (
        f" ({held(change.records)})" if change.action is Action.DESTROY and change.kind in ("object", "field") else ""
    )
    renamed = "".join(f" (renamed from {detail.before})" for detail in change.details if detail.attribute == "name")
    yield f"{indent}{_MARKS[change.action]} {change.kind} {name}{summary}{renamed}{ending}"
    for detail in change.details:
        if detail.attribute != "name":
            yield from (f"{indent}    {line}" for line in _lines_of(detail))
    for option in change.options:
        ending = f" ({held(option.records)})" if option.action is Action.DESTROY else ""
        inner = ", ".join(
            f"{detail.attribute}: {_shown(detail.before)} → {_shown(detail.after)}" for detail in option.details
        )
        yield f"{indent}    {_MARKS[option.action]} option {option.value}{f' {inner}' if inner else ''}{ending}"


def _lines_of(detail: Detail) -> Iterator[str]:
    """The lines for an attribute: before and after; for a list or a table, the entries that differ."""
    before, after = (_entries(value) for value in (detail.before, detail.after))
    if before is None or after is None:
        yield f"{detail.attribute}: {_shown(detail.before)} → {_shown(detail.after)}"
        return
    gone, new = list((Counter(before) - Counter(after)).elements()), list((Counter(after) - Counter(before)).elements())
    yield f"{detail.attribute}:{'' if gone or new else ' in another order'}"
    yield from (f"    - {entry}" for entry in gone)
    yield from (f"    + {entry}" for entry in new)
    if not gone and not new:
        yield from (f"    {place}. {entry}" for place, entry in enumerate(after, 1))


def _entries(value: JsonValue) -> list[str] | None:
    """The entries of a list of tables or a table of tables, as text; None for any other value."""
    if value is None:
        return []
    tables = (
        value.items() if isinstance(value, dict) else [("", item) for item in value] if isinstance(value, list) else []
    )
    entries = [
        f"{name}: " * bool(name) + ", ".join(f"{key} {_shown(part)}" for key, part in table.items())
        for name, table in tables
        if isinstance(table, dict)
    ]
    return entries if entries and len(entries) == len(tables) else None


def _shown(value: JsonValue) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _as_dict(change: ModelChange) -> dict[str, Any]:
    entry: dict[str, Any] = {"action": change.action.value, "kind": change.kind, "path": change.path}
    if change.summary:
        entry["summary"] = change.summary
    if change.details:
        entry["details"] = [_detail(detail) for detail in change.details]
    if change.options:
        entry["options"] = [
            {
                "action": option.action.value,
                "value": option.value,
                **({"details": [_detail(detail) for detail in option.details]} if option.details else {}),
                **({"records": option.records} if option.action is Action.DESTROY else {}),
            }
            for option in change.options
        ]
    if change.action is Action.DESTROY and change.kind in ("object", "field"):
        entry["records"] = change.records
    return entry


def _detail(detail: Detail) -> dict[str, JsonValue]:
    return {"attribute": detail.attribute, "before": detail.before, "after": detail.after}
