"""The modules that are written."""
