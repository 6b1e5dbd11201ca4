"""Web applications under their real servers with two hundred clients at once, some of whom go away, and SIGTERM."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.web_server import APPS
from tests.support.web_storm import check_a_storm

pytestmark = [
    pytest.mark.integrations,
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open sockets are counted in /proc"),
]


@pytest.mark.parametrize("name", APPS)
async def test_two_hundred_clients_disconnects_and_sigterm_lose_nothing_and_leave_nothing_open(name: str) -> None:
    tally = await check_a_storm(name, clients=200, seconds=10)
    assert len(tally.acknowledged) > 200
