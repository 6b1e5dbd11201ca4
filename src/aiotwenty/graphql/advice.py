"""Suggestions in messages: similar names, and alternatives to unsupported requests."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_FEW = 8
"""How many names a message may list."""
_LONGEST = 100
"""Longer names are no typing errors, and slow to compare."""


def near(name: str, known: Iterable[str], *, most: int = 1, cutoff: float = 0.6) -> list[str]:
    """The names that `name` may be a slip of, the likeliest first; at most `most`, at least `cutoff` alike (0-1)."""
    if len(name) > _LONGEST:
        return []
    return get_close_matches(name, list(dict.fromkeys(known)), most, cutoff)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What to add to a message on a name that is not there: " (did you mean 'name'?)", or nothing."""
    return "".join(f" (did you mean {likely!r}?)" for likely in near(name, known))


def instead_of(name: str, known: Iterable[str]) -> str:
    """What to add to a message on an unknown name: similar names, else all if there are few, else some."""
    names = list(known)
    if likely := near(name, names, most=3):
        return f" (did you mean {' or '.join(map(repr, likely))}?)"
    if len(names) <= _FEW:
        return f"; there are {', '.join(names)}" if names else ""
    return f"; there are {len(names)}, such as {', '.join(names[:3])}"


def filter_the_other(object: str, *keys: str) -> str:
    """Instead of a filter through a list of records: `object` is theirs, `keys` are those that may lead back."""
    by = f" by {' or '.join(keys)}" if keys else ""
    return f"the server filters by no to-many relation: filter {object}{by} instead"
