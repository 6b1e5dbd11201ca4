"""Parses GraphQL text with clear errors; checks schemas and prints them sorted."""

from __future__ import annotations

from pathlib import Path

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    Source,
    assert_valid_schema,
    build_ast_schema,
    lexicographic_sort_schema,
    parse,
    print_schema,
)
from graphql.validation.validate import validate_sdl

from aiotwenty.codegen.errors import CodegenError, DocumentProblem
from aiotwenty.codegen.files import read_text

_INVALID = "the schema is not valid:"


def load_schema(path: Path) -> GraphQLSchema:
    """The schema in an SDL file. Types are recognised by the root fields, not by fixed names."""
    return parse_schema(read_text(path, advice="`aiotwenty introspect` writes it."), path)


def parse_schema(text: str, path: Path) -> GraphQLSchema:
    document = parse_text(text, path, _INVALID)
    try:
        schema = build_ast_schema(document, assume_valid=True)
        assert_valid_schema(schema)
    except (GraphQLError, TypeError) as error:
        # Looking for all places takes longer than building the schema, so it is done only after an error.
        problems = [DocumentProblem.of(problem, path) for problem in validate_sdl(document)]
        raise CodegenError(_INVALID, problems or [DocumentProblem(path, 1, str(error).split("\n")[0])]) from error
    if schema.query_type is None:
        raise CodegenError(f"the schema {path} has no type Query")
    return schema


def parse_text(text: str, path: Path, complaint: str) -> DocumentNode:
    """The parsed text of a file. Raises `CodegenError` with the `complaint` and the line if the syntax is wrong."""
    try:
        return parse(Source(text, str(path)))
    except GraphQLError as error:
        raise CodegenError(complaint, [DocumentProblem.of(error, path)]) from error


def print_sorted(schema: GraphQLSchema) -> str:
    """SDL with types, fields, arguments and enum values in alphabetical order, so that diffs are small."""
    return print_schema(lexicographic_sort_schema(schema)) + "\n"
