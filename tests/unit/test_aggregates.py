"""What an `Aggregate` may ask for, told where it is written."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

import pytest
from pydantic import Field, create_model

from aiotwenty import Aggregate, ConfigurationError, Twenty
from aiotwenty.core import Company, Opportunity
from aiotwenty.graphql.aggregate import aggregates_of
from aiotwenty.graphql.models import Record
from aiotwenty.sandbox import Sandbox

WRONG = {
    "a misspelt name": (
        {"totl_count": int},
        r"Wrong\.totl_count: Opportunity has no aggregate totl_count \(did you mean 'total_count'\?\)",
    ),
    "the least of a text": ({"min_name": (str | None)}, "no aggregate min_name"),
    "the mean of a position": ({"avg_position": (float | None)}, "no aggregate avg_position"),
    "what groups are ordered by, and is no aggregate": ({"company_id": int}, "no aggregate company_id"),
    "a sum that is never None": ({"sum_amount_amount_micros": Decimal}, r"may be None, .* declare it Decimal \| None"),
    "a count that is a text": ({"total_count": str}, "is declared str, but totalCount is int"),
    "a time that is a number": ({"max_close_date": (float | None)}, r"but maxCloseDate is datetime \| None"),
}


def wrong(**types: Any) -> None:
    fields: dict[str, Any] = {name: (type_, ...) for name, type_ in types.items()}
    create_model("Wrong", __base__=Aggregate[Opportunity], **fields)


@pytest.mark.parametrize(("fields", "says"), WRONG.values(), ids=WRONG)
def test_what_the_server_does_not_answer_is_refused_where_it_is_written(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        wrong(**fields)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        wrong(a=int, total_count=str)
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["Wrong.a", "Wrong.total_count"]


R = TypeVar("R", bound=Record)


class Counted(Aggregate[R], Generic[R]):
    total_count: int
    newest: datetime | None = Field(alias="maxCreatedAt")

    @property
    def any(self) -> bool:
        return self.total_count > 0


class Deals(Counted[Opportunity]):
    worth: Decimal = Field(default=Decimal(0), alias="sumAmountAmountMicros")


def test_it_is_a_model_like_any_other() -> None:
    assert aggregates_of(Deals) == ("totalCount", "maxCreatedAt", "sumAmountAmountMicros")
    assert aggregates_of(Counted[Company]) == ("totalCount", "maxCreatedAt")
    deals = Deals.model_validate({"total_count": 1, "newest": None})
    assert deals.any
    assert deals.worth == 0
    assert deals.values == []


def test_an_open_one_can_not_be_asked_for() -> None:
    with pytest.raises(ConfigurationError, match="does not say of what"):
        aggregates_of(Counted)


def test_numbers_that_come_as_texts_are_numbers() -> None:
    deals = Deals.model_validate_json('{"totalCount": "39", "maxCreatedAt": null, "sumAmountAmountMicros": 0.1}')
    assert (deals.total_count, deals.worth) == (39, Decimal("0.1"))


async def test_the_default_of_a_field_stands_for_none(twenty_sandbox: Sandbox) -> None:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        deals = await twenty.opportunities.aggregate(Deals)
    assert (deals.total_count, deals.worth) == (0, Decimal(0))
    assert deals.newest is None


async def test_what_a_multiselect_groups_by_is_a_list(twenty_sandbox: Sandbox) -> None:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        await twenty.workflows.create_many([{"name": "a", "statuses": ["DRAFT", "ACTIVE"]}, {"name": "b"}])
        groups = await twenty.workflows.group_by({"statuses": True})
    assert {str(group.values[0]) for group in groups} == {"['DRAFT', 'ACTIVE']", "None"}
