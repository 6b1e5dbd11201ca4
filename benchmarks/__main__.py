"""`make bench`: every experiment, printed and written to benchmarks/RESULTS.md; fails where a promise does not hold.

Of some experiments only, named on the command line, the sections in RESULTS.md are replaced.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.experiments import EXPERIMENTS, run
from benchmarks.harness import Table, machine

RESULTS = Path(__file__).resolve().parent / "RESULTS.md"

_HEAD = """\
# Results

Written by `make bench`. Ratios are taken round by round, contenders in turns in one run; absolute figures belong to
this machine only.

{machine}
"""


def replaced(text: str, tables: list[Table]) -> str:
    """The results with the sections of these tables in the place of older ones, or at the end."""
    head, *sections = text.split("\n## ")
    by_title = {section.partition("\n")[0]: section.rstrip("\n") + "\n" for section in sections}
    by_title |= {table.title: table.markdown().removeprefix("## ") for table in tables}
    return "\n## ".join([head, *by_title.values()])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("experiments", nargs="*", help=f"some of {', '.join(EXPERIMENTS)}; all by default")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    names = list(given.experiments) or list(EXPERIMENTS)
    if unknown := set(names) - set(EXPERIMENTS):
        parser.error(f"there is no experiment {', '.join(sorted(unknown))}: there are {', '.join(EXPERIMENTS)}")
    tables = run(names, given.rounds)
    sys.stdout.write("\n".join(table.markdown() for table in tables))
    whole = set(names) == set(EXPERIMENTS)
    older = _HEAD.format(machine=machine()) if whole else RESULTS.read_text(encoding="utf-8")
    RESULTS.write_text(replaced(older, tables), encoding="utf-8")
    failures = [failure for table in tables for failure in table.failures()]
    sys.stderr.writelines(f"{failure}\n" for failure in failures)
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
