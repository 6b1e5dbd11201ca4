"""Reads the schemas of a workspace and the documents of the user, and checks that the server can execute them."""
