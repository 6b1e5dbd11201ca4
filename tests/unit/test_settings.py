"""Where the workspace is, and how to get in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic_core import Url

from aiotwenty import ConfigurationError, Twenty
from aiotwenty.settings import CLOUD, load_settings


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TWENTY_API_URL", raising=False)
    monkeypatch.delenv("TWENTY_API_KEY", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    "given",
    [
        "https://crm.example.com",
        "https://crm.example.com/",
        "https://crm.example.com/graphql",
        "https://crm.example.com/graphql/",
        "https://crm.example.com/metadata",
        "https://crm.example.com/rest/",
        "https://crm.example.com/rest/metadata/",
        "https://crm.example.com//graphql/",
        " https://crm.example.com ",
    ],
)
def test_the_base_url_is_found_in_any_part_of_it(given: str) -> None:
    assert load_settings(given, "key").base_url == "https://crm.example.com"


def test_a_path_of_a_proxy_is_kept() -> None:
    assert load_settings("https://example.com/crm/graphql", "key").base_url == "https://example.com/crm"


@pytest.mark.parametrize(
    "given",
    [
        "crm.example.com",
        "localhost:3000",
        "ftp://x.example",
        "https://",
        "https://a b",
        "http://x:99999",
        "https://x/?a=1",
        "https://a..b",
        f"https://{'x' * 70}.example",
    ],
)
def test_what_is_no_url_is_refused_with_an_example(given: str) -> None:
    with pytest.raises(ConfigurationError, match="write it like https://"):
        load_settings(given, "key")


@pytest.mark.parametrize(
    "given",
    [
        "https://me:hunter2@crm.example.com",
        "https://me:hunter2@crm.example.com:99999",
        "https://crm.example.com/?token=hunter2",
        "eyJhbGciOiJFUzI1NiJ9.hunter2.c2lnbmF0dXJl",
        "x" * 100 + "hunter2",
    ],
)
def test_a_secret_in_the_place_of_the_url_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(ConfigurationError, match="base URL") as caught:
        load_settings(given, "key")
    assert "hunter2" not in str(caught.value)


def test_a_dot_env_that_cannot_be_read_is_named_and_not_repeated(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("# Schlüssel\nTWENTY_API_KEY=hunter2\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match=r"\.env can't be read: it is not UTF-8") as caught:
        load_settings()
    assert caught.value.__context__ is None


def test_a_dot_env_of_an_editor_that_marks_its_files_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TWENTY_API_KEY=marked\n", encoding="utf-8-sig")
    assert load_settings().api_key == "marked"


@pytest.mark.parametrize("key", [None, "", "  "])
def test_no_key_is_an_error_before_anything_is_sent(key: str | None) -> None:
    with pytest.raises(ConfigurationError, match="TWENTY_API_KEY"):
        Twenty("https://crm.example.com", api_key=key)


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel", "two words"])
def test_a_key_that_cannot_be_one_is_refused_and_not_repeated(key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings("https://crm.example.com", key)
    assert key not in str(caught.value)


def test_a_key_may_be_copied_with_bearer_and_spaces() -> None:
    assert load_settings("https://crm.example.com", " Bearer abc \n").api_key == "abc"


def test_the_environment_fills_in_what_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWENTY_API_KEY", "from-environment")
    assert load_settings().base_url == CLOUD
    monkeypatch.setenv("TWENTY_API_URL", "https://env.example")
    settings = load_settings()
    assert (settings.base_url, settings.api_key) == ("https://env.example", "from-environment")
    assert load_settings("https://given.example", "given").api_key == "given"


def test_dot_env_is_read_after_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TWENTY_API_URL=https://file.example\nTWENTY_API_KEY='from-file'\nOTHER=1\n")
    settings = load_settings()
    assert (settings.base_url, settings.api_key) == ("https://file.example", "from-file")
    monkeypatch.setenv("TWENTY_API_KEY", "from-environment")
    assert load_settings().api_key == "from-environment"


@pytest.mark.parametrize("given", [Url("https://crm.example.com"), 42, Path("crm")], ids=["Url", "int", "PosixPath"])
def test_an_address_that_is_no_text_is_refused_by_its_type(given: Any, request: pytest.FixtureRequest) -> None:
    with pytest.raises(ConfigurationError, match="base_url is a str") as caught:
        Twenty(given, api_key="key")
    assert str(caught.value).endswith(f"not {request.node.callspec.id}.")
