"""A web application of the examples under its real server, in a process of its own.

`python -m tests.support.web_server fastapi` prints its port. After SIGTERM it prints what is left open, as JSON: tasks,
sockets, and what Python warned of.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import socket
import sys
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from aiohttp import web

GRACE = 10


async def by_uvicorn(app: Any, listening: socket.socket, stop: asyncio.Event) -> None:
    import uvicorn

    # Of itself: SIGTERM is seen by uvicorn, which sends it once more when it has ended.
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=GRACE, access_log=False)
    await uvicorn.Server(config).serve(sockets=[listening])


async def by_hypercorn(app: Any, listening: socket.socket, stop: asyncio.Event) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{os.dup(listening.fileno())}"]  # which it closes
    config.graceful_timeout = GRACE
    config.errorlog = None

    async def stopped() -> None:
        await stop.wait()

    await serve(app, config, shutdown_trigger=stopped)


async def by_aiohttp(app: web.Application, listening: socket.socket, stop: asyncio.Event) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=GRACE)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    await stop.wait()
    await runner.cleanup()


APPS: dict[str, tuple[str, Callable[[Any, socket.socket, asyncio.Event], Awaitable[None]]]] = {
    "aiohttp": ("examples.web_app", by_aiohttp),
    "fastapi": ("examples.web_fastapi", by_uvicorn),
    "litestar": ("examples.web_litestar", by_uvicorn),
    "starlette": ("examples.web_starlette", by_hypercorn),
}


def sockets() -> int:
    """How many are open in this process."""
    found = 0
    for number in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found += str(number.readlink()).startswith("socket:")
    return found


async def main(name: str) -> dict[str, Any]:
    module, serve = APPS[name]
    before = sockets()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if serve is by_uvicorn:
        signal.signal(signal.SIGTERM, lambda *_: None)
    else:
        loop.add_signal_handler(signal.SIGTERM, stop.set)
    listening = socket.create_server(("127.0.0.1", 0), backlog=1000)
    print(listening.getsockname()[1], flush=True)  # noqa: T201
    await serve(import_module(module).make_app(), listening, stop)
    listening.close()
    left: dict[str, Any] = {}
    # What is closing takes a moment.
    for _ in range(100):
        await asyncio.sleep(0.1)
        gc.collect()
        tasks = [str(task) for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        left = {"tasks": tasks, "sockets": sockets() - before}
        if not any(left.values()):
            break
    return left


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    warnings.simplefilter("error")
    warned: list[str] = []
    sys.unraisablehook = lambda raised: warned.append(repr(raised.exc_value))
    left = asyncio.run(main(sys.argv[1]))
    gc.collect()
    print(json.dumps({**left, "warned": warned}), flush=True)  # noqa: T201
