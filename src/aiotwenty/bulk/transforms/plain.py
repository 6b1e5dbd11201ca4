"""Transforms of text."""

from __future__ import annotations

from typing import Any

from aiotwenty.bulk.transforms.base import Transform


def text(value: Any) -> str:
    """The value as text."""
    return str(value)


def trim(value: Any) -> str:
    """Text without white space at its ends."""
    return str(value).strip()


def lower(value: Any) -> str:
    """Text in lower case."""
    return str(value).lower()


def upper(value: Any) -> str:
    """Text in upper case."""
    return str(value).upper()


def url(value: Any) -> str:
    """A web address; `https://` is put before one without a scheme. To Twenty the two are different values."""
    address = str(value).strip()
    return address if "://" in address else f"https://{address}"


def split(separator: str = ";") -> Transform:
    """Text split into a list; empty parts are dropped."""
    return lambda value: [part.strip() for part in str(value).split(separator) if part.strip()]
