"""Merges an exported data model into that of the workspace. Nothing is removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pydantic.alias_generators import to_snake

from aiotwenty.workspace.data_model import Object
from aiotwenty.workspace.model.definition import FieldDefinition, ObjectDefinition
from aiotwenty.workspace.model.differences import Differences
from aiotwenty.workspace.model.model import Model
from aiotwenty.workspace.model.plan import ORDER, Action, ModelChange, Plan
from aiotwenty.workspace.model.reading import FIELD_NAMES, OBJECT_NAMES
from aiotwenty.workspace.model.state import State, state_of


class MergedModel:
    """Parts of both workspaces get the labels, options and settings of the exported one.

    Standard objects of a server of another version keep all but missing options: the server's own texts would be taken
    for changes.
    """

    def __init__(self, there: Sequence[Object], here: State) -> None:
        self._here = here
        self._current = {definition.name: definition for definition in here.definitions}
        self._same_version = _standard(here.objects.values()) == _standard(there)
        self._places = {path: place for place, path in enumerate(_paths(there))}
        self._system = {f"{of.name_singular}.{field.name}" for of in there for field in of.fields if field.is_system}
        self.left_alone: list[str] = []
        """Differences that stay as they are here, in words."""
        wanted = [self._merged(definition) for definition in state_of(there, (), system=True).definitions]
        self._leave_alone(wanted)
        model = Model(objects=tuple(map(self._unless_of_another_version, wanted)), complete=True)
        changes = [change for change in Differences(model, here).changes() if _is_made(change)]
        changes.sort(key=lambda change: self._places.get(change.path, len(self._places)))
        self.plan = Plan(model, tuple(changes))
        """The changes to make. None of them destroys anything."""

    def _merged(self, wanted: ObjectDefinition) -> ObjectDefinition:
        """The exported object with the options that only this workspace has. Missing standard fields become custom."""
        current = self._current.get(wanted.name)
        known = current.fields if current is not None else {}
        fields = {}
        for name, field in wanted.fields.items():
            here, system = known.get(name), f"{wanted.name}.{name}" in self._system
            if here is None and not system:
                fields[name] = field.model_copy(update={"standard": False})
            elif here is not None:
                fields[name] = _with_texts(here, field) if system else _with_options(field, here)
        return wanted.model_copy(update={"fields": fields, "standard": wanted.standard and current is not None})

    def _leave_alone(self, wanted: Sequence[ObjectDefinition]) -> None:
        differences = Differences(Model(objects=tuple(wanted), complete=True), self._here)
        for change in differences.changes():
            if change.action is Action.CREATE and change.replaced:
                self.left_alone.append(f"{change.path}: is {change.summary} there, and another field here")
            elif change.owner not in self._here.objects or self._is_aligned(change.owner, change.path):
                continue
            elif change.kind == "index" and change.action is Action.CREATE:
                self.left_alone.append(f"index {change.path}: is only there")
            elif change.action is Action.UPDATE:
                self.left_alone += _updates(change)
        self.left_alone += [note for note in differences.notes if note not in self._here.notes]

    def _unless_of_another_version(self, wanted: ObjectDefinition) -> ObjectDefinition:
        """The exported object with those parts as they are here that are left alone."""
        current = self._current.get(wanted.name)
        if current is None:
            return wanted
        fields = {
            name: field
            if name not in current.fields or self._is_aligned(wanted.name, f"{wanted.name}.{name}")
            else current.fields[name].model_copy(update={"options": _added(field, current.fields[name])})
            for name, field in wanted.fields.items()
        }
        return (wanted if self._is_aligned(wanted.name, wanted.name) else current).model_copy(update={"fields": fields})

    def _is_aligned(self, owner: str, path: str) -> bool:
        object_ = self._here.objects[owner]
        field = next((field for field in object_.fields if f"{owner}.{field.name}" == path), object_)
        return self._same_version or bool(field.is_custom)


def _is_made(change: ModelChange) -> bool:
    return change.action in (Action.CREATE, Action.UPDATE) and not change.replaced


def _paths(model: Iterable[Object]) -> Iterator[str]:
    for object_ in model:
        yield object_.name_singular
        yield from (f"{object_.name_singular}.{field.name}" for field in object_.fields)


def _standard(model: Iterable[Object]) -> set[str]:
    """The paths of objects and fields that every workspace of a server's version has."""
    return {
        path
        for object_ in model
        if not object_.is_custom
        for path in (
            object_.name_singular,
            *(
                f"{object_.name_singular}.{field.name}"
                for field in object_.fields
                if not field.is_custom and field.relation is None and field.type != "MORPH_RELATION"
            ),
        )
    }


def _with_texts(here: FieldDefinition, wanted: FieldDefinition) -> FieldDefinition:
    """A field of the server with the exported texts; its other traits follow from the server's version."""
    return here.model_copy(update={name: getattr(wanted, name) for name in ("label", "description", "icon", "active")})


def _with_options(wanted: FieldDefinition, here: FieldDefinition) -> FieldDefinition:
    """The exported options, followed by those that only this field has, because records may use them."""
    known = {option.value for option in wanted.options}
    more = [option for option in here.options if option.value not in known]
    return wanted.model_copy(update={"options": (*wanted.options, *more)})


def _added(wanted: FieldDefinition, here: FieldDefinition) -> tuple[object, ...]:
    """The options of this field, followed by those that only the exported one has."""
    return _with_options(here, wanted).options


def _updates(change: ModelChange) -> Iterator[str]:
    for detail in change.details:
        yield f"{change.path}: {trait(change, detail.attribute)} is {detail.after!r} there"
    for option in change.options:
        for detail in option.details:
            yield f"{change.path}: {detail.attribute} of {option.value} is {detail.after!r} there"


def told(change: ModelChange) -> str:
    """A description of a part that is created or changed."""
    if change.action is not Action.UPDATE:
        return f"{change.kind} {change.path}"
    if added := [option.value for option in change.options if option.action is Action.CREATE]:
        return f"options {', '.join(added)} of {change.path}"
    return f"{trait(change, change.details[0].attribute) if change.details else 'options'} of {change.path}"


def trait(change: ModelChange, attribute: str) -> str:
    """The name of a definition's attribute in the data model."""
    names = OBJECT_NAMES if change.kind == "object" else FIELD_NAMES
    return "options" if attribute == ORDER else to_snake(names.get(attribute, attribute))
