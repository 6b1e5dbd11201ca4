"""Filters with GraphQL names, checked against the schema of a workspace, for objects without generated models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLInputObjectType, GraphQLSchema, get_named_type
from pydantic import TypeAdapter, ValidationError

from aiotwenty.bulk.source import InputError
from aiotwenty.graphql.advice import did_you_mean
from aiotwenty.graphql.filters import Filter
from aiotwenty.graphql.input_problems import problems
from aiotwenty.graphql.models import graphql_name
from aiotwenty.graphql.relations import wrong_in_filter


@dataclass(frozen=True)
class FilterChecker:
    """Reads filters like the models of a generated client. `type_of` returns the Python type of a GraphQL type."""

    schema: GraphQLSchema
    type_of: Callable[[Any, str], Any]

    def checked(self, type_name: str, value: Mapping[str, Any]) -> Filter:
        """The filter with its operands as they are sent. Raises `InputError` for parts that the server would refuse, or
        would understand in another way.
        """
        if wrong := next(wrong_in_filter(self.schema, type_name, value), None):
            raise InputError(f"filter: {wrong}")
        return self._inside(type_name, value, "")

    def _inside(self, type_name: str, value: object, path: str) -> Filter:
        type_ = self.schema.type_map[type_name]
        assert isinstance(type_, GraphQLInputObjectType)
        if not isinstance(value, Mapping):
            example = f'such as {{"{next(iter(type_.fields), "eq")}": …}}'
            raise InputError(f"filter: {path}: must be an object, {example}, not {value!r}")
        narrower: Filter = {}
        for key, inner in value.items():
            name = key if key in type_.fields else graphql_name(str(key))
            here = f"{path}.{key}" if path else str(key)
            if name not in type_.fields:
                raise InputError(
                    f"filter: {here}: there is no such field or operator{did_you_mean(name, type_.fields)}"
                )
            narrower[name] = None if inner is None else self._part(type_.fields[name].type, name, inner, here)
        return narrower

    def _part(self, type_: Any, name: str, value: object, path: str) -> Any:
        named = get_named_type(type_)
        if isinstance(named, GraphQLInputObjectType):
            if isinstance(value, list | tuple):
                return [self._inside(named.name, item, f"{path}[{number}]") for number, item in enumerate(value)]
            inner = self._inside(named.name, value, path)
            return [inner] if name in ("and", "or") else inner
        if isinstance(value, Mapping) and named.name in ("Date", "DateTime"):
            # Older servers declare a date as a scalar, but accept operators all the same (Twenty, November 2025).
            return {
                operator: operand if operator == "is" else self._operand(type_, operator, operand, f"{path}.{operator}")
                for operator, operand in value.items()
            }
        return self._operand(type_, name, value, path)

    def _operand(self, type_: Any, name: str, value: object, path: str) -> Any:
        try:
            return TypeAdapter(self.type_of(type_, name)).validate_python(value)
        except ValidationError as error:
            problem = problems(error)[0]
        raise InputError("filter: " + problem._replace(path=(path, *problem.path)).told(with_value=True))
