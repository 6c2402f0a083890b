"""Servers of ListCallLogs: correct ones with unusual habits, and ones with one defect each."""

# ruff: noqa: RUF012
from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from logs_json import Logs, Refused
from vendor_http import Asked, Reply, Variant, registers

CORRECT: list[Variant] = []
DEFECTS: list[Variant] = []
correct = registers(CORRECT, "ET-LCL")
defect = registers(DEFECTS, "ET-LCL")

# --- correct ------------------------------------------------------------------------------------------------


@correct()
class Plain(Logs):
    pass


@correct()
class LastNextEmpty(Logs):
    last_next = "empty"
    media = "application/json; charset=utf-8"


@correct()
class DirectedCursors(Logs):
    directed = True
    last_next = "empty"


@correct()
class LargerCap(Logs):
    most = 1000


@correct()
class LimitRefused(Logs):
    above_most = "refuse"


@correct()
class OneDateAlone(Logs):
    one_date = "alone"
    reversed_range = "empty"


@correct()
class NumberContains(Logs):
    number_contains = True


@correct()
class UnknownIsAState(Logs):
    unknown_state = "rows"


@correct()
class UnsetNull(Logs):
    unset = None
    offset = timedelta(hours=7)


@correct()
class UnsetText(Logs):
    unset = ""
    millis = True


@correct()
class UnsetMissing(Logs):
    unset = "missing"

    def row(self, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        shown = super().row(row, q)
        for name in ("note", "contact_id"):
            del shown[name]
        if not shown["recording_urls"]:
            shown["recording_urls"] = None
        return shown


def _without_empty(value: Any) -> Any:
    """What protobuf's JSON leaves of it: nothing that is empty, zero or the first word of its set."""
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _without_empty(item) for name, item in value.items() if name not in ("caller", "callee")}
    named = {name: value[name] for name in ("caller", "callee") if name in value}
    return {**named, **{name: item for name, item in kept.items() if item not in (None, "", 0, "0", [], "unknown")}}


@correct()
class LeavesOutWhatIsEmpty(Logs):
    unset = None

    def envelope(self, *given: Any) -> Any:
        tree = super().envelope(*given)
        sort = {"sort": tree["paging"]["sort"]}
        pruned = _without_empty(tree)
        return {**pruned, "paging": {**pruned["paging"], **sort}}


@correct()
class NullsWhatIsEmpty(Logs):
    """Lists that are empty are null, too."""

    unset = None

    def row(self, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        shown = super().row(row, q)
        return {name: None if value in ("", []) else value for name, value in shown.items()}

    def envelope(self, page: list[Any], *given: Any) -> Any:
        tree = super().envelope(page, *given)
        return tree if page else {**tree, "call_logs": None}


@correct()
class Forbidden(Logs):
    missing_key = 403


@correct()
class BadRoute405(Logs):
    bad_route = 405


@correct()
class BadRoute415(Logs):
    bad_route = 415


@correct()
class BadRoute400(Logs):
    bad_route = 400
    bad_enum = "ignore"


@correct()
class EchoesDot(Logs):
    echo_dot = True


@correct()
class MoreKeys(Logs):
    def row(self, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        return {**super().row(row, q), "hotline_number": "1900", "is_spam": False, "audio": {"x": [1]}}

    def envelope(self, *given: Any) -> Any:
        return {**super().envelope(*given), "total": None}

    def error(self, refused: Refused) -> Any:
        return {"code": refused.code, "msg": refused.msg, "meta": {"field": "x"}}


@correct()
class OneSecondRings(Logs):
    """No targets at all for unknown calls; a call that was not answered has the status Z or N of its kind."""

    def row(self, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        shown = super().row(row, q)
        if row["state"] == "unknown":
            shown["call_targets"] = []
        return shown


@correct()
class RangRatherThanTalked(Logs):
    """An answered call rings first: its end is later than its start and duration together."""

    def __init__(self) -> None:
        super().__init__()
        for row in self.rows:
            if row["state"] == "answered":
                target, wait = row["targets"][0], timedelta(seconds=row["targets"][0]["ringing"])
                target["answered"] = row["start"] + wait
                row["end"] = target["ended"] = row["end"] + wait
                row["updated"] += wait


@correct()
class CreatedLater(Logs):
    """created_at is a second after started_at; the range compares started_at."""

    def row(self, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        return {**super().row(row, q), "created_at": self.moment(row["start"] + timedelta(seconds=1))}


@correct()
class Live(Logs):
    per_second = 4.0


@correct()
class LiveFast(Logs):
    per_second = 9.0
    last_next = "empty"


@correct()
class LiveUpdates(Logs):
    """Recent calls are still running: their ends, durations and updates move."""

    per_second = 3.0

    def row(self, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        shown = super().row(row, q)
        age = self.clock() - row["start"]
        if age < timedelta(seconds=15) and row["state"] == "answered":
            shown["duration"] = int(age.total_seconds())
            shown["ended_at"] = self.moment(row["start"] + timedelta(seconds=int(age.total_seconds())))
            shown["call_targets"][0]["ended_time"] = shown["ended_at"]
        return shown


@correct()
class Empty(Logs):
    calls = 0


@correct()
class One(Logs):
    calls = 1


@correct()
class Three(Logs):
    calls = 3


@correct()
class ExactlyAPage(Logs):
    calls = 100


@correct()
class Slow(Logs):
    delay = 0.05


@correct()
class ClosesEachTime(Logs):
    protocol = "HTTP/1.0"


@correct()
class Chunked(Logs):
    chunked = True


@correct()
class Pretty(Logs):
    def reply(self, tree: Any, status: int = 200) -> Reply:
        return Reply(status, json.dumps(tree, indent=1, sort_keys=True).encode(), self.media)


@correct()
class StrictNumbers(Logs):
    """Ids in filters must be text; digits as text are no limit."""

    def int64(self, value: Any, name: str) -> int:
        if name.endswith(("_id", "_ids")) and not isinstance(value, str):
            raise self.bad(name)
        return super().int64(value, name)


@correct()
class StrictKeys(Logs):
    def parse(self, asked: Asked) -> dict[str, Any]:
        tree = super().parse(asked)
        if set(tree) - {"filter", "paging"}:
            raise self.bad("an unknown key")
        return tree


@correct()
class CheckedByKeyFirst(Logs):
    """Asks for the key before anything else; a bad cursor is out_of_range."""

    def answer(self, asked: Asked) -> Reply:
        try:
            self.authenticate(asked)
        except Refused as refused:
            return self.refusal(refused)
        return super().answer(asked)

    def bad(self, what: str) -> Refused:
        return Refused(400, "out_of_range", what)


@correct()
class OnlyOneComparison(Logs):
    COMPARISONS = {"less_than_or_equal_to": lambda a, b: a <= b}


@correct()
class OldestKept(Logs):
    """Two thousand calls of nine days."""

    calls = 2000


@correct()
class ComparedByCreation(Logs):
    """A call is written down two seconds after it began, and the dates look at that."""

    def f_date_from(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return q.first is None or row["start"] + timedelta(seconds=2) >= q.first

    def f_date_to(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return q.last is None or row["start"] + timedelta(seconds=2) <= q.last

    def row(self, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        late = row["start"] + timedelta(seconds=2)
        return {**super().row(row, q), "created_at": self.moment(late)}


@correct()
class ReplicaBehind(Logs):
    """Every other answer comes from a replica that is three seconds behind; a call comes in now and then."""

    per_second = 0.7

    def stored(self) -> list[dict[str, Any]]:
        rows = super().stored()
        late = self.rng.random() < 0.5
        return [row for row in rows if not late or row["start"] < self.clock() - timedelta(seconds=3)]


@defect("LIST-STEADY")
class ReplicaLacksDays(Logs):
    """Every third answer comes from a replica that never got what the last two days brought."""

    turn = 0

    def stored(self) -> list[dict[str, Any]]:
        rows = super().stored()
        self.turn += 1
        return rows if self.turn % 3 else [row for row in rows if row["start"] < self.clock() - timedelta(days=2)]


# --- defects: filters ---------------------------------------------------------------------------------------


def _without(filter_name: str) -> Any:
    return lambda self, name, q: name != filter_name


for _name, _clauses in (
    ("extension_ids", (19,)),
    ("call_number", (20,)),
    ("hotline_ids", (21, 53)),
    ("call_state", (22,)),
    ("date_from", (24,)),
    ("date_to", (24,)),
    ("external_id", (29,)),
    ("external_session_id", (30,)),
    ("department_id", (33,)),
    ("direction", (31,)),
    ("duration", (34,)),
    ("user_id", (32,)),
):
    defect(*_clauses)(type(f"Ignores_{_name}", (Logs,), {"active": _without(_name)}))


def _filter(name: str, test: Any) -> Any:
    return {f"f_{name}": lambda self, row, q: test(row, q)}


for _name, _clauses, _on, _test in (
    (
        "ExtensionsFirstOnly",
        (19,),
        "extension_ids",
        lambda row, q: q.extensions is None or row["extension"] == q.extensions[0],
    ),
    (
        "ExtensionsLastOnly",
        (19,),
        "extension_ids",
        lambda row, q: q.extensions is None or row["extension"] == q.extensions[-1],
    ),
    (
        "ExtensionsByPrefix",
        (19,),
        "extension_ids",
        lambda row, q: (
            q.extensions is None or any(str(row["extension"]).startswith(str(one)) for one in q.extensions)
        ),
    ),
    ("NumberOnlyCallee", (20,), "call_number", lambda row, q: q.number is None or row["callee"] == q.number),
    ("NumberOnlyCaller", (20,), "call_number", lambda row, q: q.number is None or row["caller"] == q.number),
    (
        "NumberByEnd",
        (20,),
        "call_number",
        lambda row, q: q.number is None or row["caller"].endswith(q.number) or row["callee"].endswith(q.number),
    ),
    (
        "NumberWithoutPlus",
        (20,),
        "call_number",
        lambda row, q: (
            q.number is None or q.number.strip("+") in (row["caller"].strip("+"), row["callee"].strip("+"))
        ),
    ),
    ("StateInverted", (22,), "call_state", lambda row, q: q.state in (None, "unknown") or row["state"] != q.state),
    (
        "NotAnsweredWithUnknown",
        (22,),
        "call_state",
        lambda row, q: q.state in (None, "unknown") or (row["state"] == "answered") == (q.state == "answered"),
    ),
    (
        "FromByDay",
        (24, 25),
        "date_from",
        lambda row, q: q.first is None or row["start"].date() >= q.first.astimezone(UTC).date(),
    ),
    (
        "ToByDay",
        (24, 25),
        "date_to",
        lambda row, q: q.last is None or row["start"].date() <= q.last.astimezone(UTC).date(),
    ),
    (
        "FromByMinute",
        (24,),
        "date_from",
        lambda row, q: q.first is None or row["start"] >= q.first.replace(second=0, microsecond=0),
    ),
    ("DatesByUpdated", (24,), "date_to", lambda row, q: q.last is None or row["updated"] <= q.last),
    (
        "ExternalByPrefix",
        (29,),
        "external_id",
        lambda row, q: q.external is None or row["external"].startswith(q.external),
    ),
    (
        "ExternalByCase",
        (29,),
        "external_id",
        lambda row, q: q.external is None or row["external"].lower() == q.external.lower(),
    ),
    (
        "SessionByPlus",
        (30,),
        "external_session_id",
        lambda row, q: q.session is None or row["session"] == q.session.replace("+", " "),
    ),
    (
        "SessionLooksAtExternal",
        (30,),
        "external_session_id",
        lambda row, q: q.session is None or row["external"] == q.session,
    ),
    (
        "ExtWithInner",
        (31,),
        "direction",
        lambda row, q: q.direction in (None, "unknown") or row["direction"].startswith(q.direction),
    ),
    (
        "InWithExtIn",
        (31,),
        "direction",
        lambda row, q: q.direction in (None, "unknown") or row["direction"].endswith(q.direction),
    ),
    ("DurationStrict", (34,), "duration", lambda row, q: q.duration is None or row["duration"] < q.duration[1]),
    (
        "DurationInMinutes",
        (34,),
        "duration",
        lambda row, q: q.duration is None or row["duration"] // 60 <= q.duration[1] // 60,
    ),
    ("DurationEqual", (34,), "duration", lambda row, q: q.duration is None or row["duration"] == q.duration[1]),
    ("UserByPrefix", (32,), "user_id", lambda row, q: q.user is None or str(row["user"]).startswith(str(q.user))),
    (
        "HotlinesAreExtensions",
        (21,),
        "hotline_ids",
        lambda row, q: q.hotlines is None or row["extension"] in q.hotlines,
    ),
):
    defect(*_clauses)(type(_name, (Logs,), _filter(_on, _test)))


@defect(37, 22, 31, 19, 20)
class FiltersAreOred(Logs):
    def matches(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        given = [name for name in self.FILTERS if q.filter.get(name)]
        dates = [name for name in given if name.startswith("date")]
        rest = [name for name in given if name not in dates]
        return all(getattr(self, f"f_{name}")(row, q) for name in dates) and (
            not rest or any(getattr(self, f"f_{name}")(row, q) for name in rest)
        )


@defect(37, 22, 31)
class StateForgottenWithDirection(Logs):
    def active(self, name: str, q: SimpleNamespace) -> bool:
        return name != "call_state" or q.direction is None


@defect(37, 19, 24)
class DatesForgottenWithExtensions(Logs):
    def active(self, name: str, q: SimpleNamespace) -> bool:
        return not name.startswith("date") or q.extensions is None


@defect(44, 45, 22, 24, 19, 20, 31, 32)
class FiltersForgottenAfterCursor(Logs):
    def active(self, name: str, q: SimpleNamespace) -> bool:
        return q.after is None


@defect(44, 45, 22)
class StateForgottenAfterCursor(Logs):
    def active(self, name: str, q: SimpleNamespace) -> bool:
        return name != "call_state" or q.after is None


@defect(38, 19)
class EmptyListMatchesNothing(Logs):
    def f_extension_ids(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return super().f_extension_ids(row, q) and q.filter.get("extension_ids") != []


@defect(38, 20)
class EmptyNumberIsAValue(Logs):
    def f_call_number(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return super().f_call_number(row, q) and q.filter.get("call_number") != ""


@defect(38, 29)
class EmptyExternalIsAValue(Logs):
    def f_external_id(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return super().f_external_id(row, q) and q.filter.get("external_id") != ""


@defect(38)
class EmptyIdRefused(Logs):
    def read(self, body: dict[str, Any]) -> SimpleNamespace:
        if (body.get("filter") or {}).get("user_id") == "":
            raise self.bad("user_id")
        return super().read(body)


@defect(36)
class UnknowRefused(Logs):
    def read_duration(self, f: dict[str, Any]) -> Any:
        if isinstance(f.get("duration"), dict) and f["duration"].get("comparison") == "unknow":
            raise self.bad("comparison")
        return super().read_duration(f)


@defect(36)
class UnknownMeansEqual(Logs):
    def read_duration(self, f: dict[str, Any]) -> Any:
        if isinstance(f.get("duration"), dict) and str(f["duration"].get("comparison")).startswith("unknow"):
            return "equal_to", int(f["duration"].get("value") or 0)
        return super().read_duration(f)


@defect(23)
class UnknownStateIsNotAnswered(Logs):
    def f_call_state(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return q.state is None or row["state"] == ("not_answered" if q.state == "unknown" else q.state)


@defect(25, 24)
class OffsetsIgnored(Logs):
    def instant(self, value: str) -> datetime:
        return datetime.fromisoformat(value.upper()).replace(tzinfo=UTC)


@defect(25, 24)
class OffsetsWrongSign(Logs):
    def instant(self, value: str) -> datetime:
        at = datetime.fromisoformat(value.upper())
        return at.replace(tzinfo=UTC) + at.utcoffset()


@defect(25, 24)
class MinutesOfOffsetsIgnored(Logs):
    def instant(self, value: str) -> datetime:
        at = datetime.fromisoformat(value.upper())
        return at.replace(tzinfo=UTC) - timedelta(hours=int(at.utcoffset().total_seconds() / 3600))


@defect(25)
class OffsetsRefused(Logs):
    def instant(self, value: str) -> datetime:
        if not value.upper().endswith("Z"):
            raise ValueError(value)
        return super().instant(value)


@defect(28)
class BadDateIgnored(Logs):
    def date(self, tree: dict[str, Any], name: str) -> Any:
        try:
            return super().date(tree, name)
        except Refused:
            return None

    one_date = "alone"


@defect(28, "HTTP-SERVER-ERRORS")
class BadDateCrashes(Logs):
    def date(self, tree: dict[str, Any], name: str) -> Any:
        try:
            return super().date(tree, name)
        except Refused:
            raise Refused(500, "internal", "panic") from None


@defect(26)
class OneDateAloneIsIgnored(Logs):
    one_date = "alone"

    def read_dates(self, f: dict[str, Any], q: SimpleNamespace) -> None:
        super().read_dates(f, q)
        if q.first is None or q.last is None:
            q.first = q.last = None


@defect(27)
class ReversedSwapped(Logs):
    reversed_range = "empty"

    def read_dates(self, f: dict[str, Any], q: SimpleNamespace) -> None:
        super().read_dates(f, q)
        if q.first and q.last and q.last < q.first:
            q.first, q.last = q.last, q.first


# --- defects: order and pages -------------------------------------------------------------------------------


def _limit(change: Any) -> Any:
    return lambda self, p: change(self, p, Logs.limit(self, p))


for _name, _clauses, _change in (
    ("LimitIgnored", (40,), lambda self, p, n: 100),
    ("LimitPlusOne", (40, 39, 41), lambda self, p, n: n + 1),
    ("LimitMinusOne", (40, 39, 45, 44), lambda self, p, n: n - 1 if n > 1 else n),
    ("DefaultOf50", (39, 41), lambda self, p, n: n if p.get("limit") else 50),
    ("DefaultOf20", (39, 41), lambda self, p, n: n if p.get("limit") else 20),
    ("ZeroIsUnlimited", (41,), lambda self, p, n: 100000 if p.get("limit") == 0 else n),
    ("ZeroIsOne", (41,), lambda self, p, n: 1 if p.get("limit") == 0 else n),
    ("CappedAt50", (40,), lambda self, p, n: min(n, 50) if p.get("limit") else n),
):
    defect(*_clauses)(type(_name, (Logs,), {"limit": _limit(_change)}))


@defect(42)
class NegativeLimitIsUsual(Logs):
    def limit(self, p: dict[str, Any]) -> int:
        return 100 if (p.get("limit") or 0) < 0 else super().limit(p)


@defect(40, 9)
class LimitEchoWrong(Logs):
    def limit_shown(self, q: SimpleNamespace) -> Any:
        return 100


@defect(16, 40, 9)
class LimitIsText(Logs):
    def limit_shown(self, q: SimpleNamespace) -> Any:
        return str(q.limit)


@defect(9)
class SortNotShown(Logs):
    def paging(self, *given: Any) -> Any:
        shown = super().paging(*given)
        del shown["sort"]
        return shown


@defect(43)
class OldestFirst(Logs):
    def read_sort(self, p: dict[str, Any]) -> str:
        return super().read_sort(p) if p.get("sort") else "started_at"


@defect(50)
class SortIgnored(Logs):
    def read_sort(self, p: dict[str, Any]) -> str:
        super().read_sort(p)
        return "-started_at"

    def sort_shown(self, q: SimpleNamespace) -> Any:
        return q.paging.get("sort") or q.sort


@defect(50)
class AscendingAlways(Logs):
    def ordered(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> list[dict[str, Any]]:
        return super().ordered(rows, SimpleNamespace(**{**vars(q), "sort": "-" + q.sort.lstrip("-")}))

    def is_past(self, row: dict[str, Any], mark: Any, q: SimpleNamespace) -> bool:
        return self.key(row, q) < mark[:2]


@defect(50)
class MinusSortAscends(Logs):
    """-started_at, when asked for, ascends."""

    def read_sort(self, p: dict[str, Any]) -> str:
        return "started_at" if p.get("sort") == "-started_at" else super().read_sort(p)


@defect(50)
class UpdatedSortsByStart(Logs):
    SORTS = {"started_at": "start", "created_at": "start", "updated_at": "start"}


@defect(43, 44, 45, 50)
class OrderByDay(Logs):
    def key(self, row: dict[str, Any], q: SimpleNamespace) -> Any:
        return row["start"].replace(hour=0, minute=0, second=0), row["id"] * 7919 % 100003

    def cursor_of(self, row: dict[str, Any], q: SimpleNamespace, way: str) -> str:
        day, number = self.key(row, q)
        return super().cursor_of({"start": day, "updated": day, "id": number}, q, way)


@defect(43, 50)
class FilteredUnsorted(Logs):
    def page(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> Any:
        page, more, back = super().page(rows, q)
        return (sorted(page, key=lambda row: row["id"] * 7919 % 1009) if q.state else page), more, back


@defect(44, 45, 58)
class NextRepeatsLastRow(Logs):
    def place_after(self, rows: list[dict[str, Any]], mark: Any, q: SimpleNamespace) -> int:
        place = super().place_after(rows, mark, q)
        return place - 1 if 0 < place < len(rows) else place


@defect(44, 45)
class NextSkipsARow(Logs):
    def place_after(self, rows: list[dict[str, Any]], mark: Any, q: SimpleNamespace) -> int:
        return super().place_after(rows, mark, q) + 1


@defect(44, 45)
class NextSkipsTies(Logs):
    def is_past(self, row: dict[str, Any], mark: Any, q: SimpleNamespace) -> bool:
        key = self.key(row, q)[0]
        return key < mark[0] if q.sort.startswith("-") else key > mark[0]


@defect(44, 45, "PAGING-LOOP")
class WalkLoops(Logs):
    def place_after(self, rows: list[dict[str, Any]], mark: Any, q: SimpleNamespace) -> int:
        place = super().place_after(rows, mark, q)
        return 0 if place >= len(rows) else place


@defect(44, 45, "PAGING-LOOP")
class NextLeadsNowhere(Logs):
    """next is the cursor of the first row: the walk stands still."""

    def next(self, page: list[dict[str, Any]], q: SimpleNamespace, more: bool) -> Any:
        return self.cursor_of(page[0], q, "n") if page else ""


@defect(44, 45)
class StopsAtTwoHundred(Logs):
    def page(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> Any:
        return super().page(rows[:200], q)


@defect(44, 45)
class LastPageMissing(Logs):
    def page(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> Any:
        page, more, back = super().page(rows, q)
        return ([] if q.after and len(page) < q.limit else page), more, back


@defect(44, 45)
class NextEmptyTooEarly(Logs):
    def next(self, page: list[dict[str, Any]], q: SimpleNamespace, more: bool) -> Any:
        return super().next(page, q, more) if len(page) == q.limit and not q.after else ""


@defect(46)
class PrevIsFirstPage(Logs):
    def page(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> Any:
        if q.before is not None:
            return rows[: q.limit], True, False
        return super().page(rows, q)


@defect(46)
class PrevOffByOne(Logs):
    def place_before(self, rows: list[dict[str, Any]], mark: Any, q: SimpleNamespace) -> int:
        return max(0, super().place_before(rows, mark, q) - 1)


@defect(46)
class BeforeFromTheTop(Logs):
    """before gives the rows before the mark, but counted from the very first."""

    def page(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> Any:
        if q.before is None:
            return super().page(rows, q)
        last = self.place_before(rows, q.before, q)
        return rows[: min(last, q.limit)], True, False


@defect(46)
class BeforeReversed(Logs):
    def page(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> Any:
        page, more, back = super().page(rows, q)
        return (page[::-1] if q.before is not None else page), more, back


@defect(46)
class PrevEmpty(Logs):
    def prev(self, page: list[dict[str, Any]], q: SimpleNamespace, back: bool) -> Any:
        return ""


@defect(46)
class BeforeIgnored(Logs):
    def cursors(self, q: SimpleNamespace) -> None:
        super().cursors(q)
        q.before = None


@defect(47)
class DotIsGarbage(Logs):
    def cursors(self, q: SimpleNamespace) -> None:
        if q.after == ".":
            raise self.bad("cursor")
        super().cursors(q)


@defect(47)
class EmptyAfterRefused(Logs):
    def read(self, body: dict[str, Any]) -> SimpleNamespace:
        if (body.get("paging") or {}).get("after") == "":
            raise self.bad("after")
        return super().read(body)


@defect(48)
class BothCursorsAccepted(Logs):
    def cursors(self, q: SimpleNamespace) -> None:
        if q.after and q.before:
            q.before = None
        super().cursors(q)


@defect(49)
class GarbageIsFirstPage(Logs):
    def cursor(self, text: str, q: SimpleNamespace) -> Any:
        try:
            return super().cursor(text, q)
        except Refused as refused:
            if "sort" in refused.msg:
                raise
            return None


@defect(49, "HTTP-SERVER-ERRORS")
class GarbageCrashes(Logs):
    def cursor(self, text: str, q: SimpleNamespace) -> Any:
        try:
            return super().cursor(text, q)
        except Refused as refused:
            if "sort" in refused.msg:
                raise
            raise Refused(500, "internal", "panic") from None


@defect(52)
class CursorOfAnySort(Logs):
    def cursor(self, text: str, q: SimpleNamespace) -> Any:
        import base64

        try:
            told = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            return datetime.fromisoformat(told[1]), told[2], told[3]
        except (ValueError, TypeError, IndexError):
            raise self.bad("cursor") from None


@defect(51)
class SortIdAccepted(Logs):
    SORTS = {**Logs.SORTS, "id": "start"}


@defect(51)
class UnknownSortIgnored(Logs):
    def read_sort(self, p: dict[str, Any]) -> str:
        try:
            return super().read_sort(p)
        except Refused:
            return "-started_at"


@defect(51)
class TwoSortsAccepted(Logs):
    def read_sort(self, p: dict[str, Any]) -> str:
        return super().read_sort({**p, "sort": str(p.get("sort") or "").split(",")[0]})


# --- defects: what is shown ---------------------------------------------------------------------------------


def _now_and_then(row: dict[str, Any], every: int = 40) -> bool:
    return row["id"] // 97 % every == 3


def _row(change: Any) -> Any:
    def row(self: Any, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        shown = Logs.row(self, row, q)
        change(self, shown, row)
        return shown

    return row


for _name, _clauses, _change in (
    ("IdsAreNumbers", (14,), lambda self, s, row: s.update(id=row["id"])),
    ("IdNumberNowAndThen", (14,), lambda self, s, row: s.update(id=row["id"]) if _now_and_then(row) else None),
    (
        "ExtensionIsText",
        (14,),
        lambda self, s, row: s.update(extension_id=f"ext-{row['extension']}") if _now_and_then(row) else None,
    ),
    (
        "TimeWithoutZoneNowAndThen",
        (15,),
        lambda self, s, row: s.update(ended_at=s["ended_at"].rstrip("Z")) if _now_and_then(row, 100) else None,
    ),
    ("TimesWithBlank", (15,), lambda self, s, row: s.update(started_at=s["started_at"].replace("T", " "))),
    ("EpochCreated", (15, 10), lambda self, s, row: s.update(created_at=int(row["start"].timestamp()))),
    ("AnsweredButNS", (55,), lambda self, s, row: s.update(call_status="NS") if _now_and_then(row, 10) else None),
    ("StatusUnknown", (13,), lambda self, s, row: s.update(call_status="OK") if _now_and_then(row) else None),
    (
        "StateMissed",
        (11, 22),
        lambda self, s, row: (
            s.update(call_state="missed") if row["state"] == "not_answered" and _now_and_then(row, 15) else None
        ),
    ),
    (
        "DirectionInbound",
        (12, 31),
        lambda self, s, row: (
            s.update(direction="inbound") if row["direction"] == "in" and _now_and_then(row, 15) else None
        ),
    ),
    ("DirectionUpper", (12, 31), lambda self, s, row: s.update(direction=s["direction"].upper())),
    (
        "NotAnsweredWithDuration",
        (56,),
        lambda self, s, row: (
            s.update(duration=7) if row["state"] == "not_answered" and _now_and_then(row, 12) else None
        ),
    ),
    (
        "EndedBeforeStarted",
        (57,),
        lambda self, s, row: (
            s.update(ended_at=self.moment(row["start"] - timedelta(seconds=1))) if _now_and_then(row) else None
        ),
    ),
    (
        "TargetOrderBroken",
        (57,),
        lambda self, s, row: (
            s["call_targets"][0].update(ring_time=self.moment(row["end"] + timedelta(seconds=9)))
            if _now_and_then(row)
            else None
        ),
    ),
    (
        "FailCodeText",
        (16, 66),
        lambda self, s, row: s["call_targets"][0].update(fail_code="0") if _now_and_then(row) else None,
    ),
    ("RecordingIsText", (17,), lambda self, s, row: s.update(recording_urls="".join(s["recording_urls"]))),
    (
        "RecordingObjects",
        (17,),
        lambda self, s, row: s.update(recording_urls=[{"url": one} for one in s["recording_urls"]]),
    ),
    (
        "DurationText",
        (16,),
        lambda self, s, row: s.update(duration=str(s["duration"])) if _now_and_then(row) else None,
    ),
    ("DurationMillis", (57, 16, 34), lambda self, s, row: s.update(duration=s["duration"] * 1000)),
    ("DurationNegative", (16,), lambda self, s, row: s.update(duration=-1) if _now_and_then(row) else None),
    ("CallerMissing", (10,), lambda self, s, row: s.pop("caller") if _now_and_then(row) else None),
    (
        "CallerIsNumber",
        (65, 20),
        lambda self, s, row: (
            s.update(caller=int(s["caller"])) if s["caller"].isdigit() and _now_and_then(row, 10) else None
        ),
    ),
    (
        "StartedUnset",
        (10, 15, 57, 43),
        lambda self, s, row: s.update(started_at="0001-01-01T00:00:00Z") if _now_and_then(row, 100) else None,
    ),
    (
        "NoteMangled",
        ("TEXT-ENCODING", "TEXT-ONCE", 10),
        lambda self, s, row: s.update(note=s["note"].encode().decode("latin-1")),
    ),
    ("ShortId", (58,), lambda self, s, row: s.update(id=str(row["id"])[:-3])),
    (
        "UnescapedNumbers",
        (20,),
        lambda self, s, row: s.update(caller=s["caller"].replace("+", "%2B"), callee=s["callee"].replace("+", "%2B")),
    ),
    (
        "SwappedNumbers",
        (20,),
        lambda self, s, row: s.update(caller="***", callee=s["callee"]) if _now_and_then(row, 10) else None,
    ),
):
    defect(*_clauses)(type(_name, (Logs,), {"row": _row(_change)}))


def _envelope(change: Any) -> Any:
    def envelope(self: Any, page: list[Any], found: list[Any], q: SimpleNamespace, more: bool, back: bool) -> Any:
        return change(Logs.envelope(self, page, found, q, more, back), page, found, more)

    return envelope


for _name, _clauses, _change in (
    (
        "NoPagingOnLastPage",
        (8, 9, 63),
        lambda tree, page, found, more: tree if more else {"call_logs": tree["call_logs"]},
    ),
    (
        "NextWhenEmpty",
        (53, 45, "PAGING-LOOP"),
        lambda tree, page, found, more: tree if page else {**tree, "paging": {**tree["paging"], "next": "WyJhIl0"}},
    ),
    ("LogsKey", (8,), lambda tree, page, found, more: {"logs": tree["call_logs"], "paging": tree["paging"]}),
    (
        "RowsByKey",
        (8, 10, 63),
        lambda tree, page, found, more: {**tree, "call_logs": {row["id"]: row for row in tree["call_logs"]}},
    ),
):
    defect(*_clauses)(type(_name, (Logs,), {"envelope": _envelope(_change)}))


@defect(53, 4)
class NotFoundWhenEmpty(Logs):
    def envelope(self, page: list[Any], found: list[Any], *given: Any) -> Any:
        if not found:
            raise Refused(404, "not_found", "no call logs")
        return super().envelope(page, found, *given)


@defect(45, 58, 44, 43, 10, 40, 39)
class AnswersDiffer(Logs):
    def page(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> Any:
        page, more, back = super().page(rows, q)
        return (page[:3] + page[4:] if self.asked % 3 == 0 else page), more, back


@defect(58, 45)
class RowTwice(Logs):
    def ordered(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> list[dict[str, Any]]:
        return [row for row in super().ordered(rows, q) for _ in range(2 if _now_and_then(row, 60) else 1)]


# --- defects: errors, access, wire --------------------------------------------------------------------------


@defect(54)
class OtherShopsToo(Logs):
    def visible(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return True


@defect(54)
class OtherShopByExternalId(Logs):
    """A look-up by external_id forgets whose call it is."""

    def visible(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return q.external is not None or super().visible(row, q)


@defect(64, 3)
class AnyKeyAccepted(Logs):
    def authenticate(self, asked: Asked) -> int:
        key = asked.headers.get("authorization", "").partition(" ")[2].strip()
        return self.KEYS.get(key, 1) if key else super().authenticate(asked)


@defect(64, 3)
class NoKeyAccepted(Logs):
    def authenticate(self, asked: Asked) -> int:
        return super().authenticate(asked) if asked.headers.get("authorization") else 1


@defect(64, 3)
class KeyInAnyCase(Logs):
    def authenticate(self, asked: Asked) -> int:
        key = asked.headers.get("authorization", "").partition(" ")[2].strip().lower()
        return next((shop for one, shop in self.KEYS.items() if one.lower() == key), 0) or super().authenticate(asked)


@defect(64, 3)
class KeyByPrefix(Logs):
    def authenticate(self, asked: Asked) -> int:
        key = asked.headers.get("authorization", "").partition(" ")[2].strip()
        return next((shop for one, shop in self.KEYS.items() if key.startswith(one)), 0) or super().authenticate(
            asked
        )


@defect(64, 3)
class TruncatedKey(Logs):
    def authenticate(self, asked: Asked) -> int:
        key = asked.headers.get("authorization", "").partition(" ")[2].strip()
        found = next((shop for one, shop in self.KEYS.items() if len(key) > 7 and one.startswith(key)), 0)
        return found or super().authenticate(asked)


@defect(64, 3)
class AnyScheme(Logs):
    def authenticate(self, asked: Asked) -> int:
        key = asked.headers.get("authorization", "").split(" ")[-1]
        return self.KEYS.get(key) or super().authenticate(asked)


@defect(64, 3, 4)
class WrongKeyIs400(Logs):
    missing_key = 400


@defect(64, 3, 4, "HTTP-SERVER-ERRORS")
class WrongKeyIs500(Logs):
    missing_key = 500


@defect(64, 3)
class WrongKeyIsEmptyList(Logs):
    def authenticate(self, asked: Asked) -> int:
        try:
            return super().authenticate(asked)
        except Refused:
            return 99


@defect(4)
class ErrorsAre200(Logs):
    def refusal(self, refused: Refused) -> Reply:
        return self.reply(self.error(refused), 200)


for _name, _change in (
    ("ErrorWithoutMsg", lambda r: {"code": r.code}),
    ("ErrorCodeIsNumber", lambda r: {"code": r.status, "msg": r.msg}),
    ("ErrorNested", lambda r: {"error": {"code": r.code, "msg": r.msg}}),
    ("ErrorMessageKey", lambda r: {"code": r.code, "message": r.msg}),
    ("ErrorIsText", lambda r: r.msg),
):
    defect(4)(type(_name, (Logs,), {"error": lambda self, refused, change=_change: change(refused)}))


@defect(4, 1, 67)
class ErrorsArePlainText(Logs):
    def refusal(self, refused: Refused) -> Reply:
        return Reply(refused.status, refused.msg.encode(), "text/plain")


@defect(1, 67)
class TextPlain(Logs):
    media = "text/plain"


@defect(1, 67)
class Status201(Logs):
    def reply(self, tree: Any, status: int = 200) -> Reply:
        return super().reply(tree, 201 if status == 200 else status)


@defect(5)
class GetAccepted(Logs):
    def method(self, asked: Asked) -> None:
        if asked.method == "GET":
            asked.body = asked.body or b"{}"
            asked.headers["content-type"] = "application/json"
            return
        super().method(asked)


@defect(6)
class AnyContentType(Logs):
    def content_type(self, asked: Asked) -> None:
        pass


@defect(7)
class InvalidJsonIsEmpty(Logs):
    def parse(self, asked: Asked) -> dict[str, Any]:
        try:
            return super().parse(asked)
        except Refused:
            return {}


@defect(7, "HTTP-SERVER-ERRORS")
class InvalidJsonCrashes(Logs):
    def parse(self, asked: Asked) -> dict[str, Any]:
        try:
            return super().parse(asked)
        except Refused:
            raise Refused(500, "internal", "panic") from None


@defect(60, "HTTP-SERVER-ERRORS")
class BadEnumCrashes(Logs):
    def enum(self, tree: dict[str, Any], name: str, known: tuple[str, ...]) -> str | None:
        try:
            return super().enum(tree, name, known)
        except Refused:
            raise Refused(500, "internal", "panic") from None


@defect("TEXT-ENCODING", "TEXT-CHARSET", "JSON-SYNTAX")
class Latin1(Logs):
    def reply(self, tree: Any, status: int = 200) -> Reply:
        return Reply(status, json.dumps(tree, ensure_ascii=False).encode("latin-1", "replace"), self.media)


@defect("JSON-NUMBERS", "JSON-SYNTAX", 16)
class NotANumber(Logs):
    def row(self, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        return {**super().row(row, q), "duration": float("nan") if _now_and_then(row) else row["duration"]}


@defect(62, 44, 45, 52)
class OffsetCursors(Logs):
    """Cursors are numbers of rows: new calls push rows over to the next page."""

    per_second = 8.0

    def cursor_of(self, row: dict[str, Any], q: SimpleNamespace, way: str) -> str:
        return f"o{self.places[row['id']]}"

    def page(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> Any:
        self.places = {row["id"]: at for at, row in enumerate(rows)}
        return super().page(rows, q)

    def cursor(self, text: str, q: SimpleNamespace) -> Any:
        if not text.startswith("o") or not text[1:].isdigit():
            raise self.bad("cursor")
        return int(text[1:]), 0, "n"

    def place_after(self, rows: list[dict[str, Any]], mark: Any, q: SimpleNamespace) -> int:
        return mark[0] + 1

    def place_before(self, rows: list[dict[str, Any]], mark: Any, q: SimpleNamespace) -> int:
        return mark[0]


@defect(43)
class OldestFirstOfMany(Logs):
    """More calls than a run reads, from the wrong end."""

    calls = 900

    def read_sort(self, p: dict[str, Any]) -> str:
        return super().read_sort(p) if p.get("sort") else "started_at"


@defect(20)
class CallerOnlyOfMany(Logs):
    """More calls than a run reads, so that all is asked within a range of time."""

    calls = 900

    def f_call_number(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return q.number is None or row["caller"] == q.number


@defect(26)
class OneDateAloneIsIgnoredOfMany(Logs):
    calls = 900
    one_date = "alone"

    def read_dates(self, f: dict[str, Any], q: SimpleNamespace) -> None:
        super().read_dates(f, q)
        if (q.first is None) != (q.last is None):
            q.first = q.last = None


@defect(10)
class NotesCutOnLongPages(Logs):
    def envelope(
        self, page: list[dict[str, Any]], found: list[Any], q: SimpleNamespace, more: bool, back: bool
    ) -> Any:
        told = super().envelope(page, found, q, more, back)
        for row in told["call_logs"] if len(page) > 20 else ():
            row["note"] = row["note"][:4]
        return told


@defect(18, 66)
class TargetsOnFirstPageOnly(Logs):
    def row(self, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        later: dict[str, Any] = {"call_targets": []} if q.after is not None else {}
        return {**super().row(row, q), **later}


@defect(11, 22)
class StateDependsOnNumber(Logs):
    def row(self, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        told = super().row(row, q)
        unknown = q.number is not None and told["call_state"] == "unknown"
        return {**told, "call_state": "not_answered"} if unknown else told


@defect(45, 44, 50)
class AscendingCursorsGoBack(Logs):
    def page(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> Any:
        if q.after is None or q.sort.startswith("-"):
            return super().page(rows, q)
        last = max(0, self.place_after(rows, q.after, q) - 1)
        return rows[max(0, last - q.limit) : last], True, True


@defect(45, 44)
class TiesLostAtPageBorder(Logs):
    def is_past(self, row: dict[str, Any], mark: tuple[Any, int, str], q: SimpleNamespace) -> bool:
        at = self.key(row, q)[0]
        return bool(at < mark[0] if q.sort.startswith("-") else at > mark[0])
