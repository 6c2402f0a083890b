"""How requests are shown: repeatable, and free of secrets."""

from __future__ import annotations

import subprocess

import pytest

from harness.check.results.evidence import EvidenceRenderer
from harness.output.redaction import Redactor
from harness.wire.http_messages import HttpRequest, NoResponse


def curl(secret: str, target: str, *, name: str = "auth_password") -> str:
    evidence = EvidenceRenderer(
        base="http://127.0.0.1:1", redactor=Redactor([secret], words=[name]), secrets={name: secret}
    )
    return evidence.render_curl(HttpRequest(method="GET", target=target.encode()))


@pytest.mark.parametrize("secret", ["password", "correct-horse", "a.b+c(d", "trailing=="])
def test_a_secret_stands_as_a_variable_that_gives_the_same_bytes(secret: str) -> None:
    target = f"/list?auth_username=user;auth_password={secret};snumber=101"
    line = curl(secret, target)
    assert '"$AUTH_PASSWORD"' in line
    assert f"={secret}" not in line
    words = subprocess.run(
        ["sh", "-c", line.replace("curl", "printf '%s\\n'", 1)],
        env={"AUTH_PASSWORD": secret, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert words.splitlines()[-1] == f"http://127.0.0.1:1{target}"


def test_a_secret_with_a_letter_more_is_no_variable() -> None:
    line = curl("correct-horse", "/list?auth_password=correct-horsex")
    assert "correct-horse" not in line
    assert "$AUTH_PASSWORD" not in line


def test_what_had_come_of_an_answer_is_kept() -> None:
    evidence = EvidenceRenderer(base="http://127.0.0.1:1", redactor=Redactor(["hunter2-hunter2"]), secrets={})
    cut = NoResponse(reason="timeout:total", text="30 s went by", partial=b'{"calls": ["hunter2-hunter2", \x1b[2J')
    shown = evidence.render_response(cut)
    assert "what had come" in shown
    assert '{"calls": ["***"' in shown
    assert "\x1b" not in shown
