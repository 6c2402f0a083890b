"""Servers of `benchmarks/check`: three defects at once are each told, and habits turn no gate red."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _benchmark() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks/check/run.py"
    spec = importlib.util.spec_from_file_location("check_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


BENCHMARK = _benchmark()

# An API, habits, and for each defect a clause that it breaks by itself.
TOLD = [
    pytest.param(
        "etelecom",
        ("cursor_long",),
        {"hotline_first_only": "ET-LCL-021", "tenant_leak_external": "ET-LCL-054", "next_skips_one": "ET-LCL-045"},
        id="etelecom",
    ),
    pytest.param(
        "voximplant",
        ("keys_sorted",),
        {"total_so_far": "VX-GCH-056", "auth_conn_sticky": "VX-GCH-004", "custom_of_calls": "VX-GCH-032"},
        id="voximplant",
    ),
    pytest.param(
        "ozeki_history",
        ("cdata_texts",),
        {
            "special_password_refused": "OZ-LCH-001",
            "missed_only_when_asked": "OZ-LCH-030",
            "refused_with_rows": "OZ-LCH-018",
        },
        id="ozeki history",
    ),
]
CORRECT = [
    pytest.param("etelecom", ("text_ids", "gzip", "nulls_for_unset"), id="etelecom"),
    pytest.param("ozeki_history", ("tabs_and_crlf", "no_namespaces", "trimmed_values"), id="ozeki history"),
]


@pytest.mark.parametrize(("api", "habits", "defects"), TOLD)
def test_each_of_three_defects_is_told(api: str, habits: tuple[str, ...], defects: dict[str, str]) -> None:
    told = BENCHMARK.check(BENCHMARK.Trial(api, habits, tuple(defects)))
    red = {clause for clause, (colour, _) in told.clauses.items() if colour == "red"}
    assert (told.exit_code, set(defects.values()) - red) == (1, set()), told


@pytest.mark.parametrize(("api", "habits"), CORRECT)
def test_a_correct_server_with_habits_of_its_own_is_not_red(api: str, habits: tuple[str, ...]) -> None:
    told = BENCHMARK.check(BENCHMARK.Trial(api, habits, seed=2))
    assert told.exit_code == 0, told
