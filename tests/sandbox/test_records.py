"""Writing and reading records: what FACTS say beyond the recorded exchanges."""

from __future__ import annotations

from typing import Any

import pytest

CREATE = "mutation($d:[CompanyCreateInput!]!,$u:Boolean){createCompanies(data:$d,upsert:$u){id name position}}"
COUNT = "{companies{totalCount}}"
ID = "20202020-0000-4000-8000-00000000000"


def domain(url: str) -> dict[str, Any]:
    return {"domainName": {"primaryLinkUrl": url}}


# Creating


async def test_new_records_stand_before_the_old_ones_in_input_order(talk: Any) -> None:
    made = await talk.data(CREATE, d=[{"name": "a"}, {"name": "b"}, {"name": "c"}])
    more = await talk.data('mutation{createCompany(data:{name:"d",position:"last"}){position}}')

    assert [(each["name"], each["position"]) for each in made] == [("a", 0), ("b", -1), ("c", -2)]
    assert more == {"position": 1}


async def test_one_bad_record_and_nothing_is_written(talk: Any) -> None:
    error = await talk.error(CREATE, d=[{"name": "a"}, {"name": 5}])
    twice = await talk.error(CREATE, d=[domain("https://x.example"), domain("https://x.example")])

    assert error["message"] == 'Invalid string value 5 for text field "name"'
    assert "conflictingRecordId" not in twice
    assert await talk.data(COUNT) == {"totalCount": 0}


async def test_a_duplicate_tells_which_record_has_the_value(talk: Any) -> None:
    (made,) = await talk.data(CREATE, d=[domain("https://X.example/")])

    error = await talk.error(CREATE, d=[{"name": "fine"}, domain("https://x.example")])

    assert error == {
        "message": "A duplicate entry was detected",
        "userFriendlyMessage": "This Domain Name value is already in use. Please check your data and try again.",
        "conflictingRecordId": made["id"],
        "conflictingObjectNameSingular": "company",
        "code": "BAD_USER_INPUT",
    }


async def test_an_update_to_a_taken_value_is_a_duplicate_too(talk: Any) -> None:
    one, two = await talk.data(CREATE, d=[domain("https://x.example"), domain("https://y.example")])

    update = "mutation($i:UUID!,$d:CompanyUpdateInput!){updateCompany(id:$i,data:$d){id}}"
    error = await talk.error(update, i=two["id"], d=domain("https://x.example"))
    itself = await talk.data(update, i=one["id"], d=domain("https://x.example"))

    assert error["conflictingRecordId"] == one["id"]
    assert itself == {"id": one["id"]}


async def test_the_same_id_again_is_a_duplicate_without_a_name(talk: Any) -> None:
    await talk.data(CREATE, d=[{"id": ID + "1"}])

    error = await talk.error(CREATE, d=[{"id": ID + "1"}])

    assert error["userFriendlyMessage"].startswith("This record already exists.")


async def test_times_and_authors_can_be_set_by_the_client(talk: Any) -> None:
    data = {"createdAt": "2020-01-01", "createdBy": {"source": "IMPORT", "name": "me"}}
    made = await talk.data(
        "mutation($d:CompanyCreateInput!){createCompany(data:$d){createdAt createdBy{source name} updatedBy{source}}}",
        d=data,
    )

    assert made == {
        "createdAt": "2020-01-01T00:00:00.000Z",
        "createdBy": {"source": "IMPORT", "name": "me"},
        "updatedBy": {"source": "API"},
    }


async def test_a_record_may_get_another_id_unless_others_point_to_it(talk: Any) -> None:
    await talk.data(CREATE, d=[{"id": ID + "1"}, {"id": ID + "2"}])
    await talk.data("mutation($c:ID){createPerson(data:{companyId:$c}){id}}", c=ID + "2")
    update = "mutation($i:UUID!,$d:CompanyUpdateInput!){updateCompany(id:$i,data:$d){id}}"

    moved = await talk.data(update, i=ID + "1", d={"id": ID + "3"})
    error = await talk.error(update, i=ID + "2", d={"id": ID + "4"})

    assert moved == {"id": ID + "3"}
    assert error["message"].startswith('update or delete on table "company" violates foreign key constraint "FK_')
    assert error["message"].endswith(' on table "person"')


# Upsert


async def test_upsert_keeps_what_is_not_given_and_answers_in_input_order(talk: Any) -> None:
    create = (
        "mutation($d:[CompanyCreateInput!]!){createCompanies(data:$d,upsert:true){id name tag:address{addressCity}}}"
    )
    old = {"name": "old", "address": {"addressCity": "Paris"}, **domain("https://x.example")}
    (first,) = await talk.data(create, d=[old])

    found = await talk.data(create, d=[{"name": "new"}, {"name": "other", **domain("https://x.example")}])

    assert [each["name"] for each in found] == ["new", "other"]
    assert found[1] == {"id": first["id"], "name": "other", "address": {"addressCity": "Paris"}}


async def test_upsert_brings_a_deleted_record_back(talk: Any) -> None:
    (made,) = await talk.data(CREATE, d=[domain("https://x.example")])
    await talk.data("mutation($i:UUID!){deleteCompany(id:$i){id}}", i=made["id"])

    await talk.data(CREATE, d=[domain("https://x.example")], u=True)

    assert await talk.data(COUNT) == {"totalCount": 1}


async def test_an_upsert_that_means_two_records_is_refused(talk: Any) -> None:
    await talk.data(CREATE, d=[{"id": ID + "1"}, {"id": ID + "2", **domain("https://x.example")}])

    error = await talk.error(CREATE, d=[{"id": ID + "1", **domain("https://x.example")}], u=True)

    assert error["subCode"] == "UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT"


# Deleting


async def test_deleted_is_hidden_restored_is_back_destroyed_is_gone(talk: Any) -> None:
    (made,) = await talk.data(CREATE, d=[{"name": "a"}])
    record = {"i": made["id"]}

    first = await talk.data("mutation($i:UUID!){deleteCompany(id:$i){deletedAt}}", **record)
    again = await talk.data("mutation($i:UUID!){deleteCompany(id:$i){deletedAt}}", **record)
    assert first["deletedAt"] <= again["deletedAt"]
    assert await talk.data(COUNT) == {"totalCount": 0}
    assert await talk.data("{companies(filter:{deletedAt:{is:NOT_NULL}}){totalCount}}") == {"totalCount": 1}
    await talk.data("mutation($i:UUID!){restoreCompany(id:$i){id}}", **record)
    assert await talk.data(COUNT) == {"totalCount": 1}
    await talk.data("mutation($i:UUID!){destroyCompany(id:$i){id}}", **record)

    error = await talk.error("mutation($i:UUID!){destroyCompany(id:$i){id}}", **record)

    assert (error["code"], error["subCode"]) == ("NOT_FOUND", "RECORD_NOT_FOUND")


async def test_an_empty_filter_deletes_everything(talk: Any) -> None:
    await talk.data(CREATE, d=[{}] * 200)
    await talk.data(CREATE, d=[{}] * 50)

    deleted = await talk.data("mutation{deleteCompanies(filter:{}){id}}")

    assert len(deleted) == 250
    assert await talk.data(COUNT) == {"totalCount": 0}


async def test_destroying_a_company_leaves_its_people(talk: Any) -> None:
    (made,) = await talk.data(CREATE, d=[{"name": "a"}])
    await talk.data("mutation($c:ID){createPerson(data:{companyId:$c}){id}}", c=made["id"])
    await talk.data("mutation{destroyCompanies(filter:{}){id}}")

    page = await talk.data("{people{edges{node{companyId company{id}}}}}")

    assert page == {"edges": [{"node": {"companyId": None, "company": None}}]}


async def test_a_deleted_company_is_not_shown_with_its_people(talk: Any) -> None:
    (made,) = await talk.data(CREATE, d=[{"name": "a"}])
    await talk.data("mutation($c:ID){createPerson(data:{companyId:$c}){id}}", c=made["id"])
    await talk.data("mutation{deleteCompanies(filter:{}){id}}")

    page = await talk.data("{people{edges{node{companyId company{id}}}}}")

    assert page == {"edges": [{"node": {"companyId": made["id"], "company": None}}]}


# Relations


async def test_a_record_is_connected_by_a_unique_value_or_an_id(talk: Any) -> None:
    (made,) = await talk.data(CREATE, d=[domain("https://x.example")])
    create = "mutation($w:X){createPerson(data:{company:{connect:{where:$w}}}){companyId}}"

    by_value = await talk.data(create, w=domain("https://x.example"))
    by_id = await talk.data(create, w={"id": made["id"]})
    nothing = await talk.data(create, w={})
    other = await talk.error(create, w={"name": "x"})

    assert by_value == by_id == {"companyId": made["id"]}
    assert nothing == {"companyId": None}
    assert "at least one unique constraint" in other["message"]


@pytest.mark.parametrize("relation", [{"disconnect": True}, {"connect": {"where": {}}}, None])
async def test_a_relation_is_given_once(talk: Any, relation: Any) -> None:
    data = {"companyId": None, "company": relation}

    error = await talk.error("mutation($d:X){createPerson(data:$d){id}}", d=data)

    assert error["message"] == "company and companyId cannot be both provided."


@pytest.mark.parametrize("document", ["{company{id}}", "{company(filter:{}){id}}", "{company(filter:null){id}}"])
async def test_a_record_is_found_by_a_filter_only(talk: Any, document: str) -> None:
    error = await talk.error(document)

    assert (error["message"], error["subCode"]) == ("Missing filter argument", "INVALID_QUERY_INPUT")


@pytest.mark.parametrize("arguments", ["first:0,last:0", 'before:"",first:1', 'first:0,before:""'])
async def test_arguments_that_say_nothing_contradict_nobody(talk: Any, arguments: str) -> None:
    assert "errors" not in await talk.answer(f"{{companies({arguments}){{totalCount}}}}")


async def test_an_offset_below_zero_is_for_the_database_to_refuse(talk: Any) -> None:
    error = await talk.error("{companies(offset:-1){totalCount}}")

    assert error == {"message": "Data validation error.", "code": "INTERNAL_SERVER_ERROR"}


async def test_of_nothing_only_the_total_is_counted(talk: Any) -> None:
    page = await talk.data('{companies(filter:{name:{eq:"none"}}){totalCount countEmptyName maxCreatedAt}}')

    assert page == {"totalCount": 0, "countEmptyName": None, "maxCreatedAt": None}


async def test_an_upsert_finds_no_id_in_upper_case(talk: Any) -> None:
    (made,) = await talk.data(CREATE, d=[{"name": "a"}])

    error = await talk.error("mutation($i:X){createCompany(data:{id:$i},upsert:true){id}}", i=made["id"].upper())

    assert error["message"] == "A duplicate entry was detected"


async def test_a_soft_deleted_record_is_updated_as_if_it_lived(talk: Any) -> None:
    (made,) = await talk.data(CREATE, d=[{"name": "a"}])
    await talk.data("mutation($i:X){deleteCompany(id:$i){id}}", i=made["id"])

    changed = await talk.data('mutation{updateCompanies(filter:{name:{eq:"a"}},data:{name:"b"}){name deletedAt}}')

    assert [record["name"] for record in changed] == ["b"]
    assert changed[0]["deletedAt"] is not None


async def test_duplicates_are_not_looked_for_by_short_values_or_in_another_case(talk: Any) -> None:
    await talk.data(CREATE, d=[{"name": "ab"}, {"name": "abc"}])

    query = "query($d:X){companyDuplicates(data:$d){totalCount}}"
    found = await talk.data(query, d=[{"name": "ab"}, {"name": "abc"}, {"name": "ABC"}])

    assert [each["totalCount"] for each in found] == [0, 1, 0]


@pytest.mark.parametrize(
    ("record_id", "message"),
    [("", 'invalid input syntax for type uuid: ""'), ("5", 'invalid input syntax for type uuid: "5"')],
)
async def test_duplicates_of_no_id_are_for_the_database_to_refuse(talk: Any, record_id: str, message: str) -> None:
    query = "query($i:X){companyDuplicates(ids:$i){totalCount}}"

    assert (await talk.error(query, i=[record_id]))["message"] == message
    assert await talk.data(query, i=["0190c1f0-7e2a-7abc-8def-0123456789ab"]) == []


async def test_a_search_gives_a_hundred_at_most(talk: Any) -> None:
    query = '{search(searchInput:"a",limit:101){edges{node{recordId}}}}'

    assert (await talk.error(query))["message"] == "Limit cannot exceed 100 items"


async def test_a_nested_list_is_cut_at_60_and_only_an_aggregate_tells(talk: Any) -> None:
    (made,) = await talk.data(CREATE, d=[{"name": "a"}])
    people = [{"companyId": made["id"]}] * 150
    await talk.data("mutation($d:[PersonCreateInput!]!){createPeople(data:$d){id}}", d=people)

    nested = "people(first:2){totalCount countUniqueValuesId edges{node{id}} pageInfo{hasNextPage}}"
    (edge,) = (await talk.data(f"{{companies{{edges{{node{{{nested}}}}}}}}}"))["edges"]

    shown = edge["node"]["people"]
    assert len(shown["edges"]) == shown["totalCount"] == 60
    assert shown["pageInfo"] == {"hasNextPage": False}
    assert shown["countUniqueValuesId"] == 150


async def test_one_unknown_field_makes_a_related_record_null(talk: Any) -> None:
    (made,) = await talk.data(CREATE, d=[{"name": "a"}])
    await talk.data("mutation($c:ID){createPerson(data:{companyId:$c}){id}}", c=made["id"])

    page = await talk.data("{people{edges{node{company{id nope}}}}}")

    assert page == {"edges": [{"node": {"company": None}}]}


# Merging


async def test_merging_keeps_one_record_and_everything_that_belongs_to_the_others(talk: Any) -> None:
    one, two = await talk.data(CREATE, d=[{"name": "one"}, {"name": "two", **domain("https://x.example")}])
    await talk.data("mutation($c:ID){createPerson(data:{companyId:$c}){id}}", c=two["id"])
    merge = "mutation($i:[UUID!]!){mergeCompanies(ids:$i,conflictPriorityIndex:0){id name domainName{primaryLinkUrl}}}"

    merged = await talk.data(merge, i=[one["id"], two["id"]])

    assert merged == {"id": one["id"], "name": "one", "domainName": {"primaryLinkUrl": "https://x.example"}}
    assert await talk.data("{people{edges{node{companyId}}}}") == {"edges": [{"node": {"companyId": one["id"]}}]}
    assert await talk.data("{companies(filter:{deletedAt:{is:NOT_NULL}}){totalCount}}") == {"totalCount": 0}


async def test_a_dry_run_changes_nothing_and_shows_another_id(talk: Any) -> None:
    one, two = await talk.data(CREATE, d=[{"name": "one"}, {"name": "two", **domain("https://x.example")}])
    merge = (
        "mutation($i:[UUID!]!){mergeCompanies(ids:$i,conflictPriorityIndex:0,dryRun:true)"
        "{id domainName{primaryLinkUrl}}}"
    )

    shown = await talk.data(merge, i=[one["id"], two["id"]])

    assert shown["domainName"] == {"primaryLinkUrl": "https://x.example"}
    assert shown["id"] not in (one["id"], two["id"])
    assert await talk.data(COUNT) == {"totalCount": 2}


# Groups and aggregates


async def test_groups_are_counted_ordered_and_limited(talk: Any) -> None:
    await talk.data(CREATE, d=[{"name": f"n{number}"} for number in range(60)] + [{"name": "n1"}, {}])
    query = (
        "query($l:Int){companiesGroupBy(groupBy:[{name:true}],limit:$l,orderBy:[{aggregate:{totalCount:DescNullsLast}}])"
        "{groupByDimensionValues totalCount edges{node{name}}}}"
    )

    groups = await talk.data(query)

    assert len(groups) == 50
    assert groups[0] == {"groupByDimensionValues": ["n1"], "totalCount": 2, "edges": [{"node": {"name": "n1"}}] * 2}
    assert len(await talk.data(query, l=1000)) == 61


async def test_a_group_by_date_needs_its_time_zone(talk: Any) -> None:
    await talk.data(CREATE, d=[{"createdAt": "2026-03-31T23:30:00Z"}])
    query = "query($g:X){companiesGroupBy(groupBy:[{createdAt:$g}]){groupByDimensionValues}}"

    error = await talk.error(query, g={"granularity": "DAY"})
    local = await talk.data(query, g={"granularity": "DAY", "timeZone": "Europe/Paris"})
    month = await talk.data(query, g={"granularity": "MONTH", "timeZone": "UTC"})

    assert error["message"].startswith("Time zone should be specified for a group by date")
    assert local == [{"groupByDimensionValues": ["2026-04-01"]}]
    assert month == [{"groupByDimensionValues": ["2026-03-01"]}]


async def test_records_are_grouped_by_what_they_are_related_to(talk: Any) -> None:
    one, _ = await talk.data(CREATE, d=[{"name": "one"}, {"name": "two"}])
    people = [{"companyId": one["id"]}, {"companyId": one["id"]}, {}]
    await talk.data("mutation($d:[PersonCreateInput!]!){createPeople(data:$d){id}}", d=people)

    groups = await talk.data("{peopleGroupBy(groupBy:[{company:{name:true}}]){groupByDimensionValues totalCount}}")

    assert sorted(map(str, groups)) == sorted(
        map(
            str,
            [
                {"groupByDimensionValues": [None], "totalCount": 1},
                {"groupByDimensionValues": ["one"], "totalCount": 2},
            ],
        )
    )


async def test_shares_of_nothing_are_null(talk: Any) -> None:
    assert await talk.data("{companies{percentageEmptyName totalCount}}") == {
        "percentageEmptyName": None,
        "totalCount": 0,
    }


# Documents


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{companies{totalCount} __typename}", "This query cannot be executed as a single request."),
        ('{companies{totalCount} search(searchInput:"a",limit:1){edges{node{label}}}}', "This query cannot be"),
        ("{companies{edges{node{id @skip(if:$s)}}}}", "Cannot read properties of undefined (reading 's')"),
    ],
)
async def test_what_the_walk_cannot_do_is_refused(talk: Any, query: str, message: str) -> None:
    error = await talk.error(query)

    assert error["message"].startswith(message)


async def test_defaults_of_variables_are_ignored(talk: Any) -> None:
    await talk.data(CREATE, d=[{}] * 5)

    page = await talk.data("query($n:Int=3){companies(first:$n){edges{node{id}}}}")

    assert len(page["edges"]) == 5


async def test_two_mutations_succeed_and_fail_each_for_itself(talk: Any) -> None:
    body = await talk.answer('mutation{createPerson(data:{nme:"x"}){id} createCompany(data:{name:"y"}){name}}')

    assert body["data"] == {"createPerson": None, "createCompany": {"name": "y"}}
    assert len(body["errors"]) == 1


# Values


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("https://Example.COM/Path/", "https://example.com/Path"),
        ("http://example.com", "http://example.com"),
        ("example.com", "example.com"),
        ("", ""),
        (None, ""),
    ],
)
async def test_links_lose_their_capitals_in_the_host_and_their_last_slash(
    talk: Any, given: str | None, stored: str
) -> None:
    create = "mutation($u:String){createCompany(data:{domainName:{primaryLinkUrl:$u}}){domainName{primaryLinkUrl}}}"

    assert await talk.data(create, u=given) == {"domainName": {"primaryLinkUrl": stored}}


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"primaryPhoneNumber": "+33612345678"}, ["612345678", "FR", "+33"]),
        ({"primaryPhoneNumber": "612345678", "primaryPhoneCountryCode": "FR"}, ["612345678", "FR", "+33"]),
        ({"primaryPhoneNumber": "+1 (415) 555-2671"}, ["4155552671", "US", "+1"]),
    ],
)
async def test_a_phone_number_is_completed(talk: Any, given: dict[str, Any], stored: list[str]) -> None:
    create = (
        "mutation($p:X){createPerson(data:{phones:$p})"
        "{phones{primaryPhoneNumber primaryPhoneCountryCode primaryPhoneCallingCode}}}"
    )

    assert list((await talk.data(create, p=given))["phones"].values()) == stored


async def test_numbers_are_doubles_and_micros_are_whole(talk: Any) -> None:
    create = "mutation($m:X){createCompany(data:{annualRevenue:{amountMicros:$m}}){annualRevenue{amountMicros}}}"

    shown = [(await talk.data(create, m=given))["annualRevenue"]["amountMicros"] for given in (1.5, "17", 2**53 + 1)]

    assert shown == [1, 17, 2**53]


# Filters


async def seed_filters(talk: Any) -> None:
    names = ("Air", "air", "Ai%r", "Birch", "")
    await talk.data(CREATE, d=[{"name": name, "position": place} for place, name in enumerate(names)])


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"name": {"like": "Ai%"}}, ["Air", "Ai%r"]),
        ({"name": {"ilike": "ai_"}}, ["Air", "air"]),
        ({"name": {"like": "Ai\\%r"}}, ["Ai%r"]),
        ({"name": {"startsWith": "Ai%"}}, ["Ai%r"]),
        ({"name": {"endsWith": "h"}}, ["Birch"]),
        ({"name": {"is": "NULL"}}, [""]),
        ({"name": {"is": "NOT_NULL"}}, ["Air", "air", "Ai%r", "Birch"]),
        ({"name": {"in": ["air", "Birch"]}}, ["air", "Birch"]),
        ({"not": {"name": {"eq": "Air"}}}, ["air", "Ai%r", "Birch"]),
        ({"or": [{"name": {"eq": "Air"}}, {"position": {"gte": 3}}]}, ["Air", "Birch", ""]),
        ({"or": [{"name": {"eq": "Air"}}, {}]}, ["Air", "air", "Ai%r", "Birch", ""]),
        ({"or": []}, ["Air", "air", "Ai%r", "Birch", ""]),
        ({"and": [{"position": {"gt": 0}}, {"position": {"lt": "3"}}]}, ["air", "Ai%r"]),
        ({"position": {"gt": 1}, "name": {"neq": "Birch"}}, ["Ai%r"]),
        ({"createdBy": {"source": {"eq": "API"}}, "name": {"gt": "a"}}, ["air"]),
    ],
)
async def test_a_filter_finds(talk: Any, given: dict[str, Any], names: list[str]) -> None:
    await seed_filters(talk)

    page = await talk.data(
        "query($f:X){companies(filter:$f,orderBy:{position:AscNullsFirst}){edges{node{name}}}}", f=given
    )

    assert [edge["node"]["name"] for edge in page["edges"]] == names


async def test_people_are_found_by_their_company(talk: Any) -> None:
    one, _ = await talk.data(CREATE, d=[{"name": "one"}, {"name": "two"}])
    await talk.data('mutation($c:ID){createPerson(data:{name:{firstName:"Ann"},companyId:$c}){id}}', c=one["id"])

    people = await talk.data('{people(filter:{company:{name:{eq:"one"}}}){totalCount}}')
    nobody = await talk.data('{people(filter:{company:{name:{eq:"two"}}}){totalCount}}')

    assert (people, nobody) == ({"totalCount": 1}, {"totalCount": 0})
