"""The listing language as frozen values: what one documented call API promises.

The classes below *are* the grammar of `x-listing`. A key in a spec is the field's name in kebab case; `as_` and
the like lose their underscore. `harness.specification.deserialize` builds these values from a spec and derives the
JSON Schema `specs/listing.schema.json` from the same annotations, so that grammar, loader and reference cannot
disagree. The text of a field's `says` is the reference in `specs/README.md`.

A value typed `X | Open[X]` may be left to the vendor: `{open: [a, b], assumed: a, clause: ID}`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final, Generic, Literal, NewType, TypeVar

from harness.specification.field_path import AttributePath, FieldPath

T = TypeVar("T", covariant=True)
ClauseId = NewType("ClauseId", str)
Clauses = tuple[ClauseId, ...]
Scalar = str | int | bool


def documented_key(says: str, default: Any = dataclasses.MISSING, factory: Any = dataclasses.MISSING) -> Any:
    """A field of the grammar with its line in the reference."""
    if factory is not dataclasses.MISSING:
        return dataclasses.field(default_factory=factory, metadata={"says": says})
    return dataclasses.field(default=default, metadata={"says": says})


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenChoice(Generic[T]):
    """A named choice that the document leaves to the vendor.

    `options` are the known alternatives; `kind` instead says "any value of this kind" (`integer`, `zone`,
    `text`). `id` is the path of the choice inside `x-listing`, and its key in a dialect file.
    """

    id: str
    options: tuple[T, ...]
    assumed: T
    kind: str | None = None
    clause: Clauses = ()


def options_of(choice: T | OpenChoice[T]) -> tuple[T, ...]:
    """The alternatives of a choice; one where the document decides."""
    return choice.options if isinstance(choice, OpenChoice) else (choice,)


def assumed_of(choice: T | OpenChoice[T]) -> T:
    """What the document says, or what is assumed where it leaves a choice."""
    return choice.assumed if isinstance(choice, OpenChoice) else choice


# --- names --------------------------------------------------------------------------------------------------


class NameKind(StrEnum):
    """What a text of a spec can name elsewhere in it."""

    PARAMETER = "parameter"
    FILTER = "filter"
    FIELD = "field"
    ERROR = "fault"


# To the type checker they are texts: a filter goes by the name of its parameter, and requests are keyed by texts.
ParameterName = Annotated[str, NameKind.PARAMETER]
FilterName = Annotated[str, NameKind.FILTER]
FieldName = Annotated[str, NameKind.FIELD]
ErrorName = Annotated[str, NameKind.ERROR]


# --- closed words -------------------------------------------------------------------------------------------

Level = Literal["must", "should", "may"]
Basis = Literal["documented", "entailed", "corroborated", "inferred", "unknown", "standard"]
FieldCodec = Literal[
    "text",
    "integer",
    "digits",
    "decimal",
    "decimal-text",
    "epoch-seconds",
    "epoch-milliseconds",
    "local-time",
    "iso-local",
    "offset-time",
    "rfc2822",
    "rfc3339",
    "formatted-time",
    "calendar-day",
    "formatted-duration",
    "flag",
    "word",
    "text-list",
    "rows",
    "object",
]
DurationUnit = Literal["milliseconds", "seconds", "minutes", "hours"]
AbsentForm = Literal["never", "missing", "none", "empty", "zero", "zero-time", "text"]
AbsentPartForm = Literal["never", "missing", "none", "empty", "zero", "zero-time"]
AbsentMemberForm = Literal["none", "missing", "empty"]
NumberAbsentForm = Literal["zero", "missing", "none"]
CursorAbsentForm = Literal["empty", "missing", "none", "text"]
UnsetParts = Literal["written", "left-out"]
ParameterCodec = Literal[
    "text",
    "integer",
    "digits",
    "decimal",
    "flag",
    "presence",
    "word",
    "epoch-seconds",
    "epoch-milliseconds",
    "local-time",
    "iso-local",
    "offset-time",
    "rfc2822",
    "rfc3339",
    "formatted-time",
    "calendar-day",
    "formatted-duration",
    "list",
    "json-list",
]
Comparison = Literal[
    "equal",
    "not-equal",
    "in",
    "not-in",
    "present",
    "absent",
    "contains",
    "starts",
    "ends",
    "like",
    "at-or-after",
    "at-or-before",
    "at-most",
    "at-least",
    "below",
    "above",
]
OfSeveral = Literal["any", "first-filled"]
FullLastPage = Literal["ends", "goes-on"]
RowlessTreatment = Literal["refused", "nothing"]
Treatment = Literal["refused", "ignored", "default", "clamped", "nothing", "honoured"]
ParameterPlace = Literal["query", "form", "multipart", "chunked-multipart", "json"]
Boundary = Literal["inclusive", "exclusive"]
ZoneForm = Literal["name", "offset", "hours"]
AccessKind = Literal["none", "password", "basic", "key", "bearer", "session", "signature"]
SignatureAlgorithm = Literal["hmac-md5", "hmac-sha1", "hmac-sha256", "hmac-sha512", "md5", "sha1", "sha256", "sha512"]
SignatureForm = Literal["hex", "upper-hex", "base64", "base64-of-hex"]
CredentialPlace = Literal["header", "query", "cookie"]
ErrorBody = Literal["shape", "empty", "text"]
OwnerGroup = Literal["own", "children", "own-and-children", "that", "everyone", "nobody"]


# --- clauses ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class UncheckableReason:
    """Why a black box cannot check a clause."""

    code: Literal["not-wire-observable", "needs-known-traffic", "needs-other-version", "informative"] = (
        documented_key("the kind of reason")
    )
    why: str = documented_key("one sentence: what would be needed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One checkable promise."""

    level: Level = documented_key("how strong: must, should, may")
    basis: Basis = documented_key("how sure we are that the vendor said so")
    says: str = documented_key("the promise, in our own words, one sentence")
    source: str = documented_key("the place in the document, or the facts (`facts T4 and T6`), that it rests on")
    since: str | None = documented_key("first version of the API with this promise", None)
    checked_by: tuple[str, ...] = documented_key("rules that check it although no construct names it", ())
    excluded: UncheckableReason | None = documented_key("set when a black box cannot check it", None)


# --- what is listed -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The document that the spec was written from."""

    name: str = documented_key("file name of the document")
    sha256: str = documented_key("digest of the document, so that a changed document is noticed")
    title: str | None = documented_key("title of the page, as it is published", None)
    url: str | None = documented_key("address of the page, as it is published", None)
    read: str | None = documented_key("day on which the page was read, such as 2026-03-31; a `url` needs it", None)
    note: str | None = documented_key("one sentence that helps to find the page, or says why it has no address", None)
    facts: str | None = documented_key(
        "file of further facts, each with an id: a `source` that holds `facts T4` cites the one with the id T4", None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRowsClauses:
    """The clauses on what is listed, by what each promises."""

    reach: Clauses = documented_key("the operation answers", ())
    rows: Clauses = documented_key("the container of the rows is there, also when empty", ())
    row_element: Clauses = documented_key("XML: each child of the container is a row", ())
    keys: Clauses = documented_key("each row has the named fields", ())
    one_per: Clauses = documented_key("each listed thing has one row", ())
    unique: Clauses = documented_key("no two rows have the same identity", ())
    empty: Clauses = documented_key("an idle system is a success with no rows", ())
    only: Clauses = documented_key("nothing else is listed", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRows:
    """What the operation lists."""

    calls: Literal["ended", "live", "both"] | OpenChoice[Literal["ended", "live", "both"]] = documented_key(
        "which calls: ended, live or both"
    )
    one_row_per: Literal["session", "call", "leg"] = documented_key("what a row stands for")
    rows_at: str = documented_key(
        "JSON pointer to the rows in an answer (for XML below the root element); empty: the body is the list itself"
    )
    root: str | None = documented_key("XML only: name of the root element", None)
    row_element: str | None = documented_key("XML only: name of a row's element", None)
    row_values: Literal["object", "text"] = documented_key(
        "what a row is: an object of fields, or the bare text of the only field", "object"
    )
    namespaces: Mapping[str, str] = documented_key("XML only: prefixes declared on the root, unused", factory=dict)
    identity: FieldName = documented_key("the field that identifies a row")
    absent: AbsentMemberForm | OpenChoice[AbsentMemberForm] = documented_key(
        "how 'no rows' is written: empty, missing, none (null)", "empty"
    )
    empty_fault: ErrorName | None = documented_key(
        "the error that an answer without rows is told by, in place of a success", None
    )
    clauses: ListedRowsClauses = documented_key("the clause for each promise", factory=ListedRowsClauses)

    @property
    def absent_forms(self) -> tuple[AbsentMemberForm, ...]:
        """Every legitimate way to write that there are no rows."""
        return self.absent.options if isinstance(self.absent, OpenChoice) else (self.absent,)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestValue:
    """A value that a row repeats from the request: exactly one of the two."""

    credential: str | None = documented_key("the credential (of the account that asks) that it is", None)
    parameter: ParameterName | None = documented_key("the parameter whose value it is", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdForm:
    """An id of the API's own form: a prefix and digits."""

    prefix: str = documented_key("what every id begins with", "")
    digits: int = documented_key("how many digits follow")
    of: Literal["hexadecimal", "decimal", "alphanumeric"] = documented_key(
        "the digits: 0-9a-f, 0-9, or 0-9A-Za-z", "hexadecimal"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCondition:
    """A condition on one field of a row."""

    field: FieldPath = documented_key("the field")
    is_: tuple[Scalar, ...] = documented_key("it has one of these values", ())
    not_: tuple[Scalar, ...] = documented_key("it has none of these values", ())
    present: bool | None = documented_key("it shows something (true) or 'none' (false)", None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a row, or, `as: object`, several fields that stand in an object of their own.

    Whatever names a field names one of an object with a dot: `from.number`. A field has one source of its value:
    `shows`, `present-of`, `constant`, `template` or `repeats`; without any the simulator leaves it out.
    """

    shows: str | None = documented_key("the telephony attribute it shows", None)
    present_of: str | None = documented_key(
        "the telephony attribute of which it says whether there is any; a flag, or words for True and False", None
    )
    constant: tuple[Scalar | None, ...] = documented_key(
        "the value that it always has, null too; of several the first is the simulator's", ()
    )
    other_values: Literal["refused", "tolerated"] = documented_key(
        "constant: what to think of another value of the type that `as` says; tolerated where nobody can know what a "
        "server counts or names there",
        "refused",
    )
    template: str | None = documented_key(
        "a text made of other fields of the row, each named in braces: `/calls/{id}.json`; none where one is none. A "
        "name that no field has is that of a parameter which nobody chooses: the account in a path, a constant",
        None,
    )
    repeats: RequestValue | None = documented_key(
        "the value of the request that every row repeats, in place of `shows`: the account's id, a parameter", None
    )
    other_names: tuple[str, ...] = documented_key(
        "other names that the document gives it, each as good as its own", ()
    )
    as_: FieldCodec = documented_key("how it is written", "text")
    digits: int = documented_key("decimal, decimal-text: digits after the dot", 3)
    unit: DurationUnit = documented_key(
        "numbers that show seconds: the unit they count; a part of one is left out where there are no digits for it",
        "seconds",
    )
    negative: bool = documented_key("numbers: written with the opposite sign, as what is paid", False)
    format: tuple[str, ...] = documented_key(
        "formatted-time: how it is written, in %Y %y %m %b %d %a %H %I %p %M %S %L (milliseconds) %f %z (`+0100`) "
        "%:z (`+01:00`); formatted-duration: in %H %M %S, or one of these alone (`%Ss`: `89s`); of several the first "
        "is written, and all are read",
        (),
    )
    form: Literal["uuid"] | IdForm | None = documented_key(
        "text that shows an identity: the form of the API's own ids; one value has one id wherever it is shown", None
    )
    words: Mapping[str, str] = documented_key("word: the API's word for each telephony word", factory=dict)
    word_type: Literal["text", "integer", "flag"] = documented_key(
        "word: the JSON type in which the words are written: numbers that stand for a state, true and false", "text"
    )
    more_words: tuple[str, ...] = documented_key("word: other words known to be legitimate", ())
    unknown_words: Literal["refused", "tolerated"] = documented_key(
        "word: what to think of a word that is not listed", "refused"
    )
    unshown: tuple[str, ...] = documented_key(
        "word: telephony words for which the API has none: such a value is written as none is", ()
    )
    number: Literal["plus", "bare"] = documented_key(
        "text that shows a phone number: bare is one of E.164 without its plus sign", "plus"
    )
    only: Literal["numbers", "extensions"] | None = documented_key(
        "text that shows who called or was reached: phone numbers alone, or extensions alone (all that is no number "
        "of E.164); where it is the other kind, it is written as none is",
        None,
    )
    absent: AbsentForm | OpenChoice[AbsentForm] = documented_key(
        "how 'none' is written: never happens, missing, none (null), empty, zero, zero-time, text (`absent-text`)",
        "never",
    )
    absent_text: str | None = documented_key("the text that stands where there is no value: `NA`, `-`", None)
    tolerates: tuple[AbsentForm, ...] = documented_key("other ways to write 'none' that are legitimate too", ())
    when: FieldCondition | None = documented_key(
        "rows have the field only where this holds; elsewhere it is left out, or null where `absent` is `none`; of "
        "an object all parts have the condition, and it is left out with them",
        None,
    )
    optional: bool = documented_key(
        "the field may be missing from a row, and from all of them; where `absent` alone says `missing`, some of "
        "many rows must show it",
        False,
    )
    unset: Scalar | None = documented_key(
        "the value that a field stands for which is left out, or null: what serializers do not write", None
    )
    other_types: tuple[Literal["text", "integer", "object", "list"], ...] = documented_key(
        "further JSON types that are legitimate; what they say is not read", ()
    )
    least: int | None = documented_key("integer or decimal: never below this", None)
    pattern: str | None = documented_key("text: what it must look like (anchored, ASCII)", None)
    non_empty: bool = documented_key("text: never empty", False)
    fields: Mapping[str, Field] = documented_key(
        "rows: the fields of the nested rows; object: its parts", factory=dict
    )
    clause: Clauses = documented_key("the clause on its form; for the parts of an object that have none, its own", ())

    @property
    def is_told(self) -> bool:
        """Whether the spec says what the field holds, so that a simulator can write it."""
        sources = (self.shows, self.present_of, self.template)
        return bool(self.constant) or any(source is not None for source in sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenAttribute:
    """An attribute that a row does not show but a filter may use."""

    holds: AttributePath = documented_key("the telephony attribute; `list[].name` is that of any nested row")
    words: Mapping[str, str] = documented_key("the API's word for each telephony word", factory=dict)
    form: Literal["uuid"] | IdForm | None = documented_key("an identity: the form of the API's own ids", None)


# --- parameters ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidValueRule:
    """What a value gets that cannot be read or is out of bounds."""

    gets: Treatment | OpenChoice[Treatment] = documented_key(
        "refused (a fault), ignored, default, clamped, nothing (no rows), honoured (taken as it is)"
    )
    fault: ErrorName = documented_key("the fault when refused", "invalid")
    like: tuple[Scalar, ...] = documented_key(
        "values to try; needed for a clause, but not for an integer with `most`", ()
    )
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredParameter:
    """A parameter that must be given.

    Where it is a filter, a check names it in every request: by its word for all rows, else by a value that is known
    to occur (`--known-value`), else by its `example`; of a page number or an offset it names the first.
    """

    fault: ErrorName = documented_key("the fault when it is missing", "missing")
    unless_all_missing: tuple[ParameterName, ...] = documented_key(
        "with all of these missing together, `then` applies instead", ()
    )
    then: (
        Literal["refused", "last-month", "everything"] | OpenChoice[Literal["refused", "last-month", "everything"]]
    ) = documented_key("what happens when all of those are missing", "refused")
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundParameter:
    """A parameter that always has the value of a credential: the account in a path is that of who asks."""

    credential: str = documented_key("the credential whose value it has")
    words: tuple[str, ...] = documented_key("words that stand for the account that asks: `~`, `me`", ())
    words_clause: Clauses = documented_key("clause on those words", ())
    fault: ErrorName = documented_key("the fault when it is that of another account", "forbidden")
    clause: Clauses = documented_key("clause on refusing another account's", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantCompany:
    """The parameters beside which a constant stands: it is sent with any of them, and not without."""

    parameters: tuple[ParameterName, ...] = documented_key("the parameters, those of filters")
    lacking: Literal["ignored", "refused"] | OpenChoice[Literal["ignored", "refused"]] = documented_key(
        "what one of them gets without it, or beside another value: refused, or ignored as if it were absent",
        "refused",
    )
    fault: ErrorName = documented_key("the fault when refused", "invalid")
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ListElement:
    """The element of a JSON list in which a parameter stands: `{field: caller, operator: is, value: "101"}`.

    `at` of the parameter points to the list. Elements all hold, whatever their order. Parameters with the same marks
    share an element: `{field: length, from: 10, to: 20}`.
    """

    marks: Mapping[str, Scalar] = documented_key(
        "what the element is known by: members, by name or by pointer inside it, and the values they have; in an "
        "operator family `{name}` and `{operator}` stand for its own"
    )
    value: str | None = documented_key(
        "the member that holds the value, by name or by pointer; none beside `as: presence`: the element says it",
        None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One request parameter: where it stands, how it is written, what odd values get.

    One whose name stands in braces in the path of the operation is a part of that path.
    """

    as_: ParameterCodec = documented_key(
        "how its value is written (presence: being there at all is true, whatever the value; calendar-day: "
        "YYYY-MM-DD, the whole day in the zone of the list)",
        "text",
    )
    of: Literal["text", "integer", "digits", "word"] = documented_key("list: what the elements are", "text")
    separated_by: str = documented_key("list: the separator; a JSON array in a JSON body needs none", ",")
    elements: Literal["any", "all"] = documented_key(
        "list: a row must match any of its elements, or all of them", "any"
    )
    format: tuple[str, ...] = documented_key(
        "formatted-time: how it is written, as that of a field; calendar-day: how an instant is written that is "
        "taken in place of a day, and meant as it is",
        (),
    )
    bound_to: BoundParameter | None = documented_key("the credential whose value it always has", None)
    constant: Scalar | None = documented_key(
        "the value that it always has and that is always sent; it tells two operations at one path apart", None
    )
    beside: ConstantCompany | None = documented_key(
        "constant: it stands beside some filters alone (`type: enum` beside `value`), and tells no operations apart",
        None,
    )
    repeated: Literal["any", "all"] | None = documented_key(
        "text, word, integer, digits: it may be given several times, and a row must match any or all of the values, "
        "with not-equal none of them (without it the transport's rule on repeated parameters holds)",
        None,
    )
    number: Literal["plus", "bare"] = documented_key(
        "text that names a phone number: bare is one of E.164 without its plus sign, whatever rows show", "plus"
    )
    pattern: str | None = documented_key(
        "text, list of text: what a value, or each element, must look like as it is written (anchored, ASCII); "
        "another one cannot be read, and gets what `bad` says",
        None,
    )
    place: Literal["header"] | None = documented_key(
        "header: it stands in the request's header of its name, and nowhere among query, form or body", None
    )
    at: str | None = documented_key("JSON pointer into the request's body; without it a pair of query or form", None)
    element: ListElement | None = documented_key(
        "it stands in an element of a JSON list, beside members that say what it is", None
    )
    words: tuple[str, ...] = documented_key(
        "word: the legal words, in place of those of the compared field (a filter's own words are added)", ()
    )
    number_words: Mapping[str, Literal["most"] | int] = documented_key(
        "integer: words that stand for a number; `most` is the largest legal one", factory=dict
    )
    number_words_clause: Clauses = documented_key("integer: clause on those words", ())
    true: tuple[str, ...] = documented_key("flag: spellings of true, the documented one first", ("1",))
    false: tuple[str, ...] = documented_key("flag: spellings of false, the documented one first", ("0",))
    spellings_clause: Clauses = documented_key("flag: clause on the other spellings", ())
    default: Scalar | None = documented_key("the value meant when it is absent", None)
    default_clause: Clauses = documented_key("clause on the default", ())
    least: int | None = documented_key("integer: smallest legal value", None)
    most: int | None = documented_key("integer: largest legal value", None)
    beyond: InvalidValueRule | None = documented_key(
        "integer: what a value above `most` gets (default: as `bad`)", None
    )
    zero: InvalidValueRule | None = documented_key(
        "integer: what 0 gets, where it is below `least` (default: as `bad`)", None
    )
    most_items: int | None = documented_key("list: the longest legal list", None)
    too_many: InvalidValueRule | None = documented_key("list: what a longer one gets", None)
    list_clause: Clauses = documented_key("list: clause on the separator", ())
    bad: InvalidValueRule | None = documented_key("what a value that cannot be read gets", None)
    blank: Literal["absent", "refused"] | OpenChoice[Literal["absent", "refused"]] | None = documented_key(
        "what an empty value means (default: the rule of `blank`)", None
    )
    blank_clause: Clauses = documented_key("clause on that, where it is said here", ())
    required: RequiredParameter | None = documented_key("set when it must be given", None)
    lenient: bool = documented_key(
        "integers may be written otherwise (never relied on): in JSON as digits, and the reverse; and with a "
        "fraction of zeros, `5.0`, where the document calls them numbers",
        False,
    )
    lenient_clause: Clauses = documented_key("clause on that leniency", ())
    example: Scalar | None = documented_key("a value as the document shows it", None)
    since: str | None = documented_key("first version of the API with it", None)
    clause: Clauses = documented_key("clause on accepting it at all", ())

    @property
    def is_on_by_default(self) -> bool:
        """Whether a flag that is not given counts as set."""
        return self.default is True or self.default in self.true


# --- meaning ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedComparisonClauses:
    """The clauses on the words of a named comparison, by what each promises."""

    default: Clauses = documented_key("the word meant when absent", ())
    other: Clauses = documented_key("unknown words", ())
    none: Clauses = documented_key("words that switch the filter off", ())
    may: Clauses = documented_key("optional words", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedComparison:
    """A comparison chosen by another parameter."""

    parameter: ParameterName = documented_key("the parameter that names it")
    words: Mapping[str, Comparison] = documented_key("its words")
    may: tuple[str, ...] = documented_key("words that a server may or may not know", ())
    none: tuple[str, ...] = documented_key("words that switch the filter off", ())
    unknown: Treatment | OpenChoice[Treatment] = documented_key(
        "what another word gets; ignored: the filter has no effect, default: it compares as without a word", "refused"
    )
    clauses: NamedComparisonClauses = documented_key("the clause for each promise", factory=NamedComparisonClauses)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wildcards:
    """What stands for other characters in the value of a filter that keeps what is like it."""

    any: str | None = documented_key("the character that stands for any number of characters, also none", "%")
    one: str | None = documented_key("the character that stands for exactly one; null: there is none", "_")
    escape: str | None = documented_key(
        "the character after which the next one stands for itself; none: a wildcard cannot be asked for", None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A span of time relative to now, in the zone of the list: today is `{unit: day}`, yesterday has `back: 1`."""

    unit: Literal["minute", "hour", "day", "week", "month", "year"] = documented_key("what it is counted in")
    count: int = documented_key("how many of them it has", 1)
    back: int = documented_key(
        "how many of them have begun since: 0, and the current one is its last; 1, and it ended with the one before",
        0,
    )
    rolling: bool = documented_key("counted back from the moment of the request, not from where a unit began", False)
    weeks_begin: Literal["monday", "sunday"] = documented_key("week: its first day", "monday")


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChoice:
    """What a filter compares, chosen by another parameter: `time_type=ended` beside `from` and `to`.

    That parameter is `as: word` and takes these words; its `default` and `bad` say what no word and another one get.
    """

    parameter: ParameterName = documented_key("the parameter that chooses; several filters may go by it")
    words: Mapping[str, FieldPath] = documented_key("its words, and the field that each stands for")
    clause: Clauses = documented_key("clause on the fields of the words other than that of `compares`", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which rows a parameter keeps. Its name is the parameter's."""

    compares: tuple[FieldPath, ...] = documented_key(
        "the field or fields: `name`, `list[].name` (any nested row), `hidden.name`"
    )
    of_several: OfSeveral | OpenChoice[OfSeveral] = documented_key(
        "of several fields: a row is kept by any of them, or by the first one, in their order, that shows a value "
        "(first-filled): the name that is displayed",
        "any",
    )
    keeps: Comparison | OpenChoice[Comparison] = documented_key(
        "how it compares; a list parameter keeps rows that match any element, with not-equal those that match none. "
        "in, not-in: equal, not-equal for several values. present, absent: whether there is a value at all; a flag "
        "says whether that is so. like: the whole value, with wildcards. Order (at-or-after ... above) is that of "
        "instants, numbers or texts (by code point)",
        "equal",
    )
    wildcards: Wildcards | None = documented_key("like: the characters that stand for others", None)
    unit: DurationUnit | None = documented_key(
        "the order of numbers: the unit in which seconds are asked for where rows show a smaller one: minutes "
        "(`at_least=3`) beside a duration in seconds",
        None,
    )
    absent: Literal["kept", "left-out"] | OpenChoice[Literal["kept", "left-out"]] = documented_key(
        "not-equal, not-in: what becomes of rows that show no value there", "kept"
    )
    named_by: NamedComparison | None = documented_key("the comparison is named by another parameter", None)
    compares_by: FieldChoice | None = documented_key(
        "what is compared is chosen by another parameter; `compares` is what is meant without it", None
    )
    words: Mapping[str, tuple[str, ...] | OpenChoice[tuple[str, ...]]] = documented_key(
        "words that stand for a set of the field's words", factory=dict
    )
    word_conditions: Mapping[str, tuple[FieldCondition, ...]] = documented_key(
        "words, or true and false of a flag, that stand for what rows show, each condition of it: `kind=missed` for "
        "[{field: way, is: in}, {field: result, not: answered}]; with these the field's own words are none unless "
        "`words` names them",
        factory=dict,
    )
    periods: Mapping[str, Period] = documented_key(
        "words that keep what lies in a span of time relative to now: `last_7_days: {unit: day, count: 7}`; these "
        "are then all its words",
        factory=dict,
    )
    no_filter: tuple[str, ...] = documented_key("words that mean: no filter", ())
    no_filter_clause: Clauses = documented_key("clause on those words", ())
    aliases: Mapping[str, str] = documented_key("words that a server may take for another", factory=dict)
    boundary: Boundary | OpenChoice[Boundary] = documented_key(
        "at-or-after, at-or-before: does the instant itself (a calendar day: the whole day) belong?", "inclusive"
    )
    alternatives: tuple[FieldPath, ...] | OpenChoice[tuple[FieldPath, ...]] = documented_key(
        "further fields that may count as a match (open: whether they do)", ()
    )
    instead: tuple[FieldPath, ...] | OpenChoice[tuple[FieldPath, ...]] = documented_key(
        "fields that are compared in place of `compares` (open: whether they are)", ()
    )
    applies_if_any: tuple[ParameterName, ...] = documented_key(
        "has an effect only if one of these parameters is given", ()
    )
    applies_clause: Clauses = documented_key("clause on having no effect otherwise", ())
    loses_to: ParameterName | None = documented_key("ignored if this parameter is given and not empty", None)
    loses_clause: Clauses = documented_key("clause: the other one wins", ())
    regains_clause: Clauses = documented_key("clause: an empty other one does not win", ())
    excludes: tuple[ParameterName, ...] = documented_key("may not come together with these", ())
    excluded_gets: Literal["refused", "both"] | OpenChoice[Literal["refused", "both"]] = documented_key(
        "what giving both gets: refused, or both filters apply", "both"
    )
    excludes_fault: ErrorName = documented_key("the fault when refused", "excluded")
    excludes_clause: Clauses = documented_key("clause on giving both", ())
    same_as: FilterName | None = documented_key(
        "selects the same rows as this other filter would, by another name", None
    )
    stranger: RowlessTreatment | OpenChoice[RowlessTreatment] = documented_key(
        "what a well-formed value gets that names nothing the server knows", "nothing"
    )
    stranger_fault: ErrorName = documented_key("the fault when refused", "invalid")
    case: Literal["exact", "folded"] | OpenChoice[Literal["exact", "folded"]] = documented_key(
        "does letter case count?", "exact"
    )
    case_clause: Clauses = documented_key("clause on letter case, where it has one of its own", ())
    clause: Clauses = documented_key("the clause", ())
    blank_clause: Clauses = documented_key("clause on the blank value, where it has one of its own", ())
    word_clauses: Mapping[str, Clauses] = documented_key(
        "clause per word, where words have clauses of their own", factory=dict
    )
    partition_clause: Clauses = documented_key("clause: the field's words, asked one by one, share out all rows", ())
    offsets_clause: Clauses = documented_key("rfc3339: clause on other offsets naming the same instant", ())

    @property
    def has_words(self) -> bool:
        """Whether some of its values stand for others than themselves."""
        return bool(self.words or self.word_conditions or self.periods)

    def conditions_of(self, value: object, *, folded: bool = False) -> tuple[FieldCondition, ...]:
        """The conditions that a word or a flag stands for; none where it is compared as it is."""
        if not self.word_conditions or not isinstance(value, str | bool):
            return ()
        word = value if isinstance(value, str) else str(value).lower()
        if not folded:
            return self.word_conditions.get(word, ())
        return next((met for own, met in self.word_conditions.items() if own.casefold() == word.casefold()), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorFamily:
    """Comparisons with one field that are named inside the parameter's name.

    Its own name is what `{name}` stands for. The loader makes a parameter and a filter of each word, as if they stood
    under `parameters` and `filters`.
    """

    pattern: str = documented_key(
        "the parameter's name, with `{name}` and `{operator}`: `{name}__{operator}`, `{name}[{operator}]`, "
        "`{name}{operator}`"
    )
    words: Mapping[str, Comparison] = documented_key("each operator (it may be empty) and how it compares")
    compares: tuple[FieldPath, ...] = documented_key("what is compared (default: the field of the family's name)", ())
    parameter: Parameter | None = documented_key("how the values are written (default: as texts)", None)
    parameters: Mapping[str, Parameter] = documented_key(
        "operators whose value is written otherwise (default: present and absent take the flag true or false, in and "
        "not-in a list of what the others take)",
        factory=dict,
    )
    boundary: Boundary | OpenChoice[Boundary] = documented_key("as in a filter", "inclusive")
    case: Literal["exact", "folded"] | OpenChoice[Literal["exact", "folded"]] = documented_key(
        "as in a filter", "exact"
    )
    absent: Literal["kept", "left-out"] | OpenChoice[Literal["kept", "left-out"]] = documented_key(
        "as in a filter", "kept"
    )
    wildcards: Wildcards | None = documented_key("as in a filter", None)
    word_clauses: Mapping[str, Clauses] = documented_key(
        "clause per operator, where they have clauses of their own", factory=dict
    )
    clause: Clauses = documented_key("the clause of every other operator", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterRangeClauses:
    """The clauses on a range that is not whole, by what each promises."""

    reversed: Clauses = documented_key("what a reversed range gets", ())
    one_alone: Clauses = documented_key("what one end alone gets", ())
    recent: Clauses = documented_key("without the earlier end only recent rows are meant", ())
    too_long: Clauses = documented_key("what a range gets that is longer than the longest", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeValue:
    """The one value of a request that holds both ends of a range: `2026-01-01/2026-01-02`, `[10, 20]`.

    The ends stand under `parameters` like others, but in a request they stand in this value alone. An end that is not
    given is empty there, null in a list. What is not two ends gets what a bad value of the earlier end gets.
    """

    parameter: str = documented_key("the parameter that holds it; it stands under no other construct")
    at: str | None = documented_key(
        "JSON pointer into the request's body; without it a pair of query or form, or a member of that name", None
    )
    separated_by: str | None = documented_key(
        "what stands between the ends; none: the value is a JSON list of both, in a JSON body", None
    )
    clause: Clauses = documented_key("clause on both ends in one value, the earlier one first", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterRange:
    """Two filters that are the ends of one range."""

    first: ParameterName = documented_key("parameter of the earlier end")
    last: ParameterName = documented_key("parameter of the later end")
    reversed: RowlessTreatment | OpenChoice[RowlessTreatment] = documented_key(
        "what a reversed range gets", "refused"
    )
    reversed_fault: ErrorName = documented_key("the fault when refused", "invalid")
    one_alone: Literal["refused", "one-sided"] | OpenChoice[Literal["refused", "one-sided"]] = documented_key(
        "what one end alone gets", "one-sided"
    )
    one_alone_fault: ErrorName = documented_key("the fault when refused", "invalid")
    recent_seconds: int | None = documented_key(
        "a range of instants whose earlier end has a default: so many seconds before the later end, or before now "
        "where that is not given either",
        None,
    )
    most_seconds: int | None = documented_key(
        "the longest range of instants or days, from one end to the other; a longer one is refused", None
    )
    too_long_fault: ErrorName = documented_key("the fault then", "invalid")
    value: RangeValue | None = documented_key("the one value that holds both ends, where they have no own", None)
    clauses: FilterRangeClauses = documented_key("the clause for each promise", factory=FilterRangeClauses)


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedValue:
    """The value of query or form that holds several parameters: `fields=id,note`, `filter=size ge 5 and way eq 1`.

    The parameters stand under `parameters` like others, but in a request they stand in this value alone, in any
    order. It goes by the name of the parameter that holds it, which stands under no other construct.
    """

    parts: Mapping[ParameterName, str] = documented_key(
        "each parameter, and how it is written there, with `{value}` in place of its value: `size ge {value}`; "
        "inside quotes (`way eq '{value}'`) a quote of the value is doubled. It may stand there more than once: "
        "`(from eq '{value}' or to eq '{value}')`, of a filter that compares both. Of a list `[...]` holds what "
        "stands for each further element: `way in ('{value}'[, '{value}'])`. One `as: presence` is a text alone"
    )
    separated_by: str = documented_key("what stands between two parts", ",")
    other: InvalidValueRule | None = documented_key(
        "what a value gets with a part that is none of these: refused or ignored (default: as unknown parameters)",
        None,
    )
    clause: Clauses = documented_key("clause on several parts in one value", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededChoice:
    """Parameters of which a request must give one at least."""

    of: tuple[ParameterName, ...] = documented_key(
        "the parameters; one of them is an end of a range of time, or a filter with a word that means no filter"
    )
    fault: ErrorName = documented_key("the fault when none is given", "missing")
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSwitchClauses:
    """The clauses on a switch of populations, by what each promises."""

    on: Clauses = documented_key("only rows of that population stay when it is true", ())
    default: Clauses = documented_key("what is meant when it is absent", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSwitch:
    """A filter by a flag: when true, only rows of one population stay."""

    parameter: ParameterName = documented_key("the flag")
    keeps: OwnerGroup = documented_key("whose rows stay when it is true")
    clauses: ScopeSwitchClauses = documented_key("the clause for each promise", factory=ScopeSwitchClauses)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallScopeClauses:
    """The clauses on whose calls are listed, by what each promises."""

    unset: Clauses = documented_key("whose calls come when nothing is said", ())
    identity: Clauses = documented_key("a customer's id selects the calls of that customer", ())
    bad: Clauses = documented_key("what an unknown customer gets", ())
    recursive: Clauses = documented_key("the flag adds sub-customers at every depth", ())
    recursive_default: Clauses = documented_key("what is meant when that flag is absent", ())
    recursive_own: Clauses = documented_key("the flag adds them to the account's own calls where nobody is named", ())
    recursive_ignored: Clauses = documented_key("that flag has no effect beside a word for several customers", ())
    tenant: Clauses = documented_key("an account sees no calls that are not its own", ())
    listed_children: Clauses = documented_key("of the children's calls the list keeps those of its own", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class CallScope:
    """Whose calls are listed."""

    owners: tuple[FieldPath, ...] = documented_key(
        "fields that show the owner; one suffices. Empty: rows do not show it", ()
    )
    owner_attributes: tuple[AttributePath, ...] = documented_key(
        "telephony attributes that hold the owner, when no field shows it", ()
    )
    own_credential: str | None = documented_key(
        "the credential that names the account's own customer as the owners do", None
    )
    unset: OwnerGroup | OpenChoice[OwnerGroup] = documented_key("whose, when nothing is said", "own")
    parameter: ParameterName | None = documented_key("the parameter that says whose", None)
    words: Mapping[str, OwnerGroup] = documented_key("its words", factory=dict)
    word_clauses: Mapping[str, Clauses] = documented_key("clause per word", factory=dict)
    may_words: Mapping[str, OwnerGroup] = documented_key("words that a server may refuse or know", factory=dict)
    may_clause: Clauses = documented_key("clause on those", ())
    identity: bool = documented_key("its value may be a customer's id", False)
    bad_fault: ErrorName = documented_key("the fault for an unknown customer", "invalid")
    recursive: ParameterName | None = documented_key(
        "flag: sub-customers at all depths too, for a customer's id", None
    )
    recursive_own: bool = documented_key(
        "that flag adds the sub-customers of the account that asks where no customer is named", False
    )
    listed_children: ParameterName | None = documented_key("list parameter: of the children only these", None)
    own_beside_listed: Literal["left-out", "listed"] | OpenChoice[Literal["left-out", "listed"]] = documented_key(
        "the account's own calls beside those of listed children", "left-out"
    )
    children_only: ScopeSwitch | None = documented_key("flag: the children's calls only", None)
    foreign: RowlessTreatment | OpenChoice[RowlessTreatment] = documented_key(
        "another's calls without the right to them", "refused"
    )
    foreign_fault: ErrorName = documented_key("the fault then", "forbidden")
    clauses: CallScopeClauses = documented_key("the clause for each promise", factory=CallScopeClauses)


@dataclass(frozen=True, slots=True, kw_only=True)
class SortParameterClauses:
    """The clauses on the words of a sort parameter, by what each promises."""

    words: Clauses = documented_key("each documented word orders by its field", ())
    undocumented: Clauses = documented_key("words that the document does not list are taken, too", ())
    unknown: Clauses = documented_key("what an unknown word gets", ())
    refused: Clauses = documented_key("the values that must be refused are", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class SortParameter:
    """A parameter that names the sort key."""

    parameter: ParameterName = documented_key("the parameter")
    words: Mapping[str, FieldPath] = documented_key("its words and the field (or `hidden.name`) of each")
    signed: bool = documented_key("a leading minus means descending", False)
    suffixes: Mapping[str, Literal["ascending", "descending"]] = documented_key(
        "what may follow a word and says the direction, its separator with it: `:desc`, ` asc`, `_desc`; a word "
        "without any comes in the direction of the order",
        factory=dict,
    )
    undocumented: tuple[str, ...] = documented_key("words of these that the document does not list", ())
    unknown: Treatment | OpenChoice[Treatment] = documented_key("what an unknown word gets", "refused")
    unknown_fault: ErrorName = documented_key("the fault then", "invalid")
    refused: tuple[str, ...] = documented_key("values that must be refused", ())
    unknown_like: tuple[str, ...] = documented_key("unknown words to try", ("nosuchfield",))
    clauses: SortParameterClauses = documented_key("the clause for each promise", factory=SortParameterClauses)


Collation = Literal["code-point", "folded", "numeric", "natural"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """In which order rows come."""

    by: FieldPath | OpenChoice[FieldPath] = documented_key("the field they are ordered by when nothing is said")
    direction: Literal["ascending", "descending"] | OpenChoice[Literal["ascending", "descending"]] = documented_key(
        "and its direction, also under a word that names the key without a sign", "ascending"
    )
    sort: SortParameter | None = documented_key("a parameter names the key", None)
    descending: ParameterName | None = documented_key(
        "flag: descending when true, ascending when false (one that says ascending has its spellings exchanged: "
        '`true: ["false"]`); where it is absent without a default, as `direction` says',
        None,
    )
    collation: Collation | OpenChoice[Collation] = documented_key(
        "how texts compare; natural: words without case, then numbers by their digits alone", "code-point"
    )
    clause: Clauses = documented_key("clause on the default order", ())
    descending_clause: Clauses = documented_key("clause on the flag", ())
    descending_default_clause: Clauses = documented_key("clause on the flag's default", ())

    @property
    def sort_parameter(self) -> ParameterName | None:
        """The parameter that names the key of the order."""
        return self.sort.parameter if self.sort is not None else None


LinkName = Literal["next", "previous", "first", "last", "self"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLink:
    """A link to a page of the same list, in every answer with rows."""

    at: str = documented_key(
        "pointer to the link, `header:Link` (the link with that `rel`; `prev` for the previous page) or `header:NAME`"
    )
    clause: Clauses = documented_key("clause: it leads to the page that it names", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLinksClauses:
    """The clauses on all links to other pages, by what each promises."""

    keeps: Clauses = documented_key("a link carries the filters, the order and the page size of the request", ())
    ends: Clauses = documented_key("the last page has no next link, the first page no previous one", ())
    form: Clauses = documented_key("a link is written in the documented form", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class PageLinks:
    """Links to other pages: each is the request of that page, with everything that was asked for."""

    next: PageLink | None = documented_key("the page that follows", None)
    previous: PageLink | None = documented_key("the page before", None)
    first: PageLink | None = documented_key("the first page", None)
    last: PageLink | None = documented_key("the last page", None)
    self_: PageLink | None = documented_key("the page itself", None)
    form: Literal["absolute", "relative", "query"] | OpenChoice[Literal["absolute", "relative", "query"]] = (
        documented_key(
            "how a link is written: with scheme and host, as path and query, or as the query alone", "absolute"
        )
    )
    absent: AbsentMemberForm | OpenChoice[AbsentMemberForm] = documented_key(
        "how 'no such page' is written: none (null), missing, empty", "none"
    )
    full_last: FullLastPage | OpenChoice[FullLastPage] = documented_key(
        "by number and offset: whether a last page that is full ends the list or has a next link, to an empty page",
        "ends",
    )
    clauses: PageLinksClauses = documented_key("the clause for each promise", factory=PageLinksClauses)

    @property
    def by_name(self) -> Mapping[LinkName, PageLink]:
        """The links that there are, by what they name."""
        links: Mapping[LinkName, PageLink | None] = {
            "next": self.next,
            "previous": self.previous,
            "first": self.first,
            "last": self.last,
            "self": self.self_,
        }
        return {name: link for name, link in links.items() if link is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCount:
    """How many pages there are, told with every page."""

    at: str = documented_key("pointer to the number, or `header:NAME`")
    when_empty: int | OpenChoice[int] = documented_key("the number where no row matches", 0)
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class PageIndex:
    """The place in the whole list of the first or the last row of a page; not judged where a page has no rows."""

    at: str = documented_key("pointer to the number, or `header:NAME`")
    base: int = documented_key("the number of the first row of the list", 0)
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class PageMore:
    """Whether rows follow those of the page, told with every page: true or false."""

    at: str = documented_key("pointer to the flag, or `header:NAME`")
    full_last: FullLastPage | OpenChoice[FullLastPage] = documented_key(
        "whether a last page that is full says that the list ends there or that it goes on: servers that count the "
        "rows of a page do not know",
        "ends",
    )
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class PageNumberClauses:
    """The clauses on pages by number, by what each promises."""

    size: Clauses = documented_key("no page holds more rows than asked for", ())
    first: Clauses = documented_key("the number of the first page, which is also meant when absent", ())
    slice: Clauses = documented_key("the number selects another part of the list", ())
    partition: Clauses = documented_key("the pages together are the whole list, each row once", ())
    past_the_end: Clauses = documented_key("what a page beyond the last gets", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class PageNumberPaging:
    """Pages by number."""

    kind: Literal["page-number"] = documented_key("the kind of paging")
    page: ParameterName = documented_key("parameter: which page")
    size: ParameterName | None = documented_key(
        "parameter: rows per page; none: nobody can choose it, `default-size` says it", None
    )
    token: ParameterName | None = documented_key(
        "parameter: a token that links to all pages but the first carry beside the number, for the server's own use; "
        "what it does is left open",
        None,
    )
    first: int | OpenChoice[int] = documented_key("number of the first page", 0)
    default_size: int | OpenChoice[int | None] | None = documented_key("rows per page when not said; none: all", None)
    cap: int | OpenChoice[int | None] | None = documented_key("the server's own limit on rows per page", None)
    past_the_end: Literal["empty", "refused"] | OpenChoice[Literal["empty", "refused"]] = documented_key(
        "a page beyond the last", "empty"
    )
    past_the_end_fault: ErrorName = documented_key("the fault then", "invalid")
    links: PageLinks | None = documented_key("links to other pages", None)
    more: PageMore | None = documented_key("whether rows follow those of the page", None)
    page_count: PageCount | None = documented_key("how many pages there are", None)
    first_index: PageIndex | None = documented_key("the place of the page's first row in the list", None)
    last_index: PageIndex | None = documented_key("the place of the page's last row in the list", None)
    clauses: PageNumberClauses = documented_key("the clause for each promise", factory=PageNumberClauses)

    @property
    def size_parameter(self) -> str | None:
        """The parameter that says how many rows a page holds; None where nobody can choose it."""
        return self.size

    @property
    def place_parameters(self) -> tuple[str, ...]:
        """The parameter that says which page."""
        return (self.page,)

    @property
    def is_single_page(self) -> bool:
        """Whether no other page follows the first."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetClauses:
    """The clauses on slices by offset and count, by what each promises."""

    size: Clauses = documented_key("no answer holds more rows than asked for", ())
    size_max: Clauses = documented_key("what a count above the largest one gets", ())
    size_default: Clauses = documented_key("how many rows come when no count is given", ())
    all: Clauses = documented_key("the number of rows that means all leaves none out", ())
    slice: Clauses = documented_key("the offset leaves out so many rows from the beginning of the list", ())
    offset_default: Clauses = documented_key("the offset meant when absent", ())
    offset_max: Clauses = documented_key("what an offset above the largest one gets", ())
    partition: Clauses = documented_key("the slices together are the whole list, each row once", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetPaging:
    """A slice by offset and count; defaults and bounds stand with the parameters."""

    kind: Literal["offset"] = documented_key("the kind of paging")
    offset: ParameterName = documented_key("parameter: rows to skip")
    first: int = documented_key("the offset that skips no row: 1 where the offset is the place of a row", 0)
    size: ParameterName = documented_key("parameter: rows to return")
    all: int | None = documented_key("the number of rows that means: all", None)
    links: PageLinks | None = documented_key("links to other pages", None)
    more: PageMore | None = documented_key("whether rows follow those of the page", None)
    page_count: PageCount | None = documented_key("how many pages there are", None)
    first_index: PageIndex | None = documented_key("the place of the page's first row in the list", None)
    last_index: PageIndex | None = documented_key("the place of the page's last row in the list", None)
    clauses: OffsetClauses = documented_key("the clause for each promise", factory=OffsetClauses)

    @property
    def size_parameter(self) -> str:
        """The parameter that says how many rows a page holds."""
        return self.size

    @property
    def place_parameters(self) -> tuple[str, ...]:
        """The parameter that says where the slice begins."""
        return (self.offset,)

    def rows_before(self, offset: object) -> int:
        """How many rows an offset skips; none where nothing is said."""
        return max(offset - self.first, 0) if isinstance(offset, int) else 0

    @property
    def is_single_page(self) -> bool:
        """Whether no other page follows the first."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorClauses:
    """The clauses on pages by cursor, by what each promises."""

    size: Clauses = documented_key("no page holds more rows than asked for", ())
    size_default: Clauses = documented_key("how many rows come when no size is given", ())
    slice: Clauses = documented_key("the cursor of the following page leads there", ())
    partition: Clauses = documented_key("a walk meets every row once and ends", ())
    prev: Clauses = documented_key("the cursor of the page before leads back", ())
    start: Clauses = documented_key("the words that mean the first page", ())
    both: Clauses = documented_key("what both parameters together get", ())
    garbage: Clauses = documented_key("what a cursor gets that the server never gave", ())
    other_sort: Clauses = documented_key("what a cursor made under another sort gets", ())
    empty: Clauses = documented_key("an empty page has no cursors", ())
    absent: Clauses = documented_key("that there is no such page is written in the documented way", ())
    stable: Clauses = documented_key("rows that arrive during a walk do not shift older pages", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorPaging:
    """Pages by opaque cursor."""

    kind: Literal["cursor"] = documented_key("the kind of paging")
    after: ParameterName = documented_key("parameter: rows after this cursor")
    before: ParameterName | None = documented_key("parameter: rows before this cursor; none: there is no such", None)
    size: ParameterName | None = documented_key(
        "parameter: rows per page; none: nobody can choose it, `default-size` says it", None
    )
    default_size: int | OpenChoice[int | None] | None = documented_key(
        "rows per page where no parameter says it (with one, its default does)", None
    )
    next_at: str | None = documented_key(
        "pointer to the cursor of the following page, or `header:NAME`; none: it stands in the next link alone", None
    )
    prev_at: str | None = documented_key(
        "pointer to the cursor of the page before, or `header:NAME`; none: in the previous link alone, or nowhere",
        None,
    )
    absent: CursorAbsentForm | OpenChoice[CursorAbsentForm] = documented_key(
        "how 'no such page' is written in place of a cursor in the body: empty, missing, none (null), text "
        "(`absent-text`)",
        "empty",
    )
    absent_text: str | None = documented_key("the text that stands in place of a cursor where no page follows", None)
    start_words: tuple[str, ...] = documented_key("values of `after` that mean the first page, besides absent", ())
    end_words: tuple[str, ...] = documented_key("values of `before` that mean the last page", ())
    next_on_last: Literal["given", "empty"] | OpenChoice[Literal["given", "empty"]] = documented_key(
        "is `next` given on the last page with rows?", "given"
    )
    prev_goes_into: Literal["before", "after"] | OpenChoice[Literal["before", "after"]] = documented_key(
        "which parameter takes `prev`", "before"
    )
    both_gets: Treatment | OpenChoice[Treatment] = documented_key("after and before together", "refused")
    garbage_gets: Treatment | OpenChoice[Treatment] = documented_key("a cursor that the server never gave", "refused")
    other_sort_gets: Treatment | OpenChoice[Treatment] = documented_key("a cursor made under another sort", "refused")
    fault: ErrorName = documented_key("the fault for these", "invalid")
    links: PageLinks | None = documented_key("links to other pages", None)
    more: PageMore | None = documented_key("whether rows follow those of the page", None)
    clauses: CursorClauses = documented_key("the clause for each promise", factory=CursorClauses)

    @property
    def size_parameter(self) -> str | None:
        """The parameter that says how many rows a page holds; None where nobody can choose it."""
        return self.size

    @property
    def place_parameters(self) -> tuple[str, ...]:
        """The parameters that say which page: after or before a cursor."""
        return (self.after,) if self.before is None else (self.after, self.before)

    @property
    def leads_back(self) -> bool:
        """Whether answers tell the way to the page before."""
        return self.prev_at is not None or (self.links is not None and self.links.previous is not None)

    @property
    def is_single_page(self) -> bool:
        """Whether no other page follows the first."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitClauses:
    """The clauses on a limit, by what each promises."""

    size: Clauses = documented_key("no answer holds more rows than the limit", ())
    size_default: Clauses = documented_key("the limit meant when absent", ())
    prefix: Clauses = documented_key("limited rows are the first ones of the ordered list", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitPaging:
    """No pages; at most so many of the first rows."""

    kind: Literal["limit"] = documented_key("the kind of paging")
    size: ParameterName = documented_key("parameter: at most so many rows")
    all: int | None = documented_key("the value that means: all", None)
    clauses: LimitClauses = documented_key("the clause for each promise", factory=LimitClauses)

    @property
    def size_parameter(self) -> str:
        """The parameter that says how many rows come."""
        return self.size

    @property
    def place_parameters(self) -> tuple[str, ...]:
        """No parameters: there is one page."""
        return ()

    @property
    def is_single_page(self) -> bool:
        """Whether no other page follows the first."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPaging:
    """All rows in one answer."""

    kind: Literal["none"] = documented_key("the kind of paging")

    @property
    def size_parameter(self) -> None:
        """No parameter: nothing cuts the list."""
        return None

    @property
    def place_parameters(self) -> tuple[str, ...]:
        """No parameters: there is one page."""
        return ()

    @property
    def is_single_page(self) -> bool:
        """Whether no other page follows the first."""
        return True


Paging = PageNumberPaging | OffsetPaging | CursorPaging | LimitPaging | NoPaging


def links_of(paging: Paging) -> PageLinks | None:
    """The links to other pages, where this kind of paging has any."""
    return None if isinstance(paging, LimitPaging | NoPaging) else paging.links


def page_number_parts(paging: Paging) -> tuple[PageCount | None, PageIndex | None, PageIndex | None]:
    """The number of pages, and the places of the first and the last row of a page; None for what is not told."""
    if isinstance(paging, PageNumberPaging | OffsetPaging):
        return paging.page_count, paging.first_index, paging.last_index
    return None, None, None


def more_part(paging: Paging) -> PageMore | None:
    """Where an answer tells whether rows follow; None where it does not."""
    return paging.more if isinstance(paging, PageNumberPaging | OffsetPaging | CursorPaging) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalSwitchClauses:
    """The clauses on the switch of the total, by what each promises."""

    default: Clauses = documented_key("what is meant when it is absent", ())
    off: Clauses = documented_key("how the total looks when switched off", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalSwitch:
    """A flag that leaves the total out."""

    parameter: ParameterName = documented_key("the flag")
    off: AbsentPartForm | OpenChoice[AbsentPartForm] = documented_key(
        "how the total looks when switched off: missing, none, zero", "missing"
    )
    clauses: TotalSwitchClauses = documented_key("the clause for each promise", factory=TotalSwitchClauses)


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalClauses:
    """The clauses on the total, by what each promises."""

    present: Clauses = documented_key("it is an integer not below 0", ())
    independent: Clauses = documented_key("it does not depend on paging", ())
    sum: Clauses = documented_key("it counts all matching rows", ())
    bound: Clauses = documented_key("it is not below what was skipped and returned", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfilteredTotal:
    """How many rows the list has where no filter leaves any out, told beside the number of those that match.

    Whose calls are meant, and how long they are kept, counts as it does for the list.
    """

    at: str = documented_key("pointer to the number, or `header:NAME`")
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """How many rows match, told with every page."""

    at: str = documented_key("pointer to the number, or `header:NAME`")
    switch: TotalSwitch | None = documented_key("a flag that leaves it out", None)
    absent: NumberAbsentForm | OpenChoice[NumberAbsentForm] = documented_key(
        "how 0 is written: zero, missing, none (null)", "zero"
    )
    unfiltered: UnfilteredTotal | None = documented_key("a second number: all rows, whatever is asked for", None)
    clauses: TotalClauses = documented_key("the clause for each promise", factory=TotalClauses)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedCount:
    """How many rows this answer holds, told in the answer."""

    at: str = documented_key("pointer to the number, or `header:NAME`")
    absent: NumberAbsentForm | OpenChoice[NumberAbsentForm] = documented_key(
        "how 0 is written: zero, missing, none (null)", "zero"
    )
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class CountOnlyClauses:
    """The clauses on the number in place of rows, by what each promises."""

    on: Clauses = documented_key("the flag gives the number in place of the rows", ())
    default: Clauses = documented_key("what is meant when it is absent", ())
    ignores: Clauses = documented_key("those parameters have no effect then", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class CountOnly:
    """A flag that turns the answer into a number."""

    parameter: ParameterName = documented_key("the flag")
    shape: (
        Literal["integer", "digits", "object", "list-of-object"]
        | OpenChoice[Literal["integer", "digits", "object", "list-of-object"]]
    ) = documented_key('5, "5", {count: 5} or [{count: 5}], in place of the rows', "integer")
    ignores: tuple[ParameterName, ...] = documented_key("parameters that have no effect then", ())
    counts: Literal["rows", "calls"] | OpenChoice[Literal["rows", "calls"]] = documented_key(
        "what is counted", "rows"
    )
    clauses: CountOnlyClauses = documented_key("the clause for each promise", factory=CountOnlyClauses)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncludeClauses:
    """The clauses on the states of a switch, by what each promises."""

    on: Clauses = documented_key("the part is there when switched on", ())
    off: Clauses = documented_key("the part is left out when switched off", ())
    default: Clauses = documented_key("what is meant when it is absent", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Include:
    """A switch that adds a part to each row."""

    parameter: ParameterName = documented_key("the flag")
    adds: tuple[FieldPath, ...] = documented_key("fields of a row that it adds", ())
    any_names: bool = documented_key("fields of other names may be added in their place", False)
    off: tuple[AbsentPartForm, ...] = documented_key("how the part may look when left out", ("missing",))
    clauses: IncludeClauses = documented_key("the clause for each promise", factory=IncludeClauses)

    @property
    def added_names(self) -> tuple[str, ...]:
        """The names of the added fields of the row itself; fields of nested rows are not among them."""
        return tuple(path.head for path in self.adds if path.inner is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """A field of the answer that repeats what was asked or what was taken in its place."""

    at: str = documented_key("pointer in the answer")
    of: ParameterName = documented_key("the parameter; for a page size the effective one")
    exact: bool = documented_key("false: the value of an absent parameter is open", True)
    as_: Literal["value", "text"] = documented_key(
        "value: an integer parameter is repeated as an integer; text: as it was written", "value"
    )
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeZoneClauses:
    """The clauses on the time zone, by what each promises."""

    echo: Clauses = documented_key("the answer names the zone used", ())
    shift: Clauses = documented_key("times are local times of that zone", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeZoneRule:
    """In which time zone local times are read and written."""

    parameter: ParameterName | None = documented_key("the parameter that names it", None)
    written: tuple[ZoneForm, ...] = documented_key(
        "how that parameter names a zone: name (Europe/Berlin), offset from UTC (`+05:30`), hours from UTC (`-5`, "
        "`5.5`); of several the first is sent, and all are read",
        ("name",),
    )
    default: str | OpenChoice[str] = documented_key("the zone when not said", "UTC")
    echo: str | None = documented_key("pointer in the answer that names the zone used", None)
    account_words: tuple[str, ...] = documented_key("values that mean the zone of the account: the default one", ())
    clauses: TimeZoneClauses = documented_key("the clause for each promise", factory=TimeZoneClauses)


# --- access -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyCredentials:
    """An older pair of credentials that a server may still take."""

    parameters: tuple[str, ...] = documented_key("the parameters, in place of the others")
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class JwtClauses:
    """The clauses on the refusal of each bad token, by what each promises."""

    malformed: Clauses = documented_key("a text that is no token", ())
    expired: Clauses = documented_key("a token whose time is over", ())
    future: Clauses = documented_key("a token issued in the future", ())
    too_long: Clauses = documented_key("a token valid for longer than allowed", ())
    wrong_key: Clauses = documented_key("a token signed with another key", ())
    unknown_key: Clauses = documented_key("a token of a key that the server does not know", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Jwt:
    """A signed token."""

    algorithm: str = documented_key("the signature algorithm", "RS256")
    issuer: str = documented_key("credential that says whose token it is")
    issuer_claim: str = documented_key("the claim that holds it", "iss")
    fresh_claims: tuple[str, ...] = documented_key("claims whose text no other token has: `jti`", ())
    key_id: str | None = documented_key("credential that is the header kid; none: the issuer has one key", None)
    private_key: str = documented_key("credential that holds the signing key")
    longest_seconds: int = documented_key("exp is at most iat plus this", 3600)
    clauses: JwtClauses = documented_key("the clause for each promise", factory=JwtClauses)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A secret that travels by itself, in a place of its own."""

    credential: str = documented_key("the credential's name", "key")
    place: CredentialPlace = documented_key("where it stands: header, query, cookie")
    name: str = documented_key("name of the header, of the query parameter or of the cookie")
    scheme: str = documented_key(
        'header: the word before it, or the whole with `{key}` in its place: `Token token="{key}"`', ""
    )

    @property
    def frame(self) -> tuple[str, str]:
        """What stands before and after the key in its header."""
        before, mark, after = self.scheme.partition("{key}")
        return (before, after) if mark else (f"{before} " if before else "", "")

    @property
    def word(self) -> str:
        """The word at the beginning of its header; empty where there is none."""
        word, space, _ = self.frame[0].partition(" ")
        return word if space else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogIn:
    """An operation that takes a user's name and password, or one secret, and gives the token of other requests."""

    path: str = documented_key("its path, below the same server")
    method: Literal["GET", "POST", "PUT"] = documented_key("its HTTP method", "POST")
    carries: Literal["query", "form", "json", "basic"] = documented_key(
        "where name and password stand; basic: in Authorization, and what it adds in a form", "form"
    )
    user: str | None = documented_key(
        "the credential of the user's name, and its parameter; none: the password, a key say, is all that is taken",
        None,
    )
    password: str = documented_key("the credential of the password, and its parameter")
    user_at: str | None = documented_key("json: pointer to the name in the body, if not the parameter", None)
    password_at: str | None = documented_key("json: the same for the password", None)
    adds: Mapping[str, str] = documented_key("further parameters that it always carries", factory=dict)
    further: Mapping[str, str] = documented_key(
        "further credentials without which no token is given, by the parameter (json: or pointer) or the header that "
        "carries each: `assertion: jwt`, `header:X-Key: key`",
        factory=dict,
    )
    tells: Mapping[str, Scalar] = documented_key(
        "what else its answer holds, which clients need and nobody judges: `/expires_in: 3600`", factory=dict
    )
    token_at: str = documented_key(
        "pointer to the token in its answer, or header:NAME; of header:Set-Cookie the cookie of that `name`"
    )
    place: CredentialPlace = documented_key("where other requests carry the token: header, query, cookie", "header")
    name: str = documented_key("name of that header, query parameter or cookie", "Authorization")
    scheme: str = documented_key("header: the word before the token, or the whole with `{key}` in its place", "")
    opened_clause: Clauses = documented_key("clause: right credentials get a token", ())
    refused_clause: Clauses = documented_key("clause: wrong credentials get no token", ())

    @property
    def credential_names(self) -> tuple[str, ...]:
        """The credentials that it takes: the user's name, the password, and further ones."""
        return tuple(dict.fromkeys((*self.own_names, *self.further.values())))

    @property
    def own_names(self) -> tuple[str, ...]:
        """The user's name, where there is one, and the password, as credentials."""
        return (self.password,) if self.user is None else (self.user, self.password)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTime:
    """The moment at which a request was signed; it travels with the request, and holds for a while."""

    as_: Literal["epoch-seconds", "epoch-milliseconds", "rfc2822", "rfc3339", "formatted-time"] = documented_key(
        "how it is written", "epoch-seconds"
    )
    format: tuple[str, ...] = documented_key("formatted-time: how, as of a field, in UTC", ())
    skew_seconds: int = documented_key("how far it may lie from the server's clock, before or after", 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureClauses:
    """The clauses on the refusal of a request that its signature does not cover, by what each promises."""

    altered: Clauses = documented_key("a request that was changed after it was signed is refused", ())
    old: Clauses = documented_key("a request that was signed too long ago is refused", ())
    future: Clauses = documented_key("a request that was signed in the future is refused", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature of each request, made with a secret that never travels."""

    key: str | None = documented_key(
        "the credential that says whose secret it is, and travels as it is; none: there is one account", None
    )
    secret: str = documented_key("the credential that requests are signed with", "secret")
    algorithm: SignatureAlgorithm = documented_key(
        "HMAC, keyed by the secret, or the bare digest of a text that holds `{secret}` itself", "hmac-sha256"
    )
    written: SignatureForm = documented_key(
        "how the digest is written; base64-of-hex: base64 of its hexadecimal text", "hex"
    )
    text: str = documented_key(
        "what is signed, with parts of the request in braces: {method}, {host}, {path} (of the whole URL, as it is "
        "sent), {query} (as it is sent, without the signature), {body}, {header:NAME}, {time}, {nonce}, {key}, "
        "{secret}, {canonical}. Behind a bar stands what becomes of a part, from left to right: `sorted` (pairs in "
        "the order of their names), `decoded` (percent signs and plus signs read), `day` (of a time in UTC: "
        "2026-03-11), `bare-day` (20260311), and a digest in hexadecimal, `md5`, `sha1`, `sha256`, `sha512`, or in "
        "base64, `sha256-base64`: `{path}{query|sorted}{query|sorted|md5}`"
    )
    canonical: str | None = documented_key(
        "a text of the same kind, which stands in `text` as {canonical}, mostly as its digest: `{canonical|sha256}`",
        None,
    )
    keys: tuple[str, ...] = documented_key(
        "HMAC: texts of the same kind, of which the first is the key; with the key so far each further one is "
        'signed, in bytes, and that is the next key: `["AWS4{secret}", "{time|bare-day}", eu-west-1, ...]`',
        ("{secret}",),
    )
    carries: Mapping[str, str] = documented_key(
        "what the request carries of it, by place: `header:NAME` with {key}, {signature}, {time}, {time|day} or "
        '{nonce} in a text, or `query:NAME` with one of them alone: `header:Authorization: "{key}:{signature}"`'
    )
    time: SignedTime | None = documented_key("the moment of {time}", None)
    clauses: SignatureClauses = documented_key("the clause for each promise", factory=SignatureClauses)

    @property
    def signed_texts(self) -> tuple[str, ...]:
        """All texts that the signature depends on."""
        return (self.text, *([self.canonical] if self.canonical is not None else []), *self.keys[1:])

    @property
    def credential_names(self) -> tuple[str, ...]:
        """The credentials that it takes: whose it is, where that is said, and the secret."""
        return (self.secret,) if self.key is None else (self.key, self.secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessWay:
    """A further way in, as good as the first."""

    kind: AccessKind = documented_key("how, in the words of access")
    user: str | None = documented_key("password, basic: the credential of the user's name", None)
    password: str | None = documented_key("password, basic: the credential of the password", None)
    pair: str | None = documented_key(
        "basic: a credential that holds both as Authorization carries them, name:password in base64; whoever has it "
        "needs no other",
        None,
    )
    token: str = documented_key("bearer, session: the token's name as a credential", "token")
    key: AccessKey | None = documented_key("key: the key", None)
    session: LogIn | None = documented_key("session: the log-in operation", None)
    signature: Signature | None = documented_key("signature: how requests are signed", None)
    clause: Clauses = documented_key("clause: it opens the list", ())
    refused_clause: Clauses = documented_key("clause: wrong credentials are refused", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessClauses:
    """The clauses on who gets in and who does not, by what each promises."""

    accepted: Clauses = documented_key("valid credentials open the list", ())
    user_required: Clauses = documented_key("a request without the user's name is refused", ())
    password_required: Clauses = documented_key("a request without the password is refused", ())
    wrong_refused: Clauses = documented_key("wrong credentials are refused", ())
    missing_refused: Clauses = documented_key("a request without credentials is refused", ())
    elsewhere_refused: Clauses = documented_key("right credentials in another place than their own are refused", ())
    role_refused: Clauses = documented_key("an account whose role does not suffice is refused", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a client shows who it is, and who may see the list."""

    kind: AccessKind = documented_key(
        "none: anybody may ask; password: two parameters; basic: name and password in Authorization; "
        "key: one secret; bearer: a token in Authorization; session: a token that a log-in operation gives; "
        "signature: each request is signed with a secret"
    )
    user: str | None = documented_key("password, basic: the parameter, or the credential, of the user's name", None)
    password: str | None = documented_key("password, basic: the parameter, or the credential, of the password", None)
    pair: str | None = documented_key(
        "basic: a credential that holds both as Authorization carries them, name:password in base64; whoever has it "
        "needs no other",
        None,
    )
    token: str = documented_key("bearer, session: the token's name as a credential", "token")
    key: AccessKey | None = documented_key("key: the key", None)
    session: LogIn | None = documented_key("session: the log-in operation", None)
    signature: Signature | None = documented_key("signature: how requests are signed", None)
    also: tuple[AccessWay, ...] = documented_key("further ways in, as good as this one", ())
    accounts: tuple[str, ...] = documented_key(
        "credentials that prove nothing but say who asks, for a path or a row that repeats them", ()
    )
    jwt: Jwt | None = documented_key("bearer: the token is a JWT", None)
    legacy: tuple[LegacyCredentials, ...] = documented_key("older pairs", ())
    example: Mapping[str, str] = documented_key(
        "the credentials of the document's example, which a simulator takes", factory=dict
    )
    roles: tuple[str, ...] = documented_key("roles (or privileges) that suffice, each alone", ())
    role_clauses: Mapping[str, Clauses] = documented_key("clause per role", factory=dict)
    missing_fault: ErrorName = documented_key(
        "fault: no credentials, or half of them; none where `kind` is none", "unauthenticated"
    )
    wrong_fault: ErrorName = documented_key("fault: wrong credentials; none where `kind` is none", "unauthenticated")
    role_fault: ErrorName = documented_key("fault: the role does not suffice", "forbidden")
    clauses: AccessClauses = documented_key("the clause for each promise", factory=AccessClauses)


# --- outcome ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeField:
    """A part of every answer, success or error, or of every success."""

    at: str = documented_key("pointer")
    as_: Literal["integer", "decimal", "text", "digits", "flag", "object", "list"] = documented_key(
        "its type", "text"
    )
    constant: tuple[Scalar | None, ...] = documented_key(
        "the value that it always has, null too; of several the first is the simulator's", ()
    )
    fresh: Literal["uuid"] | IdForm | None = documented_key(
        "text: an id of this form that no other answer has, such as that of the request", None
    )
    when: Literal["always", "success", "error"] = documented_key("in which answers", "always")
    values: tuple[Scalar, ...] = documented_key(
        "the values it can have; where nothing else tells it, the simulator tells the first (of an object or a list "
        "without values, an empty one)",
        (),
    )
    other_values: Literal["refused", "tolerated"] = documented_key(
        "values: what to think of another value of its type; tolerated where nobody can know what a server tells "
        "there: the moment of its answer",
        "refused",
    )
    least_items: int = documented_key("list: at least so many", 0)
    non_empty: bool = documented_key("text: never empty, as a description says something", False)
    optional: bool = documented_key("it may be missing (then it has no clause of presence)", False)
    clause: Clauses = documented_key("the clause", ())
    form_clause: Clauses = documented_key(
        "clause on its type and values, where it is not the clause on its presence", ()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessMark:
    """How success is told."""

    http: int = documented_key("HTTP status", 200)
    https: tuple[int, ...] = documented_key("further HTTP statuses that are legitimate", ())
    shows: Mapping[str, Scalar] = documented_key("pointers and the values they have", factory=dict)
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorKind:
    """One kind of error."""

    http: int | OpenChoice[int] | None = documented_key("HTTP status (default: that of `error`)", None)
    code: Scalar | None = documented_key("the code in the body that the simulator tells", None)
    codes: tuple[Scalar, ...] = documented_key("further codes that are legitimate; empty with no code: any", ())
    https: tuple[int, ...] = documented_key("further HTTP statuses that are legitimate", ())
    says: str = documented_key(
        "the message that the simulator tells; {parameter}, {operation}, {value} are filled in", ""
    )
    names: tuple[Literal["parameter", "operation"], ...] = documented_key("what the message must name", ())
    names_clause: Clauses = documented_key("clause on that", ())
    shows: Mapping[str, Scalar] = documented_key(
        "other parts of this error; {http-status} and {code} are filled in", factory=dict
    )
    code_at: str | None = documented_key(
        "pointer to its code, where that is not the one of `error`: such an error names no parameter", None
    )
    message_at: str | None = documented_key(
        "pointer to its message, where that is not the one of `error`; {parameter} as a step of it is the name of "
        "the parameter at fault: `/errors/{parameter}/0`",
        None,
    )
    media_type: str | None = documented_key("its media type, where that is not the one of `answers`", None)
    body: ErrorBody = documented_key(
        "what it is: the shape of `error`, empty, or text (the message and nothing else)", "shape"
    )
    bodies: tuple[ErrorBody, ...] = documented_key("further bodies that are legitimate", ())
    form_clause: Clauses = documented_key(
        "clause on its body, media type and other parts, where it is not the clause on the code", ()
    )
    own: bool = documented_key("the server itself is at fault, whatever was asked", False)
    speaks: bool = documented_key("whether the clause on the code also promises a message that is not blank", False)
    clause: Clauses = documented_key("clause on the code", ())

    @property
    def told_codes(self) -> frozenset[str]:
        """The codes that tell this error, as texts; empty where any does."""
        return frozenset(str(code) for code in (self.code, *self.codes) if code is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorShapeClauses:
    """The clauses on how errors look, by what each promises."""

    shape: Clauses = documented_key("an error has its code and message where they belong", ())
    http: Clauses = documented_key("the HTTP status around an error", ())
    no_rows: Clauses = documented_key("an error holds no rows", ())
    only_codes: Clauses = documented_key("no other code is ever told", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorShape:
    """How errors are told."""

    code_at: str | None = documented_key("pointer to the code; without it the HTTP status alone tells an error", None)
    code_as: Literal["integer", "digits", "text"] = documented_key("its type", "integer")
    message_at: str | None = documented_key("pointer to the message", None)
    key_at: str | None = documented_key("pointer to the name of the offending parameter", None)
    http: int | OpenChoice[int] = documented_key("HTTP status around an error, where a fault says nothing else", 200)
    https: tuple[str, ...] = documented_key(
        "further statuses that are legitimate: `4xx`, `5xx`, or `same-as-code`", ()
    )
    shows: Mapping[str, Scalar] = documented_key(
        "other parts of an error; {http-status} and {code} are filled in", factory=dict
    )
    no_rows: Literal["absent", "empty", "absent-or-empty"] = documented_key(
        "what stands in place of the rows", "absent-or-empty"
    )
    only_codes: tuple[Scalar, ...] = documented_key("no other code is ever told (empty: any)", ())
    clauses: ErrorShapeClauses = documented_key("the clause for each promise", factory=ErrorShapeClauses)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseShape:
    """How success and each fault are told."""

    success: SuccessMark = documented_key("success")
    error: ErrorShape = documented_key("errors")
    envelope: Mapping[str, EnvelopeField] = documented_key("parts of an answer besides the rows", factory=dict)
    unset: UnsetParts | OpenChoice[UnsetParts] = documented_key(
        "what a success does with parts that are empty, zero or unset and need not be there", "written"
    )
    faults: Mapping[str, ErrorKind] = documented_key("each kind of error by name")

    @property
    def error_message_clauses(self) -> Clauses:
        """The clauses on the message of an error: those of the part of each answer that it is, else of its shape."""
        part = next((part for part in self.envelope.values() if part.at == self.error.message_at), None)
        return self.error.clauses.shape if part is None else part.form_clause or part.clause


# --- transport ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestEncoding:
    """Another way to carry the same request; the answer must be the same."""

    method: Literal["GET", "POST"] = documented_key("HTTP method", "POST")
    carries: ParameterPlace = documented_key("where the parameters stand", "query")
    path: str | None = documented_key("another path", None)
    adds: Mapping[str, str] = documented_key("parameters that select the operation there", factory=dict)
    separator: str | None = documented_key("between pairs, when not the usual one", None)
    slash: Literal["with", "without"] | None = documented_key("trailing slash, when not the usual one", None)
    level: Literal["same", "may", "either"] = documented_key(
        "may: a server need not know it; either: it may know this one in place of the documented form, where the "
        "document names no method or place",
        "same",
    )
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingClauses:
    """The clauses on a name that leads nowhere, by what each promises."""

    unknown: Clauses = documented_key("what another name gets", ())
    missing: Clauses = documented_key("what a request without the name gets", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """The operation is named in the request."""

    parameter: str | None = documented_key("the parameter that names it; none: the last part of the path does", None)
    name: str = documented_key("its name")
    unknown_fault: ErrorName = documented_key("fault: another name", "unknown-operation")
    missing_fault: ErrorName = documented_key("fault: no name", "missing-operation")
    clauses: RoutingClauses = documented_key("the clause for each promise", factory=RoutingClauses)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalRule:
    """A request that the transport refuses."""

    fault: ErrorName = documented_key("the fault")
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTransport:
    """How requests are carried."""

    carries: ParameterPlace = documented_key("where the parameters stand in the documented form", "query")
    separator: str = documented_key("between pairs in the documented form", "&")
    routing: Routing | None = documented_key("the operation is named in the request", None)
    also: Mapping[str, RequestEncoding] = documented_key("other ways to carry a request", factory=dict)
    answers: tuple[str, ...] = documented_key("media types of an answer; the first is the simulator's")
    answers_clause: Clauses = documented_key("clause on the media type", ())
    separator_clause: Clauses = documented_key("clause on the separator", ())
    names: Literal["exact", "folded"] | OpenChoice[Literal["exact", "folded"]] = documented_key(
        "does letter case count in parameter names?", "exact"
    )
    names_clause: Clauses = documented_key("clause on that", ())
    unknown_parameters: Literal["ignored", "refused"] | OpenChoice[Literal["ignored", "refused"]] = documented_key(
        "parameters that are not documented", "ignored"
    )
    unknown_clause: Clauses = documented_key("clause on that", ())
    repeated_parameters: (
        Literal["first", "last", "refused", "joined"] | OpenChoice[Literal["first", "last", "refused", "joined"]]
    ) = documented_key("a parameter given twice", "first")
    tolerated: Mapping[str, str] = documented_key(
        "parameters from elsewhere that a server may ignore or honour, with a value to try", factory=dict
    )
    tolerated_clause: Clauses = documented_key("clause on those", ())
    optional_parts: Mapping[str, Clauses] = documented_key(
        "parts of an answer that may appear and are ignored: pointer and clause", factory=dict
    )
    wrong_method: RefusalRule | None = documented_key("GET where POST is due", None)
    wrong_media_type: RefusalRule | None = documented_key("another Content-Type than the documented one", None)
    bad_syntax: RefusalRule | None = documented_key("a body that is not JSON", None)
    escaping_clause: Clauses = documented_key("clause on special characters in data", ())


# --- laws ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpliesLaw:
    """Where one condition on a row holds, another one does."""

    law: Literal["implies"] = documented_key("the word of the law")
    when: FieldCondition = documented_key("where this holds")
    then: FieldCondition = documented_key("this must hold")
    clause: Clauses = documented_key("the clause")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotBeforeLaw:
    """A field is not earlier, or less, than another one."""

    law: Literal["not-before"] = documented_key("the word of the law")
    field: FieldPath = documented_key("the field")
    than: FieldPath = documented_key("the earlier field")
    when: FieldCondition | None = documented_key("only where this holds", None)
    slack_seconds: int = documented_key("tolerance for clocks and rounding", 0)
    clause: Clauses = documented_key("the clause")


@dataclass(frozen=True, slots=True, kw_only=True)
class InsideLaw:
    """A field of nested rows is not earlier than one of the row around them, and not later than another."""

    law: Literal["inside"] = documented_key("the word of the law")
    field: FieldPath = documented_key("the field of the nested rows")
    than: FieldPath = documented_key("the field of the row around")
    until: FieldPath | None = documented_key("a later field of the row around, after which it does not lie", None)
    when: FieldCondition | None = documented_key("only where this holds", None)
    slack_seconds: int = documented_key("tolerance for clocks and rounding", 0)
    clause: Clauses = documented_key("the clause")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFutureLaw:
    """An instant does not lie in the future."""

    law: Literal["not-future"] = documented_key("the word of the law")
    field: FieldPath = documented_key("the field")
    when: FieldCondition | None = documented_key("only where this holds", None)
    slack_seconds: int = documented_key("tolerance for clocks and rounding", 0)
    clause: Clauses = documented_key("the clause")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOlderLaw:
    """An instant lies no further back than so many seconds: older rows are not kept."""

    law: Literal["not-older"] = documented_key("the word of the law")
    field: FieldPath = documented_key("the field")
    seconds: int = documented_key("how far back from now, a minute or more; a check reckons from the newest row")
    when: FieldCondition | None = documented_key("only where this holds", None)
    slack_seconds: int = documented_key("tolerance for clocks, and for rows that are removed now and then", 0)
    clause: Clauses = documented_key("the clause")


@dataclass(frozen=True, slots=True, kw_only=True)
class NonNegativeLaw:
    """A number is not below 0; an instant is not before 1970."""

    law: Literal["non-negative"] = documented_key("the word of the law")
    field: FieldPath = documented_key("the field")
    when: FieldCondition | None = documented_key("only where this holds", None)
    clause: Clauses = documented_key("the clause")


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOfLaw:
    """A field has one of so many values."""

    law: Literal["one-of"] = documented_key("the word of the law")
    field: FieldPath = documented_key("the field")
    values: tuple[Scalar, ...] = documented_key("the values")
    when: FieldCondition | None = documented_key("only where this holds", None)
    clause: Clauses = documented_key("the clause")


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualsSpanLaw:
    """A field is the number of seconds between two others."""

    law: Literal["equals-span"] = documented_key("the word of the law")
    field: FieldPath = documented_key("the field")
    than: FieldPath = documented_key("where the span begins")
    other_field: FieldPath = documented_key("where it ends")
    when: FieldCondition | None = documented_key("only where this holds", None)
    slack_seconds: int = documented_key("tolerance for clocks and rounding", 0)
    clause: Clauses = documented_key("the clause")


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinSpanLaw:
    """A field is a number of seconds, and no more than lie between two others."""

    law: Literal["within-span"] = documented_key("the word of the law")
    field: FieldPath = documented_key("the field")
    than: FieldPath = documented_key("where the span begins")
    other_field: FieldPath = documented_key("where it ends")
    when: FieldCondition | None = documented_key("only where this holds", None)
    slack_seconds: int = documented_key("tolerance for clocks and rounding", 0)
    clause: Clauses = documented_key("the clause")


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverFallsLaw:
    """From one poll to the next a value does not fall."""

    law: Literal["never-falls"] = documented_key("the word of the law")
    field: FieldPath = documented_key("the field")
    when: FieldCondition | None = documented_key("only while this holds", None)
    slack_seconds: int = documented_key("tolerance for clocks and rounding", 0)
    clause: Clauses = documented_key("the clause")


@dataclass(frozen=True, slots=True, kw_only=True)
class StandsStillLaw:
    """From one poll to the next a value stays as it is."""

    law: Literal["stands-still"] = documented_key("the word of the law")
    field: FieldPath = documented_key("the field")
    when: FieldCondition | None = documented_key("only while this holds", None)
    slack_seconds: int = documented_key("tolerance for clocks and rounding", 0)
    clause: Clauses = documented_key("the clause")


@dataclass(frozen=True, slots=True, kw_only=True)
class VanishesLaw:
    """A call that has ended leaves the list."""

    law: Literal["vanishes"] = documented_key("the word of the law")
    field: FieldPath = documented_key("the field by which it is known")
    clause: Clauses = documented_key("the clause")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLaw:
    """Rows that show the same value belong to one call."""

    law: Literal["shared"] = documented_key("the word of the law")
    field: FieldPath = documented_key("the field")
    clause: Clauses = documented_key("the clause")


@dataclass(frozen=True, slots=True, kw_only=True)
class InOtherListLaw:
    """The calls of the rows are found by another operation, too."""

    law: Literal["in-other-list"] = documented_key("the word of the law")
    field: FieldPath = documented_key("the field that is looked up")
    operation: str = documented_key("the spec id of the other operation")
    other_field: str = documented_key("its parameter that takes the value")
    clause: Clauses = documented_key("the clause")


RowLaw = (
    ImpliesLaw
    | NotBeforeLaw
    | InsideLaw
    | NotFutureLaw
    | NotOlderLaw
    | NonNegativeLaw
    | OneOfLaw
    | EqualsSpanLaw
    | WithinSpanLaw
)
"""What must hold inside a row."""
MovingLaw = NeverFallsLaw | StandsStillLaw
"""What must hold of a row between two polls."""
Law = RowLaw | MovingLaw | VanishesLaw | SharedLaw | InOtherListLaw


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiVersions:
    """Versions of the API and what each brought."""

    order: tuple[str, ...] = documented_key("all known versions, oldest first")
    serves: str | OpenChoice[str] = documented_key("the version that a server follows")
    older_clause: Clauses = documented_key("clause: an older server ignores what came later", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class BlankRule:
    """What a present but empty parameter means."""

    means: Literal["absent", "refused"] | OpenChoice[Literal["absent", "refused"]] = documented_key(
        "its meaning", "absent"
    )
    clause: Clauses = documented_key("the clause", ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """`x-listing`: the meaning of one operation that lists calls."""

    language: Literal[1] = documented_key("version of this language")
    id: str | None = documented_key(
        "the id of a spec of one's own, such as `acmepbx/list-calls` (default: the file's name without its ending)",
        None,
    )
    document: Document = documented_key("the document it was written from")
    version: str = documented_key("version of this spec, for manifests and reports", "1")
    lists: ListedRows = documented_key("what is listed")
    fields: Mapping[str, Field] = documented_key("the fields of a row")
    hidden: Mapping[str, HiddenAttribute] = documented_key("attributes that rows do not show", factory=dict)
    parameters: Mapping[str, Parameter] = documented_key("the request's parameters", factory=dict)
    filters: Mapping[str, Filter] = documented_key("which rows a parameter keeps", factory=dict)
    operators: Mapping[str, OperatorFamily] = documented_key(
        "comparisons named inside the parameter's name, for each field once", factory=dict
    )
    at_least_one: tuple[NeededChoice, ...] = documented_key("parameters of which a request must give one", ())
    conjunction_clause: Clauses = documented_key("clause: filters given together must all hold", ())
    no_match_clause: Clauses = documented_key("clause: when nothing matches the answer is an empty success", ())
    ranges: tuple[FilterRange, ...] = documented_key("pairs of filters that make a range", ())
    shared_values: Mapping[str, SharedValue] = documented_key(
        "values that each hold several parameters", factory=dict
    )
    blank: BlankRule = documented_key("what an empty parameter means", factory=BlankRule)
    scope: CallScope | None = documented_key("whose calls", None)
    order: Order | None = documented_key("in which order", None)
    paging: Paging = documented_key("how the list is cut")
    total: Total | None = documented_key("how many match", None)
    returned: ReturnedCount | None = documented_key("how many this answer holds", None)
    count_only: CountOnly | None = documented_key("a number instead of rows", None)
    includes: tuple[Include, ...] = documented_key("parts that a switch adds", ())
    echoes: tuple[Echo, ...] = documented_key("parts of the answer that repeat the request", ())
    zone: TimeZoneRule | None = documented_key("the time zone of local times", None)
    access: Access = documented_key("who may ask")
    outcome: ResponseShape = documented_key("success and faults")
    transport: RequestTransport = documented_key("how requests are carried")
    laws: tuple[Law, ...] = documented_key("what must hold in and between rows and polls", ())
    versions: ApiVersions | None = documented_key("versions of the API", None)
    clauses: Mapping[str, Clause] = documented_key("the promises")

    @property
    def switched_fields(self) -> frozenset[str]:
        """The fields of a row that a switch adds."""
        return frozenset(name for include in self.includes for name in include.added_names)


ClauseRoles = (
    ListedRowsClauses
    | NamedComparisonClauses
    | FilterRangeClauses
    | ScopeSwitchClauses
    | CallScopeClauses
    | SortParameterClauses
    | PageLinksClauses
    | PageNumberClauses
    | OffsetClauses
    | CursorClauses
    | LimitClauses
    | TotalSwitchClauses
    | TotalClauses
    | CountOnlyClauses
    | IncludeClauses
    | TimeZoneClauses
    | JwtClauses
    | SignatureClauses
    | AccessClauses
    | ErrorShapeClauses
    | RoutingClauses
)


def all_clauses(roles: ClauseRoles) -> Clauses:
    """Every clause that a construct names for one of its roles, in the order of the grammar."""
    return tuple(clause for role in dataclasses.fields(roles) for clause in getattr(roles, role.name))


LANGUAGE: Final = 1
