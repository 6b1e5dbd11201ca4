"""The key before the passwords of ~/.netrc, for sessions that look there (`trust_env`).

aiohttp replaces an Authorization header by what it finds there, or refuses both, as it is older or newer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

    from aiotwenty.transport.keys import Key


def before_netrc(key: Key, session: aiohttp.ClientSession) -> dict[str, Any]:
    """What else a request is given that has no Authorization header yet."""
    if not hasattr(aiohttp, "ClientMiddlewareType"):
        return {"auth": _Bearer.of(key)}

    async def authorize(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        request.headers["Authorization"] = key.authorization
        return await handler(request)

    # Those of a request are instead of those of its session.
    return {"middlewares": (*getattr(session, "_middlewares", ()), authorize)}


class _Bearer(aiohttp.BasicAuth):
    """The key as an older aiohttp takes it in place of a password."""

    authorization: str

    @classmethod
    def of(cls, key: Key) -> _Bearer:
        bearer = cls("key")
        bearer.authorization = key.authorization
        return bearer

    def encode(self) -> str:
        return self.authorization
