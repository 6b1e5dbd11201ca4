"""An embedded server that answers like Twenty: for tests, demos and offline work."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiotwenty.sandbox.faults import Fault, parse_fault
    from aiotwenty.sandbox.sandbox import Sandbox, serve

__all__ = ["Fault", "Sandbox", "parse_fault", "serve"]


if not TYPE_CHECKING:  # A module `__getattr__` would make type checkers accept any name.

    def __getattr__(name):
        # Every test run imports the pytest plugin, so the server is imported only when it is used.
        if name in ("Sandbox", "serve"):
            from aiotwenty.sandbox import sandbox

            return getattr(sandbox, name)
        if name in ("Fault", "parse_fault"):
            from aiotwenty.sandbox import faults

            return getattr(faults, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
