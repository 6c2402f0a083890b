"""Options and fixtures that all tests share."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from harness.check.rules.exploration import random_combinations
from harness.specification import load

# No test depends on a time: a loaded machine is slow, not wrong.
settings.register_profile("usual", deadline=None, derandomize=True)
settings.register_profile("thorough", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))

GOLDEN = Path(__file__).parent / "golden"


# A signal that is ignored (in the background of a script, under nohup) stays so in every process that is started
# from here; some of the tests send these to such processes.
for _number, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)

# A shipped spec is a frozen value that hundreds of tests ask for: each process reads it once.
_load_spec_file = load.load_spec_file
_load_shipped_spec = functools.cache(_load_spec_file)


def _load_spec_file_once(path: Path, *, spec_id: str | None) -> load.Spec:
    read = _load_shipped_spec if path.parent.parent == load.specs_directory() else _load_spec_file
    return read(path, spec_id=spec_id)


load.load_spec_file = _load_spec_file_once


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def few_combinations(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exploration draws a tenth of its combinations, except in the long profile.

    For whole runs about something else: drawing takes half of their time, and asks the same few requests.
    """
    if request.node.get_closest_marker("thorough") is None:
        few = random_combinations.COMBINATIONS_DRAWN // 10
        monkeypatch.setattr(
            random_combinations,
            "draw_combinations",
            functools.partial(random_combinations.draw_combinations, at_most=few),
        )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compares a text with the golden file of that name, or writes it with --update-golden."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path} is missing; write it with --update-golden"
        assert text == path.read_text(encoding="utf-8")

    return compare
