"""The data model of a workspace: objects and fields, with their names and types in the database and in GraphQL.

Everything else in the sandbox is derived from it: the SQL tables, the GraphQL schema and the answers of `/metadata`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Literal

from aiotwenty.sandbox.model.composites import COMPOSITES
from aiotwenty.sandbox.model.names import camel, pascal, upper_first

RelationKind = Literal["MANY_TO_ONE", "ONE_TO_MANY"]
Operation = Literal[
    "find_many",
    "find_one",
    "find_duplicates",
    "group_by",
    "create_one",
    "create_many",
    "update_one",
    "update_many",
    "delete_one",
    "delete_many",
    "destroy_one",
    "destroy_many",
    "restore_one",
    "restore_many",
    "merge_many",
]
QUERIES: frozenset[Operation] = frozenset({"find_many", "find_one", "find_duplicates", "group_by"})

_IDS = uuid.UUID("6f0c1a52-6a27-4f5e-9d0b-3a4f5b0c8e11")
STANDARD_APPLICATION = str(uuid.uuid5(_IDS, "application:standard"))
CUSTOM_APPLICATION = str(uuid.uuid5(_IDS, "application:custom"))


@cache
def stable_id(*parts: str) -> str:
    """The same UUID for the same parts in every sandbox, so that standard objects and fields keep their ids."""
    return str(uuid.uuid5(_IDS, ":".join(parts)))


@lru_cache(maxsize=16_384)
def universal_identifier(own_id: str) -> str:
    """The id that an entity has in every workspace; here it follows from its own id."""
    return str(uuid.uuid5(_IDS, f"universal identifier:{own_id}"))


RELATIONS = frozenset({"RELATION", "MORPH_RELATION"})
OPTIONED = frozenset({"SELECT", "MULTI_SELECT", "RATING"})
_NOT_GROUPED = frozenset({"RAW_JSON", "FILES", "TS_VECTOR", "POSITION", "ACTOR"})
_SYSTEM_GROUPED = frozenset({"createdAt", "updatedAt"})

_SQL_TYPES = {"NUMBER": "NUMERIC", "NUMERIC": "NUMERIC", "POSITION": "NUMERIC", "BOOLEAN": "INTEGER"}


@dataclass(slots=True)
class ModelRelation:
    """One end of a relation. A morph relation has one for each possible target object."""

    name: str
    """The GraphQL name: the field's own, or for a morph relation followed by the target's name (`targetCompany`)."""
    kind: RelationKind
    target: str
    """The `nameSingular` of the object at the other end."""
    target_field: str
    """The name of the field at the other end."""
    join_column: str | None = None
    """The column with the id of the other record; only the MANY_TO_ONE end has it."""
    on_delete: str | None = None


@dataclass(slots=True)
class ModelField:
    id: str
    name: str
    type: str
    label: str
    description: str | None = None
    icon: str | None = None
    is_nullable: bool = True
    is_unique: bool = False
    is_system: bool = False
    is_active: bool = True
    is_custom: bool = False
    default_value: Any = None
    options: list[dict[str, Any]] | None = None
    settings: dict[str, Any] | None = None
    relations: list[ModelRelation] = field(default_factory=list)
    created_at: str = "2026-01-01T00:00:00.000Z"
    updated_at: str = "2026-01-01T00:00:00.000Z"

    @property
    def number_type(self) -> str:
        """The type of a NUMBER: `float`, `int` or `bigint`."""
        return str((self.settings or {}).get("dataType") or "float")

    @property
    def option_values(self) -> list[str]:
        return [str(option["value"]) for option in self.options or ()]

    def forbid_null(self) -> None:
        """Makes a text non-null as in Twenty 1.10 (November 2025): without a value it is empty.

        A unique text keeps NULL, so that empty values don't collide.
        """
        if self.type == "TEXT" and not self.is_unique:
            self.is_nullable = False
            self.default_value = "''" if self.default_value is None else self.default_value


def is_groupable(of: ModelField) -> bool:
    """Whether records can be grouped by the field (Twenty, July 2026)."""
    return of.type not in _NOT_GROUPED and (not of.is_system or of.name in _SYSTEM_GROUPED)


@dataclass(slots=True)
class TableColumn:
    """A column of an SQL table."""

    name: str
    type: str
    """The field type of its values; for a part of a composite, the type of the part."""
    sql_type: str
    field: ModelField
    subfield: str | None
    nullable: bool
    default: Any = None
    """The value in new records that don't set it, as plain JSON without Twenty's quotes."""
    default_function: Literal["uuid", "now"] | None = None
    reference: ModelRelation | None = None
    """The relation of a column with a foreign key."""

    @property
    def path(self) -> str:
        """The path in records: `domainName.primaryLinkUrl` is stored in `domainNamePrimaryLinkUrl`."""
        return f"{self.field.name}.{self.subfield}" if self.subfield else self.name


@dataclass(slots=True)
class ToOne:
    name: str
    join_column: str
    target: str
    relation: ModelRelation
    field: ModelField


@dataclass(slots=True)
class ToManyRelation:
    name: str
    target: str
    join_column: str
    """The column of the target with the foreign key."""
    relation: ModelRelation
    field: ModelField


@dataclass(slots=True)
class Composite:
    name: str
    type: str
    field: ModelField
    columns: dict[str, TableColumn]
    """The columns by the names of parts: `primaryLinkUrl`."""


@dataclass(slots=True)
class ModelIndex:
    """An index that a user created; those of unique fields and relations follow from these."""

    id: str
    fields: list[tuple[str, str | None]]
    """The names of fields, each with the indexed part of a composite."""
    created_at: str


@dataclass(slots=True)
class ModelObject:
    id: str
    name_singular: str
    name_plural: str
    label_singular: str
    label_plural: str
    fields: dict[str, ModelField]
    description: str | None = None
    icon: str | None = None
    label_identifier: str = "name"
    """The name of the field whose value represents a record."""
    unique_indexes: list[list[str]] = field(default_factory=list)
    """The names of fields, not of columns."""
    indexes: list[ModelIndex] = field(default_factory=list)
    duplicate_criteria: list[list[str]] | None = None
    """Lists of columns: records that agree in all columns of one list are duplicates."""
    is_system: bool = False
    is_active: bool = True
    is_searchable: bool = False
    is_ui_read_only: bool = False
    is_custom: bool = False
    shortcut: str | None = None
    color: str | None = None
    is_label_synced_with_name: bool = False
    created_at: str = "2026-01-01T00:00:00.000Z"
    updated_at: str = "2026-01-01T00:00:00.000Z"

    # Derived by DataModel.changed(). Deactivated objects and fields are served as before; only /metadata shows it.
    columns: dict[str, TableColumn] = field(default_factory=dict, init=False, repr=False)
    unique_columns: list[list[str]] = field(default_factory=list, init=False, repr=False)
    indexed_columns: list[list[str]] = field(default_factory=list, init=False, repr=False)
    scalars: dict[str, TableColumn] = field(default_factory=dict, init=False, repr=False)
    composites: dict[str, Composite] = field(default_factory=dict, init=False, repr=False)
    to_one: dict[str, ToOne] = field(default_factory=dict, init=False, repr=False)
    to_many: dict[str, ToManyRelation] = field(default_factory=dict, init=False, repr=False)
    roots: dict[Operation, str] = field(default_factory=dict, init=False, repr=False)

    @property
    def type_name(self) -> str:
        return pascal(self.name_singular)

    @property
    def has_duplicates(self) -> bool:
        """Whether it has `xDuplicates` and `mergeXs`, as objects with criteria do."""
        return bool(self.duplicate_criteria)

    def enum_name(self, of: ModelField) -> str:
        return f"{self.type_name}{pascal(of.name)}Enum"


def _root_names(of: ModelObject) -> dict[Operation, str]:
    singular, many = camel(of.name_singular), camel(of.name_plural)
    names: dict[Operation, str] = {"find_many": many, "find_one": singular, "group_by": f"{many}GroupBy"}
    if of.has_duplicates:
        names["find_duplicates"] = f"{singular}Duplicates"
        names["merge_many"] = f"merge{upper_first(many)}"
    verbs: tuple[tuple[str, Operation, Operation], ...] = (
        ("create", "create_one", "create_many"),
        ("update", "update_one", "update_many"),
        ("delete", "delete_one", "delete_many"),
        ("destroy", "destroy_one", "destroy_many"),
        ("restore", "restore_one", "restore_many"),
    )
    for verb, for_one, for_many in verbs:
        names[for_one] = f"{verb}{upper_first(singular)}"
        names[for_many] = f"{verb}{upper_first(many)}"
    return names


def unquoted(default: Any) -> Any:
    """The value of a default. Twenty writes string defaults in single quotes inside of the string."""
    if isinstance(default, str) and len(default) >= 2 and default[0] == default[-1] == "'":
        return default[1:-1]
    if isinstance(default, list):
        return [unquoted(each) for each in default]
    return default


def _columns(of: ModelField) -> Iterator[TableColumn]:
    if of.type in RELATIONS:
        for relation in of.relations:
            if relation.join_column:
                yield TableColumn(relation.join_column, "UUID", "TEXT", of, None, of.is_nullable, reference=relation)
    elif of.type in COMPOSITES:
        defaults = of.default_value if isinstance(of.default_value, dict) else {}
        for name, part in COMPOSITES[of.type].items():
            yield TableColumn(
                of.name + upper_first(name),
                part.type,
                _SQL_TYPES.get(part.type, "TEXT"),
                of,
                name,
                nullable=not part.not_null,
                default=unquoted(defaults.get(name)),
            )
    else:
        function: Literal["uuid", "now"] | None = None
        if of.default_value in ("uuid", "now"):
            function = of.default_value
        yield TableColumn(
            of.name,
            of.type,
            _SQL_TYPES.get(of.type, "TEXT"),
            of,
            None,
            of.is_nullable,
            default=None if function else unquoted(of.default_value),
            default_function=function,
        )


def _indexed(of: ModelObject, index: ModelIndex) -> Iterator[str]:
    for name, part in index.fields:
        field = of.fields[name]
        if part is not None:
            yield name + upper_first(part)
        else:
            yield from (column.name for column in _columns(field))


class DataModel:
    """All objects by `nameSingular`. `changed()` must be called after a change."""

    def __init__(self, objects: Iterable[ModelObject]) -> None:
        self.objects: dict[str, ModelObject]
        self.revision = 0
        """Increases with every change, for caches."""
        self.written: tuple[int, str] = (0, "")
        """The revision last written as text, and the text (see `model_text`)."""
        self._roots: dict[str, tuple[ModelObject, Operation]] = {}
        self.replace(objects)

    def changed(self) -> None:
        """Derives columns and relations from the objects again, and starts a new revision."""
        self.revision += 1
        self._roots = {}
        for of in self.objects.values():
            self._derive(of)
        for of in self.objects.values():
            of.roots = _root_names(of)
            self._roots.update({name: (of, operation) for operation, name in of.roots.items()})

    def by_root(self, root_field: str) -> tuple[ModelObject, Operation] | None:
        """The object and operation of a root field of `/graphql`."""
        return self._roots.get(root_field)

    def object_by_id(self, object_id: str) -> ModelObject | None:
        return next((each for each in self.objects.values() if each.id == object_id), None)

    def field_by_id(self, field_id: str) -> tuple[ModelObject, ModelField] | None:
        for of in self.objects.values():
            for model_field in of.fields.values():
                if model_field.id == field_id:
                    return of, model_field
        return None

    def other_end(self, of: ModelObject, relation: ModelRelation) -> ModelRelation | None:
        """The relation of the target that leads back."""
        target = self.objects.get(relation.target)
        back = target.fields.get(relation.target_field) if target else None
        return next((each for each in back.relations if each.target == of.name_singular), None) if back else None

    def _derive(self, of: ModelObject) -> None:
        of.columns, of.scalars, of.composites, of.to_one, of.to_many = {}, {}, {}, {}, {}
        for model_field in of.fields.values():
            columns = list(_columns(model_field))
            of.columns.update({column.name: column for column in columns})
            if model_field.type in COMPOSITES:
                parts = {column.subfield: column for column in columns if column.subfield}
                of.composites[model_field.name] = Composite(model_field.name, model_field.type, model_field, parts)
            else:
                of.scalars.update({column.name: column for column in columns})
            for relation in model_field.relations:
                target = self.objects.get(relation.target)
                if target is None:
                    continue
                if relation.join_column:
                    of.to_one[relation.name] = ToOne(
                        relation.name, relation.join_column, relation.target, relation, model_field
                    )
                else:
                    back = self.other_end(of, relation)
                    if back is not None and back.join_column:
                        of.to_many[relation.name] = ToManyRelation(
                            relation.name, relation.target, back.join_column, relation, model_field
                        )
        of.unique_columns = [[*self._unique(of, names)] for names in of.unique_indexes]
        of.indexed_columns = [[*_indexed(of, index)] for index in of.indexes]

    @staticmethod
    def _unique(of: ModelObject, names: list[str]) -> Iterator[str]:
        for name in names:
            field = of.fields[name]
            for column in _columns(field):
                if column.subfield is None or COMPOSITES[field.type][column.subfield].unique:
                    yield column.name

    def replace(self, objects: Iterable[ModelObject]) -> None:
        """Replaces all objects."""
        self.objects = {each.name_singular: each for each in objects}
        self.changed()


def relation_name(field_name: str, kind: RelationKind, target_singular: str, target_plural: str, morph: bool) -> str:
    """The GraphQL name of one end of a relation; each target of a morph relation has a name of its own."""
    if not morph:
        return field_name
    return field_name + upper_first(target_singular if kind == "MANY_TO_ONE" else target_plural)
