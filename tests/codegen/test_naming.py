"""Python names for GraphQL names."""

from __future__ import annotations

import keyword
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiotwenty.client import Client
from aiotwenty.codegen.model import names as naming
from aiotwenty.graphql import names as basic
from aiotwenty.graphql import runtime as rt
from aiotwenty.graphql.models import graphql_name

graphql_names = st.from_regex(r"[_A-Za-z][_0-9A-Za-z]{0,11}", fullmatch=True).filter(
    lambda name: not name.startswith("__")
)


@pytest.mark.parametrize(
    ("graphql", "python"),
    [
        ("domainName", "domain_name"),
        ("class", "class_"),
        ("modelDump", "model_dump_"),
        ("parseObj", "parse_obj_"),
        ("json", "json_"),
        ("self", "self_"),
        ("list", "list_"),
        ("true", "true"),
        ("addressStreet1", "address_street_1"),
        ("linkedinURL", "linkedin_url"),
        ("_1st", "n_1_st"),
        ("_", "underscore"),
    ],
)
def test_a_field_gets_a_predictable_name(graphql: str, python: str) -> None:
    assert basic.field_names([graphql]) == {graphql: python}


def test_a_second_claimant_gets_a_number_and_the_order_does_not_matter() -> None:
    expected = {"a_bc": "a_bc", "aBc": "a_bc_2", "name": "name"}
    assert basic.field_names(["a_bc", "aBc", "name"]) == expected
    assert basic.field_names(["name", "aBc", "a_bc"]) == expected


@given(st.sets(graphql_names, min_size=1, max_size=20))
def test_fields_of_any_name_get_names_that_are_distinct_free_and_lead_back(names: set[str]) -> None:
    fields = basic.field_names(names)
    assert fields.keys() == names
    assert len(set(fields.values())) == len(names)
    for graphql, python in fields.items():
        assert python.isidentifier()
        assert not keyword.iskeyword(python)
        assert not python.startswith("_")
        assert not hasattr(rt.Record, python)
        assert not hasattr(rt.Input, python)
        assert basic.needs_alias(python, graphql) or graphql_name(python) == graphql
        assert python == graphql or python not in names


@given(st.sets(graphql_names, min_size=1, max_size=20))
def test_options_of_any_name_make_an_enum_with_all_of_them(options: set[str]) -> None:
    members = basic.distinct(options, basic.member_name)
    made = StrEnum("Made", [(member, option) for option, member in members.items()])  # type: ignore[misc]
    assert {str(each) for each in made} == options


def test_every_name_that_pydantic_has_is_taken() -> None:
    public = {name for base in (rt.Record, rt.Input) for name in dir(base) if not name.startswith("_")}
    assert public <= basic.FIELDS


def test_every_name_that_a_client_has_is_taken() -> None:
    assert {name for name in dir(Client) if not name.startswith("_")} <= naming.CLIENT


@given(st.sets(graphql_names, min_size=1, max_size=20))
def test_arguments_of_any_name_can_stand_in_one_signature(names: set[str]) -> None:
    arguments = naming.argument_names(names)
    assert len(set(arguments.values())) == len(names)
    compile(f"async def method(self, *, {', '.join(arguments.values())}): ...", "method", "exec")
