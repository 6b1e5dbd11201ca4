"""The environment of programs whose lines are not counted."""

from __future__ import annotations

import os


def uncounted() -> dict[str, str]:
    """This environment without what makes a Python that is started count its lines.

    Counting doubles what a start costs: a waste for the programs of others and for those that are killed, which leave
    no counts, and wrong where it is measured.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
