"""Answers become the models that asked for them, in one pass, with all that those models do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, get_origin

import pytest
from pydantic import BeforeValidator, ValidationError, create_model, field_validator, model_validator
from pydantic_core import to_json

from aiotwenty import ConfigurationError, Select
from aiotwenty.core import Company, Note, NoteTarget, Opportunity, Person
from aiotwenty.graphql.answer_schemas import Wanted, id_of

ID = "00000000-0000-4000-8000-000000000001"


class Someone(Select[Person]):
    job_title: str = "nobody"

    @model_validator(mode="after")
    def titled(self) -> Someone:
        assert self.job_title
        return self


class Named(Select[Company]):
    name: str | None


class Deal(Select[Opportunity]):
    name: str | None
    point_of_contact: Someone | None


class About(Select[NoteTarget]):
    target: Named | Someone | Deal | None

    @field_validator("target")
    @classmethod
    def not_secret(cls, target: Any) -> Any:
        if isinstance(target, Named) and target.name == "secret":
            raise ValueError("is secret")
        return target


class Everything(Select[Note]):
    targets: list[Named | Someone | Deal]


class FirstOnly(Select[Company]):
    people: Annotated[list[Someone], BeforeValidator(lambda people: people[:1])]


def connection(*nodes: dict[str, Any], count: int | None = None) -> dict[str, Any]:
    return {"edges": [{"node": node} for node in nodes], "countUniqueValuesId": len(nodes) if count is None else count}


def read(model: Any, data: dict[str, Any], *, identified: bool = False, cuts: list[bool] | None = None) -> Any:
    answer = to_json({"data": {"it": data}})
    return Wanted(model, "one", identified).reader("it").validate_json(answer, context=cuts)["data"]["it"]


def test_null_reads_as_the_default() -> None:
    assert read(Someone, {"jobTitle": None}) == Someone()


def test_null_without_a_default_is_an_error() -> None:
    class Never(Select[Person]):
        created_at: str

    with pytest.raises(ValidationError):
        read(Never, {"createdAt": None})


def test_one_of_several_types_is_the_one_that_is_there() -> None:
    nobody = {"targetCompany": None, "targetPerson": None, "targetOpportunity": None}
    deal = {"name": "d", "pointOfContact": {"jobTitle": "z"}}
    expected = Deal(name="d", point_of_contact=Someone(job_title="z"))
    about = read(About, nobody | {"targetOpportunity": deal})
    assert about == About(target=expected)
    assert about.model_fields_set == {"target"}
    assert read(About, nobody) == About(target=None)
    with pytest.raises(ValidationError, match="is secret"):
        read(About, nobody | {"targetCompany": {"name": "secret"}})


def test_records_that_others_join_are_a_list_of_their_own() -> None:
    nobody = {"targetCompany": None, "targetPerson": None, "targetOpportunity": None}
    joins = connection(nobody | {"targetPerson": {"jobTitle": None}}, nobody, nobody | {"targetCompany": {"name": "c"}})
    assert read(Everything, {"noteTargets": joins}).targets == [Someone(), Named(name="c")]


def test_a_validator_that_sees_a_list_first_gets_a_list() -> None:
    people = connection({"jobTitle": "a"}, {"jobTitle": "b"})
    assert read(FirstOnly, {"id": ID, "people": people}).people == [Someone(job_title="a")]


@pytest.mark.parametrize(("declared", "kind"), [(Sequence[Someone], list), (tuple[Someone, ...], tuple)], ids=str)
def test_a_list_may_be_declared_as_a_tuple_or_a_sequence(declared: Any, kind: type) -> None:
    model = create_model("Listing", __base__=Select[Company], people=(declared, ...))
    listing = read(model, {"people": connection({"jobTitle": "CEO"}, {"jobTitle": None})})
    assert listing.people == kind([Someone(job_title="CEO"), Someone()])
    joined = create_model("Joined", __base__=Select[Note], targets=(kind_of(declared, Named | Someone | Deal), ...))
    targets = connection({"targetCompany": {"name": "A"}, "targetPerson": None, "targetOpportunity": None})
    assert read(joined, {"noteTargets": targets}).targets == kind([Named(name="A")])


def kind_of(declared: Any, item: Any) -> Any:
    return tuple[item, ...] if get_origin(declared) is tuple else Sequence[item]


def test_what_is_no_list_of_any_order_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"declare it list\[\.\.\.\]"):
        create_model("Unordered", __base__=Select[Company], people=(frozenset[Someone], ...))


def test_a_list_that_was_cut_is_told_of() -> None:
    cuts: list[bool] = []
    read(FirstOnly, {"id": ID, "people": connection({"jobTitle": "a"}, count=2)}, cuts=cuts)
    assert cuts == [True]


def test_an_id_that_was_not_asked_for_is_known_and_not_shown() -> None:
    record = read(Named, {"id": ID, "name": "c"}, identified=True)
    assert str(id_of(record)) == ID
    assert record == Named(name="c")
    assert record.model_dump() == {"name": "c"}
    assert record.model_fields_set == {"name"}
    assert repr(record) == "Named(name='c')"


def test_a_model_made_by_hand_is_as_any_of_pydantic() -> None:
    made = Everything(targets=[Named(name="c")])
    assert Everything.model_validate_json(made.model_dump_json()) == made
    assert Everything.model_json_schema()["properties"]["targets"]["type"] == "array"
