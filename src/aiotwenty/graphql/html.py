"""HTML tables for notebooks: how Jupyter shows records, pages and reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

ROWS = 20
"""The most rows of a list that are shown."""
_LEFT = ' style="text-align:left;white-space:nowrap"'
_LONG = ' style="text-align:left;min-width:16em;max-width:32em;overflow-wrap:anywhere"'
_SHORT = 40


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> str:
    """A table. All values are escaped."""
    from html import escape  # brings all named characters of HTML: only for a notebook

    above = f"<caption{_LEFT}>{escape(caption)}</caption>" if caption else ""
    head = (
        f"<thead><tr>{''.join(f'<th{_LEFT}>{escape(name)}</th>' for name in headings)}</tr></thead>" if headings else ""
    )
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return f"<table>{above}{head}<tbody>{body}</tbody></table>"


def facts(values: Mapping[str, Any], caption: str = "") -> str:
    """A table of names and values."""
    return table((), values.items(), caption)


def _cell(value: Any) -> str:
    from html import escape

    shown = getattr(value, "isoformat", None)
    text = "" if value is None else str(shown() if callable(shown) else value)
    style = _LEFT if len(text) <= _SHORT else _LONG
    return f"<td{style}>{escape(text if len(text) <= 200 else f'{text[:200]}…')}</td>"
