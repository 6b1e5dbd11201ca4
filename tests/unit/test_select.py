"""A model that selects is compared with the generated record where it is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import pytest
from pydantic import BeforeValidator, Field, computed_field

from aiotwenty import ConfigurationError, Select
from aiotwenty.core import (
    Actor,
    Address,
    Company,
    FullName,
    Links,
    Note,
    NoteTarget,
    Opportunity,
    OpportunityStageEnum,
    Person,
    WorkspaceMember,
)
from aiotwenty.graphql.select import selection_of


class Owner(Select[WorkspaceMember]):
    name: FullName


class Colleague(Select[Person]):
    name: FullName
    job_title: str | None


class City(Select[Address]):
    city: str | None = Field(alias="addressCity")


class CompanyCard(Select[Company]):
    id: UUID
    name: str | None
    address: City
    account_owner: Owner | None
    people: list[Colleague]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def shout(self) -> str:
        return (self.name or "").upper()


class ThingAbout(Select[Note]):
    title: str = ""
    targets: list[Company | Person | Opportunity]


class Target(Select[NoteTarget]):
    target: Company | Person | Opportunity | None


T = TypeVar("T")
R = TypeVar("R", bound=Any)


class WithPeople(Select[Company], Generic[T]):
    people: list[T]


class OnlyId(Select[R], Generic[R]):
    id: UUID


class Later(Select[Company]):
    people: list[Sooner]


class Sooner(Select[Person]):
    job_title: str | None


class Circle(Select[Person]):
    company: CircleCompany | None


class CircleCompany(Select[Company]):
    people: list[Circle]


def asked(model: Any) -> str:
    return selection_of(model).tree.text()


def test_the_fields_of_a_model_are_what_is_asked_for() -> None:
    assert asked(CompanyCard) == (
        "{id name address{addressCity} accountOwner{name{firstName lastName}} "
        "people{edges{node{name{firstName lastName} jobTitle}}countUniqueValuesId}}"
    )


def test_a_subclass_of_a_record_asks_for_its_fields_and_what_it_adds() -> None:
    class PersonAndOwner(Person):
        company: CompanyName | None

    fields = asked(PersonAndOwner)
    assert fields.startswith("{id name{firstName lastName} avatarFile{")
    assert fields.endswith(" company{name}}")
    assert "searchVector" not in fields


class CompanyName(Select[Company]):
    name: str | None


def test_records_that_others_join_are_asked_for_by_the_joins() -> None:
    fields = asked(ThingAbout)
    assert fields.startswith("{title id noteTargets{edges{node{targetCompany{id name ")
    assert " targetOpportunity{" in fields
    assert " targetPerson{" in fields


def test_one_record_of_several_types_is_asked_for_by_each() -> None:
    assert re.findall(r"\b(target\w+)\{", asked(Target)) == ["targetCompany", "targetOpportunity", "targetPerson"]


def test_what_the_search_goes_by_is_asked_for_by_name_only() -> None:
    class Words(Select[Company]):
        search_vector: str | None

    assert asked(Words) == "{searchVector}"
    assert "search_vector" not in Company.model_fields


def test_generics_are_read_when_they_are_filled_in() -> None:
    assert asked(WithPeople[Sooner]) == "{id people{edges{node{jobTitle}}countUniqueValuesId}}"
    assert asked(OnlyId[Person]) == asked(OnlyId[Company]) == "{id}"
    with pytest.raises(
        ConfigurationError, match=r"people: is declared list\[Owner\], but people is a list of Person\."
    ):
        WithPeople[Owner]


def test_forward_references_are_resolved_late() -> None:
    assert asked(Later) == "{id people{edges{node{jobTitle}}countUniqueValuesId}}"


def test_a_selection_that_goes_in_a_circle_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="Circle > CircleCompany > Circle: the selection goes round"):
        selection_of(Circle)


def unknown() -> None:
    class Wrong(Select[Company]):
        nmae: str | None


def unknown_added() -> None:
    class Wrong(Person):
        compny: Company | None


def never_none() -> None:
    class Wrong(Select[Company]):
        name: str


def part_never_none() -> None:
    class Wrong(Select[Address]):
        address_city: str


def relation_never_none() -> None:
    class Wrong(Select[Company]):
        account_owner: Owner


def list_for_one() -> None:
    class Wrong(Select[Company]):
        account_owner: list[Owner]


def one_for_list() -> None:
    class Wrong(Select[Company]):
        people: Colleague | None


def other_object() -> None:
    class Wrong(Select[Company]):
        people: list[Owner]


def scalar() -> None:
    class Wrong(Select[Company]):
        created_at: UUID


def composite() -> None:
    class Wrong(Select[Company]):
        address: Links


def composite_as_text() -> None:
    class Wrong(Select[Company]):
        domain_name: str | None


def options() -> None:
    class Wrong(Select[Opportunity]):
        stage: Literal["NEW", "SCREENING"]


def types_left_out() -> None:
    class Wrong(Select[NoteTarget]):
        target: Company | Person | None


def nothing() -> None:
    selection_of(Empty)


class Empty(Select[Company]):
    pass


WRONG: list[tuple[Callable[[], None], str]] = [
    (unknown, "Wrong.nmae: Company has no nmae (did you mean 'name'?)."),
    (unknown_added, "Wrong.compny: Person has no compny (did you mean 'company'?)."),
    (never_none, "Wrong.name: is declared str, but name may be None: declare it str | None, or give it a default,"),
    (part_never_none, "Wrong.address_city: is declared str, but addressCity may be None"),
    (relation_never_none, "Wrong.account_owner: is declared Owner, but accountOwner may be no WorkspaceMember at all"),
    (list_for_one, "Wrong.account_owner: is declared list[Owner], but accountOwner is one WorkspaceMember, or None."),
    (one_for_list, "Wrong.people: is declared Colleague | None, but people is a list of Person."),
    (other_object, "Wrong.people: is declared list[Owner], but people is a list of Person."),
    (scalar, "Wrong.created_at: is declared UUID, but createdAt is datetime."),
    (composite, "Wrong.address: is declared Links, but address is Address | None; for a part of it, give a Select[Add"),
    (composite_as_text, "Wrong.domain_name: is declared str | None, but domainName is Links | None"),
    (options, "Wrong.stage: is declared Literal, but stage is OpportunityStageEnum."),
    (types_left_out, "target is one Company | Opportunity | Person, or None: Opportunity would be left out."),
    (nothing, "Empty selects nothing: give it fields."),
]


@pytest.mark.parametrize(("write", "message"), WRONG, ids=lambda value: getattr(value, "__name__", ""))
def test_what_cannot_be_right_is_an_error_where_it_is_written(write: Callable[[], None], message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        write()


def test_every_mistake_of_a_model_is_named() -> None:
    with pytest.raises(ConfigurationError) as caught:

        class Wrong(Select[Company]):
            nmae: str
            id: int

    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == ["Wrong.nmae", "Wrong.id"]


def test_a_field_may_be_declared_as_whatever_holds_its_values() -> None:
    class Deal(Select[Opportunity]):
        id: str
        stage: str
        close_date: datetime | str | None
        created_at: str
        position: Decimal
        created_by: Who
        name: Annotated[str, BeforeValidator(lambda value: value or "")]

    class Staged(Select[Opportunity]):
        stage: OpportunityStageEnum

    class Chosen(Select[Opportunity]):
        stage: Literal["NEW", "SCREENING", "MEETING", "PROPOSAL", "CUSTOMER"] = "NEW"

    assert asked(Deal) == "{id stage closeDate createdAt position createdBy{name} name}"
    assert asked(Staged) == asked(Chosen) == "{stage}"


class Who(Select[Actor]):
    name: str | None
