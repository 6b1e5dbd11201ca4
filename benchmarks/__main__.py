"""`make bench`: every experiment, printed and written to benchmarks/RESULTS.md; fails where a promise does not hold."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from benchmarks import bulk, generate, imports, requests, servers
from benchmarks.harness import Table, machine

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"

_HEAD = """\
# Results

Written by `make bench`. Ratios are taken round by round, contenders in turns in one run; absolute figures belong to
this machine only.

{machine}

"""

_EXPERIMENTS = ("imports", "generate", "requests", "bulk", "sandbox")


async def run(names: list[str], rounds: int) -> list[Table]:
    """The tables of the experiments named."""
    tables: list[Table] = []
    if "imports" in names:
        tables += await imports.measure(rounds)
    if "generate" in names:
        tables += generate.measure(min(rounds, 3))
    if "requests" in names:
        tables += await requests.measure(rounds, calls=100)
    if "bulk" in names:
        tables += await bulk.measure(min(rounds, 3))
    if "sandbox" in names:
        tables += await servers.measure(rounds)
    return tables


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("experiments", nargs="*", help=f"some of {', '.join(_EXPERIMENTS)}; all by default")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    names = list(given.experiments) or list(_EXPERIMENTS)
    if unknown := set(names) - set(_EXPERIMENTS):
        parser.error(f"there is no experiment {', '.join(sorted(unknown))}: there are {', '.join(_EXPERIMENTS)}")
    tables = asyncio.run(run(names, given.rounds))
    text = _HEAD.format(machine=machine()) + "\n".join(table.markdown() for table in tables)
    sys.stdout.write(text)
    if set(names) == set(_EXPERIMENTS):
        RESULTS.write_text(text, encoding="utf-8")
    failures = [failure for table in tables for failure in table.failures()]
    sys.stderr.writelines(f"{failure}\n" for failure in failures)
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
