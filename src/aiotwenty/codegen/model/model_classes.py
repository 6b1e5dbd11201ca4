"""Writes classes that ariadne-codegen built as the text of our models.

The trees come as the plugins left them. Changed are the parts that the runtime base does better (bases, aliases, enums
that accept new values) and the names, which are made unique.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from graphql import GraphQLEnumType

from aiotwenty.codegen.line_layout import LINE
from aiotwenty.codegen.model.annotations import is_nullable, references, render
from aiotwenty.codegen.model.descriptions import Descriptions, docstring
from aiotwenty.codegen.model.names import class_name
from aiotwenty.codegen.model.node_names import definition_name, graphql_name, spreads_fragment
from aiotwenty.codegen.model.object_facts import about_text
from aiotwenty.graphql.models import COUNTS
from aiotwenty.graphql.names import distinct, field_names, member_name, needs_alias
from aiotwenty.graphql.object_facts import About

_PLAIN = ("OrderByInput", "GroupByInput", "OrderByWithGroupByInput", "AggregateInput")
"""Inputs whose fields need no description of their own."""
_DEFAULTS = ("default", "default_factory")


@dataclass
class GeneratedClass:
    """The text of a class, and the names of the generated classes that it needs."""

    name: str
    text: str
    needs: set[str] = field(default_factory=set)
    bases: list[str] = field(default_factory=list)


def enum_class(tree: ast.ClassDef, enum: GraphQLEnumType, descriptions: Descriptions) -> GeneratedClass:
    """The text of a StrEnum with safe names of members."""
    members = distinct(enum.values, member_name)
    lines = [f"    {members[value]} = {_quote(value)}" for value in enum.values]
    # Methods and docstrings that a plugin added stay.
    extra = [_indented(node) for node in tree.body if not isinstance(node, ast.Assign)]
    if ast.get_docstring(tree) is None:
        extra = [*docstring(descriptions.of_type(enum.name)), *extra]
    name = class_name(enum.name)
    return GeneratedClass(name, "\n".join([f"class {name}(enum.StrEnum):", *extra, *(lines or ["    pass"])]))


@dataclass
class ModelWriter:
    """Writes the input and output models of one schema."""

    enums: frozenset[str]
    descriptions: Descriptions
    classes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """The final names of classes, by definition and ariadne-codegen's name."""
    fragment_types: Mapping[str, str] = field(default_factory=dict)
    """The type of each fragment, by the tag of its definition."""
    filters: Collection[str] = ()
    """Types of filters that lack some relations of their object."""
    aggregates: Mapping[str, list[str]] = field(default_factory=dict)
    """The aggregates that groups can be ordered by, by the type of the order."""
    abouts: Mapping[str, About] = field(default_factory=dict)
    """Facts about each object that its record holds, by type."""

    def input_class(self, tree: ast.ClassDef) -> GeneratedClass:
        if names := self.aggregates.get(graphql_name(tree) or ""):
            ordered = self._model(tree, "rt.GroupOrder", open_enums=False)
            counted, others = _counted(names)
            for name, words in (("_aggregates", others), ("_counted", counted)):
                ordered.text += "\n" + _words(name, words)
            return ordered
        counts_money = any("rt.MicrosInput" in ast.unparse(statement) for statement in tree.body)
        base = "rt.Filter" if graphql_name(tree) in self.filters else "rt.CurrencyInput" if counts_money else "rt.Input"
        return self._model(tree, base, open_enums=False)

    def output_class(self, tree: ast.ClassDef) -> GeneratedClass:
        definition = definition_name(tree)
        described = self._described(tree, definition)
        about = self.abouts.get(described)
        if about is None or self.name(tree.name, definition) != class_name(described):
            return self._model(tree, "rt.Record", open_enums=True)
        made = self._model(tree, "rt.ObjectRecord", open_enums=True)
        made.text += f"\n\n{about_text(about)}"
        return made

    def annotation(
        self, node: ast.expr, *, definition: str = "", open_enums: bool, qualified: Collection[str] = ()
    ) -> str:
        """The text of an annotation. Classes in `qualified` are written with the package's name."""

        def qualify(name: str) -> str:
            final = self.name(name, definition)
            return f"types.{final}" if final in qualified else final

        def leaf(name: str) -> str:
            if name not in self.enums:
                # ariadne-codegen does not quote input types in the arguments of methods.
                return qualify(name) if class_name(name) in qualified else name
            return f"rt.Open[{qualify(name)}]" if open_enums else qualify(name)

        return render(node, qualify, leaf)

    def name(self, stock: str, definition: str = "") -> str:
        return self.classes.get((definition, stock)) or class_name(stock)

    def _described(self, tree: ast.ClassDef, definition: str) -> str:
        """The GraphQL type of a class: of an input itself, or of the fragment that the class was made for."""
        if definition:
            is_whole = definition == f"fragment {tree.name}" or self.classes.get((definition, tree.name))
            return self.fragment_types.get(definition, "") if is_whole else ""
        return graphql_name(tree) or ""

    def _needs(self, node: ast.AST, definition: str) -> set[str]:
        named = {self.name(name, definition) for name in references(node)}
        return named | {
            self.name(each.id) for each in ast.walk(node) if isinstance(each, ast.Name) and each.id in self.enums
        }

    def _model(self, tree: ast.ClassDef, base: str, *, open_enums: bool) -> GeneratedClass:
        definition = definition_name(tree)
        name = self.name(tree.name, definition)
        is_fragment = spreads_fragment(tree, "BaseModel")  # an object may be called BaseModel
        stock = [ast.unparse(node) for node in tree.bases]
        bases = [base if text == "BaseModel" and not is_fragment else self.name(text) for text in stock]
        names = field_names(original for node in tree.body if (original := graphql_name(node)))
        described = self._described(tree, definition)
        lines = docstring(self.descriptions.of_type(described), "    ") if described else []
        lines += [""] if lines and open_enums else []
        needs: set[str] = set()
        for statement in tree.body:
            original = graphql_name(statement)
            if isinstance(statement, ast.AnnAssign) and original:
                needs |= self._needs(statement.annotation, definition)
                annotation = self.annotation(statement.annotation, definition=definition, open_enums=open_enums)
                python = "typename__" if original == "__typename" else names[original]
                default = _output_default(statement) if open_enums else _input_default(statement)
                lines.append(f"    {python}: {annotation}{_value(python, original, default, statement)}")
                if described and not described.endswith(_PLAIN):
                    lines += docstring(self.descriptions.of_field(described, original), "    ")
            elif not isinstance(statement, ast.Pass):
                lines.append(_indented(statement))
        generated = [base_name for base_name in bases if "." not in base_name]
        head = f"class {name}({', '.join(bases)}):"
        return GeneratedClass(name, "\n".join([head, *(lines or ["    pass"])]), needs | set(generated), generated)


def _counted(names: Collection[str]) -> tuple[list[str], list[str]]:
    """The fields that have every kind of count, and the aggregates that remain."""
    first, *_ = COUNTS
    fields = [name.removeprefix(first) for name in names if name.startswith(first)]
    counted = [field for field in fields if all(f"{count}{field}" in names for count in COUNTS)]
    plain = {f"{count}{field}" for count in COUNTS for field in counted}
    return counted, [name for name in names if name not in plain]


def _words(name: str, words: Iterable[str]) -> str:
    """The text of a class variable that holds words."""
    text = " ".join(words)
    line = f'    {name}: typing.ClassVar[str] = "{text}"'
    if len(line) <= LINE:
        return line
    head = f'    {name}: typing.ClassVar[str] = """'
    return "\n".join(textwrap.wrap(f'{head}{text}"""', LINE, subsequent_indent=" " * 8, break_long_words=False))


def _input_default(node: ast.AnnAssign) -> str | None:
    """The text of the default, or None for a required field.

    A nullable field defaults to None, even if the schema has a default: unset fields are not sent, and the server puts
    its default in.
    """
    if is_nullable(node.annotation):
        return "default=None"
    match node.value:
        case ast.Constant():
            return f"default={ast.unparse(node.value)}"
        case ast.Name(id=member):  # an enum's default, by ariadne-codegen's name of the member
            enum, _, value = member.partition(".")
            return f"default={class_name(enum)}({_quote(value.rstrip('_'))})"
        case ast.Call(keywords=keywords):
            return next(
                (f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in keywords if keyword.arg in _DEFAULTS),
                None,
            )
    return None


def _output_default(node: ast.AnnAssign) -> str | None:
    """The text of the default. Only fields that a directive may leave out have one."""
    value = node.value
    if isinstance(value, ast.Call):
        value = next((keyword.value for keyword in value.keywords if keyword.arg == "default"), None)
    return f"default={ast.unparse(value)}" if value is not None else None


def _value(python: str, original: str, default: str | None, node: ast.AnnAssign) -> str:
    arguments = [] if default is None else [default]
    if needs_alias(python, original):
        # `alias` would rename the keyword of __init__ for type checkers; these two don't.
        arguments += [f"{kind}_alias={_quote(original)}" for kind in ("validation", "serialization")]
    if isinstance(node.value, ast.Call):
        replaced = {"alias", *_DEFAULTS}
        arguments += [
            f"{keyword.arg}={ast.unparse(keyword.value)}"
            for keyword in node.value.keywords
            if keyword.arg not in replaced
        ]
    if len(arguments) == 1 and default is not None and default.startswith("default="):
        return f" = {default.removeprefix('default=')}"
    return f" = rt.Field({', '.join(arguments)})" if arguments else ""


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _indented(node: ast.AST) -> str:
    return "\n".join(f"    {line}" if line else line for line in ast.unparse(node).split("\n"))


def in_order(classes: Iterable[GeneratedClass]) -> list[GeneratedClass]:
    """The classes in reading order: first those that need no others, then by name; bases before subclasses."""
    by_name = {generated.name: generated for generated in classes}
    ordered: dict[str, GeneratedClass] = {}

    def add(name: str) -> None:
        if name in by_name and name not in ordered:
            for base in by_name[name].bases:
                add(base)
            ordered[name] = by_name[name]

    for name in sorted(by_name, key=lambda name: (not by_name[name].needs.isdisjoint(by_name), name)):
        add(name)
    return list(ordered.values())
