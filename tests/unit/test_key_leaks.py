"""The API key is sent, and shown nowhere."""

from __future__ import annotations

import asyncio
import gc
import logging
import pickle
import traceback
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from pydantic_core import to_json

from aiotwenty import Hooks, RetryPolicy, Runner, Twenty, TwentyError
from aiotwenty.client import Client
from aiotwenty.graphql import runtime as rt
from aiotwenty.graphql.gql_transport import TwentyTransport
from aiotwenty.graphql.models import Record
from aiotwenty.sandbox import Sandbox
from aiotwenty.settings import load_settings
from aiotwenty.workspace.files import UploadedFile
from tests.unit.scripted import KEY, Answer, ScriptedServer, answer, says

FAULTS = [
    f"{kind}:probability=0.1" for kind in ("reset-before", "reset-after", "html", "error", "cut", "busy", "limit")
]


def everything_about(error: BaseException) -> Iterator[str]:
    """Whatever an error report might print, of the error and of all that it is chained to."""
    yield from (str(error), repr(error), repr(vars(error)), repr(error.args))
    yield "".join(traceback.format_exception(error))
    if isinstance(error, TwentyError):
        yield repr(pickle.dumps(error))
    for chained in (error.__cause__, error.__context__):
        if chained is not None:
            yield from everything_about(chained)


async def test_a_full_run_shows_the_key_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    look = Hooks(*(lambda event: shown.extend((repr(event), str(event))) for _ in range(3)))
    policy = RetryPolicy(attempts=3, base=0.001, max_retry_after=0.01, total=2)
    async with Sandbox(faults=FAULTS, seed=1) as sandbox:
        async with Twenty(sandbox.url, api_key=sandbox.api_key, retry=policy, hooks=look, rate_limit=None) as twenty:
            calls: list[Coroutine[Any, Any, object]] = [
                *(twenty.companies.create_one({"name": f"Company {number}"}) for number in range(40)),
                *(twenty.companies.find_many(first=5) for _ in range(40)),
                *(twenty.execute("{ nope { id } }") for _ in range(20)),
                *(twenty.rest.get("people") for _ in range(20)),
                *(twenty.rest.get("people/nope") for _ in range(20)),
                twenty.workspace.objects(),
            ]
            results = await asyncio.gather(*calls, return_exceptions=True)
            shown += [repr(twenty), repr(twenty.companies), repr(twenty.endpoint("graphql")), repr(vars(twenty))]
            shown += [
                repr(each) for each in gc.get_objects() if str(type(each).__module__).startswith("aiotwenty.transport")
            ]
        failures = [result for result in results if isinstance(result, BaseException)]
        assert {type(failure).__name__ for failure in failures} >= {"ConnectionFailed", "InvalidInput"}
        for failure in failures:
            shown += everything_about(failure)
        shown += [f"{record.getMessage()} {record.args}" for record in caplog.records]
        assert len(caplog.records) > 200
        assert any("Company" in text for text in shown)
        assert not [text for text in shown if sandbox.api_key in text]


ECHOES = {
    "error message": answer(
        {"errors": [{"message": f"bad token {KEY}", "extensions": {"code": KEY}}], "data": {"x": KEY}}
    ),
    "HTML": Answer(f"<html>Authorization: Bearer {KEY}</html>".encode(), 502, "text/html"),
    "redirect": Answer(b"", 302, "text/plain", {"Location": f"https://elsewhere.example/?token={KEY}"}),
    "content type": Answer(b"{}", 200, f"text/{KEY}"),
    "REST error": Answer(to_json({"statusCode": 401, "messages": [f"bad {KEY}"], "error": "X"}), 401),
    "value of another type": answer({"data": {"companies": {"id": KEY}}}),
}


class Anything(rt.Record):
    id: rt.UUID


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES.keys())
async def test_a_server_that_echoes_the_key_does_not_get_it_into_an_error(server: ScriptedServer, echo: Answer) -> None:
    server.say(echo)
    operation = rt.Operation("Count", "query", "query Count{companies{id}}", "companies")
    async with Client(server.url, api_key=KEY, retry=RetryPolicy(attempts=1)) as client:
        with pytest.raises(TwentyError) as caught:
            await client.endpoint("graphql").run(operation, Anything, {})
    assert server.seen[0].headers["Authorization"] == f"Bearer {KEY}"
    assert not [text for text in everything_about(caught.value) if KEY in text]


async def test_an_answer_that_cannot_be_read_does_not_get_the_key_into_an_error() -> None:
    async with (
        says(b"Bearer " + KEY.encode()) as address,
        Client(f"http://{address}", api_key=KEY, retry=RetryPolicy(attempts=1)) as client,
    ):
        with pytest.raises(TwentyError, match=r"can't be read.*\*\*\*") as caught:
            await client.execute("{ companies { totalCount } }")
    assert not [text for text in everything_about(caught.value) if KEY in text]


async def test_error_reports_with_the_variables_of_each_frame_do_not_show_the_key() -> None:
    async with Sandbox(faults=["reset-before:count=1", "latency=30"]) as sandbox:
        async with Twenty(sandbox.url, api_key=sandbox.api_key, retry=RetryPolicy(attempts=1)) as twenty:
            failures = [
                *await asyncio.gather(twenty.companies.count(), return_exceptions=True),
                *await asyncio.gather(asyncio.wait_for(twenty.companies.count(), 1), return_exceptions=True),
            ]
        assert [type(failure).__name__ for failure in failures] == ["ConnectionFailed", "TimeoutError"]
        for failure in failures:
            assert isinstance(failure, BaseException)
            report = "".join(traceback.TracebackException.from_exception(failure, capture_locals=True).format())
            assert "Authorization" in report
            assert sandbox.api_key not in report


async def test_a_redirect_is_not_followed(server: ScriptedServer) -> None:
    server.say(Answer(b"", 307, None, {"Location": server.url + "/elsewhere"}))
    async with Client(server.url, api_key=KEY) as client:
        with pytest.raises(TwentyError, match="not followed"):
            await client.execute("{ companies { totalCount } }")
    assert len(server.seen) == 1


def test_settings_do_not_show_the_key() -> None:
    assert KEY not in repr(load_settings("https://crm.example.com", KEY))


BAD = "eyJhbGciOiJFUzI1NiJ9." + "secret" * 60
"""As long as keys are: what shows the variables of frames cuts long texts first."""


def frames_of(error: BaseException) -> Iterator[str]:
    """What reports of the error show of the variables of our frames: whole, and cut as rich cuts them."""
    chain: BaseException | None = error
    while chain is not None:
        for frame, _ in traceback.walk_tb(chain.__traceback__):
            if frame.f_code.co_filename == __file__:
                continue
            for value in frame.f_locals.values():
                yield repr(value)
                if isinstance(value, str):
                    yield repr(value[:80])
        chain = chain.__cause__ or chain.__context__


runner: Any = Runner
CONSTRUCTORS: dict[str, Callable[[], object]] = {
    "a wrong option": lambda: Twenty("https://crm.example.com", api_key=BAD, max_connections=0),
    "a wrong timeout": lambda: Twenty("https://crm.example.com", api_key=BAD, timeout=-1),
    "a wrong header": lambda: Twenty("https://crm.example.com", api_key=BAD, headers={"X-Gateway": BAD, "é": "x"}),
    "a value that no header has": lambda: Twenty("https://crm.example.com", api_key="k", headers={"X-A": f"{BAD}\n"}),
    "a wrong address": lambda: Twenty("crm.example.com:x", api_key=BAD),
    "the key as the address": lambda: Twenty(BAD),
    "the key in the address": lambda: Twenty(f"https://x:{BAD}@crm.example.com", api_key="k"),
    "a key with blanks": lambda: Twenty("https://crm.example.com", api_key=f"{BAD} x"),
    "a key as bytes": lambda: Twenty("https://crm.example.com", api_key=BAD.encode()),  # type: ignore[arg-type]
    "gql": lambda: TwentyTransport("crm.example.com:x", api_key=BAD),
    "gql, a bad key": lambda: TwentyTransport("https://crm.example.com/graphql", api_key=f"{BAD} x"),
    "a runner's argument": lambda: runner(api_key=BAD, no_such_option=1),
    "a runner's session": lambda: runner(api_key=BAD, session=1, headers={"X-Gateway": BAD}),
    "a runner's client": lambda: runner("crm.example.com:x", api_key=BAD).twenty,
}


@pytest.mark.parametrize("construct", CONSTRUCTORS.values(), ids=CONSTRUCTORS)
def test_no_frame_of_a_constructor_that_fails_shows_the_key(construct: Callable[[], object]) -> None:
    with pytest.raises((TwentyError, TypeError)) as caught:
        construct()
    assert not [text for text in frames_of(caught.value) if "secretsecret" in text]
    assert BAD not in "".join(everything_about(caught.value))


def test_no_frame_shows_the_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWENTY_API_KEY", BAD)
    with pytest.raises(TwentyError) as caught:
        Twenty("crm.example.com:x")
    assert not [text for text in frames_of(caught.value) if "secretsecret" in text]


def test_records_are_printed_without_what_opens_things() -> None:
    signed = "https://crm.example.com/file/1?token=secretsecret&x=1"
    file = UploadedFile(path="a.txt", url=signed, token="secretsecret", label="a.txt")
    raw = Raw(files=[{"url": signed, "label": "a.txt"}], access_token="secretsecret", name="n")
    for shown in (repr(file), str(file), repr(raw), str(list(raw.__repr_args__()))):
        assert "secretsecret" not in shown
        assert "a.txt" in shown
    assert (file.url, file.token) == (signed, "secretsecret")


class Raw(Record):
    files: list[dict[str, str]]
    access_token: str
    name: str
