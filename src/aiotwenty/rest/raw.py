"""Requests to Twenty's REST API without types, through the same engine, with the same errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import copy
from functools import partial
from typing import Any, Literal, TypeVar
from urllib.parse import parse_qs, quote, unquote, urlencode

from pydantic_core import from_json

from aiotwenty.errors import InvalidArgument, InvalidInput, TwentyError
from aiotwenty.graphql.encode import encode_json
from aiotwenty.graphql.ids import id_problem
from aiotwenty.records.settling import create_settled
from aiotwenty.rest.settling import ids_of, stored
from aiotwenty.transport.engine import Engine
from aiotwenty.transport.exchange import Call, Reply
from aiotwenty.transport.failures import failure
from aiotwenty.transport.terms import Terms

T = TypeVar("T")

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

_CHANGING = ("PUT", "PATCH", "DELETE")
_MANY = ("batch", "restore")
"""Words before the name of an object whose records are changed together."""
_ACTIONS = ("merge", "duplicates", "groupBy")
_NO_RECORDS = ("metadata", "open-api", "webhooks", "apiKeys")
_NOT_SERVED = (
    (r"GET /rest/metadata/picklists", "twenty.rest.picklists() gives them"),
    (r"GET /rest/metadata/objects/(?P<name>[A-Za-z]\w*)", "twenty.rest.object({name!r}) finds it by name"),
    (r"\w+ /rest/restore/(?P<name>\w+)/(?P<id>[^/]+)", "twenty.rest.restore({name!r}, {id!r}) restores it"),
)
"""Requests in Twenty's documentation that its server refuses (Twenty, July 2026), with the alternatives."""


class RawRest:
    """`await twenty.rest.get("people", limit=2)`: paths are relative to `/rest`, results are the parsed JSON.

    A path may also be written as in Twenty's documentation: `/rest/people?limit=2`. In the query, None is left out, and
    booleans are sent as `true` and `false`.

    Lists have at most 200 records a page, 60 by default (Twenty, July 2026).
    """

    def __init__(self, base_url: str, engine: Engine, terms: Terms) -> None:
        self._base_url = base_url
        self._engine = engine
        self._terms = terms

    def on(self, terms: Terms) -> RawRest:
        """The same API, for calls on other terms."""
        other = copy(self)
        other._terms = terms
        return other

    async def get(self, path: str, **query: object) -> Any:
        """Sends a GET request, which is retried like every read."""
        return await self.request("GET", path, query=query)

    async def post(self, path: str, data: object, **query: object) -> Any:
        """Sends a POST request, which creates. After a lost response, records with an `id` in `data` are looked for,
        and created once; others are not sent again if the server may have acted.
        """
        return await self.request("POST", path, data=data, query=query)

    async def patch(self, path: str, data: object, *, all_records: bool = False, **query: object) -> Any:
        """Updates one record, which is repeatable, or those that match a `filter`.

        Raises `InvalidArgument` for many without a filter, which would change every record (Twenty, July 2026), unless
        `all_records` is true.
        """
        return await self.request("PATCH", path, data=data, query=query, all_records=all_records)

    async def put(self, path: str, data: object, *, all_records: bool = False, **query: object) -> Any:
        """Like `patch`."""
        return await self.request("PUT", path, data=data, query=query, all_records=all_records)

    async def delete(self, path: str, *, all_records: bool = False, **query: object) -> Any:
        """Destroys one record, or those that match a `filter`; with `soft_delete=True` it deletes.

        Not sent again if the server may have acted, because the second request would not find the record. Raises
        `InvalidArgument` for many without a filter, unless `all_records` is true.
        """
        return await self.request("DELETE", path, query=query, all_records=all_records)

    async def request(
        self,
        method: Method,
        path: str,
        *,
        data: object = None,
        query: Mapping[str, object] | None = None,
        all_records: bool = False,
    ) -> Any:
        """The parsed JSON of the response; None without a body. Raises any `TwentyError`.

        A change of many without a filter is refused with `InvalidArgument`, as in `patch`.
        """
        path, _, written = path.partition("?")
        relative = quote(path.strip("/").removeprefix("rest/").strip("/"), safe="/:")
        parameters = {name: _plain(value) for name, value in (query or {}).items() if value is not None}
        everything = "&".join(filter(None, (written, urlencode(parameters, doseq=True))))
        parts = relative.split("/")
        for part in parts:
            if problem := id_problem(unquote(part)):
                raise InvalidArgument(f"{method} /rest/{relative}: {problem}.")
        if method in _CHANGING and _is_many(parts) and not all_records and not _restricts(everything):
            raise InvalidArgument(
                f"{method} /rest/{relative} without a filter would change every record: give a filter with a "
                "condition, or all_records=True."
            )
        send = partial(
            self.send,
            method,
            relative,
            query=everything,
            body=None if data is None else encode_json(data),
            read=_read,
            repeatable=method in ("PUT", "PATCH") and _is_one(parts),
        )
        creates = method == "POST" and "upsert=" not in everything and (len(parts) == 1 or parts[0] == "batch")
        ids = ids_of(data) if creates and parts[0] not in _NO_RECORDS else None
        try:
            if ids is None:
                return await send()
            return await create_settled(ids, send, partial(stored, self.get, parts, ids))
        except InvalidInput as error:
            if advice := _instead(f"{method} /rest/{relative}"):
                error.args = (f"{error.message} {advice}",)
            raise

    async def send(
        self,
        method: Method,
        path: str,
        *,
        read: Callable[[Reply], T],
        query: str = "",
        body: bytes | None = None,
        reads: bool | None = None,
        repeatable: bool = False,
        on_retry: Callable[[TwentyError], object] | None = None,
    ) -> T:
        """The result of a request with encoded parts. `reads` are repeatable; by default every GET is one."""
        if reads is None:
            reads = method == "GET"
        return await self._engine.send(
            Call(
                name=f"{method} /rest/{path}",
                kind=method,
                url=f"{self._base_url}/rest/{path}" + (f"?{query}" if query else ""),
                read=read,
                body=body,
                method=method,
                reads=reads,
                repeatable=reads or repeatable,
                limited=not path.startswith(("metadata", "open-api")),
                on_retry=on_retry,
                terms=self._terms,
            )
        )


def _is_many(parts: list[str]) -> bool:
    """Whether the path names an object rather than a record."""
    return parts[0] not in _NO_RECORDS and (len(parts) == 1 or (parts[0] in _MANY and len(parts) == 2))


def _is_one(parts: list[str]) -> bool:
    return not _is_many(parts) and parts[0] not in _MANY and parts[-1] not in _ACTIONS


def _restricts(query: str) -> bool:
    """Whether there is a filter other than empty brackets."""
    filters = parse_qs(query).get("filter", [])
    return any(re.sub(r"\b(and|or|not)\b|[\s(),]", "", text) for text in filters)


def _instead(request: str) -> str:
    """The alternative to a refused request, if the server has one."""
    for pattern, advice in _NOT_SERVED:
        if match := re.fullmatch(pattern, request):
            return f"The server has no such path: {advice.format(**match.groupdict())}."
    return ""


def _plain(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _read(reply: Reply) -> Any:
    if reply.status == 204:
        return None
    if error := failure(reply, graphql=False):
        raise error
    return from_json(reply.body)
