"""What a call is: pure values, no HTTP, no files, no clock."""

from harness.telephony.attributes import ATTRIBUTES, IDENTITY_ATTRIBUTES, Attribute, AttributeKind, Grain
from harness.telephony.call_invariants import CALL_INVARIANTS, broken_invariants
from harness.telephony.enums import (
    AnswerState,
    AudioQuality,
    CallState,
    Completion,
    Direction,
    Disposition,
    EndpointKind,
    FinishReason,
    LineDirection,
    Media,
    NumberKind,
    OutcomeState,
    ResourceKind,
    TranscriptionState,
)
from harness.telephony.hangup_causes import HangupCause
from harness.telephony.records import AttributeValue, Record, call_record
from harness.telephony.visibility import call_state_at, is_live_at, visible_record

__all__ = [
    "ATTRIBUTES",
    "AnswerState",
    "Attribute",
    "AttributeKind",
    "AttributeValue",
    "AudioQuality",
    "CALL_INVARIANTS",
    "CallState",
    "Completion",
    "Direction",
    "Disposition",
    "EndpointKind",
    "FinishReason",
    "Grain",
    "HangupCause",
    "IDENTITY_ATTRIBUTES",
    "LineDirection",
    "Media",
    "NumberKind",
    "OutcomeState",
    "Record",
    "ResourceKind",
    "TranscriptionState",
    "broken_invariants",
    "call_record",
    "call_state_at",
    "is_live_at",
    "visible_record",
]
