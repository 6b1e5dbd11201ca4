"""Definitions of views, roles with their permissions, and webhooks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, JsonValue
from pydantic import Field as Setting

from aiotwenty.workspace.model.definition import Definition, FieldPath, Name, as_sorted, as_tuple


class ViewColumn(Definition):
    """A field that a view shows."""

    field: Name
    visible: bool = True
    size: float = 0
    """The width in pixels."""
    aggregate: str | None = None


class ViewFilterDefinition(Definition):
    """A condition of a view."""

    field: Name
    operand: str
    value: JsonValue = ""
    """The value as Twenty stores it. Ids of records in it belong to one workspace."""
    value_json: str | None = None
    """The value as JSON, if TOML can't express it."""
    part: str | None = None
    """The part of a composite: `primaryLinkUrl`."""
    group: int | None = None
    """The index in `filter_groups`."""


class ViewFilterGroupDefinition(Definition):
    """Conditions that are joined by AND or OR."""

    operator: str = "AND"
    parent: int | None = None
    """The index in `filter_groups` of the group around it, which comes before it."""


class ViewSortDefinition(Definition):
    field: Name
    direction: Literal["ASC", "DESC"] = "ASC"
    part: str | None = None


class ViewGroupDefinition(Definition):
    """A column of a board."""

    value: str
    visible: bool = True


class ViewDefinition(Definition):
    """A view of the whole workspace, identified by its object and name."""

    object: Name
    name: str
    type: str = "TABLE"
    key: str | None = None
    """`INDEX` for the view that the server creates with the object."""
    icon: str = "IconList"
    position: float = 0
    compact: bool = False
    open_record_in: str = "SIDE_PANEL"
    group_by: Name | None = None
    """The field whose values are the columns of a board."""
    hide_empty_groups: bool = False
    aggregate: str | None = None
    aggregate_field: Name | None = None
    calendar_layout: str | None = None
    calendar_field: Name | None = None
    search: str | None = None
    """A text that some field of a record must contain."""
    fields: Annotated[tuple[ViewColumn, ...], BeforeValidator(as_tuple)] = ()
    """The columns, in order."""
    filter_groups: Annotated[tuple[ViewFilterGroupDefinition, ...], BeforeValidator(as_tuple)] = ()
    filters: Annotated[tuple[ViewFilterDefinition, ...], BeforeValidator(as_tuple)] = ()
    sorts: Annotated[tuple[ViewSortDefinition, ...], BeforeValidator(as_tuple)] = ()
    groups: Annotated[tuple[ViewGroupDefinition, ...], BeforeValidator(as_tuple)] = ()


class ObjectPermission(Definition):
    """The rights of a role to the records of one object; rights that are not set are those for all objects."""

    read: bool | None = None
    update: bool | None = None
    delete: bool | None = None
    destroy: bool | None = None


class FieldPermission(Definition):
    """The rights of a role to one field; rights that are not set are granted."""

    read: bool | None = None
    update: bool | None = None


class RoleDefinition(Definition):
    """A role, identified by its label. Roles that Twenty doesn't let users change are left out."""

    label: str
    description: str | None = None
    icon: str | None = None
    update_all_settings: bool = False
    access_all_tools: bool = False
    read_all_records: bool = False
    update_all_records: bool = False
    delete_all_records: bool = False
    destroy_all_records: bool = False
    for_users: bool = True
    for_agents: bool = True
    for_api_keys: bool = True
    settings: Annotated[tuple[str, ...], BeforeValidator(as_sorted)] = ()
    """The settings that the role may change: `DATA_MODEL`, `WEBHOOKS`, …"""
    objects: dict[Name, ObjectPermission] = Setting(default_factory=dict)
    fields: dict[FieldPath, FieldPermission] = Setting(default_factory=dict)
    """The permissions by path: `company.annualRevenue`."""


class WebhookDefinition(Definition):
    """A webhook, identified by its address. Secrets are not written to files: the server creates one."""

    target_url: str
    operations: Annotated[tuple[str, ...], BeforeValidator(as_sorted), Setting(min_length=1)]
    description: str | None = None
