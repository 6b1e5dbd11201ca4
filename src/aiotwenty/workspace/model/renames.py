"""Renames of objects and fields that a model declares (`renamed_from`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from aiotwenty.workspace.model.definition import FieldDefinition, ObjectDefinition
from aiotwenty.workspace.model.model import Model
from aiotwenty.workspace.model.state import State


@dataclass(frozen=True)
class Renames:
    """New names by old names."""

    objects: dict[str, str] = field(default_factory=dict)
    fields: dict[tuple[str, str], str] = field(default_factory=dict)
    """New names of fields, by the object's new name and the field's old name."""

    def path(self, old: str) -> str:
        """The path of a field with the new names."""
        owner, _, name = old.partition(".")
        owner = self.objects.get(owner, owner)
        return f"{owner}.{self.fields.get((owner, name), name)}"

    def before(self, new: str) -> str:
        """The path of an object or a field with its present names in the workspace."""
        owner, dot, name = new.partition(".")
        name = next((old for (of, old), field in self.fields.items() if (of, field) == (owner, name)), name)
        return next((old for old, new in self.objects.items() if new == owner), owner) + dot + name


def renames_of(model: Model, current: Sequence[ObjectDefinition]) -> Renames:
    """The renames still to be done: the old name exists and the new one doesn't."""
    renames = Renames()
    there = {definition.name: definition for definition in current}
    for wanted in model.objects:
        before = wanted.renamed_from
        if wanted.name not in there and before in there and not there[before].standard:
            renames.objects[before] = wanted.name
    by_new_name = {renames.objects.get(name, name): definition for name, definition in there.items()}
    for wanted in model.objects:
        owner = by_new_name.get(wanted.name)
        for name, definition in wanted.fields.items() if owner else ():
            before = definition.renamed_from
            if owner and name not in owner.fields and before in owner.fields and not owner.fields[before].standard:
                renames.fields[wanted.name, before] = name
    return renames


def with_new_names(current: Sequence[ObjectDefinition], renames: Renames) -> Iterator[ObjectDefinition]:
    """The definitions of a workspace with the new names."""
    for definition in current:
        name = renames.objects.get(definition.name, definition.name)

        def new(field_name: str, name: str = name) -> str:
            return renames.fields.get((name, field_name), field_name)

        fields = {new(old): _with_new_ends(field, renames) for old, field in definition.fields.items()}
        indexes = tuple(
            index.model_copy(
                update={"fields": tuple(".".join([new(head), *rest]) for head, *rest in map(_split, index.fields))}
            )
            for index in definition.indexes
        )
        identifier = definition.label_identifier
        yield definition.model_copy(
            update={
                "name": name,
                "fields": fields,
                "indexes": indexes,
                "label_identifier": new(identifier) if identifier else None,
            }
        )


def state_with_new_names(state: State, renames: Renames) -> State:
    """The state of a workspace with the new names of objects and fields."""
    objects = {}
    for old, of in state.objects.items():
        name = renames.objects.get(old, old)
        fields = tuple(
            field.model_copy(update={"name": renames.fields.get((name, field.name), field.name)}) for field in of.fields
        )
        objects[name] = of.model_copy(update={"name_singular": name, "fields_list": fields})
    return replace(state, objects=objects)


def _split(path: str) -> list[str]:
    return path.split(".")


def _with_new_ends(field: FieldDefinition, renames: Renames) -> FieldDefinition:
    if not field.ends:
        return field
    ends = sorted(renames.path(end) for end in field.ends)
    way = "to" if field.holds_key else "from_"
    return field.model_copy(update={way: tuple(ends) if isinstance(field.to or field.from_, tuple) else ends[0]})
