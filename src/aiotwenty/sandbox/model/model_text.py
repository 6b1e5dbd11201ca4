"""A data model as text, for the database, for comparison by caches, and for undoing a failed change."""

from __future__ import annotations

import json
from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from aiotwenty.sandbox.model.data_model import DataModel, ModelField, ModelIndex, ModelObject, ModelRelation

_NESTED = frozenset({"fields", "indexes"})
_OBJECT_KEYS = tuple(
    name for name, spec in ModelObject.__dataclass_fields__.items() if spec.init and name not in _NESTED
)
_FIELD_KEYS = tuple(name for name in ModelField.__dataclass_fields__ if name != "relations")
_RELATION_KEYS = tuple(ModelRelation.__dataclass_fields__)
_object_values, _field_values = attrgetter(*_OBJECT_KEYS), attrgetter(*_FIELD_KEYS)
_relation_values = attrgetter(*_RELATION_KEYS)


def write_model(model: DataModel) -> str:
    """The whole model, written once for each revision; `read_objects` reads it."""
    if model.written[0] != model.revision:
        model.written = (model.revision, write_objects(model.objects.values()))
    return model.written[1]


def write_objects(objects: Iterable[ModelObject]) -> str:
    return json.dumps({"objects": [_to_plain(each) for each in objects]}, separators=(",", ":"))


def read_objects(text: str) -> list[ModelObject]:
    """The objects in a text of `write_objects`."""
    return [_from_plain(each) for each in json.loads(text)["objects"]]


def _to_plain(of: ModelObject) -> dict[str, Any]:
    plain = dict(zip(_OBJECT_KEYS, _object_values(of), strict=True))
    plain["fields"] = [
        dict(
            zip(_FIELD_KEYS, _field_values(field), strict=True),
            relations=[dict(zip(_RELATION_KEYS, _relation_values(end), strict=True)) for end in field.relations],
        )
        for field in of.fields.values()
    ]
    plain["indexes"] = [
        {"id": index.id, "fields": index.fields, "created_at": index.created_at} for index in of.indexes
    ]
    return plain


def _from_plain(plain: dict[str, Any]) -> ModelObject:
    fields = [
        ModelField(**{**field, "relations": [ModelRelation(**relation) for relation in field["relations"]]})
        for field in plain["fields"]
    ]
    indexes = [
        ModelIndex(index["id"], [(name, part) for name, part in index["fields"]], index["created_at"])
        for index in plain["indexes"]
    ]
    return ModelObject(**{**plain, "fields": {field.name: field for field in fields}, "indexes": indexes})
