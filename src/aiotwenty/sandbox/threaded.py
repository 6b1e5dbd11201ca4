"""A sandbox in a thread of its own, for callers without an event loop, or with one that they keep busy."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from aiotwenty.sandbox.sandbox import Sandbox


@contextmanager
def running_sandbox(**options: Any) -> Iterator[Sandbox]:
    """A running sandbox, for the time of the context; the arguments are those of `Sandbox`."""
    started: Future[tuple[Sandbox, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        try:
            sandbox = Sandbox(**options)
            await sandbox.start()
        except BaseException as error:
            started.set_exception(error)
            return
        stop = asyncio.Event()
        started.set_result((sandbox, asyncio.get_running_loop(), stop))
        try:
            await stop.wait()
        finally:
            await sandbox.aclose()

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="sandbox", daemon=True)
    thread.start()
    sandbox, loop, stop = started.result()
    try:
        yield sandbox
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
