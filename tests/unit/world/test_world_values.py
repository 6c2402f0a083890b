"""What the values of a world are like: identities, laws, awkward texts, numbers kept for fiction."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest

from harness.telephony import (
    ATTRIBUTES,
    IDENTITY_ATTRIBUTES,
    AttributeKind,
    Direction,
    Grain,
    Record,
    broken_invariants,
)
from harness.world import BUSY_HOUR, CUSTOMERS, HOME_CUSTOMER_ID, ListedCalls, World

LISTS = (Grain.SESSION, Grain.CALL, Grain.LEG)
WORLD = World.of(seed=7)
CALLS = WORLD.records(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR)
LEGS = WORLD.records(Grain.LEG, ListedCalls.BOTH, BUSY_HOUR)
SESSIONS = WORLD.records(Grain.SESSION, ListedCalls.BOTH, BUSY_HOUR)

RESERVED = re.compile(
    r"(\+|00)?1\d{3}55501\d\d"
    r"|(\+44|0044|0)(2079460\d{3}|1632960\d{3}|7700900\d{3})"
    r"|(\+61|0061|0)49157015[6-9]"
    r"|\*?\d{3,4}"
    r"|sip:[^@ ]+@example\.(com|org)"
    r"|[Aa]nonymous"
)


def column(rows: list[Record], name: str) -> list[object]:
    return [row[name] for row in rows if row[name] is not None]


def test_a_world_holds_the_calls_that_were_asked_for() -> None:
    for calls in (0, 1, 2, 3, 7, 500):
        world = World.of(seed=3, calls=calls)
        assert world.count(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR) == calls


@pytest.mark.parametrize(("grain", "rows"), list(zip(LISTS, (SESSIONS, CALLS, LEGS), strict=True)))
def test_identities_are_unique_and_rows_ordered(grain: Grain, rows: list[Record]) -> None:
    keys = [(row["started_at"], row[IDENTITY_ATTRIBUTES[grain]]) for row in rows]
    assert all(here < there for here, there in pairwise(keys))  # type: ignore[operator]
    assert len({key[1] for key in keys}) == len(keys)


def test_codes_are_unique_short_and_differ_by_case_somewhere() -> None:
    codes = column(CALLS, "call_code")
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch("[0-9A-Za-z]{5,6}", str(code)) for code in codes)
    assert {len(str(code)) for code in codes} == {5, 6}


@pytest.mark.parametrize("grain", LISTS)
def test_every_value_has_the_kind_of_its_attribute(grain: Grain) -> None:
    kinds = {
        AttributeKind.TEXT: str, AttributeKind.WORD: str, AttributeKind.INTEGER: int, AttributeKind.DECIMAL: float,
        AttributeKind.SECONDS: float,
        AttributeKind.FLAG: bool, AttributeKind.TEXT_LIST: tuple, AttributeKind.ROWS: tuple,
    }  # fmt: skip
    rows = {Grain.SESSION: SESSIONS, Grain.CALL: CALLS, Grain.LEG: LEGS}[grain]

    def check(grain: Grain, row: Record) -> None:
        assert row.keys() == ATTRIBUTES[grain].keys()
        for name, attribute in ATTRIBUTES[grain].items():
            value = row[name]
            if attribute.kind is AttributeKind.INSTANT:
                stamp = row.instant(name)
                assert stamp is None or (stamp.utcoffset() == timedelta(0) and stamp.microsecond % 1000 == 0)
            elif value is not None:
                assert type(value) is kinds[attribute.kind], name
            if attribute.kind is AttributeKind.WORD and value is not None:
                assert value in attribute.words, name
            if attribute.rows is not None:
                for inner in row.rows(name):
                    check(attribute.rows, inner)

    for row in rows[-400:]:
        check(grain, row)


def test_every_attribute_is_met() -> None:
    for rows, grain in ((SESSIONS, Grain.SESSION), (CALLS, Grain.CALL), (LEGS, Grain.LEG)):
        for name in ATTRIBUTES[grain]:
            assert any(row[name] not in (None, ()) for row in rows), (grain, name)


def test_every_call_keeps_the_laws() -> None:
    assert Counter(law for call in CALLS for law in broken_invariants(call)) == {}


def test_targets_go_through_their_instants_in_order() -> None:
    names = ("added_at", "ringing_at", "answered_at", "ended_at")
    for target in (target for call in CALLS for target in call.rows("targets")):
        stamps = [stamp for name in names if (stamp := target.instant(name)) is not None]
        assert stamps == sorted(stamps)


def test_legs_say_only_what_their_direction_allows() -> None:
    for leg in LEGS:
        outbound = leg["direction"] == Direction.OUTBOUND
        assert {leg[name] is not None for name in ("peer_id", "billing_peer_id", "out_group_id")} == {outbound}
        assert (leg["in_group_id"] is not None) == (leg["direction"] == Direction.INBOUND)
        assert leg["direction"] in ("inbound", "outbound", "internal")
        assert (leg["source_line"] is not None) == (leg["source_kind"] == "phone")
        assert leg["state_text"]
        if leg["direction"] == "internal":
            assert leg["source_customer_id"] == leg["destination_customer_id"]
        if leg["sip_call_id"] is not None:
            assert "SIP/" in str(leg["channel"])


def test_a_call_is_the_same_in_every_grain() -> None:
    sessions = {session["session_id"]: session for session in SESSIONS}
    legs: dict[object, list[Record]] = {}
    for leg in LEGS:
        legs.setdefault(leg["call_ref"], []).append(leg)
    assert legs.keys() == {call["call_ref"] for call in CALLS}
    for call in CALLS:
        session = sessions[call["session_id"]]
        assert call in session.rows("calls")
        assert session["started_at"] == session.rows("calls")[0]["started_at"]
        assert set(call.rows("legs")) == set(legs[call["call_ref"]])
        assert session["customer_id"] == call["customer_id"]
    assert sum(len(session.rows("calls")) for session in SESSIONS) == len(CALLS)


def test_sessions_hold_one_to_three_calls_recordings_and_resources() -> None:
    held = Counter(len(session.rows("calls")) for session in SESSIONS)
    assert set(held) == {1, 2, 3}
    assert 0.12 < held[2] / len(SESSIONS) < 0.26
    assert 0.25 < sum(bool(session["recordings"]) for session in SESSIONS) / len(SESSIONS) < 0.5
    assert 0.4 < sum(bool(session["resources"]) for session in SESSIONS) / len(SESSIONS) < 0.6


def test_recordings_of_sessions_and_calls_are_the_same() -> None:
    for session in SESSIONS:
        if session["ended_at"] is not None:
            urls = [url for call in session.rows("calls") for url in call["recording_urls"]]  # type: ignore[union-attr]
            assert [recording["url"] for recording in session.rows("recordings")] == urls


def test_identities_of_nested_rows_are_unique() -> None:
    for name, identity in (("recordings", "recording_id"), ("resources", "resource_id")):
        ids = [row[identity] for session in SESSIONS for row in session.rows(name)]
        assert len(ids) == len(set(ids)) > 100
    charged = [
        row["transaction_id"] for s in SESSIONS for n in ("calls", "recordings", "resources") for row in s.rows(n)
    ]
    assert len(charged) == len(set(charged))


def test_numbers_are_kept_for_fiction() -> None:
    names = ("source", "destination", "dialed", "source_dialed", "destination_dialed", "did_number",
             "local_number", "remote_number", "diversion_number", "extension")  # fmt: skip
    for name in names:
        assert [value for value in column(CALLS, name) if not RESERVED.fullmatch(str(value))] == [], name
    for name in ("source_number", "destination_number", "called_number", "caller_number_external"):
        assert [value for value in column(LEGS, name) if not RESERVED.fullmatch(str(value))] == [], name


def test_addresses_are_kept_for_documentation() -> None:
    addresses = column(SESSIONS, "initiator_address") + column(SESSIONS, "media_address")
    assert all(str(address).startswith(("198.51.100.", "203.0.113.")) for address in addresses)
    urls = column(SESSIONS, "log_url") + column(CALLS, "recording_url")
    assert all(re.match(r"https://\w+\.example\.(com|net)/", str(url)) for url in urls)


FILTERED = (
    "source", "destination", "dialed", "caller_id", "caller_name", "remote_number", "external_id",
    "external_session_id", "custom_data", "note", "rule_name",
)  # fmt: skip


@pytest.mark.parametrize("name", FILTERED)
def test_texts_that_filters_meet_have_frequent_rare_and_nested_values(name: str) -> None:
    met = Counter(str(value) for value in column(CALLS, name))
    assert max(met.values()) >= 10
    assert min(met.values()) == 1
    ordered = sorted(met)
    assert any(there.startswith(here) for here, there in pairwise(ordered))
    assert any(re.search(r"[^0-9A-Za-z]", value) for value in met)


@pytest.mark.parametrize("name", ["caller_name", "custom_data", "external_id", "note", "caller_id"])
def test_texts_hold_the_characters_that_break_servers(name: str) -> None:
    text = "".join(str(value) for value in column(CALLS, name))
    assert set("&+;%") <= set(text) or name == "note"
    assert not text.isascii()


def test_all_awkward_characters_occur_in_names() -> None:
    text = "".join(str(value) for value in column(CALLS, "caller_name"))
    assert set("&+;%'\"<>\\, ") <= set(text)


def test_some_values_differ_by_case_or_leading_zeros_only() -> None:
    met = {str(value) for value in column(CALLS, "custom_data")}
    assert {"vip", "VIP", "42", "0042"} <= met


def test_some_calls_share_their_instant_and_many_have_fractions() -> None:
    starts = [call.instant("started_at") for call in CALLS]
    assert len(set(starts)) < len(starts)
    assert 0.5 < sum(bool(start and start.microsecond) for start in starts) / len(starts) < 0.95


def test_a_few_extensions_make_most_calls() -> None:
    made = Counter(call["extension_id"] for call in CALLS if call["customer_id"] == HOME_CUSTOMER_ID)
    busiest = sum(many for _, many in made.most_common(8))
    assert busiest > 0.45 * sum(made.values())


def test_calls_are_spread_over_the_tree() -> None:
    owned = Counter(call["customer_id"] for call in CALLS)
    children = {child.id for child in CUSTOMERS.children_of(HOME_CUSTOMER_ID)}
    below = {child.id for child in CUSTOMERS.descendants_of(HOME_CUSTOMER_ID)} - children
    assert 0.55 < owned[HOME_CUSTOMER_ID] / len(CALLS) < 0.65
    assert 0.15 < sum(owned[child] for child in children) / len(CALLS) < 0.25
    assert 0.05 < sum(owned[child] for child in below) / len(CALLS) < 0.12
    assert any(owned[sibling.id] for sibling in CUSTOMERS.children_of(100) if sibling.id != HOME_CUSTOMER_ID)


def test_the_tree_has_one_root_and_three_levels_below_home() -> None:
    assert CUSTOMERS.root.id == 1
    assert [up.id for up in CUSTOMERS.ancestors_of(1221)] == [1210, 1201, 1200, 100, 1]
    assert {down.id for down in CUSTOMERS.descendants_of(1201)} == {1210, 1211, 1221}
    assert len(CUSTOMERS.descendants_of(1)) == len(CUSTOMERS.members) - 1
    assert CUSTOMERS.get(4711) is None


def test_a_call_keeps_its_values_whatever_the_size_of_the_world() -> None:
    small = World.of(seed=7, calls=300).records(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR)
    large = {call["call_id"]: call for call in CALLS}
    assert all(large[call["call_id"]] == call for call in small if call["call_id"] in large)
    assert sum(call["call_id"] in large for call in small) >= 297


LATER_ATTRIBUTES = (
    "parent_call_id", "parent_call_code", "parent_call_ref", "account_code", "subaccount_code", "price",
    "price_unit", "minute_rate", "answered_by", "queue_seconds", "source_channel", "destination_channel",
    "completed_at", "completed_seconds", "tags", "source_kind", "destination_kind", "remote_numbers", "parties",
)  # fmt: skip


def test_the_same_seed_gives_the_same_bytes() -> None:
    # If this changes, GENERATOR_VERSION must change with it. An attribute more changes no other.
    calls = [tuple(pair for pair in call.items() if pair[0] not in LATER_ATTRIBUTES) for call in CALLS[:200]]
    text = repr(calls) + repr([tuple(leg.items()) for leg in LEGS[:200]])
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "4c7d4c5535ce0afc"
    assert WORLD.fingerprint() == "4"


def test_other_seeds_give_other_calls() -> None:
    other = World.of(seed=8).records(Grain.CALL, ListedCalls.BOTH, BUSY_HOUR, rows=slice(0, 5))
    assert other != CALLS[:5]
