"""What differs between server versions is said in one place, and each fact there is one that something asks for."""

from __future__ import annotations

import ast
import dataclasses
import re
from pathlib import Path

import pytest

from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.dialect import LATEST, OLDEST, Dialect

FACTS = [field.name for field in dataclasses.fields(Dialect)]


@pytest.fixture(scope="module")
def sources(root: Path) -> dict[str, str]:
    folder = root / "src/aiotwenty/sandbox"
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*.py")}


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_differs_between_the_versions(fact: str) -> None:
    assert getattr(LATEST, fact) != getattr(OLDEST, fact)


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_is_asked_for(fact: str, sources: dict[str, str]) -> None:
    asked = re.compile(rf"\b_?dialect\.{fact}\b")

    assert any(asked.search(text) for name, text in sources.items() if name != "dialect.py")


def test_only_the_constructor_knows_the_old_name(sources: dict[str, str]) -> None:
    named = {
        name
        for name, text in sources.items()
        for node in ast.walk(ast.parse(text))
        if (isinstance(node, ast.Name) and node.id == "strict") or (isinstance(node, ast.arg) and node.arg == "strict")
    }

    assert named == {"sandbox.py"}


def test_nothing_tells_versions_apart_by_their_numbers(sources: dict[str, str]) -> None:
    compared = re.compile(r"version\s*(==|!=|in)\s|\b(LATEST|OLDEST)\s*(==|!=)|\bis (not )?(LATEST|OLDEST)\b")

    assert [name for name, text in sources.items() if compared.search(text) and name != "sandbox.py"] == []


@pytest.mark.parametrize(
    ("options", "dialect"), [({}, LATEST), ({"version": "1.10"}, OLDEST), ({"strict": True}, OLDEST)]
)
def test_a_sandbox_has_the_dialect_of_its_version(options: dict[str, object], dialect: Dialect) -> None:
    sandbox = Sandbox(**options)  # type: ignore[arg-type]

    assert sandbox.dialect is dialect
    assert sandbox.version == dialect.version


def test_a_version_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match=r"version '3\.0': the sandbox answers like 2\.19 or 1\.10"):
        Sandbox(version="3.0")


def test_sandboxes_in_threads_share_no_schema_of_records(sources: dict[str, str]) -> None:
    """A module-level name that holds something which changes would be shared by all of them."""
    mutable = re.compile(r"^\w+(: [^=]+)? = (\{\}|\[\]|set\(\)|dict\(\)|list\(\)|\w*(Dict|dict)\(\))", re.MULTILINE)

    assert [name for name, text in sources.items() if mutable.search(text)] == []
