"""A write happens once, or the error says that nobody knows."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from aiotwenty import (
    AnswerLost,
    ApiError,
    ConnectionFailed,
    DuplicateRecord,
    Hooks,
    InvalidArgument,
    NotFoundError,
    PermissionDenied,
    Reason,
    RequestEvent,
    RetryPolicy,
    Twenty,
)
from aiotwenty.core import CompanyCreateInput, CompanyFilterInput, CompanyUpdateInput, StringFilter
from aiotwenty.records.settling import with_ids
from aiotwenty.sandbox import Sandbox
from tests.unit.scripted import Answer, ScriptedServer, answer, fails

QUICK = RetryPolicy(attempts=4, base=0.001)


@pytest.fixture
def sandbox(twenty_sandbox: Sandbox) -> Sandbox:
    return twenty_sandbox


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
async def twenty(sandbox: Sandbox, sent: list[str]) -> AsyncIterator[Twenty]:
    def note(event: RequestEvent) -> None:
        sent.append(event.operation)

    hooks = Hooks(on_request=note)
    async with Twenty(sandbox.url, api_key=sandbox.api_key, retry=QUICK, hooks=hooks) as twenty:
        yield twenty


async def test_a_create_whose_answer_was_lost_is_found_by_its_id(
    twenty: Twenty, sandbox: Sandbox, sent: list[str]
) -> None:
    sandbox.faults.add("reset-after:operation=createCompany:count=1")
    company = await twenty.companies.create_one({"name": "Acme"})
    assert company.name == "Acme"
    assert await twenty.companies.count() == 1
    assert sent[:2] == ["CreateOneCompany", "FindManyCompanies"]


async def test_a_create_that_never_arrived_is_sent_again(twenty: Twenty, sandbox: Sandbox, sent: list[str]) -> None:
    sandbox.faults.add("reset-before:operation=createCompany:count=1")
    await twenty.companies.create_one({"name": "Acme"})
    assert await twenty.companies.count() == 1
    assert sent[:3] == ["CreateOneCompany", "FindManyCompanies", "CreateOneCompany"]


@pytest.mark.parametrize("done", ["committed", "not-committed"])
async def test_what_a_slow_database_was_sent_is_created_once_and_not_called_refused(
    twenty: Twenty, sandbox: Sandbox, sent: list[str], done: str
) -> None:
    sandbox.faults.add(f"read-timeout:{done}:operation=createCompanies:count=1")
    companies = await twenty.companies.create_many([{"name": "Acme"}, {"name": "Beta"}])
    assert [company.name for company in companies] == ["Acme", "Beta"]
    assert await twenty.companies.count() == 2
    again = ["CreateManyCompanies"] if done == "not-committed" else []
    assert sent[:-1] == ["CreateManyCompanies", "FindManyCompanies", *again]


async def test_a_write_that_a_slow_database_never_acknowledges_says_where_to_look(
    twenty: Twenty, sandbox: Sandbox
) -> None:
    sandbox.faults.add("read-timeout:not-committed:operation=createCompany")
    id_ = uuid4()
    with pytest.raises(ApiError, match=f"unknown whether this write happened: ask for id {id_} before") as caught:
        await twenty.companies.create_one({"id": id_, "name": "Acme"})
    assert caught.value.outcome_unknown
    assert caught.value.reason is Reason.DATABASE


async def test_reads_and_writes_by_id_are_repeated_while_the_database_is_slow(
    twenty: Twenty, sandbox: Sandbox, sent: list[str]
) -> None:
    company = await twenty.companies.create_one({"name": "Acme"})
    sandbox.faults.add("read-timeout:committed:operation=updateCompany:count=2")
    sandbox.faults.add("read-timeout:committed:operation=company:count=2")
    sent.clear()
    assert (await twenty.companies.update_one(company.id, {"name": "Beta"})).name == "Beta"
    assert (await twenty.companies.find_one(company.id)).name == "Beta"
    looked = ["UpdateOneCompany", "FindManyCompanies", "FindManyCompanies"]
    assert sent == looked + ["FindOneCompany"] * 3 + ["FieldsOfAll"]


async def test_what_the_server_breaks_over_is_looked_for_once_and_not_sent_again(server: ScriptedServer) -> None:
    broken = "Cannot read properties of null (reading 'map')"
    server.say(
        fails(broken, "INTERNAL_SERVER_ERROR", data={"createCompany": None}),
        answer({"data": {"companies": {"edges": [], "totalCount": 0}}}),
    )
    async with Twenty(server.url, api_key="secret-key", retry=QUICK) as twenty:
        with pytest.raises(ApiError, match="Cannot read properties") as caught:
            await twenty.companies.create_one({"name": "Acme"})
    assert len(server.paths) == 2
    assert not caught.value.outcome_unknown


async def test_a_batch_whose_answer_was_lost_comes_back_in_the_order_of_the_input(
    twenty: Twenty, sandbox: Sandbox
) -> None:
    sandbox.faults.add("reset-after:operation=createCompanies:count=1")
    names = [f"Company {number}" for number in range(50)]
    companies = await twenty.companies.create_many([{"name": name} for name in names])
    assert [company.name for company in companies] == names
    assert await twenty.companies.count() == 50


async def test_a_create_that_cannot_be_settled_says_that_it_is_unknown(twenty: Twenty, sandbox: Sandbox) -> None:
    sandbox.faults.add("reset-after:operation=createCompany")
    sandbox.faults.add("reset-before:operation=companies")
    with pytest.raises(ConnectionFailed, match="unknown whether this write happened") as caught:
        await twenty.companies.create_one({"name": "Acme"})
    assert caught.value.outcome_unknown


async def test_a_duplicate_is_one_although_an_earlier_answer_was_lost(twenty: Twenty, sandbox: Sandbox) -> None:
    link: Any = {"domainName": {"primaryLinkUrl": "https://acme.example"}}
    first = await twenty.companies.create_one(link)
    sandbox.faults.add("reset-before:operation=createCompany:count=1")
    with pytest.raises(DuplicateRecord, match="already in use") as caught:
        await twenty.companies.create_one(link)
    assert caught.value.conflicting_id == str(first.id)


async def test_an_upsert_without_id_is_not_repeated(twenty: Twenty, sandbox: Sandbox, sent: list[str]) -> None:
    sandbox.faults.add("reset-after:operation=createCompany:count=1")
    with pytest.raises(ConnectionFailed) as caught:
        await twenty.companies.create_one({"name": "Acme"}, upsert=True)
    assert caught.value.outcome_unknown
    assert sent == ["CreateOneCompany"]


async def test_an_upsert_with_an_id_is_repeated(twenty: Twenty, sandbox: Sandbox) -> None:
    sandbox.faults.add("reset-after:operation=createCompany:count=1")
    identity = uuid4()
    company = await twenty.companies.create_one({"id": identity, "name": "Acme"}, upsert=True)
    assert company.id == identity
    assert await twenty.companies.count() == 1


async def test_the_flat_client_repeats_writes_by_id_and_no_others(twenty: Twenty, sandbox: Sandbox) -> None:
    company = await twenty.companies.create_one({"name": "Acme"})
    for root in ("updateCompany", "deleteCompany", "restoreCompany"):
        sandbox.faults.add(f"reset-after:operation={root}:count=1")
    assert (await twenty.core.update_one_company(company.id, CompanyUpdateInput(name="New"))).name == "New"
    assert (await twenty.core.delete_one_company(company.id)).deleted_at is not None
    assert (await twenty.core.restore_one_company(company.id)).deleted_at is None
    sandbox.faults.add("reset-after:operation=createCompany:count=1")
    with pytest.raises(ConnectionFailed, match="unknown whether this write happened"):
        await twenty.core.create_one_company(CompanyCreateInput(name="Once"))
    assert all(each.happened for each in sandbox.faults)
    assert await twenty.companies.count({"name": {"eq": "Once"}}) == 1


@pytest.mark.parametrize("fault", ["reset-after", "reset-before", "cut", "html", "error"])
async def test_an_upsert_by_a_unique_value_is_repeated(twenty: Twenty, sandbox: Sandbox, fault: str) -> None:
    rows: Any = [{"name": name, "domainName": {"primaryLinkUrl": f"https://{name}.example"}} for name in ("a", "b")]
    sandbox.faults.add(f"{fault}:operation=createCompanies:count=1")
    assert [one.name for one in await twenty.companies.create_many(rows, upsert=True)] == ["a", "b"]
    sandbox.faults.add(f"{fault}:operation=createCompany:count=1")
    assert (await twenty.companies.create_one(rows[0] | {"name": "new"}, upsert=True)).name == "new"
    assert await twenty.companies.count() == 2
    assert all(each.happened for each in sandbox.faults)


async def test_an_upsert_that_meets_its_own_earlier_attempt_is_sent_again(server: ScriptedServer) -> None:
    # The answer to the first is lost while the server is still at work on it; it has only locked the value so far.
    server.say(
        Answer(abort=True), fails("A duplicate entry was detected", "BAD_USER_INPUT"), fails("enough", "FORBIDDEN")
    )
    async with Twenty(server.url, api_key="x", retry=QUICK) as twenty:
        # Nothing is to be kept of these, so that nothing is read first.
        links: Any = {"primaryLinkUrl": "https://a.example", "primaryLinkLabel": "", "secondaryLinks": []}
        with pytest.raises(PermissionDenied, match="enough"):
            await twenty.companies.create_one({"domain_name": links}, upsert=True)
    assert len(server.requests) == 3


async def test_upserted_records_come_in_the_order_of_the_input_from_older_servers_too() -> None:
    async with Sandbox(strict=True) as sandbox, Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
        own = uuid4()
        urls = [f"https://{number * 7919 % 60}.example/" for number in range(60)]
        rows: Any = [{"name": url, "domainName": {"primaryLinkUrl": url}} for url in urls]
        rows.insert(30, {"id": own, "name": "by id"})
        names = [row["name"] for row in rows]
        for _ in range(3):
            assert [one.name for one in await twenty.companies.create_many(rows, upsert=True)] == names
            rows = rows[::-1]
            names = names[::-1]


@pytest.mark.parametrize("fault", ["reset-after", "reset-before", "cut", "html", "error"])
async def test_writes_by_id_repeat_safely(twenty: Twenty, sandbox: Sandbox, fault: str) -> None:
    company = await twenty.companies.create_one({"name": "Acme"})
    for root in ("updateCompany", "deleteCompany", "restoreCompany"):
        sandbox.faults.add(f"{fault}:operation={root}:count=1")
    assert (await twenty.companies.update_one(company.id, {"name": "New"})).name == "New"
    assert (await twenty.companies.delete_one(company.id)).deleted_at is not None
    restored = await twenty.companies.restore_one(company.id)
    assert (restored.name, restored.deleted_at) == ("New", None)
    assert all(each.happened for each in sandbox.faults)


async def test_a_destroy_that_never_arrived_is_sent_again(twenty: Twenty, sandbox: Sandbox) -> None:
    company = await twenty.companies.create_one({"name": "Acme"})
    sandbox.faults.add("reset-before:operation=destroyCompany:count=1")
    assert (await twenty.companies.destroy_one(company.id)).id == company.id


async def test_a_destroy_whose_answer_was_lost_says_that_the_record_is_gone(twenty: Twenty, sandbox: Sandbox) -> None:
    company = await twenty.companies.create_one({"name": "Acme"})
    sandbox.faults.add("reset-after:operation=destroyCompany:count=1")
    with pytest.raises(AnswerLost, match="DestroyOneCompany: the record is gone, and the answer with it") as caught:
        await twenty.companies.destroy_one(company.id)
    assert not caught.value.outcome_unknown
    assert isinstance(caught.value.__cause__, ConnectionFailed)


async def test_a_destroy_that_cannot_be_settled_says_that_it_is_unknown(twenty: Twenty, sandbox: Sandbox) -> None:
    company = await twenty.companies.create_one({"name": "Acme"})
    sandbox.faults.add("reset-after:operation=destroyCompany:count=1")
    sandbox.faults.add("reset-before:operation=companies")
    with pytest.raises(ConnectionFailed, match=r"DestroyOneCompany: .* unknown whether this write happened") as caught:
        await twenty.companies.destroy_one(company.id)
    assert "Looking the records up failed too" in caught.value.__notes__[0]


async def test_a_change_of_many_is_repeated_only_if_it_names_ids(twenty: Twenty, sandbox: Sandbox) -> None:
    companies = await twenty.companies.create_many([{"name": f"Company {number}"} for number in range(5)])
    ids = [company.id for company in companies]
    sandbox.faults.add("reset-after:operation=deleteCompanies:count=2")
    deleted = await twenty.companies.delete_many({"id": {"in": ids[:3]}})
    assert {company.id for company in deleted} == set(ids[:3])
    sandbox.faults.add("reset-after:operation=deleteCompanies:count=1")
    with pytest.raises(ConnectionFailed) as caught:
        await twenty.companies.delete_many({"name": {"eq": "Company 4"}})
    assert caught.value.outcome_unknown


@pytest.mark.parametrize("filter", [None, {}, {"and": []}, {"or": []}, {"and": [{}]}, {"or": [{}, {"name": {"eq": "x"}}]}, {"name": None}, {"not": {}}, {"domainName": {}}, {"name": {}}], ids=str)  # fmt: skip  # noqa: E501
async def test_an_empty_filter_is_refused(twenty: Twenty, filter: Any) -> None:
    await twenty.companies.create_one({"name": "Acme"})
    for change in (twenty.companies.delete_many, twenty.companies.destroy_many, twenty.companies.restore_many):
        with pytest.raises(InvalidArgument, match="all_records=True"):
            await change(filter)
    with pytest.raises(InvalidArgument, match="all_records=True"):
        await twenty.companies.update_many({"name": "x"}, filter)
    assert await twenty.companies.count() == 1


@pytest.mark.parametrize("filter", [{}, {"and": []}, {"name": {}}], ids=str)
async def test_the_flat_client_refuses_an_empty_filter_too(twenty: Twenty, filter: dict[str, Any]) -> None:
    await twenty.companies.create_one({"name": "Acme"})
    model = CompanyFilterInput.model_validate(filter)
    for change in (
        twenty.core.delete_many_companies,
        twenty.core.destroy_many_companies,
        twenty.core.restore_many_companies,
    ):
        with pytest.raises(InvalidArgument, match=r"use twenty\.companies\.\w+_many\(all_records=True\)"):
            await change(model)
    with pytest.raises(InvalidArgument, match=r"twenty\.companies\.update_many\(all_records=True\)"):
        await twenty.core.update_many_companies(CompanyUpdateInput(name="x"), model)
    assert await twenty.companies.count() == 1
    assert len(await twenty.core.delete_many_companies(CompanyFilterInput(name=StringFilter(eq="Acme")))) == 1


async def test_the_flat_client_sends_filters_that_older_servers_understand() -> None:
    between = CompanyFilterInput.model_validate({"position": {"gt": 1, "lt": 4}, "name": {"startsWith": "C"}})
    for strict in (False, True):
        async with Sandbox(strict=strict) as sandbox, Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
            await twenty.companies.create_many([{"name": f"C{at}", "position": at} for at in range(6)])
            found = await twenty.core.find_many_companies(filter=between)
            assert sorted(str(record.name) for record in found.records) == ["C2", "C3"]


async def test_all_records_are_changed_when_that_is_said(twenty: Twenty) -> None:
    await twenty.companies.create_many([{"name": "a"}, {"name": "b"}])
    assert {one.name for one in await twenty.companies.update_many({"name": "c"}, all_records=True)} == {"c"}
    assert len(await twenty.companies.delete_many(all_records=True)) == 2
    assert await twenty.companies.count() == 0


async def test_null_clears_and_unset_leaves(twenty: Twenty) -> None:
    company = await twenty.companies.create_one(CompanyCreateInput(name="Acme", position=5))
    updated = await twenty.companies.update_one(company.id, CompanyUpdateInput(position=7))
    assert (updated.name, updated.position) == ("Acme", 7)
    assert not (await twenty.companies.update_one(company.id, CompanyUpdateInput(name=None))).name


async def test_the_models_of_the_caller_are_not_touched(twenty: Twenty) -> None:
    model = CompanyCreateInput(name="Acme")
    first, second = await twenty.companies.create_one(model), await twenty.companies.create_one(model)
    assert first.id != second.id
    assert model.model_fields_set == {"name"}


def test_ids_are_put_in_front_and_differ() -> None:
    own = uuid4()
    inputs = [
        CompanyCreateInput(),
        CompanyCreateInput(name="b"),
        CompanyCreateInput(id=own),
        CompanyCreateInput(id=None),
    ]
    encoded, ids = with_ids(inputs)
    from pydantic_core import from_json

    objects = from_json(encoded)
    assert [UUID(each["id"]).int for each in objects] == ids
    assert UUID(objects[2]["id"]) == own
    assert objects[1] == {"id": objects[1]["id"], "name": "b"}
    assert len(set(ids)) == 4
    assert all(UUID(each["id"]).version == 4 for each in objects)


def untyped(data: Any) -> Any:
    """What is made at run time, which no type checker has seen."""
    return data


async def test_bad_input_names_the_field_and_not_the_value(twenty: Twenty, sent: list[str]) -> None:
    with pytest.raises(InvalidArgument, match=r"data\[1\]: nme: .*did you mean 'name'") as caught:
        await twenty.companies.create_many([{"name": "a"}, untyped({"nme": "personal data"})])
    assert "personal" not in str(caught.value) + repr(vars(caught.value))
    with pytest.raises(InvalidArgument, match="is not an id"):
        await twenty.companies.update_one("nope", {"name": "x"})
    assert sent == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"domainName": {"primaryLinkURL": "x"}}, "domainName.primaryLinkURL: there is no such field (did you mean"),
        (
            {"accountOwner": {"connect": {"where": {"idd": 1}}}},
            "where.idd: there is no such field (did you mean 'id'?)",
        ),
        ({"zzz": 1}, "data: zzz: there is no such field."),
    ],
    ids=str,
)
async def test_a_misspelt_field_is_told_at_any_depth(twenty: Twenty, data: Any, problem: str) -> None:
    with pytest.raises(InvalidArgument, match=re.escape(problem)):
        await twenty.companies.create_one(data)


async def test_a_misspelt_operator_in_a_list_of_filters_is_told(twenty: Twenty) -> None:
    with pytest.raises(InvalidArgument, match=r"or\.1\.name\.starts: .*did you mean 'starts"):
        await twenty.companies.find_many(filter=untyped({"or": [{"name": {"eq": "x"}}, {"name": {"starts": "x"}}]}))


async def test_a_composite_that_was_read_may_be_written(twenty: Twenty) -> None:
    first = await twenty.companies.create_one({"address": {"address_city": "Oslo", "address_lat": 59.9}})
    second = await twenty.companies.create_one({"name": "Acme", "address": first.address})
    assert second.address == first.address


@pytest.mark.parametrize("day", ["2026-03-01", date(2026, 3, 1)], ids=repr)
async def test_a_day_in_a_mapping_is_its_first_moment_in_utc(twenty: Twenty, day: Any) -> None:
    made = await twenty.opportunities.create_one({"close_date": day})
    assert made.close_date == datetime(2026, 3, 1, tzinfo=UTC)
    for only in ({"close_date": {"gte": day}}, {"and": [{"name": {"is": "NULL"}}, {"closeDate": {"lte": day}}]}):
        assert await twenty.opportunities.count(untyped(only)) == 1


@pytest.mark.parametrize("moment", ["2026-03-01T10:00:00", datetime(2026, 3, 1, 10)], ids=repr)
async def test_a_time_without_a_zone_is_refused(twenty: Twenty, sent: list[str], moment: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"close_date: a time needs a time zone, such as .*Z\.$") as caught:
        await twenty.opportunities.create_one({"close_date": moment, "name": "personal data"})
    assert "personal" not in repr(vars(caught.value))
    assert sent == []


async def test_what_is_neither_an_id_nor_a_list_is_named_by_its_type(twenty: Twenty, sent: list[str]) -> None:
    company: Any = await twenty.companies.create_one({"name": "personal data"})
    one: Any = {"name": "personal data"}
    model: Any = CompanyCreateInput(name="personal data")
    sent.clear()
    for call, expected in (
        (twenty.companies.update_one(company, {"name": "x"}), "not Company: pass its `id`"),
        (twenty.companies.find_one(one), "not dict: pass filters as `filter=`"),
        (twenty.companies.create_many(one), "must be a list, not dict: `create_one`"),
        (twenty.companies.create_many(model), "must be a list, not CompanyCreateInput"),
        (twenty.people.merge_many("0f12a159-3b7b-4ac4-80b8-8b14e33530dc"), "must be a list, not str"),
        (twenty.people.find_duplicates(ids=cast("Any", 5)), "must be a list, not int"),
    ):
        with pytest.raises(InvalidArgument, match=expected) as caught:
            await call
        assert "personal" not in str(caught.value)
    assert sent == []


async def test_text_that_json_cannot_hold_is_refused_before_it_is_sent(twenty: Twenty, sent: list[str]) -> None:
    half = "half a pair: \ud83d"
    for call in (
        twenty.companies.create_one({"name": half}),
        twenty.companies.create_many([{"name": half}], upsert=True),
        twenty.companies.find_many(filter={"name": {"eq": half}}),
        twenty.core.create_one_company(CompanyCreateInput(name=half)),
        twenty.search(half),
        twenty.rest.post("companies", {"name": half}),
    ):
        with pytest.raises(InvalidArgument, match="JSON"):
            await call
    assert sent == []


async def test_what_is_not_there_is_not_found(twenty: Twenty) -> None:
    for call in (twenty.companies.find_one(uuid4()), twenty.companies.update_one(uuid4(), {"name": "x"})):
        with pytest.raises(NotFoundError):
            await call


async def test_two_root_fields_keep_what_succeeded(twenty: Twenty) -> None:
    document = """mutation Both($a: CompanyCreateInput!, $b: PersonCreateInput!) {
        createCompany(data: $a) { id name } createPerson(data: $b) { id } }"""
    with pytest.raises(ApiError) as caught:
        await twenty.execute(document, {"a": {"name": "Acme"}, "b": {"companyId": str(uuid4())}})
    assert caught.value.data is not None
    assert caught.value.data["createCompany"]["name"] == "Acme"
    assert caught.value.data["createPerson"] is None
