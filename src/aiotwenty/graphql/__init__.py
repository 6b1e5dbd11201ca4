"""GraphQL: schemas, documents, selections, filters, and the responses to them."""
