"""A sandbox like the recorded workspace: its custom objects, and records for what the recordings look for."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from yarl import URL

from aiotwenty.sandbox import Sandbox
from aiotwenty.sandbox.model.model_text import read_objects, write_model

ANSWER_SECONDS = 20
STREAM_SECONDS = 3


def record_id(number: int) -> str:
    return f"20202020-0000-4000-8000-{number:012d}"


COMPANY, CONTACT = record_id(1), record_id(2)
CUSTOM = "probejhlki"
RECORDED_OBJECT, RECORDED_COMPANY = "e9eef2e5-1fad-4c5f-a18d-7ed5465fe705", "119d7554-adef-4728-af12-a063c6368c6f"
RECORDED_WEBHOOK = "399ee631-2004-4c99-b6c6-0c6f5d799727"
FOREIGN_TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJhIjoxfQ.c2ln"

Step = tuple[str, dict[str, Any]]
CREATE_COMPANIES = "mutation($d:[CompanyCreateInput!]!){ createCompanies(data:$d){ id } }"
CREATE_PEOPLE = "mutation($d:[PersonCreateInput!]!){ createPeople(data:$d){ id } }"


def companies(*given: dict[str, Any]) -> Step:
    return CREATE_COMPANIES, {"d": list(given)}


def people(*given: dict[str, Any]) -> Step:
    return CREATE_PEOPLE, {"d": list(given)}


@dataclass
class Answer:
    status: int
    content_type: str
    body: Any
    """Text where it is no JSON."""


CUSTOM_FIELDS: list[dict[str, Any]] = [
    {"name": "note1", "type": "TEXT"},
    {"name": "count1", "type": "NUMBER", "settings": {"dataType": "float", "decimals": 2}},
    {"name": "big1", "type": "NUMBER", "settings": {"dataType": "bigint"}},
    {"name": "stage1", "type": "SELECT", "options": ["ONE", "TWO"], "defaultValue": "'ONE'"},
    {"name": "tags1", "type": "MULTI_SELECT", "options": ["ONE", "TWO"]},
    {"name": "externalId1", "type": "TEXT", "isUnique": True},
    {"name": "company1", "type": "RELATION"},
    *(
        {"name": name, "type": of_type}
        for name, of_type in {
            "amount1": "CURRENCY",
            "site1": "LINKS",
            "flag1": "BOOLEAN",
            "day1": "DATE",
            "at1": "DATE_TIME",
            "mail1": "EMAILS",
            "phone1": "PHONES",
            "raw1": "RAW_JSON",
            "arr1": "ARRAY",
            "ext1": "UUID",
            "rate1": "RATING",
            "addr1": "ADDRESS",
            "full1": "FULL_NAME",
            "rich1": "RICH_TEXT",
        }.items()
    ),
]


@dataclass
class Workspace:
    """A sandbox with the custom objects of the recorded workspace, and a way back to how it was prepared."""

    sandbox: Sandbox
    session: aiohttp.ClientSession
    ids: dict[str, str] = field(default_factory=dict)
    """What the ids in recorded requests are called here."""
    snapshot: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect(":memory:"))
    model: str = ""
    revision: int = 0

    async def ask(self, path: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """The data of an answer that has no errors."""
        answer = await self.send({"endpoint": path, "operation": query, "variables": variables})
        assert "errors" not in answer.body, answer.body["errors"]
        data: dict[str, Any] = answer.body["data"]
        return data

    async def send(self, request: dict[str, Any]) -> Answer:
        """Sends what an exchange says; `meanwhile` is sent while the answer, a stream, is read."""
        headers = {}
        if (token := self.token(request.get("as"))) is not None:
            headers["Authorization"] = f"Bearer {token}"
        if "accept" in request:
            headers["Accept"] = request["accept"]
        url = URL(self.sandbox.url + request["endpoint"], encoded=True)
        async with self.session.request(
            request.get("method", "POST"), url, headers=headers, json=self._body(request)
        ) as response:
            meanwhile = request.get("meanwhile")
            text = await (response.text() if meanwhile is None else self._stream(response, meanwhile))
            return Answer(response.status, response.headers.get("Content-Type", ""), parsed(text))

    def _body(self, request: dict[str, Any]) -> Any:
        if request.get("operation") is None:
            return self.translated(request.get("request"))
        body = {"query": request["operation"], "variables": self.translated(request.get("variables"))}
        if "operationName" in request:
            body["operationName"] = request["operationName"]
        return body

    async def _stream(self, response: aiohttp.ClientResponse, meanwhile: list[dict[str, Any]]) -> str:
        """What is told until nothing more comes."""
        got = bytearray()

        async def read() -> None:
            async for part in response.content.iter_any():
                got.extend(part)

        reading = asyncio.create_task(read())
        await asyncio.sleep(STREAM_SECONDS / 10)
        for step in meanwhile:
            await self.send(step)
            await asyncio.sleep(STREAM_SECONDS / 10)
        await asyncio.wait([reading], timeout=STREAM_SECONDS / 3)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return got.decode()

    def translated(self, value: Any) -> Any:
        text = json.dumps(value)
        for theirs, ours in self.ids.items():
            text = text.replace(theirs, ours)
        return json.loads(text)

    def token(self, name: str | None) -> str | None:
        """What `as` in an exchange names; without it the API key."""
        key = self.sandbox.api_key
        match name:
            case None:
                return key
            case "none":
                return None
            case "user":
                return self.sandbox.user_token
            case "garbage":
                return "garbage"
            case "truncated":
                return key[:-1]
            case "longer":
                return key + "A"
            case "foreign":
                return FOREIGN_TOKEN
            case "expired":
                workspace = self.sandbox.workspace
                return workspace.new_api_key("Expired", expires_at="2020-01-01T00:00:00.000Z").token
            case "badly signed":
                return key[:-4] + ("AAAA" if key[-4:] != "AAAA" else "BBBB")
        raise NotImplementedError(f"the sandbox has no token of the kind {name!r}")

    def remember(self) -> None:
        self.sandbox.store.connection.backup(self.snapshot)
        self.model = write_model(self.sandbox.workspace.model)
        self.revision = self.sandbox.workspace.model.revision

    def back(self) -> None:
        self.snapshot.backup(self.sandbox.store.connection)
        if self.sandbox.workspace.model.revision != self.revision:
            self.sandbox.workspace.model.replace(read_objects(self.model))
            self.revision = self.sandbox.workspace.model.revision
        self.sandbox.store.forget()

    async def create_probe(self) -> None:
        """The object that the recorded requests about fields are made for."""
        given: dict[str, Any] = {"nameSingular": CUSTOM, "namePlural": f"{CUSTOM}s", "labelSingular": "Probe"}
        create = "mutation($i:CreateOneObjectInput!){ createOneObject(input:$i){ id } }"
        made = await self.ask("/metadata", create, {"i": {"object": {**given, "labelPlural": "Probes"}}})
        self.ids[RECORDED_OBJECT] = made["createOneObject"]["id"]

    async def create_probe_fields(self) -> None:
        create = "mutation($i:CreateOneFieldMetadataInput!){ createOneField(input:$i){ id } }"
        for spec in CUSTOM_FIELDS:
            given = {"label": spec["name"], **spec, "objectMetadataId": self.ids[RECORDED_OBJECT]}
            if "options" in spec:
                given["options"] = [
                    {"label": value.title(), "value": value, "color": "green", "position": position}
                    for position, value in enumerate(spec["options"])
                ]
            if spec["type"] == "RELATION":
                given["relationCreationPayload"] = {
                    "type": "MANY_TO_ONE",
                    "targetObjectMetadataId": self.ids[RECORDED_COMPANY],
                    "targetFieldLabel": "Probes",
                    "targetFieldIcon": "IconBox",
                }
            await self.ask("/metadata", create, {"i": {"field": given}})

    async def create_webhook(self) -> None:
        create = "mutation($i:CreateWebhookInput!){ createWebhook(input:$i){ id } }"
        made = await self.ask(
            "/metadata", create, {"i": {"targetUrl": "http://127.0.0.1:1/hook", "operations": ["pet.created"]}}
        )
        self.ids[RECORDED_WEBHOOK] = made["createWebhook"]["id"]


PET: dict[str, Any] = {
    "id": record_id(3),
    "name": "p",
    "traits": ["CURIOUS"],
    "interestingFacts": ["quick"],
    "pictures": {"secondaryLinks": [{"url": "https://a.example"}, {"url": "https://b.example", "label": "b"}]},
    "vetEmail": {"primaryEmail": "vet@example.com", "additionalEmails": ["second@example.com"]},
}


async def seed(workspace: Workspace) -> None:
    """Records for everything that the recorded requests look for."""
    member = (await workspace.ask("/graphql", "{ workspaceMembers{ edges{ node{ id } } } }"))["workspaceMembers"]
    owner = member["edges"][0]["node"]["id"]
    named = ["Housecall Pro", "Airtable", "airSlate", "Exabeam", "Stripe", "", ""]
    many: list[dict[str, Any]] = [{"name": name} for name in named]
    many[0] |= {"id": COMPANY, "accountOwnerId": owner, "domainName": {"primaryLinkUrl": "housecallpro.com"}}
    many[1] |= {"employees": 12.5, "accountOwnerId": owner, "annualRevenue": {"amountMicros": 10**7}}
    many[2] |= {"workPolicy": ["REMOTE_WORK"], "annualRevenue": {"amountMicros": 5}}
    many += [
        {"name": f"Company {number}", "domainName": {"primaryLinkUrl": f"https://c{number}.example"}}
        for number in range(193)
    ]
    await workspace.ask("/graphql", *companies(*many))
    contact = {"name": {"firstName": "Mark", "lastName": "Young"}, "companyId": COMPANY}
    contact |= {"emails": {"primaryEmail": "mark.young@example.com", "additionalEmails": ["x-1@example.com"]}}
    contact |= {"phones": {"primaryPhoneNumber": "612345678", "primaryPhoneCountryCode": "FR"}}
    others = [
        {"name": {"firstName": "Amanda"}, "emails": {"primaryEmail": f"a{number}@example.com"}, "companyId": COMPANY}
        | {"phones": {"primaryPhoneNumber": "712345671", "primaryPhoneCountryCode": "FR"}}
        for number in range(3)
    ]
    await workspace.ask("/graphql", *people({**contact, "id": CONTACT}, *others))
    created: dict[str, str] = {}
    for root, given in {
        "createOpportunity": {"name": "o"},
        "createNote": {"title": "n"},
        "createTask": {"title": "t"},
        "createRocket": {"name": "r"},
        "createPet": PET,
        "createPetCareAgreement": {"petId": PET["id"]},
        "createSurveyResult": {"score": 0.26, "percentageOfCompletion": 76.3561814092, "participants": 599}
        | {"averageEstimatedNumberOfAtomsInTheUniverse": 7.866767199974241e73, "comments": "Fuga"},
        "createAttachment": {"name": "a"},
        "createDashboard": {"title": "d"},
        "createMessage": {"subject": "m"},
        "createMessageThread": {},
        "createCalendarEvent": {"title": "c"},
        "createWorkflow": {"name": "w"},
        "createNoteTarget": {},
        "createTaskTarget": {},
        "createTimelineActivity": {"name": "company.created"},
    }.items():
        made = await workspace.ask("/graphql", f"mutation($d:X!){{ {root}(data:$d){{ id }} }}", {"d": given})
        created[root] = made[root]["id"]
    channel = workspace.sandbox.workspace.new_channel()
    for root, given in {
        "createMessageChannelMessageAssociation": {"messageId": created["createMessage"], "messageChannelId": channel}
        | {"direction": "INCOMING"},
        "createCalendarChannelEventAssociation": {"calendarEventId": created["createCalendarEvent"]}
        | {"calendarChannelId": channel},
    }.items():
        await workspace.ask("/graphql", f"mutation($d:X!){{ {root}(data:$d){{ id }} }}", {"d": given})


@asynccontextmanager
async def recorded_workspace(custom_objects: Any) -> AsyncIterator[Workspace]:
    """One that is prepared and remembers how it was."""
    async with Sandbox() as sandbox, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ANSWER_SECONDS)) as session:
        made = Workspace(sandbox, session)
        await custom_objects(made.ask)
        made.ids[RECORDED_COMPANY] = sandbox.workspace.model.objects["company"].id
        await seed(made)
        made.remember()
        yield made
        made.snapshot.close()


def parsed(text: str) -> Any:
    """JSON, or the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
