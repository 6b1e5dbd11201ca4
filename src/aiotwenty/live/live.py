"""`twenty.live`: subscriptions that reconnect, and report gaps."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import uuid4

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse
from pydantic import BaseModel
from pydantic_core import from_json

from aiotwenty.errors import ConnectionFailed, InvalidArgument, PermissionDenied, Reason, TwentyError
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.data_model import data_model, object_nodes
from aiotwenty.graphql.decode import decode_document
from aiotwenty.graphql.document import compose
from aiotwenty.graphql.encode import encode_body, encode_json
from aiotwenty.graphql.filters import normalise
from aiotwenty.graphql.models import UUID, Input, Record
from aiotwenty.graphql.object_facts import About
from aiotwenty.graphql.operation import Operation
from aiotwenty.live.connection import connected
from aiotwenty.live.events import Gap, RecordEvent, record_event
from aiotwenty.transport.engine import Engine
from aiotwenty.transport.exchange import Call
from aiotwenty.transport.retry import fate_of
from aiotwenty.transport.terms import Terms

HEARTBEAT = 40.0
"""Seconds without any data; the server sends a comment every 12 (Twenty, July 2026)."""
_QUIET = 75.0
"""Seconds without an event; the server sends one every 30 for records, perhaps an empty one (Twenty, July 2026)."""
_RECORDS = compose(
    "OnEventSubscription",
    "subscription",
    "onEventSubscription",
    {"eventStreamId": "String!"},
    "{eventStreamId objectRecordEventsWithQueryIds{queryIds objectRecordEvent{action objectNameSingular recordId "
    "userId workspaceMemberId properties{updatedFields before after diff}}}}",
)
_ADD = compose("AddQueryToEventStream", "mutation", "addQueryToEventStream", {"input": "AddQuerySubscriptionInput!"})
_LOGS = compose(
    "LogicFunctionLogs", "subscription", "logicFunctionLogs", {"input": "LogicFunctionLogsInput!"}, "{logs}"
)
_NAMES = data_model("ObjectNames", "{nameSingular namePlural}")
_NEEDS_USER = (
    "record events require a user's session: pass Twenty(session_token=...). With an API key, a webhook tells "
    "of changes as they happen (twenty.workspace.webhooks, aiotwenty.webhooks), and `changes` gives all of them since "
    "the last time, destroyed records included (twenty.companies.changes(since=state), which a webhook may wake)."
)

OnOpen: TypeAlias = Callable[[], object]
Listen: TypeAlias = Callable[[Mapping[str, object]], Awaitable[None]]


class Live:
    """Subscriptions of /metadata, over server-sent events.

    Each is an async iterator that lasts until it or the client is closed. Lost connections are opened again, with the
    pauses of the client's `RetryPolicy`, for at least five minutes; a `Gap` shows where events may have been missed.
    Use `contextlib.aclosing`, or leave the loop by `break`, which closes it soon after.

    An API key may subscribe to `logicFunctionLogs` (Twenty, July 2026); records need the session of a user:
    `Twenty(session_token=...)`.
    """

    def __init__(self, base_url: str, engine: Engine, terms: Terms) -> None:
        """`engine` is a separate one, because an open stream occupies a connection."""
        self._url = f"{base_url}/metadata"
        self._engine = engine
        self._terms = terms

    def subscribe(
        self,
        document: str,
        variables: Mapping[str, object] | None = None,
        *,
        heartbeat: float = HEARTBEAT,
        on_open: OnOpen | None = None,
    ) -> AsyncGenerator[dict[str, Any] | Gap]:
        """The `data` of each event of any subscription, and a `Gap` for each time that the connection was lost.

        It ends when the server ends it. If the server sends nothing for `heartbeat` seconds, the connection is opened
        again. `on_open` is called after each connection: later events are reported.

        Raises `InvalidArgument` for a document that isn't a subscription, and any `TwentyError`.
        """
        name = _checked(document)
        sent = dict(variables or {})
        return self._events_of(name, document, lambda: sent, heartbeat, on_open=on_open)

    async def logic_function_logs(
        self,
        *,
        id: UUID | None = None,
        name: str | None = None,
        application_id: UUID | None = None,
        heartbeat: float = HEARTBEAT,
    ) -> AsyncGenerator[str | Gap]:
        """The log entries of all logic functions, or of one function or application."""
        conditions = {"id": id, "name": name, "applicationId": application_id}
        only = {key: value for key, value in conditions.items() if value is not None}
        async with aclosing(self._events_of(_LOGS.name, _LOGS.document, lambda: {"input": only}, heartbeat)) as events:
            async for data in events:
                if isinstance(data, Gap):
                    yield data
                else:
                    yield data["logicFunctionLogs"]["logs"]

    async def record_events(
        self,
        *objects: str | type[Record],
        filter: Input | Mapping[str, Any] | None = None,
        heartbeat: float = HEARTBEAT,
        on_open: OnOpen | None = None,
    ) -> AsyncGenerator[RecordEvent | Gap]:
        """The changes of records of these objects ("company", "people", `Company`), after about 0.1 s.

        `filter` applies to the record before or after the change: a filter model of the object, or JSON as for
        /graphql. `on_open` is called after each connection: later events are reported.

        As with webhooks, the server reports only one record of a bulk destroy, and nothing of a bulk update or restore
        if the filter no longer matches afterwards (Twenty, July 2026).

        Raises `PermissionDenied` without a user's session.
        """
        if not objects:
            raise InvalidArgument('record_events needs objects, such as "company".')
        wanted = _plain(filter)
        known = await self._singulars(objects)
        signatures = [{"objectNameSingular": name, "variables": {"filter": wanted} if wanted else {}} for name in known]

        def variables() -> dict[str, str]:
            # A second connection with the same id would silence the first (Twenty, July 2026).
            return {"eventStreamId": str(uuid4())}

        async def listen(stream: Mapping[str, object]) -> None:
            for signature in signatures:
                query = {**stream, "queryId": signature["objectNameSingular"], "operationSignature": signature}
                if not (await self._execute(_ADD, {"input": query}))["addQueryToEventStream"]:
                    raise ConnectionFailed("the server does not know the stream that it just opened.")

        events = self._events_of(
            _RECORDS.name, _RECORDS.document, variables, heartbeat, quiet=_QUIET, listen=listen, on_open=on_open
        )
        try:
            async with aclosing(events):
                async for data in events:
                    if isinstance(data, Gap):
                        yield data
                        continue
                    for entry in (data.get("onEventSubscription") or {}).get("objectRecordEventsWithQueryIds") or ():
                        yield record_event(entry["objectRecordEvent"])
        except PermissionDenied as error:
            refused = PermissionDenied(_NEEDS_USER, status=error.status, errors=error.errors, code=error.code)
            refused.reason, refused.operation = Reason.NEEDS_USER, error.operation
        else:
            return
        raise refused

    async def _events_of(
        self,
        name: str,
        document: str,
        variables: Callable[[], Mapping[str, object]],
        heartbeat: float,
        *,
        quiet: float | None = None,
        listen: Listen | None = None,
        on_open: OnOpen | None = None,
    ) -> AsyncGenerator[dict[str, Any] | Gap]:
        """The events of all connections. `listen` is called when a stream is open, to choose its events."""
        since: datetime | None = None
        lost, attempt, reason = time.monotonic(), 0, ""
        while True:
            sent, opened = variables(), False
            wire = connected(self._engine, self._url, name, document, sent, self._terms, heartbeat)
            try:
                async with wire as connection, aclosing(connection.answers(quiet)) as answers:
                    async for data in answers:
                        if not opened and listen is not None:
                            if data is None:
                                continue
                            await listen(sent)
                        if not opened and on_open is not None:
                            on_open()
                        if not opened and since is not None:
                            yield Gap(since, datetime.now(UTC), reason)
                        opened, attempt = True, 0
                        since = connection.last_seen
                        if data is not None:
                            yield data
                if listen is None:
                    return
                failure: TwentyError = ConnectionFailed("the server ended the stream.")
            except TwentyError as error:
                failure = error
            if opened:
                lost = time.monotonic()
            attempt, reason = attempt + 1, failure.message
            # A subscription that has worked before tries longer.
            policy = self._engine.retry if since is None else self._engine.retry.patient()
            delay = policy.delay(failure, attempt, time.monotonic() - lost) if fate_of(failure).passing else None
            if delay is None:
                raise failure
            await self._engine.http.pause(delay)

    async def _singulars(self, objects: tuple[str | type[Record], ...]) -> list[str]:
        """The objects' singular names. For an unknown object, the server would never send an event."""
        answer = await self._execute(_NAMES, {})
        nodes = object_nodes(answer)
        names = {node[kind]: node["nameSingular"] for kind in ("namePlural", "nameSingular") for node in nodes}
        wanted = [_object_name(named) for named in objects]
        for name in wanted:
            if name not in names:
                raise InvalidArgument(f"the workspace has no object {name!r}{did_you_mean(name, names)}.")
        return list(dict.fromkeys(names[name] for name in wanted))

    async def _execute(self, operation: Operation, variables: Mapping[str, object]) -> dict[str, Any]:
        """The `data` of a repeatable operation, with the rights of the subscriptions."""
        call = Call(
            name=operation.name,
            kind=operation.kind,
            url=self._url,
            read=decode_document,
            body=encode_body(operation, variables),
            repeatable=True,
            limited=False,
            document=operation.document,
            terms=self._terms,
        )
        return await self._engine.send(call)

    async def aclose(self) -> None:
        """Ends all subscriptions."""
        await self._engine.http.close(0)


def _object_name(given: object) -> str:
    about: About | None = getattr(given, "_object", None)
    if about is not None:
        return about.plural
    if not isinstance(given, str):
        raise InvalidArgument(f"an object must be a name or a record class, not {given!r}.")
    return given


def _checked(document: str) -> str:
    """The name of a document that is one subscription. Raises `InvalidArgument` for others."""
    try:
        operations = [node for node in parse(document).definitions if isinstance(node, OperationDefinitionNode)]
    except GraphQLError as error:
        raise InvalidArgument(f"the subscription is not valid GraphQL: {error.message}") from None
    if len(operations) != 1 or operations[0].operation is not OperationType.SUBSCRIPTION:
        raise InvalidArgument("a subscription must be one GraphQL operation that begins with `subscription`.")
    return operations[0].name.value if operations[0].name else ""


def _plain(value: Input | Mapping[str, Any] | None) -> dict[str, Any]:
    if value is None:
        return {}
    plain = normalise(value) if isinstance(value, BaseModel) else value
    if not isinstance(plain, Mapping):
        raise InvalidArgument(f"filter is a filter model or a mapping, not {type(value).__name__}.")
    made: dict[str, Any] = from_json(encode_json(plain))
    return made
