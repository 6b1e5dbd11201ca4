"""Ray Data on a cluster of two nodes, with a worker that is killed in the middle."""

from __future__ import annotations

import json
import subprocess

import pytest

from aiotwenty.sandbox.threaded import running_sandbox
from tests.integrations.programs import FOLDER, PYTHON, ROOT, environment

pytestmark = pytest.mark.integrations
ROWS = 1200


def test_a_cluster_loads_the_good_rows_once_and_reads_them_again_though_workers_are_killed() -> None:
    with running_sandbox(rate_limit="10/1s") as sandbox:
        env = environment(sandbox, RAY_DISABLE_IMPORT_WARNING="1", PYTHONPATH=str(ROOT))
        done = subprocess.run(
            [str(PYTHON), str(FOLDER / "ray_job.py"), str(ROWS)], env=env, capture_output=True, text=True, timeout=400
        )
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["nodes"] == 2
    bad = sorted(f"Company {number}" for number in range(0, ROWS, 50))
    assert told["rejected"] == bad
    assert told["good"] == told["stored"] == ROWS - len(bad)
    assert told["received"] == ROWS
    assert told["write killed"], "no worker was killed while rows were loaded"
    assert told["read killed"], "no worker was killed while records were read"
    assert told["same"]
    assert told["names"] == told["stored"]
    assert sandbox.api_key not in done.stderr
