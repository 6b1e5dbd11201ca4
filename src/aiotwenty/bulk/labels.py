"""The labels of an object's fields and of the options of its picklists, read from `/metadata`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiotwenty.bulk.fields import squeeze
from aiotwenty.errors import UnexpectedResponse
from aiotwenty.graphql.data_model import data_model, object_nodes
from aiotwenty.graphql.document import compose
from aiotwenty.graphql.endpoint import Endpoint

_FIELDS = data_model("Labels", "{nameSingular fieldsList{id name label type options}}")
_CHANGE = compose("AddOptions", "mutation", "updateOneField", {"input": "UpdateOneFieldMetadataInput!"}, "{id}")
_COLORS = ("green", "turquoise", "sky", "blue", "purple", "pink", "red", "orange", "yellow", "gray")


@dataclass(frozen=True)
class FieldLabel:
    """A field with its label and options."""

    id: str
    name: str
    label: str
    type: str
    options: tuple[Mapping[str, Any], ...] | None = None

    @property
    def choices(self) -> tuple[tuple[str, str], ...] | None:
        """Value and label of each option."""
        if self.options is None:
            return None
        return tuple((str(option["value"]), str(option.get("label") or option["value"])) for option in self.options)


@dataclass(frozen=True)
class Labels:
    """The fields of one object, by name."""

    fields: Mapping[str, FieldLabel] = field(default_factory=dict)

    def by_label(self) -> dict[str, str]:
        """Field names by squeezed label; labels of two fields are left out."""
        names: dict[str, str] = {}
        shared: set[str] = set()
        for name, known in self.fields.items():
            label = squeeze(known.label)
            if names.setdefault(label, name) != name:
                shared.add(label)
        return {label: name for label, name in names.items() if label not in shared}


async def read_labels(endpoint: Endpoint, singular: str) -> Labels:
    """The labels of the object with this API name. Sends one request, which the rate limit does not count."""
    answer = await endpoint.beside("metadata").run_document(_FIELDS)
    try:
        node = next((node for node in object_nodes(answer) if node["nameSingular"] == singular), None)
        fields = [
            FieldLabel(
                node_field["id"],
                node_field["name"],
                node_field["label"],
                node_field["type"],
                _options(node_field.get("options")),
            )
            for node_field in (node["fieldsList"] if node else ())
        ]
    except (KeyError, TypeError) as error:
        raise UnexpectedResponse(f"the data model of the workspace is invalid: {error}") from error
    return Labels({label.name: label for label in fields})


def _options(options: Any) -> tuple[Mapping[str, Any], ...] | None:
    return tuple(options) if isinstance(options, list) else None


async def add_options(endpoint: Endpoint, field: FieldLabel, new: Mapping[str, str]) -> None:
    """Adds options to a picklist, after the existing ones: `new` is label to value."""
    there = field.options or ()
    last = max((int(option.get("position") or 0) for option in there), default=-1)
    added = [
        {"label": label, "value": value, "position": place, "color": _COLORS[place % len(_COLORS)]}
        for place, (label, value) in enumerate(new.items(), last + 1)
    ]
    update = {"id": field.id, "update": {"options": [*there, *added]}}
    await endpoint.beside("metadata").run_document(_CHANGE, {"input": update})
