"""How much memory the process keeps for what it needed once."""

from __future__ import annotations

import ctypes

from market_data.frames import pa

_M_ARENA_MAX = -8
_ARENAS = 2


def give_memory_back() -> None:
    """Have tables allocated, and all threads served, by few heaps that return what is no longer used.

    Arrow's own pool keeps what it had at most, and glibc gives each thread a heap of its own.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
    except (OSError, AttributeError, TypeError):
        return  # another C library, which has no such heaps
