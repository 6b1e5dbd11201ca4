"""A local page to try GraphQL against a workspace; see `server.py`."""

from aiotwenty.playground.server import Playground

__all__ = ["Playground"]
