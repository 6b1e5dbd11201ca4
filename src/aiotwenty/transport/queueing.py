"""A queue of callers, by priority and then by arrival."""

from __future__ import annotations

import heapq
from asyncio import Future, get_running_loop
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TypeAlias

Wait: TypeAlias = Callable[["Future[bool]"], Awaitable[object]]
"""Waits for a turn, a future that becomes true. Raises to stop waiting."""

_MANY_GONE = 64


class Line:
    """The waiting callers, ordered by rank (the lowest first) and then by arrival.

    Cancelled callers leave it. It belongs to the object that grants the turns, and to one event loop.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Future[bool]]] = []
        self._numbers = count()
        self._gone = 0

    def __bool__(self) -> bool:
        """Whether any caller waits."""
        heap = self._heap
        while heap and heap[0][2].done():
            heapq.heappop(heap)
        return bool(heap)

    def ahead(self, rank: int) -> int:
        """The number of callers before a new one."""
        return sum(entry[0] <= rank and not entry[2].done() for entry in self._heap)

    def waiting(self, ranks: int) -> list[int]:
        """The number of waiting callers of each rank."""
        counts = [0] * ranks
        for rank, _, turn in self._heap:
            counts[rank] += not turn.done()
        return counts

    def before(self, turn: Future[bool], rank: int) -> int:
        """The number of callers of the same rank before that turn."""
        same = sorted((number, other is turn) for place, number, other in self._heap if place == rank)
        return next((index for index, (_, is_it) in enumerate(same) if is_it), 0)

    def turns(self) -> list[Future[bool]]:
        """The turns of all waiting callers, unordered."""
        return [turn for _, _, turn in self._heap if not turn.done()]

    def join(self, rank: int) -> Future[bool]:
        """A new turn, to be waited for with `stay`."""
        turn: Future[bool] = get_running_loop().create_future()
        heapq.heappush(self._heap, (rank, next(self._numbers), turn))
        return turn

    async def stay(self, turn: Future[bool], wait: Wait, give_back: Callable[[], None]) -> None:
        """Waits for the turn. If `wait` raises, the turn leaves the queue, or is given back if it was granted."""
        try:
            await wait(turn)
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.exception() is None and turn.result():
                give_back()
            else:
                turn.cancel()
                self._leave()
            raise

    def grant(self) -> bool:
        """Grants the next turn. Returns False if nobody waits."""
        if not self:
            return False
        heapq.heappop(self._heap)[2].set_result(True)
        return True

    def _leave(self) -> None:
        self._gone += 1
        if self._gone > _MANY_GONE and 2 * self._gone > len(self._heap):
            self._heap = [entry for entry in self._heap if not entry[2].done()]
            heapq.heapify(self._heap)
            self._gone = 0


class Gate:
    """Admits a limited number of callers. A leaving caller admits the next one, so nobody overtakes."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._line = Line()

    def try_enter(self) -> bool:
        """Enters if that takes no waiting."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def enter(self, rank: int, wait: Wait) -> None:
        """Enters when the caller's turn comes. `wait` waits for it; if it raises, the caller has not entered."""
        if not self.try_enter():
            await self._line.stay(self._line.join(rank), wait, self.leave)

    def leave(self) -> None:
        """Leaves, and admits the next caller."""
        if not self._line._heap or not self._line.grant():
            self._free += 1
