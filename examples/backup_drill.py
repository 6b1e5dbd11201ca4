"""A drill for the backup of a workspace: export it to a folder, load it into an empty workspace, and compare.

    python -m examples.backup_drill                  # two sandboxes
    python -m examples.backup_drill --live --yes     # two workspaces of yours

With `--live`, TWENTY_API_URL and TWENTY_API_KEY set the workspace that is exported, TWENTY_TARGET_API_URL and
TWENTY_TARGET_API_KEY the workspace that is loaded. It must be empty, because its own records count as differences.
`--folder` keeps the exported folder; without it, the folder is removed at the end.

Exit code 0 if both workspaces are equal, 4 if they differ, or if something could not be read.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from aiotwenty import Twenty
from aiotwenty.errors import ConfigurationError
from aiotwenty.migrate import compare_workspace, export_workspace, load_workspace
from aiotwenty.sandbox import Sandbox
from aiotwenty.workspace import RelationTo

RECORDS = 600
TARGET_URL, TARGET_KEY = "TWENTY_TARGET_API_URL", "TWENTY_TARGET_API_KEY"


def tell(line: str) -> None:
    """Prints a line."""
    sys.stdout.write(f"{line}\n")


async def drill(source: Twenty, target: Twenty, folder: Path) -> bool:
    """Exports, loads and compares, and returns whether both workspaces are equal."""
    began = monotonic()
    reports = await export_workspace(source, folder, journal=folder.with_suffix(".export.db"))
    for report in reports:
        if not report.complete:
            tell(f"  {report}")
    records, files = (sum(report.records for report in reports), sum(report.files for report in reports))
    tell(f"exported: {records:,} records of {len(reports)} objects, {files:,} files, in {monotonic() - began:,.1f} s")
    began = monotonic()
    steps = await load_workspace(target, folder, journal=folder.with_suffix(".load.db"))
    loaded = sum(step.report.loaded + step.report.already_loaded for step in steps if not step.links)
    tell(f"loaded: {loaded:,} records in {monotonic() - began:,.1f} s")
    for step in steps:
        if not step.complete:
            rejected = [f"{step.report.rejected:,} rejected"] if step.report.rejected else []
            error = [str(step.error)] if step.error else []
            tell(f"  {step.label}: {'; '.join([*error, *rejected, *step.notes])}")
    began = monotonic()
    comparisons = await compare_workspace(target, folder)
    same = sum(comparison.same for comparison in comparisons)
    tell(f"compared: {same:,} things the same, in {monotonic() - began:,.1f} s")
    for comparison in comparisons:
        if not comparison.equal:
            why = comparison.failure or (
                f"{comparison.missing_count:,} missing, {comparison.extra_count:,} only here, "
                f"{comparison.different_count:,} different"
            )
            tell(f"  {comparison.name}: {why}")
    return all(comparison.equal for comparison in comparisons) and all(report.complete for report in reports)


async def fill(twenty: Twenty) -> None:
    """Fills a workspace with data of every kind: a custom object, picklists, relations, files, deleted records."""
    workspace = twenty.workspace
    await workspace.create_object("rocket", "rockets", description="What flies")
    options = [{"value": value, "label": value.title(), "color": "red"} for value in ("PLANNED", "BUILT", "FLOWN")]
    await workspace.create_field("rocket", "stage", "SELECT", options=options, default_value="'PLANNED'")
    await workspace.create_field("rocket", "papers", "FILES")
    await workspace.create_field("rocket", "maker", "RELATION", relation=RelationTo("company", label="Rockets"))
    await workspace.update_field("company", "name", label="Firm")
    companies = [{"name": f"Firm {n}", "domain": f"https://firm{n}.example"} for n in range(RECORDS // 2)]
    await twenty.companies.load(companies)
    people = [{"email": f"p{n}@firm{n}.example", "company": f"https://firm{n}.example"} for n in range(RECORDS // 2)]
    await twenty.people.load(people)
    first = [company async for company in twenty.companies.iterate(limit=3)]
    for number, company in enumerate(first):
        await twenty.files.attach(company, f"offer {number}".encode(), filename="offer.txt")
    await twenty.companies.delete_one(first[0].id)
    paper = await twenty.files.upload(b"plans", field="rocket.papers", filename="plans.txt")
    rocket = {"name": "Vega", "stage": "FLOWN", "makerId": str(first[1].id), "papers": [paper.reference]}
    await twenty.execute("mutation($data: RocketCreateInput!) {createRocket(data: $data) {id}}", {"data": rocket})


@asynccontextmanager
async def workspaces(live: bool) -> AsyncIterator[tuple[Twenty, Twenty]]:
    """The workspace that is exported, and the workspace that is loaded."""
    if live:
        url, key = os.environ.get(TARGET_URL), os.environ.get(TARGET_KEY)
        if not (url and key):
            raise ConfigurationError(f"{TARGET_URL} and {TARGET_KEY} say which workspace is written.")
        async with Twenty() as source, Twenty(url, api_key=key) as target:
            yield source, target
        return
    async with (
        Sandbox() as one,
        Sandbox() as other,
        Twenty(one.url, api_key=one.api_key, rate_limit=None) as source,
        Twenty(other.url, api_key=other.api_key, rate_limit=None) as target,
    ):
        await fill(source)
        yield source, target


async def run(live: bool, folder: Path | None) -> int:
    """Runs the drill in a folder, or in a temporary folder."""
    async with workspaces(live) as (source, target):
        if folder is not None:
            return 0 if await drill(source, target, folder) else 4
        with tempfile.TemporaryDirectory(prefix="backup-drill-") as made:
            return 0 if await drill(source, target, Path(made) / "backup") else 4


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="A drill for the backup of a workspace.")
    parser.add_argument("--live", action="store_true", help=f"between TWENTY_API_URL and {TARGET_URL}")
    parser.add_argument("--yes", action="store_true", help="yes, write into the second workspace")
    parser.add_argument("--folder", type=Path, help="where the export is kept")
    chosen = parser.parse_args(arguments)
    if chosen.live and not chosen.yes:
        tell(f"--live writes into the workspace of {TARGET_URL}: say --yes if that is meant.")
        return 2
    try:
        code = asyncio.run(run(chosen.live, chosen.folder))
    except ConfigurationError as error:
        tell(str(error))
        return 2
    tell("The backup is whole." if code == 0 else "The backup is NOT whole.")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
