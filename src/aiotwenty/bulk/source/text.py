"""Text files: their encoding, and their lines."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path

from aiotwenty.bulk.source.base import InputError
from aiotwenty.bulk.source.content import BLOCK, FileContent
from aiotwenty.bulk.source.file import FileSource

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_LOOKED_AT = 4096
_ELSEWHERE = "set its encoding"


class TextSource(FileSource):
    """A text file, compressed or not.

    Its encoding is that of a byte order mark, or the caller's, or UTF-8. UTF-16 without a mark is recognised by its
    NULs; no other encoding is guessed. A mark precedes the caller's encoding, unless the rest of the file contradicts
    it.
    """

    def __init__(self, file: Path | FileContent, encoding: str | None = None) -> None:
        super().__init__(file)
        self._skip = 0
        self._marked = ""
        self._told: list[str] = []
        start = self.content.first(_LOOKED_AT)
        try:
            codecs.lookup(encoding or "utf-8")
        except LookupError:
            raise InputError(f"{self.path}: there is no encoding named {encoding!r}") from None
        self.encoding = self._encoding(start, encoding)
        self.guesses = tuple(self._told)

    def _encoding(self, start: bytes, chosen: str | None) -> str:
        mark, marked, self._marked = next(
            (mark for mark in _BYTE_ORDER_MARKS if start.startswith(mark[0])), (b"", "", "")
        )
        if marked and chosen and codecs.lookup(chosen).name != codecs.lookup(marked.removesuffix("-sig")).name:
            if self._is(marked):
                return marked
            self._skip = len(mark)
            self._told.append(f"the {self._marked} byte order mark is left out: what follows is {chosen}")
            return chosen
        if marked:
            return marked
        if chosen is None and (utf_16 := _utf_16(start)):
            self._told.append(f"encoding {utf_16}, without a byte order mark")
            return utf_16
        return chosen or "utf-8"

    def _is(self, encoding: str) -> bool:
        decoder = codecs.getincrementaldecoder(encoding)()
        with self.content.opened() as file:
            try:
                while block := file.read(1024 * 1024):
                    decoder.decode(block)
                decoder.decode(b"", final=True)
            except UnicodeError:
                return False
        return True

    def lines(self) -> Iterator[str]:
        """The lines with their line breaks: \n, \r or both."""
        waiting: list[str] = []
        for text in self.pieces():
            waiting.append(text)
            if "\n" in text or "\r" in text:
                # A line may continue in the next piece, and so may a line break of two characters.
                *lines, last = io.StringIO("".join(waiting), newline="").readlines()
                waiting = [last]
                yield from lines
        yield from io.StringIO("".join(waiting), newline="")

    def pieces(self) -> Iterator[str]:
        """The text of the file in pieces."""
        decoder = codecs.getincrementaldecoder(self.encoding)()
        with self.content.opened() as file:
            file.read(self._skip)
            while block := file.read(BLOCK):
                yield self._decoded(decoder, block)
        yield self._decoded(decoder, b"", final=True)

    def _decoded(self, decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> str:
        try:
            return decoder.decode(block, final)
        except UnicodeError as error:
            raise self._undecodable(error) from None

    def _undecodable(self, error: UnicodeError) -> InputError:
        if self.encoding.startswith("utf-8"):
            with self.content.opened() as file:
                for number, line in enumerate(file, 1):
                    try:
                        line.decode("utf-8")
                    except UnicodeDecodeError as at:
                        where = f"line {number}: not UTF-8 (byte 0x{line[at.start]:02x} in place {at.start + 1})"
                        if self._marked:
                            return InputError(
                                f"{self.path}, {where}, though it begins with the byte order mark of UTF-8; "
                                f"{_ELSEWHERE}, most likely cp1252: the mark is left out then"
                            )
                        return InputError(f"{self.path}, {where}; {_ELSEWHERE}, for instance cp1252 or utf-16")
        return InputError(f"{self.path}: not {self.encoding} ({error}); {_ELSEWHERE}, for instance cp1252 or utf-16")


def _utf_16(start: bytes) -> str | None:
    """UTF-16 without a mark: text of Western scripts has a NUL in every second place; UTF-8 has none."""
    even, odd = start[0::2].count(0), start[1::2].count(0)
    half = len(start) // 2
    if half and even + odd >= 0.2 * half and min(even, odd) <= 0.02 * half:
        return "utf-16-le" if odd > even else "utf-16-be"
    return None
