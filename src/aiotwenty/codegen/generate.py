"""`aiotwenty generate`: from two SDL files and the user's operations to a package, in one go."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ariadne_codegen.config import get_client_settings
from ariadne_codegen.exceptions import CodeGenException
from ariadne_codegen.plugins.explorer import get_plugins_types
from ariadne_codegen.plugins.manager import PluginManager
from ariadne_codegen.schema import add_mixin_directive_to_schema
from ariadne_codegen.settings import ClientSettings, get_validation_rule
from graphql import (
    DefinitionNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLNamedType,
    GraphQLSchema,
    OperationDefinitionNode,
    assert_valid_schema,
)

import aiotwenty.graphql.runtime
from aiotwenty.codegen.config import Config, EndpointConfig
from aiotwenty.codegen.errors import CodegenError, DocumentProblem
from aiotwenty.codegen.files import make_folder, read_text, write_files
from aiotwenty.codegen.model.class_modules import FOLDER, namespace_names, object_homes
from aiotwenty.codegen.model.descriptions import Descriptions, OwnDescriptions, load_descriptions
from aiotwenty.codegen.model.node_names import TaggingPlugin
from aiotwenty.codegen.model.package import PackageBuilder
from aiotwenty.codegen.read.documents import Documents, collect, document_problems, find_documents, parse_file
from aiotwenty.codegen.read.sdl import load_schema
from aiotwenty.codegen.write.client import client_module
from aiotwenty.codegen.write.dicts import dict_names, dicts_module
from aiotwenty.codegen.write.init import endpoint_init, package_client, package_init
from aiotwenty.codegen.write.models import models_module
from aiotwenty.codegen.write.objects import ObjectModules
from aiotwenty.codegen.write.operations import constants, operations_module
from aiotwenty.codegen.write.queries import core_operations, metadata_operations, write_operations
from aiotwenty.codegen.write.source import MARK
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.field_order import put_in_order
from aiotwenty.graphql.object_roots import TwentyObject, find_objects
from aiotwenty.graphql.relations import object_fields
from aiotwenty.graphql.schema_corrections import amend, inputs_are_exact


@dataclass
class GenerateReport:
    """The result of `generate`."""

    changed: list[Path] = field(default_factory=list)
    """Files that were written or removed. Files whose content is right already are not touched."""
    operations: dict[str, int] = field(default_factory=dict)
    """The number of operations of each endpoint's client."""
    objects: list[str] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)
    """The user's own files in the places of generated ones; they are not replaced."""


def generate(config: Config) -> GenerateReport:
    """Writes the operations of both schemas, and the package. The same input gives the same bytes.

    Raises `CodegenError` with every problem in the user's own operations, before the package is touched.
    """
    # Parsed documents and schemas are needed to the end: collecting garbage meanwhile would take half of the time.
    with _without_garbage_collection():
        return _generate(config)


def _generate(config: Config) -> GenerateReport:
    report = GenerateReport()
    loaded = {endpoint.name: _Loaded.load(endpoint, config) for endpoint in config.endpoints}
    stray = _stray_documents(config, {name: side.schema for name, side in loaded.items()})
    for side in loaded.values():
        report.changed += side.write_operations()
    documents = {name: side.documents(stray[name]) for name, side in loaded.items()}
    if problems := [problem for name, side in loaded.items() for problem in side.problems(documents[name])]:
        unique = sorted(dict.fromkeys(problems), key=lambda problem: (str(problem.path), problem.line))
        raise CodegenError("operations that Twenty would refuse or get wrong:", unique)
    files: dict[Path, str] = {}
    with _quiet(config):
        for name, side in loaded.items():
            generated = side.package(documents[name])
            report.operations[name] = len(documents[name].operations)
            files |= {config.package / name / file: text for file, text in generated.items()}
    report.objects = [twenty_object.plural for twenty_object in loaded["core"].objects]
    init = config.package / "__init__.py"
    if _is_generated(init):
        if config.package.name == aiotwenty.__name__:
            raise CodegenError(f"{config.package} would hide aiotwenty itself: give the package another name")
        files[init] = package_init(config.package.name)
        files[config.package / "client.py"] = package_client()
        files[config.package / "py.typed"] = ""
    else:
        report.kept.append(init)
    if own := [path for path in files if path.suffix == ".py" and not _is_generated(path)]:
        reason = "is needed for a generated module: rename yours, or give the package another name"
        raise CodegenError(
            "a file of your own has the name of a generated one:", [DocumentProblem(path, 1, reason) for path in own]
        )
    report.changed += write_files(files)
    report.changed += _remove_stale(config, files)
    return report


@dataclass
class _Loaded:
    """One endpoint during the generation."""

    endpoint: EndpointConfig
    schema: GraphQLSchema
    settings: ClientSettings
    plugins: PluginManager
    objects: list[TwentyObject]
    described: OwnDescriptions

    @classmethod
    def load(cls, endpoint: EndpointConfig, config: Config) -> _Loaded:
        schema = load_schema(endpoint.schema)
        make_folder(endpoint.queries)
        table = {
            **endpoint.ariadne,
            "schema_path": str(endpoint.schema),
            "queries_path": str(endpoint.queries),
            "base_client_name": "OperationsClient",
            "base_client_file_path": aiotwenty.graphql.runtime.__file__,
        }
        settings_table = {"tool": {"ariadne-codegen": table}}
        try:
            settings = get_client_settings(settings_table)
            for rule in settings.skip_validation_rules:
                get_validation_rule(rule)
            plugins = PluginManager(schema, settings_table, [TaggingPlugin, *get_plugins_types(settings.plugins)])
            schema = plugins.process_schema(add_mixin_directive_to_schema(schema))
        except (CodeGenException, ImportError, TypeError, ValueError) as error:
            raise CodegenError(f"ariadne-codegen refuses the settings of {endpoint.name}: {error}") from error
        assert_valid_schema(schema)
        put_in_order(schema)
        objects = _chosen(find_objects(schema), config.objects) if endpoint.name == "core" else []
        own = load_descriptions(config.descriptions) if config.descriptions else OwnDescriptions()
        return cls(endpoint, schema, settings, plugins, objects, own)

    def write_operations(self) -> list[Path]:
        is_core = self.endpoint.name == "core"
        texts = core_operations(self.schema, self.objects) if is_core else metadata_operations(self.schema)
        return write_operations(self.endpoint.queries, texts)

    def documents(self, stray: Iterable[DocumentNode]) -> Documents:
        return collect([*map(parse_file, find_documents(self.endpoint.queries)), *stray])

    def package(self, documents: Documents) -> dict[str, str]:
        """The text of each module."""
        is_core = self.endpoint.name == "core"
        if is_core:
            amend(self.schema)
        else:
            inputs_are_exact(self.schema)
        descriptions = Descriptions(self.schema, self.described)
        homes = object_homes(self.schema, self.objects)
        builder = PackageBuilder(
            self.schema,
            documents,
            self.settings,
            self.plugins,
            descriptions,
            records=is_core,
            homes=homes,
        )
        try:
            models, methods = builder.build()
        except CodeGenException as error:
            raise CodegenError(f"ariadne-codegen cannot generate {self.endpoint.name}: {error}") from error
        name = self.endpoint.class_name
        url = "/graphql" if is_core else "/metadata"
        texts = constants(methods)
        exports = {module: [model.name for model in classes] for module, classes in models.modules.items() if classes}
        files = {
            f"{module}.py": models_module(module, models) for module in exports if not module.startswith(f"{FOLDER}.")
        }
        files["operations.py"] = operations_module(methods, documents.fragments)
        files["client.py"] = client_module(name, url, self.endpoint.name, methods, builder, models.home.keys())
        exports["client"] = [name]
        if is_core:
            namespaces = namespace_names(homes, models.home)
            objects = ObjectModules(self.schema, homes, namespaces, texts, models, descriptions)
            files[f"{FOLDER}/__init__.py"] = objects.init()
            for home in homes:
                files[f"{FOLDER}/{home.module}.py"] = objects.text(home)
                exports.setdefault(home.path, []).append(namespaces[home.object.plural])
            files["dicts.py"] = dicts_module(self.schema, models, self.settings.scalars)
            exports |= {"dicts": dict_names(self.schema, models), FOLDER: ["Objects"]}
        files["__init__.py"] = endpoint_init(url, dict(sorted(exports.items())))
        return files

    def problems(self, documents: Documents) -> Iterator[DocumentProblem]:
        """Problems of the user's own operations: what the schema does not allow, and what the server cannot do."""
        skipped = [get_validation_rule(rule) for rule in self.settings.skip_validation_rules]
        return document_problems(documents, self.schema, skipped, records=self.endpoint.name == "core")


def _chosen(objects: list[TwentyObject], wanted: tuple[str, ...]) -> list[TwentyObject]:
    names = {name for twenty_object in objects for name in (twenty_object.singular, twenty_object.plural)}
    for unknown in sorted(set(wanted) - names):
        hint = did_you_mean(unknown, sorted(names))
        raise CodegenError(f'objects in the configuration: the schema has no object "{unknown}"{hint}')
    return [
        twenty_object
        for twenty_object in objects
        if not wanted or twenty_object.singular in wanted or twenty_object.plural in wanted
    ]


def _stray_documents(config: Config, schemas: dict[str, GraphQLSchema]) -> dict[str, list[DocumentNode]]:
    """Definitions outside of the endpoints' folders. Each goes to the endpoint that has most of its fields."""
    stray: dict[str, list[DocumentNode]] = {name: [] for name in schemas}
    if not config.queries.is_dir():
        return stray
    inside = tuple(endpoint.queries for endpoint in config.endpoints)
    sdl = {endpoint.schema.resolve() for endpoint in config.endpoints}
    for path in find_documents(config.queries):
        if path.resolve() in sdl or any(path.is_relative_to(folder) for folder in inside):
            continue
        for definition in parse_file(path).definitions:
            known = {name: _known_fields(definition, schema) for name, schema in schemas.items()}
            best = [name for name, count in known.items() if count == max(known.values())]
            shared = isinstance(definition, FragmentDefinitionNode) and known[best[0]] > 0
            for name in best if shared else best[:1]:
                stray[name].append(DocumentNode(definitions=(definition,)))
    return stray


def _known_fields(definition: DefinitionNode, schema: GraphQLSchema) -> int:
    """The number of selected fields that a schema has; -1 if it lacks even the type."""
    if isinstance(definition, OperationDefinitionNode):
        parent: GraphQLNamedType | None = schema.get_root_type(definition.operation)
    elif isinstance(definition, FragmentDefinitionNode):
        parent = schema.type_map.get(definition.type_condition.name.value)
    else:
        return -1
    selected = [
        selection.name.value for selection in definition.selection_set.selections if isinstance(selection, FieldNode)
    ]
    return -1 if parent is None else sum(name in object_fields(parent) for name in selected)


def _is_generated(path: Path) -> bool:
    """Whether the file may be replaced: it is generated, empty, or missing."""
    text = read_text(path) if path.exists() else ""
    return text.startswith(MARK) or not text.strip()


def _remove_stale(config: Config, files: Iterable[Path]) -> Iterator[Path]:
    """Removes modules that an earlier run wrote and this one did not; gives their paths."""
    for name in ("core", "metadata"):
        for path in sorted((config.package / name).rglob("*.py")):
            if path not in files and _is_generated(path):
                path.unlink()
                yield path


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def _quiet(config: Config) -> Iterator[None]:
    """Suppresses the warnings about deprecated parts of the schema, unless the configuration asks for them."""
    with warnings.catch_warnings():
        if not any(endpoint.ariadne.get("show_deprecation_warnings") for endpoint in config.endpoints):
            warnings.simplefilter("ignore", DeprecationWarning)
        yield
