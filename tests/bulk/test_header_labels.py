"""Headers in the words of a workspace, and those that only look like a field of the record."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from aiotwenty import Twenty, bulk
from aiotwenty.bulk import InputError, Target, serve_catalogue


async def test_a_label_is_known_without_its_accents_and_suggested_for_a_slip(twenty: Twenty, tmp_path: Path) -> None:
    await twenty.workspace.create_field("company", "sector", "TEXT", label="Geschäftsbereich")
    endpoint = twenty.endpoint("graphql")
    companies = Target.named(endpoint, await serve_catalogue(endpoint), "companies")
    path = tmp_path / "a.csv"
    for header in ("Geschäftsbereich", unicodedata.normalize("NFD", "GESCHÄFTSBEREICH"), "Geschaftsbereich"):
        path.write_text(f"Firmenname,{header}\nA,x\n", encoding="utf-8")
        report = await bulk.load(companies, path, dry_run=True)
        assert [line.partition(" = ")[2].partition(" ")[0] for line in report.mapping.splitlines()] == [
            '"name"',
            '"sector"',
        ]
    path.write_text("Name,Geschäftsbereiche\nA,x\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"no field 'Geschäftsbereiche'; did you mean sector\?"):
        await bulk.load(companies, path, dry_run=True)


async def test_addresses_of_somebody_else_are_not_taken_for_the_records_own(twenty: Twenty, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for header in ("Lead owner", "Referred by", "Verantwortlich"):
        path.write_text(f"First name,{header}\nA,tim@seller.example\n")
        with pytest.raises(InputError, match=f"no field '{header}'"):
            await twenty.people.load(path, dry_run=True)
    path.write_text("First name,Contact,Account Owner\nA,a@acme.example,tim@seller.example\n")
    report = await twenty.people.load(path, preset="apollo", dry_run=True)
    assert "'Account Owner'" in next(note for note in report.notes if note.startswith("left out"))
