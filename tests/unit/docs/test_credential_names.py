"""The pages on `check` and `serve` name the credentials of every API as its spec and the simulator do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.serve.authentication import default_credentials
from harness.specification.access import all_credential_names
from harness.specification.load import load_spec, spec_ids


def rows(page: str) -> dict[str, str]:
    """The rows of the table of credentials on a page, by API."""
    text = (Path(__file__).parents[3] / "docs" / page).read_text(encoding="utf-8")
    return dict(re.findall(r"(?m)^\| ([A-Za-z][A-Za-z ]*) \| (`.+) \|$", text))


ROWS, EXAMPLES = rows("check.md"), rows("serve.md")


@pytest.mark.parametrize("api", spec_ids())
def test_the_names_of_an_apis_credentials_are_those_of_its_spec(api: str) -> None:
    vendor = api.partition("/")[0].replace("-", " ")
    (row,) = (names for name, names in ROWS.items() if name.lower() == vendor)
    assert set(re.findall(r"`(\w+)`", row)) == set(all_credential_names(load_spec(api).listing.access))


@pytest.mark.parametrize("api", spec_ids())
def test_the_example_credentials_of_an_api_are_those_that_the_simulator_takes(api: str) -> None:
    vendor = api.partition("/")[0].replace("-", " ")
    (row,) = (examples for name, examples in EXAMPLES.items() if name.lower() == vendor)
    taken = default_credentials(load_spec(api).listing.access)
    assert set(re.findall(r"`([^`]+)`", row)) == {f"{name}={value}" for name, value in taken.items()}
