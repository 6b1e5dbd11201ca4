"""The web app with FastAPI: `uvicorn --factory examples.web_fastapi:make_app`, then http://127.0.0.1:8000/docs

`Select` models and generated models are its request bodies and responses. Otherwise it is like web_app.py.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.routing import Route

from aiotwenty import Select, Twenty, TwentyError
from aiotwenty.core import Company, CompanyCreateInput, Links
from examples.web_shared import Changes, health, matching, refusal_of

log = logging.getLogger(__name__)


class CompanyCard(Select[Company]):
    """The fields of a company that this app reads and returns."""

    id: UUID
    name: str | None
    domain_name: Links | None


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[None]:
    async with Twenty() as twenty:
        app.state.twenty = twenty
        yield


def the_client(request: Request) -> Twenty:
    twenty: Twenty = request.app.state.twenty
    return twenty


Client: TypeAlias = Annotated[Twenty, Depends(the_client)]


async def search(twenty: Client, q: str = "") -> list[CompanyCard]:
    """The first 20 companies whose name contains `q`."""
    return (await twenty.companies.find_many(select=CompanyCard, filter=matching(q), first=20)).records


async def one(twenty: Client, id: str) -> CompanyCard:
    return await twenty.companies.find_one(id, select=CompanyCard)


async def create(twenty: Client, company: CompanyCreateInput) -> CompanyCard:
    return await twenty.companies.create_one(company, select=CompanyCard)


async def changes(request: Request) -> dict[str, Any]:
    told: Changes = request.app.state.changes
    return told.page()


async def healthy(twenty: Client) -> JSONResponse:
    status, told = await health(twenty)
    return JSONResponse(told, status)


async def refuse(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TwentyError)
    refusal = refusal_of(error)
    if refusal.status >= 500:
        log.error("Twenty: %s", error)
    return JSONResponse(refusal.body, refusal.status, refusal.headers)


def make_app() -> FastAPI:
    app = FastAPI(lifespan=connected, exception_handlers={TwentyError: refuse})
    app.state.changes = Changes()
    app.get("/companies")(search)
    app.get("/companies/{id}")(one)
    app.post("/companies", status_code=201)(create)
    app.get("/changes")(changes)
    app.get("/health")(healthy)
    app.routes.append(Route("/hook", app.state.changes.receiver))
    return app
