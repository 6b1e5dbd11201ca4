"""The text of the modules of models, in which each class is at home."""

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
            # What own operations return is made of anything: the package knows where that is.
            wanted.setdefault("" if "shared" in models.modules else there, set()).add(need)
    if name == "shared":
        # Objects are made of it: what of theirs it names is imported later.
        imports += later_imports(".", wanted.pop("", set()))
    imports += [from_import(there, names) for there, names in sorted(wanted.items())]
    return module(DOCSTRINGS[name], "\n".join(imports).rstrip("\n").split("\n"), [model.text for model in classes])


def later_imports(dots: str, models: Collection[str], only_types: Collection[str] = ()) -> list[str]:
    """Imports from the package that happen when they are needed; `only_types` are no models and never needed."""
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
    """The parts of every module of models, each followed by an empty line."""
    if "enum." in text:
        yield "import enum\n"
    if "typing." in text:
        yield "import typing\n"
    if "rt." in text:
        yield f"{RUNTIME}\n"


def brought_imports(imports: Iterable[str], text: str) -> list[str]:
    """Those that plugins and scalars of the user brought and that this text needs."""
    used = set(re.findall(r"\w+", text))
    return sorted({f"{line}\n" for line in imports if _bound(line) & used})


def _bound(line: str) -> set[str]:
    (node,) = ast.parse(line).body
    assert isinstance(node, ast.Import | ast.ImportFrom), "foreign imports are imports"
    return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
