"""What a person at a terminal sees while something lasts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_COUNTED = """
from harness.cli.progress import rate_progress

with rate_progress(unit="rows") as (set_total, add_rows):
    set_total(5)
    add_rows(2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_a_bar_is_not_drawn_before_it_is_known_how_many_there_are() -> None:
    reader, terminal = os.openpty()
    subprocess.run([sys.executable, "-c", _COUNTED], stderr=terminal, check=True, timeout=60)
    shown = os.read(reader, 65_536).decode()
    os.close(terminal)
    os.close(reader)
    assert "2 of 5 rows" in shown
    assert "of 0 rows" not in shown
