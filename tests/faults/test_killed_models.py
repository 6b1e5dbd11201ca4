"""`aiotwenty model apply`, killed (kill -9) at random moments and run again, ends as if it had not been."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox
from aiotwenty.workspace.model import write_model
from tests.faults.killing import Killer
from tests.model.models import rocket, small, with_object
from tests.support.few_objects import few_objects

LATENCY = [f"latency=0.03:operation={name}" for name in ("CreateOneField", "UpdateOneField", "DeleteOneField")]


async def apply_and_change(killing: Killer, folder: Path, kills: int) -> None:
    """From nothing to an object with all types, and from that to one with few, both under kills."""
    async with (
        Sandbox(objects=few_objects(), faults=LATENCY) as sandbox,
        Twenty(sandbox.url, api_key=sandbox.api_key, rate_limit=None) as twenty,
    ):
        start = await twenty.workspace.model()
        for wanted in (rocket(), small(label="Ship", label_identifier="name", indexes=())):
            write_model(folder / "model", with_object(start, wanted))
            command = ["model", "apply", str(folder / "model"), "--yes"]
            before = killing.kills
            while killing.kills - before < kills:
                ended = await killing.run(sandbox, *command, kill_after=killing.chance.uniform(0.05, killing.longest))
                if ended.code != -9:
                    assert ended.code == 0, ended.output
                    break
            ended = await killing.run(sandbox, *command)
            assert ended.code == 0, ended.output
            assert not await twenty.workspace.plan(folder / "model")


async def test_an_apply_that_was_killed_goes_on(tmp_path: Path, parent: subprocess.Popen[str]) -> None:
    killing = Killer(parent, tmp_path, random.Random(1))
    while not killing.kills:  # a fast machine may be done sooner
        await apply_and_change(killing, tmp_path, kills=1)


@pytest.mark.soak
async def test_an_apply_that_is_killed_at_twenty_moments_goes_on(
    tmp_path: Path, parent: subprocess.Popen[str], seed: int
) -> None:
    killing = Killer(parent, tmp_path, random.Random(seed))
    while killing.kills < 20:
        await apply_and_change(killing, tmp_path, kills=5)
