"""Plans: several sources in the right order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aiotwenty import Twenty, migrate
from aiotwenty.bulk import InputError
from aiotwenty.migrate.steps import ordered
from aiotwenty.workspace import RelationTo

PLAN = """
[[load]]
object = "people"
source = "people.csv"
key = "email"
rejects = "people.bad.csv"

[[load]]
object = "companies"
source = "companies.csv"
key = "domain"
upsert = true
mapping = { Revenue = ["annualRevenue.amountMicros", "micros"], Notes = false }
constants = { "annualRevenue.currencyCode" = "EUR" }
"""


async def test_what_others_refer_to_comes_first(either: Twenty, tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN)
    (tmp_path / "companies.csv").write_text("name,domain,Revenue,Notes\nA,https://a.example,1.5,x\n")
    (tmp_path / "people.csv").write_text(
        "email,company\na@a.example,https://a.example\nb@b.example,https://b.example\n"
    )
    companies, people = await migrate.load_plan(either, tmp_path / "plan.toml", journal=tmp_path / "plan.db")
    assert (companies.label, people.label) == ("companies from companies.csv", "people from people.csv")
    assert (companies.report.loaded, people.report.loaded, people.report.rejected) == (1, 1, 1)
    assert "RELATION_NOT_FOUND" in (tmp_path / "people.bad.csv").read_text()
    (company,) = [one async for one in either.companies.iterate()]
    (person,) = [one async for one in either.people.iterate()]
    assert company.annual_revenue is not None
    assert (company.annual_revenue.amount_micros, company.annual_revenue.currency_code) == (1_500_000, "EUR")
    assert person.company_id == company.id


async def test_a_circle_is_closed_by_a_second_pass(twenty: Twenty, tmp_path: Path) -> None:
    await twenty.workspace.create_field("company", "ceo", "RELATION", relation=RelationTo("person", label="Heads"))
    (tmp_path / "plan.toml").write_text(PLAN)
    (tmp_path / "companies.csv").write_text(
        "name,domain,Revenue,Notes,ceo\nA,https://a.example,,,a@a.example\nB,https://b.example,,,\n"
    )
    (tmp_path / "people.csv").write_text(
        "email,company\na@a.example,https://a.example\nb@b.example,https://b.example\n"
    )
    reports = await migrate.load_plan(twenty, tmp_path / "plan.toml")
    assert [(one.label.split()[0], one.links) for one in reports] == [
        ("people", False),
        ("companies", False),
        ("people", True),
    ]
    assert sum(one.report.rejected for one in reports) == 0
    answer = await twenty.execute("{companies{edges{node{name ceo{emails{primaryEmail}}}}}}")
    heads = {edge["node"]["name"]: edge["node"]["ceo"] for edge in answer["companies"]["edges"]}
    assert heads == {"A": {"emails": {"primaryEmail": "a@a.example"}}, "B": None}
    assert await twenty.people.count({"company_id": {"is": "NOT_NULL"}}) == 2


def test_the_order_of_steps_breaks_circles_at_the_fewest_places() -> None:
    steps = [("People", {"company": "Company"}), ("Company", {"owner": "Member", "parent": "Company"}), ("Member", {})]
    assert ordered(steps) == ([2, 1, 0], [set(), {"Company"}, set()])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "a list of"),
        ("[[load]]\nobject = 'companies'\n", "load 1: source: is missing"),
        ("[[load]]\nobject = 'planets'\nsource = 'a.csv'\n", "no object 'planets'"),
        ("[[load]]\nobject = 'companies'\nsource = 'none.csv'\n", "no such file"),
        ("[[load]]\nobject = 'companies'\nsource = 'a.csv'\nspeed = 5\n", "speed: there is no such setting"),
        ("[[load", "Expected"),
    ],
)
async def test_plans_that_cannot_be_right_are_refused(twenty: Twenty, tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "plan.toml").write_text(text)
    with pytest.raises(InputError, match=problem):
        await migrate.load_plan(twenty, tmp_path / "plan.toml")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('upsert = "yes"', "upsert: Input should be a valid boolean, not 'yes'"),
        ("key = 5", "key: Input should be a valid string, not 5"),
        ('ignore = "email"', "ignore: Input should be a valid list, not 'email'"),
        ('malformed = "no"', "malformed: Input should be 'refuse' or 'reject', not 'no'"),
        ("upsrt = true", "upsrt: there is no such setting (did you mean 'upsert'?)"),
        ('mapping = "email"', "mapping: Input should be a valid dictionary, not 'email'"),
        ("mapping = { email = 5 }", 'mapping.email: a column must be "field", ["field", "transform"] or false, not 5'),
        ("mapping = { email = [] }", 'mapping.email: a column must be "field"'),
        ('object = "peeple"', "no object 'peeple' (did you mean 'people'?)"),
    ],
)
async def test_a_plan_that_cannot_be_right_is_refused_by_file_and_entry(
    twenty: Twenty, tmp_path: Path, line: str, problem: str
) -> None:
    plan = tmp_path / "plan.toml"
    (tmp_path / "people.csv").write_text("email\na@example.com\n")
    object_line = "" if line.startswith("object") else 'object = "people"\n'
    plan.write_text(f'[[load]]\nsource = "people.csv"\n{object_line}{line}\n')
    with pytest.raises(InputError) as refused:
        await migrate.load_plan(twenty, plan)
    assert str(refused.value).startswith(f"{plan}, load 1: ")
    assert problem in str(refused.value)
    assert await twenty.people.count() == 0


async def test_sources_of_one_name_and_one_source_for_several_records_are_told_apart(
    twenty: Twenty, tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "companies.csv").write_text(f"name\n{folder}\n")
    (tmp_path / "contacts.csv").write_text("buyer,payer\na@a.example,b@b.example\n")
    text = "".join(f"[[load]]\nobject = 'companies'\nsource = '{folder}/companies.csv'\n" for folder in ("a", "b"))
    for used, unused in (("buyer", "payer"), ("payer", "buyer")):
        text += f"[[load]]\nobject = 'people'\nsource = 'contacts.csv'\nkey = '{used}'\nignore = ['{unused}']\n"
        text += f"mapping = {{ {used} = 'emails.primaryEmail' }}\n"
    plan = tmp_path / "plan.toml"
    plan.write_text(text)
    for done, before in ((1, 0), (0, 1)):
        reports = await migrate.load_plan(twenty, plan, journal=tmp_path / "plan.db")
        assert [(one.report.loaded, one.report.already_loaded) for one in reports] == [(done, before)] * 4
    assert (await twenty.companies.count(), await twenty.people.count()) == (2, 2)
    plan.write_text(text.replace("key = 'payer'\n", ""))
    with pytest.raises(InputError, match=r"plan\.toml, load 4: contacts\.csv makes people once more; without a key"):
        await migrate.load_plan(twenty, plan)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("key = 'nonsense'", "people from people.csv: key: Person has no field 'nonsense'"),
        ("rejects = 'bad.xls'", "bad.xls: rejects are written as .csv or .jsonl"),
        ("mapping = { email = ['emails.primaryEmail', 'nonsense'] }", "people from people.csv: column 'email' cannot"),
    ],
)
async def test_nothing_is_loaded_if_a_later_step_cannot_be_right(
    twenty: Twenty, tmp_path: Path, line: str, problem: str
) -> None:
    (tmp_path / "companies.csv").write_text("name\nA\n")
    (tmp_path / "people.csv").write_text("email\na@a.example\n")
    (tmp_path / "plan.toml").write_text(
        "[[load]]\nobject = 'companies'\nsource = 'companies.csv'\n"
        f"[[load]]\nobject = 'people'\nsource = 'people.csv'\n{line}\n"
    )
    with pytest.raises(InputError, match=re.escape(problem)):
        await migrate.load_plan(twenty, tmp_path / "plan.toml")
    assert await twenty.companies.count() == 0


async def test_a_circle_that_cannot_be_closed_is_refused_before_anything_is_loaded(
    twenty: Twenty, tmp_path: Path
) -> None:
    await twenty.workspace.create_field("company", "ceo", "RELATION", relation=RelationTo("person", label="Heads"))
    (tmp_path / "plan.toml").write_text(PLAN.replace("key =", "# key ="))
    (tmp_path / "companies.csv").write_text("name,domain,Revenue,Notes,ceo\nA,https://a.example,,,a@a.example\n")
    (tmp_path / "people.csv").write_text("email,company\na@a.example,https://a.example\n")
    with pytest.raises(InputError, match="need a key or an id to be filled in by"):
        await migrate.load_plan(twenty, tmp_path / "plan.toml")
    assert (await twenty.companies.count(), await twenty.people.count()) == (0, 0)


async def test_a_second_pass_writes_the_relation_and_nothing_else(twenty: Twenty, tmp_path: Path) -> None:
    await twenty.workspace.create_field("company", "ceo", "RELATION", relation=RelationTo("person", label="Heads"))
    (tmp_path / "plan.toml").write_text(PLAN.replace('key = "email"', 'key = "linkedin"'))
    (tmp_path / "companies.csv").write_text(
        "name,domain,Revenue,Notes,ceo\nA,https://a.example,,,a@a.example\nB,https://b.example,,,\n"
    )
    (tmp_path / "people.csv").write_text(
        "email,linkedin,linkedinLink.primaryLinkLabel,company\n"
        "a@a.example,https://in.example/a,Ana,https://a.example\nb@b.example,https://in.example/b,Bo,https://b.example\n"
    )
    reports = await migrate.load_plan(twenty, tmp_path / "plan.toml")
    assert [(one.label.split()[0], one.links) for one in reports][-1] == ("people", True)
    assert sum(one.report.rejected for one in reports) == 0
    people = [one async for one in twenty.people.iterate()]
    assert {one.linkedin_link.primary_link_label for one in people if one.linkedin_link} == {"Ana", "Bo"}
    assert all(one.company_id for one in people)
