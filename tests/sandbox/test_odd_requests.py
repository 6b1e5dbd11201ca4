"""Whatever is sent is answered or refused with a reason, never with a fault of the sandbox itself."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest

from aiotwenty.sandbox.model.data_model import QUERIES, ModelObject

REQUESTS = 1000
WORDS = (
    *("eq", "in", "is", "like", "gt", "containsAny", "isEmptyArray", "and", "or", "not"),
    *("connect", "where", "disconnect", "AscNullsFirst", "granularity", "timeZone"),
)
PLAIN: tuple[Any, ...] = (
    None,
    True,
    5,
    -1.5,
    10**20,
    10**400,
    float("inf"),
    "1e400",
    "x",
    "NULL",
    "2026-01-01",
    "20202020-0000-4000-8000-000000000001",
    {},
    [],
)
SELECTIONS = {
    "find_many": "{edges{node{id createdAt}} totalCount pageInfo{endCursor}}",
    "find_duplicates": "{totalCount}",
    "group_by": "{groupByDimensionValues totalCount}",
}
ARGUMENTS = {
    "find_many": ("filter", "orderBy", "first", "after", "offset"),
    "find_one": ("filter",),
    "find_duplicates": ("ids",),
    "group_by": ("groupBy", "filter", "limit"),
    "create_one": ("data", "upsert"),
    "update_one": ("id", "data"),
    "update_many": ("filter", "data"),
    "restore_many": ("filter",),
    "merge_many": ("ids", "conflictPriorityIndex"),
}


class Odd:
    """Makes requests of the right outer form and with anything inside."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def request(self, of: ModelObject) -> tuple[str, dict[str, Any]]:
        operation = self.chance.choice([each for each in ARGUMENTS if each in of.roots])
        names = [*WORDS, *of.scalars, *of.composites, *of.to_one, *of.to_many]
        names += [column.subfield for column in of.columns.values() if column.subfield]
        given = {name: self.argument(name, names) for name in ARGUMENTS[operation]}
        declared = ",".join(f"${name}:X" for name in given)
        passed = ",".join(f"{name}:${name}" for name in given)
        kind = "query" if operation in QUERIES else "mutation"
        root = next(name for key, name in of.roots.items() if key == operation)
        return f"{kind}({declared}){{{root}({passed}){SELECTIONS.get(operation, '{id}')}}}", given

    def argument(self, name: str, names: list[str]) -> Any:
        match name:
            case "filter" | "data":
                return {self.chance.choice(names): self.value(names) for _ in range(2)}
            case "orderBy" | "groupBy":
                return [{self.chance.choice(names): self.value(names)}]
            case "after":
                content = {self.chance.choice(names): self.value(names), "id": self.value(names)}
                return self.chance.choice([None, base64.b64encode(json.dumps(content).encode()).decode()])
            case "ids":
                return [self.value(names) for _ in range(self.chance.randrange(3))]
            case "id":
                return "20202020-0000-4000-8000-000000000001"
            case "upsert":
                return self.chance.random() < 0.5
        return self.chance.choice([None, 0, 1, 2.5, -1, 10**20, float("inf")])

    def value(self, names: list[str], depth: int = 0) -> Any:
        kind = self.chance.randrange(4 if depth < 3 else 1)
        if kind == 0:
            return self.chance.choice(PLAIN)
        if kind == 1:
            return [self.value(names, depth + 1) for _ in range(self.chance.randrange(3))]
        return {self.chance.choice(names): self.value(names, depth + 1)}


@pytest.mark.parametrize("seed", [1, 2])
async def test_an_odd_request_is_no_fault_of_the_sandbox(talk: Any, seed: int) -> None:
    odd = Odd(seed)
    objects = list(talk.sandbox.workspace.model.objects.values())

    for _ in range(REQUESTS):
        query, given = odd.request(odd.chance.choice(objects))
        body = await talk.answer(query, **given)
        messages = [error["message"] for error in body.get("errors", ())]
        assert "Internal server error" not in messages, (query, given, body)
        assert not talk.sandbox.store.connection.in_transaction


@pytest.mark.parametrize("depth", [50, 500, 5000])
@pytest.mark.parametrize(
    ("query", "opened", "closed"),
    [
        ('mutation($x:X){createTimelineActivity(data:{name:"a",properties:$x}){properties}}', "[", "]"),
        ("query($x:X){companies(filter:$x){totalCount}}", '{"not":', "}"),
        ("query($x:X){companies(filter:$x){totalCount}}", '{"or":[{"and":[', "]}]}"),
        ("query($x:X){companies(orderBy:$x){totalCount}}", '{"accountOwner":', "}"),
    ],
)
async def test_what_is_nested_deeply_gets_an_answer_and_no_traceback(
    talk: Any, caplog: pytest.LogCaptureFixture, query: str, opened: str, closed: str, depth: int
) -> None:
    inside = "1" if opened == "[" else "{}"
    body = json.dumps({"query": query, "variables": {"x": "HERE"}})
    body = body.replace('"HERE"', opened * depth + inside + closed * depth)

    headers = {"Content-Type": "application/json"}
    async with talk.session.post(talk.sandbox.url + "/graphql", data=body, headers=headers) as response:
        answer = await response.json()

    assert "Internal server error" not in json.dumps(answer)
    assert not caplog.records


async def test_a_filter_may_have_thousands_of_alternatives(talk: Any) -> None:
    await talk.data('mutation { createCompany(data: { name: "n7" }) { id } }')
    alternatives = [{"name": {"eq": f"n{number}"}} for number in range(3000)]

    page = await talk.data("query ($f: X) { companies(filter: $f) { totalCount } }", f={"or": alternatives})

    assert page == {"totalCount": 1}
