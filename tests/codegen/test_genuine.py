"""Nothing here comes from the modified server that the project was first built against."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

# In two halves, so that this file has none of them.
NAMES = [
    "isMyah|TeamMember",
    "managedProvider|BillingStatus",
    "ManagedProvider|BillingStatus",
    "Action|Approval",
    "ActionExecution|Receipt",
    "AgentChat|ApprovalDecisionInput",
    "resolveAgentChat|Approval",
    "SEND_|INSTAGRAM_REPLY_TOOL",
    "DEEP|SEEK",
]
TELLS_OF_THEM = {"tests/recorded/FACTS.md"}


def test_no_name_of_another_server_is_left(root: Path) -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True).stdout
    wanted = re.compile("|".join(name.replace("|", "") for name in NAMES), re.IGNORECASE)
    found = {
        (path, match[0])
        for path in listed.splitlines()
        if path not in TELLS_OF_THEM and (root / path).is_file()
        for match in wanted.finditer((root / path).read_text(encoding="utf-8", errors="replace"))
    }
    assert found == set()


def test_agents_are_run_without_an_id_of_the_operation(root: Path) -> None:
    for path in ("schema/metadata.graphql", "src/aiotwenty/sandbox/metadata/metadata.graphql"):
        asked = re.search(r"input RunAgentInput \{[^}]*\}", (root / path).read_text())
        assert asked is not None
        assert "operationId" not in asked[0]


def test_no_filter_of_a_schema_goes_through_a_list_of_records(root: Path) -> None:
    text = (root / "schema/core.graphql").read_text()
    company = re.search(r"^input CompanyFilterInput \{.*?^\}", text, re.MULTILINE | re.DOTALL)
    assert company is not None
    assert "  accountOwner: " in company[0]
    assert "  people: " not in company[0]
