"""Writes a typed client for a workspace: introspection, operations, models, drift check."""
