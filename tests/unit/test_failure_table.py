"""One row for each way to fail: the class it becomes, the fields it carries, and whether it is sent again."""

# A table is read across: one row, one line.
# ruff: noqa: E501

from __future__ import annotations

import pickle
from dataclasses import dataclass, field
from typing import Any

import pytest

from aiotwenty import errors as e
from aiotwenty.client import Client
from aiotwenty.graphql import runtime as rt
from aiotwenty.transport.retry import RetryPolicy
from tests.support import recorded
from tests.unit.scripted import KEY, Answer, ScriptedServer, answer, fails

READ = rt.Operation("CountCompanies", "query", "query CountCompanies{companies{totalCount}}", "companies")
WRITE = rt.Operation(
    "CreateOneCompany",
    "mutation",
    "mutation CreateOneCompany($data:CompanyCreateInput!){createCompany(data:$data){id}}",
    "createCompany",
)


class Anything(rt.Record):
    id: rt.UUID | None = None


def invalid(message: str) -> Answer:
    """A validation error: no code, no data."""
    return answer({"errors": [{"message": message, "locations": [{"line": 1, "column": 3}]}]})


def rest(status: int, message: str, error: str) -> Answer:
    return answer({"statusCode": status, "messages": [message], "error": error}, status)


@dataclass
class Row:
    name: str
    answer: Answer
    error: type[e.TwentyError]
    retried: bool = False
    write: bool = False
    document: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    says: str = ""


NO = {"companies": None}
HTML = Answer(b"<html><h1>Bad gateway</h1></html>", content_type="text/html")
LIMITED = "Limit reached (100 tokens per 60000 ms)"
DUPLICATE = "A duplicate entry was detected"


def html(status: int) -> Answer:
    return Answer(HTML.body, status, "text/html")


ROWS = [
    # Who is asking
    Row("no token on /graphql", invalid('Cannot query field "companies" on type "Query".'), e.AuthenticationError, says="API key"),
    Row("no token for a mutation", invalid('Cannot query field "createCompany" on type "Mutation".'), e.AuthenticationError, write=True),
    Row("no token on /metadata", fails("Forbidden resource", "FORBIDDEN", data=None), e.PermissionDenied, fields={"code": "FORBIDDEN"}, says="Authorization header"),
    Row("no token on an older /metadata", fails("Forbidden resource", "INTERNAL_SERVER_ERROR", data=None), e.PermissionDenied),
    Row("malformed token", fails("Token invalid.", "UNAUTHENTICATED", "UNAUTHENTICATED"), e.AuthenticationError, fields={"sub_code": "UNAUTHENTICATED"}, says="TWENTY_API_KEY"),
    Row("malformed token with an object as user message", fails("Token invalid.", "UNAUTHENTICATED", userFriendlyMessage={"id": "z", "message": "no"}), e.AuthenticationError),
    Row("malformed token on an older server", fails("No payload", "UNAUTHENTICATED", "UNAUTHENTICATED"), e.AuthenticationError),
    Row("token of no type on an older server", fails("Unknown token error.", "BAD_USER_INPUT", "INVALID_INPUT"), e.AuthenticationError),
    Row("revoked key", fails("This API Key is revoked", "FORBIDDEN", "FORBIDDEN_EXCEPTION"), e.AuthenticationError, says="revoked"),
    Row("key that has expired", fails("This API Key is expired", "FORBIDDEN", "FORBIDDEN_EXCEPTION"), e.AuthenticationError, says="TWENTY_API_KEY"),
    Row("token that has expired", fails("Token has expired.", "UNAUTHENTICATED", "UNAUTHENTICATED"), e.AuthenticationError),
    Row("token of another type", fails("Invalid token type", "FORBIDDEN", "INVALID_JWT_TOKEN_TYPE"), e.AuthenticationError, says="TWENTY_API_KEY"),
    Row("token of another type, in REST", rest(403, "Invalid token type", "INVALID_JWT_TOKEN_TYPE"), e.AuthenticationError),
    Row("key that was cut off, in REST", rest(400, "Unknown token error.", "INVALID_INPUT"), e.AuthenticationError),
    Row("revoked key, in REST", rest(403, "This API Key is revoked", "FORBIDDEN_EXCEPTION"), e.AuthenticationError),
    Row("expired key, in REST", rest(403, "This API Key is expired", "FORBIDDEN_EXCEPTION"), e.AuthenticationError),
    Row("a user is needed", fails("This endpoint requires a user context. API keys are not supported.", "FORBIDDEN", "FORBIDDEN_EXCEPTION", data=None), e.PermissionDenied, fields={"reason": e.Reason.NEEDS_USER}, says="whatever its role"),
    Row("a user's id is needed", fails("User id is required", "UNAUTHENTICATED", "INVALID_AUTH_CONTEXT", data={"createBlocklist": None}), e.PermissionDenied, write=True, fields={"reason": e.Reason.NEEDS_USER}),
    Row("nobody may write it", fails("Method not allowed.", "FORBIDDEN", "FORBIDDEN", data={"createWorkflowRun": None}), e.PermissionDenied, write=True, fields={"reason": e.Reason.NOT_OFFERED}, says="whatever the role"),
    Row("another plan is needed", fails("This feature requires an Enterprise plan", "FORBIDDEN", "FORBIDDEN_EXCEPTION", data=None), e.PermissionDenied, fields={"reason": e.Reason.NEEDS_PLAN}, says="subscribed"),
    Row("introspection without token", invalid("GraphQL introspection has been disabled, but the requested query contained the field \"__schema\"."), e.AuthenticationError),
    Row("documented 401", answer({"statusCode": 401, "messages": ["Token invalid."], "error": "UNAUTHENTICATED"}, 401), e.AuthenticationError, fields={"status": 401}),
    Row("401 of a proxy", html(401), e.UnexpectedResponse, fields={"status": 401}, says="a proxy or firewall"),
    Row("401 without a body", Answer(b"", 401), e.UnexpectedResponse, says="its own credentials"),
    Row("407 of a proxy", Answer(b"", 407, None, {"Proxy-Authenticate": "Basic"}), e.UnexpectedResponse, says="Proxy-Authenticate: Basic"),
    Row("404 of a proxy", html(404), e.UnexpectedResponse, says="base URL"),
    Row("documented 403", answer({"statusCode": 403, "messages": ["Forbidden"], "error": "Forbidden"}, 403), e.PermissionDenied),
    Row("403 of a firewall", html(403), e.UnexpectedResponse, fields={"status": 403, "over_content": True, "text": "Bad gateway"}, says="firewall"),
    Row("403 of a firewall for a write", html(403), e.UnexpectedResponse, write=True, fields={"outcome_unknown": False}),
    Row("403 of a gateway that speaks JSON", answer({"message": "Forbidden"}, 403), e.UnexpectedResponse, says="a proxy or firewall"),
    Row("REST without token", rest(403, "Missing authentication token", "FORBIDDEN_EXCEPTION"), e.AuthenticationError),
    Row("session token needed", fails("This endpoint requires a session access token", "FORBIDDEN", "FORBIDDEN_EXCEPTION", data=None), e.PermissionDenied, says="whatever its role"),
    Row("permission denied", fails("Permission denied", "FORBIDDEN", "PERMISSION_DENIED", data=NO), e.PermissionDenied),
    # How often
    Row("rate limit", fails(LIMITED, "BAD_USER_INPUT", "LIMIT_REACHED", data=NO), e.RateLimited, retried=True, fields={"limit": 100, "per": 60.0}),
    Row("rate limit for a write", fails(LIMITED, "BAD_USER_INPUT", "LIMIT_REACHED", data={"createCompany": None}), e.RateLimited, retried=True, write=True),
    Row("rate limit with an unknown message", fails("Slow down", "BAD_USER_INPUT", "LIMIT_REACHED", data=NO), e.RateLimited, retried=True, fields={"limit": None}),
    Row("rate limit after another root field was executed", fails(LIMITED, "BAD_USER_INPUT", "LIMIT_REACHED", data={"a": {"id": "1"}, "b": None}), e.RateLimited, write=True, fields={"partial": True, "data": {"a": {"id": "1"}, "b": None}}),
    Row("documented 429", rest(429, LIMITED, "HttpException"), e.RateLimited, retried=True, fields={"status": 429, "per": 60.0}),
    Row("429 with Retry-After", answer({"message": "slow", "statusCode": 429}, 429, Retry_After="0"), e.RateLimited, retried=True, fields={"retry_after": 0.0}),
    Row("429 with a date that is past", answer({"message": "slow", "statusCode": 429}, 429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"), e.RateLimited, retried=True, fields={"retry_after": 0.0}),
    Row("429 of a proxy for a write", html(429), e.RateLimited, retried=True, write=True, says="not Twenty's own limit"),
    Row("documented 429 in the form of GraphQL", answer({"errors": [{"message": "Too many requests", "extensions": {"code": "BAD_USER_INPUT"}}]}, 429), e.RateLimited, retried=True, fields={"code": "BAD_USER_INPUT"}),
    Row("documented 401 in the form of GraphQL", answer({"errors": [{"message": "jwt expired", "extensions": {"code": "UNAUTHENTICATED"}}]}, 401), e.AuthenticationError),
    Row("a code says more than its message", fails("Forbidden resource", "UNAUTHENTICATED"), e.AuthenticationError),
    # What is not there
    Row("no such record", fails("Record not found", "NOT_FOUND", "RECORD_NOT_FOUND", data=NO), e.NotFoundError),
    Row("no such record, by code alone", fails("Nothing here", "NOT_FOUND", data=NO), e.NotFoundError),
    Row("no such record in REST", rest(404, "Record not found", "NotFoundException"), e.NotFoundError),
    Row("wrong path", answer({"message": "Cannot POST /nope/graphql", "error": "Not Found", "statusCode": 404}, 404), e.UnexpectedResponse, says="base URL"),
    Row("an older server and a slash too much", Answer(b"", 404, "text/html"), e.UnexpectedResponse),
    # Duplicates
    Row("duplicate value", fails(DUPLICATE, "BAD_USER_INPUT", conflictingRecordId="0f12a159-3b7b-4ac4-80b8-8b14e33530dc", conflictingObjectNameSingular="company"), e.DuplicateRecord, write=True, fields={"conflicting_id": "0f12a159-3b7b-4ac4-80b8-8b14e33530dc", "conflicting_object": "company"}),
    Row("duplicate id", fails(DUPLICATE, "BAD_USER_INPUT"), e.DuplicateRecord, write=True, fields={"conflicting_id": None}),
    Row("duplicate value on an older server", fails("Duplicate Domain Name with value https://x.example. Please set a unique one.", "BAD_USER_INPUT", isExpected=True), e.DuplicateRecord, write=True),
    Row("duplicate value in the database's words", fails('duplicate key value violates unique constraint "IDX_1"', "INTERNAL_SERVER_ERROR"), e.DuplicateRecord, write=True),
    Row("upsert that matches two records", fails("Multiple records", "BAD_USER_INPUT", "UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT"), e.InvalidInput, write=True),
    # Bad input
    Row("invalid data", fails('Invalid string value 5 for text field "name"', "BAD_USER_INPUT", "INVALID_ARGS_DATA"), e.InvalidInput, write=True),
    Row("invalid phone number", fails("Provided phone number is invalid abc", "BAD_USER_INPUT", "INVALID_PHONE_NUMBER"), e.InvalidInput, write=True),
    Row("two operators", fails('Filter for field "name" must have exactly one operator', "BAD_USER_INPUT", "INVALID_ARGS_FILTER", data=NO), e.InvalidInput),
    Row("unknown order", fails('Field "nope" does not exist or is not sortable', "BAD_USER_INPUT", "FIELD_NOT_FOUND", data=NO), e.InvalidInput),
    Row("bad cursor", fails("Invalid cursor: !!!", "BAD_USER_INPUT", "INVALID_CURSOR", data=NO), e.InvalidInput),
    Row("too many records", fails("Maximum number of records to upsert is 200.", "BAD_USER_INPUT", "TOO_MANY_RECORDS_TO_UPDATE"), e.InvalidInput, write=True, says="load"),
    Row("too many records to update", fails("Cannot update more than 200 records at once", "BAD_USER_INPUT", data={"updateCompanies": None}), e.InvalidInput, write=True, says="load"),
    Row("too many records on an older server", fails("Maximum number of records to upsert is 200.", "BAD_USER_INPUT", "UPSERT_MAX_RECORDS_EXCEEDED"), e.InvalidInput, write=True),
    Row("raw database message", fails("invalid input value for enum stage: \"NOPE\"", "BAD_USER_INPUT", data=NO), e.InvalidInput),
    Row("bad foreign key on an older server", fails('insert or update on table "person" violates foreign key constraint "FK_1"', "INTERNAL_SERVER_ERROR"), e.InvalidInput, write=True),
    Row("null in a NOT NULL column on an older server", fails('null value in column "stage" of relation "opportunity" violates not-null constraint', "INTERNAL_SERVER_ERROR"), e.InvalidInput, write=True),
    Row("wrong variable on an older server", answer({"errors": [{"message": 'Field "nme" is not defined by type "PersonCreateInput".', "extensions": {"http": {"status": 400}, "code": "BAD_USER_INPUT"}}]}, 400), e.InvalidInput, write=True, fields={"status": 400}),
    Row("bad UUID on an older server", answer({"errors": [{"message": "Invalid UUID", "extensions": {"value": "xyz", "code": "GRAPHQL_VALIDATION_FAILED", "http": {"status": 400}}}]}, 400), e.InvalidInput),
    Row("metadata validation", fails("Multiple validation errors occurred while creating fields", "METADATA_VALIDATION_FAILED", data=None), e.InvalidInput, write=True),
    Row("duplicate root field", fails('Duplicate root resolver: "companies"', "BAD_USER_INPUT", data={}), e.InvalidInput),
    Row("syntax error", invalid("Syntax Error: Expected Name, found <EOF>."), e.InvalidInput, document="{ companies {"),
    Row("unknown root field in one's own document", invalid('Cannot query field "nope" on type "Query".'), e.InvalidInput, document="{ nope { id } }"),
    Row("unknown field in one's own document", invalid('Cannot query field "nope" on type "Object".'), e.InvalidInput, document="{ objects { nope } }"),
    Row("no document", invalid("Must provide query string."), e.InvalidInput, document=" "),
    Row("batch", answer({"errors": [{"message": "Batching is not supported."}]}, 400), e.InvalidInput),
    Row("invalid JSON", answer({"message": "Expected property name or '}' in JSON at position 1", "error": "Bad Request", "statusCode": 400}, 400), e.InvalidInput),
    Row("several operations and no name", answer("GraphQLError: Must provide operation name when document contains multiple operations.\n    at x", 500), e.InvalidInput, write=True, says="operation name"),
    # Too much
    Row("too many root fields", fails("Query too complex - Too many root resolvers requested: 21 - Maximum allowed root resolvers: 20", "BAD_USER_INPUT", data={}), e.QueryTooComplex),
    Row("to-many in to-many", fails("Query complexity is too high. One-to-Many relation cannot be nested in another One-to-Many relation.", "BAD_USER_INPUT", "TOO_COMPLEX_QUERY"), e.QueryTooComplex),
    Row("too deep on an older server", fails("Maximum depth of 5 reached", "BAD_USER_INPUT", "MAX_DEPTH_REACHED"), e.QueryTooComplex),
    Row("more than the server takes", answer("request entity too large", 500), e.InvalidInput, write=True, says="10 MB"),
    Row("more than a proxy takes", html(413), e.UnexpectedResponse, write=True, fields={"status": 413}, says="send less"),
    # The server's own trouble
    Row("the server breaks over it", fails("Cannot read properties of undefined (reading 'id')", "INTERNAL_SERVER_ERROR", data=NO), e.ApiError, fields={"code": "INTERNAL_SERVER_ERROR", "reason": e.Reason.SERVER_BUG}),
    Row("the server breaks over a write", fails("Cannot read properties of null (reading 'map')", "INTERNAL_SERVER_ERROR", data={"createCompany": None}), e.ApiError, write=True, fields={"reason": e.Reason.SERVER_BUG, "outcome_unknown": True}),
    Row("the database refuses without a reason", fails("Data validation error.", "INTERNAL_SERVER_ERROR", data={"createCompany": None}), e.ApiError, write=True, fields={"reason": e.Reason.SERVER_BUG, "outcome_unknown": True}),
    Row("internal error that says nothing", fails("Internal Server Error", "INTERNAL_SERVER_ERROR", data=NO), e.ApiError, retried=True, fields={"reason": e.Reason.SERVER_TROUBLE}),
    Row("internal error that says nothing of a write", fails("Internal Server Error", "INTERNAL_SERVER_ERROR", data=None), e.ApiError, write=True, fields={"outcome_unknown": True}),
    Row("slow database, reading", fails("Query read timeout", "INTERNAL_SERVER_ERROR", data=NO), e.ApiError, retried=True, fields={"reason": e.Reason.DATABASE}),
    Row("slow database, writing", fails("Query read timeout", "INTERNAL_SERVER_ERROR", data={"createCompany": None}), e.ApiError, write=True, fields={"reason": e.Reason.DATABASE, "outcome_unknown": True}, says="unknown whether"),
    Row("slow database in REST", rest(400, "Query read timeout", "BadRequestException"), e.ApiError, retried=True, fields={"reason": e.Reason.DATABASE, "status": 400}),
    Row("slow database in REST, with HTTP 500", rest(500, "Query read timeout", "INTERNAL_SERVER_ERROR"), e.ApiError, retried=True, fields={"reason": e.Reason.DATABASE}),
    Row("no connection to the database", fails("timeout exceeded when trying to connect", "INTERNAL_SERVER_ERROR"), e.ApiError, write=True, fields={"reason": e.Reason.DATABASE, "outcome_unknown": True}),
    Row("lost connection to the database", fails("Connection terminated unexpectedly", "INTERNAL_SERVER_ERROR"), e.ApiError, retried=True, fields={"reason": e.Reason.DATABASE}),
    Row("database that restarts, with another code", fails("the database system is starting up", "BAD_USER_INPUT"), e.ApiError, retried=True, fields={"reason": e.Reason.DATABASE}),
    Row("words of the database in a value", fails("Invalid string value 'Query read timeout' for text field \"name\"", "BAD_USER_INPUT", "INVALID_ARGS_DATA"), e.InvalidInput, write=True),
    Row("file without a name's ending", fails("Filename must have an extension", "INTERNAL_SERVER_ERROR", data=None), e.InvalidInput, write=True),
    Row("file that is too large", fails("Invalid file size 1073741825 (max 1073741824 bytes)", "INTERNAL_SERVER_ERROR", data=None), e.InvalidInput, write=True),
    Row("file that is not there", fails("File not found: 69fd3b98-0b2a-4c2f-84a9-a1035cdad6da", "INTERNAL_SERVER_ERROR", data=None), e.NotFoundError, write=True),
    Row("internal error with HTTP 500, reading", answer({"errors": [{"message": "boom"}]}, 500), e.ApiError, retried=True),
    Row("internal error with HTTP 500, writing", answer({"errors": [{"message": "boom"}]}, 500), e.ApiError, write=True, fields={"outcome_unknown": True, "reason": e.Reason.SERVER_TROUBLE}),
    Row("framework error", answer({"statusCode": 500, "message": "Internal server error"}, 500), e.ApiError, retried=True),
    # What is no answer of Twenty's
    Row("HTML of a proxy, reading", html(502), e.UnexpectedResponse, retried=True, fields={"status": 502, "content_type": "text/html", "body": HTML.body.decode()}),
    Row("HTML of a proxy, writing", html(502), e.UnexpectedResponse, write=True, fields={"outcome_unknown": True}),
    Row("HTML with HTTP 200", html(200), e.UnexpectedResponse, fields={"status": 200}),
    Row("HTML with HTTP 200, writing", html(200), e.UnexpectedResponse, write=True, fields={"outcome_unknown": True}),
    Row("a proxy that waited too long for the request", Answer(b"", 408, "text/html"), e.UnexpectedResponse, retried=True),
    Row("unavailable", Answer(b"", 503, "text/plain"), e.UnexpectedResponse, retried=True),
    Row("unsupported media type", Answer(b"", 415, None), e.UnexpectedResponse),
    Row("empty body", Answer(b""), e.UnexpectedResponse, retried=True),
    Row("JSON that breaks off", Answer(b'{"data":{"companies":{"edg'), e.UnexpectedResponse, retried=True, fields={"truncated": True}),
    Row("JSON that breaks off, writing", Answer(b'{"data":{"createComp'), e.UnexpectedResponse, write=True, fields={"outcome_unknown": True}),
    Row("JSON that is no answer", answer({"hello": "world"}), e.UnexpectedResponse, says="world"),
    Row("a JSON list", answer([1, 2]), e.UnexpectedResponse),
    Row("a JSON string", answer("ok"), e.UnexpectedResponse),
    Row("JSON null", answer(None), e.UnexpectedResponse),
    Row("not UTF-8", Answer(b'{"data":"\xff\xfe"}'), e.UnexpectedResponse, retried=True),
    Row("JSON under a wrong label", Answer(b'{"data":{"companies":{"id":null}}}', content_type="text/html"), e.UnexpectedResponse, says="text/html"),
    Row("redirect", Answer(b"", 301, None, {"Location": "https://elsewhere.example/graphql"}), e.UnexpectedResponse, fields={"location": "https://elsewhere.example/graphql"}, says="not followed"),
    Row("redirect to nowhere", Answer(b"", 304, None), e.UnexpectedResponse, fields={"location": None}, says="HTTP 304 with an empty body"),
    Row("errors that are a text", answer({"errors": "boom", "data": None}), e.ApiError, says="boom"),
    Row("an error outside a list", answer({"errors": {"message": "Record not found"}}), e.NotFoundError),
    Row("login page", Answer(b"", 302, None, {"Location": "/login"}), e.UnexpectedResponse, fields={"status": 302}),
    Row("body cut short, reading", Answer(b'{"data":', cut=True), e.ConnectionFailed, retried=True),
    Row("body cut short, writing", Answer(b'{"data":', cut=True), e.ConnectionFailed, write=True, fields={"outcome_unknown": True}),
    Row("connection closed, reading", Answer(abort=True), e.ConnectionFailed, retried=True),
    Row("connection closed, writing", Answer(abort=True), e.ConnectionFailed, write=True, fields={"outcome_unknown": True}, says="unknown whether"),
    # What the client was not generated from
    Row("field that is gone", invalid('Cannot query field "tagline" on type "Company". Did you mean "name"?'), e.SchemaDrift, fields={"object": "Company", "field": "tagline"}, says="generate"),
    Row("null for a root field", answer({"data": {"companies": None}}), e.SchemaDrift, fields={"object": "Query", "field": "companies"}),
    Row("root field that did not come", answer({"data": {}}), e.SchemaDrift, fields={"field": "companies"}),
    Row("value of another type, after a write", answer({"data": {"createCompany": {"id": "not-a-uuid"}}}), e.SchemaDrift, write=True, fields={"answered": True, "outcome_unknown": True}, says="unknown whether"),
    Row("value of another type", answer({"data": {"companies": {"id": "not-a-uuid"}}}), e.SchemaDrift, fields={"object": "Anything", "field": "id"}),
    # Several errors
    Row("one of several is decisive", answer({"errors": [{"message": "odd"}, {"message": "Token invalid.", "extensions": {"code": "UNAUTHENTICATED"}}], "data": None}), e.AuthenticationError, says="1 more"),
    Row("partial success", answer({"errors": [{"message": "bad", "extensions": {"code": "BAD_USER_INPUT"}}], "data": {"createPerson": None, "createCompany": {"id": "1"}}}), e.InvalidInput, write=True, fields={"data": {"createPerson": None, "createCompany": {"id": "1"}}}),
    Row("one root field may be written, another is refused", answer({"errors": [{"message": "bad", "extensions": {"code": "BAD_USER_INPUT"}}, {"message": "Query read timeout", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}], "data": {"a": None, "b": None}}), e.ApiError, write=True, fields={"reason": e.Reason.DATABASE, "outcome_unknown": True}),
    Row("one root field may be written, another has to wait", answer({"errors": [{"message": LIMITED, "extensions": {"code": "BAD_USER_INPUT", "subCode": "LIMIT_REACHED"}}, {"message": "Query read timeout", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}], "data": {"a": None, "b": None}}), e.ApiError, write=True, fields={"outcome_unknown": True}),
    Row("errors that are no objects", answer({"errors": ["boom"], "data": None}), e.ApiError, says="boom"),
]  # fmt: skip


async def run(server: ScriptedServer, row: Row, policy: RetryPolicy) -> e.TwentyError:
    server.say(row.answer)
    async with Client(server.url, api_key=KEY, retry=policy, rate_limit=None) as client:
        transport = client.endpoint("graphql")
        if row.document is not None:
            call: Any = client.execute(row.document)
        elif row.write:
            call = transport.run(WRITE, Anything, {"data": {"name": "x"}})
        else:
            call = transport.run(READ, Anything, {})
        with pytest.raises(e.TwentyError) as caught:
            await call
    return caught.value


def test_the_table_has_a_row_for_each_way_to_fail() -> None:
    assert len(ROWS) >= 60
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_failure_is_one_class_with_its_fields(server: ScriptedServer, row: Row) -> None:
    # What is rate-limited is sent again for all of `total`.
    base, total = (0.2, 1) if row.error is e.RateLimited else (0, 30)
    error = await run(server, row, RetryPolicy(attempts=2, base=base, total=total, max_retry_after=0))
    assert type(error) is row.error
    attempts = sum(path == "/graphql" for path in server.paths)
    assert attempts > 1 if row.retried else attempts == 1
    assert error.attempts == attempts
    for name, value in row.fields.items():
        assert getattr(error, name) == value, name
    assert row.says in str(error)
    if row.document is None:
        assert error.operation == ("CreateOneCompany" if row.write else "CountCompanies")
        assert str(error).startswith(f"{error.operation}: ")
    assert KEY not in repr(error) + str(error) + repr(vars(error))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_failure_survives_pickling(server: ScriptedServer, row: Row) -> None:
    error = await run(server, row, RetryPolicy(attempts=1))
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


async def test_every_recorded_error_has_a_class_of_its_own_or_is_a_bug_of_the_server(server: ScriptedServer) -> None:
    exchanges = [
        exchange
        for exchange in recorded.exchanges()
        if isinstance(exchange["body"], dict) and exchange["body"].get("errors")
    ]
    assert len(exchanges) > 60
    vague: list[str] = []
    async with Client(server.url, api_key=KEY, retry=RetryPolicy(attempts=1), rate_limit=None) as client:
        for exchange in exchanges:
            server.say(answer(exchange["body"], exchange["status"]))
            with pytest.raises(e.ApiError) as caught:
                await client.execute("query Recorded { companies { totalCount } }")
            assert caught.value.errors == exchange["body"]["errors"]
            assert caught.value.status == exchange["status"]
            if type(caught.value) is e.ApiError and caught.value.reason is not e.Reason.SERVER_BUG:
                vague.append(exchange["name"])
    assert not vague


CUT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIyMDIwMjAy.c2lnbmF0dXJl"
"""A key of which a part got lost."""


@pytest.mark.parametrize(
    "broken",
    [
        fails("Internal Server Error", "INTERNAL_SERVER_ERROR"),
        rest(500, "Unterminated string in JSON at position 31", "INTERNAL_SERVER_ERROR"),
    ],
    ids=["GraphQL", "REST"],
)
async def test_what_the_server_breaks_over_is_the_key_if_it_cannot_be_read(
    server: ScriptedServer, broken: Answer
) -> None:
    server.say(broken)
    async with Client(server.url, api_key=CUT, retry=RetryPolicy(attempts=2, base=0)) as client:
        with pytest.raises(e.AuthenticationError, match="TWENTY_API_KEY"):
            await client.endpoint("graphql").run(READ, Anything, {})
        with pytest.raises(e.AuthenticationError, match="TWENTY_API_KEY"):
            await client.rest.get("companies")
    assert len(server.paths) == 2


async def test_a_root_field_that_metadata_does_not_know_is_drift(server: ScriptedServer) -> None:
    server.say(invalid('Cannot query field "index" on type "Query".'))
    operation = rt.Operation("Index", "query", "query Index{index{id}}", "index")
    async with Client(server.url, api_key=KEY) as client:
        with pytest.raises(e.SchemaDrift, match="introspect and generate again") as caught:
            await client.endpoint("metadata").run(operation, Anything, {})
    assert (caught.value.object, caught.value.field, caught.value.operation) == ("Query", "index", "Index")
    assert server.paths == ["/metadata"]
