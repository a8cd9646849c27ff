"""How much memory the process keeps for what it needed once."""

from __future__ import annotations

import ctypes

from market_data.frames import pa

_M_ARENA_MAX = -8
_ARENAS = 2


def keep_few_heaps() -> None:
    """Have tables allocated, and all threads served, by few heaps that return what is no longer used.

    Arrow's own pool keeps what it had at most, and glibc gives each thread a heap of its own.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    _ask_glibc("mallopt", _M_ARENA_MAX, _ARENAS)


def give_memory_back() -> None:
    """Return what lies unused between what is used, which takes a millisecond: it grows with each answer or piece."""
    _ask_glibc("malloc_trim", 0)


def _ask_glibc(name: str, *values: int) -> None:
    try:
        getattr(ctypes.CDLL(None), name)(*values)
    except (OSError, AttributeError, TypeError):
        return  # another C library, which has no such heaps
