"""An endpoint that sends the operations of one object to `/rest`. Namespaces work on it as on /graphql."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from functools import cached_property, partial
from typing import Any

from pydantic_core import from_json, to_json

from aiotwenty.errors import (
    ConfigurationError,
    InvalidInput,
    NotFoundError,
    PaginationError,
    Reason,
    SchemaDrift,
    TwentyError,
)
from aiotwenty.graphql.answer_schemas import Wanted
from aiotwenty.graphql.decode import decode
from aiotwenty.graphql.encode import encode_json
from aiotwenty.graphql.endpoint import Endpoint
from aiotwenty.graphql.ids import check_ids
from aiotwenty.graphql.models import UNSET, Record
from aiotwenty.graphql.operation import Operation
from aiotwenty.graphql.select import selection_of
from aiotwenty.graphql.selection import Tree
from aiotwenty.records.listing import Identity
from aiotwenty.records.object_meta import KINDS, ObjectMeta
from aiotwenty.rest.answers import PlainPage, model_of_page, plain_page, value_of
from aiotwenty.rest.raw import RawRest
from aiotwenty.rest.requests import MOST, TOTAL, Request, request_of
from aiotwenty.rest.syntax import Unsayable
from aiotwenty.transport.exchange import Reply
from aiotwenty.transport.failures import failure
from aiotwenty.transport.terms import Terms

_FEW_GROUPS = 50
"""The number of groups at which servers cut a grouping without a limit (Twenty, July 2026)."""


class RestEndpoint(Endpoint):
    """REST for the operations of one object, GraphQL for the others.

    Operations that REST can't express, or not safely, go over GraphQL, which returns the same records: filters with
    operators and values without a REST form, orders over several pages, relations of relations, soft deletion.
    """

    def __init__(self, rest: RawRest, graphql: Endpoint, meta: ObjectMeta) -> None:
        super().__init__(graphql.url, graphql._engine, graphql.terms, graphql.fields)
        self._rest = rest
        self._meta = meta

    def on(self, terms: Terms) -> RestEndpoint:
        """The same endpoint, for calls on other terms."""
        other = copy(self)
        other.terms, other._rest = terms, self._rest.on(terms)
        return other

    async def run(
        self,
        operation: Operation,
        result_type: Any,
        variables: Mapping[str, object],
        *,
        repeatable: bool | None = None,
        verify: bool = True,
    ) -> Any:
        check_ids(variables)
        arguments = {name: value for name, value in variables.items() if value is not UNSET}
        try:
            return (await self._over_rest(operation, result_type, from_json(encode_json(arguments)), repeatable))[0]
        except Unsayable:
            pass
        return await super().run(operation, result_type, variables, repeatable=repeatable, verify=verify)

    async def run_raw(
        self, operation: Operation, result_type: Any, variables: Mapping[str, object]
    ) -> tuple[Any, bytes]:
        given = {name: value for name, value in variables.items() if value is not UNSET}
        try:
            return await self._over_rest(operation, result_type, from_json(encode_json(given)), None)
        except Unsayable:
            pass
        return await super().run_raw(operation, result_type, variables)

    async def post(
        self,
        operation: Operation,
        body: bytes,
        result_type: Any,
        *,
        repeatable: bool | None = None,
        on_retry: Callable[[TwentyError], object] | None = None,
    ) -> Any:
        try:
            variables = from_json(body)["variables"]
            return (await self._over_rest(operation, result_type, variables, repeatable, on_retry))[0]
        except Unsayable:
            pass
        return await super().post(operation, body, result_type, repeatable=repeatable, on_retry=on_retry)

    @cached_property
    def _kinds(self) -> dict[str | None, str]:
        """The object's operations by root field."""
        kinds: dict[str | None, str] = {}
        for kind in (*KINDS, "find_duplicates", "merge_many"):
            try:
                kinds[self._meta.operation(kind).root] = kind
            except ConfigurationError:
                continue
        return kinds

    async def _over_rest(
        self,
        operation: Operation,
        result_type: Any,
        arguments: Mapping[str, Any],
        repeatable: bool | None,
        on_retry: Callable[[TwentyError], object] | None = None,
    ) -> tuple[Any, bytes]:
        """The result, and its JSON. Raises `Unsayable` before anything is sent."""
        kind = self._kinds.get(operation.root, "")
        tree = selection_of(result_type.model).tree if isinstance(result_type, Wanted) else None
        depth = _depth_of(tree) if tree is not None else 0
        if depth > (1 if kind in ("find_many", "find_one") else 0):
            raise Unsayable
        names = tuple(operation.selection.strip("{}").split()[1:]) if kind == "group_by" else ()
        if kind == "find_many" and isinstance(size := arguments.get("first"), int) and size > MOST:
            value: Any = await self._pages(operation, arguments, tree, depth)
        else:
            request = request_of(kind, self._meta, arguments, depth, names)
            model = model_of_page(result_type) if kind == "find_many" else None
            read = _read if model is None else partial(_read_page, model)
            answer = await self._answer(request, repeatable or operation.by_id, on_retry, read)
            if isinstance(answer, PlainPage):
                return answer.page, answer.body
            value = value_of(kind, answer, tree)
        if kind == "group_by":
            await self._check_groups(value, arguments)
            if TOTAL not in names:
                value = [{name: part for name, part in group.items() if name != TOTAL} for group in value]
        elif kind in ("destroy_one", "destroy_many"):
            # REST returns only the ids (Twenty, July 2026).
            result_type = Identity if kind == "destroy_one" else list[Identity]
        elif kind == "restore_one" and value is None:
            raise NotFoundError(f"no such record among {self._meta.plural}.", operation=operation.name)
        body = to_json({"data": {operation.root: value}})
        reply = Reply(200, {"Content-Type": "application/json"}, body)
        return decode(reply, operation, result_type), body

    async def _answer(
        self,
        request: Request,
        repeatable: bool,
        on_retry: Callable[[TwentyError], object] | None = None,
        read: Callable[[Reply], Any] | None = None,
    ) -> Any:
        query = request.query_text
        try:
            return await self._rest.send(
                request.method,
                request.path,
                query=query,
                body=None if request.data is None else encode_json(request.data),
                read=read or _read,
                reads=request.reads,
                repeatable=repeatable,
                on_retry=on_retry,
            )
        except InvalidInput as error:
            if error.reason is Reason.UNKNOWN_OBJECT:
                raise _object_gone(error, self._meta) from error
            raise

    async def _pages(
        self, operation: Operation, arguments: Mapping[str, Any], tree: Tree | None, depth: int
    ) -> dict[str, Any]:
        """More records than one response of REST has, in the order of ids, page by page."""
        if arguments.get("orderBy") or arguments.get("before"):
            # Cursors of other orders lose records (Twenty, July 2026).
            raise Unsayable
        wanted, edges = arguments["first"], list[Any]()
        page: dict[str, Any] = {}
        before: dict[str, Any] = {}
        after = arguments.get("after")
        while not page or (page["pageInfo"]["hasNextPage"] and len(edges) < wanted):
            some = {**arguments, "first": min(MOST, wanted - len(edges)), "after": after}
            request = request_of("find_many", self._meta, some, depth, ())
            page = value_of("find_many", await self._answer(request, True), tree)
            before = before or {name: page["pageInfo"].get(name) for name in ("startCursor", "hasPreviousPage")}
            edges += page["edges"]
            following = page["pageInfo"].get("endCursor")
            if page["pageInfo"]["hasNextPage"] and (not page["edges"] or following in (None, after)):
                raise PaginationError(
                    f"{self._meta.plural}: the server says that more follow, and not where.",
                    seen=len(edges),
                    expected=page["totalCount"],
                )
            after = following
        return {**page, "edges": edges, "pageInfo": page["pageInfo"] | before}

    async def _check_groups(self, groups: list[dict[str, Any]], arguments: Mapping[str, Any]) -> None:
        """Raises `PaginationError` if the server left groups out and no limit explains it."""
        if len(groups) < _FEW_GROUPS or len(groups) >= (arguments.get("limit") or _FEW_GROUPS):
            return
        only = {"filter": arguments["filter"]} if arguments.get("filter") else {}
        request = request_of("find_many", self._meta, {**only, "first": 0}, 0, ())
        total = value_of("find_many", await self._answer(request, True), None)["totalCount"]
        seen = sum(group["totalCount"] or 0 for group in groups)
        if seen < total:
            raise PaginationError(
                f"{self._meta.plural}: {len(groups)} groups came, with {seen} of {total} records: the server left "
                f"others out. Use twenty.{self._meta.plural}.group_by, over GraphQL.",
                seen=seen,
                expected=total,
            )


def _read(reply: Reply) -> Any:
    if error := failure(reply, graphql=False):
        raise error
    return from_json(reply.body)


def _read_page(model: type[Record], reply: Reply) -> Any:
    if reply.status < 300 and reply.is_json and (page := plain_page(reply.body, model)) is not None:
        return PlainPage(page, reply.body)
    return _read(reply)


def _depth_of(tree: Tree) -> int:
    """The number of relations to the farthest selected record."""
    # A composite belongs to its record; a related record has a level of its own.
    to_one = [_depth_of(part) + (part.about is not None) for part in tree.fields.values() if part is not None]
    to_many = [_depth_of(list_.nodes) + 1 for list_ in tree.lists.values()]
    return max([0, *to_one, *to_many])


def _object_gone(error: InvalidInput, meta: ObjectMeta) -> SchemaDrift:
    return SchemaDrift(
        f"{error.said} The workspace is not what this client was generated from: introspect and generate again.",
        operation=error.operation,
        type_name=meta.type_name,
    )
