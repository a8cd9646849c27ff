"""Run the tests again on PostgreSQL, where a server answers: STOCKSYNC_TEST_POSTGRESQL, else the local one."""

import os
import subprocess
import sys

import psycopg

ADDRESS = os.environ.get("STOCKSYNC_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432")


def main() -> int:
    try:
        psycopg.connect(f"{ADDRESS}/postgres", connect_timeout=3).close()
    except psycopg.OperationalError as error:
        print(f"No PostgreSQL at {ADDRESS}, its tests are left out: {error}")  # noqa: T201
        return 0
    command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    return subprocess.call(command, env={**os.environ, "DATABASE_URL": f"{ADDRESS}/stocksync"})


if __name__ == "__main__":
    sys.exit(main())
