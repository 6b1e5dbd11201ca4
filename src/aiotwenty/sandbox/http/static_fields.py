"""The parts of `/graphql` beside records: introspection, `search`, and the schema that a caller without a key sees."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
)

from aiotwenty.sandbox.dialect import LATEST, Dialect
from aiotwenty.sandbox.errors import GENERIC
from aiotwenty.sandbox.javascript_messages import read_json, to_json
from aiotwenty.sandbox.language.execution import FieldInfo
from aiotwenty.sandbox.language.schema_execution import Answer, forbidden, run
from aiotwenty.sandbox.limits import MAX_SEARCH_RESULTS
from aiotwenty.sandbox.metadata.resolvers import not_in_sandbox
from aiotwenty.sandbox.model.composites import COMPOSITES
from aiotwenty.sandbox.model.data_model import DataModel, ModelObject
from aiotwenty.sandbox.model.directives import DIRECTIVES
from aiotwenty.sandbox.model.names import upper_first
from aiotwenty.sandbox.model.scalars import UUID
from aiotwenty.sandbox.model.schema import CoreSchema
from aiotwenty.sandbox.records.outputs import search_columns
from aiotwenty.sandbox.records.store import RecordStore, quoted

_SDL = """
scalar UUID

type SearchRecord {
  recordId: UUID!
  objectNameSingular: String!
  objectLabelSingular: String!
  label: String!
  imageUrl: String
  tsRankCD: Float!
  tsRank: Float!
}

type SearchResultEdge {
  node: SearchRecord!
  cursor: String!
}

type SearchResultPageInfo {
  endCursor: String
  hasNextPage: Boolean!
}

type SearchResultConnection {
  edges: [SearchResultEdge!]!
  pageInfo: SearchResultPageInfo!
}

type Query {
  search(
    searchInput: String!
    limit: Int!
    after: String
    includedObjectNameSingulars: [String!]
    excludedObjectNameSingulars: [String!]
  ): SearchResultConnection!
}

type Mutation {
  activateWorkflowVersion(workflowVersionId: UUID!): Boolean!
  deactivateWorkflowVersion(workflowVersionId: UUID!): Boolean!
}
"""


@cache
def _schema() -> GraphQLSchema:
    """The schema, with the scalars of the record schema, so that the two can be merged."""
    schema = build_schema(_SDL, assume_valid=True)
    record, mutation = schema.type_map["SearchRecord"], schema.mutation_type
    assert isinstance(record, GraphQLObjectType)
    assert mutation is not None
    required = GraphQLNonNull(UUID)
    record.fields["recordId"].type = required
    for field in mutation.fields.values():
        field.args["workflowVersionId"].type = required
    return GraphQLSchema(schema.query_type, mutation, directives=DIRECTIVES)


@lru_cache(maxsize=8)
def _introspected(schema: GraphQLSchema, source: str, variables: str, operation_name: str | None) -> Answer:
    """The introspection of a schema, cached: a whole one takes a third of a second."""
    answer = run(schema, source, json.loads(variables), operation_name, limits=False)
    return replace(answer, body=to_json(answer.body))


class StaticFields:
    """Validates and executes documents without record fields."""

    def __init__(self, store: RecordStore, model: DataModel, *, dialect: Dialect = LATEST) -> None:
        self._store = store
        self._model = model
        self._dialect = dialect
        self._records = CoreSchema(model, dialect)
        self._own = _schema()
        roots = (self._own.query_type, self._own.mutation_type)
        self._own_roots = frozenset(name for root in roots if root for name in root.fields)
        self._whole = CoreSchema(model, dialect, beside=self._own)

    @property
    def whole_schema(self) -> GraphQLSchema:
        """Its root fields together with those of the records, in one schema as on a validating server (Twenty 1.10)."""
        return self._whole.current()

    def execute(
        self,
        source: str,
        variables: Mapping[str, Any] | None = None,
        operation_name: str | None = None,
        *,
        authenticated: bool,
    ) -> Answer:
        """Answers a document by the static schema, in which record fields are unknown."""
        return run(
            self._own,
            source,
            variables,
            operation_name,
            resolver=self._resolve,
            context=authenticated,
            limits=self._dialect.limits_documents,
            introspection=authenticated or self._dialect.introspects_for_anyone,
        )

    def beside_records(self, source: str, variables: Mapping[str, Any] | None, operation_name: str | None) -> Answer:
        """The response to a document of the whole schema without its record fields, which are null in it."""
        return run(
            self.whole_schema,
            source,
            variables,
            operation_name,
            resolver=self._resolve_beside,
            context=True,
            limits=False,
        )

    def introspect(
        self, source: str, variables: Mapping[str, Any] | None = None, operation_name: str | None = None
    ) -> Answer:
        """Answers `__schema` and `__type` with the workspace's own schema."""
        schema = self.whole_schema if self._dialect.validates_documents else self._records.current()
        return _introspected(schema, source, json.dumps(variables, default=str), operation_name)

    def _resolve(self, source: Any, info: FieldInfo, **arguments: Any) -> Any:
        if not info.is_root:
            return source[info.field_name]
        if not info.context:
            raise forbidden(self._dialect)
        if info.field_name == "search":
            return self._search(**arguments)
        raise not_in_sandbox(f"{info.parent_type.name}.{info.field_name}")

    def _resolve_beside(self, source: Any, info: FieldInfo, **arguments: Any) -> Any:
        if info.is_root and info.field_name not in self._own_roots:
            return None
        return self._resolve(source, info, **arguments)

    def _search(
        self,
        searchInput: str,  # noqa: N803
        limit: int,
        after: str | None = None,
        includedObjectNameSingulars: list[str] | None = None,  # noqa: N803
        excludedObjectNameSingulars: list[str] | None = None,  # noqa: N803
    ) -> dict[str, Any]:
        """Every record with all of the words, in any searched field; all have the same rank."""
        if limit > MAX_SEARCH_RESULTS:
            message = f"Limit cannot exceed {MAX_SEARCH_RESULTS} items"
            raise GraphQLError(message, extensions={"userFriendlyMessage": GENERIC, "code": "BAD_USER_INPUT"})
        skipped = _offset(after)
        words = searchInput.lower().split()
        hits: list[dict[str, Any]] = []
        for of in self._model.objects.values():
            if not of.is_searchable or of.name_singular in (excludedObjectNameSingulars or ()):
                continue
            if includedObjectNameSingulars and of.name_singular not in includedObjectNameSingulars:
                continue
            hits += self._matches(of, words, skipped + limit + 1 - len(hits))
        page = hits[skipped : skipped + limit]
        edges = [{"node": node, "cursor": _cursor(skipped + place + 1)} for place, node in enumerate(page)]
        last = edges[-1]["cursor"] if edges else None
        return {"edges": edges, "pageInfo": {"endCursor": last, "hasNextPage": len(hits) > skipped + limit}}

    def _matches(self, of: ModelObject, words: list[str], limit: int) -> list[dict[str, Any]]:
        searched = [f"fold({quoted(column.name)})" for column in search_columns(of)]
        if not searched or limit <= 0:
            return []
        text = " || ' ' || ".join(f"coalesce({column}, '')" for column in searched)
        conditions = "".join(f" AND instr({text}, ?) > 0" for _ in words)
        sql = (
            f'SELECT "id", {_label(of)} FROM {quoted(of.name_singular)} WHERE "deletedAt" IS NULL{conditions} '
            'ORDER BY "position", "id" LIMIT ?'
        )
        return [
            {
                "recordId": record_id,
                "objectNameSingular": of.name_singular,
                "objectLabelSingular": of.label_singular,
                "label": (label or "").strip(),
                "imageUrl": None,
                "tsRankCD": 0.1,
                "tsRank": 0.0607927,
            }
            for record_id, label in self._store.rows(sql, (*words, limit))
        ]


def _label(of: ModelObject) -> str:
    field = of.fields[of.label_identifier]
    if field.type in COMPOSITES:
        parts = (f"coalesce({quoted(field.name + upper_first(part))}, '')" for part in COMPOSITES[field.type])
        return " || ' ' || ".join(parts)
    return f"coalesce({quoted(field.name)}, '')"


def _cursor(offset: int) -> str:
    return base64.b64encode(json.dumps({"offset": offset}).encode()).decode()


def _offset(after: str | None) -> int:
    if not after:
        return 0
    try:
        return max(0, int(read_json(base64.b64decode(after, validate=True).decode())["offset"]))
    except (ValueError, KeyError, TypeError, OverflowError):
        raise GraphQLError("Invalid cursor", extensions={"code": "BAD_USER_INPUT"}) from None
