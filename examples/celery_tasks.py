# mypy: disable-error-code="import-not-found,import-untyped,untyped-decorator,misc"
# pyright: reportMissingImports=false
"""Tasks of Celery that use Twenty: `celery --app examples.celery_tasks worker`, and `add_company.delay("Airbnb", "https://airbnb.com")`

Each worker process starts a loop and a client of its own when one of its tasks first needs them. They live as long as
the process, and so do its connections and what it has learned of the workspace's limit.
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
    """Creates a company, and gives its id: that of the one which has the domain, if there is one."""
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
    """The names of all companies that begin so."""
    walk = run.twenty.companies.iterate(filter={"name": {"starts_with": starting_with}})
    return [company.name or "" for company in run.iterate(walk)]


@app.task(soft_time_limit=60)
def people_of(ids: list[str]) -> list[int]:
    """How many people each company has, asked for at once. When the time is up, what is under way is cancelled."""

    async def work(twenty: Twenty) -> list[int]:
        return await gather(*(twenty.people.count({"company_id": {"eq": id}}) for id in ids))

    return run(work(run.twenty))
