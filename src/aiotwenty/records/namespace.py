"""The base class of an object's namespace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar, cast

from aiotwenty.errors import DeadlineExceeded, InvalidArgument
from aiotwenty.graphql.answer_schemas import Form, Wanted
from aiotwenty.graphql.document import selecting
from aiotwenty.graphql.filters import Filter, normalise
from aiotwenty.graphql.ids import id_problem
from aiotwenty.graphql.models import UUID, Input, Record
from aiotwenty.graphql.operation import Operation
from aiotwenty.graphql.page import Page
from aiotwenty.graphql.select import selection_of
from aiotwenty.records.id_filters import by_ids
from aiotwenty.records.inputs import as_model
from aiotwenty.records.object_meta import ObjectMeta
from aiotwenty.records.paging import PAGE_SIZE
from aiotwenty.records.related_lists import completed
from aiotwenty.transport.event_loop import time_limit
from aiotwenty.transport.terms import CallOptions, Terms

if TYPE_CHECKING:
    from aiotwenty.graphql.endpoint import Endpoint

R = TypeVar("R", bound=Record)
M = TypeVar("M", bound=Callable[..., Any])

_OPTIONS = frozenset(CallOptions.__annotations__)

PAGE_OF = "{{edges{{node{}cursor}}pageInfo{{hasNextPage hasPreviousPage startCursor endCursor}}totalCount}}"


class Ask(NamedTuple):
    """An operation and the type of its result."""

    operation: Operation
    result: Any
    has_lists: bool = False
    """Whether lists of related records are selected, which the server may cut."""


def in_form(model: Any, form: Form) -> Any:
    """The type of a result with one record of a model, or several in some form."""
    return Wanted(model, form).annotation


class Namespace(Generic[R]):
    """Base of all parts of a namespace. It has the object's facts and the endpoint."""

    meta: ClassVar[ObjectMeta]

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def __repr__(self) -> str:
        return f"<{self.meta.plural} of {self._endpoint.url.removesuffix('/graphql')!r}>"

    @cached_property
    def _record(self) -> Any:
        return self.meta.model("record")

    @cached_property
    def _asks(self) -> dict[tuple[str, Form, Any, bool], Ask]:
        return {}

    def _ask(self, kind: str, form: Form, select: type[Record] | None = None, *, identified: bool = False) -> Ask:
        """An operation of the object and its result type: records of the generated model, or of a selection.

        `identified` records keep their id. Raises `ConfigurationError` for a model of another object.
        """
        key = (kind, form, select, identified)
        ask = self._asks.get(key)
        if ask is None:
            ask = self._asks[key] = self._new_ask(*key)
        return ask

    def _new_ask(self, kind: str, form: Form, select: Any, identified: bool) -> Ask:
        operation = self.meta.operation(kind)
        if select is None or select is self._record:
            return Ask(operation, in_form(self._record, form))
        if not (isinstance(select, type) and issubclass(select, Record)):
            raise InvalidArgument(f"select is a model, such as a subclass of Select[{self.meta.type_name}].")
        selection = selection_of(select)
        if selection.record is not self._record:
            raise InvalidArgument(
                f"{select.__name__} selects of {selection.record.__name__}, and these are {self.meta.plural}."
            )
        wanted = Wanted(select, form, identified)
        text = selection.text(*(["id"] if identified else []))
        composed = selecting(operation, PAGE_OF.format(text) if form in ("page", "pages") else text)
        return Ask(composed, wanted, wanted.has_lists)

    def _run(
        self, ask: Ask, variables: Mapping[str, object], *, repeatable: bool | None = None, verify: bool = True
    ) -> Coroutine[Any, Any, Any]:
        value = self._endpoint.run(ask.operation, ask.result, variables, repeatable=repeatable, verify=verify)
        return _complete(self._endpoint, ask, value) if ask.has_lists else value

    def _post(self, ask: Ask, body: bytes) -> Coroutine[Any, Any, Any]:
        """Like `_run`, for a body that is encoded already."""
        value = self._endpoint.post(ask.operation, body, ask.result)
        return _complete(self._endpoint, ask, value) if ask.has_lists else value

    async def _read_page(self, ask: Ask, variables: Mapping[str, object]) -> tuple[Page[Any], int]:
        """A page, and its size in bytes."""
        value, answer = await self._endpoint.run_raw(ask.operation, ask.result, variables)
        return await completed(self._endpoint, ask.operation, ask.result, value), len(answer)

    def _on(self, terms: Terms) -> Namespace[R]:
        """The same namespace, for calls on other terms."""
        _ = self._asks  # created now, so that both share it
        other = copy(self)
        other._endpoint = self._endpoint.on(terms)
        return other

    def _filter(self, value: object) -> Filter | None:
        if value is None:
            return None
        return normalise(as_model(value, self.meta.model("filter"), "filter"))

    async def _look(self, ids: list[UUID], select: type[Record] | None = None) -> list[Any]:
        """The records with these ids, including soft-deleted ones."""
        ask = self._ask("find_many", "page", select, identified=True)
        records: list[Any] = []
        for start in range(0, len(ids), PAGE_SIZE):
            some = ids[start : start + PAGE_SIZE]
            page = await self._run(ask, {"filter": by_ids(some, deleted=True), "first": len(some)}, verify=False)
            records += page.records
        return records


async def _complete(endpoint: Endpoint, ask: Ask, value: Awaitable[Any]) -> Any:
    return await completed(endpoint, ask.operation, ask.result, await value)


def of_each_request(method: M) -> M:
    """Makes a method take `CallOptions`, which hold for every single request."""

    @wraps(method)
    def with_options(self: Namespace[Any], *args: Any, **keywords: Any) -> Any:
        return method(self if _OPTIONS.isdisjoint(keywords) else self._on(_terms(self, keywords)), *args, **keywords)

    return cast("M", with_options)


def of_all_requests(method: M) -> M:
    """Makes a method take `CallOptions`; the deadline holds for all requests together."""

    @wraps(method)
    def with_options(self: Namespace[Any], *args: Any, **keywords: Any) -> Any:
        terms = self._endpoint.terms if _OPTIONS.isdisjoint(keywords) else _terms(self, keywords)
        if terms.deadline is not None and terms.scope is None:
            return _within(terms, self, method, args, keywords)
        return method(self if terms is self._endpoint.terms else self._on(terms), *args, **keywords)

    return cast("M", with_options)


def _terms(namespace: Namespace[Any], keywords: dict[str, Any]) -> Terms:
    """The terms of a call. Removes the options from its arguments."""
    return replace(namespace._endpoint.terms, **{name: keywords.pop(name) for name in _OPTIONS & keywords.keys()})


async def _within(
    terms: Terms,
    namespace: Namespace[Any],
    method: Callable[..., Any],
    args: Sequence[Any],
    keywords: Mapping[str, Any],
) -> Any:
    try:
        async with time_limit(terms.deadline) as scope:
            return await method(namespace._on(replace(terms, scope=scope)), *args, **keywords)
    except TimeoutError:
        late = DeadlineExceeded(f"the deadline of {terms.deadline:g} s passed between two requests.")
    raise late


def as_id(value: UUID | str) -> UUID:
    """The id. Raises `InvalidArgument` if it is not a UUID, or one that the server refuses as missing."""
    if problem := id_problem(value):
        raise InvalidArgument(f"{problem}.")
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str):
        hint = ": pass its `id`" if isinstance(value, Record) else ""
        if isinstance(value, Mapping | Input):
            hint = ": pass filters as `filter=`"
        raise InvalidArgument(f"an id is a UUID or the text of one, not {type(value).__name__}{hint}.")
    try:
        return UUID(value)
    except ValueError:
        pass
    raise InvalidArgument(f"{value!r} is not an id: ids are UUIDs.")


def as_ids(values: Iterable[UUID | str]) -> list[UUID]:
    """The ids. Raises `InvalidArgument` like `as_id`."""
    if isinstance(values, str | UUID) or not isinstance(values, Iterable):
        raise InvalidArgument(f"ids must be a list, not {type(values).__name__}.")
    return [as_id(value) for value in values]


def by_id(value: UUID | str) -> Filter:
    """A filter for one record."""
    return {"id": {"eq": as_id(value)}}
