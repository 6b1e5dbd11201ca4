"""Whatever a workspace calls its objects, fields and options: it generates, imports, type-checks and round-trips."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from aiotwenty import Twenty
from aiotwenty.codegen.model.names import class_name
from aiotwenty.codegen.read.introspect import write_schemas
from aiotwenty.graphql.encode import encode_json
from aiotwenty.graphql.names import field_names
from aiotwenty.metadata import CreateOneFieldMetadataInput, CreateOneObjectInput
from aiotwenty.sandbox import Sandbox
from tests.codegen.hostile_names import FIELDS, HOSTILE, OBJECTS, OPTIONS, words
from tests.codegen.projects import Project
from tests.codegen.workspaces import Thing, type_name


def check_round_trip(package: ModuleType, thing: Thing) -> None:
    """Every field of the object arrives under its name and is sent under it."""
    names = field_names([*thing.fields, "id", "createdAt", "website", *(["choice"] if thing.options else [])])
    name = class_name(type_name(thing.singular))
    answer: dict[str, Any] = {field: f"value of {field}" for field in thing.fields}
    answer |= {"id": "8a9df7e0-2f5a-4c6e-8f5c-2b0fa4a6d111", "createdAt": "2026-11-23T15:00:18.735Z", "website": None}
    if thing.options:
        answer["choice"] = thing.options[0]
    record: BaseModel = getattr(package, name).model_validate_json(json.dumps(answer))
    assert {field: getattr(record, names[field]) for field in thing.fields} == {f: answer[f] for f in thing.fields}
    if thing.options:
        assert getattr(record, names["choice"]).value == thing.options[0]
    sent = {key: value for key, value in answer.items() if key != "createdAt"}
    create = getattr(package, class_name(f"{type_name(thing.singular)}CreateInput"))
    by_python_name = create(**{names[key]: value for key, value in sent.items()})
    by_graphql_name = create(**sent)
    assert json.loads(encode_json(by_python_name)) == json.loads(encode_json(by_graphql_name)) == sent
    assert encode_json(create()) == b"{}"


def test_objects_of_every_name_go_there_and_back(hostile: Project) -> None:
    with hostile.imported() as package:
        for thing in HOSTILE:
            check_round_trip(package, thing)


def test_every_object_has_a_namespace_of_its_own(hostile: Project) -> None:
    async def namespaces() -> list[object]:
        async with package.Twenty("http://127.0.0.1:9", api_key="key") as twenty:
            names = ("sheepe", "files_", "schemas", "nones", "selfs", "a_b_cs", "a_b_cs_2")
            return [getattr(twenty, name) for name in names]

    with hostile.imported() as package:
        made = asyncio.run(namespaces())
        assert len({type(each) for each in made}) == len(made)


camel = st.from_regex(r"[a-z][a-z]{0,3}([A-Z][a-z]{0,2}|[0-9]{1,2}|_[a-z]){0,2}", fullmatch=True)
object_names = st.one_of(st.sampled_from(OBJECTS), camel)
field_name = st.one_of(st.sampled_from(FIELDS), camel)


@st.composite
def workspaces(draw: st.DrawFn) -> list[Thing]:
    """Objects whose type names do not fall together, which no GraphQL schema could hold."""
    singulars = draw(st.lists(object_names, min_size=1, max_size=4, unique_by=type_name))
    reserved = {"id", "createdAt", "website", "choice"}
    made = []
    for singular in singulars:
        fields = draw(st.lists(field_name.filter(lambda name: name not in reserved), max_size=8, unique=True))
        options = draw(st.lists(st.sampled_from(OPTIONS), max_size=4, unique=True))
        plural = draw(st.sampled_from([f"{singular}s", f"{singular}e", f"all{type_name(singular)}", f"{singular}Es"]))
        made.append(Thing(singular, plural, fields, options))
    roots = [name for thing in made for name in (thing.singular, thing.plural)]
    uppers = [type_name(name) for name in roots]
    return made if len(set(uppers)) == len(uppers) else made[:1]


@settings(max_examples=max(6, settings().max_examples // 20), suppress_health_check=[HealthCheck.too_slow])
@given(workspaces())
def test_any_workspace_generates_imports_and_goes_there_and_back(workspace: list[Thing]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Project.of(Path(folder), workspace)
        project.generate()
        with project.imported() as package:
            for thing in workspace:
                check_round_trip(package, thing)


async def test_a_real_workspace_with_names_like_these_is_generated_and_used(
    tmp_path: Path, twenty_sandbox: Sandbox
) -> None:
    """Made through /metadata, introspected, generated, written to and read back."""
    objects = words("class list any client core file none session twenty uuid")
    fields = words(
        "class from async json schema self none modelDump data filter orderBy edges totalCount list str kwargs"
    )
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        ids = {}
        for name in objects:
            label = {"labelSingular": name, "labelPlural": f"{name}s", "icon": "IconBox"}
            wanted = {"object": {"nameSingular": name, "namePlural": f"all{type_name(name)}", **label}}
            made = await twenty.metadata.create_one_object(CreateOneObjectInput.model_validate(wanted))
            ids[name] = str(made.id)
        options = [
            {"value": each, "label": each, "color": "green", "position": n} for n, each in enumerate(OPTIONS[:6])
        ]
        text: list[dict[str, Any]] = [{"name": name, "type": "TEXT"} for name in fields]
        for field in [*text, {"name": "choice", "type": "SELECT", "options": options}]:
            wanted = {"field": {"label": field["name"], "objectMetadataId": ids["list"], **field}}
            await twenty.metadata.create_one_field(CreateOneFieldMetadataInput.model_validate(wanted))
        project = Project(tmp_path, settings={"objects": objects})
        await write_schemas(twenty, {name: tmp_path / f"schema/{name}.graphql" for name in ("core", "metadata")})
        project.generate()
        with project.imported() as package:
            async with package.Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as own:
                values = {field: f"value of {field}" for field in fields}
                made = await own.all_list.create_one({**values, "choice": "MRO"})
                read = await own.all_list.find_one(made.id)
                names = field_names(fields)
                assert {field: getattr(read, names[field]) for field in fields} == values
                assert read.choice is package.ListChoiceEnum.MRO
                for name in objects:
                    assert await getattr(own, f"all_{name}").count() == (name == "list")


def test_a_name_that_the_client_has_taken_gets_an_underscore(hostile: Project) -> None:
    with hostile.imported() as package:
        assert {"files_", "cores", "clients", "sessions"} <= set(dir(package.Twenty))
