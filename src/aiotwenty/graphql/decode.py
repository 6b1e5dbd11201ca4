"""Reads responses: in one pass of pydantic-core over the bytes if they are valid; otherwise it finds out the error."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NotRequired

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import SchemaValidator, from_json, to_json
from typing_extensions import TypedDict

from aiotwenty.errors import SchemaDrift, UnexpectedResponse
from aiotwenty.graphql.answer_schemas import RELATED, Unread, Wanted
from aiotwenty.graphql.drift import drift_of
from aiotwenty.graphql.operation import Operation
from aiotwenty.graphql.related_cuts import has_related_lists, report_cut
from aiotwenty.graphql.withheld_values import note_restricted, without_restricted
from aiotwenty.transport.exchange import Reply
from aiotwenty.transport.failures import failure

# Renamed, because type checkers require literal fields of a TypedDict.
_typed_dict: Any = TypedDict


@lru_cache(maxsize=4096)
def _envelope(root: str | None, result_type: Any) -> Any:
    """The validator of {"data": {root: result}, "errors": ...}, built once for each type of result."""
    if isinstance(result_type, type) and issubclass(result_type, BaseModel):
        result_type.model_rebuild()
    data = result_type if root is None else _typed_dict("Data", {root: result_type})
    return TypeAdapter(_typed_dict("Envelope", {"data": data, "errors": NotRequired[Any]})).validator


def decode(reply: Reply, operation: Operation, result_type: Any, *, metadata: bool = False) -> Any:
    """The value of the operation's root field, or the whole `data`. Raises `TwentyError`s only.

    `metadata`: the response is from /metadata.
    """
    invalid: ValidationError | None = None
    if reply.status < 300 and reply.is_json:
        try:
            return _value(reply.body, operation, result_type)
        except ValidationError as error:
            invalid = error
        except _HasErrors:
            pass
    if known := failure(reply, generated=True, metadata=metadata):
        raise known
    if invalid is None:
        raise UnexpectedResponse(f"HTTP {reply.status} with a result.", status=reply.status)
    raise _drift(invalid, operation, result_type)


def decode_complete(data: Any, operation: Operation, wanted: Wanted) -> Any:
    """The value of a root field, as `decode` returns it, from data whose lists of related records are now complete."""
    try:
        return _value(to_json({"data": {operation.root: data}}), operation, wanted, complete=True)
    except ValidationError as error:
        raise _drift(error, operation, wanted) from None


class _HasErrors(Exception):  # noqa: N818
    """The response has the expected value, and errors too."""


def _value(body: bytes, operation: Operation, result_type: Any, *, complete: bool = False) -> Any:
    """The valid value. Raises `ValidationError` and `_HasErrors`."""
    lists = isinstance(result_type, Wanted) and result_type.has_lists and not complete
    if lists and result_type.is_deep:
        return _unread(body, operation)
    root = operation.root
    validator: SchemaValidator
    if isinstance(result_type, Wanted) and root is not None:
        validator = result_type.reader(root)
    else:
        validator = _envelope(root, result_type)
    # Related records keep the text for withheld values: they are read again as parts of their owner.
    shown = body if result_type is RELATED else without_restricted(body)
    cuts: list[bool] | None = [] if lists else None
    try:
        envelope = validator.validate_json(shown, context=cuts)
    except ValidationError:
        # Validators of the caller's own must not judge an incomplete list.
        if lists and cuts:
            return _unread(body, operation)
        raise
    if envelope.get("errors"):
        raise _HasErrors
    if cuts:
        return _unread(body, operation)
    if operation.nests and not isinstance(result_type, Wanted):
        report_cut(from_json(body), operation.name)
    if shown is not body:
        note_restricted(envelope, from_json(body))
    return envelope["data"] if operation.root is None else envelope["data"][operation.root]


def _unread(body: bytes, operation: Operation) -> Unread:
    answer = _envelope(operation.root, Any).validate_json(body)
    if answer.get("errors"):
        raise _HasErrors
    return Unread(answer["data"][operation.root])


def _drift(invalid: ValidationError, operation: Operation, result_type: Any) -> SchemaDrift:
    drift = drift_of(
        invalid, operation.root, result_type.annotation if isinstance(result_type, Wanted) else result_type
    )
    drift.answered = True
    return drift


def decode_document(reply: Reply, document: str = "") -> dict[str, Any]:
    """The `data` of a response to a document of which only the text is known."""
    data = _data_alone(reply)
    if data is None:
        raise failure(reply) or SchemaDrift("the server answered without data and without errors.")
    if has_related_lists(document):
        report_cut(data, "the document")
    return data


def _data_alone(reply: Reply) -> dict[str, Any] | None:
    """The `data` of a response without errors, parsed once: most are such, also the largest, such as schemas."""
    if reply.status >= 300 or not reply.is_json:
        return None
    try:
        answer = from_json(reply.body)
    except ValueError:
        return None
    data = answer.get("data") if isinstance(answer, dict) and not answer.get("errors") else None
    return data if isinstance(data, dict) else None
