"""The differences between a workspace and a model, as changes of the workspace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import JsonValue

from aiotwenty.workspace.model.definition import (
    NEW_NAME,
    NEW_OPTION,
    RELATIONS,
    Definition,
    DefinitionError,
    FieldDefinition,
    IndexDefinition,
    ObjectDefinition,
    OptionDefinition,
)
from aiotwenty.workspace.model.model import Model
from aiotwenty.workspace.model.plan import ORDER, Action, Detail, ModelChange, OptionChange
from aiotwenty.workspace.model.renames import Renames, renames_of, with_new_names
from aiotwenty.workspace.model.state import State
from aiotwenty.workspace.model.values import stored_default, stored_settings, without_nulls

_OBJECT = (
    *("plural", "label", "label_plural", "description", "icon", "color", "shortcut"),
    *("active", "searchable", "label_identifier"),
)
_FIELD = ("label", "description", "icon", "active", "nullable")
_KEPT = frozenset({"label", "label_plural", "searchable", "label_identifier"})
"""Attributes that stay as they are if a model leaves them out, even a complete one."""


class Differences:
    """Compares a model with the state of a workspace. `notes` describe differences that can't be changed."""

    def __init__(self, model: Model, state: State) -> None:
        self._model = model
        self._state = state
        self._complete = model.complete
        self.notes: list[str] = list(state.notes)
        self.renames: Renames = renames_of(model, state.definitions)
        self._current = {definition.name: definition for definition in with_new_names(state.definitions, self.renames)}
        self._wanted = {definition.name: definition for definition in model.objects}

    def changes(self) -> Iterator[ModelChange]:
        """All changes, object by object."""
        for old, new in self.renames.objects.items():
            yield ModelChange(Action.RENAME, "object", new, details=(Detail("name", old, new),))
        for (owner, old), new in self.renames.fields.items():
            yield ModelChange(Action.RENAME, "field", f"{owner}.{new}", details=(Detail("name", old, new),))
        for name, wanted in sorted(self._wanted.items()):
            current = self._current.get(name)
            if current is None:
                yield from self._new_object(wanted)
            else:
                yield from self._changed_object(wanted, current)
        for name, current in sorted(self._current.items()):
            if name not in self._wanted and self._complete and not current.standard:
                yield ModelChange(Action.DESTROY, "object", name, f'"{current.label}"')

    def _new_object(self, wanted: ObjectDefinition) -> Iterator[ModelChange]:
        if wanted.standard:
            self.notes.append(f"{wanted.name} is one of Twenty's own objects, which this server doesn't have.")
            return
        yield ModelChange(Action.CREATE, "object", wanted.name, f'"{wanted.label}"' if wanted.label else "")
        for name, field in sorted(wanted.fields.items()):
            yield from self._new_field(wanted, name, field)
        for index in wanted.indexes:
            yield from self._new_index(wanted.name, index)

    def _changed_object(self, wanted: ObjectDefinition, current: ObjectDefinition) -> Iterator[ModelChange]:
        details = tuple(self._details("object", wanted.name, wanted, current, _OBJECT))
        if details:
            yield ModelChange(Action.UPDATE, "object", wanted.name, details=details)
        for name, field in sorted(wanted.fields.items()):
            there = current.fields.get(name)
            if there is None:
                yield from self._new_field(wanted, name, field)
            else:
                yield from self._changed_field(wanted, name, field, there)
        if self._complete:
            for name, there in sorted(current.fields.items()):
                if name not in wanted.fields and not there.standard and not self._comes_with(there):
                    yield ModelChange(Action.DESTROY, "field", f"{wanted.name}.{name}", _summary(there), there.type)
        if self._complete or "indexes" in wanted.named():
            yield from self._changed_indexes(wanted, current)

    def _comes_with(self, field: FieldDefinition) -> bool:
        """Whether the server creates the field with its object: it leads back from a standard relation."""
        owners = (self._at(end) for end in field.ends)
        return field.type in RELATIONS and not field.holds_key and all(owner and owner.standard for owner in owners)

    def _at(self, path: str) -> FieldDefinition | None:
        owner, _, name = path.partition(".")
        definition = self._current.get(owner) or self._wanted.get(owner)
        return definition.fields.get(name) if definition else None

    def _new_field(self, owner: ObjectDefinition, name: str, field: FieldDefinition) -> Iterator[ModelChange]:
        path = f"{owner.name}.{name}"
        if field.standard:
            self.notes.append(f"{path} is one of Twenty's own fields, which this server doesn't have.")
        elif self._comes_with(field):
            if owner.name in self._current:
                self.notes.append(f"{path} comes with an object, and this server doesn't make it.")
        elif missing := [end for end in field.ends if self._at(end) is None and not self._will_be(end)]:
            self.notes.append(f"{path} leads to {', '.join(missing)}, which the workspace doesn't have.")
        else:
            yield ModelChange(Action.CREATE, "field", path, _summary(field), field.type)

    def _will_be(self, end: str) -> bool:
        """Whether the field at the end will exist: a relation creates it, if only the object exists."""
        owner = end.partition(".")[0]
        wanted = self._wanted.get(owner)
        return owner in self._current or (wanted is not None and not wanted.standard)

    def _changed_field(
        self, owner: ObjectDefinition, name: str, wanted: FieldDefinition, current: FieldDefinition
    ) -> Iterator[ModelChange]:
        path = f"{owner.name}.{name}"
        if self._is_another(wanted, current):
            if current.standard or wanted.standard:
                self.notes.append(f"{path} is a {_summary(current)} here and a {_summary(wanted)} in the model.")
                return
            yield ModelChange(Action.DESTROY, "field", path, _summary(current), current.type, replaced=True)
            yield ModelChange(Action.CREATE, "field", path, _summary(wanted), wanted.type, replaced=True)
            return
        details = [*self._details("field", path, wanted, current, _FIELD)]
        options: tuple[OptionChange, ...] = ()
        if wanted.type not in RELATIONS:
            details += self._details("field", path, wanted, current, ("unique",))
            details += self._values(path, wanted, current)
            if self._complete or "options" in wanted.named():
                options = tuple(_option_changes(wanted.options, current.options))
                if order := _order(wanted.options, current.options):
                    details.append(order)
        if details or options:
            yield ModelChange(Action.UPDATE, "field", path, details=tuple(details), options=options)

    def _is_another(self, wanted: FieldDefinition, current: FieldDefinition) -> bool:
        if wanted.type != current.type or wanted.holds_key is not current.holds_key:
            return True
        if wanted.standard or current.standard:
            return False
        # If the object or field at the other end is destroyed, this end is destroyed with it.
        return bool(set(wanted.ends) - set(current.ends))

    def _values(self, path: str, wanted: FieldDefinition, current: FieldDefinition) -> Iterator[Detail]:
        """The differences of defaults and settings, compared in their stored form."""
        named = wanted.named()
        if self._complete or named & {"default", "default_json"}:
            before, after = (without_nulls(stored_default(field, path)) for field in (current, wanted))
            if before != after or isinstance(before, bool) is not isinstance(after, bool):
                yield Detail("default", _either(current, "default"), _either(wanted, "default"))
        settings_said = self._complete or named & {"settings", "settings_json"}
        if settings_said and stored_settings(current, path) != stored_settings(wanted, path):
            yield Detail("settings", _either(current, "settings"), _either(wanted, "settings"))

    def _details(
        self, kind: str, path: str, wanted: Definition, current: Definition, attributes: Iterable[str]
    ) -> Iterator[Detail]:
        named = wanted.named()
        for attribute in attributes:
            before, after = getattr(current, attribute), getattr(wanted, attribute)
            after = None if after == "" else after
            if before == after or (after is None and attribute in _KEPT):
                continue
            if not self._complete and attribute not in named:
                continue
            if f"{kind}.{attribute}" not in self._state.told:
                self.notes.append(f"{path}: {attribute} is {after!r} in the model, and this server doesn't have it.")
                continue
            yield Detail(attribute, before, after)

    def _changed_indexes(self, wanted: ObjectDefinition, current: ObjectDefinition) -> Iterator[ModelChange]:
        for index in wanted.indexes:
            if index not in current.indexes:
                yield from self._new_index(wanted.name, index)
        for index in current.indexes:
            if index not in wanted.indexes and not index.unique:
                yield ModelChange(Action.DESTROY, "index", index_path(wanted.name, index))

    def _new_index(self, owner: str, index: IndexDefinition) -> Iterator[ModelChange]:
        path = index_path(owner, index)
        if index.unique:
            self.notes.append(f"index {path} is unique, and this server doesn't have it: it can't be created.")
        elif "index" not in self._state.told:
            self.notes.append(f"index {path}: this server can't create indexes.")
        else:
            yield ModelChange(Action.CREATE, "index", path, index.type)


def index_path(owner: str, index: IndexDefinition) -> str:
    """The path of an index: `rocket(name, domainName.primaryLinkUrl)`."""
    return f"{owner}.({', '.join(index.fields)})"


def check_new(model: Model, changes: Iterable[ModelChange]) -> None:
    """Raises `DefinitionError` for names, values and labels of new objects and fields that the server refuses."""
    for change in changes:
        wanted, field = model.object(change.path), model.field(change.path)
        created = change.action is Action.CREATE
        if created and change.kind == "object" and wanted is not None:
            _check_names(change.path, wanted.name, wanted.plural)
        elif change.kind == "field" and field is not None:
            if created:
                _check_names(change.path, change.path.partition(".")[2])
            added = {option.value for option in change.options if option.action is Action.CREATE}
            _check_options(change.path, [option for option in field.options if created or option.value in added])


def _check_names(path: str, *names: str) -> None:
    for name in names:
        if not NEW_NAME.fullmatch(name):
            raise DefinitionError(f"{path}: {name!r} is no name that the server takes: camelCase, letters and digits.")


def _check_options(path: str, options: Iterable[OptionDefinition]) -> None:
    for option in options:
        if not NEW_OPTION.fullmatch(option.value):
            raise DefinitionError(
                f"{path}: {option.value!r} is no value of an option that the server takes: UPPER_SNAKE_CASE."
            )
        if option.label is not None and ("," in option.label or not option.label.strip()):
            raise DefinitionError(f"{path}: option {option.value}: a label is not empty and has no comma.")


def hints(changes: Iterable[ModelChange]) -> Iterator[str]:
    """Notes about things that may have been renamed instead of removed and added. Renames are never guessed."""
    listed = [change for change in changes if change.kind == "field" and not change.replaced]
    for gone in (change for change in listed if change.action is Action.DESTROY):
        alike = [
            change.path.partition(".")[2]
            for change in listed
            if change.action is Action.CREATE and (change.owner, change.summary) == (gone.owner, gone.summary)
        ]
        if alike:
            name = gone.path.partition(".")[2]
            yield (
                f"{gone.owner}: was {name} renamed? Then say `renamed_from = {name!r}` in [fields.{alike[0]}], "
                f"and it keeps its values."
            )


def _either(field: FieldDefinition, attribute: str) -> JsonValue:
    exact = getattr(field, f"{attribute}_json")
    value: JsonValue = exact if exact is not None else getattr(field, attribute)
    return value if value != {} else None


def _summary(field: FieldDefinition) -> str:
    arrow = "→" if field.holds_key else "←"
    return f"{field.type} {arrow} {', '.join(field.ends)}" if field.ends else field.type


def _option_changes(wanted: Iterable[OptionDefinition], current: Iterable[OptionDefinition]) -> Iterator[OptionChange]:
    before = {option.value: option for option in current}
    after = {option.value: option for option in wanted}
    for value, option in after.items():
        if (there := before.get(value)) is None:
            yield OptionChange(Action.CREATE, value)
            continue
        details = tuple(
            Detail(attribute, getattr(there, attribute), new)
            for attribute in ("label", "color")
            if (new := getattr(option, attribute)) is not None and new != getattr(there, attribute)
        )
        if details:
            yield OptionChange(Action.UPDATE, value, details)
    for value in before:
        if value not in after:
            yield OptionChange(Action.DESTROY, value)


def _order(wanted: Iterable[OptionDefinition], current: Iterable[OptionDefinition]) -> Detail | None:
    after, before = [option.value for option in wanted], [option.value for option in current]
    kept = [value for value in before if value in after]
    if kept == [value for value in after if value in before] and after[: len(kept)] == kept:
        return None
    return Detail(ORDER, list(before), list(after))
