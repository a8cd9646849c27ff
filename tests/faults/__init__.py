"""Faults by the thousand on a running stack: what is stored, and what ran, must be right afterwards.

    python -m tests.faults                               three brokers with two databases, a quarter of an hour
    python -m tests.faults --only redis+postgresql --seconds 60

Prints the table of docs/reliability.md. Ends with 1 where anything was lost, doubled, unknown or run twice.
"""
