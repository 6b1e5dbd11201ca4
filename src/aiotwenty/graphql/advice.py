"""Suggestions in messages: similar names, and alternatives to unsupported requests."""

from __future__ import annotations

from collections.abc import Iterable

_FEW = 8
"""The most names that a message lists."""
_LONGEST = 100
"""The length up to which names are compared: longer ones are no typing errors, and slow to compare."""


def near(name: str, known: Iterable[str], *, most: int = 1, cutoff: float = 0.6) -> list[str]:
    """The known names most similar to `name`, the most similar first: at most `most`, at least `cutoff` (0-1) alike."""
    if len(name) > _LONGEST:
        return []
    from difflib import get_close_matches  # only for a mistake

    return get_close_matches(name, list(dict.fromkeys(known)), most, cutoff)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A suggestion for a message about an unknown name: " (did you mean 'name'?)", or nothing."""
    return "".join(f" (did you mean {likely!r}?)" for likely in near(name, known))


def instead_of(name: str, known: Iterable[str]) -> str:
    """A suggestion for a message about an unknown name: similar names, or all if there are few, or some."""
    names = list(known)
    if likely := near(name, names, most=3):
        return f" (did you mean {' or '.join(map(repr, likely))}?)"
    if len(names) <= _FEW:
        return f"; there are {', '.join(names)}" if names else ""
    return f"; there are {len(names)}, such as {', '.join(names[:3])}"


def filter_the_other(object: str, *keys: str) -> str:
    """Advice in place of a filter by a list of records: `object` is theirs, `keys` are those that lead back."""
    by = f" by {' or '.join(keys)}" if keys else ""
    return f"the server filters by no to-many relation: filter {object}{by} instead"
