"""The server's side of GraphQL: documents, variables, validation."""
