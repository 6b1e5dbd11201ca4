# mypy: disable-error-code="import-not-found"
# pyright: reportMissingImports=false
"""What a person does in the playground, in Chromium. Prints what was seen as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import BrowserContext, Page, sync_playwright

QUERY_EDITOR = ".graphiql-query-editor .CodeMirror"
TEXT = f"document.querySelector('{QUERY_EDITOR}').CodeMirror"


def ready(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_selector(QUERY_EDITOR)


def write(page: Page, text: str) -> None:
    page.evaluate(f"(text) => {TEXT}.setValue(text)", text)


def execute(page: Page, awaited: str) -> None:
    """Of a document with one operation: it is read a moment after it was written, and of several a menu opens."""
    page.wait_for_selector(".graphiql-execute-button:not([aria-haspopup=menu])")
    page.get_by_label("Execute query").click()
    page.locator(".graphiql-response").get_by_text(awaited).first.wait_for()


def copied(page: Page, what: str) -> str:
    page.get_by_role("button", name=f"Copy as {what}", exact=True).click()
    page.get_by_role("status").get_by_text(f"Copied: {what}.").wait_for()
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def visit(context: BrowserContext, url: str, pictures: Path) -> dict[str, Any]:
    context.set_default_timeout(90_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    elsewhere: list[str] = []
    origin = url.partition("#")[0]
    page.on("request", lambda sent: None if sent.url.startswith((origin, "data:")) else elsewhere.append(sent.url))
    seen: dict[str, Any] = {"complaints": complaints, "elsewhere": elsewhere}

    ready(page, url)
    seen["address"] = page.url
    execute(page, '"totalCount"')
    page.screenshot(path=str(pictures / "playground.png"))
    seen["python"] = copied(page, "Python")
    seen["curl"] = copied(page, "curl")

    page.wait_for_function("() => document.querySelector('select.examples').options.length > 5")
    examples = page.get_by_label("Examples")
    seen["examples"] = examples.locator("option").all_inner_texts()[1:]
    examples.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    seen["tabs after a look at the examples"] = page.get_by_role("tab").count()
    examples.select_option("people")
    page.wait_for_function(f"() => {TEXT}.getValue().includes('CountPeople')")
    page.wait_for_selector(".graphiql-execute-button[aria-haspopup=menu]")  # the document is read a moment later
    page.get_by_label("Execute query").click()
    page.get_by_role("menuitem", name="CountPeople").wait_for()
    seen["operations"] = page.get_by_role("menuitem").all_inner_texts()
    page.get_by_role("menuitem", name="CountPeople").click()
    page.locator(".graphiql-response").get_by_text('"people"').wait_for()

    write(page, "{ companies { edges { node { na")
    page.locator(QUERY_EDITOR).click()
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+Space")
    page.locator(".CodeMirror-hint").first.wait_for()
    page.keyboard.press("Enter")
    seen["completed"] = page.evaluate(f"{TEXT}.getValue()")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    seen["tab moves on"] = page.evaluate("!document.activeElement.closest('.CodeMirror')")

    write(page, "mutation { createCompany(data: {nmae: 5}) { id } }")
    execute(page, '"errors"')
    seen["refused"] = page.evaluate("document.querySelector('.graphiql-response .CodeMirror').CodeMirror.getValue()")
    page.wait_for_timeout(700)  # what is typed is kept half a second later
    page.reload()
    page.wait_for_selector(QUERY_EDITOR)
    seen["after a reload"] = page.evaluate(f"{TEXT}.getValue()")

    page.get_by_role("button", name="Data model").click()
    page.wait_for_selector(QUERY_EDITOR)
    seen["data model"] = page.evaluate(f"{TEXT}.getValue()")
    page.get_by_role("button", name="Records").click()
    page.wait_for_selector(QUERY_EDITOR)
    seen["back"] = page.evaluate(f"{TEXT}.getValue()")

    page.get_by_role("button", name="REST").click()
    page.get_by_role("button", name="Send").click()
    page.get_by_role("region", name="Answer").get_by_text("companies").wait_for()
    page.get_by_label("Method").select_option("POST")
    page.get_by_label("Body (JSON)").fill("{")
    page.get_by_role("button", name="Copy as curl").click()
    page.get_by_role("status").get_by_text("The body is not JSON").wait_for()
    page.get_by_label("Body (JSON)").fill('{"position": null}')
    seen["rest"] = copied(page, "Python")

    page.set_viewport_size({"width": 400, "height": 800})
    page.get_by_role("button", name="Records").click()
    page.wait_for_selector(QUERY_EDITOR)
    page.get_by_label("Show Documentation Explorer").click()
    page.get_by_label("Hide Documentation Explorer").click()
    execute(page, '"errors"')
    seen["narrow"] = page.evaluate("document.documentElement.scrollWidth")
    page.screenshot(path=str(pictures / "playground-narrow.png"), full_page=True)

    page.get_by_label("Examples").select_option("notes")
    page.wait_for_function(f"() => {TEXT}.getValue().includes('CountNotes')")
    seen["chosen tab"] = page.locator(".graphiql-tab-active").bounding_box()
    seen["variables"] = page.locator(".graphiql-editor-tool .CodeMirror").first.bounding_box()

    linked = context.new_page()
    ready(linked, origin + "?" + urlencode({"endpoint": "metadata", "query": "{ currentWorkspace { displayName } }"}))
    execute(linked, '"displayName"')
    return seen


def main() -> None:
    chromium, url, pictures = sys.argv[1:]
    with sync_playwright() as started:
        # CI runs as root, which Chromium does only without its sandbox.
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1400, "height": 800})
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        print(json.dumps(visit(context, url, Path(pictures))))  # noqa: T201
        browser.close()


if __name__ == "__main__":
    main()
