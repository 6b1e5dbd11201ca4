"""The text of the packages' `__init__.py`, which exports every name and imports nothing before its first use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aiotwenty.codegen.line_layout import filled
from aiotwenty.codegen.write.dicts import dict_name
from aiotwenty.codegen.write.source import DOCSTRINGS, GENERATED


def endpoint_init(endpoint: str, exports: Mapping[str, Sequence[str]]) -> str:
    """The text of an endpoint's `__init__.py`. `exports` are the names by module."""
    guide = [f"{name:10}  {text}" for name, text in DOCSTRINGS.items() if name in exports or name == "operations"]
    # All names of modules of models; other modules have names that may collide with those of models.
    typed = [
        f"    from .{module} import {f'{names[0]} as {names[0]}' if module in ('client', 'objects') else '*'}"
        for module, names in exports.items()
    ]
    given_by_rule = {dict_name(name) for names in exports.values() for name in names if _has_rule(name)}
    rule = ""
    if given_by_rule and given_by_rule == set(exports.get("dicts", ())):
        exports = {module: names for module, names in exports.items() if module != "dicts"}
        rule = (
            '\n_MODULES |= {f"{name.removesuffix(\'Input\')}Dict": "dicts" for name in _MODULES'
            ' if name.endswith(("Input", "Filter"))}'
        )
    where = []
    for module, names in exports.items():
        words = filled([f'"{module}": """', *sorted(names)], "    ", " ", '""",')
        where += [words[0].replace('""" ', '"""', 1), *(f"    {word}" for word in words[1:])]
    return f'''{GENERATED}
"""Types and operations of {endpoint}, each imported when it is first used.

{chr(10).join(guide)}
"""

from __future__ import annotations

import typing

if typing.TYPE_CHECKING:
{chr(10).join(typed)}

_EXPORTS = {{
{chr(10).join(where)}
}}
_MODULES = {{name: module for module, names in _EXPORTS.items() for name in names.split()}}{rule}


if not typing.TYPE_CHECKING:  # To type checkers, any name would be there.
    __all__ = list(_MODULES)

    def __getattr__(name):
        import importlib

        if name not in _MODULES:
            raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
        value = getattr(importlib.import_module(f"{{__name__}}.{{_MODULES[name]}}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({{*globals(), *_MODULES}})
'''


def _has_rule(name: str) -> bool:
    """Whether the package's own rule for names gives the model a typed dict."""
    return name.endswith(("Input", "Filter"))


def package_client() -> str:
    """The text of `client.py` of a user's package: a `Twenty` with the workspace's objects."""
    return f'''{GENERATED}
"""The client of the workspace that this package was generated from."""

from __future__ import annotations

import typing
from functools import cached_property

from aiotwenty.client import Client

from .core.objects import Objects

if typing.TYPE_CHECKING:
    from aiotwenty.objects import RawCalls

    from .core.client import CoreClient
    from .metadata.client import MetadataClient

    class RawTwenty(RawCalls, Objects):
        """`twenty.raw`, whose calls have the types of the objects."""


class Twenty(Client, Objects):
    """The workspace: `async with Twenty() as twenty`."""

    if typing.TYPE_CHECKING:

        @property
        def raw(self) -> RawTwenty: ...

    @cached_property
    def core(self) -> CoreClient:
        """Every operation on records, your own included, as a method."""
        from .core.client import CoreClient

        return CoreClient(self._endpoint("graphql"))

    @cached_property
    def metadata(self) -> MetadataClient:
        """Every operation on the data model, your own included, as a method."""
        from .metadata.client import MetadataClient

        return MetadataClient(self._endpoint("metadata"))
'''


def package_init(name: str) -> str:
    """The text of `__init__.py` of a user's package: its `Twenty`, and all names of `core`."""
    return f'''{GENERATED}
"""A typed client for one workspace: `from {name} import Twenty`."""

from __future__ import annotations

import typing

from . import core as core
from . import metadata as metadata
from .client import Twenty as Twenty

if typing.TYPE_CHECKING:
    from .core import *
else:

    def __getattr__(name):
        return getattr(core, name)


def __dir__() -> list[str]:
    return sorted({{*globals(), *dir(core)}})
'''
