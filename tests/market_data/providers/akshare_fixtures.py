"""AkShare's package, against a stand-in for its hosts."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from market_data.providers.akshare import AkShareProvider
from market_data.providers.base import Answer
from market_data.standin.eastmoney.server import EastmoneyStandin
from tests.market_data.providers.sources import Circuits, akshare_at, asking, small_market

Ask = Callable[..., Answer]


@pytest.fixture
def source() -> Iterator[EastmoneyStandin]:
    with EastmoneyStandin(small_market()) as server:
        yield server


@pytest.fixture
def circuits() -> Circuits:
    return Circuits()


@pytest.fixture
def provider(source: EastmoneyStandin, circuits: Circuits, tmp_path: Path) -> Iterator[AkShareProvider]:
    with akshare_at(source.url, tmp_path, circuits) as made:
        yield made


@pytest.fixture
def ask(provider: AkShareProvider) -> Ask:
    return asking(provider)
