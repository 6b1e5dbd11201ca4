"""`aiotwenty objects`, `query` and `playground`, as a user runs them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox

COMMAND = [sys.executable, "-c", "from aiotwenty.cli import main; main()"]


@dataclass(frozen=True)
class Ran:
    code: int | None
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(server: Sandbox, **more: str) -> dict[str, str]:
    return {**os.environ, "TWENTY_API_URL": server.url, "TWENTY_API_KEY": server.api_key, "NO_COLOR": "1", **more}


async def aiotwenty(server: Sandbox, *arguments: str, given: str = "", **more: str) -> Ran:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(server, **more),
    )
    out, err = await process.communicate(given.encode())
    assert server.api_key.encode() not in out + err
    return Ran(process.returncode, out.decode(), err.decode())


async def test_objects_are_listed_with_their_names(server: Sandbox, twenty: Twenty, rocket: str) -> None:
    await twenty.workspace.create_object(rocket, f"{rocket}s")
    listed = await aiotwenty(server, "objects")
    assert listed.code == 0, listed.err
    rows = {line.split("│")[1].strip(): line for line in listed.out.splitlines() if "│" in line}
    assert "custom" in rows[rocket]
    assert "people" in rows["person"]


async def test_the_fields_of_one_object_are_listed(server: Sandbox) -> None:
    listed = await aiotwenty(server, "objects", "opportunity")
    assert listed.code == 0, listed.err
    [stage] = [line for line in listed.out.splitlines() if line.startswith("│ stage ")]
    assert "SELECT" in stage
    assert "MEETING" in stage
    assert "→ company" in listed.out


async def test_objects_are_given_to_machines_as_json(server: Sandbox) -> None:
    objects = (await aiotwenty(server, "objects", "--json")).json
    assert {"company", "person"} <= {one["nameSingular"] for one in objects}
    assert (await aiotwenty(server, "objects", "company", "--json")).json["namePlural"] == "companies"


@pytest.mark.parametrize("way", ["argument", "file", "standard input"])
async def test_a_document_is_run_from_anywhere(server: Sandbox, tmp_path: Path, way: str) -> None:
    document = "mutation($data: CompanyCreateInput!) { createCompany(data: $data) { name } }"
    file = tmp_path / "create.graphql"
    file.write_text(document)
    where = {"argument": document, "file": str(file), "standard input": "-"}[way]
    ran = await aiotwenty(server, "query", where, "--variables", '{"data": {"name": "Łódź"}}', given=document)
    assert ran.code == 0, ran.err
    assert ran.json == {"createCompany": {"name": "Łódź"}}
    assert "Łódź" in ran.out


async def test_variables_may_come_from_a_file(server: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "variables.json"
    file.write_text('{"n": 0}')
    ran = await aiotwenty(
        server, "query", "query($n: Int) { companies(first: $n) { edges { node { id } } } }", "--variables", f"@{file}"
    )
    assert ran.json == {"companies": {"edges": []}}


async def test_the_data_model_is_asked_with_endpoint_metadata(server: Sandbox) -> None:
    ran = await aiotwenty(server, "query", "{ currentWorkspace { id } }", "--endpoint", "metadata")
    assert ran.json["currentWorkspace"]["id"]


async def test_what_succeeded_is_printed_although_the_rest_failed(server: Sandbox) -> None:
    ran = await aiotwenty(server, "query", "{ companies { totalCount } people(first: -1) { totalCount } }")
    assert ran.code == 1
    assert ran.json["companies"]["totalCount"] >= 0
    assert "First argument must be non-negative" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("query", "nowhere.graphql"), 2, "no such file"),
        (("query", "{ companies { totalCount } }", "--variables", "[1]"), 2, "JSON object"),
        (("query", "{ companies { totalCount } }", "--variables", "{"), 2, "--variables"),
        (("query", "{ companies { totalCount } }", "--endpoint", "rest"), 2, "--endpoint"),
        (("query", "{ companies {"), 1, "Syntax Error"),
        (("query", "--read-only", "{ createCompany(data: {}) { id } }"), 2, "would write"),
        (("objects", "compny"), 1, "did you mean 'company'"),
    ],
)
async def test_a_mistake_is_told_with_its_exit_code(
    server: Sandbox, arguments: tuple[str, ...], code: int, says: str
) -> None:
    ran = await aiotwenty(server, *arguments)
    assert ran.code == code
    assert says in ran.err
    assert "Traceback" not in ran.err


async def test_a_wrong_key_ends_with_exit_code_3(server: Sandbox) -> None:
    ran = await aiotwenty(server, "objects", TWENTY_API_KEY="eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln")
    assert ran.code == 3
    assert len(ran.err.strip().splitlines()) == 1


async def test_the_playground_prints_its_address_and_ends_with_ctrl_c(server: Sandbox) -> None:
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        "playground",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(server, PYTHONUNBUFFERED="1"),
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    try:
        async with aiohttp.ClientSession() as browser, browser.get(url) as response:
            assert response.status == 200
    finally:
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert "Traceback" not in err.decode()
