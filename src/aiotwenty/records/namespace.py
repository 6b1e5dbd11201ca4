"""`twenty.companies` and its kin: what every object can do, written once for all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from aiotwenty.records.meta import ObjectMeta
from aiotwenty.transport.models import UUID, Input, Record
from aiotwenty.transport.page import Group, Page

if TYPE_CHECKING:
    from aiotwenty.client import Client

R = TypeVar("R", bound=Record)
C = TypeVar("C", bound=Input)
U = TypeVar("U", bound=Input)
F = TypeVar("F", bound=Input)
O = TypeVar("O", bound=Input)  # noqa: E741
G = TypeVar("G", bound=Input)


class Records(Generic[R, C, U, F, O, G]):
    """The records of one object.

    R, C, U, F, O and G are its record, create input, update input, filter, order and group-by types. Wherever a model
    is taken, a mapping with camelCase or snake_case keys is taken too and validated.
    """

    meta: ClassVar[ObjectMeta]

    def __init__(self, client: Client) -> None:
        self._client = client


class FindDuplicates(Generic[R, C]):
    """For objects that have duplicate detection."""


class MergeMany(Generic[R]):
    """For objects whose records can be merged."""


__all__ = ["FindDuplicates", "Group", "MergeMany", "ObjectMeta", "Page", "Records"]
_unused = (AsyncIterator, Mapping, Sequence, Any, UUID)
