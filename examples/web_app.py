"""A web app that shares one client among its requests: `python -m examples.web_app`, then http://127.0.0.1:8080/companies?q=air

The client is opened when the app starts and closed when it stops. All requests share its connections, and its pace
under the workspace's rate limit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from aiotwenty import DuplicateRecord, InvalidArgument, InvalidInput, NotFoundError, RateLimited, Twenty, TwentyError
from aiotwenty.core import Company, CompanyCreateInput, CompanyFilterInput, StringFilter

TWENTY = web.AppKey("twenty", Twenty)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

routes = web.RouteTableDef()


def shown(company: Company) -> dict[str, str | None]:
    """What this app tells of a company."""
    domain = company.domain_name.primary_link_url if company.domain_name else None
    return {"id": str(company.id), "name": company.name, "domain": domain}


@routes.get("/companies")
async def search(request: web.Request) -> web.Response:
    """The first 20 companies whose name contains `q`."""
    # % and _ are wildcards in Twenty's patterns.
    wanted = request.query.get("q", "").replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    page = await request.app[TWENTY].companies.find_many(
        filter=CompanyFilterInput(name=StringFilter(ilike=f"%{wanted}%")), first=20
    )
    return web.json_response({"total": page.total_count, "companies": [shown(company) for company in page.records]})


@routes.get("/companies/{id}")
async def one(request: web.Request) -> web.Response:
    return web.json_response(shown(await request.app[TWENTY].companies.find_one(request.match_info["id"])))


@routes.post("/companies")
async def create(request: web.Request) -> web.Response:
    """Takes `{"name": …, "domain": …}`."""
    given = await request.json()
    data = CompanyCreateInput.model_validate(
        {"name": given["name"], "domainName": {"primaryLinkUrl": given.get("domain")}}
    )
    return web.json_response(shown(await request.app[TWENTY].companies.create_one(data)), status=201)


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the client raises, as HTTP: the caller's mistakes are the caller's, all else is the CRM's."""
    try:
        return await handler(request)
    except NotFoundError:
        return web.json_response({"error": "there is no such company"}, status=404)
    except DuplicateRecord as error:
        return web.json_response({"error": "it is there already", "id": error.conflicting_id}, status=409)
    except (InvalidArgument, InvalidInput) as error:
        return web.json_response({"error": error.message}, status=422)
    except (KeyError, ValueError) as error:
        return web.json_response({"error": f"the request makes no sense: {error}"}, status=400)
    except RateLimited:
        return web.json_response({"error": "the CRM is busy"}, status=503, headers={"Retry-After": "60"})
    except TwentyError as error:
        request.app.logger.error("Twenty: %s", error)
        return web.json_response({"error": "the CRM does not answer as it should"}, status=502)


async def connect(app: web.Application) -> AsyncIterator[None]:
    async with Twenty() as twenty:
        app[TWENTY] = twenty
        yield


def make_app() -> web.Application:
    app = web.Application(middlewares=[errors])
    app.add_routes(routes)
    app.cleanup_ctx.append(connect)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=8080)
