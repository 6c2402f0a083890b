"""The closed sets of words that telephony values are made of."""

from __future__ import annotations

from enum import StrEnum


class Direction(StrEnum):
    """Which way a call goes, seen from the owner's switch."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"
    TRANSIT = "transit"
    UNKNOWN = "unknown"


class LineDirection(StrEnum):
    """Which way a call goes, seen from one extension: an internal call is made or received there."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"
    INTERNAL_INBOUND = "internal_inbound"
    INTERNAL_OUTBOUND = "internal_outbound"
    UNKNOWN = "unknown"


class Media(StrEnum):
    """What a call carries."""

    AUDIO = "audio"
    VIDEO = "video"


class LiveCallState(StrEnum):
    """Where a live call is."""

    DIALING = "dialing"
    RINGING = "ringing"
    ANSWERED = "answered"
    HELD = "held"


class Disposition(StrEnum):
    """How a call ended for people."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    CANCELLED = "cancelled"
    FAILED = "failed"


class OutcomeState(StrEnum):
    """The last state of a call as a history tells it; the first two words are those of a live call."""

    RINGING = "ringing"
    IN_CALL = "in_call"
    CALLER_HUNG_UP = "caller_hung_up"
    CALLEE_HUNG_UP = "callee_hung_up"
    TRANSFERRED = "transferred"
    BUSY = "busy"
    NOT_ANSWERED = "not_answered"
    CANCELLED = "cancelled"
    FAILED = "failed"


class AnswerState(StrEnum):
    """Whether somebody answered; unknown while a live call still dials or rings."""

    UNKNOWN = "unknown"
    ANSWERED = "answered"
    NOT_ANSWERED = "not_answered"


class Completion(StrEnum):
    """Whether a call reached its purpose; unknown while that is still open."""

    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    SUCCEEDED_PARTLY = "succeeded_partly"
    FAILED = "failed"
    FAILED_NETWORK = "failed_network"


class AnsweringParty(StrEnum):
    """Who or what answered a call."""

    HUMAN = "human"
    MACHINE = "machine"


class RemoteLineKind(StrEnum):
    """What kind of line stands behind the remote number."""

    PSTN = "pstn"
    MOBILE = "mobile"
    USER = "user"
    SIP = "sip"


class EndpointKind(StrEnum):
    """What kind of thing stands at one end of a leg."""

    PHONE = "phone"
    EXTERNAL = "external"
    NUMBER = "number"
    IVR = "ivr"
    MENU = "menu"
    QUEUE = "queue"
    VOICEMAIL = "voicemail"
    CONFERENCE = "conference"


class AudioQuality(StrEnum):
    """The audio band of a session."""

    STANDARD = "standard"
    HD = "hd"
    ULTRA_HD = "ultra_hd"


class SessionFinishReason(StrEnum):
    """Why a session ended."""

    NORMAL = "normal"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    BILLING_TIMEOUT = "billing_timeout"
    TERMINATED = "terminated"
    SCRIPT_ERROR = "script_error"
    TIMEOUT = "timeout"


class TranscriptionState(StrEnum):
    """How far the transcription of a recording is."""

    NOT_REQUIRED = "not_required"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"


class ResourceKind(StrEnum):
    """What a session used besides its calls."""

    CALL_SESSION = "call_session"
    VIDEO_CALL = "video_call"
    VIDEO_RECORDING = "video_recording"
    VOICEMAIL_DETECTION = "voicemail_detection"
    RECOGNITION = "recognition"
    TRANSCRIPTION = "transcription"
    SYNTHESIS = "synthesis"
    CONFERENCE = "conference"
