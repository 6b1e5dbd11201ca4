"""The aggregate fields of connections and groups (`countEmptyName`, `sumEmployees`, ...) as SQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiotwenty.sandbox.model.model import Column, Field, Object
from aiotwenty.sandbox.model.names import upper_first
from aiotwenty.sandbox.records.outputs import as_double, search_columns
from aiotwenty.sandbox.records.store import quoted


@dataclass(frozen=True, slots=True)
class Aggregate:
    sql: str
    decode: Callable[[Any], Any] | None = None


def aggregates_of(of: Object) -> dict[str, Aggregate]:
    """By the name that the schema gives them; records are `t`."""
    made = {"totalCount": Aggregate("count(*)")}
    for each in of.fields.values():
        for relation in each.relations:
            if each.type == "MORPH_RELATION" and relation.join_column:
                made.update(_counts(upper_first(relation.name), [of.columns[relation.join_column]]))
        if not each.relations:
            made.update(_of_field(of, each))
    return made


def _of_field(of: Object, each: Field) -> dict[str, Aggregate]:
    suffix = upper_first(each.name)
    composite = of.composites.get(each.name)
    columns = list(composite.columns.values()) if composite else [of.columns[each.name]]
    if each.type == "TS_VECTOR":
        columns = search_columns(of) or columns
    made = _counts(suffix, columns)
    first = f"t.{quoted(columns[0].name)}"
    match each.type:
        case "DATE_TIME":
            for name in ("min", "max"):
                made[name + suffix] = Aggregate(f"substr({name}({first}), 1, 23) || 'Z'")
        case "DATE":
            for name in ("min", "max"):
                made[name + suffix] = Aggregate(f"{name}({first})")
        case "NUMBER" | "NUMERIC" | "CURRENCY":
            part = "AmountMicros" if each.type == "CURRENCY" else ""
            for name in ("min", "max", "avg", "sum"):
                made[name + suffix + part] = Aggregate(f"{name}({first})", as_double)
        case "BOOLEAN":
            made[f"countTrue{suffix}"] = Aggregate(f"count(CASE WHEN {first} = 1 THEN 1 END)")
            made[f"countFalse{suffix}"] = Aggregate(f"count(CASE WHEN {first} = 0 THEN 1 END)")
    return made


def _counts(suffix: str, columns: list[Column]) -> dict[str, Aggregate]:
    names = [f"t.{quoted(column.name)}" for column in columns]
    empty = " AND ".join(f"({name} IS NULL OR {name} IN ('', '[]', '{{}}'))" for name in names)
    value = names[0] if len(names) == 1 else f"CASE WHEN NOT ({empty}) THEN json_array({', '.join(names)}) END"
    share = f"(count(CASE WHEN {empty} THEN 1 END) * 1.0 / nullif(count(*), 0))"
    return {
        f"countUniqueValues{suffix}": Aggregate(f"count(DISTINCT {value})"),
        f"countEmpty{suffix}": Aggregate(f"count(CASE WHEN {empty} THEN 1 END)"),
        f"countNotEmpty{suffix}": Aggregate(f"count(CASE WHEN NOT ({empty}) THEN 1 END)"),
        f"percentageEmpty{suffix}": Aggregate(share, as_double),
        f"percentageNotEmpty{suffix}": Aggregate(f"1 - {share}", as_double),
    }
