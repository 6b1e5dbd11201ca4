"""The directives of a Twenty server (graphql-js 16.8); graphql-core may have others."""

from __future__ import annotations

from graphql import (
    DirectiveLocation,
    GraphQLDeprecatedDirective,
    GraphQLDirective,
    GraphQLIncludeDirective,
    GraphQLSkipDirective,
    GraphQLSpecifiedByDirective,
)

_ON_DEFINITIONS = (
    DirectiveLocation.FIELD_DEFINITION,
    DirectiveLocation.ARGUMENT_DEFINITION,
    DirectiveLocation.INPUT_FIELD_DEFINITION,
    DirectiveLocation.ENUM_VALUE,
)

DIRECTIVES = (
    GraphQLIncludeDirective,
    GraphQLSkipDirective,
    GraphQLDirective(
        name="deprecated",
        locations=_ON_DEFINITIONS,
        args=GraphQLDeprecatedDirective.args,
        description=GraphQLDeprecatedDirective.description,
    ),
    GraphQLSpecifiedByDirective,
)
