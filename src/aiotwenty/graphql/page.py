"""The shapes that every object's reads share: pages and groups."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import zip_longest
from operator import itemgetter
from typing import Any, Generic, TypeVar, overload

from pydantic import ConfigDict, Field, GetCoreSchemaHandler, PrivateAttr, computed_field
from pydantic_core import CoreSchema, core_schema

from aiotwenty.errors import PaginationError
from aiotwenty.graphql.html import ROWS, table
from aiotwenty.graphql.models import Json, Record

R = TypeVar("R")

_NODE = itemgetter("node")


class PageInfo(Record):
    """The position of a page in its list."""

    has_next_page: bool = False
    has_previous_page: bool = False
    start_cursor: str | None = None
    end_cursor: str | None = None


class Edge(Record, Generic[R]):
    """A record and the cursor to go on from it."""

    node: R
    cursor: str | None = None


class Page(Record, Generic[R]):
    """A part of a list of records.

    It has the attributes of a GraphQL connection. `edges` are only created when they are used, which saves a fourth of
    the time for short records.
    """

    records: list[R] = Field(alias="edges", exclude=True)
    """The records of this page, in order."""
    cursors: list[str | None] = Field(default_factory=list, exclude=True)
    """The cursor of each record, in the order of `records`."""
    page_info: PageInfo | None = None
    total_count: int | None = None
    """The number of all records that match the filter."""

    def __iter__(self) -> Iterator[R]:  # type: ignore[override]  # a model gives its fields
        """The records of this page only; `iterate` goes on to the next ones."""
        return iter(self.records)

    def __len__(self) -> int:
        """How many records this page has."""
        return len(self.records)

    @overload
    def __getitem__(self, position: int) -> R: ...

    @overload
    def __getitem__(self, position: slice) -> list[R]: ...

    def __getitem__(self, position: int | slice) -> R | list[R]:
        return self.records[position]

    @computed_field(return_type=Any, repr=False)  # type: ignore[prop-decorator]
    @property
    def edges(self) -> list[Edge[R]]:
        """Each record with its cursor."""
        edge: Any = Edge
        return [
            edge.model_construct(node=node, cursor=cursor)
            for node, cursor in zip_longest(self.records, self.cursors[: len(self.records)])
        ]

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield None, self.records
        yield "total_count", self.total_count
        yield "has_next_page", self.has_next_page

    def _repr_html_(self) -> str:
        """The HTML for notebooks: a row for each record, a column for each field that any record has."""
        shown = [
            dict(record.__repr_args__()) if isinstance(record, Record) else {"": record} for record in self.records
        ]
        columns = [str(name) for name in dict.fromkeys(name for row in shown for name in row)]
        more = f", the first {ROWS} shown" if len(shown) > ROWS else ""
        total = "" if self.total_count is None else f" of {self.total_count:,}"
        noun = "record" if (len(shown) if self.total_count is None else self.total_count) == 1 else "records"
        rows = ([row.get(name) for name in columns] for row in shown[:ROWS])
        return table(columns, rows, f"{len(shown):,}{total} {noun}{more}")

    @property
    def has_next_page(self) -> bool:
        """Whether the server says that more records follow."""
        return self.page_info is not None and self.page_info.has_next_page

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        model: Any = handler.resolve_ref_schema(schema)
        # The schema of a class that was built before is changed already.
        if model["schema"]["type"] == "model-fields":
            records = model["schema"]["fields"]["records"]
            records["schema"] = _edges_of(records["schema"]["items_schema"])
            model["schema"] = core_schema.no_info_after_validator_function(_without_edges, model["schema"])
        return schema


def _edges_of(node: CoreSchema) -> CoreSchema:
    """The schema of edges as the server sends them, or of records, for pages made in Python."""
    cursor = core_schema.nullable_schema(core_schema.str_schema())
    edge = core_schema.typed_dict_schema(
        {"node": core_schema.typed_dict_field(node), "cursor": core_schema.typed_dict_field(cursor, required=False)}
    )
    edges = core_schema.list_schema(edge)
    return core_schema.json_or_python_schema(edges, core_schema.no_info_before_validator_function(_as_edges, edges))


def _as_edges(value: Any) -> Any:
    return [_as_edge(item) for item in value] if isinstance(value, list) else value


def _as_edge(item: Any) -> Any:
    if isinstance(item, Edge):
        return {"node": item.node, "cursor": item.cursor}
    return item if isinstance(item, Mapping) and "node" in item else {"node": item}


def _without_edges(read: Any) -> Any:
    """Replaces the edges in the validated data by records and cursors."""
    values, _, names = read
    edges = values["records"]
    values["records"] = list(map(_NODE, edges))
    if edges and "cursor" in edges[0]:
        values["cursors"] = [edge.get("cursor") for edge in edges]
        names.add("cursors")
    return read


class Group(Record):
    """One group of a `group_by`: its values and its number of records."""

    model_config = ConfigDict(extra="allow")

    group_by_dimension_values: list[Json]
    """The values as the server writes them; `values` has them in their usual form."""
    total_count: int | None = None
    _values: list[Json] = PrivateAttr(default_factory=list)

    def model_post_init(self, context: Any) -> None:
        self._values = list(self.group_by_dimension_values)

    @property
    def values(self) -> list[Json]:
        """The common values of its records, in the order of `group_by`.

        As in JSON: options and dates are texts, MULTI_SELECT a list of options, `amountMicros` an int.
        """
        return self._values


async def every_node(fetch: Callable[[str | None], Awaitable[Mapping[str, Any]]], what: str) -> list[dict[str, Any]]:
    """All nodes of a short list, read page by page. `fetch` returns the connection after a cursor, unvalidated.

    Raises `PaginationError` if the server says that more nodes follow, but not where. Records need a stricter check:
    `aiotwenty.records.paging`.
    """
    nodes: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = await fetch(after)
        nodes += [edge["node"] for edge in page["edges"]]
        info = page["pageInfo"]
        if not info["hasNextPage"]:
            return nodes
        if info["endCursor"] in (None, "", after):
            raise PaginationError(f"{what}: the server says that more follow, and not where.", seen=len(nodes))
        after = info["endCursor"]
