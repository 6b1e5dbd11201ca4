"""Every scalar in every form that people give it: what the server does, and that we change nothing in silence.

A row of the table is tried as a document of its own (what the server does), in a single call, in a load from memory, in
a load of a CSV file by the command line, and as the operand of a filter.
"""

from __future__ import annotations

import asyncio
import csv
import datetime
import os
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aiotwenty.errors import ApiError, InvalidArgument

if TYPE_CHECKING:
    from aiotwenty.workspace import Object
    from tests.contract.conftest import Connection, Probe


class _Word:
    def __init__(self, word: str) -> None:
        self._word = word

    def __repr__(self) -> str:
        return self._word


REFUSED = _Word("refused")
AS_IT_IS = _Word("as it is")
UNTRIED = _Word("untried")
"""Of what JSON or a cell cannot hold."""

Value = Any


@dataclass(frozen=True)
class Row:
    """`field` is dotted. `server` is what is read after the value was sent as it is, `ours` after we sent it."""

    field: str
    given: Value
    server: Value = AS_IT_IS
    ours: Value = AS_IT_IS
    cell: Value = AS_IT_IS
    """What is read after a cell with the text of the value was loaded, if that is not `ours`."""
    loaded: Value = AS_IT_IS
    """What is read after a row with the value was loaded, if that is not `ours`: options are trimmed in both."""

    def __str__(self) -> str:
        return f"{self.field}={type(self.given).__name__} {self.given!r}"

    @property
    def text(self) -> str | None:
        """The value in a cell; None where no cell can hold it."""
        if isinstance(self.given, bool):
            return str(self.given).lower()
        if isinstance(self.given, datetime.date | datetime.datetime):
            return self.given.isoformat()
        return str(self.given) if isinstance(self.given, str | int | float | Decimal) and self.given != "" else None

    def expected(self, outcome: Value) -> Value:
        return self.given if outcome is AS_IT_IS else outcome

    @property
    def after_ours(self) -> Value:
        return self.expected(self.ours)

    @property
    def after_row(self) -> Value:
        return self.after_ours if self.loaded is AS_IT_IS else self.loaded

    @property
    def after_cell(self) -> Value:
        if self.cell is not AS_IT_IS:
            return self.cell
        # Everything in a file is text, and so are numbers where texts go.
        as_text = {"note": self.text, "person.firstName": self.text, "words": [self.text]}
        return self.after_ours if isinstance(self.given, str) else as_text.get(self.field, self.after_ours)


def refused(field: str, *values: Value) -> list[Row]:
    """What the server refuses and we do, too."""
    return [Row(field, value, REFUSED, REFUSED) for value in values]


UTC = datetime.UTC
DAY, NINE = "2024-02-29", "2024-02-29T09:00:00.000Z"
MOMENT = datetime.datetime(2024, 2, 29, 9, tzinfo=UTC)
ID = "0f12a159-3b7b-4ac4-80b8-8b14e33530dc"

TABLE: list[Row] = [
    # Moments: ISO 8601 only. A number is no date.
    Row("moment", NINE),
    Row("moment", "2024-02-29T10:00:00+01:00", NINE, NINE),
    Row("moment", "2024-02-29T10:00:00+0100", NINE, NINE),
    Row("moment", "2024-02-29 09:00:00Z", NINE, NINE),
    Row("moment", "2024-02-29T09:00:00.000999999Z", NINE, NINE),
    Row("moment", "2024-02-29T09:00Z", NINE, NINE),
    Row("moment", DAY, "2024-02-29T00:00:00.000Z", "2024-02-29T00:00:00.000Z"),
    Row("moment", "2024-02-29T09:00:00", NINE, REFUSED, NINE),
    Row("moment", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z", "0001-01-01T00:00:00.000Z"),
    Row("moment", MOMENT, UNTRIED, NINE),
    Row("moment", MOMENT.replace(tzinfo=None), UNTRIED, REFUSED, NINE),
    Row("moment", MOMENT.date(), UNTRIED, "2024-02-29T00:00:00.000Z"),
    *refused("moment", "2024", "2024-02", "45659", "1764316800", "1764316800000"),
    *refused("moment", 2025, 20250101, 45659, 45659.5, 1764316800, True, "yesterday", "2024-02-30", "24:00:00"),
    *refused("moment", "2024-02-29T24:00:00Z", "Thu, 29 Feb 2024 09:00:00 GMT", "12024-01-01", {}, []),
    Row("moment", "", REFUSED, REFUSED),
    Row("moment", "20250101", UNTRIED, REFUSED),
    # Days
    Row("day", DAY),
    Row("day", "0001-01-01"),
    Row("day", datetime.date(2024, 2, 29), UNTRIED, DAY),
    Row("day", datetime.datetime(2024, 2, 29, tzinfo=UTC), UNTRIED, DAY),
    Row("day", MOMENT, UNTRIED, REFUSED),
    Row("day", "2024-02-29T00:00:00Z", DAY, DAY),
    Row("day", "2024-02-29T09:00:00Z", DAY, REFUSED),
    Row("day", "20240229", DAY, REFUSED),
    Row("day", "02/29/2024", DAY, REFUSED),
    *refused("day", "2020-02-30", "29/02/2020", "2024", "45659", 20240229, 45659, 1.5, True, "soon", ""),
    # Booleans
    Row("flag", True),
    Row("flag", False),
    *(Row("flag", word, REFUSED, REFUSED, word == "true") for word in ("true", "false")),
    *refused("flag", "yes", "no", "on", "1", "0", "t", 1, 0, 1.0, []),
    # Numbers: JSON numbers only, and every one a double.
    *(Row("ratio", number) for number in (0, 1, -1, 1.5, -0.25, 1.999, 2**53, -(2**53), 0.1)),
    Row("ratio", Decimal("12.50"), UNTRIED, 12.5),
    Row("ratio", Decimal("3"), UNTRIED, 3),
    Row("ratio", Decimal("0.12345678901234567890"), UNTRIED, REFUSED),
    Row("ratio", Decimal("NaN"), UNTRIED, REFUSED),
    Row("ratio", float("nan"), UNTRIED, REFUSED),
    Row("ratio", float("inf"), UNTRIED, REFUSED),
    Row("ratio", 2**53 + 1, 2**53, REFUSED),
    Row("ratio", "10", REFUSED, REFUSED, 10),
    Row("ratio", "-1.5", REFUSED, REFUSED, -1.5),
    Row("ratio", "12.0", REFUSED, REFUSED, 12),
    *refused("ratio", "1e3", "1,5", "1,234.50", "0x10", "1_000", "NaN", "Infinity", "ten", True, [], ""),
    Row("big", 12_345_678_901),
    Row("big", 2**63 - 1, 9223372036854775807.0, REFUSED),
    Row("big", "10", REFUSED, REFUSED, 10),
    *refused("big", "1e3", True, "x"),
    # Millionths: no fraction.
    Row("amount.amountMicros", 1_500_000),
    Row("amount.amountMicros", -20),
    Row("amount.amountMicros", 12.0, 12, 12, cell=REFUSED),
    Row("amount.amountMicros", 12.5, 12, REFUSED),
    Row("amount.amountMicros", -1.9, -1, REFUSED),
    Row("amount.amountMicros", Decimal("1.5"), UNTRIED, REFUSED),
    Row("amount.amountMicros", 2**53 + 1, 2**53, REFUSED),
    Row("amount.amountMicros", "1500000", 1_500_000, REFUSED, 1_500_000),
    Row("amount.amountMicros", "12.50", 12, REFUSED),
    Row("amount.amountMicros", "1e6", 1_000_000, REFUSED),
    *refused("amount.amountMicros", "x", "1.500,00"),
    # Texts
    Row("note", " blanks around ", cell="blanks around"),
    *(Row("note", text) for text in ("plain", "20250101", "true", "1e3", "Zoë 株式会社")),
    *refused("note", 5, 1.5, True, [], {}),
    # Options, by their values in their case; labels are none.
    Row("stage", "TWO"),
    Row("stage", " TWO", REFUSED, REFUSED, cell="TWO", loaded="TWO"),
    *refused("stage", "Two", "two", "THREE", "", 1, True),
    Row("tags", ["ONE", "TWO"]),
    *refused("tags", ["One"], ["THREE"], [1]),
    Row("stars", "RATING_4"),
    *refused("stars", "4", 4, "RATING_6"),
    # Ids
    Row("key", ID),
    Row("key", ID.upper(), ID, ID),
    Row("key", uuid.UUID(ID), UNTRIED, ID),
    *refused("key", ID.replace("-", ""), "{" + ID + "}", f"urn:uuid:{ID}", "nope", 5, True),
    *refused("key", str(uuid.UUID(int=0)), str(uuid.UUID(int=7)), str(uuid.UUID(int=2**128 - 1))),
    *refused("key", "0190163d-8694-7398-8c2c-1d0e6f1c2a3b"),
    # JSON
    Row("extra", {"a": [1, None, "x"]}),
    Row("extra", [1, 2]),
    Row("extra", '{"a": 1}', {"a": 1}, {"a": 1}),
    Row("extra", [], None, REFUSED),
    Row("extra", "null", None, REFUSED, None),
    *refused("extra", 5, True, "notjson"),
    # Lists of texts
    Row("words", ["x", "y"]),
    Row("words", "a", ["a"], REFUSED, ["a"]),
    *refused("words", [1], {"a": 1}, 5),
    # Links, e-mails, phones
    Row("site.primaryLinkUrl", "https://Example.COM/", "https://example.com", "https://example.com"),
    Row("site.primaryLinkUrl", "", "", ""),
    *refused("site.primaryLinkUrl", 5, True),
    Row("mail.primaryEmail", "Foo@Example.COM", "foo@example.com", "foo@example.com"),
    *refused("mail.primaryEmail", "no-at", 5),
    Row("phone.primaryPhoneNumber", "+33 6 12 34 56 78", "612345678", "612345678"),
    Row("phone.primaryPhoneNumber", "+33612345678 ext. 12", "612345678", REFUSED),
    *refused("phone.primaryPhoneNumber", "0612345678", 612345678),
    Row("person.firstName", "Ada"),
    *refused("person.firstName", 5, True),
    Row("place.addressLat", 48.8566),
    Row("place.addressLat", "x", REFUSED, REFUSED),
]
UNFILTERED = {"extra", "words", "tags", "site", "mail", "phone", "note"}
"""What is compared in another form than it is given, or not by `eq`."""


def same(one: Value, other: Value) -> bool:
    if isinstance(one, bool) != isinstance(other, bool):
        return False
    if isinstance(one, int | float) and isinstance(other, int | float):
        return float(one) == float(other)
    return bool(one == other)


def nested(field: str, value: Value) -> dict[str, Value]:
    for name in reversed(field.split(".")):
        value = {name: value}
    return dict(value)


def value_of(record: Mapping[str, Any], field: str) -> Value:
    value: Any = record
    for name in field.split("."):
        value = value[name]
    return value


async def stored(probe: Probe, field: str, code: str) -> Value:
    """What is there; REFUSED if nothing is."""
    name, _, part = field.partition(".")
    found = await probe.find({"code": {"eq": code}}, f"{name} {{ {part} }}" if part else name)
    value = value_of(found[0], field) if found else REFUSED
    # Servers of 2025 give whole numbers as texts of digits.
    return int(value) if field == "big" and isinstance(value, str) else value


def check(row: Row, expected: Value, found: Value) -> None:
    assert found is expected if expected is REFUSED else same(found, expected), f"{row}: {found!r}, not {expected!r}"


def _of_today(row: Row, server: str) -> None:
    if server == "strict sandbox" and row.field == "mail.primaryEmail":
        pytest.skip("servers of 2025 store addresses as they are")


rows = pytest.mark.parametrize("row", TABLE, ids=str)


@rows
async def test_what_the_server_does(probe: Probe, row: Row, server: str) -> None:
    if row.server is UNTRIED:
        pytest.skip("no JSON")
    if server == "strict sandbox":
        pytest.skip("of servers of today")
    code = uuid.uuid4().hex
    try:
        await probe.create({"code": code, **nested(row.field, row.given)})
    except ApiError:
        found: Value = REFUSED
    else:
        found = await stored(probe, row.field, code)
    check(row, row.expected(row.server), found)


@rows
async def test_a_single_call(probe: Probe, records: Any, row: Row, server: str) -> None:
    _of_today(row, server)
    code = uuid.uuid4().hex
    try:
        await records.create_one({"code": code, **nested(row.field, row.given)})
    except (InvalidArgument, ApiError):
        found: Value = REFUSED
    else:
        found = await stored(probe, row.field, code)
    check(row, row.after_ours, found)


@rows
async def test_a_load_from_memory(probe: Probe, records: Any, row: Row, server: str) -> None:
    _of_today(row, server)
    code = uuid.uuid4().hex
    report = await records.load([{"code": code, **nested(row.field, row.given)}])
    assert report.loaded + report.rejected == 1
    # A moment without a zone is one in UTC here, as to the server.
    expected = row.after_cell if isinstance(row.given, datetime.datetime) or row.field == "moment" else row.after_row
    check(row, expected, await stored(probe, row.field, code))


@rows
async def test_a_filter(records: Any, row: Row) -> None:
    if row.field.partition(".")[0] in UNFILTERED:
        pytest.skip("not compared by eq")
    if row.field.startswith("amount") and isinstance(row.given, float | Decimal):
        pytest.skip("a fraction is no wrong operand, only one that no amount has")
    code = uuid.uuid4().hex
    where = nested(row.field, {"eq": row.given})
    if row.after_ours is REFUSED:
        with pytest.raises((InvalidArgument, ApiError)):
            await records.count(where)
        return
    await records.create_one({"code": code, **nested(row.field, row.given)})
    found = [one.code async for one in records.iterate(filter={"and": [where, {"code": {"eq": code}}]})]
    assert found == [code]


@pytest.mark.parametrize("field", sorted({row.field for row in TABLE}))
async def test_a_file_by_the_command_line(
    connection: Connection, probe: Probe, probe_object: Object, tmp_path: Path, field: str, server: str
) -> None:
    """All rows of one field at once; each is loaded as it is meant or refused."""
    if server == "strict sandbox" and field == "mail.primaryEmail":
        pytest.skip("servers of 2025 store addresses as they are")
    table = [(uuid.uuid4().hex, row) for row in TABLE if row.field == field and row.text is not None]
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["code", field], *((code, row.text) for code, row in table)])
    environment = {**os.environ, "TWENTY_API_URL": connection.url, "TWENTY_API_KEY": connection.key}
    command = [sys.executable, "-c", "from aiotwenty.cli import main; main()", "load", probe_object.name_plural, path]
    process = await asyncio.create_subprocess_exec(
        *map(str, command), env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode in (0, 4), output.decode()
    for code, row in table:
        check(row, row.after_cell, await stored(probe, field, code))
