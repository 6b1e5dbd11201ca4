"""What a server or a file says takes no longer to be read than it is long, however it is made."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import permutations
from pathlib import Path

import pytest
from pydantic_core import to_json

from aiotwenty import ApiError, InvalidArgument, TwentyError
from aiotwenty.bulk import load
from aiotwenty.bulk.source.table import Header
from aiotwenty.bulk.transforms import first_and_rest
from aiotwenty.client import Twenty
from aiotwenty.core import CompanyCreateInput
from aiotwenty.graphql.input_scalars import as_phone
from aiotwenty.graphql.related_cuts import _TOKENS
from aiotwenty.records.grouping import _items
from aiotwenty.records.inputs import as_model
from aiotwenty.sandbox import Sandbox
from aiotwenty.transport.exchange import Reply
from aiotwenty.transport.failures import failure
from aiotwenty.transport.reasons import _SAYINGS, mentioned
from aiotwenty.transport.schema_refusals import _OTHERS

LONG = 100_000
PATTERNS = [saying.pattern.pattern for saying in _SAYINGS] + list(_OTHERS)


@contextmanager
def takes_less_than(seconds: float) -> Iterator[None]:
    """By the processor's clock, which other work on the machine does not move."""
    begun = time.process_time()
    yield
    assert time.process_time() - begun < seconds


def hostile(pattern: str) -> Iterator[str]:
    """Messages that begin as the pattern does, and go on with parts of it again and again."""
    parts = re.findall(r"""[A-Za-z"' :,.-]{2,}""", re.sub(r"\(\?P<\w+>|\(\?:|\[[^\]]*\]|\\.", "|", pattern))
    first = parts[0] if parts else ""
    repeated = [*parts, '"', "a ", "value ", " for a ", "\n", *map("".join, permutations(parts[:3], 2))]
    for part in dict.fromkeys(repeated):
        yield first + part * (LONG // len(part))


def answer(*messages: str) -> Reply:
    body = to_json({"errors": [{"message": message, "extensions": {"code": "BAD_USER_INPUT"}} for message in messages]})
    return Reply(200, {"Content-Type": "application/json"}, body)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_message_that_nearly_fits_is_read_at_once(pattern: str) -> None:
    for message in hostile(pattern):
        with takes_less_than(0.5):
            error = failure(answer(message), generated=True, metadata=True)
            assert error is not None
            if isinstance(error, ApiError):
                mentioned(error)
        assert len(str(error)) < 10_000


def test_an_answer_of_many_errors_is_read_at_once() -> None:
    messages = [f"Invalid value {number} " + "for a " * 1000 for number in range(3000)]
    with takes_less_than(3):
        error = failure(answer(*messages))
    assert isinstance(error, ApiError)
    assert len(error.errors) == 3000
    assert "(2999 more in .errors)" in error.message


@pytest.mark.parametrize("text", ['{"' + '\\"' * LONG + "}", "{" + '"' * LONG + "}", "{" + "," * LONG + "}"])
def test_the_text_of_a_list_is_read_at_once(text: str) -> None:
    with takes_less_than(1):
        list(_items(text))
        _TOKENS.findall(text)


@pytest.mark.parametrize("text", ["1" * LONG, "1 " * LONG, "+" * LONG, " " * LONG + "x", "1" * LONG + "x"])
def test_a_cell_is_read_at_once(text: str) -> None:
    with takes_less_than(1):
        for read in (as_phone, first_and_rest(), first_and_rest("/")):
            with suppress(ValueError):
                read(text)


def test_a_header_of_many_columns_is_read_at_once() -> None:
    with takes_less_than(2):
        header = Header.of(["", "name", "name", *(f"column {number}" for number in range(20_000))] * 3)
    assert len(set(header.columns)) == len(header.columns) == 60_009


async def test_thousands_of_unknown_columns_are_told_at_once(tmp_path: Path, twenty_sandbox: Sandbox) -> None:
    names = [f"colunm nunber {number}" for number in range(10_000)]
    path = tmp_path / "wide.csv"
    path.write_text("name," + ",".join(names) + "\n" + "Acme" + "," * 10_000 + "\n")
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        # 1 s, and twice that where lines are counted.
        with takes_less_than(8), pytest.raises(TwentyError, match=r"colunm nunber 0.*and perhaps more") as refusal:
            await load(twenty.companies, path)
    assert len(str(refusal.value)) < 10_000


def test_a_record_with_many_unknown_fields_is_refused_at_once() -> None:
    data = {f"nane{number}": 1 for number in range(20_000)}
    with takes_less_than(4), pytest.raises(InvalidArgument, match="no such field"):
        as_model(data, CompanyCreateInput, "data")
