"""What the client says of a write, of a refusal and of what is hidden is what is so at the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid1, uuid3, uuid4, uuid5

import pytest
import pytest_asyncio

from aiotwenty import (
    ApiError,
    AuthenticationError,
    HiddenRecords,
    InvalidArgument,
    InvalidInput,
    PermissionDenied,
    Reason,
    RetryPolicy,
    Twenty,
    restricted_fields,
)
from aiotwenty.graphql.withheld_values import RESTRICTED
from tests.contract.conftest import Connection
from tests.support.censor import Censor
from tests.support.proxy import Passed, Proxy, in_front_of

TIMEOUT = "Query read timeout"


class SlowDatabase:
    """Answers the first requests for a root field as the server does when its database is slow."""

    def __init__(self, root: str, count: int = 1) -> None:
        self.root = root
        self.left = count

    def strikes(self, path: str, request: Any) -> bool:
        if self.left and path == "/graphql" and f"{self.root}(" in request["query"]:
            self.left -= 1
            return True
        return False

    def answer(self) -> dict[str, Any]:
        error = {"message": TIMEOUT, "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
        return {"data": {self.root: None}, "errors": [error]}

    def after(self, passed: Passed) -> None:
        """The write is done all the same."""
        if self.strikes(passed.path, passed.request):
            assert not passed.answer.get("errors")
            passed.answer = self.answer()

    def instead(self, path: str, request: Any) -> Any:
        return self.answer() if self.strikes(path, request) else None


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(connection: Connection) -> AsyncIterator[Proxy]:
    async with in_front_of(connection.url, connection.key) as proxy:
        yield proxy


@pytest_asyncio.fixture(loop_scope="session")
async def through(proxy: Proxy, connection: Connection) -> AsyncIterator[Twenty]:
    """A client behind the proxy, at the pace of the others."""
    policy = RetryPolicy(attempts=3, base=0.01)
    async with Twenty(proxy.url, api_key=proxy.key, rate_limit=connection.pace, retry=policy, timeout=60) as twenty:
        yield twenty


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
async def test_a_create_that_a_slow_database_does_not_acknowledge_happens_once(
    through: Twenty, proxy: Proxy, tag: str, done: bool
) -> None:
    slow = SlowDatabase("createCompany")
    if done:
        proxy.retell = slow.after
    else:
        proxy.refuse = slow.instead
    company = await through.companies.create_one({"name": tag})
    assert slow.left == 0
    assert [found.id async for found in through.companies.iterate(filter={"name": {"eq": tag}})] == [company.id]


async def test_a_batch_that_a_slow_database_does_not_acknowledge_is_there_as_a_whole(
    through: Twenty, proxy: Proxy, tag: str
) -> None:
    proxy.retell = SlowDatabase("createCompanies").after
    companies = await through.companies.create_many([{"name": f"{tag} {number}"} for number in range(5)])
    assert [company.name for company in companies] == [f"{tag} {number}" for number in range(5)]
    assert await through.companies.count({"name": {"like": f"{tag}%"}}) == 5


async def test_a_read_and_a_write_by_id_are_repeated_while_the_database_is_slow(
    through: Twenty, proxy: Proxy, tag: str
) -> None:
    company = await through.companies.create_one({"name": tag})
    proxy.retell = SlowDatabase("updateCompany", 2).after
    assert (await through.companies.update_one(company.id, {"name": f"{tag} new"})).name == f"{tag} new"
    proxy.retell = SlowDatabase("company", 2).after
    assert (await through.companies.find_one(company.id)).name == f"{tag} new"


async def test_a_write_that_nobody_can_settle_says_so(through: Twenty, proxy: Proxy, tag: str) -> None:
    proxy.retell = SlowDatabase("createCompany").after
    with pytest.raises(ApiError, match="unknown whether") as caught:
        await through.execute(f'mutation {{ createCompany(data: {{name: "{tag}"}}) {{ id }} }}')
    assert caught.value.outcome_unknown
    assert caught.value.reason is Reason.DATABASE
    assert await through.companies.count({"name": {"eq": tag}}) == 1


async def test_a_walk_counts_what_is_hidden_and_can_go_over_the_rest(through: Twenty, proxy: Proxy, tag: str) -> None:
    made = await through.companies.create_many([{"name": f"{tag} {number}"} for number in range(20)])
    censor = Censor()
    proxy.retell = censor
    in_order = sorted(str(company.id) for company in made)
    censor.hidden = set(in_order[3:17])
    only: Any = {"name": {"like": f"{tag}%"}}
    with pytest.raises(HiddenRecords, match="14 are counted that this key may not see") as caught:
        [company async for company in through.companies.iterate(filter=only, page_size=5)]
    assert (caught.value.seen, caught.value.hidden) == (6, 14)
    shown = [company async for company in through.companies.iterate(filter=only, hidden="skip")]
    assert [str(company.id) for company in shown] == in_order[:3] + in_order[17:]


async def test_messages_that_the_key_may_not_see_are_counted_and_never_read_as_data(twenty: Twenty) -> None:
    counted = await twenty.messages.count()
    shown = [message async for message in twenty.messages.iterate(hidden="skip")]
    told = None
    try:
        assert len([message async for message in twenty.messages.iterate()]) == counted
    except HiddenRecords as error:
        told = (error.seen, error.expected)
    assert told == ((len(shown), counted) if len(shown) < counted else None)
    for message in shown:
        assert RESTRICTED not in (message.subject, message.text)
        assert ("subject" in restricted_fields(message)) <= (message.subject is None)


def changed_payload(key: str) -> str:
    """The key with the payload cut in the middle."""
    head, payload, signature = key.split(".")
    return f"{head}.{payload[: len(payload) // 2]}.{signature}"


WRONG_KEYS = {
    "garbage": lambda key: "garbage-that-is-no-key",
    "without its last character": lambda key: key[:-1],
    "with one more": lambda key: key + "A",
    "of another type": lambda key: "eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln",
    "cut within": changed_payload,
}


@pytest.mark.parametrize("wrong", WRONG_KEYS.values(), ids=WRONG_KEYS.keys())
async def test_a_wrong_key_is_an_error_of_authentication_everywhere(
    connection: Connection, server: str, wrong: Any
) -> None:
    if server == "strict sandbox":
        pytest.skip("older servers know fewer kinds of wrong keys")
    async with Twenty(connection.url, api_key=wrong(connection.key), retry=RetryPolicy(attempts=2, base=0)) as twenty:
        with pytest.raises(AuthenticationError):
            await twenty.companies.count()
        with pytest.raises(AuthenticationError):
            await twenty.workspace.objects()
        with pytest.raises(AuthenticationError):
            await twenty.rest.get("companies", limit=1)


async def test_what_nobody_may_write_is_not_put_down_to_the_role_of_the_key(twenty: Twenty, server: str) -> None:
    if server == "strict sandbox":
        pytest.skip("not measured on older servers")
    with pytest.raises(PermissionDenied) as caught:
        await twenty.execute("mutation { createWorkflowRun(data: {}) { id } }")
    assert caught.value.reason is Reason.NOT_OFFERED
    assert "Settings, Roles" not in str(caught.value)


@pytest.mark.parametrize("make", [uuid1, lambda: uuid3(uuid4(), "a"), uuid4, lambda: uuid5(uuid4(), "a")])
async def test_ids_of_version_1_to_5_are_taken_in_any_case(twenty: Twenty, tag: str, make: Any) -> None:
    id_ = make()
    company = await twenty.companies.create_one({"id": str(id_).upper(), "name": tag})
    assert company.id == id_
    assert (await twenty.companies.find_one(str(id_).upper())).id == id_


@pytest.mark.parametrize(
    "id_",
    [
        "1f0ce9a1-72cc-660f-a665-d11fdf70b399",
        "019accc1-72cc-760f-a665-d11fdf70b399",
        "019accc1-72cc-860f-a665-d11fdf70b399",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "019accc1-72cc-460f-c665-d11fdf70b399",
        "019accc172cc460fa665d11fdf70b399",
        "{019accc1-72cc-460f-a665-d11fdf70b399}",
        "urn:uuid:019accc1-72cc-460f-a665-d11fdf70b399",
    ],
)
async def test_the_ids_that_are_refused_here_are_those_that_the_server_refuses(
    twenty: Twenty, server: str, id_: str
) -> None:
    with pytest.raises(InvalidArgument, match="Twenty accepts"):
        await twenty.companies.find_one(id_)
    if server == "strict sandbox":
        pytest.skip("not measured on older servers")
    with pytest.raises(InvalidInput):
        await twenty.execute(
            "query($filter: CompanyFilterInput) { companies(filter: $filter) { totalCount } }",
            {"filter": {"id": {"eq": id_}}},
        )
