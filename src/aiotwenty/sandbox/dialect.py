"""The differences between the server versions that the sandbox can imitate, each with a name.

Twenty 2.19 is of July 2026, 1.10 of November 2025. Both were measured; docstrings explain surprising facts.
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
    """Whether GET requests can mutate. If not, GET still reaches queries of records."""
    reaches_records_everywhere: bool
    """Whether GET and `application/graphql` reach records; newer servers have only the static schema there."""
    answers_records_as_graphql_json: bool
    """Whether responses with records are `application/graphql-response+json` on request."""
    exposes_headers: bool
    explains_large_bodies: bool
    serves_assistants: bool
    """Whether there is `/mcp`."""
    rest_depth: int
    pages_rest_metadata: bool
    """Whether collections take parameters."""
    rest_deletes_once: bool
    """Whether deleting a second time is an error (not found)."""

    # Documents

    validates_documents: bool
    """Whether all documents are validated; newer servers walk documents of records without validation."""
    separates_mutations: bool
    """Whether queries reach no mutations, and mutations no queries."""
    names_missing_operation: bool
    limits_documents: bool
    """Whether fields, depth and repeated roots of validated documents are limited."""
    introspects_for_anyone: bool
    forbidden_code: str
    explains_errors: bool
    """Whether errors other than duplicates have a message for users."""
    too_many_written_code: str

    # Keys

    reads_token_headers: bool
    keys_act_as_people: bool
    """Whether keys may do at `/metadata` what otherwise only sessions may."""

    # The data model

    stores_empty_texts: bool
    """Whether texts are never NULL: without a value, they are empty."""
    wants_camel_case_names: bool
    creates_numeric_fields: bool
    checks_ids_of_metadata: bool
    wants_webhook_secrets: bool
    validates_webhooks: bool
    """Whether webhooks are validated as a whole, with errors by field."""

    # The schema of the records

    forgets_not_null_parts: bool
    """Whether the first schema of a process has three non-null parts of actors that later schemas lack."""
    declares_full_names_not_null: bool
    declares_null_in_lists_of_ids: bool
    declares_unreferred_types: bool
    declares_ends_with: bool
    filters_dates_by_value: bool
    """Whether dates are filtered by a plain value in the schema; objects with operators are accepted too."""
    reaches_through_relations: bool
    """Whether filters, orders and groups can go through relations."""

    # Filters and orders

    takes_loose_filters: bool
    """Whether `and` and `or` accept a single filter instead of a list, and `not` an empty one."""
    reads_first_operator: bool
    """Whether the first of several operators counts; newer servers refuse several."""
    searches_in_filters: bool
    lists_operators: bool
    """Whether errors about operators list those that exist."""
    matches_wildcards_at_start: bool
    """Whether `%` and `_` are wildcards in `startsWith`, as in `like`."""
    finds_none_in_no_options: bool
    leaves_values_to_database: bool
    """Whether Postgres checks most values, or nothing does."""
    skips_empty_entries: bool
    """Whether empty entries of orders and groups (`{name: null}`) are ignored."""
    keeps_foreign_keys_in_cursors: bool
    """Whether cursors contain foreign keys, which then make them fail."""
    wants_whole_names_in_cursors: bool
    takes_empty_parts_in_cursors: bool

    # Reading

    finds_without_filter: bool
    restricts_records: bool
    """Whether some records are hidden, and keys cannot create records of some objects."""
    reads_null_lists: bool
    reads_big_integers_as_texts: bool
    sums_of_nothing: bool
    """Whether aggregates have values if there are no records."""
    limits_related_together: bool
    """Whether the limit of related records is shared by all parents."""
    max_related_records: int
    max_relation_depth: int | None
    nests_lists: bool
    """Whether to-many relations can be selected below to-many relations."""
    needs_ids_for_lists: bool
    """Whether related lists are empty in related records without a selected id."""

    # Groups

    limits_groups: bool
    max_grouped_records: int
    groups_by_any_field: bool
    groups_in_time_zones: bool
    """Whether dates are grouped unchanged without a granularity, and a time zone is required with one."""
    explains_orders_of_groups: bool
    shows_groups_as_postgres: bool

    # Writing

    time_digits: int
    finds_ids_in_upper_case: bool
    """Whether upserts find ids in upper case."""
    answers_in_input_order: bool
    takes_relation_and_key: bool
    """Whether a write may have a relation and its foreign key."""
    connects_to_nothing: bool
    empties_composites_by_null: bool
    hides_database_errors: bool
    names_conflicting_records: bool
    stores_empty_lists: bool
    limits_updates: bool
    updates_deleted_records: bool
    asks_filters_again: bool
    """Whether a filter is applied again after writing, and the response leaves out records that no longer match."""
    merges_softly: bool
    """Whether merged records are soft-deleted, not destroyed."""
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
