"""One of several processes that move workspaces under one limit; prints what came of it."""

import asyncio
import json
import sys
from pathlib import Path

from aiotwenty import Hooks, RateLimited, RedisRateLimiter, ResponseEvent, Twenty, migrate


async def main(url: str, key: str, redis: str, folder: str) -> None:
    told = {"calls": 0, "shared": 0, "refused": 0, "failed": 0}

    def see(event: ResponseEvent) -> None:
        told["calls"] += 1
        told["shared"] += event.shared > 1
        told["refused"] += isinstance(event.error, RateLimited)
        told["failed"] += event.error is not None and not isinstance(event.error, RateLimited)

    async with (
        RedisRateLimiter(redis, "crm") as limiter,
        Twenty(url, api_key=key, rate_limit=limiter, hooks=Hooks(on_response=see)) as twenty,
    ):
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        reports = await migrate.load_workspace(twenty, Path(folder))
        wrong = [str(report) for report in reports if report.error or report.report.rejected]
        copy = await migrate.export_workspace(twenty, Path(folder, "copy"))
    sys.stdout.write(json.dumps({**told, "wrong": wrong, "read": {one.path.stem: one.records for one in copy}}))


asyncio.run(main(*sys.argv[1:]))
