"""SDL files: read with a clear error, written sorted, without descriptions and all at once or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from graphql import (
    GraphQLError,
    GraphQLSchema,
    assert_valid_schema,
    build_ast_schema,
    lexicographic_sort_schema,
    parse,
    print_schema,
)

from aiotwenty.codegen.errors import CodegenError, Problem


def load_schema(path: Path) -> GraphQLSchema:
    """The schema in an SDL file. Only its root types count; no name is expected to be in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CodegenError(
            f"cannot read the schema {path}: {error.strerror}. `aiotwenty introspect` writes it."
        ) from error
    return parse_schema(text, path)


def parse_schema(text: str, path: Path) -> GraphQLSchema:
    try:
        schema = build_ast_schema(parse(text), assume_valid=True)
        assert_valid_schema(schema)
    except (GraphQLError, TypeError) as error:
        line = error.locations[0].line if isinstance(error, GraphQLError) and error.locations else 1
        raise CodegenError("the schema is not valid:", [Problem(path, line, str(error).split("\n")[0])]) from error
    if schema.query_type is None:
        raise CodegenError(f"the schema {path} has no type Query")
    return schema


def print_sorted(schema: GraphQLSchema) -> str:
    """SDL with types, fields, arguments and enum values in alphabetical order, so that diffs are small."""
    return print_schema(lexicographic_sort_schema(schema)) + "\n"


def write_files(files: Mapping[Path, str]) -> list[Path]:
    """Write every file whose content differs and give back which: each in one step, none before all are on disk."""
    changed = {path: text for path, text in files.items() if not _holds(path, text)}
    staged: list[tuple[str, Path]] = []
    try:
        for path, text in changed.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            staged.append((name, path))
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            Path(name).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        for name, path in staged:
            Path(name).replace(path)
    except OSError as error:
        raise CodegenError(f"cannot write {error.filename}: {error.strerror}") from error
    finally:
        for name, _ in staged:
            Path(name).unlink(missing_ok=True)
    return list(changed)


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()
