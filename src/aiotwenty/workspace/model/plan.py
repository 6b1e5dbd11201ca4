"""The changes that give a workspace a data model: as text, as JSON, and for `apply`."""

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
    """What is done to one thing."""

    CREATE = "create"
    UPDATE = "update"
    RENAME = "rename"
    DESTROY = "destroy"


ORDER = "order of options"
"""The attribute of a picklist whose values change places."""
_MARKS = {Action.CREATE: "+", Action.UPDATE: "~", Action.RENAME: "~", Action.DESTROY: "-"}


@dataclass(frozen=True)
class Detail:
    """One attribute of a change."""

    attribute: str
    before: JsonValue
    after: JsonValue


@dataclass(frozen=True)
class OptionChange:
    """One option of a picklist that is added, changed or removed."""

    action: Action
    value: str
    details: tuple[Detail, ...] = ()
    records: int | None = None
    """Of one that is removed: how many records hold it, deleted ones too. None: it is not known."""


@dataclass(frozen=True)
class ModelChange:
    """One thing that is made, changed, renamed or destroyed."""

    action: Action
    kind: Kind
    path: str
    """`rocket` for an object, `rocket.stage` for a field; for others what they go by."""
    summary: str = ""
    """What it is, in short, for people."""
    type: str = ""
    """Of a field: Twenty's type."""
    details: tuple[Detail, ...] = ()
    options: tuple[OptionChange, ...] = ()
    records: int | None = None
    """Of an object or field to destroy: records that exist, or have a value, deleted ones included; None if unknown."""
    replaced: bool = False
    """Destroyed, or created, because the one of this name is of another kind."""

    @property
    def owner(self) -> str:
        """The object that it belongs to, if it does."""
        return self.path.partition(".")[0] if self.kind in ("object", "field", "index", "view") else ""

    @property
    def destroys(self) -> Iterator[tuple[str, int | None]]:
        """What of the records goes with it: by what `allow_destroy` names it, and how many hold it."""
        if self.action is Action.DESTROY and self.kind in ("object", "field"):
            yield self.path, self.records
        for option in self.options:
            if option.action is Action.DESTROY:
                yield f"{self.path}.{option.value}", option.records

    def apart(self) -> Iterator[ModelChange]:
        """The same as changes of one attribute each, so that one that is refused keeps no other from being made."""
        if self.action is not Action.UPDATE:
            yield self
            return
        for detail in self.details:
            if detail.attribute != ORDER or not self.options:
                yield replace(self, details=(detail,), options=())
        if self.options:
            yield replace(self, details=())


class DestroyRefused(ConfigurationError):  # noqa: N818 - as in aiotwenty.errors
    """Objects or fields that records use would be destroyed. `names` has those to add to `allow_destroy`."""

    def __init__(self, message: str, names: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.names = names


@dataclass(frozen=True)
class Plan:
    """What `workspace.plan` found: `changes` to be made in their order, and `notes` on what it cannot change.

    It is true where there is something to do. `str(plan)` shows it as `aiotwenty model plan` does.
    """

    model: Model
    changes: tuple[ModelChange, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def check_destroyed(self, allowed: Collection[str]) -> None:
        """Raises `DestroyRefused` where what records use would go, and is not among what is allowed."""
        used = [
            (name, records)
            for change in self.changes
            for name, records in change.destroys
            if records != 0 and name not in allowed
        ]
        if not used:
            return
        told = "; ".join(f"{name}: {held(records)}" for name, records in used)
        names = tuple(name for name, _ in used)
        raise DestroyRefused(
            f"data in use would be destroyed; allow it by name (allow_destroy, --allow-destroy): {told}.", names
        )

    @property
    def counts(self) -> dict[str, int]:
        """How many things are added, changed and destroyed."""
        actions = Counter(change.action for change in self.changes)
        return {
            "create": actions[Action.CREATE],
            "update": actions[Action.UPDATE] + actions[Action.RENAME],
            "destroy": actions[Action.DESTROY],
        }

    def lines(self) -> Iterator[str]:
        """For people, in the way of Terraform: `+` made, `~` changed, `-` destroyed; then a summary."""
        for owner in dict.fromkeys(change.owner for change in self.changes):
            mine = [change for change in self.changes if change.owner == owner]
            heads = [change for change in mine if change.kind == "object"]
            if owner and not heads:
                yield f"  ~ object {owner}"
            for change in sorted(mine, key=lambda change: change.kind != "object"):
                yield from _told(change, "  " if change.kind == "object" or not owner else "      ")
        if self.notes:
            yield "Left as it is:"
            yield from (f"  ! {note}" for note in self.notes)
        counts = self.counts
        if self:
            yield f"Plan: {counts['create']} to add, {counts['update']} to change, {counts['destroy']} to destroy."
        else:
            yield "Nothing to do: the workspace has this data model."

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "empty": not self.changes,
            "summary": self.counts,
            "changes": [_as_dict(change) for change in self.changes],
            "notes": list(self.notes),
        }


def held(records: int | None) -> str:
    """How many records use something."""
    if records is None:
        return "unknown number of records"
    return "1 record" if records == 1 else f"{records:,} records"


def _told(change: ModelChange, indent: str) -> Iterator[str]:
    what = {"object": change.path, "field": change.path.partition(".")[2]}.get(change.kind, change.path)
    summary = f" {change.summary}" if change.summary else ""
    ending = (
        f" ({held(change.records)})" if change.action is Action.DESTROY and change.kind in ("object", "field") else ""
    )
    renamed = "".join(f" (renamed from {detail.before})" for detail in change.details if detail.attribute == "name")
    yield f"{indent}{_MARKS[change.action]} {change.kind} {what}{summary}{renamed}{ending}"
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
    """An attribute, before and after; of a list or a table only the entries that are others."""
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
    """What is in a list of tables, or in a table of tables; None for any other value."""
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
    told: dict[str, Any] = {"action": change.action.value, "kind": change.kind, "path": change.path}
    if change.summary:
        told["summary"] = change.summary
    if change.details:
        told["details"] = [_detail(detail) for detail in change.details]
    if change.options:
        told["options"] = [
            {
                "action": option.action.value,
                "value": option.value,
                **({"details": [_detail(detail) for detail in option.details]} if option.details else {}),
                **({"records": option.records} if option.action is Action.DESTROY else {}),
            }
            for option in change.options
        ]
    if change.action is Action.DESTROY and change.kind in ("object", "field"):
        told["records"] = change.records
    return told


def _detail(detail: Detail) -> dict[str, JsonValue]:
    return {"attribute": detail.attribute, "before": detail.before, "after": detail.after}
