"""The web app with Litestar: `uvicorn --factory examples.web_litestar:make_app`, then http://127.0.0.1:8000/companies?q=air

Otherwise it is like web_app.py.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request, Response, asgi, get, post
from litestar.datastructures import State
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import Receive, Scope, Send

from aiotwenty import Twenty, TwentyError
from examples.web_shared import Changes, health, matching, new_company, refusal_of, shown

log = logging.getLogger(__name__)


@asynccontextmanager
async def connected(app: Litestar) -> AsyncIterator[None]:
    async with Twenty() as twenty:
        app.state.twenty = twenty
        yield


@get("/companies")
async def search(state: State, q: FromQuery[str] = "") -> dict[str, Any]:
    """The first 20 companies whose name contains `q`."""
    twenty: Twenty = state.twenty
    page = await twenty.companies.find_many(filter=matching(q), first=20)
    return {"total": page.total_count, "companies": [shown(company) for company in page.records]}


@get("/companies/{id:str}")
async def one(state: State, id: FromPath[str]) -> dict[str, str | None]:
    twenty: Twenty = state.twenty
    return shown(await twenty.companies.find_one(id))


@post("/companies")
async def create(state: State, data: JSONBody[dict[str, Any]]) -> Response[dict[str, Any]]:
    """Takes `{"name": …, "domain": …}`."""
    twenty: Twenty = state.twenty
    try:
        company = new_company(data)
    except (KeyError, TypeError, ValueError) as error:
        return Response({"error": f"the request makes no sense: {error}"}, status_code=400)
    return Response(dict(shown(await twenty.companies.create_one(company))), status_code=201)


@get("/changes")
async def changes(state: State) -> dict[str, Any]:
    told: Changes = state.changes
    return told.page()


@get("/health")
async def healthy(state: State) -> Response[dict[str, str]]:
    status, told = await health(state.twenty)
    return Response(told, status_code=status)


def refuse(request: Request[Any, Any, Any], error: TwentyError) -> Response[dict[str, Any]]:
    refusal = refusal_of(error)
    if refusal.status >= 500:
        log.error("Twenty: %s", error)
    return Response(refusal.body, status_code=refusal.status, headers=refusal.headers)


def make_app() -> Litestar:
    told = Changes()

    @asgi("/hook", copy_scope=True)
    async def hook(scope: Scope, receive: Receive, send: Send) -> None:
        await told.receiver(scope, receive, send)  # type: ignore[arg-type]

    return Litestar(
        [search, one, create, changes, healthy, hook],
        lifespan=[connected],
        exception_handlers={TwentyError: refuse},
        state=State({"changes": told}),
        logging_config=None,
    )
