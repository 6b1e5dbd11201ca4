"""Faults on demand, to test clients against a server that fails.

A fault is written as a string, on the command line and in Python:

    kind[=detail][:option[=value]]...

    latency=0.2             every request takes 0.2 s longer
    reset-before            the connection is reset before anything was done
    reset-after:count=1     the first write is committed, then the connection is reset
    cut:probability=0.1     a tenth of the answers end in the middle
    slow=2                  the body arrives bit by bit over 2 s
    html                    HTTP 502 with an HTML page, as a proxy sends it
    error                   HTTP 500
    busy                    HTTP 429; busy=3 also says Retry-After: 3
    limit                   HTTP 200 with Twenty's LIMIT_REACHED
    read-timeout:committed      HTTP 200 (REST: 400) with "Query read timeout"; the write is done
    read-timeout:not-committed  the same answer; nothing was written
    late-commit=30          the write waited 30 s for a lock: it is visible from now on, with the time of 30 s ago
    ...:operation=createCompanies   only requests with this root field, or part of a REST path; may be repeated
    ...:after=3                     not before the fourth request that fits
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, get_args

FaultKind = Literal[
    "latency",
    "reset-before",
    "reset-after",
    "cut",
    "slow",
    "html",
    "error",
    "busy",
    "limit",
    "read-timeout",
    "late-commit",
]
KINDS: tuple[str, ...] = get_args(FaultKind)
_NEED_SECONDS = frozenset({"latency", "slow", "late-commit"})
_COMMITTED = {"committed": True, "not-committed": False}


@dataclass(slots=True)
class Fault:
    """A kind of failure, and when it happens."""

    kind: FaultKind
    seconds: float = 0.0
    """Seconds: the duration of `latency` and `slow`, the Retry-After of `busy` (0: no such header), the time between
    begin and commit in `late-commit`, for which nobody waits.
    """
    probability: float = 1.0
    count: int | None = None
    """The most times that it happens; None for no limit."""
    after: int = 0
    """The number of fitting requests that succeed first."""
    committed: bool | None = None
    """For `read-timeout`: whether the request is executed."""
    operations: frozenset[str] = frozenset()
    """Names of root fields, or parts of REST paths (`companies`); empty for every request."""
    happened: int = field(default=0, compare=False)
    _seen: int = field(default=0, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"fault {self.kind!r}: there are {', '.join(KINDS)}")
        if self.seconds < 0 or (self.kind in _NEED_SECONDS and not self.seconds):
            raise ValueError(f"fault {self.kind!r}: say how many seconds, for instance {self.kind}=0.5")
        if (self.committed is None) == (self.kind == "read-timeout"):
            raise ValueError(
                f"fault {self.kind!r}: read-timeout, and nothing else, needs `committed` or `not-committed`: "
                f"read-timeout:committed"
            )
        if not 0 <= self.probability <= 1:
            raise ValueError(f"fault {self.kind!r}: the probability {self.probability} is not between 0 and 1")
        if (self.count is not None and self.count < 0) or self.after < 0:
            raise ValueError(f"fault {self.kind!r}: count and after may not be negative")
        self.operations = frozenset(self.operations)

    def fits(self, operations: Iterable[str]) -> bool:
        return not self.operations or not self.operations.isdisjoint(operations)

    def strikes(self, chance: random.Random) -> bool:
        """Whether it happens to this request, which fits."""
        self._seen += 1
        if self._seen <= self.after or (self.count is not None and self.happened >= self.count):
            return False
        if self.probability < 1 and chance.random() >= self.probability:
            return False
        self.happened += 1
        return True


def parse_fault(text: str) -> Fault:
    """The fault that a text describes, see the module's docstring. Raises `ValueError` if it is wrong."""
    head, *options = text.strip().split(":")
    kind, _, seconds = head.partition("=")
    values: dict[str, float | int] = {}
    operations: set[str] = set()
    try:
        if seconds:
            values["seconds"] = float(seconds)
        for option in options:
            name, _, value = option.partition("=")
            if option in _COMMITTED:
                values["committed"] = _COMMITTED[option]
            elif name == "operation":
                operations.update(filter(None, value.split(",")))
            elif name in ("count", "after"):
                values[name] = int(value)
            elif name == "probability":
                values[name] = float(value)
            else:
                raise ValueError(f"unknown option {name!r}")
    except ValueError as error:
        raise ValueError(f"fault {text!r}: {error}") from None
    return Fault(kind, operations=frozenset(operations), **values)  # type: ignore[arg-type]


class Faults(list["Fault"]):
    """The faults of a running sandbox: a list that may be changed at any time (`sandbox.faults.append(...)`)."""

    def __init__(self, faults: Iterable[Fault | str] = (), seed: int = 0) -> None:
        super().__init__(parse_fault(each) if isinstance(each, str) else each for each in faults)
        self._chance = random.Random(seed)

    def add(self, fault: Fault | str) -> Fault:
        """Adds a fault, as a text or an object, and returns it (`happened` counts its requests)."""
        made = parse_fault(fault) if isinstance(fault, str) else fault
        self.append(made)
        return made

    def struck(self, operations: Iterable[str]) -> list[Fault]:
        """The faults that happen to a request with these root fields, in order."""
        names = frozenset(operations)
        return [fault for fault in self if fault.fits(names) and fault.strikes(self._chance)]
