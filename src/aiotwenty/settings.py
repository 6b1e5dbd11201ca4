"""Where the workspace is and how to get in: arguments first, then the environment, then `.env`."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from aiotwenty.errors import ConfigurationError

CLOUD = "https://api.twenty.com"
"""The address of the cloud's API, used when no other is given."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The base URL, without endpoint or trailing slash, and the API key, which `repr` does not show."""

    base_url: str
    api_key: str = field(repr=False)


def load_settings(base_url: str | None = None, api_key: str | None = None) -> Settings:
    """Fills in what is not given from TWENTY_API_URL and TWENTY_API_KEY, in the environment or in `.env`.

    Raises `ConfigurationError` when there is no key, or when the URL is none.
    """
    if base_url is None or api_key is None:
        found = _from_environment()
        base_url = base_url or found[0] or CLOUD
        api_key = api_key if api_key is not None else found[1]
    return Settings(check_url(base_url), check_key(api_key))


def check_key(api_key: str | None) -> str:
    """The bare key. Raises `ConfigurationError`, which does not repeat it."""
    key = re.sub(r"(?i)^bearer\s+", "", (api_key or "").strip())
    if not key:
        raise ConfigurationError(
            "no API key: give api_key=..., or set TWENTY_API_KEY in the environment or in .env. "
            "Keys are made in Twenty under Settings, APIs & Webhooks."
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError("the API key has characters that no key has: copy it again, as one line.")
    return key


def check_url(base_url: str) -> str:
    """The address of a workspace from whatever part of it was copied: without /graphql, /metadata, /rest or slash."""
    text = base_url.strip()
    hint = "write it like https://crm.example.com"
    # Not the rest: it may be a password, a token, or the API key in the wrong place.
    shown = repr(text) if re.fullmatch(r"(?!eyJ)[^?#@]{1,80}", text) else "what was given"
    try:
        parts = urlsplit(text)
        port_is_fine = parts.port is None or parts.port > 0
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise ConfigurationError(f"{shown} is not a base URL ({error}): {hint}.") from None
    if parts.username or parts.password:
        raise ConfigurationError(f"the base URL must not hold a user name or password: {hint}.")
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_fine or re.search(r"\s", text):
        raise ConfigurationError(f"{shown} is not a base URL: {hint}.")
    if parts.query or parts.fragment:
        raise ConfigurationError(f"the base URL must end with its path, without ? or #: {hint}.")
    path = re.sub(r"/(graphql|metadata|rest)/*$", "", parts.path.rstrip("/")).rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _from_environment() -> tuple[str | None, str | None]:
    if not Path(".env").is_file():
        # The import below costs a tenth of what importing the client does.
        return os.environ.get("TWENTY_API_URL"), os.environ.get("TWENTY_API_KEY")

    from pydantic import SecretStr
    from pydantic_settings import BaseSettings, SettingsConfigDict

    class Environment(BaseSettings):
        model_config = SettingsConfigDict(
            env_prefix="TWENTY_",
            env_file=".env",
            # With the mark that some editors put in front.
            env_file_encoding="utf-8-sig",
            extra="ignore",
            env_ignore_empty=True,
        )

        api_url: str | None = None
        api_key: SecretStr | None = None

    try:
        found = Environment()
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
    else:
        return found.api_url, found.api_key.get_secret_value() if found.api_key else None
    # Raised out here because a UnicodeDecodeError holds the whole file, key and all.
    raise ConfigurationError(f".env can't be read: {problem}.")
