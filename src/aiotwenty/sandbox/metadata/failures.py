"""Refusals of `/metadata`: `METADATA_VALIDATION_FAILED` with everything that would have failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from graphql import GraphQLError

from aiotwenty.sandbox.model.workspace import new_id

Action = Literal["create", "update", "delete"]
_PLURALS = {"view": "views", "viewField": "viewFields", "index": "indices", "webhook": "webhooks"}
_PARTICIPLES = {"create": "creating", "update": "updating", "delete": "deleting"}


def reason(code: str, message: str, user_message: str | None = None, **more: Any) -> dict[str, Any]:
    return {"code": code, "message": message, "userFriendlyMessage": user_message or message, **more}


class ValidationFailedError(GraphQLError):
    """Lists every entity that could not be built, including those that fail only because of another."""

    def __init__(self, action: Action, what: str, entries: Mapping[str, list[dict[str, Any]]]) -> None:
        counts = {kind: len(of_kind) for kind, of_kind in entries.items()}
        named = (f"{count} {_PLURALS.get(kind, kind) if count > 1 else kind}" for kind, count in counts.items())
        reasons = [problem for of_kind in entries.values() for entry in of_kind for problem in entry["errors"]]
        only = reasons[0]["userFriendlyMessage"] if len(reasons) == 1 else "Many validation errors"
        super().__init__(
            f"Multiple validation errors occurred while {_PARTICIPLES[action]} {what}",
            extensions={
                "code": "METADATA_VALIDATION_FAILED",
                "errors": dict(entries),
                "summary": {"totalErrors": sum(counts.values()), **counts},
                "userFriendlyMessage": only,
                "message": f"Validation failed for {', '.join(named)}",
            },
        )


def entry(kind: str, action: Action, reasons: list[dict[str, Any]], **information: Any) -> dict[str, Any]:
    """An entity that could not be built, with the little that Twenty says about it."""
    return {
        "status": "fail",
        "errors": reasons,
        "flatEntityMinimalInformation": {"universalIdentifier": new_id(), **information},
        "metadataName": kind,
        "type": action,
    }
