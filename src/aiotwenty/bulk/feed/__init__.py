"""What changed since the last time: the records of objects as a feed of changes."""

from __future__ import annotations

from aiotwenty.bulk.feed.changes import Change, Changes
from aiotwenty.bulk.feed.store import ChangeStore

__all__ = ["Change", "ChangeStore", "Changes"]
