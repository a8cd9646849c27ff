"""What every test may use: the databases, a stand-in provider, published history where it is at hand."""

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(os.environ.get("STOCKSYNC_SHARED_DATA") or Path(__file__).parents[2] / "shared" / "data")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Published history of real stocks. Tests that need it are skipped where it is not."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"there is no published history at {SHARED_DATA}; STOCKSYNC_SHARED_DATA names another place")
    return SHARED_DATA
