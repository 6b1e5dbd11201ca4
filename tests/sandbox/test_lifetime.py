"""A sandbox starts, stops, keeps what it should, and says where it is."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import subprocess
import sys
import urllib.request
import warnings
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from graphql import GraphQLObjectType

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox, serve
from aiotwenty.sandbox.model.catalogue import standard_model
from aiotwenty.sandbox.model.schema import CoreSchema
from aiotwenty.sandbox.records.aggregates import aggregates_of
from tests.support.imports import added_by

pytest_plugins = ["pytester"]


async def ask(sandbox: Sandbox, query: str, path: str = "/graphql", **variables: Any) -> Any:
    headers = {"Authorization": f"Bearer {sandbox.api_key}"}
    body = {"query": query, "variables": variables}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(sandbox.url + path, json=body) as response,
    ):
        found = json.loads(await response.read())
    assert "errors" not in found, found["errors"]
    return found["data"]


async def test_a_fresh_sandbox_has_one_member_and_nothing_else(twenty_sandbox: Sandbox) -> None:
    found = await ask(twenty_sandbox, "{workspaceMembers{totalCount} companies{totalCount} people{totalCount}}")

    assert found == {
        "workspaceMembers": {"totalCount": 1},
        "companies": {"totalCount": 0},
        "people": {"totalCount": 0},
    }


async def test_a_database_file_keeps_records_objects_keys_and_webhooks(tmp_path: Path) -> None:
    file = tmp_path / "crm.db"
    async with Sandbox(file) as sandbox:
        key = sandbox.api_key
        names = {"nameSingular": "ship", "namePlural": "ships", "labelSingular": "Ship", "labelPlural": "Ships"}
        create = "mutation($i:CreateOneObjectInput!){createOneObject(input:$i){id}}"
        await ask(sandbox, create, "/metadata", i={"object": names})
        hook = {"targetUrl": "http://127.0.0.1:1/", "operations": ["pet.created"]}
        await ask(sandbox, "mutation($i:CreateWebhookInput!){createWebhook(input:$i){id}}", "/metadata", i=hook)
        await ask(sandbox, 'mutation{createShip(data:{name:"Argo"}){id}}')
        await ask(sandbox, 'mutation{createCompany(data:{name:"a"}){id}}')

    async with Sandbox(file) as sandbox:
        found = await ask(sandbox, "{ships{edges{node{name}}} companies{totalCount} workspaceMembers{totalCount}}")
        hooks = await ask(sandbox, "{webhooks{targetUrl}}", "/metadata")
        position = await ask(sandbox, 'mutation{createCompany(data:{name:"b"}){position}}')

    assert sandbox.api_key == key
    assert found == {
        "ships": {"edges": [{"node": {"name": "Argo"}}]},
        "companies": {"totalCount": 1},
        "workspaceMembers": {"totalCount": 1},
    }
    assert hooks == {"webhooks": [{"targetUrl": "http://127.0.0.1:1/"}]}
    assert position == {"createCompany": {"position": -1}}


async def test_what_changes_one_sandbox_changes_no_other() -> None:
    """Those of a process share the schema, as long as they have the same."""
    fields = '{ __type(name: "Company") { fields { name } } }'
    async with Sandbox() as one, Sandbox() as other:
        before = await ask(other, fields)
        assert await ask(one, fields) == before
        async with Twenty(one.url, api_key=one.api_key) as twenty:
            await twenty.workspace.create_field("company", "mood", "TEXT")
        assert {"name": "mood"} in (await ask(one, fields))["__type"]["fields"]
        assert await ask(other, fields) == before
        async with Twenty(other.url, api_key=other.api_key) as twenty:
            await twenty.workspace.create_field("company", "humour", "TEXT")
        assert {"name": "mood"} not in (await ask(other, fields))["__type"]["fields"]


async def test_a_database_belongs_to_one_sandbox_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "crm.db"
    async with Sandbox(file):
        with pytest.raises(OSError, match=r"crm\.db: another sandbox has it open"):
            await Sandbox(file).start()
    async with Sandbox(file):
        pass


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but longer than the head of one" * 10)

    with pytest.raises(OSError, match=r"notes\.txt: file is not a database"):
        await Sandbox(file).start()
    with pytest.raises(OSError, match="unable to open database file"):
        await Sandbox(tmp_path / "nowhere" / "crm.db").start()


async def test_what_was_answered_is_kept_when_the_server_is_killed(tmp_path: Path) -> None:
    code = (
        "import asyncio, functools, sys\n"
        "from aiotwenty.sandbox import serve\n"
        "asyncio.run(serve(database=sys.argv[1], echo=functools.partial(print, flush=True)))"
    )
    file = tmp_path / "crm.db"
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(file), stdout=asyncio.subprocess.PIPE)
    assert server.stdout is not None
    lines = [(await server.stdout.readline()).decode().strip() for _ in range(3)]
    told = dict(line.split("=", 1) for line in lines if "=" in line)
    headers = {"Authorization": f"Bearer {told['TWENTY_API_KEY']}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        body = {"query": "mutation($d:[X]){createCompanies(data:$d){id}}", "variables": {"d": [{}] * 150}}
        async with session.post(told["TWENTY_API_URL"] + "/graphql", json=body) as response:
            assert "errors" not in await response.json()
    server.kill()
    await server.communicate()

    async with Sandbox(file) as sandbox:
        assert sandbox.api_key == told["TWENTY_API_KEY"]
        assert await ask(sandbox, "{companies{totalCount}}") == {"companies": {"totalCount": 150}}


async def test_a_taken_port_is_an_error_and_leaves_nothing_open(twenty_sandbox: Sandbox) -> None:
    with pytest.raises(OSError, match="address already in use"):
        await Sandbox(port=twenty_sandbox.port).start()


async def test_it_says_where_it_listens_once_it_answers() -> None:
    lines: list[str] = []
    stop, told = asyncio.Event(), asyncio.Event()

    def echo(line: str) -> None:
        lines.append(line)
        if line.startswith("TWENTY_API_KEY="):
            told.set()

    running = asyncio.create_task(serve(echo=echo, stop=stop))
    await told.wait()
    said = dict(line.split("=", 1) for line in lines if line.startswith("TWENTY_"))
    headers = {"Authorization": f"Bearer {said['TWENTY_API_KEY']}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(said["TWENTY_API_URL"] + "/graphql", json={"query": "{companies{totalCount}}"}) as response,
    ):
        assert await response.json() == {"data": {"companies": {"totalCount": 0}}}
    stop.set()
    await running

    assert lines[0].startswith("Sandbox listens on 127.0.0.1 port ")
    assert "this machine only" in lines[0]


def test_starting_adds_little_to_what_it_stands_on() -> None:
    """How long it takes is measured by the benchmarks."""
    start = """
import asyncio
from aiotwenty.sandbox import Sandbox
async def main():
    async with Sandbox():
        pass
asyncio.run(main())
"""
    added = added_by(start, base="import aiohttp.web, graphql, sqlite3")
    assert len(added.own) <= 90
    assert added.of_others == set()
    assert added.memory <= 1.4


def test_the_schema_and_the_database_have_the_same_aggregates() -> None:
    model = standard_model()
    schema = CoreSchema(model).current()

    for of in model.objects.values():
        connection = schema.type_map[f"{of.type_name}Connection"]
        assert isinstance(connection, GraphQLObjectType)
        assert set(connection.fields) - {"edges", "pageInfo"} == set(aggregates_of(of)), of.name_singular


def test_a_synchronous_test_has_the_fixture(twenty_sandbox: Sandbox) -> None:
    request = urllib.request.Request(
        f"{twenty_sandbox.url}/graphql",
        data=json.dumps({"query": "{companies{totalCount}}"}).encode(),
        headers={"Authorization": f"Bearer {twenty_sandbox.api_key}", "Content-Type": "application/json"},
    )

    with urllib.request.urlopen(request) as response:
        assert json.load(response) == {"data": {"companies": {"totalCount": 0}}}


async def test_an_asynchronous_test_has_the_fixture(twenty_sandbox: Sandbox) -> None:
    assert await ask(twenty_sandbox, "{companies{totalCount}}") == {"companies": {"totalCount": 0}}


def test_other_projects_find_the_fixture_and_may_give_it_options(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def twenty_sandbox_options():
            return {"strict": True}

        def test_it(twenty_sandbox):
            assert twenty_sandbox.strict
        """
    )

    settings = ("-p", "no:cacheprovider", "-o", "asyncio_default_fixture_loop_scope=function")
    pytester.runpytest_inprocess(*settings).assert_outcomes(passed=1)


def test_the_plugin_loads_no_server() -> None:
    code = "import sys, aiotwenty.sandbox.pytest_plugin; print([m for m in ('aiohttp', 'graphql') if m in sys.modules])"

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


async def test_a_connection_that_was_just_accepted_is_closed_with_it() -> None:
    sandbox = Sandbox()
    await sandbox.start()
    with socket.create_connection(("127.0.0.1", sandbox.port)), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        await asyncio.sleep(0)  # the loop accepts it
        await asyncio.sleep(0)  # and has yet to make its transport
        await sandbox.aclose()
        gc.collect()
    assert [str(warning.message) for warning in warned] == []
