"""`/rest/{objects}`: records over REST, with the same operations as GraphQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.http.rest_filters import parse_filter, parse_order_by
from aiotwenty.sandbox.javascript_messages import TOO_NESTED, JsonError, read_json, whole_number
from aiotwenty.sandbox.language.documents import Selected
from aiotwenty.sandbox.limits import REST_DEFAULT_PAGE, REST_MAX_PAGE
from aiotwenty.sandbox.model.data_model import DataModel, ModelObject, Operation
from aiotwenty.sandbox.model.scalars import UUID_TEXT
from aiotwenty.sandbox.model.workspace import Caller
from aiotwenty.sandbox.records.operations import Operations
from aiotwenty.sandbox.records.plans import Selection, full_selection

RestAnswer = tuple[int, Any]
_BEFORE = frozenset({"batch", "restore"})
_AFTER = frozenset({"duplicates", "groupBy", "merge"})
"""Words in a path around the name of an object; other methods ignore them."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
_PAGE_INFO = ("hasNextPage", "hasPreviousPage", "startCursor", "endCursor")
_EXAMPLES = "Valid examples: /rest/companies/id or /rest/companies or /rest/batch/companies"


class RecordsOverRest:
    def __init__(self, model: DataModel, operations: Callable[[], Operations], dialect: Dialect) -> None:
        self._model = model
        self._operations = operations
        self._dialect = dialect

    def answer(self, method: str, path: list[str], query: Mapping[str, str], payload: Any, actor: Caller) -> RestAnswer:
        """Status and body of the response; `path` follows `/rest/`."""
        try:
            return self._answered(method, path, query, {} if payload is None else payload, actor)
        except RecursionError:
            return _failed(400, "RangeError", TOO_NESTED)
        except errors.RecordError as error:
            if error.sub_code == "RECORD_NOT_FOUND":
                return _failed(404, "NotFoundException", error.message)
            kind = "UserInputError" if error.more else "BadRequestException"
            return _failed(400, kind, error.message)

    def _answered(
        self, method: str, path: list[str], query: Mapping[str, str], payload: Any, actor: Caller
    ) -> RestAnswer:
        if len(path) > 2 or not path:
            raise errors.invalid_query(f"Query path '/rest/{'/'.join(path)}' invalid. {_EXAMPLES}")
        before, name, after = "", path[0], "".join(path[1:])
        if after and name in _BEFORE:
            before, name, after = name, after, ""
        record_id = _record_id(after) if after and after not in _AFTER else None
        of, depth = self._object(name), self._depth(query)
        arguments = payload if isinstance(payload, dict) else {}
        match method, before or after:
            case "POST", "duplicates":
                return self._duplicates(of, arguments, depth, actor)
            case "GET", "groupBy":
                return self._groups(of, query, actor)
            case "PATCH", "merge":
                (merged,) = self._written(of, "merge_many", arguments, depth, actor)["data"].values()
                return 200, {"data": {f"merge{of.type_name}": merged}}
            case "PATCH", "restore":
                return 200, self._written(of, "restore_many", {"filter": _filter(query)}, depth, actor)
            case "POST", _:
                return self._create(of, payload, before == "batch", query, depth, actor)
            case "GET", _ if record_id is None:
                return self._list(of, query, depth, actor)
            case "GET", _:
                return self._found(of, record_id, depth, actor)
            case (("PATCH" | "PUT"), _):
                return self._update(of, record_id, payload, query, depth, actor)
            case "DELETE", _:
                return self._delete(of, record_id, query, actor)
        return _failed(400, "BadRequestException", f"{method} is not possible for '{'/'.join(path)}'")

    def _object(self, name: str) -> ModelObject:
        of, operation = self._model.by_root(name) or (None, None)
        if of is not None and operation == "find_many":
            return of
        hint = f"Did you mean '{of.name_plural}'?" if of is not None and operation == "find_one" else "eg: companies"
        raise errors.invalid_query(f"object '{name}' not found. {hint}")

    def _depth(self, query: Mapping[str, str]) -> int:
        """The depth of related records; 0 unless requested."""
        allowed = [str(depth) for depth in range(self._dialect.rest_depth + 1)]
        depth = query.get("depth") or "0"
        if depth not in allowed:
            raise errors.invalid_query(f"'depth={depth}' parameter invalid. Allowed values are {', '.join(allowed)}")
        return int(depth)

    def _call(
        self, of: ModelObject, operation: Operation, given: dict[str, Any], selection: Selection, actor: Caller
    ) -> Any:
        return self._operations().call(of, operation, given, selection, actor)

    def _list(self, of: ModelObject, query: Mapping[str, str], depth: int, actor: Caller) -> RestAnswer:
        arguments: dict[str, Any] = {"filter": _filter(query)}
        if query.get("order_by"):
            arguments["orderBy"] = parse_order_by(query["order_by"])
        limit = int(min(_number(query, "limit", REST_DEFAULT_PAGE), REST_MAX_PAGE))
        if query.get("ending_before"):
            arguments |= {"before": query["ending_before"], "last": limit}
        else:
            arguments |= {"after": query.get("starting_after"), "first": limit}
        page = self._call(of, "find_many", arguments, self._page_selection(of, depth), actor)
        records = [_flat(edge["node"]) for edge in page["edges"]]
        return 200, {
            "data": {of.roots["find_many"]: records},
            "pageInfo": page["pageInfo"],
            "totalCount": page["totalCount"],
        }

    def _found(self, of: ModelObject, record_id: str | None, depth: int, actor: Caller) -> RestAnswer:
        given = {"filter": {"id": {"eq": record_id}}}
        record = self._call(of, "find_one", given, self._selection(of, depth), actor)
        return 200, {"data": {of.roots["find_one"]: _flat(record)}}

    def _create(
        self, of: ModelObject, payload: Any, batch: bool, query: Mapping[str, str], depth: int, actor: Caller
    ) -> RestAnswer:
        operation: Operation = "create_many" if batch else "create_one"
        if batch and not isinstance(payload, list):
            return _failed(400, "TypeError", "args.data.forEach is not a function")
        given = {"data": payload, "upsert": query.get("upsert") == "true"}
        return 201, self._written(of, operation, given, depth, actor)

    def _update(
        self, of: ModelObject, record_id: str | None, payload: Any, query: Mapping[str, str], depth: int, actor: Caller
    ) -> RestAnswer:
        if record_id is not None:
            return 200, self._written(of, "update_one", {"id": record_id, "data": payload}, depth, actor)
        # Without a filter every record is updated (Twenty, July 2026).
        given = {"data": payload, "filter": _filter(query)}
        return 200, self._written(of, "update_many", given, depth, actor)

    def _delete(self, of: ModelObject, record_id: str | None, query: Mapping[str, str], actor: Caller) -> RestAnswer:
        """Deletes for good unless `soft_delete=true`, unlike GraphQL's `delete...`, whose name the response has."""
        soft = query.get("soft_delete") == "true"
        if record_id is None:
            arguments = {"filter": _needed_filter(query, "delete" if soft else "destroy")}
            body = self._written(of, "delete_many" if soft else "destroy_many", arguments, None, actor)
        else:
            if self._dialect.rest_deletes_once:
                self._found(of, record_id, 0, actor)
            body = self._written(of, "delete_one" if soft else "destroy_one", {"id": record_id}, None, actor)
        (shown,) = body["data"].values()
        return 200, {"data": {of.roots["delete_many" if record_id is None else "delete_one"]: shown}}

    def _groups(self, of: ModelObject, query: Mapping[str, str], actor: Caller) -> RestAnswer:
        """A list of groups. Numbers that Postgres counts are texts, and times have its format."""
        arguments: dict[str, Any] = {"groupBy": _json(query, "group_by"), "filter": _filter(query)}
        if query.get("order_by"):
            arguments["orderBy"] = _json(query, "order_by")
        if query.get("limit"):
            arguments["limit"] = _number(query, "limit", REST_DEFAULT_PAGE)
        names = [errors.as_text(name) for name in _json(query, "aggregate")] if query.get("aggregate") else []
        selection: Selection = {name: Selected(name) for name in ("groupByDimensionValues", *names)}
        sampled = query.get("include_records_sample") == "true"
        if sampled:
            selection["edges"] = Selected("edges", {"node": Selected("node", self._selection(of, 0))})
        return 200, [
            {name: _counted(name, value) for name, value in group.items() if name != "edges"}
            | ({"records": [_as_postgres(edge["node"]) for edge in group["edges"]]} if sampled else {})
            for group in self._call(of, "group_by", arguments, selection, actor)
        ]

    def _duplicates(self, of: ModelObject, payload: Any, depth: int, actor: Caller) -> RestAnswer:
        pages = self._call(of, "find_duplicates", payload, self._page_selection(of, depth), actor)
        return 200, {
            "data": [
                {
                    "totalCount": page["totalCount"],
                    "pageInfo": page["pageInfo"],
                    of.roots["find_duplicates"]: [_flat(edge["node"]) for edge in page["edges"]],
                }
                for page in pages
            ]
        }

    def _written(
        self, of: ModelObject, operation: Operation, given: dict[str, Any], depth: int | None, actor: Caller
    ) -> dict[str, Any]:
        """The written records; only their ids if `depth` is None."""
        selection = {"id": Selected("id")} if depth is None else self._selection(of, depth)
        made = self._call(of, operation, given, selection, actor)
        shown = [_flat(each) for each in made] if isinstance(made, list) else _flat(made)
        return {"data": {of.roots[operation]: shown}}

    def _page_selection(self, of: ModelObject, depth: int) -> Selection:
        return {
            "totalCount": Selected("totalCount"),
            "edges": Selected("edges", {"node": Selected("node", self._selection(of, depth))}),
            "pageInfo": Selected("pageInfo", {name: Selected(name) for name in _PAGE_INFO}),
        }

    def _selection(self, of: ModelObject, depth: int, in_many: bool = False) -> Selection:
        selection = full_selection(of)
        if depth == 0:
            return selection
        for name, to_one in of.to_one.items():
            selection[name] = Selected(name, self._selection(self._model.objects[to_one.target], depth - 1, in_many))
        if not in_many:
            for name, many in of.to_many.items():
                node = Selected("node", self._selection(self._model.objects[many.target], depth - 1, True))
                selection[name] = Selected(name, {"edges": Selected("edges", {"node": node})})
        return selection


def _flat(node: dict[str, Any]) -> dict[str, Any]:
    """The node with lists in place of connections."""
    return {name: _flat_value(value) for name, value in node.items()}


def _flat_value(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"edges"}:
            return [_flat(edge["node"]) for edge in value["edges"]]
        return _flat(value)
    return value


def _record_id(record_id: str) -> str:
    if not UUID_TEXT.fullmatch(record_id):
        raise errors.invalid_query(f"'{record_id}' is not a valid UUID")
    return record_id


def _filter(query: Mapping[str, str]) -> dict[str, Any]:
    return parse_filter(query["filter"]) if query.get("filter") else {}


def _needed_filter(query: Mapping[str, str], verb: str) -> dict[str, Any]:
    """The filter of a request that removes many records, which requires one."""
    if not query.get("filter"):
        raise errors.invalid_query(
            f"Filters are mandatory for bulk {verb} operations. "
            "Please provide at least one filter to prevent accidental deletion of all records."
        )
    return parse_filter(query["filter"])


def _json(query: Mapping[str, str], name: str) -> list[Any]:
    try:
        value = read_json(query.get(name, ""))
    except JsonError:
        value = None
    if not isinstance(value, list):
        raise errors.invalid_query(f"'{name}' parameter invalid. It is a list in JSON, eg: ?{name}=[...]")
    return value


def _counted(name: str, value: Any) -> Any:
    counted = name.startswith(("count", "totalCount", "percentage"))
    return str(value) if counted and value is not None else value


def _as_postgres(node: dict[str, Any]) -> dict[str, Any]:
    return {
        name: f"{value[:-1]}+00:00" if isinstance(value, str) and _MOMENT.fullmatch(value) else value
        for name, value in node.items()
    }


def _number(query: Mapping[str, str], name: str, default: int) -> int | float:
    text = query.get(name, "")
    number = whole_number(text) if text else default
    if number is None:
        raise errors.invalid_query(f"{name} '{text}' is invalid. Should be an integer")
    return number


def _failed(status: int, error: str, message: str) -> RestAnswer:
    return status, {"statusCode": status, "error": error, "messages": [message]}
