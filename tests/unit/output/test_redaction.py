"""A secret given to the run appears in no output, in no encoding; our own words stay."""

from __future__ import annotations

import base64
import html
import io
import json
import random
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.check.results.evidence import EvidenceRenderer
from harness.output.redaction import Redactor, Secret, is_secret_name

CANARY = "kX7-p&\"\\ß/ q+Z<'9\n"
PLAIN = "canary4711secret"

ENCODINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "quote": lambda s: urllib.parse.quote(s, safe=""),
    "quote, slash kept": urllib.parse.quote,
    "quote_plus": urllib.parse.quote_plus,
    "quote, lower hex": lambda s: "".join(f"%{b:02x}" for b in s.encode()),
    "quoted twice": lambda s: urllib.parse.quote(urllib.parse.quote(s)),
    "json": lambda s: json.dumps(s)[1:-1],
    "json, not ascii": lambda s: json.dumps(s, ensure_ascii=False)[1:-1],
    "json, escaped slash": lambda s: json.dumps(s)[1:-1].replace("/", "\\/"),
    "json in json": lambda s: json.dumps(json.dumps(s))[3:-3],
    "repr": lambda s: repr(s)[1:-1],
    "ascii": lambda s: ascii(s)[1:-1],
    "xml": html.escape,
    "xml, decimal": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "xml, hexadecimal": lambda s: "".join(f"&#x{ord(c):X};" for c in s),
    "xml in xml": lambda s: html.escape(html.escape(s)),
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64url": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base64, unpadded": lambda s: base64.b64encode(s.encode()).decode().rstrip("="),
    "basic, shift 1": lambda s: base64.b64encode(f"abc:{s}".encode()).decode(),
    "basic, shift 2": lambda s: base64.b64encode(f"user:{s}!".encode()).decode()[4:],
    "basic, shift 0": lambda s: base64.b64encode(f"ab:{s}:tail".encode()).decode()[4:],
    "base64 in a URL": lambda s: urllib.parse.quote(base64.b64encode(s.encode()).decode(), safe=""),
    "wrapped": lambda s: s[:5] + "\r\n    " + s[5:],
    "base64, wrapped, in json": lambda s: json.dumps(base64.encodebytes(s.encode() * 5).decode())[1:-1],
    "base64, wrapped": lambda s: base64.encodebytes(s.encode() * 5).decode(),
}


def core(text: str) -> str:
    """The middle of an encoded secret: no part of it may be left."""
    return text[len(text) // 3 : 2 * len(text) // 3]


@pytest.mark.parametrize("secret", [CANARY, PLAIN], ids=["odd", "plain"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_of_a_secret_is_masked(secret: str, encoding: str) -> None:
    encoded = ENCODINGS[encoding](secret)
    redacted = Redactor([secret]).redact(f"before {encoded} after")
    assert redacted.startswith("before ")
    assert redacted.endswith(" after")
    assert "***" in redacted
    assert core(encoded) not in redacted
    assert len(redacted) < 40 or encoding.startswith("b")


def test_bytes_are_redacted_like_text() -> None:
    assert Redactor([PLAIN]).redact_bytes(b"\xff" + PLAIN.encode() + b"\xfe") == b"\xff***\xfe"


def test_text_without_secrets_is_the_same_text() -> None:
    text = "caf\u00e9 \ud800 rows=20&page=3 the password was wrong, Username=HTTP_User_1"
    assert Redactor([PLAIN]).redact(text) == text


@given(st.text(min_size=6), st.text(), st.text())
def test_any_secret_disappears(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])
    if redactor.too_common:
        return
    redacted = redactor.redact(before + secret + after)
    assert secret.replace("*", "") == "" or secret not in redacted or secret in (before + "***" + after)


def test_a_longer_secret_is_masked_whole() -> None:
    assert Redactor(["abcdef", "abcdefghij"]).redact("x=abcdefghij") == "x=***"


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
@pytest.mark.parametrize("encoding", ["raw", "quote", "json", "base64", "hex"])
def test_chunk_borders_do_not_matter(size: int, encoding: str) -> None:
    redactor = Redactor([CANARY])
    noise = random.Random(7).randbytes(30_000).hex()
    text = (noise + ENCODINGS[encoding](CANARY) + noise[:777] + "?auth_password=unknown;x") * 2
    data = text.encode()
    stream = io.BytesIO()
    with redactor.writer(stream) as writer:
        for start in range(0, len(data), size):
            writer.write(data[start : start + size])
    assert stream.getvalue() == redactor.redact_bytes(data)
    assert stream.getvalue().count(b"***") == 4


def test_a_short_secret_is_told_and_masked_where_it_is_a_value() -> None:
    redactor = Redactor(["1234"])
    assert [str(secret) for secret in redactor.too_short] == ["1234"]
    assert redactor.redact("pinned=1234&rows=12345; 1234 rows") == "pinned=***&rows=12345; 1234 rows"


def test_a_secret_that_is_our_own_word_is_masked_only_as_a_value() -> None:
    redactor = Redactor(["password"])
    text = "list?auth_username=user;auth_password=password;x=1 says: the password is wrong"
    assert redactor.redact(text) == text.replace("=password", "=***")
    assert redactor.too_common == ("password",)


def test_the_words_of_a_spec_are_our_own() -> None:
    redactor = Redactor(["caller"], words=["callername_match"])
    assert redactor.redact("callername_match=x&pass=caller") == "callername_match=x&pass=***"


@pytest.mark.parametrize(
    "text",
    [
        "/list?direction=in;auth_password=CANARY;limit=5",
        "?command=X;Username=admin;Password=CANARY",
        "?command=ListActiveCalls&Username=admin&Password=CANARY&x",
        "http://u:CANARY@h/",
        "/rec/x.mp3?X-Amz-Signature=CANARY",
        "/#access_token=CANARY",
        "Authorization: Bearer CANARY",
        "curl -H 'X-Tenant-Pin: CANARY' http://h/",
        '{"name": "Authorization", "value": "Basic CANARY"}',
        '{"api_key": "CANARY"}',
        '{\\"token\\": \\"CANARY\\"}',
        "{'private_key': 'CANARY'}",
        "<Password>CANARY</Password>",
        "Set-Cookie: sid=CANARY; Path=/",
    ],
)
def test_unknown_secrets_are_masked_by_their_name(text: str) -> None:
    redacted = Redactor([]).redact(text)
    assert "CANARY" not in redacted
    assert "***" in redacted


@pytest.mark.parametrize(
    "text",
    ["?Username=admin&page_token=abc", '{"next_page_token": "abc"}', "Password=$PASSWORD", "password=***", "rows=20"],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor([]).redact(text) == text


@pytest.mark.parametrize(
    "name", ["password", "auth_password", "token", "Authorization", "api_key", "apiKey", "private_key",
             "X-Amz-Signature", "X-Tenant-Pin", "client_secret", "Cookie"]
)  # fmt: skip
def test_secret_names_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["username", "page_token", "next_page_token", "spinning", "author", "rows"])
def test_other_names_are_not_secret(name: str) -> None:
    assert not is_secret_name(name)


def test_a_secret_does_not_show_itself() -> None:
    assert repr(Secret("hunter22")) == "***"
    assert "hunter22" not in repr({"password": Secret("hunter22")})
    assert "hunter22" not in repr(Redactor(["hunter22", "abc"]))
    assert f"{Secret('hunter22')}" == "hunter22"


def test_a_token_obtained_later_is_added() -> None:
    redactor = Redactor(["abc", PLAIN]).with_secrets(["later-token"])
    assert redactor.redact(f"{PLAIN} later-token pin=abc") == "*** *** pin=***"


@pytest.mark.parametrize("change", [str.upper, str.lower, str.swapcase])
def test_a_secret_in_other_letters_case_is_masked(change: Callable[[str], str]) -> None:
    assert Redactor(["Canary-Xy77"]).redact(f"x {change('Canary-Xy77')} y") == "x *** y"


@pytest.mark.parametrize("between", [":", " ", "-", "\n", "\r\n "])
def test_a_dump_of_bytes_is_masked(between: str) -> None:
    assert Redactor([PLAIN]).redact(between.join(f"{byte:02x}" for byte in PLAIN.encode())) == "***"


@given(before=st.integers(0, 40), most=st.integers(1, 40))
def test_a_text_is_cut_after_its_secrets_are_masked(before: int, most: int) -> None:
    redactor = Redactor([PLAIN])
    text = "y" * before + PLAIN + "z" * (redactor.holdback_bytes * 3)
    head, left_out = redactor.redact_head(text, most)
    assert left_out > 0
    assert not any(PLAIN[:size] in head for size in range(4, len(PLAIN) + 1))


@pytest.mark.parametrize("limit", [400, 1200, 1500, 8192, 65_536])
@pytest.mark.parametrize("shift", [-15, -8, -1])
def test_no_half_of_a_secret_is_left_at_the_edge_of_an_excerpt(limit: int, shift: int) -> None:
    renderer = EvidenceRenderer(base="http://127.0.0.1", redactor=Redactor([PLAIN]), secrets={})
    shown = renderer.render_text("x" * (limit + shift) + PLAIN + "y" * 100_000, limit=limit)
    assert PLAIN[:4] not in shown
