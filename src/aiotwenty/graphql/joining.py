"""Sends several operations as one document, and splits the response."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic_core import from_json, to_json

from aiotwenty.errors import TwentyError, UnexpectedResponse
from aiotwenty.graphql.document import can_go_together, renamed, together
from aiotwenty.graphql.operation import Operation
from aiotwenty.transport.exchange import UNTOLD, Call, Joining, Reply
from aiotwenty.transport.failures import failure
from aiotwenty.transport.retry import Fate, fate_of

MOST_ANSWER = 32_000_000
"""The most bytes of a response to several operations: eight pages of an export."""
_value_at = json.JSONDecoder().raw_decode
_BLANK = re.compile(r"[ \t\r\n]*")


class JoinedRoot(Joining):
    """A root field of a shared document. The server takes each root field once in a document, and 20 in all; queries
    and mutations don't mix (Twenty, July 2026: newer servers ignore the keyword, older ones don't).
    """

    def __init__(self, operation: Operation, url: str) -> None:
        self.operation = operation
        self.name = operation.root or ""
        self.group = (url, operation.kind)

    def together(self, calls: Sequence[Call[Any]]) -> Call[list[Any]]:
        """The call for all of them. Raises nothing, because what can be joined was checked before."""
        operations = [call.joining.operation for call in calls if isinstance(call.joining, JoinedRoot)]
        kind = operations[0].kind
        joined = together(f"Several{'Queries' if kind == 'query' else 'Mutations'}", operations)
        variables = [
            f"{to_json(renamed(name, at)).decode()}:{value}"
            for at, call in enumerate(calls)
            for name, value in members(members((call.body or b"").decode())["variables"]).items()
        ]
        return replace(
            calls[0],
            name=joined.name,
            read=partial(_read, calls=calls, roots=[operation.root or "" for operation in operations]),
            body=joined.body_prefix + f"{{{','.join(variables)}}}}}".encode(),
            repeatable=all(call.repeatable for call in calls),
            document=joined.document,
            terms=replace(
                calls[0].terms,
                timeout=max(call.terms.timeout for call in calls),
                max_answer_bytes=min(MOST_ANSWER, *(call.terms.max_answer_bytes for call in calls)),
            ),
            on_retry=partial(_tell, calls),
        )


def joining(operation: Operation, url: str) -> JoinedRoot | None:
    """The operation's `JoinedRoot`; None if it can't be joined with others."""
    return JoinedRoot(operation, url) if can_go_together(operation) else None


def members(text: str) -> dict[str, str]:
    """The members of a JSON object as text. Raises `ValueError` for other text."""
    return _members(text, 0)[0]


def _members(text: str, at: int, inside: str = "") -> tuple[dict[str, Any], int]:
    """The members of the object that begins at `at`, and the position after it.

    The value of the member `inside` is split into its own members. So only one root field is parsed at a time.
    """
    values: dict[str, Any] = {}
    at = _after(text, at, "{")
    if text[at : at + 1] == "}":
        return values, at + 1
    while True:
        name, at = _value_at(text, at)
        if not isinstance(name, str):
            raise ValueError(f"no name at {at}")
        begin = _after(text, at, ":")
        if name == inside and text[begin : begin + 1] == "{":
            values[name], end = _members(text, begin)
        else:
            end = _value_at(text, begin)[1]
            values[name] = text[begin:end]
        at = _skipped(text, end)
        if text[at : at + 1] == "}":
            return values, at + 1
        at = _after(text, at, ",")


def _skipped(text: str, at: int) -> int:
    blank = _BLANK.match(text, at)
    return blank.end() if blank else at


def _after(text: str, at: int, mark: str) -> int:
    at = _skipped(text, at)
    if text[at : at + 1] != mark:
        raise ValueError(f"no {mark} at {at}")
    return _skipped(text, at + 1)


def _read(reply: Reply, calls: Sequence[Call[Any]], roots: Sequence[str]) -> list[Any]:
    """The result of each call. Raises an error of the response that concerns all of them."""
    values, errors = _parts(reply)
    failed = [root for root in roots if values.get(root, "null") == "null"]
    if len(failed) == len(roots) or (errors and not failed):
        raise _whole(reply)
    # Twenty does not say which root field an error belongs to (July 2026).
    of_one = len(failed) == 1 or all(error == errors[0] for error in errors)
    outcomes: list[Any] = []
    for call, root in zip(calls, roots, strict=True):
        outcome = _outcome(call, reply, root, values.get(root, "null"), errors if root in failed else [])
        if isinstance(outcome, TwentyError) and root in failed and not of_one and _may_go_again(call, outcome):
            outcome = UNTOLD
        outcomes.append(outcome)
    return outcomes


def _parts(reply: Reply) -> tuple[dict[str, str], list[Any]]:
    """The text of each root field's value, and the errors."""
    if reply.status < 300 and reply.is_json:
        try:
            answer, _ = _members(reply.body.decode(), 0, "data")
            errors = from_json(answer.get("errors", "null")) or []
            if isinstance(values := answer.get("data"), dict):
                return values, errors if isinstance(errors, list) else [errors]
        except ValueError:
            pass
    raise _whole(reply)


def _whole(reply: Reply) -> TwentyError:
    return failure(reply, generated=True) or UnexpectedResponse(
        f"HTTP {reply.status} without the results of several root fields.",
        status=reply.status,
        content_type=reply.content_type,
    )


def _outcome(call: Call[Any], reply: Reply, root: str, value: str, errors: list[Any]) -> Any:
    """The result of a call for its part of the response, or its error."""
    beside = b',"errors":' + to_json(errors) if errors else b""
    part = replace(reply, body=b'{"data":{"%b":%b}%b}' % (root.encode(), value.encode(), beside))
    try:
        return call.read(part)
    except TwentyError as error:
        error.status = reply.status if error.status is None else error.status
        return error


def _may_go_again(call: Call[Any], error: TwentyError) -> bool:
    """Whether the server did nothing, so that the call may be sent alone to get an error of its own."""
    return call.reads or fate_of(error) not in (Fate.LOST, Fate.UNCLEAR, Fate.FAILED)


def _tell(calls: Sequence[Call[Any]], error: TwentyError) -> None:
    for call in calls:
        if call.on_retry is not None:
            call.on_retry(error)
