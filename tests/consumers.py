"""The snippets of docs/reading.md in another Python, which has the libraries that people hand the data to.

`python -m tests.consumers OTHER_PYTHON`; prints one line a snippet, and ends with 1 where one failed.
"""

import csv
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.harness import installation, standin
from tests.snippets import SNIPPETS

FIELDS = ("open", "high", "low", "close", "volume", "amount", "vwap", "change", "factor")


def main(python: str) -> int:
    failed = 0
    with (
        tempfile.TemporaryDirectory() as name,
        standin("--stocks", "6", "--days", "200", "--seed", "1") as (url, _),
        installation(url) as made,
    ):
        folder = Path(name)
        made.run("sync", "all", "--json")
        made.run("export", "daily", "--adjust", "qfq", "--output", f"{folder}/daily.parquet", "--json")
        made.run("export", "daily", "--output", f"{folder}/daily.csv", "--json")
        made.run("export", "daily", "--layout", "qlib", "--adjust", "hfq", "--output", f"{folder}/qlib_csv/", "--json")
        dump_for_qlib(folder / "qlib_csv", folder / "qlib_data")
        symbol = (folder / "daily.csv").read_text().splitlines()[1].split(",")[0]
        code, _, exchange = symbol.partition(".")
        for mark, snippet in SNIPPETS:
            if mark == " skip" or "market_data" in snippet:
                continue
            own = snippet.replace("600000.SH", symbol).replace("SH600000", exchange + code)
            ran = subprocess.run([python, "-c", own], cwd=folder, capture_output=True, text=True)
            failed += bool(ran.returncode)
            outcome = "failed" if ran.returncode else "ran"
            print(f"{outcome}: {' '.join(snippet.split()[:4])}", ran.stderr[-800:] if ran.returncode else "")
    return 1 if failed else 0


def dump_for_qlib(source: Path, target: Path) -> None:
    """What qlib's own `dump_bin.py dump_all` makes of these CSV files; its package does not bring the script."""
    rows = {path.stem.upper(): list(csv.DictReader(path.open())) for path in sorted(source.glob("*.csv"))}
    days = sorted({row["date"] for of_one in rows.values() for row in of_one})
    (target / "calendars").mkdir(parents=True)
    (target / "instruments").mkdir()
    (target / "calendars" / "day.txt").write_text("\n".join(days) + "\n")
    listed = [f"{symbol}\t{of_one[0]['date']}\t{of_one[-1]['date']}\n" for symbol, of_one in rows.items()]
    (target / "instruments" / "all.txt").write_text("".join(listed))
    for symbol, of_one in rows.items():
        folder = target / "features" / symbol.lower()
        folder.mkdir(parents=True)
        by_day = {row["date"]: row for row in of_one}
        first, last = days.index(of_one[0]["date"]), days.index(of_one[-1]["date"])
        for name in FIELDS:
            values = [float(by_day.get(day, {}).get(name) or "nan") for day in days[first : last + 1]]
            (folder / f"{name}.day.bin").write_bytes(struct.pack(f"<{len(values) + 1}f", first, *values))


if __name__ == "__main__":
    sys.exit(main(str(Path(sys.argv[1]).absolute())))
