"""What the sandbox executes by itself is what graphql-core makes of the same document."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    build_schema,
    execute_sync,
    get_introspection_query,
    get_operation_ast,
    parse,
    validate,
)

from aiotwenty.sandbox.language.execution import Execution

SCHEMA = build_schema(
    """
    enum Size { SMALL LARGE }
    interface Named { name: String! }
    type Cat implements Named { name: String!, lives: Int, size: Size, kittens(first: Int = 2): [Cat!] }
    type Dog implements Named { name: String!, tags: [String!]!, owner: Dog!, bones: [[Int]] }
    union Pet = Cat | Dog
    type Query { pets: [Pet], cat(name: String): Cat, dog: Dog, dogs: [Dog!]!, named: Named, broken: Int!, count: Int }
    type Mutation { rename(to: String!): Cat }
    """
)
CAT: dict[str, Any] = {"__typename": "Cat", "name": "Tom", "lives": 9, "size": "LARGE"}
DOG: dict[str, Any] = {"__typename": "Dog", "name": "Rex", "tags": ["a", "b"], "bones": [[1, None], None]}
ROOTS: dict[str, Any] = {
    "pets": [CAT, None, DOG],
    "cat": CAT | {"kittens": [CAT | {"name": str(number)} for number in range(4)]},
    "dog": DOG,
    "dogs": [DOG, DOG | {"tags": None}],
    "named": DOG,
    "count": "many",
    "rename": CAT,
}


def resolve(source: Any, info: Any, **arguments: Any) -> Any:
    if info.field_name == "broken":
        raise GraphQLError("it broke", extensions={"code": "BROKEN"})
    value: Any = ROOTS.get(info.field_name) if source is None else source.get(info.field_name)
    if "first" in arguments and value is not None:
        return value[: arguments["first"]]
    if "to" in arguments:
        assert value is not None
        return value | {"name": arguments["to"]}
    return value


DOCUMENTS = {
    "introspection": get_introspection_query(),
    "a type": '{ __type(name: "Cat") { name fields { name type { kind ofType { name } } } } }',
    "aliases and defaults": "{ a: cat { __typename b: name size kittens { name } c: kittens(first: 3) { name } } }",
    "fields of one key are merged": "{ cat { name } ...F } fragment F on Query { cat { lives ... on Named { name } } }",
    "kinds": "{ pets { __typename ... on Cat { lives } ... on Named { name } ...D } } fragment D on Dog { tags bones }",
    "an interface": "{ named { name ... on Dog { tags } ... on Cat { lives } } }",
    "skipped": """query($yes: Boolean!) {
        cat { name @skip(if: $yes) lives @include(if: $yes) ... @skip(if: $yes) { size } }
    }""",
    "a variable that is not given": "query($n: Int) { cat { kittens(first: $n) { name } } }",
    "no value": "{ cat { name kittens { size } } dog { name bones } }",
    "a required value is missing": "{ dog { name owner { name } } cat { name } }",
    "a required value in a list is missing": "{ cat { name } dogs { name tags } }",
    "a resolver fails": "{ cat { name } broken }",
    "a value of another type": "{ count cat { name } }",
    "a mutation": 'mutation { first: rename(to: "A") { name } second: rename(to: "B") { name } }',
}


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_document_is_executed_as_graphql_core_does_it(document: str) -> None:
    parsed = parse(document)
    assert not validate(SCHEMA, parsed)
    variables = {"yes": True} if "$yes" in document else {}
    expected = execute_sync(SCHEMA, parsed, variable_values=variables, field_resolver=resolve)
    operation = get_operation_ast(parsed)
    assert operation is not None
    fragments = {node.name.value: node for node in parsed.definitions if isinstance(node, FragmentDefinitionNode)}
    execution = Execution(SCHEMA, operation, fragments, variables, resolve, None)
    data = execution.data()
    assert repr(data) == repr(expected.data), "the same, in the same order"
    assert [(error.message, error.extensions) for error in execution.errors] == [
        (error.message, error.extensions) for error in expected.errors or ()
    ]


def test_a_variable_of_another_type_is_told_and_gives_no_data() -> None:
    parsed = parse("query($n: Int) { cat { kittens(first: $n) { name } } }")
    operation = get_operation_ast(parsed)
    assert operation is not None
    execution = Execution(SCHEMA, operation, {}, {"n": "two"}, resolve, None)
    assert execution.data() is None
    assert len(execution.errors) == 1
    assert "$n" in execution.errors[0].message
