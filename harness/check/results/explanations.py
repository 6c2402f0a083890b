"""What the words of a report mean, in sentences: verdicts, colours, levels and bases, and how a family is tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias, final, get_args

from harness.check.results.findings import Colour, Gate, Verdict
from harness.check.results.gate import colour_of
from harness.specification.clause_families import STEADY_LIST, ClauseFamily
from harness.specification.model import Basis, ClauseId, Level

LEVELS: Final[tuple[Level, ...]] = get_args(Level)
BASES: Final[tuple[Basis, ...]] = get_args(Basis)
WAIVED: Final = "waived"

ColoursByClause: TypeAlias = Mapping[Level, Mapping[Basis, Colour]]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WordMeaning:
    """What one word of a report says, whom it blames (empty where the question makes no sense), what one can do."""

    says: str
    do: str
    blames: str = ""


VERDICT_MEANINGS: Final[Mapping[Verdict, WordMeaning]] = MappingProxyType(
    {
        Verdict.PASS: WordMeaning(
            says="The clause was put to the test at least once, and all that was seen agrees with it.",
            blames="nobody",
            do="Nothing. How often it was put to the test stands in the JSON report, under witnesses.",
        ),
        Verdict.FAIL: WordMeaning(
            says="The clause was put to the test, and the evidence contradicts it: the finding has the smallest "
            "request that shows it, what was expected, what came, and the rows that differ.",
            blames="the server",
            do="Send the request of the finding yourself, or run its replay command; mend the server. A failure "
            "that one lives with for a while goes into a file for --known.",
        ),
        Verdict.INCONCLUSIVE: WordMeaning(
            says="The clause was put to the test, but the evidence does not decide: the data changed between two "
            "reads, an answer came too late or not at all, or the server asked for patience. It was tried again "
            "before this was said.",
            blames="nobody",
            do="Run it again when the list stands still: with a --window that lies in the past, a longer "
            "--timeout or a lower --rate.",
        ),
        Verdict.NOT_EXERCISED: WordMeaning(
            says="The situation that the clause is about never arose: the list is empty, there is no second page, "
            "no call is in progress. An empty list proves nothing.",
            blames="nobody",
            do="Check a target that has such calls, or a --window in which they lie; name values that occur with "
            "--known-value, and more users in a file for --credentials.",
        ),
        Verdict.OBSERVED: WordMeaning(
            says="The document is silent or can be read in several ways; the reason says which reading this server "
            "follows. It is held to that reading for the rest of the run.",
            blames="nobody",
            do="Nothing, or write it down: `callharness dialect` makes a file of the readings, and `check --dialect "
            "FILE` holds the server to them from then on.",
        ),
        Verdict.NOT_APPLICABLE: WordMeaning(
            says="This server does not have what the clause is about, or a black box cannot see it: the reason says "
            "which.",
            blames="nobody",
            do="Nothing. Where the reason asks for the truth about the data, load a generated world into the server "
            "and give it with --world.",
        ),
        Verdict.BLOCKED: WordMeaning(
            says="The information that the check needs could not be had: no log-in, no rows that can be read, no "
            "value that is known. It is never said because another clause is broken, and by itself it turns no run "
            "red but under a gate that wants everything decided. Where no log-in is accepted at all, the run as a "
            "whole is blocked: that is red, and the exit code is 4.",
            blames="the set-up",
            do="Mend what the reason names, mostly credentials or the data of the target, and run again.",
        ),
        Verdict.NOT_RUN: WordMeaning(
            says="The clause was planned and not begun: it was left out with --only, the budget was used up, or the "
            "run was interrupted.",
            blames="nobody",
            do="Raise --max-requests or --max-seconds, leave --only away, or finish an interrupted run with "
            "`callharness resume`.",
        ),
        Verdict.ERROR: WordMeaning(
            says="The harness itself went wrong; it says nothing about the server.",
            blames="the harness",
            do="Report it, with the traceback that the command names. It cannot be waived.",
        ),
    }
)

COLOUR_MEANINGS: Final[Mapping[str, WordMeaning]] = MappingProxyType(
    {
        Colour.RED.value: WordMeaning(
            says="The gate does not let the run through: one red clause makes the whole run red, and the "
            "exit code 1.",
            do="Look at the verdict of the clause. Another --gate may weigh it less; a known failure goes into a "
            "file for --known.",
        ),
        Colour.AMBER.value: WordMeaning(
            says="Worth a look, and no reason to stop: without anything red, the exit code is 0.",
            do="Look at the verdict of the clause. Under --gate strict most of what is amber is red.",
        ),
        Colour.GREEN.value: WordMeaning(
            says="The clause is kept; a run is green when nothing in it is amber or red, and its exit code is 0.",
            do="Nothing.",
        ),
        Colour.NONE.value: WordMeaning(says="It only informs: the gate does not look at it.", do="Nothing."),
        WAIVED: WordMeaning(
            says="The clause ended as an entry in the file of --known expects. It was checked all the same, and only "
            "its effect on the gate is taken away; it is never counted as a pass.",
            do="Mend it before the entry expires, for then the file is an error. Once the clause passes, the entry "
            "is red until it is removed. Under --gate certify nothing is waived.",
        ),
    }
)

LEVEL_MEANINGS: Final[Mapping[Level, WordMeaning]] = MappingProxyType(
    {
        "must": WordMeaning(
            says="The document states it: a server that does otherwise breaks its word.", do="Hold the server to it."
        ),
        "should": WordMeaning(
            says="An example or another page of the vendor suggests it, and no sentence states it.",
            do="Hold the server to it where your clients rely on it; --gate strict does.",
        ),
        "may": WordMeaning(
            says="Nothing decides it, and any way is right: what the server does is observed and never fails.",
            do="Read what was observed, and write it down with `callharness dialect` if your clients rely on it.",
        ),
    }
)

BASIS_MEANINGS: Final[Mapping[Basis, WordMeaning]] = MappingProxyType(
    {
        "documented": WordMeaning(
            says="The document of the operation says so.", do="Read the place that the clause names as its source."
        ),
        "entailed": WordMeaning(
            says="It follows from a word of the document by what the word means, such as pages that share a list out "
            "or an identity that names one row; it counts like documented.",
            do="Read the place that the clause names as its source, and what its words mean.",
        ),
        "corroborated": WordMeaning(
            says="Another page of the vendor says so; it counts like documented.",
            do="Read the place that the clause names as its source.",
        ),
        "inferred": WordMeaning(
            says="It was read out of an example or put together from several places: the vendor may see it another "
            "way, so a failure is weighed less.",
            do="Ask the vendor before you call a failure a defect.",
        ),
        "unknown": WordMeaning(
            says="Nobody knows what the vendor means: such a clause is observed and not judged.",
            do="Read what was observed.",
        ),
        "standard": WordMeaning(
            says="HTTP, JSON, XML or Unicode says so, for every API; it counts like documented.",
            do="Read the section of the standard that the clause names as its source.",
        ),
    }
)


# --- how clauses are tested ---------------------------------------------------------------------------------

FAMILY_HARMS: Final[Mapping[ClauseFamily, str]] = MappingProxyType(
    {
        ClauseFamily.SHAPE: "The client reads a value that is not there or not what it takes it for: it stops, or "
        "works on with nothing, zero or text in place of a number.",
        ClauseFamily.ACCESS: "Whoever should be kept out gets in, or the client is shut out and takes that for an "
        "empty list.",
        ClauseFamily.FILTERS: "The client works with calls that it did not ask for, or without some that it did: it "
        "shows, bills or deletes the wrong ones.",
        ClauseFamily.BLANK: "A field that the client left empty narrows the list, or one that it filled in does not.",
        ClauseFamily.SCOPE: "The client shows one customer the calls of another, or hides a customer's own.",
        ClauseFamily.ORDER: "The client takes the wrong call for the latest, and a walk through the pages misses "
        "calls or meets them twice.",
        ClauseFamily.PAGING: "The client misses calls, counts some twice, or never comes to the end of the list.",
        ClauseFamily.TOTAL: "The client shows a wrong number of calls, stops before the last page, or asks for pages "
        "that are not there.",
        ClauseFamily.COUNT_ONLY: "The client counts the wrong calls, or loads all of them where it wanted a number.",
        ClauseFamily.INCLUDE: "The client misses the part of a call that it asked for, or gets one that it did not "
        "expect.",
        ClauseFamily.DEPENDENCE: "A parameter changes what another one means without the client's knowing: it works "
        "with the wrong calls.",
        ClauseFamily.VALUES: "A value that the client sends means something else than it meant: the answer is right "
        "for another question.",
        ClauseFamily.ZONE: "The client's times are off by hours: calls fall on the wrong day, and into the wrong "
        "bill.",
        ClauseFamily.LAWS: "The parts of a call contradict one another: durations, costs and statistics come out "
        "wrong.",
        ClauseFamily.ERRORS: "The client takes an error for an empty list, or cannot tell the user what is wrong.",
        ClauseFamily.TRANSPORT: "Values with special characters arrive changed: the client asks for something else "
        "than it was told to.",
        ClauseFamily.VERSIONS: "The client relies on what this version of the server does not do.",
    }
)
"""How a client is hurt that relies on a promise of the family which the server breaks."""

FAMILY_TESTS: Final[Mapping[ClauseFamily, str]] = MappingProxyType(
    {
        ClauseFamily.SHAPE: (
            "Every answer of the run is a witness and costs no request of its own: its media type, the parts "
            "around the rows, and in each row the fields that must be there, their types and their words."
        ),
        ClauseFamily.ACCESS: (
            "Late in the run, log-ins that must be refused are tried: without credentials, with one left out or "
            "changed, as a user whose role does not suffice. Each must get the documented error and no rows, and "
            "the right credentials must be accepted before and after."
        ),
        ClauseFamily.FILTERS: (
            "Values are chosen from the rows that were read first: one that occurs, one that does not, one with "
            "special characters, for an instant also the seconds around it. The filter is asked for alone and "
            "beside others; the rows that come are compared with those that a plain evaluator of the spec keeps."
        ),
        ClauseFamily.BLANK: (
            "The parameter is sent with an empty value. The answer must be what the spec says of a blank, mostly "
            "that of the same request without the parameter."
        ),
        ClauseFamily.SCOPE: (
            "The list is asked for as each known user, for one customer by its id, for everyone and with those "
            "below, as far as the API has these. The owners that rows show must be the ones that were asked for "
            "and that the user may see."
        ),
        ClauseFamily.ORDER: (
            "Neighbours in each answer are compared by the key and the direction that were promised or asked for: "
            "the default order, every word to sort by, and words that do not exist."
        ),
        ClauseFamily.PAGING: (
            "Pages of several sizes are asked for, some that divide the number of rows and some that do not: the "
            "first, one within, the last and one beyond it, with cursors walks there and back. Each must be its "
            "slice of the sorted list, and together they must be the list: no row twice, none left out."
        ),
        ClauseFamily.TOTAL: (
            "The number that an answer tells is compared with the rows that match, on several pages, with filters "
            "and without, and with the switch that turns it off where there is one."
        ),
        ClauseFamily.COUNT_ONLY: (
            "The number is asked for in place of rows, with filters and without, and compared with the number of "
            "rows that the same request lists."
        ),
        ClauseFamily.INCLUDE: (
            "Rows are asked for with the switch left out, on and off: the part that it governs must be there or "
            "not, and nothing else may change."
        ),
        ClauseFamily.DEPENDENCE: (
            "Parameters that depend on one another are sent together and apart. The answers are compared with "
            "those to requests in which the dependent one is left out or refused, as the spec says."
        ),
        ClauseFamily.VALUES: (
            "Values that cannot be read, lie beyond a limit, are missing, or are spelt another way are sent. They "
            "must be refused with the documented error, ignored, or replaced, as the spec says."
        ),
        ClauseFamily.ZONE: (
            "The same list is asked for in several time zones: local times must shift by the difference of the "
            "zones and mean the same instants, and the answer must name the zone that it used."
        ),
        ClauseFamily.LAWS: (
            "Every row of the run is a witness and costs no request of its own: fields that have to do with one "
            "another (sums of durations, instants in order, a state and what it implies) must agree."
        ),
        ClauseFamily.ERRORS: (
            "Requests that must fail are sent. The error must come with the documented status and code, in the "
            "documented parts, without rows; errors that come unasked are held to the same."
        ),
        ClauseFamily.TRANSPORT: (
            "The same request is written in each way that the document allows (form, query, separators, slashes) "
            "and must get the same answer; ways that it does not allow must get the documented one."
        ),
        ClauseFamily.VERSIONS: (
            "Parameters that came with a later version are sent, to tell which version the server follows; a "
            "server of an older one must ignore them all."
        ),
    }
)

RULE_TESTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "known-world": (
            "Only a run with --world can test it: rows that `callharness generate` wrote and that were loaded "
            "into the server are compared with its list, value by value."
        ),
        "known-zone": (
            "Every success of the run is a witness: the zone that it names must be one that the time zone "
            "database knows."
        ),
        "root-element": ("Every answer of the run is a witness: its root element must be the documented one."),
    }
)

SHARED_TESTS: Final[Mapping[ClauseId, str]] = MappingProxyType(
    {
        STEADY_LIST: (
            "The list is asked for with its largest page three times by the same request, and up to nine times where "
            "the answers are not all of the same rows. A row may come and a row may go; what breaks the clause is a "
            "row that is listed, is missing from a later answer, and is listed again. Calls that began within the "
            "run or in the minute before it are not judged: copies of a list may not have them all yet."
        ),
    }
)
"""How a clause that every API shares is tested where its family says less."""

STANDARD_TEST: Final = (
    "Every exchange of the run is a witness and costs no request of its own: it is broken where reading the answer "
    "ends with one of these problems: {problems}."
)


def word_table() -> tuple[tuple[str, str, str], ...]:
    """Every word of a report: what kind of word it is, the word, and what it says, in one sentence or two."""
    named: tuple[tuple[str, Mapping[str, WordMeaning]], ...] = (
        ("verdict", {word.value: meaning for word, meaning in VERDICT_MEANINGS.items()}),
        ("colour", COLOUR_MEANINGS),
        ("level", {str(word): meaning for word, meaning in LEVEL_MEANINGS.items()}),
        ("basis", {str(word): meaning for word, meaning in BASIS_MEANINGS.items()}),
    )
    return tuple((kind, word, meaning.says) for kind, meanings in named for word, meaning in meanings.items())


def colours_by_clause(verdict: Verdict, gate: Gate) -> ColoursByClause:
    """What a gate makes of a verdict, by level and basis of the clause."""
    return MappingProxyType(
        {
            level: MappingProxyType(
                {basis: colour_of(verdict, level=level, basis=basis, gate=gate) for basis in BASES}
            )
            for level in LEVELS
        }
    )
