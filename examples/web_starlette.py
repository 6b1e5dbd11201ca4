"""The web app with Starlette: `hypercorn 'examples.web_starlette:make_app()'`, then http://127.0.0.1:8000/companies?q=air

Otherwise it is like web_app.py.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from aiotwenty import Twenty, TwentyError
from examples.web_shared import Changes, health, matching, new_company, refusal_of, shown

log = logging.getLogger(__name__)


@asynccontextmanager
async def connected(app: Starlette) -> AsyncIterator[None]:
    async with Twenty() as twenty:
        app.state.twenty = twenty
        yield


def the_client(request: Request) -> Twenty:
    twenty: Twenty = request.app.state.twenty
    return twenty


async def search(request: Request) -> JSONResponse:
    """The first 20 companies whose name contains `q`."""
    wanted = matching(request.query_params.get("q", ""))
    page = await the_client(request).companies.find_many(filter=wanted, first=20)
    return JSONResponse({"total": page.total_count, "companies": [shown(company) for company in page.records]})


async def one(request: Request) -> JSONResponse:
    return JSONResponse(shown(await the_client(request).companies.find_one(request.path_params["id"])))


async def create(request: Request) -> JSONResponse:
    """Takes `{"name": …, "domain": …}`."""
    try:
        data = new_company(await request.json())
    except (KeyError, TypeError, ValueError) as error:
        return JSONResponse({"error": f"the request makes no sense: {error}"}, 400)
    return JSONResponse(shown(await the_client(request).companies.create_one(data)), 201)


async def changes(request: Request) -> JSONResponse:
    return JSONResponse(request.app.state.changes.page())


async def healthy(request: Request) -> JSONResponse:
    status, told = await health(the_client(request))
    return JSONResponse(told, status)


async def refuse(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TwentyError)
    refusal = refusal_of(error)
    if refusal.status >= 500:
        log.error("Twenty: %s", error)
    return JSONResponse(refusal.body, refusal.status, refusal.headers)


def make_app() -> Starlette:
    told = Changes()
    app = Starlette(
        routes=[
            Route("/companies", search),
            Route("/companies", create, methods=["POST"]),
            Route("/companies/{id}", one),
            Route("/changes", changes),
            Route("/health", healthy),
            Route("/hook", told.receiver),
        ],
        lifespan=connected,
        exception_handlers={TwentyError: refuse},
    )
    app.state.changes = told
    return app
