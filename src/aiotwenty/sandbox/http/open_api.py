"""`/rest/open-api/core` and `/metadata`: descriptions of the sandbox's REST endpoints, from the data model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiotwenty.sandbox.model.composites import ACTOR_SOURCES, COMPOSITES, SubField
from aiotwenty.sandbox.model.data_model import OPTIONED, DataModel, ModelField, ModelObject

_STRING: dict[str, Any] = {"type": "string"}
_UUID: dict[str, Any] = {"type": "string", "format": "uuid"}
_PLAIN: dict[str, dict[str, Any]] = {
    "TEXT": _STRING,
    "TS_VECTOR": _STRING,
    "UUID": _UUID,
    "NUMBER": {"type": "number"},
    "NUMERIC": {"type": "number"},
    "POSITION": {"type": "number"},
    "BOOLEAN": {"type": "boolean"},
    "DATE": {"type": "string", "format": "date"},
    "DATE_TIME": {"type": "string", "format": "date-time"},
    "RAW_JSON": {"type": "object"},
    "ARRAY": {"type": "array", "items": _STRING},
    "FILES": {
        "type": "array",
        "items": {"type": "object", "properties": {"fileId": _UUID, "label": _STRING}, "required": ["fileId", "label"]},
    },
}
_PAGE_INFO = {
    "type": "object",
    "properties": {
        "hasNextPage": {"type": "boolean"},
        "hasPreviousPage": {"type": "boolean"},
        "startCursor": _STRING,
        "endCursor": _STRING,
    },
}

_PAGED = frozenset({"objects", "fields"})
_ID: dict[str, Any] = {"name": "id", "in": "path", "required": True, "schema": _UUID}


def core_document(model: DataModel, url: str) -> dict[str, Any]:
    """An OpenAPI 3.1 document with the paths and schemas of all objects."""
    objects = model.objects.values()
    return _document(
        f"{url}/rest",
        [{"name": shown.name_plural, "description": f"Object `{shown.name_plural}`"} for shown in objects],
        {path: item for shown in objects for path, item in _paths(shown).items()},
        {shown.type_name: _schema(shown) for shown in objects},
    )


def metadata_document(url: str, collections: Iterable[str]) -> dict[str, Any]:
    """An OpenAPI 3.1 document for the data model, views and webhooks."""
    entity: dict[str, Any] = {"type": "object"}
    paged = [{"name": key, "in": "query", "schema": _STRING} for key in ("limit", "starting_after", "ending_before")]
    paths: dict[str, Any] = {}
    for name in sorted(collections):
        title, many = name[:1].upper() + name[1:], {"type": "array", "items": entity}
        answer = _answer({}, pageInfo=_PAGE_INFO, totalCount={"type": "integer"}) if name in _PAGED else many
        parameters = {"parameters": paged} if name in _PAGED else {}
        paths[f"/{name}"] = {
            "get": _tagged_operation(name, f"findMany{title}", "200", answer, **parameters),
            "post": _tagged_operation(name, f"createOne{title[:-1]}", "201", entity, body=entity),
        }
        paths[f"/{name}/{{id}}"] = {
            "parameters": [_ID],
            "get": _tagged_operation(name, f"findOne{title[:-1]}", "200", entity),
            "patch": _tagged_operation(name, f"updateOne{title[:-1]}", "200", entity, body=entity),
            "delete": _tagged_operation(name, f"deleteOne{title[:-1]}", "200", entity),
        }
    tags = [{"name": name, "description": f"`{name}`"} for name in sorted(collections)]
    return _document(f"{url}/rest/metadata", tags, paths, {})


def _document(url: str, tags: list[Any], paths: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return {
        "openapi": "3.1.1",
        "info": {"title": "Twenty Api", "description": "The REST API of a Twenty sandbox.", "version": "v0.1"},
        "servers": [{"url": url, "description": "Sandbox"}],
        "security": [{"bearerAuth": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": schemas,
        },
    }


def _paths(of: ModelObject) -> dict[str, Any]:
    record = {"$ref": f"#/components/schemas/{of.type_name}"}
    records = {"type": "array", "items": record}
    name, roots = of.name_plural, of.roots
    list_parameters = [
        {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 0, "maximum": 200, "default": 60}},
        *(
            {"name": key, "in": "query", "schema": _STRING}
            for key in ("filter", "order_by", "starting_after", "ending_before", "depth")
        ),
    ]
    answer = _answer({roots["find_many"]: records}, pageInfo=_PAGE_INFO, totalCount={"type": "integer"})
    return {
        f"/{name}": {
            "get": _operation(of, "findMany", "200", answer, parameters=list_parameters),
            "post": _operation(of, "createOne", "201", _answer({roots["create_one"]: record}), body=record),
        },
        f"/{name}/{{id}}": {
            "parameters": [_ID],
            "get": _operation(of, "findOne", "200", _answer({roots["find_one"]: record})),
            "patch": _operation(of, "updateOne", "200", _answer({roots["update_one"]: record}), body=record),
            "delete": _operation(
                of, "deleteOne", "200", _answer({roots["delete_one"]: {"type": "object", "properties": {"id": _UUID}}})
            ),
        },
        f"/batch/{name}": {
            "post": _operation(of, "createMany", "201", _answer({roots["create_many"]: records}), body=records),
        },
    }


def _answer(data: dict[str, Any], **beside: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"data": {"type": "object", "properties": data}, **beside}}


def _operation(of: ModelObject, verb: str, status: str, answer: dict[str, Any], **more: Any) -> dict[str, Any]:
    subject = of.name_singular if verb.endswith("One") else of.name_plural
    return _tagged_operation(of.name_plural, f"{verb}{subject[:1].upper()}{subject[1:]}", status, answer, **more)


def _tagged_operation(tag: str, operation_id: str, status: str, answer: dict[str, Any], **more: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": [tag],
        "operationId": operation_id,
        "responses": {status: {"description": "Done", "content": {"application/json": {"schema": answer}}}},
    }
    if "body" in more:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": more["body"]}}}
    if "parameters" in more:
        operation["parameters"] = more["parameters"]
    return operation


def _schema(of: ModelObject) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for field in of.fields.values():
        if field.relations:
            columns = (relation.join_column for relation in field.relations if relation.join_column)
            properties.update(dict.fromkeys(columns, _UUID))
        else:
            properties[field.name] = _value(field)
    required = [
        field.name
        for field in of.fields.values()
        if not field.relations and not field.is_nullable and field.default_value is None
    ]
    schema: dict[str, Any] = {"type": "object", "description": of.label_singular, "properties": properties}
    return schema | ({"required": required} if required else {})


def _value(of: ModelField) -> dict[str, Any]:
    if of.type in COMPOSITES:
        parts = {name: _part(part) for name, part in COMPOSITES[of.type].items()}
        return {"type": "object", "properties": parts}
    if of.type in OPTIONED:
        choice = {"type": "string", "enum": of.option_values}
        return {"type": "array", "items": choice} if of.type == "MULTI_SELECT" else choice
    return _PLAIN[of.type]


def _part(part: SubField) -> dict[str, Any]:
    return {"type": "string", "enum": [*ACTOR_SOURCES]} if part.type == "SELECT" else _PLAIN[part.type]
