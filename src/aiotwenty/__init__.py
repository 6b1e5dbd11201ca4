"""The async Python client for Twenty, the open-source CRM. Every name is imported when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiotwenty.bulk.report import LoadReport, Reject
    from aiotwenty.client import Client, Twenty
    from aiotwenty.errors import (
        ApiError,
        AuthenticationError,
        ConfigurationError,
        ConnectionFailed,
        DuplicateRecord,
        HiddenRecords,
        InvalidArgument,
        InvalidInput,
        NotFoundError,
        PaginationError,
        PermissionDenied,
        QueryTooComplex,
        RateLimited,
        Reason,
        RecordChanged,
        RelationCut,
        RequestTimeout,
        SchemaDrift,
        TwentyError,
        UnexpectedResponse,
    )
    from aiotwenty.graphql.aggregate import Aggregate
    from aiotwenty.graphql.composites import AdditionalPhone, Money, SecondaryLink
    from aiotwenty.graphql.endpoint import TwentyTransport
    from aiotwenty.graphql.models import UNSET
    from aiotwenty.graphql.operation import Operation
    from aiotwenty.graphql.page import Edge, Group, Page, PageInfo
    from aiotwenty.graphql.restricted import restricted_fields
    from aiotwenty.graphql.select import Select
    from aiotwenty.transport.hooks import Hooks, RequestEvent, ResponseEvent, RetryEvent
    from aiotwenty.transport.rate_limit import RateLimit, RateLimiter
    from aiotwenty.transport.retry import RetryPolicy

__version__ = "0.1.0"

__all__ = [
    "UNSET",
    "AdditionalPhone",
    "Aggregate",
    "ApiError",
    "AuthenticationError",
    "Client",
    "ConfigurationError",
    "ConnectionFailed",
    "DuplicateRecord",
    "Edge",
    "Group",
    "HiddenRecords",
    "Hooks",
    "InvalidArgument",
    "InvalidInput",
    "LoadReport",
    "Money",
    "NotFoundError",
    "Operation",
    "Page",
    "PageInfo",
    "PaginationError",
    "PermissionDenied",
    "QueryTooComplex",
    "RateLimit",
    "RateLimited",
    "RateLimiter",
    "Reason",
    "RecordChanged",
    "Reject",
    "RelationCut",
    "RequestEvent",
    "RequestTimeout",
    "ResponseEvent",
    "RetryEvent",
    "RetryPolicy",
    "SchemaDrift",
    "SecondaryLink",
    "Select",
    "Twenty",
    "TwentyError",
    "TwentyTransport",
    "UnexpectedResponse",
    "__version__",
    "restricted_fields",
]

_MODULES = {
    "bulk.report": ("LoadReport", "Reject"),
    "client": ("Client", "Twenty"),
    "transport.hooks": ("Hooks", "RequestEvent", "ResponseEvent", "RetryEvent"),
    "graphql.aggregate": ("Aggregate",),
    "graphql.composites": ("AdditionalPhone", "Money", "SecondaryLink"),
    "graphql.models": ("UNSET",),
    "graphql.operation": ("Operation",),
    "graphql.restricted": ("restricted_fields",),
    "graphql.select": ("Select",),
    "graphql.page": ("Edge", "Group", "Page", "PageInfo"),
    "transport.rate_limit": ("RateLimit", "RateLimiter"),
    "transport.retry": ("RetryPolicy",),
    "graphql.endpoint": ("TwentyTransport",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


if not TYPE_CHECKING:  # To type checkers, any name would be there.

    def __getattr__(name):
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        # What has no other home is an error.
        value = getattr(import_module(f"{__name__}.{_HOME.get(name, 'errors')}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
