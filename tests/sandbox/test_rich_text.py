"""Rich text is there as markdown and as blocks; what isn't sent is made of what is."""

from __future__ import annotations

import json
from typing import Any

import pytest

CREATE = (
    "mutation ($body: RichTextCreateInput) { createTask(data: { bodyV2: $body }) { bodyV2 { markdown blocknote } } }"
)


async def body(talk: Any, **given: Any) -> dict[str, Any]:
    made: dict[str, Any] = (await talk.data(CREATE, body=given))["bodyV2"]
    return made


async def test_blocks_are_made_of_markdown(talk: Any) -> None:
    made = await body(
        talk, markdown="# hi\n\n- a\n  - b\n1. c\n\n- [x] d\n\n> e\n\none **two** [three](https://x.example)"
    )

    blocks = json.loads(made["blocknote"])
    kinds = ["heading", "bulletListItem", "numberedListItem", "checkListItem", "quote", "paragraph"]
    assert [block["type"] for block in blocks] == kinds
    assert blocks[0]["props"]["level"] == 1
    assert blocks[0]["content"] == [{"type": "text", "text": "hi", "styles": {}}]
    assert blocks[1]["children"][0]["content"][0]["text"] == "b"
    assert blocks[3]["props"]["checked"] is True
    assert blocks[5]["content"][1] == {"type": "text", "text": "two", "styles": {"bold": True}}
    assert blocks[5]["content"][3]["href"] == "https://x.example"


@pytest.mark.parametrize(
    ("blocks", "markdown"),
    [
        ([], "\n"),
        ([{"type": "paragraph", "content": [{"type": "text", "text": "zz", "styles": {}}]}], "zz\n"),
        ([{"type": "heading", "props": {"level": 2}, "content": "hi"}], "## hi\n"),
        ([{"type": "paragraph", "content": "a"}, {"type": "paragraph", "content": "b"}], "a\n\nb\n"),
        ([{"type": "bulletListItem", "content": "a"}, {"type": "bulletListItem", "content": "b"}], "* a\n* b\n"),
        ([{"type": "paragraph", "content": [{"type": "text", "text": "x", "styles": {"bold": True}}]}], "**x**\n"),
    ],
)
async def test_markdown_is_made_of_blocks(talk: Any, blocks: list[Any], markdown: str) -> None:
    text = json.dumps(blocks)

    assert await body(talk, blocknote=text) == {"markdown": markdown, "blocknote": text}


async def test_both_together_are_stored_as_they_are(talk: Any) -> None:
    assert await body(talk, markdown="one", blocknote="[]") == {"markdown": "one", "blocknote": "[]"}


@pytest.mark.parametrize("given", [{}, {"markdown": None}, {"markdown": ""}, {"blocknote": ""}, {"blocknote": None}])
async def test_nothing_in_either_half_is_nothing(talk: Any, given: dict[str, Any]) -> None:
    assert await body(talk, **given) == {"markdown": "", "blocknote": None}


async def test_blocks_must_be_json_and_the_whole_may_not_be_null(talk: Any) -> None:
    no_json = await talk.error(CREATE, body={"blocknote": "nope"})
    nothing = await talk.error("mutation { createTask(data: { bodyV2: null }) { id } }")

    assert no_json["message"].endswith("- must contain valid JSON")
    assert nothing["message"] == "Cannot read properties of null (reading 'blocknote')"


async def test_blocks_that_are_no_list_get_an_answer(talk: Any) -> None:
    for blocks in ("5", "{}", '[1, {"content": [1]}, {"type": 5, "children": 7}]'):
        answer = await talk.answer(CREATE, body={"blocknote": blocks})
        assert "Internal server error" not in json.dumps(answer)
