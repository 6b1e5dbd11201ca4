"""Which filters a change of many is refused with: those that hold for all records."""

from __future__ import annotations

from typing import Any

import pytest

from aiotwenty import InvalidArgument, Twenty
from aiotwenty.core import CompanyFilterInput
from aiotwenty.graphql.filter_guard import restricts
from aiotwenty.graphql.filters import normalise
from aiotwenty.records.inputs import as_model

ID = "0f12a159-3b7b-4ac4-80b8-8b14e33530dc"
X = {"name": {"eq": "x"}}

HOLD_FOR_ALL: list[dict[str, Any]] = [
    {},
    {"and": []},
    {"or": []},
    {"and": [{}]},
    {"or": [{}, X]},
    {"or": [X, {"name": {"like": "%"}}]},
    {"not": {}},
    {"not": {"or": []}},
    {"not": {"not": {}}},
    {"name": None},
    {"domainName": {}},
    {"accountOwner": {}},
    {"accountOwner": {"name": {"firstName": {"like": "%"}}}},
    {"name": {"startsWith": ""}},
    {"name": {"endsWith": ""}},
    {"name": {"like": "%"}},
    {"name": {"ilike": "%%"}},
    {"name": {"like": "%%%"}},
    {"name": {"startsWith": "", "endsWith": ""}},
    {"domainName": {"primaryLinkUrl": {"ilike": "%"}}},
    {"domainName": {"primaryLinkUrl": {"startsWith": ""}, "primaryLinkLabel": {"endsWith": ""}}},
    {"id": {"is": "NOT_NULL"}},
    {"createdAt": {"is": "NOT_NULL"}},
    {"updatedAt": {"is": "NOT_NULL"}},
    {"position": {"is": "NOT_NULL"}},
    {"deletedAt": {"is": "NULL"}},
    {"name": {"eq": None}},
    {"name": {"neq": None}},
    {"not": {"id": {"is": "NULL"}}},
    {"not": {"deletedAt": {"is": "NOT_NULL"}}},
    {"not": {"id": {"in": [None]}}},
    {"not": {"name": {"eq": None}}},
    {"not": {"not": {"name": {"like": "%"}}}},
    {"not": {"and": [{"id": {"is": "NULL"}}, X]}},
    {"and": [{"name": {"like": "%"}}, {"id": {"is": "NOT_NULL"}}]},
    {"or": [{"deletedAt": {"is": "NULL"}}, {"deletedAt": {"is": "NOT_NULL"}}]},
    {"or": [{"name": {"is": "NULL"}}, {"name": {"is": "NOT_NULL"}}]},
    {"or": [{"position": {"is": "NULL"}}, {"position": {"is": "NOT_NULL"}}, X]},
    {"or": [X, {"not": X}]},
    {"or": [X, {"name": {"neq": "x"}}]},
    {"or": [{"position": {"gt": 5}}, {"position": {"lte": 5}}]},
    {"or": [{"position": {"gte": 5}}, {"position": {"lt": 5}}]},
    {"or": [{"name": {"like": "a%"}}, {"not": {"name": {"like": "a%"}}}]},
    {"not": {"and": [X, {"name": {"neq": "x"}}]}},
    {"or": [{"and": [{"id": {"is": "NOT_NULL"}}]}]},
    {"createdAt": {"gte": "1970-01-01"}},
    {"createdAt": {"lt": "2999-01-01T00:00:00Z"}},
    {"not": {"updatedAt": {"gt": "2999-01-01"}}},
    {"createdAt": {"gte": "1900-01-01", "lt": "2999-01-01"}},
    {"createdBy": {"source": {"is": "NOT_NULL"}}},
]
LEAVE_SOMETHING_OUT: list[dict[str, Any]] = [
    X,
    {"not": X},
    {"not": {"not": X}},
    {"and": [{}, X]},
    {"or": [X]},
    {"or": [X, {"name": {"eq": "y"}}]},
    {"or": [X, {"not": {"name": {"eq": "y"}}}]},
    {"or": [{"position": {"gt": 5}}, {"position": {"lt": 5}}]},
    {"name": {"like": ""}},
    {"name": {"ilike": ""}},
    {"name": {"like": "_%"}},
    {"name": {"startsWith": "%"}},
    {"name": {"startsWith": "a", "endsWith": ""}},
    {"name": {"is": "NULL"}},
    {"name": {"is": "NOT_NULL"}},
    {"name": {"neq": ""}},
    {"id": {"in": [ID]}},
    {"id": {"in": [None]}},
    {"id": {"is": "NULL"}},
    {"id": {"neq": ID}},
    {"createdAt": {"is": "NULL"}},
    {"createdAt": {"gte": "2025-01-01"}},
    {"createdAt": {"gte": "1970-01-01", "lt": "2025-01-01"}},
    {"createdAt": {"lt": "1970-01-01"}},
    {"deletedAt": {"gte": "1970-01-01"}},
    {"deletedAt": {"is": "NOT_NULL"}},
    {"deletedAt": {"is": "NULL"}, "name": {"eq": "x"}},
    {"and": [X, {"or": [{"deletedAt": {"is": "NULL"}}, {"deletedAt": {"is": "NOT_NULL"}}]}]},
    {"not": {"name": {"is": "NULL"}}},
    {"accountOwner": {"name": {"firstName": {"eq": "Ada"}}}},
    {"accountOwnerId": {"is": "NULL"}},
    {"annualRevenue": {"amountMicros": {"gte": 1}}},
]


@pytest.mark.parametrize("value", HOLD_FOR_ALL, ids=str)
def test_a_filter_that_holds_for_all_records_counts_as_empty(value: dict[str, Any]) -> None:
    assert not restricts(normalise(as_model(value, CompanyFilterInput, "filter")))


@pytest.mark.parametrize("value", LEAVE_SOMETHING_OUT, ids=str)
def test_a_filter_that_leaves_records_out_is_a_filter(value: dict[str, Any]) -> None:
    assert restricts(normalise(as_model(value, CompanyFilterInput, "filter")))


@pytest.mark.parametrize("change", ["delete_many", "destroy_many", "restore_many", "update_many"])
@pytest.mark.parametrize("value", [{"name": {"startsWith": ""}}, {"name": {"like": "%"}}])
async def test_no_change_of_many_is_sent_with_one(change: str, value: dict[str, Any]) -> None:
    async with Twenty("http://127.0.0.1:9", api_key="unused") as twenty:
        data = ({"name": "x"},) if change == "update_many" else ()
        with pytest.raises(InvalidArgument, match="every record matches"):
            await getattr(twenty.companies, change)(*data, filter=value)
