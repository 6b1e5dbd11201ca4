"""Twenty's REST API beside GraphQL: typed records, the data model, and requests without types."""

from __future__ import annotations

from aiotwenty.rest.records import RestRecords
from aiotwenty.rest.rest import Rest

__all__ = ["Rest", "RestRecords"]
