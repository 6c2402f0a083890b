"""Constants that stand in a request beside some filters alone: `type: enum` beside `value`."""

from __future__ import annotations

from pathlib import Path

import pytest
from parlatel_spec import parlatel, parlatel_text

from harness.cli.selftest_trials import Trial, run_trial
from harness.specification.lint.linter import lint_spec
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import encode_request

CHANGES = (
    (
        "        - {name: start, in: query,",
        "        - {name: kind, in: query, schema: {const: enum}, description: What way is}\n"
        "        - {name: scale, in: query, schema: {const: utc}, description: What times are}\n"
        "        - {name: form, in: query, schema: {const: exact}, description: How from compares}\n"
        "        - {name: start, in: query,",
    ),
    (
        "          state: {constant: ended}\n",
        "          state: {constant: ended}\n"
        "          kind: {constant: enum, beside: {parameters: [way], clause: PT-CLS-027}}\n"
        "          scale: {constant: utc, beside: {parameters: [since, until], clause: PT-CLS-029}}\n"
        "          form: {constant: exact, beside: {parameters: [from], lacking: ignored, clause: PT-CLS-028}}\n",
    ),
    (
        "          PT-CLS-030: {",
        '          PT-CLS-027: {level: must, basis: documented, says: "way needs kind", source: "Request"}\n'
        '          PT-CLS-028: {level: must, basis: documented, says: "from needs form", source: "Request"}\n'
        '          PT-CLS-029: {level: must, basis: documented, says: "times need scale", source: "Request"}\n'
        "          PT-CLS-030: {",
    ),
)


@pytest.fixture(scope="module")
def spec_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("spec") / "parlatel.yaml"
    file.write_text(parlatel_text(*CHANGES), encoding="utf-8")
    return file


def test_the_linter_finds_nothing() -> None:
    assert lint_spec(parlatel(*CHANGES)).findings == ()


def test_a_constant_is_sent_beside_its_filter_and_not_without() -> None:
    spec = parlatel(*CHANGES)
    assert encode_request(spec, ListRequest()).query == b"state=ended"
    assert encode_request(spec, ListRequest(values={"way": "in"})).query == b"state=ended&kind=enum&way=in"
    left_out = ListRequest(values={"way": "in", "from": "1"}, left_out=frozenset({"kind"}))
    assert encode_request(spec, left_out).query == b"state=ended&form=exact&way=in&from=1"


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [0, 3, 150])
def test_an_honest_simulator_passes(spec_file: Path, calls: int) -> None:
    result = run_trial(Trial(api=str(spec_file), calls=calls))
    # Of a few calls some promises show nothing.
    assert (result.clauses, result.exit_code) == ((), 0 if calls > 3 else 5), result.messages


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    "fault",
    [
        "PT-CLS-027/kind-not-needed",
        "PT-CLS-027/kind-lacking-ignored",
        "PT-CLS-029/scale-not-needed",
        "PT-CLS-028/form-not-needed",
        "PT-CLS-028/form-lacking-refused",
    ],
)
def test_a_liar_is_caught(spec_file: Path, fault: str) -> None:
    result = run_trial(Trial(api=str(spec_file), fault=fault, calls=150))
    assert fault.partition("/")[0] in result.clauses, result.messages


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (("kind: {constant: enum, ", "kind: {"), ("the key constant beside it", "none")),
        (("parameters: [way]", "parameters: [many]"), ("filters only", "'many'")),
        (("parameters: [way]", "parameters: []"), ("a filter at least", "none")),
        ((", clause: PT-CLS-027", ""), ("a clause on what a filter gets without it", "none")),
    ],
)
def test_the_linter_refuses_what_means_nothing(change: tuple[str, str], finding: tuple[str, str]) -> None:
    mended = tuple((old, new.replace(*change)) for old, new in CHANGES)
    assert mended != CHANGES
    found = [(one.expected, one.actual) for one in lint_spec(parlatel(*mended)).findings]
    assert finding in found, found
