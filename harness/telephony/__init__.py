"""What a call is: pure values, no HTTP, no files, no clock."""

from harness.telephony.attributes import ATTRIBUTES, IDENTITY, Attribute, Grain, Kind
from harness.telephony.causes import HangupCause
from harness.telephony.laws import LAWS, broken_laws
from harness.telephony.records import Record, Value, call_record
from harness.telephony.timeline import lives_at, seen_at, state_of
from harness.telephony.words import (
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
