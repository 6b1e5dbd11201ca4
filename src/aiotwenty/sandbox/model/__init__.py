"""What a workspace is: its data model, the schema and the types that follow from it."""
