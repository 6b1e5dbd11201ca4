"""What is made of a schema at run time is what the generator writes of the same schema."""

from __future__ import annotations

from enum import Enum
from importlib import import_module
from typing import Any, get_args, get_origin

import pytest
from graphql import build_schema
from pydantic import BaseModel

import aiotwenty.core
from aiotwenty.core.objects import Objects
from aiotwenty.graphql.lazy_models import Later
from aiotwenty.graphql.models import GroupOrder
from aiotwenty.objects import Lazy
from aiotwenty.records.object_meta import SUFFIXES
from aiotwenty.served.package import ServedPackage
from tests.support.recorded import ROOT

NAMESPACES: dict[str, Any] = {name: lazy.kind for name, lazy in vars(Objects).items() if isinstance(lazy, Lazy)}


@pytest.fixture(scope="module")
def package() -> ServedPackage:
    schema = (ROOT / "schema" / "core.graphql").read_text("utf-8")
    return ServedPackage(build_schema(schema, assume_valid=True), "aiotwenty.served.schema_committed")


def said(annotation: Any) -> Any:
    """An annotation with the names of its classes in place of them."""
    if get_origin(annotation) is not None:
        return (str(get_origin(annotation)), *sorted(map(repr, map(said, get_args(annotation)))))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel | Enum | Later):
        return annotation.__name__
    return repr(annotation)


def fields(model: type[BaseModel]) -> dict[str, Any]:
    model.model_rebuild()
    return {
        name: (info.validation_alias or info.alias, said(info.annotation), said(tuple(info.metadata)), info.default)
        for name, info in model.model_fields.items()
    }


@pytest.mark.parametrize("attribute", NAMESPACES)
def test_the_models_of_an_object_are_those_that_are_generated(package: ServedPackage, attribute: str) -> None:
    generated = NAMESPACES[attribute].meta
    found = package.find(attribute)
    assert found is not None
    served = package.kind(found).meta
    assert (served.type_name, served.singular, served.plural) == (
        generated.type_name,
        generated.singular,
        generated.plural,
    )
    assert (set(served.also), set(served.without)) == (set(generated.also), set(generated.without))
    for role, suffix in SUFFIXES.items():
        if role == "where_unique" and not hasattr(aiotwenty.core, generated.type_name + suffix):
            continue  # nothing refers to it
        ours, theirs = served.model(role), generated.model(role)
        assert issubclass(ours, theirs.__bases__[0])
        assert fields(ours) == fields(theirs), role
        if issubclass(theirs, GroupOrder):
            assert ours.aggregates() == theirs.aggregates()
    assert served.model("record")._object == generated.model("record")._object


@pytest.mark.parametrize("attribute", NAMESPACES)
def test_its_operations_ask_for_the_same(package: ServedPackage, attribute: str) -> None:
    generated = NAMESPACES[attribute].meta
    served = package.kind(package.objects[generated.plural]).meta
    for kind in ("find_many", "find_one", "create_many", "update_one", "destroy_many", "group_by"):
        ours, theirs = served.operation(kind), generated.operation(kind)
        for fact in ("root", "kind", "by_id", "filters"):
            assert getattr(ours, fact) == getattr(theirs, fact)
        assert dict(ours.variables) == dict(theirs.variables)


def test_an_enum_has_the_options_of_the_schema(package: ServedPackage) -> None:
    ours = import_module(package.name).OpportunityStageEnum
    assert list(ours) == list(aiotwenty.core.OpportunityStageEnum)
