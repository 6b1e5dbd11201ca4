"""Rich text: markdown and the blocks of the editor (BlockNote), each derived from the other.

Supported are blocks that markdown can express: paragraphs, headings, lists, check lists, quotes, code and dividers,
with bold, italic, struck and code text and links.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from aiotwenty.sandbox.errors import javascript_failed

Value = dict[str, Any]

_PROPS = {"backgroundColor": "default", "textColor": "default", "textAlignment": "left"}
_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_CHECK = re.compile(r"[-*+]\s+\[([ xX])\]\s+(.*)")
_BULLET = re.compile(r"[-*+]\s+(.*)")
_NUMBERED = re.compile(r"(\d{1,9})[.)]\s+(.*)")
_FENCE = re.compile(r"(```+|~~~+)\s*(\w*)\s*")
_DIVIDER = re.compile(r"([-*_])(\s*\1){2,}\s*")
_INLINE = re.compile(
    r"`(?P<code>[^`]+)`|\*\*(?P<bold>.+?)\*\*|__(?P<strong>.+?)__|~~(?P<strike>.+?)~~"
    r"|\*(?P<italic>[^*]+)\*|(?<!\w)_(?P<emphasis>[^_]+)_(?!\w)|\[(?P<label>[^\[\]]*)\]\((?P<href>[^)\s]+)\)"
)
_STYLES = {"bold": "bold", "strong": "bold", "strike": "strike", "italic": "italic", "emphasis": "italic"}
_MARKS = (("code", "`"), ("strike", "~~"), ("italic", "*"), ("bold", "**"))
_INDENT = 2


def completed(value: Value) -> Value:
    """Both forms. The missing one is derived from the other; without either, both are empty."""
    markdown, blocks = value.get("markdown") or None, value.get("blocknote") or None
    if markdown is None and blocks is not None:
        markdown = to_markdown(json.loads(blocks))
    elif blocks is None and markdown is not None:
        blocks = json.dumps(to_blocks(markdown), ensure_ascii=False, separators=(",", ":"))
    return {"markdown": markdown, "blocknote": blocks}


# From markdown


def to_blocks(markdown: str) -> list[Value]:
    return _nested(list(_flat_blocks(markdown.splitlines())))


def _flat_blocks(lines: list[str]) -> Iterator[tuple[int, Value]]:
    """Blocks with their indentation."""
    paragraph: list[str] = []
    place = 0
    while place < len(lines):
        line = lines[place]
        place += 1
        text = line.strip()
        fence = _FENCE.fullmatch(text)
        block = None if fence else _block_of_line(text)
        if not (fence or block) and text:
            paragraph.append(text)
            continue
        if paragraph:
            yield 0, _block("paragraph", " ".join(paragraph))
            paragraph = []
        if fence:
            code: list[str] = []
            while place < len(lines) and not lines[place].strip().startswith(fence[1]):
                code.append(lines[place])
                place += 1
            place += 1
            yield 0, _code("\n".join(code), fence[2] or "text")
        elif block:
            yield len(line) - len(line.lstrip()), block
    if paragraph:
        yield 0, _block("paragraph", " ".join(paragraph))


def _block_of_line(text: str) -> Value | None:
    if numbered := _HEADING.fullmatch(text):
        return _block("heading", numbered[2].rstrip("#").rstrip(), level=len(numbered[1]), isToggleable=False)
    if _DIVIDER.fullmatch(text):
        return {"id": str(uuid.uuid4()), "type": "divider", "props": {}, "children": []}
    if numbered := _CHECK.fullmatch(text):
        return _block("checkListItem", numbered[2], checked=numbered[1] != " ")
    if numbered := _BULLET.fullmatch(text):
        return _block("bulletListItem", numbered[1])
    if numbered := _NUMBERED.fullmatch(text):
        start = {} if numbered[1] == "1" else {"start": int(numbered[1])}
        return _block("numberedListItem", numbered[2], **start)
    if text.startswith(">"):
        return _block("quote", text.removeprefix(">").strip())
    return None


def _block(of_type: str, text: str, **props: Any) -> Value:
    return {
        "id": str(uuid.uuid4()),
        "type": of_type,
        "props": {**_PROPS, **props},
        "content": list(_inline(text, {})),
        "children": [],
    }


def _code(text: str, language: str) -> Value:
    content = [{"type": "text", "text": text, "styles": {}}]
    return {
        "id": str(uuid.uuid4()),
        "type": "codeBlock",
        "props": {"language": language},
        "content": content,
        "children": [],
    }


def _nested(flat: list[tuple[int, Value]]) -> list[Value]:
    """The blocks as a tree: list items with more indentation are children of the one before."""
    blocks: list[Value] = []
    open_items: list[tuple[int, Value]] = []
    numbered_before: Value | None = None
    for indent, block in flat:
        while open_items and indent < open_items[-1][0] + _INDENT:
            open_items.pop()
        (open_items[-1][1]["children"] if open_items else blocks).append(block)
        follows = numbered_before is not None and block["type"] == "numberedListItem"
        if follows:
            block["props"].pop("start", None)
        numbered_before = block if block["type"] == "numberedListItem" else None
        if block["type"].endswith("ListItem"):
            open_items.append((indent, block))
        else:
            open_items.clear()
    return blocks


def _inline(text: str, styles: Value) -> Iterator[Value]:
    place = 0
    for match in _INLINE.finditer(text):
        if match.start() > place:
            yield {"type": "text", "text": text[place : match.start()], "styles": styles}
        place = match.end()
        kind = next(name for name, value in match.groupdict().items() if value is not None)
        if kind == "label":
            yield {"type": "link", "href": match["href"], "content": list(_inline(match["label"], styles))}
        elif kind == "code":
            yield {"type": "text", "text": match["code"], "styles": {**styles, "code": True}}
        else:
            yield from _inline(match[kind], {**styles, _STYLES[kind]: True})
    if place < len(text):
        yield {"type": "text", "text": text[place:], "styles": styles}


# To markdown


def to_markdown(blocks: Any) -> str:
    """Each block as a paragraph, without empty lines between list items; always with a final line break."""
    if not isinstance(blocks, list):
        raise javascript_failed("blocks is not iterable")
    return "\n".join(_markdown_lines(blocks, "")) + "\n"


def _start(props: Value) -> int:
    """The first number of a list; 0 if it isn't set."""
    start = props.get("start")
    return start if isinstance(start, int) else 0


def _markdown_lines(blocks: Iterable[Any], indent: str) -> Iterator[str]:
    before = ""
    number = 0
    for block in blocks:
        if not isinstance(block, dict):
            continue
        of_type = str(block.get("type") or "paragraph")
        props = block["props"] if isinstance(block.get("props"), dict) else {}
        number = (_start(props) or number + 1) if of_type == "numberedListItem" else 0
        mark = _mark(of_type, props, number)
        if before and not (of_type == before and of_type.endswith("ListItem")):
            yield ""
        text = _markdown_text(block.get("content"))
        if of_type == "codeBlock":
            language = props.get("language") or ""
            text = f"```{'' if language == 'text' else language}\n{text}\n```"
        yield from (f"{indent}{line}" for line in (mark + text).split("\n"))
        if isinstance(block.get("children"), list) and block["children"]:
            deeper = indent + " " * len(mark) if of_type.endswith("ListItem") else indent
            yield from _markdown_lines(block["children"], deeper)
        before = of_type


def _mark(of_type: str, props: Value, number: int) -> str:
    match of_type:
        case "heading":
            level = props.get("level")
            return "#" * (level if isinstance(level, int) else 1) + " "
        case "bulletListItem":
            return "* "
        case "checkListItem":
            return "* [x] " if props.get("checked") else "* [ ] "
        case "numberedListItem":
            return f"{number}. "
        case "quote":
            return "> "
        case "divider":
            return "***"
    return ""


def _markdown_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    markdown = ""
    for part in content if isinstance(content, list) else ():
        if not isinstance(part, dict):
            continue
        if part.get("type") == "link":
            markdown += f"[{_markdown_text(part.get('content'))}]({part.get('href') or ''})"
            continue
        text = part["text"] if isinstance(part.get("text"), str) else ""
        styles = part["styles"] if isinstance(part.get("styles"), dict) else {}
        for style, mark in _MARKS:
            if styles.get(style) and text:
                text = f"{mark}{text}{mark}"
        markdown += text
    return markdown
