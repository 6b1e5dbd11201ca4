"""What happens to the data model, and what else /metadata answers."""
