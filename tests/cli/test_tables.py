"""Tables on a terminal: what does not fit is wrapped, never cut."""

from __future__ import annotations

import io
from uuid import UUID

import pytest
from rich.console import Console

from aiotwenty.cli.output import Output, print_rows

NAMES = ("id", "companyId", "messageChannelMessageAssociationMessageFolder", "company.id")
ROW = {
    "id": str(UUID(int=1)),
    "companyId": str(UUID(int=2)),
    "messageChannelMessageAssociationMessageFolder": "x" * 60,
    "company": {"id": str(UUID(int=3))},
}


@pytest.mark.parametrize("width", [80, 120])
def test_names_and_ids_are_never_cut(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = io.StringIO()
    monkeypatch.setattr("aiotwenty.cli.output.piped", lambda: False)
    monkeypatch.setattr("rich.console.Console", lambda: Console(file=printed, width=width))
    print_rows([ROW], NAMES, Output.TABLE)
    characters = sorted("".join(printed.getvalue().split()).replace("─", ""))
    wanted = "".join([*NAMES, ROW["id"], ROW["companyId"], "x" * 60, str(UUID(int=3))])  # type: ignore[list-item]
    assert characters == sorted(wanted)
