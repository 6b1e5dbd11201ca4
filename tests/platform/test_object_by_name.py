"""`twenty.object("rockets")`: any object of a workspace, typed by the schema that it serves, without generating."""

from __future__ import annotations

import copy
import pickle
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from aiotwenty import InvalidArgument, Runner, Select, Twenty
from aiotwenty.errors import AuthenticationError
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.threaded import running_sandbox
from aiotwenty.workspace import RelationTo


@pytest.fixture(scope="module", params=["2.19", "1.10"])
def rocket_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    with running_sandbox(version=request.param) as sandbox, Runner(sandbox.url, api_key=sandbox.api_key) as run:
        workspace = run.twenty.workspace
        run(workspace.create_object("rocket", "rockets"))
        run(workspace.create_field("rocket", "stage", "SELECT", options=["TESTED", "FLOWN"]))
        run(workspace.create_field("rocket", "price", "CURRENCY"))
        run(workspace.create_field("rocket", "launchedAt", "DATE_TIME"))
        run(workspace.create_field("rocket", "maker", "RELATION", relation=RelationTo("company", label="Rockets")))
        yield sandbox


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def twenty(rocket_sandbox: Sandbox) -> AsyncIterator[Twenty]:
    async with Twenty(rocket_sandbox.url, api_key=rocket_sandbox.api_key) as opened:
        yield opened


async def test_records_of_a_custom_object_are_typed(twenty: Twenty) -> None:
    rockets = twenty.object("rockets")
    maker = await twenty.companies.create_one({"name": "Space"})
    made = await rockets.create_one(
        {
            "name": "Ariane",
            "stage": "FLOWN",
            "price": {"amount_micros": 5_000_000, "currency_code": "EUR"},
            "launchedAt": "1979-12-24T17:14:38Z",
            "maker_id": maker.id,
        }
    )
    rocket = await twenty.object("rocket").find_one(made.id)
    assert (rocket.name, rocket.stage, rocket.maker_id) == ("Ariane", "FLOWN", maker.id)
    assert rocket.stage is type(rocket.stage).FLOWN
    assert (rocket.price.amount_micros, rocket.price.currency_code) == (5_000_000, "EUR")
    assert rocket.launched_at == datetime(1979, 12, 24, 17, 14, 38, tzinfo=UTC)
    assert pickle.loads(pickle.dumps(rocket)) == copy.deepcopy(rocket) == rocket
    changed = await rockets.update_one(made.id, {"stage": "TESTED"})
    assert (changed.stage, changed.price) == ("TESTED", rocket.price)
    assert [found.id async for found in rockets.iterate(filter={"maker_id": {"eq": maker.id}})] == [made.id]
    await rockets.destroy_one(made.id)
    assert await rockets.find_by_ids([made.id]) == [None]


async def test_what_is_read_can_be_selected_through_relations(twenty: Twenty) -> None:
    rockets = await twenty.object("rockets")
    companies = await twenty.object("companies")

    class Maker(Select[companies.record]):  # type: ignore[name-defined]
        name: str | None

    class Card(Select[rockets.record]):  # type: ignore[name-defined]
        name: str | None
        maker: Maker | None

    maker = await companies.create_one({"name": "Space 2"})
    await rockets.create_one({"name": "Vega", "makerId": maker.id})
    page = await rockets.find_many(select=Card, filter={"name": {"eq": "Vega"}})
    assert [(card.name, card.maker and card.maker.name) for card in page] == [("Vega", "Space 2")]


async def test_bulk_work_and_everything_else_go_by_name_too(twenty: Twenty, tmp_path: Path) -> None:
    rockets = twenty.object("rockets")
    report = await rockets.load([{"Name": f"R {number}", "Stage": "TESTED"} for number in range(250)])
    assert (report.loaded, report.rejected) == (250, 0)
    of_stage = {"stage": {"eq": "TESTED"}}
    assert await rockets.count(of_stage) == 250
    assert (await rockets.export(tmp_path / "rockets.csv", filter=of_stage)).records == 250
    assert "TESTED" in [group.values[0] for group in await rockets.group_by({"stage": True})]
    assert (await twenty.raw.object("rockets").count(of_stage)).data == 250
    assert await twenty.with_options(deadline=20).object("rockets").count(of_stage) == 250
    assert len(await rockets.destroy_many(of_stage)) == 250


async def test_a_page_is_a_sequence_of_its_records(twenty: Twenty) -> None:
    await twenty.companies.create_many([{"name": "A page"}, {"name": "A page"}])
    page = await twenty.companies.find_many(filter={"name": {"eq": "A page"}})
    assert [company.name for company in page] == ["A page", "A page"]
    assert len(page) == 2
    assert (page[0], page[-1:]) == (page.records[0], page.records[1:])


async def test_what_the_workspace_gets_later_is_there_without_a_new_client(twenty: Twenty) -> None:
    rockets = twenty.object("rockets")
    await rockets.count()
    with pytest.raises(InvalidArgument, match="no object 'probes'"):
        await twenty.object("probes").count()
    await twenty.workspace.create_object("probe", "probes")
    probe = await twenty.object("probes").create_one({"name": "Rosetta"})
    assert probe.name == "Rosetta"
    await twenty.workspace.create_field("rocket", f"height{id(twenty)}", "NUMBER", label=f"Height {id(twenty)}")
    assert (await rockets.create_one({f"height{id(twenty)}": 59})).model_dump(by_alias=True)[
        f"height{id(twenty)}"
    ] == 59
    await twenty.workspace.delete_object("probe")


async def test_what_is_wrong_is_said_before_anything_is_sent(twenty: Twenty) -> None:
    with pytest.raises(InvalidArgument, match=r"no object 'rokets' \(did you mean 'rockets'\?\)"):
        await twenty.object("rokets").find_many()
    with pytest.raises(InvalidArgument, match="nmae: there is no such field"):
        await twenty.object("rockets").create_one({"nmae": "Ariane"})
    with pytest.raises(InvalidArgument, match="stage"):
        await twenty.object("rockets").create_one({"stage": "LOST"})
    with pytest.raises(AttributeError, match=r"find_may.*did you mean 'find_many'"):
        _ = twenty.object("rockets").find_may  # type: ignore[attr-defined]
    with pytest.raises(InvalidArgument, match="page_size"):
        await anext(twenty.object("rockets").iterate(page_size=0))


async def test_a_key_that_is_refused_is_said_to_be(rocket_sandbox: Sandbox) -> None:
    async with Twenty(rocket_sandbox.url, api_key="wrong") as stranger:
        with pytest.raises(AuthenticationError):
            await stranger.object("rockets").find_many()


def test_a_runner_takes_it(rocket_sandbox: Sandbox) -> None:
    with Runner(rocket_sandbox.url, api_key=rocket_sandbox.api_key) as run:
        made = run(run.twenty.object("rockets").create_one({"name": "Runner"}))
        walk = run.twenty.object("rockets").iterate(filter={"id": {"eq": made.id}})
        assert [rocket.name for rocket in run.iterate(walk)] == ["Runner"]


async def test_an_attribute_that_is_not_there_says_how_to_get_it(twenty: Twenty) -> None:
    with pytest.raises(AttributeError, match=r"no twenty\.rockets: twenty\.object\('rockets'\) gives"):
        _ = twenty.rockets  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"did you mean twenty\.companies\?"):
        _ = twenty.company  # type: ignore[attr-defined]
    assert not hasattr(twenty, "_nothing")
