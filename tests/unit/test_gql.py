"""`TwentyTransport` under a plain `gql.Client`."""

from __future__ import annotations

import asyncio

import gql
import pytest

from aiotwenty import NotFoundError, Twenty, TwentyTransport
from aiotwenty.sandbox import Sandbox


async def test_gql_runs_documents_through_the_transport(twenty_sandbox: Sandbox) -> None:
    transport = TwentyTransport(f"{twenty_sandbox.url}/graphql", api_key=twenty_sandbox.api_key)
    document = gql.gql("mutation($d: CompanyCreateInput!) { createCompany(data: $d) { name } }")
    document.variable_values = {"d": {"name": "Acme"}}
    for _ in range(2):
        async with gql.Client(transport=transport) as session:
            result = await session.execute(document)
            assert result == {"createCompany": {"name": "Acme"}}


async def test_a_transport_takes_the_key_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, twenty_sandbox: Sandbox
) -> None:
    monkeypatch.setenv("TWENTY_API_KEY", twenty_sandbox.api_key)
    async with gql.Client(transport=TwentyTransport(f"{twenty_sandbox.url}/graphql")) as session:
        assert await session.execute(gql.gql("{ companies { totalCount } }")) == {"companies": {"totalCount": 0}}


async def test_gql_can_introspect_and_validate(twenty_sandbox: Sandbox) -> None:
    transport = TwentyTransport(f"{twenty_sandbox.url}/graphql", api_key=twenty_sandbox.api_key)
    async with gql.Client(transport=transport, fetch_schema_from_transport=True) as session:
        assert session.client.schema is not None
        assert session.client.schema.query_type is not None
        assert "companies" in session.client.schema.query_type.fields
        assert (await session.execute(gql.gql("{ companies { totalCount } }")))["companies"]["totalCount"] == 0


async def test_gql_gets_our_errors_and_our_retries() -> None:
    async with Sandbox(faults=["reset-before:count=1"]) as sandbox:
        transport = TwentyTransport(f"{sandbox.url}/graphql", api_key=sandbox.api_key)
        query = '{ company(filter: {id: {eq: "0f12a159-3b7b-4ac4-80b8-8b14e33530dc"}}) { id } }'
        async with gql.Client(transport=transport) as session:
            with pytest.raises(NotFoundError):
                await session.execute(gql.gql(query))


async def test_a_clients_transport_stays_open_when_gql_is_done(twenty_sandbox: Sandbox) -> None:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        async with gql.Client(transport=twenty.endpoint("graphql")) as session:
            results = await asyncio.gather(
                *(session.execute(gql.gql("{ companies { totalCount } }")) for _ in range(20))
            )
            assert len(results) == 20
        assert await twenty.companies.count() == 0


def test_gql_works_without_a_running_loop() -> None:
    async def query(client: gql.Client) -> object:
        async with client as session:
            return await session.execute(gql.gql("{ companies { totalCount } }"))

    async def main() -> object:
        async with Sandbox() as sandbox:
            return await query(gql.Client(transport=TwentyTransport(f"{sandbox.url}/graphql", api_key=sandbox.api_key)))

    assert asyncio.run(main()) == {"companies": {"totalCount": 0}}
