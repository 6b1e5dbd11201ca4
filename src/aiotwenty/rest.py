"""Twenty's REST API, for what GraphQL does not offer; through the same engine, with the same errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote, urlencode

from pydantic_core import from_json

from aiotwenty.graphql.encode import encode_json
from aiotwenty.transport.engine import Engine
from aiotwenty.transport.exchange import Call, Reply
from aiotwenty.transport.failures import failure

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Rest:
    """`await twenty.rest.get("people", limit=2)`: paths are relative to `/rest`, results are the JSON as it came.

    A path may also be written as Twenty's documentation does: `/rest/people?limit=2`. Of the query, what is None is
    left out, and booleans are sent as `true` and `false`.

    Lists have at most 200 records a page, 60 by default (Twenty, July 2026).
    """

    def __init__(self, base_url: str, engine: Engine) -> None:
        self._base_url = base_url
        self._engine = engine

    async def get(self, path: str, **query: object) -> Any:
        """Sent again on failures, like every read."""
        return await self.request("GET", path, query=query)

    async def post(self, path: str, data: object, **query: object) -> Any:
        """Creates; not sent again once the server may have acted."""
        return await self.request("POST", path, data=data, query=query)

    async def patch(self, path: str, data: object, **query: object) -> Any:
        """Updates one record: repeats safely."""
        return await self.request("PATCH", path, data=data, query=query)

    async def put(self, path: str, data: object, **query: object) -> Any:
        """Updates one record: repeats safely."""
        return await self.request("PUT", path, data=data, query=query)

    async def delete(self, path: str, **query: object) -> Any:
        """Not sent again once the server may have acted: the second time it would not find the record."""
        return await self.request("DELETE", path, query=query)

    async def request(
        self, method: Method, path: str, *, data: object = None, query: Mapping[str, object] | None = None
    ) -> Any:
        """The parsed JSON of the answer; None where it has no body. Raises any `TwentyError`."""
        path, _, written = path.partition("?")
        relative = quote(path.strip("/").removeprefix("rest/"), safe="/:")
        url = f"{self._base_url}/rest/{relative}"
        given = {name: _plain(value) for name, value in (query or {}).items() if value is not None}
        if everything := "&".join(filter(None, (written, urlencode(given, doseq=True)))):
            url += f"?{everything}"
        return await self._engine.send(
            Call(
                name=f"{method} /rest/{relative}",
                kind=method,
                url=url,
                read=_read,
                body=None if data is None else encode_json(data),
                method=method,
                reads=method == "GET",
                repeatable=method in ("GET", "PUT", "PATCH"),
                limited=not relative.startswith(("metadata", "open-api")),
            )
        )


def _plain(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _read(reply: Reply) -> Any:
    if reply.status == 204:
        return None
    if error := failure(reply, graphql=False):
        raise error
    return from_json(reply.body)
