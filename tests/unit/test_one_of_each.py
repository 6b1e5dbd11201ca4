"""Each mechanism is written once: what the source has of it is counted, and where."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
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

MECHANISMS: dict[str, tuple[str, set[str]]] = {
    # The second writes the documents that users read and edit, line by line.
    "the composer of documents": (r'f"\{kind\} \{name\}\(', {"graphql/document.py", "codegen/write/queries.py"}),
    "introspection": (r"\b(build_client_schema|get_introspection_query)\(", {"graphql/introspection.py"}),
    "did you mean": (r"\b(get_close_matches|SequenceMatcher|suggestion_list)\(", {"graphql/advice.py"}),
    "validation errors as text": (r'\["msg"\]', {"graphql/problems.py"}),
    "unwrapping annotations": (r"\b(is Annotated|UnionType)\b", {"graphql/annotations.py"}),
    "the filter for deleted ones too": (r'"is": "NOT_NULL"', {"graphql/filters.py"}),
    # The second proves that a walk over records is complete; the first is for short lists.
    "paging": (r"if not .*(hasNextPage|has_next_page)", {"graphql/page.py", "records/paging.py"}),
    "exit codes": (r"class ExitCode", {"cli/exit_codes.py"}),
    "the suffix of a role": (r'"group_order": "OrderByWithGroupByInput"', {"records/meta.py"}),
    "the shape of Retry-After": (r"parsedate_to_datetime\(", {"transport/foreign.py"}),
    "the fate of a request": (r"class Fate\b", {"transport/retry.py"}),
    "what an answer says in words": (r"def cause_of\(", {"transport/reasons.py"}),
}


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_mechanism_is_written_once(mechanism: str) -> None:
    pattern, places = MECHANISMS[mechanism]
    assert {name for name, source in SOURCES.items() if re.search(pattern, source)} == places


def test_programs_end_with_named_exit_codes() -> None:
    literal = re.compile(r"\b(typer\.Exit|SystemExit|sys\.exit)\(\s*(code=)?\d")
    assert not [name for name, source in SOURCES.items() if literal.search(source)]


READERS = {"transport/reasons.py", "transport/gone.py"}
"""The one place that reads messages, and its part for the words of graphql-js."""
_MESSAGE = re.compile(r"\b(messages?|said|raw_message|error\.(args|body|errors))\b|\bstr\((error|failure|problem)\)")
OTHER_PEOPLES = {
    "bulk/journal.py": "'locked' in str(error)",  # SQLite's
    "bulk/source/csv.py": "'unexpected end' in str(error)",  # of the csv module
    "graphql/validation.py": "error.message.startswith('Cannot query field')",  # of graphql-core
    "bulk/transforms/calls.py": "str(error).partition(') ')",  # Python's, of a call
}
"""Messages that neither the server nor this library wrote, and that have no other way to tell."""


def greps(source: str) -> Iterator[str]:
    """Where a message is looked into."""
    for node in ast.walk(ast.parse(source)):
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
    classes = {name for name, value in vars(aiotwenty.errors).items() if isinstance(value, type)}
    for name, source in SOURCES.items():
        for node in ast.walk(ast.parse(source)):
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
