"""GraphQL as the server reads it: documents, variables, validation."""
