"""Words for one's own account, ranges that are recent by default, numbers without a plus, and words shown as none."""

from __future__ import annotations

from pathlib import Path

import pytest
from parlatel_spec import NOBODY_UNKNOWN, parlatel, parlatel_text

from harness.cli.selftest_trials import Trial, run_trial
from harness.specification.lint.linter import lint_spec
from tests.contract.changed_specs import ChangedSpec, assert_honest_passes

SECONDS = 1200
CHANGES = (
    (
        "account: {bound-to: {credential: account, fault: foreign, clause: PT-CLS-053}}",
        'account: {bound-to: {credential: account, words: ["~"], words-clause: PT-CLS-056, fault: foreign, '
        "clause: PT-CLS-053}}",
    ),
    (
        "        conjunction-clause: PT-CLS-022\n",
        "        conjunction-clause: PT-CLS-022\n        ranges:\n          - {first: since, last: until, "
        f"reversed: nothing, recent-seconds: {SECONDS}, clauses: {{recent: PT-CLS-025, reversed: PT-CLS-025, "
        "one-alone: PT-CLS-025}}\n",
    ),
    ("from: {shows: source}", "from: {shows: source, number: bare}"),
    (
        "way: {shows: direction, as: word, words: {inbound: in, outbound: out, internal: int, transit: through}",
        "way: {shows: direction, as: word, words: {inbound: in, outbound: out, internal: int}, unshown: [transit], "
        "absent: none",
    ),
    ("way: {enum: [in, out, int, through]}", "way: {enum: [in, out, int, null]}"),
    (
        "          PT-CLS-030: {",
        '          PT-CLS-025: {level: must, basis: documented, says: "without since the last 20 minutes are '
        'meant", source: "Request, row since"}\n'
        '          PT-CLS-056: {level: must, basis: documented, says: "~ is who asks", source: "Access"}\n'
        "          PT-CLS-030: {",
    ),
)
LIARS = ("PT-CLS-025/since-has-no-default", "PT-CLS-025/since-default-too-late", "PT-CLS-056/account-words-unknown")


@pytest.fixture(scope="module")
def spec_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("spec") / "parlatel.yaml"
    file.write_text(parlatel_text(*CHANGES), encoding="utf-8")
    return file


def test_the_linter_finds_nothing() -> None:
    assert lint_spec(parlatel(*CHANGES)).findings == ()


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [3, 150, 700])
def test_an_honest_simulator_passes(spec_file: Path, calls: int) -> None:
    result = run_trial(Trial(api=str(spec_file), calls=calls))
    assert result.clauses == (), result.messages


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("fault", LIARS)
def test_a_liar_is_caught(spec_file: Path, fault: str) -> None:
    result = run_trial(Trial(api=str(spec_file), fault=fault, calls=2000))
    assert result.clauses[:1] == (fault.partition("/")[0],), result.messages


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (
            ("unshown: [transit], absent: none", "unshown: [transit]"),
            ("beside it how none is written: `absent`", "absent: never"),
        ),
        (("unshown: [transit]", "unshown: [transit, inbound]"), ("a word that `words` has none for", "'inbound'")),
        (
            ("unshown: [transit]", "unshown: [transit, sideways]"),
            ("a word of direction: inbound, outbound, internal, transit, unknown", "'sideways'"),
        ),
        (
            ("number: bare", "number: bare, as: text-list"),
            ("number only beside a text that shows a phone number", "as: text-list"),
        ),
        (("recent-seconds: 1200", "recent-seconds: 5"), ("a minute or more", "5")),
        ((", recent-seconds: 1200", ""), ("recent-seconds beside the clause on what is recent", "none")),
        (("since: {as: rfc3339,", "since: {as: rfc3339, required: {},"), ("since may be absent", "required")),
        (
            (
                "        order: {by:",
                '        includes:\n          - {parameter: way, clauses: {"on": PT-CLS-021}}\n        order: {by:',
            ),
            ("the fields that way adds", "none"),
        ),
        ((", words-clause: PT-CLS-056", ""), ("a clause on words for the account that asks", "none")),
    ],
)
def test_the_linter_refuses_what_means_nothing(change: tuple[str, str], finding: tuple[str, str]) -> None:
    found = [(one.expected, one.actual) for one in lint_spec(parlatel(*_changed(change))).findings]
    assert finding in found, found


def _changed(change: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """The changes with one of them changed."""
    old, new = change
    mended = tuple((first, second.replace(old, new)) for first, second in CHANGES)
    if mended != CHANGES:
        return mended
    return (*CHANGES, change)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [3, 60])
def test_an_account_that_proves_nothing_needs_no_error_on_who_asks(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(ChangedSpec("parlatel", NOBODY_UNKNOWN), tmp_path, calls=calls)
