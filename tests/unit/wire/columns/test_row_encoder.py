"""Rows of columns in every form of the language, also the rare ones, against the row codec and by hand."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.specification.dialect import Dialect
from harness.specification.field_path import FieldPath
from harness.specification.model import Field, FieldCondition, IdForm, RequestValue
from harness.telephony import Grain
from harness.telephony.columns import Column, Integers, TextColumn, texts_column
from harness.wire.columns import row_bytes
from harness.wire.columns.number_texts import number_parts
from harness.wire.columns.row_cells import RowRules
from harness.wire.columns.row_encoder import RowEncoder
from harness.wire.columns.row_forms import JsonForm, RowForm, XmlForm
from harness.wire.columns.row_table import TableEncoder
from harness.wire.json_body import encode_json
from harness.wire.row_codec import encode_row, show_record
from harness.wire.xml_body import encode_xml
from harness.world import BUSY_HOUR, ListedCalls, World

REPEATED = {"account": "AC007", "tenant": 'a "b" & <c>'}


class Texts:
    """Rows that have one attribute, and of it these texts."""

    def __init__(self, *values: str | None) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def column(self, name: str) -> Column:
        return texts_column(self.values)

    def nested(self, name: str) -> tuple[Integers, Texts]:
        raise AssertionError(f"{name} holds no rows")


def rules_of(fields: Mapping[str, Field], **changes: object) -> RowRules:
    rules = RowRules(
        grain=Grain.CALL,
        fields=fields,
        zone=ZoneInfo("UTC"),
        choices=Dialect(),
        text_carried=False,
        unset="written",
        repeated={},
    )
    return dataclasses.replace(rules, **changes)  # type: ignore[arg-type]


# --- escapes ------------------------------------------------------------------------------------------------

ESCAPES = [
    ("plain", "plain", "plain", "plain"),
    ('say "hi"', 'say \\"hi\\"', 'say "hi"', '"say ""hi"""'),
    ("a\\b", "a\\\\b", "a\\b", "a\\b"),
    ("a\tb\nc", "a\\tb\\nc", "a\tb\nc", '"a\tb\nc"'),
    ("a\rb", "a\\rb", "a&#13;b", '"a\rb"'),
    ("\x01\x1f", "\\u0001\\u001f", "\ufffd\ufffd", "\x01\x1f"),
    ("]]>", "]]>", "]]&gt;", "]]>"),
    ("<a & b>", "<a & b>", "&lt;a &amp; b&gt;", "<a & b>"),
    ("größe, 📄", "größe, 📄", "größe, 📄", '"größe, 📄"'),
    ("\x7f\u2028\ufffe", "\x7f\u2028\ufffe", "\x7f\u2028\ufffd", "\x7f\u2028\ufffe"),
]


@pytest.mark.parametrize(("text", "in_json", "in_xml", "in_csv"), ESCAPES, ids=lambda text: ascii(text))
def test_a_text_is_escaped_as_its_form_wants(text: str, in_json: str, in_xml: str, in_csv: str) -> None:
    fields = {"x": Field(shows="note", absent="none"), "y": Field(shows="note", absent="empty")}
    source, rules = Texts(text, None), rules_of(fields)
    lines = b"".join(RowEncoder(rules, JsonForm("\n"), {}).encode(source))
    assert lines.decode() == f'{{"x":"{in_json}","y":"{in_json}"}}\n{{"x":null,"y":""}}\n'
    carried = dataclasses.replace(rules, text_carried=True)
    xml = b"".join(
        RowEncoder(carried, XmlForm("r", (("i", "http://www.w3.org/2001/XMLSchema-instance"),)), {}).encode(source)
    )
    assert xml.decode() == f'<r><x>{in_xml}</x><y>{in_xml}</y></r><r><x i:nil="true" /><y /></r>'
    table = b"".join(TableEncoder(rules, {}).encode_lines(source))
    assert table.decode() == f"{in_csv},{in_csv}\r\n,\r\n"


def test_an_empty_text_is_an_empty_element_and_the_only_cell_of_a_line_is_quoted() -> None:
    rules = rules_of({"x": Field(shows="note", absent="missing")}, text_carried=True)
    assert (
        b"".join(RowEncoder(rules, XmlForm("r"), {}).encode(Texts("", None, "a")))
        == b"<r><x /></r><r /><r><x>a</x></r>"
    )
    assert b"".join(TableEncoder(rules, {}).encode_lines(Texts("", "a"))) == b'""\r\na\r\n'


# --- every form of a field ----------------------------------------------------------------------------------

ABSENT = st.sampled_from(["missing", "none", "empty", "zero", "zero-time", "never"])
TARGET = {"n": Field(shows="target_number"), "t": Field(shows="trunk_name", absent="missing")}
LEG = {
    "a": Field(shows="recording_path", absent="missing"),
    "b": Field(shows="peer_id", as_="integer", absent="missing"),
}
FORMS: list[dict[str, object]] = [
    {"shows": "note"},
    {"shows": "note", "absent": "text", "absent_text": "N/A & <none>"},
    {"shows": "talk_seconds", "as_": "integer", "absent": "text", "absent_text": "-"},
    {"shows": "answered_at", "as_": "local-time", "absent": "text", "absent_text": "-"},
    {"shows": "external_id", "non_empty": True},
    {"shows": "source", "number": "bare"},
    {"shows": "call_ref"},
    {"shows": "call_id"},
    {"shows": "parent_call_code", "form": "uuid"},
    {"shows": "call_code", "form": IdForm(prefix="<c>", digits=31)},
    {"shows": "call_id", "form": IdForm(prefix="", digits=18, of="decimal")},
    {"shows": "call_id", "form": IdForm(prefix="X", digits=12, of="alphanumeric")},
    {"shows": "direction", "as_": "word", "words": {"inbound": "in & out", "outbound": "", "internal": "I"}},
    {"present_of": "held_at", "as_": "word", "words": {"True": "held", "False": "never"}},
    {"present_of": "recording_urls", "as_": "flag"},
    {"shows": "successful", "as_": "flag"},
    {"shows": "successful", "as_": "integer"},
    {"shows": "talk_seconds", "as_": "integer", "unset": 0},
    {"shows": "talk_seconds", "as_": "digits", "unit": "minutes"},
    {"shows": "ring_seconds", "as_": "integer", "unit": "milliseconds", "negative": True},
    {"shows": "duration_seconds", "as_": "decimal", "digits": 2},
    {"shows": "duration_seconds", "as_": "decimal", "digits": 1, "unit": "minutes"},
    {"shows": "duration_seconds", "as_": "decimal-text", "digits": 7},
    {"shows": "price", "as_": "decimal-text", "digits": 5, "negative": True},
    {"shows": "cost", "as_": "decimal", "digits": 0},
    {"shows": "queue_seconds", "as_": "formatted-duration", "format": ("%M:%S",)},
    {"shows": "duration_seconds", "as_": "formatted-duration", "format": ("%Hh%M",)},
    {"shows": "answered_at", "as_": "epoch-seconds"},
    {"shows": "answered_at", "as_": "epoch-milliseconds"},
    {"shows": "started_at", "as_": "local-time"},
    {"shows": "held_at", "as_": "iso-local"},
    {"shows": "held_at", "as_": "offset-time"},
    {"shows": "ended_at", "as_": "rfc2822"},
    {"shows": "ended_at", "as_": "rfc3339"},
    {"shows": "ringing_at", "as_": "formatted-time", "format": ("%d/%m/%y %I.%M.%S,%L %p",)},
    {"shows": "ringing_at", "as_": "formatted-time", "format": ("%z %H%M %a %b %d %Y 100%%",)},
    {"shows": "ringing_at", "as_": "formatted-time", "format": ("%M %Y %m %d %H %S.%f",)},
    {"shows": "answered_at", "as_": "calendar-day"},
    {"shows": "recording_urls", "as_": "text-list"},
    {"shows": "targets", "as_": "rows", "fields": TARGET},
    {"shows": "legs", "as_": "rows", "fields": LEG},
    {"constant": (None,)},
    {"constant": (True,)},
    {"constant": ('it\'s "so"',)},
    {"constant": (7,), "as_": "integer"},
    {"constant": (7,), "as_": "integer", "when": FieldCondition(field=FieldPath.of("note"), present=True)},
    {"shows": "price", "as_": "decimal", "when": FieldCondition(field=FieldPath.of("note"), present=False)},
    {"shows": "started_at", "as_": "rfc3339", "when": FieldCondition(field=FieldPath.of("id"), is_=(0,))},
    {"shows": "source", "when": FieldCondition(field=FieldPath.of("id"), not_=(0,))},
    {
        "shows": "direction",
        "as_": "word",
        "words": {"inbound": "1", "outbound": "-2", "internal": "3"},
        "word_type": "integer",
    },
    {"shows": "media", "as_": "word", "words": {"audio": "false", "video": "true"}, "word_type": "flag"},
    {"template": "/calls/{id}?of={account}&<b>"},
    {"template": "{id}-{gone}"},
    {"template": "{note} {id}"},
    {"repeats": RequestValue(credential="x")},
    {"pattern": "no source at all"},
]  # fmt: skip


@st.composite
def field_maps(draw: st.DrawFn) -> dict[str, Field]:
    """Some fields in any order, some of them in objects, with what templates are made of."""
    fields: dict[str, Field] = {}
    for place, form in enumerate(draw(st.lists(st.sampled_from(FORMS), min_size=1, max_size=12))):
        around = draw(st.sampled_from(["", "", "o.", "o.deep."]))
        name = {"repeats": "tenant"}.get(next(iter(form)), f"f{place}")
        if around and "o" not in fields:
            fields["o"] = Field(as_="object", absent=draw(st.sampled_from(["never", "none", "missing"])))
            fields["o.deep"] = Field(
                as_="object", absent=draw(st.sampled_from(["empty", "none", "missing"])), optional=True
            )
        fields[around + name if name != "tenant" else name] = Field(**{"absent": draw(ABSENT), **form})  # type: ignore[arg-type]
    fields.setdefault("id", Field(shows="call_id", as_="integer"))
    fields.setdefault("note", Field(shows="note", absent=draw(ABSENT)))
    return fields


@settings(max_examples=60, deadline=None)
@given(
    fields=field_maps(),
    unset=st.sampled_from(["written", "left-out"]),
    zone=st.sampled_from(["UTC", "Asia/Kathmandu", "America/St_Johns"]),
    carried=st.booleans(),
    population=st.sampled_from(ListedCalls),
    seed=st.integers(0, 1000),
)
def test_rows_of_any_fields_are_those_of_the_row_codec(
    fields: dict[str, Field], unset: str, zone: str, carried: bool, population: ListedCalls, seed: int
) -> None:
    world = World.of(seed=seed, calls=25, concurrent=12.0)
    rules = rules_of(fields, zone=ZoneInfo(zone), unset=unset, text_carried=carried, repeated=REPEATED)
    at = BUSY_HOUR - timedelta(seconds=3)
    many = world.count(Grain.CALL, population, at)
    source = world.row_columns(Grain.CALL, population, at, 0, many)
    assert source is not None
    trees = [
        encode_row(
            fields,
            show_record(fields, record, zone=rules.zone),
            zone=rules.zone,
            choices=rules.choices,
            text_carried=carried,
            unset=rules.unset,
            repeated=REPEATED,
        )
        for record in world.records(Grain.CALL, population, at)
    ]
    for few_rows in (0, 1024):
        with patch.object(row_bytes, "_FEW_ROWS", few_rows):
            made = b"".join(RowEncoder(rules, JsonForm("\n"), {}).encode(source))
            assert made.splitlines() == [encode_json(dict(tree)) for tree in trees]
    if carried and not any(field.as_ in ("rows", "text-list") for field in fields.values()):
        form: RowForm = XmlForm("r")
        rows = b"".join(RowEncoder(rules, form, {}).encode(source)).decode()
        whole = encode_xml({"rows": list(trees)}, root="R", lists={"/rows": "r"}, declaration=False).decode()
        assert whole == (f"<R><rows>{rows}</rows></R>" if trees else "<R><rows /></R>")


def test_many_rows_are_the_same_with_and_without_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than are put together at once, with none, one or several rows in them."""
    fields = {
        "id": Field(shows="call_id", as_="integer"),
        "answered": Field(shows="answered_at", as_="epoch-seconds", absent="missing"),
        "o": Field(as_="object", absent="none"),
        "o.targets": Field(shows="targets", as_="rows", absent="missing", fields=TARGET),
        "legs": Field(shows="legs", as_="rows", fields=LEG),
    }
    many = 2 * row_bytes._ROWS_AT_ONCE + 1
    world = World.of(seed=3, calls=2 * many)
    source = world.row_columns(Grain.CALL, ListedCalls.ENDED, world.instant, 0, many)
    assert source is not None
    made = b"".join(RowEncoder(rules_of(fields), JsonForm("\n"), {}).encode(source))
    monkeypatch.setattr(row_bytes, "has_arrow", lambda: False)
    assert b"".join(RowEncoder(rules_of(fields), JsonForm("\n"), {}).encode(source)) == made
    assert made.count(b"\n") == many
    assert {len(json.loads(row)["legs"]) for row in made.splitlines()} >= {1, 2}
    assert b'"targets":[]' in made
    assert b'"targets":[{' in made


def test_what_is_written_row_by_row_says_why_and_the_rest_is_not() -> None:
    fields = {
        "id": Field(shows="call_id", form=IdForm(digits=18, of="decimal")),
        "who": Field(shows="source"),
        "legs": Field(shows="legs", as_="rows", fields={"at": Field(shows="leg_id", form="uuid")}),
    }
    world, fallbacks = World.of(seed=1, calls=5), dict[str, str]()
    source = world.row_columns(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR, 0, 5)
    assert source is not None
    assert b"".join(RowEncoder(rules_of(fields), JsonForm("\n"), fallbacks).encode(source)).count(b"\n") == 5
    assert fallbacks == {
        "id": "it is an id of 18 decimal digits",
        "legs.at": "it is an id of leg_id, which is long",
    }


def test_every_key_of_a_field_is_known_to_the_columns() -> None:
    """A new key of the language must be written by columns too: add it here when it is."""
    read_only = {
        "other_names",
        "more_words",
        "unknown_words",
        "tolerates",
        "optional",
        "other_types",
        "least",
        "pattern",
    }
    read_only |= {"non_empty", "clause", "other_values"}
    written = {
        "shows",
        "present_of",
        "constant",
        "template",
        "repeats",
        "as_",
        "digits",
        "unit",
        "negative",
        "format",
    }
    written |= {
        "form",
        "words",
        "word_type",
        "when",
        "only",
        "unshown",
        "number",
        "absent",
        "absent_text",
        "unset",
        "fields",
    }
    assert {field.name for field in dataclasses.fields(Field)} == read_only | written


def test_numbers_of_any_size_are_written_as_they_are() -> None:
    for numbers in ([0, 9, 10], [5, 20_000, 123_456_789], [0, 10**12], [-3, 4], [10_000, 99_999_999], [7, 7]):
        values = np.asarray(numbers, dtype=np.int64)
        texts = TextColumn(len(values), number_parts(values)).series().to_list()
        assert texts == [str(number) for number in numbers]
        if min(numbers) >= 0:
            wide = TextColumn(len(values), number_parts(values, 6)).series().to_list()
            assert wide == [f"{number:06d}" for number in numbers]
