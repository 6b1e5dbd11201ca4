"""Filters as they are sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from graphql import build_schema

from aiotwenty import InvalidArgument
from aiotwenty.bulk.source import InputError
from aiotwenty.bulk.workspace_catalogue import ServedCatalogue
from aiotwenty.core import CompanyFilterInput
from aiotwenty.graphql.filter_guard import restricts
from aiotwenty.graphql.filters import normalise
from aiotwenty.records.id_filters import only_ids
from aiotwenty.records.inputs import as_model

ID = UUID("0f12a159-3b7b-4ac4-80b8-8b14e33530dc")


def sent(value: dict[str, Any]) -> dict[str, Any]:
    return normalise(as_model(value, CompanyFilterInput, "filter"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"name": {"eq": "x"}}, {"name": {"eq": "x"}}),
        ({"position": {"gt": 1, "lt": 3}}, {"position": {"gt": 1}, "and": [{"position": {"lt": 3}}]}),
        (
            {"and": [{"name": {"eq": "x"}}], "position": {"gt": 1, "lt": 3}},
            {"and": [{"name": {"eq": "x"}}, {"position": {"lt": 3}}], "position": {"gt": 1}},
        ),
        (
            {"or": [{"position": {"gt": 1, "lt": 3}}, {"name": {"eq": "x"}}]},
            {"or": [{"position": {"gt": 1}, "and": [{"position": {"lt": 3}}]}, {"name": {"eq": "x"}}]},
        ),
        (
            {"annualRevenue": {"amountMicros": {"gte": 1, "lte": 9}, "currencyCode": {"eq": "EUR"}}},
            {
                "annualRevenue": {"amountMicros": {"gte": 1}, "currencyCode": {"eq": "EUR"}},
                "and": [{"annualRevenue": {"amountMicros": {"lte": 9}}}],
            },
        ),
        (
            {"accountOwner": {"position": {"gt": 1, "lt": 3}}},
            {"accountOwner": {"position": {"gt": 1}, "and": [{"position": {"lt": 3}}]}},
        ),
        ({"name": {"startsWith": "50%_a\\"}}, {"name": {"like": "50\\%\\_a\\\\%"}}),
        ({"name": {"ends_with": "x"}}, {"name": {"like": "%x"}}),
        ({"name": {"startsWith": "a", "endsWith": "z"}}, {"name": {"like": "%z"}, "and": [{"name": {"like": "a%"}}]}),
        ({"not": {"name": {"eq": "x"}}}, {"not": {"name": {"eq": "x"}}}),
        ({"id": {"in": [str(ID)]}}, {"id": {"in": [ID]}}),
        ({"name": {"is": "NULL"}}, {"name": {"is": "NULL"}}),
        # None is no filter. As the operand of an operator it matches nothing, and has to stay.
        ({"name": None, "and": None, "or": None, "not": None, "position": {"gt": 1}}, {"position": {"gt": 1}}),
        ({"domainName": {"primaryLinkUrl": None}}, {"domainName": {}}),
        ({"name": {"eq": None}}, {"name": {"eq": None}}),
    ],
    ids=str,
)
def test_a_filter_is_sent_in_the_form_that_all_servers_take(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert sent(given) == expected


@pytest.mark.parametrize(
    ("given", "does"),
    [
        ({"name": {"eq": "x"}}, True),
        ({"and": [{}, {"name": {"eq": "x"}}]}, True),
        ({"or": [{"name": {"eq": "x"}}]}, True),
        ({"domainName": {"primaryLinkUrl": {"eq": "x"}}}, True),
        ({"id": {"in": []}}, True),
        ({}, False),
        ({"or": [{"name": {"eq": "x"}}, {}]}, False),
        ({"domainName": {"primaryLinkUrl": {}}}, False),
        ({"name": {"eq": None}}, False),
    ],
    ids=str,
)
def test_only_a_condition_restricts(given: dict[str, Any], does: bool) -> None:
    assert restricts(sent(given)) is does


def test_ids_are_recognised_if_nothing_else_is_asked() -> None:
    assert only_ids({"id": {"in": [ID]}}) == [ID]
    assert only_ids({"id": {"eq": ID}}) == [ID]
    assert only_ids({"id": {"in": [ID]}, "name": {"eq": "x"}}) is None
    assert only_ids({"name": {"eq": "x"}}) is None
    assert only_ids({}) is None


def test_an_unknown_field_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(InvalidArgument, match="nme"):
        sent({"nme": {"eq": "x"}})


@pytest.mark.parametrize(
    ("given", "path", "instead"),
    [
        ({"people": {"name": {}}}, "people", "filter people by company_id"),
        ({"note_targets": {}}, "note_targets", "filter note_targets by target_company_id"),
        ({"and": [{"not": {"noteTargets": {}}}]}, "and.0.not.noteTargets", "filter note_targets by target_company_id"),
        ({"accountOwner": {"assignedTasks": {}}}, "accountOwner.assignedTasks", "filter tasks by assignee_id"),
    ],
    ids=str,
)
def test_a_filter_through_a_list_of_records_says_where_to_filter_instead(
    given: dict[str, Any], path: str, instead: str
) -> None:
    """The server would answer "Cannot filter by relation field"."""
    with pytest.raises(InvalidArgument) as caught:
        sent(given)
    assert str(caught.value) == f"filter: {path}: the server filters by no to-many relation: {instead} instead."
    with pytest.raises(ValueError, match=instead):
        CompanyFilterInput.model_validate(given)


def test_a_filter_for_an_object_as_it_is_served_is_judged_alike(root: Path) -> None:
    catalogue = ServedCatalogue(build_schema((root / "schema/core.graphql").read_text(), assume_valid=True))
    names = catalogue.find("companies")
    catalogue.filter(names.type_name, {"and": [{"accountOwner": {"name": {"firstName": {"eq": "Jo"}}}}]})
    with pytest.raises(InputError) as caught:
        catalogue.filter(names.type_name, {"and": [{"people": {"jobTitle": {"eq": "CEO"}}}]})
    assert "filter: and[0].people: the server filters by no to-many relation: filter people by companyId" in str(
        caught.value
    )
