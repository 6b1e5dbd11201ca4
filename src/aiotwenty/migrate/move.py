"""Moving a workspace: everything out into a folder, everything from a folder in, and the two compared."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from aiotwenty.bulk.catalogue import Names
from aiotwenty.bulk.export import NOT_EXPORTED, ExportReport, RawWalk, run_export
from aiotwenty.bulk.fields import Shape
from aiotwenty.bulk.journal import Journal
from aiotwenty.bulk.loader import LoadOptions
from aiotwenty.bulk.report import OnProgress
from aiotwenty.bulk.served import ServedCatalogue, serve_catalogue
from aiotwenty.bulk.source import FileSource, InputError, JsonLinesSource, Row
from aiotwenty.client import Client
from aiotwenty.errors import InvalidInput, PermissionDenied, TwentyError
from aiotwenty.graphql.filters import DELETED_TOO
from aiotwenty.migrate.plan import Step, StepReport, run_steps
from aiotwenty.workspace.data_model import Field, Object, RelationTo

MODEL_FILE = "model.json"
MEMBERS = "WorkspaceMember"
_OBJECTS = TypeAdapter(list[Object])

NOT_COMPARED = ("searchVector", "updatedAt", "updatedBy", "createdBy.name", "createdBy.workspaceMemberId")
"""What the server writes by itself, whoever writes the record."""


async def export_workspace(
    client: Client,
    folder: str | Path,
    *,
    ending: str = ".jsonl",
    journal: str | Path | None = None,
    on_progress: OnProgress | None = None,
) -> list[ExportReport]:
    """Writes all records of all objects, deleted ones too, to one file each, and the data model to `model.json`.

    Only .jsonl can be loaded into another workspace by `load_workspace`. With a `journal` an export that was stopped
    goes on where it was.
    """
    folder = _made(folder)
    objects = await client.workspace.objects()
    model = [one.model_dump(mode="json", by_alias=True) for one in objects]
    (folder / MODEL_FILE).write_bytes(to_json(model, indent=1))
    catalogue = await serve_catalogue(client.endpoint("graphql"))
    opened = Journal(journal) if journal is not None else None
    try:
        return [
            await run_export(
                client.endpoint("graphql"),
                names,
                catalogue.columns(names.type_name),
                folder / f"{names.plural}{ending}",
                deleted=True,
                journal=opened,
                on_progress=on_progress,
            )
            for names in sorted(catalogue.objects.values(), key=lambda one: one.plural)
        ]
    finally:
        if opened is not None:
            opened.close()


async def load_workspace(
    client: Client,
    folder: str | Path,
    *,
    journal: str | Path | None = None,
    rejects: str | Path | None = None,
    concurrency: int = 8,
    on_progress: OnProgress | None = None,
    on_created: Callable[[str], object] | None = None,
) -> list[StepReport]:
    """Loads what `export_workspace` wrote: first the objects, fields and options missing here, then the records.

    Records keep their ids, relations, times and deletion. Workspace members are people with accounts, so they are not
    made: what refers to a member leads to the one here with the same e-mail address, or nowhere. Contents of files are
    not moved. `rejects` is a folder. Meant for an empty workspace; in another one, records with the same id or unique
    value are changed.
    """
    folder = Path(folder)
    model = _read_model(folder)
    await _create_missing(client, model, on_created)
    catalogue = await serve_catalogue(client.endpoint("graphql"))
    members = await _members(client, catalogue, folder)
    rejects_folder = _made(rejects) if rejects is not None else None
    steps = []
    for names in sorted(catalogue.objects.values(), key=lambda one: one.plural):
        path = folder / f"{names.plural}.jsonl"
        if names.type_name == MEMBERS or not path.exists():
            continue
        shape = catalogue.shape(names.type_name)
        source = MovedRows(path, shape, members)
        options = LoadOptions(mode="upsert", nulls="skip", source=names.plural)
        kept = rejects_folder / f"{names.plural}.jsonl" if rejects_folder else None
        steps.append(Step(names.type_name, source, options, kept, names.plural))
    return await run_steps(
        client.endpoint("graphql"),
        catalogue,
        steps,
        journal=journal,
        concurrency=concurrency,
        on_progress=on_progress,
    )


class MovedRows(FileSource):
    """An exported file with the members of the other workspace turned into those of this one, and without files."""

    nulls_are_gaps = True

    def __init__(self, path: Path, shape: Shape, members: Mapping[str, str]) -> None:
        super().__init__(path)
        self._lines = JsonLinesSource(path)
        self._joins = [one.join for one in shape.relations.values() if one.type_name == MEMBERS]
        self._left_out = {
            name for name, target in shape.targets.items() if target.kind == "list" and name in shape.file_fields
        } | set(NOT_EXPORTED)
        self._members = members

    def read(self) -> Iterator[Row]:
        for row in self._lines.read():
            values = {name: value for name, value in row.values.items() if name not in self._left_out}
            for join in self._joins:
                if values.get(join):
                    values[join] = self._members.get(values[join])
            yield row._replace(values=values)


def _made(folder: str | Path) -> Path:
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)


def _rows(path: Path, shape: Shape, members: Mapping[str, str]) -> Iterator[Row]:
    return MovedRows(path, shape, members).read() if path.exists() else iter(())


def _read_model(folder: Path) -> list[Object]:
    path = folder / MODEL_FILE
    try:
        return _OBJECTS.validate_json(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; is {folder} what an export of everything wrote?") from None
    except ValidationError as error:
        raise InputError(f"{path}: is not a data model ({error.error_count()} errors)") from None


async def _members(client: Client, catalogue: ServedCatalogue, folder: Path) -> dict[str, str]:
    """Ids of members there to ids of members here, by e-mail address."""
    names = catalogue.names(MEMBERS)
    path = folder / f"{names.plural}.jsonl"
    if not path.exists():
        return {}
    here = {}
    async for page in RawWalk(client.endpoint("graphql"), names, ["userEmail"]).pages():
        here.update({str(member["userEmail"]).lower(): member["id"] for member in page})
    there = [row.values for row in JsonLinesSource(path).read()]
    return {one["id"]: here[email] for one in there if (email := str(one.get("userEmail")).lower()) in here}


async def _create_missing(client: Client, model: list[Object], tell: Callable[[str], object] | None) -> None:
    """Objects first, then plain fields, then relations: each leads to an object that must be there."""
    tell = tell or (lambda _: None)
    here = {one.name_singular: one for one in await client.workspace.objects()}
    wanted = [one for one in model if one.is_active is not False]
    for one in wanted:
        if one.name_singular not in here:
            here[one.name_singular] = await client.workspace.create_object(
                one.name_singular,
                one.name_plural,
                label_singular=one.label_singular,
                label_plural=one.label_plural,
                description=one.description,
                icon=one.icon,
            )
            tell(f"object {one.name_singular}")
    here = {one.name_singular: one for one in await client.workspace.objects()}
    await _add_options(client, wanted, here, tell)
    have = {name: {each.name for each in one.fields} for name, one in here.items()}
    missing = [
        (one, each)
        for one in wanted
        for each in one.fields
        if each.name not in have[one.name_singular] and each.is_active is not False
    ]
    for one, each in sorted(missing, key=lambda pair: _relations(pair[1]) != []):
        relations = _relations(each)
        if each.name in have[one.name_singular] or any(relation.type != "MANY_TO_ONE" for relation in relations):
            continue
        await _create_field(client, model, one, each)
        tell(f"field {one.name_singular}.{each.name}")
        for relation in relations:
            have[relation.target_object].add(relation.target_field)


async def _add_options(
    client: Client, wanted: list[Object], here: Mapping[str, Object], tell: Callable[[str], object]
) -> None:
    """Options that were added there to fields which every workspace has."""
    for one in wanted:
        have = {each.name: {option.value for option in each.options or ()} for each in here[one.name_singular].fields}
        for each in one.fields:
            if each.name not in have or not each.options or each.is_active is False:
                continue
            missing = [option for option in each.options if option.value not in have[each.name]]
            if not missing:
                continue
            names = ", ".join(str(option.value) for option in missing)
            try:
                await client.workspace.add_options(one.name_singular, each.name, *missing)
            except (InvalidInput, PermissionDenied) as error:
                # Of a field that this server keeps to itself. Only records that have the option are rejected.
                tell(f"no options {names} of {one.name_singular}.{each.name} ({error})")
            else:
                tell(f"options {names} of {one.name_singular}.{each.name}")


def _relations(each: Field) -> list[Any]:
    return [each.relation] if each.relation is not None else list(each.morph_relations or ())


async def _create_field(client: Client, model: list[Object], owner: Object, each: Field) -> None:
    by_name = {one.name_singular: one for one in model}
    relations = []
    for relation in _relations(each):
        back = by_name[relation.target_object].field(relation.target_field)
        relations.append(RelationTo(relation.target_object, label=back.label, icon=back.icon or "IconBox"))
    settings = {name: value for name, value in (each.settings or {}).items() if name not in _RELATION_SETTINGS}
    try:
        await client.workspace.create_field(
            owner.name_singular,
            each.name,
            each.type,
            label=each.label,
            description=each.description,
            icon=each.icon,
            options=each.options,
            default_value=each.default_value if not relations else None,
            is_nullable=each.is_nullable,
            is_unique=each.is_unique or None,
            settings=settings or None,
            relation=relations if each.type == "MORPH_RELATION" else relations[0] if relations else None,
        )
    except TwentyError as error:
        error.add_note(f"while making the field {owner.name_singular}.{each.name} ({each.type})")
        raise


_RELATION_SETTINGS = ("relationType", "joinColumnName", "onDelete", "junctionTargetFieldId")


@dataclass
class ObjectComparison:
    """How the records of one object here differ from those in a folder."""

    name: str
    same: int = 0
    missing: list[str] = field(default_factory=list)
    """Ids that are in the folder and not here; the first 1,000 of `missing_count`."""
    extra: list[str] = field(default_factory=list)
    different: list[tuple[str, str, Any, Any]] = field(default_factory=list)
    """Id, field, value in the folder, value here."""
    missing_count: int = 0
    extra_count: int = 0
    different_count: int = 0

    @property
    def equal(self) -> bool:
        return not (self.missing_count or self.extra_count or self.different_count)


_SHOWN = 1000


async def compare_workspace(client: Client, folder: str | Path) -> list[ObjectComparison]:
    """Compares every record here, deleted ones too, with those of an exported folder: ids, values and relations.

    Left out is what the server writes by itself (`NOT_COMPARED`), and, since accounts cannot be moved, the workspace
    members themselves; what refers to them is compared by their e-mail addresses.
    """
    folder = Path(folder)
    _read_model(folder)
    catalogue = await serve_catalogue(client.endpoint("graphql"))
    members = await _members(client, catalogue, folder)
    found = []
    for names in sorted(catalogue.objects.values(), key=lambda one: one.plural):
        path = folder / f"{names.plural}.jsonl"
        if names.type_name != MEMBERS:
            found.append(await _compare(client, catalogue, names, path, members))
    known = {one.name for one in found} | {catalogue.names(MEMBERS).plural}
    for path in sorted(folder.glob("*.jsonl")):
        if path.stem not in known:
            ids = [str(row.values.get("id")) for row in JsonLinesSource(path).read()]
            found.append(ObjectComparison(path.stem, missing=ids[:_SHOWN], missing_count=len(ids)))
    return found


async def _compare(
    client: Client, catalogue: ServedCatalogue, names: Names, path: Path, members: Mapping[str, str]
) -> ObjectComparison:
    result = ObjectComparison(names.plural)
    shape = catalogue.shape(names.type_name)
    there = _rows(path, shape, members)
    columns = [one.selector for one in catalogue.columns(names.type_name) if one.path not in NOT_COMPARED]
    walk = RawWalk(client.endpoint("graphql"), names, columns, DELETED_TOO)
    before = _next(there)
    async for record in _records(walk):
        while before is not None and before["id"] < record["id"]:
            _miss(result, before)
            before = _next(there)
        if before is None or before["id"] != record["id"]:
            result.extra_count += 1
            result.extra += [record["id"]] if len(result.extra) < _SHOWN else []
            continue
        _differ(result, before, record, shape)
        before = _next(there)
    while before is not None:
        _miss(result, before)
        before = _next(there)
    return result


async def _records(walk: RawWalk) -> AsyncIterator[dict[str, Any]]:
    async for page in walk.pages():
        for record in page:
            yield record


def _next(rows: Iterator[Row]) -> dict[str, Any] | None:
    row = next(rows, None)
    return dict(row.values) if row is not None else None


def _miss(result: ObjectComparison, record: Mapping[str, Any]) -> None:
    result.missing_count += 1
    if len(result.missing) < _SHOWN:
        result.missing.append(record["id"])


def _differ(result: ObjectComparison, there: Mapping[str, Any], here: Mapping[str, Any], shape: Shape) -> None:
    left, right = dict(_flat(there)), dict(_flat(here))
    skipped = shape.file_fields
    paths = [one for one in dict.fromkeys(chain(left, right)) if one not in NOT_COMPARED and one not in skipped]
    paths = [one for one in paths if one.partition(".")[0] not in NOT_COMPARED]
    different = [one for one in paths if left.get(one) != right.get(one)]
    if different:
        result.different_count += 1
        for one in different:
            if len(result.different) < _SHOWN:
                result.different.append((here["id"], one, left.get(one), right.get(one)))
    else:
        result.same += 1


def _flat(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each value with its path. An object that is empty is none: servers of 2026 store it as null."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            for part, inner in value.items():
                yield f"{name}.{part}", None if inner == {} else inner
        else:
            yield name, value
