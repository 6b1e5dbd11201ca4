"""Every scalar in every form that people give it: what the server does, and that we change nothing in silence.

A row of the table is tried as a document of its own (what the server does), in a single call, in a load from memory, in
a load of a CSV file by the command line, and as the operand of a filter, of a generated client and of commands.
"""

from __future__ import annotations

import csv
import datetime
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from aiotwenty import bulk
from aiotwenty.bulk.target import Target
from aiotwenty.bulk.workspace_catalogue import serve_catalogue
from aiotwenty.errors import ApiError, InvalidArgument
from tests.support.terminal import Terminal

if TYPE_CHECKING:
    from aiotwenty import Twenty
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


@dataclass(frozen=True, eq=False)
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
    Row("moment", "2024-02-29T09:00:00.1Z", "2024-02-29T09:00:00.100Z", "2024-02-29T09:00:00.100Z"),
    Row("moment", "2024-02-29T09:00:00.123456Z", "2024-02-29T09:00:00.123Z", "2024-02-29T09:00:00.123Z"),
    Row("moment", "2024-02-29T03:30:00-05:30", NINE, NINE),
    Row("moment", "20240229T090000Z", NINE, NINE),
    Row("moment", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z", "9999-12-31T23:59:59.000Z"),
    Row("moment", "01/02/2020", UNTRIED, REFUSED),
    Row("moment", " 2024-02-29T09:00:00Z", UNTRIED, REFUSED, NINE, REFUSED),
    *(
        Row("moment", text, UNTRIED, REFUSED)
        for text in ("29.02.2024", "2024-02-29T09", "2024-W09-4", "\uff12024-02-29")
    ),
    *(Row("moment", text, UNTRIED, REFUSED) for text in ("2024-02-29T09:00:00+25:00", "2024-02-29T09:00:60Z", "now")),
    *refused("moment", 0, -1, 1e12, False, "0", "-1", "1e10", "2023-02-29", "2024-13-01T00:00:00Z", "true"),
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
    Row("day", "2024-2-9", "2024-02-09", REFUSED),
    Row("day", " 2024-02-29", UNTRIED, REFUSED, DAY),
    Row("day", "2024-02-29T00:00:00+01:00", REFUSED, REFUSED),
    Row("day", datetime.datetime(2024, 2, 29, 9), UNTRIED, REFUSED),
    *(Row("day", text, UNTRIED, REFUSED) for text in ("2024-02", "2024-W09-4", "29.02.2024", "Feb 29 2024", "today")),
    *refused("day", 0, -1, False, "0", "2023-02-29", {}, []),
    *refused("day", "2020-02-30", "29/02/2020", "2024", "45659", 20240229, 45659, 1.5, True, "soon", ""),
    # Booleans
    Row("flag", True),
    Row("flag", False),
    *(Row("flag", word, REFUSED, REFUSED, word == "true") for word in ("true", "false")),
    *refused("flag", "yes", "no", "on", "1", "0", "t", 1, 0, 1.0, []),
    *refused("flag", "y", "off", "ja", "-1", "1.0", "null", "", 2, -1, 0.0, {}),
    Row("flag", Decimal(1), UNTRIED, REFUSED),
    Row("flag", float("nan"), UNTRIED, REFUSED),
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
    Row("ratio", " 10 ", REFUSED, REFUSED, 10),
    *(Row("ratio", number) for number in (123456789.125, -1e-3)),
    *(Row("ratio", number, cell=REFUSED) for number in (1e-7, 1e20)),
    Row("ratio", 2**63 - 1, 9223372036854775807.0, REFUSED),
    Row("ratio", float("-inf"), UNTRIED, REFUSED),
    Row("ratio", Decimal("-0.25"), UNTRIED, -0.25),
    Row("ratio", Decimal("1E+30"), UNTRIED, 1e30, REFUSED),
    Row("ratio", Decimal("1E+400"), UNTRIED, REFUSED),
    *refused("ratio", "5%", "$5", "1 000", "1.234,5", "--1", "inf", "true", "null", False, {}),
    *refused("ratio", "1e3", "1,5", "1,234.50", "0x10", "1_000", "NaN", "Infinity", "ten", True, [], ""),
    Row("big", 12_345_678_901),
    Row("big", 2**63 - 1, 9223372036854775807.0, REFUSED),
    Row("big", "10", REFUSED, REFUSED, 10),
    *refused("big", "1e3", True, "x"),
    Row("big", -(2**53)),
    Row("big", Decimal("12"), UNTRIED, 12),
    *refused("big", "1,000", "", {}, [], False),
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
    Row("amount.amountMicros", 0),
    Row("amount.amountMicros", 2**53),
    Row("amount.amountMicros", Decimal("20"), UNTRIED, 20),
    Row("amount.amountMicros", float("nan"), UNTRIED, REFUSED),
    Row("amount.amountMicros", True, 1, REFUSED),
    Row("amount.amountMicros", "", 0, REFUSED),
    *(Row("amount.amountMicros", text, UNTRIED, REFUSED) for text in ("12,50", "12.50 EUR", "€12", "1_000")),
    *refused("amount.amountMicros", "ten", {}),
    # Texts
    Row("note", " blanks around ", cell="blanks around"),
    *(Row("note", text) for text in ("plain", "20250101", "true", "1e3", "Zoë 株式会社")),
    *refused("note", 5, 1.5, True, [], {}),
    *(Row("note", text) for text in ("NULL", "45659", "2024-02-29", "=1+1", "a\nb", "'", '"', "0", "1.50")),
    Row("note", "\u200b", cell=""),
    Row("note", "a\0b", REFUSED, REFUSED),
    Row("note", Decimal("1.5"), UNTRIED, REFUSED),
    Row("note", MOMENT.date(), UNTRIED, REFUSED),
    *refused("note", 0, False, ["a"], {"a": 1}),
    # Options, by their values in their case; labels are none.
    Row("stage", "TWO"),
    Row("stage", " TWO", REFUSED, REFUSED, cell="TWO", loaded="TWO"),
    *refused("stage", "Two", "two", "THREE", "", 1, True),
    Row("stage", "TWO\u00a0", UNTRIED, REFUSED, cell="TWO", loaded="TWO"),
    *refused("stage", "null", "TWO,ONE", "\u0422WO", 0, ["TWO"], {}),
    Row("tags", ["ONE", "TWO"]),
    *refused("tags", ["One"], ["THREE"], [1]),
    Row("tags", ["TWO"]),
    *refused("tags", ["ONE", "One"], ["ONE", 1], {"ONE": True}, 1, True),
    Row("stars", "RATING_4"),
    *refused("stars", "4", 4, "RATING_6"),
    Row("stars", "RATING_1"),
    Row("stars", "RATING_5"),
    *refused("stars", "rating_4", "RATING_0", "★★★★", 4.0, True, "", {}),
    # Ids
    Row("key", ID),
    Row("key", ID.upper(), ID, ID),
    Row("key", uuid.UUID(ID), UNTRIED, ID),
    *refused("key", ID.replace("-", ""), "{" + ID + "}", f"urn:uuid:{ID}", "nope", 5, True),
    *refused("key", str(uuid.UUID(int=0)), str(uuid.UUID(int=7)), str(uuid.UUID(int=2**128 - 1))),
    *refused("key", "0190163d-8694-7398-8c2c-1d0e6f1c2a3b"),
    *(
        Row("key", str(made))
        for made in (uuid.uuid1(), uuid.uuid3(uuid.NAMESPACE_DNS, "a"), uuid.uuid5(uuid.NAMESPACE_DNS, "a"))
    ),
    Row("key", f" {ID} ", REFUSED, REFUSED, ID, ID),
    *refused("key", ID[:-1], ID + "0", ID.replace("-", "_"), "", 0, 1.5, False, [], {}),
    # JSON
    Row("extra", {"a": [1, None, "x"]}),
    Row("extra", [1, 2]),
    Row("extra", '{"a": 1}', {"a": 1}, {"a": 1}),
    Row("extra", [], None, REFUSED),
    Row("extra", "null", None, REFUSED, None),
    Row("extra", {}, UNTRIED, {}),
    Row("extra", "{}", UNTRIED, {}),
    Row("extra", "[1]", [1], [1]),
    Row("extra", '"quoted"', "quoted", "quoted", REFUSED, "quoted"),
    Row("extra", {"deep": [{"a": [[[]]]}]}),
    Row("extra", {"big": 2**53}),
    Row("extra", {"big": 2**53 + 1}, UNTRIED, REFUSED),
    Row("extra", '{"big": 9007199254740993}', UNTRIED, REFUSED),
    Row("extra", [{"far": [2**60]}], UNTRIED, REFUSED),
    Row("extra", {"a": float("nan")}, UNTRIED, REFUSED),
    Row("extra", '{"a": NaN}', REFUSED, REFUSED),
    Row("extra", [float("inf")], UNTRIED, REFUSED),
    *refused("extra", "{'a': 1}", "{", 1.5, False),
    Row("extra", "", UNTRIED, REFUSED),
    *refused("extra", 5, True, "notjson"),
    # Lists of texts
    Row("words", ["x", "y"]),
    Row("words", "a", ["a"], REFUSED, ["a"]),
    *refused("words", [1], {"a": 1}, 5),
    Row("words", ["x"]),
    Row("words", ["2024", "true"]),
    *refused("words", ["x", 1], [True], [["x"]], True),
    # Links, e-mails, phones
    Row("site.primaryLinkUrl", "https://Example.COM/", "https://example.com", "https://example.com"),
    Row("site.primaryLinkUrl", "", "", ""),
    Row("site.primaryLinkUrl", "https://a.example/Path?q=1"),
    Row("site.primaryLinkUrl", "example.com"),
    Row("site.primaryLinkUrl", "https://user:secret@a.example", "https://a.example", REFUSED),
    Row("site.primaryLinkUrl", "mailto:x@y.example", "nullx@y.example", REFUSED),
    *refused("site.primaryLinkUrl", "ftp://a.example", "javascript:alert(1)", "not a url", "https://", 1.5, [], {}),
    *refused("site.primaryLinkUrl", 5, True),
    Row("mail.primaryEmail", "Foo@Example.COM", "foo@example.com", "foo@example.com"),
    *refused("mail.primaryEmail", "no-at", 5),
    Row("mail.primaryEmail", "a@b.example"),
    Row("mail.primaryEmail", " c@d.example ", REFUSED, REFUSED, "c@d.example", "c@d.example"),
    *refused("mail.primaryEmail", "Jo <jo@x.example>", 1.5, True, [], {}),
    Row("phone.primaryPhoneNumber", "+33 6 12 34 56 78", "612345678", "612345678"),
    Row("phone.primaryPhoneNumber", "+33612345678 ext. 12", "612345678", REFUSED),
    *refused("phone.primaryPhoneNumber", "0612345678", 612345678),
    Row("phone.primaryPhoneNumber", "tel:+33612345678", "612345678", "612345678"),
    Row("phone.primaryPhoneNumber", "+33612345678;ext=12", "612345678", REFUSED),
    Row("phone.primaryPhoneNumber", "+33612345678x12", "612345678", REFUSED),
    *refused("phone.primaryPhoneNumber", "612345678", "0033612345678", True, [], {}),
    Row("person.firstName", "Ada"),
    *refused("person.firstName", 5, True),
    Row("person.firstName", "O'Neil-Ñúñez"),
    Row("person.firstName", "123"),
    *refused("person.firstName", 1.5, False, [], {}),
    Row("place.addressLat", 48.8566),
    Row("place.addressLat", -33.5),
    Row("place.addressLat", 0),
    Row("place.addressLat", "48.5", 48.5, REFUSED, 48.5),
    Row("place.addressLat", "48,5", REFUSED, REFUSED),
    Row("place.addressLat", True, 1, REFUSED),
    Row("place.addressLat", {}, REFUSED, REFUSED),
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


Found = Callable[[Row, str], Awaitable[Value]]


async def compare(rows: Iterable[Row], expected: Callable[[Row], Value], found: Found) -> None:
    """Tries each row in a record with a code of its own; all that differ are told."""
    wrong = []
    for row in rows:
        should, is_ = expected(row), await found(row, uuid.uuid4().hex)
        if is_ is not should if REFUSED in (should, is_) else not same(is_, should):
            wrong.append(f"{row}: {is_!r}, not {should!r}")
    assert not wrong, "\n".join(wrong)


def rows_of(field: str, server: str) -> list[Row]:
    if server == "strict sandbox" and field == "mail.primaryEmail":
        pytest.skip("servers of 2025 store addresses as they are")
    return [row for row in TABLE if row.field == field]


fields = pytest.mark.parametrize("field", sorted({row.field for row in TABLE}))


async def test_the_table_has_each_row_once_and_many() -> None:
    assert len(TABLE) == len({str(row) for row in TABLE})
    assert len(TABLE) >= 300


@fields
async def test_what_the_server_does(probe: Probe, field: str, server: str) -> None:
    if server == "strict sandbox":
        pytest.skip("of servers of today")

    async def sent_as_it_is(row: Row, code: str) -> Value:
        try:
            await probe.create({"code": code, **nested(field, row.given)})
        except ApiError:
            return REFUSED
        return await stored(probe, field, code)

    tried = [row for row in rows_of(field, server) if row.server is not UNTRIED]
    await compare(tried, lambda row: row.expected(row.server), sent_as_it_is)


@fields
async def test_a_single_call(probe: Probe, records: Any, field: str, server: str) -> None:
    async def created(row: Row, code: str) -> Value:
        try:
            await records.create_one({"code": code, **nested(field, row.given)})
        except (InvalidArgument, ApiError):
            return REFUSED
        return await stored(probe, field, code)

    await compare(rows_of(field, server), lambda row: row.after_ours, created)


@fields
async def test_a_load_from_memory(probe: Probe, records: Any, field: str, server: str) -> None:
    codes = {row: uuid.uuid4().hex for row in rows_of(field, server)}
    report = await records.load([{"code": code, **nested(field, row.given)} for row, code in codes.items()])
    assert report.loaded + report.rejected == len(codes)

    def expected(row: Row) -> Value:
        # A moment without a zone is one in UTC here, as to the server.
        of_a_cell = (isinstance(row.given, datetime.datetime) or field == "moment") and row.loaded is AS_IT_IS
        return row.after_cell if of_a_cell else row.after_row

    await compare(codes, expected, lambda row, _: stored(probe, field, codes[row]))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def served(twenty: Twenty, probe_object: Object) -> Target:
    endpoint = twenty.endpoint("graphql")
    return Target.named(endpoint, await serve_catalogue(endpoint), probe_object.name_plural)


@fields
async def test_a_filter_of_a_client_and_of_a_command(records: Any, served: Target, field: str, server: str) -> None:
    if field.partition(".")[0] in UNFILTERED:
        pytest.skip("not compared by eq")

    async def found(row: Row, code: str) -> Value:
        where = {"and": [nested(field, {"eq": row.given}), {"code": {"eq": code}}]}
        if row.after_ours is not REFUSED:
            await records.create_one({"code": code, **nested(field, row.given)})
        counts = []
        for count in (records.count(where), bulk.delete(served, filter=where, dry_run=True)):
            try:
                made = await count
                counts.append(made if isinstance(made, int) else made.received)
            except (InvalidArgument, ApiError):
                counts.append(-1)
        return row.given if counts == [1, 1] else REFUSED if counts == [-1, -1] else counts

    # A fraction is no wrong operand, only one that no amount has.
    is_amount = field.startswith("amount")
    tried = [row for row in rows_of(field, server) if not (is_amount and isinstance(row.given, float | Decimal))]
    await compare(tried, lambda row: REFUSED if row.after_ours is REFUSED else row.given, found)


async def test_a_file_by_the_command_line(
    connection: Connection, probe: Probe, probe_object: Object, terminal: Terminal, tmp_path: Path, server: str
) -> None:
    """The whole table as a file: a row of it for each, with nothing in the other columns."""
    pytest.importorskip("rich", reason="the command line is not installed here")
    names = sorted({row.field for row in TABLE} - ({"mail.primaryEmail"} if server == "strict sandbox" else set()))
    codes = {row: uuid.uuid4().hex for field in names for row in rows_of(field, server) if row.text is not None}
    path = tmp_path / "rows.csv"
    with path.open("w", newline="") as file:
        lines = ([code, *(row.text if row.field == field else "" for field in names)] for row, code in codes.items())
        csv.writer(file).writerows([["code", *names], *lines])
    terminal.connect(connection.url, connection.key)
    ran = await terminal.run("load", probe_object.name_plural, str(path))
    assert ran.code == 4, ran.err
    await compare(codes, lambda row: row.after_cell, lambda row, _: stored(probe, row.field, codes[row]))
