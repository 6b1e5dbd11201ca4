"""The aggregate fields of connections and groups (`countEmptyName`, `sumEmployees`, ...) as SQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiotwenty.sandbox.model.data_model import ModelField, ModelObject, TableColumn
from aiotwenty.sandbox.model.names import upper_first
from aiotwenty.sandbox.records.outputs import as_double, search_columns
from aiotwenty.sandbox.records.store import quoted


@dataclass(frozen=True, slots=True)
class AggregateField:
    sql: str
    decode: Callable[[Any], Any] | None = None


def aggregates_of(of: ModelObject) -> dict[str, AggregateField]:
    """The aggregates by their names in the schema; `t` is the table of the records."""
    aggregates = {"totalCount": AggregateField("count(*)")}
    for field in of.fields.values():
        for relation in field.relations:
            if field.type == "MORPH_RELATION" and relation.join_column:
                aggregates.update(_counts(upper_first(relation.name), [of.columns[relation.join_column]]))
        if not field.relations:
            aggregates.update(_of_field(of, field))
    return aggregates


def _of_field(of: ModelObject, field: ModelField) -> dict[str, AggregateField]:
    suffix = upper_first(field.name)
    composite = of.composites.get(field.name)
    columns = list(composite.columns.values()) if composite else [of.columns[field.name]]
    if field.type == "TS_VECTOR":
        columns = search_columns(of) or columns
    aggregates = _counts(suffix, columns)
    first = f"t.{quoted(columns[0].name)}"
    match field.type:
        case "DATE_TIME":
            for name in ("min", "max"):
                aggregates[name + suffix] = AggregateField(f"substr({name}({first}), 1, 23) || 'Z'")
        case "DATE":
            for name in ("min", "max"):
                aggregates[name + suffix] = AggregateField(f"{name}({first})")
        case "NUMBER" | "NUMERIC" | "CURRENCY":
            part = "AmountMicros" if field.type == "CURRENCY" else ""
            for name in ("min", "max", "avg", "sum"):
                aggregates[name + suffix + part] = AggregateField(f"{name}({first})", as_double)
        case "BOOLEAN":
            aggregates[f"countTrue{suffix}"] = AggregateField(f"count(CASE WHEN {first} = 1 THEN 1 END)")
            aggregates[f"countFalse{suffix}"] = AggregateField(f"count(CASE WHEN {first} = 0 THEN 1 END)")
    return aggregates


def _counts(suffix: str, columns: list[TableColumn]) -> dict[str, AggregateField]:
    names = [f"t.{quoted(column.name)}" for column in columns]
    empty = " AND ".join(f"({name} IS NULL OR {name} IN ('', '[]', '{{}}'))" for name in names)
    value = names[0] if len(names) == 1 else f"CASE WHEN NOT ({empty}) THEN json_array({', '.join(names)}) END"
    share = f"(count(CASE WHEN {empty} THEN 1 END) * 1.0 / nullif(count(*), 0))"
    return {
        f"countUniqueValues{suffix}": AggregateField(f"count(DISTINCT {value})"),
        f"countEmpty{suffix}": AggregateField(f"count(CASE WHEN {empty} THEN 1 END)"),
        f"countNotEmpty{suffix}": AggregateField(f"count(CASE WHEN NOT ({empty}) THEN 1 END)"),
        f"percentageEmpty{suffix}": AggregateField(share, as_double),
        f"percentageNotEmpty{suffix}": AggregateField(f"1 - {share}", as_double),
    }
