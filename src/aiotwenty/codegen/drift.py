"""`aiotwenty check`: what has changed in a workspace since its schemas were written down."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from graphql import (
    BreakingChange,
    BreakingChangeType,
    DangerousChange,
    DangerousChangeType,
    GraphQLSchema,
    find_breaking_changes,
    find_dangerous_changes,
)

# Dangerous to those who build their input by hand; a generated client sends only what it is given.
_HARMLESS = {DangerousChangeType.OPTIONAL_ARG_ADDED, DangerousChangeType.OPTIONAL_INPUT_FIELD_ADDED}
# Seen from the new schema, what was added looks removed.
_ADDED = {
    BreakingChangeType.TYPE_REMOVED: "TYPE_ADDED",
    BreakingChangeType.FIELD_REMOVED: "FIELD_ADDED",
    BreakingChangeType.DIRECTIVE_REMOVED: "DIRECTIVE_ADDED",
}


class Severity(StrEnum):
    """What a change means for a client that was generated before it."""

    BREAKING = "breaking"
    """Operations or values that worked do not any more."""
    DANGEROUS = "dangerous"
    """Everything works, but answers may hold what the client has no name for, such as a new select option."""
    ADDITIVE = "additive"
    """Something new that the client does not have."""


@dataclass(frozen=True)
class Change:
    """One difference. `kind` is GraphQL's name for it, such as FIELD_REMOVED."""

    severity: Severity
    kind: str
    description: str


@dataclass
class Drift:
    """The differences of each endpoint, the worst first."""

    changes: dict[str, list[Change]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.changes.values())

    def worst(self) -> Severity | None:
        """The severity of the worst change, None if there is none."""
        found = {change.severity for changes in self.changes.values() for change in changes}
        return next((severity for severity in Severity if severity in found), None)

    def to_dict(self) -> dict[str, Any]:
        """For JSON: by endpoint, then by severity."""
        return {
            endpoint: {
                severity.value: [
                    {"kind": change.kind, "description": change.description}
                    for change in changes
                    if change.severity is severity
                ]
                for severity in Severity
            }
            for endpoint, changes in self.changes.items()
        }


def compare(old: Mapping[str, GraphQLSchema], new: Mapping[str, GraphQLSchema]) -> Drift:
    """What differs in `new`, endpoint by endpoint."""
    return Drift({name: compare_schemas(schema, new[name]) for name, schema in old.items()})


def compare_schemas(old: GraphQLSchema, new: GraphQLSchema) -> list[Change]:
    """What differs in `new`, the worst first, then by description."""
    breaking = [_change(Severity.BREAKING, each) for each in find_breaking_changes(old, new)]
    dangerous = find_dangerous_changes(old, new)
    changes = [
        *breaking,
        *(_change(Severity.DANGEROUS, each) for each in dangerous if each.type not in _HARMLESS),
        *(_change(Severity.ADDITIVE, each) for each in dangerous if each.type in _HARMLESS),
        *_additions(find_breaking_changes(new, old), {each.description for each in breaking}),
    ]
    order = list(Severity)
    return sorted(set(changes), key=lambda each: (order.index(each.severity), each.description))


def _change(severity: Severity, change: BreakingChange | DangerousChange) -> Change:
    return Change(severity, change.type.name, change.description)


def _additions(reverse: Iterable[BreakingChange], known: set[str]) -> Iterable[Change]:
    """What is new, told from what would break on the way back."""
    for change in reverse:
        if change.type in _ADDED:
            yield Change(Severity.ADDITIVE, _ADDED[change.type], change.description.replace("was removed", "was added"))
        elif change.type is BreakingChangeType.FIELD_CHANGED_KIND:
            description = re.sub(r"from (\S+) to (\S+)\.$", r"from \2 to \1.", change.description)
            if description not in known:
                yield Change(Severity.ADDITIVE, "FIELD_TYPE_NARROWED", description)
