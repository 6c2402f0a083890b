"""Erlang's loss formula: how much of the offered traffic a group of trunks turns away."""

from __future__ import annotations


def blocking_share(offered: float, trunks: int) -> float:
    """The share of call attempts that find all trunks busy, for offered traffic in erlangs (Erlang B).

    E(A, N) = (A^N / N!) / sum of A^k / k! for k from 0 to N, which ITU-T E.600 calls call congestion of pure chance
    traffic on a full-availability group without waiting; by the recursion E(A, n) = A E(A, n-1) / (n + A E(A, n-1)).
    Raises ValueError for negative arguments.
    """
    if offered < 0 or trunks < 0:
        raise ValueError("offered traffic and trunks are 0 or more")
    share = 1.0
    for count in range(1, trunks + 1):
        share = offered * share / (count + offered * share)
    return share


def trunks_for(offered: float, *, blocking: float) -> int:
    """The fewest trunks that turn away at most a share `blocking` (above 0) of the offered traffic."""
    if offered < 0 or blocking <= 0:
        raise ValueError("offered traffic is 0 or more, and blocking is above 0")
    share, count = 1.0, 0
    while share > blocking:
        count += 1
        share = offered * share / (count + offered * share)
    return count
