"""Rules on filters with words: words that stand for sets of values, and words that no row shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from harness.check.context import CheckContext, Exchange
from harness.check.probe.answer_checks import apart_check
from harness.check.probe.blame import clauses_of_value
from harness.check.probe.expect import check_probe
from harness.check.probe.filter_clauses import clauses_of_filter
from harness.check.probe.filter_values import largest_page
from harness.check.probe.mirror import Mirror, reread_mirror
from harness.specification.model import Clauses, Filter
from harness.wire.row_codec import field_at


def check_unseen_words(context: CheckContext, mirror: Mirror, name: str) -> None:
    """Judges that words of a field that no row shows share out the list; a word for several has the rows of each."""
    filter_ = context.listing.filters[name]
    field = field_at(context.listing.fields, filter_.compares[0])
    words = list(dict.fromkeys(field.words.values())) if field is not None else []
    several = {word: meant for word, meant in filter_.words.items() if isinstance(meant, tuple)}
    if len(words) < 2 or not mirror.complete:
        return
    wrong: tuple[Clauses, str, str, Exchange, Exchange | None] | None = None
    for attempt in range(2):
        answers: dict[str, Exchange] = {}
        for word in (*words, *several):
            clauses = clauses_of_value(filter_, word)
            ask = mirror.request({**largest_page(context), name: word})
            # What the word says of a row holds only if the filter works: the general rules come later.
            answers[word] = context.send(ask, f"rows of {name}={word}", witness=False)
            if context.note_unusable(answers[word], clauses):
                return
            if answers[word].rows is None:
                # Refused, or no list at all: the oracle knows as much without a row.
                check_probe(context, mirror, ask, f"{name} = {word!r}", clauses, only=("unreadable", "outcome"))
                return
        if attempt == 0 or wrong is not None:
            reread_mirror(context, mirror)
        if mirror.volatile:
            context.results.record_inconclusive(clauses_of_filter(filter_), "data-changed")
            return
        wrong = _partition_breach(mirror, filter_, words, several, answers)
        if wrong is None:
            tried = {clause for word in (*words, *several) for clause in clauses_of_value(filter_, word)}
            context.results.record_pass((*tried, *filter_.partition_clause))
            for exchange in answers.values():
                context.response_check(context, exchange)
            return
    assert wrong is not None
    clauses, expected, actual, exchange, other = wrong
    context.fail(
        clauses,
        context.clause_text(clauses, name),
        expected=expected,
        actual=actual,
        exchange=exchange,
        check=None if other is None else apart_check(context, other),
    )
    context.broken_parameters.setdefault(name, clauses[0])


def _partition_breach(
    mirror: Mirror,
    filter_: Filter,
    words: Sequence[str],
    several: Mapping[str, Sequence[Any]],
    answers: Mapping[str, Exchange],
) -> tuple[Clauses, str, str, Exchange, Exchange | None] | None:
    """What is wrong with the rows of words that no row shows: clauses, expected, actual, an answer and, where two
    share rows that they must not, the other one; or None."""
    everything = {row.key for row in mirror.rows}
    rows = {word: set(exchange.keys) for word, exchange in answers.items()}
    for word in words:
        if rows[word] == everything and any(rows[other] for other in words if other != word):
            return (
                clauses_of_value(filter_, word),
                "fewer rows than without it",
                f"all {len(everything)} rows",
                answers[word],
                next(answers[other] for other in words if other != word and rows[other]),
            )
    for word, meant in several.items():
        parts: set[Any] = set().union(*(rows[str(part)] for part in meant if str(part) in rows))
        others = [other for other in words if other not in meant]
        rest: set[Any] = set().union(*(rows[other] for other in others))
        both = rest & parts
        if rows[word] == parts and len(others) == 1 and both:
            # Two answers agree against the third.
            actual = f"{len(both)} rows that {word} keeps, too"
            return (
                clauses_of_value(filter_, others[0]),
                f"no row that {word} keeps",
                actual,
                answers[others[0]],
                answers[word],
            )
        if rows[word] != parts and parts | rest == everything and not both:
            actual = f"{len(rows[word])} rows: {len(parts - rows[word])} missing, {len(rows[word] - parts)} too many"
            expected = f"the {len(parts)} rows of {' and '.join(map(str, meant))}"
            return clauses_of_value(filter_, word), expected, actual, answers[word], None
    for one, two in combinations(words, 2):
        if rows[one] & rows[two]:
            actual = f"{len(rows[one] & rows[two])} rows for {one} and for {two}"
            return filter_.partition_clause, "each row for one word", actual, answers[two], answers[one]
    lost = everything - set().union(*(rows[word] for word in words))
    if lost:
        actual = f"{len(lost)} rows for none of the words"
        return filter_.partition_clause, "each row for one word", actual, answers[words[-1]], None
    return None


def check_word_partition(context: CheckContext, mirror: Mirror, name: str) -> None:
    """Judges that the words of a field, asked for one by one, share out all rows."""
    filter_ = context.listing.filters[name]
    field = field_at(context.listing.fields, filter_.compares[0])
    words = list(dict.fromkeys(field.words.values())) if field is not None else []
    seen: dict[Any, str] = {}
    for word in words:
        exchange = context.send(mirror.request({**largest_page(context), name: word}), f"rows of {name}={word}")
        if context.note_unusable(exchange, filter_.partition_clause) or exchange.rows is None:
            return
        for row in exchange.rows:
            other = seen.setdefault(row.key, word)
            if other != word and not mirror.volatile:
                context.fail(
                    filter_.partition_clause,
                    f"a row belongs to one word of {name}",
                    expected="one word",
                    actual=f"{other} and {word}",
                    exchange=exchange,
                )
                return
    if mirror.volatile:
        context.results.record_inconclusive(filter_.partition_clause, "data-changed")
        return
    if not mirror.complete:
        context.results.record_not_exercised(filter_.partition_clause, "the list was not read to its end")
        return
    left = [row for row in mirror.rows if row.key not in seen]
    if left:
        reread_mirror(context, mirror)
        if mirror.volatile:
            context.results.record_inconclusive(filter_.partition_clause, "data-changed")
            return
        for word in words:
            again = context.send(
                mirror.request({**largest_page(context), name: word}), f"again: rows of {name}={word}"
            )
            left = [row for row in left if row.key not in set(again.keys)]
        if not left:
            context.results.record_inconclusive(filter_.partition_clause, "not repeatable")
            return
    if left:
        context.fail(
            filter_.partition_clause,
            f"the words of {name} share out all rows",
            expected=f"{len(mirror.rows)} rows",
            actual=f"{len(mirror.rows) - len(left)} rows",
        )
    else:
        context.results.record_pass(filter_.partition_clause)
