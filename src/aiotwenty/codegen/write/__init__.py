"""Writes the modules of the generated package."""
