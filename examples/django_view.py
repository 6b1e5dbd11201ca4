# mypy: disable-error-code="import-not-found,import-untyped,untyped-decorator,misc"
# pyright: reportMissingImports=false
"""A Django site with views that use Twenty: `gunicorn --threads 8 examples.django_view:application`

Under WSGI each worker process has one runner for all its threads; it starts when a view first uses it. In your
project, put `run` in a module of its own, such as `shop/crm.py`.
"""

from __future__ import annotations

import os

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse, StreamingHttpResponse
from django.urls import path

from aiotwenty import NotFoundError, Runner, TwentyError

run = Runner(timeout=10, application="django-crm/1.0")

if not settings.configured:
    settings.configure(
        SECRET_KEY=os.environ.get("SECRET_KEY", "only for this example"),
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        ROOT_URLCONF=__name__,
    )


def companies(request: HttpRequest) -> JsonResponse:
    """The first 20 companies whose name contains `q`."""
    wanted = request.GET.get("q", "")
    page = run(run.twenty.companies.find_many(filter={"name": {"ilike": f"%{wanted}%"}}, first=20))
    return JsonResponse({"total": page.total_count, "companies": [company.name for company in page.records]})


def company(request: HttpRequest, id: str) -> JsonResponse:
    """One company."""
    try:
        found = run(run.twenty.companies.find_one(id))
    except NotFoundError:
        return JsonResponse({"error": "there is no such company"}, status=404)
    except TwentyError as error:
        return JsonResponse({"error": error.message}, status=502)
    return JsonResponse({"id": str(found.id), "name": found.name})


def export(request: HttpRequest) -> StreamingHttpResponse:
    """All names, a line each, sent while they are read. When the browser disconnects, reading stops."""
    walk = run.iterate(run.twenty.companies.iterate())
    return StreamingHttpResponse((f"{company.name}\n" for company in walk), content_type="text/plain; charset=utf-8")


urlpatterns = [path("companies", companies), path("companies/<str:id>", company), path("export", export)]
application: WSGIHandler = get_wsgi_application()
