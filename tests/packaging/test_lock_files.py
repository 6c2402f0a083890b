"""What is locked fits what pyproject.toml asks for, and has a hash for every file."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# What makes pytest load something in each of its runs, or is for tests alone.
NOT_IN_THE_BASE = {"pytest", "schemathesis", "responses", "faker", "junitparser", "pytest-xdist", "hypothesis"}


def pins(file: str) -> dict[str, str]:
    """The version of each package in a lock file."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return {canonicalize_name(name): version for name, version in re.findall(r"(?m)^([\w.-]+)==([^ \\]+)", text)}


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("requirements.lock", PROJECT["project"]["dependencies"]),
        ("requirements-build.lock", PROJECT["build-system"]["requires"]),
    ],
)
def test_a_lock_file_has_what_is_asked_for(file: str, wanted: list[str]) -> None:
    locked = pins(file)
    unmet = [
        text
        for text in wanted
        if (one := Requirement(text)) and not one.specifier.contains(locked.get(canonicalize_name(one.name), "0"))
    ]
    assert unmet == [], f"run .ci/lock: {file} does not fit pyproject.toml"


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-build.lock"])
def test_every_locked_package_has_hashes(file: str) -> None:
    entries = re.split(r"(?m)^(?=[\w.-]+==)", (ROOT / file).read_text(encoding="utf-8"))[1:]
    assert [entry.split("==")[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_base_asks_for_no_pytest_and_none_of_its_plugins() -> None:
    names = {canonicalize_name(Requirement(text).name) for text in PROJECT["project"]["dependencies"]}
    assert NOT_IN_THE_BASE & names == set()
    # The lock adds what draws combinations.
    assert NOT_IN_THE_BASE & pins("requirements.lock").keys() == {"hypothesis"}


def test_the_extra_all_has_every_extra_of_a_user() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    named = set(re.findall(r"[\w-]+", everything.partition("[")[2]))
    assert named == extras.keys() - {"all", "dev", "docs", "benchmarks"}
