"""Files as a failing disk, a broken transfer or a careless editor leaves them: bytes that were changed at random."""

from __future__ import annotations

import random
from collections.abc import Callable

_WORDS = (
    b'"',
    b"\0",
    b"\n",
    b"\r",
    b",",
    b";",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\\u0000",
    b"1e999",
)
_PAGE = 4096


def mutated(content: bytes, chance: random.Random) -> bytes:
    """The content with one to three changes; never as it was."""
    other = content
    while other == content:
        for _ in range(chance.randint(1, 3)):
            other = chance.choice(_CHANGES)(other or b"x", chance)
    return other


def _stretch(content: bytes, chance: random.Random) -> tuple[int, int]:
    start = chance.randrange(len(content))
    return start, min(len(content), start + chance.choice((1, 2, 8, 64, 512)))


def _flip_a_bit(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]


def _overwrite(content: bytes, chance: random.Random) -> bytes:
    start, end = _stretch(content, chance)
    length = end - start
    return content[:start] + chance.choice((bytes(length), b"\xff" * length, chance.randbytes(length))) + content[end:]


def _cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content))]


def _drop(content: bytes, chance: random.Random) -> bytes:
    start, end = _stretch(content, chance)
    return content[:start] + content[end:]


def _repeat(content: bytes, chance: random.Random) -> bytes:
    start, end = _stretch(content, chance)
    return content[:end] + content[start:]


def _insert(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    return content[:at] + chance.choice(_WORDS) * chance.choice((1, 1, 50)) + content[at:]


def _swap(content: bytes, chance: random.Random) -> bytes:
    one, two, three = sorted(chance.randrange(len(content) + 1) for _ in range(3))
    return content[:one] + content[two:three] + content[one:two] + content[three:]


def _zero_a_page(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content)) // _PAGE * _PAGE
    page = content[start : start + _PAGE]
    return content[:start] + bytes(len(page)) + content[start + _PAGE :]


def _swap_pages(content: bytes, chance: random.Random) -> bytes:
    pages = [content[at : at + _PAGE] for at in range(0, len(content), _PAGE)]
    chance.shuffle(pages)
    return b"".join(pages)


_CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip_a_bit,
    _flip_a_bit,
    _overwrite,
    _cut,
    _drop,
    _repeat,
    _insert,
    _insert,
    _swap,
    _zero_a_page,
    _swap_pages,
)
