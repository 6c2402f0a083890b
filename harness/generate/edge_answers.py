"""Valid answers that are awkward: empty, full, with every word, without values, with odd texts and times.

They are made by the simulator from chosen records, by what the spec says of its fields, and are of a world of their
own: what they cost does not hang on how many calls are generated.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Final, TypeAlias, final

from harness.generate.breach_place import row_pointer
from harness.generate.edge_records import (
    ESCAPES,
    HUGE,
    LONG,
    NON_ASCII,
    SHORT,
    ChosenWorld,
    clock_changes,
    free_text_names,
    instantaneous,
    lengthened,
    shifted,
    with_texts,
)
from harness.generate.invalid_rows import breaks_law
from harness.generate.sample_exchanges import SampleClient
from harness.output.counted_words import counted
from harness.specification.dialect import Dialect
from harness.specification.field_path import FieldPath
from harness.specification.load import Spec
from harness.specification.model import AbsentForm, Field
from harness.telephony.attributes import ATTRIBUTES, ID_ALPHABETS, Grain
from harness.telephony.records import Record
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.wire.json_body import MISSING, Missing, put_value, tree_at
from harness.wire.response_codec import carries_text, decode_response, encode_response
from harness.wire.row_codec import absent_forms, encode_absent, show_record
from harness.world.listed_calls import ListedCalls
from harness.world.traffic_profile import OFFICE
from harness.world.world import World

EDGE_CALLS: Final = 300
"""Calls of the world that records are chosen from."""
UNLIMITED_PAGE: Final = 100
"""Rows of the largest page that is made, where the document tells no limit."""
LARGEST_PAGE_BYTES: Final = 2 << 20
"""A page is cut down to so many bytes where as many rows as the API allows would take more."""
# A user may see a part of the calls only: so much more than a page needs are made.
_SPARE: Final = 1.2
# When live calls that began around a change of the clock are seen.
_AFTER_CHANGE: Final = timedelta(hours=2)
_ROWS_WITH_TEXTS: Final = 4
_RECORDS_TRIED: Final = 10

Places: TypeAlias = "tuple[tuple[str, Tree | Missing], ...]"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeAnswer:
    """One valid answer: its name, what is awkward about it, and the places (pointer and value) where that stands.

    MISSING is the value of a field that is left out.
    """

    name: str
    says: str
    request: HttpRequest
    response: HttpResponse
    places: Places


@final
@dataclass(frozen=True, slots=True)
class _Answer:
    """What the simulator answers about chosen records: the tree, and the record of each row."""

    request: HttpRequest
    response: HttpResponse
    tree: Tree
    records: tuple[Record, ...]


def make_edge_answers(spec: Spec, world: World, dialect: Dialect) -> Iterator[EdgeAnswer]:
    """Valid and awkward answers of one API, of a world with the seed and the instant of this one."""
    profile = world.profile if world.profile is not None else OFFICE

    def client_of(calls: int) -> SampleClient:
        pool = World.of(seed=world.seed or 0, calls=calls, instant=world.instant, profile=profile)
        return SampleClient(spec, pool, dialect)

    maker = _EdgeMaker(client_of)
    yield from maker.of_sizes()
    yield from maker.of_words()
    yield from maker.of_absences()
    yield from maker.of_texts()
    yield from maker.of_durations()
    yield from maker.of_clock_changes()


@final
class _EdgeMaker:
    """Makes the answers of one API from the records that its default user may see."""

    def __init__(self, client_of: Callable[[int], SampleClient]) -> None:
        """`client_of` gives a client of a world with so many calls."""
        self.client_of = client_of
        self.client = client = client_of(EDGE_CALLS)
        self.listing = client.listing
        self.pool = client.visible_rows.records
        self.live = ListedCalls(client.dialect.resolve(self.listing.lists.calls)) is ListedCalls.LIVE
        self.paths = tuple(_field_paths(self.listing.fields))

    def of_sizes(self) -> Iterator[EdgeAnswer]:
        """No row, one row, and as many as a page may hold."""
        rows_at = self.listing.lists.rows_at
        yield self._told("empty-list", "no row at all", self._ask(()), (rows_at,))
        if self.pool:
            one = self._ask(self.pool[:1])
            yield self._told("one-row", "a list of one row", one, (row_pointer(self.listing, 0),))
            yield self._largest_page()

    def _largest_page(self) -> EdgeAnswer:
        """As many rows as the API allows, of a world that has so many; no more than may be made."""
        size = self.listing.paging.size_parameter
        most = self.listing.parameters[size].most if size is not None else None
        wanted = most or UNLIMITED_PAGE
        records = self.pool
        if len(records) < wanted and not self.live:
            calls = math.ceil(_SPARE * EDGE_CALLS * wanted / len(records))
            records = self.client_of(calls).visible_rows.records
        full = self._ask(records[:wanted])
        says = f", of at most {most}" if most else "; no limit is documented"
        if len(full.response.body) > LARGEST_PAGE_BYTES:
            full = self._ask(records[: len(full.records) * LARGEST_PAGE_BYTES // len(full.response.body)])
            says += f", as many as {LARGEST_PAGE_BYTES >> 20} MiB hold"
        elif most is not None and len(full.records) < most:
            says += ", as many as the list has"
        says = f"a page of {counted(len(full.records), 'row')}{says}"
        return self._told("largest-page", says, full, (self.listing.lists.rows_at,))

    def of_words(self) -> Iterator[EdgeAnswer]:
        """Every word of every field that has words, those that the simulator never shows too."""
        for path, field in self.paths:
            if field.as_ != "word" or field.shows is None:
                continue
            chosen = list(self._records_with_words(path, field))
            answer = self._ask(tuple({_identity(record): record for _, record in chosen}.values()))
            places = [found for word, _ in chosen for found in self._places_of(answer, path, field.words[word])[:1]]
            yield from self._with_more_words(answer, path, field, places)

    def _records_with_words(self, path: FieldPath, field: Field) -> Iterator[tuple[str, Record]]:
        """A record for each word; where none has it, one that might have had it."""
        having = {
            word: next((one for one in self.pool if word in _values_in(one, self.listing.fields, path)), None)
            for word in field.words
        }
        used = {_identity(one) for one in having.values() if one is not None}
        for word, one in having.items():
            found = one
            if found is None and path.inner is None and field.shows is not None:
                spare = [other for other in self.pool if _identity(other) not in used]
                found = self._invented(spare, field.shows, word)
            if found is not None:
                used.add(_identity(found))
                yield word, found

    def _invented(self, records: Sequence[Record], attribute: str, word: str) -> Record | None:
        """One of the records with this word, and with another word elsewhere where a law asks for that."""
        alone = (one.with_values(**{attribute: word}) for one in records)
        beside = (
            one.with_values(**{attribute: word, field.shows: other})
            for one in records[:_RECORDS_TRIED]
            for path, field in self.paths
            if field.as_ == "word" and field.shows not in (None, attribute) and path.inner is None
            for other in field.words
        )
        return next((made for made in chain(alone, beside) if self._is_lawful(made)), None)

    def _with_more_words(
        self, answer: _Answer, path: FieldPath, field: Field, places: list[str]
    ) -> Iterator[EdgeAnswer]:
        """Words that the document knows and no call of the world has, written into rows that have none to lose."""
        name = str(path).replace("[]", "")
        says = f"every word of {path}"
        told = self._told(f"words-{name}", says, answer, places)
        if told.places:
            yield told
        for first in range(0, len(field.more_words), max(len(answer.records), 1)):
            tree = answer.tree
            edited: list[str] = []
            for index, word in enumerate(field.more_words[first : first + len(answer.records)]):
                at = row_pointer(self.listing, index, path)
                if tree_at(tree, at) is not MISSING:
                    tree = put_value(copy.deepcopy(tree), at, word)
                    edited.append(at)
            if edited and path.inner is None and not self._has_law_on(path):
                more = f"more-words-{name}" + (f"-{first // len(answer.records) + 1}" if first else "")
                says = f"words of {path} that are known, whatever they mean"
                yield self._told(more, says, self._rewritten(answer, tree), edited)

    def of_absences(self) -> Iterator[EdgeAnswer]:
        """Fields without a value, in every form in which the document says that there is none."""
        chosen: dict[FieldPath, Record] = {}
        for path, field in self.paths:
            if absent_forms(field) - {"never"} and field.shows is not None:
                found = next((one for one in self.pool if _has_none(one, self.listing.fields, path)), None)
                if found is not None:
                    chosen[path] = found
        if not chosen:
            return
        answer = self._ask(tuple({_identity(record): record for record in chosen.values()}.values()))
        fields = dict(self.paths)
        for form in sorted({form for path in chosen for form in absent_forms(fields[path])} - {"never"}):
            tree = copy.deepcopy(answer.tree)
            edited: list[str] = []
            for path in chosen:
                if form in absent_forms(fields[path]):
                    edited += self._write_absence(tree, answer, path, fields[path], form)
            if edited:
                says = f"fields without a value, written as: {form}"
                yield self._told(f"absent-{form}", says, self._rewritten(answer, tree), edited)

    def _write_absence(
        self, tree: Tree, answer: _Answer, path: FieldPath, field: Field, form: AbsentForm
    ) -> Iterator[str]:
        """Write it in one form wherever a row has no value; the places."""
        none = encode_absent(field, form, text_carried=carries_text(self.listing))
        for index, record in enumerate(answer.records):
            for nested, value in enumerate(_values_in(record, self.listing.fields, path)):
                at = row_pointer(self.listing, index, path, nested)
                holder, _, name = at.rpartition("/")
                around = tree_at(tree, holder)
                if value in (None, ()) and isinstance(around, dict):
                    around.pop(name, None)
                    if not isinstance(none, Missing):
                        put_value(tree, at, none)
                    yield at

    def of_texts(self) -> Iterator[EdgeAnswer]:
        """Texts of many scripts, with letters that need escaping, very long and very short ones."""
        shown = {field.shows: _grain_of(self.listing.lists.one_row_per, self.listing.fields, path)
                 for path, field in self.paths if _takes_any_text(field) and field.shows is not None}  # fmt: skip
        names = free_text_names(shown)
        for name, says, text in (
            ("non-ascii", "texts of several scripts, a combining accent and an emoji", NON_ASCII),
            ("escapes", "texts with letters that JSON, XML, HTML and URLs escape", ESCAPES),
            ("long-texts", f"texts of {len(LONG)} letters", LONG),
            ("short-texts", "texts of one letter", SHORT),
        ):
            changed = [(one, with_texts(one, names, text)) for one in self.pool]
            different = [made for one, made in changed if made != one and self._is_lawful(made)]
            answer = self._ask(tuple(different[:_ROWS_WITH_TEXTS]))
            fields = [path for path, field in self.paths if field.shows in names]
            yield from self._if_placed(
                self._told(name, says, answer, [at for path in fields for at in self._places_of(answer, path, text)])
            )

    def of_durations(self) -> Iterator[EdgeAnswer]:
        """Calls that took no time at all, and calls of thirty days."""
        now = self.client.world.instant
        makers: tuple[tuple[str, str, Callable[[Record], Record]], ...] = (
            ("huge-durations", f"calls of {HUGE.days} days", lambda one: lengthened(one, HUGE, now)),
            (
                "zero-durations",
                "calls that ended the instant in which they began",
                lambda one: instantaneous(one, now),
            ),
        )
        for name, says, make in makers[: 1 if self.live else 2]:
            lawful = [made for one in self.pool if (made := make(one)) != one and self._is_lawful(made)]
            ended = [one for one in lawful if self.live or one.get("ended_at") is not None]
            # One that was answered, and one that was not.
            chosen = {one.get("answered_at") is None: one for one in reversed(ended)}
            answer = self._ask(tuple(chosen.values()))
            spans = [path for path, field in self.paths if (field.shows or "").endswith(("_seconds", "started_at"))]
            places = [row_pointer(self.listing, index, path) for index in range(len(chosen)) for path in spans
                      if path.inner is None]  # fmt: skip
            yield from self._if_placed(self._told(name, says, answer, places))

    def of_clock_changes(self) -> Iterator[EdgeAnswer]:
        """Calls in the hours in which the clock of the API's zone, or else of Berlin, was put forward and back.

        Live ones are seen two hours after it.
        """
        for way, at in clock_changes(self.client.zone, self.client.world.instant):
            chosen: list[Record] = []
            now = at + _AFTER_CHANGE if self.live else self.client.world.instant
            for record, seconds in zip(self.pool, (-3600, -1, 0, 3599), strict=False):
                began = record.instant("started_at")
                if began is None:
                    continue
                start = at + timedelta(seconds=seconds) + timedelta(microseconds=began.microsecond)
                if self.live:
                    seen = shifted(record, now - self.client.world.instant)
                    chosen.append(lengthened(seen, (seen.instant("started_at") or start) - start, now))
                else:
                    chosen.append(shifted(record, start - began))
            moved = [one for one in chosen if self._is_lawful(one)]
            answer = self._ask(tuple(moved), now=now)
            starts = [path for path, field in self.paths if field.shows == "started_at" and path.inner is None]
            places = [row_pointer(self.listing, index, path) for index in range(len(moved)) for path in starts]
            says = f"calls around {at.isoformat()}, when clocks were put {way}"
            yield from self._if_placed(self._told(f"clock-{way}", says, answer, places))

    # --- answers ------------------------------------------------------------------------------------------------

    def _ask(self, records: Sequence[Record], *, now: datetime | None = None) -> _Answer:
        """The largest page of a list of these records, with every part that may be added."""
        ordered = tuple(sorted(records, key=lambda one: (one["started_at"], _identity(one))))
        world = ChosenWorld(
            instant=now or self.client.world.instant,
            customers=self.client.world.customers,
            home_customer_id=self.client.world.home_customer_id,
            chosen=ordered,
        )
        client = SampleClient(self.client.spec, world, self.client.dialect)
        parts = {include.parameter: client.encode_value(include.parameter, True) for include in self.listing.includes}
        request = client.encode(client.list_request({**client.largest_size_values(), **parts}))
        response = client.send(request).response
        tree = decode_response(self.listing, response).tree
        listed = tree_at(tree, self.listing.lists.rows_at) if not isinstance(tree, Missing) else []
        shown = client.all_rows
        by_tree = {repr(row.get(self.listing.lists.identity)): record
                   for row, record in zip(shown.trees, shown.records, strict=True)}  # fmt: skip
        found = [by_tree.get(repr(self._identity_in(row))) for row in (listed if isinstance(listed, list) else [])]
        kept = tuple(record for record in found if record is not None)
        return _Answer(request, response, {} if isinstance(tree, Missing) else tree, kept)

    def _identity_in(self, row: Tree) -> Tree:
        return row.get(self.listing.lists.identity) if isinstance(row, dict) else row

    def _rewritten(self, answer: _Answer, tree: Tree) -> _Answer:
        response = replace(answer.response, body=encode_response(self.listing, tree)[1])
        return _Answer(answer.request, response, tree, answer.records)

    def _told(self, name: str, says: str, answer: _Answer, places: Iterable[str]) -> EdgeAnswer:
        told = tuple((at, tree_at(answer.tree, at)) for at in dict.fromkeys(places))
        return EdgeAnswer(name=name, says=says, request=answer.request, response=answer.response, places=told)

    def _if_placed(self, answer: EdgeAnswer) -> Iterator[EdgeAnswer]:
        if answer.places:
            yield answer

    def _places_of(self, answer: _Answer, path: FieldPath, value: str) -> list[str]:
        """The places of a field that has this value, in the answer as it is written."""
        found = []
        for index, record in enumerate(answer.records):
            for nested in range(max(len(_values_in(record, self.listing.fields, path)), 1)):
                at = row_pointer(self.listing, index, path, nested)
                if tree_at(answer.tree, at) == value:
                    found.append(at)
        return found

    def _is_lawful(self, record: Record) -> bool:
        """Whether no law of the spec is broken by the row of a record."""
        shown = show_record(self.listing.fields, record, zone=self.client.zone)
        return not any(breaks_law(law, shown) for law in self.listing.laws)

    def _has_law_on(self, path: FieldPath) -> bool:
        return any(str(path) in str(law) for law in self.listing.laws)


def _identity(record: Record) -> str:
    return str(record.get("leg_id") or record.get("call_id") or record.get("session_id"))


def _field_paths(fields: Mapping[str, Field]) -> Iterator[tuple[FieldPath, Field]]:
    """The fields that show something, those of nested rows under the path that leads to them."""
    for name, field in fields.items():
        yield FieldPath.of(name), field
        if field.as_ == "rows":
            for inner, part in field.fields.items():
                yield FieldPath.of(inner).nested_in(name), part


def _values_in(record: Record, fields: Mapping[str, Field], path: FieldPath) -> tuple[object, ...]:
    """What the attribute of a field is in a record, or in each of its nested records."""
    field = fields[path.head]
    if path.inner is None:
        return (record.get(field.shows or ""),)
    inner = field.fields[path.inner.head].shows or ""
    return tuple(nested.get(inner) for nested in record.rows(field.shows or ""))


def _has_none(record: Record, fields: Mapping[str, Field], path: FieldPath) -> bool:
    return any(value in (None, ()) for value in _values_in(record, fields, path))


def _takes_any_text(field: Field) -> bool:
    plain = field.as_ == "text" and field.form is None and field.pattern is None and field.template is None
    return plain and field.shows not in ID_ALPHABETS


def _grain_of(one_row_per: str, fields: Mapping[str, Field], path: FieldPath) -> Grain:
    """The grain of the records that a field shows something of."""
    grain = Grain(one_row_per)
    if path.inner is None:
        return grain
    return ATTRIBUTES[grain][fields[path.head].shows or ""].rows or grain
