"""Calls for the published history of 72 stocks: daily against rows / 6000, adj_factor against one per symbol."""

from tests.benchmarks.harness import SHARED_DATA, installation, standin

WINDOW = ("--start", "20070101", "--end", "20220114")


def main() -> None:
    with standin("--data", str(SHARED_DATA / "stocks")) as (url, _), installation(url) as made:
        daily = made.run("sync", "daily", *WINDOW, "--json").report
        least = daily["inserted"] / 6000
        print(f"daily: {daily['calls']} calls / ({daily['inserted']} rows / 6000) = {daily['calls'] / least:.3f}")
        factors = made.run("sync", "adj_factor", *WINDOW, "--json").report
        print(f"adj_factor: {factors['calls']} calls / 72 symbols = {factors['calls'] / 72:.3f}")
    with standin("--data", str(SHARED_DATA / "market")) as (url, _), installation(url) as made:
        for name in ("daily", "adj_factor"):
            report = made.run("sync", name, "--start", "20190415", "--end", "20190415", "--json").report
            print(f"{name}, one day of the whole market: {report['calls']} call for {report['rows']} rows")


if __name__ == "__main__":
    main()
