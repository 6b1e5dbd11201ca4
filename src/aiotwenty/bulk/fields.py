"""The targets of columns: the fields of an object, their parts, its relations, and common names for them."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal, NotRequired
from uuid import UUID
from weakref import WeakKeyDictionary

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import SchemaValidator
from typing_extensions import TypedDict

from aiotwenty.bulk.source import InputError
from aiotwenty.graphql.advice import near
from aiotwenty.graphql.annotations import alternatives, item_in, model_in, named_fields, plain_types

# Renamed, because type checkers require literal fields of a TypedDict.
_typed_dict: Any = TypedDict

Kind = Literal["text", "list", "json", "datetime", "date", "boolean", "number", "composite", "other"]

# The part of a composite field that a plain value stands for. Currency, address and full name have none: an amount
# could be in micros or not, a name could be either part.
_PRIMARY = ("primaryLinkUrl", "primaryEmail", "primaryPhoneNumber", "markdown")
_WEB_ADDRESS = ("website", "url", "homepage")


@dataclass(frozen=True)
class FieldPath:
    """The target of a column: `path` in the object (domainName, primaryLinkUrl), or in the object of `relation`."""

    path: tuple[str, ...]
    kind: Kind
    relation: ToOneRelation | None = None

    @property
    def dotted(self) -> str:
        return ".".join((self.relation.name, *self.path) if self.relation else self.path)


ID = FieldPath(("id",), "other")

_AS_DICT: WeakKeyDictionary[type[BaseModel], SchemaValidator] = WeakKeyDictionary()
"""The validators of rows, by create model: each is built once for all loads."""


@dataclass(frozen=True)
class ToOneRelation:
    """A to-one relation: `name` (company), its foreign key `join` (companyId), and the type at the other end."""

    name: str
    join: str
    type_name: str


@dataclass
class Shape:
    """The fields of one object, taken from its create model.

    `unique` are the dotted paths whose values no two records share; `related` returns the shape of another object.
    """

    type_name: str
    create_model: type[BaseModel]
    unique_model: type[BaseModel] | None
    related: Callable[[str], Shape]
    readable: Collection[str] = ()
    """The dotted paths that records have."""
    targets: dict[str, FieldPath] = field(default_factory=dict)
    composites: dict[str, tuple[str, ...]] = field(default_factory=dict)
    relations: dict[str, ToOneRelation] = field(default_factory=dict)
    file_fields: set[str] = field(default_factory=set)
    """Fields that hold uploaded files."""

    def __post_init__(self) -> None:
        relation_inputs: dict[str, str] = {}
        for alias, _, annotation in named_fields(self.create_model):
            model = model_in(annotation)
            if file_model(annotation) is not None:
                self.file_fields.add(alias)
            if model is None:
                self._add(FieldPath((alias,), _kind(plain_types(annotation))))
            elif any(part == "connect" for part, _, _ in named_fields(model)):
                relation_inputs[alias] = model.__name__.removesuffix("RelationInput")
            else:
                self._add(FieldPath((alias,), "composite"))
                parts = [(part, plain_types(inner)) for part, _, inner in named_fields(model)]
                self.composites[alias] = tuple(part for part, _ in parts)
                for part, inner_types in parts:
                    self._add(FieldPath((alias, part), _kind(inner_types)))
        for name, type_name in relation_inputs.items():
            if f"{name}Id" in self.targets:
                self.relations[name] = ToOneRelation(name, f"{name}Id", type_name)

    def _add(self, target: FieldPath) -> None:
        self.targets[target.dotted] = target

    @cached_property
    def unique(self) -> tuple[str, ...]:
        """The unique paths, without ids and foreign keys, which are unique only with others, or found by name."""
        if self.unique_model is None:
            return ()
        return tuple(
            path
            for path, types in _leaves(self.unique_model)
            if path in self.targets and not types & {UUID} and path != "id" and path not in self.relations
        )

    @cached_property
    def read_only(self) -> frozenset[str]:
        """Paths that records have and rows can't set, such as the name in `createdBy`. Exports have them."""
        return frozenset(path for path in self.readable if path not in self.targets)

    @cached_property
    def read_only_parts(self) -> dict[str, frozenset[str]]:
        """The read-only parts of each composite field that has some."""
        parts: dict[str, set[str]] = {}
        for path in self.read_only:
            name, dot, part = path.partition(".")
            if dot:
                parts.setdefault(name, set()).add(part)
        return {name: frozenset(some) for name, some in parts.items()}

    @cached_property
    def _names(self) -> list[dict[str, list[FieldPath]]]:
        """Tiers of names, the most certain first: full paths, whole composites, parts of them, beginnings."""
        full: dict[str, list[FieldPath]] = {}
        whole: dict[str, list[FieldPath]] = {}
        parts: dict[str, list[FieldPath]] = {}
        beginnings: dict[str, list[FieldPath]] = {}
        for dotted, target in self.targets.items():
            if target.kind == "composite":
                (alias,) = target.path
                primary = self.primary(alias)
                whole.setdefault(squeeze(alias), []).append(target)
                if primary:
                    for length in range(3, len(alias)):
                        beginnings.setdefault(squeeze(alias[:length]), []).append(target)
                    if alias == "domainName":
                        for name in _WEB_ADDRESS:
                            beginnings.setdefault(name, []).append(target)
                continue
            full.setdefault(squeeze(dotted), []).append(target)
            if len(target.path) == 2:
                composite, part = target.path
                short = part[len(composite) :] if part.startswith(composite) else part
                for name in {squeeze(part), squeeze(short)}:
                    parts.setdefault(name, []).append(target)
        for name in self.relations:
            whole.setdefault(squeeze(name), []).append(FieldPath((), "other", self.relations[name]))
        return [full, whole, parts, beginnings]

    def primary(self, composite: str) -> str | None:
        """The part of a composite field that a plain value stands for: the URL of a link, the first e-mail address."""
        return next((part for part in _PRIMARY if part in self.composites[composite]), None)

    def resolve(self, name: str) -> FieldPath:
        """The field called `name`. Raises `InputError` if there is none, or if there are several."""
        target = self.find(name)
        if target is None:
            suggestion = self._suggestion(name)
            error = InputError(f"{self.type_name} has no field {name!r}{suggestion}")
            error.suggests = suggestion != ""
            raise error
        return target

    def find(self, name: str) -> FieldPath | None:
        """The field called `name`; None if there is none. Raises `InputError` if there are several."""
        relation_name, dot, rest = name.partition(".")
        if dot and (relation := self._relation(relation_name)):
            other = self.related(relation.type_name)
            target = other.resolve(rest)
            if target.relation:
                raise InputError(f"{name!r} goes through two relations; a record is found by its own fields")
            return other.behind(relation, target)
        squeezed = squeeze(name)
        targets = next((tier[squeezed] for tier in self._names if squeezed in tier), None)
        if targets is None:
            return None
        if len(targets) > 1:
            meanings = " or ".join(sorted(target.dotted for target in targets))
            raise InputError(f"{name!r} could be {meanings}; say which with a mapping")
        (target,) = targets
        if target.relation and not target.path:
            return self._by_unique(target.relation)
        return target

    def _relation(self, name: str) -> ToOneRelation | None:
        squeezed = squeeze(name)
        return next((relation for relation in self.relations.values() if squeeze(relation.name) == squeezed), None)

    def _by_unique(self, relation: ToOneRelation) -> FieldPath:
        other = self.related(relation.type_name)
        if len(other.unique) != 1:
            raise InputError(
                f"by what is {relation.name!r} to be found? Map the column to {relation.join} (an id) "
                f"or to a field of it, such as {relation.name}.name"
            )
        target = other.targets[other.unique[0]]
        return FieldPath(target.path, target.kind, relation)

    def behind(self, relation: ToOneRelation, target: FieldPath) -> FieldPath:
        """A field of this object as a relation's target: plain, the primary part of a composite, or a full name."""
        if target.kind == "composite" and "firstName" in self.composites[target.path[0]]:
            return FieldPath(target.path, "composite", relation)
        path = self.value_path(target)
        return FieldPath(path, self.targets[".".join(path)].kind, relation)

    def value_path(self, target: FieldPath) -> tuple[str, ...]:
        """The target of a plain value: the path itself, or the primary part of a composite field."""
        if target.kind != "composite":
            return target.path
        (alias,) = target.path
        primary = self.primary(alias)
        if primary is None:
            parts = ", ".join(f"{alias}.{part}" for part in self.composites[alias])
            raise InputError(f"{alias!r} is made of parts; map to one of them: {parts}")
        return (alias, primary)

    def validated(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The data with its values converted by the create model, by GraphQL names.

        Raises `pydantic.ValidationError`.
        """
        try:
            # Validating a dict takes a quarter of the time.
            return self._as_dict.validate_python(data)  # type: ignore[no-any-return]
        except ValidationError:
            # The model also knows other names, and decides.
            return self.create_model.model_validate(data).model_dump(by_alias=True, exclude_unset=True)

    @cached_property
    def _as_dict(self) -> SchemaValidator:
        """A validator that accepts less than the create model, with the same results."""
        if self.create_model not in _AS_DICT:
            _AS_DICT[self.create_model] = TypeAdapter(self._dict_type(self.create_model)).validator  # type: ignore[assignment]
        return _AS_DICT[self.create_model]

    def _dict_type(self, model: type[BaseModel], within: str = "") -> Any:
        fields: dict[str, Any] = {}
        for alias, name, annotation in named_fields(model):
            part = model_in(annotation) if not within and alias in self.composites else None
            if part is not None:
                kind = self._dict_type(part, alias)
                annotation = kind | None if type(None) in alternatives(annotation) else kind
            info = model.model_fields[name]
            if info.metadata:
                annotation = Annotated[(annotation, *info.metadata)]
            fields[alias] = annotation if info.is_required() else NotRequired[annotation]
        typed = _typed_dict(model.__name__, fields)
        limits = {key: value for key, value in model.model_config.items() if key in ("extra", "allow_inf_nan")}
        typed.__pydantic_config__ = limits
        return typed

    def _suggestion(self, name: str) -> str:
        known = {squeeze(dotted): dotted for dotted in (*self.targets, *self.relations)}
        # A wrong suggestion is worse than none: "Company name" is not a misspelt domainName.
        likely = [known[found] for found in near(squeeze(name), known, most=3, cutoff=0.8)]
        return f"; did you mean {', '.join(likely)}?" if likely else ""


def squeeze(name: str) -> str:
    """A name without case, spaces, punctuation and accents: the same for `Domain Name`, `domain_name` and `domainName`.

    Letters and accents may be one character, or two as on macOS.
    """
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKD", name).casefold())


def file_model(annotation: Any) -> type[BaseModel] | None:
    """The model of the uploaded files in a list, which are selected by parts; other lists are one JSON value."""
    model = model_in(item_in(annotation))
    return model if model is not None and any(part == "fileId" for part, _, _ in named_fields(model)) else None


def _leaves(model: type[BaseModel]) -> Iterator[tuple[str, set[Any]]]:
    for alias, _, annotation in named_fields(model):
        inner = model_in(annotation)
        if inner is None:
            yield alias, plain_types(annotation)
        else:
            for part, types in _leaves(inner):
                yield f"{alias}.{part}", types


def _kind(types: set[Any]) -> Kind:
    if types == {list}:
        return "list"
    if datetime.datetime in types:
        return "datetime"
    if datetime.date in types:
        return "date"
    if types == {str}:
        return "text"
    if types == {bool}:
        return "boolean"
    if int in types:
        return "number"
    if any(not isinstance(kind, type) and getattr(kind, "__name__", "") == "JsonValue" for kind in types) or (
        Any in types
    ):
        return "json"
    return "other"
