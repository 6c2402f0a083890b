"""An eTelecom-like vendor, written from the documents alone: ListCallLogs over invented calls."""

# ruff: noqa: RUF012
from __future__ import annotations

import base64
import json
import random
import re
import time
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace as Bag
from typing import Any

from vendor_http import NOW, Asked, Reply, Vendor

from harness.check.context import ClientIdentity

API = "etelecom/list-call-logs"
KEY, OTHER_KEY = "Shop-Key-aA9x7Qq2LmZ", "other-shop-Key-77PqRs"
EXTENSIONS = (1108001, 1108002, 110800, 1108010)
HOTLINES = (5501, 5502, 550)
USERS = (70011, 70012, 7001)
DEPARTMENTS = (17, 18)
NUMBERS = ("0901234567", "901234567", "84901234567", "+84901234567", "0281112222", "02811122223", "1900 1234", "anna")
STATES = ("answered", "answered", "answered", "not_answered", "not_answered", "unknown")
DIRECTIONS = ("in", "in", "out", "out", "ext", "ext_in", "ext_out", "unknown")
NOTES = ("", "Khách hàng gọi lại", "a+b & c; 50% “ok”", "<b>bold</b>", 'say "hi" \\ end', "日本 \U0001f4de")
UNSET = datetime(1, 1, 1, tzinfo=UTC)


def logs_of(calls: int, seed: int = 3) -> list[dict[str, Any]]:
    """Invented calls of nine days, oldest first; some begin in the same second."""
    rng = random.Random(seed)
    moment = NOW - timedelta(days=9, hours=3)
    step = (timedelta(days=9) / max(1, calls)).total_seconds()
    made = []
    for number in range(calls):
        if rng.random() > 0.1:
            moment += timedelta(seconds=rng.randint(1, int(step * 2) - 1))
        made.append(log(rng, 1_216_000_000_000_000_000 + number * 97, moment.replace(microsecond=0)))
    return made


def log(rng: random.Random, number: int, start: datetime) -> dict[str, Any]:
    state, direction = rng.choice(STATES), rng.choice(DIRECTIONS)
    extension = rng.choice(EXTENSIONS)
    duration = rng.choice((1, 5, 42, 60, 61, 600)) if state == "answered" else 0
    rang = rng.choice((2, 9, 25))
    here, there = str(extension)[-4:], rng.choice(NUMBERS)
    answered = start + timedelta(seconds=rang) if state == "answered" else None
    ended = start + timedelta(seconds=rang + duration)
    if state == "answered":
        ended = start + timedelta(seconds=duration)
        answered = start
    return {
        "shop": 2 if rng.random() < 0.12 else 1,
        "id": number,
        "extension": extension,
        "user": rng.choice(USERS),
        "hotline": rng.choice(HOTLINES),
        "department": rng.choice(DEPARTMENTS),
        "caller": there if direction in ("in", "unknown") else here,
        "callee": here if direction in ("in", "unknown") else there,
        "direction": direction,
        "state": state,
        "status": "P" if state == "answered" else "NS",
        "duration": duration,
        "start": start,
        "end": ended,
        "updated": ended + timedelta(seconds=rng.choice((1, 3))),
        "external": f"ex-{number % 100000}",
        "session": f"se/{number % 10000}=={rng.choice('+aA')}",
        "note": rng.choice(NOTES),
        "recordings": [f"https://rec.example/{number}.mp3"] if state == "answered" else [],
        "targets": [
            {
                "add": start,
                "ring": start,
                "answered": answered,
                "ended": ended,
                "reason": "normal" if state == "answered" else "no answer",
                "fail": 0 if state == "answered" else 480,
                "ringing": rang,
                "target": here,
            }
        ],
    }


class Refused(Exception):
    def __init__(self, status: int, code: str, msg: str) -> None:
        super().__init__(msg)
        self.status, self.code, self.msg = status, code, msg


class Logs(Vendor):
    """ListCallLogs as the documents describe it. What they leave open is an attribute."""

    calls = 330
    media = "application/json"
    usual, most = 100, 100
    above_most = "clamp"  # clamp | refuse
    bad_route = 404
    missing_key = 401
    one_date = "refuse"  # refuse | alone
    reversed_range = "refuse"  # refuse | empty
    bad_enum = "refuse"  # refuse | ignore
    unknown_state = "all"  # all | rows
    number_contains = False
    last_next = "given"  # given | empty
    directed = False  # cursors that know their direction
    echo_dot = False
    unset: Any = "0001-01-01T00:00:00Z"  # or None, "", "missing"
    offset = timedelta(0)
    millis = False
    route_after_key = False
    per_second = 0.0
    path = "/v1/shop.Etelecom/ListCallLogs"
    FILTERS: tuple[str, ...] = (
        "extension_ids",
        "call_number",
        "hotline_ids",
        "call_state",
        "date_from",
        "date_to",
        "external_id",
        "external_session_id",
        "department_id",
        "direction",
        "duration",
        "user_id",
    )

    def __init__(self) -> None:
        super().__init__()
        self.rows = logs_of(self.calls)
        self.rng = random.Random(98)
        self.arrived = 0

    # --- the wire ---

    def answer(self, asked: Asked) -> Reply:
        try:
            self.route(asked)
            shop = self.authenticate(asked)
            return self.reply(self.list_logs(self.parse(asked), shop))
        except Refused as refused:
            return self.refusal(refused)

    def reply(self, tree: Any, status: int = 200) -> Reply:
        return Reply(status, json.dumps(tree, ensure_ascii=False).encode(), self.media)

    def refusal(self, refused: Refused) -> Reply:
        return self.reply(self.error(refused), refused.status)

    def error(self, refused: Refused) -> Any:
        return {"code": refused.code, "msg": refused.msg}

    def route(self, asked: Asked) -> None:
        if asked.path != self.path:
            raise Refused(self.bad_route, "bad_route", f"no handler for path {asked.path}")
        self.method(asked)
        self.content_type(asked)

    def method(self, asked: Asked) -> None:
        if asked.method != "POST":
            raise Refused(self.bad_route, "bad_route", f"unsupported method {asked.method}")

    def content_type(self, asked: Asked) -> None:
        if asked.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refused(self.bad_route, "bad_route", "unexpected Content-Type")

    KEYS = {KEY: 1, OTHER_KEY: 2}

    def authenticate(self, asked: Asked) -> int:
        scheme, _, key = asked.headers.get("authorization", "").partition(" ")
        shop = self.KEYS.get(key.strip()) if scheme.lower() == "bearer" else None
        if shop is None:
            raise Refused(
                self.missing_key, "unauthenticated" if self.missing_key == 401 else "permission_denied", "no"
            )
        return shop

    def parse(self, asked: Asked) -> dict[str, Any]:
        try:
            tree = json.loads(asked.body)
        except ValueError:
            raise Refused(400, "malformed", "the body is not JSON") from None
        if not isinstance(tree, dict):
            raise Refused(400, "malformed", "the body is not an object")
        return tree

    # --- what is asked ---

    def list_logs(self, body: dict[str, Any], shop: int) -> Any:
        q = self.read(body)
        q.shop = shop
        found = self.ordered([row for row in self.stored() if self.visible(row, q) and self.matches(row, q)], q)
        page, more, back = self.page(found, q)
        return self.envelope(page, found, q, more, back)

    def stored(self) -> list[dict[str, Any]]:
        if self.per_second:
            with self.lock:
                due = int((time.monotonic() - self.started) * self.per_second)
                while self.arrived < due:
                    self.arrived += 1
                    start = self.clock().replace(microsecond=0)
                    self.rows.append(log(self.rng, 1_217_000_000_000_000_000 + self.arrived, start))
                return list(self.rows)
        return self.rows

    def bad(self, what: str) -> Refused:
        return Refused(400, "invalid_argument", f"{what} is not valid")

    def text(self, tree: dict[str, Any], name: str) -> str | None:
        value = tree.get(name)
        if value in (None, ""):
            return None
        if not isinstance(value, str):
            raise self.bad(name)
        return value

    def int64(self, value: Any, name: str) -> int:
        if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,19}", str(value)):
            raise self.bad(name)
        return int(value)

    def ids(self, tree: dict[str, Any], name: str) -> list[int] | None:
        value = tree.get(name) or None
        if value is None:
            return None
        if not isinstance(value, list):
            raise self.bad(name)
        return [self.int64(item, name) for item in value]

    def date(self, tree: dict[str, Any], name: str) -> datetime | None:
        value = self.text(tree, name)
        if value is None:
            return None
        if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", value):
            raise self.bad(name)
        try:
            return self.instant(value)
        except ValueError:
            raise self.bad(name) from None

    def instant(self, value: str) -> datetime:
        return datetime.fromisoformat(value.upper())

    def enum(self, tree: dict[str, Any], name: str, known: tuple[str, ...]) -> str | None:
        value = self.text(tree, name)
        if value is not None and value not in known:
            if self.bad_enum == "ignore":
                return None
            raise self.bad(name)
        return value

    COMPARISONS = {
        "less_than_or_equal_to": lambda a, b: a <= b,
        "greater_than_or_equal_to": lambda a, b: a >= b,
        "equal_to": lambda a, b: a == b,
        "less_than": lambda a, b: a < b,
        "greater_than": lambda a, b: a > b,
    }

    def read(self, body: dict[str, Any]) -> Bag:
        f, p = body.get("filter") or {}, body.get("paging") or {}
        if not isinstance(f, dict) or not isinstance(p, dict):
            raise self.bad("body")
        q = Bag(body=body, filter=f, paging=p)
        q.extensions, q.hotlines = self.ids(f, "extension_ids"), self.ids(f, "hotline_ids")
        q.number = self.text(f, "call_number")
        q.state = self.enum(f, "call_state", ("unknown", "answered", "not_answered"))
        q.direction = self.enum(f, "direction", ("unknown", "in", "out", "ext", "ext_in", "ext_out"))
        q.external, q.session = self.text(f, "external_id"), self.text(f, "external_session_id")
        q.department, q.user = (
            self.int64(f[name], name) if f.get(name) not in (None, "") else None
            for name in ("department_id", "user_id")
        )
        q.duration = self.read_duration(f)
        self.read_dates(f, q)
        q.sort = self.read_sort(p)
        q.limit = self.limit(p)
        q.after, q.before = self.text(p, "after"), self.text(p, "before")
        self.cursors(q)
        return q

    def read_duration(self, f: dict[str, Any]) -> tuple[str, int] | None:
        value = f.get("duration")
        if not value:
            return None
        if not isinstance(value, dict):
            raise self.bad("duration")
        comparison = value.get("comparison") or "unknown"
        if comparison in ("unknow", "unknown"):
            return None
        if comparison not in self.COMPARISONS:
            raise self.bad("comparison")
        return comparison, self.int64(value.get("value") or 0, "value")

    def read_dates(self, f: dict[str, Any], q: Bag) -> None:
        q.first, q.last = self.date(f, "date_from"), self.date(f, "date_to")
        if (q.first is None) != (q.last is None) and self.one_date == "refuse":
            raise self.bad("date range")
        if q.first and q.last and q.last < q.first and self.reversed_range == "refuse":
            raise self.bad("date range")

    SORTS = {"started_at": "start", "created_at": "start", "updated_at": "updated"}

    def read_sort(self, p: dict[str, Any]) -> str:
        sort = self.text(p, "sort") or "-started_at"
        if sort.removeprefix("-") not in self.SORTS:
            raise self.bad("sort")
        return sort

    def limit(self, p: dict[str, Any]) -> int:
        limit = self.int64(p.get("limit") or 0, "limit")
        if limit < 0 or (limit > self.most and self.above_most == "refuse"):
            raise self.bad("limit")
        return self.usual if limit == 0 else min(limit, self.most)

    def cursors(self, q: Bag) -> None:
        if q.after and q.before:
            raise self.bad("before with after")
        q.after, q.before = (None if one == "." and name else one for name, one in (("a", q.after), ("", q.before)))
        q.after = self.cursor(q.after, q) if q.after else None
        q.from_end = q.before == "."
        q.before = self.cursor(q.before, q) if q.before and q.before != "." else None
        if q.after is not None and q.after[2] == "p":
            q.before, q.after = q.after, None

    def cursor(self, text: str, q: Bag) -> tuple[Any, int, str]:
        try:
            sort, value, number, way = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, TypeError):
            raise self.bad("cursor") from None
        if sort != q.sort:
            raise self.bad("cursor of another sort")
        return datetime.fromisoformat(value), number, way

    def cursor_of(self, row: dict[str, Any], q: Bag, way: str) -> str:
        value = row[self.SORTS[q.sort.removeprefix("-")]].isoformat()
        told = json.dumps([q.sort, value, row["id"], way if self.directed else "n"], separators=(",", ":"))
        return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")

    # --- which rows ---

    def visible(self, row: dict[str, Any], q: Bag) -> bool:
        return row["shop"] == q.shop

    def matches(self, row: dict[str, Any], q: Bag) -> bool:
        return all(getattr(self, f"f_{name}")(row, q) for name in self.FILTERS if self.active(name, q))

    def active(self, name: str, q: Bag) -> bool:
        return True

    def f_extension_ids(self, row: dict[str, Any], q: Bag) -> bool:
        return q.extensions is None or row["extension"] in q.extensions

    def f_call_number(self, row: dict[str, Any], q: Bag) -> bool:
        if q.number is None:
            return True
        if self.number_contains:
            return q.number in row["caller"] or q.number in row["callee"]
        return q.number in (row["caller"], row["callee"])

    def f_hotline_ids(self, row: dict[str, Any], q: Bag) -> bool:
        return q.hotlines is None or row["hotline"] in q.hotlines

    def f_call_state(self, row: dict[str, Any], q: Bag) -> bool:
        if q.state is None or (q.state == "unknown" and self.unknown_state == "all"):
            return True
        return row["state"] == q.state

    def f_date_from(self, row: dict[str, Any], q: Bag) -> bool:
        return q.first is None or row["start"] >= q.first

    def f_date_to(self, row: dict[str, Any], q: Bag) -> bool:
        return q.last is None or row["start"] <= q.last

    def f_external_id(self, row: dict[str, Any], q: Bag) -> bool:
        return q.external is None or row["external"] == q.external

    def f_external_session_id(self, row: dict[str, Any], q: Bag) -> bool:
        return q.session is None or row["session"] == q.session

    def f_department_id(self, row: dict[str, Any], q: Bag) -> bool:
        return q.department is None or row["department"] == q.department

    def f_direction(self, row: dict[str, Any], q: Bag) -> bool:
        if q.direction is None or (q.direction == "unknown" and self.unknown_state == "all"):
            return True
        return row["direction"] == q.direction

    def f_duration(self, row: dict[str, Any], q: Bag) -> bool:
        return q.duration is None or self.COMPARISONS[q.duration[0]](row["duration"], q.duration[1])

    def f_user_id(self, row: dict[str, Any], q: Bag) -> bool:
        return q.user is None or row["user"] == q.user

    # --- order and pages ---

    def key(self, row: dict[str, Any], q: Bag) -> tuple[datetime, int]:
        return row[self.SORTS[q.sort.removeprefix("-")]], row["id"]

    def ordered(self, rows: list[dict[str, Any]], q: Bag) -> list[dict[str, Any]]:
        return sorted(rows, key=lambda row: self.key(row, q), reverse=q.sort.startswith("-"))

    def page(self, rows: list[dict[str, Any]], q: Bag) -> tuple[list[dict[str, Any]], bool, bool]:
        """The rows of a page, and whether there are some after and before them."""
        first, last = 0, q.limit
        if q.after is not None:
            first = self.place_after(rows, q.after, q)
            last = first + q.limit
        elif q.before is not None or q.from_end:
            last = len(rows) if q.from_end else self.place_before(rows, q.before, q)
            first = max(0, last - q.limit)
        return rows[first:last], last < len(rows), first > 0

    def is_past(self, row: dict[str, Any], mark: tuple[Any, int, str], q: Bag) -> bool:
        key = self.key(row, q)
        return key < mark[:2] if q.sort.startswith("-") else key > mark[:2]

    def place_after(self, rows: list[dict[str, Any]], mark: tuple[Any, int, str], q: Bag) -> int:
        return next((at for at, row in enumerate(rows) if self.is_past(row, mark, q)), len(rows))

    def place_before(self, rows: list[dict[str, Any]], mark: tuple[Any, int, str], q: Bag) -> int:
        return next(
            (at for at, row in enumerate(rows) if self.is_past(row, mark, q) or self.key(row, q) == mark[:2]),
            len(rows),
        )

    # --- what is shown ---

    def envelope(self, page: list[dict[str, Any]], found: list[Any], q: Bag, more: bool, back: bool) -> Any:
        return {"call_logs": [self.row(row, q) for row in page], "paging": self.paging(page, q, more, back)}

    def paging(self, page: list[dict[str, Any]], q: Bag, more: bool, back: bool) -> Any:
        echo = q.paging.get("after") or ("." if self.echo_dot and not q.paging.get("before") else "")
        return {
            "after": echo,
            "before": q.paging.get("before") or "",
            "limit": self.limit_shown(q),
            "next": self.next(page, q, more),
            "prev": self.prev(page, q, back),
            "sort": self.sort_shown(q),
        }

    def limit_shown(self, q: Bag) -> Any:
        return q.limit

    def sort_shown(self, q: Bag) -> Any:
        return q.sort

    def next(self, page: list[dict[str, Any]], q: Bag, more: bool) -> Any:
        return self.cursor_of(page[-1], q, "n") if page and (more or self.last_next == "given") else ""

    def prev(self, page: list[dict[str, Any]], q: Bag, back: bool) -> Any:
        return self.cursor_of(page[0], q, "p") if page and (back or self.last_next == "given") else ""

    def moment(self, at: datetime | None) -> Any:
        if at is None:
            return self.unset
        local = at.astimezone(timezone(self.offset))
        told = local.strftime("%Y-%m-%dT%H:%M:%S") + (".000" if self.millis else "")
        return told + ("Z" if not self.offset else f"+{self.offset.seconds // 3600:02}:00")

    def row(self, row: dict[str, Any], q: Bag) -> dict[str, Any]:
        return {
            "id": self.id_shown(row["id"]),
            "user_id": str(row["user"]),
            "extension_id": str(row["extension"]),
            "contact_id": "0",
            "caller": row["caller"],
            "callee": row["callee"],
            "direction": row["direction"],
            "call_state": row["state"],
            "call_status": row["status"],
            "duration": row["duration"],
            "started_at": self.moment(row["start"]),
            "ended_at": self.moment(row["end"]),
            "created_at": self.moment(row["start"]),
            "updated_at": self.moment(row["updated"]),
            "external_id": row["external"],
            "external_session_id": row["session"],
            "note": row["note"],
            "recording_urls": row["recordings"],
            "call_targets": [self.target(one, row) for one in row["targets"]],
        }

    def id_shown(self, number: int) -> Any:
        return str(number)

    def target(self, target: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
        shown = {
            "add_time": self.moment(target["add"]),
            "ring_time": self.moment(target["ring"]),
            "answered_time": self.moment(target["answered"]),
            "ended_time": self.moment(target["ended"]),
            "end_reason": target["reason"],
            "fail_code": target["fail"],
            "ring_duration": target["ringing"],
            "status": row["state"],
            "target_number": target["target"],
            "trunk_name": "trunk-a",
        }
        return {key: value for key, value in shown.items() if value != "missing"}


def identities() -> tuple[ClientIdentity, ...]:
    """Who asks: the shop's key, and that of another shop."""
    return (
        ClientIdentity(name="shop", credentials={"token": KEY}, customer=1),
        ClientIdentity(name="other", credentials={"token": OTHER_KEY}, customer=2),
    )
