"""What a row of a listing can show: a closed vocabulary of attributes, by grain.

A spec names these attributes, a world fills them, the wire writes and reads them. How a value looks in
Python follows from the attribute's kind:

| kind | value |
|---|---|
| `TEXT` | `str` |
| `INTEGER` | `int` |
| `DECIMAL` | `float` with at most four decimal places (money) |
| `INSTANT` | `datetime` in UTC, whole milliseconds |
| `SECONDS` | `float`, whole milliseconds |
| `FLAG` | `bool` |
| `WORD` | `str`, one of the attribute's `words` |
| `TEXT_LIST` | `tuple[str, ...]` |
| `ROWS` | `tuple[Record, ...]` of the attribute's `rows` grain |

`None` means none, for every kind but `TEXT_LIST` and `ROWS`, where the empty tuple does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, final

from harness.telephony.enums import (
    AnswerState,
    AudioQuality,
    Completion,
    Direction,
    Disposition,
    EndKind,
    FinishReason,
    LineDirection,
    Media,
    NumberKind,
    OutcomeState,
    ResourceKind,
    State,
    TranscriptionState,
)


class Grain(StrEnum):
    """What one row stands for; the last three occur only inside other rows."""

    SESSION = "session"
    CALL = "call"
    LEG = "leg"
    TARGET = "target"
    RECORDING = "recording"
    RESOURCE = "resource"


class Kind(StrEnum):
    """What kind of value an attribute has."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    INSTANT = "instant"
    SECONDS = "seconds"
    FLAG = "flag"
    WORD = "word"
    TEXT_LIST = "text_list"
    ROWS = "rows"


@final
@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that a row can show: its name, its kind and what it says.

    `words` is the closed set of a `WORD`, `rows` the grain of nested `ROWS`; both are empty otherwise.
    """

    name: str
    kind: Kind
    says: str
    words: tuple[str, ...] = ()
    rows: Grain | None = None

    def __post_init__(self) -> None:
        if bool(self.words) != (self.kind is Kind.WORD):
            raise ValueError(f"{self.name}: words belong to an attribute of kind word, and only there")
        if (self.rows is not None) != (self.kind is Kind.ROWS):
            raise ValueError(f"{self.name}: a grain belongs to an attribute of kind rows, and only there")


def _text(name: str, says: str) -> Attribute:
    return Attribute(name, Kind.TEXT, says)


def _integer(name: str, says: str) -> Attribute:
    return Attribute(name, Kind.INTEGER, says)


def _decimal(name: str, says: str) -> Attribute:
    return Attribute(name, Kind.DECIMAL, says)


def _instant(name: str, says: str) -> Attribute:
    return Attribute(name, Kind.INSTANT, says)


def _seconds(name: str, says: str) -> Attribute:
    return Attribute(name, Kind.SECONDS, says)


def _flag(name: str, says: str) -> Attribute:
    return Attribute(name, Kind.FLAG, says)


def _word(name: str, words: type[StrEnum], says: str) -> Attribute:
    return Attribute(name, Kind.WORD, says, words=tuple(word.value for word in words))


def _rows(name: str, grain: Grain, says: str) -> Attribute:
    return Attribute(name, Kind.ROWS, says, rows=grain)


def _named(*attributes: Attribute) -> Mapping[str, Attribute]:
    named = {attribute.name: attribute for attribute in attributes}
    if len(named) != len(attributes):
        raise ValueError("an attribute is named twice in one grain")
    return MappingProxyType(named)


_CALL: Final = _named(
    _integer("call_id", "identity of the call, beyond 32 bits"),
    _text("call_code", "identity of the call as an opaque code of five or six letters and digits"),
    _text("call_ref", "identity shared by the legs of the call: the leg_id of its first leg"),
    _integer("session_id", "the session that the call belongs to"),
    _word("direction", Direction, "which way the call goes, seen from the switch"),
    _word("line_direction", LineDirection, "which way the call goes, seen from the extension"),
    _text("source", "who called: an extension or a number"),
    _text("destination", "who was reached: an extension or a number"),
    _text("dialed", "what was typed"),
    _text("caller_id", "what the caller presented: a number or a display name"),
    _text("caller_name", "the name that the caller presented"),
    _text("source_dialed", "what the caller typed"),
    _text("destination_dialed", "as what the callee's line was dialed"),
    _word("media", Media, "what the call carries"),
    _word("state", State, "where the live call is; none once it has ended"),
    _word("outcome_state", OutcomeState, "the last state, as a history tells it"),
    _word("disposition", Disposition, "how the call ended for people; none while it lives"),
    _word("answer_state", AnswerState, "whether somebody answered"),
    _word("completion", Completion, "whether the call reached its purpose"),
    _integer("hangup_cause", "how the call ended for the network (Q.850); none while it lives"),
    _text("hangup_text", "the hang-up cause as code and description; none while the call lives"),
    _instant("started_at", "when the call began"),
    _instant("ringing_at", "when the callee began to ring; none if it never did"),
    _instant("answered_at", "when the call was answered; none if it never was"),
    _instant("ended_at", "when the call ended; none while it lives"),
    _instant("held_at", "when the call was first put on hold; none if it never was"),
    _instant("resumed_at", "when that hold ended; none if it never was held or still is"),
    _instant("created_at", "when the record of the call was made: when it began"),
    _instant("updated_at", "when the record last changed: began, rang, was answered or ended"),
    _seconds("setup_seconds", "start to ring, or to the end if it never rang"),
    _seconds("ring_seconds", "ring to answer, or to the end if nobody answered"),
    _seconds("talk_seconds", "answer to end, with time on hold; 0 if nobody answered"),
    _seconds("duration_seconds", "start to end; so far while the call lives"),
    _seconds("answer_seconds", "start to answer; none if nobody answered"),
    _seconds("bill_seconds", "talk rounded up by the tariff; 0 if nobody answered"),
    _integer("customer_id", "the customer that owns the call"),
    _integer("user_id", "the user of the extension"),
    _integer("department_id", "the department of the extension"),
    _integer("did_id", "identity of our number (the hotline) that an outsider dialed"),
    _text("did_number", "our number (the hotline) that an outsider dialed"),
    _integer("extension_id", "identity of our extension in the call"),
    _text("extension", "our extension in the call"),
    _integer("contact_id", "the contact that the outsider is known as"),
    _text("external_id", "an identity given by an outside system"),
    _text("external_session_id", "an identity of the session given by an outside system"),
    _text("note", "what somebody noted about the call"),
    Attribute("recording_urls", Kind.TEXT_LIST, "where the recordings of the ended call lie"),
    _text("recording_url", "where the first recording of the ended call lies"),
    _integer("application_id", "the application that ran the call"),
    _text("application_name", "the name of that application"),
    _text("rule_name", "the rule of the application that took the call"),
    _text("custom_data", "free data that the application attached to the call"),
    _integer("machine_id", "the machine that carries the call"),
    _text("media_address", "the address of the media server"),
    _decimal("cost", "what the ended call cost; none if it is free of charge"),
    _integer("transaction_id", "the transaction that charged the call"),
    _text("local_number", "the number on the platform's side"),
    _text("remote_number", "the number on the client's side"),
    _word("remote_number_kind", NumberKind, "what stands behind the remote number"),
    _flag("incoming", "whether the platform was called"),
    _flag("successful", "whether the call was answered"),
    _text("diversion_number", "the number that diverted the call here"),
    _text("trunk_name", "the line to the outside; none for internal calls"),
    _rows("targets", Grain.TARGET, "the extensions or numbers that the call rang"),
    _rows("legs", Grain.LEG, "the legs of the call"),
)

_TARGET: Final = _named(
    _instant("added_at", "when the target was added to the call"),
    _instant("ringing_at", "when it began to ring; none if it never did"),
    _instant("answered_at", "when it answered; none if it never did"),
    _instant("ended_at", "when its part in the call ended"),
    _seconds("ring_seconds", "how long it rang"),
    _text("end_reason", "why its part ended; none while it takes part"),
    _integer("fail_code", "the SIP code of a failure; 0 if there is none"),
    _text("state_text", "where it is, or how it ended"),
    _text("target_number", "the extension or number that was rung"),
    _text("trunk_name", "the line to the outside; none for an extension"),
)

_LEG: Final = _named(
    _text("leg_id", "identity of the leg: epoch second, dot, sequence"),
    _text("call_ref", "identity shared by the legs of one call: the leg_id of the first"),
    _text("channel", "the channel: technology, peer, sequence"),
    _instant("started_at", "when the leg began"),
    _instant("answered_at", "when the leg was answered; none if it never was"),
    _instant("ended_at", "when the leg ended; none while it lives"),
    _word("direction", Direction, "which way its call goes, seen from the switch"),
    _text("state_text", "where the leg is, or how it ended; never blank"),
    _text("source_number", "who called: an extension or a number"),
    _word("source_kind", EndKind, "what stands at the source"),
    _text("source_line", "the account of the telephone line that made the call; none for others"),
    _integer("source_customer_id", "the customer at the source; none outside"),
    _integer("source_presentation", "the SIP or ISDN presentation of the source number"),
    _text("called_number", "the number that was called before a redirection"),
    _word("called_kind", EndKind, "what stands behind the called number; none unless redirected"),
    _text("destination_number", "who is reached: an extension or a number"),
    _word("destination_kind", EndKind, "what stands at the destination"),
    _integer("destination_customer_id", "the customer at the destination; none outside"),
    _text("caller_number_internal", "the caller's number as shown inside"),
    _text("caller_number_external", "the caller's number as shown outside"),
    _text("caller_name_internal", "the caller's name as shown inside"),
    _text("caller_name_external", "the caller's name as shown outside"),
    _integer("billing_peer_id", "the peer that bills the leg; none unless outbound"),
    _integer("peer_id", "the peer that carries the leg; none unless outbound"),
    _integer("in_group_id", "the group that the leg came in by; none unless inbound"),
    _integer("out_group_id", "the group that the leg goes out by; none unless outbound"),
    _flag("over_limit", "whether the leg exceeds the customer's limit of calls"),
    _integer("machine_id", "the machine that carries the leg"),
    _text("recording_path", "where the leg is being recorded; none unless it is"),
    _text("sip_call_id", "the SIP Call-ID; none unless the leg is SIP"),
    _text("source_number_shown", "the source number as people read it"),
    _text("called_number_shown", "the called number as people read it"),
    _text("destination_number_shown", "the destination number as people read it"),
)

_SESSION: Final = _named(
    _integer("session_id", "identity of the session, beyond 32 bits"),
    _integer("customer_id", "the customer that owns the session"),
    _integer("application_id", "the application that ran the session"),
    _text("application_name", "the name of that application"),
    _integer("user_id", "the user who takes part"),
    _text("rule_name", "the rule of the application that took the session"),
    _instant("started_at", "when the session began: with its first call"),
    _instant("ended_at", "when the session ended: with its last call; none while it lives"),
    _seconds("duration_seconds", "start to end; so far while the session lives"),
    _text("initiator_address", "the address of whoever began the session"),
    _text("media_address", "the address of the media server"),
    _text("log_url", "where the log of the session lies"),
    _word("audio_quality", AudioQuality, "the audio band of the session"),
    _word("finish_reason", FinishReason, "why the session ended; none while it lives"),
    _text("custom_data", "free data that the application attached to the session"),
    _rows("calls", Grain.CALL, "the calls of the session"),
    _rows("recordings", Grain.RECORDING, "the recordings of its ended calls"),
    _rows("resources", Grain.RESOURCE, "what the session used besides its calls"),
)

_RECORDING: Final = _named(
    _integer("recording_id", "identity of the recording"),
    _instant("started_at", "when the recording began: at the answer"),
    _integer("transaction_id", "the transaction that charged the recording"),
    _text("name", "the name of the recording"),
    _decimal("cost", "what the recording cost"),
    _seconds("duration_seconds", "how long the recording is"),
    _text("url", "where the recording lies"),
    _integer("bytes", "how big the recording is"),
    _text("transcription_url", "where the transcription lies; none unless it is complete"),
    _word("transcription_state", TranscriptionState, "how far the transcription is"),
)

_RESOURCE: Final = _named(
    _integer("resource_id", "identity of the use"),
    _word("resource_kind", ResourceKind, "what was used"),
    _instant("used_at", "when it was used"),
    _integer("transaction_id", "the transaction that charged the use"),
    _decimal("cost", "what the use cost"),
    _text("description", "the use in words"),
    _integer("quantity", "how much was used"),
    _text("unit", "the unit of the quantity"),
    _integer("call_id", "the call that it was used for; none for the session as a whole"),
)

ATTRIBUTES: Final[Mapping[Grain, Mapping[str, Attribute]]] = MappingProxyType(
    {
        Grain.SESSION: _SESSION,
        Grain.CALL: _CALL,
        Grain.LEG: _LEG,
        Grain.TARGET: _TARGET,
        Grain.RECORDING: _RECORDING,
        Grain.RESOURCE: _RESOURCE,
    }
)

IDENTITY: Final[Mapping[Grain, str]] = MappingProxyType(
    {
        Grain.SESSION: "session_id",
        Grain.CALL: "call_id",
        Grain.LEG: "leg_id",
        Grain.RECORDING: "recording_id",
        Grain.RESOURCE: "resource_id",
    }
)
