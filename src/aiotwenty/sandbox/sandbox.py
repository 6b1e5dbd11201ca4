"""A workspace for tests: an HTTP server in this process that answers like Twenty."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self

from aiohttp import web

from aiotwenty.sandbox.dialect import DIALECTS, LATEST, OLDEST
from aiotwenty.sandbox.faults import Fault, Faults
from aiotwenty.sandbox.http.graphql_execution import Core
from aiotwenty.sandbox.http.rest import RecordsOverRest
from aiotwenty.sandbox.http.rest_metadata import MetadataOverRest
from aiotwenty.sandbox.http.server import Endpoints
from aiotwenty.sandbox.http.static_fields import StaticFields
from aiotwenty.sandbox.limits import RateLimits, TokenBuckets, rate_limiter
from aiotwenty.sandbox.metadata.files import FileStore
from aiotwenty.sandbox.metadata.resolvers import Metadata
from aiotwenty.sandbox.model.catalogue import standard_model
from aiotwenty.sandbox.model.described_model import Described, described_model
from aiotwenty.sandbox.model.workspace import MEMBER_EMAIL, MEMBER_ID, MEMBER_NAME, USER_ID, Caller, SandboxWorkspace
from aiotwenty.sandbox.records.operations import Operations
from aiotwenty.sandbox.records.store import RecordStore, open_database, open_in_memory
from aiotwenty.sandbox.records.streams import EventStreams
from aiotwenty.sandbox.records.webhooks import WebhookSender
from aiotwenty.sandbox.records.writing import Writer

VERSIONS = tuple(DIALECTS)
_HANGING_SECONDS = 0.1
"""The seconds that running requests get when the sandbox closes."""

_HEADER_BYTES = 16 * 1024
"""Node's limit for a URL or a header."""


class Sandbox:
    """A server on this machine that answers like a Twenty server of July 2026, or like one of November 2025.

    Use it as `async with Sandbox() as sandbox:`; then `sandbox.url` and `sandbox.api_key` work. It has the standard
    objects, one workspace member and one API key with the Admin role, and no other records.

    `database` is a file for records, data model, keys and webhooks; without it, everything is in memory. `rate_limit`
    limits requests as Twenty does: `"100/60s"`, `(100, 60)`, or several; by default there is no limit. `version` is
    that of the server: "2.19" (July 2026) or "1.10" (November 2025), for which `strict=True` is an old name. `port` 0
    takes any free one. The default `host` is 127.0.0.1, which other machines can't reach. `faults` are objects or texts
    (see `faults.parse_fault`); `sandbox.faults` may be changed while it runs, and `seed` is that of their
    probabilities. `metadata_sdl` is another schema for `/metadata` than the one of July 2026. `objects` are those of
    another workspace in place of the standard ones, as its `/metadata` returns them, with `fieldsList`; a database that
    has a data model keeps it.

    Raises `OSError` if the port is taken or the database can't be opened (another sandbox may have it open),
    `ValueError` for an unknown version, and for invalid objects, rate limits and faults.
    """

    def __init__(
        self,
        database: Path | str | None = None,
        rate_limit: RateLimits = None,
        version: str = LATEST.version,
        port: int = 0,
        *,
        strict: bool = False,
        host: str = "127.0.0.1",
        faults: Iterable[Fault | str] = (),
        seed: int = 0,
        metadata_sdl: str | None = None,
        objects: Iterable[Described] | None = None,
    ) -> None:
        if version not in VERSIONS:
            raise ValueError(f"version {version!r}: the sandbox answers like {' or '.join(VERSIONS)}")
        self.dialect = OLDEST if strict else DIALECTS[version]
        self.version = self.dialect.version
        self._model = None if objects is None else described_model(objects)
        self.host = host
        self.port = port
        self.faults = Faults(faults, seed)
        self._limiter = rate_limiter(rate_limit)
        self._database = database
        self._metadata_sdl = metadata_sdl
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._sender: WebhookSender | None = None
        self._workspace: SandboxWorkspace | None = None
        self._store: RecordStore | None = None
        self._operations: Operations | None = None
        self._operations_revision = 0

    @property
    def strict(self) -> bool:
        """Whether it answers like the oldest version, which validates documents: an old name."""
        return self.dialect.validates_documents

    @property
    def url(self) -> str:
        """The base URL, without a final slash. The port is known once the sandbox runs."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{'127.0.0.1' if host in ('0.0.0.0', '[::]') else host}:{self.port}"

    @property
    def api_key(self) -> str:
        """An API key with the Admin role."""
        return self.workspace.api_key

    @property
    def user_token(self) -> str:
        """A token for half an hour of a session of the only member, an administrator.

        Signing in gives such tokens too, with the member's e-mail address, which is also the password.
        """
        return self.workspace.session_token()

    @property
    def workspace(self) -> SandboxWorkspace:
        """The parts of the workspace other than records: data model, keys, webhooks."""
        if self._workspace is None:
            raise RuntimeError("the sandbox does not run: use it as `async with Sandbox() as sandbox:`")
        return self._workspace

    @property
    def store(self) -> RecordStore:
        """The records, for tests that bypass the API."""
        if self._store is None:
            raise RuntimeError("the sandbox does not run: use it as `async with Sandbox() as sandbox:`")
        return self._store

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def start(self) -> None:
        """Opens the database and starts to serve."""
        model = self._model
        if self._database is None:
            model = model or standard_model(self.dialect)
            connection = open_in_memory(model)
        else:
            connection = open_database(self._database)
        try:
            workspace = self._workspace = SandboxWorkspace(connection, self.dialect, model)
            model = workspace.model
            store = self._store = RecordStore(connection, model)
            _add_member(store, workspace)
            self._sender = WebhookSender(workspace)
            streams = self._streams = EventStreams()
            files = self._files = FileStore(connection, workspace, lambda: self.url)
            static = StaticFields(store, model, dialect=self.dialect)
            core = Core(model, self._current_operations, static, self._current_limiter, self.dialect)
            metadata = Metadata(
                workspace,
                store.apply,
                files,
                streams,
                sdl=self._metadata_sdl,
                dialect=self.dialect,
                url=lambda: self.url,
            )
            endpoints = Endpoints(
                workspace=workspace,
                core=core,
                metadata=metadata,
                rest=RecordsOverRest(model, self._current_operations, self.dialect),
                rest_metadata=MetadataOverRest(
                    workspace, metadata.model, metadata.access, metadata.entities, self.dialect
                ),
                files=files,
                streams=streams,
                faults=lambda: self.faults,
                limiter=self._current_limiter,
                dialect=self.dialect,
                url=lambda: self.url,
            )
            await self._listen(endpoints.application())
        except BaseException:
            connection.close()
            self._workspace = self._store = None
            raise

    async def _listen(self, application: web.Application) -> None:
        runner = web.AppRunner(
            application,
            access_log=None,
            handler_cancellation=True,
            keepalive_timeout=self.dialect.keeps_alive_seconds,
            shutdown_timeout=_HANGING_SECONDS,
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
        )
        await runner.setup()
        assert runner.server is not None
        try:
            self._server = await asyncio.get_running_loop().create_server(runner.server, self.host, self.port)
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self.port = self._server.sockets[0].getsockname()[1]

    async def aclose(self) -> None:
        """Stops serving, ends running requests, and closes the database."""
        if self._server is not None:
            await self._stop_listening(self._server)
            self._server = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._sender is not None:
            await self._sender.aclose()
            self._sender = None
        if self._store is not None:
            self.workspace.save()
            self._store.connection.close()
            self._store = self._operations = None

    async def _stop_listening(self, server: asyncio.Server) -> None:
        """Lets connections accepted just before get their transport first, which a closed server doesn't give them."""
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError):  # loops that don't watch sockets
            for listening in server.sockets:
                loop.remove_reader(listening.fileno())
            await asyncio.sleep(0)
        server.close()

    def set_rate_limit(self, rate_limit: RateLimits) -> None:
        """Sets another rate limit, with full buckets."""
        self._limiter = rate_limiter(rate_limit)

    def _current_limiter(self) -> TokenBuckets:
        return self._limiter

    def _current_operations(self) -> Operations:
        """The operations of the present data model."""
        assert self._sender is not None
        model = self.workspace.model
        if self._operations is None or self._operations_revision != model.revision:
            self._operations = Operations(
                self.store,
                model,
                self._files,
                (self._sender, self._streams),
                self.dialect,
                channels=self.workspace.channels,
            )
            self._operations_revision = model.revision
        return self._operations


def _add_member(store: RecordStore, workspace: SandboxWorkspace) -> None:
    """Adds the only person of a fresh workspace."""
    members = workspace.model.objects["workspaceMember"]
    if store.rows('SELECT 1 FROM "workspaceMember" LIMIT 1'):
        return
    member = {
        "id": MEMBER_ID,
        "name": dict(zip(("firstName", "lastName"), MEMBER_NAME, strict=True)),
        "userEmail": MEMBER_EMAIL,
        "userId": USER_ID,
    }
    Writer(store, workspace.model, LATEST).create(members, [member], upsert=False, actor=Caller("System"))


async def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    database: Path | str | None = None,
    rate_limit: RateLimits = None,
    version: str = LATEST.version,
    strict: bool = False,
    faults: Iterable[Fault | str] = (),
    seed: int = 0,
    metadata_sdl: str | None = None,
    echo: Callable[[str], None],
    stop: asyncio.Event | None = None,
) -> None:
    """Runs a sandbox until it is cancelled or `stop` is set, for `aiotwenty sandbox`.

    `echo` gets the lines for the user: first the address, then, once it answers, `TWENTY_API_URL=…` and
    `TWENTY_API_KEY=…` on lines of their own. The other parameters and the errors are those of `Sandbox`.
    """
    sandbox = Sandbox(
        *(database, rate_limit, version, port),
        strict=strict,
        host=host,
        faults=faults,
        seed=seed,
        metadata_sdl=metadata_sdl,
    )
    async with sandbox:
        whom = "this machine only" if host in ("127.0.0.1", "localhost", "::1") else "everyone who reaches this address"
        echo(f"Sandbox listens on {host} port {sandbox.port} ({whom})")
        echo(f"TWENTY_API_URL={sandbox.url}")
        echo(f"TWENTY_API_KEY={sandbox.api_key}")
        await (stop or asyncio.Event()).wait()
