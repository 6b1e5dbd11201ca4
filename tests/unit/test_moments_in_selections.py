"""Times in answers are read from texts that are times, whatever model asks for them."""

from __future__ import annotations

import datetime
import json
from typing import Annotated, Any

import pytest
from pydantic import BeforeValidator, ValidationError

from aiotwenty import Select
from aiotwenty.core import Opportunity
from aiotwenty.graphql.answer_schemas import Wanted


def from_iso(value: Any) -> Any:
    return datetime.datetime.fromisoformat(value) if isinstance(value, str) else value


class Plain(Select[Opportunity]):
    close_date: datetime.datetime | None


class OwnValidator(Select[Opportunity]):
    close_date: Annotated[datetime.datetime | None, BeforeValidator(from_iso)]


def read(model: type[Plain] | type[OwnValidator], value: object) -> object:
    answer = json.dumps({"data": {"opportunity": {"closeDate": value}}})
    return Wanted(model, "one").reader("opportunity").validate_json(answer)["data"]["opportunity"].close_date


@pytest.mark.parametrize("epoch", [1735689600, "1735689600", "1735689600000", "20250101", "2025"])
def test_an_epoch_in_an_answer_is_no_time(epoch: object) -> None:
    with pytest.raises(ValidationError):
        read(Plain, epoch)


@pytest.mark.parametrize("model", [Plain, OwnValidator])
def test_a_time_is_read_as_it_is_and_by_a_validator_of_its_own(model: type[Plain] | type[OwnValidator]) -> None:
    assert read(model, "2025-01-02T03:04:05+00:00") == datetime.datetime(2025, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    assert read(model, None) is None
