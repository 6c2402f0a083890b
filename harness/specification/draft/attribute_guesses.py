"""What a field of an unknown API may show, guessed from its name and type; and what its words may mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, final

from harness.specification.draft.openapi_source import PlainScalar, SchemaShape
from harness.telephony.attributes import ATTRIBUTES, Attribute, AttributeKind, Grain

_BREAK: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")

# Attributes that every ended call has; the others may be none.
_ALWAYS: Final = frozenset(
    {
        "call_id", "call_code", "call_ref", "session_id", "direction", "disposition", "started_at", "created_at",
        "updated_at", "ended_at", "duration_seconds", "talk_seconds", "ring_seconds", "setup_seconds", "bill_seconds",
        "source", "destination", "dialed", "media", "answer_state", "successful", "incoming", "customer_id",
    }
)  # fmt: skip

# What the words of a name say, the more particular first: all of one line must occur.
_NAMES: Final[tuple[tuple[str, str], ...]] = (
    ("answer at|answer time|answered at|answered|answer date|connect time|connected at|start talk", "answered_at"),
    ("end time|end at|ended at|end date|ended|hangup time|finished at|stop time|completed at|date ended", "ended_at"),
    ("ringing at|ring time|ring started", "ringing_at"),
    ("created|date created|creation time|create time", "created_at"),
    ("updated|date updated|modified|last update", "updated_at"),
    ("start time|started at|start|started|initiation time|call date|calldate|date|time|timestamp", "started_at"),
    ("bill duration|billsec|billed|billed sec|billable|bill seconds", "bill_seconds"),
    ("talk time|talk duration|conversation|talk seconds|talk", "talk_seconds"),
    ("ring duration|ring seconds|wait time|ringing time", "ring_seconds"),
    ("duration|call duration|length|seconds|duration seconds", "duration_seconds"),
    ("session id|session", "session_id"),
    ("uniqueid|unique id|linked id|call ref|reference", "call_ref"),
    ("caller name|from name|cnam|caller id name", "caller_name"),
    ("caller id|callerid|clid", "caller_id"),
    ("from|src|source|caller|from number|caller number|cli|calling number|ani|origin|a number", "source"),
    ("to|dst|destination|callee|to number|callee number|cld|called number|called|b number|dest", "destination"),
    ("dialed|dialled|dialed number|dnis", "dialed"),
    ("extension|ext", "extension"),
    ("did|hotline|ddi", "did_number"),
    ("direction|call direction|call type|type", "direction"),
    ("disposition|status|state|result|outcome|call status|call state|hangup cause name", "disposition"),
    ("hangup cause code|hangup cause|cause|q850", "hangup_cause"),
    ("recording url|recording|record url|recording file", "recording_url"),
    ("recordings|recording urls", "recording_urls"),
    ("note|notes|comment", "note"),
    ("cost|price|amount|total amount|charge", "cost"),
    ("trunk|carrier|gateway", "trunk_name"),
    ("customer id|account id|tenant id", "customer_id"),
    ("user id|agent id", "user_id"),
    ("external id|custom id", "external_id"),
    ("answered flag|successful|is answered|success", "successful"),
    ("incoming|inbound|is inbound", "incoming"),
)  # fmt: skip
_IDENTITY_NAMES: Final = ("id", "call id", "callid", "uuid", "call uuid", "guid", "cdr id", "record id", "key")
_IDENTITY_WORDS: Final = re.compile(r"\b(unique(ly)?|identif(y|ies|ier))\b", re.IGNORECASE)
# Words that begin with so long a synonym mean it, too.
_LONG_ENOUGH: Final = 6

_KINDS_BY_TYPE: Final[Mapping[str, tuple[AttributeKind, ...]]] = MappingProxyType(
    {
        "string": (AttributeKind.TEXT, AttributeKind.INSTANT, AttributeKind.WORD),
        "integer": (AttributeKind.INTEGER, AttributeKind.SECONDS, AttributeKind.INSTANT),
        "number": (AttributeKind.DECIMAL, AttributeKind.SECONDS),
        "boolean": (AttributeKind.FLAG,),
        "array": (AttributeKind.TEXT_LIST,),
    }
)

# How APIs write a word of telephony, in letters and digits alone.
_SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "inbound": ("inbound", "in", "incoming", "received", "terminating"),
        "outbound": ("outbound", "out", "outgoing", "placed", "originating"),
        "internal": ("internal", "int", "local", "onnet"),
        "transit": ("transit", "through", "tandem"),
        "answered": ("answered", "answer", "completed", "complete", "success", "successful", "ok", "connected"),
        "no_answer": ("noanswer", "notanswered", "unanswered", "missed", "timeout"),
        "busy": ("busy", "userbusy"),
        "cancelled": ("cancelled", "canceled", "cancel", "abandoned"),
        "failed": ("failed", "fail", "failure", "error", "congestion", "rejected"),
    }
)
_FALLBACKS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "internal": ("outbound", "inbound"),
        "transit": ("outbound", "inbound"),
        "cancelled": ("no_answer", "failed"),
        "no_answer": ("failed", "cancelled"),
        "busy": ("failed", "no_answer"),
        "failed": ("no_answer", "cancelled"),
    }
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FieldGuess:
    """What a field may show and how it writes that."""

    attribute: str
    codec: str
    words: Mapping[str, str]
    more_words: tuple[str, ...]
    always: bool


def plain_name(name: str) -> str:
    """A name as lower-case words: `startTime`, `start_time` and `filter[start-time]` are `start time`."""
    inner = re.fullmatch(r"(?:filter|filters|query|where|q)\[([^\]]+)\](.*)", name)
    if inner is not None:
        name = f"{inner[1]} {inner[2]}"
    return " ".join(word.lower() for word in _BREAK.split(name) if word)


def guess_identity(fields: Mapping[str, SchemaShape]) -> str | None:
    """The field that may identify a row."""
    simple = {name: shape for name, shape in fields.items() if shape.type in ("string", "integer") and not shape.enum}
    plain = {plain_name(name): name for name in reversed(simple)}
    found = [plain[name] for name in _IDENTITY_NAMES if name in plain]
    found += [name for name, shape in simple.items() if _IDENTITY_WORDS.search(shape.description[:400])]
    return found[0] if found else None


def guess_field(name: str, shape: SchemaShape, *, grain: Grain, taken: frozenset[str]) -> FieldGuess | None:
    """What a field may show; None where nothing is near. Attributes that are taken are not guessed again."""
    plain = plain_name(name)
    for names, attribute in _NAMES:
        known = ATTRIBUTES[grain].get(attribute)
        if known is None or attribute in taken or plain not in names.split("|"):
            continue
        codec = _codec(known, shape)
        if codec is None:
            continue
        words, more = guess_words(known.words, shape.enum) if codec == "word" else ({}, ())
        if codec == "word" and not words:
            continue
        return FieldGuess(attribute=attribute, codec=codec, words=words, more_words=more, always=attribute in _ALWAYS)
    return None


def _codec(attribute: Attribute, shape: SchemaShape) -> str | None:
    if attribute.kind not in _KINDS_BY_TYPE.get(shape.type, ()):
        return None
    match attribute.kind, shape.type:
        case AttributeKind.INSTANT, "integer":
            return "epoch-seconds"
        case AttributeKind.INSTANT, _:
            return "local-time" if shape.format not in ("date-time", "") else "rfc3339"
        case AttributeKind.WORD, _:
            return "word" if len(shape.enum) > 1 else None
        case ((AttributeKind.INTEGER | AttributeKind.SECONDS), "integer"):
            return "integer"
        case AttributeKind.DECIMAL | AttributeKind.SECONDS, _:
            return "decimal"
        case AttributeKind.FLAG, _:
            return "flag"
        case AttributeKind.TEXT_LIST, _:
            return "text-list"
    return "text"


def guess_words(telephony: Sequence[str], enum: Sequence[PlainScalar]) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The API's word for each word of telephony, and the words left over; no words where too few are known."""
    words = {re.sub(r"[^a-z0-9]", "", str(word).lower()): str(word) for word in reversed(enum)}
    found = {word: near for word in telephony for near in _words_for(word, words)[:1]}
    if len(found) < 2:
        return {}, ()
    for word in telephony:
        if word not in found and word != "unknown":
            near = next((other for other in _FALLBACKS.get(word, ()) if other in found), next(iter(found)))
            found[word] = found[near]
    ordered = {word: found[word] for word in telephony if word in found}
    used = set(ordered.values())
    return ordered, tuple(dict.fromkeys(str(word) for word in enum if str(word) not in used))


def _words_for(word: str, words: Mapping[str, str]) -> list[str]:
    """The API's words, by their letters, that may stand for a word of telephony, the nearest first."""
    synonyms = _SYNONYMS.get(word, (word.replace("_", ""),))
    exact = [words[name] for name in synonyms if name in words]
    longer = [text for letters, text in words.items() for name in synonyms if _begins_with(letters, name)]
    return [*exact, *longer]


def _begins_with(letters: str, name: str) -> bool:
    return len(name) >= _LONG_ENOUGH and letters.startswith(name)
