"""A client that meets another version's /metadata says what is gone, whichever of the two is newer."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from aiotwenty import Twenty
from aiotwenty.errors import SchemaDrift
from aiotwenty.graphql.operation import Operation
from aiotwenty.sandbox import Sandbox
from tests.codegen.projects import Project

EACH = pytest.mark.parametrize("of", [5, pytest.param(1, marks=pytest.mark.soak)], ids=["every fifth", "all"])


def operations(package: str) -> list[Operation]:
    module = importlib.import_module(f"{package}.metadata.operations")
    return [value for value in vars(module).values() if isinstance(value, Operation)]


def unfit(found: list[Operation], schema: GraphQLSchema) -> list[Operation]:
    """Those that this schema does not allow."""
    return [operation for operation in found if validate(schema, parse(operation.document), max_errors=1)]


@pytest.fixture
def four_months_later(newest: Project) -> Iterator[ModuleType]:
    """The client that was generated from version 2.43."""
    with newest.imported() as package:
        yield package


async def check_that_each_says_drift(sandbox: Sandbox, found: list[Operation]) -> set[str]:
    """What was named as gone."""
    named = set()
    async with sandbox as server, Twenty(server.url, api_key=server.api_key) as twenty:
        for operation in found:
            with pytest.raises(SchemaDrift) as caught:
                await twenty.endpoint("metadata").run(operation, Any, {})
            assert caught.value.field or caught.value.object, str(caught.value)
            assert "introspect and generate again" in str(caught.value)
            named.add(f"{caught.value.object}.{caught.value.field}")
    return named


@EACH
async def test_a_newer_client_names_what_an_older_server_does_not_have(
    four_months_later: ModuleType, recordings: Path, of: int
) -> None:
    schema = build_schema((recordings / "metadata.graphql").read_text(), assume_valid=True)
    there = operations(four_months_later.__name__)
    known = [next(one for one in there if word in one.document) for word in ("autoUpgrade", "appKeyValue(")]
    found = unfit([*known, *there[::of]], schema)
    assert len(found) > 50 / of
    named = await check_that_each_says_drift(Sandbox(), found)
    assert {"Application.autoUpgrade", "Query.appKeyValue"} <= named
    assert any(name.startswith("Mutation.") for name in named)


@EACH
async def test_an_older_client_names_what_a_newer_server_has_no_more(recordings: Path, of: int) -> None:
    sdl = (recordings / "metadata.2.43.graphql").read_text()
    known = ("GetIndexMetadatas", "GenerateApplicationToken")
    there = [one for number, one in enumerate(operations("aiotwenty")) if one.name in known or number % of == 0]
    found = unfit(there, build_schema(sdl, assume_valid=True))
    assert {*known} <= {operation.name for operation in found}
    named = await check_that_each_says_drift(Sandbox(metadata_sdl=sdl), found)
    assert {"Query.indexMetadatas", "Mutation.generateApplicationToken"} <= named


async def test_an_input_that_a_server_does_not_know_is_drift_and_shows_no_values(
    four_months_later: ModuleType, twenty_sandbox: Sandbox
) -> None:
    metadata = four_months_later.metadata
    async with four_months_later.Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        company = await twenty.workspace.object("company")
        change = metadata.UpdateObjectPayload(label_singular="secret", open_record_in="SIDE_PANEL")
        with pytest.raises(SchemaDrift) as caught:
            await twenty.metadata.update_one_object(metadata.UpdateOneObjectInput(id=company.id, update=change))
    assert "secret" not in str(caught.value)
