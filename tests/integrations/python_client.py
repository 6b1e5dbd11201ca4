"""Calls every list method of twentycrm-api-client and prints what became of it, a line of JSON each.

Runs in an environment of its own: the url and the key are its arguments. What must have become of it is asserted by
test_python_client.py.
"""

# mypy: disable-error-code=import-not-found
# pyright: reportMissingImports=false

from __future__ import annotations

import inspect
import json
import sys
from typing import Any

import pydantic
import twentycrm_client


def outcome(list_many: Any, raw: Any) -> dict[str, Any]:
    answer = raw(limit=5)
    body = json.loads(answer.read())
    if answer.status != 200:
        return {"status": answer.status, "messages": body["messages"]}
    (plural,) = body["data"]
    seen: dict[str, Any] = {"status": 200, "plural": plural, "records": len(body["data"][plural]), "misread": []}
    try:
        list_many(limit=5)
    except pydantic.ValidationError as error:
        seen["misread"] = [".".join(map(str, problem["loc"])) for problem in error.errors()]
    return seen


def main(url: str, key: str) -> None:
    api_client = twentycrm_client.ApiClient(twentycrm_client.Configuration(host=f"{url}/rest", access_token=key))
    classes: list[Any] = [
        of for name, of in inspect.getmembers(twentycrm_client, inspect.isclass) if name.endswith("Api")
    ]
    for api in [of(api_client) for of in classes]:
        for call in dir(api):
            raw = f"{call}_without_preload_content"
            if call.startswith("find_many_") and hasattr(api, raw):
                print(json.dumps({"call": call} | outcome(getattr(api, call), getattr(api, raw))))  # noqa: T201


main(*sys.argv[1:])
