"""What calls were told, held against what the server has in the end.

Each record belongs to one caller, so that what may be there is certain: the states that its calls can have left. What
the server got after its client had given up may have overtaken newer calls: that is counted, and told apart.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

from aiotwenty import AnswerLost, StaleRecord, Twenty, TwentyError
from aiotwenty.core import Company

State = tuple[str, bool] | None
"""The name of a record, and whether it is deleted; None if it is not there."""


@dataclass
class History:
    """All callers' records, and what is wrong with what the calls said."""

    overtaken: set[str]
    """The ids of records that a late request was about."""
    possible: dict[UUID, set[State]] = field(default_factory=dict)
    told_failed: set[str] = field(default_factory=set)
    """Names of records whose creation was said to have failed."""
    careful: set[UUID] = field(default_factory=set)
    """Records that are written with a condition only: nothing late can have undone a newer change of them."""
    under_way: dict[UUID, set[State]] = field(default_factory=dict)
    """What writes with a condition, of which nobody knows, can still make of records that nobody changed since."""
    unknown: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    told: dict[UUID, list[str]] = field(default_factory=dict)
    """What failed calls on a record said, for whoever wants to know what went wrong."""
    undone: int = 0
    """How often something late was seen to have overtaken a newer call."""

    def saw(self, id_: UUID, state: State, where: str) -> None:
        if state in self.possible[id_]:
            self.possible[id_] = {state}
        elif state in self.under_way.get(id_, ()) and str(id_) in self.overtaken:
            # It came after the record had been read, and its condition still held.
            self.possible[id_] = {state}
            del self.under_way[id_]
        elif str(id_) in self.overtaken and id_ not in self.careful:
            self.undone += 1
            self.possible[id_] = {state}
        else:
            told = "; ".join(self.told.get(id_, [])[-5:])
            self.wrong.append(f"{where}: {id_} is {state}, and may be {self.possible[id_]}. It was told: {told}")

    def check(self, stored: Mapping[UUID, State]) -> None:
        for id_ in self.possible:
            self.saw(id_, stored.get(id_), "in the end")
        names = Counter(state[0] for state in stored.values() if state)
        self.wrong += [f"{name} is there {times} times" for name, times in names.items() if times > 1]
        ids = {state[0]: id_ for id_, state in stored.items() if state}
        for name in self.told_failed & ids.keys():
            if str(ids[name]) not in self.overtaken:
                self.wrong.append(f"{name} was said not to have been made, and is there")
        known = {id_ for id_, state in stored.items() if id_ in self.possible}
        for id_, state in stored.items():
            if id_ not in known and state and state[0] not in self.unknown | self.told_failed:
                self.wrong.append(f"nobody asked for {id_}, {state}")


@dataclass
class Caller:
    """One of the concurrent callers. A careful one writes records only as it has read them."""

    twenty: Twenty
    history: History
    numbers: count[int]
    chance: random.Random
    careful: bool = False
    mine: list[UUID] = field(default_factory=list)
    read: dict[UUID, Company] = field(default_factory=dict)

    async def act(self) -> None:
        actions: list[tuple[Callable[[], Awaitable[None]], int]] = [(self.create, 4), (self.find, 4)]
        if self.careful:
            actions += [(self.update_unchanged, 6)]
        else:
            actions += [(self.create_many, 1), (self.update, 5), (self.delete, 2), (self.restore, 2), (self.destroy, 1)]
        functions, weights = zip(*actions, strict=True)
        (action,) = self.chance.choices(functions, weights)
        try:
            await action()
            self.history.calls["done"] += 1
        except StaleRecord:
            self.history.calls["stale"] += 1
        except TwentyError as error:
            self.history.calls["unknown" if error.outcome_unknown else "failed"] += 1

    def options(self) -> Any:
        return {"deadline": self.chance.uniform(0.05, 1)} if self.chance.random() < 0.05 else {}

    def name(self) -> str:
        return f"company {next(self.numbers)}"

    def made(self, company: Company, name: str) -> None:
        self.mine.append(company.id)
        self.history.possible[company.id] = {(name, False)}
        if self.careful:
            self.history.careful.add(company.id)
            self.read[company.id] = company

    def not_made(self, error: TwentyError, *names: str) -> None:
        (self.history.unknown if error.outcome_unknown else self.history.told_failed).update(names)

    async def create(self) -> None:
        name = self.name()
        try:
            company = await self.twenty.companies.create_one({"name": name}, **self.options())
        except TwentyError as error:
            self.not_made(error, name)
            raise
        self.made(company, name)

    async def create_many(self) -> None:
        names = [self.name() for _ in range(3)]
        try:
            companies = await self.twenty.companies.create_many([{"name": name} for name in names], **self.options())
        except TwentyError as error:
            self.not_made(error, *names)
            raise
        for company, name in zip(companies, names, strict=True):
            self.made(company, name)

    async def change(
        self, id_: UUID, call: Awaitable[Any], effect: Callable[[State], State], told: State | None = None
    ) -> None:
        before = self.history.possible[id_]
        after = {effect(state) for state in before}
        try:
            await call
        except AnswerLost:
            self.history.possible[id_] = after
            raise
        except TwentyError as error:
            notes = " ".join(getattr(error, "__notes__", ()))
            self.history.told.setdefault(id_, []).append(f"{type(error).__name__} {error} {notes}")
            if error.outcome_unknown:
                self.history.possible[id_] = before | after
                if id_ in self.history.careful:
                    self.history.under_way.setdefault(id_, set()).update(after)
            raise
        self.history.possible[id_] = {told} if told else after
        self.history.under_way.pop(id_, None)

    def pick(self) -> UUID | None:
        return self.chance.choice(self.mine) if self.mine else None

    async def find(self) -> None:
        if (id_ := self.pick()) is None:
            return
        deleted_or_not = [{"deletedAt": {"is": "NULL"}}, {"deletedAt": {"is": "NOT_NULL"}}]
        only: Any = {"id": {"eq": id_}, "or": deleted_or_not}
        found = await self.twenty.companies.find_many(filter=only, **self.options())
        state = state_of(found.records[0]) if found.records else None
        self.history.saw(id_, state, "read")
        if found.records and self.careful:
            self.read[id_] = found.records[0]

    async def update(self) -> None:
        if (id_ := self.pick()) is None:
            return
        name = self.name()
        call = self.twenty.companies.update_one(id_, {"name": name}, **self.options())
        await self.change(id_, call, lambda state: state and (name, state[1]))

    async def update_unchanged(self) -> None:
        if (id_ := self.pick()) is None:
            return
        name = self.name()
        unchanged = self.read[id_]
        companies = self.twenty.companies

        async def call() -> None:
            try:
                self.read[id_] = await companies.update_one(
                    id_, {"name": name}, if_unchanged=unchanged, **self.options()
                )
            except StaleRecord as stale:
                self.history.saw(id_, state_of(stale.current), "stale")
                self.read[id_] = stale.current
                raise

        await self.change(id_, call(), lambda state: state and (name, state[1]))

    async def delete(self) -> None:
        if (id_ := self.pick()) is not None:
            call = self.twenty.companies.delete_one(id_, **self.options())
            await self.change(id_, call, lambda state: state and (state[0], True))

    async def restore(self) -> None:
        if (id_ := self.pick()) is not None:
            call = self.twenty.companies.restore_one(id_, **self.options())
            await self.change(id_, call, lambda state: state and (state[0], False))

    async def destroy(self) -> None:
        if (id_ := self.pick()) is not None:
            self.mine.remove(id_)
            await self.change(id_, self.twenty.companies.destroy_one(id_, **self.options()), lambda _: None)


def state_of(company: Company | None) -> State:
    return None if company is None else (str(company.name), company.deleted_at is not None)
