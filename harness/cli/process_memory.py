"""Memory of a process that runs for long: what it gives back to the system, and when it looks for garbage."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

# The name of an option of glibc's `mallopt`.
_MMAP_THRESHOLD: Final = -3
_LARGE_BLOCK_BYTES: Final = 1 << 20
_NEW_OBJECTS: Final = 50_000


def return_large_blocks() -> None:
    """Let large blocks go back to the system as soon as they are free, where glibc gives out memory.

    By itself it keeps blocks of the size of those that were freed once: a server whose indexes are made of many such
    arrays would hold a fifth more memory than it uses.
    """
    # Other systems have no such option; on Windows there is no library without a name.
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES)


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
