"""`twenty.object("rockets")`: a namespace by the name of its object, which fetches the schema when it is used."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from aiotwenty.errors import ConfigurationError, InvalidArgument, SchemaDrift
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.endpoint import Endpoint
from aiotwenty.graphql.introspection import introspection
from aiotwenty.served.package import ServedPackage, ServedRecords, package_of_answer


class ServedObjects:
    """The objects of one workspace. Its schema is fetched once, and again when something seems to be missing."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._package: ServedPackage | None = None
        self._asking = asyncio.Lock()

    async def kind(self, name: str) -> type[ServedRecords]:
        """The class for an object. Raises `InvalidArgument` for an unknown name; `TwentyError` if fetching fails."""
        known = self._package
        package = known or await self.refreshed(None)
        wanted = package.find(name)
        if wanted is None and known is not None:
            package = await self.refreshed(known)
            wanted = package.find(name)
        if wanted is None:
            if not package.objects and name.isidentifier():
                # To an unknown caller the server shows no records: its own error says so.
                await self._endpoint.run_document(f"{{{name}(first:1){{totalCount}}}}")
            raise package.no_object(name)
        return package.kind(wanted)

    async def refreshed(self, known: ServedPackage | None) -> ServedPackage:
        """The present schema, fetched once for all callers with the same old one."""
        async with self._asking:
            if self._package is None or self._package is known:
                answer = await self._endpoint.run_document(introspection())
                # The schema has two megabytes: reading it would block the event loop.
                self._package = await asyncio.to_thread(package_of_answer, answer)
            return self._package

    async def changed(self, kind: type[ServedRecords]) -> bool:
        """Whether the workspace's schema has changed since the namespace was made."""
        known = self._package
        if known is None or known.name != kind.meta.package:
            return True
        return await self.refreshed(known) is not known


if TYPE_CHECKING:
    Calls: TypeAlias = ServedRecords
else:
    # At run time not a namespace: it has to fetch what a namespace knows.
    Calls = object


class NamedRecords(Calls):
    """The result of `twenty.object("rockets")`: all methods of a namespace. Awaited, it is the namespace itself."""

    def __init__(self, name: str, objects: ServedObjects, endpoint: Endpoint) -> None:
        self._name = name
        self._objects = objects
        self._endpoint = endpoint

    def __repr__(self) -> str:
        return f"<object {self._name!r} of {self._endpoint.url.removesuffix('/graphql')!r}>"

    def __dir__(self) -> list[str]:
        return _calls()

    def __await__(self) -> Generator[Any, Any, ServedRecords]:
        return self._namespace().__await__()

    async def _namespace(self) -> ServedRecords:
        return (await self._objects.kind(self._name))(self._endpoint)

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            if name.startswith("_"):
                raise AttributeError(f"{type(self).__name__} has no {name}")
            member = inspect.getattr_static(ServedRecords, name, None)
            if member is None:
                raise AttributeError(f"{self._name} have no {name}{did_you_mean(name, _calls())}")
            if not callable(member):
                raise AttributeError(f"{name} comes with the schema: (await twenty.object({self._name!r})).{name}")
            return _call(self, name, member)


def _calls() -> list[str]:
    return [name for name in dir(ServedRecords) if not name.startswith("_")]


def _call(named: Any, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(inspect.unwrap(method)):

        def call(*args: Any, **options: Any) -> Any:
            return _awaited(named, name, args, options)

    else:

        def call(*args: Any, **options: Any) -> Any:
            async def begin() -> AsyncIterator[Any]:
                walk: AsyncIterator[Any] = getattr(await named, name)(*args, **options)
                return walk

            return LateWalk(begin)

    call.__name__, call.__doc__ = name, method.__doc__
    return call


async def _awaited(named: Any, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    namespace: ServedRecords = await named
    try:
        return await getattr(namespace, name)(*args, **options)
    except SchemaDrift:
        await named._objects.changed(type(namespace))
        raise
    except ConfigurationError as error:
        # Nothing was sent. The call may be valid in the present schema, unless an argument is an exhausted iterator.
        used_up = any(isinstance(value, Iterator | AsyncIterator) for value in (*args, *options.values()))
        if not isinstance(error, InvalidArgument) or used_up or not await named._objects.changed(type(namespace)):
            raise
    return await getattr(await named, name)(*args, **options)


class LateWalk(AsyncIterator[Any]):
    """A walk that fetches the schema first. Its other attributes are those of the walk, once it has begun."""

    def __init__(self, begin: Callable[[], Awaitable[AsyncIterator[Any]]]) -> None:
        self._begin = begin
        self._walk: Any = None

    def __aiter__(self) -> LateWalk:
        return self

    async def __anext__(self) -> Any:
        if self._walk is None:
            self._walk = aiter(await self._begin())
        return await anext(self._walk)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or self._walk is None:
            raise AttributeError(f"the iteration has not started: it has no {name} yet")
        return getattr(self._walk, name)

    async def aclose(self) -> None:
        """Ends the walk."""
        if self._walk is not None:
            close: Callable[[], Coroutine[Any, Any, None]] = self._walk.aclose
            await close()
