"""Workspaces with few of Twenty's own objects, where the others would only take time."""

from __future__ import annotations

from typing import Any

from tests.support import recorded

_FEW = {"company", "person", "opportunity", "note", "noteTarget", "timelineActivity", "workspaceMember"}


def few_objects(*more: str) -> list[dict[str, Any]]:
    """The objects of a workspace with seven of Twenty's own, and more by name."""
    kept = _FEW | {*more}
    objects = [of for of in recorded.objects() if of["nameSingular"] in kept]
    for of in objects:
        fields = [_with_few(field, kept) for field in of["fieldsList"]]
        of["fieldsList"] = [field for field in fields if not field.get("custom") and _leads_to(field) <= kept]
    return objects


def _with_few(field: dict[str, Any], kept: set[str]) -> dict[str, Any]:
    if not field.get("morphRelations"):
        return field
    ends = [end for end in field["morphRelations"] if end["targetObjectMetadata"]["nameSingular"] in kept]
    return {**field, "morphRelations": ends}


def _leads_to(field: dict[str, Any]) -> set[str]:
    relations = [field["relation"]] if field.get("relation") else field.get("morphRelations") or []
    return {relation["targetObjectMetadata"]["nameSingular"] for relation in relations}


OBJECTS = few_objects("task", "taskTarget", "attachment")
"""What a CRM cannot do without."""
