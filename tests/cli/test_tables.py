"""Tables on a terminal: what does not fit is wrapped, never cut."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import typer
from rich.console import Console

from aiotwenty import Client
from aiotwenty.bulk.report import Progress
from aiotwenty.cli.bars import Bars
from aiotwenty.cli.display import Display, work
from aiotwenty.cli.output import Output, fitting, folded, print_rows
from tests.cli.conftest import Command

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


def test_of_columns_that_nobody_chose_those_are_shown_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"id": "x" * 36, "name": "Air", "url": "u" * 30, "city": "Oslo"}]
    for width, shown in ((30, ["id", "name"]), (80, ["id", "name", "url"]), (90, ["id", "name", "url", "city"])):
        monkeypatch.setattr("aiotwenty.cli.output.get_terminal_size", lambda width=width: os.terminal_size((width, 40)))
        assert fitting(rows, ["id", "name", "url", "city"], 2) == shown


def test_lines_break_between_words_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aiotwenty.cli.output.get_terminal_size", lambda: os.terminal_size((48, 40)))
    text = "  https://crm.example.com/objects/companies is where the companies are\nand no more"
    terminal = io.StringIO()
    assert folded(text, on=terminal) == text
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    assert folded(text, on=terminal).splitlines() == [
        "  https://crm.example.com/objects/companies is", "  where the companies are", "and no more"
    ]  # fmt: skip


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("length", [10, 200])
def test_a_bar_leaves_room_for_what_a_terminal_echoes(width: int, length: int) -> None:
    console = Console(file=io.StringIO(), width=width, force_terminal=True)
    bars = Bars(console)
    bars.add_task("companies", total=100, state="x" * length)
    [line] = console.render_lines(bars.get_renderable(), pad=False)
    text = "".join(segment.text for segment in line)
    assert len(text.rstrip()) <= width - 4
    assert len(text) <= max(width - 4, len(text.rstrip()) + 5)


def test_the_line_of_all_objects_stays_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    display = Display(as_json=False)
    console = Console(file=io.StringIO(), width=120, force_terminal=True)
    monkeypatch.setattr(display, "_console", console)
    with display.shown():
        for name in ("companies", "notes", "people"):
            display.progress(Progress(loaded=1, total=2, what=name))
        bars = display._bar
        assert bars is not None
        assert [task.description for task in bars.tasks] == ["companies", "notes", "people", "all"]


def test_a_stopped_command_says_what_it_did_and_what_it_can_do(
    bare: Command, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWENTY_API_KEY", "key")

    async def stopped(client: Client, display: Display) -> None:
        raise KeyboardInterrupt

    options: dict[str, Any]
    for options, said in (
        ({}, "Stopped.\n"),
        ({"resumes": True}, "Stopped. Without --journal, the same command starts again from the beginning.\n"),
        ({"journal": Path("j.db"), "writes": True}, "Stopped after the batches in flight. To resume, run the same"),
    ):
        with pytest.raises(typer.Exit):
            work(stopped, False, **options)
        assert capfd.readouterr().err.startswith(said)
