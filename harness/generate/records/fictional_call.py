"""A call of the world, of a real one: its times and how it ended stay, whoever took part is somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from harness.generate.records.attribute_columns import CALL_COLUMNS
from harness.generate.records.pseudonyms import PseudonymMap
from harness.generate.records.source_call import SourceCall, UnusableRecord, is_extension
from harness.telephony.attributes import AttributeKind, Grain
from harness.telephony.call_invariants import broken_invariants
from harness.telephony.enums import Direction, Disposition, EndpointKind, LineDirection, RemoteLineKind
from harness.telephony.hangup_causes import HangupCause
from harness.telephony.records import AttributeValue, Record, blank_values, call_record, encode_base62
from harness.world.customers import HOME_CUSTOMER_ID
from harness.world.invented_values import APPLICATIONS, RULES, TRUNKS

NUMBERS: Final = (
    "source", "destination", "dialed", "source_dialed", "destination_dialed", "extension", "did_number",
    "local_number", "remote_number", "diversion_number",
)  # fmt: skip
CODES: Final = ("account_code", "subaccount_code", "external_id", "external_session_id")
CHANNELS: Final = ("source_channel", "destination_channel")
CHOICES: Final = {"application_name": APPLICATIONS, "rule_name": RULES, "trunk_name": TRUNKS}
DROPPED: Final = ("note", "tags", "custom_data", "hangup_text")
"""Free texts; `hangup_text` follows from the cause."""
OWN_IDENTITIES: Final = ("call_id", "call_code", "call_ref", "session_id", "parent_call_id", "parent_call_code",
                         "parent_call_ref")  # fmt: skip
DERIVED: Final = (
    "setup_seconds", "ring_seconds", "talk_seconds", "duration_seconds", "answer_seconds", "completed_seconds",
    "completed_at", "created_at", "updated_at", "state", "outcome_state", "answer_state", "completion", "incoming",
    "successful", "parties", "remote_numbers",
)  # fmt: skip
"""What follows from the instants, the ends and the disposition, so that the parts of a call agree."""

_FIRST_APPLICATION_ID: Final = 1001
_CALL_ID_DIGITS: Final = 15
_SMALL_ID_DIGITS: Final = 9
_ATTEMPTS: Final = 100
_CODES_OF_CALLS: Final = 62**6
_LINE_DIRECTIONS: Final = {
    Direction.INBOUND: LineDirection.INBOUND,
    Direction.OUTBOUND: LineDirection.OUTBOUND,
    Direction.INTERNAL: LineDirection.INTERNAL,
}


class CallIdentities:
    """Identities of calls that no two of them share, also where two records tell of one identity."""

    def __init__(self, pseudonyms: PseudonymMap) -> None:
        self._pseudonyms = pseudonyms
        self._codes: set[int] = set()

    def take(self, identity: str) -> int:
        """The identity of the next call of that identity."""
        for attempt in range(_ATTEMPTS):
            call_id = self._pseudonyms.integer("call", identity, digits=_CALL_ID_DIGITS, attempt=attempt)
            # The code follows from the identity and is shorter: it is what two calls may share.
            if call_id % _CODES_OF_CALLS not in self._codes:
                self._codes.add(call_id % _CODES_OF_CALLS)
                return call_id
        raise UnusableRecord(f"more than {_ATTEMPTS} records of one identity")


def fictional_call(call: SourceCall, pseudonyms: PseudonymMap, identities: CallIdentities) -> Record:
    """The record of a call of the world. Raises UnusableRecord for one that cannot have happened."""
    told = call.values
    try:
        direction = Direction(str(told["direction"]))
        values = _pseudonymous_values(told, pseudonyms)
        values |= {name: value for name, value in _derived_ends(direction, values).items() if not values.get(name)}
        disposition = told.get("disposition")
        if told.get("ended_at") is None:
            disposition = None
        cause = values.pop("hangup_cause", None)
        values |= _parent_values(call, pseudonyms)
        record = call_record(
            call_id=identities.take(call.identity),
            started_at=_instant(told, "started_at"),
            ringing_at=told.get("ringing_at"),  # type: ignore[arg-type]
            answered_at=told.get("answered_at"),  # type: ignore[arg-type]
            ended_at=told.get("ended_at"),  # type: ignore[arg-type]
            disposition=None if disposition is None else Disposition(str(disposition)),
            **{name: value for name, value in values.items() if value is not None},
        )
    except ValueError:
        raise UnusableRecord("its instants are out of order") from None
    record = _with_cause(record, cause)
    broken = broken_invariants(record)
    if broken:
        raise UnusableRecord(
            f"it cannot have happened: {', '.join(name.replace('_', ' ') for name in broken)} is broken"
        )
    return record.with_values(legs=_legs_of(record))


def _instant(told: Mapping[str, AttributeValue], name: str) -> datetime:
    value = told[name]
    if not isinstance(value, datetime):
        raise UnusableRecord(f"{name} is missing")
    return value


def _pseudonymous_values(told: Mapping[str, AttributeValue], map_: PseudonymMap) -> dict[str, AttributeValue]:
    """What was told, each value under its pseudonym, kept, or left out."""
    found: dict[str, AttributeValue] = {}
    for name, value in told.items():
        attribute = CALL_COLUMNS[name]
        if value is None or name in (*DROPPED, *OWN_IDENTITIES, *DERIVED, "disposition"):
            continue
        if attribute.kind in (AttributeKind.TEXT, AttributeKind.TEXT_LIST):
            found[name] = _pseudonymous_text(name, value, map_)
        elif name == "customer_id":
            found[name] = map_.customer(str(value))
        elif attribute.kind is AttributeKind.INTEGER and name != "hangup_cause":
            found[name] = map_.integer(name, str(value), digits=_SMALL_ID_DIGITS)
        elif name not in ("started_at", "ringing_at", "answered_at", "ended_at"):
            found[name] = value
    return found


def _pseudonymous_text(name: str, value: AttributeValue, map_: PseudonymMap) -> AttributeValue:
    if isinstance(value, tuple):
        return tuple(map_.url(str(one)) for one in value)
    text = str(value)
    if name in NUMBERS:
        return map_.number(text)
    if name in CHOICES:
        return map_.choice(name, text, CHOICES[name])
    if name in CODES:
        return map_.code(text)
    if name in CHANNELS:
        return map_.channel(text)
    match name:
        case "caller_id":
            return map_.number_or_name(text)
        case "caller_name":
            return map_.name(text)
        case "media_address":
            return map_.host(text)
        case "recording_url":
            return map_.url(text)
        case "price_unit" if len(text) == 3 and text.isascii() and text.isupper() and text.isalpha():
            return text
    # A text that nobody thought of tells nothing rather than too much.
    return None


def _derived_ends(direction: Direction, values: Mapping[str, AttributeValue]) -> dict[str, AttributeValue]:
    """What follows of the ends of a call from its pseudonyms, where the source did not tell it."""
    source, destination, dialed = (values.get(name) for name in ("source", "destination", "dialed"))
    comes_in = direction in (Direction.INBOUND, Direction.TRANSIT)
    remote, local = (source, destination) if comes_in else (destination, source)
    inside = [end for end in (local, remote) if isinstance(end, str) and is_extension(end)]
    external = direction is not Direction.INTERNAL
    application = 1 if direction is Direction.OUTBOUND else 0
    return {
        "customer_id": HOME_CUSTOMER_ID,
        "application_id": _FIRST_APPLICATION_ID + application,
        "application_name": APPLICATIONS[application],
        "rule_name": RULES[2 if direction is Direction.OUTBOUND else 0],
        "direction": direction.value,
        "line_direction": _LINE_DIRECTIONS.get(direction, LineDirection.UNKNOWN).value,
        "dialed": destination,
        "source_dialed": dialed or destination,
        "destination_dialed": destination,
        "caller_id": values.get("caller_name") or source,
        "extension": inside[0] if inside else None,
        "did_number": (dialed or destination) if direction is Direction.INBOUND else None,
        "local_number": local,
        "remote_number": remote,
        "remote_numbers": () if remote is None else (str(remote),),
        "parties": tuple(str(end) for end in (source, destination) if end is not None),
        "remote_number_kind": _line_kind(remote) if isinstance(remote, str) else None,
        "source_kind": _line_kind(source) if isinstance(source, str) else None,
        "destination_kind": _line_kind(destination) if isinstance(destination, str) else None,
        "trunk_name": TRUNKS[0] if external else None,
        "price_unit": "USD",
        "price": 0.0,
    }


def _line_kind(number: str) -> str:
    if "@" in number or number.startswith("sip"):
        return RemoteLineKind.SIP.value
    if is_extension(number):
        return RemoteLineKind.USER.value
    return (RemoteLineKind.MOBILE if "7700900" in number else RemoteLineKind.PSTN).value


def _parent_values(call: SourceCall, map_: PseudonymMap) -> dict[str, AttributeValue]:
    """Session and parent; the first call of a session has the session's own identity."""
    session = map_.integer("session", call.session, digits=_CALL_ID_DIGITS)
    parent = call.values.get("parent_call_id")
    name = f"call_id {parent}" if parent is not None else call.session
    if name == call.identity or (parent is None and call.session.startswith("session_id ")):
        return {"session_id": session}
    parent_id = map_.integer("call", name, digits=_CALL_ID_DIGITS)
    code = encode_base62(parent_id % _CODES_OF_CALLS, width=5)
    return {"session_id": session, "parent_call_id": parent_id, "parent_call_code": code}


def _with_cause(record: Record, cause: AttributeValue) -> Record:
    """The record with the cause that was told, where the call has ended and the cause is one that is known."""
    if record["disposition"] is None or not isinstance(cause, int) or cause not in set(HangupCause):
        return record if record["disposition"] is not None else record.with_values(price=None, **_live_words(record))
    return record.with_values(hangup_cause=cause, hangup_text=HangupCause(cause).text)


def _live_words(record: Record) -> dict[str, AttributeValue]:
    talking = record["answered_at"] is not None
    state = "answered" if talking else "ringing" if record["ringing_at"] is not None else "dialing"
    return {"state": state, "outcome_state": "in_call" if talking else "ringing"}


# --- legs ---------------------------------------------------------------------------------------------------


def _legs_of(call: Record) -> tuple[Record, ...]:
    """The caller's leg, which lives as long as the call, and the callee's where a telephone rang."""
    first = _leg(call, place=0, started=call["started_at"])
    rang = call["ringing_at"] or call["answered_at"]
    return (first,) if rang is None else (first, _leg(call, place=1, started=rang))


def _leg(call: Record, *, place: int, started: AttributeValue) -> Record:
    channel = call["destination_channel" if place else "source_channel"]
    epoch, _, serial = str(call["call_ref"]).partition(".")
    disposition = str(call["disposition"] or "").replace("_", " ")
    inside = call["direction"] in ("outbound", "internal")
    values: dict[str, AttributeValue] = {
        "leg_id": call["call_ref"] if place == 0 else f"{epoch}.{serial}{place}",
        "call_ref": call["call_ref"],
        "channel": channel,
        "started_at": started,
        "answered_at": call["answered_at"],
        "ended_at": call["ended_at"],
        "direction": call["direction"],
        "state_text": disposition or ("Up" if call["answered_at"] else "Ringing"),
        "source_number": call["source"],
        "source_kind": (EndpointKind.PHONE if inside else EndpointKind.EXTERNAL).value,
        "source_line": call["source"] if inside else None,
        "source_customer_id": call["customer_id"] if inside else None,
        "source_presentation": 0,
        "destination_number": call["destination"],
        "destination_kind": (EndpointKind.EXTERNAL if call["direction"] == "outbound" else EndpointKind.PHONE).value,
        "destination_customer_id": None if call["direction"] == "outbound" else call["customer_id"],
        "caller_number_internal": call["source"],
        "caller_number_external": call["source"],
        "caller_name_internal": call["caller_name"],
        "caller_name_external": call["caller_name"],
        "over_limit": False,
        "machine_id": 1,
        "source_number_shown": call["source"],
        "destination_number_shown": call["destination"],
    }
    return Record(blank_values(Grain.LEG) | values)
