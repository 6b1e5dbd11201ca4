"""The schema of `/graphql`, derived by rules from the data model.

Every object has an output type, connections, inputs to create, update, filter, order, group and connect, and its root
fields. Types are made when something refers to them; the real server has some that nothing refers to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    GraphQLSchema,
)

from aiotwenty.sandbox.dialect import LATEST, Dialect
from aiotwenty.sandbox.model.composites import COMPOSITES
from aiotwenty.sandbox.model.data_model import (
    QUERIES,
    DataModel,
    ModelField,
    ModelObject,
    ModelRelation,
    Operation,
    is_groupable,
)
from aiotwenty.sandbox.model.directives import DIRECTIVES
from aiotwenty.sandbox.model.field_types import COUNTS, FieldTypes, Inputs, aggregates, input_field
from aiotwenty.sandbox.model.model_text import read_objects, write_model
from aiotwenty.sandbox.model.names import camel, upper_first
from aiotwenty.sandbox.model.scalars import BOOLEAN, CURSOR, ID, INT, JSON, STRING, UUID

_NEVER_GROUPED = frozenset({"RAW_JSON", "FILES", "TS_VECTOR"})


class CoreSchema:
    """The schema of the present model, built at its first use after each change.

    With `beside` it has the root fields of that schema too. Its first schema may declare three fields of an actor as
    non-null, and later ones don't: the real server does the same (Twenty, July 2026).
    """

    def __init__(self, model: DataModel, dialect: Dialect = LATEST, beside: GraphQLSchema | None = None) -> None:
        self._model = model
        self._dialect = dialect
        self._beside = beside
        self._built: GraphQLSchema | None = None
        self._revision = 0

    def current(self) -> GraphQLSchema:
        if self._built is None or self._revision != self._model.revision:
            first = self._built is None
            self._built = _schema(write_model(self._model), self._dialect, first, self._beside)
            self._revision = self._model.revision
        return self._built


@lru_cache(maxsize=4)
def _schema(model: str, dialect: Dialect, first: bool, beside: GraphQLSchema | None) -> GraphQLSchema:
    """The schema, cached. It never changes, so the sandboxes of a process share that of the standard objects."""
    return _Builder(DataModel(read_objects(model)), dialect, first).schema(beside)


class _Builder(FieldTypes):
    def __init__(self, model: DataModel, dialect: Dialect, first: bool = True) -> None:
        super().__init__(dialect, first)
        self.model = model

    def schema(self, beside: GraphQLSchema | None) -> GraphQLSchema:
        query: dict[str, GraphQLField] = {}
        mutation: dict[str, GraphQLField] = {}
        if beside is not None and beside.query_type and beside.mutation_type:
            query |= beside.query_type.fields
            mutation |= beside.mutation_type.fields
        for of in self.model.objects.values():
            for operation, name in of.roots.items():
                fields = query if operation in QUERIES else mutation
                fields[name] = self.root(of, operation)
        unreferred: list[GraphQLNamedType] = []
        if self.dialect.declares_unreferred_types:
            unreferred = [*map(self.relation_input, self.model.objects.values()), self.group_by_composite("ACTOR")]
        return GraphQLSchema(
            self.object_type("Query", lambda: query),
            self.object_type("Mutation", lambda: mutation),
            directives=DIRECTIVES,
            types=unreferred,
        )

    # Roots

    def root(self, of: ModelObject, operation: Operation) -> GraphQLField:
        record = self.output(of)
        records = GraphQLList(GraphQLNonNull(record))
        one_id = {"id": GraphQLArgument(GraphQLNonNull(UUID))}
        by_filter = {"filter": GraphQLArgument(GraphQLNonNull(self.filter(of)))}
        match operation:
            case "find_many":
                return self.to_many(of)
            case "find_one":
                return GraphQLField(record, by_filter)
            case "find_duplicates":
                return GraphQLField(
                    GraphQLList(GraphQLNonNull(self.connection(of))),
                    {
                        "ids": GraphQLArgument(GraphQLList(UUID)),
                        "data": GraphQLArgument(GraphQLList(self.create(of))),
                    },
                )
            case "group_by":
                return self.group_by_root(of)
            case "create_one" | "create_many":
                record_input = GraphQLNonNull(self.create(of))
                data = record_input if operation == "create_one" else GraphQLNonNull(GraphQLList(record_input))
                return GraphQLField(
                    record if operation == "create_one" else records,
                    {"data": GraphQLArgument(data), "upsert": GraphQLArgument(BOOLEAN)},
                )
            case "update_one":
                return GraphQLField(record, one_id | {"data": GraphQLArgument(GraphQLNonNull(self.update(of)))})
            case "update_many":
                data = GraphQLNonNull(self.update(of))
                return GraphQLField(records, {"data": GraphQLArgument(data)} | by_filter)
            case "delete_one" | "destroy_one" | "restore_one":
                return GraphQLField(record, one_id)
            case "delete_many" | "destroy_many" | "restore_many":
                return GraphQLField(records, by_filter)
            case "merge_many":
                return GraphQLField(
                    record,
                    {
                        "ids": GraphQLArgument(GraphQLNonNull(GraphQLList(GraphQLNonNull(UUID)))),
                        "conflictPriorityIndex": GraphQLArgument(GraphQLNonNull(INT)),
                        "dryRun": GraphQLArgument(BOOLEAN),
                    },
                )

    def to_many(self, of: ModelObject) -> GraphQLField:
        """A connection with Twenty's paging arguments: a root field, or a to-many relation."""
        return GraphQLField(
            self.connection(of),
            {
                "first": GraphQLArgument(INT),
                "last": GraphQLArgument(INT),
                "offset": GraphQLArgument(INT),
                "before": GraphQLArgument(STRING),
                "after": GraphQLArgument(STRING),
                "filter": GraphQLArgument(self.filter(of)),
                "orderBy": GraphQLArgument(GraphQLList(self.order_by(of))),
            },
        )

    def group_by_root(self, of: ModelObject) -> GraphQLField:
        limits = {"limit": GraphQLArgument(INT), "offsetForRecords": GraphQLArgument(INT)}
        return GraphQLField(
            GraphQLList(GraphQLNonNull(self.group_by_connection(of))),
            {
                "groupBy": GraphQLArgument(GraphQLNonNull(GraphQLList(GraphQLNonNull(self.group_by(of))))),
                "filter": GraphQLArgument(self.filter(of)),
                "orderBy": GraphQLArgument(GraphQLList(self.order_by_with_group_by(of))),
                "orderByForRecords": GraphQLArgument(GraphQLList(self.order_by(of))),
                "viewId": GraphQLArgument(UUID),
                **(limits if self.dialect.limits_groups else {}),
            },
        )

    # The types of objects

    def output(self, of: ModelObject) -> GraphQLObjectType:
        def fields() -> dict[str, GraphQLField]:
            served: dict[str, GraphQLField] = {}
            related: dict[str, GraphQLField] = {}
            for field in of.fields.values():
                for relation in self.relations(of, field):
                    if relation.join_column:
                        joined: GraphQLOutputType = ID if field.is_nullable else GraphQLNonNull(ID)
                        served[relation.join_column] = GraphQLField(joined)
                        related[relation.name] = GraphQLField(self.output(self.model.objects[relation.target]))
                    else:
                        related[relation.name] = self.to_many(self.model.objects[relation.target])
                if not field.relations:
                    plain = self.output_value(of, field)
                    served[field.name] = GraphQLField(plain if field.is_nullable else GraphQLNonNull(plain))
            return served | related

        return self.object_type(of.type_name, fields)

    def connection(self, of: ModelObject) -> GraphQLObjectType:
        return self.object_type(f"{of.type_name}Connection", lambda: self.connection_fields(of))

    def group_by_connection(self, of: ModelObject) -> GraphQLObjectType:
        return self.object_type(
            f"{of.type_name}GroupByConnection",
            lambda: self.connection_fields(of) | {"groupByDimensionValues": GraphQLField(GraphQLNonNull(JSON))},
        )

    def connection_fields(self, of: ModelObject) -> dict[str, GraphQLField]:
        edge = self.object_type(
            f"{of.type_name}Edge",
            lambda: {
                "node": GraphQLField(GraphQLNonNull(self.output(of))),
                "cursor": GraphQLField(GraphQLNonNull(CURSOR)),
            },
        )
        totals = (*self.aggregates(of), *self.morph_aggregates(of))
        return {name: GraphQLField(result) for name, result in totals} | {
            "edges": GraphQLField(GraphQLNonNull(GraphQLList(GraphQLNonNull(edge)))),
            "pageInfo": GraphQLField(GraphQLNonNull(self.page_info())),
        }

    def aggregates(self, of: ModelObject) -> Iterator[tuple[str, GraphQLScalarType]]:
        yield "totalCount", INT
        for field in of.fields.values():
            if not field.relations:
                yield from aggregates(field)

    def morph_aggregates(self, of: ModelObject) -> Iterator[tuple[str, GraphQLScalarType]]:
        for field in of.fields.values():
            if field.type == "MORPH_RELATION":
                for relation in self.relations(of, field):
                    for name, result in COUNTS.items():
                        yield name + upper_first(relation.name), result

    def create(self, of: ModelObject) -> GraphQLInputObjectType:
        return self.input_type(f"{of.type_name}CreateInput", lambda: self.writable(of, "Create"))

    def update(self, of: ModelObject) -> GraphQLInputObjectType:
        return self.input_type(f"{of.type_name}UpdateInput", lambda: self.writable(of, "Update"))

    def writable(self, of: ModelObject, verb: str) -> Inputs:
        inputs: Inputs = {}
        for field in of.fields.values():
            for relation in self.relations(of, field):
                if relation.join_column:
                    inputs[relation.join_column] = input_field(ID)
                    inputs[relation.name] = input_field(self.relation_input(self.model.objects[relation.target]))
            if not field.relations:
                value = self.input_value(of, field, verb)
                required = verb == "Create" and not field.is_nullable and field.default_value is None
                inputs[field.name] = input_field(GraphQLNonNull(value) if required else value)
        return inputs

    def relation_input(self, of: ModelObject) -> GraphQLInputObjectType:
        def fields() -> Inputs:
            connect = self.input_type(
                f"{of.type_name}ConnectInput", lambda: {"where": input_field(self.where_unique(of))}
            )
            return {"connect": input_field(connect), "disconnect": input_field(BOOLEAN)}

        return self.input_type(f"{of.type_name}RelationInput", fields)

    def where_unique(self, of: ModelObject) -> GraphQLInputObjectType:
        def fields() -> Inputs:
            inputs: Inputs = {"id": input_field(ID)}
            for name in dict.fromkeys(name for index in of.unique_indexes for name in index):
                field = of.fields[name]
                if field.relations:
                    inputs[name] = input_field(ID)
                elif field.type in COMPOSITES:
                    inputs[name] = input_field(self.unique_composite(of, field))
                else:
                    inputs[name] = input_field(self.input_value(of, field, "Create"))
            return inputs

        return self.input_type(f"{of.type_name}WhereUniqueInput", fields)

    def unique_composite(self, of: ModelObject, field: ModelField) -> GraphQLInputObjectType:
        return self.input_type(
            f"{of.type_name}{upper_first(camel(field.name))}WhereInput",
            lambda: {
                name: input_field(self.part(part)) for name, part in COMPOSITES[field.type].items() if part.unique
            },
        )

    def filter(self, of: ModelObject) -> GraphQLInputObjectType:
        def fields() -> Inputs:
            inputs: Inputs = {}
            for field in of.fields.values():
                for relation in self.relations(of, field):
                    if not relation.join_column:
                        # Filters can't go through the many side.
                        continue
                    inputs[relation.join_column] = input_field(self.filter_of_scalar("UUID", UUID))
                    if self.dialect.reaches_through_relations:
                        inputs[relation.name] = input_field(self.filter(self.model.objects[relation.target]))
                if not field.relations:
                    inputs[field.name] = input_field(self.filter_value(of, field))
            itself = self.filter(of)
            return inputs | {
                "and": input_field(GraphQLList(itself)),
                "or": input_field(GraphQLList(itself)),
                "not": input_field(itself),
            }

        return self.input_type(f"{of.type_name}FilterInput", fields)

    def order_by(self, of: ModelObject) -> GraphQLInputObjectType:
        return self.input_type(
            f"{of.type_name}OrderByInput", lambda: self.orders(of, self.direction, self.order_by, of.fields.values())
        )

    def order_by_with_group_by(self, of: ModelObject) -> GraphQLInputObjectType:
        def totals() -> Inputs:
            directions = {name: input_field(self.direction) for name, _ in self.aggregates(of)}
            related = (field for field in of.fields.values() if field.relations)
            return directions | self.orders(of, self.direction, self.order_by, related)

        def fields() -> Inputs:
            aggregate = self.input_type(f"{of.type_name}OrderByWithGroupByAggregateInput", totals)
            ordered = self.orders(of, self.order_by_date, self.order_by_with_group_by, of.fields.values())
            return {"aggregate": input_field(aggregate)} | ordered

        return self.input_type(f"{of.type_name}OrderByWithGroupByInput", fields)

    def orders(
        self,
        of: ModelObject,
        date: GraphQLInputType,
        related: Callable[[ModelObject], GraphQLInputObjectType],
        fields: Iterable[ModelField],
    ) -> Inputs:
        orders: Inputs = {}
        for field in fields:
            for relation in self.relations(of, field):
                if relation.join_column:
                    orders[relation.join_column] = input_field(self.direction)
                    if self.dialect.reaches_through_relations:
                        orders[relation.name] = input_field(related(self.model.objects[relation.target]))
            if field.type in COMPOSITES:
                orders[field.name] = input_field(self.order_by_composite(field.type))
            elif field.type in ("DATE_TIME", "DATE"):
                orders[field.name] = input_field(date)
            elif not field.relations:
                orders[field.name] = input_field(self.direction)
        return orders

    def group_by(self, of: ModelObject) -> GraphQLInputObjectType:
        def fields() -> Inputs:
            inputs: Inputs = {}
            for field in of.fields.values():
                for relation in self.relations(of, field):
                    if relation.join_column and self.dialect.reaches_through_relations:
                        inputs[relation.name] = input_field(self.group_by(self.model.objects[relation.target]))
                if field.relations or not self.grouped(field):
                    continue
                if field.type in COMPOSITES:
                    inputs[field.name] = input_field(self.group_by_composite(field.type))
                elif field.type in ("DATE_TIME", "DATE"):
                    inputs[field.name] = input_field(self.group_by_date)
                else:
                    inputs[field.name] = input_field(BOOLEAN)
            return inputs

        return self.input_type(f"{of.type_name}GroupByInput", fields)

    def grouped(self, field: ModelField) -> bool:
        if self.dialect.groups_by_any_field:
            return field.type not in _NEVER_GROUPED
        return is_groupable(field)

    def relations(self, of: ModelObject, field: ModelField) -> Iterator[ModelRelation]:
        """The ends of a relation field whose target objects exist."""
        return (relation for relation in field.relations if relation.name in of.to_one or relation.name in of.to_many)
