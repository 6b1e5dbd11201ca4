"""The data model of a workspace and what hangs on it: objects, fields, webhooks, files."""

from __future__ import annotations

from aiotwenty.workspace.data_model import Field, Index, Object, Option, Relation, RelationTo, RelationType
from aiotwenty.workspace.workspace import Workspace

__all__ = ["Field", "Index", "Object", "Option", "Relation", "RelationTo", "RelationType", "Workspace"]
