"""One finding for each defect: failures that are only the consequence of another one are explained away.

A defect shows in many probes, and each probe names the clause that it was sent for. At the end of a run every
breach is held against the others: a filter that is ignored also breaks the pages of what it keeps, a field of
another type also breaks the filter on it. The relation rests on what the spec says the clauses are carried by
(`paging.clauses.size`, `filters.NAME.clause`) and on what the requests had in common, never on single APIs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from harness.check.context import Breach, CheckContext
from harness.check.probe.mirror import Mirror, parse_row_count
from harness.specification.clause_families import constructs_by_clause
from harness.specification.field_path import FieldPath
from harness.specification.laws import paths_of_law
from harness.specification.model import (
    ClauseId,
    Listing,
    OpenChoice,
    RequestEncoding,
    all_clauses,
)
from harness.specification.paging_clauses import partition_clauses, size_default_clauses
from harness.wire.json_body import MISSING

_ENVELOPE: Final = (
    "outcome.envelope",
    "outcome.error.clauses.shape",
    "outcome.error.clauses.http",
    "outcome.success",
    "transport.answers",
    "transport.optional",
)
_STANDARD: Final = ("HTTP-FRAMING", "HTTP-CONTENT-TYPE", "JSON-SYNTAX", "XML-SYNTAX", "TEXT-ENCODING")
_WALKS: Final = ("paging.clauses.partition", "paging.clauses.prev")
_DEPENDENT: Final = (".loses-clause", ".regains-clause", ".excludes-clause", ".applies-clause")
_NO_ERROR: Final = ("an answer that cannot be read", "a success")
_MISSING_PART: Final = "it is missing"
PAGED: Final = ("short", "size", "slice", "unique", "partition")
# So many filters that are all ignored are one defect of how filters come together.
MANY_FILTERS: Final = 3


def settle_causes(session: CheckContext, mirror: Mirror) -> None:
    """Explains away what follows from another failure; the clause that explains best keeps its finding."""
    scene = _Scene.of(session, mirror)
    scene.conjunction()
    scene.rows_of_nowhere()
    scene.statuses()
    scene.errors()
    for rule in _RULES:
        for cause in scene.failed():
            if not scene.fails(cause):
                continue
            for other in scene.failed():
                if other != cause and scene.fails(cause) and scene.fails(other):
                    breaches = scene.told[other]
                    if breaches and all(rule(scene, cause, other, breach) for breach in breaches):
                        session.results.mark_consequence(other, cause)
    scene.codes()


@dataclass(slots=True)
class _Scene:
    """All breaches of a run, by clause, and what carries each clause."""

    session: CheckContext
    base: Mapping[str, Any]
    told: dict[ClauseId, list[Breach]] = field(default_factory=dict)
    places: dict[ClauseId, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, session: CheckContext, mirror: Mirror) -> _Scene:
        scene = cls(session=session, base=mirror.base)
        for breach in session.breaches:
            scene.told.setdefault(breach.clause, []).append(breach)
        for clause, constructs in constructs_by_clause(session.spec).items():
            scene.places[clause] = tuple(construct.name for construct in constructs)
        return scene

    @property
    def listing(self) -> Listing:
        return self.session.listing

    def fails(self, clause: ClauseId) -> bool:
        return self.session.results.first_failed((clause,)) is not None

    def failed(self) -> list[ClauseId]:
        """The clauses that fail, those that were seen first before the others."""
        return [clause for clause in self.told if self.fails(clause)]

    def carried(self, clause: ClauseId, *prefixes: str) -> bool:
        """Whether something of that name carries the clause."""
        return any(place.startswith(prefixes) for place in self.places.get(clause, ()))

    # --- what a breach is about -----------------------------------------------------------------------------

    def asked(self, breach: Breach) -> frozenset[str]:
        """The parameters that the request has beyond the run's window and the page size of its reading."""
        if breach.exchange is None:
            return frozenset()
        values = breach.exchange.list_request.values
        names = {name for name, value in values.items() if self.base.get(name) != value}
        return frozenset(names - self.switches())

    def switches(self) -> set[str]:
        return {include.parameter for include in self.listing.includes}

    def size(self) -> str | None:
        return self.listing.paging.size_parameter

    def steps(self) -> set[str]:
        """The parameters that lead to another page."""
        return set(self.listing.paging.place_parameters)

    def filters_asked(self, breach: Breach) -> list[str]:
        values = breach.exchange.list_request.values if breach.exchange is not None else {}
        return [name for name in values if name in self.listing.filters and values[name] not in ("", None, [], "[]")]

    def refused_wrongly(self) -> list[Mapping[str, Any]]:
        """The requests that got an error where rows, or none, were due."""
        every = [breach for breaches in self.told.values() for breach in breaches]
        return [
            one.exchange.list_request.values for one in every if one.exchange is not None and one.aspect == "outcome"
        ]

    def sound_apart(self, breach: Breach) -> bool:
        """Whether two filters that fail together are not known to fail alone."""
        asked = self.asked(breach) & set(self.listing.filters)
        return len(asked) > 1 and not any(self.fails(c) for name in asked for c in self.listing.filters[name].clause)

    def parameters_of(self, clause: ClauseId) -> set[str]:
        """The parameters whose working a clause promises."""
        names: set[str] = set()
        order = self.listing.order
        for place in self.places.get(clause, ()):
            parts = place.split(".")
            works = parts[0] == "filters" and parts[2] in ("clause", "word-clauses")
            if works or (parts[0] == "parameters" and parts[2] == "list-clause"):
                names.add(parts[1])
            elif place.startswith("order.sort.clauses.words") and order is not None and order.sort is not None:
                names.add(order.sort.parameter)
            elif place == "order.descending-clause" and order is not None and order.descending is not None:
                names.add(order.descending)
            elif place == "paging.clauses.slice":
                names |= self.steps()
            elif place == "paging.clauses.size" and self.size() is not None:
                names.add(str(self.size()))
            elif place.startswith(("scope.clauses.identity", "scope.word-clauses.")) and self.listing.scope:
                names.add(self.listing.scope.parameter or "")
        return names - {""}

    def fields_of(self, clause: ClauseId) -> set[FieldPath]:
        """The fields of a row that a clause on their form, or a law about them, is about."""
        names: set[FieldPath] = set()
        for place in self.places.get(clause, ()):
            parts = place.split(".")
            if parts[0] == "fields":
                names.add(FieldPath(tuple(parts[1:-1:2])))
            elif parts[0] == "laws":
                names |= set(paths_of_law(self.listing.laws[int(parts[1])]))
        return names

    def fields_touched(self, breach: Breach) -> set[FieldPath]:
        """The fields that a request filters or sorts by."""
        names: set[FieldPath] = set()
        for name in self.filters_asked(breach):
            names |= set(self.listing.filters[name].compares)
        order = self.listing.order
        if order is not None and order.sort is not None and breach.exchange is not None:
            word = str(breach.exchange.list_request.values.get(order.sort.parameter, "")).lstrip("-")
            names |= {FieldPath.of(word)} if word in self.listing.fields else set()
        return names

    # --- what is worked out of several breaches --------------------------------------------------------------

    def conjunction(self) -> None:
        """Filters that all fail where another one stands beside them fail as a conjunction."""
        clause = self.declared(self.listing.conjunction_clause)
        if clause is None or self.fails(clause):
            return
        single = [
            one
            for one in self.failed()
            if self.carried(one, "filters.")
            and all(b.kind == "stray" and len(self.filters_asked(b)) > 1 for b in self.told[one])
        ]
        others = {name for name in self.base if name in self.listing.filters}
        passed = [
            one
            for one in self.places
            if any(p.startswith("filters.") and p.endswith(".clause") for p in self.places[one])
            and not self.fails(one)
            and self.session.results.pass_count(one)
        ]
        if others and len(single) >= MANY_FILTERS and len(single) > len(passed):
            self.move(single[0], clause)
            for one in single[1:]:
                self.session.results.mark_consequence(one, clause)

    def rows_of_nowhere(self) -> None:
        """Rows that several filters find and the plain list lacks are missing there: no filter is to blame."""
        lost = [
            one
            for one in self.failed()
            if all(b.kind == "unknown" or (self.carried(one, "scope.") and not b.law) for b in self.told[one])
        ]
        single = [one for one in lost if self.carried(one, "filters.")]
        if len(single) < 2:
            return
        paging = self.listing.paging
        wanted = partition_clauses(paging) or size_default_clauses(paging) or self.listing.lists.clauses.rows
        totals = [one for one in self.failed() if self.carried(one, "total.")]
        clause = totals[0] if totals else self.declared(wanted)
        if clause is None:
            return
        if not self.fails(clause):
            self.move(single[0], clause)
        for one in lost:
            if one != clause and self.fails(one):
                self.session.results.mark_consequence(one, clause)

    def statuses(self) -> None:
        """The same HTTP status where several different refusals are due is one defect of how errors are told."""
        clause = self.declared(self.listing.outcome.error.clauses.http)
        if clause is None:
            return
        broken = [
            one
            for one in self.failed()
            if one != clause and all(b.kind in ("status", "broken-down") for b in self.told[one])
        ]
        if len(broken) < 2 and not (broken and self.fails(clause)):
            return
        if not self.fails(clause):
            self.move(broken[0], clause)
        for one in broken:
            if self.fails(one):
                self.session.results.mark_consequence(one, clause)

    def codes(self) -> None:
        """A code that no fault may tell breaks two promises at once: the more telling one keeps the finding."""
        outcome = self.listing.outcome
        only = self.declared(outcome.error.clauses.only_codes)
        if only is None or not self.fails(only):
            return
        told = [name for fault in outcome.faults.values() for name in fault.clause]
        own = dict.fromkeys(name for name in (*told, *all_clauses(self.listing.access.clauses)) if name != only)
        wrong = [name for name in own if self.fails(name)]
        if len(wrong) > 1:
            for name in wrong:
                self.session.results.mark_consequence(name, only)
        elif wrong:
            self.session.results.mark_consequence(only, wrong[0])

    def errors(self) -> None:
        """Errors that do not look like errors: one defect of their shape, and none of each refusal."""
        shape = self.declared(self.listing.outcome.error.clauses.shape)
        if shape is None:
            return
        lost = [one for one in self.failed() if one != shape and self._only_where_refused(one)]
        if not lost:
            return
        if not self.fails(shape):
            self.move(lost[0], shape)
        for one in self.failed():
            told = [b for b in self.told[one] if b.aspect in ("outcome", "fault", "unreadable")]
            bare = all(b.exchange is None or not b.exchange.rows for b in told)
            taken = told and len(told) == len(self.told[one]) and bare
            if one != shape and (one in lost or (taken and all(b.actual.startswith(_NO_ERROR) for b in told))):
                self.session.results.mark_consequence(one, shape)

    def _only_where_refused(self, clause: ClauseId) -> bool:
        """Whether an answer as a whole is wrong, and only where the request may be refused."""
        whole = clause in _STANDARD[2:] or self.carried(clause, "lists.clauses.rows", "outcome.envelope", "zone.")
        breaches = self.told[clause]
        if not whole or not all(b.law and b.exchange is not None for b in breaches):
            return False
        if clause not in _STANDARD and not all(_MISSING_PART in b.actual for b in breaches):
            return False
        refusable = [
            b
            for b in breaches
            if b.exchange is not None
            and any(
                meaning.error_name is not None
                for _, meaning in self.session.expected_answers(b.exchange.list_request)
            )
        ]
        return len(breaches) > 1 and len(refusable) * 2 >= len(breaches)

    def declared(self, clauses: Iterable[ClauseId]) -> ClauseId | None:
        return next((clause for clause in clauses if clause in self.session.results.clauses), None)

    def move(self, clause: ClauseId, to: ClauseId) -> None:
        """Gives the finding of one clause to another one, which it shows to be broken."""
        self.session.results.move_finding(clause, to)
        self.told.setdefault(to, []).extend(self.told[clause])


# --- how one failure explains another -----------------------------------------------------------------------


def _either(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """What two clauses promise together, one of which fails by itself."""
    return cause in breach.either and breach.number >= scene.told[cause][0].number


def _counted_by_default(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """A number where rows are due by default: what the answer lacks is lacking for that reason."""
    if not scene.carried(cause, "count-only.clauses.default"):
        return False
    switch = scene.listing.count_only.parameter if scene.listing.count_only else ""
    asked = breach.exchange.list_request.values if breach.exchange is not None else {}
    return switch not in asked and breach.exchange is not None and breach.exchange.rows is None


def _envelope(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """An answer that is not built as promised cannot keep what it should hold either."""
    laws = [one for one in scene.told[cause] if one.law]
    if not laws or breach.law:
        return False
    if breach.kind == "bare":
        return scene.carried(cause, "lists.")
    if scene.carried(cause, "outcome.envelope") and scene.carried(other, *_WALKS):
        return True
    if breach.exchange is None or breach.exchange.answer is None:
        return False
    answer = breach.exchange.answer
    bare = breach.exchange.rows is None and answer.outcome != "error"
    if scene.carried(cause, *_ENVELOPE):
        if breach.kind in ("code", "names", "message", "key"):
            return answer.code is MISSING or breach.kind != "code" or any(_code(one) == answer.code for one in laws)
        if breach.aspect in ("unreadable", "outcome", "count") or (
            answer.outcome == "error" and answer.code is MISSING
        ):
            return True
    if scene.carried(cause, *_ENVELOPE, "lists.clauses.rows", "lists.clauses.empty") and bare:
        return True
    if str(cause) in _STANDARD and breach.aspect in ("unreadable", "outcome"):
        return answer.outcome == "unreadable"
    if scene.carried(cause, "total.") and not scene.carried(cause, "total.clauses.sum"):
        first = laws[0].number <= breach.number
        return first and (
            breach.aspect == "total" or scene.carried(other, "total.clauses", "paging.clauses.partition")
        )
    return False


def _code(breach: Breach) -> Any:
    answer = breach.exchange.answer if breach.exchange is not None else None
    return answer.code if answer is not None else MISSING


def _lost_letters(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """A value that came in a wrong encoding cannot be asked for as it is."""
    if cause != "TEXT-ENCODING" or breach.exchange is None:
        return False
    asked = [breach.exchange.list_request.values[name] for name in scene.filters_asked(breach)]
    return any(isinstance(value, str) and set(value) & {"?", "\ufffd"} for value in asked)


def _field(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """What a row shows wrongly cannot be filtered or sorted by either."""
    if breach.law or not any(one.law for one in scene.told[cause]):
        return False
    about, touched = scene.fields_of(cause), scene.fields_touched(breach)
    if about & touched:
        return True
    order = scene.listing.order
    if order is not None and breach.aspect in ("order", "slice"):
        return bool(about & set(order.by.options if isinstance(order.by, OpenChoice) else (order.by,)))
    return False


def _repeated(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """Rows that stand twice, or without their identity, break what counts and shares out rows."""
    keys = scene.fields_of(cause)
    identity = FieldPath.of(scene.listing.lists.identity) in keys and any(one.law for one in scene.told[cause])
    if not identity and not (scene.carried(cause, "lists.clauses.unique") and any(b.law for b in scene.told[cause])):
        return False
    return not breach.law and (breach.kind in ("unknown", "missing", "") or breach.aspect in (*PAGED, "total"))


def _dependence(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """A parameter that should give way to another one and does not: both together look like a bad conjunction."""
    if not scene.carried(other, "conjunction"):
        return False
    names = {place.split(".")[1] for place in scene.places.get(cause, ()) if place.endswith(_DEPENDENT)}
    return bool(names & set(scene.filters_asked(breach)))


def _window(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """A filter of the run's own window that does not keep what it should: everything lies in that window."""
    names = scene.parameters_of(cause) & (set(scene.base) | set(scene.listing.filters))
    bounds = {
        name
        for name in names
        if name in scene.listing.filters and scene.listing.filters[name].keeps in ("at-or-after", "at-or-before")
    }
    mine = scene.told[cause]
    if not bounds or not any(scene.asked(one) <= bounds | {scene.size() or ""} for one in mine):
        return False
    values = breach.exchange.list_request.values if breach.exchange is not None else scene.base
    return not breach.law and bool(bounds & {*values, *scene.base})


def _default_order(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """The order when nothing is said: other orders and pages are judged by it."""
    if not scene.carried(cause, "order.clause", "order.descending-default"):
        return False
    order = scene.listing.order
    sort = order.sort.parameter if order and order.sort else ""
    if not any(sort not in scene.asked(one) for one in scene.told[cause]):
        return False
    if scene.carried(other, "order.sort.clauses.words", "order.descending-clause", "order.descending-default"):
        return breach.aspect in ("order", "slice", "rows")
    return breach.aspect in ("order", "slice") or (scene.carried(other, "paging.") and not breach.law)


def _default_size(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """The size when none is given: the echo of a size, and what is missing from such a page."""
    if not scene.carried(cause, "paging.clauses.size-default", "parameters.limit.default"):
        return False
    size = scene.size()
    values = breach.exchange.list_request.values if breach.exchange is not None else {}
    if size is None or values.get(size) not in (None, ""):
        return False
    return (breach.law and scene.carried(other, "echoes.")) or breach.aspect in ("size", "short", "rows", "count")


def _size(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """A page size that is not kept: pages overlap, lack rows, or hold too many."""
    size = scene.size()
    if size is None or not scene.carried(cause, "paging.clauses.size"):
        return False
    if scene.carried(cause, "paging.clauses.size-") and not scene.carried(cause, "echoes."):
        return False
    shown = [one for one in scene.told[cause] if one.aspect in ("size", "short") or one.law]
    if not any(one.exchange is not None and size in one.exchange.list_request.values for one in shown):
        return False
    if breach.kind == "stray" or breach.law:
        return False
    return breach.aspect in (*PAGED, "rows") or scene.carried(other, "paging.")


def _parameter(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """A parameter that does not do its work: whatever else it takes part in fails, too."""
    names = scene.parameters_of(cause)
    size = {scene.size()} if scene.size() else set()
    own = [one for one in scene.told[cause] if not one.law and scene.asked(one) & names]
    companions = {kept.named_by.parameter for n in names if (kept := scene.listing.filters.get(n)) and kept.named_by}
    alone = [one for one in own if scene.asked(one) <= names | size | companions]
    if not alone and names <= set(scene.listing.filters) and scene.asked(breach) & scene.steps():
        # What goes wrong on later pages only, goes wrong there whatever leads to them.
        alone = [one for one in own if scene.asked(one) <= names | size | companions | scene.steps()]
    if not alone or breach.exchange is None:
        return False
    used = {name for name in names if breach.exchange.list_request.values.get(name) not in (None, "")}
    echoed = {echo.of for echo in scene.listing.echoes if set(echo.clause) & {other}}
    if breach.law:
        return bool(echoed & names)
    about = scene.parameters_of(other)
    if (about and about <= names) or scene.carried(other, "paging.clauses.partition"):
        return False
    if scene.carried(other, "paging.clauses.first") and breach.number <= own[0].number:
        # Pages that are counted from another one: the first page tells it.
        return False
    return bool(used)


def _flag(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """A flag that means the same whatever it says: another word is taken in the same wrong way."""
    names = {one.parameter for one in scene.listing.includes if cause in all_clauses(one.clauses)}
    scope = scene.listing.scope
    if scope is not None and scope.children_only is not None:
        switch = scope.children_only
        names |= {switch.parameter} if cause in all_clauses(switch.clauses) else set()
    return any(_is_odd(scene, name, breach) for name in names)


def _switched(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """A switch that loses rows: the list was first read with it, and other lists show rows that it lacked."""
    return breach.kind == "unknown" and any(one.kind == "switch" for one in scene.told[cause])


def _understood(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """A value of a wrong form that is understood all the same: the request is then refused for another reason."""
    names = {name for name, known in scene.listing.parameters.items() if known.bad and cause in known.bad.clause}
    return breach.kind == "code" and any(_is_odd(scene, name, breach) for name in names)


def _is_odd(scene: _Scene, name: str, breach: Breach) -> bool:
    known = scene.listing.parameters[name].bad
    asked = breach.exchange.list_request.values if breach.exchange is not None else {}
    return known is not None and name in asked and str(asked[name]) in {str(one) for one in known.like}


def _fewer(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """A filter that is wrong by itself in a request of which another one only has more: no bad conjunction."""
    if not scene.carried(other, "conjunction"):
        return False
    names, asked = scene.parameters_of(cause), scene.asked(breach)
    return any(
        one.kind == breach.kind
        and scene.asked(one) & set(scene.listing.filters) <= names
        and names & scene.asked(one)
        and scene.asked(one) <= asked
        for one in scene.told[cause]
    )


def _pages(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """Pages that do not lead on, or do not share out the list: the other promises about pages rest on that."""
    if scene.carried(other, "total.clauses.bound"):
        walked = scene.carried(cause, "paging.clauses.slice", "paging.clauses.partition")
        return walked and scene.told[cause][0].number <= breach.number
    if breach.law and breach.clause != "PAGING-LOOP":
        steps = {echo.of for echo in scene.listing.echoes if other in echo.clause} & scene.steps()
        return scene.carried(cause, "paging.clauses.slice") and bool(steps)
    if scene.carried(cause, "paging.clauses.prefix") and scene.carried(other, "paging.clauses.size"):
        return breach.aspect in ("rows", "slice")
    paged = scene.carried(other, "paging.") or other == "PAGING-LOOP"
    if not paged or scene.carried(other, "paging.clauses.size"):
        return False
    if scene.carried(cause, "paging.clauses.partition"):
        return not scene.carried(other, "paging.clauses.partition")
    if scene.carried(cause, "paging.clauses.first"):
        # Pages that are counted from another one: the first page tells it.
        return scene.told[cause][0].number <= breach.number
    return False


def _cut_first(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """A list that is cut before its rows are chosen or sorted: what goes wrong only where a size is given."""
    size = scene.size()
    if size is None or not scene.carried(cause, "paging.clauses.prefix") or breach.law or breach.exchange is None:
        return False
    return size in breach.exchange.list_request.values and breach.aspect in ("slice", "short", "rows")


def _stuck(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """The same page again and again is a way on that is not taken."""
    if not scene.carried(cause, "paging.clauses.slice"):
        return False
    if not any("second time" in one.actual and _whole_again(one) for one in scene.told[cause]):
        return False
    return scene.carried(other, "paging.") or other == "PAGING-LOOP" or scene.carried(other, "echoes.")


def _whole_again(breach: Breach) -> bool:
    words = breach.actual.split()
    return len(words) > 2 and words[0] == words[2]


def _totals(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """Of several promises about one wrong total the one that was seen broken first tells it."""
    if not scene.carried(cause, "total.clauses"):
        return False
    first = scene.told[cause][0].number <= breach.number
    if scene.carried(other, "total.clauses"):
        return first and breach.aspect in ("total", "")
    return first and (breach.aspect == "total" or _lost_for_total(scene, other, breach))


def _lost_for_total(scene: _Scene, other: ClauseId, breach: Breach) -> bool:
    """Rows of a plain page that a total, taken for true, seemed to promise."""
    plain = not (scene.asked(breach) - scene.steps() - {scene.size()})
    return plain and breach.kind in ("missing", "unknown") and scene.carried(other, "paging.")


def _together(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """Filters that do not hold together: nothing with two of them can be right."""
    if not scene.carried(cause, "conjunction"):
        return False
    if not any(scene.sound_apart(one) for one in scene.told[cause]):
        return False
    dependent = any(place.endswith(_DEPENDENT) for place in scene.places.get(other, ()))
    return not breach.law and not dependent and len(scene.filters_asked(breach)) > 1


def _nothing(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """How it is told that nothing matches: filters and pages beyond the end tell it the same wrong way."""
    if not scene.carried(cause, "no-match", "lists.clauses.empty"):
        return False
    mine = [one.exchange for one in scene.told[cause] if one.exchange is not None and one.exchange.answer is not None]
    outcomes = {one.answer.outcome for one in mine if one.answer is not None}
    came = breach.exchange.answer if breach.exchange is not None else None
    if came is None:
        return False
    if breach.law:
        # The law was broken by the very answers that tell it wrongly.
        asks = [one.list_request.values for one in mine] + scene.refused_wrongly()
        shared = any(
            one.exchange is not None and one.exchange.list_request.values in asks for one in scene.told[other]
        )
        return shared and (came.outcome == "error" or parse_row_count(came.total) == 0)
    if breach.nothing_due:
        return True
    return came.outcome == "error" and "error" in outcomes and breach.aspect in ("outcome", "")


def _carried_wrongly(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """A way to carry a request that is not understood: other operations by that way are not either."""
    ways = scene.listing.transport.also
    if not scene.carried(cause, "transport.also.") or not scene.carried(other, "transport.also."):
        return False
    mine = {_way(one, ways) for one in scene.told[cause]} - {None}
    return _way(breach, ways) in mine


def _way(breach: Breach, ways: Mapping[str, RequestEncoding]) -> str | None:
    """Where a request by another way has its parameters."""
    name = breach.exchange.list_request.encoding_name if breach.exchange is not None else None
    return ways[name].carries if name in ways and name is not None else None


def _scope(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """Whose rows are shown when nothing is said: what others see is judged by it."""
    if breach.law or not scene.carried(cause, "scope.") or not scene.carried(other, "scope."):
        return False
    return scene.told[cause][0].number <= breach.number


def _let_in(scene: _Scene, cause: ClauseId, other: ClauseId, breach: Breach) -> bool:
    """Who lets in credentials of any kind lets in those without a scheme or a role, too."""
    if not scene.carried(cause, "access.clauses.wrong-refused", "access.jwt.clauses.malformed"):
        return False
    open_to_all = any(one.aspect == "fault" and one.kind == "outcome" for one in scene.told[cause])
    refusal = breach.aspect == "fault" and breach.kind == "outcome"
    return open_to_all and refusal and scene.carried(other, "access.")


_Rule = Callable[[_Scene, ClauseId, ClauseId, Breach], bool]
_RULES: Final[tuple[_Rule, ...]] = (
    _either,
    _counted_by_default,
    _envelope,
    _lost_letters,
    _repeated,
    _field,
    _size,
    _dependence,
    _together,
    _window,
    _nothing,
    _default_order,
    _default_size,
    _cut_first,
    _stuck,
    _totals,
    _parameter,
    _flag,
    _switched,
    _understood,
    _fewer,
    _pages,
    _carried_wrongly,
    _let_in,
    _scope,
)
