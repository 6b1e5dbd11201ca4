"""Generated models, and those of one's own, as bodies and answers of FastAPI."""

from __future__ import annotations

from typing import Annotated, Any

import aiohttp
from fastapi import Body, FastAPI

from aiotwenty import AdditionalPhone, Select
from aiotwenty.core import (
    Company,
    CompanyCreateInput,
    CompanyFilterInput,
    CompanyOrderByInput,
    CompanyUpdateInput,
    Opportunity,
    OpportunityCreateInput,
    Person,
)
from tests.support.deliveries import company
from tests.support.serving import served_by_uvicorn


class CompanyCard(Select[Company]):
    name: str | None


class PersonAndCompany(Person):
    company: Company | None


MODELS = [
    *(Company, Opportunity, Person, CompanyCard, PersonAndCompany, AdditionalPhone),
    *(CompanyCreateInput, CompanyUpdateInput, CompanyFilterInput, CompanyOrderByInput, OpportunityCreateInput),
]


def test_models_are_bodies_and_answers_of_fastapi_without_a_warning() -> None:
    app = FastAPI()
    for number, model in enumerate(MODELS):

        async def take(given: Any) -> Any:
            return given

        take.__annotations__ = {"given": Annotated[model, Body()]}
        app.post(f"/{number}", response_model=model)(take)
    assert len(app.openapi()["paths"]) == len(MODELS)


async def test_fastapi_reads_and_writes_them_by_twentys_names() -> None:
    app = FastAPI()

    @app.post("/companies")
    async def create(data: CompanyCreateInput) -> Company:
        return Company.model_validate(
            company(
                name=data.name,
                domainName={"primaryLinkUrl": "https://air.example", "primaryLinkLabel": "", "secondaryLinks": []},
            )
        )

    async with served_by_uvicorn(app) as url, aiohttp.ClientSession() as session:
        given = {"name": "Air", "domainName": {"primaryLinkUrl": "https://air.example"}}
        async with session.post(f"{url}/companies", json=given) as response:
            answer = await response.json()
            assert response.status == 200
        async with session.post(f"{url}/companies", json={"nme": "Air"}) as response:
            assert response.status == 422
    assert answer["name"] == "Air"
    assert answer["domainName"]["primaryLinkUrl"] == "https://air.example"
    assert answer["createdAt"]
