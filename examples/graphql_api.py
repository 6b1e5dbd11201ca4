"""A GraphQL API over the CRM: `python -m examples.graphql_api`, then POST queries to http://127.0.0.1:8080/graphql

    { people(first: 60) { name company { name } } }

Sixty people with their companies take two requests to Twenty: a DataLoader collects the ids that the resolvers of a
query need, and `find_by_ids` is its load function. Strawberry's DataLoader works with it in the same way.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from aiodataloader import DataLoader
from aiohttp import web
from graphql import GraphQLResolveInfo, build_schema, graphql
from pydantic import Field

from aiotwenty import Select, Twenty
from aiotwenty.core import Company, FullName, Person

TWENTY = web.AppKey("twenty", Twenty)
SCHEMA = build_schema(
    """
    type Query { people(first: Int = 60): [Person!]! }
    type Person { id: ID! name: String! company: Company }
    type Company { id: ID! name: String }
    """
)


class CompanyName(Select[Company]):
    id: UUID
    name: str | None


class Contact(Select[Person]):
    id: UUID
    full_name: FullName = Field(alias="name")
    company_id: UUID | None

    def name(self, info: GraphQLResolveInfo) -> str:
        """Resolves `name` of a Person."""
        return f"{self.full_name.first_name} {self.full_name.last_name}".strip()

    async def company(self, info: GraphQLResolveInfo) -> CompanyName | None:
        """Resolves `company` of a Person: once for all persons of a query."""
        loader: DataLoader[UUID, CompanyName | None] = info.context["companies"]
        return await loader.load(self.company_id) if self.company_id else None


class Query:
    """The root of each query."""

    def __init__(self, twenty: Twenty) -> None:
        self._twenty = twenty

    async def people(self, info: GraphQLResolveInfo, first: int) -> list[Contact]:
        return (await self._twenty.people.find_many(first=first, select=Contact)).records


async def answer(request: web.Request) -> web.Response:
    """Answers `{"query": …, "variables": …}`."""
    asked: dict[str, Any] = await request.json()
    twenty = request.app[TWENTY]

    async def companies(ids: list[UUID]) -> list[CompanyName | None]:
        return await twenty.companies.find_by_ids(ids, select=CompanyName)

    # What was loaded is kept for one query, and no longer.
    context = {"companies": DataLoader(companies, max_batch_size=200)}
    result = await graphql(SCHEMA, asked["query"], Query(twenty), context, asked.get("variables"))
    return web.json_response(result.formatted)


async def client(app: web.Application) -> AsyncIterator[None]:
    async with Twenty() as app[TWENTY]:
        yield


def make_app() -> web.Application:
    app = web.Application()
    app.router.add_post("/graphql", answer)
    app.cleanup_ctx.append(client)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8080)
