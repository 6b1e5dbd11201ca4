"""The main job, start to finish, on the embedded sandbox: `python -m examples.demo`.

Introspect a workspace, generate its client, load two CSV files through it, read everything back and compare, then add
a custom object, generate again and use it, typed. It prints each step, and fails if a value differs.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import shutil
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from aiotwenty.bulk.mapping import FieldMapping
from aiotwenty.bulk.transforms import micros
from aiotwenty.workspace import RelationTo
from examples.demo import compare
from examples.demo.data import write_csv

if TYPE_CHECKING:
    # What is generated for the sandbox's standard objects has the types of the committed client.
    from aiotwenty import Twenty

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent.parent / ".demo"
COMPANIES, PEOPLE = 10_000, 20_000
AIOTWENTY = (sys.executable, "-c", "from aiotwenty.cli import main; main()")
CODEGEN = 'package = "demo_crm"\n'

COMPANY_FIELDS: FieldMapping = {
    "Name": "name",
    "Website": "domainName.primaryLinkUrl",
    "Street": "address.addressStreet1",
    "City": "address.addressCity",
    "Country": "address.addressCountry",
    "LinkedIn": "linkedinLink.primaryLinkUrl",
    "Annual revenue": ("annualRevenue.amountMicros", micros),
}
PERSON_FIELDS: FieldMapping = {
    "First name": "name.firstName",
    "Last name": "name.lastName",
    "Email": "emails.primaryEmail",
    "Job title": "jobTitle",
    "LinkedIn": "linkedinLink.primaryLinkUrl",
    "Company website": "company.domainName.primaryLinkUrl",
}


class Report:
    """A table with a row for each step."""

    def __init__(self) -> None:
        self.table = Table("step", "outcome", title="aiotwenty demo")
        self.table.add_column("seconds", justify="right")

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Times a step, which appends its results to the list."""
        outcome: list[str] = []
        start = time.perf_counter()
        yield outcome
        self.table.add_row(name, " ".join(outcome), f"{time.perf_counter() - start:.1f}")


async def run(*command: str, env: dict[str, str]) -> str:
    """Run a program in the demo's folder and return what it printed, on one line; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=FOLDER, env=env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output = (await process.communicate())[0].decode()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {process.returncode}:\n{output}")
    return "; ".join(output.strip().splitlines())


@contextlib.asynccontextmanager
async def sandbox() -> AsyncIterator[dict[str, str]]:
    """`aiotwenty sandbox`, a process of its own: an environment with the variables that it printed."""
    process = await asyncio.create_subprocess_exec(*AIOTWENTY, "sandbox", stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        env = dict(os.environ)
        while "TWENTY_API_KEY" not in env or "TWENTY_API_URL" not in env:
            line = (await process.stdout.readline()).decode().strip()
            if not line:
                raise SystemExit("the sandbox did not start")
            name, equals, value = line.partition("=")
            if equals:
                env[name] = value
        yield env
    finally:
        process.terminate()
        await process.wait()


async def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    (FOLDER / "codegen.toml").write_text(CODEGEN, encoding="utf-8")
    report = Report()
    with report.step("write two CSV files") as said:
        companies_csv, people_csv = write_csv(FOLDER, COMPANIES, PEOPLE)
        said.append(f"{COMPANIES:,} companies, {PEOPLE:,} people")
    for name in ("TWENTY_API_URL", "TWENTY_API_KEY"):
        os.environ.pop(name, None)
    async with sandbox() as env:
        await introspect_and_generate(report, env)
        sys.path.insert(0, str(FOLDER / "src"))
        generated: Any = importlib.import_module("demo_crm")
        twenty: Twenty
        async with generated.Twenty(env["TWENTY_API_URL"], api_key=env["TWENTY_API_KEY"]) as twenty:
            await load(report, twenty, companies_csv, people_csv)
            with report.step("read back and compare") as said:
                companies = [company async for company in twenty.companies.iterate()]
                people = [person async for person in twenty.people.iterate()]
                values = compare.companies(companies_csv, companies) + compare.people(people_csv, people, companies)
                said.append(f"{len(companies) + len(people):,} records, {values:,} values as they went in")
            await add_rockets(report, twenty)
        await introspect_and_generate(report, env)
        program, generated_env = (
            str(HERE / "rockets.py"),
            env | {"PYTHONPATH": str(FOLDER / "src"), "MYPYPATH": str(FOLDER / "src")},
        )
        with report.step("type-check a program that uses it") as said:
            said.append(await run(sys.executable, "-m", "mypy", "--strict", program, env=generated_env))
        with report.step("use the custom object, typed") as said:
            said.append(await run(sys.executable, program, env=generated_env))
    Console(width=120).print(report.table)


async def introspect_and_generate(report: Report, env: dict[str, str]) -> None:
    for command in ("introspect", "generate"):
        with report.step(f"aiotwenty {command}") as said:
            said.append(await run(*AIOTWENTY, command, env=env))


async def load(report: Report, twenty: Twenty, companies_csv: Path, people_csv: Path) -> None:
    with report.step("load companies") as said:
        loaded = await twenty.companies.load(companies_csv, mapping=COMPANY_FIELDS, key="Website", upsert=True)
        said.append(str(loaded))
    with report.step("load people, connected by domain") as said:
        loaded = await twenty.people.load(people_csv, mapping=PERSON_FIELDS, key="Email", upsert=True)
        said.append(str(loaded))


async def add_rockets(report: Report, twenty: Twenty) -> None:
    with report.step("add a custom object") as said:
        workspace = twenty.workspace
        rocket = await workspace.create_object("rocket", "rockets")
        await workspace.create_field(rocket, "status", "SELECT", options=["PLANNED", "IN_ORBIT", "RETIRED"])
        await workspace.create_field(rocket, "maker", "RELATION", relation=RelationTo("company", label="Rockets"))
        said.append("rocket, with a select field and a relation to company")


asyncio.run(main())
