"""`/rest/{objects}` and `/rest/batch/{objects}`: records over REST, by the same operations as GraphQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.documents import Selected
from aiotwenty.sandbox.limits import REST_DEFAULT_PAGE, REST_MAX_PAGE
from aiotwenty.sandbox.model import DataModel, Object, Operation
from aiotwenty.sandbox.operations import Operations
from aiotwenty.sandbox.plans import Selection, full_selection
from aiotwenty.sandbox.rest_filters import parse_filter, parse_order_by

RestAnswer = tuple[int, dict[str, Any]]
_PAGE_INFO = ("hasNextPage", "hasPreviousPage", "startCursor", "endCursor")
MAX_DEPTH = 2


class Rest:
    def __init__(self, model: DataModel, operations: Callable[[], Operations], strict: bool) -> None:
        self._model = model
        self._operations = operations
        self._strict = strict

    def answer(self, method: str, path: list[str], query: Mapping[str, str], payload: Any, actor: str) -> RestAnswer:
        """Status and body; `path` is what follows `/rest/`."""
        batch = path[:1] == ["batch"]
        name, *rest = path[1:] if batch else path
        try:
            of = self._object(name)
            depth = _depth(query)
            match method, rest:
                case "GET", []:
                    return self._list(of, query, depth, actor)
                case "GET", [record_id]:
                    return self._found(of, record_id, depth, actor)
                case "POST", []:
                    return self._create(of, payload, batch, query, depth, actor)
                case "PATCH" | "PUT", [record_id]:
                    given = {"id": record_id, "data": payload}
                    return 200, self._written(of, "update_one", given, depth, actor)
                case "DELETE", [record_id]:
                    if self._strict:
                        # What is deleted already isn't found a second time (Twenty 1.10, November 2025).
                        self._found(of, record_id, 0, actor)
                    operation: Operation = "delete_one" if query.get("soft_delete") != "false" else "destroy_one"
                    return 200, self._written(of, operation, {"id": record_id}, None, actor)
            return _failed(400, "BadRequestException", f"{method} is not possible for '{'/'.join(path)}'")
        except errors.RecordError as error:
            if error.sub_code == "RECORD_NOT_FOUND":
                return _failed(404, "NotFoundException", error.message)
            kind = "UserInputError" if error.more else "BadRequestException"
            return _failed(400, kind, error.message)

    def _object(self, name: str) -> Object:
        found = self._model.by_root(name)
        if found is None or found[1] not in ("find_many", "find_one"):
            raise errors.invalid_query(f"object '{name}' not found. Check the name in the path")
        return found[0]

    def _call(self, of: Object, operation: Operation, given: dict[str, Any], selection: Selection, actor: str) -> Any:
        return self._operations().call(of, operation, given, selection, actor)

    def _list(self, of: Object, query: Mapping[str, str], depth: int, actor: str) -> RestAnswer:
        given: dict[str, Any] = {"filter": parse_filter(query["filter"]) if query.get("filter") else {}}
        if query.get("order_by"):
            given["orderBy"] = parse_order_by(query["order_by"])
        limit = min(_number(query, "limit", REST_DEFAULT_PAGE), REST_MAX_PAGE)
        if query.get("ending_before"):
            given |= {"before": query["ending_before"], "last": limit}
        else:
            given |= {"after": query.get("starting_after"), "first": limit}
        selection = {
            "totalCount": Selected("totalCount"),
            "edges": Selected("edges", {"node": Selected("node", self._selection(of, depth))}),
            "pageInfo": Selected("pageInfo", {name: Selected(name) for name in _PAGE_INFO}),
        }
        page = self._call(of, "find_many", given, selection, actor)
        records = [_flat(edge["node"]) for edge in page["edges"]]
        return 200, {
            "data": {of.roots["find_many"]: records},
            "pageInfo": page["pageInfo"],
            "totalCount": page["totalCount"],
        }

    def _found(self, of: Object, record_id: str, depth: int, actor: str) -> RestAnswer:
        given = {"filter": {"id": {"eq": record_id}}}
        record = self._call(of, "find_one", given, self._selection(of, depth), actor)
        return 200, {"data": {of.roots["find_one"]: _flat(record)}}

    def _create(
        self, of: Object, payload: Any, batch: bool, query: Mapping[str, str], depth: int, actor: str
    ) -> RestAnswer:
        operation: Operation = "create_many" if batch else "create_one"
        given = {"data": payload, "upsert": query.get("upsert") == "true"}
        return 201, self._written(of, operation, given, depth, actor)

    def _written(
        self, of: Object, operation: Operation, given: dict[str, Any], depth: int | None, actor: str
    ) -> dict[str, Any]:
        """With `depth` None only the id is told."""
        selection = {"id": Selected("id")} if depth is None else self._selection(of, depth)
        made = self._call(of, operation, given, selection, actor)
        shown = [_flat(each) for each in made] if isinstance(made, list) else _flat(made)
        return {"data": {of.roots[operation]: shown}}

    def _selection(self, of: Object, depth: int, in_many: bool = False) -> Selection:
        made = full_selection(of)
        if depth == 0:
            return made
        for name, one in of.to_one.items():
            made[name] = Selected(name, self._selection(self._model.objects[one.target], depth - 1, in_many))
        if not in_many:
            for name, many in of.to_many.items():
                node = Selected("node", self._selection(self._model.objects[many.target], depth - 1, True))
                made[name] = Selected(name, {"edges": Selected("edges", {"node": node})})
        return made


def _flat(node: dict[str, Any]) -> dict[str, Any]:
    """REST has lists where GraphQL has connections."""
    return {name: _flat_value(value) for name, value in node.items()}


def _flat_value(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"edges"}:
            return [_flat(edge["node"]) for edge in value["edges"]]
        return _flat(value)
    return value


def _depth(query: Mapping[str, str]) -> int:
    depth = _number(query, "depth", 1)
    if depth > MAX_DEPTH:
        raise errors.invalid_query(f"'depth={depth}' parameter invalid. Allowed values are 0, 1, 2")
    return depth


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise errors.invalid_query(f"{name} '{text}' is invalid. Should be an integer")
    return int(text)


def _failed(status: int, error: str, message: str) -> RestAnswer:
    return status, {"statusCode": status, "error": error, "messages": [message]}
