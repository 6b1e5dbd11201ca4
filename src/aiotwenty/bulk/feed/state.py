"""The state of a feed of changes: a small JSON object, which the caller stores and passes to the next run."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

from pydantic_core import from_json

from aiotwenty.errors import InvalidArgument

VERSION = 1
"""The version of the format; states of other versions are refused."""

State: TypeAlias = dict[str, Any]
"""The JSON object of `Changes.state`."""


@dataclass(slots=True)
class FeedProgress:
    """The progress of one object. All times are those of the server's clock."""

    since: datetime | None = None
    """The start of the last completed walk: everything written before is reported."""
    began: datetime | None = None
    """The start of the running walk; None between two walks."""
    whole: bool = False
    """Whether the running walk reads every record, and compares it with the known ids."""
    after: UUID | None = None
    """The id up to which the running walk has reported everything."""
    due: bool = False
    """Whether the next walk has to read every record."""
    compared: datetime | None = None
    """The start of the last walk over every record."""
    hidden: int = 0
    """The records that are counted but that the key can't see."""
    batch: int = 0
    """The number of the last batch that was returned."""
    known: bytes | None = None
    """The known ids, if the state holds them itself."""

    def begin(self, moment: datetime, whole: bool) -> None:
        self.began, self.whole, self.after = moment, whole, None
        if whole:
            self.due = False

    def finish(self) -> None:
        if self.whole:
            self.compared = self.began
        self.since, self.began, self.whole, self.after = self.began, None, False, None

    def as_json(self) -> State:
        parts: State = {"since": _text(self.since), "compared": _text(self.compared)}
        if self.began is not None:
            walk = {"began": _text(self.began), "whole": self.whole, "after": str(self.after) if self.after else None}
            parts["walk"] = walk
        if self.due:
            parts["due"] = True
        if self.hidden:
            parts["hidden"] = self.hidden
        if self.batch:
            parts["batch"] = self.batch
        if self.known is not None:
            parts["known"] = b64encode(self.known).decode()
        return parts

    @classmethod
    def of_json(cls, parts: Mapping[str, Any]) -> FeedProgress:
        walk = parts.get("walk") or {}
        known = parts.get("known")
        return cls(
            since=_moment(parts.get("since")),
            began=_moment(walk.get("began")),
            whole=bool(walk.get("whole", False)),
            after=UUID(walk["after"]) if walk.get("after") else None,
            due=bool(parts.get("due", False)),
            compared=_moment(parts.get("compared")),
            hidden=int(parts.get("hidden", 0)),
            batch=int(parts.get("batch", 0)),
            known=b64decode(known, validate=True) if known is not None else None,
        )


@dataclass(slots=True)
class Position:
    """The state of a feed of one or several objects."""

    store: str | None = None
    """The id of the store that has the known ids."""
    objects: dict[str, FeedProgress] = field(default_factory=dict)
    """The progress of each object, by singular name."""
    workspace: str | None = None
    """The id of the workspace; None in states of releases that did not store it."""

    def as_json(self) -> State:
        objects = {name: progress.as_json() for name, progress in self.objects.items()}
        state: State = {"version": VERSION, "objects": objects}
        if self.store is not None:
            state["store"] = self.store
        if self.workspace is not None:
            state["workspace"] = self.workspace
        return state

    @classmethod
    def of(cls, state: Mapping[str, Any] | str | bytes | None) -> Position:
        """The position in a state, as an object or as its JSON. Raises `InvalidArgument` for anything else."""
        if state is None:
            return cls()
        try:
            content = from_json(state) if isinstance(state, str | bytes) else state
            version = content["version"]
            if version == VERSION:
                objects = {str(name): FeedProgress.of_json(parts) for name, parts in content["objects"].items()}
                return cls(content.get("store"), objects, content.get("workspace"))
        except (ValueError, TypeError, KeyError, AttributeError, binascii.Error):
            raise InvalidArgument("since must be `changes.state` of an earlier run, as it was or as JSON.") from None
        raise InvalidArgument(
            f"since is a state of version {version!r}, and this release reads version {VERSION}: start again without "
            "it."
        )


def _text(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment is not None else None


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs a time zone")
    return moment
