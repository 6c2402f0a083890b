"""A small switch with the Enswitch JSON API (calls/active/list), written from the vendor's pages alone."""

from __future__ import annotations

import json
import random
import re
import time
from typing import Any, ClassVar

from foreign_http import App, Asked, Told, pairs

Row = dict[str, Any]

# customer: its parent. 1 owns the system; 10 is the customer of the user who usually asks.
TREE = {1: None, 10: 1, 11: 10, 12: 10, 13: 11, 14: 13, 20: 1, 21: 20, 101: 1}
SORTS = ("cnumber", "ctype", "direction", "dnumber", "dtype", "machine", "peer", "scustomer", "snumber", "stype",
         "uniqueid", "start")  # fmt: skip
PARAMETERS = (
    "auth_username", "auth_password", "customer", "recursive", "count", "direction", "sort", "descending", "names",
    "callername_match", "callername_number", "callid", "phone", "stype", "smatch", "snumber", "ctype", "cmatch",
    "cnumber", "dtype", "dmatch", "dnumber", "machines", "limit",
)  # fmt: skip
NAMES = (
         "", "Müller & Söhne", "O'Brien", 'Pat "Red" Roe', "50% off", "x;y=z", "Zoë", "A+B", "Anna", "Annabel",
         "anna", "東京 Desk", "back\\slash", "Joanna", "<b>")  # fmt: skip


class Refuse(Exception):
    def __init__(self, code: int, key: str, message: str) -> None:
        super().__init__(message)
        self.code, self.key, self.message = code, key, message


def make_legs(n: int, began: int, *, seed: int = 9, prefix: int = 0) -> list[Row]:
    """`n` calls of one to three legs."""
    rng = random.Random(seed)
    legs: list[Row] = []
    for index in range(n):
        start = began - (rng.randint(2, 900) if index % 6 else 333)
        kind = rng.choice(("in", "in", "out", "out", "internal"))
        customer = rng.choice((10, 10, 10, 10, 11, 11, 12, 13, 14, 20, 20, 21, 1, 101))
        other = customer if rng.random() < 0.85 else rng.choice((10, 11, 20))
        callid = f"{start}.{prefix + index * 10:06d}"
        line = f"{customer}00{index % 4}"
        outside = rng.choice(("0041445556677", "+441615550100", "5550100", "1555", "0044161", "100"))
        name = rng.choice(NAMES)
        for leg in range(rng.choice((1, 2, 2, 3))):
            up = rng.random() < 0.6
            inbound, outbound = kind == "in", kind == "out"
            first = leg == 0
            source = ("external", outside) if inbound and first else ("phone", line)
            target = ("external", outside) if outbound else (
                rng.choice(("phone", "queue", "ivr")), f"{other}00{(index + leg) % 4}")  # fmt: skip
            redirected = rng.random() < 0.2
            legs.append(
                {
                    "answered": min(began - 1, start + rng.randint(1, 20)) if up else 0,
                    "billing_peer": rng.choice((3, 4)) if outbound else 0,
                    "callerid_external": line if source[0] == "phone" else outside,
                    "callerid_internal": source[1],
                    "callername_external": name,
                    "callername_internal": rng.choice((name, name, rng.choice(NAMES))),
                    "callid": callid,
                    "channel": f"SIP/{line}-{prefix + index * 10 + leg:08x}",
                    "cnumber": rng.choice((target[1], target[1], "800", "8000")),
                    "ctype": rng.choice(("number", "ivr", "queue")) if redirected else "",
                    "dcustomer": other,
                    "dnumber": target[1],
                    "dtype": target[0],
                    "ingroup": rng.choice((7, 8)) if inbound else 0,
                    "machine": rng.choice((1, 2, 10, 12)),
                    "outgroup": rng.choice((5, 6)) if outbound else 0,
                    "overmax": int(rng.random() < 0.2),
                    "peer": rng.choice((3, 4, 21)) if outbound else 0,
                    "recording": f"/var/rec/{callid}.wav" if rng.random() < 0.2 else "",
                    "scustomer": customer,
                    "sip_callid": f"{rng.randrange(16**8):08x}@10.0.0.9" if rng.random() < 0.8 else "",
                    "snumber": source[1],
                    "spresent": rng.choice((0, 1)),
                    "start": start,
                    "status": "up" if up else "ringing",
                    "stype": source[0],
                    "uniqueid": f"{start}.{prefix + index * 10 + leg:06d}",
                    "direction": kind,
                }
            )
    return legs


class Switch(App):
    """calls/active/list under /api/json/."""

    size = 70
    churn = 0.0
    people: ClassVar[dict[str, tuple[str, int, str]]] = {
        "bea": ("Horse9battery", 10, "user"),
        "root": ("Staple4correct", 1, "user"),
        "cal": ("Shopkeep77x", 10, "callshop"),
        "lin": ("Lines55zzy", 10, "line-reports"),
        "nix": ("Nothing33q", 10, ""),
        "foe": ("Foreign22k", 20, "user"),
    }
    everyone = ("root",)
    separators = "&;"
    known_as: tuple[str, ...] = ("bea", "root", "cal", "lin", "nix", "foe")

    def __init__(self) -> None:
        super().__init__()
        self.began = int(time.time())
        self.legs = make_legs(self.size, self.began)
        self.spare = make_legs(60, self.began, seed=10, prefix=500000)

    # --- request

    def parse(self, asked: Asked) -> dict[str, str]:
        text = asked.query
        if asked.method == "POST":
            text = "&".join(part for part in (text, asked.body.decode("latin-1")) if part)
        found: dict[str, str] = {}
        for name, value in pairs(text, self.separators):
            found.setdefault(name, value)
        return found

    def path_ok(self, path: str) -> bool:
        return path.rstrip("/") == "/api/json/calls/active/list"

    # --- rights

    def authenticate(self, p: dict[str, str]) -> tuple[str, int, str]:
        user, password = p.get("auth_username", ""), p.get("auth_password", "")
        if not user or not password:
            raise self.missing_credentials("auth_username" if not user else "auth_password")
        person = self.person(user)
        if person is None or not self.password_ok(password, person[0]):
            raise Refuse(401, "auth_username", "Bad credentials")
        if not self.allowed(person[2]):
            raise Refuse(402, "", "Your role does not allow this")
        return (user, person[1], person[2])

    def missing_credentials(self, key: str) -> Refuse:
        return Refuse(401, key, "Credentials required")

    def person(self, user: str) -> tuple[str, int, str] | None:
        return self.people.get(user)

    def password_ok(self, given: str, real: str) -> bool:
        return given == real

    def allowed(self, role: str) -> bool:
        return role in ("callshop", "line-reports", "user")

    # --- scope

    def children(self, customer: int) -> set[int]:
        return {one for one, parent in TREE.items() if parent == customer}

    def below(self, customer: int) -> set[int]:
        found = self.children(customer)
        for one in tuple(found):
            found |= self.below(one)
        return found

    def customers(self, p: dict[str, str], me: tuple[str, int, str]) -> set[int] | None:
        """Whose legs are wanted; None for all."""
        user, mine, _ = me
        raw = p.get("customer", "")
        if raw == "system":
            if not self.may_see_all(user):
                raise self.foreign("system")
            return None
        if raw == "all":
            return self.children(mine)
        if raw == "":
            wanted = mine
        elif re.fullmatch(r"[0-9]{1,9}", raw):
            wanted = int(raw)
            if wanted not in TREE:
                raise self.unknown_customer(raw)
            if wanted != mine and wanted not in self.below(mine) and not self.may_see_all(user):
                raise self.foreign(raw)
        else:
            raise self.unknown_customer(raw)
        return self.one_customer(wanted, p)

    def one_customer(self, wanted: int, p: dict[str, str]) -> set[int]:
        found = {wanted}
        if self.flag(p, "recursive"):
            found |= self.below(wanted)
        return found

    def may_see_all(self, user: str) -> bool:
        return user in self.everyone

    def foreign(self, raw: str) -> Refuse:
        return Refuse(402, "customer", "That customer is not yours")

    def unknown_customer(self, raw: str) -> Refuse:
        return Refuse(400, "customer", "No such customer")

    def owned(self, leg: Row, customers: set[int]) -> bool:
        return leg["scustomer"] in customers or leg["dcustomer"] in customers

    # --- values

    def flag(self, p: dict[str, str], name: str) -> bool:
        raw = p.get(name, "")
        if raw in ("", "0"):
            return False
        if raw == "1":
            return True
        refused = self.bad(name, raw)
        if refused is not None:
            raise refused
        return False

    def bad(self, key: str, raw: str) -> Refuse | None:
        return Refuse(400, key, f"Invalid value for {key}")

    def check_names(self, p: dict[str, str]) -> None:
        pass

    # --- the list

    def now(self) -> float:
        return time.time()

    def current(self) -> list[Row]:
        if not self.churn:
            return self.legs
        now = self.now()
        legs = list(self.legs)
        step = 1 / self.churn
        last = int((now - self.began) / step)
        for index in range(max(0, last - int(5 / step)), last + 1):
            at = self.began + index * step
            age = now - at
            life = 0.7 + index % 7 * 0.6
            if 0 <= age < life:
                one = dict(self.spare[index % len(self.spare)])
                start = int(at)
                answered = int(at + 0.5) if age > 0.5 else 0
                one |= {
                    "start": start, "answered": max(start, answered) if answered else 0,
                    "uniqueid": f"{start}.9{index:06d}", "callid": f"{start}.9{index:06d}",
                    "status": "up" if answered else "ringing", "channel": f"SIP/9-{index:08x}",
                }  # fmt: skip
                legs.append(one)
        return legs

    def select(self, p: dict[str, str], me: tuple[str, int, str]) -> list[Row]:
        customers = self.customers(p, me)
        legs = [leg for leg in self.current() if customers is None or self.owned(leg, customers)]
        return [leg for leg in legs if self.keep(leg, p)]

    def keep(self, leg: Row, p: dict[str, str]) -> bool:
        return (
            self.keep_direction(leg, p)
            and all(
                self.keep_equal(leg, name, p[name]) for name in ("callid", "stype", "ctype", "dtype") if p.get(name)
            )
            and (not p.get("phone") or self.keep_phone(leg, p["phone"]))
            and all(
                self.keep_number(leg, name, p[name], self.word(p, match))
                for name, match in (("snumber", "smatch"), ("cnumber", "cmatch"), ("dnumber", "dmatch"))
                if p.get(name)
            )
            and (not p.get("callername_number") or self.keep_name(leg, p["callername_number"], p))
            and (not p.get("machines") or self.keep_machine(leg, p["machines"]))
        )

    def keep_direction(self, leg: Row, p: dict[str, str]) -> bool:
        want = p.get("direction", "")
        if want not in ("", "in", "out", "in_out", "internal"):
            refused = self.bad("direction", want)
            if refused is not None:
                raise refused
            return True
        return not want or leg["direction"] == want or (want == "in_out" and leg["direction"] in ("in", "out"))

    def keep_equal(self, leg: Row, name: str, want: str) -> bool:
        return bool(leg[name] == want)

    def keep_phone(self, leg: Row, want: str) -> bool:
        return bool(leg["stype"] == "phone" and leg["snumber"] == want)

    def word(self, p: dict[str, str], match: str) -> str:
        word = p.get(match, "") or self.default_word(match)
        if word not in ("contains", "exact"):
            refused = self.bad(match, word)
            if refused is not None:
                raise refused
            return "contains"
        return word

    def default_word(self, match: str) -> str:
        return "contains"

    def keep_number(self, leg: Row, name: str, want: str, word: str) -> bool:
        return bool(want == leg[name] if word == "exact" else want in leg[name])

    def keep_name(self, leg: Row, want: str, p: dict[str, str]) -> bool:
        word = self.word(p, "callername_match")
        names = (leg["callername_internal"], leg["callername_external"])
        return want in names if word == "exact" else any(want in one for one in names)

    def keep_machine(self, leg: Row, wanted: str) -> bool:
        return str(leg["machine"]) in [one.strip() for one in wanted.split(",")]

    # --- order, limit, rendering

    def key(self, leg: Row, sort: str) -> Any:
        return leg[sort]

    def ordered(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        sort = p.get("sort", "") or "start"
        if sort not in SORTS:
            refused = self.bad("sort", sort)
            if refused is not None:
                raise refused
            sort = "start"
        return sorted(legs, key=lambda leg: self.key(leg, sort), reverse=self.flag(p, "descending"))

    def limit(self, p: dict[str, str]) -> int:
        raw = p.get("limit", "")
        if raw == "":
            return 0
        if re.fullmatch(r"[0-9]{1,9}", raw):
            return int(raw)
        refused = self.bad("limit", raw)
        if refused is not None:
            raise refused
        return 0

    def limited(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        limit = self.limit(p)
        return legs[:limit] if limit else legs

    def data(self, p: dict[str, str], me: tuple[str, int, str]) -> Any:
        legs = self.ordered(self.select(p, me), p)
        names = self.flag(p, "names")
        self.limit(p)
        if self.flag(p, "count"):
            return self.counted(legs, p)
        return [self.row(leg, names, index, p) for index, leg in enumerate(self.limited(legs, p))]

    def counted(self, legs: list[Row], p: dict[str, str]) -> Any:
        return self.count_shape(len(legs))

    def count_shape(self, n: int) -> Any:
        return n

    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        row = dict(leg)
        if names:
            row |= self.names_of(leg)
        return row

    def names_of(self, leg: Row) -> Row:
        return {f"{one}number_display": f"Line {leg[one + 'number']}" for one in "scd"}

    # --- reply

    def answer(self, asked: Asked) -> Told:
        if not self.path_ok(asked.path):
            return Told(b'{"error":"not found"}', "application/json", 404)
        try:
            p = self.parse(asked)
            me = self.authenticate(p)
            self.check_names(p)
            body = self.success(self.data(p, me))
            status = 200
        except Refuse as refused:
            body = self.failure(refused)
            status = self.error_status(refused)
        return Told(self.encode(body), self.content_type(), status)

    def success(self, data: Any) -> Any:
        return {"responses": [self.response("200", "", "OK")], "data": data}

    def response(self, code: Any, key: str, message: str) -> Any:
        return {"code": code, "key": key, "message": message}

    def failure(self, refused: Refuse) -> Any:
        return {"responses": [self.response(str(refused.code), refused.key, refused.message)]}

    def error_status(self, refused: Refuse) -> int:
        return 200

    def content_type(self) -> str | None:
        return "application/json"

    def encode(self, body: Any) -> bytes:
        return json.dumps(body, ensure_ascii=False).encode("utf-8")

    @classmethod
    def credentials(cls) -> list[dict[str, Any]]:
        found = []
        for index, user in enumerate(cls.known_as):
            password, customer, role = cls.people[user]
            found.append(
                {
                    "name": "default" if index == 0 else user,
                    "credentials": {"auth_username": user, "auth_password": password},
                    "role": role or "no-role",
                    "customer": customer,
                    "everyone": user in cls.everyone,
                }
            )
        return found
