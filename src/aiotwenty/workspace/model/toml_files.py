"""A data model as TOML files: one for each object, and one each for views, roles and webhooks."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from aiotwenty.bulk.output import replacing, writing
from aiotwenty.errors import ConfigurationError
from aiotwenty.workspace.model.beside import RoleDefinition, ViewDefinition, WebhookDefinition
from aiotwenty.workspace.model.definition import Definition, DefinitionError, ObjectDefinition, define
from aiotwenty.workspace.model.model import PARTS, Model, Part, checked

ABOUT = "model.toml"
"""The file that describes the others; a folder with it is a data model."""
OBJECTS = "objects"
FORMAT = 1
_RESERVED = frozenset(["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))])
"""Names of devices, which no file on Windows can have."""
_KINDS: dict[str, type[Definition]] = {"views": ViewDefinition, "roles": RoleDefinition, "webhooks": WebhookDefinition}


class Contents(Definition):
    """The contents of `model.toml`."""

    format: int = FORMAT
    complete: bool = True
    parts: tuple[str, ...] = ()


def read_model(folder: str | Path) -> Model:
    """The data model in a folder. Raises `DefinitionError` with the file, the place and the mistake."""
    folder = Path(folder)
    contents = _read_contents(folder)
    objects = [_read_object(path) for path in object_files(folder)]
    beside = {part: _read_part(folder, part) for part in contents.parts}
    try:
        return checked(Model(objects=tuple(objects), complete=contents.complete, **beside))  # type: ignore[arg-type]
    except DefinitionError as error:
        raise DefinitionError(f"{folder}: {error}") from None


def _read_contents(folder: Path) -> Contents:
    values = _parsed(folder / ABOUT, "run `aiotwenty model pull` first")
    values["parts"] = tuple(values.get("parts", ()))
    contents = define(Contents, values, str(folder / ABOUT))
    if contents.format > FORMAT:
        raise DefinitionError(
            f"{folder / ABOUT}: format {contents.format} is of a later aiotwenty; this one reads {FORMAT}."
        )
    if unknown := [part for part in contents.parts if part not in _KINDS]:
        raise DefinitionError(f"{folder / ABOUT}: parts: {unknown[0]!r} is none of {', '.join(PARTS)}.")
    return contents


def parts_of(folder: str | Path) -> list[Part]:
    """The kinds of definitions in a folder other than objects; empty if there are none."""
    if not (Path(folder) / ABOUT).exists():
        return []
    return [part for part in PARTS if part in _read_contents(Path(folder)).parts]


def object_files(folder: Path) -> list[Path]:
    """The files of objects."""
    return sorted((folder / OBJECTS).glob("*.toml"))


def write_model(folder: str | Path, model: Model) -> dict[Path, str]:
    """Writes the data model, and removes the files of objects that it lacks.

    Returns what was done to each changed file: "wrote", "removed", or "wrote, without its comments". A file with the
    same contents is left as it is, comments included.
    """
    folder = Path(folder)
    files = _files(folder, model)
    done: dict[Path, str] = {}
    for path, values in files.items():
        before = _text(path)
        if before is not None and _says(before, values):
            continue
        _put(path, _dumped(values))
        done[path] = "wrote, without its comments" if before and _has_comments(before) else "wrote"
    for path in object_files(folder) if model.complete else ():
        if path not in files:
            with writing(path):
                path.unlink()
            done[path] = "removed"
    return done


def _files(folder: Path, model: Model) -> dict[Path, dict[str, Any]]:
    parts = [part for part in PARTS if getattr(model, part) is not None]
    files: dict[Path, dict[str, Any]] = {}
    taken: set[str] = set()
    for definition in sorted(model.objects, key=lambda definition: definition.name):
        stem = definition.name
        while stem.lower() in _RESERVED | taken:
            stem += "_"
        taken.add(stem.lower())
        files[folder / OBJECTS / f"{stem}.toml"] = plain(definition)
    for part in parts:
        files[folder / f"{part}.toml"] = {part: [plain(definition) for definition in getattr(model, part)]}
    # Written last, so that a folder which has it is complete.
    files[folder / ABOUT] = {"format": FORMAT, "complete": model.complete, "parts": parts}
    return files


def plain(definition: Definition) -> dict[str, Any]:
    """The definition for TOML and JSON, without defaults."""
    return definition.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _read_object(path: Path) -> ObjectDefinition:
    return define(ObjectDefinition, _parsed(path, ""), str(path))


def _read_part(folder: Path, part: str) -> tuple[Definition, ...]:
    path = folder / f"{part}.toml"
    values = _parsed(path, f"{ABOUT} names {part} among its parts.")
    listed = values.get(part, [])
    if set(values) - {part} or not isinstance(listed, list) or not all(isinstance(value, Mapping) for value in listed):
        raise DefinitionError(f"{path}: it is a list of tables [[{part}]], and nothing else.")
    return tuple(define(_KINDS[part], value, f"{path}: {part}[{place}]") for place, value in enumerate(listed))


def _parsed(path: Path, advice: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DefinitionError(f"{path}: cannot be read ({error.strerror}). {advice}".rstrip()) from None
    except UnicodeDecodeError:
        raise DefinitionError(f"{path}: is no text in UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(f"{path}: is no TOML ({error}).") from None


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except OSError:
        return None
    except UnicodeDecodeError:
        return ""


def _says(text: str, values: Mapping[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == values
    except tomllib.TOMLDecodeError:
        return False


def _has_comments(text: str) -> bool:
    return any(line.lstrip().startswith("#") for line in text.splitlines())


def _dumped(values: Mapping[str, Any]) -> str:
    try:
        import tomli_w
    except ModuleNotFoundError:
        raise ConfigurationError("files of a data model need tomli-w: pip install 'aiotwenty[tools]'.") from None
    return tomli_w.dumps(values)


def _put(path: Path, text: str) -> None:
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_bytes(text.encode())
        part.chmod(0o644)


def keep_renames(folder: str | Path, model: Model) -> Model:
    """The model with the renames that existing files declare, because other workspaces may still have the old names.

    Files that can't be read are skipped.
    """
    objects = {definition.name: definition for definition in _readable(Path(folder))}
    return model.model_copy(update={"objects": tuple(_with_renames(new, objects) for new in model.objects)})


def _with_renames(new: ObjectDefinition, objects: Mapping[str, ObjectDefinition]) -> ObjectDefinition:
    old = objects.get(new.name)
    if old is None:
        return new
    fields = {
        name: field.model_copy(update={"renamed_from": before})
        if (before := _renamed(old, name)) is not None and before not in new.fields
        else field
        for name, field in new.fields.items()
    }
    return new.model_copy(update={"renamed_from": old.renamed_from, "fields": fields})


def _renamed(old: ObjectDefinition, name: str) -> str | None:
    field = old.fields.get(name)
    return field.renamed_from if field else None


def _readable(folder: Path) -> Iterable[ObjectDefinition]:
    for path in object_files(folder):
        try:
            yield _read_object(path)
        except DefinitionError:
            continue
