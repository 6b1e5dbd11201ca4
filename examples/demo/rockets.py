"""What a user writes once a package is generated from a workspace with rockets. The demo type-checks and runs it."""

from __future__ import annotations

import asyncio
import sys

from demo_crm import Twenty
from demo_crm.core import (
    CompanyFilterInput,
    RocketCreateInput,
    RocketFilterInput,
    RocketStatusEnum,
    RocketStatusEnumFilter,
    StringFilter,
)


async def main() -> None:
    async with Twenty() as twenty:
        maker = await twenty.companies.find_one(filter=CompanyFilterInput(name=StringFilter(like="Orbit%")))
        await twenty.rockets.create_many(
            [
                RocketCreateInput(name="Pathfinder", status=RocketStatusEnum.IN_ORBIT, maker_id=maker.id),
                RocketCreateInput(name="Kestrel", status=RocketStatusEnum.PLANNED, maker_id=maker.id),
            ]
        )
        flying = RocketFilterInput(status=RocketStatusEnumFilter(eq=RocketStatusEnum.IN_ORBIT))
        rockets = [rocket async for rocket in twenty.rockets.iterate(filter=flying)]
        names = [rocket.name for rocket in rockets]
        if (
            names != ["Pathfinder"]
            or rockets[0].maker_id != maker.id
            or rockets[0].status is not RocketStatusEnum.IN_ORBIT
        ):
            raise SystemExit(f"the rockets in orbit are {rockets}")
        sys.stdout.write(f"{await twenty.rockets.count()} rockets created, {names[0]} of {maker.name} is in orbit\n")


asyncio.run(main())
