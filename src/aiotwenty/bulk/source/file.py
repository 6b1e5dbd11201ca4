"""The base of file sources, which are read from beginning to end as often as needed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from aiotwenty.bulk.source.base import Check, Row, Source
from aiotwenty.bulk.source.content import FileContent


class FileSource(Source):
    """A file that is read from beginning to end as often as needed. Raises `SourceChanged` if it changes."""

    def __init__(self, file: Path | FileContent) -> None:
        self.content = file if isinstance(file, FileContent) else FileContent(file)
        self.path = self.content.path
        self.name = self.path.name

    @abstractmethod
    def read(self) -> Iterator[Row]: ...

    async def rows(self) -> AsyncIterator[Row]:
        for row in self.read():
            yield row

    def again(self) -> Iterator[Row]:
        return self.read()

    def check(self) -> Check:
        check = Check()
        for row in self.read():
            check.add(row)
        return check

    def fingerprint(self) -> str:
        return self.content.fingerprint()

    def confirm(self) -> None:
        self.content.confirm()
