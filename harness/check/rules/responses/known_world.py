"""Rules on a known world: rows that `generate` wrote and the target has loaded are compared with its list.

The file says what is true, so nothing has to be inferred: every row that must be listed is listed, with the values
that it has, and none besides; filters on what rows do not show are judged exactly. What the world's files are:
`rows.ndjson` or `rows.xml`, beside them `manifest.json` (which API, which dialect) and `hidden.ndjson` (what rows do
not show).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, final
from zoneinfo import ZoneInfo

from harness.check.context import CheckContext, Exchange, Row
from harness.check.probe.asked_filter import AskedFilter
from harness.check.probe.filter_values import absent_value, is_hidden_filter, is_plain_equality
from harness.check.probe.mirror import Mirror, largest_page_size
from harness.check.results.row_numbers import rows_in_words
from harness.check.rules.access.row_owners import owners_of
from harness.errors import UsageProblem
from harness.specification.dialect import Dialect
from harness.specification.load import Spec
from harness.specification.model import Clauses, OpenChoice
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpResponse
from harness.wire.json_body import decode_json
from harness.wire.parameter_codec import takes_list
from harness.wire.response_codec import carries_text, decode_response
from harness.wire.row_codec import ApiRow, ApiValue, decode_row

MANIFEST_FILE: Final = "manifest.json"
HIDDEN_FILE: Final = "hidden.ndjson"
ROW_FILES: Final = ("rows.ndjson", "rows.xml")
RULE_NAME: Final = "known-world"
# Rows shown in one finding.
EXAMPLES_AT_MOST: Final = 8


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenValues:
    """The hidden values of one row by attribute, and its owners."""

    values: Mapping[str, tuple[Any, ...]]
    owners: frozenset[Any]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KnownWorld:
    """The rows that a world lists, by identity; `hidden_values` is empty when no file tells what rows do not show."""

    source: str
    rows: Mapping[Hashable, ApiRow]
    hidden_values: Mapping[Hashable, HiddenValues] = field(default_factory=dict)


# --- reading ------------------------------------------------------------------------------------------------


def load_known_world(spec: Spec, path: Path) -> KnownWorld:
    """The world in a directory that `generate` wrote, or in its manifest or one file of rows. Raises UsageProblem."""
    where = f"--world {path}"
    folder = path if path.is_dir() else path.parent
    manifest = _read_manifest(spec, where, folder, needed=path.is_dir() or path.name == MANIFEST_FILE)
    if path.is_dir() or path.name == MANIFEST_FILE:
        found = next((folder / name for name in ROW_FILES if (folder / name).is_file()), None)
        if found is None:
            raise UsageProblem(
                where, f"a directory with {' or '.join(ROW_FILES)}", "none of them", "`generate` writes them"
            )
        path = found
    trees = _read_row_trees(spec, where, path)
    zone = spec.listing.zone
    dialect = Dialect(manifest.get("dialect", {}))
    place = ZoneInfo(dialect.resolve(zone.default) if zone is not None else "UTC")
    carried = carries_text(spec.listing)
    rows: dict[Hashable, ApiRow] = {}
    for number, tree in enumerate(trees, 1):
        if not isinstance(tree, dict):
            raise UsageProblem(f"{where}, row {number}", "an object", type(tree).__name__)
        decoded = decode_row(spec.listing.fields, tree, zone=place, text_carried=carried)
        if decoded.problems:
            flaw = decoded.problems[0]
            raise UsageProblem(f"{where}, row {number}", f"a row of {spec.id}", f"{flaw.field}: {flaw.text}")
        rows[decoded.values.get(spec.listing.lists.identity)] = decoded.values
    if len(rows) < len(trees):
        raise UsageProblem(where, "each row with an identity of its own", "rows with the same one")
    return KnownWorld(
        source=str(path), rows=rows, hidden_values=_read_hidden_values(spec, where, folder / HIDDEN_FILE, rows)
    )


def _read_manifest(spec: Spec, where: str, folder: Path, *, needed: bool) -> Mapping[str, Any]:
    path = folder / MANIFEST_FILE
    if not path.is_file():
        if needed:
            raise UsageProblem(
                where, f"a directory with {MANIFEST_FILE}", "no such file", "`callharness generate` writes it"
            )
        return {}
    try:
        manifest = json.loads(_read_file(where, path))
    except (ValueError, RecursionError):
        raise UsageProblem(where, f"{MANIFEST_FILE} as `generate` writes it", "something that is no JSON") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("dialect", {}), dict):
        raise UsageProblem(where, f"{MANIFEST_FILE} as `generate` writes it", "another shape")
    if manifest.get("api") != spec.id:
        raise UsageProblem(
            where, f"a world of {spec.id}", f"one of {manifest.get('api')}", f"generate it for {spec.id}"
        )
    return manifest


def _read_file(where: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise UsageProblem(where, "a file that can be read", problem.strerror or type(problem).__name__) from None


def _read_row_trees(spec: Spec, where: str, path: Path) -> Sequence[Tree]:
    data = _read_file(where, path)
    if data.lstrip().startswith(b"<"):
        head = (("content-type", spec.listing.transport.answers[0]),)
        answer = decode_response(spec.listing, HttpResponse(http_status=200, headers=head, body=data))
        if answer.rows is None:
            raise UsageProblem(where, f"an answer of {spec.id} with rows", "another document")
        return answer.rows
    return _parse_json_lines(where, data)


def _parse_json_lines(where: str, data: bytes) -> list[Tree]:
    found: list[Tree] = []
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        read = decode_json(line)
        if read.problems:
            raise UsageProblem(f"{where}, line {number}", "a JSON object a line", "something else")
        found.append(read.tree)
    return found


def _read_hidden_values(
    spec: Spec, where: str, path: Path, rows: Mapping[Hashable, ApiRow]
) -> Mapping[Hashable, HiddenValues]:
    if not path.is_file():
        return {}
    by_text = {str(identity): identity for identity in rows}
    found: dict[Hashable, HiddenValues] = {}
    for number, line in enumerate(_parse_json_lines(where, _read_file(where, path)), 1):
        entry = line if isinstance(line, dict) else {}
        identity = by_text.get(str(entry.get("identity")))
        values, owners = entry.get("hidden", {}), entry.get("owners", [])
        if not isinstance(values, dict) or not isinstance(owners, list):
            raise UsageProblem(
                f"{where}, {HIDDEN_FILE}, line {number}", "identity, hidden and owners", "another shape"
            )
        if identity is not None:
            held = {name: tuple(_as_list(value)) for name, value in values.items()}
            found[identity] = HiddenValues(values=held, owners=frozenset(_as_list(owners)))
    return found


def _as_list(value: Tree) -> list[Any]:
    return list(value) if isinstance(value, list) else [] if value is None else [value]


# --- judging ------------------------------------------------------------------------------------------------


def check_known_world(context: CheckContext, mirror: Mirror) -> None:
    """Compares the list, and filters on hidden attributes, with a known world."""
    truth = context.options.world
    if not isinstance(truth, KnownWorld) or mirror.after is None or mirror.after.failed_exchange is not None:
        return
    clauses = _known_world_clauses(context)
    if mirror.tear_reason or context.drop_repeated_rows:
        context.results.record_inconclusive(clauses, "the pages do not show each row once")
        return
    if mirror.volatile:
        context.results.record_inconclusive(clauses, "data-changed: the list moves, the world's file does not")
        return
    due, may = expected_rows(context, mirror, truth)
    _check_rows(context, mirror, truth, due, may)
    _check_values(context, mirror, truth)
    _check_hidden_filters(context, mirror, truth, due)


def _known_world_clauses(context: CheckContext) -> Clauses:
    lists = context.listing.lists.clauses
    ruled = tuple(name for name, clause in context.results.clauses.items() if RULE_NAME in clause.checked_by)
    return (*lists.one_per, *lists.only, *ruled)


def expected_rows(context: CheckContext, mirror: Mirror, truth: KnownWorld) -> tuple[set[Hashable], set[Hashable]]:
    """Identities that the target must list for this account in this window, and those that it may list."""
    meanings = context.expected_answers(mirror.request())
    whose = _ownership_test(context, mirror, truth)
    due: set[Hashable] = set()
    may: set[Hashable] = set()
    for identity, row in truth.rows.items():
        verdicts = {meaning.keeps_row(row) for _, meaning in meanings}
        mine = whose(identity, row)
        if verdicts == {True} and mine is True:
            due.add(identity)
        elif verdicts != {False} and mine is not False:
            may.add(identity)
    return due, may


def _ownership_test(
    context: CheckContext, mirror: Mirror, truth: KnownWorld
) -> Callable[[Hashable, ApiRow], bool | None]:
    """Whether a row is one of the account's own; None where that cannot be known."""
    rule = context.listing.scope
    left = context.dialect.possible_answers(rule.unset) if rule is not None else ()
    if rule is None or set(left) == {"everyone"}:
        return lambda identity, row: True

    def owners(identity: Hashable, row: ApiRow) -> frozenset[Any]:
        if rule.owners:
            as_row = Row(shown=row, raw=None, extras={}, flaws=(), key=identity)
            return frozenset(owners_of(as_row, rule))
        hidden = truth.hidden_values.get(identity)
        return hidden.owners if hidden is not None else frozenset()

    own = context.identity.customer
    listed = [owners(row.key, truth.rows[row.key]) for row in mirror.rows if row.key in truth.rows]
    if own is None:
        everywhere = frozenset.intersection(*listed) if listed else frozenset()
        own = next(iter(everywhere)) if len(everywhere) == 1 else None

    def mine(identity: Hashable, row: ApiRow) -> bool | None:
        of = owners(identity, row)
        if own is None or not of:
            return None
        if own in of:
            return True if set(left) <= {"own", "own-and-children", "everyone"} else None
        return False if set(left) == {"own"} else None

    return mine


def _check_rows(
    context: CheckContext, mirror: Mirror, truth: KnownWorld, due: set[Hashable], may: set[Hashable]
) -> None:
    """Judges that every row that must be listed is, and none besides."""
    lists = context.listing.lists.clauses
    window = tuple(name for parameter in mirror.base for name in _filter_clauses(context, parameter))
    complete = lists.one_per or window or lists.unique or lists.rows
    only = lists.only or complete
    listed = {row.key: row for row in mirror.rows}
    calls = context.listing.lists.calls
    extra = [row for key, row in listed.items() if key not in truth.rows]
    if not extra:
        context.results.record_pass(only if only != complete else (), times=max(1, len(listed)))
    elif isinstance(calls, OpenChoice):
        context.notes.append(f"{len(extra)} rows are not in the world's file; it may be of another {calls.id}")
    else:
        actual = f"{rows_in_words(len(extra))} that it lacks"
        _report_breach(context, truth, only, "only rows of the known world", actual, extra)
    if not mirror.complete:
        context.notes.append(
            "only a part of the list was read: rows of the known world that are missing go unnoticed"
        )
        return
    missing = [identity for identity in truth.rows if identity in due and identity not in listed]
    if missing:
        name = context.listing.lists.identity
        identities = ", ".join(str(identity) for identity in missing[:4])
        actual = f"{len(missing)} of them are missing ({name} {identities}{', ...' if len(missing) > 4 else ''})"
        _report_breach(context, truth, complete, f"{rows_in_words(len(due))} of the known world", actual, ())
    elif due:
        context.results.record_pass(complete, times=len(due))
    elif not may:
        context.results.record_not_exercised(complete, "the known world holds no row that must be listed")


def _filter_clauses(context: CheckContext, name: str) -> Clauses:
    filter_ = context.listing.filters.get(name)
    return filter_.clause if filter_ is not None else ()


def _check_values(context: CheckContext, mirror: Mirror, truth: KnownWorld) -> None:
    """Judges that rows show the values of the known world."""
    wrong, comparisons = _compare_with_truth(context, mirror, truth)
    ruled = {name: clause for name, clause in context.results.clauses.items() if RULE_NAME in clause.checked_by}
    for name, many in wrong.items():
        _, shown, due = many[0]
        mine = tuple(clause for clause, known in ruled.items() if f"{RULE_NAME}:{name}" in known.checked_by)
        clauses = mine or context.listing.fields[name].clause or context.listing.lists.clauses.keys
        expected = f"{name}: {due!r}"
        actual = f"{name}: {shown!r}; other values than the known world's in {len(many)} of {comparisons[name]} rows"
        _report_breach(context, truth, clauses, expected, actual, [one for one, _, _ in many], (name,))
    for name, times in comparisons.items():
        if name not in wrong:
            context.results.record_pass(context.listing.fields[name].clause[:1], times=times)
    for clause, known in ruled.items():
        named = {rule.partition(":")[2] for rule in known.checked_by if rule.startswith(f"{RULE_NAME}:")}
        about = named or set(comparisons)
        if not comparisons:
            context.results.record_not_exercised((clause,), "no row of the known world is listed")
        elif not about & set(wrong):
            context.results.record_pass((clause,), times=sum(comparisons[name] for name in about))
        elif not context.results.first_failed((clause,)):
            context.results.record_inconclusive((clause,), f"rows show other values in {', '.join(sorted(wrong))}")


def _compare_with_truth(
    context: CheckContext, mirror: Mirror, truth: KnownWorld
) -> tuple[dict[str, list[tuple[Row, ApiValue, ApiValue]]], Counter[str]]:
    """By field: the rows that show another value, with it and the true one; and how many rows were compared."""
    guessed = {name for include in context.listing.includes if include.any_names for name in include.added_names}
    wrong: dict[str, list[tuple[Row, ApiValue, ApiValue]]] = {}
    comparisons: Counter[str] = Counter()
    for row in mirror.rows:
        true = truth.rows.get(row.key)
        if true is None:
            continue
        for name in context.listing.fields:
            if name in guessed or name not in row.shown or name not in true:
                continue
            comparisons[name] += 1
            if not _values_agree(row.shown[name], true[name]):
                wrong.setdefault(name, []).append((row, row.shown[name], true[name]))
    return wrong, comparisons


def _values_agree(shown: ApiValue, due: ApiValue) -> bool:
    """Whether two shown values agree; of nested rows only what both show, in any order."""
    if isinstance(shown, tuple) and isinstance(due, tuple):
        if len(shown) != len(due):
            return False
        if not all(isinstance(one, Mapping) for one in (*shown, *due)):
            return shown == due
        left = list(due)
        for one in shown:
            match = next((place for place, other in enumerate(left) if _rows_agree(one, other)), None)
            if match is None:
                return False
            del left[match]
        return True
    # An empty list and none are written alike by some.
    return shown == due or (shown in (None, ()) and due in (None, ()))


def _rows_agree(one: ApiRow, other: ApiRow) -> bool:
    return all(_values_agree(one[name], other[name]) for name in one if name in other)


def _report_breach(
    context: CheckContext,
    truth: KnownWorld,
    clauses: Clauses,
    expected: str,
    actual: str,
    rows: Sequence[Row],
    names: Sequence[str] = (),
    exchange: Exchange | None = None,
) -> None:
    if context.results.first_failed(clauses[:1]):
        return
    context.fail(
        clauses,
        context.clause_text(clauses, "the known world"),
        expected=f"{expected} ({Path(truth.source).name})",
        actual=actual,
        exchange=exchange,
        rows=rows[:EXAMPLES_AT_MOST],
        fields=(*names, *list(context.listing.fields)[:6]),
    )


# --- hidden attributes --------------------------------------------------------------------------------------


def _check_hidden_filters(context: CheckContext, mirror: Mirror, truth: KnownWorld, due: set[Hashable]) -> None:
    """Filters on what rows do not show, exactly."""
    for name, filter_ in context.listing.filters.items():
        asked = truth.hidden_values and is_hidden_filter(filter_) and is_plain_equality(filter_)
        works = context.supports_parameters(name) and context.parameters_work(name)
        if not asked or not works or context.results.first_failed(filter_.clause):
            continue
        attributes = [path.head for path in filter_.compares]
        selects: dict[Any, set[Hashable]] = {}
        for identity, unseen in truth.hidden_values.items():
            for value in (value for one in attributes for value in unseen.values.get(one, ())):
                selects.setdefault(value, set()).add(identity)
        here = {value: keys & due for value, keys in selects.items()}
        if any(here.values()):
            _check_filter(AskedFilter(context, mirror, name), truth, here)
        else:
            reason = f"no row of the known world has a value for {name}"
            context.results.record_not_exercised(filter_.clause, reason)


def _check_filter(about: AskedFilter, truth: KnownWorld, here: Mapping[Any, set[Hashable]]) -> None:
    """A filter at values that select rows of the list, at one that selects none of them, and at lists of both."""
    common = sorted((value for value in here if here[value]), key=lambda value: (-len(here[value]), str(value)))
    asks: list[tuple[Any, ...]] = [(value,) for value in (common[0], common[-1], common[len(common) // 2])]
    asks += [(value,) for value in here if not here[value]][:1]
    if takes_list(about.parameter):
        stranger = absent_value(about.parameter)
        asks += [(common[-1], stranger), (stranger, common[-1]), tuple(common[:2]), tuple(common[1:4])]
    for values in dict.fromkeys(one for one in asks if one):
        wanted = set[Hashable]().union(*(here.get(value, set()) for value in values))
        mine = about.parameter.list_clause if len(values) > 1 else ()
        if not _selects_exactly(about, truth, values, wanted, mine or about.clauses):
            about.context.mark_broken(about.name, about.clauses)
            return


def _selects_exactly(
    about: AskedFilter, truth: KnownWorld, values: tuple[Any, ...], wanted: set[Hashable], clauses: Clauses
) -> bool:
    """Whether a filter selects exactly the rows that have one of the values."""
    context, (_, size) = about.context, largest_page_size(about.context)
    said = f"{about.name} = {', '.join(map(str, values))}"
    for attempt in ("", "again: "):
        exchange = about.send(values if len(values) > 1 else values[0], f"{attempt}{said}, by the known world")
        if context.note_unusable(exchange, clauses) or exchange.rows is None:
            return exchange.rows is None and exchange.outcome not in (None, "success")
        came = set(exchange.keys)
        missing = wanted - came if size is None or len(exchange.rows) < size else set()
        strange = {key for key in came - wanted if key in truth.rows}
        if not missing and not strange:
            context.results.record_pass(clauses)
            return True
    odd = [row for row in exchange.listed if row.key in strange]
    expected = f"{rows_in_words(len(wanted))} with {said.replace(' = ', ' ', 1)}"
    actual = f"{rows_in_words(len(came))}: {len(missing)} missing, {len(strange)} too many"
    _report_breach(context, truth, clauses, expected, actual, odd, exchange=exchange)
    return False
