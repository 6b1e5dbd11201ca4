"""Ids that the server does not take are refused before they are sent, and never made."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid1, uuid3, uuid4, uuid5

import pytest
from pydantic import ValidationError

from aiotwenty import InvalidArgument, Twenty
from aiotwenty.core import CompanyCreateInput
from aiotwenty.graphql.ids import id_problem
from tests.unit.scripted import KEY, ScriptedServer, answer

TAKEN = [uuid1(), uuid3(uuid4(), "x"), uuid4(), uuid5(uuid4(), "x"), UUID("00000000-0000-2000-9000-000000000000")]
REFUSED: dict[str, str | UUID] = {
    "version 6": UUID("1f0ce9a1-72cc-660f-a665-d11fdf70b399"),
    "version 7": "019accc1-72cc-760f-a665-d11fdf70b399",
    "version 8": UUID("019accc1-72cc-860f-a665-d11fdf70b399"),
    "nil": UUID(int=0),
    "max": "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "another variant": "019accc1-72cc-460f-c665-d11fdf70b399",
    "a small number": UUID(int=7),
    "no dashes": "019accc172cc460fa665d11fdf70b399",
    "braces": "{019accc1-72cc-460f-a665-d11fdf70b399}",
    "URN": "urn:uuid:019accc1-72cc-460f-a665-d11fdf70b399",
}
Call = Callable[[Twenty, Any], Awaitable[object]]
CALLS: dict[str, Call] = {
    "find_one": lambda twenty, id_: twenty.companies.find_one(id_),
    "filter eq": lambda twenty, id_: twenty.companies.find_many(filter={"id": {"eq": id_}}),
    "filter in": lambda twenty, id_: twenty.companies.find_many(filter={"id": {"in": [uuid4(), id_]}}),
    "filter of a foreign key": lambda twenty, id_: twenty.people.count({"or": [{"company_id": {"eq": id_}}]}),
    "id in data": lambda twenty, id_: twenty.companies.create_one({"id": id_, "name": "Acme"}),
    "id in one of several": lambda twenty, id_: twenty.companies.create_many([{"name": "a"}, {"id": id_}]),
    "foreign key": lambda twenty, id_: twenty.people.create_one({"company_id": id_}),
    "upsert": lambda twenty, id_: twenty.companies.create_one({"id": id_}, upsert=True),
    "update_one": lambda twenty, id_: twenty.companies.update_one(id_, {"name": "Acme"}),
    "foreign key of an update": lambda twenty, id_: twenty.people.update_one(uuid4(), {"company_id": id_}),
    "delete_one": lambda twenty, id_: twenty.companies.delete_one(id_),
    "restore_one": lambda twenty, id_: twenty.companies.restore_one(id_),
    "destroy_one": lambda twenty, id_: twenty.companies.destroy_one(id_),
    "merge_many": lambda twenty, id_: twenty.companies.merge_many([uuid4(), id_]),
    "find_duplicates": lambda twenty, id_: twenty.companies.find_duplicates(ids=[id_]),
    "REST": lambda twenty, id_: twenty.rest.get(f"companies/{id_}"),
}


@pytest.fixture
async def twenty(server: ScriptedServer) -> AsyncIterator[Twenty]:
    server.say(answer({"data": {}}))
    async with Twenty(server.url, api_key=KEY) as twenty:
        yield twenty


@pytest.mark.parametrize("id_", TAKEN, ids=lambda id_: f"version {id_.version}")
def test_versions_1_to_5_are_taken_in_any_case(id_: UUID) -> None:
    assert id_problem(id_) is None
    assert id_problem(str(id_).upper()) is None
    assert str(CompanyCreateInput.model_validate({"id": str(id_).upper()}).id) == str(id_)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("id_", REFUSED.values(), ids=REFUSED.keys())
async def test_an_id_that_the_server_does_not_take_is_refused_with_the_reason(
    twenty: Twenty, server: ScriptedServer, call: Call, id_: str | UUID
) -> None:
    with pytest.raises(InvalidArgument, match=r"Twenty accepts (UUIDs of version 1 to 5 only|ids as 8-4-4-4-12)"):
        await call(twenty, id_)
    assert not server.paths


async def test_the_flat_client_refuses_such_ids_as_well(twenty: Twenty, server: ScriptedServer) -> None:
    with pytest.raises(InvalidArgument, match=r"id: Twenty accepts UUIDs of version 1 to 5 only"):
        await twenty.core.delete_one_company(UUID(int=7))
    with pytest.raises(ValidationError, match="Twenty accepts UUIDs of version 1 to 5 only"):
        CompanyCreateInput(id=UUID(int=7))
    assert not server.paths
