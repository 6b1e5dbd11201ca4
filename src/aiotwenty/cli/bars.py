"""Progress bars on a terminal."""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn

_WIDE = 100
_ECHO = (0, 4, 0, 0)


class Bars(Progress):
    """A line for each task, with its description and its `state`. Nothing stays at the end.

    The end of each line stays empty: characters that a terminal echoes there, such as ^C, would wrap it.
    """

    def __init__(self, console: Console) -> None:
        columns: list[ProgressColumn] = [SpinnerColumn(), TextColumn("{task.description}", markup=False)]
        if console.width >= _WIDE:
            columns.append(BarColumn(bar_width=16))
        columns.append(TextColumn("{task.fields[state]}", markup=False))
        super().__init__(*columns, console=console, transient=True)

    def get_renderable(self) -> RenderableType:
        return Padding(super().get_renderable(), _ECHO, expand=False)
