"""Which server a sandbox answers like, and which workspace it begins with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from graphql import build_client_schema, get_introspection_query

from aiotwenty.sandbox import Sandbox
from tests.sandbox.conftest import Talk
from tests.sandbox.test_schema_equality import differences, read

UNKNOWN_FIELD = "{ companies { edges { node { nope } } } }"


async def answer(sandbox: Sandbox, query: str, path: str = "/graphql", **variables: Any) -> dict[str, Any]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {sandbox.api_key}"}) as session:
        return await Talk(sandbox, session).answer(query, path=path, **variables)


@pytest.mark.parametrize("options", [{"version": "1.10"}, {"strict": True}])
async def test_an_older_version_validates_what_is_asked(options: dict[str, Any]) -> None:
    async with Sandbox(**options) as sandbox:
        assert sandbox.version == "1.10"
        assert "Cannot query field" in (await answer(sandbox, UNKNOWN_FIELD))["errors"][0]["message"]


async def test_the_newest_version_is_answered_unless_told() -> None:
    async with Sandbox(None, None, "2.19") as sandbox:
        assert "errors" not in await answer(sandbox, UNKNOWN_FIELD)


def test_a_version_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="the sandbox answers like"):
        Sandbox(version="3.0")


@pytest.fixture
def objects(recordings: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((recordings / "objects.json").read_text("utf-8"))
    return found


async def test_another_workspace_is_begun_with_all_its_objects(recordings: Path, objects: list[dict[str, Any]]) -> None:
    async with Sandbox(objects=objects) as sandbox:
        introspection = (await answer(sandbox, get_introspection_query(descriptions=False)))["data"]
        found = differences(build_client_schema(introspection), read(recordings, "core.custom.graphql"))
        listed = await answer(
            sandbox,
            """{ objects(paging: { first: 100 }) { edges { node {
                nameSingular fieldsList { name type isNullable } } } } }""",
            "/metadata",
        )

    assert not found, "\n".join(found)
    keys = ("name", "type", "isNullable")
    named = {
        edge["node"]["nameSingular"]: {tuple(field[key] for key in keys) for field in edge["node"]["fieldsList"]}
        for edge in listed["data"]["objects"]["edges"]
    }
    assert named == {
        of["nameSingular"]: {tuple(field[key] for key in keys) for field in of["fieldsList"]} for of in objects
    }


async def test_its_records_are_written_and_refused_as_in_that_workspace(objects: list[dict[str, Any]]) -> None:
    async with Sandbox(objects=objects) as sandbox:
        create = "mutation ($d: X) { createRocket(data: $d) { id } }"
        rocket = (await answer(sandbox, create, d={"name": "r"}))["data"]["createRocket"]["id"]
        pet = "mutation ($d: X) { createPet(data: $d) { polymorphicOwnerRocket { name } } }"
        owned = (await answer(sandbox, pet, d={"polymorphicOwnerRocketId": rocket}))["data"]["createPet"]
        tagline = (await answer(sandbox, 'mutation { createCompany(data: { tagline: "" }) { id } }'))["errors"][0]
        run = (await answer(sandbox, 'mutation { createWorkflowRun(data: { name: "x" }) { id } }'))["errors"][0]

    assert owned == {"polymorphicOwnerRocket": {"name": "r"}}
    assert tagline["message"].startswith('null value in column "tagline" of relation "company" violates')
    assert run["message"] == "Method not allowed."


def test_objects_that_do_not_hold_together_are_refused(objects: list[dict[str, Any]]) -> None:
    with pytest.raises(ValueError, match="needs the object workspaceMember"):
        Sandbox(objects=[])
    with pytest.raises(ValueError, match="points to rocket, which isn't among them"):
        Sandbox(objects=[each for each in objects if each["nameSingular"] != "rocket"])
