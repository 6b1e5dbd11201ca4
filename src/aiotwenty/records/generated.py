"""What generated namespaces are made of: `from aiotwenty.records import generated as ns`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from aiotwenty.records.meta import ObjectMeta
from aiotwenty.records.namespace import FindDuplicates, MergeMany, Records

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FindDuplicates", "Lazy", "MergeMany", "ObjectMeta", "Records"]

N = TypeVar("N")


class Lazy(Generic[N]):
    """An attribute of a client that is made from it when it is first used, and kept."""

    def __init__(self, make: Callable[[Any], N]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...

    @overload
    def __get__(self, client: object, owner: type) -> N: ...

    def __get__(self, client: object | None, owner: type) -> Self | N:
        if client is None:
            return self
        # Found in the instance from now on: this descriptor has no __set__.
        made = client.__dict__[self._name] = self._make(client)
        return made
