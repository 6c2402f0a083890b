"""Files of known failures on the command line (DU-09): what is wrong with one ends the run before a request."""

from __future__ import annotations

import contextlib
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fronts import XML_API, Front, front, rewritten

from harness.cli.main import main
from tests.durability.installed import words

TODAY = datetime.now(UTC).date()
CLAUSE = "OZ-LAC-006"


def entry(**changes: str | None) -> str:
    lines: dict[str, str | None] = {
        "id": "W-0007",
        "clause": CLAUSE,
        "reason": "the message is missing",
        "issue": "https://tracker.example/PBX-123",
        "owner": "telephony-team",
        "added": str(TODAY),
        "expires": str(TODAY + timedelta(days=60)),
    } | changes
    first, *rest = [f"{name}: {value}" for name, value in lines.items() if value is not None]
    return f"- {first}\n" + "".join(f"  {line}\n" for line in rest)


def checked(text: str, place: Path, *more: str, broken: bool = False) -> tuple[int, str, str, Front]:
    """A run with such a file, against a server that does or does not break the clause."""
    file = place / "known.yaml"
    file.write_text(text)
    out, err = io.StringIO(), io.StringIO()
    bend = rewritten(lambda body: body.replace(b"Message>", b"Massage>")) if broken else None
    with (
        front(XML_API, bend) as (url, seen),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main(words(url, "--known", str(file), *more))
    return code, out.getvalue(), err.getvalue(), seen


def test_du_09_an_expected_failure_is_waived_and_not_red(tmp_path: Path) -> None:
    code, out, _, _ = checked(entry(), tmp_path, broken=True)
    assert code == 0
    assert "W-0007" in out


def test_du_09_a_stale_entry_is_red_and_asks_to_be_removed(tmp_path: Path) -> None:
    code, out, _, _ = checked(entry(), tmp_path)
    assert code == 1
    assert "remove W-0007" in out


REFUSED = {
    "expired": (
        entry(added=str(TODAY - timedelta(days=30)), expires=str(TODAY - timedelta(days=1))),
        "W-0007",
    ),
    "typo in a clause": (entry(clause="OZ-LAC-06"), "did you mean OZ-LAC-0"),
    "typo in a key": (entry(reasn="x"), "reason"),
    "duplicate id": (entry() + entry(clause="OZ-LAC-005"), "an id of its own"),
    "duplicate clause": (entry() + entry(id="W-0008"), "one entry"),
    "wildcard too wide": (entry(clause='"**"', max_matches="100"), "whole vendor"),
    "wildcard without a limit": (entry(clause=f'"{XML_API}/*"'), "max_matches"),
    "missing reason": (entry(reason=None), "the key reason"),
    "empty reason": (entry(reason='""'), "a reason in words"),
    "missing owner": (entry(owner=None), "the key owner"),
    "missing issue for a must": (entry(issue=None), "an issue"),
    "too long": (entry(expires=str(TODAY + timedelta(days=181))), "180"),
    "error": (entry(expect="error"), "error"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_du_09_a_wrong_file_ends_with_2_before_anything_is_sent(name: str, tmp_path: Path) -> None:
    text, expected = REFUSED[name]
    code, out, err, seen = checked(text, tmp_path)
    assert code == 2
    assert expected in err
    assert "known.yaml:" in err
    assert "Traceback" not in err
    assert out == ""
    assert seen.requests == []


def test_du_09_an_entry_about_to_expire_is_warned_of(tmp_path: Path) -> None:
    _, _, err, _ = checked(entry(expires=str(TODAY + timedelta(days=5))), tmp_path, broken=True)
    assert "W-0007" in err


def test_du_09_certify_ignores_the_file(tmp_path: Path) -> None:
    code, _, _, _ = checked(entry(), tmp_path, "--gate", "certify", broken=True)
    assert code == 1
