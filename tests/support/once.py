"""What takes long is made once for a run of the tests, however many workers share it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def once(factory: pytest.TempPathFactory, name: str, fill: Callable[[Path], object]) -> Path:
    """A folder that the first worker fills, while the others wait for it."""
    base = factory.getbasetemp()
    # pytest-xdist gives each worker a folder of its own within that of the run.
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, filled = run / name, run / f"{name}.filled"
    with (run / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not filled.exists():
            folder.mkdir(exist_ok=True)
            fill(folder)
            filled.touch()
    return folder
