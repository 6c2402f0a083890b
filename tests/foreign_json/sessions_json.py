"""A Voximplant-like vendor, written from the documents alone: GetCallHistory over invented sessions."""

# ruff: noqa: RUF012
from __future__ import annotations

import functools
import json
import random
import re
import time
from datetime import UTC, datetime, timedelta
from email.parser import BytesParser
from email.policy import HTTP
from types import SimpleNamespace as Bag
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from vendor_http import NOW, Asked, Reply, Vendor

from harness.check.context import ClientIdentity

API = "voximplant/get-call-history"
ACCOUNT = 4410
CHILDREN = (4501, 4502, 4503)
APPS = {71: "support.acme.example", 72: "sales.acme.example", 73: "support.acme.example.old", 81: "kid.acme.example"}
RULES = ("inbound", "inbound-night", "Überlauf & Rest", "out")
USERS = (9001, 9002, 900, 9010)
NUMBERS = ("14155550100", "4155550100", "155550100", "+442071838750", "442071838750", "0033142685300", "33142685300")
REMOTES = (*NUMBERS, "sip:anna@pbx.example", "anna", "4917600001", "4917600002", "49176000011")
LOCALS = ("18005550199", "8005550199", "support", "support-2", "+18005550199")
CUSTOM = (
    "VIP",
    "vip",
    "VIP customer",
    "order=17&ref=A+B",
    "naïve café — “ok”",
    "50% off; today",
    '{"a": [1, 2]}',
    "0012",
    "12",
    "Привет",
    'it\'s \\ "quoted"',
    None,
    None,
    None,
)
FINISH = ("Normal termination", "Insufficient funds", "Timeout", "JS session error")


@functools.cache
def key_pair() -> tuple[str, str]:
    """One RSA key for all vendors of a run."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def sessions_of(calls: int, seed: int = 5) -> list[dict[str, Any]]:
    """Invented sessions of ten days, oldest first; some begin in the same second."""
    rng = random.Random(seed)
    moment = NOW - timedelta(days=9, hours=20)
    step = (timedelta(days=9, hours=18) / max(1, calls)).total_seconds()
    made = []
    for number in range(calls):
        if rng.random() > 0.08:
            moment += timedelta(seconds=rng.randint(1, int(step * 2) - 1))
        made.append(session(rng, 4_202_750_000 + number * 7, moment.replace(microsecond=0)))
    return made


def session(rng: random.Random, number: int, start: datetime) -> dict[str, Any]:
    account = rng.choice((ACCOUNT, ACCOUNT, ACCOUNT, *CHILDREN))
    app = rng.choice((71, 72, 73)) if account == ACCOUNT else 81
    made: dict[str, Any] = {
        "id": number,
        "account": account,
        "app": app,
        "user": rng.choice(USERS),
        "rule": rng.choice(RULES),
        "start": start,
        "duration": rng.choice((0, 1, 17, 59, 60, 61, 305, 3600)),
        "initiator": f"192.0.2.{rng.randint(1, 254)}",
        "media": f"198.51.100.{rng.randint(1, 9)}",
        "quality": rng.choice(("Standard", "HD", "Ultra HD")),
        "finish": rng.choice(FINISH),
        "custom": rng.choice(CUSTOM),
        "calls": [],
        "records": [],
        "resources": [],
    }
    for index in range(rng.choice((0, 1, 1, 2, 3))):
        made["calls"].append(
            {
                "id": number * 10 + index,
                "start": start + timedelta(seconds=rng.randint(0, 9)),
                "local": rng.choice(LOCALS),
                "remote": rng.choice(REMOTES),
                "type": rng.choice(("pstn", "sip", "user")),
                "incoming": bool(index == 0 and rng.random() < 0.5),
                "successful": rng.random() < 0.8,
                "duration": rng.choice((0, 16, 58)),
                "cost": rng.choice((0, 0.0105, 0.3)),
                "transaction": number * 100 + index,
                "custom": rng.choice((None, "leg")),
            }
        )
    if made["calls"] and rng.random() < 0.5:
        made["records"].append(
            {"id": number * 10 + 5, "start": start + timedelta(seconds=11), "tx": number * 100 + 50}
        )
    for index in range(rng.choice((0, 1, 2))):
        made["resources"].append(
            {"id": number * 10 + 7 + index, "used": start + timedelta(seconds=12), "tx": number * 100 + 70 + index}
        )
    return made


class Refused(Exception):
    def __init__(self, code: int, msg: str, status: int | None = None) -> None:
        super().__init__(msg)
        self.code, self.msg, self.status = code, msg, status


class Sessions(Vendor):
    """GetCallHistory as the documents describe it. What they leave open is an attribute."""

    calls = 240
    media = "application/json"
    error_status = 200
    zone = "UTC"
    most, furthest = 1000, 10000
    above_most = "clamp"  # clamp | refuse
    above_furthest = "refuse"  # refuse | empty | clamp
    zero_count = "refuse"  # refuse | default
    off_total: Any = None  # the key's value when switched off; None leaves the key out
    off_lists: Any = None
    own_only = False
    both_applications = "refuse"  # refuse | agree
    no_dates = "refuse"  # refuse | month
    bad_flag = "refuse"  # refuse | default
    unknown_id = "empty"  # empty | refuse
    many_ids = "refuse"  # refuse | truncate
    reversed_range = "refuse"  # refuse | empty
    custom_contains = False
    slash = True
    sort_key = "start"
    per_second = 0.0
    FILTERS: tuple[str, ...] = (
        "from_date",
        "to_date",
        "call_session_history_id",
        "application",
        "user_id",
        "rule_name",
        "remote",
        "local_number",
        "custom_data",
        "child_account_id",
        "children_calls_only",
    )

    def __init__(self) -> None:
        super().__init__()
        self.rows = sessions_of(self.calls)
        self.rng = random.Random(99)
        self.arrived = 0

    # --- the wire ---

    def answer(self, asked: Asked) -> Reply:
        try:
            name, given = self.parse(asked)
            who = self.authenticate(asked, given)
            if not name:
                raise Refused(102, "the cmd parameter is missing")
            if name != "GetCallHistory":
                return self.unknown_method(name)
            return self.reply(self.history(given, who, asked))
        except Refused as refused:
            return self.refusal(refused)

    def reply(self, tree: Any, status: int = 200) -> Reply:
        return Reply(status, json.dumps(tree, ensure_ascii=False).encode(), self.media)

    def refusal(self, refused: Refused) -> Reply:
        return self.reply(self.error(refused), refused.status or self.error_status)

    def error(self, refused: Refused) -> Any:
        return {"error": {"code": refused.code, "msg": refused.msg}}

    def unknown_method(self, name: str) -> Reply:
        raise Refused(103, f"unknown command {name}")

    def parse(self, asked: Asked) -> tuple[str, dict[str, str]]:
        given = {**self.from_query(asked), **self.from_body(asked)}
        path = asked.path
        if path.endswith("/") and path != "/platform_api/":
            if not self.slash:
                raise Refused(103, "no such address", 404)
            path = path[:-1]
        if path in ("/platform_api", "/platform_api/"):
            return given.pop("cmd", ""), given
        if not path.startswith("/platform_api/"):
            raise Refused(103, "no such address", 404)
        return path.removeprefix("/platform_api/"), given

    def from_query(self, asked: Asked) -> dict[str, str]:
        return dict(parse_qsl(asked.query, keep_blank_values=True))

    def from_body(self, asked: Asked) -> dict[str, str]:
        media = asked.headers.get("content-type", "").lower()
        if media.startswith("application/x-www-form-urlencoded"):
            return self.from_form(asked)
        if media.startswith("multipart/form-data"):
            return self.from_multipart(asked)
        return {}

    def from_form(self, asked: Asked) -> dict[str, str]:
        return dict(parse_qsl(asked.body.decode(), keep_blank_values=True))

    def from_multipart(self, asked: Asked) -> dict[str, str]:
        head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
        found = {}
        for part in BytesParser(policy=HTTP).parsebytes(head + asked.body).iter_parts():
            name = part.get_param("name", header="content-disposition")
            found[str(name)] = (part.get_payload(decode=True) or b"").decode()
        return found

    # --- who asks ---

    def authenticate(self, asked: Asked, given: dict[str, str]) -> str:
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return self.by_token(token.strip())
        if "api_key" in given:
            if given.get("account_id") == str(ACCOUNT) and given["api_key"] == "ak-77-secret-key":
                return "Owner"
            raise Refused(100, "Authorization failed")
        raise Refused(100, "Authorization failed", getattr(self, "missing_status", None))

    KEYS = {"k-owner": "Owner", "k-support": "Support", "k-none": ""}

    def by_token(self, token: str) -> str:
        try:
            name = jwt.get_unverified_header(token).get("kid")
            if name not in self.KEYS:
                raise Refused(433, "the key id is wrong")
            claims = jwt.decode(
                token,
                key_pair()[1],
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_iat": False, "verify_iss": False},
            )
        except jwt.InvalidTokenError:
            raise Refused(447, "the token is wrong") from None
        self.check_claims(claims)
        return self.role(self.KEYS[name])

    def check_claims(self, claims: dict[str, Any]) -> None:
        now = self.clock().timestamp()
        if str(claims.get("iss")) != str(ACCOUNT):
            raise Refused(100, "Authorization failed")
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            raise Refused(447, "the token is wrong")
        self.check_times(issued, expires, now)

    def check_times(self, issued: float, expires: float, now: float) -> None:
        if expires < now:
            raise Refused(456, "the token is expired")
        if issued > now + 30:
            raise Refused(455, "the token is from the future")
        if expires - issued > 3600:
            raise Refused(454, "the token lives too long")

    def role(self, role: str) -> str:
        if not role:
            raise Refused(104, "forbidden")
        return role

    # --- what is asked ---

    def history(self, given: dict[str, str], who: str, asked: Asked) -> Any:
        q = self.read(given)
        q.asked = asked
        found = self.ordered([row for row in self.stored() if self.matches(row, q)], q)
        page = self.page(found, q)
        return self.envelope(page, found, q)

    def stored(self) -> list[dict[str, Any]]:
        if self.per_second:
            with self.lock:
                due = int((time.monotonic() - self.started) * self.per_second)
                while self.arrived < due:
                    self.arrived += 1
                    start = self.clock().replace(microsecond=0)
                    self.rows.append(session(self.rng, 4_202_900_000 + self.arrived, start))
                return list(self.rows)
        return self.rows

    def flag(self, given: dict[str, str], name: str, default: bool) -> bool:
        text = given.get(name, "")
        if not text:
            return default
        if text.lower() in ("true", "1"):
            return True
        if text.lower() in ("false", "0"):
            return False
        return self.wrong_flag(name, default)

    def wrong_flag(self, name: str, default: bool) -> bool:
        if self.bad_flag == "default":
            return default
        raise Refused(496, f"{name} is not a boolean")

    def integer(self, name: str, text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise Refused(101, f"{name} is not an integer")
        return int(text)

    def split(self, text: str) -> list[str]:
        return [item.strip() for item in text.split(";") if item.strip()]

    def ids(self, given: dict[str, str], name: str) -> list[int] | None:
        items = self.split(given.get(name, ""))
        if not items or items == ["any"]:
            return None
        return [self.integer(name, item) for item in items]

    def date(self, name: str, text: str, q: Bag) -> datetime:
        try:
            wall = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
        except ValueError:
            raise Refused(111, f"{name} is no date") from None
        return self.instant(wall, q)

    def instant(self, wall: datetime, q: Bag) -> datetime:
        return wall.replace(tzinfo=q.zone).astimezone(UTC)

    def zone_of(self, given: dict[str, str]) -> tuple[str, ZoneInfo]:
        name = given.get("timezone") or self.zone
        name = self.zone if name == "auto" else name
        try:
            return name, ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise Refused(101, "unknown timezone") from None

    def read(self, given: dict[str, str]) -> Bag:
        q = Bag(given=given)
        q.zone_name, q.zone = self.zone_of(given)
        self.read_dates(given, q)
        q.sessions = self.ids(given, "call_session_history_id")
        if q.sessions is not None and len(q.sessions) > 1000:
            if self.many_ids == "refuse":
                raise Refused(497, "too many ids")
            q.sessions = q.sessions[:1000]
        q.app = self.integer("application_id", given["application_id"]) if given.get("application_id") else None
        q.app_name = given.get("application_name") or None
        if q.app is not None and q.app_name is not None and self.both_applications == "refuse":
            raise Refused(458, "only one of application_id and application_name")
        q.users = self.ids(given, "user_id")
        q.rule = self.rule(given, q)
        q.remotes = self.remotes(given)
        q.locals = self.split(given.get("local_number", "")) or None
        q.custom = given.get("call_session_history_custom_data") or None
        q.children = self.ids(given, "child_account_id")
        q.only_children = self.flag(given, "children_calls_only", False)
        q.with_calls = self.flag(given, "with_calls", False)
        q.with_records = self.flag(given, "with_records", False)
        q.with_resources = self.flag(given, "with_other_resources", True)
        q.desc = self.flag(given, "desc_order", False)
        q.with_total = self.flag(given, "with_total_count", True)
        q.count = self.count(given)
        q.offset = self.offset(given)
        if self.unknown_id == "refuse":
            self.refuse_unknown(q)
        return q

    def refuse_unknown(self, q: Bag) -> None:
        known = {row["id"] for row in self.rows}
        if q.sessions and not set(q.sessions) & known:
            raise Refused(150, "no such session")
        if q.app is not None and q.app not in APPS:
            raise Refused(116, "no such application")
        if q.app_name is not None and q.app_name not in APPS.values():
            raise Refused(558, "no such application")
        if q.users and not set(q.users) <= set(USERS):
            raise Refused(117, "no such user")

    def read_dates(self, given: dict[str, str], q: Bag) -> None:
        first, last = given.get("from_date"), given.get("to_date")
        if not first and not last and self.no_dates == "month":
            q.first, q.last = self.clock() - timedelta(days=31), self.clock() + timedelta(days=1)
            return
        if not first or not last:
            raise Refused(134, "from_date and to_date are required")
        q.first, q.last = self.date("from_date", first, q), self.date("to_date", last, q)
        if q.first > q.last and self.reversed_range == "refuse":
            raise Refused(123, "from_date is after to_date")

    def rule(self, given: dict[str, str], q: Bag) -> str | None:
        return given.get("rule_name") or None if q.app is not None or q.app_name is not None else None

    def remotes(self, given: dict[str, str]) -> list[str] | None:
        text = given.get("remote_number_list", "").strip()
        if text:
            try:
                items = json.loads(text)
            except ValueError:
                raise Refused(496, "remote_number_list is no array") from None
            if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
                raise Refused(496, "remote_number_list is no array of strings")
            if items:
                return items
        return self.split(given.get("remote_number", "")) or None

    def count(self, given: dict[str, str]) -> int:
        if not given.get("count"):
            return 20
        count = self.integer("count", given["count"])
        if count == 0 and self.zero_count == "default":
            return 20
        if count <= 0 or (count > self.most and self.above_most == "refuse"):
            raise Refused(497, "count is out of range")
        return min(count, self.most)

    def offset(self, given: dict[str, str]) -> int:
        if not given.get("offset"):
            return 0
        offset = self.integer("offset", given["offset"])
        if offset < 0 or (offset > self.furthest and self.above_furthest == "refuse"):
            raise Refused(497, "offset is out of range")
        return min(offset, self.furthest) if self.above_furthest == "clamp" else offset

    # --- which rows ---

    def matches(self, row: dict[str, Any], q: Bag) -> bool:
        return all(getattr(self, f"f_{name}")(row, q) for name in self.FILTERS if self.active(name, q))

    def active(self, name: str, q: Bag) -> bool:
        return True

    def f_from_date(self, row: dict[str, Any], q: Bag) -> bool:
        return row["start"] >= q.first

    def f_to_date(self, row: dict[str, Any], q: Bag) -> bool:
        return row["start"] <= q.last

    def f_call_session_history_id(self, row: dict[str, Any], q: Bag) -> bool:
        return q.sessions is None or row["id"] in q.sessions

    def f_application(self, row: dict[str, Any], q: Bag) -> bool:
        return (q.app is None or row["app"] == q.app) and (q.app_name is None or APPS[row["app"]] == q.app_name)

    def f_user_id(self, row: dict[str, Any], q: Bag) -> bool:
        return q.users is None or row["user"] in q.users

    def f_rule_name(self, row: dict[str, Any], q: Bag) -> bool:
        return q.rule is None or row["rule"] == q.rule

    def f_remote(self, row: dict[str, Any], q: Bag) -> bool:
        return q.remotes is None or any(self.same_number(call["remote"], q.remotes) for call in row["calls"])

    def f_local_number(self, row: dict[str, Any], q: Bag) -> bool:
        return q.locals is None or any(self.same_number(call["local"], q.locals) for call in row["calls"])

    def same_number(self, number: str, wanted: list[str]) -> bool:
        return number in wanted

    def f_custom_data(self, row: dict[str, Any], q: Bag) -> bool:
        if q.custom is None:
            return True
        return q.custom in (row["custom"] or "") if self.custom_contains else row["custom"] == q.custom

    def f_child_account_id(self, row: dict[str, Any], q: Bag) -> bool:
        if q.children is not None:
            return row["account"] in q.children
        return not self.own_only or q.only_children or row["account"] == ACCOUNT

    def f_children_calls_only(self, row: dict[str, Any], q: Bag) -> bool:
        return not q.only_children or row["account"] != ACCOUNT

    def key(self, row: dict[str, Any]) -> Any:
        return (row["start"], row["id"]) if self.sort_key == "start" else row["id"]

    def ordered(self, rows: list[dict[str, Any]], q: Bag) -> list[dict[str, Any]]:
        return sorted(rows, key=self.key, reverse=q.desc)

    def page(self, rows: list[dict[str, Any]], q: Bag) -> list[dict[str, Any]]:
        return rows[q.offset : q.offset + q.count]

    # --- what is shown ---

    def envelope(self, page: list[dict[str, Any]], found: list[dict[str, Any]], q: Bag) -> Any:
        tree: dict[str, Any] = {"result": [self.row(row, q) for row in page]}
        if q.with_total:
            tree["total_count"] = self.total(page, found, q)
        elif self.off_total is not None:
            tree["total_count"] = None if self.off_total == "null" else self.off_total
        tree["count"] = self.counted(page, found, q)
        tree["timezone"] = self.zone_shown(q)
        return tree

    def total(self, page: list[Any], found: list[Any], q: Bag) -> Any:
        return len(found)

    def counted(self, page: list[Any], found: list[Any], q: Bag) -> Any:
        return len(page)

    def zone_shown(self, q: Bag) -> Any:
        return q.zone_name

    def moment(self, at: datetime, q: Bag) -> Any:
        return at.astimezone(q.zone).strftime("%Y-%m-%d %H:%M:%S")

    def row(self, row: dict[str, Any], q: Bag) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "call_session_history_id": row["id"],
            "account_id": row["account"],
            "application_id": row["app"],
            "application_name": APPS[row["app"]],
            "user_id": row["user"],
            "rule_name": row["rule"],
            "start_date": self.moment(row["start"], q),
            "duration": row["duration"],
            "initiator_address": row["initiator"],
            "media_server_address": row["media"],
            "log_file_url": f"https://storage.example/logs/{row['id']}.txt",
            "audio_quality": row["quality"],
            "finish_reason": row["finish"],
        }
        if row["custom"] is not None:
            shown["custom_data"] = row["custom"]
        for key, wanted, rows, show in (
            ("calls", q.with_calls, row["calls"], self.call),
            ("records", q.with_records, row["records"], self.record),
            ("other_resource_usage", q.with_resources, row["resources"], self.resource),
        ):
            if wanted:
                shown[key] = [show(one, row, q) for one in rows]
            elif self.off_lists is not None:
                shown[key] = self.off_lists
        return shown

    def call(self, call: dict[str, Any], row: dict[str, Any], q: Bag) -> dict[str, Any]:
        shown = {
            "call_id": call["id"],
            "start_time": self.moment(call["start"], q),
            "duration": call["duration"],
            "local_number": call["local"],
            "remote_number": call["remote"],
            "remote_number_type": call["type"],
            "incoming": call["incoming"],
            "successful": call["successful"],
            "cost": call["cost"],
            "transaction_id": call["transaction"],
            "media_server_address": row["media"],
        }
        if call["custom"] is not None:
            shown["custom_data"] = call["custom"]
        if q.with_records and row["records"]:
            shown["record_url"] = f"https://storage.example/rec/{row['records'][0]['id']}.mp3"
        return shown

    def record(self, record: dict[str, Any], row: dict[str, Any], q: Bag) -> dict[str, Any]:
        return {
            "record_id": record["id"],
            "record_name": "main",
            "start_time": self.moment(record["start"], q),
            "duration": 20,
            "file_size": 20480,
            "cost": 0.01,
            "record_url": f"https://storage.example/rec/{record['id']}.mp3",
            "transaction_id": record["tx"],
            "transcription_status": "Not required",
        }

    def resource(self, used: dict[str, Any], row: dict[str, Any], q: Bag) -> dict[str, Any]:
        return {
            "resource_usage_id": used["id"],
            "resource_type": "ASR",
            "used_at": self.moment(used["used"], q),
            "cost": 0.02,
            "resource_quantity": 3,
            "unit": "request",
            "transaction_id": used["tx"],
        }


def identities() -> tuple[ClientIdentity, ...]:
    """Who asks: the owner with all credentials, a support key, and a key without a role."""
    held = {"account_id": str(ACCOUNT), "private_key": key_pair()[0]}
    return (
        ClientIdentity(
            name="owner", credentials={**held, "key_id": "k-owner", "api_key": "ak-77-secret-key"}, role="Owner"
        ),
        ClientIdentity(name="support", credentials={**held, "key_id": "k-support"}, role="Support"),
        ClientIdentity(name="no-role", credentials={**held, "key_id": "k-none"}, role=""),
    )
