"""The parts of a workspace other than records: data model, API keys, roles and webhooks. Stored in the database."""

from __future__ import annotations

import json
import secrets
import sqlite3
import uuid
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aiotwenty.sandbox.dialect import LATEST, Dialect
from aiotwenty.sandbox.model import refused_callers
from aiotwenty.sandbox.model.catalogue import standard_model
from aiotwenty.sandbox.model.data_model import DataModel, stable_id
from aiotwenty.sandbox.model.model_text import read_objects, write_model
from aiotwenty.sandbox.model.tokens import Signer, TokenType

VISIBILITIES = ("METADATA", "SUBJECT", "SHARE_EVERYTHING")
"""Parts of messages and events that a channel may show to everybody, from least to most."""

OLD_WORKSPACE_ID = stable_id("workspace")
"""The workspace id of databases that don't store it."""
USER_ID = stable_id("user")
MEMBER_ID = stable_id("workspace member")
MEMBER_NAME = ("Sandy", "Box")
MEMBER_EMAIL = "sandy@sandbox.example"
API_KEY_YEARS = 100
SESSION_MINUTES = 30


def now() -> str:
    """The current time as Twenty writes it: UTC, milliseconds, `Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def later(**spans: float) -> str:
    """A future time, written in the same way; the arguments are those of `timedelta`."""
    moment = datetime.now(UTC) + timedelta(**spans)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id() -> str:
    return str(uuid.uuid4())


@dataclass(slots=True)
class RegisteredKey:
    id: str
    name: str
    role_id: str
    expires_at: str
    token: str = field(repr=False)
    revoked_at: str | None = None
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass(slots=True)
class RegisteredWebhook:
    id: str
    target_url: str
    operations: list[str]
    secret: str = field(repr=False)
    description: str | None = None
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)


@dataclass(slots=True)
class RegisteredRole:
    id: str
    label: str
    description: str | None
    icon: str | None
    everything: bool
    """Whether the role has all rights; otherwise it has those to work with records."""
    editable: bool
    rights: dict[str, bool] = field(default_factory=dict)
    """The rights that were set (`canUpdateAllSettings`). They are stored and returned, but have no effect on keys."""
    flags: list[str] = field(default_factory=list)
    """The settings that the role may change."""
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The permissions for objects, by id."""
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)


ADMIN_ID = stable_id("role", "admin")
DEFAULT_ROLE_ID = stable_id("role", "member")
"""The id of the default role."""


def _roles() -> list[RegisteredRole]:
    """The roles of a fresh workspace."""
    member = RegisteredRole(DEFAULT_ROLE_ID, "Member", "Member role", "IconUser", everything=False, editable=True)
    return [RegisteredRole(ADMIN_ID, "Admin", "Admin role", "IconUserCog", everything=True, editable=False), member]


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request: an API key, or a person in a session."""

    name: str
    user_id: str | None = None
    """For a person, like `member_id`."""
    member_id: str | None = None

    @property
    def is_person(self) -> bool:
        return self.user_id is not None


class SandboxWorkspace:
    """A workspace, read from the database, or a fresh one with one Admin key.

    A fresh one has the standard objects, or those of another model.
    """

    def __init__(
        self, connection: sqlite3.Connection, dialect: Dialect = LATEST, model: DataModel | None = None
    ) -> None:
        self._connection = connection
        self._dialect = dialect
        connection.execute('CREATE TABLE IF NOT EXISTS "_workspace" (name TEXT PRIMARY KEY, value TEXT NOT NULL)')
        stored = dict(connection.execute('SELECT name, value FROM "_workspace"').fetchall())
        self.id = json.loads(stored["id"]) if "id" in stored else OLD_WORKSPACE_ID if stored else new_id()
        self.display_name = "Sandbox"
        self.roles = _roles()
        self.api_keys: dict[str, RegisteredKey] = {}
        self.webhooks: dict[str, RegisteredWebhook] = {}
        self.channels: dict[str, str] = {}
        """Channels of messages and calendar events, and what each shows to everybody (see `VISIBILITIES`)."""
        self.entities: dict[str, dict[str, dict[str, Any] | None]] = {}
        """Views and page layouts that were made or changed, by kind and id."""
        if stored:
            self.model = DataModel(read_objects(stored["model"]))
            self.created_at = json.loads(stored["created_at"])
            self._sign_with(json.loads(stored.get("secret", '""')))
            self.api_keys = {entry["id"]: RegisteredKey(**entry) for entry in json.loads(stored["api_keys"])}
            self.webhooks = {entry["id"]: RegisteredWebhook(**entry) for entry in json.loads(stored["webhooks"])}
            if "roles" in stored:
                self.roles = [RegisteredRole(**entry) for entry in json.loads(stored["roles"])]
            self.channels.update(json.loads(stored.get("channels", "{}")))
            self.entities = json.loads(stored.get("entities", "{}"))
            if "secret" not in stored:
                for key in self.api_keys.values():
                    key.token = self.token_of(key)
                self.save()
        else:
            self.model = model or standard_model(dialect)
            self.created_at = now()
            self._sign_with("")
            self.new_api_key("My api key")
            self.save()

    @property
    def api_key(self) -> str:
        """The token of the first key, which has the Admin role."""
        return next(iter(self.api_keys.values())).token

    def _sign_with(self, secret: str) -> None:
        self._secret = secret or secrets.token_hex(32)
        self._signer = Signer(bytes.fromhex(self._secret), stable_id("signing key"), self._dialect)

    def new_api_key(self, name: str, expires_at: str | None = None, role_id: str = ADMIN_ID) -> RegisteredKey:
        if expires_at is None:
            expires_at = later(days=365 * API_KEY_YEARS)
        key = RegisteredKey(new_id(), name, role_id, expires_at, "")
        key.token = self.token_of(key)
        self.api_keys[key.id] = key
        return key

    def token_of(self, key: RegisteredKey, expires_at: str | None = None) -> str:
        """A token of a key, which may expire before the key."""
        claims = {"sub": self.id, "workspaceId": self.id, "jti": key.id}
        return self._signer.token("API_KEY", claims, key.created_at, expires_at or key.expires_at)

    def session_token(self, of_type: TokenType = "ACCESS", expires_at: str | None = None) -> str:
        """A token of the only person of a fresh workspace, like that of a person who signs in."""
        claims = {"sub": USER_ID, "userId": USER_ID, "workspaceId": self.id, "workspaceMemberId": MEMBER_ID}
        moment = now()
        return self._signer.token(of_type, claims, moment, expires_at or later(minutes=SESSION_MINUTES))

    def caller(self, token: str) -> Caller:
        """The owner of a token. Raises `RecordError` for an invalid token."""
        claims = self._signer.claims(token)
        if claims["type"] == "ACCESS":
            return Caller(" ".join(MEMBER_NAME), USER_ID, MEMBER_ID)
        key = self.api_keys.get(str(claims.get("jti")))
        if key is None or key.revoked_at is not None:
            raise refused_callers.key_revoked()
        if datetime.fromisoformat(key.expires_at) <= datetime.now(UTC):
            raise refused_callers.key_expired()
        return Caller(key.name)

    def check_token(self, token: str, of_type: TokenType) -> None:
        """Raises `RecordError` if it isn't a valid token of this type."""
        self._signer.claims(token, (of_type,))

    def new_channel(self, visibility: str = "SHARE_EVERYTHING") -> str:
        """The id of a new channel, which shows everything, the `SUBJECT`, or `METADATA` only.

        Can be called from any thread. A database in a file gets it when the sandbox closes.
        """
        if visibility not in VISIBILITIES:
            raise ValueError(f"visibility {visibility!r}: there are {', '.join(VISIBILITIES)}.")
        channel_id = new_id()
        self.channels[channel_id] = visibility
        return channel_id

    def role(self, role_id: str) -> RegisteredRole:
        return next(role for role in self.roles if role.id == role_id)

    def model_text(self) -> str:
        """The present data model as text."""
        return write_model(self.model)

    def save(self) -> None:
        """Writes everything but records to the database."""
        values: dict[str, Any] = {
            "id": json.dumps(self.id),
            "model": self.model_text(),
            "secret": json.dumps(self._secret),
            "created_at": json.dumps(self.created_at),
            "api_keys": json.dumps([asdict(key) for key in self.api_keys.values()]),
            "roles": json.dumps([asdict(role) for role in self.roles]),
            "channels": json.dumps(self.channels),
            "entities": json.dumps(self.entities),
            "webhooks": json.dumps([asdict(hook) for hook in self.webhooks.values()]),
        }
        self._connection.executemany(
            'INSERT INTO "_workspace" (name, value) VALUES (?, ?) '
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            values.items(),
        )
        if self._connection.in_transaction:
            self._connection.commit()
