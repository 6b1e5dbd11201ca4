# pyright: reportMissingImports=false
"""The Flask app of the examples, whose runner the master process has used before it forks its workers."""

from __future__ import annotations

from examples.flask_app import app, run

if run(run.twenty.companies.count()) < 0:
    raise AssertionError

__all__ = ["app"]
