"""Several loads at once, and whole workspaces: plans, moving everything, comparing what came of it."""

from __future__ import annotations

from aiotwenty.migrate.compare import ObjectComparison, compare_workspace
from aiotwenty.migrate.move import export_workspace, load_workspace
from aiotwenty.migrate.plan import StepReport, load_plan

__all__ = [
    "ObjectComparison",
    "StepReport",
    "compare_workspace",
    "export_workspace",
    "load_plan",
    "load_workspace",
]
