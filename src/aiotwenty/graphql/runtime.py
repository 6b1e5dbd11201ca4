"""The names that generated code imports: `from aiotwenty.graphql import runtime as rt`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pydantic import ConfigDict, Field

from aiotwenty.graphql.composites import (
    AdditionalPhone,
    AdditionalPhoneDict,
    AdditionalPhoneInput,
    FileReference,
    Money,
    SecondaryLink,
    SecondaryLinkDict,
    SecondaryLinkInput,
)
from aiotwenty.graphql.document import compose
from aiotwenty.graphql.filters import with_filters
from aiotwenty.graphql.input_scalars import (
    BooleanInput,
    DateInput,
    DateTimeInput,
    IntInput,
    JsonInput,
    LinkInput,
    MicrosInput,
    NumberInput,
    PhoneInput,
    PositionInput,
    UUIDInput,
)
from aiotwenty.graphql.lazy_models import later
from aiotwenty.graphql.models import (
    UNSET,
    UUID,
    AggregateOrder,
    BigFloat,
    BigInt,
    CurrencyInput,
    Date,
    DateTime,
    Filter,
    GroupOrder,
    Input,
    Json,
    Maybe,
    Open,
    Position,
    Record,
    Unset,
)
from aiotwenty.graphql.object_facts import About
from aiotwenty.graphql.operation import Operation
from aiotwenty.graphql.page import Edge, Group, Page, PageInfo
from aiotwenty.graphql.select import ObjectRecord
from aiotwenty.graphql.unions import ByTypename, Other

if TYPE_CHECKING:
    from aiotwenty.graphql.endpoint import Endpoint

__all__ = [
    "UNSET",
    "UUID",
    "About",
    "AdditionalPhone",
    "AdditionalPhoneDict",
    "AdditionalPhoneInput",
    "AggregateOrder",
    "BigFloat",
    "BigInt",
    "BooleanInput",
    "ByTypename",
    "ConfigDict",
    "CurrencyInput",
    "Date",
    "DateInput",
    "DateTime",
    "DateTimeInput",
    "Edge",
    "Endpoint",
    "Field",
    "FileReference",
    "Filter",
    "Group",
    "GroupOrder",
    "Input",
    "IntInput",
    "Json",
    "JsonInput",
    "LinkInput",
    "Maybe",
    "MicrosInput",
    "Money",
    "NumberInput",
    "ObjectRecord",
    "Open",
    "Operation",
    "OperationsClient",
    "Other",
    "Page",
    "PageInfo",
    "PhoneInput",
    "Position",
    "PositionInput",
    "Record",
    "SecondaryLink",
    "SecondaryLinkDict",
    "SecondaryLinkInput",
    "UUIDInput",
    "Unset",
    "compose",
    "later",
]

T = TypeVar("T")


class OperationsClient:
    """Base of the flat clients: one typed method for each operation; every method calls `_execute`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    @overload
    async def _execute(self, operation: Operation, result_type: type[T], variables: Mapping[str, object]) -> T: ...

    # For types that `type[T]` does not cover, such as unions; the generated method then declares the result's type.
    @overload
    async def _execute(self, operation: Operation, result_type: object, variables: Mapping[str, object]) -> Any: ...

    async def _execute(self, operation: Operation, result_type: Any, variables: Mapping[str, object]) -> Any:
        """Runs an operation. Raises any `TwentyError`; `SchemaDrift` if the response does not fit `result_type`.

        Writes by id are repeated after a lost response; a change of many records with an empty filter is refused.
        """
        return await self._endpoint.run(operation, result_type, with_filters(operation, variables))
