# mypy: disable-error-code="import-not-found,import-untyped,untyped-decorator,misc"
# pyright: reportMissingImports=false
"""Tasks of Celery that use Twenty: `celery --app examples.celery_tasks worker`, and `add_company.delay("Airbnb", "https://airbnb.com")`

Each worker process starts its own loop and client when a task first uses them. The process keeps them, with their
connections and the rate limit that they have learned.
"""

from __future__ import annotations

import os
from asyncio import gather

from celery import Celery

from aiotwenty import DuplicateRecord, RateLimited, Runner, Twenty
from aiotwenty.errors import ConnectionFailed

app = Celery("crm", broker=os.environ.get("BROKER_URL", "redis://127.0.0.1:6379/0"))
run = Runner(timeout=10, application="celery-crm/1.0")


@app.task(autoretry_for=(ConnectionFailed, RateLimited), retry_backoff=True, max_retries=5)
def add_company(name: str, domain: str) -> str:
    """Creates a company, and returns its id, or the id of the company that already has the domain."""
    try:
        company = run(
            run.twenty.companies.create_one({"name": name, "domain_name": {"primary_link_url": domain}}),
        )
    except DuplicateRecord as error:
        if error.conflicting_id is None:
            raise
        return error.conflicting_id
    return str(company.id)


@app.task
def names(starting_with: str) -> list[str]:
    """The names of all companies that begin with this text."""
    walk = run.twenty.companies.iterate(filter={"name": {"starts_with": starting_with}})
    return [company.name or "" for company in run.iterate(walk)]


@app.task(soft_time_limit=60)
def people_of(ids: list[str]) -> list[int]:
    """How many people each company has, counted concurrently. The task's time limit cancels the calls."""

    async def work(twenty: Twenty) -> list[int]:
        return await gather(*(twenty.people.count({"company_id": {"eq": id}}) for id in ids))

    return run(work(run.twenty))
