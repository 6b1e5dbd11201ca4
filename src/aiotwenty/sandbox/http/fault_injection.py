"""Makes faults happen to a request or its response."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from aiohttp import web

from aiotwenty.sandbox import errors
from aiotwenty.sandbox.dialect import Dialect
from aiotwenty.sandbox.faults import Fault

_HTML = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    "<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)
_SLOW_STEPS = 20


async def instead(
    request: web.Request, fault: Fault, roots: Mapping[str, str], dialect: Dialect
) -> web.StreamResponse | None:
    """The response of a fault that comes before execution; None to continue."""
    rest = request.path.startswith("/rest")
    match fault.kind:
        case "latency":
            await asyncio.sleep(fault.seconds)
        case "reset-before":
            return _reset(request)
        case "html":
            return web.Response(status=502, text=_HTML, content_type="text/html")
        case "error":
            body = {"statusCode": 500, "message": "Internal server error"}
            return web.json_response(body, status=500)
        case "busy":
            headers = {"Retry-After": f"{fault.seconds:g}"} if fault.seconds else None
            body = {"statusCode": 429, "error": "HttpException", "messages": ["Too many requests"]}
            return web.json_response(body, status=429, headers=headers)
        case "limit":
            error = errors.limit_reached(100, 60_000)
            if rest:
                refused = {"statusCode": 429, "error": "HttpException", "messages": [error.message]}
                return web.json_response(refused, status=429)
            return web.json_response({"data": dict.fromkeys(roots), "errors": [error.as_dict(dialect)]})
        case "read-timeout" if not fault.committed:
            return _read_timeout(request, roots)
    return None


def _read_timeout(
    request: web.Request, roots: Mapping[str, str], fault: Fault | None = None, answer: bytes = b""
) -> web.Response:
    """A response about a database that was too slow.

    If the document was answered, only the root fields that the fault names were too slow.
    """
    error = errors.read_timeout()
    if request.path.startswith("/rest"):
        body = {"statusCode": 400, "error": "BadRequestException", "messages": [error.message]}
        return web.json_response(body, status=400)
    slow = [key for key, name in roots.items() if fault is None or fault.fits([name])]
    whole = json.loads(answer) if len(slow) < len(roots) else {}
    data = {**(whole.get("data") or {}), **dict.fromkeys(slow)}
    return web.json_response({"data": data, "errors": [*whole.get("errors", ()), *(error.as_dict() for _ in slow)]})


async def afterwards(
    request: web.Request, response: web.StreamResponse, fault: Fault, roots: Mapping[str, str]
) -> web.StreamResponse:
    """Applies a fault to the response of an executed request."""
    if request.transport is None or request.transport.is_closing():
        # Another fault, or the client, has closed the connection.
        return response
    body = response.body if isinstance(response, web.Response) else None
    data = bytes(body) if isinstance(body, bytes | bytearray) else b""
    match fault.kind:
        case "reset-after":
            return _reset(request)
        case "read-timeout":
            return _read_timeout(request, roots, fault, data)
        case "cut":
            cut = await _begun(request, response, len(data))
            await cut.write(data[: len(data) // 2])
            return _reset(request, cut)
        case "slow":
            slow = await _begun(request, response, len(data))
            size = max(1, -(-len(data) // _SLOW_STEPS))
            parts = [data[place : place + size] for place in range(0, len(data), size)]
            for part in parts:
                await asyncio.sleep(fault.seconds / len(parts))
                await slow.write(part)
            await slow.write_eof()
            return slow
    return response


async def _begun(request: web.Request, response: web.StreamResponse, length: int) -> web.StreamResponse:
    """The same response, with its head already sent."""
    made = web.StreamResponse(status=response.status, headers={"Content-Type": response.headers["Content-Type"]})
    made.content_length = length
    await made.prepare(request)
    return made


def _reset(request: web.Request, response: web.StreamResponse | None = None) -> web.StreamResponse:
    """Resets the connection (RST); the returned response is not sent."""
    if request.transport is not None:
        request.transport.abort()
    return response or web.Response(status=500)
