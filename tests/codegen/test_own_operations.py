"""Operations that a user writes: they become typed methods, or are refused with file, line and reason."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from aiotwenty.codegen.errors import CodegenError
from tests.codegen.projects import ROCKET, Project
from tests.codegen.test_introspection import served
from tests.codegen.workspaces import METADATA_SDL, Thing

PAD = Thing("pad", "pads", ("name",))
# A pad has rockets, a rocket is on a pad and has launches.
LINKED = """
extend type Rocket { padId: ID pad: Pad launches(first: Int, filter: LaunchFilterInput): LaunchConnection }
extend type Pad { rockets(first: Int, filter: RocketFilterInput): RocketConnection }
"""
LAUNCH = Thing("launch", "launches", ("site",))


def project(folder: Path, **files: str) -> Project:
    """A project with the given files under queries/, `core__x` for queries/core/x.graphql."""
    made = Project.of(folder, (ROCKET, PAD, LAUNCH))
    made.write("schema/core.graphql", made.read("schema/core.graphql") + LINKED)
    for name, text in files.items():
        made.write(f"queries/{name.replace('__', '/')}.graphql", text)
    return made


def test_an_operation_of_fragments_returns_the_generated_types(tmp_path: Path) -> None:
    made = project(
        tmp_path, core__mine="query FastRockets($min: Int) { rockets(first: $min) { edges { node { ...Rocket } } } }"
    )
    made.generate()
    client = made.read(f"{made.package}/core/client.py")
    assert "async def fast_rockets(self, *, min: rt.Maybe[int | None] = rt.UNSET) -> rt.Page[types.Rocket]:" in client
    assert not (tmp_path / made.package / "core/results.py").exists()


def test_an_operation_of_its_own_shape_gets_classes_that_share_the_fragments(tmp_path: Path) -> None:
    text = "query Names { rockets { edges { node { ...Rocket pad { name website { ...Links } } } } totalCount } }"
    made = project(tmp_path, core__names=text)
    made.generate()
    with made.imported() as package:
        node = package.NamesRocketsEdgesNode
        assert issubclass(node, package.Rocket)
        answer = (
            '{"id":"8a9df7e0-2f5a-4c6e-8f5c-2b0fa4a6d111","createdAt":"2026-11-23T15:00:18.735Z","website":null,'
            '"name":"Ariane","fuel":null,"thrust":1.5,"launchedOn":null,"choice":"TOMORROW","padId":null,'
            '"pad":{"name":"A","website":{"primaryLinkLabel":null,"primaryLinkUrl":"https://x","secondaryLinks":null}}}'
        )
        rocket = node.model_validate_json(answer)
        assert rocket.choice == "TOMORROW"
        assert type(rocket.pad.website) is package.Links


def test_several_root_fields_return_one_object_with_each(tmp_path: Path) -> None:
    made = project(tmp_path, both="query Both { rockets { totalCount } pads { totalCount } }")
    made.generate()
    assert "async def both(self) -> types.Both:" in made.read(f"{made.package}/core/client.py")
    with made.imported() as package:
        both = package.Both.model_validate_json('{"rockets": {"totalCount": 2}, "pads": null}')
        assert both.rockets.total_count == 2


def test_a_file_outside_of_the_endpoints_goes_to_the_one_that_has_its_fields(tmp_path: Path) -> None:
    made = project(tmp_path, look="query Look { objects { edges { node { id } } } }")
    made.generate()
    assert "def look(" in made.read(f"{made.package}/metadata/client.py")
    assert "def look(" not in made.read(f"{made.package}/core/client.py")


def test_a_file_outside_of_the_endpoints_may_be_for_both(tmp_path: Path) -> None:
    text = """
fragment Known on Object { id nameSingular }
fragment Short on Rocket { id name }
query Shorts { rockets { edges { node { ...Short } } } }
query Theme { theme }
"""
    made = project(
        tmp_path,
        shared=text,
        metadata__known="query Known { objects(paging: {first: 3}) { edges { node { ...Known } } } }",
    )
    made.generate()
    core, metadata = (made.read(f"{made.package}/{name}/client.py") for name in ("core", "metadata"))
    assert "async def shorts(self) -> rt.Page[types.Short]:" in core
    assert "async def theme(self) -> str | None:" in metadata
    assert "async def known(self) -> rt.Page[types.Known]:" in metadata


def test_schemas_may_lie_among_the_operations(tmp_path: Path) -> None:
    made = project(tmp_path, look="query Look { theme }")
    made.settings = {"schema": "queries"}
    for name in ("core", "metadata"):
        (tmp_path / f"schema/{name}.graphql").rename(tmp_path / f"queries/{name}.graphql")
    made.generate()
    assert "def look(" in made.read(f"{made.package}/metadata/client.py")


def test_a_fragment_of_ones_own_is_a_class_that_operations_share(tmp_path: Path) -> None:
    text = """
fragment Short on Rocket { id name }
query OneShort($filter: RocketFilterInput!) { rocket(filter: $filter) { ...Short } }
query ManyShort { rockets { edges { node { ...Short } } } }
"""
    made = project(tmp_path, core__short=text)
    made.generate()
    client = made.read(f"{made.package}/core/client.py")
    assert "-> types.Short:" in client
    assert "-> rt.Page[types.Short]:" in client


def test_an_operation_may_be_called_like_a_type(tmp_path: Path) -> None:
    made = project(tmp_path, core__x="query Rocket { rockets { edges { node { name } } } }")
    made.generate()
    with made.imported() as package:
        assert "fuel" in package.Rocket.model_fields
    assert "async def rocket(self) -> types." in made.read(f"{made.package}/core/client.py")


@pytest.mark.parametrize("singular", ["baseModel", "a_b", "optional"])
def test_what_is_added_to_an_object_of_any_name_is_added_to_its_class(tmp_path: Path, singular: str) -> None:
    made = Project.of(tmp_path, (Thing(singular, f"{singular}s", ("name",)),))
    name = f"{singular[:1].upper()}{singular[1:]}"
    made.write("schema/core.graphql", made.read("schema/core.graphql") + f"extend type {name} {{ parent: {name} }}")
    made.write(
        "queries/own.graphql",
        f"query Own {{ {singular}s {{ edges {{ node {{ ...{fragment(made)} parent {{ id }} }} }} }} }}",
    )
    made.generate()
    with made.imported() as package:
        node = next(getattr(package, each) for each in dir(package) if each.endswith("EdgesNode"))
        assert issubclass(node, getattr(package, name))
        assert "parent" in node.model_fields


def fragment(made: Project) -> str:
    """The name of the fragment of the only object."""
    made.generate()
    text = next(path.read_text() for path in (made.folder / "queries/core").iterdir() if path.name != "_shared.graphql")
    return text.split("fragment ")[1].split(" ")[0]


async def test_variables_of_any_name_are_arguments_of_their_own(tmp_path: Path) -> None:
    text = """
query Odd($self: Int!, $aBc: Int, $a_bc: Int!, $result: String, $class: RocketFilterInput) {
  rockets(first: $self, last: $aBc, offset: $a_bc, after: $result, filter: $class) { edges { node { ...Rocket } } }
}
"""
    made = project(tmp_path, core__odd=text)
    made.generate()
    sent = []

    async def handler(request: web.Request) -> web.Response:
        sent.append((await request.json())["variables"])
        return web.json_response({"data": {"rockets": {"edges": []}}})

    with made.imported() as package:
        async with served(handler) as url, package.Twenty(url, api_key="key") as twenty:
            await twenty.core.odd(1, 2, a_bc_2=3, result_="4")
            parameters = inspect.signature(twenty.core.odd).parameters.values()
    assert [each.name for each in parameters] == ["self_", "a_bc", "a_bc_2", "result_", "class_"]
    assert [each.name for each in parameters if each.default is each.empty] == ["self_", "a_bc"]
    assert sent == [{"self": 1, "a_bc": 2, "aBc": 3, "result": "4"}]


@pytest.mark.parametrize("name", ["FIND_MANY_ROCKETS", "findManyRockets"])
def test_a_generated_method_keeps_its_name_whatever_ones_own_are_called(tmp_path: Path, name: str) -> None:
    made = project(tmp_path, core__mine=f"query {name} {{ rockets {{ totalCount }} }}")
    made.generate()
    client = made.read(f"{made.package}/core/client.py")
    assert "async def find_many_rockets_2(self)" in client
    assert 'FIND_MANY_ROCKETS = rt.compose(\n    "FindManyRockets"' in made.read(f"{made.package}/core/operations.py")


def test_files_of_ones_own_are_kept_byte_for_byte(tmp_path: Path) -> None:
    text = "# mine\nquery Mine { rockets { totalCount } }\n"
    made = project(tmp_path, core__mine=text, also="#  nothing in here yet\n")
    made.generate()
    made.generate()
    assert made.read("queries/core/mine.graphql") == text
    assert made.read("queries/also.graphql") == "#  nothing in here yet\n"


def test_unions_and_interfaces_are_told_apart_by_their_typename(tmp_path: Path) -> None:
    looks = "type Dark { shade: Int } type Light { glow: Int } union Look = Dark | Light"
    metadata = METADATA_SDL.replace("type Query {", f"{looks} type Query {{ looks: [Look!]!")
    made = Project.of(tmp_path, metadata=metadata)
    made.write(
        "queries/metadata/looks.graphql", "query Looks { looks { ... on Dark { shade } ... on Light { glow } } }"
    )
    made.generate()
    assert "__typename" in made.read(f"{made.package}/metadata/operations.py")
    with made.imported() as package:
        results = importlib.import_module(f"{package.__name__}.metadata.results")
        light = results.LooksLooksLight.model_validate_json('{"__typename": "Light", "glow": 3}')
        assert (light.typename__, light.glow) == ("Light", 3)


def test_members_of_a_union_that_came_later_are_their_typename_and_nothing_else(tmp_path: Path) -> None:
    looks = "type Dark { shade: Int } type Light { glow: Int } union Look = Dark | Light"
    made = Project.of(
        tmp_path, metadata=METADATA_SDL.replace("type Query {", f"{looks} type Query {{ look: Look day: Int")
    )
    made.write(
        "queries/metadata/look.graphql", "query Both { day look { ... on Dark { shade } ... on Light { glow } } }"
    )
    made.generate()
    with made.imported() as package:
        results = importlib.import_module(f"{package.__name__}.metadata.results")
        read = TypeAdapter(results.Both).validate_json
        neon = read('{"day": 1, "look": {"__typename": "Neon", "volts": 5}}').look
        assert (neon.typename__, neon.model_dump()) == ("Neon", {"typename__": "Neon"})
        assert read('{"day": 1, "look": {"__typename": "Dark", "shade": 1}}').look.shade == 1
        assert read('{"day": 1, "look": null}').look is None
        with pytest.raises(ValidationError, match="shade"):
            read('{"day": 1, "look": {"__typename": "Dark", "shade": "very"}}')


def test_what_the_schema_and_what_the_server_has_against_an_operation_is_said_together(tmp_path: Path) -> None:
    text = "query Q($n: Int = 3) {\n  rockets(first: $n) {\n    edges { node { speed } }\n    n: totalCount\n  }\n}"
    made = project(tmp_path, core__q=text)
    with pytest.raises(CodegenError) as caught:
        made.generate()
    assert [problem.line for problem in caught.value.problems] == [1, 3, 4]


REFUSED = {
    "a filter through a list of records": (
        'query Q {\n  pads(filter: {or: [\n    {rockets: {name: {eq: "A"}}}]}) { totalCount }\n}',
        3,
        '"rockets": the server filters by no to-many relation: filter rockets by padId instead',
    ),
    "an unknown field": ("query Q {\n  rockets { edges { node { speed } } }\n}", 2, "Cannot query field 'speed'"),
    "a wrong variable type": ("query Q($n: String) {\n  rockets(first: $n) { totalCount }\n}", 1, "position expecting"),
    "an alias below the root": ("query Q {\n  rockets {\n    n: totalCount\n  }\n}", 3, 'aliases below the root: "n"'),
    "a to-many in a to-many": (
        "query Q {\n  pads { edges { node { rockets { edges { node {\n"
        "    launches { edges { node { site } } } } } } } } }\n}",
        3,
        '"launches" is a to-many relation inside another one',
    ),
    "arguments of a nested to-many": (
        "query Q {\n  pads { edges { node {\n    rockets(first: 5) { edges { node { name } } } } } }\n}",
        3,
        'ignores the arguments of the nested "rockets"',
    ),
    "the same root twice": (
        "query Q {\n  a: rockets { totalCount }\n  b: rockets { totalCount }\n}",
        3,
        'root field "rockets" may occur once',
    ),
    "@include with a variable": (
        "query Q($with: Boolean!) {\n  rockets {\n    totalCount @include(if: $with)\n  }\n}",
        3,
        "@include with a variable makes the server fail",
    ),
    "@skip on a root field": (
        "query Q {\n  rockets @skip(if: false) { totalCount }\n}",
        2,
        "ignores @skip on a root field",
    ),
    "a default of a variable": (
        "query Q(\n  $n: Int = 3\n) { rockets(first: $n) { totalCount } }",
        2,
        "ignores the default of $n",
    ),
    "__typename at the root": (
        "query Q {\n  __typename\n  rockets { totalCount }\n}",
        2,
        "__typename is refused beside record fields",
    ),
    "edges without node": ("query Q {\n  rockets {\n    edges { cursor }\n  }\n}", 3, "edges without node"),
    "an operation without a name": ("{\n  rockets { totalCount }\n}", 1, "the operation has no name"),
    "a syntax error": ("query Q {\n  rockets { totalCount }\n", 3, "Syntax Error"),
    "a type definition": ("type Rocket { id: ID }", 1, "only operations and fragments"),
    "a name that a generated operation has": (
        "query FindManyRockets { rockets { totalCount } }",
        1,
        'operation "FindManyRockets" exists already in',
    ),
    "an inline fragment without a type": (
        "query Q {\n  rockets { edges { node {\n    ... { name }\n  } } }\n}",
        3,
        "an inline fragment needs a type",
    ),
    "introspection": ("query Q {\n  __schema { queryType { name } }\n}", 2, "__schema has no generated types"),
    "a fragment that nobody knows": ("query Q {\n  rockets { edges { node { ...Nobody } } }\n}", 2, "Unknown fragment"),
}


@pytest.mark.parametrize(("text", "line", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_work_is_refused_with_file_line_and_reason(
    tmp_path: Path, text: str, line: int, reason: str
) -> None:
    made = project(tmp_path, core__bad=text)
    with pytest.raises(CodegenError) as caught:
        made.generate()
    assert [(problem.path.name, problem.line) for problem in caught.value.problems] == [("bad.graphql", line)]
    assert reason in caught.value.problems[0].reason
    assert f"bad.graphql:{line}: " in str(caught.value)
    assert not (tmp_path / made.package).exists()


def test_a_problem_in_a_fragment_is_shown_where_the_fragment_is(tmp_path: Path) -> None:
    fragment = "fragment Alias on Rocket {\n  title: name\n}"
    made = project(
        tmp_path,
        core__parts=fragment,
        core__one="query One($f: RocketFilterInput!) { rocket(filter: $f) { ...Alias } }",
        core__two="query Two { rockets { edges { node { ...Alias } } } }",
    )
    with pytest.raises(CodegenError) as caught:
        made.generate()
    assert [(each.path.name, each.line) for each in caught.value.problems] == [("parts.graphql", 2)]


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    text = "query A { rockets { n: totalCount } }\nquery B { rockets { edges { cursor } } }"
    made = project(tmp_path, core__bad=text)
    with pytest.raises(CodegenError) as caught:
        made.generate()
    assert [each.line for each in caught.value.problems] == [1, 2]


def test_the_problems_of_both_endpoints_are_named_at_once(tmp_path: Path) -> None:
    made = project(tmp_path, core__bad="query A { nothing }", metadata__bad="query B { a: theme b: theme }")
    with pytest.raises(CodegenError) as caught:
        made.generate()
    assert [each.path.parent.name for each in caught.value.problems] == ["core", "metadata"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('subscription Watch { onEvent(id: "1") }', "subscriptions are refused"),
        ("mutation Up($file: Upload!) { uploadLogo(file: $file) }", "multipart"),
        ("query Twice { a: theme b: theme }", 'root field "theme" may occur once'),
    ],
)
def test_the_data_model_has_rules_of_its_own(tmp_path: Path, text: str, reason: str) -> None:
    made = project(tmp_path, metadata__bad=text)
    with pytest.raises(CodegenError) as caught:
        made.generate()
    assert reason in str(caught.value)


def test_the_data_model_knows_aliases_directives_and_defaults(tmp_path: Path) -> None:
    text = """
query Look($n: Int = 3, $all: Boolean!) {
  objects(paging: { first: $n }) { edges { node { key: id nameSingular @include(if: $all) } } }
}
"""
    made = project(tmp_path, metadata__look=text)
    made.generate()
    assert "async def look(" in made.read(f"{made.package}/metadata/client.py")


def test_metadata_deeper_than_ten_levels_is_refused(tmp_path: Path) -> None:
    deep = "id"
    for _ in range(5):
        deep = f"fieldsList {{ object {{ {deep} }} }}"
    made = project(tmp_path, metadata__deep=f"query Deep($id: UUID!) {{ object(id: $id) {{ {deep} }} }}")
    with pytest.raises(CodegenError, match="more than 10 levels"):
        made.generate()


def test_a_mixin_becomes_a_base_class_and_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
fragment Loud on Rocket @mixin(from: "loudness", import: "Shouts") { name }
query LoudOnes { rockets { edges { node { ...Loud } } } }
"""
    made = project(tmp_path, core__loud=text)
    made.write("loudness.py", "class Shouts:\n    def shout(self) -> str:\n        return self.name.upper()\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    made.generate()
    assert "mixin" not in made.read(f"{made.package}/core/operations.py")
    with made.imported() as package:
        assert package.Loud(name="ariane").shout() == "ARIANE"
