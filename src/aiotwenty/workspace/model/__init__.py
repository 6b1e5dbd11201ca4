"""The data model as files or in Python: plan its changes to a workspace, and apply them."""

from __future__ import annotations

from aiotwenty.workspace.model.apply import NotApplied
from aiotwenty.workspace.model.beside import RoleDefinition, ViewDefinition, WebhookDefinition
from aiotwenty.workspace.model.definition import (
    DefinitionError,
    FieldDefinition,
    IndexDefinition,
    ObjectDefinition,
    OptionDefinition,
)
from aiotwenty.workspace.model.model import PARTS, Model, Part
from aiotwenty.workspace.model.plan import Action, DestroyRefused, Detail, ModelChange, OptionChange, Plan
from aiotwenty.workspace.model.toml_files import keep_renames, read_model, write_model

__all__ = [
    "PARTS",
    "Action",
    "DefinitionError",
    "DestroyRefused",
    "Detail",
    "FieldDefinition",
    "IndexDefinition",
    "Model",
    "ModelChange",
    "NotApplied",
    "ObjectDefinition",
    "OptionChange",
    "OptionDefinition",
    "Part",
    "Plan",
    "RoleDefinition",
    "ViewDefinition",
    "WebhookDefinition",
    "keep_renames",
    "read_model",
    "write_model",
]
