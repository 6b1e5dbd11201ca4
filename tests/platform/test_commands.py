"""`aiotwenty objects`, `query` and `playground`, as a user runs them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox
from tests.support.terminal import Ran, Terminal

Aiotwenty = Callable[..., Awaitable[Ran]]
COMMAND = [sys.executable, "-c", "from aiotwenty.cli import main; main()"]


def environment(server: Sandbox, **more: str) -> dict[str, str]:
    return {**os.environ, "TWENTY_API_URL": server.url, "TWENTY_API_KEY": server.api_key, "NO_COLOR": "1", **more}


@pytest.fixture
def aiotwenty(server: Sandbox, terminal: Terminal) -> Aiotwenty:
    """Runs a command with a key of the sandbox, which no command shows."""

    async def run(*arguments: str, typed: str = "") -> Ran:
        ran = await terminal.run(*arguments, typed=typed)
        assert server.api_key not in ran.out + ran.err
        return ran

    terminal.connect(server.url, server.api_key)
    return run


async def test_objects_are_listed_with_their_names(aiotwenty: Aiotwenty, twenty: Twenty, rocket: str) -> None:
    await twenty.workspace.create_object(rocket, f"{rocket}s")
    listed = await aiotwenty("objects")
    assert listed.code == 0, listed.err
    rows = {line.split("\t")[0]: line for line in listed.out.splitlines()}
    assert "custom" in rows[rocket]
    assert "people" in rows["person"]


async def test_the_fields_of_one_object_are_listed(aiotwenty: Aiotwenty) -> None:
    listed = await aiotwenty("objects", "opportunity")
    assert listed.code == 0, listed.err
    [stage] = [line for line in listed.out.splitlines() if line.startswith("stage\t")]
    assert "SELECT" in stage
    assert "MEETING" in stage
    assert "→ company" in listed.out


async def test_objects_are_given_to_machines_as_json(aiotwenty: Aiotwenty) -> None:
    objects = (await aiotwenty("objects", "--json")).json
    assert {"company", "person"} <= {one["nameSingular"] for one in objects}
    assert (await aiotwenty("objects", "company", "--json")).json["namePlural"] == "companies"


@pytest.mark.parametrize("way", ["argument", "file", "standard input"])
async def test_a_document_is_run_from_anywhere(aiotwenty: Aiotwenty, tmp_path: Path, way: str) -> None:
    document = "mutation($data: CompanyCreateInput!) { createCompany(data: $data) { name } }"
    file = tmp_path / "create.graphql"
    file.write_text(document)
    where = {"argument": document, "file": str(file), "standard input": "-"}[way]
    ran = await aiotwenty("query", where, "--variables", '{"data": {"name": "Łódź"}}', typed=document)
    assert ran.code == 0, ran.err
    assert ran.json == {"createCompany": {"name": "Łódź"}}
    assert "Łódź" in ran.out


async def test_variables_may_come_from_a_file(aiotwenty: Aiotwenty, tmp_path: Path) -> None:
    file = tmp_path / "variables.json"
    file.write_text('{"n": 0}')
    ran = await aiotwenty(
        "query", "query($n: Int) { companies(first: $n) { edges { node { id } } } }", "--variables", f"@{file}"
    )
    assert ran.json == {"companies": {"edges": []}}


async def test_the_data_model_is_asked_with_endpoint_metadata(aiotwenty: Aiotwenty) -> None:
    ran = await aiotwenty("query", "{ currentWorkspace { id } }", "--endpoint", "metadata")
    assert ran.json["currentWorkspace"]["id"]


async def test_a_misspelt_field_is_told_of_and_with_no_validate_sent_as_it_is(aiotwenty: Aiotwenty) -> None:
    document = "{ companies(first: 1) { edges { node { nmae } } totalCount } }"
    ran = await aiotwenty("query", document)
    assert ran.code == 2
    assert "did you mean 'name'" in ran.err.replace('"', "'").lower()
    assert ran.out == ""
    ran = await aiotwenty("query", "--no-validate", document)
    assert ran.code == 0, ran.err
    assert all(edge["node"] == {"nmae": None} for edge in ran.json["companies"]["edges"])
    assert ran.json["companies"]["totalCount"] >= 0


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (
            "query Q {\n  companies {\n    edges { node { name, }\n  totalCount }\n\n",
            ["  {file}:4:15: Expected Name, found the end of the document.", "    totalCount }", "                ^"],
        ),
        (
            "{\n  companies { totalCount } }\n}\n",
            ["  {file}:3:1: Unexpected '}'.", "    }", "    ^"],
        ),
        (
            '{ companies(filter: {name: {eq: "日本"}}) { ? }',
            [
                "  {file}:1:43: Unexpected character: '?'.",
                '    { companies(filter: {name: {eq: "日本"}}) { ? }',
                " " * 48 + "^",
            ],
        ),
    ],
    ids=["at the end", "inside", "behind wide characters"],
)
async def test_a_syntax_error_is_shown_with_its_line_and_not_sent(
    terminal: Terminal, tmp_path: Path, document: str, told: list[str]
) -> None:
    terminal.connect("http://127.0.0.1:1")
    file = tmp_path / "own.graphql"
    file.write_text(document, "utf-8")
    ran = await terminal.run("query", str(file))
    assert ran.err.splitlines() == [
        "Error: the document is not valid GraphQL:",
        *(line.replace("{file}", str(file)) for line in told),
    ]
    assert ran.code == 2
    typed = await terminal.run("query", "-", typed=document)
    assert "  line " in typed.err
    assert typed.err.splitlines()[2:] == ran.err.splitlines()[2:]


async def test_the_server_refuses_a_document_with_all_its_places(aiotwenty: Aiotwenty) -> None:
    document = "{\n  objects(paging: {frst: 1}) {\n    edges { node { nme } }\n  }\n}"
    ran = await aiotwenty("query", document, "--endpoint", "metadata")
    assert ran.code == 1
    assert [line for line in ran.err.splitlines() if "^" in line or "line" in line] == [
        '  line 2, column 20: Field "frst" is not defined by type "CursorPaging". Did you mean "first" or "last"?',
        " " * 21 + "^",
        '  line 3, column 20: Cannot query field "nme" on type "Object".',
        " " * 19 + "^",
    ]


async def test_a_long_line_is_cut_around_the_mistake(aiotwenty: Aiotwenty) -> None:
    names = " ".join(["totalCount"] * 20)
    ran = await aiotwenty("query", f"{{ companies {{ {names} nme {names} }} }}")
    line, caret = ran.err.splitlines()[2:4]
    assert len(line) <= 120
    assert (line[4], line[-1]) == ("…", "…")
    assert line[caret.index("^") :].startswith("nme")


async def test_one_of_several_operations_is_executed(aiotwenty: Aiotwenty) -> None:
    document = "query A { companies { totalCount } } query B { people { totalCount } }"
    ran = await aiotwenty("query", document, "--operation", "B")
    assert [*ran.json] == ["people"]


async def test_what_succeeded_is_printed_although_the_rest_failed(aiotwenty: Aiotwenty) -> None:
    ran = await aiotwenty("query", "{ companies { totalCount } people(first: -1) { totalCount } }")
    assert ran.code == 1
    assert ran.json["companies"]["totalCount"] >= 0
    assert "First argument must be non-negative" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("query", "nowhere.graphql"), 2, "neither a file nor a document"),
        (("query", "{ companies { totalCount } }", "--variables", "[1]"), 2, "JSON object"),
        (("query", "{ companies { totalCount } }", "--variables", "{"), 2, "--variables"),
        (("query", "{ companies { totalCount } }", "--endpoint", "rest"), 2, "--endpoint"),
        (("query", ""), 2, "the document is empty"),
        (("query", "-"), 2, "the document is empty"),
        (("query", "fragment Name on Company { name }"), 2, "no operation"),
        (("query", "query A { a } query B { b }"), 2, "2 operations (A, B): choose one with --operation."),
        (("query", "query Names { a }", "--operation", "Name"), 2, "no operation 'Name'"),
        (("query", "--read-only", "{ createCompany(data: {}) { id } }"), 2, "the document writes"),
        (("objects", "compny"), 2, "did you mean 'company'"),
    ],
)
async def test_a_mistake_is_told_with_its_exit_code(
    aiotwenty: Aiotwenty, arguments: tuple[str, ...], code: int, says: str
) -> None:
    ran = await aiotwenty(*arguments)
    assert ran.code == code
    assert says in ran.err
    assert "Traceback" not in ran.err


async def test_a_wrong_key_ends_with_exit_code_3(aiotwenty: Aiotwenty, server: Sandbox, terminal: Terminal) -> None:
    terminal.connect(server.url, "eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln")
    ran = await aiotwenty("objects")
    assert ran.code == 3
    assert len(ran.err.strip().splitlines()) == 1


async def test_the_playground_prints_its_address_copies_typed_calls_and_ends_with_ctrl_c(server: Sandbox) -> None:
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
        async with aiohttp.ClientSession() as browser:
            async with browser.get(url) as response:
                assert response.status == 200
            origin, _, token = url.partition("#")
            asked = {"query": "{ companies { totalCount } }", "variables": {}, "endpoint": "graphql"}
            headers = {"X-Playground-Token": token}
            async with browser.post(f"{origin}python", json=asked, headers=headers) as response:
                assert "await twenty.companies.count()" in (await response.json())["python"]
    finally:
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert "Traceback" not in err.decode()


def test_the_playground_opens_a_browser_that_tells_nobody_the_token(server: Sandbox, tmp_path: Path) -> None:
    browser, told = tmp_path / "browser.sh", tmp_path / "arguments"
    browser.write_text(f'#!/bin/sh\necho "$@" > {told}.part && mv {told}.part {told}\n')
    browser.chmod(0o700)
    settings = environment(server, PYTHONUNBUFFERED="1", BROWSER=str(browser))
    with subprocess.Popen([*COMMAND, "playground", "--open"], env=settings, stdout=subprocess.PIPE, text=True) as ran:
        try:
            assert ran.stdout is not None
            token = ran.stdout.readline().strip().partition("#")[2]
            while not told.exists() and ran.poll() is None:
                time.sleep(0.05)
            opened = told.read_text().strip()
        finally:
            ran.send_signal(signal.SIGINT)
    assert opened.startswith("file://")
    assert token
    assert token not in opened
    assert not Path(opened.removeprefix("file://")).exists()
