"""Moves, compares and loads whole workspaces. Names are imported at their first use."""

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


if not TYPE_CHECKING:  # A module `__getattr__` would make type checkers accept any name.
    __getattr__ = importing(__name__, {name: f"migrate.{module}" for name, module in _MODULES.items()})


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
