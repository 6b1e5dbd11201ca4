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
"""The seconds of `Retry-After`, if the server doesn't say any."""


def add_twenty(app: FastAPI, make: Callable[[], Client] = Twenty) -> None:
    """Opens a client when the application starts, closes it when it ends, and answers its errors by `response_of`.

    `make` creates the client: `lambda: Twenty(timeout=5)`, or the `Twenty` of a generated package. The application's
    own lifespan runs while the client is open.
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
    """The client of the application: `Annotated[my_crm.Twenty, Depends(twenty_of)]` for a generated one."""
    try:
        return connection.app.state.twenty
    except AttributeError:
        raise RuntimeError("the application has no client: call add_twenty(app), and run its lifespan") from None


TwentyClient: TypeAlias = Annotated[Twenty, Depends(twenty_of)]
"""The client as a parameter of a path operation."""


def response_of(error: TwentyError) -> JSONResponse:
    """An error as an HTTP response, like FastAPI's own: with details if the caller made a mistake, else without.

    404 for a missing record, 409 for a unique value that exists or a record that somebody else has changed, 422 for
    invalid values, 403 for missing permissions, 503 with `Retry-After` at the rate limit, 504 for a timeout, else 502.
    """
    match error:
        case NotFoundError():
            return _json_response(404, "no such record")
        case DuplicateRecord():
            return _json_response(409, "a record with these values exists", id=error.conflicting_id)
        case StaleRecord():
            return _json_response(409, "somebody else has changed the record")
        case InvalidArgument() | InvalidInput():
            return _json_response(422, str(error.args[0]) if error.args else "invalid values")
        case PermissionDenied():
            return _json_response(403, "the CRM does not allow this")
        case RateLimited():
            response = _json_response(503, "the CRM is busy")
            response.headers["Retry-After"] = str(round(error.retry_after or _BUSY))
            return response
        case RequestTimeout():
            return _json_response(504, "the CRM did not respond in time")
    return _json_response(502, "the CRM responded unexpectedly")


def _json_response(status: int, detail: str, **more: str | None) -> JSONResponse:
    return JSONResponse({"detail": detail, **{name: value for name, value in more.items() if value}}, status)


async def _refuse(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TwentyError)
    response = response_of(error)
    if response.status_code >= 500:
        _log.error("%s %s: %s", request.method, request.url.path, error)
    return response
