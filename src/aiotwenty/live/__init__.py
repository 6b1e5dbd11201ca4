"""Subscriptions: the changes of a workspace as server-sent events."""

from __future__ import annotations

from aiotwenty.live.events import Gap, RecordEvent
from aiotwenty.live.live import Live

__all__ = ["Gap", "Live", "RecordEvent"]
