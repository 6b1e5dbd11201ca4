"""Functions for events of webhooks that type checkers accept."""

from __future__ import annotations

from typing import assert_type

from aiotwenty import Select
from aiotwenty.core import Company
from aiotwenty.webhooks import WebhookEvent, WebhookReceiver

receiver = WebhookReceiver(["old", "new"])


class Card(Select[Company]):
    name: str | None


@receiver.on("company.created", "company.restored", record=Company)
async def typed(event: WebhookEvent, company: Company) -> int:
    return len(company.name or "")


@receiver.on("company.*", record=Card)
def selected(event: WebhookEvent, card: Card) -> None:
    print(card.name)  # noqa: T201


@receiver.on("*.*")
async def plain(event: WebhookEvent) -> str:
    return event.action


async def use(event: WebhookEvent, company: Company) -> None:
    assert_type(await typed(event, company), int)
    assert_type(await plain(event), str)
    assert_type(event.record_as(Company), Company)
