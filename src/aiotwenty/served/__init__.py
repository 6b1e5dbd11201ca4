"""Objects of a workspace without generated classes: made of its schema at their first use."""

from aiotwenty.served.named import NamedRecords
from aiotwenty.served.package import ServedRecord, ServedRecords

__all__ = ["NamedRecords", "ServedRecord", "ServedRecords"]
