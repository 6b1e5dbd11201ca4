"""Finds the rows that a refusal is about: mostly the server names the refused value and the field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json, to_json

from aiotwenty.bulk.batches import Prepared
from aiotwenty.bulk.calling_codes import Contradiction, contradictions
from aiotwenty.bulk.fields import Shape
from aiotwenty.errors import ApiError, Reason, TwentyError
from aiotwenty.transport.reasons import mentioned

Values = Mapping[str, Any]

_CONFLICTING = "CONFLICTING_PHONE_"
_WEB_ADDRESS = re.compile(r"\s*(https?://)?(?![a-z][a-z0-9+.-]*:(?!\d))[^\s/?#]{1,253}([/?#]\S*)?\s*", re.IGNORECASE)
"""The form of links that the server may accept: not all are valid, but other texts aren't."""


@dataclass
class Culprits:
    """The rows that a refusal may be about."""

    sure: list[Prepared] = field(default_factory=list)
    """The server can't accept any of these, whatever else is in the request."""
    likely: list[Prepared] = field(default_factory=list)
    """Some of these, probably."""

    def __bool__(self) -> bool:
        return bool(self.sure or self.likely)


def culprits(batch: Sequence[Prepared], error: TwentyError, shape: Shape) -> Culprits:
    """The rows with the value in the message; none if the message doesn't help."""
    if not isinstance(error, ApiError):
        return Culprits()
    rows = [(record, from_json(record.json())) for record in batch]
    shown = error.value
    match error.reason:
        case Reason.INVALID_VALUE if shown is not None and error.field is not None:
            path = _path_of_column(shape, error.field)
            return Culprits([record for record, row in rows if _shows(shown, _at(row, path))])
        case Reason.INVALID_VALUE if shown is not None:
            return _anywhere(rows, shown)
        case Reason.NOT_NULL if error.field is not None:
            return _without_value(rows, _path_of_column(shape, error.field))
        case Reason.CONNECT_NONE | Reason.CONNECT_SEVERAL:
            return Culprits([record for record, row in rows if _condition(row.get(error.field)) == shown])
        case Reason.INVALID_PHONE if shown is not None:
            return _phones(rows, shape, shown)
        case Reason.INVALID_LINK:
            return Culprits(likely=[record for record, row in rows if any(map(_is_no_link, _links(row, shape)))])
    if (error.sub_code or "").startswith(_CONFLICTING):
        return _conflicting_phones(rows, shape, str(error.sub_code).removeprefix(_CONFLICTING))
    return Culprits(likely=_mentioned(rows, mentioned(error)))


_ABSENT = object()


def emptied_field(error: TwentyError, shape: Shape) -> str | None:
    """The field that a row leaves empty although it may not be, if the error is about that."""
    if not isinstance(error, ApiError) or error.reason is not Reason.NOT_NULL or error.field is None:
        return None
    return _path_of_column(shape, error.field)


def is_empty(record: Prepared, path: str) -> bool:
    """Whether the record sets the field to ""."""
    return b'""' in record.body and _at(from_json(record.body), path) == ""


def without_empty(record: Prepared, paths: Iterable[str]) -> tuple[str, ...]:
    """Removes those of the fields that are "" from the record. Returns their paths."""
    if b'""' not in record.body:
        return ()
    row = from_json(record.body)
    emptied = tuple(path for path in paths if _at(row, path) == "")
    for path in emptied:
        name, _, part = path.partition(".")
        del (row[name] if part else row)[part or name]
    if emptied:
        record.body = to_json(row)
    return emptied


def _at(row: Values, path: str, absent: object = None) -> Any:
    value: Any = row
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return None if value is None else absent
        value = value.get(part, absent)
    return value


def _leaves(value: Any) -> Iterator[Any]:
    """The value, and all values inside of it."""
    yield value
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for part in inner:
        yield from _leaves(part)


def _shows(shown: str, value: Any) -> bool:
    if value is None:
        return False
    if isinstance(value, list | dict) and re.sub(r"\s+", " ", shown) == inspected(value):
        return True
    return any(shown in _renditions(leaf) for leaf in _leaves(value))


def _renditions(value: Any) -> tuple[str, ...]:
    """The forms in which messages quote a value: JavaScript's, or in quotes; NaN for an expected number."""
    if not isinstance(value, str):
        return (inspected(value),)
    return (inspected(value), f"'{value}'", f'"{value}"', *(() if _is_number(value) else ("NaN",)))


def _is_number(text: str) -> bool:
    try:
        float(text or "0")
    except ValueError:
        return False
    return True


def inspected(value: Any) -> str:
    """A value as Node's `util.inspect` writes it, on one line."""
    if isinstance(value, str):
        quote = next((mark for mark in "'\"`" if mark not in value), "'")
        text = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
        return f"{quote}{text.replace(quote, f'{chr(92)}{quote}')}{quote}"
    if isinstance(value, list):
        return f"[ {', '.join(map(inspected, value))} ]" if value else "[]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{name}: {inspected(part)}' for name, part in value.items())} }}" if value else "{}"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        value = int(value)
    return to_json(value).decode()


def _path_of_column(shape: Shape, column: str) -> str:
    """The field of a column: name.firstName for `nameFirstName`. The column may have the table's name before it."""
    columns = {path.replace(".", "").lower(): path for path in shape.targets}
    low = column.lower()
    while low not in columns and "_" in low:
        low = low.partition("_")[2]
    return columns.get(low, column)


def _without_value(rows: Sequence[tuple[Prepared, Values]], path: str) -> Culprits:
    """The rows with null, or a value that the server makes null of. Rows without the field get its default, if any."""
    values = [(record, _at(row, path, _ABSENT)) for record, row in rows]
    if emptied := [record for record, value in values if value in (None, "")]:
        return Culprits(emptied)
    return Culprits(likely=[record for record, value in values if value is _ABSENT])


def _anywhere(rows: Sequence[tuple[Prepared, Values]], shown: str) -> Culprits:
    """The record with this id, or those with the value in some field."""
    bare = shown.strip('"')
    named = [record for record, _ in rows if record.id == bare]
    if named:
        return Culprits(named)
    likely = [record for record, row in rows if any(x == bare or shown in _renditions(x) for x in _leaves(row))]
    return Culprits(likely=likely)


def _condition(value: Any) -> str | None:
    """The condition of a connection, as messages have it."""
    where = _at(value, "connect.where") if isinstance(value, Mapping) else None
    if not isinstance(where, Mapping):
        return None
    terms = []
    for name, inner in where.items():
        for part, operand in inner.items() if isinstance(inner, Mapping) else [("", inner)]:
            terms.append(f"{name}{part[:1].upper()}{part[1:]} = {operand}")
    return ", ".join(terms)


def _composites(shape: Shape, part: str) -> list[str]:
    return [name for name, parts in shape.composites.items() if part in parts]


def _phones(rows: Sequence[tuple[Prepared, Values]], shape: Shape, value: str) -> Culprits:
    """The rows with the number. They are certain only if their countries agree: a number may fit one of them."""
    named = []
    fields = set()
    for record, row in rows:
        for name in _composites(shape, "primaryPhoneNumber"):
            if row.get(name) is not None and value in _leaves(row[name]):
                named.append(record)
                fields.add(to_json(row[name]))
    return Culprits(named) if len(fields) == 1 else Culprits(likely=list(dict.fromkeys(named)))


def _conflicting_phones(rows: Sequence[tuple[Prepared, Values]], shape: Shape, sub_code: str) -> Culprits:
    """The rows whose numbers contradict themselves in the subCode's way; messages don't name them."""
    found_kinds: list[tuple[Prepared, set[Contradiction]]] = []
    for record, row in rows:
        phones = [row[name] for name in _composites(shape, "primaryPhoneNumber") if isinstance(row.get(name), Mapping)]
        found_kinds.append((record, {kind for value in phones for kind in contradictions(value)}))
    named = [record for record, kinds in found_kinds if sub_code in kinds]
    if sub_code != Contradiction.COUNTRY_CODE:
        return Culprits(named)
    return Culprits(likely=named or [record for record, kinds in found_kinds if Contradiction.MAYBE in kinds])


def _links(row: Values, shape: Shape) -> Iterator[Any]:
    for name in _composites(shape, "primaryLinkUrl"):
        links = row.get(name)
        if isinstance(links, Mapping):
            yield links.get("primaryLinkUrl")
            more = links.get("secondaryLinks")
            yield from (link.get("url") for link in more or () if isinstance(more, list) and isinstance(link, Mapping))


def _is_no_link(value: Any) -> bool:
    return isinstance(value, str) and value != "" and not _WEB_ADDRESS.fullmatch(value)


def _mentioned(rows: Sequence[tuple[Prepared, Values]], texts: set[str]) -> list[Prepared]:
    """The rows with one of these texts, unless all have it."""
    named = [record for record, row in rows if any(isinstance(leaf, str) and leaf in texts for leaf in _leaves(row))]
    return named if len(named) < len(rows) else []
