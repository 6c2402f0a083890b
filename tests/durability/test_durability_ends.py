"""However a run ends, what it knew is there: kills, signals, full disks, closed pipes (DU-01 to DU-03)."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from fronts import XML_API, credentials, front
from hostile_servers import Peer

from harness.cli.main import main
from harness.report import read_run_record
from tests.durability.installed import (
    KINDS,
    environment,
    files_in,
    in_shell,
    lines_of,
    size_of,
    slowly,
    start,
    until,
    verdicts,
    words,
)
from tests.hostile.envelope import harmless, leaks, parsed

ACCESS = [word for name, value in credentials(XML_API).items() for word in ("--credential", f"{name}={value}")]


@pytest.fixture(scope="module")
def target() -> Iterator[str]:
    """An honest server that takes its time."""
    with front(XML_API, slowly) as (url, _):
        yield url


@pytest.fixture(scope="module")
def undisturbed(target: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reports of a run lie that nobody disturbed."""
    place = tmp_path_factory.mktemp("undisturbed")
    process = start(words(target, kinds=KINDS), place)
    process.communicate(timeout=60)
    assert process.returncode == 0
    return place


# --- DU-01 --------------------------------------------------------------------------------------------------


def killed_and_resumed(target: str, undisturbed: Path, place: Path, *, seed: int) -> None:
    """Kill the run when its journal has a random size; it is readable, and resume ends with the same verdicts."""
    rng = random.Random(seed)
    journal = place / "ndjson"
    whole = size_of(undisturbed / "ndjson")
    enough = rng.randrange(1, whole)
    process = start(words(target, kinds=("ndjson",)), place)
    until(lambda: size_of(journal) >= enough or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    recording = read_run_record(journal)
    if not recording.complete:
        assert main(["report", str(journal), "--out", str(place / "torn")]) == 0
        assert "INCOMPLETE" in (place / "torn").read_text()
    code = main(["resume", str(journal), *ACCESS, "--report", f"json={place / 'again'}"])
    assert code == 0
    assert verdicts(place / "again") == verdicts(undisturbed / "json")
    assert read_run_record(journal).complete


@pytest.mark.parametrize("seed", range(8))
def test_du_01_a_run_killed_at_any_moment_is_resumed_to_the_same_verdicts(
    seed: int, target: str, undisturbed: Path, tmp_path: Path
) -> None:
    killed_and_resumed(target, undisturbed, tmp_path, seed=seed)


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(100, 300))
def test_du_01_two_hundred_kills(seed: int, target: str, undisturbed: Path, tmp_path: Path) -> None:
    killed_and_resumed(target, undisturbed, tmp_path, seed=seed)


def test_du_01_every_prefix_of_a_journal_can_be_read(undisturbed: Path, tmp_path: Path) -> None:
    """Wherever the file was cut, the whole lines count: each clause that they judge, and not_run for the rest."""
    data = (undisturbed / "ndjson").read_bytes()
    header = data.index(b"\n") + 1
    plan = len(verdicts(undisturbed / "json"))
    rng = random.Random(7)
    for cut in sorted(rng.randrange(header, len(data)) for _ in range(40)):
        (tmp_path / "torn").write_bytes(data[:cut])
        recording = read_run_record(tmp_path / "torn")
        assert len(recording.report.clauses) == plan
        assert not recording.complete or cut >= len(data) - 1


def test_du_01_a_journal_without_a_whole_header_is_told_and_not_resumed(
    undisturbed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "torn").write_bytes((undisturbed / "ndjson").read_bytes()[:100])
    assert main(["resume", str(tmp_path / "torn"), *ACCESS]) == 2
    assert main(["report", str(tmp_path / "torn")]) == 2
    assert "not a journal" in capsys.readouterr().err


# --- DU-02 --------------------------------------------------------------------------------------------------

SIGNALS = [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]


def interrupted_well(place: Path, name: str) -> None:
    """All reports are there, can be read, hold no secret, and say by which signal the run ended."""
    report = parsed(files_in(place))
    assert report["interrupted"] == name
    assert "not_run" in {clause["verdict"] for clause in report["clauses"]}
    assert f"interrupted ({name})" in (place / "text").read_text()
    recording = read_run_record(place / "ndjson")
    assert (recording.complete, recording.report.interrupted) == (True, name)
    for kind, data in files_in(place).items():
        assert leaks(data) == [], kind
    harmless((place / "text").read_bytes())


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_du_02_a_signal_ends_a_run_with_all_reports(
    number: signal.Signals, code: int, target: str, tmp_path: Path
) -> None:
    process = start(words(target, kinds=KINDS), tmp_path)
    until(lambda: lines_of(tmp_path / "ndjson") >= 6)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in out + err
    interrupted_well(tmp_path, number.name)


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_du_02_a_signal_does_not_wait_for_a_server_that_is_silent(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    silent = [False]

    def bend(now: int, request: object, answer: object) -> object:
        if now < 8:
            return None
        silent[0] = True
        return Peer.silence

    with front(XML_API, bend) as (url, _):  # type: ignore[arg-type]
        process = start(words(url, "--timeout", "600", kinds=KINDS), tmp_path)
        until(lambda: silent[0])
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode == code
    interrupted_well(tmp_path, number.name)


def test_du_02_an_interrupted_run_is_resumed_to_the_same_verdicts(
    target: str, undisturbed: Path, tmp_path: Path
) -> None:
    process = start(words(target, kinds=("ndjson",)), tmp_path)
    until(lambda: lines_of(tmp_path / "ndjson") >= 6)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert main(["resume", str(tmp_path / "ndjson"), *ACCESS, "--report", f"json={tmp_path / 'again'}"]) == 0
    assert verdicts(tmp_path / "again") == verdicts(undisturbed / "json")


# --- DU-03 --------------------------------------------------------------------------------------------------

OLD = "the report of last week"


def only_line(err: str, *parts: str) -> None:
    """One clear line about the harm; what else is said is not about it."""
    told = [line for line in err.splitlines() if "not written" in line or "no space" in line or "closed" in line]
    assert len(told) == 1, err
    assert all(part in told[0] for part in parts), told
    assert "Traceback" not in err


@pytest.mark.parametrize("kind", KINDS)
def test_du_03_a_report_on_a_full_disk_ends_with_3(kind: str, target: str, tmp_path: Path) -> None:
    process = start(words(target, "--report", f"{kind}=/dev/full"), tmp_path)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    only_line(err, "/dev/full", "no space left on device")


@pytest.mark.parametrize("kind", ["json", "junit", "html", "har"])
def test_du_03_a_disk_that_fills_up_leaves_the_old_report(kind: str, target: str, tmp_path: Path) -> None:
    """The limit on the size of a file stands for the disk: the kernel refuses in the middle of the writing."""
    (tmp_path / kind).write_text(OLD)
    found = in_shell(f"ulimit -f 4; callharness {_quoted(words(target, kinds=(kind,)))}", tmp_path)
    assert found.returncode == 3
    only_line(found.stderr, kind, "file too large")
    assert (tmp_path / kind).read_text() == OLD
    assert [path.name for path in tmp_path.iterdir()] == [kind]


def test_du_03_a_journal_on_a_disk_that_fills_up_ends_with_3(target: str, tmp_path: Path) -> None:
    found = in_shell(f"ulimit -f 16; callharness {_quoted(words(target, kinds=('ndjson', 'text')))}", tmp_path)
    assert found.returncode == 3
    only_line(found.stderr, "ndjson", "file too large")
    assert (tmp_path / "text").read_text().startswith(XML_API)


@pytest.mark.parametrize("place", ["/proc", "."])
def test_du_03_a_place_where_nothing_can_be_written_ends_with_3(place: str, target: str, tmp_path: Path) -> None:
    where = place if place == "." else f"{place}/report"
    process = start(words(target, "--report", f"json={where}", "--report", "junit=junit"), tmp_path)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    only_line(err, "not written")
    assert (tmp_path / "junit").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root")
def test_du_03_a_read_only_directory_ends_with_3(target: str, tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    process = start(words(target, "--report", "json=locked/report"), tmp_path)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    only_line(err, "permission denied")


def test_du_03_a_report_path_that_is_a_directory_ends_with_3_and_keeps_it(target: str, tmp_path: Path) -> None:
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "inside").write_text(OLD)
    process = start(words(target, kinds=("json",)), tmp_path)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3
    only_line(err, "it is a directory")
    assert (tmp_path / "json" / "inside").read_text() == OLD


def test_du_03_a_reader_that_has_left_changes_nothing_of_the_gate(target: str, tmp_path: Path) -> None:
    process = start(words(target, kinds=("json",)), tmp_path)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    with process.stderr:
        err = process.stderr.read()
    assert (process.wait(timeout=60), "Traceback" in err) == (0, False)
    assert json.loads((tmp_path / "json").read_text())["exit_code"] == 0


def test_du_03_a_full_standard_output_ends_with_3(target: str, tmp_path: Path) -> None:
    found = in_shell(f"callharness {_quoted(words(target))} > /dev/full", tmp_path)
    assert found.returncode == 3
    only_line(found.stderr, "standard output")


def _quoted(given: list[str]) -> str:
    import shlex

    return shlex.join(given)


def test_du_03_nothing_is_left_in_the_way_of_temporary_files(target: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    process = start(words(target, "--report", "json=out/json", "--report", "html=out/html"), tmp_path)
    process.communicate(timeout=60)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["html", "json"]
    assert environment(tmp_path)["TMPDIR"] == str(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
