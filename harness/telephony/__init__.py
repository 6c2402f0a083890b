"""What a call is: pure values, no HTTP, no files, no clock."""

from harness.telephony.attributes import ATTRIBUTES, IDENTITY_ATTRIBUTES, Attribute, AttributeKind, Grain
from harness.telephony.call_invariants import CALL_INVARIANTS, broken_invariants
from harness.telephony.enums import (
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
from harness.telephony.hangup_causes import HangupCause
from harness.telephony.record_at_instant import call_state_at, is_live_at, visible_record
from harness.telephony.records import AttributeValue, Record, call_record

__all__ = [
    "ATTRIBUTES",
    "AnswerState",
    "Attribute",
    "AttributeKind",
    "AttributeValue",
    "AudioQuality",
    "CALL_INVARIANTS",
    "Completion",
    "Direction",
    "Disposition",
    "EndpointKind",
    "Grain",
    "HangupCause",
    "IDENTITY_ATTRIBUTES",
    "LineDirection",
    "LiveCallState",
    "Media",
    "OutcomeState",
    "Record",
    "RemoteLineKind",
    "ResourceKind",
    "SessionFinishReason",
    "TranscriptionState",
    "broken_invariants",
    "call_record",
    "call_state_at",
    "is_live_at",
    "visible_record",
]
