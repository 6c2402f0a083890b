"""Rules on filters with words: words that stand for sets of values, and words that no row shows."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, final

from harness.check.context import Exchange
from harness.check.exchange import steps_of
from harness.check.probe.answer_checks import apart_check, walk_check
from harness.check.probe.asked_filter import AskedFilter
from harness.check.probe.blame import clauses_of_value
from harness.check.probe.filter_values import largest_page
from harness.check.probe.mirror import reread_mirror
from harness.check.results.row_numbers import rows_in_words
from harness.specification.model import Clauses
from harness.wire.list_request import ListRequest
from harness.wire.row_codec import field_at


@final
@dataclass(frozen=True, slots=True)
class _Breach:
    """What is wrong with the rows of a word; `other` is a word that has rows which only one of them may have."""

    clauses: Clauses
    expected: str
    actual: str
    word: str
    other: str | None = None


def _words_of_field(about: AskedFilter) -> list[str]:
    """The words of the field that a filter compares."""
    field = field_at(about.context.listing.fields, about.rule.compares[0])
    return list(dict.fromkeys(field.words.values())) if field is not None else []


def _request(about: AskedFilter, word: str) -> ListRequest:
    """The request for the rows of a word, as it is written."""
    return about.mirror.request({**largest_page(about.context), about.name: word})


def check_unseen_words(about: AskedFilter) -> None:
    """Judges that words of a field that no row shows share out the list; a word for several has the rows of each.

    Of a list that moves, the rows that were there before all the answers and after them are judged.
    """
    context, mirror, words = about.context, about.mirror, _words_of_field(about)
    several = {word: meant for word, meant in about.rule.words.items() if isinstance(meant, tuple)}
    if len(words) < 2 or not mirror.complete or about.rule.word_conditions:
        return
    wrong: _Breach | None = None
    for _ in range(2):
        before = {row.key for row in mirror.rows}
        answers = _answers_of_words(about, (*words, *several))
        if answers is None:
            return
        reread_mirror(context, mirror)
        steady = before & {row.key for row in mirror.rows}
        if not steady or not mirror.complete:
            context.results.record_inconclusive(about.all_clauses, "data-changed: no row stood still")
            return
        wrong = _partition_breach(about, words, several, answers, steady)
        if wrong is None:
            tried = {clause for word in answers for clause in clauses_of_value(about.rule, word)}
            context.results.record_pass((*tried, *about.rule.partition_clause))
            for exchange in answers.values():
                context.response_check(context, exchange)
            return
    assert wrong is not None
    assert answers is not None
    context.fail(
        wrong.clauses,
        context.clause_text(wrong.clauses, about.name),
        expected=wrong.expected,
        actual=wrong.actual,
        exchange=answers[wrong.word],
        check=None if wrong.other is None else apart_check(context, answers[wrong.other]),
    )
    context.mark_broken(about.name, wrong.clauses)


def _answers_of_words(about: AskedFilter, words: Iterable[str]) -> dict[str, Exchange] | None:
    """The answer for each word; None where one has no rows to go by."""
    context = about.context
    answers: dict[str, Exchange] = {}
    for word in words:
        clauses, ask = clauses_of_value(about.rule, word), _request(about, word)
        # What the word says of a row holds only if the filter works: the general rules come later.
        answers[word] = context.send(ask, f"rows of {about.name}={word}", witness=False)
        if context.note_unusable(answers[word], clauses):
            return None
        if answers[word].rows is None:
            # Refused, or no list at all: the oracle knows as much without a row.
            about.check(ask, f"{about.name} = {word!r}", clauses, only=("unreadable", "outcome"))
            return None
    return answers


def _partition_breach(
    about: AskedFilter,
    words: Sequence[str],
    several: Mapping[str, Sequence[Any]],
    answers: Mapping[str, Exchange],
    everything: set[Hashable],
) -> _Breach | None:
    """What is wrong with the rows of words that no row shows, among those that make up everything."""
    rule = about.rule
    rows = {word: everything & set(exchange.keys) for word, exchange in answers.items()}

    def rows_of(chosen: Iterable[Any]) -> set[Hashable]:
        return set[Hashable]().union(*(rows.get(str(word), ()) for word in chosen))

    for word in words:
        other = next((other for other in words if other != word and rows[other]), None)
        if rows[word] == everything and other is not None:
            actual = f"all {rows_in_words(len(everything))}"
            return _Breach(clauses_of_value(rule, word), "fewer rows than without it", actual, word, other)
    for word, meant in several.items():
        others = [other for other in words if other not in meant]
        mine, parts, rest = rows[word], rows_of(meant), rows_of(others)
        both = rest & parts
        if mine == parts and len(others) == 1 and both:
            # Two answers agree against the third.
            clauses, actual = clauses_of_value(rule, others[0]), f"{rows_in_words(len(both))} that {word} keeps, too"
            return _Breach(clauses, f"no row that {word} keeps", actual, others[0], word)
        if mine != parts and parts | rest == everything and not both:
            actual = f"{rows_in_words(len(mine))}: {len(parts - mine)} missing, {len(mine - parts)} too many"
            expected = f"the {len(parts)} rows of {' and '.join(map(str, meant))}"
            return _Breach(clauses_of_value(rule, word), expected, actual, word)
    for one, two in combinations(words, 2):
        if shared := rows[one] & rows[two]:
            actual = f"{rows_in_words(len(shared))} for {one} and for {two}"
            return _Breach(rule.partition_clause, "each row for one word", actual, two, one)
    lost = everything - rows_of(words)
    actual = f"{rows_in_words(len(lost))} for none of the words"
    return _Breach(rule.partition_clause, "each row for one word", actual, words[-1]) if lost else None


def check_word_partition(about: AskedFilter) -> None:
    """Judges that the words of a field, asked for one by one, share out all rows."""
    context, mirror, clauses, words = about.context, about.mirror, about.rule.partition_clause, _words_of_field(about)
    seen: dict[Hashable, str] = {}
    answers: dict[str, Exchange] = {}
    for word in words:
        exchange = answers[word] = context.send(_request(about, word), f"rows of {about.name}={word}")
        if context.note_unusable(exchange, clauses) or exchange.rows is None:
            return
        twice = next((key for key in exchange.keys if seen.setdefault(key, word) != word), None)
        if twice is not None and not mirror.volatile:
            message, actual = f"a row belongs to one word of {about.name}", f"{seen[twice]} and {word}"
            context.fail(
                clauses,
                message,
                expected="one word",
                actual=actual,
                exchange=exchange,
                rows=[row for row in exchange.listed if row.key == twice],
                check=apart_check(context, answers[seen[twice]]),
            )
            return
    left = {row.key for row in mirror.rows} - seen.keys()
    if left and mirror.complete and not mirror.volatile:
        reread_mirror(context, mirror)
    if mirror.volatile:
        context.results.record_inconclusive(clauses, "data-changed")
    elif not mirror.complete:
        context.results.record_not_exercised(clauses, "the list was not read to its end")
    elif not left:
        context.results.record_pass(clauses)
    else:
        for word in words:
            answers[word] = context.send(_request(about, word), f"again: rows of {about.name}={word}")
            left -= set(answers[word].keys)
        if not left:
            context.results.record_inconclusive(clauses, "not repeatable")
            return
        rows = len(mirror.rows)
        context.fail(
            clauses,
            f"the words of {about.name} share out all rows",
            expected=f"{rows} rows",
            actual=rows_in_words(rows - len(left)),
            rows=[row for row in mirror.rows if row.key in left],
            fields=map(str, about.rule.compares),
            check=walk_check(context, mirror.rows),
            steps=steps_of(*answers.values()),
        )
