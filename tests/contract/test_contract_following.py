"""Whether rows follow those of a page, of pages by number, by offset and by token; totals that are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli.selftest_trials import Trial, run_trial
from harness.specification.lint.linter import lint_spec
from harness.specification.load import build_spec
from harness.specification.yaml_source import parse_source_text

SUPPORT = Path(__file__).parents[1] / "support"
Change = tuple[str, str]


def promise(clause: str, says: str) -> str:
    return f'          {clause}: {{level: must, basis: documented, says: "{says}", source: Answer}}\n'


BY_NUMBER: tuple[Change, ...] = (
    ("          default-size: 20\n", "          default-size: 20\n          more: {at: /more, clause: TD-REC-067}\n"),
    (
        "        total: {type: integer, minimum: 0}\n",
        "        total: {type: integer, minimum: 0}\n        more: {type: boolean}\n",
    ),
    ("required: [total, records]", "required: [records]"),
    (
        "          at: /total\n",
        '          at: /total\n          switch: {parameter: counted, clauses: {"off": TD-REC-068, '
        "default: TD-REC-068}}\n",
    ),
    (
        "        - {name: page, in: query,",
        "        - {name: counted, in: query, schema: {type: boolean, default: false}, description: With the total}\n"
        "        - {name: page, in: query,",
    ),
    (
        "          page: {as: integer,",
        '          counted: {as: flag, "true": ["true"], "false": ["false"], default: false}\n'
        "          page: {as: integer,",
    ),
    (
        "          TD-REC-070: {",
        promise("TD-REC-067", "more says whether calls follow")
        + promise("TD-REC-068", "total comes with counted")
        + "          TD-REC-070: {",
    ),
)
BY_TOKEN: tuple[Change, ...] = (
    (
        "          next-on-last: empty\n",
        "          next-on-last: empty\n          more: {at: /has_more, clause: BR-CLL-025}\n",
    ),
    ("        more: {type: string}\n", "        more: {type: string}\n        has_more: {type: boolean}\n"),
    (
        "          BR-CLL-040: {",
        promise("BR-CLL-025", "has_more says whether calls follow") + "          BR-CLL-040: {",
    ),
)
BY_OFFSET: tuple[Change, ...] = (
    (
        "          kind: offset\n",
        '          kind: offset\n          more: {at: "header:X-More", clause: TA-CLL-029}\n',
    ),
    (
        "          TA-CLL-040: {",
        promise("TA-CLL-029", "X-More says whether calls follow") + "          TA-CLL-040: {",
    ),
)
SPECS = {"tidewater": BY_NUMBER, "page_tokens": BY_TOKEN, "bare_list": BY_OFFSET}
FAULTS = ("more-always", "more-never", "more-after-a-full-page", "more-on-every-page", "no-more")


def changed(name: str) -> str:
    text = (SUPPORT / f"{name}.yaml").read_text(encoding="utf-8")
    for old, new in SPECS[name]:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def spec_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("specs")
    for name in SPECS:
        (folder / f"{name}.yaml").write_text(changed(name), encoding="utf-8")
    return {name: str(folder / f"{name}.yaml") for name in SPECS}


@pytest.mark.parametrize("name", SPECS)
def test_the_linter_finds_nothing(name: str) -> None:
    spec = build_spec(parse_source_text(changed(name), name=f"{name}.yaml"), spec_id=name)
    assert lint_spec(spec).findings == ()


def test_the_linter_asks_for_a_clause() -> None:
    text = changed("page_tokens").replace("{at: /has_more, clause: BR-CLL-025}", "{at: /has_more}")
    spec = build_spec(parse_source_text(text, name="page_tokens.yaml"), spec_id="page_tokens")
    assert "a clause on whether rows follow" in [one.expected for one in lint_spec(spec).findings]


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(("name", "calls"), [("tidewater", 3), ("page_tokens", 60), ("bare_list", 60)])
def test_an_honest_simulator_passes(spec_files: dict[str, str], name: str, calls: int) -> None:
    result = run_trial(Trial(api=spec_files[name], calls=calls))
    assert result.clauses == (), result.messages


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        *(("page_tokens", f"BR-CLL-025/{fault}") for fault in FAULTS),
        ("tidewater", "TD-REC-067/more-on-every-page"),
        ("bare_list", "TA-CLL-029/more-after-a-full-page"),
        ("tidewater", "TD-REC-068/counted-ignored"),
        ("tidewater", "TD-REC-068/counted-default"),
    ],
)
def test_a_liar_is_caught(spec_files: dict[str, str], name: str, fault: str) -> None:
    result = run_trial(Trial(api=spec_files[name], fault=fault, calls=60))
    assert result.clauses[:1] == (fault.partition("/")[0],), result.messages
