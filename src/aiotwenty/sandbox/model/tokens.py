"""The tokens of keys and sessions: JWTs, signed here and read as Twenty reads them (July 2026)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from aiotwenty.sandbox.dialect import LATEST, Dialect
from aiotwenty.sandbox.javascript_messages import JsonError, read_json
from aiotwenty.sandbox.model import refused_callers

TokenType = Literal["API_KEY", "ACCESS", "LOGIN", "REFRESH"]
_SHAPE = re.compile(r"([\w-]+)\.([\w-]+)\.([\w-]+)", re.ASCII)
_SIGNATURE_LENGTH = 86
"""The length of an ES256 signature, 64 bytes, in base64."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs and reads the tokens of one workspace."""

    secret: bytes
    key_id: str
    dialect: Dialect = LATEST
    """The dialect of the messages: those of November 2025 (1.10) differ."""

    def token(self, of_type: TokenType, claims: Mapping[str, Any], issued_at: str, expires_at: str) -> str:
        """A token with these claims, followed by its type, times and id (`jti`)."""
        header = {"alg": "ES256", "typ": "JWT", "kid": self.key_id}
        payload = {**claims, "type": of_type, "iat": _seconds(issued_at), "exp": _seconds(expires_at)}
        if "jti" in payload:
            payload["jti"] = payload.pop("jti")
        signed = f"{_segment(header)}.{_segment(payload)}"
        return f"{signed}.{self._signature(signed)}"

    def claims(self, token: str, accepted: tuple[TokenType, ...] = ("API_KEY", "ACCESS")) -> dict[str, Any]:
        """The claims of a valid token. Raises `RecordError` for any other."""
        if not self.dialect.reads_token_headers:
            return self._claims_of_payload(token, accepted)
        match = _SHAPE.fullmatch(token)
        header = _object(match[1]) if match else None
        if match is None or header is None:
            raise refused_callers.token_invalid()
        payload = _payload(match[2], is_jwt=header.get("typ") == "JWT")
        if "kid" not in header and payload.get("type") not in accepted:
            raise refused_callers.invalid_token_type()
        if header.get("kid") != self.key_id or header.get("alg") != "ES256":
            raise refused_callers.token_invalid()
        if len(match[3]) != _SIGNATURE_LENGTH:
            # The library sees no signature here, not a wrong one: a key that was cut off while copying.
            raise refused_callers.unknown_token()
        if not hmac.compare_digest(self._signature(f"{match[1]}.{match[2]}").encode(), match[3].encode()):
            raise refused_callers.token_invalid()
        if payload.get("type") not in accepted:
            raise refused_callers.invalid_token_type()
        if payload["exp"] <= time.time():
            raise refused_callers.token_expired()
        return payload

    def _claims_of_payload(self, token: str, accepted: tuple[TokenType, ...]) -> dict[str, Any]:
        match = _SHAPE.fullmatch(token)
        payload = _object(match[2]) if match else None
        if match is None or payload is None:
            raise refused_callers.token_invalid("No payload")
        if payload.get("type") not in accepted:
            raise refused_callers.unknown_token()
        if not hmac.compare_digest(self._signature(f"{match[1]}.{match[2]}").encode(), match[3].encode()):
            raise refused_callers.token_invalid()
        if payload["exp"] <= time.time():
            raise refused_callers.token_expired()
        return payload

    def _signature(self, text: str) -> str:
        return _base64(hmac.new(self.secret, text.encode(), hashlib.sha512).digest())


def _seconds(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _segment(content: object) -> str:
    return _base64(json.dumps(content, separators=(",", ":")).encode())


def _decoded(segment: str) -> str:
    """The decoded text. Like Node, it drops characters that don't make a whole byte."""
    whole = segment[: len(segment) - 1] if len(segment) % 4 == 1 else segment
    try:
        return base64.urlsafe_b64decode(whole + "=" * (-len(whole) % 4)).decode(errors="replace")
    except binascii.Error:
        return ""


def _object(segment: str) -> dict[str, Any] | None:
    try:
        content = read_json(_decoded(segment))
    except JsonError:
        return None
    return content if isinstance(content, dict) else None


def _payload(segment: str, is_jwt: bool) -> dict[str, Any]:
    """The payload. If it isn't JSON, the server fails, but only if the header declares a JWT."""
    text = _decoded(segment)
    try:
        content = read_json(text)
    except JsonError as error:
        if is_jwt:
            raise refused_callers.UnreadableTokenError(str(error)) from None
        return {}
    return content if isinstance(content, dict) else {}
