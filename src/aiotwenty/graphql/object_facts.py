"""Facts about an object that its generated record holds beside its fields: the relations to other objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class About:
    """An object, by its names in the schema."""

    type_name: str
    plural: str
    to_one: Mapping[str, str] = field(default_factory=dict)
    """Relations to one record, with its type: `accountOwner`, "WorkspaceMember"."""
    to_many: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Lists of records, with their type, the root field that lists them, and their foreign keys that may lead back:
    `people`, ("Person", "people", "companyId").
    """
    morph: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Relations to one of several types, with the GraphQL relation for each type: `target`, of a `noteTarget`."""
    joined: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    """Lists of records that another object joins to this one: `targets`, of a note, by its `noteTargets`."""
    asked_for: tuple[str, ...] = ()
    """Texts that are read only if they are selected by name."""
