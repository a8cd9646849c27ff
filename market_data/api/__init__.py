"""The REST interface to the data, its coverage, and the work that brings it."""
