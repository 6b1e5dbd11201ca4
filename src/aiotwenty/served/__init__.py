"""Objects of a workspace that no client was generated for: made of its schema when they are first used."""

from aiotwenty.served.named import NamedRecords
from aiotwenty.served.package import ServedRecord, ServedRecords

__all__ = ["NamedRecords", "ServedRecord", "ServedRecords"]
