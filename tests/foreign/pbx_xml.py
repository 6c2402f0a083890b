"""A small PBX with the Ozeki HTTP API (ListCallHistory, ListActiveCalls), written from the vendor's pages alone.

Every decision is a small method, so that a variant overrides one of them.
"""

from __future__ import annotations

import random
import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from foreign_http import App, Asked, Told, pairs

Row = dict[str, Any]

FORMAT = "%Y-%m-%d %H:%M:%S"
DIRECTIONS = ("Internal", "External", "Inbound", "Outbound")
EXACT = ("CallerId", "CallId", "Destination", "Dialed", "Direction", "Source", "State", "Type")
NAMES = (
    "100", "101", "102", "103", "1", "10", "0070", "70", "+3615550101", "+44 20 7946 0958",
    "Müller & Söhne", "O'Brien", 'Pat "Red" Roe', "a<b>c", "50% off", "x;y=z", "Łódź Desk", "ops", "OPS", "ops desk",
    "Zoë", "A+B", "line#4", "東京", "q?r", "back\\slash",
)  # fmt: skip
STATES = ("CallerHungUp", "CalleeHungUp", "TransferCompleted", "OnHold", "OnHoldInactive", "Busy", "NotAnswered")


class Refuse(Exception):
    def __init__(self, code: int, message: str, http: int = 200) -> None:
        super().__init__(message)
        self.code, self.message, self.http = code, message, http


def _ids(rng: random.Random, n: int) -> list[str]:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"
    found: list[str] = []
    seen: set[str] = set()
    while len(found) < n:
        one = "".join(rng.choice(letters) for _ in range(rng.choice((5, 6))))
        group = [one]
        if len(found) % 40 == 7 and len(one) == 5:
            group += [one + "z", one.swapcase() if one.swapcase() != one else one[::-1]]
        for each in group:
            if each not in seen and len(found) < n:
                seen.add(each)
                found.append(each)
    return found


def history(n: int, *, seed: int = 71, days: int = 6, first: datetime = datetime(2025, 11, 3, 7, 30)) -> list[Row]:
    """Ended calls, some in progress, oldest first."""
    rng = random.Random(seed)
    ids = _ids(rng, n)
    rows: list[Row] = []
    when = first
    for index in range(n):
        if index % 9 not in (4, 5):  # else a tie
            when += timedelta(seconds=rng.randint(1, max(2, days * 86400 * 2 // max(1, n))))
        direction = rng.choices(DIRECTIONS, (5, 1, 4, 4))[0]
        inside = ("100", "101", "102", "103", "104", "1", "10", "0070", "70", "1001")
        outside = ("+3615550101", "+3615550102", "0615550101", "+44 20 7946 0958", "555", "5550")
        source = rng.choice(outside if direction == "Inbound" else inside)
        destination = rng.choice(outside if direction in ("Outbound", "External") else inside)
        rows.append(
            {
                "StartTime": when,
                "Direction": direction,
                "Source": source,
                "Destination": destination,
                "CallerId": rng.choice(NAMES) if rng.random() < 0.7 else source,
                "Dialed": destination if rng.random() < 0.7 else rng.choice(("800", "8000", "0800", "*43#", "9+1")),
                "State": rng.choices(STATES, (8, 8, 2, 1, 1, 2, 3))[0] if index < n - 4 else "InCall",
                "Type": rng.choices(("Audio", "Video", "AudioVideo"), (8, 2, 1))[0],
                "CallId": ids[index],
            }
        )
    return rows


class Live:
    """The active calls: some stand still, some come and go when `churn` is above zero (calls a second)."""

    def __init__(self, n: int, *, churn: float = 0.0, seed: int = 5, warm: float = 30.0) -> None:
        self.rng = random.Random(seed)
        self.began = time.time()
        self.churn = churn
        ids = _ids(random.Random(seed + 1), n)
        self.fixed = [self._call(index, ids[index], self.began - self.rng.uniform(0.2, 600)) for index in range(n)]
        for one in self.fixed:
            one["end"] = float("inf")
        self.fixed.sort(key=lambda one: float(one["start"]))
        self.warm = warm

    def _call(self, index: int, call_id: str, start: float) -> Row:
        rng = random.Random(f"{index}/{call_id}")
        ringing = index % 5 == 0
        return {
            "CallId": call_id,
            "Source": rng.choice(("100", "101", "102", "0070", "+3615550101")),
            "CallerId": rng.choice(NAMES),
            "Destination": rng.choice(("103", "104", "105", "+44 20 7946 0958")),
            "CallerDialed": rng.choice(("103", "800", "*43#")),
            "CalleeDialed": rng.choice(("103", "104", "9+1")),
            "start": start,
            "ring": float("inf") if ringing else round(rng.uniform(0.2, 9), 3),
            "hold": index % 7 == 3 and not ringing,
            "end": start + rng.uniform(0.8, 6.0),
        }

    def at(self, now: float) -> list[Row]:
        calls = list(self.fixed)
        if self.churn:
            step = 1 / self.churn
            last = int((now - self.began + self.warm) / step)
            for index in range(max(0, last - int(8 / step)), last + 1):
                start = self.began - self.warm + index * step
                one = self._call(index, f"L{index:05d}", start)
                if one["ring"] != float("inf"):
                    one["ring"] = min(float(one["ring"]), 1.0)
                if one["start"] <= now < one["end"]:
                    calls.append(one)
        return calls


class Pbx(App):
    """Both commands at /api."""

    user = "HTTP_User_9"
    password = "Kp7vQ2xw"
    size = 240
    active = 30
    churn = 0.0
    history_churn = 0.0
    default_rows: int | None = 20
    cap: int | None = None
    zone_hours = 0

    def __init__(self) -> None:
        super().__init__()
        self.rows = history(self.size)
        self.live = Live(self.active, churn=self.churn)
        self.born = time.time()

    # --- request

    def parse(self, asked: Asked) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, value in self.raw_pairs(asked):
            found.setdefault(self.name(name), value)
        return found

    def raw_pairs(self, asked: Asked) -> list[tuple[str, str]]:
        text = asked.query
        if asked.method == "POST" and "urlencoded" in asked.headers.get("content-type", ""):
            text = "&".join(part for part in (text, asked.body.decode("latin-1")) if part)
        return pairs(text)

    def name(self, name: str) -> str:
        return name

    def path_ok(self, path: str) -> bool:
        return path in ("/api", "/api/")

    # --- rights

    def authenticate(self, p: dict[str, str]) -> None:
        if not p.get("Username") or not p.get("Password"):
            raise self.missing_credentials(p)
        if not self.user_ok(p["Username"]) or not self.password_ok(p["Password"]):
            raise Refuse(305, "Authentication failed: the user name or the password is bad")

    def missing_credentials(self, p: dict[str, str]) -> Refuse:
        return Refuse(304, "Authentication required")

    def user_ok(self, user: str) -> bool:
        return user == self.user

    def password_ok(self, password: str) -> bool:
        return password == self.password

    # --- answers

    def answer(self, asked: Asked) -> Told:
        if not self.path_ok(asked.path):
            return Told(b"not found", "text/plain", 404)
        p = self.parse(asked)
        try:
            text = self.run(p, asked)
            status = 200
        except Refuse as refused:
            text = self.error(refused, p)
            status = self.error_status(refused)
        return Told(self.encode(text), self.content_type(), status)

    def error_status(self, refused: Refuse) -> int:
        return 200

    def content_type(self) -> str | None:
        return "application/xml"

    def run(self, p: dict[str, str], asked: Asked) -> str:
        self.authenticate(p)
        self.check_names(p)
        command = p.get("command", "")
        if not command:
            raise Refuse(302, "Parameter command is missing")
        body = self.dispatch(command, p)
        if body is None:
            raise self.unknown_command(command)
        return self.document(200, "Command successfully executed", body)

    def dispatch(self, command: str, p: dict[str, str]) -> str | None:
        if command == "ListCallHistory":
            return self.list_history(p)
        if command == "ListActiveCalls":
            return self.list_active(p)
        return None

    def unknown_command(self, command: str) -> Refuse:
        return Refuse(301, f"Command {command} is not implemented")

    def check_names(self, p: dict[str, str]) -> None:
        pass

    def bad(self, name: str, value: str, p: dict[str, str]) -> Refuse | None:
        """What a bad value gets; None for the default."""
        return Refuse(302, f"Parameter {name} of command {p.get('command')} is invalid")

    # --- history

    def calls(self, p: dict[str, str]) -> list[Row]:
        rows = self.rows
        if self.history_churn:
            rows = list(rows)
            n = int((time.time() - self.born) * self.history_churn)
            base = datetime.fromtimestamp(self.born, UTC).replace(tzinfo=None, microsecond=0)
            for index in range(n):
                when = base + timedelta(seconds=int(index / self.history_churn))
                one = dict(self.rows[index % max(1, len(self.rows))]) if self.rows else dict(history(1)[0])
                rows.append(one | {"StartTime": when, "CallId": f"n{index:05d}", "State": "CallerHungUp"})
        return rows

    def list_history(self, p: dict[str, str]) -> str:
        calls = self.calls(p)
        size, page = self.numbers(p)
        kept = self.filtered(calls, p)
        ordered = self.ordered(kept, p)
        shown = self.page(ordered, size, page, p)
        return self.history_body(self.total(calls, kept, shown, p), shown, p)

    def numbers(self, p: dict[str, str]) -> tuple[int | None, int]:
        size: int | None = self.default_rows
        page = 0
        raw = p.get("RowsPerPage", "")
        if raw:
            if re.fullmatch(r"[0-9]{1,9}", raw) and int(raw) > 0:
                size = int(raw)
            elif (refused := self.bad("RowsPerPage", raw, p)) is not None:
                raise refused
        raw = p.get("PageNumber", "")
        if raw:
            if re.fullmatch(r"[0-9]{1,9}", raw):
                page = int(raw)
            elif (refused := self.bad("PageNumber", raw, p)) is not None:
                raise refused
        if self.cap is not None:
            size = min(size or self.cap, self.cap)
        return size, page

    def filtered(self, calls: list[Row], p: dict[str, str]) -> list[Row]:
        since = self.since(p)
        kept = []
        for call in calls:
            if since is not None and not self.late_enough(call, since, p):
                continue
            if all(self.keep(call, name, p[name], p) for name in EXACT if p.get(name)):
                kept.append(call)
        if p.get("Direction") and p["Direction"] not in DIRECTIONS:
            refused = self.bad_direction(p)
            if refused is not None:
                raise refused
        return kept

    def bad_direction(self, p: dict[str, str]) -> Refuse | None:
        return self.bad("Direction", p["Direction"], p)

    def since(self, p: dict[str, str]) -> datetime | None:
        raw = p.get("From", "")
        if not raw:
            return None
        try:
            return datetime.strptime(raw, FORMAT)
        except ValueError:
            refused = self.bad("From", raw, p)
            if refused is not None:
                raise refused from None
            return None

    def late_enough(self, call: Row, since: datetime, p: dict[str, str]) -> bool:
        return bool(call["StartTime"] >= since)

    def keep(self, call: Row, name: str, want: str, p: dict[str, str]) -> bool:
        return bool(call[name] == want)

    def ordered(self, calls: list[Row], p: dict[str, str]) -> list[Row]:
        return calls

    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        if size is None:
            return calls if page == 0 else []
        return calls[page * size : (page + 1) * size]

    def total(self, calls: list[Row], kept: list[Row], shown: list[Row], p: dict[str, str]) -> int:
        return len(kept)

    def history_body(self, total: int, shown: list[Row], p: dict[str, str]) -> str:
        rows = "".join(self.row_text(self.history_row(call, index, p)) for index, call in enumerate(shown))
        return f"<TotalRecords>{total}</TotalRecords>{self.container('CallHistory', rows)}"

    def history_row(self, call: Row, index: int, p: dict[str, str]) -> list[tuple[str, str]]:
        return [
            ("StartTime", self.stamp(call["StartTime"])),
            *((name, str(call[name])) for name in
              ("Direction", "Source", "Destination", "CallerId", "Dialed", "State", "Type", "CallId")),
        ]  # fmt: skip

    # --- active calls

    def list_active(self, p: dict[str, str]) -> str:
        now = time.time()
        calls = self.active_calls(now)
        rows = "".join(self.row_text(self.active_row(call, now, index, p)) for index, call in enumerate(calls))
        return self.container("ActiveCalls", rows)

    def active_calls(self, now: float) -> list[Row]:
        return self.live.at(now)

    def durations(self, call: Row, now: float) -> tuple[float, float]:
        age = now - float(call["start"])
        ring = min(age, float(call["ring"]))
        return ring, max(0.0, age - ring)

    def state(self, call: Row, now: float) -> str:
        if now - float(call["start"]) < float(call["ring"]):
            return "Ringing"
        return "Hold" if call["hold"] else "InCall"

    def seconds(self, value: float) -> str:
        return f"{int(value * 1000) / 1000:.3f}"

    def active_row(self, call: Row, now: float, index: int, p: dict[str, str]) -> list[tuple[str, str]]:
        ring, talk = self.durations(call, now)
        start = datetime.fromtimestamp(float(call["start"]), UTC).replace(tzinfo=None)
        return [
            *((name, str(call[name])) for name in
              ("CallId", "Source", "CallerId", "Destination", "CallerDialed", "CalleeDialed")),
            ("StartTime", self.stamp(start + timedelta(hours=self.zone_hours))),
            ("RingDuration", self.seconds(ring)),
            ("TalkDuration", self.seconds(talk)),
            ("CallState", self.state(call, now)),
        ]  # fmt: skip

    # --- XML

    def stamp(self, when: datetime) -> str:
        return when.strftime(FORMAT)

    def escape(self, text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    def element(self, name: str, text: str) -> str:
        return f"<{name}>{self.escape(text)}</{name}>"

    def row_text(self, fields: list[tuple[str, str]]) -> str:
        return "<Call>" + "".join(self.element(name, text) for name, text in fields) + "</Call>\n"

    def container(self, name: str, rows: str) -> str:
        return f"<{name}>\n{rows}</{name}>"

    def declarations(self) -> str:
        return ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'

    def document(self, code: int, message: str, body: str) -> str:
        return f"{self.prolog()}<Response{self.declarations()}>\n{self.head(code, message)}\n{body}\n</Response>\n"

    def head(self, code: int, message: str) -> str:
        return f"<Code>{code}</Code><Message>{self.escape(message)}</Message>"

    def prolog(self) -> str:
        return '<?xml version="1.0"?>\n'

    def error(self, refused: Refuse, p: dict[str, str]) -> str:
        return self.document(refused.code, refused.message, "")

    def encode(self, text: str) -> bytes:
        return text.encode("utf-8")

    @classmethod
    def credentials(cls) -> list[dict[str, Any]]:
        return [{"name": "default", "credentials": {"Username": cls.user, "Password": cls.password}}]


def escaped_query(**values: str) -> str:
    return "&".join(f"{name}={quote(value)}" for name, value in values.items())
