"""How long the long runs are, and where their chance begins."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.faults.killing import parent_of_commands


def _number(config: pytest.Config, option: str) -> int:
    number = config.getoption(option)
    assert isinstance(number, int)
    return number


@pytest.fixture
def seed(pytestconfig: pytest.Config) -> int:
    return _number(pytestconfig, "--seed")


@pytest.fixture
def faults(pytestconfig: pytest.Config) -> int:
    return _number(pytestconfig, "--faults")


@pytest.fixture
def cancellations(pytestconfig: pytest.Config) -> int:
    return _number(pytestconfig, "--cancellations")


@pytest.fixture(scope="session")
def parent() -> Iterator[subprocess.Popen[str]]:
    """The process that killed commands are forked off."""
    with parent_of_commands() as process:
        yield process
