"""Memory of a process: what it gives back to the system and what it keeps, and when it looks for garbage."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

# Names of options of glibc's `mallopt`; the variables of the environment say the same to processes that are started.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_LARGE_BLOCK_BYTES: Final = 1 << 20
_SPARE_BYTES: Final = 4 << 20
# glibc takes no higher threshold.
_KEPT_BLOCK_BYTES: Final = 32 << 20
_KEPT_BYTES: Final = 256 << 20
_NEW_OBJECTS: Final = 50_000


def return_large_blocks() -> None:
    """Let large blocks go back to the system as soon as they are free, where glibc gives out memory.

    By itself it keeps blocks of the size of those that were freed once: a server whose indexes are made of many such
    arrays would hold a fifth more memory than it uses.
    """
    _set_option(_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES)
    # Every read from a socket takes a quarter of a megabyte for a moment: not from the system each time.
    _set_option(_TRIM_THRESHOLD, _SPARE_BYTES)


def keep_freed_blocks() -> None:
    """Keep what was freed, up to some hundred megabytes, for the next block; also in processes that this one starts.

    For one that makes and frees the same large arrays slice by slice: to give each back and take it anew, page by
    page, costs up to a third of its time. Call it before polars is imported, which has its own allocator.
    """
    _set_option(_MMAP_THRESHOLD, _KEPT_BLOCK_BYTES)
    _set_option(_TRIM_THRESHOLD, _KEPT_BYTES)
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(_KEPT_BLOCK_BYTES))
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(_KEPT_BYTES))
    os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:-1,muzzy_decay_ms:-1")


def _set_option(name: int, value: int) -> None:
    # Other systems have no such options; on Windows there is no library without a name.
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(name, value)


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let Python look for cycles among new objects alone, and once there are many, while this is entered.

    A server that remembers answers and rows would otherwise spend a sixth of its time on going through them again.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
