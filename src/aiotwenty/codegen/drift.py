"""`aiotwenty check`: changes of a workspace since its schemas were saved."""

from __future__ import annotations

import re
from collections import Counter
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
    is_input_object_type,
    lexicographic_sort_schema,
)

from aiotwenty.graphql.schema_corrections import parts_may_be_null

# GraphQL calls these changes dangerous for code that builds input objects; a generated client sends only set fields.
_HARMLESS = {DangerousChangeType.OPTIONAL_ARG_ADDED, DangerousChangeType.OPTIONAL_INPUT_FIELD_ADDED}
# Additions are found by comparing in reverse: compared with the new schema, the old one lacks them.
_ADDED = {
    BreakingChangeType.TYPE_REMOVED: "TYPE_ADDED",
    BreakingChangeType.FIELD_REMOVED: "FIELD_ADDED",
}

_FOLDS = (
    (r"(?P<type>\w+)\.(?P<name>\w+) was (?P<what>added|removed)\.", r"\g<type>: {} \g<what>"),
    (r"An optional field (?P<name>\w+) on input type (?P<type>\w+) was added\.", r"\g<type>: {} added"),
    (
        r"(?P<name>\w+) was (?P<what>added to|removed from) enum type (?P<type>\w+)\.",
        r"\g<type>: {} \g<what> its values",
    ),
    (r"(?P<name>\w+) was (?P<what>added|removed)\.", r"types \g<what>: {}"),
)


class Severity(StrEnum):
    """The effect of a change on a client generated before it."""

    BREAKING = "breaking"
    """Operations or values that worked no longer do."""
    DANGEROUS = "dangerous"
    """Everything works, but responses may have values unknown to the client, such as a new select option."""
    ADDITIVE = "additive"
    """Something new that the client does not have."""


@dataclass(frozen=True)
class SchemaChange:
    """One difference. `kind` is GraphQL's name of it, such as FIELD_REMOVED."""

    severity: Severity
    kind: str
    description: str


@dataclass
class Drift:
    """The differences of each endpoint."""

    changes: dict[str, list[SchemaChange]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.changes.values())

    def worst(self) -> Severity | None:
        """The severity of the worst change, None if there is none."""
        severities = {change.severity for changes in self.changes.values() for change in changes}
        return next((severity for severity in Severity if severity in severities), None)

    def lines(self) -> list[str]:
        """Lines for people, the worst first, and a count. Changes of the same kind to one type share a line."""
        folded: dict[tuple[Severity, str, str], list[str]] = {}
        for severity in Severity:
            for endpoint, changes in self.changes.items():
                for change in changes:
                    if change.severity is severity:
                        event, name = _fold(change.description)
                        folded.setdefault((severity, endpoint, event), []).append(name)
        lines = [
            f"{severity.value:9}  {endpoint:8}  {event.format(', '.join(names))}"
            for (severity, endpoint, event), names in folded.items()
        ]
        counts = Counter(change.severity.value for changes in self.changes.values() for change in changes)
        return [*lines, ", ".join(f"{counts[severity.value]} {severity.value}" for severity in Severity)]

    def to_dict(self) -> dict[str, Any]:
        """The differences as JSON, by endpoint and severity."""
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
    """The differences of the `new` schemas, by endpoint."""
    return Drift({name: compare_schemas(schema, new[name]) for name, schema in old.items()})


def compare_schemas(old: GraphQLSchema, new: GraphQLSchema) -> list[SchemaChange]:
    """The differences of the `new` schema, the worst first, then by description.

    Directives are not compared: each version of graphql-core adds its own to every schema that it builds.
    Nor is the nullability of a composite's parts, for one server describes it in two ways.
    """
    old, new = _comparable(old), _comparable(new)
    breaking = [_change(Severity.BREAKING, change) for change in find_breaking_changes(old, new)]
    dangerous = find_dangerous_changes(old, new)
    changes = [
        *breaking,
        *(_change(Severity.DANGEROUS, change) for change in dangerous if change.type not in _HARMLESS),
        *(_change(Severity.ADDITIVE, change) for change in dangerous if change.type in _HARMLESS),
        *_additions(find_breaking_changes(new, old), {change.description for change in breaking}, new),
    ]
    order = list(Severity)
    return sorted(set(changes), key=lambda change: (order.index(change.severity), change.description))


def _comparable(schema: GraphQLSchema) -> GraphQLSchema:
    """A copy with only what matters to a client."""
    copy = lexicographic_sort_schema(schema)
    copy.directives = ()
    parts_may_be_null(copy)
    return copy


def _fold(description: str) -> tuple[str, str]:
    """A description split into `Company: {} removed` and the name, `fax`, so that changes of one kind can be joined."""
    for pattern, what in _FOLDS:
        if match := re.fullmatch(pattern, description):
            return match.expand(what), match["name"]
    return "{}", description


def _change(severity: Severity, change: BreakingChange | DangerousChange) -> SchemaChange:
    return SchemaChange(severity, change.type.name, change.description)


def _additions(reverse: Iterable[BreakingChange], known: set[str], new: GraphQLSchema) -> Iterable[SchemaChange]:
    """Additions, found as what would break going from the new schema to the old."""
    for change in reverse:
        if is_input_object_type(new.type_map.get(change.description.partition(".")[0])):
            continue  # an optional or required addition, which the forward comparison has
        if change.type in _ADDED:
            yield SchemaChange(
                Severity.ADDITIVE, _ADDED[change.type], change.description.replace("was removed", "was added")
            )
        elif change.type is BreakingChangeType.FIELD_CHANGED_KIND:
            description = re.sub(r"from (\S+) to (\S+)\.$", r"from \2 to \1.", change.description)
            if description not in known:
                yield SchemaChange(Severity.ADDITIVE, "FIELD_TYPE_NARROWED", description)
