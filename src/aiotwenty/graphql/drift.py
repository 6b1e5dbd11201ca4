"""Finds the type and field of a response that failed validation."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from aiotwenty.errors import SchemaDrift
from aiotwenty.graphql.annotations import alternatives, item_in
from aiotwenty.graphql.page import Edge, Page


def drift_of(invalid: ValidationError, root: str | None, result_type: Any) -> SchemaDrift:
    """`SchemaDrift` for the first part of a response that does not fit the generated types. Shows no values."""
    details = invalid.errors(include_url=False, include_context=False, include_input=True)
    first = details[0]
    path = list(first["loc"][1:])
    type_name, field = _locate(path, root, result_type)
    missing = first["type"] == "missing" or first["input"] is None
    problem = (
        "is missing or null, though the schema promises a value" if missing else f"is not as expected: {first['msg']}"
    )
    more = f" ({len(details) - 1} more like it)" if len(details) > 1 else ""
    return SchemaDrift(
        f"{type_name}.{field} {problem}{more}. The workspace has changed since this client was generated: "
        "introspect and generate again.",
        type_name=type_name,
        field=field,
    )


def _locate(path: list[int | str], root: str | None, result_type: Any) -> tuple[str, str]:
    """The GraphQL type and field at the end of a path in the response's data."""
    owner, field, current = "Query", root or "data", result_type
    if root is not None:
        path = path[1:]
    for step in path:
        if isinstance(step, int):
            current = item_in(current)
            continue
        model = _model(current, step)
        if model is None:
            break
        owner, field, current = model
    return owner, field


def _model(annotation: Any, step: str) -> tuple[str, str, Any] | None:
    """The model, GraphQL name and annotation of a field."""
    for candidate in alternatives(annotation):
        if isinstance(candidate, type) and issubclass(candidate, Page) and step == "edges":
            edge: Any = Edge
            return "Page", step, list[edge[item_in(candidate.model_fields["records"].annotation)]]  # type: ignore[misc]
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            for name, info in candidate.model_fields.items():
                alias = info.validation_alias if isinstance(info.validation_alias, str) else info.alias
                if step in (alias, name):
                    return candidate.__name__.partition("[")[0], alias or name, info.annotation
    return None
