"""A workspace's data model, and the schema and types derived from it; API keys, roles and webhooks."""
