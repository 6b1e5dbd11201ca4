"""`codegen.toml`: where the schemas are, where operations and the package go, and settings for ariadne-codegen."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from ariadne_codegen.settings import ClientSettings

from aiotwenty.codegen.errors import CodegenError
from aiotwenty.codegen.files import read_text
from aiotwenty.codegen.model.names import is_importable
from aiotwenty.graphql.advice import did_you_mean

ENDPOINTS = ("core", "metadata")
_OWN_KEYS = frozenset({"package", "schema", "queries", "objects", "descriptions", *ENDPOINTS})
_ENDPOINT_KEYS = frozenset({"schema", "queries"})

# The layout of the package depends on these settings. Ignoring them silently would be worse than refusing them.
_FIXED = frozenset(
    {
        "async_client",
        "base_client_file_path",
        "base_client_module_name",
        "base_client_name",
        "client_file_name",
        "client_name",
        "convert_to_snake_case",
        "defer_model_build",
        "enable_custom_operations",
        "enums_module_name",
        "files_to_include",
        "fragments_module_name",
        "include_all_enums",
        "include_all_inputs",
        "include_comments",
        "input_types_module_name",
        "lazy_imports",
        "multipart_uploads",
        "opentelemetry_client",
        "queries_path",
        "schema_path",
        "schema_paths",
        "target_package_name",
        "target_package_path",
        "use_alias_generator",
    }
)
_ARIADNE = frozenset(each.name for each in fields(ClientSettings)) - _FIXED


@dataclass(frozen=True)
class EndpointConfig:
    """One endpoint: its SDL file, the folder of its operations, and settings for ariadne-codegen."""

    name: str
    schema: Path
    queries: Path
    ariadne: dict[str, Any] = field(default_factory=dict)

    @property
    def class_name(self) -> str:
        return f"{self.name.capitalize()}Client"


@dataclass(frozen=True)
class Config:
    """Contents of `codegen.toml`. Paths are relative to the file; a package without folder goes to `src/<name>`."""

    package: Path
    queries: Path
    core: EndpointConfig
    metadata: EndpointConfig
    objects: tuple[str, ...] = ()
    """The objects to generate, by singular or plural name; all if empty."""
    descriptions: Path | None = None
    """A file of descriptions that replace those of the schemas."""

    @property
    def endpoints(self) -> tuple[EndpointConfig, EndpointConfig]:
        return self.core, self.metadata


def load_config(path: Path) -> Config:
    """Reads and checks `codegen.toml`. Raises `CodegenError` for missing, misspelt and wrongly typed settings."""
    text = read_text(path, advice="`aiotwenty init` writes one.")
    try:
        return make_config(tomllib.loads(text), path)
    except tomllib.TOMLDecodeError as error:
        raise CodegenError(f"{path} is not valid TOML: {error}") from error


def make_config(data: Mapping[str, Any], path: Path) -> Config:
    root = path.parent
    named = _text(data, "package", path, required=True)
    package = root / ("src" if named.isidentifier() else "") / named
    if not is_importable(package.name):
        raise CodegenError(f'{path}: package "{named}" must end in a name that Python can import')
    queries = root / _text(data, "queries", path, default="queries")
    schema = root / _text(data, "schema", path, default="schema")
    shared = {key: value for key, value in data.items() if key not in _OWN_KEYS}
    # A table that neither this project nor ariadne-codegen knows may be the configuration of a plugin.
    plugins = any(isinstance(table, dict) and "plugins" in table for table in (data, *map(data.get, ENDPOINTS)))
    _check_settings(shared, path, tables=plugins)
    core, metadata = (
        _endpoint(name, data, shared, path, queries=queries, schema=schema, tables=plugins) for name in ENDPOINTS
    )
    for kind, former, other in (
        ("queries", core.queries, metadata.queries),
        ("schema", core.schema, metadata.schema),
    ):
        first, second = former.resolve(), other.resolve()
        if first.is_relative_to(second) or second.is_relative_to(first):
            raise CodegenError(f"{path}: {kind} of [core] and [metadata] must lie apart, not {former} and {other}")
    objects = data.get("objects", [])
    if not isinstance(objects, list) or not all(isinstance(text, str) for text in objects):
        raise CodegenError(f"{path}: objects must be a list of names")
    described = root / _text(data, "descriptions", path) if "descriptions" in data else None
    return Config(package, queries, core, metadata, tuple(text for text in objects if text != "*"), described)


def _endpoint(
    name: str, data: Mapping[str, Any], shared: dict[str, Any], path: Path, *, queries: Path, schema: Path, tables: bool
) -> EndpointConfig:
    table = data.get(name, {})
    if not isinstance(table, dict):
        raise CodegenError(f"{path}: [{name}] must be a table")
    own = {key: value for key, value in table.items() if key not in _ENDPOINT_KEYS}
    _check_settings(own, path, f"[{name}] ", tables=tables)
    merged = {**shared, **own}
    if "scalars" in shared and "scalars" in own:
        merged["scalars"] = {**shared["scalars"], **own["scalars"]}
    return EndpointConfig(
        name,
        path.parent / _text(table, "schema", path) if "schema" in table else schema / f"{name}.graphql",
        path.parent / _text(table, "queries", path) if "queries" in table else queries / name,
        merged,
    )


def _check_settings(table: Mapping[str, Any], path: Path, where: str = "", *, tables: bool) -> None:
    """Refuses settings that the layout fixes, and unknown ones. `tables`: further tables are allowed."""
    for key, value in table.items():
        if key in _FIXED:
            raise CodegenError(f"{path}: {where}{key} of ariadne-codegen is decided by aiotwenty and cannot be set")
        if key not in _ARIADNE and not (tables and isinstance(value, dict)):
            hint = did_you_mean(key, [*_ARIADNE, *_OWN_KEYS])
            raise CodegenError(f'{path}: {where}"{key}" is no setting of aiotwenty or ariadne-codegen{hint}')
    scalars = table.get("scalars", {})
    if not isinstance(scalars, dict) or not all(isinstance(scalar, dict) for scalar in scalars.values()):
        raise CodegenError(f"{path}: {where}scalars must be tables, such as [scalars.Date]")


def _text(data: Mapping[str, Any], key: str, path: Path, *, default: str = "", required: bool = False) -> str:
    value = data.get(key, default)
    if not isinstance(value, str) or (required and not value):
        example = f', such as {key} = "src/my_crm"' if required else ""
        raise CodegenError(f'{path}: "{key}" must be a path{example}')
    return value
