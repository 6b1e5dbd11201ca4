"""Decides which error a response is: first by code and subCode, then by HTTP status and message.

Twenty answers nearly every error with HTTP 200 (Twenty, July 2026), its documentation promises 401, 403 and 429, and
older servers use other codes and messages. All are recognised, whatever the server's version.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from aiotwenty.errors import (
    EXCERPT,
    ApiError,
    AuthenticationError,
    DuplicateRecord,
    InvalidInput,
    NotFoundError,
    PermissionDenied,
    QueryTooComplex,
    RateLimited,
    Reason,
    SchemaDrift,
    TwentyError,
    UnexpectedResponse,
)
from aiotwenty.transport.exchange import Reply, is_broken_key
from aiotwenty.transport.foreign_answers import asked_to_wait, foreign, retry_after, too_large
from aiotwenty.transport.reasons import (
    INTERNAL,
    Cause,
    cause_of,
    codes_of,
    extension,
    in_plain_text,
    is_database,
    is_no_route,
    trouble,
)
from aiotwenty.transport.schema_refusals import Gone, missing, missing_field

_KEY_HINT = (
    "Check the API key (TWENTY_API_KEY) and that it belongs to this workspace; "
    "keys are made under Settings, APIs & Webhooks."
)
_ANONYMOUS_HINT = (
    "Twenty responds like this to an unknown key (or for a removed object): check the API key, that a proxy passes "
    "the Authorization header on, and that the workspace still has what this client was generated from."
)
_ROLE_HINT = (
    "The API key is valid, but may not do this: check the permissions of its role (Settings, Roles). Some objects, "
    "such as workspaceMembers, no key may write."
)
# Codes and subCodes that decide alone.
_TELLING: dict[str, type[ApiError]] = {
    "LIMIT_REACHED": RateLimited,
    "UNAUTHENTICATED": AuthenticationError,
    "INVALID_JWT_TOKEN_TYPE": AuthenticationError,
    "INVALID_AUTH_CONTEXT": PermissionDenied,
    "PERMISSION_DENIED": PermissionDenied,
    "RECORD_NOT_FOUND": NotFoundError,
    "NOT_FOUND": NotFoundError,
    "NotFoundException": NotFoundError,
    "TOO_COMPLEX_QUERY": QueryTooComplex,
    "MAX_DEPTH_REACHED": QueryTooComplex,
}
# Codes that a message may specify: a revoked key is FORBIDDEN too.
_CODES: dict[str, type[ApiError]] = {
    "FORBIDDEN": PermissionDenied,
    "FORBIDDEN_EXCEPTION": PermissionDenied,
    "BAD_USER_INPUT": InvalidInput,
    "BadRequestException": InvalidInput,
    "UserInputError": InvalidInput,
    "GRAPHQL_VALIDATION_FAILED": InvalidInput,
    "GRAPHQL_PARSE_FAILED": InvalidInput,
    "METADATA_VALIDATION_FAILED": InvalidInput,
    "CONFLICT": InvalidInput,
}
# Messages that say more than their code: BAD_USER_INPUT comes with most errors, and older servers use
# INTERNAL_SERVER_ERROR for errors of their database and "Forbidden resource".
_REASONS: dict[Reason, type[ApiError]] = {
    Reason.KEY_MISSING: AuthenticationError,
    Reason.KEY_INVALID: AuthenticationError,
    Reason.KEY_EXPIRED: AuthenticationError,
    Reason.KEY_REVOKED: AuthenticationError,
    Reason.FORBIDDEN: PermissionDenied,
    Reason.NEEDS_USER: PermissionDenied,
    Reason.NEEDS_PLAN: PermissionDenied,
    Reason.NOT_OFFERED: PermissionDenied,
    Reason.RATE_LIMIT: RateLimited,
    Reason.TOO_COMPLEX: QueryTooComplex,
    Reason.NOT_FOUND: NotFoundError,
    Reason.DUPLICATE: DuplicateRecord,
    Reason.DUPLICATE_OF_LIVE: DuplicateRecord,
    Reason.FOREIGN_KEY: InvalidInput,
    Reason.NOT_NULL: InvalidInput,
    Reason.INVALID_VALUE: InvalidInput,
    Reason.INVALID_FILE: InvalidInput,
}
_STATUSES: dict[int, type[ApiError]] = {
    400: InvalidInput,
    401: AuthenticationError,
    403: PermissionDenied,
    404: NotFoundError,
    409: DuplicateRecord,
    413: InvalidInput,
    422: InvalidInput,
    429: RateLimited,
}
_REFUSING = (401, 403, 429)
_READ = 2000
"""Characters at both ends of a message that are read and shown: a message may be as long as a response."""
_EXAMINED = 50
"""The errors of a response that are examined: a request has at most 20 root fields (Twenty, July 2026)."""
# These classes take precedence over other errors of the same request.
_FIRST: tuple[type[ApiError], ...] = (AuthenticationError, PermissionDenied, RateLimited)


def failure(
    reply: Reply, *, generated: bool = False, metadata: bool = False, graphql: bool = True
) -> TwentyError | None:
    """The error that a response is; None if it has none.

    `generated`: the document was made from the workspace's schema, so an unknown field means an unknown caller or a
    changed workspace, not a mistake. On /metadata it always means the latter, because /metadata refuses unknown callers
    in another way, and documents for it are made from the same schema.
    """
    reply = reply.public()
    if 300 <= reply.status < 400 and "Location" in reply.headers:
        return _redirect(reply)
    body = reply.body
    try:
        answer = from_json(body) if body else None
        parsed = bool(body)
    except ValueError:
        answer, parsed = None, False
    if isinstance(answer, dict) and parsed:
        if errors := _errors(answer):
            return _from_errors(reply, errors, _data(answer), generated, metadata)
        if reply.status >= 400 and ("messages" in answer or ("message" in answer and "statusCode" in answer)):
            return _from_nest(reply, answer, graphql)
        if reply.status < 300 and reply.is_json and ("data" in answer or not graphql):
            return None
    elif not graphql and parsed and reply.status < 300 and reply.is_json:
        return None
    return _other(reply, parsed, answer)


def _errors(answer: Mapping[str, Any]) -> list[Any]:
    errors = answer.get("errors")
    return errors if isinstance(errors, list) else [errors] if errors else []


def _data(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    data = answer.get("data")
    return data if isinstance(data, dict) else None


def _from_errors(
    reply: Reply, raw: list[Any], data: dict[str, Any] | None, generated: bool, metadata: bool
) -> TwentyError:
    errors = [entry if isinstance(entry, dict) else {"message": str(entry)} for entry in raw]
    looked_at = [_legible(error) for error in errors[:_EXAMINED]]
    kinds = [_class_of(error, reply.status, generated, metadata) for error in looked_at]
    if ApiError in kinds and is_broken_key(reply.secret.decode()):
        kinds = [AuthenticationError if kind is ApiError else kind for kind in kinds]
    # A write that may have happened in spite of an error decides: root fields run independently.
    failing = (i for i, kind in enumerate(kinds) if kind is ApiError and trouble(looked_at[i], reply.status))
    first = (i for wanted in _FIRST for i, kind in enumerate(kinds) if kind is wanted)
    decisive = [*failing, *first, 0][0]
    error, kind = looked_at[decisive], kinds[decisive]
    if kind is SchemaDrift:
        return gone_drift(_most_telling(looked_at))
    assert issubclass(kind, ApiError)
    return _build(kind, error, errors, data, reply)


def _legible(error: dict[str, Any]) -> dict[str, Any]:
    """The error with its message shortened."""
    message = str(error.get("message", ""))
    return error if len(message) <= 2 * _READ else {**error, "message": _shortened(message)}


def _shortened(message: str) -> str:
    return message if len(message) <= 2 * _READ else f"{message[:_READ]} … {message[-_READ:]}"


def _from_nest(reply: Reply, answer: Mapping[str, Any], graphql: bool) -> TwentyError:
    """The error in a REST response, or in one of the HTTP framework."""
    messages = answer.get("messages", answer.get("message"))
    texts = [_shortened(str(text)) for text in (messages if isinstance(messages, list) else [messages])] or [""]
    if reply.status == 404 and is_no_route(texts[0]):
        return UnexpectedResponse(
            f"HTTP 404, {texts[0]}: this address has no Twenty API. Check the base URL: it must be the address of "
            "the workspace, without /graphql.",
            status=reply.status,
            content_type=reply.content_type,
            body=reply.body[:EXCERPT].decode("utf-8", "replace"),
        )
    extensions = {"code": answer.get("error")} if isinstance(answer.get("error"), str) else {}
    errors: list[dict[str, Any]] = [{"message": text, "extensions": extensions} for text in texts]
    kind = _class_of(errors[0], reply.status, generated=False)
    if kind is ApiError and is_broken_key(reply.secret.decode()):
        kind = AuthenticationError
    return _build(kind if issubclass(kind, ApiError) else ApiError, errors[0], errors, _data(answer), reply)


def _class_of(error: Mapping[str, Any], status: int, generated: bool, metadata: bool = False) -> type[TwentyError]:
    code, sub_code = codes_of(error)
    message = str(error.get("message", ""))
    for known in (sub_code, code):
        if known in _TELLING:
            return _TELLING[known]
    if is_database(message):
        return ApiError
    reason = cause_of(error).reason
    if reason is not None and reason in _REASONS:
        return _REASONS[reason]
    if generated and metadata and missing(message):
        return SchemaDrift
    if gone := missing_field(message):
        if not generated:
            return InvalidInput
        return AuthenticationError if gone.is_root else SchemaDrift
    for known in (sub_code, code):
        # BAD_USER_INPUT comes with any error, even a documented 429.
        if known in _CODES and not (_CODES[known] is InvalidInput and status in _REFUSING):
            return _CODES[known]
    if status in _STATUSES and code not in INTERNAL:
        return _STATUSES[status]
    # A refusal by validation has no code.
    return InvalidInput if code is None and reason and reason.about_schema else ApiError


def _build(
    kind: type[ApiError],
    error: Mapping[str, Any],
    errors: list[dict[str, Any]],
    data: dict[str, Any] | None,
    reply: Reply,
) -> ApiError:
    code, sub_code = codes_of(error)
    cause = cause_of(error)
    server_message = str(error.get("message") or "an error without a message")
    message = server_message
    if (more := extension(error, "userFriendlyMessage")) and kind is DuplicateRecord and more not in message:
        message = f"{message.rstrip('.')}. {more}"
    if reasons := _reasons(error):
        message = f"{message.rstrip('.')}: {'; '.join(reasons)}"
    text = message if message.endswith((".", "!", "?")) else message + "."
    if hint := _hint(kind, cause):
        text += f" {hint}"
    if waiting := asked_to_wait(reply):
        text += f" {waiting}"
    if len(errors) > 1:
        text += f" ({len(errors) - 1} more in .errors)"
    result = kind(text, status=reply.status, errors=errors, code=code, sub_code=sub_code, data=data)
    result.said = server_message
    result.reason = (trouble(error, reply.status) if kind is ApiError else None) or cause.reason
    result.field, result.value, result.allowed = cause.field, cause.value, cause.allowed
    if isinstance(result, DuplicateRecord):
        result.conflicting_id = extension(error, "conflictingRecordId")
        result.conflicting_object = extension(error, "conflictingObjectNameSingular")
    if isinstance(result, AuthenticationError):
        result.anonymous = cause.reason is Reason.UNKNOWN_OBJECT
    result.retry_after = retry_after(reply)
    if isinstance(result, RateLimited):
        result.partial = any(value is not None for value in (data or {}).values())
        if cause.allowed and cause.seconds:
            result.limit, result.per = cause.allowed, cause.seconds
            if result.retry_after is None:
                result.retry_after = result.per / result.limit
    return result


def _reasons(error: Mapping[str, Any]) -> list[str]:
    """The reasons for which a change of the data model was refused.

    The server lists mistakes of every entity that the change would make; those of views and fields mostly follow from
    those of their object (Twenty, July 2026).
    """
    extensions = error.get("extensions")
    refused = extensions.get("errors") if isinstance(extensions, dict) else None
    if not isinstance(refused, dict):
        return []
    for entities in (refused.get("objectMetadata"), refused.get("fieldMetadata"), *refused.values()):
        listed = entities if isinstance(entities, list) else []
        causes = [entity.get("errors") for entity in listed if isinstance(entity, dict)]
        flat = [cause for entity in causes if isinstance(entity, list) for cause in entity if isinstance(cause, dict)]
        if reasons := list(dict.fromkeys(text for cause in flat if isinstance(text := cause.get("message"), str))):
            return reasons[:3]
    return []


def _hint(kind: type[ApiError], cause: Cause) -> str:
    if kind is AuthenticationError:
        return _ANONYMOUS_HINT if cause.reason is Reason.UNKNOWN_OBJECT else _KEY_HINT
    if kind is PermissionDenied:
        return cause.advice or _ROLE_HINT
    if kind is RateLimited:
        return "The workspace's rate limit is used up: send less, or leave rate_limit='auto' on."
    return cause.advice


def _most_telling(errors: list[dict[str, Any]]) -> Gone:
    """The missing root field, of which other errors often are a consequence; otherwise the first error."""
    gone = [found for error in errors if (found := missing(str(error.get("message", ""))))]
    return next((found for found in gone if found.is_root), gone[0])


def gone_drift(gone: Gone) -> SchemaDrift:
    """The error for a field, object or argument that the schema no longer has."""
    return SchemaDrift(
        f"{gone.text} The workspace is not what this client was generated from: introspect and generate again.",
        type_name=gone.type_name or None,
        field=gone.field,
    )


def _redirect(reply: Reply) -> UnexpectedResponse:
    location = reply.headers["Location"]
    return UnexpectedResponse(
        f"HTTP {reply.status} redirects to {location}. Redirects are not followed, because they would "
        "carry the API key along: use the final address as the base URL.",
        status=reply.status,
        content_type=reply.content_type,
        body=reply.body[:EXCERPT].decode("utf-8", "replace"),
        location=location,
    )


def _other(reply: Reply, parsed: bool, answer: object) -> TwentyError:
    """The error for a response without the form of Twenty's errors, which mostly comes from another sender."""
    plain_text = in_plain_text(answer)
    if plain_text is None:
        return foreign(reply, parsed=parsed, answer=answer)
    error = _build(InvalidInput, _legible({"message": plain_text}), [{"message": plain_text}], None, reply)
    return too_large(reply) if error.reason is Reason.TOO_LARGE else error
