"""Bytes: one HTTP request from sending to answer. Neither GraphQL nor pydantic."""
