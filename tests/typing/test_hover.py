"""What an editor shows of the generated client: pyright's language server is asked, as an editor asks it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.once import once

PROGRAM = """\
from aiotwenty import Twenty
from aiotwenty.core import Company, CompanyFilterInput
async def program(twenty: Twenty, company: Company) -> None:
    await twenty.companies.create_one({"name": "a"})
    company.domain_name
    CompanyFilterInput(domain_name=None)
"""


class Editor:
    """A language server with one open file."""

    def __init__(self, folder: Path) -> None:
        self._uri = (folder / "program.py").as_uri()
        command = [str(Path(sys.executable).parent / "pyright-langserver"), "--stdio"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._number = 0
        workspace = {"uri": folder.as_uri(), "name": "program"}
        capabilities = {
            "workspace": {"configuration": True},
            "textDocument": {"hover": {"contentFormat": ["markdown"]}},
        }
        self._ask(
            "initialize",
            {"processId": None, "rootUri": None, "capabilities": capabilities, "workspaceFolders": [workspace]},
        )
        self._send(method="initialized", params={})
        document = {"uri": self._uri, "languageId": "python", "version": 1, "text": PROGRAM}
        self._send(method="textDocument/didOpen", params={"textDocument": document})

    def hover(self, line: int, name: str) -> str:
        position = {"line": line, "character": PROGRAM.splitlines()[line].index(name) + 1}
        answer = self._ask("textDocument/hover", {"textDocument": {"uri": self._uri}, "position": position})
        return str(answer["contents"]["value"])

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _send(self, **message: Any) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message

    def _ask(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        self._send(id=self._number, method=method, params=params)
        while True:
            message = self._receive()
            if "method" not in message and message.get("id") == self._number:
                return message["result"]
            if message.get("method") == "workspace/configuration":
                settings = [{"pythonPath": sys.executable} for _ in message["params"]["items"]]
                self._send(id=message["id"], result=settings)
            elif "method" in message and "id" in message:
                self._send(id=message["id"], result=None)


HOVERS = [
    (3, "companies", ["companies: Companies", "an organisation, such as a customer or supplier"]),
    (3, "create_one", ["CompanyCreateInput | CompanyCreateDict", "The new record."]),
    (4, "domain_name", ["Links | None", "Domain name: the website, unique among companies."]),
    (5, "domain_name", ["LinksFilterInput | None", "Domain name: the website, unique among companies."]),
]


@pytest.fixture(scope="module")
def hovers(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What each shows: an editor takes long to start."""

    def ask(folder: Path) -> None:
        editor = Editor(folder)
        try:
            texts = [editor.hover(line, name) for line, name, _ in HOVERS]
        finally:
            editor.close()
        (folder / "hovers.json").write_text(json.dumps(texts))

    texts: list[str] = json.loads((once(tmp_path_factory, "editor", ask) / "hovers.json").read_text())
    return texts


@pytest.mark.parametrize("number", range(len(HOVERS)), ids=[f"{name}-{line}" for line, name, _ in HOVERS])
def test_an_editor_shows_labels_and_descriptions(hovers: list[str], number: int) -> None:
    text, (_, _, shown) = hovers[number], HOVERS[number]
    assert [part for part in shown if part not in text] == [], text
