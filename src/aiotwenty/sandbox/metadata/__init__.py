"""The `/metadata` endpoint: changes of the data model, and everything else that it serves."""
