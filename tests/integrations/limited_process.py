"""One of several processes under one limit: counts companies for a while, and prints what came of it."""

import asyncio
import json
import sys
import time

from aiotwenty import Hooks, RateLimited, RedisRateLimiter, ResponseEvent, Twenty


async def main(url: str, key: str, redis: str, callers: int, seconds: float) -> None:
    passed = refused = 0

    def see(event: ResponseEvent) -> None:
        nonlocal passed, refused
        passed += event.error is None
        refused += isinstance(event.error, RateLimited)

    async with Twenty(
        url, api_key=key, rate_limit=RedisRateLimiter(redis, "crm"), hooks=Hooks(on_response=see)
    ) as twenty:

        async def count() -> None:
            while (left := end - time.monotonic()) > 0:
                try:
                    async with asyncio.timeout(left):
                        await twenty.companies.count()
                except TimeoutError:
                    return

        # All begin at once, when all are there.
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        end = time.monotonic() + seconds
        await asyncio.gather(*(count() for _ in range(callers)))
    sys.stdout.write(json.dumps([passed, refused]))


_, url, key, redis, callers, seconds = sys.argv
asyncio.run(main(url, key, redis, int(callers), float(seconds)))
