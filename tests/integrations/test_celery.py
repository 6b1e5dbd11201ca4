"""Celery's own worker, with a pool of forked processes, runs the example's tasks."""

from __future__ import annotations

import json
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from aiotwenty import Runner
from aiotwenty.sandbox.threaded import running_sandbox
from tests.integrations.programs import PYTHON, ROOT, environment, running

pytestmark = pytest.mark.integrations
PROGRAM = "tests.integrations.celery_worker"


def test_each_worker_process_has_one_client_that_lives_as_long_as_it(tmp_path: Path) -> None:
    with running_sandbox() as sandbox:
        env = environment(sandbox, BROKER_FOLDER=str(tmp_path))
        worker = ["-m", PROGRAM, "worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "INFO"]
        log = tmp_path / "worker.log"
        with running(worker, env, log):
            asked = subprocess.run(
                [str(PYTHON), "-m", PROGRAM, "ask"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=300
            )
        assert asked.returncode == 0, asked.stderr + log.read_text()
        said = json.loads(asked.stdout)
        with Runner(sandbox.url, api_key=sandbox.api_key) as run:
            assert run(run.twenty.companies.count()) == 30

    assert len(set(said["ids"])) == 30
    assert said["again"] == said["ids"][0]
    assert sorted(said["names"]) == sorted(f"Celery {n}" for n in range(30))
    assert said["people"] == [0] * 5

    clients: dict[int, set[int]] = defaultdict(set)
    for process, client, _ in [*said["where"], said["after"]]:
        clients[process].add(client)
    assert {connections for _, _, connections in said["where"]} == {1}
    assert len(clients) == 2
    assert all(len(of_process) == 1 for of_process in clients.values())

    assert said["too_long"] == ["cancelled", "time is up"]
    assert "Traceback" not in log.read_text()
    assert sandbox.api_key not in log.read_text()
