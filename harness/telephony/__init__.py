"""What a call is: pure values, no HTTP, no files, no clock."""

from harness.telephony.attributes import ATTRIBUTES, IDENTITY, Attribute, Grain, Kind
from harness.telephony.call_invariants import LAWS, broken_laws
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
from harness.telephony.hangup_causes import HangupCause
from harness.telephony.records import Record, Value, call_record
from harness.telephony.visibility import lives_at, seen_at, state_of

__all__ = [
    "ATTRIBUTES",
    "IDENTITY",
    "LAWS",
    "AnswerState",
    "Attribute",
    "AudioQuality",
    "Completion",
    "Direction",
    "Disposition",
    "EndKind",
    "FinishReason",
    "Grain",
    "HangupCause",
    "Kind",
    "LineDirection",
    "Media",
    "NumberKind",
    "OutcomeState",
    "Record",
    "ResourceKind",
    "State",
    "TranscriptionState",
    "Value",
    "broken_laws",
    "call_record",
    "lives_at",
    "seen_at",
    "state_of",
]
