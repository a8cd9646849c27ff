"""A small application with jobs, for tests with real processes."""
