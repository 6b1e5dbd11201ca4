"""A web app that shares one client among its requests: `python -m examples.web_app`, then http://127.0.0.1:8080/companies?q=air

The client is opened when the app starts and closed when it stops. All requests share its connections and its rate
limit. `/hook` receives webhooks, and `/changes` shows their events.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from aiotwenty import Twenty, TwentyError
from examples.web_shared import Changes, health, matching, new_company, refusal_of, shown

TWENTY = web.AppKey("twenty", Twenty)
CHANGES = web.AppKey("changes", Changes)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

routes = web.RouteTableDef()


@routes.get("/companies")
async def search(request: web.Request) -> web.Response:
    """The first 20 companies whose name contains `q`."""
    wanted = matching(request.query.get("q", ""))
    page = await request.app[TWENTY].companies.find_many(filter=wanted, first=20)
    return web.json_response({"total": page.total_count, "companies": [shown(company) for company in page.records]})


@routes.get("/companies/{id}")
async def one(request: web.Request) -> web.Response:
    return web.json_response(shown(await request.app[TWENTY].companies.find_one(request.match_info["id"])))


@routes.post("/companies")
async def create(request: web.Request) -> web.Response:
    """Takes `{"name": …, "domain": …}`."""
    data = new_company(await request.json())
    return web.json_response(shown(await request.app[TWENTY].companies.create_one(data)), status=201)


@routes.get("/changes")
async def changes(request: web.Request) -> web.Response:
    return web.json_response(request.app[CHANGES].page())


@routes.get("/health")
async def healthy(request: web.Request) -> web.Response:
    status, told = await health(request.app[TWENTY])
    return web.json_response(told, status=status)


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except TwentyError as error:
        refusal = refusal_of(error)
        if refusal.status >= 500:
            request.app.logger.error("Twenty: %s", error)
        return web.json_response(refusal.body, status=refusal.status, headers=refusal.headers)
    except (KeyError, TypeError, ValueError) as error:
        return web.json_response({"error": f"the request makes no sense: {error}"}, status=400)


async def connect(app: web.Application) -> AsyncIterator[None]:
    async with Twenty() as twenty:
        app[TWENTY] = twenty
        yield


def make_app() -> web.Application:
    app = web.Application(middlewares=[errors])
    app[CHANGES] = Changes()
    app.add_routes(routes)
    app.router.add_post("/hook", app[CHANGES].receiver.aiohttp)
    app.cleanup_ctx.append(connect)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8080)
