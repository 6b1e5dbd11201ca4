"""Executes a document for `/graphql`: walks it without a look at the schema, or validates it.

Measured: Twenty of July 2026 walks, 1.10 of November 2025 validates.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from graphql import GraphQLError, OperationDefinitionNode, OperationType, specified_rules
from graphql.execution.values import get_variable_values

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.http.requests import GraphQLCall
from aiotwenty.sandbox.http.static_fields import StaticFields
from aiotwenty.sandbox.language.documents import Document, DocumentCache, Reader, RootField, is_query
from aiotwenty.sandbox.language.schema_execution import Answer, no_operation, refusal, validated
from aiotwenty.sandbox.language.variable_checks import variable_errors
from aiotwenty.sandbox.limits import MAX_ROOT_FIELDS, TokenBuckets
from aiotwenty.sandbox.model.data_model import QUERIES, DataModel
from aiotwenty.sandbox.model.workspace import Caller
from aiotwenty.sandbox.records.operations import Operations

_INTROSPECTION = frozenset({"__schema", "__type"})
_log = logging.getLogger(__name__)


class RecordAnswer(Answer):
    """A response from the records rather than from a schema; its content type has no charset."""


class Core:
    """The `/graphql` endpoint."""

    def __init__(
        self,
        model: DataModel,
        operations: Callable[[], Operations],
        static: StaticFields,
        limiter: Callable[[], TokenBuckets],
        dialect: Dialect,
    ) -> None:
        self._model = model
        self._operations = operations
        self._static = static
        self._limiter = limiter
        self._dialect = dialect
        self._documents = DocumentCache()

    def execute(self, call: GraphQLCall, caller: Caller | None) -> Answer:
        try:
            document = self._documents.parse(call.query)
        except GraphQLError as error:
            return refusal([error])
        if caller is None:
            return self.static_answer(call, caller)
        operation = document.operation(call.operation_name)
        if operation is None:
            return no_operation(self._dialect.names_missing_operation, call.operation_name)
        if operation.operation is OperationType.SUBSCRIPTION:
            return self.static_answer(call, caller)
        answer = self._validated if self._dialect.validates_documents else self._walked
        try:
            return answer(document, operation, call, caller)
        except errors.RecordError as error:
            return RecordAnswer({"data": {}, "errors": [error.as_dict(self._dialect)]})

    def static_answer(self, call: GraphQLCall, caller: Caller | None) -> Answer:
        """The response of the static schema, which has no records."""
        authenticated = caller is not None
        return self._static.execute(call.query, call.variables, call.operation_name, authenticated=authenticated)

    def is_mutation(self, source: str, operation_name: str | None) -> bool:
        try:
            operation = self._documents.parse(source).operation(operation_name)
        except GraphQLError:
            return False
        return operation is not None and not is_query(operation)

    def root_fields(self, source: str, operation_name: str | None) -> dict[str, str]:
        """The root fields by response key, to choose faults; empty if the document can't be parsed."""
        try:
            document = self._documents.parse(source)
            operation = document.operation(operation_name)
            if operation is None or not document.root_names(operation):
                return {}
            return {root.key: root.name for root in document.roots(operation, Reader({}, False))}
        except (GraphQLError, errors.RecordError, RecursionError):
            return {}

    def _is_record_field(self, operation: OperationDefinitionNode, name: str) -> bool:
        """Whether the root field reads or writes records. Newer servers ignore the keyword of the operation."""
        found = self._model.by_root(name)
        if found is None:
            return False
        return not self._dialect.separates_mutations or (found[1] in QUERIES) == is_query(operation)

    # The walking server

    def _walked(
        self, document: Document, operation: OperationDefinitionNode, call: GraphQLCall, caller: Caller
    ) -> Answer:
        names = document.root_names(operation)
        reader = Reader(call.variables, validating=False)
        roots = document.roots(operation, reader)
        records = [root for root in roots if self._is_record_field(operation, root.name)]
        if not records:
            if names & _INTROSPECTION:
                return self._introspected(call)
            return self.static_answer(call, caller)
        if names & _INTROSPECTION and len(records) + len(names & _INTROSPECTION) == len(roots):
            answer = self._answers(records, document, reader, caller)
            answer["data"].update(dict.fromkeys(names & _INTROSPECTION))
            answer.setdefault("errors", []).append(errors.mixed_roots().as_dict())
            return RecordAnswer(answer)
        if len(records) < len(roots):
            return RecordAnswer({"errors": [errors.mixed_roots().as_dict()]})
        if (refused := _walk_limits(roots)) is not None:
            return RecordAnswer({"data": {}, "errors": [refused.as_dict()]})
        return RecordAnswer(self._answers(roots, document, reader, caller))

    # The validating server

    def _validated(
        self, document: Document, operation: OperationDefinitionNode, call: GraphQLCall, caller: Caller
    ) -> Answer:
        try:
            names = document.root_names(operation)
        except RecursionError:
            # Fragments that contain themselves are reported by the validation.
            names = frozenset()
        if not any(self._is_record_field(operation, name) for name in names):
            return self._introspected(call) if names & _INTROSPECTION else self._beside_records(call)
        schema = self._static.whole_schema
        key = ("valid", self._model.revision)
        if key not in document.cache:
            document.cache[key] = validated(schema, document.node, specified_rules)
        if document.cache[key]:
            return refusal(document.cache[key])
        if wrong := variable_errors(schema, operation, call.variables):
            return Answer({"errors": wrong}, status=400)
        values = get_variable_values(schema, operation.variable_definitions or (), call.variables)
        # graphql-core 3.3 returns an object, 3.2 the plain values.
        coerced: Any = getattr(values, "coerced", values)
        reader = Reader(coerced, validating=True)
        roots = document.roots(operation, reader)
        records = [root for root in roots if self._is_record_field(operation, root.name)]
        answer = self._answers(records, document, reader, caller)
        if len(records) < len(roots):
            beside = self._beside_records(call).body
            static_keys = {root.key for root in roots} - {root.key for root in records}
            answer["data"] |= {key: value for key, value in (beside["data"] or {}).items() if key in static_keys}
            if "errors" in beside:
                answer["errors"] = [*answer.get("errors", ()), *beside["errors"]]
        return RecordAnswer(answer)

    def _beside_records(self, call: GraphQLCall) -> Answer:
        answer = self._static.beside_records(call.query, call.variables, call.operation_name)
        return RecordAnswer(answer.body, answer.status, answer.refused)

    def _introspected(self, call: GraphQLCall) -> Answer:
        answer = self._static.introspect(call.query, call.variables, call.operation_name)
        return RecordAnswer(answer.body, answer.status, answer.refused)

    def _answers(self, roots: list[RootField], document: Document, reader: Reader, caller: Caller) -> dict[str, Any]:
        """Executes each root field by itself: some may fail while others succeed."""
        data: dict[str, Any] = {}
        failed: list[dict[str, Any]] = []
        empty = self._limiter().take() if roots else None
        operations = self._operations()
        for root in roots:
            try:
                if empty is not None:
                    raise errors.limit_reached(empty.tokens, empty.milliseconds)
                data[root.key] = operations.run(root, document, reader, caller)
            except errors.RecordError as error:
                data[root.key] = None
                failed.append(error.as_dict(self._dialect))
            except RecursionError:
                data[root.key] = None
                failed.append(errors.too_nested().as_dict())
            except Exception:
                _log.exception("%s failed", root.name)
                data[root.key] = None
                failed.append(errors.internal().as_dict())
        return {"data": data, "errors": failed} if failed else {"data": data}


def _walk_limits(roots: list[RootField]) -> errors.RecordError | None:
    seen: set[str] = set()
    for root in roots:
        if root.name in seen:
            return errors.duplicate_root(root.name)
        seen.add(root.name)
    return errors.too_many_roots(len(roots), MAX_ROOT_FIELDS) if len(roots) > MAX_ROOT_FIELDS else None
