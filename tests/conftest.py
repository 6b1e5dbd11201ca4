"""What every test may use: the recorded facts, and the switch to a live workspace."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.recorded import RECORDED, ROOT
from tests.support.terminal import Terminal

# How long making an example takes says how busy the machine is.
settings.register_profile(
    "default",
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("soak", settings.get_profile("default"), max_examples=5000)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--live",
        action="store_true",
        help="run the tests that can (marker live) against the workspace of TWENTY_API_URL and TWENTY_API_KEY",
    )
    parser.addoption("--soak-seconds", type=float, default=3600, help="how long a service is kept under fire")

    parser.addoption("--seed", type=int, default=1, help="of the tests in tests/faults that take one")
    parser.addoption("--faults", type=int, default=1_000_000, help="faults of the network in the long run")
    parser.addoption("--cancellations", type=int, default=100_000, help="cancelled calls in the long run")


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As shells start what runs in the background; the commands that tests interrupt would ignore it, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    live = config.getoption("--live")
    if live and not (os.environ.get("TWENTY_API_URL") and os.environ.get("TWENTY_API_KEY")):
        raise pytest.UsageError("--live needs TWENTY_API_URL and TWENTY_API_KEY in the environment")


# Counting lines doubles what a test costs. Not counted is what runs the same lines another time: through faults, kills
# and whole programs, and against older servers.
UNCOUNTED = ("tests/faults", "tests/examples", "[strict sandbox")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    coverage = sys.modules.get("coverage")
    counting = coverage.Coverage.current() if coverage and any(part in item.nodeid for part in UNCOUNTED) else None
    if counting is None:
        return (yield)
    environment = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("COVERAGE_")}
    counting.stop()
    try:
        return (yield)
    finally:
        counting.start()
        os.environ.update(environment)


def pytest_collection_finish() -> None:
    gc.set_threshold(20_000, 10, 10)
    _look_no_more_through_what_stays()


@pytest.fixture(scope="module", autouse=True)
def _packages_and_models_of_other_modules() -> None:
    if len(gc.get_objects(generation=2)) > 500_000:
        _look_no_more_through_what_stays()


def _look_no_more_through_what_stays() -> None:
    """The collector looks only for garbage that comes later: a fourth of the time of all tests went into the rest."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """The command line in an empty folder, where no .env and no codegen.toml is found."""
    for name in [name for name in os.environ if name.startswith("TWENTY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    return Terminal(monkeypatch, capsys)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of recorded facts about real servers."""
    return RECORDED
