"""Walks over pages lose, repeat or find records exactly as on the measured servers."""

from __future__ import annotations

from typing import Any

import pytest

TOTAL = 120
LEVELS = (None, None, None, 5, 7)


async def seed(talk: Any) -> None:
    companies: list[dict[str, Any]] = []
    for number in range(TOTAL):
        level = LEVELS[number % len(LEVELS)]
        companies.append(
            {
                "id": f"{(number * 7919) % 100_000:08d}-0000-4000-8000-000000000000",
                "name": "" if number % 40 == 0 else f"name {number * 31 % 97:03d} {number}",
                "domainName": {"primaryLinkUrl": f"https://c{number * 13 % 1009}.example"},
                "annualRevenue": {"amountMicros": None if level is None else level * 1_000_000},
                "position": number * 17 % 1013,
                "createdAt": f"2026-01-{1 + number % 28:02d}T00:00:{number % 60:02d}.{number:03d}Z",
            }
        )
    await talk.data("mutation($d:[CompanyCreateInput!]!){createCompanies(data:$d){id}}", d=companies)
    people = [
        {
            "name": {"firstName": f"f{number % 5}", "lastName": f"l{number % 7}"},
            "companyId": None if number % 2 else companies[number % 9]["id"],
        }
        for number in range(TOTAL)
    ]
    await talk.data("mutation($d:[PersonCreateInput!]!){createPeople(data:$d){id}}", d=people)


async def walk(talk: Any, root: str, order: list[dict[str, Any]] | None, selected: str, page: int) -> list[str] | str:
    """Ids in the order in which they came; a word if the walk doesn't end, or ends in an error."""
    query = (
        f"query($a:String,$o:[X]){{ {root}(first:{page},after:$a,orderBy:$o){{ "
        f"edges{{ node{{ id {selected} }} }} pageInfo{{ hasNextPage endCursor }} }} }}"
    )
    after, found, cursors = None, [], set()
    while True:
        body = await talk.answer(query, a=after, o=order)
        if "errors" in body:
            return f"error: {body['errors'][0]['message']}"
        connection = body["data"][root]
        found += [edge["node"]["id"] for edge in connection["edges"]]
        if not connection["pageInfo"]["hasNextPage"]:
            return found
        after = connection["pageInfo"]["endCursor"]
        if after in cursors:
            return "endless"
        cursors.add(after)


ASC, DESC, NULLS_LAST = "AscNullsFirst", "DescNullsLast", "AscNullsLast"
EXACT = [
    ("companies", None, "", 7),
    ("companies", [{"id": ASC}], "", 7),
    ("companies", [{"createdAt": ASC}], "createdAt", 7),
    ("companies", [{"createdAt": DESC}], "createdAt", 7),
    ("companies", [{"updatedAt": DESC}], "updatedAt", 7),
    ("companies", [{"position": ASC}], "position", 7),
    ("companies", [{"name": ASC}], "name", 7),
    ("companies", [{"domainName": {"primaryLinkUrl": ASC}}], "domainName{primaryLinkUrl}", 50),
    ("people", [{"name": {"firstName": ASC, "lastName": ASC}}], "name{firstName lastName}", 60),
]


@pytest.mark.parametrize(("root", "order", "selected", "page"), EXACT)
async def test_a_walk_over_selected_keys_without_nulls_is_exact(
    talk: Any, root: str, order: Any, selected: str, page: int
) -> None:
    await seed(talk)

    found = await walk(talk, root, order, selected, page)

    assert isinstance(found, list)
    assert len(found) == len(set(found)) == TOTAL


WRONG = [
    ("companies", [{"id": DESC}], "", 7),
    ("companies", [{"position": ASC}], "", 7),
    ("companies", [{"name": DESC}], "name", 7),
    ("companies", [{"annualRevenue": {"amountMicros": ASC}}], "annualRevenue{amountMicros}", 50),
    ("people", [{"name": {"lastName": ASC}}, {"name": {"firstName": ASC}}], "name{firstName lastName}", 60),
    ("people", [{"companyId": NULLS_LAST}], "companyId", 60),
]


@pytest.mark.parametrize(("root", "order", "selected", "page"), WRONG)
async def test_a_walk_that_the_server_cannot_do_loses_records_silently(
    talk: Any, root: str, order: Any, selected: str, page: int
) -> None:
    await seed(talk)

    found = await walk(talk, root, order, selected, page)

    assert isinstance(found, list)
    assert len(set(found)) < TOTAL


async def test_a_composite_key_that_is_not_selected_gives_the_same_page_for_ever(talk: Any) -> None:
    await seed(talk)

    assert await walk(talk, "companies", [{"domainName": {"primaryLinkUrl": ASC}}], "name", 50) == "endless"


async def test_the_second_page_of_an_order_over_a_relation_is_refused(talk: Any) -> None:
    await seed(talk)
    order = [{"company": {"name": ASC}}]

    found = await walk(talk, "people", order, "company{name}", 50)

    assert found == "error: Expected non-composite field order by"


@pytest.mark.parametrize("order", [[{"annualRevenue": {"amountMicros": DESC}}], [{"name": DESC}], None])
async def test_paging_by_offset_finds_everything(talk: Any, order: Any) -> None:
    await seed(talk)
    query = "query($f:Int,$o:[X]){companies(first:50,offset:$f,orderBy:$o){edges{node{id}}}}"

    pages = [await talk.data(query, f=offset, o=order) for offset in range(0, TOTAL, 50)]

    assert len({edge["node"]["id"] for page in pages for edge in page["edges"]}) == TOTAL


async def test_a_page_before_a_cursor_ends_right_before_it(talk: Any) -> None:
    await seed(talk)
    query = (
        "query($l:Int,$b:String){companies(last:$l,before:$b)"
        "{edges{cursor node{id}} pageInfo{hasNextPage hasPreviousPage}}}"
    )
    first = await talk.data("{companies(first:6){edges{cursor node{id}}}}")

    page = await talk.data(query, l=2, b=first["edges"][5]["cursor"])

    assert page["edges"] == first["edges"][3:5]
    assert page["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": True}


async def test_last_without_before_counts_from_the_front(talk: Any) -> None:
    await seed(talk)

    assert await talk.data("{companies(last:3){edges{node{id}}}}") == await talk.data(
        "{companies(first:3){edges{node{id}}}}"
    )


@pytest.mark.parametrize("twenty_sandbox_options", [{"strict": True}])
async def test_an_old_server_repeats_a_page_of_equal_creation_times_for_ever(talk: Any) -> None:
    for size in (40, 40):
        data = [{"name": f"{size} {number}"} for number in range(size)]
        await talk.data("mutation($d:[CompanyCreateInput!]!){createCompanies(data:$d){id}}", d=data)

    query = (
        "query($a:String){companies(first:7,after:$a,orderBy:[{createdAt:AscNullsFirst}])"
        "{edges{node{id createdAt}} pageInfo{endCursor hasNextPage}}}"
    )
    first = await talk.data(query, a=None)
    second = await talk.data(query, a=first["pageInfo"]["endCursor"])

    assert second["edges"] == first["edges"]
