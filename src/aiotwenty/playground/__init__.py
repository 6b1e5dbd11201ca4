"""A page on this machine to try GraphQL against a workspace; see `server.py`."""

from aiotwenty.playground.server import Playground

__all__ = ["Playground"]
