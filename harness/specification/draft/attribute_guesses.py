"""What a field of an unknown API may show, guessed from its name and type; and what its words may mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, TypeAlias, final

from harness.specification.draft.openapi_source import PlainScalar, SchemaShape
from harness.telephony.attributes import ATTRIBUTES, Attribute, AttributeKind, Grain

IdForm: TypeAlias = "str | Mapping[str, Any] | None"

_BREAK: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")

# Attributes that every ended call has; the others may be none.
_ALWAYS: Final = frozenset(
    {
        "call_id", "call_code", "call_ref", "session_id", "direction", "disposition", "started_at", "created_at",
        "updated_at", "ended_at", "duration_seconds", "talk_seconds", "ring_seconds", "setup_seconds", "bill_seconds",
        "source", "destination", "dialed", "media", "answer_state", "successful", "incoming", "customer_id",
        "price", "price_unit",
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
    ("parent call id|parent id|parent call|parent call sid|parent sid|parent call uuid", "parent_call_id"),
    ("parent call id|parent id|parent call|parent call sid|parent sid|parent call uuid", "parent_call_code"),
    ("session id|session|conversation uuid|conversation id|session uuid", "session_id"),
    ("uniqueid|unique id|linked id|call ref|reference", "call_ref"),
    ("caller name|from name|cnam|caller id name", "caller_name"),
    ("caller id|callerid|clid", "caller_id"),
    ("from|src|source|caller|from number|caller number|cli|calling number|ani|origin|a number|"
     "from phone number|caller phone number", "source"),
    ("to|dst|destination|callee|to number|callee number|cld|called number|called|b number|dest|"
     "to phone number|callee phone number", "destination"),
    ("dialed|dialled|dialed number|dnis", "dialed"),
    ("extension|ext", "extension"),
    ("did|hotline|ddi", "did_number"),
    ("direction|call direction|call type|type", "direction"),
    ("disposition|status|state|result|outcome|call status|call state|hangup cause name", "disposition"),
    ("hangup cause code|hangup cause|cause|q850", "hangup_cause"),
    ("recording url|recording|record url|recording file", "recording_url"),
    ("recordings|recording urls", "recording_urls"),
    ("note|notes|comment", "note"),
    ("tags|labels|call tags", "tags"),
    ("cost", "cost"),
    ("price|amount|total amount|total price|charge|charges|total cost|cost amount|price amount", "price"),
    ("currency|price unit|price currency|cost currency|currency code|billing currency", "price_unit"),
    ("rate|minute rate|price per minute|rate per minute|cost per minute", "minute_rate"),
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

# Identities that an API may write in a form of its own.
_IDS: Final = frozenset({"parent_call_id", "session_id"})
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ID_PATTERN: Final = re.compile(
    r"\^?([A-Za-z]{0,8}[_-]?)\[(0-9a-f|a-f0-9|0-9|0-9A-Za-z|0-9a-zA-Z|A-Za-z0-9|a-zA-Z0-9)\]\{([1-9][0-9]?)\}\$?"
)
_ID_EXAMPLE: Final = re.compile(r"([A-Z]{0,4}|[a-z]{1,6}_)([0-9a-f]{16,64})")

_KINDS_BY_TYPE: Final[Mapping[str, tuple[AttributeKind, ...]]] = MappingProxyType(
    {
        "string": (
            AttributeKind.TEXT,
            AttributeKind.INSTANT,
            AttributeKind.WORD,
            AttributeKind.DECIMAL,
            AttributeKind.SECONDS,
            AttributeKind.INTEGER,
        ),
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
        "answered": (
            "answered",
            "answer",
            "completed",
            "complete",
            "success",
            "successful",
            "ok",
            "connected",
            "accepted",
            "callconnected",
        ),
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
    words: Mapping[str, str] = field(default_factory=dict)
    more_words: tuple[str, ...] = ()
    always: bool
    form: IdForm = None
    digits: int | None = None


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


def guess_field(
    name: str, shape: SchemaShape, *, grain: Grain, taken: frozenset[str], identity_form: IdForm = None
) -> FieldGuess | None:
    """What a field may show; None where nothing is near. Attributes that are taken are not guessed again.

    `identity_form` is the form of the ids of the rows, which that of another row has, too.
    """
    plain = plain_name(name)
    for names, attribute in _NAMES:
        known = ATTRIBUTES[grain].get(attribute)
        if known is None or attribute in taken or plain not in names.split("|"):
            continue
        form = guess_form(shape) if attribute in _IDS else None
        if attribute == "parent_call_id" and form is None and shape.type == "string":
            form = identity_form
        codec = _codec(known, shape) if form is None else "text"
        if codec is None:
            continue
        words, more = guess_words(known.words, shape.enum) if codec == "word" else ({}, ())
        if codec == "word" and not words:
            continue
        return FieldGuess(
            attribute=attribute, codec=codec, words=words, more_words=more, always=attribute in _ALWAYS, form=form,
            digits=_digits_after_the_point(shape) if codec in ("decimal", "decimal-text") else None,
        )  # fmt: skip
    return None


def guess_form(shape: SchemaShape) -> IdForm:
    """The form of an id, by its format, its pattern or its example: `uuid`, or a prefix and so many digits."""
    if shape.type != "string":
        return None
    example = str(shape.example or "")
    if shape.format == "uuid" or _UUID.fullmatch(example):
        return "uuid"
    pattern = _ID_PATTERN.fullmatch(shape.pattern)
    if pattern is not None:
        kinds = {"0-9a-f": "hexadecimal", "a-f0-9": "hexadecimal", "0-9": "decimal", "a-zA-Z0-9": "alphanumeric"}
        return _form(pattern[1], int(pattern[3]), kinds.get(pattern[2], "alphanumeric"))
    shown = _ID_EXAMPLE.fullmatch(example)
    return None if shown is None else _form(shown[1], len(shown[2]), "hexadecimal")


def _form(prefix: str, digits: int, kind: str) -> Mapping[str, Any]:
    return {"prefix": prefix, "digits": digits, **({} if kind == "hexadecimal" else {"of": kind})}


def _digits_after_the_point(shape: SchemaShape) -> int | None:
    told = re.fullmatch(r"-?[0-9]+\.([0-9]{1,9})", str(shape.example or ""), re.ASCII)
    return None if told is None else len(told[1])


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
        case AttributeKind.INTEGER, "string":
            return "digits" if re.fullmatch(r"[0-9]{1,18}", str(shape.example or ""), re.ASCII) else None
        case AttributeKind.SECONDS, "string":
            return "digits" if re.search(r"\bseconds?\b", shape.description[:400], re.IGNORECASE) else None
        case AttributeKind.DECIMAL, "string":
            return "decimal-text"
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
    # Of the other words none can stand for an answered call.
    if len(found) < 2 or ("answered" in telephony and "answered" not in found):
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
