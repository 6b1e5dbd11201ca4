"""The return types of methods. Most operations select a type that has a class already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLScalarType,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
)

from aiotwenty.codegen.model.selection import PAGE_INFO
from aiotwenty.graphql.relations import object_fields


@dataclass(frozen=True)
class Shapes:
    """Recognises scalars, fragments, pages of fragments and groups in the selection of a root field."""

    fragments: Mapping[str, FragmentDefinitionNode]
    scalar: Callable[[str], str]
    """Gives the Python type of a scalar."""
    enum: Callable[[str], str]
    record: Callable[[str], str]
    """Gives the class of a fragment."""
    records: bool
    """Whether root fields are records: these are null only together with an error, so their type is not nullable."""

    def result(self, field: FieldNode, type_: GraphQLOutputType) -> str | None:
        """The annotation of a root field; None if a class has to be made for it."""
        bare = self._bare(field.selection_set, get_named_type(type_))
        return None if bare is None else self.wrapped(bare, type_)

    def wrapped(self, bare: str, type_: GraphQLOutputType, *, root: bool = True) -> str:
        """The annotation of a type with the innermost part `bare`, its lists, and None if it is nullable."""
        if isinstance(type_, GraphQLNonNull):
            return self._not_null(bare, type_.of_type)
        return self._not_null(bare, type_) + ("" if root and self.records else " | None")

    def _not_null(self, bare: str, type_: GraphQLOutputType) -> str:
        return f"list[{self.wrapped(bare, type_.of_type, root=False)}]" if isinstance(type_, GraphQLList) else bare

    def _bare(self, selected: SelectionSetNode | None, named: GraphQLNamedType) -> str | None:
        if isinstance(named, GraphQLScalarType):
            return self.scalar(named.name)
        if isinstance(named, GraphQLEnumType):
            return self.enum(named.name)
        if not isinstance(named, GraphQLObjectType) or selected is None:
            return None
        return self._record(selected, named) or self._page(selected, named) or self._group(selected)

    def _record(self, selected: SelectionSetNode, named: GraphQLNamedType) -> str | None:
        match selected.selections:
            case (FragmentSpreadNode() as spread,) if not spread.directives:
                fragment = self.fragments[spread.name.value]
                if fragment.type_condition.name.value == named.name and not _has_inline_fragments(fragment):
                    return self.record(fragment.name.value)
        return None

    def _page(self, selected: SelectionSetNode, named: GraphQLObjectType) -> str | None:
        fields = _plain_fields(selected)
        if fields is None or "edges" not in fields or not fields.keys() <= {"edges", "pageInfo", "totalCount"}:
            return None
        edges = _plain_fields(fields["edges"].selection_set)
        if edges is None or "node" not in edges or not edges.keys() <= {"node", "cursor"}:
            return None
        if "pageInfo" in fields:
            page_info = _plain_fields(fields["pageInfo"].selection_set)
            if page_info is None or not page_info.keys() <= {*PAGE_INFO}:
                return None
        edge = get_named_type(named.fields["edges"].type)
        node = get_named_type(object_fields(edge)["node"].type)
        selection = edges["node"].selection_set
        record = self._record(selection, node) if selection else None
        return None if record is None else f"rt.Page[{record}]"

    def _group(self, selected: SelectionSetNode) -> str | None:
        fields = _plain_fields(selected) or {}
        known = {"groupByDimensionValues", "totalCount"}
        return "rt.Group" if "groupByDimensionValues" in fields and fields.keys() <= known else None


def _plain_fields(selected: SelectionSetNode | None) -> dict[str, FieldNode] | None:
    """The fields by name; None if there are spreads, aliases or directives too."""
    if selected is None:
        return None
    fields = [
        each for each in selected.selections if isinstance(each, FieldNode) and not each.alias and not each.directives
    ]
    return {each.name.value: each for each in fields} if len(fields) == len(selected.selections) else None


def _has_inline_fragments(fragment: FragmentDefinitionNode) -> bool:
    return any(isinstance(each, InlineFragmentNode) for each in fragment.selection_set.selections)
