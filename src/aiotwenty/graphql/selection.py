"""Reads the selection of a model: looks up its fields in the generated record that it selects from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias, get_args

from pydantic.alias_generators import to_snake
from pydantic.fields import FieldInfo

from aiotwenty.errors import ConfigurationError
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.annotations import is_listing, item_in, model_in
from aiotwenty.graphql.field_types import can_hold, kinds, may_be_none, said
from aiotwenty.graphql.models import Record, graphql_name
from aiotwenty.graphql.object_facts import About

RecordOf: TypeAlias = Callable[[type[Record]], "type[Record] | None"]


@dataclass
class Tree:
    """The selection of a record or composite, by GraphQL names: leaves, composites, and lists."""

    about: About | None = None
    fields: dict[str, Tree | None] = field(default_factory=dict)
    lists: dict[str, List] = field(default_factory=dict)

    def add(self, other: Tree) -> None:
        """Adds the selection of another tree."""
        for name, part in other.fields.items():
            own = self.fields.setdefault(name, part)
            if own is not None and part is not None and own is not part:
                self.fields[name] = own.merged(part)
        for name, more in other.lists.items():
            mine_list = self.lists.setdefault(name, more)
            if mine_list is not more:
                self.lists[name] = List(more.target, more.plural, more.keys, mine_list.nodes.merged(more.nodes))

    def merged(self, other: Tree) -> Tree:
        both = Tree(self.about or other.about)
        both.add(self)
        both.add(other)
        return both

    def text(self, *more: str, lists: bool = True) -> str:
        """The selection in braces, with `more` leaves; without lists inside of a list: the server refuses those."""
        # The id is needed to fetch the rest of the lists.
        leaves: dict[str, None] = dict.fromkeys([*self.fields, *more, *(["id"] if self.lists else [])])
        parts = [
            name if (part := self.fields.get(name)) is None else f"{name}{part.text(lists=lists)}" for name in leaves
        ]
        if lists:
            parts += [f"{name}{{edges{{node{each.inline()}}}{COUNT}}}" for name, each in self.lists.items()]
        return "{" + " ".join(parts) + "}"

    @property
    def has_lists(self) -> bool:
        """Whether it has lists of related records, at any depth."""
        return bool(self.lists) or any(part.has_lists for part in self.fields.values() if part)

    @property
    def is_deep(self) -> bool:
        """Whether it has lists within lists, which have to be fetched level by level."""
        return any(part.nodes.has_lists for part in self.lists.values()) or any(
            part.is_deep for part in self.fields.values() if part
        )


COUNT = "countUniqueValuesId"
"""The aggregate with the length of a list. The server cuts lists without saying so, and returns it on request."""


class List(NamedTuple):
    """A selected list of related records."""

    target: str
    plural: str
    keys: tuple[str, ...]
    nodes: Tree

    def inline(self) -> str:
        """The selection of the list's records inside of another list."""
        return self.nodes.text(*self.keys_to_tell, lists=False)

    @property
    def keys_to_tell(self) -> tuple[str, ...]:
        """The foreign keys to read with the records, if several may lead back."""
        return self.keys if len(self.keys) > 1 else ()


class Plain(NamedTuple):
    """A field that is read without changes."""

    name: str
    default_for_null: bool = False


class Listed(NamedTuple):
    """A list of related records. If another object joins them, `ends` are its relations to them, with their models."""

    name: str
    ends: tuple[tuple[str, type[Record]], ...] = ()


class OneOf(NamedTuple):
    """A record of several types, or lists of them: the GraphQL field for each type, with its model."""

    names: tuple[tuple[str, type[Record]], ...]
    many: bool


Reading: TypeAlias = Plain | Listed | OneOf


class Selection(NamedTuple):
    """The selection of a model, and how its fields are read from the response."""

    model: type[Record]
    record: type[Record]
    about: About | None
    tree: Tree
    reading: Mapping[str, Reading]

    def text(self, *more: str) -> str:
        """The selection in braces, with `more` leaves."""
        return self.tree.text(*more)

    @property
    def id_field(self) -> str | None:
        """The field that holds the id; None without one."""
        return next((name for name, how in self.reading.items() if isinstance(how, Plain) and how.name == "id"), None)


def selection_of_model(model: type[Record], record: type[Record], record_of: RecordOf) -> Selection:
    """The selection of a model. Raises `ConfigurationError` that names every wrong field."""
    return _Reader(record_of).selection(model, record)


class _Reader:
    """Reads models and those inside of them; `path` has the models that are being read."""

    def __init__(self, record_of: RecordOf) -> None:
        self._record_of = record_of
        self._path: list[type[Record]] = []
        self._known: dict[type[Record], Selection] = {}

    def selection(self, model: type[Record], record: type[Record]) -> Selection:
        if model in self._known:
            return self._known[model]
        if model in self._path:
            circle = " > ".join(
                selected_model.__name__ for selected_model in [*self._path[self._path.index(model) :], model]
            )
            raise ConfigurationError(
                f"{circle}: the selection goes round in a circle. Where it is to end, use a model without that field."
            )
        self._path.append(model)
        try:
            composed = _Fields(self, model, record, self._record_of).selection()
        finally:
            self._path.pop()
        self._known[model] = composed
        return composed


class _Fields:
    """Reads the fields of one model."""

    def __init__(self, reader: _Reader, model: type[Record], record: type[Record], record_of: RecordOf) -> None:
        self._reader = reader
        self._model = model
        self._record = _resolved(record)
        self._record_of = record_of
        self._about: About | None = getattr(record, "_object", None)
        self._served = {_wire_name(name, info): info.annotation for name, info in record.model_fields.items()}
        self._served |= dict.fromkeys(self._about.asked_for if self._about else (), str | None)
        self._tree = Tree(self._about)
        self._problems: list[str] = []

    def selection(self) -> Selection:
        fields = _resolved(self._model).model_fields
        reading = {name: self._field(name, info) for name, info in fields.items()}
        if self._problems:
            raise ConfigurationError("\n".join(self._problems))
        known = {name: how for name, how in reading.items() if how is not None}
        if not self._tree.fields and not self._tree.lists:
            raise ConfigurationError(f"{self._model.__name__} selects nothing: give it fields.")
        return Selection(self._model, self._record, self._about, self._tree, known)

    def _field(self, name: str, info: FieldInfo) -> Reading | None:
        wire = self._name(name, info)
        if wire is None:
            return None
        try:
            return self._read(name, wire, info)
        except _WrongField as wrong:
            self._problems.append(f"{self._model.__name__}.{name}: {wrong}")
            return None

    def _name(self, name: str, info: FieldInfo) -> str | None:
        own = self._record.model_fields.get(name)
        explicit = (info.alias_priority or 0) > 1
        if own is not None and not explicit:
            return _wire_name(name, own)
        alias = info.validation_alias if info.validation_alias is not None else info.alias
        if alias is not None and not isinstance(alias, str):
            self._problems.append(f"{self._model.__name__}.{name}: an alias is one name, as the schema has it.")
            return None
        return alias or graphql_name(name)

    def _read(self, name: str, wire: str, info: FieldInfo) -> Reading:
        about = self._about
        if wire in self._served:
            return self._plain(name, wire, info)
        if about and wire in about.to_one:
            inner = self._related(info, wire, {about.to_one[wire]}, many=False)
            self._must_take_null(name, info, f"{wire} may be no {about.to_one[wire]} at all")
            self._tree.add(Tree(fields={wire: self._tree_of(inner[about.to_one[wire]])}))
            return Plain(wire, _takes_no_null(info))
        if about and wire in about.to_many:
            target, plural, *keys = about.to_many[wire]
            inner = self._related(info, wire, {target}, many=True)
            self._tree.add(Tree(lists={wire: List(target, plural, tuple(keys), self._tree_of(inner[target]))}))
            return Listed(wire)
        if about and wire in about.morph:
            return self._morph(name, wire, info, about)
        if about and wire in about.joined:
            by, ends = about.joined[wire]
            target, plural, *keys = about.to_many[by]
            inner = self._related(info, wire, set(ends.values()), many=True)
            nodes = Tree(fields={end: self._tree_of(inner[type_]) for end, type_ in ends.items()})
            self._tree.add(Tree(lists={by: List(target, plural, tuple(keys), nodes)}))
            return Listed(by, tuple((end, inner[type_]) for end, type_ in ends.items()))
        raise _WrongField(f"{self._record.__name__} has no {wire}{did_you_mean(name, self._all_names())}.")

    def _morph(self, name: str, wire: str, info: FieldInfo, about: About) -> OneOf:
        parts = about.morph[wire]
        many = next(iter(parts)) in about.to_many
        inner = self._related(info, wire, set(parts.values()), many=many)
        if not many:
            self._must_take_null(name, info, f"{wire} may be none of them")
        for part, type_ in parts.items():
            tree = self._tree_of(inner[type_])
            if many:
                target, plural, *keys = about.to_many[part]
                self._tree.add(Tree(lists={part: List(target, plural, tuple(keys), tree)}))
            else:
                self._tree.add(Tree(fields={part: tree}))
        return OneOf(tuple((part, inner[type_]) for part, type_ in parts.items()), many)

    def _plain(self, name: str, wire: str, info: FieldInfo) -> Plain:
        served = self._served[wire]
        composite = model_in(served) or model_in(item_in(served))
        tree: Tree | None = None
        if composite is not None and issubclass(composite, Record):
            tree = self._composite(wire, info, served, composite)
        elif not reads_itself(self._model, name) and not can_hold(info.annotation, served):
            raise _WrongField(f"is declared {said(info.annotation)}, but {wire} is {said(served)}.")
        # The server always returns all parts of a composite, even of an empty one (Twenty, July 2026).
        always = tree is not None and item_in(served) is None
        if may_be_none(served) and not always and not reads_itself(self._model, name):
            self._must_take_null(name, info, f"{wire} may be None")
        self._tree.add(Tree(fields={wire: tree}))
        return Plain(wire, may_be_none(served) and _takes_no_null(info))

    def _composite(self, wire: str, info: FieldInfo, served: Any, composite: type[Record]) -> Tree:
        listed = item_in(served) is not None
        annotation = _item(info.annotation) if listed else info.annotation
        models = [kind for kind in kinds(annotation) if isinstance(kind, type) and issubclass(kind, Record)]
        if len(models) != 1 or len(list(kinds(annotation))) != 1 or self._selects(models[0]) is not composite:
            raise _WrongField(
                f"is declared {said(info.annotation)}, but {wire} is {said(served)}; for a part of it, give a "
                f"Select[{composite.__name__}]."
            )
        return self._reader.selection(models[0], composite).tree

    def _related(self, info: FieldInfo, wire: str, targets: set[str], *, many: bool) -> dict[str, type[Record]]:
        """The model for each type of record that a relation leads to."""
        expected = " | ".join(sorted(targets))
        has = f"a list of {expected}" if many else f"one {expected}, or None"
        wrong = _WrongField(f"is declared {said(info.annotation)}, but {wire} is {has}.")
        annotation = _item(info.annotation) if many else info.annotation
        if annotation is None:
            is_record = any(model_in(kind) for kind in kinds(info.annotation))
            forms = "" if is_record or not many else ": declare it list[...], tuple[..., ...] or Sequence[...]"
            raise _WrongField(f"is declared {said(info.annotation)}, but {wire} is {has}{forms}.")
        models: dict[str, type[Record]] = {}
        for kind in kinds(annotation):
            if not isinstance(kind, type) or not issubclass(kind, Record):
                raise wrong
            record = self._selects(kind)
            about: About | None = getattr(record, "_object", None)
            if about is None or about.type_name not in targets or about.type_name in models:
                raise wrong
            models[about.type_name] = kind
        if missing := sorted(targets - models.keys()):
            raise _WrongField(
                f"is declared {said(info.annotation)}, but {wire} is {has}: {' and '.join(missing)} would be left out."
            )
        return models

    def _selects(self, model: type[Record]) -> type[Record] | None:
        return self._record_of(model)

    def _tree_of(self, model: type[Record]) -> Tree:
        record = self._record_of(model)
        assert record is not None, "it was looked up before"
        return self._reader.selection(model, record).tree

    def _must_take_null(self, name: str, info: FieldInfo, why: str) -> None:
        if not may_be_none(info.annotation) and info.is_required():
            raise _WrongField(
                f"is declared {said(info.annotation)}, but {why}: declare it {said(info.annotation)} | None, or give "
                "it a default, which then stands for that."
            )

    def _all_names(self) -> Iterable[str]:
        yield from self._record.model_fields
        if self._about:
            about = self._about
            for names in (about.to_one, about.to_many, about.morph, about.joined, about.asked_for):
                yield from map(to_snake, names)


class UnresolvedName(ConfigurationError):  # noqa: N818
    """A model refers to a name that is not defined yet."""


class _WrongField(Exception):  # noqa: N818
    """A field is wrong; the message says why."""


def reads_itself(model: type[Record], name: str) -> bool:
    """Whether a validator of the model's own sees the field's value before its type does."""
    metadata = model.model_fields[name].metadata
    if any(type(entry).__name__ in ("BeforeValidator", "PlainValidator", "WrapValidator") for entry in metadata):
        return True
    return any(
        decorator.info.mode in ("before", "plain", "wrap")
        for decorator in model.__pydantic_decorators__.field_validators.values()
        if name in decorator.info.fields or "*" in decorator.info.fields
    )


def _takes_no_null(info: FieldInfo) -> bool:
    return not may_be_none(info.annotation)


def _item(annotation: Any) -> Any:
    """The declared type of a list's items; None if the field is no list."""
    lists = list(kinds(annotation))
    return get_args(lists[0])[0] if len(lists) == 1 and is_listing(lists[0]) else None


def _wire_name(name: str, info: FieldInfo) -> str:
    return info.validation_alias if isinstance(info.validation_alias, str) else info.alias or graphql_name(name)


def _resolved(model: type[Record]) -> type[Record]:
    """The model with its forward references resolved."""
    if not getattr(model, "__pydantic_fields_complete__", True):
        try:
            model.model_rebuild()
        except NameError as error:
            raise UnresolvedName(
                f"{model.__name__} refers to {getattr(error, 'name', error)!r}, which is not there (yet): define it, "
                "or call model_rebuild() where it is."
            ) from None
    return model
