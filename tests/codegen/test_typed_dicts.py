"""The typed dicts of a package: at run time they say the truth, too."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import aiotwenty.core
from tests.codegen.projects import Project


def wrong_keys(package: Any) -> list[str]:
    """The keys of typed dicts that the model they stand for does not take."""
    dicts = vars(importlib.import_module(f"{package.__name__}.dicts"))
    wrong = []
    for name in dir(package):
        model = getattr(package, name)
        typed = dicts.get(f"{name.removesuffix('Input')}Dict")
        if not hasattr(model, "model_fields") or typed is None or hasattr(typed, "model_fields"):
            continue
        model.model_rebuild()
        taken = {key: info for field, info in model.model_fields.items() for key in (field, info.alias)}
        wrong += [f"{name}.{key}" for key in get_type_hints(typed) if key not in taken]
        fields = {id(taken[key]) for key in get_type_hints(typed) if key in taken}
        assert len(fields) == len(model.model_fields), name
    return wrong


def test_a_dict_has_a_key_for_each_field_and_no_other() -> None:
    assert wrong_keys(aiotwenty.core) == []
    filter_ = aiotwenty.core.CompanyFilterDict.__annotations__
    assert {"account_owner_id", "domain_name", "and", "or", "not"} <= filter_.keys()
    assert {"in", "is", "eq"} <= aiotwenty.core.StringFilterDict.__annotations__.keys()


def test_a_dict_has_keys_for_whatever_the_fields_of_a_workspace_are_called(hostile: Project) -> None:
    with hostile.imported() as package:
        assert wrong_keys(package.core) == []


@pytest.mark.parametrize(
    "data",
    [
        {"name": {"ilike": "a%"}, "accountOwner": {"name": {"firstName": {"eq": "x"}}}},
        {"name": {"ilike": "a%"}, "account_owner": {"name": {"first_name": {"eq": "x"}}}},
    ],
    ids=["camelCase", "snake_case"],
)
def test_both_spellings_of_keys_mean_the_same_at_run_time(data: Any) -> None:
    model = aiotwenty.core.CompanyFilterInput.model_validate(data)
    sent = model.model_dump_json(by_alias=True, exclude_unset=True)
    assert sent == '{"name":{"ilike":"a%"},"accountOwner":{"name":{"firstName":{"eq":"x"}}}}'


def test_an_object_that_is_not_generated_may_refer_to_one_that_is(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    made = Project(tmp_path, settings={"objects": ["companies"]})
    for name in ("core", "metadata"):
        made.write(f"schema/{name}.graphql", (root / f"schema/{name}.graphql").read_text())
    made.generate()
    with made.imported() as package:
        filter_ = package.CompanyFilterInput.model_validate({"account_owner": {"name": {"first_name": {"eq": "x"}}}})
        assert filter_.account_owner.name.first_name.eq == "x"
