"""Parses filters, orders and values of the command line, in the short form or as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aiotwenty.cli.option_values import ASSIGNMENT, object_of
from aiotwenty.cli.wording import said
from aiotwenty.errors import InvalidArgument
from aiotwenty.graphql.advice import did_you_mean, near

if TYPE_CHECKING:
    from aiotwenty.bulk.fields import FieldPath, Shape

_TERM = re.compile(
    r"""\s*(?P<name>[\w.]+)\s*(?P<operator>!=|>=|<=|!~|=|~|>|<)\s*(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|\S*)(?=\s|$)"""
)
_OPERATORS = {"=": "eq", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


def filter_of(text: str | None, shape: Shape) -> dict[str, Any] | None:
    """A filter from JSON, or from conditions that all have to hold: `name~air city=Bergen createdAt>=2026-01-01`.

    `=` and `!=` take several values with commas, and null; `~` is "contains", in any case; quoted text is taken
    literally. A name is a field, or the obvious part of one (`city`), also through a relation (`company.name`). Raises
    `BadParameter`; `InputError` for an unknown name.
    """
    if text is None or text.lstrip().startswith("{"):
        return object_of(text, "--filter")
    conditions = [_condition(match, shape) for match in _terms(text)]
    return conditions[0] if len(conditions) == 1 else {"and": conditions}


def _terms(text: str) -> Iterator[re.Match[str]]:
    position = 0
    while text[position:].strip():
        match = _TERM.match(text, position)
        if match is None:
            raise typer.BadParameter(
                f"{text[position:].strip()!r} is neither JSON nor a condition such as name=Air, city!=Oslo or "
                'name~air; quote a value with spaces: name="Air Ltd"',
                param_hint="--filter",
            )
        yield match
        position = match.end()


def _condition(match: re.Match[str], shape: Shape) -> dict[str, Any]:
    operator, text = match["operator"], match["value"]
    quoted = text[:1] in ('"', "'")
    if quoted:
        text = re.sub(r"\\(.)", r"\1", text[1:-1]) if text[0] == '"' else text[1:-1]
    target = _field(match["name"], shape)
    if operator not in ("!=", "!~"):
        return _inside(shape, target, operator, text, quoted)
    positive = _inside(shape, target, operator[1:], text, quoted)
    if "or" in positive or (text == "null" and not quoted):
        return {"not": positive}
    # To the server no condition holds for null, not even `!=`, so null is included explicitly.
    missing = _inside(shape, target, "=", "null", False)
    return {"or": [{"not": positive}, missing]}


def _field(name: str, shape: Shape) -> FieldPath:
    """The field of a name. Raises `InvalidArgument` for an unknown name, with similar ones."""
    relation, dot, rest = name.partition(".")
    if dot and relation in shape.relations:
        other = shape.related(shape.relations[relation].type_name)
        if other.find(rest) is None:
            hint = did_you_mean(name, [f"{relation}.{inner}" for inner in other.targets])
            raise InvalidArgument(f"{shape.type_name} has no field {name!r}{hint}.")
    target = shape.find(name)
    if target is None:
        likely = near(name, [*shape.targets, *shape.relations], most=3)
        all_names = f"aiotwenty objects {shape.type_name[:1].lower()}{shape.type_name[1:]}"
        hint = f" (did you mean {' or '.join(map(repr, likely))}?)" if likely else f": `{all_names}` lists them"
        raise InvalidArgument(f"{shape.type_name} has no field {name!r}{hint}.")
    return target


def _inside(shape: Shape, target: FieldPath, operator: str, text: str, quoted: bool) -> dict[str, Any]:
    relation = (target.relation.name,) if target.relation else ()
    owner = shape.related(target.relation.type_name) if target.relation else shape
    if target.kind == "composite" and "firstName" in owner.composites[target.path[0]] and operator in ("=", "~"):
        parts = [(*relation, target.path[0], part) for part in ("firstName", "lastName")]
        return {"or": [_nested(path, _operand("text", operator, text, quoted)) for path in parts]}
    path = owner.value_path(target)
    kind = owner.targets[".".join(path)].kind if path != ("id",) else "other"
    return _nested((*relation, *path), _operand(kind, operator, text, quoted))


def _operand(kind: str, operator: str, text: str, quoted: bool) -> dict[str, Any]:
    if text == "null" and not quoted and operator == "=":
        return {"is": "NULL"}
    if operator == "~":
        escaped = re.sub(r"([%_\\])", r"\\\1", text)
        return {"ilike": f"%{escaped}%"}
    if kind == "list":
        return {"containsAny": text.split(",") if not quoted else [text]}
    if operator == "=" and "," in text and not quoted:
        return {"in": [_value(kind, part) for part in text.split(",")]}
    return {_OPERATORS[operator]: _value(kind, text)}


def _value(kind: str, text: str) -> Any:
    if kind in ("number", "boolean"):
        try:
            return json.loads(text)
        except ValueError:
            raise typer.BadParameter(f"{text!r} is not a {kind}", param_hint="--filter") from None
    return text


def _nested(path: Iterable[str], value: Any) -> dict[str, Any]:
    nested: Any = value
    for part in reversed(tuple(path)):
        nested = {part: nested}
    return nested  # type: ignore[no-any-return]


def order_of(text: str | None, shape: Shape) -> list[dict[str, Any]] | None:
    """The order of `name,-createdAt` or `name:asc,createdAt:desc`: the first counts most, and nulls come last."""
    if text is None:
        return None
    orders = []
    for term in filter(None, (part.strip() for part in text.split(","))):
        name, _, direction = term.removeprefix("-").partition(":")
        if direction not in ("", "asc", "desc"):
            raise typer.BadParameter(f"{term!r}: the direction must be asc or desc", param_hint="--order")
        descending = term.startswith("-") or direction == "desc"
        path = _readable(name, shape)
        orders.append(_nested(path, "DescNullsLast" if descending else "AscNullsLast"))
    return orders


def _readable(name: str, shape: Shape) -> tuple[str, ...]:
    if name in shape.readable:
        return tuple(name.split("."))
    target = _field(name, shape)
    owner = shape.related(target.relation.type_name) if target.relation else shape
    return (*((target.relation.name,) if target.relation else ()), *owner.value_path(target))


def values_of(texts: Iterable[str], shape: Shape) -> dict[str, Any]:
    """The data of a record from `name=Air domainName=https://air.example annualRevenue.amountMicros=12000000`.

    Values are converted for the field, for instance to a number. `name=` is the empty text, or null for fields other
    than texts; `:=` takes JSON. Raises `BadParameter`; `InputError` for an unknown name.
    """
    data: dict[str, Any] = {}
    for text in texts:
        match = ASSIGNMENT.fullmatch(text)
        if match is None:
            raise typer.BadParameter(f"{text!r} is not NAME=VALUE")
        target = _field(match["name"], shape)
        if target.relation is not None:
            raise typer.BadParameter(f"{text!r}: set a relation by its id, {target.relation.join}=…")
        whole = match["raw"] is not None and target.kind == "composite"
        path = target.path if whole else shape.value_path(target)
        kind = shape.targets[".".join(path)].kind if path != ("id",) else "other"
        _put(data, path, _json(match["value"], text) if match["raw"] else _typed(kind, match["value"]))
    return data


def _put(data: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *outer, last = path
    for part in outer:
        data = data.setdefault(part, {})
    data[last] = value


def _typed(kind: str, text: str) -> Any:
    if kind == "text":
        return text
    if not text:
        return None
    if kind == "list" and not text.startswith("["):
        return text.split(",")
    if kind in ("number", "boolean", "json", "list"):
        try:
            return json.loads(text)
        except ValueError:
            return text  # the field refuses it with a message about its type
    return text


def _json(text: str, whole: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{whole!r}: := needs JSON ({error})") from None


def data_of(text: str, standard_input: str | None = None) -> list[Mapping[str, Any]]:
    """The objects of `--data`: JSON as text, in @FILE, or `-` for standard input. Raises `BadParameter`."""
    hint = "--data"
    try:
        if text.startswith("@"):
            text = Path(text[1:]).read_text("utf-8")
        value = json.loads(standard_input if standard_input is not None else text)
    except (OSError, ValueError) as error:
        raise typer.BadParameter(said(error), param_hint=hint) from None
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, dict) for item in items):
        raise typer.BadParameter("must be a JSON object or a list of objects", param_hint=hint)
    return items
