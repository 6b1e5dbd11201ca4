"""One HTTP request, from sending to the bytes of its response. No GraphQL, no pydantic models."""
