"""Why a write was refused, as a field of the error: whichever server it is."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from aiotwenty import DuplicateRecord, Twenty
from aiotwenty.core import CompanyCreateInput
from aiotwenty.errors import InvalidInput, Reason


async def test_a_duplicate_says_whether_the_other_record_is_live_deleted_or_sent_along(
    twenty: Twenty, tag: str
) -> None:
    link: Any = {"primary_link_url": f"https://{tag.lower().replace(' ', '-')}.example"}
    with pytest.raises(DuplicateRecord) as caught:
        await twenty.companies.create_many([CompanyCreateInput(name=tag, domain_name=link)] * 2)
    assert caught.value.reason is Reason.DUPLICATE_IN_REQUEST
    company = await twenty.companies.create_one({"name": tag, "domain_name": link})
    try:
        with pytest.raises(DuplicateRecord) as caught:
            await twenty.companies.create_one({"name": tag, "domain_name": link})
        assert caught.value.reason is Reason.DUPLICATE_OF_LIVE
        await twenty.companies.delete_one(company.id)
        with pytest.raises(DuplicateRecord) as caught:
            await twenty.companies.create_one({"name": tag, "domain_name": link})
        assert caught.value.reason is Reason.DUPLICATE_OF_DELETED
        assert caught.value.conflicting_id == str(company.id)
    finally:
        await twenty.companies.destroy_one(company.id)


async def test_a_relation_to_nothing_says_so(twenty: Twenty, tag: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await twenty.people.create_one({"name": {"last_name": tag}, "company_id": uuid4()})
    assert caught.value.reason is Reason.FOREIGN_KEY


async def test_more_records_than_fit_say_how_many_would_do(twenty: Twenty, tag: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await twenty.companies.create_many([CompanyCreateInput(name=tag)] * 201)
    assert (caught.value.reason, caught.value.allowed) == (Reason.TOO_MANY, 200)
