"""Files that somebody names, read within limits: pipes without a writer and devices without end are no hang."""

from __future__ import annotations

import os
from pathlib import Path


def read_at_most(path: Path, most: int) -> bytes:
    """The content of a file, or of a pipe with a writer; one byte more than `most` where it is larger.

    Raises OSError.
    """
    # Opening a pipe waits for its writer otherwise; without one there is nothing to read.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most + 1)
