"""What to do instead of what the server cannot: texts that several places say."""

from __future__ import annotations


def filter_the_other(object: str, *keys: str) -> str:
    """Instead of a filter through a list of records: `object` is theirs, `keys` are those that may lead back."""
    by = f" by {' or '.join(keys)}" if keys else ""
    return f"the server filters by no to-many relation: filter {object}{by} instead"
