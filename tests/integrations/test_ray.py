"""Ray Data on a cluster of two nodes, with a worker that is killed in the middle."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from aiotwenty import Runner
from aiotwenty.sandbox.threaded import running_sandbox
from tests.integrations.programs import FOLDER, PYTHON, ROOT, environment

pytestmark = pytest.mark.integrations
ROWS = 1200
LOCAL = "import ray\nray.init(num_cpus=2, include_dashboard=False, object_store_memory=80 * 1024 * 1024)\n"


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


WRONG = """
for options in ({"fields": ["nam"]}, {"field": ["name"]}):
    try:
        read_twenty("companies", **options)
    except (ValueError, TypeError) as error:
        print(error)
"""


def test_the_page_about_it_runs(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "ray.md").read_text("utf-8")
    (tmp_path / "leads.csv").write_text(re.findall(r'^```csv title="leads.csv"\n(.*?)^```', page, re.M | re.S)[0])
    blocks = re.findall(r"^```python no-run\n(.*?)^```", page, re.M | re.S)
    assert len(blocks) == 2
    with running_sandbox() as sandbox, Runner(sandbox.url, api_key=sandbox.api_key) as run:
        run(run.twenty.companies.create_one({"name": "Old", "address": {"address_city": "Basel"}}))
        env = environment(sandbox, RAY_DISABLE_IMPORT_WARNING="1", RAY_DATA_DISABLE_PROGRESS_BARS="1")
        done = subprocess.run(
            [str(PYTHON), "-c", "\n".join([LOCAL, *blocks, WRONG])],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        assert run(run.twenty.companies.count()) == 3
    assert "2 of 2 rows loaded" in done.stdout
    assert "Company has no field nam (did you mean 'name'?)" in done.stdout
    assert "there is no option 'field' of read_twenty (did you mean 'fields'?)" in done.stdout
    cities: list[dict[str, Any]] = pyarrow.parquet.read_table(tmp_path / "cities").to_pylist()
    assert sorted(tuple(city.values()) for city in cities) == [("", 2), ("Basel", 1)]
