"""Fixtures for tests against a sandbox; pytest finds them as soon as aiotwenty is installed.

`twenty_sandbox` is a fresh `Sandbox` for one test, in a thread of its own, so that synchronous and asynchronous tests
can use it: `twenty_sandbox.url` and `twenty_sandbox.api_key`. `twenty_sandbox_options` may be overridden to give it
other arguments than none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from aiotwenty.sandbox.sandbox import Sandbox


@pytest.fixture
def twenty_sandbox_options() -> dict[str, Any]:
    """The arguments of `Sandbox` for `twenty_sandbox`."""
    return {}


@pytest.fixture
def twenty_sandbox(twenty_sandbox_options: dict[str, Any]) -> Iterator[Sandbox]:
    """A sandbox with no records, gone after the test."""
    from aiotwenty.sandbox.threaded import running_sandbox

    with running_sandbox(**twenty_sandbox_options) as sandbox:
        yield sandbox
