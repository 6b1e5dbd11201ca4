"""The errors of the sandbox, with the messages and codes of a Twenty server (July 2026)."""

from __future__ import annotations

import json
from typing import Any

from aiotwenty.sandbox.dialect import LATEST, Dialect
from aiotwenty.sandbox.javascript_messages import TOO_NESTED

GENERIC = "An error occurred."
BAD_INPUT = "BAD_USER_INPUT"


class RecordError(Exception):
    """An entry of `errors` in a response: a message and its extensions.

    `more` are further extensions, which come before `code`, as in Twenty.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = BAD_INPUT,
        sub_code: str | None = None,
        friendly: Any = None,
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.sub_code = sub_code
        self.friendly = friendly
        self.more = more or {}

    def as_dict(self, dialect: Dialect = LATEST) -> dict[str, Any]:
        """The error as responses have it. Older servers explain to users only expected errors, which are duplicates."""
        extensions: dict[str, Any] = {}
        if self.sub_code is not None:
            extensions["subCode"] = self.sub_code
        if self.friendly is not None:
            explained = dialect.explains_errors or "isExpected" in self.more
            extensions["userFriendlyMessage"] = self.friendly if explained else GENERIC
        return {"message": self.message, "extensions": {**extensions, **self.more, "code": self.code}}


def as_text(value: Any) -> str:
    """A value as JavaScript puts it into a string: lists without brackets."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join("" if each is None else as_text(each) for each in value)
    return "[object Object]" if isinstance(value, dict) else json.dumps(value)


def shown(value: Any) -> str:
    """A value as Node's `util.inspect` writes it, which is how Twenty quotes refused values."""
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, list):
        return f"[ {', '.join(map(shown, value))} ]" if value else "[]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key}: {shown(one)}' for key, one in value.items())} }}" if value else "{}"
    return json.dumps(value)  # NaN is written the same in both languages


# Arguments


def invalid_query(message: str, friendly: str = GENERIC) -> RecordError:
    return RecordError(message, sub_code="INVALID_QUERY_INPUT", friendly=friendly)


def unknown_argument(name: str) -> RecordError:
    return invalid_query(f"Argument not allowed: {name}")


def missing_argument(name: str, expected: str) -> RecordError:
    return invalid_query(f'Missing required argument: "{name}" ({expected})')


def invalid_argument(name: str, expected: str) -> RecordError:
    return invalid_query(f'Invalid argument: "{name}" must be {expected}')


def conflicting_arguments(one: str, other: str) -> RecordError:
    return RecordError(f"Cannot provide both {one} and {other}", sub_code="ARGS_CONFLICT", friendly=GENERIC)


def negative_argument(name: str) -> RecordError:
    sub_code = f"INVALID_ARGS_{name.upper()}"
    return RecordError(f"{name.capitalize()} argument must be non-negative", sub_code=sub_code, friendly=GENERIC)


def invalid_cursor(cursor: str | None = None) -> RecordError:
    message = "Invalid cursor" if cursor is None else f"Invalid cursor: {cursor}"
    return RecordError(message, sub_code="INVALID_CURSOR", friendly=GENERIC)


def not_groupable(name: str) -> RecordError:
    return invalid_query(f'Field "{name}" is not supported in groupBy')


def not_grouped(name: str) -> RecordError:
    return RecordError(f"Cannot order by a field that is not an aggregate nor in groupBy criteria: {name}.")


def no_such_column(table: str, name: str) -> RecordError:
    """Postgres's message about a composite field used as a column."""
    return RecordError(f"column {table}.{name} does not exist", code="INTERNAL_SERVER_ERROR", friendly=GENERIC)


def invalid_uuid_syntax(value: str) -> RecordError:
    """Postgres's message about an id that Twenty did not check."""
    return RecordError(f'invalid input syntax for type uuid: "{value}"', friendly="Invalid input provided.")


def missing_time_zone() -> RecordError:
    message = "Time zone should be specified for a group by date on Day, Week, Month, Quarter or Year"
    return RecordError(message, sub_code="MISSING_TIMEZONE_FOR_DATE_GROUP_BY", friendly=GENERIC)


def invalid_time_zone(zone: Any) -> RecordError:
    return RecordError(f"Invalid timezone: {as_text(zone)}", sub_code="INVALID_TIMEZONE", friendly=GENERIC)


def not_sortable(name: str) -> RecordError:
    message = f'Field "{name}" does not exist or is not sortable'
    return RecordError(message, sub_code="FIELD_NOT_FOUND", friendly=GENERIC)


# Records


def record_not_found() -> RecordError:
    return RecordError(
        "Record not found",
        code="NOT_FOUND",
        sub_code="RECORD_NOT_FOUND",
        friendly="This record does not exist or has been deleted.",
    )


def records_not_found() -> RecordError:
    return RecordError(
        "One or more records not found",
        code="NOT_FOUND",
        sub_code="RECORD_NOT_FOUND",
        friendly="One or more records were not found.",
    )


def not_null(column: str, table: str) -> RecordError:
    return RecordError(
        f'null value in column "{column}" of relation "{table}" violates not-null constraint',
        friendly="A required field is missing. Please provide all required values and try again.",
    )


def broken_reference(table: str, constraint: str, referring: str | None = None) -> RecordError:
    """A reference to a missing record; with `referring`, a record of `table` that others refer to."""
    what, where = ("insert or update", "") if referring is None else ("update or delete", f' on table "{referring}"')
    return RecordError(
        f'{what} on table "{table}" violates foreign key constraint "{constraint}"{where}',
        friendly="This operation references a record that does not exist or cannot be modified due to existing "
        "relationships.",
    )


def duplicate(label: str | None = None, conflicting_id: str | None = None, object_name: str = "") -> RecordError:
    """A unique value exists already. The server names the other record unless it is deleted or of this request."""
    if conflicting_id is None:
        friendly = "This record already exists. Please check your data and try again."
        return RecordError("A duplicate entry was detected", friendly=friendly)
    return RecordError(
        "A duplicate entry was detected",
        friendly=f"This {label} value is already in use. Please check your data and try again.",
        more={"conflictingRecordId": conflicting_id, "conflictingObjectNameSingular": object_name},
    )


def duplicate_value(label: str, value: Any) -> RecordError:
    """A duplicate in the words of a validating server (Twenty 1.10, November 2025)."""
    return RecordError(
        f"Duplicate {label} with value {value}. Please set a unique one.",
        friendly=f"This {label.lower()} with value {value} is already taken. Please choose a different value.",
        more={"isExpected": True},
    )


def ambiguous_upsert(values: list[str]) -> RecordError:
    message = (
        f"Multiple records found with the same unique field values for {', '.join(values)}. "
        "Cannot determine which record to update."
    )
    return RecordError(message, sub_code="UPSERT_MULTIPLE_MATCHING_RECORDS_CONFLICT", friendly=message)


def connects_by_no_unique_value(relation: str) -> RecordError:
    message = f"Missing required fields: at least one unique constraint have to be fully populated for '{relation}'."
    return RecordError(message, friendly=message)


def connect_failed(relation: str, found: int, condition: str) -> RecordError:
    return RecordError(
        f"Expected 1 record to connect to {relation}, but found {found} for {condition}",
        friendly=f"Can't connect to {relation}. No unique record found with condition: {condition}",
    )


# Documents and limits


DUPLICATE_ROOT = {
    "id": "UrzTjS",
    "message": "Duplicate root resolver found. Each root resolver can only be called once per document.",
}
"""The messages for users of `/metadata`; `/graphql` has none."""


def duplicate_root(name: str, friendly: dict[str, str] | None = None) -> RecordError:
    return RecordError(f'Duplicate root resolver: "{name}"', friendly=friendly)


def too_many_roots(number: int, allowed: int) -> RecordError:
    return RecordError(
        f"Query too complex - Too many root resolvers requested: {number} - Maximum allowed root resolvers: {allowed}"
    )


def too_many_fields(number: int, allowed: int) -> RecordError:
    return RecordError(
        f"Query too complex - Too many fields requested: {number} - Maximum allowed fields: {allowed}",
        friendly={
            "id": "pv+BoZ",
            "message": "The request is too complex to process. Please try reducing the amount of requested fields.",
        },
    )


def mixed_roots() -> RecordError:
    return RecordError("This query cannot be executed as a single request. Please split it into separate queries.")


def nested_to_many() -> RecordError:
    return RecordError(
        "Query complexity is too high. One-to-Many relation cannot be nested in another One-to-Many relation.",
        sub_code="TOO_COMPLEX_QUERY",
        friendly=GENERIC,
    )


def too_deep(allowed: int) -> RecordError:
    return RecordError(f"Maximum depth of {allowed} reached", sub_code="MAX_DEPTH_REACHED", friendly=GENERIC)


def undefined_property(name: str) -> RecordError:
    return RecordError(f"Cannot read properties of undefined (reading '{name}')", code="INTERNAL_SERVER_ERROR")


def javascript_failed(message: str) -> RecordError:
    """A JavaScript error, where Twenty has no check of its own."""
    return RecordError(message, code="INTERNAL_SERVER_ERROR")


def too_nested() -> RecordError:
    return javascript_failed(TOO_NESTED)


def data_not_valid() -> RecordError:
    """An error of the database, which Twenty hides in these words."""
    return RecordError("Data validation error.", code="INTERNAL_SERVER_ERROR")


def internal() -> RecordError:
    """An error in the sandbox itself; its log has the details."""
    return RecordError("Internal server error", code="INTERNAL_SERVER_ERROR", friendly=GENERIC)


def too_many_written(allowed: int, dialect: Dialect) -> RecordError:
    return RecordError(
        f"Maximum number of records to upsert is {allowed}.",
        sub_code=dialect.too_many_written_code,
        friendly=GENERIC,
    )


def too_many_updated(allowed: int) -> RecordError:
    return RecordError(
        f"Cannot update more than {allowed} records at once",
        friendly=f"You can only update up to {allowed} records at once.",
    )


def limit_reached(tokens: int, milliseconds: int) -> RecordError:
    return RecordError(
        f"Limit reached ({tokens} tokens per {milliseconds} ms)",
        sub_code="LIMIT_REACHED",
        friendly="Rate limit reached. Please try again later.",
    )


def read_timeout() -> RecordError:
    """A statement took longer than 10 s (Twenty, July 2026). Whether it was committed is unknown."""
    return RecordError("Query read timeout", code="INTERNAL_SERVER_ERROR")
