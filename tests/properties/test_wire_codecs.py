"""Laws of the codecs: what is encoded decodes to itself, and no bytes make a decoder raise anything unpromised."""

from __future__ import annotations

import contextlib
import string
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError
from harness.specification.load import load_spec
from harness.wire import forms
from harness.wire import scalar_codecs as scalars
from harness.wire.decoded_body import ADVISORY_CODES, Tree
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import decode_json, encode_json, put_value, tree_at
from harness.wire.response_codec import decode_response
from harness.wire.row_codec import decode_row
from harness.wire.scalar_codecs import DecodeError, zone_named
from harness.wire.xml_body import canonical_xml, decode_xml, encode_xml

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CLEAN_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NUMBERS = st.integers(-(10**17), 10**17) | st.decimals(-(10**9), 10**9, places=3)
SCALARS = CLEAN_TEXTS | NUMBERS | st.booleans() | st.none()
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(CLEAN_TEXTS, inner, max_size=4),
    max_leaves=20,
)
NAMES = st.text(string.ascii_letters, min_size=1, max_size=6)
XML_TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff") | st.sampled_from("\t\r\n<&>]"),
    max_size=12,
)
ROWS = st.lists(st.dictionaries(NAMES, XML_TEXTS | st.none(), max_size=4), max_size=4)
MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Ho_Chi_Minh", "Etc/GMT+2", "America/St_Johns"]).map(zone_named)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=6)

JSON_BITS = st.lists(
    st.sampled_from(
        [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u", b"d800", b"0000", b"1", b"-", b".", b"e400",
         b"9" * 70,
         b"NaN", b"-Infinity", b"true", b'"a"', b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b" ", b"0"]
    ),
    max_size=30,
).map(b"".join)  # fmt: skip
XML_BITS = st.lists(
    st.sampled_from(
        [b"<", b">", b"</", b"/>", b"Response", b"Rows", b"Row", b"A", b"<Response>", b"</Response>", b"<Rows>",
         b"</Rows>",
         b"<Row>", b"</Row>", b"<A/>", b"text", b" ", b"&amp;", b"&x;", b"&#0;", b"<!--", b"-->", b"<![CDATA[",
         b"]]>", b"<?",
         b"?>", b"<!DOCTYPE r", b"[", b'<?xml version="1.0"', b' encoding="utf-16"', b' xsi:nil="true"', b"\0",
         b"\xff\xfe", b"\xfe\xff", b"\xff", b"<q:A xmlns:q='u'/>"]
    ),
    max_size=30,
).map(b"".join)  # fmt: skip
MULTIPART_BITS = st.lists(
    st.sampled_from(
        [b"--x", b"--x\r\n", b"--x--", b"\r\n", b"\r", b"\n", b"-", b"Content-Disposition: form-data", b'; name="a"',
         b":",
         b"; name=", b'"', b";", b"\\", b"\r\n\r\n", b"a", b"\xff", b"\0", b"=", b"*", b"Content-Type: text/plain"]
    ),
    max_size=30,
).map(b"".join)  # fmt: skip


@QUICK
@given(TREES, st.sampled_from([None, 0, 2]))
def test_a_json_tree_survives_the_wire(tree: Tree, indent: int | None) -> None:
    decoded = decode_json(encode_json(tree, indent=indent))
    assert decoded.tree == tree
    assert {problem.code for problem in decoded.problems} <= ADVISORY_CODES


@QUICK
@given(st.binary(max_size=60) | JSON_BITS, st.none() | st.text(max_size=8))
def test_no_bytes_break_the_json_reader(body: bytes, charset: str | None) -> None:
    decoded = decode_json(body, charset=charset)
    # Whatever was read can be written: nothing that the reader lets through kills a report.
    encode_json(decoded.tree).decode()
    assert all((problem.text + problem.where).isascii() for problem in decoded.problems)


@QUICK
@given(st.lists(TEXTS.filter(lambda name: name not in ("0", "-")), min_size=1, max_size=5), SCALARS)
def test_what_is_put_at_a_pointer_is_found_there(names: list[str], value: Tree) -> None:
    pointer = "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)
    assert tree_at(put_value({}, pointer, value), pointer) == value


@QUICK
@given(st.dictionaries(NAMES, XML_TEXTS | st.none(), max_size=4), ROWS, st.booleans())
def test_an_xml_tree_survives_the_wire(leaves: dict[str, Any], rows: list[Any], pretty: bool) -> None:
    lists = {"/The-Rows": "Row"}
    tree: dict[str, Tree] = {**leaves, "The-Rows": rows}
    body = encode_xml(tree, root="Response", lists=lists, pretty=pretty)
    decoded = decode_xml(body, root="Response", lists=lists)
    assert decoded.problems == ()
    assert decoded.tree == tree


@QUICK
@given(st.dictionaries(NAMES, XML_TEXTS, max_size=4), ROWS)
def test_layout_and_declaration_do_not_change_the_canonical_form(leaves: dict[str, Any], rows: list[Any]) -> None:
    lists = {"/The-Rows": "Row"}
    tree: dict[str, Tree] = {**leaves, "The-Rows": rows}
    one = encode_xml(tree, root="Response", lists=lists)
    two = encode_xml(
        tree, root="Response", lists=lists, pretty=True, declaration=False, namespaces={"unused": "urn:unused"}
    )
    assert canonical_xml(one) == canonical_xml(two)


@QUICK
@given(st.binary(max_size=60) | XML_BITS)
def test_no_bytes_break_the_xml_reader(body: bytes) -> None:
    decoded = decode_xml(body, root="Response", lists={"/Rows": "Row"})
    encode_json(decoded.tree).decode()
    assert all((problem.text + problem.where).isascii() for problem in decoded.problems)
    with contextlib.suppress(ValueError):
        canonical_xml(body)


@QUICK
@given(MOMENTS, ZONES)
def test_an_instant_survives_as_a_wall_clock_but_for_its_fraction(moment: datetime, where: Any) -> None:
    fold = moment.astimezone(where).fold
    text = scalars.encode_local(moment, where)
    assert scalars.decode_local(text, where, fold=fold) == moment.replace(microsecond=0)


@QUICK
@given(MOMENTS, st.none() | ZONES)
def test_an_instant_survives_as_rfc3339(moment: datetime, where: Any) -> None:
    assert scalars.decode_rfc3339(scalars.encode_rfc3339(moment, zone=where, places=6)) == moment


@QUICK
@given(MOMENTS)
def test_an_instant_survives_as_epoch_seconds(moment: datetime) -> None:
    assert scalars.decode_epoch(scalars.encode_epoch(moment)) == moment.replace(microsecond=0)


@QUICK
@given(st.integers(-(10**18) + 1, 10**18 - 1), st.decimals(0, 10**9, places=3))
def test_numbers_survive(number: int, seconds: Decimal) -> None:
    assert scalars.decode_integer(str(number)) == number
    assert scalars.decode_seconds(scalars.encode_seconds(seconds, places=3), places=3) == seconds


ALMOST = st.text(st.sampled_from('0123456789-+:.TZtz eE_ \n٣９,;[]"{}\u200b\ud800'), max_size=32) | st.text(
    max_size=32
)
DECODERS: list[Callable[[Any], object]] = [
    scalars.decode_integer,
    scalars.decode_digits,
    scalars.decode_seconds,
    scalars.decode_rfc3339,
    lambda text: scalars.decode_local(text, zone_named("Europe/Berlin")),
    zone_named,
    scalars.decode_epoch,
]


@pytest.mark.parametrize("decode", DECODERS)
@settings(QUICK, max_examples=60)
@given(ALMOST | st.integers() | st.decimals() | st.none() | st.booleans() | TREES)
def test_a_decoder_raises_nothing_but_not_that(decode: Callable[[Any], object], value: Any) -> None:
    try:
        decode(value)
    except DecodeError as refused:
        assert str(refused).isascii()  # noqa: PT017


@QUICK
@given(PAIRS, st.sampled_from(["&", ";"]), st.booleans())
def test_pairs_survive(pairs: list[tuple[str, str]], separator: Any, plus: bool) -> None:
    data = forms.encode_pairs(pairs, separator=separator, plus_for_space=plus)
    assert forms.decode_pairs(data, separators="&;") == pairs
    assert forms.decode_pairs(data, separators=separator) == pairs


@QUICK
@given(st.lists(st.tuples(TEXTS.filter(lambda name: forms._FIELD_NAME.fullmatch(name)), TEXTS), max_size=5))
def test_multipart_fields_survive(fields: list[tuple[str, str]]) -> None:
    content_type, body = forms.encode_multipart(fields, "a-boundary-that-no-text-has")
    assert forms.decode_form(body, content_type) == fields


@QUICK
@given(
    st.binary(max_size=60) | MULTIPART_BITS,
    st.text(max_size=40) | st.sampled_from(["multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]),
)
def test_no_form_raises_anything_but_broken_form(body: bytes, content_type: str) -> None:
    for attempt in (content_type, "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        with contextlib.suppress(forms.FormError):
            forms.decode_form(body, attempt)


# --- rows and answers ---------------------------------------------------------------------------------------

APIS = ("enswitch/calls-active-list", "etelecom/list-call-logs", "voximplant/get-call-history")
SPOILED = TREES | st.sampled_from(
    ["2024-01-02T03:04:05Z", "0000-00-00", "1704164645", "1,234,567", Decimal("1E+60"), Decimal("-0.0"), 10**60,
     "9" * 60]
)  # fmt: skip


@QUICK
@given(st.sampled_from(APIS), st.data(), st.booleans(), ZONES)
def test_no_tree_breaks_the_row_reader(api: str, data: st.DataObject, xml: bool, zone: ZoneInfo) -> None:
    fields = load_spec(api).listing.fields
    tree = data.draw(st.dictionaries(st.sampled_from(sorted(fields)) | NAMES, SPOILED, max_size=8))
    row = decode_row(fields, tree, zone=zone, text_carried=xml)
    assert all(flaw.text.isascii() for flaw in row.problems)
    not_understood = {flaw.field.head for flaw in row.problems if not flaw.understood and flaw.field.inner is None}
    assert not not_understood & set(row.values)


@QUICK
@given(st.sampled_from(APIS), st.data(), st.sampled_from([200, 400, 500]))
def test_no_tree_breaks_the_response_reader(api: str, data: st.DataObject, http_status: int) -> None:
    listing = load_spec(api).listing
    places = ["/paging/next", "/total_count", "/responses/0/code", "/error/code", "/items", listing.lists.rows_at]
    tree: Tree = data.draw(TREES)
    for place in data.draw(st.lists(st.sampled_from(places), max_size=3)):
        with contextlib.suppress(HarnessError):
            tree = put_value(tree, place, data.draw(SPOILED))
    answer = decode_response(listing, HttpResponse(http_status=http_status, body=encode_json(tree)))
    assert answer.rows_flaw.isascii()
