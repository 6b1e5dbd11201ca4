"""Writes into a generated record the facts about its object and its relations."""

from __future__ import annotations

from collections.abc import Mapping

from aiotwenty.codegen.line_layout import LINE, filled
from aiotwenty.graphql.object_facts import About


def about_text(about: About) -> str:
    """The text of the class variable that holds the facts."""
    asked_for = f" asked_for={_quoted(about.asked_for)}," if about.asked_for else ""
    lines = [f'        "{about.type_name}", "{about.plural}",{asked_for}']
    values: dict[str, dict[str, str]] = {
        "to_one": {name: f'"{target}"' for name, target in about.to_one.items()},
        "to_many": {name: _quoted(many) for name, many in about.to_many.items()},
        "morph": {name: _inline(parts) for name, parts in about.morph.items()},
        "joined": {name: f'("{by}", {_inline(ends)})' for name, (by, ends) in about.joined.items()},
    }
    for name, items in values.items():
        if items:
            pairs = ", ".join(f'"{key}": {value}' for key, value in items.items())
            line = f"        {name}={{{pairs}}},"
            if len(line) > LINE:
                wrapped = filled((f'"{key}": {value}' for key, value in items.items()), "            ", ", ", ",")
                line = "\n".join([f"        {name}={{", *wrapped, "        },"])
            lines.append(line)
    return "\n".join(["    _object: typing.ClassVar[rt.About] = rt.About(", *lines, "    )"])


def _quoted(texts: tuple[str, ...]) -> str:
    return f"({', '.join(f'{chr(34)}{text}{chr(34)}' for text in texts)}{',' if len(texts) == 1 else ''})"


def _inline(items: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'"{name}": "{target}"' for name, target in items.items()) + "}"
