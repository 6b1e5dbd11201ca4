"""The data model of a workspace: objects and fields, views, roles, webhooks, files."""

from __future__ import annotations

from aiotwenty.workspace.data_model import Field, Index, Object, Option, Relation, RelationTo, RelationType
from aiotwenty.workspace.workspace import Workspace

__all__ = ["Field", "Index", "Object", "Option", "Relation", "RelationTo", "RelationType", "Workspace"]
