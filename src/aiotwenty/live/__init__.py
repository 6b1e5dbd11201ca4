"""Subscriptions: what happens in a workspace, told over server-sent events as it happens."""

from __future__ import annotations

from aiotwenty.live.events import Gap, RecordEvent
from aiotwenty.live.live import Live

__all__ = ["Gap", "Live", "RecordEvent"]
