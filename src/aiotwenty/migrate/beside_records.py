"""Views, roles, webhooks, pages and other parts of a workspace beside records and data model: listed, not moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from aiotwenty.bulk.output import replacing
from aiotwenty.bulk.source import InputError
from aiotwenty.client import Client
from aiotwenty.errors import AuthenticationError, ConnectionFailed, TwentyError
from aiotwenty.workspace.access import ROLE
from aiotwenty.workspace.data_model import Object
from aiotwenty.workspace.served_schema import Select

BESIDE_FILE = "beside.json"

_Names: TypeAlias = Callable[[Mapping[str, Any], Mapping[str, str]], str]
"""Names a thing, from the server's data about it and the names of objects and fields by id."""


@dataclass(frozen=True)
class BesideKind:
    """A kind of thing, how it is read, and the name that identifies it."""

    name: str
    roots: tuple[str, ...]
    """The query that lists it, and its names on older servers."""
    select: Select
    named: _Names


def _fields(*names: str) -> Select:
    return dict.fromkeys(names)


def _of_object(thing: Mapping[str, Any], objects: Mapping[str, str]) -> str:
    return objects.get(str(thing.get("objectMetadataId")), "no object")


def _view(thing: Mapping[str, Any], objects: Mapping[str, str]) -> str:
    parts = {part: len(thing.get(f"view{part.title()}") or ()) for part in ("fields", "filters", "sorts", "groups")}
    counts = ", ".join(f"{number} {part}" for part, number in parts.items() if number)
    return f"{_of_object(thing, objects)}: {thing.get('name')} ({thing.get('type')}; {counts or 'nothing in it'})"


def _role(thing: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The role with its rights: to all records, to settings, and to single objects and fields where these differ."""
    rights = [words for name, words in _RIGHTS.items() if thing.get(name)]
    rights += sorted(str(flag["flag"]) for flag in thing.get("permissionFlags") or ())
    single = []
    for permission in (*(thing.get("objectPermissions") or ()), *(thing.get("fieldPermissions") or ())):
        target = str(permission.get("fieldMetadataId") or permission.get("objectMetadataId"))
        rights_here = [
            f"{verb} {'yes' if permission[name] else 'no'}"
            for name, verb in _SINGLE_RIGHTS.items()
            if permission.get(name) is not None
        ]
        single += [f"{names.get(target, target)}: {', '.join(rights_here)}"] if rights_here else []
    return f"{thing.get('label')} ({'; '.join([', '.join(rights) or 'no rights to all records', *sorted(single)])})"


_RIGHTS = {
    "canReadAllObjectRecords": "read all",
    "canUpdateAllObjectRecords": "update all",
    "canSoftDeleteAllObjectRecords": "delete all",
    "canDestroyAllObjectRecords": "destroy all",
    "canUpdateAllSettings": "all settings",
    "canAccessAllTools": "all tools",
    "canBeAssignedToUsers": "for users",
    "canBeAssignedToAgents": "for agents",
    "canBeAssignedToApiKeys": "for keys",
}
_SINGLE_RIGHTS = {
    "canReadObjectRecords": "read",
    "canUpdateObjectRecords": "update",
    "canSoftDeleteObjectRecords": "delete",
    "canDestroyObjectRecords": "destroy",
    "canReadFieldValue": "read",
    "canUpdateFieldValue": "update",
}
_IDS = _fields("id")
KINDS = (
    BesideKind(
        "views",
        ("getViews", "getCoreViews"),
        {
            **_fields("objectMetadataId", "name", "type"),
            "viewFields": _IDS,
            "viewFilters": _IDS,
            "viewSorts": _IDS,
            "viewGroups": _IDS,
        },
        _view,
    ),
    BesideKind(
        "page layouts",
        ("getPageLayouts",),
        _fields("objectMetadataId", "name", "type"),
        lambda thing, objects: f"{_of_object(thing, objects)}: {thing.get('name')}",
    ),
    BesideKind(
        "navigation menu items",
        ("navigationMenuItems",),
        _fields("name", "type", "link", "targetRecordId", "targetObjectMetadataId"),
        lambda thing, objects: " ".join(
            str(part)
            for part in (
                thing.get("type"),
                thing.get("name"),
                thing.get("link"),
                objects.get(str(thing.get("targetObjectMetadataId"))),
                thing.get("targetRecordId"),
            )
            if part
        ),
    ),
    BesideKind("roles", ("getRoles",), ROLE, _role),
    BesideKind(
        "webhooks",
        ("webhooks", "findManyWebhooks"),
        _fields("targetUrl", "operations"),
        lambda thing, _: f"{thing.get('targetUrl')} ({', '.join(sorted(thing.get('operations') or ()))})",
    ),
    BesideKind("skills", ("skills",), _fields("name"), lambda thing, _: str(thing.get("name"))),
    BesideKind("agents", ("findManyAgents",), _fields("name"), lambda thing, _: str(thing.get("name"))),
    BesideKind(
        "logic functions", ("findManyLogicFunctions",), _fields("name"), lambda thing, _: str(thing.get("name"))
    ),
)
"""The kinds that are compared. API keys, connected accounts and applications belong to a workspace and its server."""

NEVER_READ = (
    "API keys, connected accounts and mailboxes, installed applications, settings of the workspace, "
    "who has which role, favourites and views that only their owners see"
)
"""Kinds that are neither moved nor compared."""
NAMES_ONLY = (
    "what is in views, page layouts, skills, agents and functions that are there and here; secrets and descriptions of "
    "webhooks; descriptions of roles"
)
"""The same kinds, as far as things are identified by their names only."""


class Beside(dict[str, "list[str] | str"]):
    """For each kind, the sorted names of its things, or a text that says why they could not be read."""


async def read_beside(client: Client, model: Sequence[Object]) -> Beside:
    """The definitions in the workspace, for each kind that its server has."""
    names = {str(of.id): of.name_singular for of in model}
    names |= {str(field.id): f"{of.name_singular}.{field.name}" for of in model for field in of.fields}
    beside = Beside()
    served = client.workspace.served
    for kind in KINDS:
        for root in kind.roots:
            if await served.has("query", root):
                try:
                    things = await served.call("query", root, select=kind.select)
                except (AuthenticationError, ConnectionFailed):
                    raise
                except TwentyError as error:
                    beside[kind.name] = str(error)
                else:
                    beside[kind.name] = sorted(kind.named(thing, names) for thing in things or ())
                break
    return beside


_BESIDE = TypeAdapter(dict[str, list[str] | str])


def write_beside(folder: Path, beside: Beside) -> None:
    """Writes `beside.json`."""
    with replacing(folder / BESIDE_FILE) as part:
        part.write_bytes(to_json(beside, indent=1))


def stored_beside(folder: Path) -> Beside | None:
    """The contents of `beside.json`; None for a folder of an earlier version. Raises `InputError`."""
    path = folder / BESIDE_FILE
    try:
        return Beside(_BESIDE.validate_json(path.read_bytes()))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise InputError(f"{path}: is not from an export of a whole workspace ({error.error_count()} errors)") from None
