"""The async Python client for Twenty, the open-source CRM. Names are imported at their first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiotwenty.lazy_names import importing
from aiotwenty.version import __version__

if TYPE_CHECKING:
    from aiotwenty.bulk.feed.changes import Change, Changes
    from aiotwenty.bulk.feed.store import ChangeStore
    from aiotwenty.bulk.report import LoadReport, Reject
    from aiotwenty.client import Client, Twenty
    from aiotwenty.errors import (
        AnswerLost,
        AnswerTooLarge,
        ApiError,
        AuthenticationError,
        ConfigurationError,
        ConnectionFailed,
        DeadlineExceeded,
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
        RestrictedValues,
        SchemaDrift,
        StaleRecord,
        TwentyError,
        UnexpectedResponse,
    )
    from aiotwenty.graphql.aggregate import Aggregate
    from aiotwenty.graphql.composites import AdditionalPhone, Money, SecondaryLink
    from aiotwenty.graphql.gql_transport import TwentyTransport
    from aiotwenty.graphql.models import UNSET
    from aiotwenty.graphql.operation import Operation
    from aiotwenty.graphql.page import Edge, Group, Page, PageInfo
    from aiotwenty.graphql.select import Select
    from aiotwenty.graphql.withheld_values import restricted_fields
    from aiotwenty.runner import Runner
    from aiotwenty.transport.hooks import Hooks, RequestEvent, ResponseEvent, RetryEvent
    from aiotwenty.transport.rate_limit import RateLimit, RateLimiter
    from aiotwenty.transport.recording import RawResult
    from aiotwenty.transport.redis_limit import RedisRateLimiter
    from aiotwenty.transport.retry import RetryPolicy
    from aiotwenty.transport.terms import CallOptions

__all__ = [
    "UNSET",
    "AdditionalPhone",
    "Aggregate",
    "AnswerLost",
    "AnswerTooLarge",
    "ApiError",
    "AuthenticationError",
    "CallOptions",
    "Change",
    "ChangeStore",
    "Changes",
    "Client",
    "ConfigurationError",
    "ConnectionFailed",
    "DeadlineExceeded",
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
    "RawResult",
    "Reason",
    "RecordChanged",
    "RedisRateLimiter",
    "Reject",
    "RelationCut",
    "RequestEvent",
    "RequestTimeout",
    "ResponseEvent",
    "RestrictedValues",
    "RetryEvent",
    "RetryPolicy",
    "Runner",
    "SchemaDrift",
    "SecondaryLink",
    "Select",
    "StaleRecord",
    "Twenty",
    "TwentyError",
    "TwentyTransport",
    "UnexpectedResponse",
    "__version__",
    "restricted_fields",
]

_MODULES = {
    "bulk.feed.changes": ("Change", "Changes"),
    "bulk.feed.store": ("ChangeStore",),
    "bulk.report": ("LoadReport", "Reject"),
    "client": ("Client", "Twenty"),
    "runner": ("Runner",),
    "transport.hooks": ("Hooks", "RequestEvent", "ResponseEvent", "RetryEvent"),
    "graphql.aggregate": ("Aggregate",),
    "graphql.composites": ("AdditionalPhone", "Money", "SecondaryLink"),
    "graphql.models": ("UNSET",),
    "graphql.operation": ("Operation",),
    "graphql.withheld_values": ("restricted_fields",),
    "graphql.select": ("Select",),
    "graphql.page": ("Edge", "Group", "Page", "PageInfo"),
    "transport.rate_limit": ("RateLimit", "RateLimiter"),
    "transport.recording": ("RawResult",),
    "transport.redis_limit": ("RedisRateLimiter",),
    "transport.retry": ("RetryPolicy",),
    "transport.terms": ("CallOptions",),
    "graphql.gql_transport": ("TwentyTransport",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


if not TYPE_CHECKING:  # A module `__getattr__` would make type checkers accept any name.
    # Names without another home are errors.
    __getattr__ = importing(__name__, dict.fromkeys(__all__, "errors") | _HOME)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
