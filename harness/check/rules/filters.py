"""Filters: each alone at its cut points, then together, then where one depends on another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations, pairwise
from typing import Any, Final

from harness.check.judging import Aspect, Judged, compare, expect
from harness.check.mirror import Mirror, ask_for, largest_size, reread, time_filters, window_needed, written
from harness.check.oracle import Meaning, holds
from harness.check.session import Exchange, Row, Session
from harness.spec.model import ClauseId, Clauses, Field, Filter, Open
from harness.wire.ask import Ask
from harness.wire.problems import Tree
from harness.wire.rows import Shown, compared, field_at
from harness.wire.scalars import encode_rfc3339
from harness.wire.scalars import zone as zone_named
from harness.wire.values import write_parameter

SPECIAL: Final = frozenset("&;+%<>\"'#?=/\\ ")
PATTERN: Final = frozenset("_%*?.+()[]{}|^$\\")
ROWS_THAT_TELL: Final = 60
PAIRS_AT_MOST: Final = 60
NOWHERE: Final = "nowhere-7f3a"
LONG: Final = 1000
"""So many characters are more than any value has, and less than what a request can carry everywhere."""
NO_NUMBER: Final = 999_999_999_983


def is_time(kept: Filter) -> bool:
    """Whether a filter bounds a time."""
    return kept.keeps in ("at-or-after", "at-or-before")


def is_hidden(kept: Filter) -> bool:
    """Whether a filter looks only at what rows do not show."""
    return all(path.startswith("hidden.") for path in kept.compares)


def shown_filters(session: Session) -> list[str]:
    """Filters whose effect rows can show."""
    return [name for name, kept in session.listing.filters.items() if not is_hidden(kept)]


# --- values -------------------------------------------------------------------------------------------------


def values_shown(rows: Sequence[Row], paths: Sequence[str]) -> Counter[Any]:
    """How many rows show each value at one of the paths."""
    counted: Counter[Any] = Counter()
    for row in rows:
        here = {
            value for path in paths if not path.startswith("hidden.") for value in flat(compared(row.shown, path))
        }
        counted.update(here)
    return counted


def flat(values: Sequence[Shown]) -> list[Any]:
    """Single values, lists opened, 'none' left out."""
    found: list[Any] = []
    for value in values:
        if isinstance(value, tuple):
            found.extend(item for item in value if not isinstance(item, Mapping))
        elif value is not None:
            found.append(value)
    return found


def telling_values(session: Session, rows: Sequence[Row], name: str) -> list[Any]:
    """Values worth asking for, most telling first: some that occur, in their odd shapes, and one that does not."""
    kept = session.listing.filters[name]
    parameter = session.listing.parameters[name]
    counted = values_shown(rows, kept.compares)
    # What came in a wrong encoding cannot be asked for.
    lost = "\ufffd?" if session.ledger.failed((ClauseId("TEXT-ENCODING"),)) else "\ufffd"
    counted = Counter(
        {value: times for value, times in counted.items() if not (isinstance(value, str) and set(value) & set(lost))}
    )
    if parameter.as_ == "word":
        words = [word for word, _ in counted.most_common()]
        ordered = [*(word for word in kept.word_clauses if word in words), *words, *kept.words]
        return list(dict.fromkeys(ordered))
    if not counted:
        return []
    some = [value for value, count in counted.most_common() if count < len(rows)] or [next(iter(counted))]
    chosen: list[Any] = [some[0]]
    once = [value for value in some if counted[value] == 1]
    if once:
        chosen.append(session.rng.choice(once))
        if len(once) > len(rows) // 2:
            # A look-up that only sees the first rows is right for most values of those.
            chosen.append(once[-1])
    texts = [value for value in some if isinstance(value, str) and value]
    if texts:
        chosen += _odd_texts(session, texts, kept)
    elif len(some) > 2:
        chosen.append(some[len(some) // 2])
    if isinstance(some[0], bool):
        return list(dict.fromkeys(chosen))
    chosen += strange_values(session, rows, kept, counted, texts=bool(texts))
    chosen.append(NOWHERE if texts else NO_NUMBER)
    return list(dict.fromkeys(chosen))


def strange_values(
    session: Session, rows: Sequence[Row], kept: Filter, counted: Counter[Any], *, texts: bool
) -> list[Any]:
    """A value that only other fields show: a filter that looks at one of those too keeps rows for it."""
    own = {path.partition("[].")[0] for path in kept.compares} | set(kept.compares)
    others: Counter[Any] = Counter()
    # Fields beside the own one first: they are what a slip would look at.
    beside = {path.rpartition(".")[0] for path in kept.compares}
    numeric = sum(str(text).lstrip("+").isdigit() for text in counted) * 2 > len(counted)
    for row in rows[:200]:
        for path, field in all_paths(session.listing.fields):
            if path in own or field.as_ not in (("text",) if texts else ("integer", "digits")):
                continue
            weight = 1000 if path.rpartition(".")[0] in beside else 1
            for value in set(flat(compared(row.shown, path))):
                if not texts or str(value).lstrip("+").isdigit() == numeric:
                    others[value] += weight
    known = [text for text in counted if isinstance(text, str)]
    found: list[Any] = []
    for value, _ in others.most_common(60):
        if value in counted or value in ("", 0) or value in kept.words or value in kept.no_filter:
            continue
        if texts and any(str(value).lstrip("+") in text for text in known):
            continue
        found.append(value)
        if len(found) == 1:
            break
    return found


def all_paths(fields: Mapping[str, Field], before: str = "") -> Iterator[tuple[str, Field]]:
    """Every field with its path, nested ones too."""
    for name, field in fields.items():
        if field.as_ == "rows":
            yield from all_paths(field.fields, f"{before}{name}[].")
        else:
            yield before + name, field


def _odd_texts(session: Session, texts: Sequence[str], kept: Filter) -> list[Any]:
    chosen: list[Any] = []
    special = [text for text in texts if set(text) & SPECIAL]
    foreign = [text for text in texts if not text.isascii()]
    zeros = [text for text in texts if text.startswith("0")]
    plus = [text for text in texts if text.startswith("+")]
    for group in (
        special,
        foreign,
        zeros,
        plus,
        *([text for text in special if mark in text] for mark in ";&%+,?' "),
    ):
        if group:
            chosen.append(session.rng.choice(group))
    chosen = list(dict.fromkeys(chosen))
    if kept.keeps == "contains":
        long = [text for text in texts if len(text) > 4] or list(texts)
        text = session.rng.choice(long)
        chosen += [text[1:-1] or text, text[:3], text[-3:]]
        return chosen
    # A value inside another one tells equality from containing; a cut one from beginning or ending.
    limited = list(texts)[:400]
    for text in limited:
        if any(text != other and text in other for other in limited):
            chosen.append(text)
            break
    long = [text for text in limited if len(text) > 2]
    if long:
        text = session.rng.choice(long)
        # A leading plus may be left out in good faith: it is never the only thing that is cut.
        chosen += [cut for cut in (text[:-1], text.lstrip("+")[1:]) if cut and cut not in texts][:2]
    if not any("%" in text for text in limited):
        chosen.append("%")
    lettered = [text for text in limited if text.swapcase() != text and text.swapcase() not in texts]
    if lettered:
        chosen.append(session.rng.choice(lettered).swapcase())
    return chosen


def near_misses(session: Session, rows: Sequence[Row], name: str) -> list[str]:
    """Texts that no row shows, but that careless readers take for one that some do: cut short, or as a pattern."""
    kept, parameter = session.listing.filters[name], session.listing.parameters[name]
    counted = values_shown(rows, kept.compares)
    limited = [text for text in counted if isinstance(text, str)][:400]
    plain = [text for text in limited if text.isascii() and text.isalnum() and len(text) > 2]
    if not plain or parameter.as_ not in ("text", "list", "json-list") or parameter.of in ("integer", "digits"):
        return []
    text = session.rng.choice(plain)
    place = len(text) // 2
    # What stands for anything in SQL, for one character there, and what ends a value for careless readers.
    made = [f"{text[:place]}%{text[place + 1 :]}", f"{text[:place]}_{text[place + 1 :]}"]
    if kept.keeps == "equal":
        short = next((one for one in plain if one.isdigit() and len(one) < 6), "")
        heads = [head for one in limited if (head := one.partition(" ")[0]) != one and head]
        made += [f"{text};zz", f"{text} zz", *([f"{short[:1]}-{short[1:]}"] if short else []), *heads[:1]]
    return [one for one in made if not any(one in other for other in limited)]


def whole(session: Session, name: str, value: Any) -> bool:
    """Whether a request can hold the value as one: in a list a separator inside would cut it in two."""
    parameter = session.listing.parameters[name]
    if parameter.as_ != "list" or session.listing.transport.carries == "json":
        return True
    return parameter.separated_by not in str(value) and str(value) == str(value).strip()


def raw_value(session: Session, name: str, value: Any) -> Tree:
    """A shown value as the parameter writes it."""
    parameter = session.listing.parameters[name]
    if isinstance(value, tuple):
        return written(session, name, tuple(_element(parameter.of, item) for item in value))
    if parameter.as_ in ("list", "json-list"):
        return written(session, name, (_element(parameter.of, value),))
    if parameter.as_ == "text":
        return str(value)
    if parameter.as_ == "digits":
        return str(value)
    return written(session, name, value)


def _element(of: str, item: Any) -> Any:
    return int(item) if of in ("integer", "digits") else str(item)


def companions(session: Session, mirror: Mirror, name: str, row: Row | None = None) -> dict[str, Tree]:
    """Parameters without which a filter has no effect, with values that hold for the row (or for most rows)."""
    kept = session.listing.filters[name]
    if not kept.applies_if_any:
        return {}
    for other in kept.applies_if_any:
        if not session.usable(other) or other not in session.listing.filters:
            continue
        paths = session.listing.filters[other].compares
        values = values_shown([row] if row is not None else mirror.rows, paths)
        if values:
            return {other: raw_value(session, other, values.most_common(1)[0][0])}
    return {}


def wide(session: Session) -> dict[str, Tree]:
    """The largest page, so that one answer shows as many matches as can be."""
    name, size = largest_size(session)
    return (
        {name: written(session, name, size)} if name is not None and size is not None and session.usable(name) else {}
    )


def only_as_text(session: Session, mirror: Mirror, name: str, value: Any) -> Any:
    """A judge of a finding: is the answer right if the filter looks for the text anywhere in the field?"""
    paths = session.listing.filters[name].compares

    def reading(exchange: Exchange) -> bool:
        if not isinstance(value, str) or session.listing.filters[name].keeps != "equal":
            return False
        came = set(exchange.keys)
        loose = {
            row.key
            for row in mirror.rows
            if any(holds("contains", shown, value) for path in paths for shown in compared(row.shown, path))
        }
        return bool(came) and came <= loose

    return reading


# --- rules --------------------------------------------------------------------------------------------------


def first_looks(session: Session, mirror: Mirror) -> Iterator[None]:
    """Each filter once, at the value that most rows tell apart: what is broken outright shows early."""
    for name in shown_filters(session):
        kept = session.listing.filters[name]
        if is_time(kept):
            yield from time_filter(session, mirror, name, first_look=True)
            continue
        values = _values_of(session, mirror, name) if session.in_force(name) and mirror.rows else []
        if not values or values_shown(mirror.rows, kept.compares).total() == 0:
            continue
        alone = yield from _works_alone(session, mirror, name, values[0])
        # Right by itself and wrong within the window: it is the two together that fail.
        blame: dict[Aspect, Clauses] | None = {"rows": session.listing.conjunction_clause} if alone else None
        yield from _at_value(session, mirror, name, values[0], blame)
        session.looked_at[name] = values[0]


def single_filters(session: Session, mirror: Mirror) -> Iterator[None]:
    """Each filter alone, at values that tell readings apart."""
    wrong: dict[ClauseId, str] = {}
    longest = 0
    for name in shown_filters(session):
        kept = session.listing.filters[name]
        if is_time(kept):
            yield from time_filter(session, mirror, name)
            continue
        if not session.in_force(name):
            yield from not_yet_known(session, mirror, name)
            continue
        if not mirror.rows:
            session.ledger.not_exercised(all_clauses(kept), "the target shows no rows")
            continue
        values = _values_of(session, mirror, name)
        counted = values_shown(mirror.rows, kept.compares)
        if not values or counted.total() == 0:
            if kept.partition_clause:
                yield from unseen_words(session, mirror, name)
            session.ledger.not_exercised(all_clauses(kept), f"no row shows a value that {name} compares")
            continue
        asked = _told_before(session, name, values)
        seen = session.looked_at.get(name)
        if not session.usable(name):
            # The first look found it broken: only where else it goes wrong is left to ask.
            if (clauses := word_clauses(kept, seen)) and session.ledger.failed(clauses[:1]):
                wrong.setdefault(clauses[0], str(seen))
            asked = []
        elif (yield from _strangers_at_once(session, mirror, name, asked)):
            asked = [value for value in asked if counted[value]]
        for value in asked:
            if value == seen:
                continue
            judged, clauses = yield from _at_value(session, mirror, name, value)
            if not session.usable(name):
                if clauses and session.ledger.failed(clauses[:1]):
                    wrong.setdefault(clauses[0], str(value))
                break
            longest = max(longest, len(str(value)) if judged.exchange.rows else 0)
        if session.usable(name):
            yield from long_value(session, mirror, name)
        yield from hidden_alternatives(session, mirror, name)
        if session.usable(name):
            yield from every_companion(session, mirror, name, values[0])
        if session.usable(name):
            yield from list_filter(session, mirror, name)
        if session.usable(name):
            yield from named_comparison(session, mirror, name)
        if session.usable(name) and kept.partition_clause:
            yield from partition(session, mirror, name)
    _one_reader(session, wrong, longest)


def _values_of(session: Session, mirror: Mirror, name: str) -> list[Any]:
    """The values to ask a filter for, those first that most rows show."""
    values = [*telling_values(session, mirror.rows, name), *near_misses(session, mirror.rows, name)]
    return [value for value in dict.fromkeys(values) if whole(session, name, value)]


def _at_value(
    session: Session, mirror: Mirror, name: str, value: Any, blame: Mapping[Aspect, Clauses] | None = None
) -> Generator[None, None, tuple[Judged, Clauses]]:
    """Asks a filter for one value, and notes whether it is broken; also gives the clauses on that value."""
    kept = session.listing.filters[name]
    clauses = word_clauses(kept, value)
    if value in (NOWHERE, NO_NUMBER) and session.listing.no_match_clause:
        # The filter has just kept what it should: what is left is how "nothing matches" is told.
        clauses = session.listing.no_match_clause
    row = next((row for row in mirror.rows if value in values_shown([row], kept.compares)), None)
    ask = ask_for(
        session,
        mirror.base,
        {
            **wide(session),
            **companions(session, mirror, name, row),
            **default_comparison(session, name),
            name: raw_value(session, name, value),
        },
    )
    inferred = only_as_text(session, mirror, name, value)
    judged = yield from expect(session, mirror, ask, f"{name} = {value!r}", clauses, inferred=inferred, blame=blame)
    note_broken(session, name, judged, clauses)
    return judged, clauses


def _one_reader(session: Session, wrong: Mapping[ClauseId, str], longest: int) -> None:
    """Filters that all go wrong at values special in the same way have one cause: how requests are read.

    `wrong` holds the value at which each failed; `longest` is the length of the longest that kept rows.
    """
    marks = {
        clause: (SPECIAL & set(text))
        | ({"long"} if 0 < longest < len(text) else set())
        | ({"pattern"} if PATTERN & set(text) else set())
        for clause, text in wrong.items()
    }
    shared = Counter(mark for several in marks.values() for mark in several)
    mark, times = max(shared.items(), key=lambda item: (item[1], item[0]), default=("", 0))
    if times > 1:
        first, *others = [clause for clause, several in marks.items() if mark in several]
        for clause in others:
            session.ledger.explain(clause, first)


def long_value(session: Session, mirror: Mirror, name: str) -> Iterator[None]:
    """A text far longer than any that a row shows: it may be refused, but it matches nothing and breaks nothing."""
    kept, parameter = session.listing.filters[name], session.listing.parameters[name]
    if parameter.as_ != "text" or kept.keeps not in ("equal", "contains") or kept.applies_if_any:
        return
    more = {**default_comparison(session, name), name: "long" * (LONG // 4)}
    ask = ask_for(session, mirror.base, more)
    exchange = session.send(ask, f"{name} with {LONG} characters", witness=False)
    yield
    if session.not_judged(exchange, ()) or not exchange.rows:
        return
    meanings = [meaning for _, meaning in session.meanings(ask) if meaning.fault is None]
    if any(all(meaning.keeps(row.shown) is not False for row in exchange.rows) for meaning in meanings):
        # By a reading that is still open nothing has gone wrong: an older server may not know the filter at all.
        return
    again = session.send(ask, f"again: {name} with {LONG} characters", witness=False)
    yield
    if again.rows and not session.ledger.failed(kept.clause):
        session.fail(
            kept.clause,
            f"{name} keeps only rows with that value",
            expected="no rows for a value that nothing has",
            actual=f"{len(again.rows)} rows",
            exchange=again,
            aspect="rows",
            nothing_due=True,
        )
        session.broken.setdefault(name, kept.clause[0] if kept.clause else ClauseId(name))


def _strangers_at_once(
    session: Session, mirror: Mirror, name: str, values: Sequence[Any]
) -> Generator[None, None, bool]:
    """Values that no row has, asked for as one list: where that keeps nothing, none of them keeps anything."""
    kept, parameter = session.listing.filters[name], session.listing.parameters[name]
    if parameter.as_ not in ("list", "json-list") or kept.keeps != "equal" or mirror.volatile:
        return False
    counted = values_shown(mirror.rows, kept.compares)
    apart = (
        parameter.separated_by if parameter.as_ == "list" and session.listing.transport.carries != "json" else None
    )
    strange = [
        value
        for value in values
        if not counted[value] and value not in kept.no_filter and (apart is None or apart not in str(value))
    ]
    if len(strange) < 2 or len(strange) < sum(not counted[value] for value in values):
        return False
    values_asked = {**companions(session, mirror, name), name: raw_value(session, name, tuple(strange))}
    exchange = session.send(
        ask_for(session, mirror.base, {**wide(session), **values_asked}), f"{name} with {len(strange)} strangers"
    )
    yield
    if exchange.answer is None or exchange.answer.outcome != "success" or not fits(session, mirror, exchange):
        return False
    session.ledger.witness((*kept.clause, *session.listing.no_match_clause))
    return True


def _told_before(session: Session, name: str, values: list[Any]) -> list[Any]:
    """The values, fewer where another filter over the same fields was right about the odd ones already."""
    filters = session.listing.filters
    before = list(filters)[: list(filters).index(name)]
    if len(values) > 5 and any(
        filters[other].compares == filters[name].compares and session.usable(other) and not is_hidden(filters[other])
        for other in before
    ):
        return [*values[:4], values[-1]]
    return values


def every_companion(session: Session, mirror: Mirror, name: str, value: Any) -> Iterator[None]:
    """A filter that needs one of several others: with each of them."""
    kept = session.listing.filters[name]
    for other in kept.applies_if_any[1:]:
        if not session.usable(other) or other not in session.listing.filters:
            continue
        row = next((row for row in mirror.rows if value in values_shown([row], kept.compares)), None)
        shown = values_shown([row] if row is not None else mirror.rows, session.listing.filters[other].compares)
        if shown:
            more = {
                other: raw_value(session, other, shown.most_common(1)[0][0]),
                name: raw_value(session, name, value),
            }
            ask = ask_for(session, mirror.base, {**wide(session), **more})
            judged = yield from expect(session, mirror, ask, f"{name} with {other}", kept.clause)
            if note_broken(session, name, judged, kept.clause):
                return


def hidden_alternatives(session: Session, mirror: Mirror, name: str) -> Iterator[None]:
    """A filter that may also look at what rows do not show: does it, and does it keep anything out at all?"""
    kept = session.listing.filters[name]
    choice = kept.alternatives
    if not isinstance(choice, Open) or not session.usable(name):
        return
    stranger: Any = NO_NUMBER if session.listing.parameters[name].of in ("integer", "digits") else NOWHERE
    for value in (stranger, stranger):
        ask = ask_for(session, mirror.base, {**wide(session), name: raw_value(session, name, value)})
        exchange = session.send(ask, f"{name} with a value that nothing has")
        yield
        if session.not_judged(exchange, kept.clause) or not exchange.rows:
            break
    else:
        session.fail(
            kept.clause,
            f"{name} keeps only rows with that value",
            expected="no rows for a value that nothing has",
            actual=f"{len(exchange.rows or ())} rows",
            exchange=exchange,
        )
        session.broken.setdefault(name, kept.clause[0] if kept.clause else ClauseId(name))
        return
    counted = values_shown(mirror.rows, kept.compares)
    others = seen = 0
    for value, _ in counted.most_common(2):
        ask = ask_for(session, mirror.base, {**wide(session), name: raw_value(session, name, value)})
        exchange = session.send(ask, f"{name} = {value!r}, all of its rows")
        yield
        others += sum(value not in flat(compared(row.shown, kept.compares[0])) for row in exchange.rows or ())
        seen += len(exchange.rows or ())
    fuller = max(choice.options, key=len)
    if not others and seen < ROWS_THAT_TELL:
        # Too few rows to be sure that none of them is kept for what it does not show.
        return
    session.knowledge.set(choice.id, fuller if others else min(choice.options, key=len), f"rows kept by {name}")
    if not others and len(counted) > 1:
        value = counted.most_common(1)[0][0]
        ask = ask_for(session, mirror.base, {**wide(session), name: raw_value(session, name, value)})
        judged = yield from expect(session, mirror, ask, f"{name} = {value!r}", kept.clause)
        note_broken(session, name, judged, kept.clause)


def _works_alone(session: Session, mirror: Mirror, name: str, value: Any) -> Generator[None, None, bool]:
    """Whether a filter keeps only what it should when the run's own window is left out."""
    if not mirror.base or window_needed(session) or not session.listing.conjunction_clause:
        return False
    ask = ask_for(
        session, {}, {**wide(session), **default_comparison(session, name), name: raw_value(session, name, value)}
    )
    exchange = session.send(ask, f"{name} = {value!r} alone")
    yield
    if not exchange.rows:
        return False
    meanings = [meaning for _, meaning in session.meanings(ask) if meaning.tests]
    strays = [row for row in exchange.rows if all(meaning.keeps(row.shown) is False for meaning in meanings)]
    return not strays and bool(meanings) and not _others_than_mirrored(session, mirror, exchange, meanings)


def _others_than_mirrored(session: Session, mirror: Mirror, exchange: Exchange, meanings: Sequence[Meaning]) -> bool:
    """Whether a filter without the run's window lacks rows of the window that it keeps, or has others there."""
    path = time_filters(session)[2]
    if path is None or mirror.volatile or not mirror.complete:
        return False
    whole = [meaning for _, meaning in session.meanings(ask_for(session, mirror.base))]
    came = {row.key: row for row in exchange.rows or ()}
    times = [at for row in came.values() if isinstance(at := row.shown.get(path), datetime)]
    if not times:
        return False
    # The page may end early: what lies beyond its times, or at its edges, is not known.
    first, last = min(times), max(times)
    for row in mirror.rows:
        at = row.shown.get(path)
        inside = isinstance(at, datetime) and first < at < last and row.key not in came
        if inside and all(meaning.keeps(row.shown) is True for meaning in meanings):
            return True
    return any(
        mirror.row(key) is None and all(meaning.keeps(row.shown) is True for meaning in whole)
        for key, row in came.items()
    )


def not_yet_known(session: Session, mirror: Mirror, name: str) -> Iterator[None]:
    """A filter of a later version than the server's: it is ignored."""
    kept = session.listing.filters[name]
    versions = session.listing.versions
    assert versions is not None
    session.ledger.not_applicable(all_clauses(kept), "the server follows an older version")
    value: Any = NO_NUMBER if session.listing.parameters[name].of == "integer" else NOWHERE
    ask = ask_for(session, mirror.base, {name: raw_value(session, name, value)})
    yield from expect(session, mirror, ask, f"{name} is not known yet", versions.older_clause)


def default_comparison(session: Session, name: str) -> dict[str, Tree]:
    """The default word of a comparison named by another parameter, said aloud."""
    named = session.listing.filters[name].named_by
    if named is None or not session.in_force(named.parameter):
        return {}
    default = session.listing.parameters[named.parameter].default
    if default in named.words:
        return {named.parameter: str(default)}
    # The default compares nothing: a documented word is needed for the filter to have an effect at all.
    word = next((word for word in named.words if word not in named.may), None)
    return {named.parameter: word} if word is not None else {}


def word_clauses(kept: Filter, value: Any) -> Clauses:
    """The clauses on one value of a filter."""
    meant = kept.words.get(str(value))
    if isinstance(meant, Open) and meant.clause:
        return meant.clause
    return kept.word_clauses.get(str(value), kept.clause) if kept.word_clauses else kept.clause


def all_clauses(kept: Filter) -> Clauses:
    """Every clause that a filter carries for what it keeps."""
    return tuple(dict.fromkeys((*kept.clause, *(name for names in kept.word_clauses.values() for name in names))))


def note_broken(session: Session, name: str, judged: Judged, clauses: Clauses) -> bool:
    """Remembers that a parameter does not work, so that nothing else is judged by it."""
    wrong = judged.right is False and judged.mismatch is not None and not judged.mismatch.elsewhere
    if wrong and judged.mismatch is not None and judged.mismatch.aspect in ("rows", "outcome", "unreadable", "count"):
        session.broken.setdefault(name, clauses[0] if clauses else ClauseId(name))
        return True
    return False


def list_filter(session: Session, mirror: Mirror, name: str) -> Iterator[None]:
    """A list parameter: two elements, many, a repeated one, one that matches nothing beside one that does."""
    kept = session.listing.filters[name]
    parameter = session.listing.parameters[name]
    if parameter.as_ not in ("list", "json-list"):
        return
    counted = values_shown(mirror.rows, kept.compares)
    values = [value for value, count in counted.most_common() if count < len(mirror.rows)]
    if len(values) < 2:
        session.ledger.not_exercised(parameter.list_clause, "fewer than two values occur")
        return
    nowhere: Any = NO_NUMBER if parameter.of in ("integer", "digits") else NOWHERE
    rare = values[-1]
    lists: list[tuple[Any, ...]] = [
        (values[0], values[1]),
        (rare, nowhere, rare),
        tuple(values[1:8]),
    ]
    clauses = parameter.list_clause or kept.clause
    for chosen in lists:
        ask = ask_for(
            session,
            mirror.base,
            {**wide(session), **companions(session, mirror, name), name: raw_value(session, name, chosen)},
        )
        judged = yield from expect(session, mirror, ask, f"{name} with {len(chosen)} elements", clauses)
        if note_broken(session, name, judged, clauses):
            return


def named_comparison(session: Session, mirror: Mirror, name: str) -> Iterator[None]:
    """The comparison named by another parameter: the default word said aloud, other words, none."""
    kept = session.listing.filters[name]
    named = kept.named_by
    if named is None:
        return
    counted = values_shown(mirror.rows, kept.compares)
    values = [value for value, count in counted.most_common() if count < len(mirror.rows)]
    if not values:
        return
    # A cut text tells the comparisons apart, if no row shows it whole.
    cut = [text for text in values if isinstance(text, str) and len(text) > 1 and text[1:] not in counted]
    long = [text for text in cut if len(text) > 3] or cut
    value: Any = long[len(long) // 2][1:] if long else values[len(values) // 2]
    base = {**wide(session), **companions(session, mirror, name), name: raw_value(session, name, value)}
    default = session.listing.parameters[named.parameter].default
    if default in named.words:
        clauses = named.clauses.get("default", kept.clause)
        judged = yield from expect(
            session, mirror, ask_for(session, mirror.base, base), f"{name} without {named.parameter}", clauses
        )
        if judged.right is False:
            return
    for word in named.words:
        clauses = kept.clause
        if word != default and named.clauses.get("may") and word in named.may:
            clauses = named.clauses["may"]
        ask = ask_for(session, mirror.base, {**base, named.parameter: word})
        judged = yield from expect(session, mirror, ask, f"{name} with {named.parameter}={word}", clauses)
        if note_broken(session, named.parameter, judged, clauses):
            return
    for word in named.none:
        ask = ask_for(session, mirror.base, {**base, named.parameter: word})
        yield from expect(
            session, mirror, ask, f"{named.parameter}={word} switches {name} off", named.clauses.get("none", ())
        )
    yield from _other_words(session, mirror, name, base)


def _other_words(session: Session, mirror: Mirror, name: str, base: Mapping[str, Tree]) -> Iterator[None]:
    named = session.listing.filters[name].named_by
    assert named is not None
    clauses = named.clauses.get("other", ())
    ask = ask_for(session, mirror.base, {**base, named.parameter: "nosuchmatch"})
    yield from expect(session, mirror, ask, f"{named.parameter}=nosuchmatch", clauses)
    for word in named.may[:2]:
        exchange = session.send(
            ask_for(session, mirror.base, {**base, named.parameter: word}), f"{named.parameter}={word}"
        )
        yield
        if exchange.answer is not None:
            told = "refused" if exchange.answer.outcome == "error" else f"{len(exchange.rows or ())} rows"
            session.ledger.observed(named.clauses.get("may", clauses), f"{named.parameter}={word}: {told}")


def unseen_words(session: Session, mirror: Mirror, name: str) -> Iterator[None]:
    """Words of a field that no row shows share out the list; a word for several has the rows of each."""
    kept = session.listing.filters[name]
    field = field_at(session.listing.fields, kept.compares[0])
    words = list(dict.fromkeys(field.words.values())) if field is not None else []
    several = {word: meant for word, meant in kept.words.items() if isinstance(meant, tuple)}
    if len(words) < 2 or not mirror.complete:
        return
    wrong: tuple[Clauses, str, str, Exchange] | None = None
    for attempt in range(2):
        answers: dict[str, Exchange] = {}
        for word in (*words, *several):
            clauses = word_clauses(kept, word)
            ask = ask_for(session, mirror.base, {**wide(session), name: word})
            # What the word says of a row holds only if the filter works: the general rules come later.
            answers[word] = session.send(ask, f"rows of {name}={word}", witness=False)
            yield
            if session.not_judged(answers[word], clauses):
                return
            if answers[word].rows is None:
                # Refused, or no list at all: the oracle knows as much without a row.
                yield from expect(session, mirror, ask, f"{name} = {word!r}", clauses, only=("unreadable", "outcome"))
                return
        if attempt == 0 or wrong is not None:
            yield from reread(session, mirror)
        if mirror.volatile:
            session.ledger.inconclusive(all_clauses(kept), "data-changed")
            return
        wrong = _shared_out(mirror, kept, words, several, answers)
        if wrong is None:
            tried = {clause for word in (*words, *several) for clause in word_clauses(kept, word)}
            session.ledger.witness((*tried, *kept.partition_clause))
            for exchange in answers.values():
                session.examine(session, exchange)
            return
    assert wrong is not None
    clauses, expected, actual, exchange = wrong
    session.fail(
        clauses,
        next((known.says for clause in clauses if (known := session.clause(clause)) is not None), name),
        expected=expected,
        actual=actual,
        exchange=exchange,
    )
    session.broken.setdefault(name, clauses[0])


def _shared_out(
    mirror: Mirror,
    kept: Filter,
    words: Sequence[str],
    several: Mapping[str, Sequence[Any]],
    answers: Mapping[str, Exchange],
) -> tuple[Clauses, str, str, Exchange] | None:
    """What is wrong with the rows of words that no row shows: clauses, expected, actual and an answer; or None."""
    everything = {row.key for row in mirror.rows}
    rows = {word: set(exchange.keys) for word, exchange in answers.items()}
    for word in words:
        if rows[word] == everything and any(rows[other] for other in words if other != word):
            return (
                word_clauses(kept, word),
                "fewer rows than without it",
                f"all {len(everything)} rows",
                answers[word],
            )
    for word, meant in several.items():
        parts: set[Any] = set().union(*(rows[str(part)] for part in meant if str(part) in rows))
        others = [other for other in words if other not in meant]
        rest: set[Any] = set().union(*(rows[other] for other in others))
        both = rest & parts
        if rows[word] == parts and len(others) == 1 and both:
            # Two answers agree against the third.
            actual = f"{len(both)} rows that {word} keeps, too"
            return word_clauses(kept, others[0]), f"no row that {word} keeps", actual, answers[others[0]]
        if rows[word] != parts and parts | rest == everything and not both:
            actual = f"{len(rows[word])} rows: {len(parts - rows[word])} missing, {len(rows[word] - parts)} too many"
            told = f"the {len(parts)} rows of {' and '.join(map(str, meant))}"
            return word_clauses(kept, word), told, actual, answers[word]
    for one, two in combinations(words, 2):
        if rows[one] & rows[two]:
            actual = f"{len(rows[one] & rows[two])} rows for {one} and for {two}"
            return kept.partition_clause, "each row for one word", actual, answers[two]
    lost = everything - set().union(*(rows[word] for word in words))
    if lost:
        actual = f"{len(lost)} rows for none of the words"
        return kept.partition_clause, "each row for one word", actual, answers[words[-1]]
    return None


def partition(session: Session, mirror: Mirror, name: str) -> Iterator[None]:
    """The field's words, asked one by one, share out all rows."""
    kept = session.listing.filters[name]
    field = field_at(session.listing.fields, kept.compares[0])
    words = list(dict.fromkeys(field.words.values())) if field is not None else []
    seen: dict[Any, str] = {}
    for word in words:
        exchange = session.send(
            ask_for(session, mirror.base, {**wide(session), name: word}), f"rows of {name}={word}"
        )
        yield
        if session.not_judged(exchange, kept.partition_clause) or exchange.rows is None:
            return
        for row in exchange.rows:
            other = seen.setdefault(row.key, word)
            if other != word and not mirror.volatile:
                session.fail(
                    kept.partition_clause,
                    f"a row belongs to one word of {name}",
                    expected="one word",
                    actual=f"{other} and {word}",
                    exchange=exchange,
                )
                return
    if mirror.volatile or not mirror.complete:
        session.ledger.inconclusive(kept.partition_clause, "data-changed")
        return
    left = [row for row in mirror.rows if row.key not in seen]
    if left:
        yield from reread(session, mirror)
        if mirror.volatile:
            session.ledger.inconclusive(kept.partition_clause, "data-changed")
            return
        for word in words:
            again = session.send(
                ask_for(session, mirror.base, {**wide(session), name: word}), f"again: rows of {name}={word}"
            )
            yield
            left = [row for row in left if row.key not in set(again.keys)]
        if not left:
            session.ledger.inconclusive(kept.partition_clause, "not repeatable")
            return
    if left:
        session.fail(
            kept.partition_clause,
            f"the words of {name} share out all rows",
            expected=f"{len(mirror.rows)} rows",
            actual=f"{len(mirror.rows) - len(left)} rows",
        )
    else:
        session.ledger.witness(kept.partition_clause)


# --- times --------------------------------------------------------------------------------------------------


def time_filter(session: Session, mirror: Mirror, name: str, *, first_look: bool = False) -> Iterator[None]:
    """A time bound: at the instant of a row, a step before and after, in other offsets, far out.

    A first look asks for the first two of these points; what follows it asks for the others.
    """
    kept = session.listing.filters[name]
    times = sorted(
        moment
        for row in mirror.rows
        for path in kept.compares
        for moment in compared(row.shown, path)
        if isinstance(moment, datetime)
    )
    if len(times) < 2 or times[0] == times[-1]:
        session.ledger.not_exercised(kept.clause, "fewer than two different times occur")
        return
    fine = any(moment.microsecond for moment in times)
    middle = times[len(times) // 2]
    quarter, late = times[len(times) // 4], times[(3 * len(times)) // 4]
    second = timedelta(seconds=1)
    points = [middle - second, middle + second, quarter, times[0], times[-1], middle]
    if fine and session.listing.parameters[name].as_ == "rfc3339":
        points += [middle - timedelta(milliseconds=1), middle + timedelta(milliseconds=1)]
    points += [middle + timedelta(minutes=1)]
    if name in mirror.base:
        # Beyond its own window the mirror knows nothing.
        points = [point for point in points if times[0] <= point <= times[-1]]
    if not session.usable(name):
        return
    points = points[:2] if first_look else points[2:]
    for point in dict.fromkeys(points):
        value = point if fine else point.replace(microsecond=0)
        near = _near_end(session, name, value, times)
        judged = yield from _at(
            session, mirror, name, raw_value(session, name, value), kept.clause, f"{name} = {value.isoformat()}", near
        )
        if note_broken(session, name, judged, kept.clause):
            return
    if first_look:
        return
    yield from _in_other_zones(session, mirror, name, quarter, late)
    if session.listing.parameters[name].as_ == "rfc3339" and kept.offsets_clause:
        for place in ("Asia/Ho_Chi_Minh", "America/St_Johns", "UTC"):
            text = encode_rfc3339(late, zone=zone_named(place), places=3 if late.microsecond else 0)
            judged = yield from _at(session, mirror, name, text, kept.offsets_clause, f"{name} = {text}")
            if note_broken(session, name, judged, kept.offsets_clause):
                return


def _in_other_zones(session: Session, mirror: Mirror, name: str, first: datetime, last: datetime) -> Iterator[None]:
    """A range asked for in another zone means other instants."""
    zone = session.listing.zone
    if zone is None or zone.parameter is None or session.listing.filters[name].keeps != "at-or-after":
        return
    pair = next((pair for pair in session.listing.ranges if pair.first == name), None)
    if pair is None:
        return
    clauses = zone.clauses.get("shift", ())
    for place in ("Asia/Kolkata", "America/New_York"):
        ends = {
            end: write_parameter(
                session.listing.parameters[end], moment.replace(microsecond=0), zone=zone_named(place), in_json=False
            )
            for end, moment in ((pair.first, first), (pair.last, last))
        }
        ask = ask_for(session, mirror.base, {**wide(session), **ends, zone.parameter: place})
        judged = yield from expect(session, mirror, ask, f"a range in {place}", clauses)
        if judged.right is False:
            return


def _at(
    session: Session,
    mirror: Mirror,
    name: str,
    raw: Tree,
    clauses: Clauses,
    purpose: str,
    near: Mapping[str, Tree] | None = None,
) -> Any:
    ask = ask_for(session, mirror.base, {**(near or partner(session, mirror, name)), **wide(session), name: raw})
    return (yield from expect(session, mirror, ask, purpose, clauses))


def _near_end(session: Session, name: str, point: datetime, times: Sequence[datetime]) -> dict[str, Tree]:
    """The other end of a range, so near that one page holds it: rows at the bound stand on no later page."""
    _, size = largest_size(session)
    pair = next((pair for pair in session.listing.ranges if name in (pair.first, pair.last)), None)
    if pair is None or size is None:
        return {}
    if name == pair.first:
        inside = [moment for moment in times if moment >= point]
        return {pair.last: raw_value(session, pair.last, inside[size // 2])} if len(inside) > size // 2 else {}
    inside = [moment for moment in times if moment <= point]
    return {pair.first: raw_value(session, pair.first, inside[-size // 2])} if len(inside) > size // 2 else {}


def partner(session: Session, mirror: Mirror, name: str) -> dict[str, Tree]:
    """The other end of a range, wide open, where one end alone may be refused."""
    for pair in session.listing.ranges:
        if name in (pair.first, pair.last):
            other = pair.last if name == pair.first else pair.first
            if other in mirror.base or pair.one_alone == "one-sided":
                return {}
            far = datetime(2000, 1, 1, tzinfo=UTC) if other == pair.first else datetime(2100, 1, 1, tzinfo=UTC)
            return {other: raw_value(session, other, far)}
    return {}


# --- together -----------------------------------------------------------------------------------------------


def pairs_of_filters(session: Session, mirror: Mirror) -> Iterator[None]:
    """Every two filters at once, as many in one request as leave each of them something to keep out."""
    clauses = session.listing.conjunction_clause
    names = [
        name for name in shown_filters(session) if session.usable(name) and not is_time(session.listing.filters[name])
    ]
    times = [
        name for name in shown_filters(session) if session.usable(name) and is_time(session.listing.filters[name])
    ]
    pairs = [*combinations(names, 2), *((name, time) for name in names for time in times)]
    session.rng.shuffle(pairs)

    def doubtful(pair: tuple[str, str]) -> bool:
        # A filter that fails by itself says little about how filters come together.
        return any(session.ledger.failed(session.listing.filters[name].clause) for name in pair)

    pairs.sort(key=doubtful)
    left = {frozenset(pair) for pair in pairs}
    told: set[tuple[str, ...]] = set()
    asked = 0
    for first, second in pairs:
        if asked >= PAIRS_AT_MOST or session.ledger.failed(clauses):
            break
        if frozenset((first, second)) not in left:
            continue
        left.discard(frozenset((first, second)))
        several = _several(session, mirror, first, second, [*names, *times], left)
        if len(several) > 2:
            exchange = session.send(_together(session, mirror, several), f"{' and '.join(several)} together")
            yield
            asked += 1
            if session.not_judged(exchange, clauses):
                continue
            covered = [
                pair for pair in combinations(several, 2) if frozenset(pair) in left or pair == (first, second)
            ]
            if fits(session, mirror, exchange):
                session.ledger.witness(clauses, times=len(covered))
                told |= {(min(pair), max(pair)) for pair in combinations(several, 2)}
                left -= {frozenset(pair) for pair in covered}
                continue
            for one, other in sorted(combinations(several, 2), key=doubtful):
                # The smallest request that goes wrong tells most.
                ask = _together(session, mirror, {name: several[name] for name in (one, other)})
                judged = yield from expect(session, mirror, ask, f"{one} and {other} together", clauses)
                if judged.right is False:
                    break
            else:
                ask = _together(session, mirror, several)
                yield from expect(session, mirror, ask, f"{' and '.join(several)} together", clauses)
            continue
        values = pair_values(session, mirror, first, second)
        if values is None:
            continue
        ask = ask_for(session, mirror.base, {**wide(session), **values})
        judged = yield from expect(session, mirror, ask, f"{first} and {second} together", clauses)
        asked += judged.right is not None
        if judged.right:
            told.add((min(first, second), max(first, second)))
    session.settings = {**session.settings, "pairs-told": frozenset(told)}
    if not asked and clauses:
        session.ledger.not_exercised(clauses, "no two filters could be combined on these rows")


def fits(session: Session, mirror: Mirror, exchange: Exchange) -> bool:
    """Whether an answer is right under some reading of its request."""
    if exchange.answer is None:
        return False
    return any(compare(session, mirror, meaning, exchange) is None for _, meaning in session.meanings(exchange.ask))


def _several(
    session: Session, mirror: Mirror, first: str, second: str, names: Sequence[str], left: Set[frozenset[str]]
) -> dict[str, Row]:
    """The two filters and up to two more, with a row that they all keep; the loss of each would show."""
    if _at_odds(session, first, second):
        return {}
    best: dict[str, Row] = {}
    gained = 0
    rows = list(mirror.rows)
    session.rng.shuffle(rows)
    for row in rows[:8]:
        chosen = [first, second]
        if not _each_tells(session, mirror, chosen, row):
            continue
        gain = 1
        for name in names:
            fresh = sum(frozenset((name, other)) in left for other in chosen if other != name)
            if len(chosen) > 3 or not fresh or name in chosen or any(_at_odds(session, name, one) for one in chosen):
                continue
            if _each_tells(session, mirror, [*chosen, name], row):
                chosen.append(name)
                gain += fresh
        if gain > gained:
            best, gained = dict.fromkeys(chosen, row), gain
    return best


def _each_tells(session: Session, mirror: Mirror, names: Sequence[str], row: Row) -> bool:
    """Whether the loss of any of the filters would show."""
    sides = [_value_for(session, mirror, name, row) for name in names]
    kept = [side[1] for side in sides if side is not None]
    if len(kept) < len(names):
        return False
    both = frozenset.intersection(*kept)
    return bool(both) and all(
        frozenset.intersection(*(keys for other, keys in enumerate(kept) if other != place)) != both
        for place in range(len(kept))
    )


def _together(session: Session, mirror: Mirror, several: Mapping[str, Row]) -> Ask:
    """The request that asks for a row by several filters, with what these need beside them."""
    values: dict[str, Tree] = {}
    for name, row in several.items():
        side = _value_for(session, mirror, name, row)
        if side is not None:
            values[name] = side[0]
    more: dict[str, Tree] = {}
    for name, row in several.items():
        if not any(other in several for other in session.listing.filters[name].applies_if_any):
            more |= companions(session, mirror, name, row)
        more |= default_comparison(session, name)
        if is_time(session.listing.filters[name]):
            more |= partner(session, mirror, name)
    return ask_for(session, mirror.base, {**wide(session), **more, **values})


def _at_odds(session: Session, first: str, second: str) -> bool:
    """Whether two filters do not simply hold together."""
    one, two = session.listing.filters[first], session.listing.filters[second]
    if second in one.excludes or first in two.excludes or one.loses_to == second or two.loses_to == first:
        return True
    return one.same_as == second or two.same_as == first


def pair_values(session: Session, mirror: Mirror, first: str, second: str) -> dict[str, Tree] | None:
    """Values of two filters whose rows overlap but are not the same, so that leaving one out shows."""
    if _at_odds(session, first, second):
        return None
    rows = list(mirror.rows)
    session.rng.shuffle(rows)
    best: tuple[int, dict[str, Tree]] | None = None
    # Values of one row first; values of two rows tell as well where one row's values say the same thing.
    for row, other in (*((row, row) for row in rows[:16]), *pairwise(rows[:13])):
        sides = [_value_for(session, mirror, first, row), _value_for(session, mirror, second, other)]
        if any(side is None for side in sides):
            continue
        (raw_a, keys_a), (raw_b, keys_b) = sides  # type: ignore[misc]
        both = keys_a & keys_b
        gain = min(len(keys_a), len(keys_b)) - len(both)
        if gain > 0 and (best is None or gain > best[0]):
            more: dict[str, Tree] = {}
            if second not in session.listing.filters[first].applies_if_any:
                more |= companions(session, mirror, first, row)
            if first not in session.listing.filters[second].applies_if_any:
                more |= companions(session, mirror, second, other)
            more |= {**default_comparison(session, first), **default_comparison(session, second)}
            more = {name: raw for name, raw in more.items() if name not in (first, second)}
            best = (gain, {**more, **partner_of(session, mirror, first, second), first: raw_a, second: raw_b})
            if gain > 3:
                break
    return best[1] if best else None


def partner_of(session: Session, mirror: Mirror, *together: str) -> dict[str, Tree]:
    """The other ends of ranges that filters open, where one end alone may be refused."""
    found: dict[str, Tree] = {}
    for name in together:
        if is_time(session.listing.filters[name]):
            found |= {other: raw for other, raw in partner(session, mirror, name).items() if other not in together}
    return found


def _value_for(session: Session, mirror: Mirror, name: str, row: Row) -> tuple[Tree, frozenset[Any]] | None:
    kept = session.listing.filters[name]
    values = flat([value for path in kept.compares for value in compared(row.shown, path)])
    if not values:
        return None
    value = values[0]
    if isinstance(value, datetime):
        step = timedelta(seconds=1) if kept.keeps == "at-or-before" else timedelta(seconds=-1)
        value = (value + step).replace(microsecond=0)
    if isinstance(value, Decimal):
        value = int(value)
    known = (name, value)
    if known not in mirror.keys_of:
        keeps = kept.keeps.assumed if isinstance(kept.keeps, Open) else kept.keeps
        mirror.keys_of[known] = frozenset(
            other.key
            for other in mirror.rows
            if any(holds(keeps, shown, value) for path in kept.compares for shown in compared(other.shown, path))
        )
    keys = mirror.keys_of[known]
    return raw_value(session, name, value), keys


# --- dependence ---------------------------------------------------------------------------------------------


def dependences(session: Session, mirror: Mirror) -> Iterator[None]:
    """Filters that need, beat or exclude one another."""
    for name, kept in session.listing.filters.items():
        if is_hidden(kept) or not session.usable(name):
            continue
        counted = values_shown(mirror.rows, kept.compares)
        values = [value for value, count in counted.most_common() if count < len(mirror.rows)]
        if not values:
            dependent = (*kept.applies_clause, *kept.loses_clause, *kept.regains_clause, *kept.excludes_clause)
            if dependent:
                session.ledger.not_exercised(dependent, f"no two values occur that {name} compares")
            continue
        if kept.applies_if_any:
            for value in (values[0], NOWHERE):
                ask = ask_for(session, mirror.base, {**wide(session), name: raw_value(session, name, value)})
                judged = yield from expect(
                    session, mirror, ask, f"{name} without {' or '.join(kept.applies_if_any)}", kept.applies_clause
                )
                if judged.right is False:
                    break
        if kept.loses_to is not None and session.usable(kept.loses_to):
            yield from _precedence(session, mirror, name, kept.loses_to, values)
        for other in kept.excludes:
            if kept.excludes_clause and session.usable(other):
                yield from _both(session, mirror, name, other)


def _precedence(session: Session, mirror: Mirror, name: str, winner: str, values: list[Any]) -> Iterator[None]:
    kept = session.listing.filters[name]
    if len(values) < 2:
        session.ledger.not_exercised((*kept.loses_clause, *kept.regains_clause), "only one value occurs")
        return
    for weak, strong in ((values[0], values[1]), (NOWHERE, values[-1])):
        ask = ask_for(
            session,
            mirror.base,
            {**wide(session), name: raw_value(session, name, weak), winner: raw_value(session, winner, strong)},
        )
        judged = yield from expect(session, mirror, ask, f"{winner} beats {name}", kept.loses_clause)
        if judged.right is False:
            return
    empty = written(session, winner, ()) if session.listing.parameters[winner].as_ in ("list", "json-list") else ""
    ask = ask_for(session, mirror.base, {**wide(session), name: raw_value(session, name, values[0]), winner: empty})
    yield from expect(
        session, mirror, ask, f"an empty {winner} leaves {name} in force", kept.regains_clause or kept.loses_clause
    )


def _both(session: Session, mirror: Mirror, name: str, other: str) -> Iterator[None]:
    kept, against = session.listing.filters[name], session.listing.filters[other]
    for row in mirror.rows:
        mine = flat([value for path in kept.compares for value in compared(row.shown, path)])
        theirs = flat([value for path in against.compares for value in compared(row.shown, path)])
        if mine and theirs:
            ask = ask_for(
                session,
                mirror.base,
                {
                    **wide(session),
                    name: raw_value(session, name, mine[0]),
                    other: raw_value(session, other, theirs[0]),
                },
            )
            judged = yield from expect(session, mirror, ask, f"{name} and {other} together", kept.excludes_clause)
            if judged.right and judged.meaning is not None:
                told = "refused" if judged.meaning.fault else "both apply"
                session.ledger.observed(kept.excludes_clause, told)
            return
    session.ledger.not_exercised(kept.excludes_clause, f"no row shows values for both {name} and {other}")
