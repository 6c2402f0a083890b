"""pytest asks for one item per clause of a call API; loaded in every run, so it imports nothing of the harness."""

from __future__ import annotations
