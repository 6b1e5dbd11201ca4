"""Several loads at once, and whole workspaces: plans, moves, comparisons. Names are imported when they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiotwenty.lazy_names import importing

if TYPE_CHECKING:
    from aiotwenty.migrate.compare import compare_workspace
    from aiotwenty.migrate.comparison import ObjectComparison
    from aiotwenty.migrate.export import export_workspace
    from aiotwenty.migrate.move import load_workspace
    from aiotwenty.migrate.plan import load_plan
    from aiotwenty.migrate.steps import StepReport

__all__ = [
    "ObjectComparison",
    "StepReport",
    "compare_workspace",
    "export_workspace",
    "load_plan",
    "load_workspace",
]

_MODULES = {
    "ObjectComparison": "comparison",
    "StepReport": "steps",
    "compare_workspace": "compare",
    "export_workspace": "export",
    "load_plan": "plan",
    "load_workspace": "move",
}


if not TYPE_CHECKING:  # To type checkers, any name would be there.
    __getattr__ = importing(__name__, {name: f"migrate.{module}" for name, module in _MODULES.items()})


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
