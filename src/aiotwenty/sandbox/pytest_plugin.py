"""Fixtures for tests against a sandbox. pytest finds them if aiotwenty is installed.

`twenty_sandbox` is a fresh `Sandbox` for one test, in a thread of its own, for synchronous and asynchronous tests:
`twenty_sandbox.url` and `twenty_sandbox.api_key`. A test can override `twenty_sandbox_options` to pass arguments.
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
    """A sandbox without records; it ends with the test."""
    from aiotwenty.sandbox.threaded import running_sandbox

    with running_sandbox(**twenty_sandbox_options) as sandbox:
        yield sandbox
