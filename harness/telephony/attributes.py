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
| `ROW_FILES` | `tuple[Record, ...]` of the attribute's `rows` grain |

`None` means none, for every kind but `TEXT_LIST` and `ROW_FILES`, where the empty tuple does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, final

from harness.telephony.enums import (
    AnsweringParty,
    AnswerState,
    AudioQuality,
    Completion,
    Direction,
    Disposition,
    EndpointKind,
    LineDirection,
    LiveCallState,
    Media,
    OutcomeState,
    RemoteLineKind,
    ResourceKind,
    SessionFinishReason,
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


class AttributeKind(StrEnum):
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

    `words` is the closed set of a `WORD`, `rows` the grain of nested `ROW_FILES`; both are empty otherwise.
    """

    name: str
    kind: AttributeKind
    says: str
    words: tuple[str, ...] = ()
    rows: Grain | None = None

    def __post_init__(self) -> None:
        if bool(self.words) != (self.kind is AttributeKind.WORD):
            raise ValueError(f"{self.name}: words belong to an attribute of kind word, and only there")
        if (self.rows is not None) != (self.kind is AttributeKind.ROWS):
            raise ValueError(f"{self.name}: a grain belongs to an attribute of kind rows, and only there")


def _text_attribute(name: str, says: str) -> Attribute:
    return Attribute(name, AttributeKind.TEXT, says)


def _integer_attribute(name: str, says: str) -> Attribute:
    return Attribute(name, AttributeKind.INTEGER, says)


def _decimal_attribute(name: str, says: str) -> Attribute:
    return Attribute(name, AttributeKind.DECIMAL, says)


def _instant_attribute(name: str, says: str) -> Attribute:
    return Attribute(name, AttributeKind.INSTANT, says)


def _seconds_attribute(name: str, says: str) -> Attribute:
    return Attribute(name, AttributeKind.SECONDS, says)


def _flag_attribute(name: str, says: str) -> Attribute:
    return Attribute(name, AttributeKind.FLAG, says)


def _word_attribute(name: str, words: type[StrEnum], says: str) -> Attribute:
    return Attribute(name, AttributeKind.WORD, says, words=tuple(word.value for word in words))


def _rows_attribute(name: str, grain: Grain, says: str) -> Attribute:
    return Attribute(name, AttributeKind.ROWS, says, rows=grain)


def _attributes_by_name(*attributes: Attribute) -> Mapping[str, Attribute]:
    named = {attribute.name: attribute for attribute in attributes}
    if len(named) != len(attributes):
        raise ValueError("an attribute is named twice in one grain")
    return MappingProxyType(named)


def _is_numbered(attribute: Attribute) -> bool:
    return attribute.kind is AttributeKind.INTEGER and attribute.name.endswith("_id")


_CALL_ATTRIBUTES: Final = _attributes_by_name(
    _integer_attribute("call_id", "identity of the call, beyond 32 bits"),
    _text_attribute("call_code", "identity of the call as an opaque code of five to nine letters and digits"),
    _text_attribute("call_ref", "identity shared by the legs of the call: the leg_id of its first leg"),
    _integer_attribute("session_id", "the session that the call belongs to"),
    _word_attribute("direction", Direction, "which way the call goes, seen from the switch"),
    _word_attribute("line_direction", LineDirection, "which way the call goes, seen from the extension"),
    _text_attribute("source", "who called: an extension or a number"),
    _text_attribute("destination", "who was reached: an extension or a number"),
    _text_attribute("dialed", "what was typed"),
    _text_attribute("caller_id", "what the caller presented: a number or a display name"),
    _text_attribute("caller_name", "the name that the caller presented"),
    _text_attribute("source_dialed", "what the caller typed"),
    _text_attribute("destination_dialed", "as what the callee's line was dialed"),
    _word_attribute("media", Media, "what the call carries"),
    _word_attribute("state", LiveCallState, "where the live call is; none once it has ended"),
    _word_attribute("outcome_state", OutcomeState, "the last state, as a history tells it"),
    _word_attribute("disposition", Disposition, "how the call ended for people; none while it lives"),
    _word_attribute("answer_state", AnswerState, "whether somebody answered"),
    _word_attribute("completion", Completion, "whether the call reached its purpose"),
    _integer_attribute("hangup_cause", "how the call ended for the network (Q.850); none while it lives"),
    _text_attribute("hangup_text", "the hang-up cause as code and description; none while the call lives"),
    _instant_attribute("started_at", "when the call began"),
    _instant_attribute("ringing_at", "when the callee began to ring; none if it never did"),
    _instant_attribute("answered_at", "when the call was answered; none if it never was"),
    _instant_attribute("ended_at", "when the call ended; none while it lives"),
    _instant_attribute("completed_at", "when an answered call ended; none for others, and while it lives"),
    _instant_attribute("held_at", "when the call was first put on hold; none if it never was"),
    _instant_attribute("resumed_at", "when that hold ended; none if it never was held or still is"),
    _instant_attribute("created_at", "when the record of the call was made: when it began"),
    _instant_attribute("updated_at", "when the record last changed: began, rang, was answered or ended"),
    _seconds_attribute("setup_seconds", "start to ring, or to the end if it never rang"),
    _seconds_attribute("ring_seconds", "ring to answer, or to the end if nobody answered"),
    _seconds_attribute("talk_seconds", "answer to end, with time on hold; 0 if nobody answered"),
    _seconds_attribute("completed_seconds", "answer to end of an answered call; none for others, and while it lives"),
    _seconds_attribute("duration_seconds", "start to end; so far while the call lives"),
    _seconds_attribute("answer_seconds", "start to answer; none if nobody answered"),
    _seconds_attribute("bill_seconds", "talk rounded up by the tariff; 0 if nobody answered"),
    _integer_attribute("customer_id", "the customer that owns the call"),
    _integer_attribute("user_id", "the user of the extension"),
    _integer_attribute("department_id", "the department of the extension"),
    _integer_attribute("did_id", "identity of our number (the hotline) that an outsider dialed"),
    _text_attribute("did_number", "our number (the hotline) that an outsider dialed"),
    _integer_attribute("extension_id", "identity of our extension in the call"),
    _text_attribute("extension", "our extension in the call"),
    _integer_attribute("contact_id", "the contact that the outsider is known as"),
    _text_attribute("external_id", "an identity given by an outside system"),
    _text_attribute("external_session_id", "an identity of the session given by an outside system"),
    _text_attribute("note", "what somebody noted about the call"),
    Attribute("tags", AttributeKind.TEXT_LIST, "the labels that somebody gave the call"),
    Attribute("recording_urls", AttributeKind.TEXT_LIST, "where the recordings of the ended call lie"),
    _text_attribute("recording_url", "where the first recording of the ended call lies"),
    _integer_attribute("application_id", "the application that ran the call"),
    _text_attribute("application_name", "the name of that application"),
    _text_attribute("rule_name", "the rule of the application that took the call"),
    _text_attribute("custom_data", "free data that the application attached to the call"),
    _integer_attribute("machine_id", "the machine that carries the call"),
    _text_attribute("media_address", "the address of the media server"),
    _decimal_attribute("cost", "what the ended call cost; none if it is free of charge"),
    _integer_attribute("transaction_id", "the transaction that charged the call"),
    _text_attribute("local_number", "the number on the platform's side"),
    _text_attribute("remote_number", "the number on the client's side"),
    Attribute("remote_numbers", AttributeKind.TEXT_LIST, "that number, as a list"),
    Attribute("parties", AttributeKind.TEXT_LIST, "who called and who was reached: extensions or numbers"),
    _word_attribute("remote_number_kind", RemoteLineKind, "what stands behind the remote number"),
    _word_attribute("source_kind", RemoteLineKind, "what stands at the end that called: a user has an extension"),
    _word_attribute("destination_kind", RemoteLineKind, "what stands at the end that was reached"),
    _flag_attribute("incoming", "whether the platform was called"),
    _flag_attribute("successful", "whether the call was answered"),
    _text_attribute("diversion_number", "the number that diverted the call here"),
    _text_attribute("trunk_name", "the line to the outside; none for internal calls"),
    _rows_attribute("targets", Grain.TARGET, "the extensions or numbers that the call rang"),
    _rows_attribute("legs", Grain.LEG, "the legs of the call"),
    _integer_attribute("parent_call_id", "the call_id of the call that this one follows from; none for others"),
    _text_attribute("parent_call_code", "the call_code of that call"),
    _text_attribute("parent_call_ref", "the call_ref of that call"),
    _text_attribute("account_code", "the account that the call is charged to, as text"),
    _text_attribute("subaccount_code", "the part of that account, as text; none for the account itself"),
    _decimal_attribute("price", "what the ended call is charged, 0 if it is free of charge; none while it lives"),
    _text_attribute("price_unit", "the currency of cost, price and rate: three letters of ISO 4217"),
    _decimal_attribute("minute_rate", "what a minute of the call costs; none if it is free of charge"),
    _word_attribute("answered_by", AnsweringParty, "who or what answered; none if nobody did"),
    _seconds_attribute("queue_seconds", "how long the caller waited in a queue; none without one"),
    _text_attribute("source_channel", "the caller's channel: technology, peer, sequence"),
    _text_attribute("destination_channel", "the callee's channel; none if the callee never began to ring"),
)

_TARGET_ATTRIBUTES: Final = _attributes_by_name(
    _instant_attribute("added_at", "when the target was added to the call"),
    _instant_attribute("ringing_at", "when it began to ring; none if it never did"),
    _instant_attribute("answered_at", "when it answered; none if it never did"),
    _instant_attribute("ended_at", "when its part in the call ended"),
    _seconds_attribute("ring_seconds", "how long it rang"),
    _text_attribute("end_reason", "why its part ended; none while it takes part"),
    _integer_attribute("fail_code", "the SIP code of a failure; 0 if there is none"),
    _text_attribute("state_text", "where it is, or how it ended"),
    _text_attribute("target_number", "the extension or number that was rung"),
    _text_attribute("trunk_name", "the line to the outside; none for an extension"),
)

_LEG_ATTRIBUTES: Final = _attributes_by_name(
    _text_attribute("leg_id", "identity of the leg: epoch second, dot, sequence"),
    _text_attribute("call_ref", "identity shared by the legs of one call: the leg_id of the first"),
    _text_attribute("channel", "the channel: technology, peer, sequence"),
    _instant_attribute("started_at", "when the leg began"),
    _instant_attribute("answered_at", "when the leg was answered; none if it never was"),
    _instant_attribute("ended_at", "when the leg ended; none while it lives"),
    _word_attribute("direction", Direction, "which way its call goes, seen from the switch"),
    _text_attribute("state_text", "where the leg is, or how it ended; never blank"),
    _text_attribute("source_number", "who called: an extension or a number"),
    _word_attribute("source_kind", EndpointKind, "what stands at the source"),
    _text_attribute("source_line", "the account of the telephone line that made the call; none for others"),
    _integer_attribute("source_customer_id", "the customer at the source; none outside"),
    _integer_attribute("source_presentation", "the SIP or ISDN presentation of the source number"),
    _text_attribute("called_number", "the number that was called before a redirection"),
    _word_attribute("called_kind", EndpointKind, "what stands behind the called number; none unless redirected"),
    _text_attribute("destination_number", "who is reached: an extension or a number"),
    _word_attribute("destination_kind", EndpointKind, "what stands at the destination"),
    _integer_attribute("destination_customer_id", "the customer at the destination; none outside"),
    _text_attribute("caller_number_internal", "the caller's number as shown inside"),
    _text_attribute("caller_number_external", "the caller's number as shown outside"),
    _text_attribute("caller_name_internal", "the caller's name as shown inside"),
    _text_attribute("caller_name_external", "the caller's name as shown outside"),
    _integer_attribute("billing_peer_id", "the peer that bills the leg; none unless outbound"),
    _integer_attribute("peer_id", "the peer that carries the leg; none unless outbound"),
    _integer_attribute("in_group_id", "the group that the leg came in by; none unless inbound"),
    _integer_attribute("out_group_id", "the group that the leg goes out by; none unless outbound"),
    _flag_attribute("over_limit", "whether the leg exceeds the customer's limit of calls"),
    _integer_attribute("machine_id", "the machine that carries the leg"),
    _text_attribute("recording_path", "where the leg is being recorded; none unless it is"),
    _text_attribute("sip_call_id", "the SIP Call-ID; none unless the leg is SIP"),
    _text_attribute("source_number_shown", "the source number as people read it"),
    _text_attribute("called_number_shown", "the called number as people read it"),
    _text_attribute("destination_number_shown", "the destination number as people read it"),
)

_SESSION_ATTRIBUTES: Final = _attributes_by_name(
    _integer_attribute("session_id", "identity of the session, beyond 32 bits"),
    _integer_attribute("customer_id", "the customer that owns the session"),
    _integer_attribute("application_id", "the application that ran the session"),
    _text_attribute("application_name", "the name of that application"),
    _integer_attribute("user_id", "the user who takes part"),
    _text_attribute("rule_name", "the rule of the application that took the session"),
    _instant_attribute("started_at", "when the session began: with its first call"),
    _instant_attribute("ended_at", "when the session ended: with its last call; none while it lives"),
    _seconds_attribute("duration_seconds", "start to end; so far while the session lives"),
    _text_attribute("initiator_address", "the address of whoever began the session"),
    _text_attribute("media_address", "the address of the media server"),
    _text_attribute("log_url", "where the log of the session lies"),
    _word_attribute("audio_quality", AudioQuality, "the audio band of the session"),
    _word_attribute("finish_reason", SessionFinishReason, "why the session ended; none while it lives"),
    _text_attribute("custom_data", "free data that the application attached to the session"),
    _rows_attribute("calls", Grain.CALL, "the calls of the session"),
    _rows_attribute("recordings", Grain.RECORDING, "the recordings of its ended calls"),
    _rows_attribute("resources", Grain.RESOURCE, "what the session used besides its calls"),
)

_RECORDING_ATTRIBUTES: Final = _attributes_by_name(
    _integer_attribute("recording_id", "identity of the recording"),
    _instant_attribute("started_at", "when the recording began: at the answer"),
    _integer_attribute("transaction_id", "the transaction that charged the recording"),
    _text_attribute("name", "the name of the recording"),
    _decimal_attribute("cost", "what the recording cost"),
    _seconds_attribute("duration_seconds", "how long the recording is"),
    _text_attribute("url", "where the recording lies"),
    _integer_attribute("bytes", "how big the recording is"),
    _text_attribute("transcription_url", "where the transcription lies; none unless it is complete"),
    _word_attribute("transcription_state", TranscriptionState, "how far the transcription is"),
)

_RESOURCE_ATTRIBUTES: Final = _attributes_by_name(
    _integer_attribute("resource_id", "identity of the use"),
    _word_attribute("resource_kind", ResourceKind, "what was used"),
    _instant_attribute("used_at", "when it was used"),
    _integer_attribute("transaction_id", "the transaction that charged the use"),
    _decimal_attribute("cost", "what the use cost"),
    _text_attribute("description", "the use in words"),
    _integer_attribute("quantity", "how much was used"),
    _text_attribute("unit", "the unit of the quantity"),
    _integer_attribute("call_id", "the call that it was used for; none for the session as a whole"),
)

ATTRIBUTES: Final[Mapping[Grain, Mapping[str, Attribute]]] = MappingProxyType(
    {
        Grain.SESSION: _SESSION_ATTRIBUTES,
        Grain.CALL: _CALL_ATTRIBUTES,
        Grain.LEG: _LEG_ATTRIBUTES,
        Grain.TARGET: _TARGET_ATTRIBUTES,
        Grain.RECORDING: _RECORDING_ATTRIBUTES,
        Grain.RESOURCE: _RESOURCE_ATTRIBUTES,
    }
)

IDENTITY_ATTRIBUTES: Final[Mapping[Grain, str]] = MappingProxyType(
    {
        Grain.SESSION: "session_id",
        Grain.CALL: "call_id",
        Grain.LEG: "leg_id",
        Grain.RECORDING: "recording_id",
        Grain.RESOURCE: "resource_id",
    }
)

_CODE_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_REFERENCE_ALPHABET: Final = "0123456789."
_CODES: Final = ("call_code", "parent_call_code")
_REFERENCES: Final = ("call_ref", "parent_call_ref", "leg_id")

ID_ALPHABETS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{name: "" for found in ATTRIBUTES.values() for name, one in found.items() if _is_numbered(one)},
        **dict.fromkeys(_CODES, _CODE_ALPHABET),
        **dict.fromkeys(_REFERENCES, _REFERENCE_ALPHABET),
    }
)
"""The attributes that an API may show as ids of its own form, with the letters of their values; "" for integers."""
