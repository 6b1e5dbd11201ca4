"""A data model as text: kept in the database, compared by caches, and gone back to when a change fails."""

from __future__ import annotations

import json
from typing import Any

from aiotwenty.sandbox.model.model import DataModel, Field, Index, Object, Relation

_NESTED = frozenset({"fields", "indexes"})
_OBJECT_KEYS = tuple(name for name, spec in Object.__dataclass_fields__.items() if spec.init and name not in _NESTED)
_FIELD_KEYS = tuple(name for name in Field.__dataclass_fields__ if name != "relations")
_RELATION_KEYS = tuple(Relation.__dataclass_fields__)


def write_model(model: DataModel) -> str:
    """The whole model; `read_objects` reads it."""
    return json.dumps({"objects": [_to_plain(each) for each in model.objects.values()]}, separators=(",", ":"))


def read_objects(text: str) -> list[Object]:
    """The objects that `write_model` wrote."""
    return [_from_plain(each) for each in json.loads(text)["objects"]]


def _to_plain(of: Object) -> dict[str, Any]:
    plain = {key: getattr(of, key) for key in _OBJECT_KEYS}
    plain["fields"] = [
        {key: getattr(each, key) for key in _FIELD_KEYS}
        | {"relations": [{key: getattr(one, key) for key in _RELATION_KEYS} for one in each.relations]}
        for each in of.fields.values()
    ]
    plain["indexes"] = [{"id": each.id, "fields": each.fields, "created_at": each.created_at} for each in of.indexes]
    return plain


def _from_plain(plain: dict[str, Any]) -> Object:
    fields = [
        Field(**{**each, "relations": [Relation(**one) for one in each["relations"]]}) for each in plain["fields"]
    ]
    indexes = [
        Index(each["id"], [(name, part) for name, part in each["fields"]], each["created_at"])
        for each in plain["indexes"]
    ]
    return Object(**{**plain, "fields": {each.name: each for each in fields}, "indexes": indexes})
