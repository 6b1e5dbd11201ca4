"""What a generated record knows of its object beside its own fields: how it hangs together with others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class About:
    """One object, by the names that the server has for it."""

    type_name: str
    plural: str
    to_one: Mapping[str, str] = field(default_factory=dict)
    """Its relations to one record, with the type of that: `accountOwner`, "WorkspaceMember"."""
    to_many: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Its lists of records: of which type, where those are listed, and by which of their foreign keys they may be
    those of this record: `people`, ("Person", "people", "companyId")."""
    morph: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What may be of several types, and has a relation for each in GraphQL: `target`, of a `noteTarget`."""
    joined: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    """Records that another object joins to this one: `targets`, of a note, by its `noteTargets`."""
    asked_for: tuple[str, ...] = ()
    """Texts that are read only where they are asked for by name."""
