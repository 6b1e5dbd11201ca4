"""Create a custom object, and load a CSV file into it: `python -m examples.load_custom_objects rentals.csv`

The file has the columns number, machine, status, from, website (of the customer). Run it again after a failure, or with
more rows: it creates every rental once. The name of a rental is its number; a company that is missing is created.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from aiotwenty import LoadReport, Twenty
from aiotwenty.workspace import RelationTo

MAPPING: dict[str, str | tuple[str, str]] = {
    "number": "name",
    "machine": "machine",
    "status": ("status", "option"),
    "from": ("begins", "date(%d.%m.%Y)"),
    "website": "company.domainName",
}


async def prepare(twenty: Twenty) -> None:
    """Creates the object and its fields, unless they exist."""
    workspace = twenty.workspace
    await workspace.ensure_object(
        "rental", "rentals", label_singular="Rental", label_plural="Rentals", icon="IconTruck"
    )
    await workspace.ensure_field("rental", "machine", "TEXT")
    await workspace.ensure_field("rental", "status", "SELECT", options=["BOOKED", "OUT", "BACK"])
    await workspace.ensure_field("rental", "begins", "DATE")
    await workspace.ensure_field("rental", "company", "RELATION", relation=RelationTo("company", label="Rentals"))


async def load(twenty: Twenty, file: Path) -> LoadReport:
    """Loads by `twenty.object("rentals")`; a client generated from the workspace also has `twenty.rentals`."""
    await prepare(twenty)
    return await twenty.object("rentals").load(
        file,
        mapping={**MAPPING},
        key="number",
        upsert=True,
        create_missing=True,
        rejects=file.with_suffix(".rejects.csv"),
    )


async def main(file: Path) -> int:
    async with Twenty() as twenty:
        report = await load(twenty, file)
    sys.stdout.write(f"{report}\n")
    return 4 if report.rejected else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
