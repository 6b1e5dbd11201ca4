"""What differs between the versions of the server that the sandbox answers like: asked by name, decided here.

Twenty 2.19 is of July 2026, 1.10 of November 2025. Both were measured; where a fact surprises, its docstring says so.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """The facts about one version."""

    version: str

    # HTTP

    keeps_alive_seconds: int
    takes_trailing_slash: bool
    takes_put: bool
    mutates_by_get: bool
    """Whatever GET reaches; a server that refuses mutations there lets queries of records through."""
    reaches_records_everywhere: bool
    """By GET and `application/graphql` too; a newer server answers these from its static schema alone."""
    answers_records_as_graphql_json: bool
    """With `application/graphql-response+json`, if it is asked for."""
    exposes_headers: bool
    explains_large_bodies: bool
    serves_assistants: bool
    """Has `/mcp`."""
    rest_depth: int
    pages_rest_metadata: bool
    """Its collections know parameters."""
    rest_deletes_once: bool
    """What is deleted already isn't found a second time."""

    # Documents

    validates_documents: bool
    """Against the schema, records or not; a newer server walks what asks for records by itself."""
    separates_mutations: bool
    """A query reaches no mutation, nor the other way round."""
    names_missing_operation: bool
    limits_documents: bool
    """Counts fields, depth and repeated roots of what it validates."""
    introspects_for_anyone: bool
    forbidden_code: str
    explains_errors: bool
    """Tells users what happened, not only of duplicates."""
    too_many_written_code: str

    # Keys

    reads_token_headers: bool
    keys_act_as_people: bool
    """Keys may do at `/metadata` what else a session may."""

    # The data model

    stores_empty_texts: bool
    """No text is NULL: what has no value is empty."""
    wants_camel_case_names: bool
    creates_numeric_fields: bool
    checks_ids_of_metadata: bool
    wants_webhook_secrets: bool
    validates_webhooks: bool
    """As a whole, with what is wrong by field."""

    # The schema of the records

    forgets_not_null_parts: bool
    """The first schema of a process says of three parts of an actor that they are not null, and no later one does."""
    declares_full_names_not_null: bool
    declares_null_in_lists_of_ids: bool
    declares_unreferred_types: bool
    declares_ends_with: bool
    filters_dates_by_value: bool
    """Dates are filtered by the type of the value itself; objects with operators are taken all the same."""
    reaches_through_relations: bool
    """Filters, orders and groups."""

    # Filters and orders

    takes_loose_filters: bool
    """`and` and `or` of one filter, and `not` of nothing."""
    reads_first_operator: bool
    """The first of several is what counts; a newer server refuses them."""
    searches_in_filters: bool
    lists_operators: bool
    """Says which there are when one isn't."""
    matches_wildcards_at_start: bool
    """`startsWith` takes `%` and `_` as `like` does."""
    finds_none_in_no_options: bool
    leaves_values_to_database: bool
    """Most are refused by Postgres or not at all."""
    skips_empty_entries: bool
    """Of orders and groups: `{name: null}` is as if it weren't there."""
    keeps_foreign_keys_in_cursors: bool
    """And then fails on them."""
    wants_whole_names_in_cursors: bool
    takes_empty_parts_in_cursors: bool

    # Reading

    finds_without_filter: bool
    restricts_records: bool
    """There are some that not everybody sees, and objects that no key creates records of."""
    reads_null_lists: bool
    reads_big_integers_as_texts: bool
    sums_of_nothing: bool
    """Aggregates of no records are given."""
    limits_related_together: bool
    """All parents share what may be related to them."""
    max_related_records: int
    max_relation_depth: int | None
    nests_lists: bool
    """To-many relations may be read below to-many relations."""
    needs_ids_for_lists: bool
    """A related record whose id isn't selected has no related lists."""

    # Groups

    limits_groups: bool
    max_grouped_records: int
    groups_by_any_field: bool
    groups_in_time_zones: bool
    """Dates are grouped as they are unless a granularity is asked for, and then a time zone is needed."""
    explains_orders_of_groups: bool
    shows_groups_as_postgres: bool

    # Writing

    time_digits: int
    finds_ids_in_upper_case: bool
    """An upsert does."""
    answers_in_input_order: bool
    takes_relation_and_key: bool
    """In one write."""
    connects_to_nothing: bool
    empties_composites_by_null: bool
    hides_database_errors: bool
    names_conflicting_records: bool
    stores_empty_lists: bool
    limits_updates: bool
    updates_deleted_records: bool
    asks_filters_again: bool
    """After writing: what no longer matches isn't told of."""
    merges_softly: bool
    """What was merged into another record is soft-deleted, not gone."""
    tells_of_upserts: bool
    tells_of_each_destroyed: bool


TWENTY_2_19 = Dialect(
    version="2.19",
    keeps_alive_seconds=65,
    takes_trailing_slash=True,
    takes_put=True,
    mutates_by_get=True,
    reaches_records_everywhere=False,
    answers_records_as_graphql_json=False,
    exposes_headers=True,
    explains_large_bodies=True,
    serves_assistants=True,
    rest_depth=1,
    pages_rest_metadata=True,
    rest_deletes_once=False,
    validates_documents=False,
    separates_mutations=False,
    names_missing_operation=True,
    limits_documents=True,
    introspects_for_anyone=False,
    forbidden_code="FORBIDDEN",
    explains_errors=True,
    too_many_written_code="TOO_MANY_RECORDS_TO_UPDATE",
    reads_token_headers=True,
    keys_act_as_people=False,
    stores_empty_texts=False,
    wants_camel_case_names=False,
    creates_numeric_fields=False,
    checks_ids_of_metadata=False,
    wants_webhook_secrets=False,
    validates_webhooks=True,
    forgets_not_null_parts=True,
    declares_full_names_not_null=False,
    declares_null_in_lists_of_ids=True,
    declares_unreferred_types=True,
    declares_ends_with=True,
    filters_dates_by_value=False,
    reaches_through_relations=True,
    takes_loose_filters=False,
    reads_first_operator=False,
    searches_in_filters=False,
    lists_operators=True,
    matches_wildcards_at_start=False,
    finds_none_in_no_options=True,
    leaves_values_to_database=False,
    skips_empty_entries=False,
    keeps_foreign_keys_in_cursors=False,
    wants_whole_names_in_cursors=False,
    takes_empty_parts_in_cursors=True,
    finds_without_filter=False,
    restricts_records=True,
    reads_null_lists=False,
    reads_big_integers_as_texts=False,
    sums_of_nothing=False,
    limits_related_together=False,
    max_related_records=60,
    max_relation_depth=None,
    nests_lists=False,
    needs_ids_for_lists=True,
    limits_groups=True,
    max_grouped_records=10,
    groups_by_any_field=False,
    groups_in_time_zones=True,
    explains_orders_of_groups=True,
    shows_groups_as_postgres=True,
    time_digits=3,
    finds_ids_in_upper_case=False,
    answers_in_input_order=True,
    takes_relation_and_key=False,
    connects_to_nothing=False,
    empties_composites_by_null=False,
    hides_database_errors=False,
    names_conflicting_records=True,
    stores_empty_lists=False,
    limits_updates=True,
    updates_deleted_records=True,
    asks_filters_again=True,
    merges_softly=False,
    tells_of_upserts=False,
    tells_of_each_destroyed=False,
)

TWENTY_1_10 = Dialect(
    version="1.10",
    keeps_alive_seconds=5,
    takes_trailing_slash=False,
    takes_put=False,
    mutates_by_get=False,
    reaches_records_everywhere=True,
    answers_records_as_graphql_json=True,
    exposes_headers=False,
    explains_large_bodies=False,
    serves_assistants=False,
    rest_depth=2,
    pages_rest_metadata=False,
    rest_deletes_once=True,
    validates_documents=True,
    separates_mutations=True,
    names_missing_operation=False,
    limits_documents=False,
    introspects_for_anyone=True,
    forbidden_code="INTERNAL_SERVER_ERROR",
    explains_errors=False,
    too_many_written_code="UPSERT_MAX_RECORDS_EXCEEDED",
    reads_token_headers=False,
    keys_act_as_people=True,
    stores_empty_texts=True,
    wants_camel_case_names=True,
    creates_numeric_fields=True,
    checks_ids_of_metadata=True,
    wants_webhook_secrets=True,
    validates_webhooks=False,
    forgets_not_null_parts=False,
    declares_full_names_not_null=True,
    declares_null_in_lists_of_ids=False,
    declares_unreferred_types=False,
    declares_ends_with=False,
    filters_dates_by_value=True,
    reaches_through_relations=False,
    takes_loose_filters=True,
    reads_first_operator=True,
    searches_in_filters=True,
    lists_operators=False,
    matches_wildcards_at_start=True,
    finds_none_in_no_options=False,
    leaves_values_to_database=True,
    skips_empty_entries=True,
    keeps_foreign_keys_in_cursors=True,
    wants_whole_names_in_cursors=True,
    takes_empty_parts_in_cursors=False,
    finds_without_filter=True,
    restricts_records=False,
    reads_null_lists=True,
    reads_big_integers_as_texts=True,
    sums_of_nothing=True,
    limits_related_together=True,
    max_related_records=200,
    max_relation_depth=5,
    nests_lists=True,
    needs_ids_for_lists=False,
    limits_groups=False,
    max_grouped_records=60,
    groups_by_any_field=True,
    groups_in_time_zones=False,
    explains_orders_of_groups=False,
    shows_groups_as_postgres=False,
    time_digits=6,
    finds_ids_in_upper_case=True,
    answers_in_input_order=False,
    takes_relation_and_key=True,
    connects_to_nothing=True,
    empties_composites_by_null=True,
    hides_database_errors=True,
    names_conflicting_records=False,
    stores_empty_lists=True,
    limits_updates=False,
    updates_deleted_records=False,
    asks_filters_again=False,
    merges_softly=True,
    tells_of_upserts=True,
    tells_of_each_destroyed=True,
)

LATEST, OLDEST = TWENTY_2_19, TWENTY_1_10
DIALECTS = {dialect.version: dialect for dialect in (LATEST, OLDEST)}
