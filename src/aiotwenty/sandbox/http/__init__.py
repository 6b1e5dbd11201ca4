"""The HTTP server: requests, GraphQL, REST, files, and the order of checks."""
