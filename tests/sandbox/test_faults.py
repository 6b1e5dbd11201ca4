"""Faults on demand do what they say, when they are told to."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

import aiohttp
import pytest

from aiotwenty.sandbox import Fault, Sandbox, parse_fault
from aiotwenty.sandbox.faults import Faults

CREATE = 'mutation{createCompany(data:{name:"x"}){id}}'
COUNT = "{companies{totalCount}}"


async def test_a_reset_before_leaves_nothing_written(talk: Any) -> None:
    talk.sandbox.faults.add("reset-before:count=1")

    with pytest.raises(aiohttp.ClientError):
        await talk.answer(CREATE)

    assert await talk.data(COUNT) == {"totalCount": 0}


async def test_a_reset_after_leaves_the_write_committed(talk: Any) -> None:
    talk.sandbox.faults.add("reset-after:operation=createCompany")

    with pytest.raises(aiohttp.ClientError):
        await talk.answer(CREATE)

    assert await talk.data(COUNT) == {"totalCount": 1}


@pytest.mark.parametrize(("outcome", "written"), [("committed", 1), ("not-committed", 0)])
async def test_a_slow_database_says_nothing_about_what_was_written(talk: Any, outcome: str, written: int) -> None:
    talk.sandbox.faults.add(f"read-timeout:{outcome}:operation=createCompany")

    body = await talk.answer(CREATE.replace("createCompany", "made: createCompany"))

    assert body["data"] == {"made": None}
    assert body["errors"] == [{"message": "Query read timeout", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]
    assert await talk.data(COUNT) == {"totalCount": written}


@pytest.mark.parametrize(("outcome", "written"), [("committed", 1), ("not-committed", 0)])
async def test_a_slow_database_is_a_bad_request_over_rest(talk: Any, outcome: str, written: int) -> None:
    talk.sandbox.faults.add(f"read-timeout:{outcome}:operation=companies:count=1")

    async with talk.session.post(f"{talk.sandbox.url}/rest/companies", json={"name": "x"}) as response:
        assert response.status == 400
        assert (await response.json())["messages"] == ["Query read timeout"]
    assert await talk.data(COUNT) == {"totalCount": written}


async def test_a_late_commit_has_the_time_at_which_its_transaction_began(talk: Any) -> None:
    talk.sandbox.faults.add("late-commit=3600:count=1:operation=createCompany")
    moments = [(await talk.data(CREATE.replace("{id}", "{updatedAt}")))["updatedAt"] for _ in range(2)]
    late, on_time = (datetime.fromisoformat(moment) for moment in moments)
    assert timedelta(minutes=59) < on_time - late < timedelta(minutes=61)


@pytest.mark.parametrize("text", ["read-timeout", "latency=1:committed"])
def test_only_a_slow_database_is_told_whether_the_write_is_done(text: str) -> None:
    with pytest.raises(ValueError, match="read-timeout:committed"):
        parse_fault(text)


async def test_an_answer_can_end_in_the_middle(talk: Any) -> None:
    talk.sandbox.faults.add(Fault("cut", count=1))

    with pytest.raises(aiohttp.ClientError):
        await talk.answer("{companies{totalCount}}")

    assert await talk.data(COUNT) == {"totalCount": 0}


async def test_latency_and_slow_bodies_take_their_time(talk: Any) -> None:
    for fault in ("latency=0.1:count=1", "slow=0.1:count=1"):
        talk.sandbox.faults.add(fault)
        began = time.monotonic()
        assert await talk.data(COUNT) == {"totalCount": 0}
        assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize(
    ("fault", "status", "retry_after"),
    [("html", 502, None), ("error", 500, None), ("busy", 429, None), ("busy=3", 429, "3")],
)
async def test_other_answers_stand_in_for_the_real_one(
    talk: Any, fault: str, status: int, retry_after: str | None
) -> None:
    talk.sandbox.faults.add(fault)

    async with talk.session.post(talk.sandbox.url + "/graphql", json={"query": COUNT}) as response:
        assert response.status == status
        assert response.headers.get("Retry-After") == retry_after
        assert response.content_type == ("text/html" if fault == "html" else "application/json")


async def test_the_limit_can_be_reached_without_requests(talk: Any) -> None:
    talk.sandbox.faults.add("limit")

    body = await talk.answer(COUNT)

    assert body["data"] == {"companies": None}
    assert body["errors"][0]["extensions"]["subCode"] == "LIMIT_REACHED"


async def test_a_fault_begins_after_some_requests_and_ends_after_some(talk: Any) -> None:
    talk.sandbox.faults.add("limit:after=2:count=1")

    failed = ["errors" in await talk.answer(COUNT) for _ in range(5)]

    assert failed == [False, False, True, False, False]


async def test_faults_stop_when_they_are_cleared(talk: Any) -> None:
    talk.sandbox.faults.add("limit")
    talk.sandbox.faults.clear()

    assert await talk.data(COUNT) == {"totalCount": 0}


async def test_rest_requests_are_chosen_by_parts_of_their_path(talk: Any) -> None:
    talk.sandbox.faults.add("error:operation=people")

    statuses = []
    for name in ("people", "companies"):
        async with talk.session.get(f"{talk.sandbox.url}/rest/{name}") as response:
            statuses.append(response.status)

    assert statuses == [500, 200]


def test_the_same_seed_gives_the_same_faults() -> None:
    def struck(seed: int) -> list[bool]:
        faults = Faults(["limit:probability=0.3"], seed)
        return [bool(faults.struck(())) for _ in range(200)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    assert 30 < sum(struck(1)) < 90


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("reset-after:count=1", Fault("reset-after", count=1)),
        ("latency=0.25:probability=0.5", Fault("latency", seconds=0.25, probability=0.5)),
        ("limit:operation=people,companies", Fault("limit", operations=frozenset({"people", "companies"}))),
        ("busy=2:after=3", Fault("busy", seconds=2, after=3)),
    ],
)
def test_a_fault_is_read_from_text(text: str, fault: Fault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize("text", ["nope", "latency", "limit:probability=2", "limit:often", "limit:count=x", ""])
def test_a_fault_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="fault"):
        parse_fault(text)


async def test_a_hanging_request_does_not_keep_the_sandbox_open() -> None:
    async with aiohttp.ClientSession() as session:
        async with Sandbox(faults=["latency=60"]) as sandbox:
            headers = {"Authorization": f"Bearer {sandbox.api_key}"}
            body = {"query": COUNT}
            hanging = asyncio.create_task(session.post(f"{sandbox.url}/graphql", json=body, headers=headers))
            done, _ = await asyncio.wait({hanging}, timeout=0.3)
            assert not done
            began = time.monotonic()

        assert time.monotonic() - began < 30
        hanging.cancel()
        await asyncio.gather(hanging, return_exceptions=True)


async def test_a_database_that_is_slow_for_one_object_answers_for_the_others(talk: Any) -> None:
    talk.sandbox.faults.add("read-timeout:committed:operation=createCompany")

    body = await talk.answer('mutation { createCompany(data: {}) { id } createNote(data: {title: "x"}) { title } }')

    assert body["data"] == {"createCompany": None, "createNote": {"title": "x"}}
    assert [error["message"] for error in body["errors"]] == ["Query read timeout"]
    assert await talk.data(COUNT) == {"totalCount": 1}
