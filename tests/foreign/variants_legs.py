"""Variants of the foreign switch: legitimate choices, and defects that break one clause."""

from __future__ import annotations

import json
import random
import re
import time
from functools import partial
from typing import Any

from foreign_checks import LEGS
from foreign_http import Asked, Told, pairs
from legs_json import PARAMETERS, TREE, Refuse, Row, Switch
from variants import correct, defect

ok = partial(correct, LEGS)

# =============================================================== correct servers


@ok(normal=True)
class legs_plain(Switch):
    pass


@ok()
class legs_one_identity(Switch):
    known_as = ("bea",)


@ok()
class legs_asked_by_the_owner(Switch):
    known_as = ("root",)


@ok()
class legs_asked_by_the_owner_with_all(Switch):
    known_as = ("root", "bea", "cal", "lin", "nix", "foe")


@ok()
class legs_count_text(Switch):
    def count_shape(self, n: int) -> Any:
        return str(n)


@ok()
class legs_count_object(Switch):
    def count_shape(self, n: int) -> Any:
        return {"count": n}


@ok()
class legs_count_list(Switch):
    def count_shape(self, n: int) -> Any:
        return [{"count": n}]


@ok()
class legs_http_equals_code(Switch):
    def error_status(self, refused: Refuse) -> int:
        return refused.code


@ok()
class legs_data_null_on_error(Switch):
    def failure(self, refused: Refuse) -> Any:
        return super().failure(refused) | {"data": None}


@ok()
class legs_data_empty_on_error(Switch):
    def failure(self, refused: Refuse) -> Any:
        return super().failure(refused) | {"data": []}


@ok(normal=True)
class legs_without_direction(Switch):
    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        return {k: v for k, v in super().row(leg, names, index, p).items() if k != "direction"}


@ok()
class legs_other_names(Switch):
    def names_of(self, leg: Row) -> Row:
        return {"source_name": f"L {leg['snumber']}", "destination_name": None, "called": {"name": "x"}}


@ok()
class legs_sort_numeric(Switch):
    def key(self, leg: Row, sort: str) -> Any:
        value = leg[sort]
        if isinstance(value, int):
            return value
        parts = re.split(r"(\d+)", value)
        return [(int(p) if i % 2 else 0, "" if i % 2 else p) for i, p in enumerate(parts)]


@ok()
class legs_sort_folded(Switch):
    def key(self, leg: Row, sort: str) -> Any:
        value = leg[sort]
        return value.casefold() if isinstance(value, str) else value


@ok()
class legs_bad_values_default(Switch):
    def bad(self, key: str, raw: str) -> Refuse | None:
        return None


@ok()
class legs_negative_limit_all(Switch):
    def limit(self, p: dict[str, str]) -> int:
        return 0 if p.get("limit", "").startswith("-") else super().limit(p)


@ok()
class legs_missing_credentials_400(Switch):
    def missing_credentials(self, key: str) -> Refuse:
        return Refuse(400, key, f"{key} is required")


class old_version(Switch):
    """3.13: no parameters but the first six."""

    def parse(self, asked: Asked) -> dict[str, str]:
        known = ("auth_username", "auth_password", "customer", "direction", "sort", "descending", "names", "callid")
        return {k: v for k, v in super().parse(asked).items() if k in known}

    def customers(self, p: dict[str, str], me: tuple[str, int, str]) -> set[int] | None:
        if p.get("customer") == "recursive":
            return {me[1]} | self.below(me[1])
        return super().customers(p, me)


@ok()
class legs_version_3_13(old_version):
    pass


@ok()
class legs_recursive_word(Switch):
    def customers(self, p: dict[str, str], me: tuple[str, int, str]) -> set[int] | None:
        if p.get("customer") == "recursive":
            return {me[1]} | self.below(me[1])
        return super().customers(p, me)


@ok()
class legs_extra_keys(Switch):
    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        return super().row(leg, names, index, p) | {
            "tags": [1, {"a": None}],
            "codec": "alaw",
            "mos": 4.1,
            "vip": True,
        }

    def success(self, data: Any) -> Any:
        return super().success(data) | {"took": 0.01, "node": "a"}

    def response(self, code: Any, key: str, message: str) -> Any:
        return super().response(code, key, message) | {"severity": "info"}


@ok()
class legs_foreign_400(Switch):
    def foreign(self, raw: str) -> Refuse:
        return Refuse(400, "customer", "Invalid customer")


@ok()
class legs_unknown_customer_402(Switch):
    """An id that does not exist is told as one that is not yours (no telling which exist)."""

    def unknown_customer(self, raw: str) -> Refuse:
        return self.foreign(raw) if raw.isdigit() else super().unknown_customer(raw)


@ok()
class legs_unknown_refused(Switch):
    def check_names(self, p: dict[str, str]) -> None:
        for name in p:
            if name not in PARAMETERS:
                raise Refuse(400, name, "Unknown parameter")


@ok(normal=True)
class legs_busy(Switch):
    churn = 5.0


@ok()
class legs_busy_slow(Switch):
    churn = 8.0
    delay = 0.05


@ok()
class legs_busy_only(Switch):
    size = 0
    churn = 9.0


@ok()
class legs_empty(Switch):
    size = 0


@ok()
class legs_one_call(Switch):
    size = 1


@ok()
class legs_three_calls(Switch):
    size = 3


@ok()
class legs_ten_calls(Switch):
    size = 10


@ok()
class legs_large(Switch):
    size = 900


@ok()
class legs_slow(Switch):
    delay = 0.05


@ok()
class legs_http10(Switch):
    http10 = True


@ok()
class legs_chunked_no_date(Switch):
    chunked = True
    drop_date = True


@ok()
class legs_ascii_json(Switch):
    def encode(self, body: Any) -> bytes:
        return json.dumps(body, indent=3).replace("/", "\\/").encode("ascii")


@ok()
class legs_text_type(Switch):
    def content_type(self) -> str:
        return "text/plain; charset=utf-8"


@ok()
class legs_source_customer_only(Switch):
    """A leg belongs to the customer who makes the call."""

    def owned(self, leg: Row, customers: set[int]) -> bool:
        return leg["scustomer"] in customers


@ok()
class legs_names_contains_without_case(Switch):
    def keep_name(self, leg: Row, want: str, p: dict[str, str]) -> bool:
        return any(want.casefold() in leg[n].casefold() for n in ("callername_internal", "callername_external"))


@ok()
class legs_only_internal_name(Switch):
    """G3 leaves open which caller name: here both are always the same."""

    def __init__(self) -> None:
        super().__init__()
        for leg in self.legs:
            leg["callername_external"] = leg["callername_internal"]


@ok()
class legs_ties_at_random(Switch):
    def ordered(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        legs = list(legs)
        random.Random().shuffle(legs)
        return super().ordered(legs, p)


@ok()
class legs_descending_is_reversed_list(Switch):
    def ordered(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        found = super().ordered(legs, {k: v for k, v in p.items() if k != "descending"})
        return found[::-1] if self.flag(p, "descending") else found


@ok()
class legs_several_faults(Switch):
    def failure(self, refused: Refuse) -> Any:
        told = super().failure(refused)
        told["responses"].append(self.response(str(refused.code), "", "See the manual"))
        return told


@ok()
class legs_validates_all_first(Switch):
    def authenticate(self, p: dict[str, str]) -> tuple[str, int, str]:
        if p.get("auth_username") and p.get("auth_password"):
            for name in ("count", "recursive", "names", "descending"):
                self.flag(p, name)
            self.limit(p)
        return super().authenticate(p)


@ok()
class legs_outbound_by_peer(Switch):
    """Outbound without an outbound group (not billed): only peer is set."""

    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        row = super().row(leg, names, index, p)
        return row | {"outgroup": 0} if leg["spresent"] else row


@ok()
class legs_machine_zero_and_phone_ids(Switch):
    def __init__(self) -> None:
        super().__init__()
        for leg in self.legs:
            leg["machine"] = 1


@ok()
class legs_all_alike(Switch):
    def __init__(self) -> None:
        super().__init__()
        one = next(dict(leg) for leg in self.legs if leg["scustomer"] == 10)
        for leg in self.legs:
            leg |= one | {k: leg[k] for k in ("uniqueid", "callid", "channel")}


@ok()
class legs_answered_while_we_look(Switch):
    def current(self) -> list[Row]:
        now = int(time.time())
        return [
            leg if i % 4 or leg["answered"] else leg | {"answered": now - 1, "status": "up"}
            if i % 8 == 0 and now > self.began + 1 else leg for i, leg in enumerate(super().current())
        ]  # fmt: skip


@ok()
class legs_without_slash_404(Switch):
    """EN-CAL-005 is a should: amber, so this one is checked as a defect too; here only the documented path."""

    def path_ok(self, path: str) -> bool:
        return path in ("/api/json/calls/active/list/", "/api/json/calls/active/list")


# =============================================================== defects

bad = partial(defect, LEGS)


@bad("002", normal=True)
class semicolon_not_split(Switch):
    separators = "&"


@bad("003")
class ampersand_not_split(Switch):
    separators = ";"


@bad("004")
class legs_post_ignores_filters(Switch):
    def parse(self, asked: Asked) -> dict[str, str]:
        p = super().parse(asked)
        if asked.method == "POST":
            return {k: v for k, v in p.items() if k.startswith("auth") or k == "customer"}
        return p


@bad("004 011")
class legs_post_skips_password(Switch):
    def answer(self, asked: Asked) -> Told:
        self.posted = asked.method == "POST"
        return super().answer(asked)

    def password_ok(self, given: str, real: str) -> bool:
        return self.posted or given == real


@bad("004")
class legs_post_405(Switch):
    def answer(self, asked: Asked) -> Told:
        return Told(b"", None, 405) if asked.method == "POST" else super().answer(asked)


@bad("005")
class legs_no_slash_404(Switch):
    def path_ok(self, path: str) -> bool:
        return path == "/api/json/calls/active/list/"


@bad("007 006")
class legs_code_integer(Switch):
    def response(self, code: Any, key: str, message: str) -> Any:
        return super().response(int(code), key, message)


@bad("007 006")
class legs_error_code_integer(Switch):
    def failure(self, refused: Refuse) -> Any:
        return {"responses": [self.response(refused.code, refused.key, refused.message)]}


@bad("006 016")
class legs_key_missing_on_400(Switch):
    def failure(self, refused: Refuse) -> Any:
        told = super().failure(refused)
        if refused.code == 400:
            del told["responses"][0]["key"]
        return told


@bad("016")
class legs_key_blank_on_400(Switch):
    def failure(self, refused: Refuse) -> Any:
        told = super().failure(refused)
        if refused.code == 400:
            told["responses"][0]["key"] = ""
        return told


@bad("016 006")
class legs_message_blank_on_400(Switch):
    def failure(self, refused: Refuse) -> Any:
        told = super().failure(refused)
        if refused.code == 400:
            told["responses"][0]["message"] = ""
        return told


@bad("006")
class legs_responses_an_object(Switch):
    def failure(self, refused: Refuse) -> Any:
        return {"responses": super().failure(refused)["responses"][0]}


@bad("008")
class legs_success_message_differs(Switch):
    def success(self, data: Any) -> Any:
        return {"responses": [self.response("200", "", "Success")], "data": data}


@bad("009 010 011 016 017")
class legs_missing_credentials_is_404(Switch):
    def missing_credentials(self, key: str) -> Refuse:
        return Refuse(404, key, "No such user")


@bad("010 011")
class legs_absent_password_passes(Switch):
    def authenticate(self, p: dict[str, str]) -> tuple[str, int, str]:
        if p.get("auth_username") in self.people and "auth_password" not in p:
            return (p["auth_username"], *self.people[p["auth_username"]][1:])
        return super().authenticate(p)


@bad("010 011")
class legs_empty_password_passes(Switch):
    def authenticate(self, p: dict[str, str]) -> tuple[str, int, str]:
        if p.get("auth_username") in self.people and p.get("auth_password") == "":
            return (p["auth_username"], *self.people[p["auth_username"]][1:])
        return super().authenticate(p)


@bad("011")
class legs_password_prefix(Switch):
    def password_ok(self, given: str, real: str) -> bool:
        return real.startswith(given)


@bad("011")
class legs_password_without_case(Switch):
    def password_ok(self, given: str, real: str) -> bool:
        return given.lower() == real.lower()


@bad("011")
class legs_password_of_anybody(Switch):
    """Any user's password does."""

    def password_ok(self, given: str, real: str) -> bool:
        return given in {one[0] for one in self.people.values()}


@bad("011 009", unseen="nothing says whether names of users have case")
class legs_user_without_case(Switch):
    def person(self, user: str) -> tuple[str, int, str] | None:
        return self.people.get(user.lower())


@bad("011 009")
class legs_unknown_user_is_first(Switch):
    def person(self, user: str) -> tuple[str, int, str] | None:
        return self.people.get(user, self.people["bea"])


@bad("011")
class legs_wrong_password_is_402(Switch):
    def authenticate(self, p: dict[str, str]) -> tuple[str, int, str]:
        try:
            return super().authenticate(p)
        except Refuse as refused:
            raise Refuse(402, refused.key, refused.message) from None


@bad("012")
class legs_callshop_refused(Switch):
    def allowed(self, role: str) -> bool:
        return role in ("line-reports", "user")


@bad("013")
class legs_line_reports_refused(Switch):
    def allowed(self, role: str) -> bool:
        return role in ("callshop", "user")


@bad("015")
class legs_any_role(Switch):
    def allowed(self, role: str) -> bool:
        return True


@bad("015")
class legs_weak_role_401(Switch):
    def authenticate(self, p: dict[str, str]) -> tuple[str, int, str]:
        try:
            return super().authenticate(p)
        except Refuse as refused:
            raise Refuse(401, refused.key, refused.message) from None


@bad("016 017 HTTP-SERVER-ERRORS 018")
class legs_bad_customer_500(Switch):
    def unknown_customer(self, raw: str) -> Refuse:
        return Refuse(500, "customer", "Internal error")


@bad("016 020")
class legs_bad_customer_is_own(Switch):
    def customers(self, p: dict[str, str], me: tuple[str, int, str]) -> set[int] | None:
        try:
            return super().customers(p, me)
        except Refuse:
            return {me[1]}


@bad("018 HTTP-SERVER-ERRORS")
class legs_errors_http_500(Switch):
    def error_status(self, refused: Refuse) -> int:
        return 500


@bad("082")
class legs_tenant_leak(Switch):
    def may_see_all(self, user: str) -> bool:
        return True


@bad("082 020")
class legs_tenant_leak_by_id(Switch):
    def customers(self, p: dict[str, str], me: tuple[str, int, str]) -> set[int] | None:
        if p.get("customer", "").isdigit() and int(p["customer"]) in TREE:
            return self.one_customer(int(p["customer"]), p)
        return super().customers(p, me)


@bad("019 082")
class legs_unset_is_system(Switch):
    def customers(self, p: dict[str, str], me: tuple[str, int, str]) -> set[int] | None:
        return None if not p.get("customer") else super().customers(p, me)


@bad("019 023")
class legs_unset_includes_children(Switch):
    def customers(self, p: dict[str, str], me: tuple[str, int, str]) -> set[int] | None:
        found = super().customers(p, me)
        return found | self.below(me[1]) if found is not None and not p.get("customer") else found


@bad("021")
class legs_all_includes_grandchildren(Switch):
    def customers(self, p: dict[str, str], me: tuple[str, int, str]) -> set[int] | None:
        return self.below(me[1]) if p.get("customer") == "all" else super().customers(p, me)


@bad("021")
class legs_all_includes_own(Switch):
    def customers(self, p: dict[str, str], me: tuple[str, int, str]) -> set[int] | None:
        return self.children(me[1]) | {me[1]} if p.get("customer") == "all" else super().customers(p, me)


@bad("025 021")
class legs_all_recursive(Switch):
    def customers(self, p: dict[str, str], me: tuple[str, int, str]) -> set[int] | None:
        if p.get("customer") == "all" and p.get("recursive") == "1":
            return self.below(me[1])
        return super().customers(p, me)


@bad("022")
class legs_system_is_below(Switch):
    """system gives the caller's customer and what is below it."""

    known_as = ("root", "bea")

    def customers(self, p: dict[str, str], me: tuple[str, int, str]) -> set[int] | None:
        found = super().customers(p, me)
        return {10, 11, 12, 13} if p.get("customer") == "system" else found


@bad("022")
class legs_system_lacks_own(Switch):
    known_as = ("root", "bea", "cal")

    def customers(self, p: dict[str, str], me: tuple[str, int, str]) -> set[int] | None:
        found = super().customers(p, me)
        return set(TREE) - {10} if p.get("customer") == "system" else found


@bad("024")
class legs_recursive_one_level(Switch):
    def one_customer(self, wanted: int, p: dict[str, str]) -> set[int]:
        return {wanted} | (self.children(wanted) if self.flag(p, "recursive") else set())


@bad("024")
class legs_recursive_ignored(Switch):
    def one_customer(self, wanted: int, p: dict[str, str]) -> set[int]:
        self.flag(p, "recursive")
        return {wanted}


@bad("024")
class legs_recursive_without_itself(Switch):
    def one_customer(self, wanted: int, p: dict[str, str]) -> set[int]:
        return self.below(wanted) if self.flag(p, "recursive") else {wanted}


@bad("023 020 019")
class legs_recursive_by_default(Switch):
    def one_customer(self, wanted: int, p: dict[str, str]) -> set[int]:
        return {wanted} | (self.below(wanted) if p.get("recursive") != "0" else set())


@bad("028", normal=True)
class legs_count_of_calls(Switch):
    def counted(self, legs: list[Row], p: dict[str, str]) -> Any:
        return len({leg["callid"] for leg in legs})


@bad("028")
class legs_count_before_filter(Switch):
    def counted(self, legs: list[Row], p: dict[str, str]) -> Any:
        return len([one for one in self.current() if self.owned(one, {10})])


@bad("028")
class legs_count_ignores_direction(Switch):
    def data(self, p: dict[str, str], me: tuple[str, int, str]) -> Any:
        if p.get("count") == "1":
            p = {k: v for k, v in p.items() if k != "direction"}
        return super().data(p, me)


@bad("028 027")
class legs_count_ignored(Switch):
    def data(self, p: dict[str, str], me: tuple[str, int, str]) -> Any:
        self.flag(p, "count")
        return super().data({k: v for k, v in p.items() if k != "count"}, me)


@bad("029")
class legs_count_limited(Switch):
    def counted(self, legs: list[Row], p: dict[str, str]) -> Any:
        return len(self.limited(legs, p))


@bad("034")
class legs_in_out_includes_internal(Switch):
    def keep_direction(self, leg: Row, p: dict[str, str]) -> bool:
        return p.get("direction") == "in_out" or super().keep_direction(leg, p)


@bad("034")
class legs_in_out_is_in(Switch):
    def keep_direction(self, leg: Row, p: dict[str, str]) -> bool:
        return super().keep_direction(leg, p | ({"direction": "in"} if p.get("direction") == "in_out" else {}))


@bad("031 035 034")
class legs_in_includes_internal(Switch):
    def keep_direction(self, leg: Row, p: dict[str, str]) -> bool:
        return (p.get("direction") == "in" and leg["direction"] == "internal") or super().keep_direction(leg, p)


@bad("033 032 035")
class legs_out_includes_internal(Switch):
    def keep_direction(self, leg: Row, p: dict[str, str]) -> bool:
        return (p.get("direction") == "out" and leg["direction"] == "internal") or super().keep_direction(leg, p)


@bad("032 035")
class legs_internal_by_source(Switch):
    """internal = the source is a phone, so outbound calls too; rows show no direction."""

    def keep_direction(self, leg: Row, p: dict[str, str]) -> bool:
        return leg["stype"] == "phone" if p.get("direction") == "internal" else super().keep_direction(leg, p)

    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        return {k: v for k, v in super().row(leg, names, index, p).items() if k != "direction"}


class no_direction(Switch):
    """The documented fields only: rows do not show their direction."""

    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        return {k: v for k, v in super().row(leg, names, index, p).items() if k != "direction"}


@bad("034 035")
class legs_hidden_in_out_includes_internal(no_direction):
    def keep_direction(self, leg: Row, p: dict[str, str]) -> bool:
        return p.get("direction") == "in_out" or super().keep_direction(leg, p)


@bad("031 035 034")
class legs_hidden_in_gives_outbound(no_direction):
    def keep_direction(self, leg: Row, p: dict[str, str]) -> bool:
        return super().keep_direction(leg, p | ({"direction": "out"} if p.get("direction") == "in" else {}))


@bad("031 032 033 034 035")
class legs_hidden_direction_ignored(no_direction):
    def keep_direction(self, leg: Row, p: dict[str, str]) -> bool:
        return True


@bad("033 035 034")
class legs_hidden_out_lacks_unbilled(no_direction):
    """out keeps only peer 3."""

    def keep_direction(self, leg: Row, p: dict[str, str]) -> bool:
        return super().keep_direction(leg, p) and not (p.get("direction") == "out" and leg["peer"] != 3)


@bad("031 035")
class legs_in_drops_one(Switch):
    def keep_direction(self, leg: Row, p: dict[str, str]) -> bool:
        return super().keep_direction(leg, p) and not (p.get("direction") == "in" and leg["machine"] == 12)


@bad("033 079 035 034")
class legs_direction_ignored_with_callid(Switch):
    def keep_direction(self, leg: Row, p: dict[str, str]) -> bool:
        return bool(p.get("machines")) or super().keep_direction(leg, p)


@bad("037")
class legs_default_sort_uniqueid_desc(Switch):
    def ordered(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        return super().ordered(legs, p if p.get("sort") else p | {"sort": "channel_"}) if p.get("sort") else sorted(
            legs, key=lambda leg: leg["channel"])  # fmt: skip


@bad("038", normal=True)
class legs_machine_sorted_as_text(Switch):
    def key(self, leg: Row, sort: str) -> Any:
        return str(leg[sort]) if sort == "machine" else leg[sort]


@bad("038")
class legs_scustomer_sorted_as_text(Switch):
    def __init__(self) -> None:
        super().__init__()
        for index, leg in enumerate(self.legs):
            if leg["scustomer"] not in (10, 11, 12, 13, 14) and index % 2:
                leg |= {"dcustomer": 10, "scustomer": (101, 101, 21, 20)[index % 4]}

    def key(self, leg: Row, sort: str) -> Any:
        return str(leg[sort]) if sort == "scustomer" else leg[sort]


@bad("038")
class legs_sort_dtype_by_dnumber(Switch):
    def key(self, leg: Row, sort: str) -> Any:
        return leg["dnumber" if sort == "dtype" else sort]


@bad("038")
class legs_sort_ctype_ignored(Switch):
    def ordered(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        return super().ordered(legs, p | {"sort": "start"} if p.get("sort") == "ctype" else p)


@bad("038 016")
class legs_sort_peer_refused(Switch):
    def ordered(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        if p.get("sort") == "peer":
            raise Refuse(400, "sort", "Invalid")
        return super().ordered(legs, p)


@bad("039")
class legs_sort_start_refused(Switch):
    def ordered(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        if p.get("sort") == "start":
            raise Refuse(400, "sort", "Invalid")
        return super().ordered(legs, p)


@bad("042")
class legs_descending_ignored_with_sort(Switch):
    def ordered(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        return super().ordered(legs, {k: v for k, v in p.items() if k != "descending"} if p.get("sort") else p)


@bad("042")
class legs_descending_only_in_sort_start_ignored(Switch):
    def ordered(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        return super().ordered(legs, p if p.get("sort") else {k: v for k, v in p.items() if k != "descending"})


@bad("041 037")
class legs_descending_by_default(Switch):
    def ordered(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        return super().ordered(legs, {"descending": "1"} | p)


@bad("044")
class legs_names_changes_snumber(Switch):
    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        row = super().row(leg, names, index, p)
        return row | {"snumber": f"Line {leg['snumber']}"} if names else row


@bad("044", normal=True)
class legs_names_changes_one_row(Switch):
    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        row = super().row(leg, names, index, p)
        return row | {"channel": ""} if names and index == 17 else row


@bad("044")
class legs_names_ignored(Switch):
    def names_of(self, leg: Row) -> Row:
        return {}


@bad("043")
class legs_names_by_default(Switch):
    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        return super().row(leg, p.get("names") != "0", index, p)


@bad("045")
class legs_callid_one_leg(Switch):
    def select(self, p: dict[str, str], me: tuple[str, int, str]) -> list[Row]:
        found = super().select(p, me)
        return found[:1] if p.get("callid") else found


@bad("045")
class legs_callid_contains(Switch):
    def keep_equal(self, leg: Row, name: str, want: str) -> bool:
        return want in leg[name] if name == "callid" else super().keep_equal(leg, name, want)


@bad("045 044")
class legs_callid_matches_uniqueid(Switch):
    def keep_equal(self, leg: Row, name: str, want: str) -> bool:
        return bool(leg["uniqueid"] == want) if name == "callid" else super().keep_equal(leg, name, want)


@bad("046")
class legs_phone_prefix(Switch):
    def keep_phone(self, leg: Row, want: str) -> bool:
        return bool(leg["stype"] == "phone" and leg["snumber"].startswith(want))


@bad("046")
class legs_phone_matches_destination_too(Switch):
    def keep_phone(self, leg: Row, want: str) -> bool:
        return super().keep_phone(leg, want) or leg["dnumber"] == want


@bad("047 057")
class legs_phone_blank_only_lines(Switch):
    def keep(self, leg: Row, p: dict[str, str]) -> bool:
        return super().keep(leg, p) and (p.get("phone") != "" or leg["stype"] == "phone")


@bad("048")
class legs_stype_ignored(Switch):
    def keep_equal(self, leg: Row, name: str, want: str) -> bool:
        return name == "stype" or super().keep_equal(leg, name, want)


@bad("049")
class legs_ctype_also_blank(Switch):
    def keep_equal(self, leg: Row, name: str, want: str) -> bool:
        return (name == "ctype" and not leg["ctype"]) or super().keep_equal(leg, name, want)


@bad("050")
class legs_dtype_contains(Switch):
    def keep_equal(self, leg: Row, name: str, want: str) -> bool:
        return leg["dtype"][:2] == want[:2] if name == "dtype" else super().keep_equal(leg, name, want)


@bad("051 055")
class legs_snumber_equality(Switch):
    def keep_number(self, leg: Row, name: str, want: str, word: str) -> bool:
        return leg[name] == want if name == "snumber" else super().keep_number(leg, name, want, word)


@bad("052 055")
class legs_cnumber_prefix(Switch):
    def keep_number(self, leg: Row, name: str, want: str, word: str) -> bool:
        return leg[name].startswith(want) if name == "cnumber" else super().keep_number(leg, name, want, word)


@bad("053 055")
class legs_dnumber_suffix(Switch):
    def keep_number(self, leg: Row, name: str, want: str, word: str) -> bool:
        return leg[name].endswith(want) if name == "dnumber" else super().keep_number(leg, name, want, word)


@bad("055 051")
class legs_smatch_default_exact(Switch):
    def default_word(self, match: str) -> str:
        return "exact" if match == "smatch" else "contains"


@bad("055 054")
class legs_callername_match_default_exact(Switch):
    def default_word(self, match: str) -> str:
        return "exact" if match == "callername_match" else "contains"


@bad("054")
class legs_callername_matches_callerid(Switch):
    def keep_name(self, leg: Row, want: str, p: dict[str, str]) -> bool:
        return any(want in leg[n] for n in ("callerid_internal", "callerid_external"))


@bad("054")
class legs_callername_internal_and_external(Switch):
    """Both names must hold it."""

    def keep_name(self, leg: Row, want: str, p: dict[str, str]) -> bool:
        return all(want in leg[n] for n in ("callername_internal", "callername_external"))


@bad("054")
class legs_callername_latin1(Switch):
    def parse(self, asked: Asked) -> dict[str, str]:
        return dict(pairs(asked.query + "&" + asked.body.decode("latin-1"), "&;", encoding="latin-1"))


@bad("051 052 053 054")
class legs_plus_is_space(Switch):
    def parse(self, asked: Asked) -> dict[str, str]:
        return {k: v.replace("+", " ") for k, v in super().parse(asked).items()}


@bad("051")
class legs_snumber_regex(Switch):
    """The value is a regular expression: a + is not a plus."""

    def keep_number(self, leg: Row, name: str, want: str, word: str) -> bool:
        try:
            return re.search(want, leg[name]) is not None
        except re.error:
            return False


@bad("057 051")
class legs_blank_snumber_is_value(Switch):
    def keep(self, leg: Row, p: dict[str, str]) -> bool:
        return super().keep(leg, p) and (p.get("snumber") != "" or leg["snumber"] == "")


@bad("058", normal=True)
class legs_first_machine_only(Switch):
    def keep_machine(self, leg: Row, wanted: str) -> bool:
        return str(leg["machine"]) == wanted.split(",")[0]


@bad("058")
class legs_machines_last_only(Switch):
    def keep_machine(self, leg: Row, wanted: str) -> bool:
        return str(leg["machine"]) == wanted.split(",")[-1]


@bad("058")
class legs_machine_substring(Switch):
    def keep_machine(self, leg: Row, wanted: str) -> bool:
        return str(leg["machine"]) in wanted


@bad("058")
class legs_machines_three_at_most(Switch):
    def keep_machine(self, leg: Row, wanted: str) -> bool:
        return str(leg["machine"]) in wanted.split(",")[:2]


@bad("059 058")
class legs_blank_machines_none(Switch):
    def keep(self, leg: Row, p: dict[str, str]) -> bool:
        return super().keep(leg, p) and p.get("machines") != ""


@bad("060 061")
class legs_limit_default_50(Switch):
    size = 220

    def limit(self, p: dict[str, str]) -> int:
        return super().limit(p) if p.get("limit") else 50


@bad("060")
class legs_limit_zero_is_none(Switch):
    def limited(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        return [] if p.get("limit") == "0" else super().limited(legs, p)


@bad("061")
class legs_limit_plus_one(Switch):
    def limited(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        return legs[: self.limit(p) + 1] if self.limit(p) else legs


@bad("061")
class legs_limit_ignored_with_direction(Switch):
    def limited(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        return legs if p.get("direction") else super().limited(legs, p)


@bad("062")
class legs_limit_before_sort(Switch):
    def ordered(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        limit = self.limit(p)
        return super().ordered(legs[:limit] if limit and not self.flag(p, "count") else legs, p)


@bad("061 062 079")
class legs_limit_before_filter(Switch):
    def select(self, p: dict[str, str], me: tuple[str, int, str]) -> list[Row]:
        limit = self.limit(p)
        if not limit or p.get("count") == "1":
            return super().select(p, me)
        free = {k: v for k, v in p.items() if k in ("customer", "recursive")}
        return [leg for leg in self.ordered(super().select(free, me), p)[:limit] if self.keep(leg, p)]


@bad("063 038")
class legs_one_row_per_call(Switch):
    def select(self, p: dict[str, str], me: tuple[str, int, str]) -> list[Row]:
        seen: dict[str, Row] = {}
        for leg in super().select(p, me):
            seen.setdefault(leg["callid"], leg)
        return list(seen.values())


@bad("063 083")
class legs_uniqueid_twice(Switch):
    def __init__(self) -> None:
        super().__init__()
        mine = [leg for leg in self.legs if leg["scustomer"] == 10]
        mine[9]["uniqueid"] = mine[3]["uniqueid"]


@bad("064 045", unseen="only the operator knows which legs are one call")
class legs_callid_is_uniqueid(Switch):
    def __init__(self) -> None:
        super().__init__()
        for leg in self.legs:
            leg["callid"] = leg["uniqueid"]


class odd_leg(Switch):
    at = 13

    def odd(self, row: Row) -> Row:
        return row

    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        row = super().row(leg, names, index, p)
        mine = [one for one in self.legs if one["scustomer"] == 10]
        return self.odd(row) if leg is mine[self.at] else row


@bad("065")
class legs_one_lacks_recording(odd_leg):
    def odd(self, row: Row) -> Row:
        return {k: v for k, v in row.items() if k != "recording"}


@bad("066", normal=True)
class legs_one_machine_text(odd_leg):
    def odd(self, row: Row) -> Row:
        return row | {"machine": str(row["machine"])}


@bad("066")
class legs_one_snumber_number(odd_leg):
    def odd(self, row: Row) -> Row:
        return row | {"snumber": 1001}


@bad("066")
class legs_one_recording_null(odd_leg):
    def odd(self, row: Row) -> Row:
        return row | {"recording": None}


@bad("066 067")
class legs_answered_null_when_ringing(Switch):
    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        row = super().row(leg, names, index, p)
        return row if leg["answered"] else row | {"answered": None}


@bad("066")
class legs_uniqueid_float(Switch):
    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        return super().row(leg, names, index, p) | {"uniqueid": float(leg["uniqueid"])}


@bad("067")
class legs_answered_before_start(odd_leg):
    def odd(self, row: Row) -> Row:
        return row | {"answered": row["start"] - 3}


@bad("067")
class legs_answered_minus_one(odd_leg):
    def odd(self, row: Row) -> Row:
        return row | {"answered": -1}


@bad("067")
class legs_answered_is_a_duration(Switch):
    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        row = super().row(leg, names, index, p)
        return row | {"answered": leg["answered"] - leg["start"]} if leg["answered"] else row


@bad("067")
class legs_answered_in_future(odd_leg):
    def odd(self, row: Row) -> Row:
        return row | {"answered": int(time.time()) + 7200}


@bad("071")
class legs_peer_on_inbound(Switch):
    def __init__(self) -> None:
        super().__init__()
        for leg in self.legs:
            if leg["direction"] == "in":
                leg["peer"] = 3


@bad("068")
class legs_billing_peer_on_one_internal(Switch):
    def __init__(self) -> None:
        super().__init__()
        next(leg for leg in self.legs if leg["scustomer"] == 10 and leg["direction"] == "internal")[
            "billing_peer"
        ] = 4


@bad("069 070")
class legs_ingroup_on_outbound(Switch):
    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        row = super().row(leg, names, index, p)
        return row | {"ingroup": 7} if leg["direction"] == "out" else row


@bad("069 070")
class legs_outgroup_on_inbound_no_direction(Switch):
    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        row = {k: v for k, v in super().row(leg, names, index, p).items() if k != "direction"}
        return row | {"outgroup": 5} if leg["direction"] == "in" else row


@bad("072")
class legs_overmax_two(odd_leg):
    def odd(self, row: Row) -> Row:
        return row | {"overmax": 2}


@bad("072 066")
class legs_overmax_boolean(Switch):
    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        return super().row(leg, names, index, p) | {"overmax": bool(leg["overmax"])}


@bad("075 067")
class legs_start_in_ms(Switch):
    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        return super().row(leg, names, index, p) | {"start": leg["start"] * 1000}


@bad("075 067")
class legs_start_in_future(Switch):
    def __init__(self) -> None:
        super().__init__()
        mine = [leg for leg in self.legs if leg["scustomer"] == 10]
        mine[13] |= {"start": self.began + 5000, "answered": 0}


@bad("075")
class legs_start_moves(Switch):
    """start is the time of the reply."""

    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        return super().row(leg, names, index, p) | {"start": int(time.time()), "answered": 0}


@bad("066 067 075")
class legs_times_as_text(Switch):
    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        return super().row(leg, names, index, p) | {"start": str(leg["start"])}


@bad("078 063 017")
class legs_empty_is_404(Switch):
    def success(self, data: Any) -> Any:
        if data == []:
            return {"responses": [self.response("404", "", "No calls")]}
        return super().success(data)


@bad("078 063")
class legs_empty_has_null(Switch):
    def success(self, data: Any) -> Any:
        return super().success(None if data == [] else data)


@bad("080 082 011")
class legs_rows_on_error(Switch):
    def failure(self, refused: Refuse) -> Any:
        return super().failure(refused) | {"data": self.legs[:2]}


@bad("079")
class legs_stype_or_dtype(Switch):
    def keep_equal(self, leg: Row, name: str, want: str) -> bool:
        return bool(leg[name] == want)

    def keep(self, leg: Row, p: dict[str, str]) -> bool:
        if p.get("stype") and p.get("dtype"):
            rest = {k: v for k, v in p.items() if k not in ("stype", "dtype")}
            return super().keep(leg, rest) and (leg["stype"] == p["stype"] or leg["dtype"] == p["dtype"])
        return super().keep(leg, p)


@bad("079 051 058")
class legs_snumber_ignored_with_machines(Switch):
    def keep(self, leg: Row, p: dict[str, str]) -> bool:
        return super().keep(leg, p | {"snumber": ""} if p.get("machines") else p)


@bad("JSON-SYNTAX")
class legs_trailing_comma(Switch):
    def encode(self, body: Any) -> bytes:
        return super().encode(body)[:-1] + b",}"


@bad("JSON-SYNTAX TEXT-ENCODING")
class legs_quotes_not_escaped(Switch):
    def encode(self, body: Any) -> bytes:
        return super().encode(body).replace(b'\\"', b'"')


@bad("TEXT-ENCODING JSON-SYNTAX")
class legs_latin1(Switch):
    def encode(self, body: Any) -> bytes:
        return json.dumps(body, ensure_ascii=False).encode("latin-1", "replace")


@bad("077 063 037")
class legs_row_missing_now_and_then(Switch):
    def select(self, p: dict[str, str], me: tuple[str, int, str]) -> list[Row]:
        found = super().select(p, me)
        return found[:-1] if self.count % 7 == 0 else found


@bad("037 038 063", unseen="ties are open")
class legs_order_of_ties_at_random(Switch):
    def ordered(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        legs = list(legs)
        random.Random().shuffle(legs)
        return super().ordered(legs, p)


@bad("037")
class legs_unsorted_when_filtered(Switch):
    def ordered(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        found = super().ordered(legs, p)
        return found[1::2] + found[::2] if p.get("stype") and not p.get("sort") else found


# =============================================================== what a later look at the page brought


@ok()
class legs_copies_that_lag(Switch):
    """Each request is answered by one of several copies of the list, some of them a little behind."""

    churn = 6.0

    def now(self) -> float:
        return super().now() - random.Random().choice((0.0, 0.0, 0.3, 0.8))


@ok()
class legs_numbers_sorted_by_value(Switch):
    """Texts that are numbers sort by their value, whatever zeros they begin with; equal ones at random."""

    def key(self, leg: Row, sort: str) -> Any:
        value = leg[sort]
        if not isinstance(value, str):
            return value
        digits = value.isascii() and value.isdigit()
        return (not digits, int(value) if digits else 0, "" if digits else value)

    def ordered(self, legs: list[Row], p: dict[str, str]) -> list[Row]:
        for index, leg in enumerate(self.legs):
            if index % 5 == 0 and leg["cnumber"].isdigit() and not leg["cnumber"].startswith("00"):
                leg["cnumber"] = "00" + leg["cnumber"]
        legs = list(legs)
        random.Random(7).shuffle(legs)
        return super().ordered(legs, p)


@bad("028")
class legs_count_up_to_forty(Switch):
    def counted(self, legs: list[Row], p: dict[str, str]) -> Any:
        return super().counted(legs[:40], p)


@bad("028")
class legs_count_ignores_in_out(Switch):
    def counted(self, legs: list[Row], p: dict[str, str]) -> Any:
        if p.get("direction") == "in_out":
            legs = self.select(p | {"direction": ""}, ("", int(self.people[p["auth_username"]][1]), "user"))
        return super().counted(legs, p)


@bad("044")
class legs_names_lost_with_a_filter(Switch):
    def row(self, leg: Row, names: bool, index: int, p: dict[str, str]) -> Row:
        return super().row(leg, names and not p.get("stype"), index, p)


@bad("057")
class legs_empty_number_beside_its_match(Switch):
    def keep(self, leg: Row, p: dict[str, str]) -> bool:
        return super().keep(leg, p) and not (p.get("snumber") == "" and "smatch" in p)


@bad("041")
class legs_descending_zero_is_one(Switch):
    def flag(self, p: dict[str, str], name: str) -> bool:
        return p.get(name) == "0" if name == "descending" and p.get(name) == "0" else super().flag(p, name)
