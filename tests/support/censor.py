"""Hides companies from a key, through a proxy: nobody can make a record that is hidden through the API alone."""

from __future__ import annotations

from aiotwenty.graphql.withheld_values import RESTRICTED
from tests.support.proxy import Passed


class Censor:
    """Takes companies out of a page after it was read, as the server does with messages, and values out of others."""

    def __init__(self) -> None:
        self.hidden: set[str] = set()
        self.lost: set[str] = set()
        """Not given either, unless they are asked for by name: the server has lost its way."""
        self.restricted: set[str] = set()

    def __call__(self, passed: Passed) -> None:
        page = ((passed.answer or {}).get("data") or {}).get("companies")
        if not page or "edges" not in page:
            return
        away = self.hidden if "not" in str(passed.request["variables"]) else self.hidden | self.lost
        page["edges"] = [edge for edge in page["edges"] if edge["node"]["id"] not in away]
        for edge in page["edges"]:
            if edge["node"]["id"] in self.restricted and "name" in edge["node"]:
                edge["node"]["name"] = RESTRICTED
        if "pageInfo" in page:
            there = page["pageInfo"].get("endCursor")
            page["pageInfo"]["endCursor"] = page["edges"][-1].get("cursor", there) if page["edges"] else None
