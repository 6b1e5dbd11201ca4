"""Changes pydantic's schemas of models, so that they read responses of the server.

A model in Python has the fields as its class declares them. In a response, a list is a connection (`edges { node }`), a
record of several types has a field for each type, and null may stand for an empty composite. With the schema changed
accordingly, pydantic-core reads the bytes in one pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple, NotRequired, TypeAlias, cast
from uuid import UUID

from pydantic import ConfigDict, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, SchemaValidator, core_schema
from typing_extensions import TypedDict

from aiotwenty.graphql.models import Record
from aiotwenty.graphql.page import Page
from aiotwenty.graphql.select import is_selection, selection_of
from aiotwenty.graphql.selection import COUNT, Listed, OneOf, Plain

# Renamed, because type checkers require literal fields of a TypedDict.
_typed_dict: Any = TypedDict
_Schema: TypeAlias = dict[str, Any]

ID = "aiotwenty.id"
"""The key under which a record keeps an id that its model lacks. No field's name has a dot."""
CUT = 60
"""Where a server cuts lists of related records, if it doesn't say how long they are (Twenty, July 2026)."""
_INNER = ("default", "nullable", "function-after")
"""Kinds of schemas whose inner schema validates a value first."""

ANSWERS = core_schema.CoreConfig(cache_strings="keys")
"""Cache only keys: values rarely repeat in a response, and looking each up takes longer than making a new text."""

_OPAQUE = ("metadata", "serialization", "function")
"""Keys of a schema whose values are not schemas for reading."""
_MOMENTS = {"datetime": len("2026-01-31T09:00:00"), "date": len("2026-01-31")}
"""The least length of the text of a time. Epochs are shorter: pydantic's lax mode takes "20250101" for one."""
_RULES = ("min_length", "max_length", "fail_fast")

Form: TypeAlias = Literal["one", "maybe", "many", "page", "pages"]


@dataclass(frozen=True, eq=False)
class Wanted:
    """The expected value of a root field: one record of a model, or several in some form.

    `identified` records keep their id even if the model lacks it. An object caches its readers, so reuse it.
    """

    model: type[Record]
    form: Form
    identified: bool = False
    _readers: dict[str, SchemaValidator] = field(default_factory=dict, init=False, repr=False)

    def reader(self, root: str) -> SchemaValidator:
        """The validator of responses with that root field. Its context, a list, gets an item for each cut list."""
        if root not in self._readers:
            self._readers[root] = _reader(root, self.model, self.form, self.identified)
        return self._readers[root]

    @property
    def annotation(self) -> Any:
        model: Any = self.model
        match self.form:
            case "one":
                return model
            case "maybe":
                return model | None
            case "many":
                return list[model]
            case "page":
                return Page.__class_getitem__(model)
        return list[Page.__class_getitem__(model)]  # type: ignore[misc]

    @cached_property
    def has_lists(self) -> bool:
        return selection_of(self.model).tree.has_lists

    @cached_property
    def is_deep(self) -> bool:
        return selection_of(self.model).tree.is_deep


class RelatedNode(Record):
    """A related record before validation, which happens when it is put into its owner."""

    model_config = ConfigDict(extra="allow")

    id: UUID

    def raw(self) -> dict[str, Any]:
        return {"id": str(self.id), **(self.model_extra or {})}


RELATED = Wanted(RelatedNode, "page")
"""A page of related records."""


class Unread(NamedTuple):
    """The unvalidated value of a root field, whose lists of related records are still incomplete."""

    data: Any


@lru_cache(maxsize=4096)
def _reader(root: str, model: type[Record], form: Form, identified: bool) -> SchemaValidator:
    data = _typed_dict("Data", {root: Wanted(model, form).annotation})
    adapter: Any = TypeAdapter(_typed_dict("Envelope", {"data": data, "errors": NotRequired[Any]}))
    hidden = model if identified and not has_id(model) else None
    return validator(_inlined(_Rewriter(adapter.core_schema, hidden).schema()))


def _inlined(schema: _Schema) -> Any:
    """The schema without definitions that are used once: looking one up takes time for each record.

    Responses are JSON, but the results of a caller's own validators are Python objects.
    """
    definitions: dict[str, _Schema] = {model["ref"]: model for model in schema.get("definitions", ())}
    uses: Counter[str] = Counter()

    def visit(value: Any, of_json: bool, inline: bool) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(visit(item, of_json, inline) for item in value)
        if not isinstance(value, dict):
            return value
        match value.get("type"):
            case "json-or-python":
                return visit(value["json_schema" if of_json else "python_schema"], of_json, inline)
            case "definition-ref" if not inline:
                uses[value["schema_ref"]] += 1
                return value
            case "definition-ref" if uses[value["schema_ref"]] == 1:
                model = definitions[value["schema_ref"]]
                return visit({name: part for name, part in model.items() if name != "ref"}, of_json, inline)
            case kind:
                of_inner = of_json and kind not in ("function-before", "function-wrap")
                return _with_inner(value, lambda inner: visit(inner, of_inner, inline))

    whole = schema["schema"] if definitions else schema
    visit([whole, *definitions.values()], of_json=True, inline=False)
    # A definition may come down to a part of it without a name.
    kept: list[Any] = [
        {**visit(model, of_json=True, inline=True), "ref": ref} for ref, model in definitions.items() if uses[ref] > 1
    ]
    inlined = visit(whole, of_json=True, inline=True)
    return core_schema.definitions_schema(inlined, kept) if kept else inlined


def _with_inner(schema: _Schema, change: Callable[[Any], Any]) -> _Schema:
    """The schema with its inner schemas changed. The keys of `fields` are names of fields, not of schema parts."""
    return {
        name: {field: change(inner) for field, inner in part.items()}
        if name == "fields" and isinstance(part, dict)
        else part
        if name in _OPAQUE
        else change(part)
        for name, part in schema.items()
    }


def has_id(model: type[Record]) -> bool:
    """Whether the records of a model have their id in a field, unchanged."""
    return selection_of(model).id_field == "id" and model.model_fields["id"].annotation is UUID


def id_of(record: Record) -> UUID | None:
    """The id of a record, from the model's field or kept beside it."""
    identity = vars(record).get(ID) or getattr(record, "id", None)
    return identity if isinstance(identity, UUID) else None


def validator(schema: CoreSchema) -> SchemaValidator:
    """A validator of this schema itself: pydantic-core would take the validators that models have already."""
    make: Any = SchemaValidator
    try:
        made: SchemaValidator = make(schema, ANSWERS, _use_prebuilt=False)
    except TypeError:  # an older pydantic-core, which never takes them
        made = make(schema, ANSWERS)
    return made


class _Rewriter:
    """Goes through a schema once, and changes the models that select, wherever they are in it."""

    def __init__(self, schema: Any, hidden: type[Record] | None) -> None:
        self._top: _Schema = schema
        self._hidden = hidden
        self._definitions: dict[str, _Schema] = {each["ref"]: each for each in schema.get("definitions", ())}

    def schema(self) -> Any:
        return self._visit(self._top)

    def _visit(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(self._visit(item) for item in value)
        if not isinstance(value, dict):
            return value
        if value.get("type") in _MOMENTS and not {"tz_constraint", "strict"} & value.keys():
            text: Any = _chain(core_schema.str_schema(strict=True, min_length=_MOMENTS[value["type"]]), value)
            return core_schema.json_or_python_schema(text, cast("CoreSchema", value))
        changed = _with_inner(value, self._visit)
        cls = value.get("cls")
        if value.get("type") == "model" and isinstance(cls, type) and issubclass(cls, Record) and is_selection(cls):
            changed["schema"] = self._model(changed["schema"], cls)
        return changed

    def _model(self, schema: _Schema, model: type[Record]) -> _Schema:
        if schema["type"] != "model-fields":
            return {**schema, "schema": self._model(schema["schema"], model)}
        selection = selection_of(model)
        fields: dict[str, _Schema] = dict(schema["fields"])
        finish: list[_Finish] = []
        for name, how in selection.reading.items():
            info = model.model_fields[name]
            match how:
                case Plain():
                    fields[name] = _plain(fields[name], how, info)
                case Listed():
                    listed = self._listed(fields[name]["schema"], how)
                    fields[name] = {**fields[name], "schema": listed, "validation_alias": how.name}
                case OneOf():
                    parts, step = self._one_of(name, how, fields[name])
                    fields |= parts
                    finish.append(step)
        if model is self._hidden:
            fields[ID] = core_schema.model_field(core_schema.uuid_schema(), validation_alias="id")  # type: ignore[assignment]
            finish.append(_Finish("", (ID,)))
        changed: _Schema = {**schema, "fields": fields}
        if not finish:
            return changed
        return core_schema.no_info_after_validator_function(_finished(finish), changed)  # type: ignore[return-value]

    def _listed(self, schema: _Schema, how: Listed) -> _Schema:
        """A list that is unpacked from a connection before other validators see it."""
        if schema["type"] in _INNER:
            return {**schema, "schema": self._listed(schema["schema"], how)}
        if schema["type"] == "json-or-python":  # a Sequence, which is a list in JSON
            return self._listed(schema["json_schema"], how)
        unpacked = core_schema.with_info_plain_validator_function(_Unpack(tuple(end for end, _ in how.ends)))
        variadic = schema["type"] == "tuple" and schema.get("variadic_item_index") == 0
        if not variadic and (schema["type"] != "list" or "items_schema" not in schema):
            # A validator of the caller's own sees the list first, so it gets unvalidated records.
            return _chain(core_schema.any_schema(), unpacked, schema)
        node = schema["items_schema"][0] if variadic else schema["items_schema"]
        if how.ends:
            ends = {end: self._of(model, node) for end, model in how.ends}
            node = core_schema.typed_dict_schema({end: _nullable_field(part) for end, part in ends.items()})
        rules = {name: part for name, part in schema.items() if name in _RULES}
        if variadic:
            rules |= {"items_schema": [core_schema.any_schema()], "variadic_item_index": 0}
        return _chain(_connection_of(node), unpacked, *([{"type": schema["type"], **rules}] if rules else []))

    def _one_of(self, name: str, how: OneOf, field: _Schema) -> tuple[dict[str, _Schema], _Finish]:
        """The fields for all types of a record, and the step that puts the record together from them."""
        parts: dict[str, _Schema] = {}
        for wire, model in how.names:
            part: Any = self._of(model, field["schema"])
            if how.many:
                unpacked = core_schema.with_info_plain_validator_function(_Unpack(()))
                part = _chain(_connection_of(part), unpacked)
            else:
                part = core_schema.nullable_schema(part)
            parts[f"aiotwenty.{name}.{wire}"] = {"type": "model-field", "schema": part, "validation_alias": wire}
        own: Any = field["schema"]
        if self._definitions:
            own = {"type": "definitions", "schema": own, "definitions": list(self._definitions.values())}
        hidden = tuple(parts)
        # The field itself: it exists when the others are read, and nothing is read into it.
        parts[name] = {
            **field,
            "schema": core_schema.with_default_schema(core_schema.any_schema(), default=None),
            "validation_alias": f"aiotwenty.{name}",
        }
        return parts, _Finish(name, hidden, how.many, validator(own))

    def _of(self, model: type[Record], schema: _Schema) -> Any:
        """The schema of one model inside of a field's schema."""
        found = next(self._search(model, schema), None)
        assert found is not None, f"{model.__name__} is in the annotation of the field"
        return found

    def _search(self, model: type[Record], schema: Any) -> Iterator[_Schema]:
        if isinstance(schema, list | tuple):
            for item in schema:
                yield from self._search(model, item)
        elif isinstance(schema, dict):
            if self._class_of(schema) is model:
                yield schema
                return
            for name in ("schema", "items_schema", "choices", "json_schema"):
                if name in schema:
                    yield from self._search(model, schema[name])

    def _class_of(self, schema: _Schema) -> Any:
        """The model that a schema is for, whatever validators are around it."""
        match schema.get("type", ""):
            case "model":
                return schema["cls"]
            case "definition-ref":
                return self._class_of(self._definitions.get(schema["schema_ref"], {}))
            case "function-before" | "function-after" | "function-wrap":
                return self._class_of(schema["schema"])
        return None


def _plain(field: _Schema, how: Plain, info: FieldInfo) -> _Schema:
    if not how.default_for_null or info.is_required():
        return {**field, "validation_alias": how.name}
    default = core_schema.no_info_plain_validator_function(lambda _: info.get_default(call_default_factory=True))
    null = _chain(core_schema.none_schema(), default)
    choices: list[Any] = [null, field["schema"]]
    either = core_schema.union_schema(choices, mode="left_to_right")
    return {**field, "schema": either, "validation_alias": how.name}


def _chain(*steps: Any) -> _Schema:
    chained: Any = core_schema.chain_schema(list(steps))
    return chained  # type: ignore[no-any-return]


def _nullable_field(schema: Any) -> core_schema.TypedDictField:
    return core_schema.typed_dict_field(core_schema.nullable_schema(schema))


def _connection_of(node: Any) -> core_schema.TypedDictSchema:
    edge = core_schema.typed_dict_schema({"node": core_schema.typed_dict_field(node)})
    count = core_schema.nullable_schema(core_schema.int_schema())
    return core_schema.typed_dict_schema(
        {
            "edges": core_schema.typed_dict_field(core_schema.list_schema(edge)),
            COUNT: core_schema.typed_dict_field(count, required=False),
        }
    )


@dataclass(frozen=True)
class _Unpack:
    """Takes the records out of a connection, or the records at their `ends` if another object joins them."""

    ends: tuple[str, ...]

    def __call__(self, connection: Any, info: core_schema.ValidationInfo[Any]) -> list[Any]:
        nodes = [edge["node"] for edge in connection["edges"]]
        if info.context is not None and is_cut(connection):
            info.context.append(True)
        if not self.ends:
            return nodes
        others = (next((node[end] for end in self.ends if node[end] is not None), None) for node in nodes)
        return [other for other in others if other is not None]


def is_cut(connection: Mapping[str, Any]) -> bool:
    """Whether a list of related records is incomplete; if the server doesn't say, whether it may be."""
    came, count = len(connection["edges"]), connection.get(COUNT)
    return bool(came == CUT if count is None else count > came)


@dataclass(frozen=True)
class _Finish:
    """Puts a field together from the hidden fields read for it. Without `own`, it only hides them."""

    name: str
    hidden: tuple[str, ...]
    many: bool = False
    own: SchemaValidator | None = None

    def __call__(self, values: dict[str, Any], names: set[str]) -> None:
        names.difference_update(self.hidden)
        if self.own is None:
            return
        parts = [values.pop(hidden) for hidden in self.hidden]
        value = (
            [record for part in parts for record in part]
            if self.many
            else next((part for part in parts if part is not None), None)
        )
        values[self.name] = self.own.validate_python(value)
        names.add(self.name)


def _finished(steps: list[_Finish]) -> Callable[[Any], Any]:
    def finish(read: Any) -> Any:
        values, _, names = read
        for step in steps:
            step(values, names)
        return read

    return finish
