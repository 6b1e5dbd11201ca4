"""`aiotwenty list`, `get`, `create`, `update`, `delete`, `destroy`, `restore` and `open`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command


@pytest.fixture
def air(aiotwenty: Command) -> str:
    made = aiotwenty("create", "companies", "name=Air", "city=Oslo", "--output", "json")
    assert made.code == 0, made.err
    identity: str = json.loads(made.out)["id"]
    return identity


def test_a_record_goes_from_its_creation_to_its_end(aiotwenty: Command, air: str) -> None:
    changed = aiotwenty("update", "companies", air, "name=Airbus", "domainName=https://airbus.example")
    assert "domainName.primaryLinkUrl\thttps://airbus.example" in changed.out.splitlines()
    shown = json.loads(aiotwenty("get", "companies", air, "-o", "json").out)
    assert (shown["name"], shown["address"]["addressCity"]) == ("Airbus", "Oslo")
    assert aiotwenty("open", "companies", air, "--print").out.endswith(f"/object/company/{air}\n")
    assert aiotwenty("delete", "companies", air).code == 0
    gone = aiotwenty("get", "companies", air)
    assert (gone.code, air in gone.err) == (1, True)
    assert aiotwenty("restore", "companies", air).out == "1 restored\n"
    assert aiotwenty("destroy", "companies", air, "--yes").code == 0
    assert aiotwenty("destroy", "companies", air, "--yes").code == 4


def test_what_is_typed_is_what_the_field_takes(aiotwenty: Command, air: str) -> None:
    made = aiotwenty(
        "create", "people", "name.firstName=Ana", "jobTitle=12", f"companyId={air}", "emails=ana@x.example",
        'phones:={"primaryPhoneNumber":"+33612345678"}', "-o", "jsonl",
    )  # fmt: skip
    person = json.loads(made.out)
    assert (person["jobTitle"], person["companyId"]) == ("12", air)
    assert (person["emails"]["primaryEmail"], person["phones"]["primaryPhoneCountryCode"]) == ("ana@x.example", "FR")
    money = json.loads(aiotwenty("create", "companies", "annualRevenue.amountMicros=5", "-o", "json").out)
    assert money["annualRevenue"]["amountMicros"] == 5


def test_json_comes_from_anywhere(aiotwenty: Command, tmp_path: Path) -> None:
    two = json.dumps([{"name": "J 1"}, {"name": "J 2"}])
    assert [row["name"] for row in aiotwenty("create", "companies", "--data", "-", given=two).rows] == ["J 1", "J 2"]
    (tmp_path / "one.json").write_text('{"name": "J 3"}')
    assert "name\tJ 3\n" in aiotwenty("create", "companies", "--data", "@one.json").out


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        ("name~'Filter a'", ["Filter A", "Filter AB"]),
        ('name="Filter A"', ["Filter A"]),
        ("name~Filter city=Oslo,Rome", ["Filter A", "Filter AB"]),
        ("name~Filter city!=Oslo", ["Filter AB", "Filter C"]),
        ("name~Filter annualRevenue.amountMicros>=20", ["Filter AB"]),
        ("name~Filter city!=Oslo,Rome", ["Filter C"]),
        ("name~Filter annualRevenue.amountMicros=null", ["Filter C"]),
        ("name~Filter annualRevenue.amountMicros!=null", ["Filter A", "Filter AB"]),
        ("name~Filter name!~ab", ["Filter A", "Filter C"]),
        ('{"name": {"like": "Filter A%"}}', ["Filter A", "Filter AB"]),
    ],
)
def test_conditions_are_few_words_or_json(aiotwenty: Command, filter: str, names: list[str]) -> None:
    if not aiotwenty("list", "companies", "--filter", "name~Filter").rows:
        rows = [
            {"name": "Filter A", "address": {"addressCity": "Oslo"}, "annualRevenue": {"amountMicros": 10}},
            {"name": "Filter AB", "address": {"addressCity": "Rome"}, "annualRevenue": {"amountMicros": 20}},
            {"name": "Filter C"},
        ]
        assert aiotwenty("create", "companies", "--data", json.dumps(rows)).code == 0
    listed = aiotwenty("list", "companies", "--filter", filter, "--order", "name", "--select", "name")
    assert [row["name"] for row in listed.rows] == names, listed.err


def test_a_list_selects_orders_and_says_what_it_leaves_out(aiotwenty: Command, air: str) -> None:
    rows = [{"name": {"firstName": f"P {number}"}, "companyId": air} for number in range(3)]
    aiotwenty("create", "people", "--data", json.dumps(rows))
    listed = aiotwenty(
        "list", "people", "--filter", f"companyId={air}", "--order", "name.firstName:desc", "--limit", "2",
        "--select", "name.firstName,company.name",
    )  # fmt: skip
    assert listed.out == "name.firstName\tcompany.name\nP 2\tAir\nP 1\tAir\n"
    assert listed.err.startswith("2 of 3 records; ")
    as_csv = aiotwenty("list", "people", "--filter", f"companyId={air}", "--select", "company,id", "-o", "csv")
    assert next(csv.reader(as_csv.out.splitlines())) == ["company.id", "company.name", "id"]
    assert len(as_csv.out.splitlines()) == 4
    of_company = aiotwenty("get", "companies", air, "--select", "name,people.name.firstName", "-o", "json")
    assert sorted(person["name"]["firstName"] for person in json.loads(of_company.out)["people"]) == [
        "P 0",
        "P 1",
        "P 2",
    ]


def test_nothing_final_happens_unasked(aiotwenty: Command, air: str) -> None:
    for arguments in ((air,), ("--all-records",), ("--filter", "name=Air"), ("-",)):
        refused = aiotwenty("destroy", "companies", *arguments, given=f"id\n{air}\n")
        assert refused.code == 2, arguments
        assert "--yes" in refused.err
    assert aiotwenty("get", "companies", air).code == 0
    assert aiotwenty("destroy", "companies", "--all-records", "--dry-run").code == 0
    assert aiotwenty("get", "companies", air).code == 0


def test_a_document_that_destroys_asks_as_well(aiotwenty: Command, air: str) -> None:
    document = f'mutation {{ destroyCompany(id: "{air}") {{ id }} }}'
    for arguments in ((document,), ("-",)):
        refused = aiotwenty("query", *arguments, given=document)
        assert (refused.code, "--yes" in refused.err) == (2, True)
    assert aiotwenty("get", "companies", air).code == 0
    assert aiotwenty("query", document, "--yes").code == 0
    assert aiotwenty("get", "companies", air).code == 1


def test_the_ids_that_are_not_there_are_named_and_the_others_changed(aiotwenty: Command, air: str) -> None:
    nobody = "9bea4d86-4bec-4ec7-ba9f-f06ee27eaa86"
    for arguments in (("update", "companies", nobody, air, "city=Bonn"), ("restore", "companies", nobody, air)):
        failed = aiotwenty(*arguments)
        assert (failed.code, f"no record {nobody}" in failed.err) == (1, True)
    changed = aiotwenty("list", "companies", "--filter", f"id={air}", "--select", "city")
    assert changed.rows == [{"address.addressCity": "Bonn"}]
    assert f"no record {nobody}" in aiotwenty("open", "companies", nobody, "--print").err


def test_an_id_that_is_none_is_refused_before_any_record_is_changed(aiotwenty: Command, air: str) -> None:
    aiotwenty("delete", "companies", air)
    refused = aiotwenty("restore", "companies", air, "air")
    assert (refused.code, refused.out) == (2, "")
    assert aiotwenty("get", "companies", air).code == 1


def test_several_are_changed_alike(aiotwenty: Command) -> None:
    aiotwenty("create", "companies", "--data", '[{"name": "Alike 1"}, {"name": "Alike 2"}]')
    assert aiotwenty("update", "companies", "--filter", "name~Alike", "city=Bergen").code == 0
    listed = aiotwenty("list", "companies", "--filter", "name~Alike", "--select", "name,address.addressCity")
    assert {row["address.addressCity"] for row in listed.rows} == {"Bergen"}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("list", "companie"), 2, "did you mean 'companies'"),
        (("list", "companies", "--select", "nmae"), 2, "did you mean 'name'"),
        (("list", "companies", "--filter", "nmae=x"), 2, "did you mean 'name'"),
        (("list", "companies", "--filter", "what is it"), 2, "neither JSON nor a condition"),
        (("list", "companies", "--order", "name:up"), 2, "asc or desc"),
        (("create", "companies", "nmae=x"), 2, "did you mean 'name'"),
        (("create", "companies", "xyzzy=x"), 2, "`aiotwenty objects company` lists them"),
        (("create", "companies", "--data", "{name}"), 2, "not JSON, line 1, column 2"),
        (("list", "companies", "--output", "xml"), 2, "'--output' / '-o': 'xml' is not one of"),
        (("create", "companies"), 2, "NAME=VALUE"),
        (("create", "companies", "--data", "[1]"), 2, "JSON object"),
        (("update", "companies", "city=Bergen"), 2, "pass ids, --filter or --all-records"),
        (("list", "companies", "--filter", "name=Air Ltd"), 2, 'quote a value with spaces: name="Air Ltd"'),
        (("list", "companies", "--select", "people.nmae"), 2, "no field 'people.nmae' (did you mean 'people.name'?)"),
        (("list", "people", "--select", "company.nmae"), 2, "no field 'company.nmae' (did you mean 'company.name'"),
        (("list", "people", "--filter", "company.nmae=x"), 2, "no field 'company.nmae' (did you mean 'company.name'"),
        (("list", "people", "--order", "name.frist"), 2, "no field 'name.frist' (did you mean 'name.firstName'"),
        (("list", "people", "--select", "name.frist"), 2, "no field 'name.frist' (did you mean 'name.firstName'"),
        (("update", "companies", "9bea4d86-4bec-4ec7-ba9f-f06ee27eaa86"), 2, "pass the new values"),
        (("delete", "companies", "name=Air"), 2, "--filter"),
        (("restore", "companies"), 2, "IDS"),
        (("get", "companies", "air"), 2, "'air' is not an id"),
        (("restore", "companies", "air"), 2, "'air' is not an id"),
        (("update", "companies", "air", "city=Bonn"), 2, "'air' is neither an id"),
        (("delete", "companies", "air"), 2, "air: there is no such file"),
        (("destroy", "companies", "air", "--yes"), 2, "air: there is no such file"),
        (("load", "companies", "air.csv"), 2, "air.csv: there is no such file"),
        (("create", "companies", "employees=many"), 2, "employees"),
    ],
)
def test_a_mistake_says_what_is_meant(aiotwenty: Command, arguments: tuple[str, ...], code: int, says: str) -> None:
    failed = aiotwenty(*arguments)
    assert failed.code == code, failed.err
    assert says in " ".join(failed.err.replace("│", " ").split())
    assert len(failed.err) < 1000


def test_an_export_writes_over_nothing_unasked(aiotwenty: Command, air: str, tmp_path: Path) -> None:
    assert aiotwenty("export", "companies", "out.jsonl", "--filter", f"id={air}").code == 0
    before = (tmp_path / "out.jsonl").read_text()
    refused = aiotwenty("export", "companies", "out.jsonl")
    assert (refused.code, "--force" in refused.err) == (2, True)
    assert (tmp_path / "out.jsonl").read_text() == before
    assert aiotwenty("export", "companies", "out.jsonl", "--force").code == 0
    lines = aiotwenty("export", "companies", "-", "--filter", f"id={air}").out.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [air]
