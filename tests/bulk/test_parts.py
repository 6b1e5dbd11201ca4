"""Names, values, batches, concurrency and the journal, each by itself."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiotwenty.bulk import transforms
from aiotwenty.bulk.batches import Batcher, BatchLimits, Prepared
from aiotwenty.bulk.catalogue import GeneratedCatalogue
from aiotwenty.bulk.concurrency import AdaptiveConcurrency
from aiotwenty.bulk.journal import Journal
from aiotwenty.bulk.mapping import Mapper
from aiotwenty.bulk.report import Reject
from aiotwenty.bulk.row_ranges import RowSet, ranges_of
from aiotwenty.bulk.source import InputError, Row
from aiotwenty.records.identity import canonical_url, id_from_key, id_from_row

CATALOGUE = GeneratedCatalogue("aiotwenty.core")


@pytest.mark.parametrize(
    ("type_name", "name", "field"),
    [
        ("Company", "Domain Name", "domainName"),
        ("Company", "domain", "domainName"),
        ("Company", "website", "domainName"),
        ("Company", "domainName.primaryLinkUrl", "domainName.primaryLinkUrl"),
        ("Company", "domain_name_primary_link_url", "domainName.primaryLinkUrl"),
        ("Company", "City", "address.addressCity"),
        ("Company", "account owner id", "accountOwnerId"),
        ("Person", "First Name", "name.firstName"),
        ("Person", "E-Mail", "emails"),
        ("Person", "company", "company.domainName.primaryLinkUrl"),
        ("Person", "Company.name", "company.name"),
    ],
)
def test_columns_go_by_their_obvious_names(type_name: str, name: str, field: str) -> None:
    assert CATALOGUE.shape(type_name).resolve(name).dotted == field


@pytest.mark.parametrize(
    ("type_name", "name", "problem"),
    [
        ("Company", "nam", "did you mean name"),
        ("Company", "primaryLinkUrl", "could be domainName.primaryLinkUrl or linkedinLink.primaryLinkUrl"),
        ("Opportunity", "pointOfContact.company.name", "through two relations"),
    ],
)
def test_names_that_mean_nothing_or_several_things_are_refused(type_name: str, name: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        CATALOGUE.shape(type_name).resolve(name)


def test_a_mapping_puts_values_into_parts_of_fields() -> None:
    mapper = Mapper(
        CATALOGUE.shape("Company"),
        {
            "Web": ("domainName.primaryLinkUrl", "url"),
            "Rev": ("annualRevenue.amountMicros", transforms.micros),
            "x": None,
        },
        constants={"annualRevenue.currencyCode": "EUR"},
        is_text=True,
        skip_nulls=True,
    )
    data, references = mapper.build({"Web": "a.example", "Rev": "12.50", "x": "?", "name": "", "accountOwner": "a@b.c"})
    assert data == {
        "domainName": {"primaryLinkUrl": "https://a.example"},
        "annualRevenue": {"amountMicros": 12_500_000, "currencyCode": "EUR"},
    }
    (reference,) = references
    assert (reference.join, reference.type_name, reference.path, reference.value) == (
        "accountOwnerId",
        "WorkspaceMember",
        "userEmail",
        "a@b.c",
    )


@given(st.integers(0, 10**12))
def test_micros_are_exact(amount: int) -> None:
    assert transforms.micros(f"{amount // 1000}.{amount % 1000:03}") == amount * 1000


@pytest.mark.parametrize("value", ["abc", "", "1,2,3", "NaN", "1e400000", "0.0000001", "9007199254.740993"])
def test_micros_refuse_what_is_no_amount(value: str) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        transforms.micros(value)


def test_urls_are_compared_as_the_server_stores_them() -> None:
    assert canonical_url("HTTPS://Acme.Example/") == "https://acme.example"
    assert canonical_url("https://acme.example/Path/") == "https://acme.example/Path"
    assert canonical_url("http://acme.example") != canonical_url("https://acme.example")


@given(st.uuids(), st.integers(1))
def test_ids_are_those_of_uuid5(namespace: uuid.UUID, number: int) -> None:
    assert id_from_row(namespace, number) == str(uuid.uuid5(namespace, str(number)))


def test_ids_differ_by_object_and_by_value_not_by_how_values_join() -> None:
    assert (
        len({id_from_key("a", ["b"]), id_from_key("ab", [""]), id_from_key("a", ["b", ""]), id_from_key("a", [])}) == 4
    )


def record(number: int, *identities: str, size: int = 10) -> Prepared:
    return Prepared(Row(number, {}), str(number), b"{" + b"x" * size + b"}", identities or (f"id={number}",))


def numbers(batch: list[Prepared]) -> list[int]:
    return [one.row.number for one in batch]


def test_batches_are_bounded_by_records_and_bytes() -> None:
    batcher = Batcher(BatchLimits(3, 500))
    for number in range(3):
        batcher.add(record(number))
    assert batcher.is_full
    assert numbers(batcher.take()) == [0, 1, 2]
    batcher.add(record(4, size=600))
    assert batcher.is_full


@given(st.lists(st.integers(0, 4), max_size=60), st.randoms())
def test_records_with_one_identity_keep_their_order_and_never_meet(keys: list[int], chance: Any) -> None:
    batcher, flying, order = Batcher(BatchLimits(4, 10_000)), [], []

    def dispatch() -> None:
        batch = batcher.take()
        if batch:
            flying.append(batch)
        elif flying:
            answered = flying.pop(chance.randrange(len(flying)))
            order.extend(answered)
            batcher.answered(answered)
        together = [one.identities[0] for some in flying for one in some]
        assert len(together) == len(set(together))

    for number, key in enumerate(keys):
        batcher.add(record(number, f"key={key}"))
        while batcher.is_full:
            dispatch()
    while batcher.pending or flying:
        dispatch()
    assert sorted(numbers(order)) == list(range(len(keys)))
    for key in set(keys):
        mine = [number for number in numbers(order) if keys[number] == key]
        assert mine == sorted(mine)


def run_rounds(concurrency: AdaptiveConcurrency, rounds: int, rate: Any, start: float = 0.0) -> float:
    """Answers whose pace depends on the limit; gives back the time."""
    now = start
    concurrency._begin(now)
    for _ in range(rounds):
        for _ in range(max(4, 2 * concurrency.limit)):
            now += 1 / rate(concurrency.limit)
            concurrency.answered(200, now)
    return now


def test_concurrency_grows_while_throughput_grows() -> None:
    concurrency = AdaptiveConcurrency(16)
    run_rounds(concurrency, 10, lambda limit: 10 * limit)
    assert concurrency.limit == 16


def test_concurrency_stays_where_more_brings_nothing() -> None:
    concurrency = AdaptiveConcurrency(64)
    run_rounds(concurrency, 50, lambda limit: 10 * min(limit, 4))
    assert concurrency.limit <= 6


def test_trouble_halves_the_concurrency_and_it_recovers() -> None:
    concurrency = AdaptiveConcurrency(16)
    now = run_rounds(concurrency, 10, lambda limit: 10 * limit)
    concurrency.in_trouble(now)
    assert concurrency.limit == 8
    run_rounds(concurrency, 60, lambda limit: 10 * limit, now)
    assert concurrency.limit == 16


@given(st.sets(st.integers(1, 60)))
def test_row_sets_hold_exactly_their_rows(rows: set[int]) -> None:
    found = RowSet(ranges_of(rows))
    assert {row for row in range(62) if row in found} == rows
    assert len(found) == len(rows)


def test_a_journal_remembers_after_it_was_closed(tmp_path: Path) -> None:
    path, namespace = tmp_path / "j.db", uuid.uuid4()
    journal = Journal(path)
    job = journal.job("a", fingerprint="f", settings="s", namespace=namespace)
    job.finished_rows([1, 2, 5], [(b"x", 1)])
    job.reject([Reject(3, {"name": "N"}, "CODE", "message", 4)])
    rejects = job.rejects()
    with pytest.raises(InputError, match="another load is using this journal"):
        Journal(path)
    journal.close()
    assert [one.values for one in rejects] == [{"name": "N"}]
    again = Journal(path)
    job = again.job("a", fingerprint="f", settings="s", namespace=uuid.uuid4())
    assert (list(job.done.ranges()), job.claimed(b"x"), job.namespace) == ([(1, 2), (5, 5)], 1, namespace)
    again.close()


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    path.write_text("precious text " * 100)
    with pytest.raises(InputError, match="cannot be used as a journal"):
        Journal(path)
    assert path.read_text().startswith("precious text")
