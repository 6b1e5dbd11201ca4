"""Converts a row to a record that is ready to be sent, or to a reject."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from aiotwenty.bulk.batches import Prepared, Reference
from aiotwenty.bulk.columns import ValueRefused
from aiotwenty.bulk.fields import FieldPath, Shape, squeeze
from aiotwenty.bulk.mapping import Mapper
from aiotwenty.bulk.report import Reject
from aiotwenty.bulk.source import RAW_TEXT, InputError, Row
from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.encode import encode_json
from aiotwenty.graphql.ids import id_problem
from aiotwenty.graphql.input_problems import explained
from aiotwenty.graphql.withheld_values import RESTRICTED
from aiotwenty.records.identity import canonical, id_from_key, id_from_row
from aiotwenty.records.partial_composites import change_of, check_new


class Preparer:
    """Maps and validates each row, and makes its id and JSON, without a request.

    Raises `InputError` for a key that is not a field.
    """

    def __init__(
        self,
        object_name: str,
        mapper: Mapper,
        key: str | Sequence[str] | None,
        namespace: UUID,
        *,
        must_name: bool = False,
        changes: bool = False,
        only_named: bool = False,
        replace: Collection[str] = (),
    ) -> None:
        """`must_name`: rows must identify their record. `changes`: a record may exist, whose fields stay if the row
        doesn't have them, except for those in `replace`. `only_named`: the key only identifies the record, even in rows
        with an id.
        """
        self._object_name = object_name
        self._mapper = mapper
        self._shape = mapper.shape
        self._namespace = namespace
        self._must_name = must_name
        self._changes = changes
        self._only_named = only_named
        self._replace = _replaced(mapper.shape, replace)
        self.key = key_targets(mapper, key)
        self._key_readers = [_reader(target) for target in self.key]
        self._unique_readers = [(path, _field_reader(path)) for path in mapper.shape.unique]

    def prepare(self, row: Row) -> Prepared | Reject:
        if row.problem:
            return self._reject(row, "MALFORMED", row.problem)
        if row.values.get(RAW_TEXT):
            return self._reject(row, "MALFORMED", f"put its values into their columns, and empty {RAW_TEXT}")
        try:
            data, references = self._mapper.build(row.values)
            own_id = data.pop("id", None)
            data = self._shape.validated(data)
            keys = tuple([reader(data, references) for reader in self._key_readers])
            record_id = self._id(row, own_id, keys)
            identities = self._identities(record_id, data)
            lacks: Mapping[str, tuple[str, ...]] = {}
            if self._changes:
                if self._must_name and (own_id is None or self._only_named):
                    self._drop_key(data)
                change = change_of(data, self._shape.composites, self._replace)
                data, lacks = change.data, change.lacks
            else:
                check_new(data, self._shape.composites)
        except ValidationError as error:
            return self._reject(row, "INVALID", explained(error, with_values=True) + _hint(error))
        except (ValueRefused, InputError, InvalidArgument) as error:
            return self._reject(row, "INVALID", str(error))
        except _KeyMissingError as error:
            return self._reject(row, "KEY_MISSING", str(error))
        try:
            body = encode_json(data)
        except InvalidArgument as error:
            return self._reject(row, "INVALID", str(error))
        if b"\\u0000" in body and _NUL.search(body):
            return self._reject(
                row, "INVALID", f"{_with_nul(row)} holds a NUL character, which no database text can hold"
            )
        if _WITHHELD in body:
            named = next((name for name, value in row.values.items() if RESTRICTED in str(value)), "the record")
            return self._reject(row, "RESTRICTED", f"{named} was withheld when it was read: {RESTRICTED} is no value")
        return Prepared(
            row, record_id, body, identities, keys, tuple(references), own_id=own_id is not None, lacks=lacks
        )

    def _identities(self, record_id: str, data: dict[str, Any]) -> tuple[str, ...]:
        identities = ["id=" + record_id]
        for path, read in self._unique_readers:
            value = read(data)
            if value is not None and value != "":
                identities.append(path + "=" + canonical(path, value))
        return tuple(identities)

    def _drop_key(self, data: dict[str, Any]) -> None:
        """Removes the key from the data, because it isn't changed; it stays in fields that are replaced as a whole."""
        for target in self.key:
            if target.relation:
                data.pop(target.relation.join, None)
                continue
            name, *part = target.path
            if name in self._replace:
                continue
            if part and isinstance(data.get(name), dict):
                data[name] = {inner: value for inner, value in data[name].items() if inner != part[0]}
                if data[name]:
                    continue
            data.pop(name, None)

    def _id(self, row: Row, own_id: object, keys: tuple[str, ...]) -> str:
        if own_id is not None:
            try:
                uuid = own_id if isinstance(own_id, UUID) else UUID(str(own_id))
            except ValueError:
                raise ValueRefused(f"id: {own_id!r} is not a UUID") from None
            if problem := id_problem(own_id):
                raise ValueRefused(f"id: {problem}")
            return str(uuid)
        if self.key:
            for target, value in zip(self.key, keys, strict=True):
                if not value:
                    raise _KeyMissingError(f"{target.dotted} is the key and has no value")
            return id_from_key(self._object_name, keys)
        if self._must_name:
            raise _KeyMissingError("has neither an id nor a key")
        number, source = row.values.get("_row"), row.values.get("_source")
        if number and source:
            return id_from_row(UUID(str(source)), int(number))
        return id_from_row(self._namespace, row.number)

    def _reject(self, row: Row, code: str, message: str) -> Reject:
        return Reject(row.number, row.values, code, message, row.line)


def _replaced(shape: Shape, names: Collection[str]) -> tuple[str, ...]:
    """The fields that are replaced as a whole. Raises `InputError` for a name that is not a composite field."""
    composites = {squeeze(name): name for name in shape.composites}
    for name in names:
        if squeeze(name) not in composites:
            suggestion = did_you_mean(name, list(composites.values()))
            raise InputError(f"replace: {name!r} is not a composite field{suggestion}")
    return tuple(composites[squeeze(name)] for name in names)


class _KeyMissingError(ValueError):
    pass


def key_targets(mapper: Mapper, key: str | Sequence[str] | None) -> tuple[FieldPath, ...]:
    """The fields of a key. Raises `InputError` for one that is not a field."""
    names = [key] if isinstance(key, str) else list(key or ())
    try:
        return tuple(_key_target(mapper, name) for name in names)
    except InputError as error:
        raise InputError(f"key: {error}") from None


def _key_target(mapper: Mapper, name: str) -> FieldPath:
    """The field of a key, which is named by column or by field."""
    shape = mapper.shape
    mapped = mapper.mapped(name)
    target = mapped.target if mapped else shape.resolve(name)
    return target if target.relation else FieldPath(shape.value_path(target), "text")


def _reader(target: FieldPath) -> Callable[[dict[str, Any], list[Reference]], str]:
    if target.relation is None:
        path = target.dotted
        read = _field_reader(path)

        def from_data(data: dict[str, Any], references: list[Reference]) -> str:
            value = read(data)
            return "" if value is None else canonical(path, value)

        return from_data
    join, path = target.relation.join, ".".join(target.path)

    def from_reference(data: dict[str, Any], references: list[Reference]) -> str:
        for reference in references:
            if reference.join == join and reference.path == path:
                return reference.value
        value = data.get(join)
        return "" if value is None else str(value)

    return from_reference


def _field_reader(path: str) -> Callable[[dict[str, Any]], Any]:
    """A reader of a field, or a part of one; None if nothing is set on the path."""
    name, _, part = path.partition(".")
    if not part:
        return lambda data: data.get(name)

    def read(data: dict[str, Any]) -> Any:
        whole = data.get(name)
        return whole.get(part) if whole else None

    return read


_WITHHELD = f'"{RESTRICTED}"'.encode()


def _hint(error: ValidationError) -> str:
    """The transform that reads labels, if an option is expected."""
    kinds = {problem["type"] for problem in error.errors(include_url=False, include_context=False, include_input=False)}
    return "; the transform `option` reads labels, in any case" if kinds & {"enum", "literal_error"} else ""


_NUL = re.compile(rb"(?<!\\)(\\\\)*\\u0000")


def _with_nul(row: Row) -> str:
    return next((name for name, value in row.values.items() if "\0" in str(value)), "the record")
