"""Every recorded exchange, sent to a sandbox that was given the records it needs: the same answer must come back.

Compared are status, content type, errors with all that they say, what a write gives back, and the shape of all other
data: keys, JSON types, and whether lists are empty. Ids, times and counts are those of another workspace.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.support import recorded as recorded_facts
from tests.support.comparing import differences, plain, shape, values
from tests.support.recorded_workspace import Answer, Step, Workspace, companies, people, recorded_workspace

KNOWN_DIFFERENCES: dict[str, str] = {}
"""Each with its reason."""

DELETE_COMPANIES = "mutation($f:CompanyFilterInput!){ deleteCompanies(filter:$f){ id } }"
PROBE = {"id": "b8e0e9d9-d0bb-4d2a-97df-7acfadfb34b2", "name": "Probe", "employees": 12}
PROBE |= {"domainName": {"primaryLinkUrl": "https://probe-0596830c.example"}}
MERGED = ("65e26000-d546-46aa-b47d-6a9448b8a894", "94bcc9dd-691d-44ef-8286-bfef1849690a")
BULK = companies(*({"name": f"ord {number}"} for number in range(200)))
DELETE_BULK = DELETE_COMPANIES, {"f": {"name": {"like": "ord %"}}}
DELETE_PROBE = DELETE_COMPANIES, {"f": {"id": {"eq": PROBE["id"]}}}
MERGE = people(
    {"id": MERGED[0], "name": {"firstName": "M1"}, "emails": {"primaryEmail": "m1-d2c533@example.com"}},
    {"id": MERGED[1], "jobTitle": "Boss", "emails": {"primaryEmail": "m2-d2c533@example.com"}},
)
PREPARED: dict[str, list[Step]] = {
    "create-company-upsert": [companies(PROBE)],
    "create-duplicate-of-soft-deleted": [companies(PROBE), DELETE_PROBE],
    "create-person": [companies(PROBE)],
    "create-person-connect2": [companies(PROBE)],
    "destroy-many-200": [BULK],
    "destroy-many-in": [companies({"id": "c66ca440-6294-4b91-95c4-4cbb9df1dc76", "name": "one"})],
    "filter-in-uuid-200": [],
    "find-one": [companies(PROBE)],
    "merge": [MERGE],
    "merge-bad-index": [MERGE],
    "merge-dry-run": [MERGE],
    "nested-totalcount-only-findone": [
        companies({"id": "df4c7093-91e2-4700-b901-a40c8268b3ea", "name": "Large"}),
        people(*({"companyId": "df4c7093-91e2-4700-b901-a40c8268b3ea"} for _ in range(150))),
    ],
    "no-id-selected": [companies({"name": "Bulk 00001"})],
    "restore-company-again": [companies(PROBE)],
    "restore-many-200": [BULK, DELETE_BULK],
    "restore-many-200-without-deletedAt-filter": [BULK, DELETE_BULK],
    "restore-many-all": [BULK, DELETE_BULK],
    "two-mutations": [companies({"id": "fd4e99bb-a529-4710-9d89-63b900ba5c76", "name": "m2"})],
    "update-company": [companies(PROBE)],
    "update-company-null": [companies(PROBE)],
    "update-many-200": [BULK],
    "update-many-over-200": [companies(*({"name": f"b {number}"} for number in range(200)))],
    "upsert-by-id": [companies({"id": "c66ca440-6294-4b91-95c4-4cbb9df1dc76", "name": "old"})],
    "upsert-of-soft-deleted": [companies(PROBE), DELETE_PROBE],
}

WRITES = ("create", "update", "upsert")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def workspace(custom_objects: Any) -> AsyncIterator[Workspace]:
    async with recorded_workspace(custom_objects) as made:
        yield made


def token_of(name: str) -> str | None:
    """Whose token older recordings were sent with; newer ones say it."""
    if "badsig" in name:
        return "badly signed"
    if "malformed" in name:
        return "garbage"
    return "none" if "auth-none" in name or "no-token" in name else None


@pytest.mark.parametrize("name", recorded_facts.exchange_names())
@pytest.mark.asyncio(loop_scope="module")
async def test_a_recorded_request_is_answered_as_it_was(name: str, workspace: Workspace) -> None:
    recorded = recorded_facts.exchange(name)
    try:
        answer = await replayed(name, recorded, workspace)
        found = compared(answer, recorded)
    except (TimeoutError, NotImplementedError, AssertionError) as error:
        found = [f"{type(error).__name__}: {error}"]
    finally:
        workspace.back()

    if name in KNOWN_DIFFERENCES:
        assert found, f"{name} is answered as recorded now: take it off the list"
    else:
        assert not found, "\n".join(found)


async def replayed(name: str, recorded: dict[str, Any], workspace: Workspace) -> Answer:
    if recorded.get("object") or name.startswith("meta-create") or name == "custom-record-all-types":
        await workspace.create_probe()
    if name == "custom-record-all-types":
        await workspace.create_probe_fields()
    if name in ("webhook-update", "webhook-delete", "webhook-list"):
        await workspace.create_webhook()
    for query, variables in PREPARED.get(name, ()):
        await workspace.ask("/graphql", query, variables)
    for step in recorded.get("before", ()):
        before = await workspace.send(step)
        assert "errors" not in before.body, f"before: {before.body}"
    request = {"as": token_of(name), **recorded}
    if name == "operation-name":
        request["operationName"] = "B"
    return await workspace.send(request)


def compared(ours: Answer, recorded: dict[str, Any]) -> list[str]:
    """In what an answer is another than the recorded one."""
    theirs = {key.lower(): value for key, value in recorded["headers"].items()}
    found = []
    if ours.status != recorded["status"]:
        found.append(f"status {ours.status} is not {recorded['status']}")
    if ours.content_type != theirs["content-type"]:
        found.append(f"content type {ours.content_type} is not {theirs['content-type']}")
    return found + compared_bodies(ours.body, recorded["body"], recorded["operation"] or "")


def compared_bodies(ours: Any, theirs: Any, operation: str) -> list[str]:
    if not isinstance(ours, dict) or not isinstance(theirs, dict):
        if isinstance(ours, list) and isinstance(theirs, list):
            return differences(shape(ours), shape(theirs), "body")
        same = plain(values(ours)) == plain(values(theirs))
        return [] if same else [f"body\n  {ours!r}\nis not\n  {theirs!r}"]
    if "statusCode" in theirs:
        return [] if plain(ours) == plain(theirs) else [f"error\n  {ours}\nis not\n  {theirs}"]
    found = []
    if plain(ours.get("errors")) != plain(theirs.get("errors")):
        found.append(f"errors\n  {plain(ours.get('errors'))}\nare not\n  {plain(theirs.get('errors'))}")
    data, recorded = ours.get("data", "absent"), theirs.get("data", "absent")
    if isinstance(data, dict) and isinstance(recorded, dict):
        for key in data.keys() & recorded.keys():
            written, expected = plain(values(data[key])), plain(values(recorded[key]))
            if key.startswith(WRITES) and written != expected and isinstance(expected, dict):
                found.append(f"{key}\n  {written}\nis not\n  {expected}")
    mine, others = (
        {key: value for key, value in body.items() if key not in ("errors", "data")} for body in (ours, theirs)
    )
    return found + differences(shape(data), shape(recorded)) + differences(shape(mine), shape(others), "body")


def test_no_difference_is_known_of_what_was_not_recorded() -> None:
    assert KNOWN_DIFFERENCES.keys() <= set(recorded_facts.exchange_names())
