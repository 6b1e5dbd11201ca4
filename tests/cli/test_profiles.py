"""Workspaces that are kept: `login`, `logout`, `--profile`, and the options of the connection."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backends.fail
import keyring.errors
import pytest
from keyring.backend import KeyringBackend

from aiotwenty.sandbox import Sandbox
from tests.cli.conftest import Command


class _Memory(KeyringBackend):
    """A keyring of the system, as far as the library shows one."""

    priority = 1  # pyright: ignore[reportAssignmentType]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError


@pytest.fixture
def kept() -> Iterator[dict[tuple[str, str], str]]:
    before, memory = keyring.get_keyring(), _Memory()
    keyring.set_keyring(memory)
    yield memory.kept
    keyring.set_keyring(before)


@pytest.fixture
def no_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


def files(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


@pytest.mark.usefixtures("kept")
def test_a_workspace_is_kept_and_forgotten(
    bare: Command, workspace: Sandbox, tmp_path: Path, kept: dict[tuple[str, str], str]
) -> None:
    login = bare("login", "--profile", "work", "--url", workspace.url, given=f"{workspace.api_key}\n")
    assert login.code == 0, login.err
    assert kept == {("aiotwenty", "work"): workspace.api_key}
    assert workspace.api_key not in files(tmp_path) + login.out + login.err
    assert bare("login", "--list").rows == [{"profile": "work", "url": workspace.url, "default": "true"}]
    assert bare("objects").code == 0
    assert bare("objects", "--profile", "work").code == bare("--profile", "work", "objects").code == 0
    unknown = bare("objects", "--profile", "wrok")
    assert (unknown.code, "did you mean 'work'" in unknown.err) == (2, True)
    nonsense = bare("login", "--url", "crm example", given="key")
    assert (nonsense.code, "https://crm.example.com" in nonsense.err) == (2, True)
    assert bare("logout").code == 0
    assert kept == {}
    assert bare("objects").code == 3


def test_an_address_and_a_key_of_different_places_are_not_put_together(
    bare: Command, workspace: Sandbox, monkeypatch: pytest.MonkeyPatch, kept: dict[tuple[str, str], str]
) -> None:
    bare("login", "--url", workspace.url, given=workspace.api_key)
    monkeypatch.setenv("TWENTY_API_URL", "http://127.0.0.1:9")
    refused = bare("objects")
    assert (refused.code, "no API key" in refused.err) == (3, True)
    assert bare("objects", "--profile", "default").code == 0


def test_a_key_that_is_refused_is_not_kept(
    bare: Command, workspace: Sandbox, tmp_path: Path, kept: dict[tuple[str, str], str]
) -> None:
    refused = bare("login", "--url", workspace.url, given="not.a.key\n")
    assert refused.code == 3
    assert "not.a.key" not in refused.err
    assert kept == {}
    assert files(tmp_path) == ""


@pytest.mark.usefixtures("no_keyring")
def test_without_a_keyring_the_user_decides(bare: Command, workspace: Sandbox, tmp_path: Path) -> None:
    refused = bare("login", "--url", workspace.url, given="")
    assert (refused.code, "--store file" in refused.err) == (1, True), "before a key is asked for"
    assert workspace.api_key not in files(tmp_path)
    assert bare("login", "--url", workspace.url, "--store", "file", given=workspace.api_key).code == 0
    [secret] = [path for path in tmp_path.rglob("*") if path.is_file() and workspace.api_key in path.read_text()]
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert bare("objects").code == 0
    assert bare("logout").code == 0
    assert workspace.api_key not in files(tmp_path)


def test_comments_in_the_configuration_stay(
    bare: Command, workspace: Sandbox, kept: dict[tuple[str, str], str]
) -> None:
    from aiotwenty.cli.profiles import folder

    folder().mkdir(parents=True)
    config = folder() / "config.toml"
    config.write_text('# mine\n[profiles.old]\nurl = "http://127.0.0.1:9"\ntimeout = 5\n')
    bare("login", "--url", workspace.url, given=workspace.api_key)
    assert config.read_text().startswith("# mine\n")
    assert "timeout = 5" in config.read_text()
    config.write_text("profiles = 3")
    assert "profiles must be tables" in bare("objects").err


def test_the_options_of_the_connection_stand_before_or_behind(aiotwenty: Command) -> None:
    said = aiotwenty("objects", "company", "--verbose", "--rate-limit", "100/60", "--timeout", "5")
    assert said.code == 0
    assert "> Objects (query) to http://127.0.0.1" in said.err
    assert "HTTP 200" in said.err
    assert aiotwenty("-v", "objects", "company").err.count("> Objects") == 1
    assert aiotwenty("--rate-limit", "often", "objects").code == 2
    assert "time" in aiotwenty("--timeout", "0.0001", "objects").err.lower()


def test_doctor_says_of_each_thing_how_it_is_and_what_to_do(
    aiotwenty: Command, workspace: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = {row["check"]: row for row in aiotwenty("doctor").rows}
    assert {row["state"] for row in fine.values()} <= {"ok", "skipped"}
    assert fine["address"]["result"].startswith(workspace.url)
    assert "role Admin" in fine["key"]["result"]
    assert "gql" in fine["versions"]["result"]
    assert fine.keys() == {"versions", "address", "key", "server", "clock", "limits", "drift"}
    monkeypatch.setenv("TWENTY_API_KEY", "wrong")
    wrong = aiotwenty("doctor", "--output", "jsonl")
    assert wrong.code == 3
    assert wrong.out.count("Settings, APIs & Webhooks") == wrong.out.count("aiotwenty login") == 1
    monkeypatch.setenv("TWENTY_API_URL", "http://127.0.0.1:9")
    assert aiotwenty("doctor").code == 1
    monkeypatch.delenv("TWENTY_API_URL")
    Path(".env").write_text("TWENTY_API_URL=http://127.0.0.1:9\n")
    [address] = [row["result"] for row in aiotwenty("doctor").rows if row["check"] == "address"]
    assert address.startswith("http://127.0.0.1:9 (from .env)")
    monkeypatch.delenv("TWENTY_API_KEY")
    missing = aiotwenty("doctor")
    assert (missing.code, "aiotwenty login" in missing.out) == (3, True)
