"""The client for Python that Twenty publishes, generated from the OpenAPI of an older server, uses the sandbox."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox

pytestmark = pytest.mark.integrations
FOLDER = Path(__file__).parent
PYTHON = FOLDER.parents[1] / ".venv" / "integrations" / "bin" / "python"

GONE = {"calendarChannels", "connectedAccounts", "favoriteFolders", "favorites", "messageChannels", "messageFolders"}
"""Objects that Twenty had when this client was generated, and whose records are elsewhere since."""


async def test_every_list_call_that_the_server_knows_answers(twenty_sandbox: Sandbox) -> None:
    async with Twenty(twenty_sandbox.url, api_key=twenty_sandbox.api_key) as twenty:
        company = await twenty.companies.create_one({"name": "Airbnb"})
        await twenty.people.create_one({"name": {"first_name": "Brian"}, "company_id": str(company.id)})
        await twenty.opportunities.create_one({"name": "A deal", "stage": "NEW"})
        await twenty.notes.create_one({"title": "A note"})
        await twenty.tasks.create_one({"title": "A task"})

    command = [str(PYTHON), str(FOLDER / "python_client.py"), twenty_sandbox.url, twenty_sandbox.api_key]
    ran = await asyncio.to_thread(subprocess.run, command, check=False, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    calls = [json.loads(line) for line in ran.stdout.splitlines()]

    refused = {call["call"]: call["messages"] for call in calls if call["status"] != 200}
    assert sorted(refused.values()) == [[f"object '{plural}' not found. eg: companies"] for plural in sorted(GONE)]
    assert len(calls) - len(refused) >= 23
    counts = {call["plural"]: call["records"] for call in calls if call["status"] == 200}
    filled = {"companies", "people", "opportunities", "notes", "tasks", "workspaceMembers"}
    assert {plural for plural, count in counts.items() if count == 1} == filled
    # It takes cursors for UUIDs, which they are on no server; with the records themselves it has no trouble.
    misread = {name for call in calls if call["status"] == 200 for name in call["misread"]}
    assert misread <= {"startCursor", "endCursor"}
