"""What no key may write, and what it is told of records that it may not see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aiotwenty.sandbox import Sandbox

RESTRICTED = "FIELD_RESTRICTED_ADDITIONAL_PERMISSIONS_REQUIRED"
LIST = "{ messages(first: 2) { totalCount pageInfo { hasNextPage endCursor } edges { node { subject text } } } }"


@pytest.mark.parametrize(
    ("root", "message", "code", "sub_code"),
    [
        ("createWorkflowVersion", "Method not allowed.", "FORBIDDEN", "FORBIDDEN"),
        ("createWorkflowRun", "Method not allowed.", "FORBIDDEN", "FORBIDDEN"),
        (
            "createWorkspaceMember",
            "Entity performing the request does not have permission",
            "FORBIDDEN",
            "PERMISSION_DENIED",
        ),
        ("createBlocklist", "User id is required", "UNAUTHENTICATED", "INVALID_AUTH_CONTEXT"),
    ],
)
async def test_some_objects_are_written_by_no_key(talk: Any, root: str, message: str, code: str, sub_code: str) -> None:
    error = await talk.error(f"mutation {{ {root}(data: {{}}) {{ id }} }}")

    assert (error["message"], error["code"], error["subCode"]) == (message, code, sub_code)


async def message(talk: Any, visibility: str | None) -> str:
    """A message whose channel shows this much of it; None: it has no channel."""
    made = await talk.data('mutation { createMessage(data: { subject: "s", text: "t" }) { id } }')
    if visibility is not None:
        data = {"messageId": made["id"], "direction": "INCOMING"}
        data["messageChannelId"] = talk.sandbox.workspace.new_channel(visibility)
        await talk.data("mutation($d:X){createMessageChannelMessageAssociation(data:$d){id}}", d=data)
    return str(made["id"])


async def test_messages_without_a_channel_are_counted_and_not_given(talk: Any) -> None:
    ids = [await message(talk, None) for _ in range(3)]

    page = await talk.data(LIST)
    one = await talk.error("query ($id: UUID) { message(filter: { id: { eq: $id } }) { id } }", id=ids[0])

    assert page == {"totalCount": 3, "pageInfo": {"hasNextPage": True, "endCursor": None}, "edges": []}
    assert one["subCode"] == "RECORD_NOT_FOUND"


@pytest.mark.parametrize(
    ("visibility", "subject", "text"),
    [("SHARE_EVERYTHING", "s", "t"), ("SUBJECT", "s", RESTRICTED), ("METADATA", RESTRICTED, RESTRICTED)],
)
async def test_a_channel_may_show_a_part_of_its_messages(talk: Any, visibility: str, subject: str, text: str) -> None:
    await message(talk, visibility)

    assert (await talk.data(LIST))["edges"] == [{"node": {"subject": subject, "text": text}}]


async def test_calendar_events_are_hidden_and_restricted_alike(talk: Any) -> None:
    for visibility in (None, "METADATA"):
        made = await talk.data('mutation { createCalendarEvent(data: { title: "t", location: "l" }) { id } }')
        data = {"calendarEventId": made["id"]}
        if visibility is not None:
            data["calendarChannelId"] = talk.sandbox.workspace.new_channel(visibility)
            await talk.data("mutation($d:X){createCalendarChannelEventAssociation(data:$d){id}}", d=data)

    page = await talk.data("{ calendarEvents { totalCount edges { node { title description location } } } }")

    node = {"title": RESTRICTED, "description": RESTRICTED, "location": "l"}
    assert page == {"totalCount": 2, "edges": [{"node": node}]}


async def test_a_channel_shows_what_there_is_to_show(talk: Any) -> None:
    with pytest.raises(ValueError, match="SHARE_EVERYTHING"):
        talk.sandbox.workspace.new_channel("NOTHING")


async def test_channels_are_kept_in_the_database(tmp_path: Path) -> None:
    async with Sandbox(tmp_path / "crm.db") as sandbox:
        channel = sandbox.workspace.new_channel("METADATA")

    async with Sandbox(tmp_path / "crm.db") as sandbox:
        assert sandbox.workspace.channels == {channel: "METADATA"}
