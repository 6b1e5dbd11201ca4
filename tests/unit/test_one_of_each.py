"""Each mechanism is written once, and each thing has a name of its own: what the source has of them is counted."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import aiotwenty
import aiotwenty.errors

PACKAGE = Path(aiotwenty.__file__).parent
# The sandbox is a program of its own, and the generated packages are made of the generator's words.
SOURCES = {
    str(path.relative_to(PACKAGE)): path.read_text("utf-8")
    for path in sorted(PACKAGE.rglob("*.py"))
    if path.relative_to(PACKAGE).parts[0] not in ("sandbox", "core", "metadata")
}


parsed = cache(ast.parse)


@cache
def written() -> dict[str, ast.Module]:
    """All that is written by hand, the sandbox too; what is generated has the names of the schema."""
    return {
        str(path.relative_to(PACKAGE)): parsed(path.read_text("utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).parts[0] not in ("core", "metadata")
    }


MECHANISMS: dict[str, tuple[str, set[str]]] = {
    # The second writes the documents that users read and edit, line by line.
    "the composer of documents": (r'f"\{kind\} \{name\}\(', {"graphql/document.py", "codegen/write/queries.py"}),
    "introspection": (r"\b(build_client_schema|get_introspection_query)\(", {"graphql/introspection.py"}),
    "did you mean": (r"\b(get_close_matches|SequenceMatcher|suggestion_list)\(", {"graphql/advice.py"}),
    "validation errors as text": (r'\["msg"\]', {"graphql/input_problems.py"}),
    "unwrapping annotations": (r"\b(is Annotated|UnionType)\b", {"graphql/annotations.py"}),
    "the filter for deleted ones too": (r'"is": "NOT_NULL"', {"graphql/filters.py"}),
    # The second proves that a walk over records is complete; the first is for short lists.
    "paging": (r"if not .*(hasNextPage|has_next_page)", {"graphql/page.py", "records/paging.py"}),
    "giving a whole file its name": (r"\.replace\((path|self\._target)\)", {"disk.py"}),
    "exit codes": (r"class ExitCode", {"cli/exit_codes.py"}),
    "the suffix of a role": (r'"group_order": "OrderByWithGroupByInput"', {"records/object_meta.py"}),
    "the shape of Retry-After": (r"parsedate_to_datetime\(", {"transport/foreign_answers.py"}),
    "the fate of a request": (r"class Fate\b", {"transport/retry.py"}),
    # The engine's for requests; a load is more patient by the same policy, and a stream connects anew by it.
    "pauses before another attempt": (
        r"\b(policy|_policy|retry)\.delay\(",
        {"transport/engine.py", "bulk/retrying.py", "live/live.py"},
    ),
    "the policy of retries": (r"def delay\(", {"transport/retry.py"}),
    "what the server takes for the same": (r"def (canonical|unique_key|canonical_url)\(", {"records/identity.py"}),
    "the names of an object": (r"class ObjectNames\b", {"records/object_meta.py"}),
    "the names of root fields": (r'f"(create|update|delete|destroy|restore)\{self', {"records/object_meta.py"}),
    "the data model of /metadata": (r"paging:\{first:1000\}", {"graphql/data_model.py"}),
    "what an answer says in words": (r"def cause_of\(", {"transport/reasons.py"}),
}


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_mechanism_is_written_once(mechanism: str) -> None:
    pattern, places = MECHANISMS[mechanism]
    assert {name for name, source in SOURCES.items() if re.search(pattern, source)} == places


def test_programs_end_with_named_exit_codes() -> None:
    literal = re.compile(r"\b(typer\.Exit|SystemExit|sys\.exit)\(\s*(code=)?\d")
    assert not [name for name, source in SOURCES.items() if literal.search(source)]


READERS = {"transport/reasons.py", "transport/schema_refusals.py"}
"""The one place that reads messages, and its part for the words of graphql-js."""
_MESSAGE = re.compile(r"\b(messages?|said|raw_message|error\.(args|body|errors))\b|\bstr\((error|failure|problem)\)")
OTHER_PEOPLES = {
    "bulk/source/csv.py": "'unexpected end' in str(error)",  # of the csv module
    "graphql/document_validation.py": "error.message.startswith('Cannot query field')",  # of graphql-core
    "cli/app.py": "error.message.removeprefix('Value error, ')",  # of pydantic, in typer
    "bulk/transforms/calls.py": "str(error).partition(') ')",  # Python's, of a call
}
"""Messages that neither the server nor this library wrote, and that have no other way to tell."""


def greps(source: str) -> Iterator[str]:
    """Where a message is looked into."""
    for node in ast.walk(parsed(source)):
        text = ""
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            text = ast.unparse(node.comparators[0]) if isinstance(node.left, ast.Constant) else ""
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("startswith", "find", "index", "partition", "removeprefix"):
                text = ast.unparse(node.func.value)
            elif node.func.attr in ("search", "match", "fullmatch", "findall", "finditer") and node.args:
                text = ast.unparse(node.args[-1])
        if _MESSAGE.search(text):
            yield ast.unparse(node)


def test_nobody_but_one_place_reads_what_a_message_says() -> None:
    found = {(name, grep) for name, source in SOURCES.items() if name not in READERS for grep in greps(source)}
    assert found <= set(OTHER_PEOPLES.items())


def test_a_message_that_is_looked_into_is_found() -> None:
    for line in (
        'if "Unknown argument" in error.message: pass',
        "re.search('x', str(error))",
        "_TOO_MANY.match(message)",
        "error.message.startswith('Cannot')",
    ):
        assert list(greps(line)), line
    assert not list(greps("if error.reason is Reason.TOO_MANY: pass"))


def raised() -> Iterator[tuple[str, str]]:
    """The messages of errors, as far as they stand in the source."""
    classes = {
        name
        for name, value in vars(aiotwenty.errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    for name, source in SOURCES.items():
        for node in ast.walk(parsed(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in classes and node.args:
                text = _text(node.args[0])
                if text is not None:
                    yield f"{name}:{node.lineno}", text


def _text(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def test_messages_have_one_voice() -> None:
    """Lower case, but for names and abbreviations; a full stop, unless something that was given ends them."""
    messages = [(place, text) for place, text in raised() if not place.startswith("bulk/")]
    assert len(messages) > 60
    shouted = re.compile(r"(?!Money\b|RateLimit|RetryPolicy|Twenty)[A-Z][a-z]")
    assert not [(place, text) for place, text in messages if shouted.match(text)]
    assert not [(place, text) for place, text in messages if not text.rstrip().endswith((".", "?", ":", "{}"))]


LINES_OF_A_FILE, LINES_OF_A_FUNCTION, LINES_OF_A_GLANCE = 400, 60, 10
STAND_INS = {"one", "each", "found", "given", "made"}
"""Names that say nothing of the thing: good for a line or two."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions() -> Iterator[tuple[str, Function]]:
    for name, tree in written().items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield f"{name}:{node.lineno} {node.name}", node


def length(function: Function) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def nested_loops(node: ast.AST, depth: int = 0) -> int:
    """How deep loops nest."""
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        depth += len(node.generators)
    elif isinstance(node, ast.For | ast.AsyncFor | ast.While):
        depth += 1
    children = (child for child in ast.iter_child_nodes(node) if not isinstance(child, Function))
    return max([depth, *(nested_loops(child, depth) for child in children)])


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """What stands in a function, but not in those within it, which are looked at by themselves."""
    pending: list[ast.AST] = list(ast.iter_child_nodes(function))
    while pending:
        node = pending.pop()
        if not isinstance(node, Function):
            yield node
            pending += ast.iter_child_nodes(node)


def named(function: Function) -> set[str]:
    """The names that a function gives."""
    nodes = own_nodes(function)
    stored = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return stored | {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}


def test_files_are_short() -> None:
    assert not {name for name in written() if len((PACKAGE / name).read_text("utf-8").splitlines()) > LINES_OF_A_FILE}


def test_functions_are_short() -> None:
    assert not [place for place, function in functions() if length(function) > LINES_OF_A_FUNCTION]


def test_things_have_names_of_their_own() -> None:
    assert not [
        (place, name)
        for place, function in functions()
        for name in named(function) & STAND_INS
        if length(function) > LINES_OF_A_GLANCE or nested_loops(function) > 1
    ]


def test_a_class_name_means_one_thing() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for name, tree in written().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(name)
    assert not {name: files for name, files in places.items() if len(files) > 1}


def test_every_module_says_what_it_is_for() -> None:
    assert not [name for name, tree in written().items() if not ast.get_docstring(tree)]
