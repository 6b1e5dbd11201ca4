"""Tables for notebooks: what Jupyter shows of records, pages and reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

ROWS = 20
"""Of a long list, so many are shown."""


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> str:
    """A table. Whatever the values say is text."""
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    head = f"<thead><tr>{''.join(f'<th>{escape(name)}</th>' for name in headings)}</tr></thead>" if headings else ""
    body = "".join(f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row)}</tr>" for row in rows)
    return f"<table>{above}{head}<tbody>{body}</tbody></table>"


def facts(values: Mapping[str, Any], caption: str = "") -> str:
    """A table of names and values."""
    return table((), values.items(), caption)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    shown = getattr(value, "isoformat", None)
    text = str(shown() if callable(shown) else value)
    return escape(text if len(text) <= 200 else f"{text[:200]}…")
