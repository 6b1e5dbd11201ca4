"""Twenty's own TypeScript SDK generates clients from the sandbox and uses it through them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiotwenty.sandbox.threaded import running_sandbox

pytestmark = [
    pytest.mark.integrations,
    pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed"),
]
FOLDER = Path(__file__).parent

Saw = dict[str, Any]


@pytest.fixture(scope="module")
def saw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Saw]:
    """What the program of typescript_sdk.mjs was answered."""
    with running_sandbox() as sandbox:
        generated = tmp_path_factory.mktemp("generated")
        command = ["node", "typescript_sdk.mjs", sandbox.url, sandbox.api_key, str(generated)]
        ran = subprocess.run(command, cwd=FOLDER, check=False, capture_output=True, text=True, timeout=300)
        assert ran.returncode == 0, ran.stderr
        yield json.loads(ran.stdout)


def test_the_client_of_the_data_model_creates_an_object_and_a_field(saw: Saw) -> None:
    assert saw["createdObject"] == {"id": saw["createdObject"]["id"], "nameSingular": "rocket", "isActive": True}
    assert saw["createdField"] == {"name": "thrust", "type": "NUMBER"}
    assert {"company", "person", "rocket"} <= set(saw["objects"])


def test_the_client_generated_after_that_knows_the_new_object(saw: Saw) -> None:
    assert saw["rocket"] == {"name": "Falcon", "thrust": 7607}


def test_records_are_written_and_read(saw: Saw) -> None:
    assert saw["created"]["name"] == "Airbnb"
    assert saw["updated"] == {"name": "Airbnb", "address": {"addressCity": "San Francisco"}}
    assert saw["found"]["totalCount"] == 1
    (edge,) = saw["found"]["edges"]
    assert edge["node"] == {"name": "Airbnb", "people": {"edges": [{"node": {"name": {"lastName": "Chesky"}}}]}}
    assert saw["found"]["pageInfo"] == {"hasNextPage": False, "endCursor": edge["cursor"]}
    assert saw["deleted"]["deletedAt"]
    assert saw["afterwards"] == {"totalCount": 0}


def test_a_person_is_connected_to_a_company_by_its_domain(saw: Saw) -> None:
    assert saw["connected"] == {"name": {"firstName": "Brian"}, "company": {"id": saw["created"]["id"]}}


def test_groups_are_counted(saw: Saw) -> None:
    counts = {group["groupByDimensionValues"][0]: group["totalCount"] for group in saw["grouped"]}
    assert counts == {"NEW": 2, "MEETING": 1}


def test_refusals_arrive_as_errors_of_the_sdk(saw: Saw) -> None:
    assert saw["duplicate"]["message"] == "A duplicate entry was detected"
    assert saw["unauthenticated"]["message"] == "Token invalid."


def test_rest_works_as_well(saw: Saw) -> None:
    rest = saw["rest"]
    assert rest["created"]["name"] == "Figma"
    assert rest["updated"]["address"]["addressCity"] == "Berlin"
    assert [company["id"] for company in rest["listed"]["data"]["companies"]] == [rest["created"]["id"]]
    assert rest["listed"]["totalCount"] == 1
    assert rest["destroyed"] == {"id": rest["created"]["id"]}
    assert (rest["missing"]["name"], rest["missing"]["status"]) == ("RestApiClientError", 404)
