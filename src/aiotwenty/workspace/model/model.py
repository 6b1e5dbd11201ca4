"""A whole data model, and checks for contradictions in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator
from pydantic import Field as Setting

from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.workspace.model.beside import RoleDefinition, ViewDefinition, WebhookDefinition
from aiotwenty.workspace.model.definition import (
    PICKLISTS,
    RELATIONS,
    Definition,
    DefinitionError,
    FieldDefinition,
    ObjectDefinition,
    as_tuple,
)

Part: TypeAlias = Literal["views", "roles", "webhooks"]
PARTS: tuple[Part, ...] = ("views", "roles", "webhooks")
"""The kinds of definitions other than objects and fields."""


class Model(Definition):
    """A data model, or part of one.

    `complete` says that it is the whole model: objects, fields and values that it lacks are to be removed, and
    attributes that it leaves out are to be empty. Otherwise they stay as they are.
    """

    objects: Annotated[tuple[ObjectDefinition, ...], BeforeValidator(as_tuple)] = ()
    complete: bool = False
    views: Annotated[tuple[ViewDefinition, ...], BeforeValidator(as_tuple)] | None = None
    """None leaves existing views alone; the same for roles and webhooks."""
    roles: Annotated[tuple[RoleDefinition, ...], BeforeValidator(as_tuple)] | None = None
    webhooks: Annotated[tuple[WebhookDefinition, ...], BeforeValidator(as_tuple)] | None = None

    notes: tuple[str, ...] = Setting(default=(), exclude=True, repr=False)
    """For a model read from a workspace: notes about parts that can't be written."""

    def object(self, name: str) -> ObjectDefinition | None:
        """The object with this name; None if the model lacks it."""
        return next((definition for definition in self.objects if definition.name == name), None)

    def field(self, path: str) -> FieldDefinition | None:
        """The field with this path (`rocket.stage`); None if the model lacks it."""
        owner, _, name = path.partition(".")
        definition = self.object(owner)
        return definition.fields.get(name) if definition else None

    def begins(self, path: str) -> bool:
        """Whether a relation is created from this end, which creates the other ends too.

        That is the end with several targets, or else the one with the foreign key.
        """
        wanted = self.field(path)
        if wanted is None or wanted.type != "RELATION":
            return True
        back = self.field(wanted.ends[0])
        return back is None or (back.type != "MORPH_RELATION" and wanted.holds_key)


def checked(model: Model) -> Model:
    """The model with both ends of each relation. Raises `DefinitionError` for contradictions."""
    _refuse_doubles((definition.name for definition in model.objects), "two objects have the name {}")
    plurals = (name for definition in model.objects for name in {definition.name, definition.plural})
    _refuse_doubles(plurals, "the name {} is that of two objects, or of one object and many of another")
    for definition in model.objects:
        if definition.name == definition.plural:
            raise DefinitionError(f"{definition.name}: one of it and many of it must have different names.")
    objects = {definition.name: dict(definition.fields) for definition in model.objects}
    for definition in model.objects:
        for name, field in definition.fields.items():
            _check_field(f"{definition.name}.{name}", field)
            for end in field.ends:
                _meet(objects, definition.name, name, field, end)
        identifier = definition.label_identifier
        if identifier not in (None, "id") and identifier not in definition.fields:
            raise DefinitionError(
                f"{definition.name}: label_identifier is {identifier!r}, which is none of its fields"
                f"{did_you_mean(identifier, definition.fields)}."
            )
    complete = [definition.model_copy(update={"fields": objects[definition.name]}) for definition in model.objects]
    return model.model_copy(update={"objects": tuple(complete)})


def _refuse_doubles(names: Iterable[str], message: str) -> None:
    doubles = [name for name, count in Counter(names).items() if count > 1]
    if doubles:
        raise DefinitionError(message.format(doubles[0]) + ".")


def _check_field(path: str, field: FieldDefinition) -> None:
    relation, several = field.type in RELATIONS, isinstance(field.to or field.from_, tuple)
    if relation is not bool(field.ends):
        raise DefinitionError(f"{path}: a {field.type} field {'needs' if relation else 'has no'} `to` or `from`.")
    if field.to is not None and field.from_ is not None:
        raise DefinitionError(f"{path}: a relation has `to` where it holds the id of the other record, else `from`.")
    if relation and several is not (field.type == "MORPH_RELATION"):
        wanted = "a list of fields" if field.type == "MORPH_RELATION" else "one field"
        raise DefinitionError(f"{path}: the other end of a {field.type} is {wanted}.")
    if field.type in PICKLISTS and not field.options:
        raise DefinitionError(f"{path}: a {field.type} field needs options.")
    if field.options and field.type not in PICKLISTS:
        raise DefinitionError(f"{path}: a {field.type} field has no options of its own.")
    _refuse_doubles((option.value for option in field.options), f"{path}: two options have the value {{}}")
    for plain, exact in (("default", "default_json"), ("settings", "settings_json")):
        if getattr(field, plain) not in (None, {}) and getattr(field, exact) is not None:
            raise DefinitionError(f"{path}: {plain} and {exact} say the same thing: leave one out.")


def _meet(
    objects: dict[str, dict[str, FieldDefinition]], owner: str, name: str, field: FieldDefinition, end: str
) -> None:
    """Checks that the other end leads back; adds that field if the object lacks it."""
    path = f"{owner}.{name}"
    other, _, back_name = end.partition(".")
    if other not in objects:
        return
    back = objects[other].get(back_name)
    if back is None:
        if field.standard:
            return
        leads = {"from_": path} if field.holds_key else {"to": path}
        objects[other][back_name] = FieldDefinition(type="RELATION", **leads)  # type: ignore[arg-type]
    elif path not in back.ends or back.holds_key is field.holds_key:
        # Standard relations lead to every custom object, and models don't list those ends.
        if not back.standard:
            way = "from" if field.holds_key else "to"
            raise DefinitionError(f"{path} leads to {end}, which does not lead back: it needs `{way} = {path!r}`.")
