"""How long the long runs are, and where their chance begins."""

from __future__ import annotations

import pytest


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
