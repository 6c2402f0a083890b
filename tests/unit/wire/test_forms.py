"""Queries and forms: the documents' own requests, both separators, and what must be refused."""

from __future__ import annotations

import pytest

from harness.errors import UsageProblem
from harness.wire.forms import (
    FormError,
    FormLimits,
    decode_form,
    decode_multipart,
    decode_pairs,
    encode_multipart,
    encode_pairs,
)

# The queries of the documents' example requests.
HISTORY = (
    b"command=ListCallHistory&RowsPerPage=20&PageNumber=0&From=&Direction=&Source=&Destination=&CallerId="
    b"&Dialed=&State=&Type=&CallId=&Username=HTTP_User_1&Password=qwe123"
)
HISTORY_PAIRS = [
    ("command", "ListCallHistory"), ("RowsPerPage", "20"), ("PageNumber", "0"), ("From", ""), ("Direction", ""),
    ("Source", ""), ("Destination", ""), ("CallerId", ""), ("Dialed", ""), ("State", ""), ("Type", ""),
    ("CallId", ""), ("Username", "HTTP_User_1"), ("Password", "qwe123"),
]  # fmt: skip
LIVE = b"auth_username=user;auth_password=password"
LIVE_PAIRS = [("auth_username", "user"), ("auth_password", "password")]


def test_a_documented_query_in_both_directions() -> None:
    assert decode_pairs(HISTORY) == HISTORY_PAIRS
    assert encode_pairs(HISTORY_PAIRS) == HISTORY


def test_a_documented_query_with_semicolons_in_both_directions() -> None:
    assert decode_pairs(LIVE, separators="&;") == LIVE_PAIRS
    assert encode_pairs(LIVE_PAIRS, separator=";") == LIVE


def test_both_separators_may_be_mixed() -> None:
    assert decode_pairs(b"a=1;b=2&c=3", separators="&;") == [("a", "1"), ("b", "2"), ("c", "3")]


def test_a_raw_semicolon_is_data_where_only_the_ampersand_separates() -> None:
    assert decode_pairs(b"ids=1;2&b=3") == [("ids", "1;2"), ("b", "3")]


def test_a_separator_in_a_text_is_escaped() -> None:
    assert encode_pairs([("ids", "1;2&3")], separator=";") == b"ids=1%3B2%263"


def test_a_space_is_a_percent_escape_or_a_plus() -> None:
    pairs = [("From", "2013-01-17 13:32:12")]
    assert encode_pairs(pairs) == b"From=2013-01-17%2013%3A32%3A12"
    assert encode_pairs(pairs, plus_for_space=True) == b"From=2013-01-17+13%3A32%3A12"


def test_the_plus_of_a_number_survives() -> None:
    assert encode_pairs([("n", "+12125550100")]) == b"n=%2B12125550100"
    assert decode_pairs(b"n=%2B12125550100") == [("n", "+12125550100")]


def test_a_raw_plus_is_a_space_unless_told_otherwise() -> None:
    assert decode_pairs(b"a=1+2") == [("a", "1 2")]
    assert decode_pairs(b"a=1+2", plus_for_space=False) == [("a", "1+2")]


def test_names_without_texts_and_empty_parts() -> None:
    assert decode_pairs(b"&&a&=b&c==&") == [("a", ""), ("", "b"), ("c", "=")]
    assert decode_pairs(b"") == []


def test_repeated_names_stay() -> None:
    assert decode_pairs(b"a=1&a=2") == [("a", "1"), ("a", "2")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"a=%zz", "form:percent"),
        (b"a=%1", "form:percent"),
        (b"%=1", "form:percent"),
        (b"a=%ff", "encoding:invalid-utf8"),
        (b"a=\xff", "encoding:invalid-utf8"),
        (b"a=%ed%a0%80", "encoding:invalid-utf8"),
        (b"a=1&" * 1001, "form:limit"),
        (b"&" * 1_000_000, "form:limit"),
        (b"a" * 1_048_577, "form:limit"),
    ],
    ids=lambda value: value if isinstance(value, str) else ascii(value[:12]),
)
def test_a_broken_query_is_refused_with_its_reason(data: bytes, code: str) -> None:
    with pytest.raises(FormError) as refused:
        decode_pairs(data)
    assert refused.value.problem.code == code
    assert str(refused.value).isascii()


def test_limits_are_the_callers() -> None:
    with pytest.raises(FormError):
        decode_pairs(b"a=1&b=2", limits=FormLimits(pairs=1))


@pytest.mark.parametrize("separators", ["", "|", ";&"])
def test_another_separator_is_a_misuse(separators: str) -> None:
    with pytest.raises(UsageProblem):
        decode_pairs(b"", separators=separators)  # type: ignore[arg-type]


MULTIPART = (
    b'--frontier\r\nContent-Disposition: form-data; name="from_date"\r\n\r\n2020-02-25 00:00:00\r\n'
    b'--frontier\r\nContent-Disposition: form-data; name="n\xc3\xa4me"\r\n\r\n'
    b"\xc3\xa9\r\n\r\n--front\r\n--frontier--\r\n"
)
MULTIPART_PAIRS = [("from_date", "2020-02-25 00:00:00"), ("näme", "é\r\n\r\n--front")]


def test_a_multipart_form_in_both_directions() -> None:
    content_type, body = encode_multipart(MULTIPART_PAIRS, "frontier")
    assert (content_type, body) == ('multipart/form-data; boundary="frontier"', MULTIPART)
    assert decode_multipart(MULTIPART, "multipart/form-data; boundary=frontier") == MULTIPART_PAIRS


def test_an_empty_multipart_form_in_both_directions() -> None:
    content_type, body = encode_multipart([], "x")
    assert decode_multipart(body, content_type) == []


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"", "multipart/form-data; boundary=x", "form:multipart"),
        (MULTIPART[:-6], "multipart/form-data; boundary=frontier", "form:multipart"),
        (MULTIPART, "multipart/form-data; boundary=other", "form:multipart"),
        (MULTIPART, "multipart/form-data", "form:multipart"),
        (MULTIPART, 'multipart/form-data; boundary="\u00e9"', "form:media-type"),
        (MULTIPART, "multipart/form-data; boundary=" + "x" * 2000, "form:media-type"),
        (MULTIPART, "multipart/mixed; boundary=frontier", "form:media-type"),
        (b"--x\r\n\r\nno name\r\n--x--\r\n", "multipart/form-data; boundary=x", "form:multipart"),
        (b"--x\r\n" + b"a: b\r\n" * 9 + b"\r\n--x--\r\n", "multipart/form-data; boundary=x", "form:multipart"),
        (b"--x\r\na: " + b"b" * 9000 + b"\r\n\r\n--x--", "multipart/form-data; boundary=x", "form:multipart"),
        (MULTIPART.replace(b"\xa9", b"\xff"), "multipart/form-data; boundary=frontier", "encoding:invalid-utf8"),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 1001 + b"--x--\r\n",
            "multipart/form-data; boundary=x",
            "form:limit",
        ),
        (b"x" * 1_048_577, "multipart/form-data; boundary=x", "form:limit"),
    ],
    ids=lambda value: ascii(value[:12]),
)
def test_a_broken_multipart_form_is_refused_with_its_reason(body: bytes, content_type: str, code: str) -> None:
    with pytest.raises(FormError) as refused:
        decode_multipart(body, content_type)
    assert refused.value.problem.code == code


@pytest.mark.parametrize(
    ("fields", "boundary"),
    [([], ""), ([], "a b"), ([], "x" * 71), ([('a"', "1")], "x"), ([("a\r\n", "1")], "x"), ([("a", "\r\n--x")], "x")],
)
def test_a_multipart_form_that_cannot_be_written_is_refused(fields: list[tuple[str, str]], boundary: str) -> None:
    with pytest.raises(UsageProblem):
        encode_multipart(fields, boundary)


def test_a_form_is_read_by_its_media_type() -> None:
    assert decode_form(b"a=1", "application/x-www-form-urlencoded; charset=UTF-8") == [("a", "1")]
    assert decode_form(LIVE, "Application/X-WWW-Form-Urlencoded", separators="&;") == LIVE_PAIRS
    assert decode_form(MULTIPART, "multipart/form-data; boundary=frontier") == MULTIPART_PAIRS


@pytest.mark.parametrize(
    ("content_type", "code"),
    [
        ("", "form:media-type"),
        ("text/plain", "form:media-type"),
        ("application/x-www-form-urlencoded; charset=utf-7", "charset"),
    ],
)
def test_another_media_type_or_charset_is_refused(content_type: str, code: str) -> None:
    with pytest.raises(FormError) as refused:
        decode_form(b"a=1", content_type)
    assert refused.value.problem.code == code
