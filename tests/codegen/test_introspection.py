"""From a workspace to SDL files, and what differs between them and the workspace later."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from graphql import build_schema, get_introspection_query, graphql_sync, lexicographic_sort_schema, print_schema

from aiotwenty import Client
from aiotwenty.cli.codegen import _where
from aiotwenty.codegen.config import load_config
from aiotwenty.codegen.drift import Severity, compare, compare_schemas
from aiotwenty.codegen.errors import CodegenError
from aiotwenty.codegen.files import write_files
from aiotwenty.codegen.project import import_line, init_project, package_path
from aiotwenty.codegen.read.introspect import introspect, write_schemas
from aiotwenty.errors import AuthenticationError, ConnectionFailed, TwentyError, UnexpectedResponse
from aiotwenty.sandbox import Sandbox
from aiotwenty.transport.retry import RetryPolicy
from tests.codegen.projects import Project
from tests.codegen.workspaces import METADATA_SDL, Thing, core_sdl
from tests.support.terminal import Terminal


@asynccontextmanager
async def served(handler: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    """A server on loopback that answers every POST with `handler`."""
    app = web.Application()
    app.router.add_post("/{path:.*}", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def introspected(sdl: str) -> object:
    """What a server with that schema answers to introspection."""
    return graphql_sync(build_schema(sdl), get_introspection_query(descriptions=False)).formatted


def targets(folder: Path) -> dict[str, Path]:
    return {"core": folder / "schema/core.graphql", "metadata": folder / "schema/metadata.graphql"}


async def test_introspection_writes_sorted_sdl_with_what_the_workspace_says_of_its_fields(tmp_path: Path) -> None:
    described = build_schema(OLD.replace("fuel: String\n", '"What burns."\n  fuel: String\n', 1))
    schemas = {"/graphql": described, "/metadata": build_schema(METADATA_SDL)}

    async def handler(request: web.Request) -> web.Response:
        return web.json_response(graphql_sync(schemas[request.path], (await request.json())["query"]).formatted)

    async with served(handler) as url, Client(url, api_key="key") as client:
        changed = await write_schemas(client, targets(tmp_path))
        assert changed == list(targets(tmp_path).values())
        for path in changed:
            text = path.read_text()
            assert text == print_schema(lexicographic_sort_schema(build_schema(text))) + "\n"
        assert '"""What burns."""' in changed[0].read_text()
        assert await write_schemas(client, targets(tmp_path)) == []
        await write_schemas(client, targets(tmp_path), descriptions=False)
        assert '"""' not in changed[0].read_text()


async def test_a_stranger_who_is_shown_a_schema_without_objects_is_told_so(tmp_path: Path) -> None:
    """Servers answer an unknown key on /graphql as they answer everybody, with what is public."""
    answer = introspected("type Query { search(text: String): String }")

    async def handler(request: web.Request) -> web.Response:
        return web.json_response(answer)

    async with served(handler) as url, Client(url, api_key="key") as client:
        with pytest.raises(AuthenticationError, match="shows no objects"):
            await write_schemas(client, targets(tmp_path))
    assert not (tmp_path / "schema").exists()


async def test_a_failed_introspection_leaves_the_old_files_as_they_were(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text="<html>Welcome</html>", content_type="text/html")

    write_files(dict.fromkeys(targets(tmp_path).values(), "type Query { a: Int }\n"))
    async with served(handler) as url, Client(url, api_key="key") as client:
        with pytest.raises(UnexpectedResponse, match="Welcome"):
            await write_schemas(client, targets(tmp_path))
    for path in targets(tmp_path).values():
        assert path.read_text() == "type Query { a: Int }\n"
    assert sorted(path.name for path in (tmp_path / "schema").iterdir()) == ["core.graphql", "metadata.graphql"]


async def test_a_server_that_is_not_there_is_an_error_of_one_line() -> None:
    async with Client("http://127.0.0.1:9", api_key="key", retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(ConnectionFailed) as caught:
            await introspect(client)
    assert "\n" not in str(caught.value)


async def test_a_wrong_key_is_an_authentication_error(twenty_sandbox: Sandbox) -> None:
    async with Client(twenty_sandbox.url, api_key="wrong") as client:
        with pytest.raises(AuthenticationError):
            await introspect(client)


def test_nothing_is_written_when_one_of_the_files_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(CodegenError, match="cannot write"):
        write_files({tmp_path / "good": "new", tmp_path / "file" / "bad": "new"})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


OLD = core_sdl([Thing("rocket", "rockets", ("name", "fuel"), ("NEW", "FLOWN"))])


@pytest.mark.parametrize(
    ("new", "severity", "kind"),
    [
        (core_sdl([Thing("rocket", "rockets", ("name",), ("NEW", "FLOWN"))]), Severity.BREAKING, "FIELD_REMOVED"),
        (
            core_sdl([Thing("rocket", "rockets", ("name", "fuel"), ("NEW",))]),
            Severity.BREAKING,
            "VALUE_REMOVED_FROM_ENUM",
        ),
        (OLD.replace("createdAt: DateTime!", "createdAt: DateTime"), Severity.BREAKING, "FIELD_CHANGED_KIND"),
        (
            core_sdl([Thing("rocket", "rockets", ("name", "fuel"), ("NEW", "FLOWN", "LOST"))]),
            Severity.DANGEROUS,
            "VALUE_ADDED_TO_ENUM",
        ),
        (
            core_sdl([Thing("rocket", "rockets", ("name", "fuel", "crew"), ("NEW", "FLOWN"))]),
            Severity.ADDITIVE,
            "FIELD_ADDED",
        ),
        (OLD + "type New { id: ID }", Severity.ADDITIVE, "TYPE_ADDED"),
        (OLD.replace("fuel: String\n", "fuel: String!\n", 1), Severity.ADDITIVE, "FIELD_TYPE_NARROWED"),
    ],
)
def test_a_change_is_told_by_what_it_means_for_the_client(new: str, severity: Severity, kind: str) -> None:
    changes = compare_schemas(build_schema(OLD), build_schema(new))
    assert changes[0].severity is severity
    assert kind in {change.kind for change in changes if change.severity is severity}


def test_an_added_field_is_additive_in_every_respect() -> None:
    new = core_sdl([Thing("rocket", "rockets", ("name", "fuel", "crew"), ("NEW", "FLOWN"))])
    changes = compare_schemas(build_schema(OLD), build_schema(new))
    assert {change.severity for change in changes} == {Severity.ADDITIVE}
    descriptions = [change.description for change in changes]
    assert "Rocket.crew was added." in descriptions
    assert [each for each in descriptions if "RocketCreateInput" in each] == [
        "An optional field crew on input type RocketCreateInput was added."
    ]


def test_drift_is_told_the_worst_first_and_one_line_a_type() -> None:
    new = (
        OLD.replace("name: String\n", "").replace("NEW FLOWN", "NEW FLOWN LOST") + "type A { id: ID } type B { id: ID }"
    )
    changed = METADATA_SDL.replace("settings: JSON object: Object", "")
    drift = compare(
        {"core": build_schema(OLD), "metadata": build_schema(METADATA_SDL)},
        {"core": build_schema(new), "metadata": build_schema(changed)},
    )
    lines = drift.lines()
    assert "breaking   metadata  Field: object, settings removed" in lines
    assert "dangerous  core      RocketChoiceEnum: LOST added to its values" in lines
    assert lines[-2:] == ["additive   core      types added: A, B", "5 breaking, 1 dangerous, 2 additive"]
    severities = [line.split()[0] for line in lines[:-1]]
    assert severities == sorted(severities, key=["breaking", "dangerous", "additive"].index)


def test_the_same_schema_in_another_order_has_not_drifted() -> None:
    schema = build_schema(OLD)
    assert compare_schemas(schema, lexicographic_sort_schema(schema)) == []


async def test_check_lists_the_drift_of_a_workspace_and_exits_with_4(tmp_path: Path, terminal: Terminal) -> None:
    answers = {"/graphql": introspected(OLD), "/metadata": introspected(METADATA_SDL)}

    async def handler(request: web.Request) -> web.Response:
        return web.json_response(answers[request.path])

    async with served(handler) as url:
        terminal.connect(url)
        assert (await terminal.run("introspect"))[0] == 0
        assert (await terminal.run("check"))[0] == 0
        path = tmp_path / "schema/core.graphql"
        text = path.read_text()
        path.write_text(text.replace("  NEW\n", "  LOST\n  NEW\n"))
        code, output, _ = await terminal.run("check")
        assert (code, output.splitlines()) == (
            4,
            [
                "breaking   core      RocketChoiceEnum: LOST removed from its values",
                "1 breaking, 0 dangerous, 0 additive",
                "Update the client with `aiotwenty introspect` and `aiotwenty generate`.",
            ],
        )
        code, output, _ = await terminal.run("check", "--json")
        assert code == 4
        assert json.loads(output)["core"]["breaking"][0]["kind"] == "VALUE_REMOVED_FROM_ENUM"
        path.write_text(text.replace("  NEW\n", ""))
        for least, expected in (("breaking", 0), ("dangerous", 4)):
            assert (await terminal.run("check", "--fail-on", least))[0] == expected


async def test_the_command_line_goes_from_a_key_to_a_package(
    tmp_path: Path, terminal: Terminal, twenty_sandbox: Sandbox
) -> None:
    terminal.connect(twenty_sandbox.url, twenty_sandbox.api_key)
    for command in (["init", "my_crm", "--gitignore"], ["introspect"], ["generate"]):
        code, output, errors = await terminal.run(*command)
        assert (code, errors) == (0, "")
    assert output.splitlines()[-1] == "from my_crm import Twenty"
    assert (tmp_path / ".gitignore").read_text() == ".env\n"
    project = Project(tmp_path, package="my_crm")
    with project.imported() as package:
        async with package.Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
            made = await twenty.core.create_one_company(package.CompanyCreateInput(name="Ariane"))
            assert isinstance(made, package.Company)
            page = await twenty.core.find_many_companies(filter=package.CompanyFilterInput(id={"eq": made.id}))
            assert [each.name for each in page.records] == ["Ariane"]
            objects = await twenty.metadata.get_objects(paging=package.metadata.CursorPaging(first=100))
            assert "company" in {each.name_singular for each in objects.records}


async def test_introspection_with_a_wrong_key_exits_with_3_and_one_line(
    tmp_path: Path, terminal: Terminal, twenty_sandbox: Sandbox
) -> None:
    terminal.connect(twenty_sandbox.url, "wrong")
    code, output, errors = await terminal.run("introspect")
    assert (code, output, errors.count("\n")) == (3, "", 1)
    assert not (tmp_path / "schema").exists()


@pytest.mark.parametrize(
    ("lock", "command"),
    [("uv.lock", "uv sync"), ("../uv.lock", "uv sync"), ("poetry.lock", "poetry install"), (None, "pip install -e .")],
)
def test_how_to_install_the_project_goes_by_its_tool(
    lock: str | None, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "shop" / "src" / "my_crm"
    package.mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "shop")
    Path("pyproject.toml").touch()
    if lock is not None:
        Path(lock).touch()
    assert _where(package) == f"    (once the project is installed: {command})"


def test_init_never_overwrites(tmp_path: Path) -> None:
    assert [path.name for path in init_project(tmp_path, "my_crm")] == ["codegen.toml", ".env.example"]
    assert load_config(tmp_path / "codegen.toml").package == tmp_path / "my_crm"
    (tmp_path / "codegen.toml").unlink()
    with pytest.raises(TwentyError, match=r"\.env\.example exists already"):
        init_project(tmp_path, "my_crm")
    assert not (tmp_path / "codegen.toml").exists()


@pytest.mark.parametrize("package", ["my-crm", "src/1st", "shop.1st", "aiotwenty", "aiotwenty.crm", ""])
def test_init_refuses_a_package_that_cannot_be_imported(tmp_path: Path, package: str) -> None:
    with pytest.raises(TwentyError, match="name that Python can import"):
        init_project(tmp_path, package)


def test_a_metadata_schema_without_record_objects_generates_nothing_for_them(tmp_path: Path) -> None:
    made = Project.of(tmp_path, (), METADATA_SDL)
    made.write("schema/core.graphql", "type Query { nothing: String }")
    assert made.generate().objects == []


async def test_introspection_brings_the_labels_of_the_workspace_unless_it_is_told_not_to(
    tmp_path: Path, twenty_sandbox: Sandbox
) -> None:
    async with Client(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as client:
        await client.workspace.create_object("rocket", "rockets", label_singular="Launcher", label_plural="Launchers")
        await client.workspace.create_field("rocket", "fuel", "TEXT", label="Propellant", description="What burns.")
        core, _ = await write_schemas(client, targets(tmp_path))
        assert '"""Launcher' in core.read_text()
        assert '"""Propellant: What burns."""\n  fuel: String' in core.read_text()
        assert await write_schemas(client, targets(tmp_path)) == []
        await write_schemas(client, targets(tmp_path), descriptions=False)
        assert '"""' not in core.read_text()


async def test_a_key_that_may_not_read_the_data_model_introspects_without_labels(tmp_path: Path) -> None:
    schemas = {"/graphql": build_schema(OLD), "/metadata": build_schema(METADATA_SDL)}
    forbidden = {"message": "no permission", "extensions": {"code": "FORBIDDEN", "subCode": "PERMISSION_DENIED"}}

    async def handler(request: web.Request) -> web.Response:
        query = (await request.json())["query"]
        if "__schema" not in query:
            return web.json_response({"data": None, "errors": [forbidden]})
        return web.json_response(graphql_sync(schemas[request.path], query).formatted)

    notes: list[str] = []
    async with served(handler) as url, Client(url, api_key="key") as client:
        assert len(await write_schemas(client, targets(tmp_path), on_note=notes.append)) == 2
    (note,) = notes
    assert note.startswith("labels are left out, because /metadata does not show the data model to this key")


def test_a_client_goes_to_the_packages_of_a_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    assert package_path(tmp_path, "my_crm") == "./my_crm"
    (tmp_path / "src").mkdir()
    assert package_path(tmp_path, "my_crm") == "src/my_crm"
    assert package_path(tmp_path, "src/app/crm") == package_path(tmp_path, "app.crm") == "src/app/crm"
    (tmp_path / "src" / "app").mkdir()
    (tmp_path / "src" / "app" / "__init__.py").touch()
    assert import_line(tmp_path / "src/app/crm") == "from app.crm import Twenty"
