"""Pages whose size nobody can choose: by number, by token, and of a size that the document does not say."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.selftest_trials import Trial, run_trial
from harness.specification.lint.linter import lint_spec
from harness.specification.load import Spec, build_spec
from harness.specification.yaml_source import parse_source_text

SUPPORT = Path(__file__).parents[1] / "support"
Change = tuple[str, str]
BY_NUMBER: tuple[Change, ...] = (
    (
        "        - {name: rows, in: query, schema: {type: integer, minimum: 1, maximum: 100, default: 20}, "
        "description: Calls per page}\n",
        "",
    ),
    (
        "          rows: {as: integer, least: 1, most: 100, default: 20, "
        'bad: {gets: refused, like: ["0", x], clause: TD-REC-050}}\n',
        "",
    ),
    ("          size: rows\n", "          page-count: {at: /pages, clause: TD-REC-067}\n"),
    (
        "        total: {type: integer, minimum: 0}\n",
        "        total: {type: integer}\n        pages: {type: integer}\n",
    ),
    (
        "          TD-REC-070: {",
        '          TD-REC-067: {level: must, basis: documented, says: "pages counts them", source: Answer}\n'
        "          TD-REC-070: {",
    ),
)
BY_TOKEN: tuple[Change, ...] = (
    (
        "        - {name: size, in: query, schema: {type: integer, minimum: 1, maximum: 100, default: 50}, "
        "description: Calls on a page}\n",
        "",
    ),
    (
        "          size: {as: integer, least: 1, most: 100, default: 50, "
        'bad: {gets: refused, like: ["0", x], clause: BR-CLL-012}}\n',
        "",
    ),
    ("          size: size\n", "          default-size: 20\n"),
    ("size: BR-CLL-015, size-default: BR-CLL-016,", "size-default: BR-CLL-016,"),
    (
        '          BR-CLL-015: {level: must, basis: documented, says: "no more than size calls come", '
        "source: Pages}\n",
        "",
    ),
)
UNSAID: tuple[Change, ...] = (
    *BY_TOKEN,
    ("default-size: 20\n", "default-size: {open: integer, assumed: 20}\n"),
    ("size-default: BR-CLL-016, ", ""),
    (
        '          BR-CLL-016: {level: must, basis: documented, says: "without size fifty calls come", '
        "source: Pages}\n",
        "",
    ),
)
# The only bounds of a time leave their own instant out.
STRICT: tuple[Change, ...] = (
    *BY_TOKEN,
    (
        "        - {name: token, in: query,",
        "        - {name: after, in: query, schema: {type: string}, description: Began later}\n"
        "        - {name: before, in: query, schema: {type: string}, description: Began earlier}\n"
        "        - {name: token, in: query,",
    ),
    (
        "          token: {}\n",
        "          token: {}\n          after: {as: rfc3339}\n          before: {as: rfc3339}\n",
    ),
    (
        "        blank: {means",
        "          after: {compares: began, keeps: above, clause: BR-CLL-030}\n"
        "          before: {compares: began, keeps: below, clause: BR-CLL-031}\n        blank: {means",
    ),
    (
        "          BR-CLL-040: {",
        '          BR-CLL-030: {level: must, basis: documented, says: "after keeps later calls", source: Request}\n'
        '          BR-CLL-031: {level: must, basis: documented, says: "before keeps earlier ones", source: Request}\n'
        "          BR-CLL-040: {",
    ),
)
SPECS = {
    "number": ("tidewater", BY_NUMBER),
    "token": ("page_tokens", BY_TOKEN),
    "unsaid": ("page_tokens", UNSAID),
    "strict": ("page_tokens", STRICT),
}


def changed(kind: str, *more: Change) -> str:
    name, changes = SPECS[kind]
    text = (SUPPORT / f"{name}.yaml").read_text(encoding="utf-8")
    for old, new in (*changes, *more):
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        text = text.replace(old, new)
    return text


def built(kind: str, *more: Change) -> Spec:
    return build_spec(parse_source_text(changed(kind, *more), name=f"{kind}.yaml"), spec_id=kind)


@pytest.fixture(scope="module")
def spec_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("specs")
    for kind in SPECS:
        (folder / f"{kind}.yaml").write_text(changed(kind), encoding="utf-8")
    return {kind: str(folder / f"{kind}.yaml") for kind in SPECS}


@pytest.mark.parametrize("kind", SPECS)
def test_the_linter_finds_nothing(kind: str) -> None:
    assert lint_spec(built(kind)).findings == ()


@pytest.mark.parametrize(
    ("change", "expected", "actual"),
    [
        (
            ("          default-size: 20\n", ""),
            "the parameter of the page size (size), or how many rows a page has (default-size)",
            "neither",
        ),
        (("size-default: BR-CLL-016,", ""), "a clause on the size of a page (size)", "none"),
        (
            ("          default-size: 20\n", "          default-size: 20\n          size: way\n"),
            "the default of way under parameters.way",
            "default-size beside size",
        ),
    ],
)
def test_the_linter_wants_to_know_how_many_rows_a_page_has(change: Change, expected: str, actual: str) -> None:
    found = [(one.expected, one.actual) for one in lint_spec(built("token", change)).findings]
    assert (expected, actual) in found, found


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("kind", "calls"),
    [("number", 3), ("number", 90), ("token", 3), ("token", 90), ("unsaid", 3), ("unsaid", 90), ("strict", 90)],
)
def test_an_honest_simulator_passes(spec_files: dict[str, str], kind: str, calls: int) -> None:
    result = run_trial(Trial(api=spec_files[kind], calls=calls))
    assert result.clauses == (), result.messages


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("kind", "fault"),
    [
        ("number", "TD-REC-061/one-row-more"),
        ("number", "TD-REC-061/half-the-size"),
        ("number", "TD-REC-062/second-page-by-default"),
        ("number", "TD-REC-063/page-ignored"),
        ("number", "TD-REC-064/pages-leave-gaps"),
        ("number", "TD-REC-067/page-count-one-more"),
        ("token", "BR-CLL-016/half-the-size"),
        ("token", "BR-CLL-017/token-ignored"),
        ("token", "BR-CLL-022/links-drop-filters"),
        ("unsaid", "BR-CLL-017/token-ignored"),
        ("unsaid", "BR-CLL-022/links-drop-filters"),
        ("strict", "BR-CLL-018/pages-leave-gaps"),
        ("strict", "BR-CLL-018/ends-early"),
    ],
)
def test_a_liar_is_caught(spec_files: dict[str, str], kind: str, fault: str) -> None:
    result = run_trial(Trial(api=spec_files[kind], fault=fault, calls=90))
    assert fault.partition("/")[0] in result.clauses, result.messages
