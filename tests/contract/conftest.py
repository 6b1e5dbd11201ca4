"""What the contract tests talk to: the sandbox, as today's servers answer and as older ones did, or a live workspace.

Everything they make has a name that starts with PREFIX, and is removed again. They share one client, and so its pace: a
live workspace allows 100 requests a minute.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import random
import string
import sys
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from aiotwenty import RateLimiter, Twenty
from aiotwenty.sandbox import Sandbox
from tests.support.once import once

if TYPE_CHECKING:
    from aiotwenty.workspace import Object

PREFIX = "aiotwentycontract"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        servers = ["live"] if metafunc.config.getoption("--live") else ["sandbox", "strict sandbox"]
        metafunc.parametrize("server", servers, scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "contract" in item.path.parts:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            item.add_marker(pytest.mark.live)


@dataclass(frozen=True)
class Connection:
    """How clients reach the workspace."""

    url: str
    key: str = field(repr=False)
    pace: RateLimiter = field(default_factory=RateLimiter)

    def client(self, make: Callable[..., Any] = Twenty, **options: Any) -> Any:
        """One more client, which shares the pace of the others."""
        return make(self.url, api_key=self.key, rate_limit=self.pace, timeout=60, **options)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def connection(server: str) -> AsyncIterator[Connection]:
    if server == "live":
        yield Connection(os.environ["TWENTY_API_URL"], os.environ["TWENTY_API_KEY"])
    else:
        async with Sandbox(strict=server == "strict sandbox") as sandbox:
            yield Connection(sandbox.url, sandbox.api_key)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def twenty(connection: Connection) -> AsyncIterator[Twenty]:
    """The client, with nothing left behind in the workspace when the tests are done."""
    async with connection.client() as client:
        yield client
        await _clean(client)


async def _clean(client: Twenty) -> None:
    """Destroy the companies and people with our prefix, deleted or not."""
    whether_deleted: Any = {"or": [{"deletedAt": {"is": "NULL"}}, {"deletedAt": {"is": "NOT_NULL"}}]}
    people: Any = {"name": {"firstName": {"like": f"{PREFIX}%"}}}
    await client.people.destroy_many({"and": [people, whether_deleted]})
    await client.companies.destroy_many({"and": [{"name": {"like": f"{PREFIX}%"}}, whether_deleted]})


@pytest.fixture
def tag() -> str:
    """A name that only this test has."""
    return f"{PREFIX} {uuid.uuid4().hex[:12]}"


class Probe:
    """A custom object with one field of each type, through plain documents."""

    def __init__(self, client: Twenty, name: str) -> None:
        self._client = client
        self.name = name
        self.plural = f"{name}s"
        self.type = name.capitalize()

    async def create(self, data: dict[str, Any], select: str = "id") -> dict[str, Any]:
        # Older servers store "" where nothing is given, and take it for a value when they look for duplicates.
        data = {"code": uuid.uuid4().hex, **data}
        return await self._one(f"mutation($data: {self.type}CreateInput!)", "create", {"data": data}, select)

    async def create_many(
        self, rows: list[dict[str, Any]], select: str = "id", *, upsert: bool = False
    ) -> list[dict[str, Any]]:
        root = f"create{self.type}s"
        document = (
            f"mutation($data: [{self.type}CreateInput!]!, $upsert: Boolean) "
            f"{{ {root}(data: $data, upsert: $upsert) {{ {select} }} }}"
        )
        data = [{"code": uuid.uuid4().hex, **row} for row in rows]
        records: list[dict[str, Any]] = (await self._client.execute(document, {"data": data, "upsert": upsert}))[root]
        return records

    async def group_by(self, field_name: str, filter_: dict[str, Any]) -> list[dict[str, Any]]:
        root = f"{self.plural}GroupBy"
        document = (
            f"query($groupBy: [{self.type}GroupByInput!]!, $filter: {self.type}FilterInput) "
            f"{{ {root}(groupBy: $groupBy, filter: $filter) {{ groupByDimensionValues totalCount }} }}"
        )
        answer = await self._client.execute(document, {"groupBy": [{field_name: True}], "filter": filter_})
        groups: list[dict[str, Any]] = answer[root]
        return groups

    async def update(self, id_: str, data: dict[str, Any], select: str = "id") -> dict[str, Any]:
        declared = f"mutation($id: UUID!, $data: {self.type}UpdateInput!)"
        return await self._one(declared, "update", {"id": id_, "data": data}, select)

    async def _one(self, declared: str, verb: str, variables: dict[str, Any], select: str) -> dict[str, Any]:
        root = f"{verb}{self.type}"
        passed = ", ".join(f"{name}: ${name}" for name in variables)
        answer = await self._client.execute(f"{declared} {{ {root}({passed}) {{ {select} }} }}", variables)
        record: dict[str, Any] = answer[root]
        return record

    async def find(self, filter_: dict[str, Any], select: str = "id", order_by: Any = None) -> list[dict[str, Any]]:
        declared = f"query($filter: {self.type}FilterInput!, $orderBy: [{self.type}OrderByInput])"
        document = (
            f"{declared} {{ {self.plural}(filter: $filter, orderBy: $orderBy) {{ edges {{ node {{ {select} }} }} }} }}"
        )
        answer = await self._client.execute(document, {"filter": filter_, "orderBy": order_by or []})
        return [edge["node"] for edge in answer[self.plural]["edges"]]


OPTIONS = [
    {"label": "One", "value": "ONE", "color": "green", "position": 0},
    {"label": "Two", "value": "TWO", "color": "blue", "position": 1},
]
FIELDS: dict[str, dict[str, Any]] = {
    "note": {"type": "TEXT"},
    "code": {"type": "TEXT", "is_unique": True},
    "ratio": {"type": "NUMBER", "settings": {"dataType": "float", "decimals": 3}},
    "big": {"type": "NUMBER", "settings": {"dataType": "bigint"}},
    "flag": {"type": "BOOLEAN"},
    "day": {"type": "DATE"},
    "moment": {"type": "DATE_TIME"},
    "stage": {"type": "SELECT", "options": OPTIONS, "default_value": "'ONE'"},
    "tags": {"type": "MULTI_SELECT", "options": OPTIONS},
    "stars": {"type": "RATING"},
    "amount": {"type": "CURRENCY"},
    "site": {"type": "LINKS"},
    "mail": {"type": "EMAILS"},
    "phone": {"type": "PHONES"},
    "place": {"type": "ADDRESS"},
    "person": {"type": "FULL_NAME"},
    "text": {"type": "RICH_TEXT"},
    "extra": {"type": "RAW_JSON"},
    "words": {"type": "ARRAY"},
    "key": {"type": "UUID"},
}


def probe_name() -> str:
    # Letters only: older servers refuse names that camelCase would change, such as those with digits.
    return PREFIX + "".join(random.choices(string.ascii_lowercase, k=6))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def probe_object(twenty: Twenty, server: str) -> AsyncIterator[Object]:
    """The custom object, removed with its records in the end."""
    from aiotwenty.workspace import RelationTo

    workspace = twenty.workspace
    # In sandboxes always the same, so that a package generated for one of them fits all.
    name = probe_name() if server == "live" else f"{PREFIX}probe"
    made = await workspace.create_object(name, f"{name}s", description="made by the contract tests")
    try:
        types = (await workspace.served.schema()).type_map["FieldMetadataType"]
        for field_name, about in FIELDS.items():
            # Servers of 2025 have two rich texts, and this is the one that is a composite.
            two = about["type"] == "RICH_TEXT" and "RICH_TEXT_V2" in getattr(types, "values", ())
            settings: Any = about | {"type": "RICH_TEXT_V2"} if two else about
            await workspace.create_field(made, field_name, **settings)
        await workspace.create_field(made, "company", "RELATION", relation=RelationTo("company", label=f"{name} ones"))
        yield await workspace.object(made)
    finally:
        await workspace.delete_object(made)


@pytest.fixture
def probe(twenty: Twenty, probe_object: Object) -> Probe:
    return Probe(twenty, probe_object.name_singular)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def generated(
    twenty: Twenty, probe_object: Object, server: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Any]:
    """The package, imported. It has the object, and what its relations lead to."""
    pytest.importorskip("ariadne_codegen", reason="it can't be installed beside the newest graphql-core")
    from aiotwenty.codegen.config import make_config
    from aiotwenty.codegen.generate import generate
    from aiotwenty.codegen.read.introspect import write_schemas

    name = f"contract_{server.replace(' ', '_')}"
    loop = asyncio.get_running_loop()

    def fill(folder: Path) -> None:
        objects = [probe_object.name_singular, "company"]
        config = make_config({"package": name, "objects": objects}, folder / "codegen.toml")
        schemas = write_schemas(twenty, {"core": config.core.schema, "metadata": config.metadata.schema})
        asyncio.run_coroutine_threadsafe(schemas, loop).result()
        generate(config)

    folder = await asyncio.to_thread(once, tmp_path_factory, name, fill)
    sys.path.insert(0, str(folder / "src"))
    try:
        yield importlib.import_module(name)
    finally:
        sys.path.remove(str(folder / "src"))
        for module in [each for each in sys.modules if each.partition(".")[0] == name]:
            del sys.modules[module]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def crm(connection: Connection, generated: Any) -> AsyncIterator[Any]:
    async with connection.client(generated.Twenty) as client:
        yield client


@pytest.fixture
def records(crm: Any, probe_object: Object) -> Any:
    return getattr(crm, probe_object.name_plural)


@pytest.fixture
def make(generated: Any, probe_object: Object) -> Any:
    """The model of a new record: `make(note="x")`."""
    model = getattr(generated, f"{probe_object.name_singular.capitalize()}CreateInput")

    def fill(**values: Any) -> Any:
        return model(code=uuid.uuid4().hex, **values)

    return fill
