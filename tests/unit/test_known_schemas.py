"""A schema is read once for all who are told the same."""

from __future__ import annotations

from typing import Any

from graphql import build_schema, introspection_from_schema

from aiotwenty.bulk.workspace_catalogue import ServedCatalogue
from aiotwenty.graphql.introspection import known_schema

SDL = """
enum Stage {{ NEW OLD }}
input RocketCreateInput {{ stage: Stage }}
input RocketFilterInput {{ name: String }}
type Rocket {{ id: ID, stage: Stage }}
type RocketConnection {{ totalCount: Int }}
type Query {{ rocket(filter: RocketFilterInput): Rocket, rockets(filter: RocketFilterInput): RocketConnection, {more}: Int }}
type Mutation {{ createRockets(data: [RocketCreateInput!]): [Rocket!] }}
"""  # noqa: E501


def answer(more: str) -> Any:
    return introspection_from_schema(build_schema(SDL.format(more=more)))


def test_equal_answers_give_one_schema_and_others_another() -> None:
    first = known_schema(answer("a"), "/graphql")

    assert known_schema(answer("a"), "/graphql") is first
    other = known_schema(answer("b"), "/graphql")
    assert other.query_type is not None
    assert "b" in other.query_type.fields
    assert first.query_type is not None
    assert "b" not in first.query_type.fields


def test_only_the_last_ones_are_kept() -> None:
    first = known_schema(answer("first"), "/graphql")
    for more in "abcd":
        known_schema(answer(more), "/graphql")

    assert known_schema(answer("first"), "/graphql") is not first


def test_options_that_are_foreseen_are_none_of_what_others_share() -> None:
    catalogue = ServedCatalogue(known_schema(answer("a"), "/graphql"))
    other = catalogue.foreseeing("Rocket", {"stage": ["NEWEST"]})

    assert "NEWEST" in str(other.shape("Rocket").create_model.model_json_schema())
    assert "NEWEST" not in str(catalogue.shape("Rocket").create_model.model_json_schema())
