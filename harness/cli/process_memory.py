"""Memory that a process which runs for long gives back to the system."""

from __future__ import annotations

import ctypes
from contextlib import suppress
from typing import Final

# The name of an option of glibc's `mallopt`.
_MMAP_THRESHOLD: Final = -3
_LARGE_BLOCK_BYTES: Final = 1 << 20


def return_large_blocks() -> None:
    """Let large blocks go back to the system as soon as they are free, where glibc gives out memory.

    By itself it keeps blocks of the size of those that were freed once: a server whose indexes are made of many such
    arrays would hold a fifth more memory than it uses.
    """
    # Other systems have no such option; on Windows there is no library without a name.
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES)
