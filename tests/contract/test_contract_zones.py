"""Time zones that a request names by a number of hours, or by their offset from UTC."""

from __future__ import annotations

from pathlib import Path

import pytest
from tidewater_spec import TIDEWATER, tidewater

from harness.cli.selftest_trials import Trial, run_trial
from harness.serve.simulator import Simulator
from harness.specification.lint.linter import lint_spec
from harness.specification.model import TimeZoneRule
from harness.wire.http_messages import HttpRequest
from harness.wire.json_body import decode_json
from harness.wire.scalar_codecs import DecodeError
from harness.wire.zone_codec import read_zone
from harness.world import World

WORLD = World.of(seed=7, calls=60)
Change = tuple[str, str]


def changes_for(
    forms: str, codec: str = "text", bad: str = "nowhere", shown: str = "local-time"
) -> tuple[Change, ...]:
    return (
        (
            "        - {name: page, in: query,",
            "        - {name: clock, in: query, schema: {type: string}, description: Zone of began}\n"
            "        - {name: page, in: query,",
        ),
        (
            "          page: {as: integer,",
            f'          clock: {{as: {codec}, bad: {{gets: refused, like: ["{bad}"], clause: TD-REC-050}}}}\n'
            "          page: {as: integer,",
        ),
        (
            "          code: {shows: call_code}\n",
            "          code: {shows: call_code}\n"
            f"          began: {{shows: started_at, as: {shown}, clause: TD-REC-067}}\n",
        ),
        ("required: [id, code, start_time", "required: [id, code, began, start_time"),
        ("        code: {type: string}\n", "        code: {type: string}\n        began: {type: string}\n"),
        (
            "zone: {default: Pacific/Chatham}",
            f"zone: {{default: Pacific/Chatham, parameter: clock, written: {forms}, clauses: {{shift: TD-REC-067}}}}",
        ),
        (
            "          TD-REC-070: {",
            '          TD-REC-067: {level: must, basis: documented, says: "began is local time", source: "Answer"}\n'
            "          TD-REC-070: {",
        ),
    )


HOURS = changes_for("hours", bad="25")
OFFSET = changes_for("[offset, name]")
# The instants are the same in every zone: only the offset behind them tells whose clock it is.
CLOCK = changes_for("name", shown="offset-time")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("spec")
    files = {}
    for name, changes in (("hours", HOURS), ("offset", OFFSET), ("clock", CLOCK)):
        text = TIDEWATER.read_text(encoding="utf-8")
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        files[name] = folder / f"{name}.yaml"
        files[name].write_text(text, encoding="utf-8")
    return files


def began_in(clock: str, changes: tuple[Change, ...]) -> tuple[int, str]:
    """The status, and the time of the first row: as instant without its T and Z, and as local time."""
    asked = HttpRequest(method="GET", target=f"/records?user=ada&password=lovelace&clock={clock}".encode())
    answer = Simulator(tidewater(*changes), WORLD).answer(asked, WORLD.instant)
    tree = decode_json(answer.body).tree
    assert isinstance(tree, dict)
    rows = tree.get("records")
    row = rows[0] if isinstance(rows, list) else {}
    return answer.http_status, str(row.get("began")) if isinstance(row, dict) else ""


@pytest.mark.parametrize("changes", [HOURS, OFFSET, changes_for("hours", "integer")])
def test_the_linter_finds_nothing(changes: tuple[Change, ...]) -> None:
    assert lint_spec(tidewater(*changes)).findings == ()


def test_one_zone_has_one_meaning_in_every_form() -> None:
    by_hours, by_offset = began_in("-5", HOURS), began_in("-05:00", OFFSET)
    assert by_hours == by_offset == began_in("Etc/GMT%2b5", OFFSET)
    assert by_hours[0] == 200
    assert began_in("5.5", HOURS) == began_in("%2b05:30", OFFSET) == began_in("Asia/Kolkata", OFFSET)
    assert began_in("5.5", HOURS) != by_hours
    assert began_in("Etc/GMT%2b5", HOURS)[0] == 400
    assert began_in("-5", OFFSET)[0] == 400


@pytest.mark.parametrize(
    ("rule", "raw", "name"),
    [
        (TimeZoneRule(written=("hours",)), "-5", "-05:00"),
        (TimeZoneRule(written=("hours",)), "+5.75", "+05:45"),
        (TimeZoneRule(written=("hours",)), 0, "+00:00"),
        (TimeZoneRule(written=("hours",)), 14, "+14:00"),
        (TimeZoneRule(written=("offset",)), "-03:30", "-03:30"),
        (TimeZoneRule(written=("hours", "name")), "Asia/Kolkata", "Asia/Kolkata"),
    ],
)
def test_a_zone_is_read(rule: TimeZoneRule, raw: str | int, name: str) -> None:
    assert read_zone(rule, raw) == name


@pytest.mark.parametrize(
    ("rule", "raw"),
    [
        (TimeZoneRule(written=("hours",)), "15"),
        (TimeZoneRule(written=("hours",)), "5.3"),
        (TimeZoneRule(written=("hours",)), True),
        (TimeZoneRule(written=("hours",)), "UTC"),
        (TimeZoneRule(written=("offset",)), "05:30"),
        (TimeZoneRule(written=("offset",)), "+14:15"),
        (TimeZoneRule(), "+05:30"),
        (TimeZoneRule(), "-5"),
    ],
)
def test_what_names_no_zone_is_not_read(rule: TimeZoneRule, raw: str | bool) -> None:
    with pytest.raises(DecodeError):
        read_zone(rule, raw)


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize("name", ["hours", "offset", "clock"])
def test_an_honest_simulator_passes(files: dict[str, Path], name: str) -> None:
    result = run_trial(Trial(api=str(files[name]), calls=60))
    assert (result.clauses, result.exit_code) == ((), 0), result.messages


@pytest.mark.usefixtures("few_combinations")
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("hours", "TD-REC-067/times-not-shifted"),
        ("hours", "TD-REC-067/times-shifted-the-other-way"),
        ("clock", "TD-REC-067/times-not-shifted"),
    ],
)
def test_a_liar_is_caught(files: dict[str, Path], name: str, fault: str) -> None:
    result = run_trial(Trial(api=str(files[name]), fault=fault, calls=60))
    assert fault.partition("/")[0] in result.clauses, result.messages


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (("parameter: clock, ", ""), ("the key parameter beside it", "none")),
        (("written: hours", "written: [hours, hours]"), ("each form once", "hours, hours")),
        (("written: hours,", "written: hours, echo: /clock,"), ("an echo only of zones by name", "hours")),
        (
            ("clock: {as: text,", "clock: {as: text, required: {fault: invalid, clause: TD-REC-050},"),
            ("a zone that a request may leave out or names by name, or a constant", "a required one"),
        ),
    ],
)
def test_the_linter_refuses_what_means_nothing(change: tuple[str, str], finding: tuple[str, str]) -> None:
    mended = tuple((old, new.replace(*change)) for old, new in HOURS)
    assert mended != HOURS
    found = [(one.expected, one.actual) for one in lint_spec(tidewater(*mended)).findings]
    assert finding in found, found


def test_a_zone_by_an_offset_is_a_text() -> None:
    found = [(one.expected, one.actual) for one in lint_spec(tidewater(*changes_for("offset", "integer"))).findings]
    assert ("clock as: text beside offset", "integer") in found, found
