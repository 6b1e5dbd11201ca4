"""The text of the modules of models."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator

from aiotwenty.codegen.line_layout import LINE, filled
from aiotwenty.codegen.model.package import Models
from aiotwenty.codegen.write.source import DOCSTRINGS, RUNTIME, from_import, module


def models_module(name: str, models: Models) -> str:
    """The text of one module of models."""
    classes = models.modules[name]
    text = "\n".join(model.text for model in classes)
    if name == "shared" and any(models.home.get(need, name) != name for model in classes for need in model.needs):
        text += " typing."
    imports = [*standard_imports(text), *brought_imports(models.imports, text)]
    wanted: dict[str, set[str]] = {}
    for need in (need for model in classes for need in model.needs):
        if (there := models.home.get(need)) and there != name:
            # The results of own operations may use any class: the package's `__init__` knows its module.
            wanted.setdefault("" if "shared" in models.modules else there, set()).add(need)
    if name == "shared":
        # Modules of objects import this one, so their classes are imported late.
        imports += later_imports(".", wanted.pop("", set()))
    imports += [from_import(there, names) for there, names in sorted(wanted.items())]
    return module(DOCSTRINGS[name], "\n".join(imports).rstrip("\n").split("\n"), [model.text for model in classes])


def later_imports(dots: str, models: Collection[str], only_types: Collection[str] = ()) -> list[str]:
    """Imports from the package that happen when a name is needed. `only_types` are imported for type checkers only."""
    if not models and not only_types:
        return []
    lines = ["if typing.TYPE_CHECKING:", _indented(from_import(dots.removeprefix("."), {*models, *only_types}))]
    if models:
        words = filled(sorted(models), "        ", " ")
        line = f'    rt.later(globals(), "{words[0].strip()}")'
        long = len(words) > 1 or len(line) > LINE
        lines += ["else:", *(['    rt.later(globals(), """', *words, '    """)'] if long else [line])]
    return lines


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.split("\n"))


def standard_imports(text: str) -> Iterator[str]:
    """The imports that the text needs from outside of the package, each followed by an empty line."""
    if "enum." in text:
        yield "import enum\n"
    if "typing." in text:
        yield "import typing\n"
    if "rt." in text:
        yield f"{RUNTIME}\n"


def brought_imports(imports: Iterable[str], text: str) -> list[str]:
    """The imports of the user's plugins and scalars that the text needs."""
    used = set(re.findall(r"\w+", text))
    return sorted({f"{line}\n" for line in imports if _bound(line) & used})


def _bound(line: str) -> set[str]:
    (node,) = ast.parse(line).body
    assert isinstance(node, ast.Import | ast.ImportFrom), "foreign imports are imports"
    return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
