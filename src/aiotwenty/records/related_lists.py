"""Completes the lists of related records in a response.

The server cuts them at 60, refuses lists within lists, and ignores all arguments of both (Twenty, July 2026). So the
selection has their lengths; missing records are listed by the foreign key that leads back, level by level, for a
thousand parents at a time.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from aiotwenty.errors import PaginationError, TwentyError
from aiotwenty.graphql.answer_schemas import RELATED, RelatedNode, Unread, Wanted, is_cut
from aiotwenty.graphql.decode import decode_complete
from aiotwenty.graphql.document import compose
from aiotwenty.graphql.operation import Operation
from aiotwenty.graphql.page import Page
from aiotwenty.graphql.select import selection_of
from aiotwenty.graphql.selection import List, Tree
from aiotwenty.records.listing import Listing
from aiotwenty.records.paging import PAGE_SIZE

if TYPE_CHECKING:
    from aiotwenty.graphql.endpoint import Endpoint

T = TypeVar("T")

Node = dict[str, Any]


async def completed(endpoint: Endpoint, operation: Operation, wanted: Any, value: Any) -> Any:
    """The result, with complete lists of related records."""
    if not isinstance(value, Unread):
        return value
    assert isinstance(wanted, Wanted)
    nodes = list(_nodes(value.data, wanted))
    try:
        await complete(endpoint, selection_of(wanted.model).tree, nodes)
    except TwentyError as error:
        if operation.kind == "mutation":
            error.add_note(f"{operation.name} itself was done: it is the reading of related records that failed.")
        raise
    return await endpoint.with_all_fields(operation, decode_complete(value.data, operation, wanted))


async def complete(endpoint: Endpoint, tree: Tree, nodes: Sequence[Node]) -> None:
    """Completes the selected lists of each node, and of the records in it."""
    below = [_lists_of(endpoint, tree, name, list_, nodes) for name, list_ in tree.lists.items()]
    for name, part in tree.fields.items():
        if part is not None and part.has_lists:
            below.append(complete(endpoint, part, [node[name] for node in nodes if isinstance(node.get(name), dict)]))
    await together(below)


async def _lists_of(endpoint: Endpoint, tree: Tree, name: str, list_: List, nodes: Sequence[Node]) -> None:
    lacking: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        if _is_incomplete(node, name):
            lacking[node["id"]].append(node)
    if lacking:
        key = await _key(endpoint, tree, name, list_, lacking)
        still = [parent for parent, same in lacking.items() if any(_is_incomplete(node, name) for node in same)]
        complete_lists = await _fetch(endpoint, list_, key, still) if still else {}
        for parent in still:
            for node in lacking[parent]:
                node[name] = {"edges": [{"node": child} for child in complete_lists.get(parent, ())]}
    if list_.nodes.has_lists:
        children = {id(child): child for node in nodes for child in _children(node, name)}
        await complete(endpoint, list_.nodes, list(children.values()))


def _is_incomplete(node: Node, name: str) -> bool:
    """Whether a list of a node is cut, or was not requested. A missing list is reported when the response is read."""
    connection = node.get(name, ...)
    return connection is ... or (isinstance(connection, dict) and is_cut(connection))


def _children(node: Node, name: str) -> Iterator[Node]:
    connection = node.get(name)
    if isinstance(connection, dict):
        yield from (edge["node"] for edge in connection["edges"])


async def _key(endpoint: Endpoint, tree: Tree, name: str, list_: List, lacking: Mapping[str, list[Node]]) -> str:
    """The foreign key that refers to the parents. Of several keys, the one that does so in all records."""
    if len(list_.keys) == 1:
        return list_.keys[0]
    unasked = [parent for parent, same in lacking.items() if name not in same[0]]
    if unasked and tree.about is not None:
        # Without a parent around it, a list doesn't show which key leads back.
        operation = _operation(tree.about.type_name, tree.about.plural, Tree(lists={name: list_}).text("id"))
        for some in _some(unasked):
            async for parent in _walk(endpoint, operation, tree.about.plural, {"id": {"in": some}}):
                for node in lacking[parent["id"]]:
                    node[name] = parent[name]
    cut = [(parent, node) for parent, same in lacking.items() for node in same[:1] if _is_incomplete(node, name)]
    keys = [
        key
        for key in list_.keys
        if all(child.get(key) == parent for parent, node in cut for child in _children(node, name))
    ]
    if not cut or len(keys) == 1:
        return keys[0] if keys else ""
    raise PaginationError(
        f"{name} has more records than the server gives with their {tree.about.type_name if tree.about else 'parent'}, "
        f"and by which field of {list_.plural} they belong to it cannot be told: list {list_.plural} with a filter.",
        seen=sum(1 for _, node in cut for _ in _children(node, name)),
    )


async def _fetch(endpoint: Endpoint, list_: List, key: str, parents: Sequence[str]) -> dict[str, list[Node]]:
    """All records of the lists of these parents."""
    operation = _operation(list_.target, list_.plural, list_.nodes.text("id", key, lists=False))
    fetched: dict[str, list[Node]] = defaultdict(list)

    async def fetch(some: Sequence[str]) -> None:
        only = {key: {"in": list(some)}}
        nodes = [node async for node in _walk(endpoint, operation, list_.plural, only)]
        expected = set(some)
        strays = [node for node in nodes if node[key] not in expected]
        if strays and len(some) > 1:
            # If the record of a key is deleted, the server hides the key in these records too (Twenty, July 2026).
            await together(fetch([parent]) for parent in some)
            return
        for node in nodes:
            fetched[some[0] if strays else node[key]].append(node)

    await together(fetch(some) for some in _some(parents))
    return fetched


async def _walk(endpoint: Endpoint, operation: Operation, what: str, only: dict[str, Any]) -> AsyncIterator[Node]:
    async def read(variables: Mapping[str, object]) -> tuple[Page[RelatedNode], int]:
        page, answer = await endpoint.run_raw(operation, RELATED, variables)
        return page, len(answer)

    async for node in Listing(endpoint, operation, read, only, what).walk():
        yield node.raw()


@lru_cache(maxsize=1024)
def _operation(type_name: str, plural: str, nodes: str) -> Operation:
    variables = {
        "filter": f"{type_name}FilterInput",
        "orderBy": f"[{type_name}OrderByInput]",
        "first": "Int",
        "after": "String",
        "offset": "Int",
    }
    selection = f"{{edges{{node{nodes}}}pageInfo{{hasNextPage endCursor}}totalCount}}"
    return compose(f"Related{type_name}", "query", plural, variables, selection)


def _some(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), PAGE_SIZE):
        yield ids[start : start + PAGE_SIZE]


def _nodes(data: Any, wanted: Wanted) -> Iterator[Node]:
    """The records of a response, at any depth. Missing ones are reported when the response is decoded."""
    match wanted.form:
        case "one" | "maybe":
            yield from [data] if isinstance(data, dict) else []
        case "many":
            yield from (node for node in data or () if isinstance(node, dict))
        case "page":
            yield from (edge["node"] for edge in (data or {}).get("edges", ()) if isinstance(edge.get("node"), dict))
        case "pages":
            for page in data or ():
                yield from (edge["node"] for edge in page["edges"])


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of all calls, run concurrently; if one fails, the others are cancelled."""
    tasks = [asyncio.ensure_future(part) for part in work]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
