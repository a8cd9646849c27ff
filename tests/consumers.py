"""The snippets of docs/reading.md in another Python, which has the libraries that people hand the data to.

`python -m tests.consumers OTHER_PYTHON`; prints one line a snippet, and ends with 1 where one failed.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.harness import installation, standin
from tests.test_reading_docs import SNIPPETS


def main(python: str) -> int:
    failed = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        standin("--stocks", "6", "--days", "200", "--seed", "1") as (url, _),
        installation(url) as made,
    ):
        made.run("sync", "all", "--json")
        made.run("export", "daily", "--adjust", "qfq", "--output", f"{folder}/daily.parquet", "--json")
        made.run("export", "daily", "--output", f"{folder}/daily.csv", "--json")
        symbol = (Path(folder) / "daily.csv").read_text().splitlines()[1].split(",")[0]
        for mark, snippet in SNIPPETS:
            if mark or "market_data" in snippet:
                continue
            code = snippet.replace("600000.SH", symbol)
            ran = subprocess.run([python, "-c", code], cwd=folder, capture_output=True, text=True)
            failed += bool(ran.returncode)
            outcome = "failed" if ran.returncode else "ran"
            print(f"{outcome}: {' '.join(snippet.split()[:4])}", ran.stderr[-800:] if ran.returncode else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
