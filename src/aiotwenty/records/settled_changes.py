"""Sends changes of records; after a lost response it reads the records to see whether the change happened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, TypeVar

from aiotwenty.errors import AnswerLost, NotFoundError, TwentyError
from aiotwenty.graphql.answer_schemas import id_of
from aiotwenty.graphql.models import UUID, Record
from aiotwenty.records.id_filters import by_ids
from aiotwenty.records.settling import look_after, read_back, settle
from aiotwenty.records.writing import Writing
from aiotwenty.transport.retry import Fate, fate_of

R = TypeVar("R", bound=Record)

_SECOND = timedelta(seconds=1)


class SettledChanges(Writing[R]):
    """Sends changes of records with known ids until their outcome is known."""

    async def _settled(
        self,
        ids: Sequence[UUID],
        change: Callable[[Sequence[UUID]], Awaitable[list[Any]]],
        shows: Callable[[R], bool | None],
        select: type[Any] | None,
    ) -> list[Any]:
        """The result of `change`; after a lost response, the records once they show the change.

        The records are read before the change is sent again, and only those that don't show it are sent. If another
        change was made meanwhile, the record is left alone, so that a newer change is never undone. `shows` returns
        None if it can't tell.
        """
        begun = monotonic()
        left = list(ids)

        async def decide(failure: TwentyError, lost: bool) -> list[Any] | None:
            nonlocal left
            if not failure.outcome_unknown:
                failure.outcome_unknown = lost and not isinstance(failure, NotFoundError)
                raise failure
            by_id, now = await look_after(failure, self._look_dated(left))
            failure.look = f"ask for id {left[0]}"
            _check_all_there(failure, left, by_id)
            left = [identity for identity in left if shows(by_id[identity]) is not True]
            if not left:
                return []
            if fate_of(failure) is Fate.FAILED:
                # The server failed and is done: a change that doesn't show now will not happen.
                failure.outcome_unknown = False
                failure.add_note("It was not done: the record does not show it.")
                raise failure
            since = now - timedelta(seconds=monotonic() - begun) if now else None
            if newer := [identity for identity in left if since and _changed_after(by_id[identity], since)]:
                failure.add_note(
                    f"The record {newer[0]} was changed meanwhile and does not show this change: either it was not "
                    "done, or a newer one has replaced it. It is not sent again."
                )
                raise failure
            return None

        records = await settle(lambda: change(left), decide)
        return records if len(left) == len(ids) else await self._again(ids, select)

    async def _destroyed(
        self, ids: Sequence[UUID], destroy: Callable[[Sequence[UUID]], Awaitable[list[Any]]], *, deleted: bool
    ) -> list[Any]:
        """The result of `destroy`. `deleted` says whether it destroys soft-deleted records too.

        Raises `AnswerLost` if the records are gone and a response with some of them was lost.
        """
        left = list(ids)
        why = TwentyError("it was not sent.")

        async def decide(failure: TwentyError, lost: bool) -> list[Any] | None:
            nonlocal left, why
            if not failure.outcome_unknown:
                raise failure
            why = failure
            by_id, _now = await look_after(failure, self._look_dated(left, deleted=deleted))
            left = [identity for identity in left if identity in by_id]
            if not left:
                return []
            failure.look = f"ask for id {left[0]}"
            if fate_of(failure) is Fate.FAILED:
                failure.outcome_unknown = len(left) < len(ids)
                failure.add_note(f"Of the {len(ids)} records {len(left)} are still there.")
                raise failure
            return None

        records = await settle(lambda: destroy(left), decide)
        if len(left) == len(ids):
            return records
        records_are, pronoun = ("the record is", "it") if len(ids) == 1 else (f"the {len(ids)} records are", "them")
        raise AnswerLost(f"{records_are} gone, and the answer with {pronoun}.", operation=why.operation) from why

    @contextmanager
    def _untold(self, done: str) -> Iterator[None]:
        """Explains a lost response to a change by a filter: it can't be known which records changed."""
        try:
            yield
        except TwentyError as error:
            if error.outcome_unknown:
                error.look = f"see which records of the filter are {done}"
            raise

    async def _again(self, ids: Sequence[UUID], select: type[Any] | None) -> list[Any]:
        """The records in this order, without those that do not exist."""
        found = {id_of(record): record for record in await read_back(self._look(list(ids), select))}
        return [found[identity] for identity in ids if identity in found]

    async def _look_dated(self, ids: Sequence[UUID], *, deleted: bool = True) -> tuple[dict[UUID, R], datetime | None]:
        """The records by id, with soft-deleted ones if `deleted`, and the server's time when it answered."""
        ask = self._ask("find_many", "page")
        by_id: dict[UUID, R] = {}
        now = None
        for start in range(0, len(ids), _LOOKED_AT):
            some = list(ids[start : start + _LOOKED_AT])
            variables = {"filter": by_ids(some, deleted=deleted), "first": len(some)}
            page, now = await self._endpoint.run_dated(ask.operation, ask.result, variables)
            by_id |= {record.id: record for record in page.records}
        return by_id, now


_LOOKED_AT = 1000


def _check_all_there(failure: TwentyError, ids: Sequence[UUID], there: Collection[UUID]) -> None:
    """Raises the failure of a change if one of its records does not exist."""
    missing = next((identity for identity in ids if identity not in there), None)
    if missing is not None:
        failure.outcome_unknown = False
        failure.add_note(f"The record {missing} does not exist: nothing was changed, or it was destroyed meanwhile.")
        raise failure


def _changed_after(record: Any, moment: datetime) -> bool:
    """Whether the record changed after a time of the server's clock, which has a precision of a second."""
    changed: datetime | None = getattr(record, "updated_at", None)
    return changed is not None and changed >= moment + _SECOND
