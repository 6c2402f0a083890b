"""Pseudonyms: of the form of what they stand for, from ranges kept for fiction, the same under one key."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import UsageProblem
from harness.generate.records.pseudonyms import PseudonymMap, digits_of

KEY = b"a key of tests, long enough"
# Ofcom's drama ranges, NANP 555-0100 to 0199, ACMA's ranges.
FICTIONAL = re.compile(
    r"447700900\d{3}|441632960\d{3}|442079460\d{3}|1[2-9]\d{2}55501\d{2}|61[2378](?:5550|7010)\d{4}"
)
NUMBERS = st.one_of(
    st.builds("+{}".format, st.integers(10**8, 10**14)),
    st.builds("00{}".format, st.integers(10**9, 10**13)),
    st.builds("0{}".format, st.integers(10**8, 10**10)),
    st.integers(10**6, 10**14).map(str),
)


def pseudonyms(key: bytes = KEY) -> PseudonymMap:
    return PseudonymMap(key)


@pytest.mark.parametrize(
    ("number", "form"),
    [
        ("+12025550123", r"\+1\d{3}55501\d{2}"),
        ("12025550123", r"1\d{3}55501\d{2}"),
        ("2025550123", r"\d{3}55501\d{2}"),
        ("(202) 555-0123", r"\d{3}55501\d{2}"),
        ("5550123", r"\d{3}55501\d{2}"),
        ("+447700900123", r"\+61[2378](5550|7010)\d{4}|\+1\d{3}55501\d{2}|\+441632960\d{3}|\+442079460\d{3}"),
        ("+442079460123", r"\+44(1632960|2079460)\d{3}"),
        ("00442079460123", r"0044(1632960|2079460)\d{3}"),
        ("02079460123", r"0(1632960|2079460)\d{3}"),
        ("+61255501234", r"\+61[2378](5550|7010)\d{4}"),
        ("101", r"\d{3}"),
        ("007", r"\d{3}"),
        ("*97", r"\*\d{2}"),
        ("sip:anna@pbx.test:5060;transport=tls", r"sip:[a-z]+@[a-z]+\.example\.com"),
        ("101@192.168.7.9", r"\d{3}@(192\.0\.2|198\.51\.100|203\.0\.113)\.\d{1,3}"),
        ("front-desk", r"[a-z]+"),
        ("Anonymous", "Anonymous"),
    ],
)
def test_a_number_keeps_its_form(number: str, form: str) -> None:
    found = pseudonyms().number(number)
    assert re.fullmatch(form, found), found
    assert found == "Anonymous" or found != number


@given(number=NUMBERS)
def test_a_number_becomes_one_that_is_kept_for_fiction_and_shares_no_seven_digits(number: str) -> None:
    found = pseudonyms().number(number)
    national = re.sub(r"^0(?=[1-9])", "44", re.sub(r"^\+|^00", "", found))
    assert any(FICTIONAL.fullmatch(form) for form in (national, "1" + national)), found
    digits = digits_of(number)
    assert all(digits[begin : begin + 7] not in found for begin in range(len(digits) - 6))


@pytest.mark.parametrize("other", ["0012025550123", "12025550123", "2025550123", "+1 202 555 0123"])
def test_one_number_in_several_forms_stays_one_number(other: str) -> None:
    one, two = (digits_of(pseudonyms().number(number)) for number in ("+12025550123", other))
    assert two.removeprefix("00").removeprefix("1") == one.removeprefix("1")


def test_what_the_records_hold_is_drawn_for_nobody() -> None:
    every = [f"+44{prefix}{last:03d}" for prefix in ("1632960", "2079460") for last in range(1000)]
    taken = {digits_of(number) for number in every[:1900]}
    found = {digits_of(PseudonymMap(KEY, avoided=taken).number(number)) for number in every[:200]}
    assert not found & taken


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_extensions_change_places_one_to_one_and_none_stays(size: int) -> None:
    maker = pseudonyms()
    every = [str(number).zfill(size) for number in range(10**size)]
    found = [maker.number(number) for number in every]
    assert sorted(found) == every
    assert all(one != other for one, other in zip(every, found, strict=True))


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("Jane Realperson", r"[A-Z][a-z]+ [A-Z][a-z]+"),
        ("JANE", r"[A-Z]+"),
        ("Zoë", r"[A-ZÀÉÏÖÚ]?\w+"),
        ("a b c d e", r"[A-Z][a-z]+ [A-Z][a-z]+ [A-Z][a-z]+"),
        ("+12025550123", r"\+1\d{3}55501\d{2}"),
    ],
)
def test_a_name_keeps_its_form(name: str, form: str) -> None:
    assert re.fullmatch(form, pseudonyms().name(name))
    assert pseudonyms().name("Zoë").isascii() is False


def test_channels_keep_their_technology_and_who_is_there() -> None:
    maker = pseudonyms()
    found = maker.channel("PJSIP/101-0000001b")
    assert re.fullmatch(rf"PJSIP/{maker.number('101')}-[a-f]{{8}}", found)
    assert re.fullmatch(r"Local/\d{3}-[a-f]{8};2", maker.channel("Local/101@from-internal-0000001b;2"))
    assert maker.channel("sofia/internal/101@192.168.7.9") == f"sofia/{maker.number('101')}"
    assert maker.channel("Secret/101-0000001b").startswith("SIP/")


@given(text=st.text(min_size=1, max_size=40))
def test_one_key_gives_one_pseudonym_and_another_key_another(text: str) -> None:
    one, again, other = pseudonyms(), pseudonyms(), pseudonyms(b"another key, also long enough")
    assert [make(text) for make in (one.number, one.name, one.code, one.url, one.host, one.channel)] == [
        make(text) for make in (again.number, again.name, again.code, again.url, again.host, again.channel)
    ]
    assert one.code(text) != other.code(text)
    assert one.url(text) != other.url(text)


def test_another_key_gives_other_people() -> None:
    found = {pseudonyms(f"key number {number:10d}".encode()).name("Jane Realperson") for number in range(200)}
    assert len(found) == 200


def test_keys_under_sixteen_bytes_are_refused_and_keys_are_not_shown() -> None:
    with pytest.raises(UsageProblem, match="at least 16 bytes"):
        PseudonymMap(b"short")
    assert "tests" not in repr(pseudonyms())
