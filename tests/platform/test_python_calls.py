"""What "Copy as Python" gives runs, asks for the same, and passes type checkers where a namespace says it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aiotwenty import Client, Twenty
from aiotwenty.playground.python_call import python_program, rest_program
from aiotwenty.sandbox import Sandbox

NOBODY = "00000000-0000-4000-8000-000000000000"
TYPED: dict[str, tuple[str, Mapping[str, Any], str]] = {
    "a list": (
        "{ companies(first: 2, orderBy: [{name: AscNullsFirst}]) { totalCount edges { node { id name createdAt } } } }",
        {},
        "twenty.companies.find_many(",
    ),
    "parts and relations": (
        "query($filter: CompanyFilterInput) { companies(filter: $filter) { edges { node { domainName { primaryLinkUrl }"
        " address { addressCity } accountOwner { name { firstName lastName } }"
        " people { edges { node { jobTitle emails { primaryEmail } } } } } } } }",
        {"filter": {"name": {"ilike": "%air%"}, "and": [{"domainName": {"primaryLinkUrl": {"is": "NOT_NULL"}}}]}},
        "people: list[PeopleFields]",
    ),
    "one": (f'{{ person(filter: {{id: {{eq: "{NOBODY}"}}}}) {{ id jobTitle }} }}', {}, f'find_one("{NOBODY}",'),
    "a count": ('{ companies(filter: {name: {eq: "x"}}) { totalCount } }', {}, "twenty.companies.count({"),
    "a creation": (
        "mutation($data: CompanyCreateInput!) { createCompany(data: $data) { id } }",
        {"data": {"name": 'a "quoted" name', "domainName": {"primaryLinkUrl": "https://copied.example"}}},
        "twenty.companies.create_one(",
    ),
    "an update of many": (
        'mutation { updatePeople(filter: {jobTitle: {eq: "x"}}, data: {jobTitle: "y"}) { id } }',
        {},
        "twenty.people.update_many(",
    ),
    "options and money": (
        "{ opportunities { edges { node { stage closeDate amount { amountMicros currencyCode } } } } }",
        {},
        "stage: OpportunityStageEnum",
    ),
}
UNTYPED = {
    "two roots": "{ companies { totalCount } people { totalCount } }",
    "an alias": "{ all: companies { totalCount } }",
    "a fragment": "query { companies { ...Count } } fragment Count on CompanyConnection { totalCount }",
    "other totals": "{ companies { minCreatedAt } }",
}


async def run(server: Sandbox, monkeypatch: pytest.MonkeyPatch, program: str) -> Any:
    """What a program prints, run in this process."""
    monkeypatch.setenv("TWENTY_API_URL", server.url)
    monkeypatch.setenv("TWENTY_API_KEY", server.api_key)
    printed: list[Any] = []
    scope: dict[str, Any] = {"__name__": __name__, "print": printed.append}
    exec(compile(program.removesuffix("asyncio.run(main())\n"), "copied", "exec", dont_inherit=True), scope)
    await scope["main"]()
    return printed[-1]


@pytest.mark.parametrize(("document", "variables", "has"), TYPED.values(), ids=TYPED)
async def test_a_document_becomes_a_typed_call_that_runs(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch, document: str, variables: Mapping[str, Any], has: str
) -> None:
    code = python_program(Twenty, document, variables, "graphql")
    assert has in code
    if NOBODY not in code:
        await run(server, monkeypatch, code)


@pytest.mark.parametrize("document", UNTYPED.values(), ids=UNTYPED)
async def test_what_no_namespace_says_is_executed_as_it_is(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch, document: str
) -> None:
    code = python_program(Twenty, document, {}, "graphql")
    assert "data = await twenty.execute(" in code
    assert isinstance(await run(server, monkeypatch, code), dict)


async def test_the_data_model_and_one_of_several_operations(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    document = "query A { currentWorkspace { id } } query B { currentWorkspace { displayName } }"
    data = await run(server, monkeypatch, python_program(Twenty, document, {}, "metadata", "B"))
    assert list(data["currentWorkspace"]) == ["displayName"]
    records = "query A { companies { totalCount } } query B { people { totalCount } }"
    assert "twenty.people.count()" in python_program(Twenty, records, {}, "graphql", "B")


PROGRAMS: dict[str, tuple[str, Mapping[str, Any], str]] = {
    **{name: (document, variables, "graphql") for name, (document, variables, _) in TYPED.items()},
    "an alias": (UNTYPED["an alias"], {}, "graphql"),
    "only its type": ("{ __typename }", {}, "graphql"),
    "quotes and a backslash": (
        'query($name: String) { some: companies(filter: {or: [{name: {eq: "a\\"b\\\\"}}, {name: {eq: $name}}]}) '
        "{ totalCount } }",
        {"name": '"""', "unused": None},
        "graphql",
    ),
    "the data model": ("{ currentWorkspace { id displayName } }", {}, "metadata"),
}


async def printed(program: str, server: Sandbox, folder: Path) -> str:
    """What a program that is saved as a file prints."""
    (folder / "copied.py").write_text(program, "utf-8")
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "copied.py"),
        cwd=folder,
        env={**os.environ, "TWENTY_API_URL": server.url, "TWENTY_API_KEY": server.api_key},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await running.communicate()
    assert (running.returncode, err.decode()) == (0, ""), f"{program}\n{err.decode()}"
    return out.decode()


async def test_what_is_copied_is_a_program_that_runs_as_it_is(server: Sandbox, tmp_path: Path) -> None:
    """All in one file: it is starting Python that takes time."""
    writes = ("one", "a creation")  # of nobody, and of the same once more
    programs = [python_program(Twenty, *asked) for name, asked in PROGRAMS.items() if name not in writes]
    programs.append(rest_program(Twenty, "GET", "companies?limit=1"))
    programs.append(rest_program(Twenty, "POST", "companies", {"name": "copied", "position": None, "tags": [True]}))
    assert all(program.endswith("\n\n\nasyncio.run(main())\n") for program in programs)
    answers = (await printed("\n".join(programs[:-1]), server, tmp_path)).splitlines()
    assert len(answers) == len(programs) - 1
    assert "{'companies': [" in answers[-1]
    assert 'data={"name": "copied", "position": None, "tags": [True]}' in programs[-1]


def test_a_variable_without_a_value_leaves_its_condition_out() -> None:
    document = (
        "query($name: String, $first: Int) "
        '{ companies(first: $first, filter: {name: {eq: $name, like: "A%"}}) { totalCount } }'
    )
    assert 'twenty.companies.count({"name": {"like": "A%"}})' in python_program(Twenty, document, {}, "graphql")


def test_a_client_without_namespaces_copies_documents() -> None:
    program = python_program(Client, "{ companies { totalCount } }", {}, "graphql")
    assert "from aiotwenty import Twenty\n" in program
    assert "await twenty.execute(DOCUMENT)" in program
