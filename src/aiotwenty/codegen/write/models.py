"""The text of the modules of models: enums, records, results and inputs."""

from __future__ import annotations

from collections.abc import Mapping

from aiotwenty.codegen.model.models import GeneratedClass
from aiotwenty.codegen.model.package import Models
from aiotwenty.codegen.write.source import DOCSTRINGS, RUNTIME, from_import, module


def models_module(name: str, models: Models) -> str:
    """The text of one module of models."""
    classes = models.modules[name]
    text = "\n".join(each.text for each in classes)
    imports = []
    if name == "enums":
        imports.append("import enum\n")
    if "typing." in text:
        imports.append("import typing\n")
    if name != "enums":
        imports.append(f"{RUNTIME}\n")
    imports += sorted({f"{line}\n" for line in models.imports.get(name, [])})
    wanted = _wanted(classes, models.home, name)
    imports += [from_import(home, names) for home, names in sorted(wanted.items())]
    return module(DOCSTRINGS[name], "\n".join(imports).rstrip("\n").split("\n"), [each.text for each in classes])


def _wanted(classes: list[GeneratedClass], home: Mapping[str, str], here: str) -> dict[str, set[str]]:
    """What has to be imported from each of the other modules."""
    wanted: dict[str, set[str]] = {}
    for each in classes:
        for need in each.needs:
            if (there := home.get(need)) and there != here:
                wanted.setdefault(there, set()).add(need)
    return wanted
