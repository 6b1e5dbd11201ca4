"""Answers to results: one pass of pydantic-core over the bytes when all is well, a closer look when it is not."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NotRequired

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import SchemaValidator, from_json
from typing_extensions import TypedDict

from aiotwenty.errors import SchemaDrift, UnexpectedResponse
from aiotwenty.graphql.drift import drift_of
from aiotwenty.graphql.nested import has_related_lists, report_cut
from aiotwenty.graphql.operation import Operation
from aiotwenty.graphql.restricted import note_restricted, without_restricted
from aiotwenty.transport.exchange import Reply
from aiotwenty.transport.failures import failure

# By another name, because type checkers want to know the fields of a TypedDict.
_typed_dict: Any = TypedDict


@lru_cache(maxsize=4096)
def _envelope(root: str | None, result_type: Any) -> Any:
    """Validates {"data": {root: result}, "errors": ...}; built once for each kind of answer."""
    if isinstance(result_type, type) and issubclass(result_type, BaseModel):
        result_type.model_rebuild()
    data = result_type if root is None else _typed_dict("Data", {root: result_type})
    return TypeAdapter(_typed_dict("Envelope", {"data": data, "errors": NotRequired[Any]})).validator


def decode(reply: Reply, operation: Operation, result_type: Any, *, metadata: bool = False) -> Any:
    """The value of the operation's root field, or the whole `data`. Raises `TwentyError`s, never anything else.

    `metadata` says that it is an answer of /metadata.
    """
    invalid: ValidationError | None = None
    if reply.status < 300 and reply.is_json:
        validator: SchemaValidator = _envelope(operation.root, result_type)
        shown = without_restricted(reply.body)
        try:
            envelope = validator.validate_json(shown)
        except ValidationError as error:
            invalid = error
        else:
            if not envelope.get("errors"):
                if operation.nests:
                    report_cut(from_json(reply.body), operation.name)
                if shown is not reply.body:
                    note_restricted(envelope, from_json(reply.body))
                return envelope["data"] if operation.root is None else envelope["data"][operation.root]
    if known := failure(reply, generated=True, metadata=metadata):
        raise known
    if invalid is None:
        raise UnexpectedResponse(f"HTTP {reply.status} with a result.", status=reply.status)
    drift = drift_of(invalid, operation.root, result_type)
    drift.answered = True
    raise drift


def decode_document(reply: Reply, document: str = "") -> dict[str, Any]:
    """The `data` of an answer to a document of which only the text is known."""
    if error := failure(reply):
        raise error
    data = from_json(reply.body).get("data")
    if not isinstance(data, dict):
        raise SchemaDrift("the server answered without data and without errors.")
    if has_related_lists(document):
        report_cut(data, "the document")
    return data
