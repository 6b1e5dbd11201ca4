"""Stored workspaces: their addresses in a file of the user's, their keys in the keyring of the system.

If the user chooses so because there is no keyring, keys are in a private file of their own.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

from aiotwenty.disk import write_private
from aiotwenty.errors import ConfigurationError, InvalidArgument
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.settings import hide

SERVICE = "aiotwenty"
_TYPES: Mapping[str, tuple[type, ...]] = {"url": (str,), "timeout": (int, float), "rate_limit": (str,)}


class Store(StrEnum):
    """The place of a key."""

    KEYRING = "keyring"
    FILE = "file"


def folder() -> Path:
    """The folder for this user's configuration."""
    path: Path = _library("platformdirs").user_config_path(SERVICE)
    return path


def state_folder() -> Path:
    """The folder for the state of this user's background processes."""
    path: Path = _library("platformdirs").user_state_path(SERVICE)
    return path


@dataclass
class Profiles:
    """`config.toml`: `default`, and a table for each workspace."""

    path: Path
    default: str | None = None
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls) -> Profiles:
        """The contents of the file; empty without a file. Raises `ConfigurationError` if it is invalid."""
        path = folder() / "config.toml"
        try:
            data = tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return cls(path)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigurationError(f"{path} can't be read: {error}.") from None
        tables = data.get("profiles", {})
        if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
            raise ConfigurationError(f"{path}: profiles must be tables, such as [profiles.work] with a url.")
        default = data.get("default")
        return cls(path, default if isinstance(default, str) else None, tables)

    def named(self, name: str) -> Mapping[str, Any]:
        """The settings of a profile: `url`, and perhaps `timeout` and `rate_limit`. Raises `ConfigurationError`."""
        if name not in self.tables:
            hint = did_you_mean(name, self.tables) or f": create it with aiotwenty login --profile {name}"
            raise InvalidArgument(f"there is no profile {name!r}{hint}.")
        table = self.tables[name]
        for key, value in table.items():
            if key not in _TYPES:
                raise ConfigurationError(f"{self.path}: [profiles.{name}] {key} is unknown{did_you_mean(key, _TYPES)}.")
            if not isinstance(value, _TYPES[key]) or isinstance(value, bool):
                raise ConfigurationError(f"{self.path}: [profiles.{name}] {key} can't be {value!r}.")
        if "url" not in table:
            raise ConfigurationError(f"{self.path}: [profiles.{name}] has no url.")
        return table

    def keep(self, name: str, url: str) -> None:
        """Adds a profile, or changes its address, and makes it the default."""
        document = self._document()
        profiles = document.setdefault("profiles", {})
        profiles.setdefault(name, {})["url"] = url
        document["default"] = name
        self._write(document)

    def drop(self, name: str) -> None:
        """Removes a profile; another one, if any, becomes the default."""
        document = self._document()
        document.get("profiles", {}).pop(name, None)
        if document.get("default") == name:
            del document["default"]
            if others := list(document.get("profiles", {})):
                document["default"] = others[0]
        self._write(document)

    def _document(self) -> Any:
        # tomlkit keeps comments, order, and settings of the user.
        library = _library("tomlkit")
        return library.parse(self.path.read_text("utf-8")) if self.path.exists() else library.document()

    def _write(self, document: Any) -> None:
        _write_private(self.path, _library("tomlkit").dumps(document))


def stored_key(name: str) -> str | None:
    """The key of a profile. Raises `ConfigurationError` if the keyring is locked or broken."""
    if key := _keys().get(name):
        return hide(key)  # type: ignore[no-any-return]
    keyring = _library("keyring")
    try:
        return hide(keyring.get_password(SERVICE, name))  # type: ignore[no-any-return]
    except keyring.errors.NoKeyringError:
        return None
    except keyring.errors.KeyringError as error:
        raise ConfigurationError(f"can't read the key of {name!r} from the keyring: {error}.") from None


_NO_KEYRING = (
    "there is no keyring on this machine. Set TWENTY_API_KEY in the environment instead, or store the key in a "
    "file that only you can read: aiotwenty login --store file."
)


def check_store(store: Store) -> None:
    """Raises `ConfigurationError` if there is no keyring, before the user types a key."""
    if store is Store.KEYRING and type(_library("keyring").get_keyring()).__module__ == "keyring.backends.fail":
        raise ConfigurationError(_NO_KEYRING)


def store_key(name: str, key: str, store: Store) -> None:
    """Stores the key of a profile. Raises `ConfigurationError` if there is no keyring for it."""
    if store is Store.FILE:
        _write_keys({**_keys(), name: key})
        return
    keyring = _library("keyring")
    try:
        keyring.set_password(SERVICE, name, key)
    except keyring.errors.NoKeyringError:
        raise ConfigurationError(_NO_KEYRING) from None
    except keyring.errors.KeyringError as error:
        raise ConfigurationError(f"can't store the key in the keyring: {error}.") from None
    _write_keys({other: known for other, known in _keys().items() if other != name})


def drop_key(name: str) -> bool:
    """Removes the key of a profile from all places. Returns whether there was one."""
    known = _keys()
    if name in known:
        _write_keys({other: key for other, key in known.items() if other != name})
        return True
    keyring = _library("keyring")
    try:
        keyring.delete_password(SERVICE, name)
    except (keyring.errors.NoKeyringError, keyring.errors.PasswordDeleteError):
        return False
    except keyring.errors.KeyringError as error:
        raise ConfigurationError(f"can't remove the key from the keyring: {error}.") from None
    return True


def _keys() -> dict[str, str]:
    try:
        return dict(tomllib.loads((folder() / "keys.toml").read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        # Without the file's text, which has keys.
        problem = f"{folder() / 'keys.toml'} can't be read"
    raise ConfigurationError(f"{problem}: log in again, or mend it.")


def _write_keys(keys: Mapping[str, str]) -> None:
    path = folder() / "keys.toml"
    if keys:
        _write_private(path, _library("tomlkit").dumps({name: str(key) for name, key in keys.items()}))
    else:
        path.unlink(missing_ok=True)


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(path, text)


def _library(name: str) -> Any:
    """A library of the extra `tools`, imported when it is used, because most commands need none of them."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        raise ConfigurationError(f"this needs {name}: pip install 'aiotwenty[tools]'.") from None
