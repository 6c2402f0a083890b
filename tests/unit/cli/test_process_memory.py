"""Memory that a process gives back, or keeps."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

# Blocks of 4 MB, each before something small that stays; then all blocks are freed but the smalls are not.
PROGRAM = """
import sys
from harness.cli.process_memory import return_large_blocks

def resident_megabytes():
    lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(lines["VmRSS"].split()[0]) // 1024

if sys.argv[1] == "returned":
    return_large_blocks()
import numpy as np
# Freed once, so that by itself malloc would keep blocks of this size.
first = np.ones(8 << 20, dtype=np.uint8)
del first
before = resident_megabytes()
large, small = [], []
for _ in range(20):
    large.append(np.ones(4 << 20, dtype=np.uint8))
    small.append(np.ones(100_000, dtype=np.uint8))
large.clear()
print(resident_megabytes() - before)
"""


def _printed(program: str, how: str) -> str:
    # A command that ran in this process may have told its children to keep memory.
    own = {name: text for name, text in os.environ.items() if not name.startswith(("MALLOC_", "_RJEM_"))}
    command = [sys.executable, "-c", program, how]
    return subprocess.run(command, env=own, capture_output=True, text=True, check=True).stdout


def megabytes_left(how: str) -> int:
    return int(_printed(PROGRAM, how))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="an option of glibc")
def test_large_blocks_go_back_to_the_system_when_they_are_free() -> None:
    # Eighty megabytes were freed; two are still held.
    assert megabytes_left("returned") < 20
    assert megabytes_left("kept") > 60


# The same array again and again: each time it is taken anew, its pages have to be.
REPEATED = """
import resource, sys
from harness.cli.process_memory import keep_freed_blocks

if sys.argv[1] == "kept":
    keep_freed_blocks()
import numpy as np

def pages():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

for _ in range(3):
    arrays = [np.ones(1 << 20, dtype=np.uint8) for _ in range(16)]
    before = pages()
    del arrays
for _ in range(5):
    arrays = [np.ones(1 << 20, dtype=np.uint8) for _ in range(16)]
    del arrays
print(pages() - before)
"""


def pages_taken(how: str) -> int:
    return int(_printed(REPEATED, how).split()[-1])


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="an option of glibc")
def test_blocks_that_are_kept_are_not_taken_from_the_system_again() -> None:
    # Five times sixteen megabytes are some 20,000 pages.
    assert pages_taken("kept") < 1_000
    assert pages_taken("returned") > 5_000
