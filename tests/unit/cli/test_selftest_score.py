"""The score of a self-test: tables by hand, and what they count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.cli.selftest_report import score_as_json, score_as_text
from harness.cli.selftest_score import (
    FaultStatus,
    HonestFigures,
    Share,
    Spread,
    is_red_due,
    score_results,
    spread_of,
    status_alone,
    status_in_company,
    turned_red,
)
from harness.cli.selftest_trials import Trial, TrialResult

FOUND, SHARED, HIDDEN, LOST = FaultStatus.FOUND, FaultStatus.SHARED, FaultStatus.HIDDEN, FaultStatus.LOST


def result(
    faults: str = "",
    clauses: str = "",
    *,
    red: str = "",
    exit_code: int | None = None,
    hidden: tuple[str, ...] = (),
    headlines: str | None = None,
    seed: int = 7,
    condition: str = "perfect",
    requests: int = 10,
) -> TrialResult:
    """Faults and clauses are words; a fault of clause A is called A/x."""
    names = [f"{clause}/x" for clause in faults.split()]
    trial = Trial(
        api="acme",
        fault=names[0] if names else None,
        company=tuple(names[1:]),
        condition=condition,
        deviations=() if condition == "perfect" else (condition,),
        seed=seed,
        round=seed,
    )
    told = tuple(clauses.split())
    heads = told if headlines is None else tuple(headlines.split())
    return TrialResult(
        trial=trial,
        clauses=told,
        red=tuple(red.split()),
        requests=requests,
        first_evidence=3 if told else None,
        headlines=heads,
        groups=len(heads),
        red_verdicts=tuple(f"{clause}: fail" for clause in red.split()),
        exit_code=(1 if red else 0) if exit_code is None else exit_code,
        hidden=tuple(f"{clause}/x" for clause in hidden),
        messages=tuple(f"{clause}: so" for clause in told),
    )


# --- what became of a fault ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clauses", "beneath", "status"),
    [
        ("A", None, FOUND),
        ("B", None, FOUND),
        ("", None, LOST),
        ("D A", "D", FOUND),
        ("D B", "D", FOUND),
        ("D", "D", LOST),
        ("A", "A", SHARED),
    ],
)
def test_a_fault_alone_is_found_by_what_the_server_beneath_does_not_show(
    clauses: str, beneath: str | None, status: FaultStatus
) -> None:
    below = None if beneath is None else result("", beneath)
    assert status_alone(result("A", clauses), below) is status


@pytest.mark.parametrize(
    ("clauses", "status"),
    [
        ("A B", FOUND),  # its own clause
        ("C B", FOUND),  # one that it alone raises
        ("E B", SHARED),  # one that the other raises alone as well
        ("B", LOST),  # the other's clause only
        ("Z B", LOST),  # one that it never raised
        ("D B", SHARED),  # one that it raises, and the server beneath as well
    ],
)
def test_a_fault_in_company_is_found_by_a_clause_that_speaks_for_it(clauses: str, status: FaultStatus) -> None:
    alone = {"A/x": result("A", "A C D E"), "B/x": result("B", "B E")}
    found = status_in_company("A/x", result("A B", clauses), alone=alone, beneath=result("", "D"))
    assert found is status


def test_a_fault_that_the_others_hide_is_not_lost() -> None:
    alone = {"A/x": result("A", "A"), "B/x": result("B", "B")}
    trial = result("A B", "B", hidden=("A",))
    assert status_in_company("A/x", trial, alone=alone, beneath=None) is HIDDEN


def test_its_own_clause_speaks_for_a_fault_that_raises_another_one_alone() -> None:
    alone = {"A/x": result("A", "C"), "B/x": result("B", "B")}
    assert status_in_company("A/x", result("A B", "A"), alone=alone, beneath=None) is FOUND


# --- red ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "due"),
    [
        ("OZ-LCH-006/Code-missing", True),
        ("OZ-LCH-048/rows-on-errors", False),
        ("NONE/such", False),
    ],
    ids=["a documented must", "a should", "no clause of the spec"],
)
def test_a_red_gate_is_due_for_a_binding_must(fault: str, due: bool) -> None:
    assert is_red_due("ozeki/list-call-history", fault) is due


def test_a_server_that_is_red_anyway_must_be_more_red() -> None:
    beneath = result("", "D", red="D")
    assert not turned_red(result("A", "A D", red="D"), beneath)
    assert turned_red(result("A", "A D", red="A D"), beneath)
    assert turned_red(result("A", "A", red="D"), None)


def test_red_without_an_exit_code_for_it_is_not_red() -> None:
    assert not turned_red(result("A", "A", red="A", exit_code=3), None)


# --- figures ------------------------------------------------------------------------------------------------

ALWAYS_DUE = lambda api, fault: True  # noqa: E731 - the shortest way to say it


def test_figures_of_faults_alone() -> None:
    results = [
        result(""),
        result("A", "A", red="A"),
        result("B", "C", red="C"),
        result("C", "C B", headlines="C"),
        result("D"),
    ]
    figures = score_results(results, red_due=lambda api, fault: fault != "D/x").rounds[0].alone["perfect"]
    assert figures.faults == 4
    assert figures.found == Share(part=3, whole=4)
    assert figures.headline == Share(part=2, whole=4)
    assert figures.red == Share(part=2, whole=3)
    assert figures.groups == 1


def test_figures_of_faults_in_company() -> None:
    alone = [result("A", "A E"), result("B", "B E"), result("C", "C"), result("D"), result("F", "F")]
    company = [result("A B", "A E", red="A"), result("C D F", "C", hidden=("F",))]
    figures = score_results([*alone, *company], red_due=ALWAYS_DUE).rounds[0].company["perfect"]
    assert (figures.sets, figures.faults, figures.hidden) == (2, 5, 1)
    # A by its clause, B by E that A raises as well, C by its clause; D was not found alone, F is hidden.
    assert (figures.kept, figures.shared) == (Share(part=3, whole=3), 1)
    assert figures.red == Share(part=1, whole=2)


def test_a_fault_that_is_lost_in_company_is_named() -> None:
    results = [result("A", "A"), result("B", "B"), result("A B", "B")]
    score = score_results(results, red_due=ALWAYS_DUE)
    assert score.lost == ("acme:A/x+B/x calls=700 seed=7: A/x",)
    assert score.rounds[0].company["perfect"].kept == Share(part=1, whole=2)


def test_kinds_of_servers_are_counted_apart() -> None:
    results = [
        result("A", "A"),
        result("", "D", condition="odd"),
        result("A", "D", condition="odd"),
        result("B", "D B", condition="odd"),
    ]
    alone = score_results(results, red_due=ALWAYS_DUE).rounds[0].alone
    assert (alone["perfect"].found, alone["odd"].found) == (Share(part=1, whole=1), Share(part=1, whole=2))


def test_the_perfect_servers_come_first() -> None:
    results = [result("A", "A", condition="odd"), result("A", "A", condition="more"), result("A", "A")]
    assert list(score_results(results, red_due=ALWAYS_DUE).rounds[0].alone) == ["perfect", "odd", "more"]


def test_red_and_amber_alarms_are_counted_apart() -> None:
    results = [
        result(""),
        result("", "A", red="A", seed=7),
        result("", "A", condition="odd"),
        result("", exit_code=3),
        result("", exit_code=5),
    ]
    score = score_results(results, red_due=ALWAYS_DUE)
    assert score.rounds[0].honest == {
        "perfect": HonestFigures(runs=4, red=2, amber=0),
        "odd": HonestFigures(runs=1, red=0, amber=1),
    }
    assert score.red_alarms == ("acme calls=700 seed=7: A: fail", "acme calls=700 seed=7: exit 3")
    assert score.amber_alarms == ("acme on odd calls=700 seed=7: A: so",)


@pytest.mark.parametrize(
    ("results", "good"),
    [
        ([result(""), result("A", "A")], True),
        ([result("A")], False),
        ([result("", "A", red="A")], False),
        ([result("", "A")], False),
        ([result("", "A", condition="odd")], True),
        ([result("", "A", red="A", condition="odd")], False),
        ([result("A", "A"), result("B", "B"), result("A B", "B")], True),
    ],
    ids=["all is well", "missed", "red", "amber on a perfect server", "amber on a deviant one", "red there", "lost"],
)
def test_a_good_score(results: list[TrialResult], good: bool) -> None:
    assert score_results(results, red_due=ALWAYS_DUE).is_good is good


def test_a_broken_must_that_stays_green_is_named() -> None:
    assert score_results([result("A", "A")], red_due=ALWAYS_DUE).not_red == ("acme:A/x calls=700 seed=7: exit 0",)


def test_each_seed_has_figures_of_its_own() -> None:
    results = [result("A", "A", seed=8, requests=30), result("A", seed=7, requests=10)]
    rounds = score_results(results, red_due=ALWAYS_DUE).rounds
    assert [(one.seed, one.alone["perfect"].found.part, one.requests.median) for one in rounds] == [
        (7, 0, 10),
        (8, 1, 30),
    ]


def test_a_spread_is_of_the_seeds_that_have_the_figure() -> None:
    assert spread_of([50.0, None, 100.0, 90.0]) == Spread(median=90.0, least=50.0, most=100.0)
    assert spread_of([None]) == Spread(median=None, least=None, most=None)


def test_no_trials_are_no_figures() -> None:
    assert score_results([]).rounds == ()


# --- as text and as JSON ------------------------------------------------------------------------------------

TWO_SEEDS = [
    *(result("A", "A", red="A", seed=seed) for seed in (7, 8)),
    result("B", "B", seed=7),
    result("B", seed=8),
    result("", seed=7),
    result("", seed=8),
]


def test_one_seed_is_told_in_numbers_and_per_cent() -> None:
    text = score_as_text(score_results(TWO_SEEDS[:3:2], red_due=ALWAYS_DUE), together=1, with_red=True)
    assert text.splitlines()[:4] == [
        "seed 7",
        "",
        "alone     faults   found         right headline   red where due   groups/fault",
        "perfect   2        2/2 100.0 %   2/2 100.0 %      1/2 50.0 %      1",
    ]


def test_several_seeds_are_told_by_median_and_spread() -> None:
    text = score_as_text(score_results(TWO_SEEDS, red_due=ALWAYS_DUE), together=1, with_red=False)
    assert text.splitlines() == [
        "seeds 7, 8; median (least to most) over them",
        "",
        "alone     faults   found                    right headline           groups/fault",
        "perfect   2        75.0 % (50.0 to 100.0)   75.0 % (50.0 to 100.0)   1",
        "",
        "honest    runs   red   amber",
        "perfect   1      0     0",
        "",
        "requests/run    10 (median), 10 (most)",
        "first evidence  after 3 requests (median)",
        "  missed: acme:B/x calls=700 seed=8",
    ]


def test_a_long_list_is_cut_in_the_text_alone() -> None:
    results = [replace(result("A"), trial=replace(result("A").trial, fault=f"A{n:02}/x")) for n in range(50)]
    score = score_results(results, red_due=ALWAYS_DUE)
    text = score_as_text(score, together=1, with_red=False)
    assert text.count("missed: acme") == 40
    assert text.endswith("  missed: and 10 more (see --json)")
    assert len(score_as_json(score, results)["score"]["missed"]) == 50


def test_the_json_has_every_seed_the_spread_and_the_trials() -> None:
    written = score_as_json(score_results(TWO_SEEDS, red_due=ALWAYS_DUE), TWO_SEEDS)
    assert written["score"]["rounds"][1]["alone"]["perfect"]["found"] == {"part": 1, "whole": 2, "percent": 50.0}
    assert written["score"]["spread"]["alone"]["perfect"]["found"] == {"median": 75.0, "least": 50.0, "most": 100.0}
    assert written["score"]["good"] is False
    assert [trial["trial"]["fault"] for trial in written["trials"]] == ["A/x", "A/x", "B/x", "B/x", None, None]
