"""FastAPI: one client for the application, a dependency that gives it, and errors as HTTP.

    app = FastAPI()
    add_twenty(app)

    @app.get("/companies/{id}")
    async def company(twenty: TwentyClient, id: UUID) -> Company:
        return await twenty.companies.find_one(id)

Needs the extra `fastapi`.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeAlias

from aiotwenty.client import Client, Twenty
from aiotwenty.errors import (
    DuplicateRecord,
    InvalidArgument,
    InvalidInput,
    NotFoundError,
    PermissionDenied,
    RateLimited,
    RequestTimeout,
    StaleRecord,
    TwentyError,
)

try:
    from fastapi import Depends, FastAPI, Request
    from fastapi.responses import JSONResponse
    from starlette.requests import HTTPConnection
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(f"aiotwenty.fastapi needs {missing.name}: pip install 'aiotwenty[fastapi]'") from None

__all__ = ["TwentyClient", "add_twenty", "response_of", "twenty_of"]

_log = logging.getLogger(__name__)
_BUSY = 60
"""Seconds to come back in, where the server does not say."""


def add_twenty(app: FastAPI, make: Callable[[], Client] = Twenty) -> None:
    """Opens a client when the application starts, closes it when it ends, and answers its errors by `response_of`.

    `make` gives the client: `lambda: Twenty(timeout=5)`, or the `Twenty` of a package that was generated. What the
    application has for its lifespan is run inside of it.
    """
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: Any) -> AsyncIterator[Any]:
        async with make() as twenty:
            app.state.twenty = twenty
            async with inner(running) as state:
                yield state

    app.router.lifespan_context = lifespan
    app.add_exception_handler(TwentyError, _refuse)


def twenty_of(connection: HTTPConnection) -> Any:
    """The client of the application: `Annotated[my_crm.Twenty, Depends(twenty_of)]` for one that was generated."""
    try:
        return connection.app.state.twenty
    except AttributeError:
        raise RuntimeError("the application has no client: call add_twenty(app), and run its lifespan") from None


TwentyClient: TypeAlias = Annotated[Twenty, Depends(twenty_of)]
"""The client as a parameter of a path operation."""


def response_of(error: TwentyError) -> JSONResponse:
    """An error as HTTP, in the form of FastAPI's own: what the caller did wrong is told, all else only that it failed.

    404 for what is not there, 409 for a unique value that is taken or a record that somebody else has changed, 422 for
    values that cannot be right, 403 for what the role of the key may not do, 503 with `Retry-After` at the rate limit,
    504 for what took too long, else 502.
    """
    match error:
        case NotFoundError():
            return _told(404, "no such record")
        case DuplicateRecord():
            return _told(409, "a record with these values exists", id=error.conflicting_id)
        case StaleRecord():
            return _told(409, "somebody else has changed the record")
        case InvalidArgument() | InvalidInput():
            return _told(422, str(error.args[0]) if error.args else "invalid values")
        case PermissionDenied():
            return _told(403, "the CRM does not allow this")
        case RateLimited():
            response = _told(503, "the CRM is busy")
            response.headers["Retry-After"] = str(round(error.retry_after or _BUSY))
            return response
        case RequestTimeout():
            return _told(504, "the CRM did not respond in time")
    return _told(502, "the CRM responded unexpectedly")


def _told(status: int, detail: str, **more: str | None) -> JSONResponse:
    return JSONResponse({"detail": detail, **{name: value for name, value in more.items() if value}}, status)


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TwentyError)
    response = response_of(error)
    if response.status_code >= 500:
        _log.error("%s %s: %s", request.method, request.url.path, error)
    return response
