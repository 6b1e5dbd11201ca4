"""What data people run: a notebook in a kernel, and a warehouse in a real PostgreSQL."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aiotwenty import Twenty
from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.threaded import running_sandbox
from tests.integrations.programs import PYTHON, ROOT, environment
from tests.support.ports import free_port

pytestmark = pytest.mark.integrations


async def test_the_notebook_reads_draws_and_writes_the_pipeline(tmp_path: Path) -> None:
    with running_sandbox() as sandbox:
        async with Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
            await twenty.opportunities.load(
                {
                    "name": f"Deal {number}",
                    "stage": ("NEW", "MEETING", "CUSTOMER")[number % 3],
                    "closeDate": "2020-01-01" if number < 9 else None,
                    "amount": {"amountMicros": number * 1_000_000, "currencyCode": "EUR"},
                }
                for number in range(30)
            )
            ran = await asyncio.to_thread(
                subprocess.run,
                [
                    str(PYTHON),
                    str(ROOT / "tests/integrations/run_notebook.py"),
                    str(ROOT / "examples/notebooks/pipeline.ipynb"),
                ],
                cwd=tmp_path,
                env=environment(
                    sandbox, JUPYTER_PLATFORM_DIRS="1", IPYTHONDIR=str(tmp_path), MPLCONFIGDIR=str(tmp_path)
                ),
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert ran.returncode == 0, ran.stderr
            told = json.loads(ran.stdout.splitlines()[-1])
            assert "image/png" in told["kinds"]
            assert "'6 of 6 put off, 0 rejected'" in told["texts"]
            table = await twenty.opportunities.to_arrow(fields=["stage", "closeDate"])
            rows = [(row["stage"], row["closeDate"]) for row in table.to_pylist() if row["closeDate"]]
            assert sorted(stage for stage, moment in rows if moment.year == 2020) == ["CUSTOMER"] * 3
            assert len(rows) == 9


def programs() -> Path | None:
    """Where initdb and postgres are: on the path, or where Debian puts them."""
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


@contextmanager
def postgres(folder: Path, bin_: Path) -> Iterator[str]:
    """The address of a database of its own. It does not run as root: then it is that of the user `postgres`."""
    user = "postgres" if os.geteuid() == 0 else getpass.getuser()
    data, port = folder / "data", free_port()
    data.mkdir()
    if os.geteuid() == 0:
        shutil.chown(data, user)
        for parent in (folder, *folder.parents):
            if str(parent).startswith("/tmp/"):
                parent.chmod(parent.stat().st_mode | 0o011)
    initdb = [bin_ / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"]
    subprocess.run(list(map(str, initdb)), user=user, check=True, capture_output=True, cwd=data)
    options = ["-p", str(port), "-k", str(data), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
    with (folder / "postgres.log").open("wb") as log:
        server = subprocess.Popen(
            [str(bin_ / "postgres"), "-D", str(data), *options], user=user, cwd=data, stdout=log, stderr=log
        )
    address = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
    try:
        for _ in range(1200):
            ready = [str(bin_ / "pg_isready"), "-h", "127.0.0.1", "-p", str(port)]
            if subprocess.run(ready, capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.1)
        else:
            raise AssertionError((folder / "postgres.log").read_text())
        yield address
    finally:
        server.terminate()
        server.wait(120)


SHOP = """
create table customers (id serial primary key, website text, name text, city text, updated_at timestamptz);
create table orders (customer_id integer references customers, amount numeric(12, 2));
insert into customers (website, name, city, updated_at)
    select 'https://c' || n || '.example', 'Customer ' || n, nullif('City ' || n % 7, 'City 0'), '2026-01-01'
    from generate_series(1, 2500) as n;
insert into orders select n, n + 0.25 from generate_series(1, 2500, 2) as n;
"""


def psql(bin_: Path, address: str, statement: str) -> None:
    plain = address.replace("+psycopg", "")
    subprocess.run([str(bin_ / "psql"), "-q", "-v", "ON_ERROR_STOP=1", plain, "-c", statement], check=True)


def sync(sandbox: Sandbox, address: str, folder: Path, since: str) -> str:
    return example(sandbox, folder, "reverse_etl", address, since)


def example(sandbox: Sandbox, folder: Path, name: str, *arguments: str) -> str:
    ran = subprocess.run(
        [str(PYTHON), "-m", f"examples.{name}", *arguments],
        cwd=folder,
        env=environment(sandbox, PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


async def test_companies_are_kept_as_a_query_of_postgresql_says(tmp_path: Path) -> None:
    bin_ = programs()
    if bin_ is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with running_sandbox() as sandbox, postgres(tmp_path, bin_) as address:
        psql(bin_, address, SHOP)
        assert "2,500" in sync(sandbox, address, tmp_path, "2026-01-01")
        psql(bin_, address, "update customers set city = 'Rome', updated_at = '2026-02-01' where id <= 10")
        sync(sandbox, address, tmp_path, "2026-02-01")
        async with Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
            fields = ["name", "address.addressCity", "annualRevenue.amountMicros"]
            table = await twenty.companies.to_arrow(fields=fields)
            rows = {row["name"]: (row[fields[1]], row[fields[2]]) for row in table.to_pylist()}
        assert len(rows) == table.num_rows == 2500
        assert rows["Customer 1"] == ("Rome", 1_250_000)
        assert rows["Customer 10"] == ("Rome", None)
        assert rows["Customer 11"] == ("City 4", 11_250_000)
        assert rows["Customer 14"][0] == ""


async def test_a_table_of_postgresql_and_the_companies_are_kept_alike(tmp_path: Path) -> None:
    bin_ = programs()
    if bin_ is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with running_sandbox() as sandbox, postgres(tmp_path, bin_) as address:
        async with Twenty(sandbox.url, api_key=sandbox.api_key) as twenty:
            await twenty.companies.create_one(
                {"name": "Air", "domain_name": {"primary_link_url": "https://air.example"}}
            )
            example(sandbox, tmp_path, "two_way_sync", address)
            psql(
                bin_,
                address,
                """
                insert into customers (website, name, city)
                    select 'https://c' || n || '.example', 'Customer ' || n, 'City' from generate_series(1, 1200) as n;
                update customers set name = 'Ours' where name = 'Air';
                """,
            )
            air = await twenty.companies.find_one(filter={"name": {"eq": "Air"}})
            await twenty.companies.update_one(air.id, {"name": "Theirs"})
            assert example(sandbox, tmp_path, "two_way_sync", address) == "1 taken, 1200 sent, 0 deleted, 1 conflicts\n"
            psql(bin_, address, "delete from customers where name like 'Customer 11%'")
            assert example(sandbox, tmp_path, "two_way_sync", address) == "0 taken, 0 sent, 111 deleted, 0 conflicts\n"
            assert example(sandbox, tmp_path, "two_way_sync", address) == "0 taken, 0 sent, 0 deleted, 0 conflicts\n"
            assert await twenty.companies.count() == 1201 - 111
