"""Changes of records since an earlier state, as a feed."""

from __future__ import annotations

from aiotwenty.bulk.feed.changes import Change, Changes
from aiotwenty.bulk.feed.store import ChangeStore

__all__ = ["Change", "ChangeStore", "Changes"]
