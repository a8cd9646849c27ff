"""The whole database: out into a file, in again, and over from SQLite to PostgreSQL."""
