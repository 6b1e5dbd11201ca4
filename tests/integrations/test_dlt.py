"""Pipelines of dlt, the real one: into DuckDB, PostgreSQL and Twenty, twice in a row, and killed in the middle."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiotwenty import Runner, Twenty
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.threaded import running_sandbox
from tests.support.ports import free_port

pytestmark = pytest.mark.integrations

PYTHON = Path(__file__).parents[2] / ".venv" / "integrations" / "bin" / "python"
POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)

PIPELINE = """
import os, sys
import dlt
from aiotwenty.data.dlt import twenty_source
folder, url, *options = sys.argv[1:]
where = dlt.destinations.postgres(url) if url else dlt.destinations.duckdb(f"{folder}/copy.duckdb")
pipeline = dlt.pipeline("crm", pipelines_dir=folder, destination=where, dataset_name="crm")
nested = "json" if "json" in options else "tables"
source = twenty_source(["companies", "people", "rockets"], nested=nested)
if "killed" in options:
    pipeline.extract(source)
    pipeline.normalize()
    os.kill(os.getpid(), 9)
pipeline.run(source)
with pipeline.sql_client() as client:
    for name, columns in (
        ("companies", "id, name, deleted_at, annual_revenue__amount_micros"),
        ("people", "id, name__first_name, deleted_at, company_id"),
        ("rockets", "id, name, deleted_at, NULL"),
    ):
        for row in client.execute_sql(f"SELECT {columns} FROM {client.make_qualified_table_name(name)}") or ():
            print(name, *(str(value) for value in row), sep="|")
"""

LOAD = """
import os, sys
import dlt
from aiotwenty.data.dlt import twenty_destination, twenty_rejects
folder, *options = sys.argv[1:]
rows = [{"Firm": f"C{number}", "Website": f"https://c{number}.example"} for number in range(500)]
rows[7]["Website"] = "not a url"
sink = twenty_destination(
    "companies", key="Website", batch_size=100, journal=f"{folder}/load.db",
    mapping={"Firm": "name", "Website": "domainName.primaryLinkUrl"},
)
pipeline = dlt.pipeline("load", pipelines_dir=folder, destination=sink)
if "killed" in options:
    from aiotwenty import bulk
    load, batches = bulk.load, []
    async def killing(*args, **settings):
        report = await load(*args, **settings)
        batches.append(report)
        if len(batches) == 3:
            os.kill(os.getpid(), 9)
        return report
    bulk.load = killing
pipeline.run(rows, table_name="firms")
rejects = dlt.pipeline("rejects", pipelines_dir=folder, destination=dlt.destinations.duckdb(f"{folder}/r.duckdb"))
rejects.run(twenty_rejects(f"{folder}/load.db"))
with rejects.sql_client() as client:
    print(client.execute_sql("SELECT code, row FROM rejects"))
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def run(sandbox: Sandbox) -> Iterator[Runner[Twenty]]:
    with Runner(sandbox.url, api_key=sandbox.api_key, rate_limit=None) as runner:
        yield runner


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """The address of a PostgreSQL of Debian's, started for one test."""
    if POSTGRES is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        pytest.skip("needs runuser: PostgreSQL does not run as root")
    folder = Path("/tmp") / f"aiotwenty-postgres-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    port = free_port()
    as_user = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off"
    start = [*as_user, f"{POSTGRES}/pg_ctl", "-D", f"{folder}/data", "-l", f"{folder}/log", "-w"]
    subprocess.run([*as_user, f"{POSTGRES}/initdb", "-A", "trust", "-U", "crm", f"{folder}/data"], check=True)
    subprocess.run([*start, "-o", options, "start"], check=True)
    try:
        yield f"postgresql://crm:any@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*start, "-m", "immediate", "stop"], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def program(text: str, sandbox: Sandbox, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "TWENTY_API_URL": sandbox.url,
        "TWENTY_API_KEY": sandbox.api_key,
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }
    python = str(PYTHON if PYTHON.exists() else sys.executable)
    return subprocess.run(
        [python, "-c", text, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def copied(sandbox: Sandbox, folder: Path, url: str, *options: str) -> set[tuple[str, ...]]:
    done = program(PIPELINE, sandbox, str(folder), url, *options)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = [tuple(line.split("|")) for line in done.stdout.splitlines() if "|" in line]
    assert len(set(rows)) == len(rows)
    # Times are as their database shows them.
    return {(*row[:3], "" if row[3] == "None" else "deleted", row[4]) for row in rows}


def there(run: Runner[Twenty]) -> set[tuple[str, ...]]:
    twenty, both = run.twenty, {"or": [{"deletedAt": {"is": "NULL"}}, {"deletedAt": {"is": "NOT_NULL"}}]}
    rows: set[tuple[str, ...]] = set()
    for name in ("companies", "people", "rockets"):
        for record in run.iterate(twenty.object(name).iterate(filter=both)):
            text = record.name.first_name if name == "people" else record.name
            last: Any = None
            if name == "companies" and record.annual_revenue is not None:
                amount = record.annual_revenue.amount_micros
                last = None if amount is None else int(amount)
            elif name == "people":
                last = record.company_id
            rows.add((name, str(record.id), text, "deleted" if record.deleted_at else "", str(last)))
    return rows


def fill(run: Runner[Twenty]) -> list[Any]:
    twenty = run.twenty
    run(twenty.workspace.create_object("rocket", "rockets"))
    run(twenty.object("rockets").create_many([{"name": "Ariane"}, {"name": "Vega"}]))
    companies = run(
        twenty.companies.create_many(
            [
                {
                    "name": f"C{number}",
                    "annual_revenue": {"amount_micros": 123_456_789_012_345, "currency_code": "EUR"},
                    "domain_name": {
                        "primary_link_url": f"https://c{number}.example",
                        "secondary_links": [{"url": "https://x.example", "label": "x"}],
                    },
                }
                for number in range(20)
            ]
        )
    )
    people: list[Any] = [{"name": {"first_name": f"P{n}"}, "company_id": companies[n].id} for n in range(20)]
    run(twenty.people.create_many(people))
    return list(companies)


def change(run: Runner[Twenty], companies: list[Any]) -> None:
    twenty = run.twenty
    run(twenty.companies.update_one(companies[0].id, {"name": "changed"}))
    run(twenty.companies.delete_many({"id": {"in": [company.id for company in companies[1:4]]}}))
    run(twenty.companies.restore_one(companies[1].id))
    run(twenty.companies.destroy_many({"id": {"in": [company.id for company in companies[5:8]]}}))
    run(twenty.companies.merge_many([companies[9].id, companies[10].id], 0))
    run(twenty.companies.create_one({"name": "new"}))


def follows(sandbox: Sandbox, run: Runner[Twenty], folder: Path, url: str) -> None:
    companies = fill(run)
    assert copied(sandbox, folder, url) == there(run)
    change(run, companies)
    assert copied(sandbox, folder, url) == there(run)
    assert copied(sandbox, folder, url) == there(run)
    run(run.twenty.companies.destroy_one(companies[12].id))
    assert program(PIPELINE, sandbox, str(folder), url, "killed").returncode == -9
    run(run.twenty.companies.destroy_one(companies[13].id))
    copied(sandbox, folder, url)  # what was extracted then is loaded first
    assert copied(sandbox, folder, url) == there(run)


def test_a_pipeline_into_duckdb_follows_the_workspace(sandbox: Sandbox, run: Runner[Twenty], tmp_path: Path) -> None:
    follows(sandbox, run, tmp_path, "")


def test_a_pipeline_into_postgres_follows_the_workspace(
    sandbox: Sandbox, run: Runner[Twenty], tmp_path: Path, postgres: str
) -> None:
    follows(sandbox, run, tmp_path, postgres)


def test_the_page_about_it_runs(
    sandbox: Sandbox, run: Runner[Twenty], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(run)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path))
    page = (Path(__file__).parents[2] / "docs" / "dlt.md").read_text("utf-8")
    blocks = re.findall(r"^```python no-run\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    done = program("\n".join(blocks), sandbox)
    assert done.returncode == 0, done.stderr[-3000:]
    assert run(run.twenty.companies.count({"name": {"eq": "Air"}})) == 1


NAMES = """
from aiotwenty.data.dlt import twenty_destination, twenty_source
print(*twenty_source("companies").resources)
try:
    twenty_destination("companies", kye="Website")
except TypeError as error:
    print(error)
"""


def test_one_object_may_be_a_text_and_an_unknown_option_is_told_at_once(sandbox: Sandbox) -> None:
    done = program(NAMES, sandbox)
    told = "there is no option 'kye' of twenty_destination (did you mean 'key'?)."
    assert (done.returncode, done.stdout.splitlines()) == (0, ["companies", told]), done.stderr[-3000:]


def test_lists_may_be_json(sandbox: Sandbox, run: Runner[Twenty], tmp_path: Path) -> None:
    fill(run)
    assert copied(sandbox, tmp_path, "", "json") == there(run)


def test_a_load_that_was_killed_doubles_nothing_and_rejects_are_a_table(
    sandbox: Sandbox, run: Runner[Twenty], tmp_path: Path
) -> None:
    assert program(LOAD, sandbox, str(tmp_path), "killed").returncode == -9
    assert 0 < run(run.twenty.companies.count()) < 499
    program(LOAD, sandbox, str(tmp_path)).check_returncode()
    done = program(LOAD, sandbox, str(tmp_path))
    assert done.returncode == 0, done.stderr[-3000:]
    assert run(run.twenty.companies.count()) == 499
    assert "INVALID" in done.stdout
