"""Pictures of every page of a running site, in light, dark, Chinese and on a phone.

python -m tests.stocksync.control_room.screenshots FOLDER [--site http://127.0.0.1:8000] with a user root/secret.
"""

import argparse
import sys
from pathlib import Path

from playwright.sync_api import Page

from tests.stocksync.browsing import chromium, overflow, sign_in, window

PAGES = {
    "overview": "/admin/",
    "coverage": "/admin/coverage/",
    "hole": "/admin/coverage/?dataset=daily",
    "backfill": "/admin/backfill/?datasets=daily&datasets=income",
    "jobs": "/admin/scheduling/jobconfig/",
    "runs": "/admin/scheduling/execution/",
    "incidents": "/admin/scheduling/incident/",
    "failures": "/admin/market_data/syncfailurerecord/",
    "stocks": "/admin/stocks/?q=60",
    "stock": "/admin/stocks/600000.SH/",
    "watchlist": "/admin/watchlists/add/",
    "sources": "/admin/market_data/circuitstate/",
    "users": "/admin/auth/user/",
}
LOOKS = {
    "light": {"width": 1280},
    "dark": {"width": 1280, "dark": True},
    "chinese": {"width": 1280, "chinese": True},
    "phone": {"width": 390, "chinese": True, "dark": True},
}
SETTLE_MILLISECONDS = 1500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--site", default="http://127.0.0.1:8000")
    parser.add_argument("--only", default=",".join(PAGES))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for look, options in LOOKS.items():
            with window(browser, **options) as page:  # type: ignore[arg-type]
                sign_in(page, given.site)
                for name in given.only.split(","):
                    take(page, given.site + PAGES[name], given.folder / f"{name}-{look}.png")


def take(page: Page, address: str, file: Path) -> None:
    page.goto(address)
    page.wait_for_timeout(SETTLE_MILLISECONDS)
    page.screenshot(path=file)
    sys.stdout.write(f"{file} {overflow(page)} px too wide\n")


if __name__ == "__main__":
    main()
