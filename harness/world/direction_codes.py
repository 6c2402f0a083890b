"""The codes that stand for directions in the arrays of a batch of calls, in the order of `Direction`."""

from __future__ import annotations

INBOUND, OUTBOUND, INTERNAL, TRANSIT = range(4)
