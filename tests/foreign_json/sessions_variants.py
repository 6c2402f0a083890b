"""Servers of GetCallHistory: correct ones with unusual habits, and ones with one defect each."""

# ruff: noqa: E501, RUF012
from __future__ import annotations

import json
import re
from datetime import UTC, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from sessions_json import ACCOUNT, APPS, Refused, Sessions
from vendor_http import NOW, Asked, Reply, Variant, registers

CORRECT: list[Variant] = []
DEFECTS: list[Variant] = []
correct = registers(CORRECT, "VX-GCH")
defect = registers(DEFECTS, "VX-GCH")

# --- correct ------------------------------------------------------------------------------------------------


@correct()
class Plain(Sessions):
    pass


@correct()
class StatusAroundErrors(Sessions):
    error_status = 400
    missing_status = 401
    media = "application/json; charset=utf-8"


@correct()
class RefusesTooMuch(Sessions):
    above_most = "refuse"
    above_furthest = "empty"
    zero_count = "default"
    unknown_id = "refuse"
    bad_flag = "default"


@correct()
class ClampsTheOffset(Sessions):
    above_furthest = "clamp"
    many_ids = "truncate"
    reversed_range = "empty"


@correct()
class TotalIsNullWhenOff(Sessions):
    off_total = "null"
    off_lists: Any = []


@correct()
class TotalIsZeroWhenOff(Sessions):
    @property
    def off_total(self) -> Any:
        return 0


@correct()
class ZoneOfParis(Sessions):
    zone = "Europe/Paris"


@correct()
class ZoneOfHanoi(Sessions):
    zone = "Asia/Ho_Chi_Minh"
    no_dates = "month"


@correct()
class ZoneEtc(Sessions):
    zone = "Etc/GMT"
    slash = False


@correct()
class ById(Sessions):
    """Ids that do not follow the dates, and the list sorted by them."""

    sort_key = "id"

    def __init__(self) -> None:
        super().__init__()
        ids = [row["id"] for row in self.rows]
        for at in range(0, len(ids) - 3, 3):
            ids[at], ids[at + 2] = ids[at + 2], ids[at]
        for row, number in zip(self.rows, ids, strict=True):
            row["id"] = number


@correct()
class ByDateWithIdsAnyhow(ById):
    sort_key = "start"


@correct()
class ExclusiveBounds(Sessions):
    def f_from_date(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return row["start"] > q.first

    def f_to_date(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return row["start"] < q.last


@correct()
class OwnOnlyByDefault(Sessions):
    own_only = True


@correct()
class BothApplicationsAgree(Sessions):
    both_applications = "agree"


@correct()
class FewOptionalFields(Sessions):
    def row(self, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        shown = super().row(row, q)
        for name in ("audio_quality", "finish_reason", "user_id" if row["id"] % 3 == 0 else "-"):
            shown.pop(name, None)
        if row["id"] % 2:
            shown.pop("duration")
        return shown

    def call(self, call: dict[str, Any], row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        shown = super().call(call, row, q)
        for name in ("duration", "cost", "record_url"):
            shown.pop(name, None)
        return shown


@correct()
class MoreFields(Sessions):
    def row(self, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        return {**super().row(row, q), "secure": True, "tags": ["a", {"b": None}], "log_file_url": ""}

    def call(self, call: dict[str, Any], row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        reason = {"code": 486, "description": "Busy Here"}
        return {**super().call(call, row, q), "end_reason": reason, "diversion_number": "100", "x": 1}

    def envelope(self, *given: Any) -> Any:
        return {**super().envelope(*given), "api_address": "api.example", "elapsed": 0.5}


@correct()
class DuplicateAnswersAnyLiteral(Sessions):
    """Empty items, blanks and doubles in lists; bad numbers are the default."""

    def integer(self, name: str, text: str) -> int:
        if name in ("count", "offset") and not re.fullmatch(r"[0-9]{1,9}", text):
            return 20 if name == "count" else 0
        return super().integer(name, text)


@correct()
class UnknownMethodIs404(Sessions):
    slash = False

    def unknown_method(self, name: str) -> Reply:
        return self.reply(self.error(Refused(103, "unknown command")), 404)


@correct()
class NoApiKeys(Sessions):
    def authenticate(self, asked: Asked, given: dict[str, str]) -> str:
        if "authorization" not in asked.headers:
            raise Refused(100, "Authorization failed", 401)
        return super().authenticate(asked, {})


@correct()
class NewestTwoBy(Sessions):
    """Descending order breaks ties by the id the other way round."""

    def ordered(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> list[dict[str, Any]]:
        return sorted(sorted(rows, key=lambda row: row["id"]), key=lambda row: row["start"], reverse=q.desc)


@correct()
class Live(Sessions):
    per_second = 4.0


@correct()
class LiveWithDurations(Sessions):
    """New sessions arrive, and the last ones are still running: their durations grow."""

    per_second = 3.0

    def row(self, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        shown = super().row(row, q)
        age = (self.clock() - row["start"]).total_seconds()
        if age < 20:
            shown["duration"] = int(age)
        return shown


@correct()
class LiveNewestFirstIds(Live):
    per_second = 8.0
    sort_key = "id"


@correct()
class Empty(Sessions):
    calls = 0


@correct()
class One(Sessions):
    calls = 1


@correct()
class Three(Sessions):
    calls = 3


@correct()
class Slow(Sessions):
    delay = 0.05


@correct()
class ClosesEachTime(Sessions):
    protocol = "HTTP/1.0"


@correct()
class Chunked(Sessions):
    chunked = True


@correct()
class Pretty(Sessions):
    """Escaped, indented JSON, keys in another order."""

    def reply(self, tree: Any, status: int = 200) -> Reply:
        return Reply(status, json.dumps(tree, indent=1, sort_keys=True).encode(), self.media)


@correct()
class Errors(Sessions):
    """An errors array beside the error, and codes of the generic kind."""

    def error(self, refused: Refused) -> Any:
        code = 101 if refused.code in (111, 123, 134, 496, 497) else refused.code
        one = {"code": code, "msg": refused.msg, "field_name": "x"}
        return {"error": one, "errors": [one]}


@correct()
class AllTokensAre100(Sessions):
    def check_times(self, issued: float, expires: float, now: float) -> None:
        try:
            super().check_times(issued, expires, now)
        except Refused:
            raise Refused(100, "Authorization failed", 401) from None


@correct()
class NoMinDuration(Sessions):
    """Refuses parameters that it does not know."""

    KNOWN = frozenset(
        [
            "from_date",
            "to_date",
            "timezone",
            "call_session_history_id",
            "application_id",
            "application_name",
            "user_id",
            "rule_name",
            "remote_number",
            "remote_number_list",
            "local_number",
            "call_session_history_custom_data",
            "with_calls",
            "with_records",
            "with_other_resources",
            "child_account_id",
            "children_calls_only",
            "desc_order",
            "with_total_count",
            "count",
            "offset",
            "account_id",
            "api_key",
            "account_email",
            "min_duration",
            "max_duration",
            "is_async",
            "with_header",
            "output",
        ]
    )

    def read(self, given: dict[str, str]) -> SimpleNamespace:
        return super().read({name: value for name, value in given.items() if name in self.KNOWN})


@correct()
class HonoursDurations(Sessions):
    def matches(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        low, high = q.given.get("min_duration"), q.given.get("max_duration")
        return (
            super().matches(row, q)
            and (not low or row["duration"] >= int(low))
            and (not high or row["duration"] <= int(high))
        )


@correct()
class SumsInSummer(Sessions):
    """A zone with half-hours, and a default that is not the caller's."""

    zone = "Asia/Kolkata"


@correct()
class OldLogsAreGone(Sessions):
    def row(self, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        shown = super().row(row, q)
        if row["start"] < NOW - timedelta(days=5):
            shown["log_file_url"] = ""
        return shown


@correct()
class CodesOfTheirOwnForIds(Sessions):
    """An id that is no number gets the code that the vendor keeps for this kind of id."""

    CODES = {"call_session_history_id": 150, "application_id": 116, "user_id": 117, "child_account_id": 194}

    def integer(self, name: str, text: str) -> int:
        try:
            return super().integer(name, text)
        except Refused as refused:
            raise Refused(self.CODES.get(name, refused.code), refused.msg) from None


@correct()
class ReplicaBehind(Sessions):
    """Every other answer comes from a replica that is three seconds behind; a session comes in now and then."""

    per_second = 0.7

    def stored(self) -> list[dict[str, Any]]:
        rows = super().stored()
        late = self.rng.random() < 0.5
        return [row for row in rows if not late or row["start"] < self.clock() - timedelta(seconds=3)]


@defect("LIST-STEADY")
class ReplicaLacksDays(Sessions):
    """Every third answer comes from a replica that never got what the last two days brought."""

    turn = 0

    def stored(self) -> list[dict[str, Any]]:
        rows = super().stored()
        self.turn += 1
        return rows if self.turn % 3 else [row for row in rows if row["start"] < self.clock() - timedelta(days=2)]


# --- defects: dates and zones -------------------------------------------------------------------------------


@defect(16)
class FromByDay(Sessions):
    def f_from_date(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return row["start"].date() >= q.first.date()


@defect(16)
class ToByDay(Sessions):
    def f_to_date(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return row["start"].date() <= q.last.date()


@defect(16)
class ToExclusiveByDay(Sessions):
    def f_to_date(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return row["start"].date() < q.last.date()


@defect(16)
class OlderOnesAnHourLate(Sessions):
    # So many that the calls of the last two days are enough to judge by.
    calls = 700

    def matches(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        stale = row["start"] < NOW - timedelta(days=4)
        return super().matches({**row, "start": row["start"] + timedelta(hours=1)} if stale else row, q)


@defect(16)
class FromByMinute(Sessions):
    def f_from_date(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return row["start"] >= q.first.replace(second=0)


@defect(16)
class ToByHour(Sessions):
    def f_to_date(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return row["start"] < q.last.replace(minute=0, second=0) + timedelta(hours=1)


@defect(16)
class ToIgnored(Sessions):
    def active(self, name: str, q: SimpleNamespace) -> bool:
        return name != "to_date"


@defect(16)
class FromIgnored(Sessions):
    def active(self, name: str, q: SimpleNamespace) -> bool:
        return name != "from_date"


@defect(16)
class FromIgnoredWithOffset(Sessions):
    def active(self, name: str, q: SimpleNamespace) -> bool:
        return name != "from_date" or q.offset == 0


@defect(16)
class MatchedByItsEnd(Sessions):
    def f_to_date(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return row["start"] + timedelta(seconds=row["duration"]) <= q.last


@defect(58, 16)
class ZoneIgnoredInRange(Sessions):
    def instant(self, wall: Any, q: SimpleNamespace) -> Any:
        return wall.replace(tzinfo=UTC)


@defect(58)
class ZoneIgnoredInRows(Sessions):
    def moment(self, at: Any, q: SimpleNamespace) -> Any:
        return at.strftime("%Y-%m-%d %H:%M:%S")


@defect(58, 16)
class ZoneWrongSign(Sessions):
    def instant(self, wall: Any, q: SimpleNamespace) -> Any:
        return wall.replace(tzinfo=UTC) + wall.replace(tzinfo=q.zone).utcoffset()


@defect(58)
class ZoneIgnoredInCalls(Sessions):
    def call(self, call: dict[str, Any], row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        return {**super().call(call, row, q), "start_time": call["start"].strftime("%Y-%m-%d %H:%M:%S")}


@defect(58)
class ZoneNotEchoed(Sessions):
    def zone_shown(self, q: SimpleNamespace) -> Any:
        return "UTC"


@defect(57)
class ZoneIsANumber(Sessions):
    def zone_shown(self, q: SimpleNamespace) -> Any:
        return 0


@defect(57)
class ZoneMissing(Sessions):
    def envelope(self, *given: Any) -> Any:
        tree = super().envelope(*given)
        del tree["timezone"]
        return tree


@defect(71)
class AnyDateFormat(Sessions):
    def date(self, name: str, text: str, q: SimpleNamespace) -> Any:
        return super().date(name, re.sub(r"^(\d+)/(\d+)/(\d+)$", r"\1-\2-\3 00:00:00", text), q)


@defect(71)
class BadDateIsNow(Sessions):
    def date(self, name: str, text: str, q: SimpleNamespace) -> Any:
        try:
            return super().date(name, text, q)
        except Refused:
            return NOW


@defect(13)
class FromOptional(Sessions):
    def read_dates(self, given: dict[str, str], q: SimpleNamespace) -> None:
        super().read_dates({"from_date": "1970-01-01 00:00:00", **given}, q)


@defect(14)
class ToOptional(Sessions):
    def read_dates(self, given: dict[str, str], q: SimpleNamespace) -> None:
        super().read_dates({"to_date": "2100-01-01 00:00:00", **given}, q)


@defect(17)
class ReversedSwapped(Sessions):
    def read_dates(self, given: dict[str, str], q: SimpleNamespace) -> None:
        first, last = given.get("from_date"), given.get("to_date")
        if first and last and first > last:
            given = {**given, "from_date": last, "to_date": first}
        super().read_dates(given, q)


# --- defects: filters ---------------------------------------------------------------------------------------


def _without(filter_name: str) -> Any:
    def active(self: Any, name: str, q: SimpleNamespace) -> bool:
        return name != filter_name

    return active


for _name, _clauses in (
    ("call_session_history_id", (18, 19)),
    ("application", (21, 22)),
    ("user_id", (24,)),
    ("rule_name", (25,)),
    ("remote", (27, 28, 29, 30)),
    ("local_number", (31,)),
    ("custom_data", (32,)),
    ("child_account_id", (39,)),
    ("children_calls_only", (41,)),
):
    defect(*_clauses)(type(f"Ignores_{_name}", (Sessions,), {"active": _without(_name)}))


@defect(22)
class NameIgnored(Sessions):
    def f_application(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return q.app is None or row["app"] == q.app


@defect(22)
class NameByPrefix(Sessions):
    def f_application(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        shown = APPS[row["app"]]
        return (q.app is None or row["app"] == q.app) and (q.app_name is None or shown.startswith(q.app_name))


def _first_only(*names: str) -> Any:
    def ids(self: Any, given: dict[str, str], name: str) -> list[int] | None:
        found = Sessions.ids(self, given, name)
        return found[:1] if found and name in names else found

    return ids


defect(18, 19)(type("SessionsFirstOnly", (Sessions,), {"ids": _first_only("call_session_history_id")}))
defect(24)(type("UsersFirstOnly", (Sessions,), {"ids": _first_only("user_id")}))
defect(39)(type("ChildrenFirstOnly", (Sessions,), {"ids": _first_only("child_account_id")}))


@defect(18, 19, 24, 39, 27, 31)
class LastItemDropped(Sessions):
    def split(self, text: str) -> list[str]:
        items = super().split(text)
        return items[:-1] if len(items) > 2 else items


@defect(19, 18)
class CommaSeparates(Sessions):
    """Splits ids at commas, too late at semicolons: only the first id counts."""

    def ids(self, given: dict[str, str], name: str) -> list[int] | None:
        text = given.get(name, "")
        if name == "call_session_history_id" and ";" in text:
            given = {**given, name: text.split(";")[0]}
        return super().ids(given, name)


@defect(27)
class RemotesFirstOnly(Sessions):
    def remotes(self, given: dict[str, str]) -> list[str] | None:
        found = super().remotes(given)
        return found[:1] if found and not given.get("remote_number_list") else found


@defect(28)
class RemoteListFirstOnly(Sessions):
    def remotes(self, given: dict[str, str]) -> list[str] | None:
        found = super().remotes(given)
        return found[:1] if found and given.get("remote_number_list") else found


@defect(31)
class LocalsFirstOnly(Sessions):
    def read(self, given: dict[str, str]) -> SimpleNamespace:
        q = super().read(given)
        q.locals = q.locals and q.locals[:1]
        return q


@defect(27, 28, 31)
class NumbersBySubstring(Sessions):
    def same_number(self, number: str, wanted: list[str]) -> bool:
        return any(one in number for one in wanted)


@defect(27, 28, 31)
class NumbersByEnd(Sessions):
    def same_number(self, number: str, wanted: list[str]) -> bool:
        return any(number.endswith(one) for one in wanted)


@defect(27, 28, 31)
class NumbersWithoutPlus(Sessions):
    def same_number(self, number: str, wanted: list[str]) -> bool:
        return number.lstrip("+") in [one.lstrip("+") for one in wanted]


@defect(27, 28, 31)
class NumbersWithoutZeros(Sessions):
    def same_number(self, number: str, wanted: list[str]) -> bool:
        return number.lstrip("0") in [one.lstrip("0") for one in wanted]


@defect(27)
class RemoteOfFirstCall(Sessions):
    def f_remote(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return super().f_remote({"calls": row["calls"][:1]}, q)


@defect(27)
class RemoteLooksAtLocal(Sessions):
    def f_remote(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return q.remotes is None or any({call["local"], call["remote"]} & set(q.remotes) for call in row["calls"])


@defect(31)
class LocalMatchesRemote(Sessions):
    def f_local_number(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return q.locals is None or any(call["remote"] in q.locals for call in row["calls"])


@defect(26)
class RuleAlone(Sessions):
    def rule(self, given: dict[str, str], q: SimpleNamespace) -> str | None:
        return given.get("rule_name") or None


@defect(26)
class RuleAloneRefused(Sessions):
    def rule(self, given: dict[str, str], q: SimpleNamespace) -> str | None:
        if given.get("rule_name") and q.app is None and q.app_name is None:
            raise Refused(101, "rule_name needs an application")
        return super().rule(given, q)


@defect(25)
class RuleByCase(Sessions):
    def f_rule_name(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return q.rule is None or row["rule"].startswith(q.rule)


@defect(25)
class RuleNotWithName(Sessions):
    def rule(self, given: dict[str, str], q: SimpleNamespace) -> str | None:
        return given.get("rule_name") or None if q.app is not None else None


@defect(29, 28)
class RemoteBeatsList(Sessions):
    def remotes(self, given: dict[str, str]) -> list[str] | None:
        return self.split(given.get("remote_number", "")) or super().remotes(given)


@defect(29)
class RemoteAndListJoined(Sessions):
    def remotes(self, given: dict[str, str]) -> list[str] | None:
        both = super().remotes(given)
        return (both + self.split(given.get("remote_number", ""))) if both else both


@defect(30)
class EmptyListMatchesNothing(Sessions):
    def remotes(self, given: dict[str, str]) -> list[str] | None:
        return [] if given.get("remote_number_list", "").strip() == "[]" else super().remotes(given)


@defect(30)
class EmptyListIgnoresRemote(Sessions):
    def remotes(self, given: dict[str, str]) -> list[str] | None:
        return None if given.get("remote_number_list", "").strip() == "[]" else super().remotes(given)


@defect(32)
class CustomContains(Sessions):
    custom_contains = True


@defect(32)
class CustomByCase(Sessions):
    def f_custom_data(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return q.custom is None or (row["custom"] or "").lower() == q.custom.lower()


@defect(32)
class CustomAscii(Sessions):
    """Non-ASCII custom data never matches."""

    def f_custom_data(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return super().f_custom_data(row, q) and (q.custom is None or q.custom.isascii())


@defect(32)
class CustomCutAtSemicolon(Sessions):
    def f_custom_data(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return q.custom is None or row["custom"] == q.custom.split(";")[0]


@defect(24)
class UsersNotWithRange(Sessions):
    """user_id is forgotten on all pages but the first."""

    def active(self, name: str, q: SimpleNamespace) -> bool:
        return name != "user_id" or q.offset == 0


@defect(66, 24, 21, 22)
class UserForgottenWithApplication(Sessions):
    def active(self, name: str, q: SimpleNamespace) -> bool:
        return name != "user_id" or (q.app is None and q.app_name is None)


@defect(66, 27, 31)
class LocalForgottenWithRemote(Sessions):
    def active(self, name: str, q: SimpleNamespace) -> bool:
        return name != "local_number" or q.remotes is None


@defect(66, 27, 31)
class LocalOrRemote(Sessions):
    def matches(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        if q.remotes and q.locals:
            rest = [name for name in self.FILTERS if name not in ("remote", "local_number")]
            either = self.f_remote(row, q) or self.f_local_number(row, q)
            return either and all(getattr(self, f"f_{name}")(row, q) for name in rest)
        return super().matches(row, q)


@defect(66, 18)
class DatesForgottenWithIds(Sessions):
    def active(self, name: str, q: SimpleNamespace) -> bool:
        return name not in ("from_date", "to_date") or q.sessions is None


@defect(12)
class BodyForgetsUser(Sessions):
    def from_body(self, asked: Asked) -> dict[str, str]:
        return {name: value for name, value in super().from_body(asked).items() if name != "user_id"}


@defect(12)
class MultipartIgnored(Sessions):
    def from_multipart(self, asked: Asked) -> dict[str, str]:
        return {}


@defect(12)
class ChunkedIgnored(Sessions):
    def from_body(self, asked: Asked) -> dict[str, str]:
        return {} if "transfer-encoding" in asked.headers else super().from_body(asked)


@defect(12)
class FormIgnored(Sessions):
    def from_form(self, asked: Asked) -> dict[str, str]:
        return {}


@defect(11)
class CmdForgetsParameters(Sessions):
    def parse(self, asked: Asked) -> tuple[str, dict[str, str]]:
        name, given = super().parse(asked)
        if asked.path.strip("/") == "platform_api":
            given = {key: value for key, value in given.items() if key in ("from_date", "to_date")}
        return name, given


@defect(11)
class NoCmdForm(Sessions):
    def parse(self, asked: Asked) -> tuple[str, dict[str, str]]:
        if asked.path.strip("/") == "platform_api":
            raise Refused(103, "no such address", 404)
        return super().parse(asked)


# --- defects: parts, children, order ------------------------------------------------------------------------


def _reads(**change: Any) -> Any:
    def read(self: Any, given: dict[str, str]) -> SimpleNamespace:
        q = Sessions.read(self, given)
        for name, value in change.items():
            setattr(q, name, value(q, given) if callable(value) else value)
        return q

    return read


for _name, _clauses, _change in (
    ("CallsByDefault", (33,), {"with_calls": lambda q, given: q.with_calls or "with_calls" not in given}),
    ("CallsAlways", (33,), {"with_calls": True}),
    ("CallsNever", (34,), {"with_calls": False}),
    ("RecordsAlways", (35,), {"with_records": True}),
    ("RecordsNever", (36,), {"with_records": False}),
    ("RecordsWithCalls", (35, 34, 36), {"with_records": lambda q, given: q.with_records or q.with_calls}),
    ("ResourcesNever", (37,), {"with_resources": False}),
    ("ResourcesAlways", (38,), {"with_resources": True}),
    (
        "ResourcesOffByDefault",
        (37,),
        {"with_resources": lambda q, given: q.with_resources and "with_other_resources" in given},
    ),
    ("DescIgnored", (43,), {"desc": False}),
    ("DescByDefault", (42,), {"desc": lambda q, given: q.desc or "desc_order" not in given}),
    (
        "ChildrenByDefault",
        (40,),
        {"only_children": lambda q, given: q.only_children or "children_calls_only" not in given},
    ),
    ("TotalOffByDefault", (44,), {"with_total": lambda q, given: q.with_total and "with_total_count" in given}),
    ("TotalAlways", (45,), {"with_total": True}),
    ("DefaultOfTen", (46,), {"count": lambda q, given: q.count if given.get("count") else 10}),
    ("DefaultOf25", (46,), {"count": lambda q, given: q.count if given.get("count") else 25}),
    ("CountPlusOne", (47, 46, 50), {"count": lambda q, given: q.count + 1}),
    ("CountCappedAt100", (47, 48), {"count": lambda q, given: min(q.count, 100)}),
    ("OffsetIgnored", (50,), {"offset": 0}),
    ("OffsetIgnoredWhenDescending", (50, 43), {"offset": lambda q, given: 0 if q.desc else q.offset}),
    ("OffsetIsAPage", (50,), {"offset": lambda q, given: q.offset * q.count}),
    ("OffsetMinusOne", (50, 61), {"offset": lambda q, given: max(0, q.offset - 1)}),
    ("OffsetPlusOne", (50, 61), {"offset": lambda q, given: q.offset + (q.offset > 0)}),
    ("OffsetOneByDefault", (49,), {"offset": lambda q, given: q.offset if "offset" in given else 1}),
    ("OffsetRoundedToPage", (50,), {"offset": lambda q, given: q.offset - q.offset % q.count}),
    ("DeepOffsetStuck", (50, 61), {"offset": lambda q, given: min(q.offset, 200)}),
    ("CountIgnoredWithCalls", (47,), {"count": lambda q, given: 20 if q.with_calls else q.count}),
):
    defect(*_clauses)(type(_name, (Sessions,), {"read": _reads(**_change)}))


@defect(48)
class CountUnlimited(Sessions):
    calls = 1150
    most = 100000


@defect(51)
class OffsetUnlimited(Sessions):
    """Rows beyond 10,000 cannot exist here: a refusal of another kind, a crash."""

    def offset(self, given: dict[str, str]) -> int:
        if len(given.get("offset", "")) > 4 and int(given["offset"]) > 10000:
            raise Refused(2, "internal error", 500)
        return super().offset(given)


@defect(41)
class OnlyChildrenIncludesOwn(Sessions):
    def f_children_calls_only(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return True


@defect(41)
class OnlyChildrenIsOwn(Sessions):
    def f_children_calls_only(self, row: dict[str, Any], q: SimpleNamespace) -> bool:
        return not q.only_children or row["account"] == ACCOUNT


@defect(43)
class PagewiseReversed(Sessions):
    def ordered(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> list[dict[str, Any]]:
        return sorted(rows, key=self.key)

    def page(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> list[dict[str, Any]]:
        page = super().page(rows, q)
        return page[::-1] if q.desc else page


@defect(42, 43)
class OrderByDay(Sessions):
    """Sorted by the day alone; within a day by the account."""

    def key(self, row: dict[str, Any]) -> Any:
        return row["start"].date(), row["account"], row["id"]


@defect(42, 43)
class OrderByDuration(Sessions):
    def key(self, row: dict[str, Any]) -> Any:
        return row["duration"], row["id"]


@defect(42)
class OneRowOutOfOrder(Sessions):
    def ordered(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> list[dict[str, Any]]:
        found = super().ordered(rows, q)
        if len(found) > 60 and not q.desc:
            found[40], found[50] = found[50], found[40]
        return found


@defect(42, 43)
class FilteredUnsorted(Sessions):
    def ordered(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> list[dict[str, Any]]:
        found = super().ordered(rows, q)
        return sorted(found, key=lambda row: row["id"] * 7919 % 1009) if q.users else found


# --- defects: totals and pages ------------------------------------------------------------------------------


@defect(56, 44, 55)
class TotalOfThePage(Sessions):
    def total(self, page: list[Any], found: list[Any], q: SimpleNamespace) -> Any:
        return len(page)


@defect(44, 56)
class TotalWithoutFilters(Sessions):
    def total(self, page: list[Any], found: list[Any], q: SimpleNamespace) -> Any:
        return len(self.rows)


@defect(44, 56)
class TotalBeforeChildren(Sessions):
    def total(self, page: list[Any], found: list[Any], q: SimpleNamespace) -> Any:
        if not q.only_children:
            return len(found)
        plain = SimpleNamespace(**{**vars(q), "only_children": False})
        return sum(self.matches(row, plain) for row in self.rows)


@defect(55, 56, 44)
class TotalMinusOffset(Sessions):
    def total(self, page: list[Any], found: list[Any], q: SimpleNamespace) -> Any:
        return max(0, len(found) - q.offset)


@defect(44, 55)
class TotalIsText(Sessions):
    def total(self, page: list[Any], found: list[Any], q: SimpleNamespace) -> Any:
        return str(len(found))


@defect(55, 44, 56)
class TotalOffByOne(Sessions):
    def total(self, page: list[Any], found: list[Any], q: SimpleNamespace) -> Any:
        return len(found) + 1


@defect(56, 44, 55)
class TotalCappedAt200(Sessions):
    def total(self, page: list[Any], found: list[Any], q: SimpleNamespace) -> Any:
        return min(len(found), 200)


@defect(54)
class CountIsRequested(Sessions):
    def counted(self, page: list[Any], found: list[Any], q: SimpleNamespace) -> Any:
        return q.count


@defect(54)
class CountIsTotal(Sessions):
    def counted(self, page: list[Any], found: list[Any], q: SimpleNamespace) -> Any:
        return len(found)


@defect(54)
class CountMissingWhenEmpty(Sessions):
    def envelope(self, page: list[Any], found: list[Any], q: SimpleNamespace) -> Any:
        tree = super().envelope(page, found, q)
        if not page:
            del tree["count"]
        return tree


@defect(67, 53)
class NullWhenEmpty(Sessions):
    def envelope(self, page: list[Any], found: list[Any], q: SimpleNamespace) -> Any:
        tree = super().envelope(page, found, q)
        return tree if page else {**tree, "result": None}


@defect(67)
class ErrorWhenEmpty(Sessions):
    def envelope(self, page: list[Any], found: list[Any], q: SimpleNamespace) -> Any:
        if not found:
            raise Refused(150, "nothing was found")
        return super().envelope(page, found, q)


@defect(50, 61)
class PagesOverlap(Sessions):
    def page(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> list[dict[str, Any]]:
        start = q.offset - 1 if q.offset >= q.count else q.offset
        return rows[start : start + q.count]


@defect(50, 56, 47)
class LastPageMissing(Sessions):
    def page(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> list[dict[str, Any]]:
        page = super().page(rows, q)
        return [] if q.offset and len(page) < q.count else page


@defect(50, 47, 61)
class LastRowMissing(Sessions):
    def page(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> list[dict[str, Any]]:
        return super().page(rows[:-1] if len(rows) > 50 else rows, q)


@defect(50, 61)
class TiesShuffled(Sessions):
    """The order among equals depends on the page."""

    def ordered(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> list[dict[str, Any]]:
        return sorted(rows, key=lambda row: (row["start"], row["id"] * (1 + q.offset) % 101), reverse=q.desc)


@defect(61)
class SessionTwice(Sessions):
    """A session with three calls is there twice (a join gone wrong)."""

    def ordered(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> list[dict[str, Any]]:
        return [row for row in super().ordered(rows, q) for _ in range(2 if len(row["calls"]) == 3 else 1)]


@defect(61, 27)
class TwiceWhenRemoteTwice(Sessions):
    def ordered(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> list[dict[str, Any]]:
        found = super().ordered(rows, q)
        if not q.remotes:
            return found
        return [row for row in found for call in row["calls"] if call["remote"] in q.remotes]


# --- defects: what is shown ---------------------------------------------------------------------------------


def _row(change: Any) -> Any:
    def row(self: Any, row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        shown = Sessions.row(self, row, q)
        change(self, shown, row, q)
        return shown

    return row


def _now_and_then(row: dict[str, Any], every: int = 40) -> bool:
    return row["id"] // 7 % every == 3


def _others_calls(self: Any, shown: dict[str, Any], row: dict[str, Any], q: SimpleNamespace) -> None:
    if q.with_calls and _now_and_then(row, 20):
        other = self.rows[(self.rows.index(row) + 1) % len(self.rows)]
        shown["calls"] = [self.call(one, other, q) for one in other["calls"]]


def _early_call(self: Any, shown: dict[str, Any], row: dict[str, Any], q: SimpleNamespace) -> None:
    if q.with_calls and shown["calls"] and _now_and_then(row, 20):
        shown["calls"][0]["start_time"] = self.moment(row["start"] - timedelta(seconds=30), q)


for _name, _clauses, _change in (
    ("CallsOfAnother", (69, 60, 27, 31, 34), _others_calls),
    ("CallBeforeItsSession", (69,), _early_call),
    (
        "NullDateNowAndThen",
        (70, 59),
        lambda self, s, row, q: s.update(start_date=None) if _now_and_then(row, 80) else None,
    ),
    (
        "EmptyDateNowAndThen",
        (70, 59),
        lambda self, s, row, q: s.update(start_date="") if _now_and_then(row, 80) else None,
    ),
    ("IsoDates", (59, 70), lambda self, s, row, q: s.update(start_date=s["start_date"].replace(" ", "T"))),
    (
        "IsoDateNowAndThen",
        (59, 70, 16),
        lambda self, s, row, q: (
            s.update(start_date=s["start_date"].replace(" ", "T")) if _now_and_then(row) else None
        ),
    ),
    ("IdsAreText", (59,), lambda self, s, row, q: s.update(call_session_history_id=str(row["id"]))),
    (
        "IdTextNowAndThen",
        (59, 61),
        lambda self, s, row, q: s.update(call_session_history_id=str(row["id"])) if _now_and_then(row) else None,
    ),
    (
        "DurationTextNowAndThen",
        (59,),
        lambda self, s, row, q: s.update(duration=str(row["duration"])) if _now_and_then(row) else None,
    ),
    ("DurationNegative", (59,), lambda self, s, row, q: s.update(duration=-1) if _now_and_then(row) else None),
    (
        "DurationFraction",
        (59,),
        lambda self, s, row, q: s.update(duration=row["duration"] + 0.5) if _now_and_then(row) else None,
    ),
    ("RuleMissingNowAndThen", (59,), lambda self, s, row, q: s.pop("rule_name") if _now_and_then(row) else None),
    ("AccountIsText", (59,), lambda self, s, row, q: s.update(account_id=str(row["account"]))),
    (
        "FinishReasonUnknown",
        (59,),
        lambda self, s, row, q: s.update(finish_reason="done") if _now_and_then(row) else None,
    ),
    (
        "ApplicationNameWrong",
        (22, 59, 21),
        lambda self, s, row, q: s.update(application_name="support.acme.example") if row["app"] == 72 else None,
    ),
    ("CustomDataIsNull", (59,), lambda self, s, row, q: s.setdefault("custom_data", 17)),
    (
        "CustomDataMangled",
        (32, 59, "TEXT-ENCODING", "TEXT-ONCE"),
        lambda self, s, row, q: (
            s.update(custom_data=s["custom_data"].encode().decode("latin-1")) if "custom_data" in s else None
        ),
    ),
    (
        "CustomDataQuestionMarks",
        (32, 59, "TEXT-ENCODING"),
        lambda self, s, row, q: (
            s.update(custom_data=s["custom_data"].encode("ascii", "replace").decode()) if "custom_data" in s else None
        ),
    ),
    (
        "CallsAreAnObject",
        (34, 60, 59),
        lambda self, s, row, q: s.update(calls={"0": s["calls"][0]} if s["calls"] else {}) if q.with_calls else None,
    ),
    (
        "CallsMissingWhenNone",
        (34,),
        lambda self, s, row, q: s.pop("calls") if q.with_calls and not s["calls"] else None,
    ),
    ("CallsCutToOne", (34, 27, 31), lambda self, s, row, q: s.update(calls=s["calls"][:1]) if q.with_calls else None),
    ("OffsetInRows", (59,), lambda self, s, row, q: s.update(initiator_address=None) if _now_and_then(row) else None),
):
    defect(*_clauses)(type(_name, (Sessions,), {"row": _row(_change)}))


def _call(change: Any) -> Any:
    def call(self: Any, call: dict[str, Any], row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        shown = Sessions.call(self, call, row, q)
        if _now_and_then(row, 10):
            change(shown)
        return shown

    return call


for _name, _change in (
    ("IncomingIsANumber", lambda s: s.update(incoming=int(s["incoming"]))),
    ("SuccessfulMissing", lambda s: s.pop("successful")),
    ("CallStartIsNull", lambda s: s.update(start_time=None)),
    ("CallIdIsText", lambda s: s.update(call_id=str(s["call_id"]))),
    ("CostIsText", lambda s: s.update(cost="0.01")),
    ("CallDurationNegative", lambda s: s.update(duration=-5)),
):
    defect(60, 70, 69)(type(_name, (Sessions,), {"call": _call(_change)}))


@defect(60)
class RecordIdMissing(Sessions):
    def record(self, record: dict[str, Any], row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        shown = super().record(record, row, q)
        del shown["record_id"]
        return shown


@defect(60, 70)
class UsedAtIsEpoch(Sessions):
    def resource(self, used: dict[str, Any], row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        return {**super().resource(used, row, q), "used_at": int(used["used"].timestamp())}


@defect(58, 60)
class ZoneIgnoredInRecords(Sessions):
    def record(self, record: dict[str, Any], row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        return {**super().record(record, row, q), "start_time": record["start"].strftime("%Y-%m-%d %H:%M:%S")}


@defect(53, 59)
class RowsByKey(Sessions):
    def envelope(self, *given: Any) -> Any:
        tree = super().envelope(*given)
        return {**tree, "result": {str(at): row for at, row in enumerate(tree["result"])}}


@defect(50, 56, 59, 61, 16, 42)
class AnswersDiffer(Sessions):
    """Every third answer leaves out a row."""

    def page(self, rows: list[dict[str, Any]], q: SimpleNamespace) -> list[dict[str, Any]]:
        page = super().page(rows, q)
        return page[:5] + page[6:] if self.asked % 3 == 0 else page


# --- defects: errors, access, wire --------------------------------------------------------------------------


def _error(change: Any) -> Any:
    return lambda self, refused: change(refused)


for _name, _clauses, _change in (
    ("ErrorCodeIsText", (8,), lambda r: {"error": {"code": str(r.code), "msg": r.msg}}),
    ("ErrorWithoutMsg", (8,), lambda r: {"error": {"code": r.code}}),
    ("ErrorIsText", (8,), lambda r: {"error": r.msg, "code": r.code}),
    ("ErrorWithResult", (8,), lambda r: {"error": {"code": r.code, "msg": r.msg}, "result": [], "count": 0}),
    ("ErrorMessageKey", (8,), lambda r: {"error": {"code": r.code, "message": r.msg}}),
    ("ErrorCodeZero", (8, 2), lambda r: {"error": {"code": 0, "msg": r.msg}}),
):
    defect(*_clauses)(type(_name, (Sessions,), {"error": _error(_change)}))


@defect(9, "HTTP-SERVER-ERRORS")
class ErrorsAre500(Sessions):
    error_status = 500


@defect(10)
class TextHtml(Sessions):
    media = "text/html"


@defect(10)
class NoMediaType(Sessions):
    media = None


@defect(10)
class ErrorsArePlainText(Sessions):
    def refusal(self, refused: Refused) -> Reply:
        reply = super().refusal(refused)
        return Reply(reply.status, reply.body, "text/plain")


@defect("TEXT-ENCODING", "TEXT-CHARSET", "JSON-SYNTAX")
class Latin1(Sessions):
    def reply(self, tree: Any, status: int = 200) -> Reply:
        return Reply(status, json.dumps(tree, ensure_ascii=False).encode("latin-1", "replace"), self.media)


@defect("JSON-SYNTAX")
class TrailingText(Sessions):
    def reply(self, tree: Any, status: int = 200) -> Reply:
        return Reply(status, json.dumps(tree).encode() + b"\n<!-- 3 ms -->", self.media)


@defect(3)
class ExpiredAccepted(Sessions):
    def check_times(self, issued: float, expires: float, now: float) -> None:
        if expires >= now:
            super().check_times(issued, expires, now)


@defect(3)
class FutureAccepted(Sessions):
    def check_times(self, issued: float, expires: float, now: float) -> None:
        if issued <= now:
            super().check_times(issued, expires, now)


@defect(3)
class LongLivedAccepted(Sessions):
    def check_times(self, issued: float, expires: float, now: float) -> None:
        super().check_times(issued, expires if expires < now else now, now)


@defect(4)
class SignatureUnchecked(Sessions):
    def by_token(self, token: str) -> str:
        import jwt

        try:
            head, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise Refused(447, "the token is wrong") from None
        if head.get("kid") not in self.KEYS:
            raise Refused(433, "the key id is wrong")
        self.check_claims(claims)
        return self.role(self.KEYS[head["kid"]])


@defect(4)
class AnyKeyId(Sessions):
    @property
    def KEYS(self) -> Any:
        class Any_(dict):
            def __missing__(self, name: str) -> str:
                return "Owner"

            def __contains__(self, name: object) -> bool:
                return True

        return Any_({"k-none": "", "k-support": "Support"})


@defect(2, 3, 4)
class AnyTokenAccepted(Sessions):
    def by_token(self, token: str) -> str:
        return "Owner"


@defect(2)
class NoTokenAccepted(Sessions):
    def authenticate(self, asked: Asked, given: dict[str, str]) -> str:
        if "authorization" not in asked.headers and "api_key" not in given:
            return "Owner"
        return super().authenticate(asked, given)


@defect(3, 2)
class MalformedIsGuest(Sessions):
    def by_token(self, token: str) -> str:
        return super().by_token(token) if token.count(".") == 2 else "Owner"


@defect(5, 2, 3, 4)
class AnyApiKeyAccepted(Sessions):
    def authenticate(self, asked: Asked, given: dict[str, str]) -> str:
        return (
            "Owner"
            if given.get("account_id") == str(ACCOUNT) and given.get("api_key")
            else super().authenticate(asked, given)
        )


@defect(6)
class SupportRefused(Sessions):
    def role(self, role: str) -> str:
        if role == "Support":
            raise Refused(104, "forbidden")
        return super().role(role)


@defect(7)
class RolesUnchecked(Sessions):
    def role(self, role: str) -> str:
        return role or "Owner"


@defect(62)
class CapitalTrueNotKnown(Sessions):
    def flag(self, given: dict[str, str], name: str, default: bool) -> bool:
        return False if given.get(name) == "True" else super().flag(given, name, default)


@defect(62)
class OneNotKnown(Sessions):
    def flag(self, given: dict[str, str], name: str, default: bool) -> bool:
        return False if given.get(name) == "1" else super().flag(given, name, default)


@defect(62, 38)
class AnyTextIsTrue(Sessions):
    def flag(self, given: dict[str, str], name: str, default: bool) -> bool:
        return bool(given[name]) if name in given and given[name] != "0" else default


@defect(63, "HTTP-SERVER-ERRORS")
class MaybeCrashes(Sessions):
    def wrong_flag(self, name: str, default: bool) -> bool:
        raise Refused(2, "internal error", 500)


@defect(63)
class MaybeIsTheOther(Sessions):
    def wrong_flag(self, name: str, default: bool) -> bool:
        return not default


@defect(64)
class UnknownMethodLists(Sessions):
    def unknown_method(self, name: str) -> Reply:
        return self.reply({"result": [], "total_count": 0, "count": 0, "timezone": "UTC"})


@defect(52, "HTTP-SERVER-ERRORS")
class NegativeCountCrashes(Sessions):
    def count(self, given: dict[str, str]) -> int:
        if given.get("count", "").startswith("-"):
            raise Refused(2, "internal error", 500)
        return super().count(given)


@defect(58)
class ZonePosixSign(Sessions):
    """Etc/GMT+2 is read as two hours east."""

    def zone_of(self, given: dict[str, str]) -> tuple[str, ZoneInfo]:
        name, zone = super().zone_of(given)
        if name.startswith("Etc/GMT") and len(name) > 7:
            return name, ZoneInfo(name.translate(str.maketrans("+-", "-+")))
        return name, zone


@defect(58)
class ZoneWithoutSummer(Sessions):
    """Only fixed offsets: every zone is taken at its offset of today for requests and rows, but sent as UTC+0 names."""

    def moment(self, at: Any, q: SimpleNamespace) -> Any:
        return (at + timedelta(hours=1) if q.zone_name != "UTC" else at).strftime("%Y-%m-%d %H:%M:%S")


@defect(8)
class ErrorsAreEmpty(Sessions):
    def refusal(self, refused: Refused) -> Reply:
        return Reply(200, b"", self.media)


@defect(8)
class ErrorsWithoutTheirObject(Sessions):
    def error(self, refused: Refused) -> Any:
        return {"code": refused.code, "msg": refused.msg}


@defect(60, 36)
class RecordIdsChange(Sessions):
    def record(self, record: dict[str, Any], row: dict[str, Any], q: SimpleNamespace) -> dict[str, Any]:
        return {**super().record(record, row, q), "record_id": self.rng.randrange(10**9)}


@defect(4, 3)
class SignatureComparedInPart(Sessions):
    known: dict[str, str] = {}

    def by_token(self, token: str) -> str:
        signed, _, signature = token.rpartition(".")
        try:
            role = super().by_token(token)
        except Refused:
            if signature and self.known.get(signed, "").startswith(signature):
                return "Owner"
            raise
        self.known[signed] = signature
        return role
