"""The text of `dicts.py`: input types as typed dicts, for type checkers and editors."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from graphql import (
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLType,
    get_named_type,
    is_required_input_field,
)

from aiotwenty.codegen.line_layout import LINE, filled
from aiotwenty.codegen.model.names import class_name
from aiotwenty.codegen.model.package import Models
from aiotwenty.codegen.write.source import DOCSTRINGS, RUNTIME, from_import, module
from aiotwenty.graphql.models import graphql_name
from aiotwenty.graphql.names import field_names, snake_case
from aiotwenty.graphql.schema_corrections import AGGREGATE_ORDER

_TYPING = ("Any", "Literal", "Mapping", "Required", "Sequence", "TypeAlias", "TypedDict", "Union")
DIRECTION = "OrderByDirection"
_TIME = ("datetime.datetime", "datetime.date", "str")
# The types accepted for each scalar: more than the model's field has, because validation converts them.
_SCALARS: dict[str, tuple[str, ...]] = {
    "AdditionalPhone": ("rt.AdditionalPhone", "rt.AdditionalPhoneDict", "str"),
    "BigFloat": ("float", "decimal.Decimal"),
    "BigInt": ("float", "decimal.Decimal"),
    "Boolean": ("bool",),
    "Cursor": ("str",),
    "Date": ("datetime.date", "str"),
    "DateTime": _TIME,
    "ExactBoolean": ("bool",),
    "ExactFloat": ("float", "decimal.Decimal"),
    "ExactInt": ("int",),
    "Float": ("float", "decimal.Decimal"),
    "ID": ("str",),
    "Int": ("int",),
    "Link": ("str",),
    "Micros": ("int", "decimal.Decimal"),
    "Phone": ("str",),
    "Position": ("float", 'Literal["first", "last"]'),
    "SecondaryLink": ("rt.SecondaryLink", "rt.SecondaryLinkDict"),
    "String": ("str",),
    "TSVector": ("str",),
    "UUID": ("uuid.UUID", "str"),
}


def dict_name(model: str) -> str:
    """The typed dict of a model: CompanyFilterDict for CompanyFilterInput."""
    return f"{model.removesuffix('Input')}Dict"


def dicts_module(schema: GraphQLSchema, models: Models, own_scalars: Collection[str]) -> str:
    """The text of the module. `own_scalars` have types of the user's, so any value is accepted."""
    return _Dicts(schema, frozenset(models.home), frozenset(own_scalars)).text()


def dict_names(schema: GraphQLSchema, models: Models) -> list[str]:
    """The names that the module defines."""
    return [dict_name(class_name(type_.name)) for type_ in _inputs(schema, frozenset(models.home))]


def _inputs(schema: GraphQLSchema, classes: frozenset[str]) -> Iterator[GraphQLInputObjectType]:
    for name, type_ in sorted(schema.type_map.items()):
        if isinstance(type_, GraphQLInputObjectType) and class_name(name) in classes:
            yield type_


@dataclass
class _Dicts:
    schema: GraphQLSchema
    classes: frozenset[str]
    own_scalars: frozenset[str]
    options: dict[str, str] = field(default_factory=dict)
    """The definitions of aliases for the options of enums."""
    aliases: dict[str, str] = field(default_factory=dict)
    """The definitions of aliases for types, by name."""
    used: set[str] = field(default_factory=set)
    """The classes that the aliases need."""

    @cached_property
    def common_aggregates(self) -> list[str]:
        """The aggregates that all objects have."""
        every = [_aggregates(field) for type_ in self.inputs for field in type_.fields.values()]
        first, *others = [names for names in every if names] or [[]]
        return [name for name in first if all(name in names for names in others)] if others else []

    @cached_property
    def inputs(self) -> list[GraphQLInputObjectType]:
        return list(_inputs(self.schema, self.classes))

    def text(self) -> str:
        blocks = [self._dict(type_) for type_ in self.inputs]
        options = (text for _, text in sorted(self.options.items()))
        aliases = "\n".join([*options, *(text for _, text in sorted(self.aliases.items()))])
        text = "\n".join([aliases, *blocks])
        imports = [f"import {name}" for name in ("datetime", "decimal", "uuid") if f"{name}." in text]
        words = set(re.findall(r"\w+", text))
        imports += [f"from typing import {', '.join(name for name in _TYPING if name in words)}"]
        imports += ["", *([RUNTIME, ""] if "rt." in text else [])]
        imports += [from_import("", self.used)] if self.used else []
        return module(DOCSTRINGS["dicts"], imports, [aliases, "\n".join(blocks)])

    def _dict(self, type_: GraphQLInputObjectType) -> str:
        name = dict_name(class_name(type_.name))
        names = field_names(type_.fields)
        items = [
            f'"{_key(names[graphql], graphql)}": {self._value(definition, type_.name)}'
            for graphql, definition in type_.fields.items()
        ]
        head, tail = f'{name} = TypedDict("{name}", {{', "}, total=False)"
        line = f"{head}{', '.join(items)}{tail}"
        if len(line) <= LINE:
            return line
        lines = filled(items, "    ", ", ")
        if len(lines[-1]) + len(tail) > LINE:
            # The last item has no comma: the tail follows it.
            lines = [*filled(items[:-1], "    ", ", ", ","), f"    {items[-1]}"]
        return "\n".join([head, *lines[:-1], lines[-1] + tail])

    def _value(self, definition: GraphQLInputField, owner: str) -> str:
        if (aggregates := _aggregates(definition)) is not None:
            return self._aggregate_order(aggregates, owner)
        if is_required_input_field(definition):
            return f"Required[{self._alias(_nullable(definition.type), nullable=False)}]"
        is_nullable = not isinstance(definition.type, GraphQLNonNull)
        return self._alias(_nullable(definition.type), nullable=is_nullable)

    def _aggregate_order(self, names: list[str], owner: str) -> str:
        """An order by aggregates: directions by the aggregates that all objects have, and by the object's own."""
        alias = f"_{owner.removesuffix('OrderByWithGroupByInput')}Aggregates"
        if common := self.common_aggregates:
            self.options["Aggregates"] = _options("_Aggregates", common)
        more = [name for name in names if name not in common]
        self.options[alias.lstrip("_")] = _options(alias, more)
        direction = self._alias(self.schema.type_map[DIRECTION], nullable=False)
        keys = f"_Aggregates | {alias}" if common else alias
        return f"Mapping[{keys}, {direction}]"

    def _alias(self, type_: GraphQLType, *, nullable: bool) -> str:
        """The name of the alias for a type; its definition goes to `aliases`."""
        named = get_named_type(type_)
        is_list = isinstance(type_, GraphQLList)
        alias = f"_{named.name}{'List' if is_list else ''}{'' if nullable else 'Value'}"
        if alias not in self.aliases:
            kinds = self._kinds(named)
            is_model = isinstance(named, GraphQLInputObjectType)
            if is_list and is_model:
                kinds = (f"Sequence[{self._alias(named, nullable=True)}]",)
            elif is_list:
                # list[str], not Sequence[str]: a str is a sequence of str itself.
                structured = [kind for kind in kinds if kind.startswith("rt.") or isinstance(named, GraphQLEnumType)]
                plain = [f"list[{kind}]" for kind in kinds if kind not in structured]
                kinds = (*([f"Sequence[{' | '.join(structured)}]"] if structured else []), *plain)
            elif is_model:
                # Quoted, because its definition comes later in the module.
                kinds = tuple(f'"{kind}"' for kind in kinds)
            self.aliases[alias] = _union(f"{alias}: TypeAlias", [*kinds, *(["None"] if nullable else [])])
        return alias

    def _kinds(self, named: GraphQLNamedType) -> tuple[str, ...]:
        if named.name in self.own_scalars:
            return ("Any",)
        if isinstance(named, GraphQLEnumType):
            self.options[named.name] = _options(f"_{named.name}Option", named.values)
            self.used.add(class_name(named.name))
            return (class_name(named.name), f"_{named.name}Option")
        if isinstance(named, GraphQLInputObjectType):
            model = class_name(named.name)
            # A composite value that was read, such as another record's address, may be written as it is.
            stem = named.name.removesuffix("CreateInput").removesuffix("UpdateInput")
            record = self.schema.type_map.get(stem) if stem != named.name else None
            is_composite = isinstance(record, GraphQLObjectType) and "id" not in record.fields
            read = (class_name(stem),) if is_composite and class_name(stem) in self.classes else ()
            money = ("rt.Money",) if read and any(_is_micros(part.type) for part in named.fields.values()) else ()
            self.used.update((model, *read))
            uploaded = ("rt.FileReference",) if named.name == "FileItemInput" else ()
            return (model, dict_name(model), *read, *money, *uploaded)
        return _SCALARS.get(named.name, ("object",))


def _nullable(type_: GraphQLType) -> GraphQLType:
    return type_.of_type if isinstance(type_, GraphQLNonNull) else type_


def _options(name: str, options: Iterable[str]) -> str:
    """The definition of an alias for a Literal of options."""
    quoted = [f'"{option}"' for option in options]
    head = f"{name}: TypeAlias = Literal["
    line = f"{head}{', '.join(quoted)}]"
    return "\n".join([head, *filled(quoted, "    ", ", ", "]")]) if len(line) > LINE else line


def _aggregates(definition: GraphQLInputField) -> list[str] | None:
    """The aggregates that an order of groups has, in snake_case; None if the field is not such an order."""
    names: list[str] | None = definition.extensions.get(AGGREGATE_ORDER)
    if names is None:
        return None
    python = {name: snake_case(name) for name in names}
    return [snake if graphql_name(snake) == name else name for name, snake in python.items()]


def _union(name: str, kinds: list[str]) -> str:
    """The definition of a union alias. Quoted types cannot be joined by `|` at run time."""
    if not kinds[0].startswith('"'):
        line = f"{name} = {' | '.join(kinds)}"
        return line if len(line) <= LINE else f"{name} = Union[\n    {', '.join(kinds)}]"
    line = f"{name} = Union[{', '.join(kinds)}]"
    return line if len(line) <= LINE else f"{name} = Union[\n    {', '.join(kinds)}]"


def _is_micros(type_: GraphQLInputType) -> bool:
    return get_named_type(type_).name == "Micros"


def _key(python: str, graphql: str) -> str:
    """The name in snake_case, without the underscore that avoids keywords: `in`, `class`."""
    return graphql if python == f"{graphql}_" and snake_case(graphql) == graphql else python
