"""The types of fields in the schema of `/graphql`: scalars, enums, composites, and their filters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
)

from aiotwenty.sandbox.dialect import LATEST, Dialect
from aiotwenty.sandbox.model.composites import ACTOR_SOURCES, COMPOSITES, SubField
from aiotwenty.sandbox.model.data_model import OPTIONED, ModelField, ModelObject
from aiotwenty.sandbox.model.names import upper_first
from aiotwenty.sandbox.model.scalars import (
    BIG_FLOAT,
    BIG_INT,
    BOOLEAN,
    CONNECTION_CURSOR,
    DATE,
    DATE_TIME,
    FLOAT,
    ID,
    INT,
    JSON,
    POSITION,
    STRING,
    TS_VECTOR,
    UUID,
)

Inputs = dict[str, GraphQLInputField]
PlainType = GraphQLScalarType | GraphQLEnumType
InputValue = PlainType | GraphQLInputObjectType | GraphQLList[Any]

COUNTS: dict[str, GraphQLScalarType] = {
    "countUniqueValues": INT,
    "countEmpty": INT,
    "countNotEmpty": INT,
    "percentageEmpty": FLOAT,
    "percentageNotEmpty": FLOAT,
}
_SCALARS: dict[str, GraphQLScalarType] = {
    "TEXT": STRING,
    "UUID": UUID,
    "NUMERIC": BIG_FLOAT,
    "DATE_TIME": DATE_TIME,
    "DATE": DATE,
    "BOOLEAN": BOOLEAN,
    "RAW_JSON": JSON,
    "POSITION": POSITION,
    "TS_VECTOR": TS_VECTOR,
}
_NUMBERS: dict[str, GraphQLScalarType] = {"int": INT, "bigint": BIG_INT}
_COMPARED = ("eq", "gt", "gte", "in", "lt", "lte", "neq")


def composite_type_name(of_type: str) -> str:
    """The name of a composite type: `FullName` for `FULL_NAME`."""
    return "".join(part.capitalize() for part in of_type.split("_"))


def aggregates(of: ModelField) -> Iterator[tuple[str, GraphQLScalarType]]:
    """The aggregate fields of a connection for a plain or composite field, with their types."""
    suffix = upper_first(of.name)
    for name, result in COUNTS.items():
        yield name + suffix, result
    match of.type:
        case "DATE_TIME" | "DATE":
            for name in ("min", "max"):
                yield name + suffix, DATE_TIME
        case "NUMBER" | "NUMERIC":
            for name in ("min", "max", "avg", "sum"):
                yield name + suffix, FLOAT
        case "CURRENCY":
            for name in ("min", "max", "sum", "avg"):
                yield f"{name}{suffix}AmountMicros", FLOAT
        case "BOOLEAN":
            yield f"countTrue{suffix}", INT
            yield f"countFalse{suffix}", INT


def input_field(of: GraphQLInputType) -> GraphQLInputField:
    return GraphQLInputField(of)


def _enum(name: str, *values: str) -> GraphQLEnumType:
    made = GraphQLEnumType(name, {value: value for value in values})
    assert isinstance(made, GraphQLEnumType)
    return made


class FieldTypes:
    """Makes each type at its first use, for a dialect.

    `first`: this is the process's first schema, so that parts of composites may be declared as non-null.
    """

    def __init__(self, dialect: Dialect = LATEST, first: bool = True) -> None:
        self.dialect = dialect
        self.parts_not_null = not dialect.forgets_not_null_parts or first
        self._types: dict[str, GraphQLNamedType] = {}
        self.filter_is = _enum("FilterIs", "NULL", "NOT_NULL")
        self.direction = _enum("OrderByDirection", "AscNullsFirst", "AscNullsLast", "DescNullsFirst", "DescNullsLast")
        self.actor_source = _enum("ActorSourceEnum", *ACTOR_SOURCES)
        granularity = _enum(
            "DateGranularityEnum",
            *("DAY", "MONTH", "QUARTER", "YEAR", "WEEK"),
            *("DAY_OF_THE_WEEK", "MONTH_OF_THE_YEAR", "QUARTER_OF_THE_YEAR", "NONE"),
        )
        zoned = {
            "weekStartDay": input_field(_enum("FirstDayOfTheWeek", "MONDAY", "SUNDAY", "SATURDAY")),
            "timeZone": input_field(STRING),
        }
        self.group_by_date = self.input_type(
            "GroupByDateGranularityInput",
            lambda: {"granularity": input_field(granularity), **(zoned if dialect.groups_in_time_zones else {})},
        )
        self.order_by_date = self.input_type(
            "OrderByDateGranularityInput",
            lambda: {"orderBy": input_field(self.direction), "granularity": input_field(granularity)},
        )

    def object_type(self, name: str, fields: Callable[[], Mapping[str, GraphQLField]]) -> GraphQLObjectType:
        made = self._types.get(name) or self._types.setdefault(name, GraphQLObjectType(name, fields))
        assert isinstance(made, GraphQLObjectType)
        return made

    def input_type(self, name: str, fields: Callable[[], Inputs]) -> GraphQLInputObjectType:
        made = self._types.get(name) or self._types.setdefault(name, GraphQLInputObjectType(name, fields))
        assert isinstance(made, GraphQLInputObjectType)
        return made

    def enum_type(self, name: str, *values: str) -> GraphQLEnumType:
        made = self._types.get(name) or self._types.setdefault(name, _enum(name, *values))
        assert isinstance(made, GraphQLEnumType)
        return made

    # The values of fields

    def output_value(self, of: ModelObject, field: ModelField) -> PlainType | GraphQLObjectType | GraphQLList[Any]:
        if field.type in COMPOSITES:
            return self.composite(field.type)
        if field.type == "FILES":
            return GraphQLList(self.file_object())
        return self.plain_value(of, field)

    def input_value(self, of: ModelObject, field: ModelField, verb: str) -> InputValue:
        if field.type in COMPOSITES:
            return self.composite_input(field.type, verb)
        if field.type == "FILES":
            return GraphQLList(self.file_item())
        if field.name == "id":
            return ID
        return self.plain_value(of, field)

    def plain_value(self, of: ModelObject, field: ModelField) -> PlainType | GraphQLList[PlainType]:
        if field.type in OPTIONED:
            enum = self.enum(of, field)
            return GraphQLList(enum) if field.type == "MULTI_SELECT" else enum
        if field.type == "NUMBER":
            return _NUMBERS.get(field.number_type, FLOAT)
        if field.type == "ARRAY":
            return GraphQLList(STRING)
        return _SCALARS[field.type]

    def enum(self, of: ModelObject, field: ModelField) -> GraphQLEnumType:
        return self.enum_type(of.enum_name(field), *field.option_values)

    def filter_value(self, of: ModelObject, field: ModelField) -> GraphQLInputType:
        if field.type in COMPOSITES:
            return self.filter_composite(field.type)
        match field.type:
            case "SELECT" | "MULTI_SELECT" | "RATING":
                return self.filter_of_enum(self.enum(of, field))
            case "RAW_JSON" | "FILES":
                return self.filter_of_json()
            case "DATE_TIME" | "DATE" if self.dialect.filters_dates_by_value:
                # The type of a plain value; objects with operators are accepted all the same.
                return _SCALARS[field.type]
            case "TS_VECTOR":
                return self.input_type("TSVectorFilter", lambda: {"search": input_field(STRING)})
            case "BOOLEAN":
                return self.input_type(
                    "BooleanFilter", lambda: {"eq": input_field(BOOLEAN), "is": input_field(self.filter_is)}
                )
            case "ARRAY":
                return self.input_type(
                    "ArrayFilter",
                    lambda: {
                        "containsIlike": input_field(STRING),
                        "is": input_field(self.filter_is),
                        "isEmptyArray": input_field(BOOLEAN),
                    },
                )
            case "POSITION":
                return self.filter_of_scalar("Float", FLOAT)
            case "TEXT":
                return self.filter_of_text()
            case "NUMBER":
                scalar = _NUMBERS.get(field.number_type, FLOAT)
                return self.filter_of_scalar(scalar.name, scalar)
            case _:
                return self.filter_of_scalar(_SCALARS[field.type].name, _SCALARS[field.type])

    def filter_of_scalar(self, name: str, scalar: GraphQLScalarType) -> GraphQLInputObjectType:
        def fields() -> Inputs:
            nullable = scalar is UUID and self.dialect.declares_null_in_lists_of_ids
            item: GraphQLInputType = scalar if nullable else GraphQLNonNull(scalar)
            inputs = {each: input_field(GraphQLList(item) if each == "in" else scalar) for each in _COMPARED}
            return inputs | {"is": input_field(self.filter_is)}

        return self.input_type(f"{name}Filter", fields)

    def filter_of_text(self) -> GraphQLInputObjectType:
        def fields() -> Inputs:
            ends_with = self.dialect.declares_ends_with
            patterns = ("startsWith", "endsWith", "like", "ilike", "regex", "iregex")
            names = (operator for operator in (*_COMPARED, *patterns) if operator != "endsWith" or ends_with)
            inputs = {operator: input_field(STRING) for operator in names}
            return inputs | {
                "in": input_field(GraphQLList(GraphQLNonNull(STRING))),
                "is": input_field(self.filter_is),
            }

        return self.input_type("StringFilter", fields)

    def filter_of_json(self) -> GraphQLInputObjectType:
        return self.input_type(
            "RawJsonFilter", lambda: {"is": input_field(self.filter_is), "like": input_field(STRING)}
        )

    def filter_of_enum(self, enum: GraphQLEnumType) -> GraphQLInputObjectType:
        return self.input_type(
            f"{enum.name}Filter",
            lambda: {
                "eq": input_field(enum),
                "neq": input_field(enum),
                "in": input_field(GraphQLList(enum)),
                "containsAny": input_field(GraphQLList(enum)),
                "is": input_field(self.filter_is),
                "isEmptyArray": input_field(BOOLEAN),
            },
        )

    # Composite types

    def part(self, part: SubField) -> PlainType:
        return self.actor_source if part.type == "SELECT" else _SCALARS[part.type]

    def composite(self, of_type: str) -> GraphQLObjectType:
        def fields() -> dict[str, GraphQLField]:
            return {
                name: GraphQLField(GraphQLNonNull(self.part(part)) if needed(part) else self.part(part))
                for name, part in COMPOSITES[of_type].items()
            }

        def needed(part: SubField) -> bool:
            if of_type == "FULL_NAME" and self.dialect.declares_full_names_not_null:
                return True
            return self.parts_not_null and part.not_null

        return self.object_type(composite_type_name(of_type), fields)

    def composite_input(self, of_type: str, verb: str) -> GraphQLInputObjectType:
        def fields() -> Inputs:
            return {
                name: input_field(
                    GraphQLNonNull(self.part(part))
                    if self.parts_not_null and part.not_null and verb == "Create"
                    else self.part(part)
                )
                for name, part in COMPOSITES[of_type].items()
                if part.client_writable
            }

        return self.input_type(f"{composite_type_name(of_type)}{verb}Input", fields)

    def filter_composite(self, of_type: str) -> GraphQLInputObjectType:
        def of_part(part: SubField) -> GraphQLInputObjectType:
            match part.type:
                case "SELECT":
                    return self.filter_of_enum(self.actor_source)
                case "RAW_JSON":
                    return self.filter_of_json()
                case "TEXT":
                    return self.filter_of_text()
                case _:
                    return self.filter_of_scalar(_SCALARS[part.type].name, _SCALARS[part.type])

        return self.input_type(
            f"{composite_type_name(of_type)}FilterInput",
            lambda: {name: input_field(of_part(part)) for name, part in COMPOSITES[of_type].items()},
        )

    def order_by_composite(self, of_type: str) -> GraphQLInputObjectType:
        return self.input_type(
            f"{composite_type_name(of_type)}OrderByInput",
            lambda: dict.fromkeys(COMPOSITES[of_type], input_field(self.direction)),
        )

    def group_by_composite(self, of_type: str) -> GraphQLInputObjectType:
        return self.input_type(
            f"{composite_type_name(of_type)}GroupByInput",
            lambda: {name: input_field(BOOLEAN) for name, part in COMPOSITES[of_type].items() if part.groupable},
        )

    def file_object(self) -> GraphQLObjectType:
        return self.object_type(
            "FileObject",
            lambda: {
                "fileId": GraphQLField(GraphQLNonNull(UUID)),
                "label": GraphQLField(GraphQLNonNull(STRING)),
                "extension": GraphQLField(STRING),
                "url": GraphQLField(STRING),
            },
        )

    def file_item(self) -> GraphQLInputObjectType:
        return self.input_type(
            "FileItemInput",
            lambda: {
                "fileId": input_field(GraphQLNonNull(UUID)),
                "label": input_field(GraphQLNonNull(STRING)),
            },
        )

    def page_info(self) -> GraphQLObjectType:
        return self.object_type(
            "PageInfo",
            lambda: {
                "startCursor": GraphQLField(CONNECTION_CURSOR),
                "endCursor": GraphQLField(CONNECTION_CURSOR),
                "hasNextPage": GraphQLField(GraphQLNonNull(BOOLEAN)),
                "hasPreviousPage": GraphQLField(GraphQLNonNull(BOOLEAN)),
            },
        )
