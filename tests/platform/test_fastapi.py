"""`aiotwenty.fastapi`: a client for the application, and what it raises as HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from fastapi import FastAPI
from starlette.requests import HTTPConnection

from aiotwenty import Twenty
from aiotwenty.core import Company, CompanyCreateInput
from aiotwenty.errors import ConnectionFailed, PermissionDenied, RateLimited, RequestTimeout, StaleRecord
from aiotwenty.fastapi import TwentyClient, add_twenty, response_of, twenty_of
from aiotwenty.sandbox import Sandbox
from tests.support.serving import served_by_uvicorn


async def one(twenty: TwentyClient, id: UUID) -> Company:
    return await twenty.companies.find_one(id)


async def create(twenty: TwentyClient, company: CompanyCreateInput) -> Company:
    return await twenty.companies.create_one(company)


async def short(twenty: TwentyClient) -> int:
    return len(await twenty.companies.find_many(last=3))


async def test_an_application_reads_writes_and_refuses(server: Sandbox) -> None:
    app = FastAPI()
    add_twenty(app, lambda: Twenty(server.url, api_key=server.api_key))
    app.get("/companies/{id}")(one)
    app.post("/companies")(create)
    app.get("/short")(short)

    async with served_by_uvicorn(app) as url, aiohttp.ClientSession(url) as browser:

        async def answer(method: str, path: str, **options: Any) -> tuple[int, Any]:
            async with browser.request(method, path, **options) as response:
                return response.status, await response.json()

        body = {"name": "Air", "domainName": {"primaryLinkUrl": f"https://{uuid4()}.example"}}
        status, company = await answer("POST", "/companies", json=body)
        assert status == 200, company
        assert (await answer("GET", f"/companies/{company['id']}"))[1]["name"] == "Air"
        missing = await answer("GET", f"/companies/{uuid4()}")
        assert missing == (404, {"detail": "no such record"})
        status, taken = await answer("POST", "/companies", json=body)
        assert (status, taken["id"]) == (409, company["id"])
        assert (await answer("POST", "/companies", json={"nmae": "x"}))[0] == 422
        status, refused = await answer("GET", "/short")
        assert (status, "`last` needs `before`" in refused["detail"]) == (422, True)
        _, api = await answer("GET", "/openapi.json")
    parameters = api["paths"]["/companies/{id}"]["get"]["parameters"]
    assert [parameter["name"] for parameter in parameters] == ["id"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StaleRecord("changed"), 409),
        (PermissionDenied("no"), 403),
        (RateLimited("slow"), 503),
        (RequestTimeout("late"), 504),
        (ConnectionFailed("connection to crm.internal refused"), 502),
    ],
)
def test_what_is_not_the_callers_fault_is_not_told(error: Exception, status: int) -> None:
    response = response_of(error)  # type: ignore[arg-type]
    assert response.status_code == status
    assert b"internal" not in bytes(response.body)
    assert (response.headers.get("Retry-After") is not None) == (status == 503)


def test_an_application_without_a_client_says_so() -> None:
    connection = HTTPConnection({"type": "http", "app": FastAPI()})
    with pytest.raises(RuntimeError, match="add_twenty"):
        twenty_of(connection)
