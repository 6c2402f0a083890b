"""The page on `check` names the credentials of every API as its spec does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.specification.access import all_credential_names
from harness.specification.load import load_spec, spec_ids

ROWS = dict(
    re.findall(
        r"(?m)^\| ([A-Za-z][A-Za-z ]*) \| (`.+) \|$",
        (Path(__file__).parents[3] / "docs" / "check.md").read_text(encoding="utf-8"),
    )
)


@pytest.mark.parametrize("api", spec_ids())
def test_the_names_of_an_apis_credentials_are_those_of_its_spec(api: str) -> None:
    vendor = api.partition("/")[0].replace("-", " ")
    (row,) = (names for name, names in ROWS.items() if name.lower() == vendor)
    assert set(re.findall(r"`(\w+)`", row)) == set(all_credential_names(load_spec(api).listing.access))
