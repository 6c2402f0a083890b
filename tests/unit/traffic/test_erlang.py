"""Erlang B, against values worked out by hand and from tables."""

from __future__ import annotations

import pytest

from harness.traffic.erlang import blocking_share, trunks_for


@pytest.mark.parametrize(
    ("offered", "trunks", "expected"),
    [
        (1, 1, 1 / 2),
        (1, 2, 1 / 5),  # (1/2) / (1 + 1 + 1/2)
        (2, 3, 4 / 19),  # (8/6) / (1 + 2 + 2 + 8/6)
        (10, 15, 0.0365),
        (10, 18, 0.0071),
        (100, 117, 0.0098),
        (0, 5, 0),
        (7, 0, 1),
    ],
)
def test_blocking_is_what_the_formula_says(offered: float, trunks: int, expected: float) -> None:
    assert blocking_share(offered, trunks) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("offered", "blocking", "trunks"), [(10, 0.01, 18), (10, 0.0365, 15), (1, 0.5, 1), (0, 0.01, 1), (100, 0.01, 117)]
)
def test_as_many_trunks_as_it_takes(offered: float, blocking: float, trunks: int) -> None:
    assert trunks_for(offered, blocking=blocking) == trunks


def test_what_cannot_be_offered_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        blocking_share(-1, 5)
    with pytest.raises(ValueError, match="above 0"):
        trunks_for(5, blocking=0)
