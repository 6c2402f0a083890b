"""Row laws: what must hold inside a row, whatever was asked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Final

from harness.check.context import CheckContext, Exchange, Row
from harness.check.probe.answer_checks import shown_check
from harness.check.results.evidence import render_value
from harness.specification.field_path import FieldPath
from harness.specification.laws import paths_of_law
from harness.specification.model import (
    EqualsSpanLaw,
    Field,
    FieldCondition,
    ImpliesLaw,
    InsideLaw,
    Listing,
    NonNegativeLaw,
    NotBeforeLaw,
    NotFutureLaw,
    NotOlderLaw,
    OneOfLaw,
    OpenChoice,
    RowLaw,
    Scalar,
    WithinSpanLaw,
)
from harness.wire.derived_fields import seconds_of_number
from harness.wire.http_messages import HttpResponse
from harness.wire.row_codec import ApiRow, ApiValue, FieldProblem, absent_forms, field_at
from harness.wire.scalar_codecs import DecodeError
from harness.wire.scalar_codecs import zone_named as zone_named
from harness.wire.time_codecs import is_wall_clock

ExactNumber = int | Decimal
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR: Final = 3600
_KEPT_A_LITTLE: Final = 60
"""Seconds for which a row that is no longer kept may still be listed: nobody removes rows the moment they are old."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LawContext:
    """What a law may use besides the row: the fields' grammar, the latest instant, and what the request tells.

    `newest` are the latest instants that rows of the run show in fields with an age.
    `requested_words` are the values that a field can have because a filter asked for them; `zone` is the one in
    which local times were read, and `sure_of_zone` whether the server is known to mean it.
    """

    fields: Mapping[str, Field]
    latest: datetime | None = None
    zone: str = "UTC"
    sure_of_zone: bool = True
    requested_words: Mapping[FieldPath, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    newest: Mapping[FieldPath, datetime] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class LawBreach:
    """What a law expected of a row, and what the row shows."""

    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class RowView:
    """A row, or one nested row together with the row around it."""

    row: ApiRow
    head: str = ""
    inner: ApiRow | None = None

    def has_field(self, path: FieldPath) -> bool:
        """Whether the field was read."""
        source, name = self._locate_field(path)
        return source is not None and name in source

    def field_value(self, path: FieldPath) -> ApiValue:
        """What the field shows."""
        source, name = self._locate_field(path)
        return source[name] if source is not None else None

    def _locate_field(self, path: FieldPath) -> tuple[ApiRow | None, str]:
        if path.inner is None:
            return self.row, path.head
        return (self.inner if path.head == self.head else None), str(path.inner)


def row_views(row: ApiRow, law: RowLaw) -> Iterator[RowView]:
    """The row itself, or each of the nested rows that the law speaks of."""
    heads = {path.head for path in paths_of_law(law) if path.inner is not None}
    if not heads:
        yield RowView(row)
        return
    for head in sorted(heads):
        inner_rows = row.get(head)
        for inner in inner_rows if isinstance(inner_rows, tuple) else ():
            if isinstance(inner, Mapping):
                yield RowView(row, head, inner)


# --- comparing ----------------------------------------------------------------------------------------------


def value_is(shown: ApiValue, wanted: Scalar, known: Field | None) -> bool:
    """Whether a shown value is the value that a spec names; numbers compare exactly, whatever their type."""
    if shown is None or shown == ():
        absents = absent_forms(known) if known is not None else frozenset()
        return (wanted == 0 and not isinstance(wanted, bool) and "zero" in absents) or (
            wanted == "" and "empty" in absents
        )
    if isinstance(shown, bool) or isinstance(wanted, bool):
        return shown is wanted
    left, right = as_number(shown), as_number(wanted)
    if left is not None and right is not None:
        return left == right
    return isinstance(shown, str) and shown == str(wanted)


def as_number(value: object) -> ExactNumber | None:
    """The number that is compared; None for what is no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    return None


def compare_values(first: ApiValue, second: ApiValue) -> int | None:
    """-1, 0 or 1; None when the two cannot be compared."""
    left, right = as_number(first), as_number(second)
    if left is not None and right is not None:
        return int(left > right) - int(left < right)
    if isinstance(first, datetime) and isinstance(second, datetime):
        return int(first > second) - int(first < second)
    if type(first) is date and type(second) is date:
        return int(first > second) - int(first < second)
    if isinstance(first, str) and isinstance(second, str):
        return int(first > second) - int(first < second)
    return None


def condition_holds(condition: FieldCondition, view: RowView, law_context: LawContext) -> bool | None:
    """Whether a condition holds; None when its field was not read and the request does not tell it either."""
    known = field_at(law_context.fields, condition.field)
    requested_words = law_context.requested_words.get(condition.field)
    if not view.has_field(condition.field) or (view.field_value(condition.field) is None and requested_words):
        return _holds_by_request(condition, requested_words) if requested_words else None
    value = view.field_value(condition.field)
    nothing = value is None or value == ()
    if condition.present is not None and condition.present is nothing:
        return False
    if condition.is_ and not any(value_is(value, wanted, known) for wanted in condition.is_):
        return False
    return not any(value_is(value, wanted, known) for wanted in condition.not_)


def _holds_by_request(condition: FieldCondition, requested_words: frozenset[str]) -> bool | None:
    if condition.present is False:
        return False
    wanted = {str(item) for item in condition.is_}
    unwanted = {str(item) for item in condition.not_}
    if wanted and not requested_words & wanted:
        return False
    if requested_words & unwanted:
        return False if requested_words <= unwanted else None
    return True if not wanted or requested_words <= wanted else None


def describe_condition(condition: FieldCondition) -> str:
    """A condition in words."""
    if condition.is_:
        return f"{condition.field} is {' or '.join(str(item) for item in condition.is_)}"
    if condition.not_:
        return f"{condition.field} is not {' or '.join(str(item) for item in condition.not_)}"
    return f"{condition.field} shows {'something' if condition.present else 'nothing'}"


def _is_local(law_context: LawContext, path: FieldPath) -> bool:
    known = field_at(law_context.fields, path)
    return known is not None and is_wall_clock(known.as_, known.format)


def _is_repeated_hour(law_context: LawContext, *instants: tuple[FieldPath, datetime]) -> bool:
    """Whether a local time among these stands in an hour that the zone's clocks show twice."""
    if not law_context.sure_of_zone:
        # The clocks of a zone that nobody named may be put back at any time.
        return any(_is_local(law_context, path) for path, _ in instants)
    try:
        zone = zone_named(law_context.zone)
    except DecodeError:
        return False
    for path, instant in instants:
        if not _is_local(law_context, path):
            continue
        try:
            local = instant.astimezone(zone)
        except (ValueError, OverflowError):
            continue
        if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
            return True
    return False


# --- one function per law -----------------------------------------------------------------------------------


def check_implies(law: ImpliesLaw, view: RowView, law_context: LawContext) -> LawBreach | bool | None:
    """Where `when` holds, `then` does."""
    holds = condition_holds(law.then, view, law_context)
    if holds is None:
        return None
    if holds:
        return True
    expected = f"{describe_condition(law.then)} where {describe_condition(law.when)}"
    return LawBreach(expected, _field_text(view, law.then.field))


def check_not_before(law: NotBeforeLaw, view: RowView, law_context: LawContext) -> LawBreach | bool | None:
    """`field` is not earlier than `than`; one that shows nothing is earlier than nothing."""
    return _check_sequence(law.than, law.field, law.slack_seconds, view, law_context)


def check_inside(law: InsideLaw, view: RowView, law_context: LawContext) -> LawBreach | bool | None:
    """`field` of nested rows is not earlier than `than` of the row around, and not later than `until`.

    Servers show the nested rows of another row (`targets_of_other`).
    """
    begun = _check_sequence(law.than, law.field, law.slack_seconds, view, law_context)
    if isinstance(begun, LawBreach) or law.until is None:
        return begun
    ended = _check_sequence(law.field, law.until, law.slack_seconds, view, law_context)
    return begun if ended is None else ended


def _check_sequence(
    other: FieldPath, path: FieldPath, slack_seconds: int, view: RowView, law_context: LawContext
) -> LawBreach | bool | None:
    """Whether what stands at `path` is not before what stands at `other`, give or take the slack."""
    if not view.has_field(path) or not view.has_field(other):
        return None
    later, earlier = view.field_value(path), view.field_value(other)
    if isinstance(later, datetime) and isinstance(earlier, datetime):
        # Differences never overflow, sums near the year 9999 do.
        behind = (earlier - later).total_seconds()
        holds = behind <= slack_seconds
        if (
            not holds
            and behind <= slack_seconds + _HOUR
            and _is_repeated_hour(law_context, (path, later), (other, earlier))
        ):
            return None
    else:
        left, right = as_number(later), as_number(earlier)
        if left is None or right is None:
            return None
        holds = left >= right - slack_seconds
    if holds:
        return True
    slack = f" (less {slack_seconds} s)" if slack_seconds else ""
    return LawBreach(f"{path} not before {other}{slack}", f"{_field_text(view, path)}, {_field_text(view, other)}")


def check_not_future(law: NotFutureLaw, view: RowView, law_context: LawContext) -> LawBreach | bool | None:
    """`field` is not after the latest instant, give or take the slack."""
    path = law.field
    if not view.has_field(path) or law_context.latest is None:
        return None
    value = view.field_value(path)
    if not isinstance(value, datetime):
        return None
    ahead = (value - law_context.latest).total_seconds()
    if ahead <= law.slack_seconds:
        return True
    if _is_local(law_context, path) and not law_context.sure_of_zone and ahead <= law.slack_seconds + 14 * _HOUR:
        return None
    return LawBreach(f"{path} not after {render_value(law_context.latest)}", _field_text(view, path))


def check_not_older(law: NotOlderLaw, view: RowView, law_context: LawContext) -> LawBreach | bool | None:
    """`field` lies no further back than the law says, give or take the slack.

    That is reckoned from the newest row, which is no later than now: the clock of a target may stand still.
    """
    path = law.field
    newest, value = law_context.newest.get(path), view.field_value(path) if view.has_field(path) else None
    if newest is None or not isinstance(value, datetime):
        return None
    past = (newest - value).total_seconds()
    if past <= law.seconds + law.slack_seconds + _KEPT_A_LITTLE:
        return True
    earliest = newest - timedelta(seconds=law.seconds)
    return LawBreach(f"{path} not before {render_value(earliest)}", _field_text(view, path))


def check_non_negative(law: NonNegativeLaw, view: RowView, law_context: LawContext) -> LawBreach | bool | None:
    """`field` is not below 0; an instant is not before 1970."""
    path = law.field
    if not view.has_field(path):
        return None
    value = view.field_value(path)
    number = as_number(value)
    if number is not None:
        holds = number >= 0
    elif isinstance(value, datetime):
        holds = value >= EPOCH
    else:
        known = field_at(law_context.fields, path)
        # "None" written as 0 is a number that is not below 0.
        return True if value is None and known is not None and "zero" in absent_forms(known) else None
    return True if holds else LawBreach(f"{path} at least 0", _field_text(view, path))


def check_one_of(law: OneOfLaw, view: RowView, law_context: LawContext) -> LawBreach | bool | None:
    """`field` has one of the values."""
    path = law.field
    if not view.has_field(path):
        return None
    known = field_at(law_context.fields, path)
    if any(value_is(view.field_value(path), wanted, known) for wanted in law.values):
        return True
    return LawBreach(f"{path} one of {', '.join(str(value) for value in law.values)}", _field_text(view, path))


def check_span(law: EqualsSpanLaw | WithinSpanLaw, view: RowView, law_context: LawContext) -> LawBreach | bool | None:
    """`field` is the number of seconds from `than` to `other-field`, or no more than those.

    Servers count in milliseconds, all rows or those of long ago (`old_duration_ms`).
    """
    path, first, last = law.field, law.than, law.other_field
    if not all(view.has_field(name) for name in (path, first, last)):
        return None
    told, start, end = view.field_value(path), view.field_value(first), view.field_value(last)
    seconds = as_number(seconds_of_number(field_at(law_context.fields, path), told))
    if seconds is None or not isinstance(start, datetime) or not isinstance(end, datetime):
        return None
    span = Decimal((end - start) // timedelta(microseconds=1)) / 1_000_000
    beyond = Decimal(seconds) - span
    if beyond <= law.slack_seconds and (isinstance(law, WithinSpanLaw) or -beyond <= law.slack_seconds):
        return True
    most = "at most " if isinstance(law, WithinSpanLaw) else ""
    return LawBreach(f"{path} of {most}{span} s, from {first} to {last}", _field_text(view, path))


def judge_view(law: RowLaw, view: RowView, law_context: LawContext) -> LawBreach | bool | None:
    """Whether a row keeps a law, or how it breaks it; None where what it shows leaves that open."""
    match law:
        case ImpliesLaw():
            return check_implies(law, view, law_context)
        case NotBeforeLaw():
            return check_not_before(law, view, law_context)
        case InsideLaw():
            return check_inside(law, view, law_context)
        case NotFutureLaw():
            return check_not_future(law, view, law_context)
        case NotOlderLaw():
            return check_not_older(law, view, law_context)
        case NonNegativeLaw():
            return check_non_negative(law, view, law_context)
        case OneOfLaw():
            return check_one_of(law, view, law_context)
        case EqualsSpanLaw() | WithinSpanLaw():
            return check_span(law, view, law_context)


_SINGLE_FIELD_LAWS: Final = (NotFutureLaw, NotOlderLaw, NonNegativeLaw, OneOfLaw)
_NO_PATHS: Final[frozenset[FieldPath]] = frozenset()


def judge_row(law: RowLaw, row: ApiRow, law_context: LawContext) -> tuple[int, LawBreach | None]:
    """How often the law could have been broken in a row, and the first breach."""
    times = 0
    for view in row_views(row, law):
        if law.when is not None and condition_holds(law.when, view, law_context) is not True:
            continue
        verdict = judge_view(law, view, law_context)
        if verdict is None:
            continue
        times += 1
        if isinstance(verdict, LawBreach):
            return times, verdict
    return times, None


# --- on answers ---------------------------------------------------------------------------------------------


def check_row_laws(context: CheckContext, exchange: Exchange, judged: Sequence[Row]) -> None:
    """Judges rows of an answer by every law of a single row."""
    laws = [law for law in context.listing.laws if isinstance(law, RowLaw)]
    if not laws or not judged:
        return
    law_context = law_context_of(context, exchange)
    aged = [law for law in laws if isinstance(law, NotOlderLaw)]
    if aged:
        _note_newest(context, aged, judged, law_context.latest)
        law_context = replace(law_context, newest=context.facts.newest_shown)
    # What is wrong by itself explains what is wrong beside it, and is told first.
    laws.sort(key=lambda law: not isinstance(law, _SINGLE_FIELD_LAWS))
    # A clock that is ahead shows in every instant: the beginning tells it.
    laws.sort(key=lambda law: isinstance(law, NotFutureLaw) and not _is_about_start(context, law))
    blamed: dict[int, set[FieldPath]] = {}
    ahead: set[int] = set()
    for law in laws:
        broken: list[tuple[Row, LawBreach]] = []
        times = 0
        paths = set(paths_of_law(law))
        for index, row in enumerate(judged):
            if (
                (isinstance(law, NotFutureLaw) and index in ahead)
                or paths & blamed.get(index, _NO_PATHS)
                or paths & {flaw.field for flaw in row.flaws if not _is_told(row, flaw)}
            ):
                continue
            seen, breach = judge_row(law, row.shown, law_context)
            times += seen
            if breach is not None:
                broken.append((row, breach))
                if isinstance(law, NotFutureLaw):
                    ahead.add(index)
                if isinstance(law, _SINGLE_FIELD_LAWS):
                    blamed.setdefault(index, set()).update(paths)
        if broken:
            _report_breach(context, exchange, law, broken, len(judged), law_context)
        else:
            context.results.record_pass(law.clause, times=times)


def _note_newest(
    context: CheckContext, laws: Sequence[NotOlderLaw], rows: Sequence[Row], latest: datetime | None
) -> None:
    """Keeps the latest instants that rows show in fields with an age; what lies ahead is judged elsewhere."""
    newest = dict(context.facts.newest_shown)
    for law in laws:
        shown = [value for row in rows for value in row.values(law.field) if isinstance(value, datetime)]
        past = [value for value in shown if latest is None or value <= latest]
        if past:
            newest[law.field] = max(past) if law.field not in newest else max(*past, newest[law.field])
    context.facts.newest_shown = newest


def _is_told(row: Row, flaw: FieldProblem) -> bool:
    """Whether a row tells a value all the same; that it has none, in an undocumented form, breaks no law."""
    return flaw.understood and any(value not in (None, ()) for value in row.values(flaw.field))


def _is_about_start(context: CheckContext, law: NotFutureLaw) -> bool:
    field = field_at(context.listing.fields, law.field)
    return field is not None and field.shows == "started_at"


def law_context_of(context: CheckContext, exchange: Exchange) -> LawContext:
    """What laws may use besides the rows of this answer."""
    zone = context.listing.zone
    requested_zone = None
    if zone is not None and zone.parameter is not None and exchange.list_request.values.get(zone.parameter):
        requested_zone = context.zone_of_request(exchange.list_request)
    default = zone.default if zone is not None else "UTC"
    return LawContext(
        fields=context.listing.fields,
        zone=exchange.zone,
        sure_of_zone=requested_zone == exchange.zone or bool(context.dialect.known_answers(default)),
        latest=latest_instant(context, exchange),
        requested_words=words_requested_by_filters(context, exchange),
    )


def latest_instant(context: CheckContext, exchange: Exchange) -> datetime | None:
    """The instant after which nothing in the answer can have happened, by the server's clock."""
    bounds: list[datetime] = []
    response = exchange.response
    if isinstance(response, HttpResponse) and response.header("date"):
        try:
            stamped = parsedate_to_datetime(response.header("date") or "")
            if stamped.tzinfo is not None:
                # A Date has whole seconds: the answer was made up to one second later.
                bounds.append(stamped.astimezone(UTC) + timedelta(seconds=1))
        except (TypeError, ValueError, OverflowError):
            pass
    now = context.options.now
    if isinstance(now, datetime) and not bounds:
        skew = context.clock_skew_seconds or 0.0
        if not math.isfinite(skew) or abs(skew) > 10**9:
            skew = 0.0
        # `now` is the run's beginning: without a Date, each request may have taken its time.
        bounds.append(now.astimezone(UTC) + timedelta(seconds=skew + 2 * context.requests))
    return max(bounds) if bounds else None


def words_requested_by_filters(context: CheckContext, exchange: Exchange) -> Mapping[FieldPath, frozenset[str]]:
    """The words that a field can have in these rows, because a filter asked for them."""
    requested_words: dict[FieldPath, frozenset[str]] = {}
    listing = context.listing
    for name, filter_ in listing.filters.items():
        requested = exchange.list_request.values.get(name)
        if len(filter_.compares) != 1 or filter_.keeps != "equal" or filter_.named_by is not None:
            continue
        if (
            not isinstance(requested, str)
            or not requested
            or requested in filter_.no_filter
            or not context.parameters_work(name)
        ):
            continue
        if exchange.list_request.repeated.get(name) or exchange.list_request.left_out:
            continue
        words = filter_.words.get(requested, (requested,))
        told = [(one.field, tuple(map(str, one.is_))) for one in filter_.conditions_of(requested)]
        for path, shown in told or [(filter_.compares[0], () if isinstance(words, OpenChoice) else words)]:
            if shown and set(shown) <= _field_vocabulary(listing, path):
                requested_words[path] = frozenset(shown)
    return requested_words


def _field_vocabulary(listing: Listing, path: FieldPath) -> set[str]:
    known = field_at(listing.fields, path)
    return set() if known is None else {*known.words.values(), *known.more_words}


def _report_breach(
    context: CheckContext,
    exchange: Exchange,
    law: RowLaw,
    broken: Sequence[tuple[Row, LawBreach]],
    judged: int,
    law_context: LawContext,
) -> None:
    first, came = broken[0][1], len(exchange.listed)
    seen_before = f" (of {came}: the others were seen before)" if judged < came else ""
    names = [context.listing.lists.identity, *(path.head for path in paths_of_law(law))]
    when = law.when
    by_request = when is not None and when.field in law_context.requested_words
    hidden = by_request and when is not None and all(row.shown.get(str(when.field)) is None for row, _ in broken)
    context.fail(
        law.clause,
        context.clause_text(law.clause, law.law),
        expected=first.expected,
        actual=f"{first.actual}; in {len(broken)} of {judged} rows{seen_before}",
        exchange=exchange,
        rows=[row for row, _ in broken],
        fields=names,
        check=shown_check(context, [row for row, _ in broken], names),
        # What is known only because a filter asked for it may be the filter's fault.
        inferred=hidden,
    )


def _field_text(view: RowView, path: FieldPath) -> str:
    return f"{path}={render_value(view.field_value(path))}"
