"""What counts as an integer."""

from __future__ import annotations

from decimal import Decimal

import pytest

from harness.integers import is_integer


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, True),
        (-7, True),
        (10**30, True),
        (True, False),
        (False, False),
        (1.0, False),
        (Decimal(1), False),
        ("1", False),
        (None, False),
    ],
)
def test_an_integer_is_no_truth_value_no_fraction_and_no_text(value: object, expected: bool) -> None:
    assert is_integer(value) is expected
