"""Lost answers of REST and of the data model: what became of a write is looked up there, too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from aiotwenty import RetryPolicy, Twenty, TwentyError
from aiotwenty.sandbox import Sandbox

QUICK = RetryPolicy(base=0.001, max_delay=0.002)
LOST = ("reset-after", "reset-before")


@pytest.fixture
def sandbox(twenty_sandbox: Sandbox) -> Sandbox:
    return twenty_sandbox


@pytest.fixture
async def twenty(sandbox: Sandbox) -> AsyncIterator[Twenty]:
    async with Twenty(sandbox.url, api_key=sandbox.api_key, retry=QUICK) as twenty:
        yield twenty


@pytest.mark.parametrize("fault", LOST)
async def test_a_post_with_an_id_creates_once(twenty: Twenty, sandbox: Sandbox, fault: str) -> None:
    expected = (await twenty.rest.post("companies", {"id": str(uuid4()), "name": "Before"}))["data"]["createCompany"]
    sandbox.faults.add(f"{fault}:count=1")
    id_ = uuid4()
    made = (await twenty.rest.post("companies", {"id": id_, "name": "Acme"}))["data"]["createCompany"]
    assert (made["id"], made["name"]) == (str(id_), "Acme")
    assert made.keys() >= expected.keys() - {"people"}
    assert await twenty.companies.count() == 2


@pytest.mark.parametrize("fault", LOST)
async def test_a_batch_with_ids_is_created_once(twenty: Twenty, sandbox: Sandbox, fault: str) -> None:
    rows: Any = [{"id": str(uuid4()), "name": f"Company {number}"} for number in range(5)]
    sandbox.faults.add(f"{fault}:count=1")
    made = (await twenty.rest.post("batch/companies", rows))["data"]["createCompanies"]
    assert [one["id"] for one in made] == [row["id"] for row in rows]
    assert await twenty.companies.count() == 5


async def test_a_post_without_an_id_stays_unknown(twenty: Twenty, sandbox: Sandbox) -> None:
    sandbox.faults.add("reset-after:count=1")
    with pytest.raises(TwentyError) as caught:
        await twenty.rest.post("companies", {"name": "Acme"})
    assert caught.value.outcome_unknown
    assert await twenty.companies.count() == 1


@pytest.mark.parametrize("fault", LOST)
async def test_objects_and_fields_are_made_and_removed_once(twenty: Twenty, sandbox: Sandbox, fault: str) -> None:
    workspace = twenty.workspace

    def lose(root: str) -> None:
        sandbox.faults.add(f"{fault}:operation={root}:count=1")

    before = len(await workspace.objects())
    lose("createOneObject")
    rocket = await workspace.create_object("rocket", "rockets")
    assert (rocket.name_plural, rocket.label_singular) == ("rockets", "Rocket")
    lose("createOneField")
    field = await workspace.create_field("rocket", "thrust", "NUMBER", label="Thrust")
    assert (field.name, field.type) == ("thrust", "NUMBER")
    lose("updateOneField")
    assert (await workspace.update_field("rocket", "thrust", label="Push")).label == "Push"
    lose("deleteOneField")
    await workspace.update_field("rocket", field, is_active=False)
    await workspace.delete_field("rocket", field)
    assert "thrust" not in [one.name for one in await workspace.fields("rocket")]
    lose("deleteOneObject")
    await workspace.update_object("rocket", is_active=False)
    await workspace.delete_object("rocket")
    assert len(await workspace.objects()) == before
    assert not [one for one in sandbox.faults if not one.happened]


async def test_what_somebody_else_has_made_of_that_name_is_not_taken_for_ours(twenty: Twenty, sandbox: Sandbox) -> None:
    await twenty.workspace.create_object("rocket", "rockets", label_singular="Missile")
    sandbox.faults.add("reset-before:operation=createOneObject:count=1")
    with pytest.raises(TwentyError) as caught:
        await twenty.workspace.create_object("rocket", "rockets")
    assert not caught.value.outcome_unknown
    assert caught.value.__notes__ == ["There is another object rocket: it was not created."]


async def test_a_webhook_is_found_by_the_secret_that_was_made_up_for_it(twenty: Twenty, sandbox: Sandbox) -> None:
    webhooks = twenty.workspace.webhooks
    sandbox.faults.add("reset-after:operation=createWebhook:count=1")
    made = await webhooks.create("http://127.0.0.1:9/hook")
    assert [one.id for one in await webhooks.list()] == [made.id]
    sandbox.faults.add("reset-before:operation=createWebhook:count=1")
    with pytest.raises(TwentyError, match="look for a webhook to http://127") as caught:
        await webhooks.create("http://127.0.0.1:9/other")
    assert caught.value.outcome_unknown
    sandbox.faults.add("reset-after:operation=deleteWebhook:count=1")
    await webhooks.delete(made.id)
    assert await webhooks.list() == []
