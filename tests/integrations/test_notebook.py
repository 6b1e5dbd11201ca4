"""A Runner in a kernel of Jupyter, whose own event loop is running while a cell is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from aiotwenty.sandbox.threaded import running_sandbox
from tests.integrations.programs import FOLDER, PYTHON, environment

pytestmark = pytest.mark.integrations


def test_cells_use_it_and_interrupting_the_kernel_cancels_what_runs(tmp_path: Path) -> None:
    with running_sandbox() as sandbox:
        ran = subprocess.run(
            [str(PYTHON), str(FOLDER / "notebook.py")],
            cwd=tmp_path,
            env=environment(sandbox, JUPYTER_PLATFORM_DIRS="1", IPYTHONDIR=str(tmp_path)),
            capture_output=True,
            text=True,
            timeout=240,
        )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout.splitlines()[-1])
    assert said["results"] == ["'Air'", "['Air']", "1", "1", "'NotFoundError'"]
    assert said["interrupted"] == {"error": "KeyboardInterrupt", "printed": "begun\ncancelled\n1\n", "after": "ok"}
