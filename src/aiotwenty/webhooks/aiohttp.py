"""A receiver as a handler of aiohttp's server."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from aiotwenty.webhooks.answering import BodyRefused, Receiver, read_body


async def respond(receiver: Receiver, request: web.BaseRequest) -> web.StreamResponse:
    """Responds to one request."""
    if request.method != "POST":
        return web.Response(status=HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": "POST"})
    length = request.headers.get("Content-Length")
    try:
        body = await read_body(request.content.iter_any(), receiver.max_bytes, length)
    except BodyRefused as refused:
        return _end(refused.status)
    except (web.PayloadAccessError, web.RequestPayloadError, ConnectionError):
        # An interrupted request: aiohttp would log it as an error of the application, and anybody could cause it.
        return _end(HTTPStatus.BAD_REQUEST)
    return web.Response(status=await receiver.answer(body, request.headers))


def _end(status: int) -> web.Response:
    response = web.Response(status=status)
    response.force_close()
    return response
