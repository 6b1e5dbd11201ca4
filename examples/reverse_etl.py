"""Keep companies equal to a query of a warehouse: `python -m examples.reverse_etl postgresql+psycopg://host/shop`

With a date as second argument (2026-01-01), it loads only rows that changed since then: pass the date of the last
successful run. Run it as often as you like: companies are identified by their website. If it is killed, the same
command resumes. It needs SQLAlchemy and the driver of the database.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from sqlalchemy import create_engine, text

from aiotwenty import LoadReport, Twenty

# In a fixed order, because the journal identifies rows by their numbers. Micros are millionths of the currency.
QUERY = text("""
    select c.website, c.name, c.city, cast(sum(o.amount) * 1000000 as bigint) as revenue, 'EUR' as currency
    from customers c left join orders o on o.customer_id = c.id
    where c.updated_at >= :since
    group by c.id, c.website, c.name, c.city
    order by c.id
""")
MAPPING = {
    "website": "domainName.primaryLinkUrl",
    "name": "name",
    "city": "address.addressCity",
    "revenue": "annualRevenue.amountMicros",
    "currency": "annualRevenue.currencyCode",
}


async def sync(twenty: Twenty, warehouse: str, since: str, folder: Path) -> LoadReport:
    """Loads the rows that changed since then; the journal and the rejects are written to `folder`."""
    engine = create_engine(warehouse)
    try:
        # The rows stay in the database until they are fetched, a thousand at a time.
        with engine.connect().execution_options(stream_results=True) as connection:
            return await twenty.companies.load(
                connection.execute(QUERY, {"since": since}),
                mapping=MAPPING,
                key="website",
                upsert=True,
                source=f"customers since {since}",
                journal=folder / f"customers-{since}.db",
                rejects=folder / f"customers-{since}.rejects.csv",
            )
    finally:
        engine.dispose()


async def main(warehouse: str, since: str = "1970-01-01") -> int:
    async with Twenty() as twenty:
        report = await sync(twenty, warehouse, since, Path.cwd())
    sys.stdout.write(f"{report}\n")
    return 4 if report.rejected else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
