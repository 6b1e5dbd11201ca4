"""SDL of small workspaces, made the way Twenty makes it from objects and fields of any name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

COMMON = """
scalar UUID
scalar DateTime
scalar Date
scalar BigFloat
scalar BigInt
scalar Position
scalar JSON
scalar TSVector
scalar Cursor
scalar ConnectionCursor
type PageInfo {
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
  startCursor: ConnectionCursor
  endCursor: ConnectionCursor
}
type Links { primaryLinkLabel: String primaryLinkUrl: String secondaryLinks: JSON }
input LinksCreateInput { primaryLinkLabel: String primaryLinkUrl: String secondaryLinks: JSON }
input LinksUpdateInput { primaryLinkLabel: String primaryLinkUrl: String secondaryLinks: JSON }
input StringFilter { eq: String in: [String!] ilike: String }
input UUIDFilter { eq: UUID in: [UUID] }
enum OrderByDirection { AscNullsFirst AscNullsLast DescNullsFirst DescNullsLast }
"""


@dataclass(frozen=True)
class Thing:
    """An object of the workspace: its names, text fields, and the options of its select field `choice`."""

    singular: str
    plural: str
    fields: Sequence[str] = ()
    options: Sequence[str] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    """More fields with their GraphQL type, in the record and in what is sent."""


def type_name(singular: str) -> str:
    return singular[:1].upper() + singular[1:]


def core_sdl(things: Sequence[Thing]) -> str:
    """The schema of /graphql."""
    queries: list[str] = []
    mutations: list[str] = []
    types = [COMMON]
    for thing in things:
        name, one, many = type_name(thing.singular), type_name(thing.singular), type_name(thing.plural)
        own = [f"{each}: String" for each in thing.fields] + [f"{each}: {kind}" for each, kind in thing.extra.items()]
        if thing.options:
            types.append(f"enum {name}ChoiceEnum {{ {' '.join(thing.options)} }}")
            own.append(f"choice: {name}ChoiceEnum")
        body = "\n  ".join(own)
        filters = "\n  ".join(f"{each}: StringFilter" for each in thing.fields)
        orders = "\n  ".join(f"{each}: OrderByDirection" for each in thing.fields)
        groups = "\n  ".join(f"{each}: Boolean" for each in thing.fields)
        types.append(f"""
type {name} {{ id: UUID! createdAt: DateTime! website: Links
  {body}
}}
type {name}Edge {{ node: {name}! cursor: Cursor! }}
type {name}Connection {{ totalCount: Int edges: [{name}Edge!]! pageInfo: PageInfo! }}
type {name}GroupByConnection {{ groupByDimensionValues: [String!]! totalCount: Int edges: [{name}Edge!]! }}
input {name}CreateInput {{ id: ID website: LinksCreateInput
  {body}
}}
input {name}UpdateInput {{ id: ID website: LinksUpdateInput
  {body}
}}
input {name}FilterInput {{ id: UUIDFilter and: [{name}FilterInput] or: [{name}FilterInput] not: {name}FilterInput
  {filters}
}}
input {name}OrderByInput {{ id: OrderByDirection
  {orders}
}}
input {name}GroupByInput {{ createdAt: Boolean
  {groups}
}}
""")
        page = (
            f"first: Int, last: Int, offset: Int, before: String, after: String, filter: {name}FilterInput, "
            f"orderBy: [{name}OrderByInput]"
        )
        queries += [
            f"{thing.plural}({page}): {name}Connection",
            f"{thing.singular}(filter: {name}FilterInput!): {name}",
            f"{thing.plural}GroupBy(groupBy: [{name}GroupByInput!]!): [{name}GroupByConnection!]",
            f"{thing.singular}Duplicates(ids: [UUID], data: [{name}CreateInput]): [{name}Connection!]",
        ]
        mutations += [
            f"create{one}(data: {name}CreateInput!, upsert: Boolean): {name}",
            f"create{many}(data: [{name}CreateInput!]!, upsert: Boolean): [{name}!]",
            f"update{one}(id: UUID!, data: {name}UpdateInput!): {name}",
            f"update{many}(data: {name}UpdateInput!, filter: {name}FilterInput!): [{name}!]",
            *(f"{verb}{one}(id: UUID!): {name}" for verb in ("delete", "destroy", "restore")),
            *(f"{verb}{many}(filter: {name}FilterInput!): [{name}!]" for verb in ("delete", "destroy", "restore")),
            f"merge{many}(ids: [UUID!]!, conflictPriorityIndex: Int!, dryRun: Boolean): {name}",
        ]
    roots = "type Query {{\n  {}\n}}\ntype Mutation {{\n  {}\n}}\n"
    return "\n".join(types) + roots.format("\n  ".join(queries), "\n  ".join(mutations))


METADATA_SDL = """
scalar UUID
scalar JSON
scalar Upload
enum FieldKind { TEXT SELECT }
type Object { id: UUID! nameSingular: String! namePlural: String! fieldsList: [Field!]! }
type Field { id: UUID! objectMetadataId: UUID name: String! type: FieldKind! settings: JSON object: Object }
type ObjectEdge { node: Object! cursor: String! }
type PageInfo { hasNextPage: Boolean hasPreviousPage: Boolean startCursor: String endCursor: String }
type ObjectConnection { edges: [ObjectEdge!]! pageInfo: PageInfo! }
input Paging { first: Int after: String }
input CreateFieldInput { name: String! type: FieldKind! = TEXT settings: JSON isUnique: Boolean = false }
type Query {
  objects(paging: Paging! = { first: 10 }): ObjectConnection!
  object(id: UUID!): Object!
  field(id: UUID!): Field
  theme: String
}
type Mutation {
  createOneField(input: CreateFieldInput!): Field!
  deleteOneField(id: UUID!): Boolean!
  uploadLogo(file: Upload!): String
}
type Subscription { onEvent(id: String!): JSON }
"""
