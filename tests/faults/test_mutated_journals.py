"""Journals with bytes that were changed at random: the next run is refused, or ends as if nothing had happened."""

from __future__ import annotations

import logging
import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from aiotwenty import Twenty
from aiotwenty.bulk import FileFailed, InputError, Progress
from aiotwenty.sandbox import Sandbox
from tests.faults.mutations import mutated

log = logging.getLogger(__name__)
ROWS, BAD, BATCH = 60, {7, 33}, 6
STOPPED = 30
"""Rows that are loaded when the first run is stopped."""


@dataclass
class Begun:
    """A load that was stopped in the middle, in a workspace where it can be ended again and again."""

    twenty: Twenty
    folder: Path
    key: str | None
    journal: bytes = b""
    log: bytes = b""

    @property
    def options(self) -> dict[str, Any]:
        return {"journal": self.folder / "load.db", "key": self.key, "batch_size": BATCH, "concurrency": 1}

    async def begin(self) -> None:
        rows = [f"{self.address(n)},{'1' if n in BAD else ''}\n" for n in range(1, ROWS + 1)]
        (self.folder / "people.csv").write_text("".join(["email,createdAt\n", *rows]))

        def stop(progress: Progress) -> None:
            if progress.loaded >= STOPPED:
                self.journal = (self.folder / "load.db").read_bytes()
                self.log = (self.folder / "load.db-wal").read_bytes()
                raise KeyError

        with pytest.raises(KeyError):
            await self.twenty.people.load(self.folder / "people.csv", on_progress=stop, **self.options)
        self.there = await self.addresses()

    def address(self, number: int) -> str:
        return f"p{number}@example.com"

    async def addresses(self) -> list[str]:
        return sorted([str(one.emails and one.emails.primary_email) async for one in self.twenty.people.iterate()])

    async def survive(self, chance: random.Random) -> str:
        """What becomes of a run with a journal that was changed; the workspace is then as it was before."""
        journal, log = self.journal, self.log
        if chance.random() < 0.5:
            journal, log = mutated(journal, chance), chance.choice((b"", log))
        else:
            log = mutated(log, chance)
        (self.folder / "load.db").write_bytes(journal)
        (self.folder / "load.db-wal").write_bytes(log)
        try:
            report = await self.twenty.people.load(self.folder / "people.csv", **self.options)
        except (InputError, FileFailed):
            assert await self.addresses() == self.there
            return "refused"
        assert report.received == ROWS == report.loaded + report.already_loaded + report.rejected
        assert {reject.row for reject in report.rejects} == BAD
        assert await self.addresses() == sorted(self.address(n) for n in range(1, ROWS + 1) if n not in BAD)
        new = [self.address(n) for n in range(1, ROWS + 1) if self.address(n) not in self.there]
        await self.twenty.people.destroy_many({"emails": {"primary_email": {"in": new}}})
        return "ended"


@pytest.mark.parametrize("key", [None, "email"])
async def test_a_mutated_journal_loses_and_doubles_nothing(
    twenty_sandbox: Sandbox, tmp_path: Path, key: str | None
) -> None:
    await mutate(twenty_sandbox, tmp_path, key, range(25))


@pytest.mark.soak
@pytest.mark.parametrize("key", [None, "email"])
async def test_thousands_of_mutated_journals_lose_and_double_nothing(
    twenty_sandbox: Sandbox, tmp_path: Path, key: str | None
) -> None:
    await mutate(twenty_sandbox, tmp_path, key, range(100, 2100))


async def mutate(sandbox: Sandbox, folder: Path, key: str | None, seeds: range) -> None:
    ends = Counter[str]()
    async with Twenty(sandbox.url, api_key=sandbox.api_key, rate_limit=None) as twenty:
        begun = Begun(twenty, folder, key)
        await begun.begin()
        for seed in seeds:
            try:
                ends[await begun.survive(random.Random(f"journal{seed}"))] += 1
            except BaseException as error:
                error.add_note(f"seed {seed}")
                raise
    log.info("journals, key %s: %s", key, dict(ends))
