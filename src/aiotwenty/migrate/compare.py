"""Compares a workspace with an exported folder: model, records, files, and views, roles, webhooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiotwenty.bulk.record_columns import RecordColumn
from aiotwenty.bulk.source import JsonLinesSource
from aiotwenty.bulk.target import Target
from aiotwenty.bulk.workspace_catalogue import ServedCatalogue, serve_catalogue
from aiotwenty.client import Client
from aiotwenty.errors import AuthenticationError, ConnectionFailed, TwentyError
from aiotwenty.migrate.beside_records import NAMES_ONLY, NEVER_READ, read_beside, stored_beside
from aiotwenty.migrate.compared_records import (
    DERIVED,
    NOT_COMPARED,
    RecordComparison,
    exported_records,
    flat,
    records_here,
    same,
)
from aiotwenty.migrate.comparison import ObjectComparison
from aiotwenty.migrate.data_model import read_model
from aiotwenty.migrate.described_model import NOT_COMPARED as NOT_COMPARED_OF_MODEL
from aiotwenty.migrate.described_model import described, differences
from aiotwenty.migrate.file_index import FileFolder
from aiotwenty.migrate.folder import ExportSummary, read_export
from aiotwenty.migrate.members import MEMBERS, Members, owner_fields, read_members
from aiotwenty.records.object_meta import ObjectNames
from aiotwenty.workspace.data_model import Object

_OF_THE_ACCOUNT = frozenset(
    {
        *("id", "userId", "userEmail", "createdAt", "updatedAt", "createdBy", "updatedBy", "position", "avatarUrl"),
        *("colorScheme", "locale", "timeZone", "dateFormat", "timeFormat", "numberFormat", "calendarStartDay"),
        *("uiScale", "openRecordIn", *DERIVED),
    }
)
"""Fields of a member that come from the account, and so differ between workspaces."""


async def compare_workspace(
    client: Client,
    folder: str | Path,
    *,
    members: str | Path | Mapping[str, str] | None = None,
    members_default: str | None = None,
    files: bool = True,
) -> list[ObjectComparison]:
    """Compares the workspace with an exported folder.

    It compares every field of every record, including deleted ones; owners, with the mapping of the load (`members` and
    `members_default`); files, by their names and the SHA-256 of their contents, which are read for it (not with
    `files=False`); the data model, as "data model"; and views, roles, webhooks and the like, by their names. Data that
    the key can't see is counted on both sides.

    Fields that the server sets itself (`NOT_COMPARED`), ids of the data model, accounts and keys are not compared:
    `not_compared` lists them, and how often they differ. If an object can't be compared, it has a `failure`, and the
    others are compared.
    """
    folder = Path(folder)
    model = read_model(folder)
    summary, beside_there = read_export(folder), stored_beside(folder)
    model_here = await client.workspace.objects()
    catalogue = await serve_catalogue(client._endpoint("graphql"))
    owners = await read_members(client, catalogue, folder, members, members_default)
    comparing = _Comparing(client, folder, catalogue, owners, summary, FileFolder.of(folder) if files else None)
    if comparing.files is not None:
        comparing.files.read()
    listed = sorted(catalogue.listed.values(), key=lambda names: names.plural)
    comparisons = [compare_models(model, model_here), *[await comparing.object(names) for names in listed]]
    comparisons += comparing.gone({comparison.name for comparison in comparisons})
    beside_here = await read_beside(client, model_here)
    untold = "views, roles, webhooks and similar, which the folder does not contain"
    comparisons[0].not_compared.append(untold if beside_there is None else NAMES_ONLY)
    for kind in sorted({*(beside_there or ()), *(beside_here if beside_there is not None else ())}):
        comparisons.append(_compare_beside(kind, (beside_there or {}).get(kind, []), beside_here.get(kind, [])))
    comparisons[0].not_compared.append(NEVER_READ)
    return comparisons


def compare_models(there: Sequence[Object], here: Sequence[Object]) -> ObjectComparison:
    """Compares objects and fields with all their traits: options of picklists, labels, settings, relations."""
    result = ObjectComparison("data model", not_compared=[", ".join(NOT_COMPARED_OF_MODEL)])
    places, places_here = described(there), described(here)
    for place, traits in places.items():
        if place not in places_here:
            result.miss(place)
            continue
        different = list(differences(traits, places_here[place], place))
        result.add(place, [(change.trait, change.there, change.here) for change in different])
        untold = [trait for trait in traits.keys() ^ places_here[place].keys() if trait != "relation"]
        result.untold.update(untold)
    for place in places_here.keys() - places.keys():
        result.find(place)
    if result.untold:
        result.not_compared.append(f"{', '.join(sorted(result.untold))}, which only one of the servers tells")
    return result


def _compare_beside(kind: str, there: list[str] | str, here: list[str] | str) -> ObjectComparison:
    result = ObjectComparison(kind)
    if isinstance(there, str) or isinstance(here, str):
        result.failure = there if isinstance(there, str) else str(here)
        return result
    missing, extra = Counter(there) - Counter(here), Counter(here) - Counter(there)
    result.same = len(there) - missing.total()
    for name in missing.elements():
        result.miss(name)
    for name in extra.elements():
        result.find(name)
    return result


@dataclass
class _Comparing:
    """Compares records, object by object."""

    client: Client
    folder: Path
    catalogue: ServedCatalogue
    owners: Members
    summary: ExportSummary | None
    files: FileFolder | None

    async def object(self, names: ObjectNames) -> ObjectComparison:
        result = ObjectComparison(names.plural)
        path = self.folder / f"{names.plural}.jsonl"
        exported = self.summary.objects.get(names.plural) if self.summary is not None else None
        if exported is not None:
            result.hidden_there = exported.hidden
            if exported.restricted:
                result.not_compared.append(f"{exported.restricted:,} values that the key could not see there")
        if exported is not None and exported.failure is not None:
            result.failure = f"it was not exported: {exported.failure}"
            return result
        if not path.exists() and exported is not None:
            result.failure = f"{path} is gone"
            return result
        try:
            target = Target(self.client._endpoint("graphql"), self.catalogue, names)
            columns = [column for column in self.catalogue.columns(names.type_name) if column.path not in DERIVED]
            if names.type_name == MEMBERS:
                await self._members(result, target, columns, path)
            else:
                await self._records(result, target, columns, path)
        except (AuthenticationError, ConnectionFailed):
            raise
        except TwentyError as error:
            result.failure = str(error)
        return result

    async def _records(self, result: ObjectComparison, target: Target, columns: list[RecordColumn], path: Path) -> None:
        owned = target.type_name in self.catalogue.objects
        owned = owned and MEMBERS in self.catalogue.to_one(target.type_name).values()
        joins = owner_fields(self.catalogue.shape(target.type_name)) if owned else []
        there = exported_records(path, joins, self.owners.expected)
        comparison = RecordComparison(self.client, result, columns, self.files)
        await comparison.run(there, target)

    async def _members(self, result: ObjectComparison, target: Target, columns: list[RecordColumn], path: Path) -> None:
        """Compares each exported member with its replacement. Members that are only here are no difference."""
        here = {record["id"]: record async for record in records_here(target, columns, result)}
        for exported in exported_records(path, [], str):
            member = str(exported.get("id"))
            stand_in = self.owners.found(member)
            if self.owners.is_another(member):
                result.not_compared.append(f"{self.owners.label(member)}, for whom another one stands")
            elif stand_in is None or stand_in not in here:
                result.miss(self.owners.label(member))
            else:
                left, right = dict(flat(exported)), dict(flat(here[stand_in]))
                paths = [path for path in left if path.partition(".")[0] not in _OF_THE_ACCOUNT]
                different = [path for path in paths if not same(left[path], right.get(path))]
                result.add(self.owners.label(member), [(path, left[path], right.get(path)) for path in different])
        meant = {self.owners.found(member) for member in self.owners.there}
        only_here = sorted(email for email, member in self.owners.here.items() if member not in meant)
        result.not_compared += [f"{email}, a member only here" for email in only_here]
        result.not_compared.append(f"of accounts: {', '.join(sorted(_OF_THE_ACCOUNT))}")

    def gone(self, known: set[str]) -> list[ObjectComparison]:
        """Objects of the folder that the workspace lacks."""
        comparisons = []
        for path in sorted(self.folder.glob("*.jsonl")):
            if path.stem not in known:
                result = ObjectComparison(path.stem, failure="this workspace has no such object")
                for row in JsonLinesSource(path).read():
                    result.miss(str(row.values.get("id")))
                comparisons.append(result)
        named = {comparison.name for comparison in comparisons} | known
        for name, exported in (self.summary.objects if self.summary is not None else {}).items():
            if name not in named:
                why = exported.failure or "its file is missing, and this workspace has no such object"
                comparisons.append(ObjectComparison(name, failure=f"it was not exported: {why}"))
        return comparisons


__all__ = ["NOT_COMPARED", "ObjectComparison", "compare_models", "compare_workspace"]
