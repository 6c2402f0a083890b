"""Durations of one number and its unit (`89s`), and filters that take durations as rows show them."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from changed_specs import (
    Change,
    ChangedSpec,
    assert_honest_passes,
    assert_liar_is_caught,
    assert_linter_finds_nothing,
    assert_linter_refuses,
)

from harness.specification.model import Parameter
from harness.wire.durations import decode_duration, encode_duration
from harness.wire.parameter_codec import decode_parameter, encode_parameter
from harness.wire.scalar_codecs import DecodeError

UTC: Final = ZoneInfo("UTC")
CHANGES: Final[tuple[Change, ...]] = (
    (
        "        - {name: start, in: query,",
        "        - {name: longest, in: query, schema: {type: string}, description: Calls as long at most}\n"
        "        - {name: shortest, in: query, schema: {type: string}, description: Calls as long at least}\n"
        "        - {name: start, in: query,",
    ),
    (
        "          from: {shows: source}\n",
        "          from: {shows: source}\n"
        '          lasted: {shows: duration_seconds, as: formatted-duration, format: "%Ss", clause: PT-CLS-003}\n',
    ),
    (
        "          from: {}\n",
        "          from: {}\n"
        '          longest: {as: formatted-duration, format: "%Ss"}\n'
        '          shortest: {as: formatted-duration, format: ["%M:%S", "%Ss"], bad: {gets: refused, like: [long], '
        "clause: PT-CLS-060}}\n",
    ),
    (
        "          way: {compares: way, clause",
        "          longest: {compares: lasted, keeps: at-most, clause: PT-CLS-025}\n"
        "          shortest: {compares: lasted, keeps: at-least, clause: PT-CLS-026}\n"
        "          way: {compares: way, clause",
    ),
    (
        "          PT-CLS-030: {",
        '          PT-CLS-025: {level: must, basis: documented, says: "longest bounds lasted", source: "Request"}\n'
        '          PT-CLS-026: {level: must, basis: documented, says: "so does shortest", source: "Request"}\n'
        "          PT-CLS-030: {",
    ),
    ("        from: {type: string}\n", "        from: {type: string}\n        lasted: {type: string}\n"),
)
CHANGED: Final = ChangedSpec("parlatel", CHANGES)


@pytest.mark.parametrize(
    ("seconds", "form", "text"), [(5, "%Ss", "5s"), (3605, "%Ss", "3605s"), (0, "%S", "0"), (180, "%M min", "3 min")]
)
def test_one_number_tells_a_duration_without_a_nought_before_it(seconds: int, form: str, text: str) -> None:
    assert encode_duration(seconds, (form,)) == text
    assert decode_duration(text, (form,)) == seconds


@pytest.mark.parametrize(("raw", "seconds"), [("00:09", 9), ("61:00", 3660), ("90s", 90)])
def test_a_parameter_takes_each_of_its_formats_and_writes_the_first(raw: str, seconds: int) -> None:
    parameter = Parameter(as_="formatted-duration", format=("%M:%S", "%Ss"))
    assert decode_parameter(parameter, raw, zone=UTC, in_json=False) == seconds
    written = encode_parameter(parameter, seconds, zone=UTC, in_json=False)
    assert written == f"{seconds // 60:02d}:{seconds % 60:02d}"


@pytest.mark.parametrize("raw", ["90", "1m", "-5s", "00:61", ""])
def test_what_is_no_duration_is_refused(raw: str) -> None:
    with pytest.raises(DecodeError):
        decode_parameter(Parameter(as_="formatted-duration", format=("%M:%S", "%Ss")), raw, zone=UTC, in_json=False)


def test_the_linter_finds_nothing() -> None:
    assert_linter_finds_nothing(CHANGED)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("calls", [3, 150])
def test_an_honest_simulator_passes(tmp_path: Path, calls: int) -> None:
    assert_honest_passes(CHANGED, tmp_path, calls=calls)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    "fault", ["PT-CLS-025/longest-ignored", "PT-CLS-026/shortest-strict", "PT-CLS-060/shortest-bad-ignored"]
)
def test_a_liar_is_caught(tmp_path: Path, fault: str) -> None:
    assert_liar_is_caught(CHANGED, tmp_path, fault)


@pytest.mark.parametrize(
    ("change", "remark"),
    [
        (
            ('format: ["%M:%S", "%Ss"]', 'format: "%H:%M"'),
            ("a format with %S: seconds that cannot be said cannot be asked for", "'%H:%M'"),
        ),
        (
            ("lasted, keeps: at-most", "from, keeps: at-most"),
            ("as: text or word, beside at-most", "as: formatted-duration, compared with a text"),
        ),
        (
            ("lasted, keeps: at-most", "lasted, keeps: contains"),
            ("equal, not-equal or an order of durations", "contains"),
        ),
        (
            ('as: formatted-duration, format: "%Ss", clause', "as: integer, unit: milliseconds, clause"),
            ("as: integer, beside a field of another unit", "a duration"),
        ),
    ],
)
def test_the_linter_refuses_what_means_nothing(change: Change, remark: tuple[str, str]) -> None:
    assert_linter_refuses(CHANGED, change, remark)
