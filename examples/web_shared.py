"""Code that the web applications of these examples share: pages, errors as HTTP, and received webhooks."""

from __future__ import annotations

import os
import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiotwenty import DuplicateRecord, InvalidArgument, InvalidInput, NotFoundError, RateLimited, Twenty, TwentyError
from aiotwenty.core import Company, CompanyCreateInput, CompanyFilterInput, StringFilter
from aiotwenty.webhooks import WebhookEvent, WebhookReceiver


@dataclass(frozen=True)
class Refusal:
    """An error as an HTTP response."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)


def refusal_of(error: TwentyError) -> Refusal:
    """An error of the client as HTTP: 4xx for mistakes of the caller, 5xx for errors of the CRM."""
    match error:
        case NotFoundError():
            return Refusal(404, {"error": "there is no such company"})
        case DuplicateRecord():
            return Refusal(409, {"error": "it is there already", "id": error.conflicting_id})
        case InvalidArgument() | InvalidInput():
            return Refusal(422, {"error": error.message})
        case RateLimited():
            return Refusal(503, {"error": "the CRM is busy"}, {"Retry-After": str(round(error.retry_after or 60))})
    return Refusal(502, {"error": "the CRM responded unexpectedly"})


def matching(text: str) -> CompanyFilterInput:
    """Companies whose name contains the text."""
    # % and _ are wildcards in Twenty's patterns.
    wanted = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return CompanyFilterInput(name=StringFilter(ilike=f"%{wanted}%"))


def new_company(given: dict[str, Any]) -> CompanyCreateInput:
    """The input for `{"name": …, "domain": …}`."""
    return CompanyCreateInput.model_validate(
        {"name": given["name"], "domainName": {"primaryLinkUrl": given.get("domain")}}
    )


def shown(company: Company) -> dict[str, str | None]:
    """The fields of a company that the pages show."""
    domain = company.domain_name.primary_link_url if company.domain_name else None
    return {"id": str(company.id), "name": company.name, "domain": domain}


async def health(twenty: Twenty) -> tuple[int, dict[str, str]]:
    """Whether the CRM answers within two seconds. The rate limit does not count this request."""
    try:
        await twenty.with_options(deadline=2).execute("{ currentWorkspace { id } }", endpoint="metadata")
    except TwentyError as error:
        return 503, {"crm": type(error).__name__}
    return 200, {"crm": "ok"}


class Changes:
    """The last changes of companies, from the webhooks that `receiver` receives.

    They are signed with TWENTY_WEBHOOK_SECRET. Without it nobody can sign any.
    """

    def __init__(self) -> None:
        self.receiver = WebhookReceiver(os.environ.get("TWENTY_WEBHOOK_SECRET") or secrets.token_hex(32))
        self.receiver.on("company.*", record=Company)(self.remember)
        self.count = 0
        self.latest: deque[dict[str, str | None]] = deque(maxlen=20)

    async def remember(self, event: WebhookEvent, company: Company) -> None:
        self.count += 1
        self.latest.appendleft({"action": event.action, **shown(company)})

    def page(self) -> dict[str, Any]:
        return {"count": self.count, "latest": list(self.latest)}
