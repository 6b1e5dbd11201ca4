"""What a workspace has besides records: its data model, API keys, roles and webhooks. Kept in the database."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import sqlite3
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiotwenty.sandbox.catalogue import standard_model
from aiotwenty.sandbox.model import DataModel, stable_id
from aiotwenty.sandbox.model_text import read_objects, write_model

WORKSPACE_ID = stable_id("workspace")
USER_ID = stable_id("user")
MEMBER_ID = stable_id("workspace member")
API_KEY_YEARS = 100


def now() -> str:
    """The current time as Twenty writes it: UTC, milliseconds, `Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass(slots=True)
class ApiKey:
    id: str
    name: str
    role_id: str
    expires_at: str
    token: str = field(repr=False)
    revoked_at: str | None = None
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass(slots=True)
class Webhook:
    id: str
    target_url: str
    operations: list[str]
    secret: str = field(repr=False)
    description: str | None = None
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass(slots=True)
class Role:
    id: str
    label: str
    description: str
    icon: str
    everything: bool
    """Whether it may do all there is; otherwise it may work with records."""
    editable: bool


ADMIN = Role(stable_id("role", "admin"), "Admin", "Admin role", "IconUserCog", everything=True, editable=False)
MEMBER = Role(stable_id("role", "member"), "Member", "Member role", "IconUser", everything=False, editable=True)


def _segment(content: object) -> str:
    text = json.dumps(content, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def new_token(key_id: str, expires_at: str) -> str:
    """An API key in the shape of Twenty's (an ES256 JWT); its signature is random, and compared as a whole."""
    expires = int(datetime.fromisoformat(expires_at).timestamp())
    header = {"alg": "ES256", "typ": "JWT", "kid": stable_id("signing key")}
    payload = {
        "sub": WORKSPACE_ID,
        "type": "API_KEY",
        "workspaceId": WORKSPACE_ID,
        "iat": int(datetime.now(UTC).timestamp()),
        "exp": expires,
        "jti": key_id,
    }
    signature = base64.urlsafe_b64encode(secrets.token_bytes(64)).rstrip(b"=").decode()
    return f"{_segment(header)}.{_segment(payload)}.{signature}"


class Workspace:
    """Reads itself from the database, or begins as a fresh workspace with the standard objects and one Admin key."""

    def __init__(self, connection: sqlite3.Connection, strict: bool = False) -> None:
        self._connection = connection
        connection.execute('CREATE TABLE IF NOT EXISTS "_workspace" (name TEXT PRIMARY KEY, value TEXT NOT NULL)')
        stored = dict(connection.execute('SELECT name, value FROM "_workspace"').fetchall())
        self.id = WORKSPACE_ID
        self.display_name = "Sandbox"
        self.roles = [ADMIN, MEMBER]
        self.api_keys: dict[str, ApiKey] = {}
        self.webhooks: dict[str, Webhook] = {}
        if stored:
            self.model = DataModel(read_objects(stored["model"]))
            self.created_at = json.loads(stored["created_at"])
            self.api_keys = {each["id"]: ApiKey(**each) for each in json.loads(stored["api_keys"])}
            self.webhooks = {each["id"]: Webhook(**each) for each in json.loads(stored["webhooks"])}
        else:
            self.model = standard_model(strict)
            self.created_at = now()
            self.new_api_key("Sandbox key")
            self.save()

    @property
    def api_key(self) -> str:
        """The token of the first key, which has the Admin role."""
        return next(iter(self.api_keys.values())).token

    def new_api_key(self, name: str, expires_at: str | None = None, role_id: str = ADMIN.id) -> ApiKey:
        if expires_at is None:
            later = datetime.now(UTC) + timedelta(days=365 * API_KEY_YEARS)
            expires_at = later.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        key_id = new_id()
        key = ApiKey(key_id, name, role_id, expires_at, new_token(key_id, expires_at))
        self.api_keys[key_id] = key
        return key

    def find_api_key(self, token: str) -> ApiKey | None:
        """The key with this token, revoked or not; each comparison takes the same time whatever the token."""
        given = token.encode()
        matching = [key for key in self.api_keys.values() if hmac.compare_digest(key.token.encode(), given)]
        return matching[0] if matching else None

    def role(self, role_id: str) -> Role:
        return next(role for role in self.roles if role.id == role_id)

    def save(self) -> None:
        """Writes everything but records to the database."""
        values: dict[str, Any] = {
            "model": write_model(self.model),
            "created_at": json.dumps(self.created_at),
            "api_keys": json.dumps([asdict(key) for key in self.api_keys.values()]),
            "webhooks": json.dumps([asdict(hook) for hook in self.webhooks.values()]),
        }
        self._connection.executemany(
            'INSERT INTO "_workspace" (name, value) VALUES (?, ?) '
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            values.items(),
        )
        if self._connection.in_transaction:
            self._connection.commit()
