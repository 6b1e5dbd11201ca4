"""Errors for callers: invalid keys and tokens, and missing rights (Twenty, July 2026)."""

from __future__ import annotations

import base64
import hashlib

from aiotwenty.sandbox.errors import BAD_INPUT, GENERIC, RecordError


def _identified(message: str) -> dict[str, str]:
    """The message for users with its id in the catalogue of translations: an object here, a string in other errors."""
    digest = hashlib.sha256(f"{message}\x1f".encode()).digest()
    return {"id": base64.b64encode(digest).decode()[:6], "message": message}


_NO_PERMISSION = "You do not have permission to perform this action."


def _refused_caller(message: str, code: str, sub_code: str | None, friendly: str) -> RecordError:
    return RecordError(message, code=code, sub_code=sub_code, friendly=_identified(friendly))


def token_invalid(message: str = "Token invalid.") -> RecordError:
    friendly = "You must be authenticated to perform this action."
    return _refused_caller(message, "UNAUTHENTICATED", "UNAUTHENTICATED", friendly)


def token_expired() -> RecordError:
    return token_invalid("Token has expired.")


def unknown_token() -> RecordError:
    return _refused_caller("Unknown token error.", BAD_INPUT, "INVALID_INPUT", "Invalid input provided.")


def invalid_token_type() -> RecordError:
    return _refused_caller("Invalid token type", "FORBIDDEN", "INVALID_JWT_TOKEN_TYPE", GENERIC)


def key_expired() -> RecordError:
    return _refused_caller("This API Key is expired", "FORBIDDEN", "FORBIDDEN_EXCEPTION", _NO_PERMISSION)


def method_not_allowed() -> RecordError:
    return RecordError("Method not allowed.", code="FORBIDDEN", sub_code="FORBIDDEN", friendly=GENERIC)


def permission_denied() -> RecordError:
    return RecordError(
        "Entity performing the request does not have permission",
        code="FORBIDDEN",
        sub_code="PERMISSION_DENIED",
        friendly="You do not have permission to perform this action.",
    )


def user_required() -> RecordError:
    return RecordError("User id is required", code="UNAUTHENTICATED", sub_code="INVALID_AUTH_CONTEXT", friendly=GENERIC)


def key_revoked() -> RecordError:
    return _refused_caller("This API Key is revoked", "FORBIDDEN", "FORBIDDEN_EXCEPTION", _NO_PERMISSION)


class UnreadableTokenError(RecordError):
    """A token whose payload isn't JSON; only REST says why."""

    def __init__(self, reason: str) -> None:
        super().__init__("Internal Server Error", code="INTERNAL_SERVER_ERROR", friendly=_identified(GENERIC))
        self.reason = reason
