"""The rate limit counts as the real server's does, and the other limits are where it has them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from aiotwenty.sandbox.limits import TokenBucket, rate_limiter

COUNT = "{companies{totalCount}}"


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_after_the_first_hundred_one_request_passes_each_600_ms() -> None:
    clock = Clock()
    limiter = rate_limiter("100/60s")
    limiter.buckets[:] = [TokenBucket(100, 60_000, clock)]
    passed = []
    while clock.now < 20:
        if limiter.take() is None:
            passed.append(clock.now)
        clock.now += 0.0044

    assert 130 <= len(passed) <= 134
    assert all(later - earlier >= 0.6 for earlier, later in pairwise(passed[100:]))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("100/60s", [(100, 60_000)]),
        ("5/1m", [(5, 60_000)]),
        ("10/500ms", [(10, 500)]),
        ("100/1s,100/60s", [(100, 1000), (100, 60_000)]),
        ((7, 2), [(7, 2000)]),
        ([(7, 2), (9, 1)], [(7, 2000), (9, 1000)]),
        (None, []),
    ],
)
def test_a_rate_limit_is_read(given: Any, expected: list[tuple[int, int]]) -> None:
    assert [(bucket.tokens, bucket.milliseconds) for bucket in rate_limiter(given).buckets] == expected


@pytest.mark.parametrize("given", ["", "100", "0/1s", "100/0s", "x/1s", "100/60h", (0, 1), (1, 0)])
def test_a_rate_limit_that_makes_no_sense_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match="rate limit"):
        rate_limiter(given)


@pytest.mark.parametrize("twenty_sandbox_options", [{"rate_limit": "3/60s"}])
async def test_the_fourth_request_is_refused_and_metadata_is_not_counted(talk: Any) -> None:
    for _ in range(3):
        await talk.data(COUNT)

    error = await talk.error(COUNT)
    async with talk.session.get(talk.sandbox.url + "/rest/companies") as response:
        rest = response.status, await response.json()

    assert error == {
        "message": "Limit reached (3 tokens per 60000 ms)",
        "subCode": "LIMIT_REACHED",
        "userFriendlyMessage": "Rate limit reached. Please try again later.",
        "code": "BAD_USER_INPUT",
    }
    assert rest == (
        429,
        {"statusCode": 429, "messages": ["Limit reached (3 tokens per 60000 ms)"], "error": "HttpException"},
    )
    assert "errors" not in await talk.answer("{objects{edges{node{id}}}}", path="/metadata")


async def test_more_than_200_records_are_not_created_at_once(talk: Any) -> None:
    create = "mutation($d:[CompanyCreateInput!]!){createCompanies(data:$d){id}}"

    error = await talk.error(create, d=[{}] * 201)

    assert error["message"] == "Maximum number of records to upsert is 200."
    assert error["subCode"] == "TOO_MANY_RECORDS_TO_UPDATE"
    assert len(await talk.data(create, d=[{}] * 200)) == 200


async def test_more_than_200_records_are_not_updated_at_once(talk: Any) -> None:
    create = "mutation($d:[CompanyCreateInput!]!){createCompanies(data:$d){id}}"
    for _ in range(2):
        await talk.data(create, d=[{"name": "a"}] * 101)

    error = await talk.error('mutation{updateCompanies(filter:{},data:{name:"b"}){id}}')

    assert error["message"] == "Cannot update more than 200 records at once"
    assert await talk.data('{companies(filter:{name:{eq:"b"}}){totalCount}}') == {"totalCount": 0}
