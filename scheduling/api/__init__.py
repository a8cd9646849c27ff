"""The REST interface to jobs and executions."""
