"""Of which type what an answer repeats is: the parameter's, unless the answer says otherwise there."""

from __future__ import annotations

import pytest
from invented_spec import acmepbx

from harness.specification.echo_types import is_integer_echo

CODE = "code: {at: /code, as: integer, clause: AC-LST-061}"
ZONE = "        zone: {default: {open: zone"


@pytest.mark.parametrize(
    ("parameter", "part", "integer"),
    [
        ("page", "", True),
        ("ext", "", False),
        ("page", "p: {at: /asked, as: text}", False),
        ("page", "p: {at: /asked, as: digits}", False),
        ("ext", "p: {at: /asked, as: integer}", True),
    ],
)
def test_an_echo_is_of_the_type_of_its_place_or_else_of_its_parameter(
    parameter: str, part: str, integer: bool
) -> None:
    listing = acmepbx(
        (ZONE, f"        echoes: [{{at: /asked, of: {parameter}, clause: AC-LST-041}}]\n{ZONE}"),
        (CODE, f"{CODE}\n            {part}"),
    ).listing
    assert is_integer_echo(listing, listing.echoes[0]) is integer
