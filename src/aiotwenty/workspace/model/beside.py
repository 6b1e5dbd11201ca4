"""Definitions beside objects and fields: views, roles with their permissions, webhooks."""

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
    """Its width in pixels."""
    aggregate: str | None = None


class ViewFilterDefinition(Definition):
    """A condition of a view."""

    field: Name
    operand: str
    value: JsonValue = ""
    """As Twenty stores it. Ids of records in it are those of one workspace."""
    value_json: str | None = None
    """The same as JSON: for what TOML cannot say."""
    part: str | None = None
    """Of a composite: `primaryLinkUrl`."""
    group: int | None = None
    """Its place in `filter_groups`."""


class ViewFilterGroupDefinition(Definition):
    """Conditions that are joined by one word."""

    operator: str = "AND"
    parent: int | None = None
    """The place in `filter_groups` of that which it is in; those come before it."""


class ViewSortDefinition(Definition):
    field: Name
    direction: Literal["ASC", "DESC"] = "ASC"
    part: str | None = None


class ViewGroupDefinition(Definition):
    """A column of a board."""

    value: str
    visible: bool = True


class ViewDefinition(Definition):
    """A view that the whole workspace sees; it goes by its object and its name."""

    object: Name
    name: str
    type: str = "TABLE"
    key: str | None = None
    """`INDEX` is the view that comes with the object."""
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
    """What any field of a record must hold."""
    fields: Annotated[tuple[ViewColumn, ...], BeforeValidator(as_tuple)] = ()
    """In their order."""
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
    """A role; it goes by its label. The roles that Twenty lets nobody change are left alone."""

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
    """The settings that it may change: `DATA_MODEL`, `WEBHOOKS`, …"""
    objects: dict[Name, ObjectPermission] = Setting(default_factory=dict)
    fields: dict[FieldPath, FieldPermission] = Setting(default_factory=dict)
    """By their paths: `company.annualRevenue`."""


class WebhookDefinition(Definition):
    """A webhook; it goes by its address. Its secret is in no file: the server makes one."""

    target_url: str
    operations: Annotated[tuple[str, ...], BeforeValidator(as_sorted), Setting(min_length=1)]
    description: str | None = None
