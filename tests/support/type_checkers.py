"""mypy and pyright, as users run them who have no settings."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

from tests.support.recorded import ROOT
from tests.support.uncounted import uncounted

# A user's settings are not the project's, and what mypy remembers is good for the same settings only.
_REMEMBERED = ROOT / ".mypy_cache" / "of a user"


def mypy(folder: Path, *arguments: str, config: str = "") -> subprocess.CompletedProcess[str]:
    """In strict mode. Whoever comes second waits, and need not read again what the first has read."""
    remembered = _REMEMBERED / (config or "without settings")
    remembered.mkdir(parents=True, exist_ok=True)
    with (remembered / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _run(folder, "mypy", "--strict", "--config-file", config, "--cache-dir", str(remembered), *arguments)


def pyright(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In its standard mode."""
    (folder / "pyrightconfig.json").write_text("{}")
    return _run(folder, "pyright", "--pythonpath", sys.executable, *arguments)


def _run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False, env=uncounted()
    )
