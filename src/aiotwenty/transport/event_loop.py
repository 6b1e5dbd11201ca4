"""The event loop of a call, and advice if there is none."""

from __future__ import annotations

import asyncio
import sys

from aiotwenty.errors import ConfigurationError


def running_loop() -> asyncio.AbstractEventLoop:
    """The running event loop. Raises `ConfigurationError` without one, or in another library's."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        pass
    raise ConfigurationError(_advice())


def time_limit(seconds: float | None) -> asyncio.Timeout:
    """`asyncio.timeout`. Raises `ConfigurationError` outside of asyncio."""
    running_loop()
    return asyncio.timeout(seconds)


def _advice() -> str:
    if _library() == "trio":
        return (
            "aiotwenty runs on asyncio, not trio: use a Runner in a thread, such as "
            "`await trio.to_thread.run_sync(run, run.twenty.companies.count())`."
        )
    return "no asyncio event loop is running: use `asyncio.run(main())`, or a Runner."


def _library() -> str | None:
    # A program on another loop has imported sniffio; aiotwenty does not depend on it.
    sniffio = sys.modules.get("sniffio")
    if sniffio is None:
        return None
    try:
        library: str = sniffio.current_async_library()
    except sniffio.AsyncLibraryNotFoundError:
        return None
    return library
