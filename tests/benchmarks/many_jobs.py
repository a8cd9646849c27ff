"""5,000 jobs with 20 runs each: beat's tick, the lists of the admin and of the API, the scheduler's status, the
figures for Prometheus.

Prints the slowest of some tries beside its bar, on SQLite and on PostgreSQL.
"""

from contextlib import nullcontext

from tests.benchmarks.harness import installation, postgresql

INSIDE = "from tests.benchmarks import job_figures; job_figures.main()"


def main() -> None:
    for name in ("SQLite", "PostgreSQL"):
        with (
            postgresql() if name == "PostgreSQL" else nullcontext("") as database,
            installation("http://127.0.0.1:9", database, ALLOWED_HOSTS="testserver") as made,
        ):
            ran = made.run("shell", "--no-imports", "--command", INSIDE)
            print(f"{name}\n{ran.output}", end="")
            assert ran.code == 0


if __name__ == "__main__":
    main()
