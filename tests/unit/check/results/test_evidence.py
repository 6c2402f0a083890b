"""How requests are shown: repeatable, and free of secrets."""

from __future__ import annotations

import json
import subprocess
from urllib.parse import parse_qsl, quote, quote_plus

import pytest
from parlatel_spec import key_in, parlatel, session_by

from harness.check.exchange import Row
from harness.check.results.evidence import EvidenceRenderer
from harness.check.results.people import PeopleMask
from harness.check.results.shell_lines import variable_notes
from harness.output.pseudonyms import Pseudonyms
from harness.output.redaction import Redactor
from harness.specification.field_path import FieldPath
from harness.wire.http_messages import HttpRequest, NoResponse
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import encode_request
from harness.wire.row_codec import FieldProblem


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


WAYS = {
    "basic": ((), {"account": "PT20250101", "secret": "ladder-green-7"}),
    "header": (key_in("header", "X-Parlatel-Key"), {"api-key": "ladder-green-7"}),
    "query": (key_in("query", "apikey"), {"api-key": "ladder-green-7"}),
    "cookie": (key_in("cookie", "pt_key"), {"api-key": "ladder-green-7"}),
    "session": (
        session_by("json", "/ticket", "header", "Authorization", "Bearer"),
        {"ticket": "ladder-green-7"},
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_line_runs_as_printed_and_holds_no_secret_by_any_way_in(way: str) -> None:
    changes, credentials = WAYS[way]
    spec = parlatel(*changes)
    request = encode_request(
        spec, ListRequest(credentials=credentials, account={"account": "PT20250101"}, values={"from": "+12025550123"})
    )
    name = next(name for name, text in credentials.items() if text == "ladder-green-7")
    evidence = EvidenceRenderer(
        base="http://127.0.0.1:1",
        redactor=Redactor(["ladder-green-7"], words=list(credentials)),
        secrets={name: "ladder-green-7"},
    )
    line = evidence.render_curl(request)
    assert "ladder" not in line
    assert "***" not in line
    variable = name.upper().replace("-", "_")
    words = subprocess.run(
        ["sh", "-c", line.replace("curl", "printf '%s\\n'", 1)],
        env={variable: "ladder-green-7", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert words[-1] == f"http://127.0.0.1:1{request.target.decode()}"
    sent = [f"{header}: {value}" for header, value in request.headers]
    if way == "basic":
        assert words[words.index("-u") + 1] == "PT20250101:ladder-green-7"
    else:
        assert [words[place + 1] for place, word in enumerate(words) if word == "-H"] == sent


def test_a_header_without_a_value_is_sent_all_the_same() -> None:
    evidence = EvidenceRenderer(base="http://127.0.0.1:1", redactor=Redactor([]), secrets={})
    line = evidence.render_curl(HttpRequest(method="GET", target=b"/list", headers=(("X-Parlatel-Key", ""),)))
    assert "-H 'X-Parlatel-Key;'" in line


def test_an_altered_password_is_a_variable_of_its_own() -> None:
    evidence = EvidenceRenderer(
        base="http://127.0.0.1:1", redactor=Redactor(["ladder-green-7", "ladder-grefn-7"]), secrets={}
    )
    request = encode_request(
        parlatel(), ListRequest(credentials={"account": "PT20250101", "secret": "ladder-grefn-7"})
    )
    assert "-u 'PT20250101:'\"$OTHER_SECRET\"" in evidence.render_curl(request)


@pytest.mark.parametrize(
    "secret", ["it's", "a b", 'p "a" $b `c` #d', "pä\N{SNOWMAN}ss%41&x=y;z+1", "-n", "\\back\\n"]
)
@pytest.mark.parametrize("spelling", ["percent", "form", "json"])
def test_any_secret_in_any_spelling_is_a_variable_that_means_the_same(secret: str, spelling: str) -> None:
    body = {
        "percent": f"user=u&password={quote(secret, safe='')}&page=2",
        "form": f"user=u&password={quote_plus(secret)}&page=2",
        "json": json.dumps({"user": "u", "password": secret, "page": 2}),
    }[spelling]
    evidence = EvidenceRenderer(
        base="http://127.0.0.1:1", redactor=Redactor([secret], words=["password"]), secrets={"password": secret}
    )
    line = evidence.render_curl(HttpRequest(method="POST", target=b"/list", body=body.encode()))
    assert secret not in line.replace("\\n' | tr", "")
    sent = subprocess.run(
        ["bash", "-c", line.replace("curl", "printf '%s\\0'", 1)],
        env={"PASSWORD": secret, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
    ).stdout.decode()
    given = sent.split("\0")[sent.split("\0").index("--data-raw") + 1]
    read = json.loads(given) if spelling == "json" else dict(parse_qsl(given))
    assert read["password"] == secret


def test_masked_numbers_are_variables_that_end_as_their_aliases_do() -> None:
    people = Pseudonyms(b"key")
    evidence = EvidenceRenderer(
        base="http://127.0.0.1:1", redactor=Redactor([]), secrets={}, mode="masked", people=PeopleMask(people, {})
    )
    line = evidence.render_curl(HttpRequest(method="GET", target=b"/list?to=%2B12025550123&page=2"))
    ending = people.alias_number("+12025550123").rpartition("~")[2].upper()
    assert "12025550123" not in line
    assert f'printf %s "$NUMBER_{ending}"' in line
    [note] = variable_notes([line], [])
    assert f"NUMBER_{ending}" in note
    assert "--evidence full" in note


def test_a_field_that_is_not_as_documented_is_shown_as_it_came() -> None:
    flaw = FieldProblem(field=FieldPath.of("urls"), kind="form", text="a list", clause=(), understood=True)
    row = Row(shown={"id": 7, "urls": ()}, raw={"id": "7", "urls": ""}, extras={}, flaws=(flaw,), key=7)
    evidence = EvidenceRenderer(base="http://x", redactor=Redactor(()), secrets={})
    assert evidence.render_row(row, ["id", "urls"]) == "id=7  urls=''"
