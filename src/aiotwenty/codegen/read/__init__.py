"""What is read: the schemas of a workspace, documents of the user, and what of them the server can do."""
