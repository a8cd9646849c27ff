"""Rows out to files, and people's files in."""
