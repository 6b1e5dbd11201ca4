"""The address of the workspace and its key: from arguments, from the environment, or from `.env`."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from inspect import isawaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias
from urllib.parse import urlsplit, urlunsplit

from aiotwenty.errors import ConfigurationError

if TYPE_CHECKING:
    import pydantic

KeyFunction: TypeAlias = "Callable[[], str | pydantic.SecretStr | Awaitable[str | pydantic.SecretStr]]"
ApiKey: TypeAlias = "str | pydantic.SecretStr | KeyFunction"
"""A key, or a function that returns one at each call."""

CLOUD = "https://api.twenty.com"
"""The address of the cloud's API, the default."""


class Hidden(str):
    """A text hidden from tools that report the variables of an error's frames; so are parts of it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __getitem__(self, key: SupportsIndex | slice) -> Hidden:
        # Such tools cut long texts before they print them.
        return Hidden(super().__getitem__(key))


def hide(value: Any) -> Any:
    """A text as a hidden one; other values, such as a `SecretStr` or a function, unchanged."""
    if isinstance(value, bytes | bytearray):
        from pydantic import SecretBytes

        return SecretBytes(bytes(value))
    return Hidden(value) if type(value) is str else value


def hide_values(headers: Any) -> Any:
    """A mapping with hidden values."""
    return {name: hide(value) for name, value in headers.items()} if isinstance(headers, Mapping) else headers


@dataclass(frozen=True, slots=True)
class Settings:
    """The base URL, without endpoint or trailing slash, and the API key, which `repr` does not show."""

    base_url: str
    api_key: str | KeyFunction = field(repr=False)


def load_settings(
    base_url: str | None = None, api_key: ApiKey | None = None, otherwise: ApiKey | None = None
) -> Settings:
    """The arguments, completed from TWENTY_API_URL and TWENTY_API_KEY, in the environment or in `.env`.

    `otherwise` is used if there is no key at all. A function for keys is not called yet.

    Raises `ConfigurationError` if there is no key, or if the URL is invalid.
    """
    base_url, api_key, otherwise = hide(base_url), hide(api_key), hide(otherwise)
    if base_url is None or api_key is None:
        there = environment()
        base_url = base_url or there[0] or CLOUD
        api_key = api_key if api_key is not None else there[1] or otherwise
    return Settings(check_url(base_url), api_key if callable(api_key) else check_key(api_key))


def plain(value: Any) -> Any:
    """The text of a `SecretStr`; other values unchanged."""
    # Not by the class: importing pydantic takes longer than everything here.
    reveal = getattr(value, "get_secret_value", None)
    return reveal() if callable(reveal) else value


def check_key(api_key: str | pydantic.SecretStr | None) -> str:
    """The bare key. Raises `ConfigurationError`; neither its message nor its frames contain the key."""
    api_key = hide(api_key)
    key = _bare_key(api_key)
    if isinstance(key, ConfigurationError):
        raise key
    return key


def _bare_key(api_key: object) -> str | ConfigurationError:
    text = plain(api_key)
    if text is not None and not isinstance(text, str):
        hint = "pass the function, not its result" if isawaitable(text) else "see where it comes from"
        return ConfigurationError(
            f"api_key is a str, a SecretStr or a function that gives one, not {type(text).__name__}: {hint}."
        )
    key = re.sub(r"(?i)^bearer\s+", "", (text or "").strip())
    if not key:
        return ConfigurationError(
            "no API key: pass api_key=..., or set TWENTY_API_KEY in the environment or in .env. "
            "Keys are made in Twenty under Settings, APIs & Webhooks."
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        return ConfigurationError("the API key has invalid characters: copy it again, as one line.")
    return Hidden(key)


def check_url(base_url: str) -> str:
    """The address of a workspace from any copied address in it: without /graphql, /metadata, /rest or final slash.

    Raises `ConfigurationError`.
    """
    base_url = hide(base_url)
    address = _address(base_url)
    if isinstance(address, ConfigurationError):
        raise address
    return address


def _address(base_url: object) -> str | ConfigurationError:
    """The address, or the error, not raised because its frames would show a key passed by mistake."""
    if not isinstance(base_url, str):
        return ConfigurationError(f"base_url is a str, such as https://crm.example.com, not {type(base_url).__name__}.")
    text = base_url.strip()
    hint = "write it like https://crm.example.com"
    # The rest may be a password, a token, or the API key passed by mistake.
    shown = repr(text) if re.fullmatch(r"(?!eyJ)[^?#@]{1,80}", text) else "what was given"
    try:
        parts = urlsplit(text)
        port_is_fine = parts.port is None or parts.port > 0
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        return ConfigurationError(f"{shown} is not a base URL ({error}): {hint}.")
    if parts.username or parts.password:
        return ConfigurationError(f"the base URL must not contain a user name or password: {hint}.")
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine or re.search(r"\s", text):
        return ConfigurationError(f"{shown} is not a base URL: {hint}.")
    if parts.query or parts.fragment:
        return ConfigurationError(f"the base URL must end with its path, without ? or #: {hint}.")
    path = re.sub(r"(/+(graphql|metadata|rest))*/*$", "", parts.path)
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def environment() -> tuple[str | None, str | None]:
    """TWENTY_API_URL and TWENTY_API_KEY from the environment, or else from `.env`. Raises `ConfigurationError`."""
    if not Path(".env").is_file():
        # The import below takes a tenth of the time of importing the client.
        return os.environ.get("TWENTY_API_URL") or None, hide(os.environ.get("TWENTY_API_KEY") or None)

    from pydantic import SecretStr
    from pydantic_settings import BaseSettings, SettingsConfigDict

    class Environment(BaseSettings):
        model_config = SettingsConfigDict(
            env_prefix="TWENTY_",
            env_file=".env",
            # Some editors begin the file with a byte order mark.
            env_file_encoding="utf-8-sig",
            extra="ignore",
            env_ignore_empty=True,
        )

        api_url: str | None = None
        api_key: SecretStr | None = None

    try:
        read = Environment()
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
    else:
        return read.api_url, hide(plain(read.api_key))
    # Raised here, because a UnicodeDecodeError holds the whole file with the key.
    raise ConfigurationError(f".env can't be read: {problem}.")
