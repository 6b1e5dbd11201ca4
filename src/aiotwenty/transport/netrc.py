"""Gives the key precedence over the passwords of ~/.netrc, in sessions with `trust_env`.

An older aiohttp replaces an Authorization header by what it finds there, a newer one refuses to send both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

    from aiotwenty.transport.keys import Key


def before_netrc(key: Key, session: aiohttp.ClientSession) -> dict[str, Any]:
    """Further arguments of a request that has no Authorization header yet."""
    if not hasattr(aiohttp, "ClientMiddlewareType"):
        return {"auth": _Bearer.of(key)}

    async def authorize(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        request.headers["Authorization"] = key.authorization
        return await handler(request)

    # Middlewares of a request replace those of its session.
    return {"middlewares": (*getattr(session, "_middlewares", ()), authorize)}


class _Bearer(aiohttp.BasicAuth):
    """The key in the form that an older aiohttp accepts in place of a password."""

    authorization: str

    @classmethod
    def of(cls, key: Key) -> _Bearer:
        bearer = cls("key")
        bearer.authorization = key.authorization
        return bearer

    def encode(self) -> str:
        return self.authorization
