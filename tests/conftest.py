"""What every test may use: the recorded facts, and the switch to a live workspace."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.recorded import RECORDED, ROOT

settings.register_profile("default", max_examples=100, deadline=None, derandomize=True, database=None)
settings.register_profile("soak", settings.get_profile("default"), max_examples=5000)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--live",
        action="store_true",
        help="run the contract tests against the workspace of TWENTY_API_URL and TWENTY_API_KEY",
    )


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As shells start what runs in the background; the commands that tests interrupt would ignore it, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    live = config.getoption("--live")
    if live and not (os.environ.get("TWENTY_API_URL") and os.environ.get("TWENTY_API_KEY")):
        raise pytest.UsageError("--live needs TWENTY_API_URL and TWENTY_API_KEY in the environment")


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded facts about real servers."""
    return RECORDED
