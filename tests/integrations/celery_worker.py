# mypy: disable-error-code="import-not-found,import-untyped,untyped-decorator,misc"
# pyright: reportMissingImports=false, reportFunctionMemberAccess=false
"""The example's worker with a broker in a folder, and tasks that tell where they run. Starts them, or works on them.

Its arguments are those of `celery`, or `ask`, which prints what became of the tasks as JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded
from celery import group

from examples.celery_tasks import add_company, app, names, people_of, run

FOLDER = Path(os.environ["BROKER_FOLDER"])
app.conf.update(
    broker_url="filesystem://",
    broker_transport_options={
        "data_folder_in": str(FOLDER / "queue"),
        "data_folder_out": str(FOLDER / "queue"),
        "control_folder": str(FOLDER / "control"),
    },
    result_backend=f"file://{FOLDER / 'results'}",
    worker_prefetch_multiplier=1,
)


@app.task(name="where")
def where() -> tuple[int, int, int]:
    """The process, its client, and how many connections that has."""
    count = run(run.twenty.companies.count())
    assert count >= 0
    session: Any = run.twenty._engine.http._session
    return os.getpid(), id(run.twenty), sum(len(kept) for kept in session.connector._conns.values())


@app.task(name="too_long", soft_time_limit=1)
def too_long() -> list[str]:
    seen: list[str] = []

    async def long() -> None:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    try:
        run(long())
    except SoftTimeLimitExceeded:
        seen.append("time is up")
    return seen


def ask() -> dict[str, Any]:
    made = group(add_company.s(f"Celery {n}", f"https://celery-{n}.example") for n in range(30)).apply_async()
    ids = made.get(timeout=120)
    again = add_company.delay("Celery 0", "https://celery-0.example").get(timeout=60)
    return {
        "ids": ids,
        "again": again,
        "where": group(where.s() for _ in range(40)).apply_async().get(timeout=120),
        "names": names.delay("Celery").get(timeout=60),
        "people": people_of.delay(ids[:5]).get(timeout=60),
        "too_long": too_long.delay().get(timeout=60),
        "after": where.delay().get(timeout=60),
    }


if __name__ == "__main__":
    for name in ("queue", "control", "results"):
        (FOLDER / name).mkdir(exist_ok=True)
    if sys.argv[1] == "ask":
        print(json.dumps(ask()))  # noqa: T201
    else:
        app.start(sys.argv[1:])
