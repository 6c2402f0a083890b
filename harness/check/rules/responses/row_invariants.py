"""Row laws: what must hold inside a row, whatever was asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import Final, cast

from harness.check.context import Exchange, Row, Session
from harness.check.results.evidence import value_text
from harness.specification.model import Field, Holds, Law, Listing, Open, Scalar
from harness.wire.http_messages import HttpResponse
from harness.wire.row_codec import Shown, ShownRow, absents_of, field_at
from harness.wire.scalar_codecs import NotThat
from harness.wire.scalar_codecs import zone as zone_named

Numbers = int | Decimal
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a law may use besides the row: the fields' grammar, the latest instant, and what the request tells.

    `told` are the values that a field can have because a filter asked for them; `zone` is the one in which local
    times were read, and `sure_of_zone` whether the server is known to mean it.
    """

    fields: Mapping[str, Field]
    latest: datetime | None = None
    zone: str = "UTC"
    sure_of_zone: bool = True
    told: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Breach:
    """What a law expected of a row, and what the row shows."""

    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class View:
    """A row, or one nested row together with the row around it."""

    row: ShownRow
    head: str = ""
    inner: ShownRow | None = None

    def has(self, path: str) -> bool:
        """Whether the field was read."""
        source, name = self._place(path)
        return source is not None and name in source

    def value(self, path: str) -> Shown:
        """What the field shows."""
        source, name = self._place(path)
        return source[name] if source is not None else None

    def _place(self, path: str) -> tuple[ShownRow | None, str]:
        head, nested, tail = path.partition("[].")
        if not nested:
            return self.row, head
        return (self.inner if head == self.head else None), tail


def views(row: ShownRow, law: Law) -> Iterator[View]:
    """The row itself, or each of the nested rows that the law speaks of."""
    heads = {path.partition("[].")[0] for path in paths_of(law) if "[]." in path}
    if not heads:
        yield View(row)
        return
    for head in sorted(heads):
        inner_rows = row.get(head)
        for inner in inner_rows if isinstance(inner_rows, tuple) else ():
            if isinstance(inner, Mapping):
                yield View(row, head, inner)


def paths_of(law: Law) -> tuple[str, ...]:
    """Every field that the law names."""
    conditions = tuple(holds.field for holds in (law.when, law.then) if holds is not None)
    return tuple(path for path in (law.field, law.than, *conditions) if path is not None)


# --- comparing ----------------------------------------------------------------------------------------------


def same(shown: Shown, wanted: Scalar, known: Field | None) -> bool:
    """Whether a shown value is the value that a spec names; numbers compare exactly, whatever their type."""
    if shown is None or shown == ():
        absents = absents_of(known) if known is not None else frozenset()
        return (wanted == 0 and not isinstance(wanted, bool) and "zero" in absents) or (
            wanted == "" and "empty" in absents
        )
    if isinstance(shown, bool) or isinstance(wanted, bool):
        return shown is wanted
    left, right = as_number(shown), as_number(wanted)
    if left is not None and right is not None:
        return left == right
    return isinstance(shown, str) and shown == str(wanted)


def as_number(value: object) -> Numbers | None:
    """The number that is compared; None for what is no number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    return None


def compare(first: Shown, second: Shown) -> int | None:
    """-1, 0 or 1; None when the two cannot be compared."""
    left, right = as_number(first), as_number(second)
    if left is not None and right is not None:
        return int(left > right) - int(left < right)
    if isinstance(first, datetime) and isinstance(second, datetime):
        return int(first > second) - int(first < second)
    if isinstance(first, str) and isinstance(second, str):
        return int(first > second) - int(first < second)
    return None


def holds(condition: Holds, view: View, context: Context) -> bool | None:
    """Whether a condition holds; None when its field was not read and the request does not tell it either."""
    known = field_at(context.fields, condition.field)
    told = context.told.get(condition.field)
    if not view.has(condition.field) or (view.value(condition.field) is None and told):
        return _told(condition, told) if told else None
    value = view.value(condition.field)
    nothing = value is None or value == ()
    if condition.present is not None and condition.present is nothing:
        return False
    if condition.is_ and not any(same(value, wanted, known) for wanted in condition.is_):
        return False
    return not any(same(value, wanted, known) for wanted in condition.not_)


def _told(condition: Holds, told: frozenset[str]) -> bool | None:
    if condition.present is False:
        return False
    wanted = {str(item) for item in condition.is_}
    unwanted = {str(item) for item in condition.not_}
    if wanted and not told & wanted:
        return False
    if told & unwanted:
        return False if told <= unwanted else None
    return True if not wanted or told <= wanted else None


def describe(condition: Holds) -> str:
    """A condition in words."""
    if condition.is_:
        return f"{condition.field} is {' or '.join(str(item) for item in condition.is_)}"
    if condition.not_:
        return f"{condition.field} is not {' or '.join(str(item) for item in condition.not_)}"
    return f"{condition.field} shows {'something' if condition.present else 'nothing'}"


def _is_local(context: Context, path: str) -> bool:
    known = field_at(context.fields, path)
    return known is not None and known.as_ == "local-time"


def _stands_twice(context: Context, *instants: tuple[str, datetime]) -> bool:
    """Whether a local time among these stands in an hour that the zone's clocks show twice."""
    if not context.sure_of_zone:
        # The clocks of a zone that nobody named may be put back at any time.
        return any(_is_local(context, path) for path, _ in instants)
    try:
        zone = zone_named(context.zone)
    except NotThat:
        return False
    for path, moment in instants:
        if not _is_local(context, path):
            continue
        try:
            local = moment.astimezone(zone)
        except (ValueError, OverflowError):
            continue
        if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
            return True
    return False


# --- one function per law -----------------------------------------------------------------------------------


def implies(law: Law, view: View, context: Context) -> Breach | bool | None:
    """Where `when` holds, `then` does."""
    assert law.then is not None
    kept = holds(law.then, view, context)
    if kept is None:
        return None
    if kept:
        return True
    why = f" where {describe(law.when)}" if law.when else ""
    return Breach(describe(law.then) + why, _shown(view, law.then.field))


def not_before(law: Law, view: View, context: Context) -> Breach | bool | None:
    """`field` is not earlier than `than`; one that shows nothing is earlier than nothing."""
    path, other = cast(str, law.field), cast(str, law.than)
    if not view.has(path) or not view.has(other):
        return None
    later, earlier = view.value(path), view.value(other)
    if isinstance(later, datetime) and isinstance(earlier, datetime):
        # Differences never overflow, sums near the year 9999 do.
        behind = (earlier - later).total_seconds()
        kept = behind <= law.slack_seconds
        if (
            not kept
            and behind <= law.slack_seconds + _HOUR
            and _stands_twice(context, (path, later), (other, earlier))
        ):
            return None
    else:
        left, right = as_number(later), as_number(earlier)
        if left is None or right is None:
            return None
        kept = left >= right - law.slack_seconds
    if kept:
        return True
    slack = f" (less {law.slack_seconds} s)" if law.slack_seconds else ""
    return Breach(f"{path} not before {other}{slack}", f"{_shown(view, path)}, {_shown(view, other)}")


def not_future(law: Law, view: View, context: Context) -> Breach | bool | None:
    """`field` is not after the latest instant, give or take the slack."""
    path = cast(str, law.field)
    if not view.has(path) or context.latest is None:
        return None
    value = view.value(path)
    if not isinstance(value, datetime):
        return None
    ahead = (value - context.latest).total_seconds()
    if ahead <= law.slack_seconds:
        return True
    if _is_local(context, path) and not context.sure_of_zone and ahead <= law.slack_seconds + 14 * _HOUR:
        return None
    return Breach(f"{path} not after {value_text(context.latest)}", _shown(view, path))


def non_negative(law: Law, view: View, context: Context) -> Breach | bool | None:
    """`field` is not below 0; an instant is not before 1970."""
    path = cast(str, law.field)
    if not view.has(path):
        return None
    value = view.value(path)
    number = as_number(value)
    if number is not None:
        kept = number >= 0
    elif isinstance(value, datetime):
        kept = value >= EPOCH
    else:
        known = field_at(context.fields, path)
        # "None" written as 0 is a number that is not below 0.
        return True if value is None and known is not None and "zero" in absents_of(known) else None
    return True if kept else Breach(f"{path} at least 0", _shown(view, path))


def one_of(law: Law, view: View, context: Context) -> Breach | bool | None:
    """`field` has one of the values."""
    path = cast(str, law.field)
    if not view.has(path):
        return None
    known = field_at(context.fields, path)
    if any(same(view.value(path), wanted, known) for wanted in law.values):
        return True
    return Breach(f"{path} one of {', '.join(str(value) for value in law.values)}", _shown(view, path))


def equals_span(law: Law, view: View, context: Context) -> Breach | bool | None:
    """`field` is the number of seconds from `than` to `other-field`."""
    path, first, last = law.field, law.than, law.other_field
    if path is None or first is None or last is None or not all(view.has(name) for name in (path, first, last)):
        return None
    seconds, start, end = as_number(view.value(path)), view.value(first), view.value(last)
    if seconds is None or not isinstance(start, datetime) or not isinstance(end, datetime):
        return None
    span = Decimal((end - start) // timedelta(microseconds=1)) / 1_000_000
    if abs(Decimal(seconds) - span) <= law.slack_seconds:
        return True
    return Breach(f"{path} of {span} s, from {first} to {last}", _shown(view, path))


RowLaw = Callable[[Law, View, Context], "Breach | bool | None"]
ROW_LAWS: Final[Mapping[str, RowLaw]] = MappingProxyType(
    {
        "implies": implies,
        "not-before": not_before,
        "inside": not_before,
        "not-future": not_future,
        "non-negative": non_negative,
        "one-of": one_of,
        "equals-span": equals_span,
    }
)
"""The laws of a single row; the others speak of several rows or several answers."""


_ALONE: Final = ("not-future", "non-negative", "one-of")
_NONE: Final[frozenset[str]] = frozenset()


def judge_row(law: Law, row: ShownRow, context: Context) -> tuple[int, Breach | None]:
    """How often the law could have been broken in a row, and the first breach."""
    judge = ROW_LAWS[law.law]
    times = 0
    for view in views(row, law):
        if law.when is not None and holds(law.when, view, context) is not True:
            continue
        verdict = judge(law, view, context)
        if verdict is None:
            continue
        times += 1
        if isinstance(verdict, Breach):
            return times, verdict
    return times, None


# --- on answers ---------------------------------------------------------------------------------------------


def row_laws(session: Session, exchange: Exchange, rows: Sequence[Row] | None = None) -> None:
    """Judges the rows of an answer (or those given) by every law of a single row."""
    laws = [law for law in session.listing.laws if law.law in ROW_LAWS]
    judged = exchange.rows if rows is None else rows
    if not laws or not judged:
        return
    context = context_of(session, exchange)
    # What is wrong by itself explains what is wrong beside it, and is told first.
    laws.sort(key=lambda law: law.law not in _ALONE)
    # A clock that is ahead shows in every instant: the beginning tells it.
    laws.sort(key=lambda law: law.law == "not-future" and not _is_beginning(session, law))
    blamed: dict[int, set[str]] = {}
    ahead: set[int] = set()
    for law in laws:
        broken: list[tuple[Row, Breach]] = []
        times = 0
        paths = set(paths_of(law))
        for index, row in enumerate(judged):
            if (
                (law.law == "not-future" and index in ahead)
                or paths & blamed.get(index, _NONE)
                or paths & {flaw.field for flaw in row.flaws}
            ):
                continue
            seen, breach = judge_row(law, row.shown, context)
            times += seen
            if breach is not None:
                broken.append((row, breach))
                if law.law == "not-future":
                    ahead.add(index)
                if law.law in _ALONE:
                    blamed.setdefault(index, set()).update(paths)
        if broken:
            _report(session, exchange, law, broken, len(judged), context)
        else:
            session.ledger.witness(law.clause, times=times)


def _is_beginning(session: Session, law: Law) -> bool:
    field = field_at(session.listing.fields, law.field) if law.field is not None else None
    return field is not None and field.shows == "started_at"


def context_of(session: Session, exchange: Exchange) -> Context:
    """What laws may use besides the rows of this answer."""
    zone = session.listing.zone
    asked = exchange.ask.values.get(zone.parameter) if zone is not None and zone.parameter is not None else None
    default = zone.default if zone is not None else "UTC"
    return Context(
        fields=session.listing.fields,
        zone=exchange.zone,
        sure_of_zone=asked == exchange.zone
        or not isinstance(default, Open)
        or bool(session.knowledge.known(default.id)),
        latest=latest_instant(session, exchange),
        told=told_by_filters(session, exchange),
    )


def latest_instant(session: Session, exchange: Exchange) -> datetime | None:
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
    now = session.settings.get("now")
    if isinstance(now, datetime) and not bounds:
        skew = session.skew_seconds or 0.0
        if not math.isfinite(skew) or abs(skew) > 10**9:
            skew = 0.0
        # `now` is the run's beginning: without a Date, each request may have taken its time.
        bounds.append(now.astimezone(UTC) + timedelta(seconds=skew + 2 * session.requests))
    return max(bounds) if bounds else None


def told_by_filters(session: Session, exchange: Exchange) -> Mapping[str, frozenset[str]]:
    """The words that a field can have in these rows, because a filter asked for them."""
    told: dict[str, frozenset[str]] = {}
    listing = session.listing
    for name, kept in listing.filters.items():
        asked = exchange.ask.values.get(name)
        if len(kept.compares) != 1 or kept.keeps != "equal" or kept.named_by is not None:
            continue
        if not isinstance(asked, str) or not asked or asked in kept.no_filter or not session.usable(name):
            continue
        words = kept.words.get(asked, (asked,))
        if isinstance(words, Open) or not set(words) <= _vocabulary(listing, kept.compares[0]):
            continue
        if exchange.ask.repeated.get(name):
            continue
        told[kept.compares[0]] = frozenset(words)
    return told


def _vocabulary(listing: Listing, path: str) -> set[str]:
    known = field_at(listing.fields, path)
    return set() if known is None else {*known.words.values(), *known.more_words}


def _report(
    session: Session,
    exchange: Exchange,
    law: Law,
    broken: Sequence[tuple[Row, Breach]],
    judged: int,
    context: Context,
) -> None:
    first = broken[0][1]
    names = [session.listing.lists.identity, *(path.partition("[].")[0] for path in paths_of(law))]
    told = law.when is not None and law.when.field in context.told
    hidden = told and all(row.shown.get(cast(Holds, law.when).field) is None for row, _ in broken)
    said = next((known.says for name in law.clause if (known := session.clause(name)) is not None), law.law)
    session.fail(
        law.clause,
        said,
        expected=first.expected,
        actual=f"{first.actual}; in {len(broken)} of {judged} rows",
        exchange=exchange,
        rows=[session.evidence.row(row, names) for row, _ in broken[:8]],
        # What is known only because a filter asked for it may be the filter's fault.
        inferred=hidden,
        law=True,
    )


def _shown(view: View, path: str) -> str:
    return f"{path}={value_text(view.value(path))}"
