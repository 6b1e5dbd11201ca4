# mypy: disable-error-code="import-not-found,import-untyped,untyped-decorator,misc"
# pyright: reportMissingImports=false
"""A Flask app that uses Twenty: `gunicorn --threads 8 examples.flask_app:app`"""

from __future__ import annotations

from typing import Any

from flask import Flask, request

from aiotwenty import NotFoundError, Runner

app = Flask(__name__)
run = Runner(timeout=10, application="flask-crm/1.0")


@app.get("/companies")
def companies() -> dict[str, Any]:
    wanted = request.args.get("q", "")
    page = run(run.twenty.companies.find_many(filter={"name": {"ilike": f"%{wanted}%"}}, first=20))
    return {"total": page.total_count, "companies": [company.name for company in page.records]}


@app.post("/companies")
def create() -> tuple[dict[str, Any], int]:
    company = run(run.twenty.companies.create_one({"name": request.get_json()["name"]}))
    return {"id": str(company.id), "name": company.name}, 201


@app.errorhandler(NotFoundError)
def not_found(error: NotFoundError) -> tuple[dict[str, Any], int]:
    return {"error": "no such record"}, 404


@app.get("/companies/<id>")
def company(id: str) -> dict[str, Any]:
    found = run(run.twenty.companies.find_one(id))
    return {"id": str(found.id), "name": found.name}
