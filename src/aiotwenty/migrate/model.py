"""A data model written down, and what of it is missing made in another workspace."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from aiotwenty.bulk.source import InputError
from aiotwenty.client import Client
from aiotwenty.errors import TwentyError
from aiotwenty.workspace.data_model import Field, Object, Relation, RelationTo, RelationType

MODEL_FILE = "model.json"
Tell = Callable[[str], object]
_OBJECTS = TypeAdapter(list[Object])
_RELATION_SETTINGS = ("relationType", "joinColumnName", "onDelete", "junctionTargetFieldId")


def write_model(folder: Path, model: Sequence[Object]) -> None:
    """Writes the objects with their fields to `model.json`."""
    (folder / MODEL_FILE).write_bytes(to_json([of.model_dump(mode="json", by_alias=True) for of in model], indent=1))


def read_model(folder: Path) -> list[Object]:
    """What `write_model` wrote. Raises `InputError`."""
    path = folder / MODEL_FILE
    try:
        return _OBJECTS.validate_json(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; is {folder} what an export of everything wrote?") from None
    except ValidationError as error:
        raise InputError(f"{path}: is not a data model ({error.error_count()} errors)") from None


class MissingParts:
    """Makes the objects, options and fields of a model that a workspace doesn't have.

    `made` are those that it could make, `failed` those that it couldn't, each with the error: one doesn't end the rest.
    """

    def __init__(self, client: Client, model: list[Object], tell: Tell) -> None:
        self._workspace = client.workspace
        self._model = {of.name_singular: of for of in model}
        self._tell = tell
        self.made: list[str] = []
        self.failed: dict[str, TwentyError] = {}

    async def make(self) -> None:
        """Objects first, then plain fields, then relations: each leads to an object that must be there."""
        here = {of.name_singular for of in await self._workspace.objects()}
        for of in self._model.values():
            if of.name_singular not in here:
                await self._make_object(of)
        there = {of.name_singular: of for of in await self._workspace.objects()}
        wanted = [of for of in self._model.values() if of.name_singular in there]
        for of in wanted:
            for field in of.fields:
                await self._add_options(there[of.name_singular], field)
        have = {name: {field.name for field in of.fields} for name, of in there.items()}
        fields = [(of, field) for of in wanted for field in of.fields if self._begins(field)]
        for of, field in sorted(fields, key=lambda pair: bool(_relations(pair[1]))):
            relations = _relations(field)
            if field.name not in have[of.name_singular] and await self._make_field(of, field, have):
                have[of.name_singular].add(field.name)
                for relation in relations:
                    have[relation.target_object].add(relation.target_field)

    def _begins(self, field: Field) -> bool:
        """Of a relation, the end that it is made from: the one that may lead to several objects, or has the key."""
        if field.type == "MORPH_RELATION" or field.relation is None:
            return True
        back = self._back(field.relation)
        if back is not None and back.type == "MORPH_RELATION":
            return False
        return field.relation.type == "MANY_TO_ONE" or back is None

    def _back(self, relation: Relation) -> Field | None:
        other = self._model.get(relation.target_object)
        return next((field for field in other.fields if field.name == relation.target_field), None) if other else None

    async def _make_object(self, of: Object) -> None:
        named = any(field.name == "name" for field in of.fields)
        try:
            await self._workspace.create_object(
                of.name_singular,
                of.name_plural,
                label_singular=of.label_singular,
                label_plural=of.label_plural,
                description=of.description,
                icon=of.icon,
                **({} if named else {"skip_name_field": True}),
            )
        except TwentyError as error:
            self.failed[f"object {of.name_singular}"] = error
        else:
            self._made(f"object {of.name_singular}")

    def _made(self, what: str) -> None:
        self.made.append(what)
        self._tell(what)

    async def _add_options(self, there: Object, field: Field) -> None:
        """Options that were added to fields which every workspace has."""
        same = next((candidate for candidate in there.fields if candidate.name == field.name), None)
        if same is None or not field.options:
            return
        known = {option.value for option in same.options or ()}
        missing = [option for option in field.options if option.value not in known]
        if not missing:
            return
        what = f"options {', '.join(option.value for option in missing)} of {there.name_singular}.{field.name}"
        try:
            await self._workspace.add_options(there.name_singular, field.name, *missing)
        except TwentyError as error:
            self.failed[what] = error
        else:
            self._made(what)

    async def _make_field(self, owner: Object, field: Field, have: Mapping[str, set[str]]) -> bool:
        what = f"field {owner.name_singular}.{field.name}"
        relations = _relations(field)
        try:
            if gone := [to.target_object for to in relations if to.target_object not in have]:
                raise InputError(f"leads to {', '.join(gone)}, which this workspace does not have")
            backs = [(relation, self._back(relation)) for relation in relations]
            targets = [_target(relation, back) for relation, back in backs]
            settings = {name: value for name, value in (field.settings or {}).items() if name not in _RELATION_SETTINGS}
            await self._workspace.create_field(
                owner.name_singular,
                field.name,
                field.type,
                label=field.label,
                description=field.description,
                icon=field.icon,
                options=None if field.type == "RATING" else field.options,
                default_value=field.default_value if not relations else None,
                is_nullable=field.is_nullable,
                is_unique=field.is_unique or None,
                settings=settings or None,
                relation=targets if field.type == "MORPH_RELATION" else targets[0] if targets else None,
            )
            for relation, back in backs:
                if back is not None and _camel(back.label) != back.name:
                    await self._workspace.update_field(relation.target_object, back.name, label=back.label)
        except TwentyError as error:
            self.failed[what] = error
            return False
        self._made(what)
        return True


def _relations(field: Field) -> Sequence[Relation]:
    return [field.relation] if field.relation is not None else field.morph_relations or ()


def _target(relation: Relation, back: Field | None) -> RelationTo:
    """The server makes the name at the other end from the label; where that would be another name, it is the label."""
    label, icon = (back.label, back.icon) if back is not None else (relation.target_field, None)
    if _camel(label) != relation.target_field:
        label = relation.target_field
    kind: RelationType = "ONE_TO_MANY" if relation.type == "ONE_TO_MANY" else "MANY_TO_ONE"
    return RelationTo(relation.target_object, label=label, icon=icon or "IconBox", type=kind)


def _camel(label: str) -> str:
    words: list[str] = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", label) or [""]
    first, *others = words
    return first.lower() + "".join(word.capitalize() for word in others)
