"""Variants of the foreign PBX: legitimate choices, and defects that break one clause."""

from __future__ import annotations

import random
import time
from datetime import datetime, timedelta
from functools import partial

from foreign_checks import ACTIVE, HISTORY
from foreign_http import Asked, Told, decoded, pairs
from pbx_xml import EXACT, FORMAT, Pbx, Refuse, Row, history
from variants import correct, defect

# =============================================================== correct servers


@correct(HISTORY, ACTIVE, normal=True)
class plain(Pbx):
    pass


@correct(HISTORY)
class newest_first(Pbx):
    def ordered(self, calls: list[Row], p: dict[str, str]) -> list[Row]:
        return calls[::-1]


@correct(HISTORY)
class newest_first_ties_by_id(Pbx):
    def ordered(self, calls: list[Row], p: dict[str, str]) -> list[Row]:
        return sorted(sorted(calls, key=lambda c: c["CallId"]), key=lambda c: c["StartTime"], reverse=True)


@correct(HISTORY)
class exclusive_from(Pbx):
    def late_enough(self, call: Row, since: datetime, p: dict[str, str]) -> bool:
        return bool(call["StartTime"] > since)


@correct(HISTORY, ACTIVE)
class self_closed_and_bare(Pbx):
    def container(self, name: str, rows: str) -> str:
        return super().container(name, rows) if rows else f"<{name} />"

    def declarations(self) -> str:
        return ""


@correct(HISTORY, ACTIVE)
class extra_fields_and_attributes(Pbx):
    def row_text(self, fields: list[tuple[str, str]]) -> str:
        inner = "".join(self.element(*one) for one in fields)
        return f'<Call id="7" kind="a&amp;b">{inner}<Cost>0.12</Cost><Legs><Leg n="1"/></Legs><!-- x --></Call>'

    def head(self, code: int, message: str) -> str:
        return super().head(code, message) + "<ServerVersion>9.1</ServerVersion>"


@correct(HISTORY, ACTIVE)
class fields_shuffled(Pbx):
    def row_text(self, fields: list[tuple[str, str]]) -> str:
        fields = list(fields)
        random.Random(str(fields)).shuffle(fields)
        return super().row_text(fields)


@correct(HISTORY)
class default_page_50(Pbx):
    default_rows = 50


@correct(HISTORY)
class unbounded_default(Pbx):
    default_rows = None


@correct(HISTORY, normal=True)
class capped_at_10(Pbx):
    default_rows = 10
    cap = 10


@correct(HISTORY)
class capped_at_100(Pbx):
    cap = 100


@correct(HISTORY)
class default_is_cap_30(Pbx):
    default_rows = 30
    cap = 30


@correct(HISTORY)
class bad_values_default(Pbx):
    def bad(self, name: str, value: str, p: dict[str, str]) -> Refuse | None:
        return None


@correct(HISTORY)
class bad_direction_empty(Pbx):
    def bad_direction(self, p: dict[str, str]) -> Refuse | None:
        return None


@correct(HISTORY, normal=True)
class external_union(Pbx):
    def keep(self, call: Row, name: str, want: str, p: dict[str, str]) -> bool:
        if name == "Direction" and want == "External":
            return call["Direction"] in ("External", "Inbound", "Outbound")
        return super().keep(call, name, want, p)


@correct(HISTORY)
class external_union_no_external_rows(external_union):
    def __init__(self) -> None:
        super().__init__()
        self.rows = [c | {"Direction": "Inbound"} if c["Direction"] == "External" else c for c in self.rows]


@correct(HISTORY)
class no_external_rows(Pbx):
    def __init__(self) -> None:
        super().__init__()
        self.rows = [c | {"Direction": "Inbound"} if c["Direction"] == "External" else c for c in self.rows]


@correct(HISTORY)
class external_means_in_and_out_only(Pbx):
    def keep(self, call: Row, name: str, want: str, p: dict[str, str]) -> bool:
        if name == "Direction" and want == "External":
            return call["Direction"] in ("Inbound", "Outbound")
        return super().keep(call, name, want, p)

    def __init__(self) -> None:
        super().__init__()
        self.rows = [c | {"Direction": "Inbound"} if c["Direction"] == "External" else c for c in self.rows]


@correct(HISTORY, ACTIVE)
class names_without_case(Pbx):
    def name(self, name: str) -> str:
        known = ("command", "Username", "Password", "RowsPerPage", "PageNumber", "From", *EXACT)
        return {one.lower(): one for one in known}.get(name.lower(), name)


@correct(HISTORY)
class direction_and_state_values_without_case(Pbx):
    def keep(self, call: Row, name: str, want: str, p: dict[str, str]) -> bool:
        if name in ("Direction", "State", "Type"):
            return bool(call[name].lower() == want.lower())
        return super().keep(call, name, want, p)

    def bad_direction(self, p: dict[str, str]) -> Refuse | None:
        if p["Direction"].lower() in ("internal", "external", "inbound", "outbound"):
            return None
        return super().bad_direction(p)


@correct(HISTORY, ACTIVE)
class text_xml_latin_declared(Pbx):
    def content_type(self) -> str:
        return 'text/xml; charset="utf-8"'

    def prolog(self) -> str:
        return '<?xml version="1.0" encoding="utf-8"?>\r\n'


@correct(HISTORY, ACTIVE)
class notification_name(Pbx):
    def document(self, code: int, message: str, body: str) -> str:
        return super().document(code, message, body + "<NotificationName>CallConnected</NotificationName>")


@correct(HISTORY, ACTIVE, normal=True)
class utf16(Pbx):
    def prolog(self) -> str:
        return '<?xml version="1.0" encoding="utf-16"?>\n'

    def encode(self, text: str) -> bytes:
        return text.encode("utf-16")


@correct(HISTORY, ACTIVE)
class bom(Pbx):
    def encode(self, text: str) -> bytes:
        return text.encode("utf-8-sig")


@correct(HISTORY, ACTIVE)
class ascii_with_references(Pbx):
    def encode(self, text: str) -> bytes:
        return text.encode("ascii", "xmlcharrefreplace")


@correct(HISTORY, ACTIVE)
class cdata(Pbx):
    def element(self, name: str, text: str) -> str:
        return f"<{name}><![CDATA[{text}]]></{name}>" if name == "CallerId" else super().element(name, text)


@correct(HISTORY, ACTIVE)
class missing_credentials_302(Pbx):
    def missing_credentials(self, p: dict[str, str]) -> Refuse:
        name = "Password" if p.get("Username") else "Username"
        return Refuse(302, f"Parameter {name} of command {p.get('command')} is missing")


@correct(HISTORY)
class past_the_end_refused(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        if page and (size is None or page * size >= len(calls)):
            raise Refuse(302, "Parameter PageNumber of command ListCallHistory is beyond the end")
        return super().page(calls, size, page, p)


@correct(HISTORY, ACTIVE)
class unknown_refused(Pbx):
    def check_names(self, p: dict[str, str]) -> None:
        known = {"command", "Username", "Password"}
        if p.get("command") == "ListCallHistory":
            known |= {"RowsPerPage", "PageNumber", "From", *EXACT}
        for name in p:
            if name not in known:
                raise Refuse(302, f"Parameter {name} of command {p.get('command')} is unknown")


@correct(HISTORY, ACTIVE)
class repeated_refused(Pbx):
    def parse(self, asked: Asked) -> dict[str, str]:
        found = super().parse(asked)
        names = [name for name, _ in self.raw_pairs(asked)]
        self.twice = any(names.count(name) > 1 for name in names)
        return found

    def check_names(self, p: dict[str, str]) -> None:
        if self.twice:
            raise Refuse(302, "A parameter is given twice")


@correct(HISTORY, ACTIVE)
class repeated_last(Pbx):
    def parse(self, asked: Asked) -> dict[str, str]:
        return dict(self.raw_pairs(asked))


@correct(HISTORY, ACTIVE)
class errors_with_empty_container(Pbx):
    def error(self, refused: Refuse, p: dict[str, str]) -> str:
        if p.get("command") == "ListActiveCalls":
            return self.document(refused.code, refused.message, "<ActiveCalls/>")
        return self.document(refused.code, refused.message, "<TotalRecords>0</TotalRecords><CallHistory/>")


@correct(HISTORY, ACTIVE)
class validates_before_auth(Pbx):
    def run(self, p: dict[str, str], asked: Asked) -> str:
        if p.get("command") not in ("ListCallHistory", "ListActiveCalls"):
            raise Refuse(301 if p.get("command") else 300, f"Cannot do {p.get('command')}")
        if p["command"] == "ListCallHistory":
            self.numbers(p)
            self.since(p)
        return super().run(p, asked)


@correct(HISTORY, ACTIVE)
class empty(Pbx):
    size = 0
    active = 0


@correct(HISTORY, ACTIVE)
class one_call(Pbx):
    size = 1
    active = 1


@correct(HISTORY, ACTIVE)
class three_calls(Pbx):
    size = 3
    active = 3


@correct(HISTORY, ACTIVE)
class seven_calls_newest_first(Pbx):
    size = 7
    active = 7

    def ordered(self, calls: list[Row], p: dict[str, str]) -> list[Row]:
        return calls[::-1]


@correct(HISTORY, ACTIVE)
class slow(Pbx):
    delay = 0.05


@correct(HISTORY, ACTIVE)
class http10(Pbx):
    http10 = True


@correct(HISTORY, ACTIVE)
class chunked(Pbx):
    chunked = True
    drop_date = True


@correct(HISTORY)
class alias_of_g1(Pbx):
    def keep(self, call: Row, name: str, want: str, p: dict[str, str]) -> bool:
        if name == "State" and want == "CallerHangUp":
            want = "CallerHungUp"
        return super().keep(call, name, want, p)


@correct(HISTORY)
class one_day_all_ties(Pbx):
    def __init__(self) -> None:
        super().__init__()
        at = datetime(2025, 11, 3, 9, 0, 0)
        self.rows = [c | {"StartTime": at} for c in self.rows]


@correct(HISTORY)
class all_alike(Pbx):
    def __init__(self) -> None:
        super().__init__()
        same = {"Direction": "Internal", "Source": "101", "Destination": "102", "CallerId": "101", "Dialed": "102",
                "State": "CallerHungUp", "Type": "Audio"}  # fmt: skip
        self.rows = [c | same for c in self.rows]


@correct(HISTORY)
class blank_fields(Pbx):
    def __init__(self) -> None:
        super().__init__()
        self.rows = [c | ({"CallerId": "", "Dialed": ""} if i % 5 == 0 else {}) for i, c in enumerate(self.rows)]


@correct(HISTORY)
class blank_fields_self_closed(blank_fields):
    def element(self, name: str, text: str) -> str:
        return super().element(name, text) if text else f"<{name} />"


@correct(HISTORY)
class large(Pbx):
    size = 5000


@correct(HISTORY)
class large_capped_at_25(Pbx):
    size = 1200
    cap = 25


@correct(HISTORY, normal=True)
class history_grows_3_a_second(Pbx):
    history_churn = 3.0


@correct(HISTORY)
class history_grows_10_a_second_newest_first(Pbx):
    history_churn = 10.0

    def ordered(self, calls: list[Row], p: dict[str, str]) -> list[Row]:
        return calls[::-1]


@correct(HISTORY)
class history_grows_slow_server(Pbx):
    history_churn = 5.0
    delay = 0.03


@correct(HISTORY)
class states_change(Pbx):
    """A tenth of the calls are in progress and end one after the other, several a second."""

    def calls(self, p: dict[str, str]) -> list[Row]:
        ended = int((time.time() - self.born) * 6)
        n = len(self.rows)
        return [
            c | {"State": "InCall"} if i >= n - 60 and i - (n - 60) >= ended else c for i, c in enumerate(self.rows)
        ]


@correct(HISTORY)
class ring_buffer(Pbx):
    """The history holds 200 calls: an old one leaves when a new one comes."""

    size = 200
    history_churn = 4.0

    def calls(self, p: dict[str, str]) -> list[Row]:
        return super().calls(p)[-200:]


@correct(ACTIVE, normal=True)
class busy(Pbx):
    churn = 5.0


@correct(ACTIVE)
class very_busy_no_fixed(Pbx):
    active = 0
    churn = 12.0


@correct(ACTIVE)
class busy_slow(Pbx):
    churn = 6.0
    delay = 0.05


@correct(ACTIVE)
class trickle(Pbx):
    active = 0
    churn = 0.4


@correct(ACTIVE)
class zone_plus_2(Pbx):
    zone_hours = 2


@correct(ACTIVE)
class zone_minus_7(Pbx):
    zone_hours = -7


@correct(ACTIVE)
class active_newest_first(Pbx):
    def active_calls(self, now: float) -> list[Row]:
        return super().active_calls(now)[::-1]


@correct(ACTIVE)
class active_in_any_order(Pbx):
    def active_calls(self, now: float) -> list[Row]:
        calls = super().active_calls(now)
        random.Random(now).shuffle(calls)
        return calls


@correct(ACTIVE)
class hold_not_counted(Pbx):
    """Talk stands still on hold; the rest of the time is in neither duration."""

    def durations(self, call: Row, now: float) -> tuple[float, float]:
        ring, talk = super().durations(call, now)
        return ring, min(talk, 3.0) if call["hold"] else talk


@correct(ACTIVE)
class coarse_durations(Pbx):
    """Durations are kept in whole seconds and written with three digits."""

    def seconds(self, value: float) -> str:
        return f"{int(value):d}.000"


@correct(ACTIVE)
class cached_for_a_second(Pbx):
    def list_active(self, p: dict[str, str]) -> str:
        now = time.time() // 1
        rows = "".join(self.row_text(self.active_row(c, now, i, p)) for i, c in enumerate(self.active_calls(now))
                       if c["start"] <= now)  # fmt: skip
        return self.container("ActiveCalls", rows)


@correct(ACTIVE)
class calls_are_answered_while_we_look(Pbx):
    """Ringing calls are answered, talking ones are held and taken back."""

    def __init__(self) -> None:
        super().__init__()
        for i, c in enumerate(self.live.fixed):
            if c["ring"] == float("inf"):
                c["start"] = self.born - i * 0.05
                c["ring"] = 0.3 + i * 0.07

    def state(self, call: Row, now: float) -> str:
        state = super().state(call, now)
        return "Hold" if state == "InCall" and int(now * 2 + call["start"]) % 3 == 0 else state


@correct(ACTIVE)
class old_states(Pbx):
    def state(self, call: Row, now: float) -> str:
        state = super().state(call, now)
        return {"Hold": "OnHold"}.get(state, state)


# =============================================================== defects of the history

hist = partial(defect, HISTORY)


def shown_late(p: dict[str, str]) -> bool:
    return p.get("PageNumber", "0") not in ("", "0")


class per_filter(Pbx):
    """One filter matches in its own way."""

    which = "CallerId"

    def match(self, have: str, want: str) -> bool:
        return have == want

    def keep(self, call: Row, name: str, want: str, p: dict[str, str]) -> bool:
        return self.match(call[name], want) if name == self.which else super().keep(call, name, want, p)


@hist("022", normal=True)
class callerid_substring(per_filter):
    def match(self, have: str, want: str) -> bool:
        return want in have


@hist("023")
class callid_prefix(per_filter):
    which = "CallId"

    def match(self, have: str, want: str) -> bool:
        return have.startswith(want)


@hist("023", normal=True)
class callid_without_case(per_filter):
    which = "CallId"

    def match(self, have: str, want: str) -> bool:
        return have.lower() == want.lower()


@hist("024")
class destination_suffix(per_filter):
    which = "Destination"

    def match(self, have: str, want: str) -> bool:
        return have.endswith(want)


@hist("025")
class dialed_numeric(per_filter):
    which = "Dialed"

    def match(self, have: str, want: str) -> bool:
        return have.lstrip("0") == want.lstrip("0")


@hist("029")
class source_numeric(per_filter):
    which = "Source"

    def match(self, have: str, want: str) -> bool:
        return have.lstrip("0") == want.lstrip("0")


@hist("029")
class source_digits_only(per_filter):
    which = "Source"

    def match(self, have: str, want: str) -> bool:
        strip = str.maketrans("", "", "+ -")
        return have.translate(strip) == want.translate(strip)


@hist("030")
class state_prefix(per_filter):
    which = "State"

    def match(self, have: str, want: str) -> bool:
        return have.startswith(want)


@hist("031")
class type_prefix(per_filter):
    which = "Type"

    def match(self, have: str, want: str) -> bool:
        return have.startswith(want)


@hist("031")
class type_only_knows_audio(per_filter):
    which = "Type"

    def match(self, have: str, want: str) -> bool:
        return have == want if want == "Audio" else True


@hist("031")
class type_ignored(per_filter):
    which = "Type"

    def match(self, have: str, want: str) -> bool:
        return True


@hist("022")
class callerid_reversed_like(per_filter):
    def match(self, have: str, want: str) -> bool:
        return have in want


@hist("022")
class callerid_trimmed_at_space(per_filter):
    def match(self, have: str, want: str) -> bool:
        return have.split(" ")[0] == want.split(" ")[0]


@hist("022 HTTP-SERVER-ERRORS")
class callerid_quote_fails(per_filter):
    def keep(self, call: Row, name: str, want: str, p: dict[str, str]) -> bool:
        if name == "CallerId" and "'" in want:
            return False
        return super().keep(call, name, want, p)


@hist("022")
class callerid_like_wildcard(per_filter):
    """SQL LIKE: % stands for anything."""

    def match(self, have: str, want: str) -> bool:
        import re

        return re.fullmatch(".*".join(re.escape(part) for part in want.split("%")), have) is not None


@hist("022 023 024 025 029 T13")
class plus_is_kept_in_query(Pbx):
    """A literal %2B is read as a space."""

    def raw_pairs(self, asked: Asked) -> list[tuple[str, str]]:
        return [(n, v.replace("+", " ")) for n, v in super().raw_pairs(asked)]


@hist("022")
class query_is_latin1(Pbx):
    def raw_pairs(self, asked: Asked) -> list[tuple[str, str]]:
        text = asked.query + ("&" + asked.body.decode("latin-1") if asked.body else "")
        return pairs(text, encoding="latin-1")


@hist("022 024 025 029")
class twice_decoded(Pbx):
    def raw_pairs(self, asked: Asked) -> list[tuple[str, str]]:
        return [(n, decoded(v)) for n, v in super().raw_pairs(asked)]


@hist("022 024 025 029 T13")
class semicolon_cuts(Pbx):
    def raw_pairs(self, asked: Asked) -> list[tuple[str, str]]:
        return [(n, v.split(";")[0]) for n, v in super().raw_pairs(asked)]


@hist("022 029 025 024")
class values_cut_at_8(Pbx):
    """The column of the filter is eight characters wide."""

    def keep(self, call: Row, name: str, want: str, p: dict[str, str]) -> bool:
        return bool(call[name][:8] == want[:8])


@hist("022 032")
class callerid_ignored_with_state(Pbx):
    def keep(self, call: Row, name: str, want: str, p: dict[str, str]) -> bool:
        if name == "CallerId" and p.get("State"):
            return True
        return super().keep(call, name, want, p)


@hist("032")
class any_of_two(Pbx):
    def filtered(self, calls: list[Row], p: dict[str, str]) -> list[Row]:
        since = self.since(p)
        given = [n for n in EXACT if p.get(n)]
        super().filtered(calls[:1], p)
        return [c for c in calls if (since is None or c["StartTime"] >= since)
                and (not given or any(c[n] == p[n] for n in given))]  # fmt: skip


@hist("032 027 022 023 024 025 029")
class from_ignored_with_source(Pbx):
    def late_enough(self, call: Row, since: datetime, p: dict[str, str]) -> bool:
        return bool(p.get("Source")) or super().late_enough(call, since, p)


@hist("029 036 037 038 039 022 032 034")
class source_ignored_on_later_pages(Pbx):
    def keep(self, call: Row, name: str, want: str, p: dict[str, str]) -> bool:
        return (name == "Source" and shown_late(p)) or super().keep(call, name, want, p)


@hist("027 037 036 038 039 032")
class from_ignored_on_later_pages(Pbx):
    def late_enough(self, call: Row, since: datetime, p: dict[str, str]) -> bool:
        return shown_late(p) or super().late_enough(call, since, p)


@hist("029 038 032 034")
class source_ignored_with_rows_per_page(Pbx):
    def keep(self, call: Row, name: str, want: str, p: dict[str, str]) -> bool:
        return (name == "Source" and p.get("RowsPerPage") == "1") or super().keep(call, name, want, p)


@hist("027", normal=True)
class from_by_day(Pbx):
    def late_enough(self, call: Row, since: datetime, p: dict[str, str]) -> bool:
        return bool(call["StartTime"].date() >= since.date())


@hist("027")
class from_by_minute(Pbx):
    def late_enough(self, call: Row, since: datetime, p: dict[str, str]) -> bool:
        return bool(call["StartTime"].replace(second=0) >= since.replace(second=0))


@hist("027")
class from_one_second_early(Pbx):
    def late_enough(self, call: Row, since: datetime, p: dict[str, str]) -> bool:
        return bool(call["StartTime"] >= since - timedelta(seconds=1))


@hist("027 028")
class from_one_second_late(Pbx):
    """Keeps only calls more than a second after."""

    def late_enough(self, call: Row, since: datetime, p: dict[str, str]) -> bool:
        return bool(call["StartTime"] > since + timedelta(seconds=1))


@hist("027 012")
class from_other_zone(Pbx):
    def late_enough(self, call: Row, since: datetime, p: dict[str, str]) -> bool:
        return bool(call["StartTime"] >= since + timedelta(hours=1))


@hist("027")
class from_by_time_of_day(Pbx):
    def late_enough(self, call: Row, since: datetime, p: dict[str, str]) -> bool:
        return bool(call["StartTime"].date() > since.date() or call["StartTime"].time() >= since.time())


@hist("027")
class from_as_text_of_another_format(Pbx):
    def __init__(self) -> None:
        super().__init__()
        self.rows = history(self.size, days=90)

    def late_enough(self, call: Row, since: datetime, p: dict[str, str]) -> bool:
        return call["StartTime"].strftime("%d.%m.%Y %H:%M:%S") >= since.strftime("%d.%m.%Y %H:%M:%S")


@hist("027")
class from_is_to(Pbx):
    def late_enough(self, call: Row, since: datetime, p: dict[str, str]) -> bool:
        return bool(call["StartTime"] <= since)


@hist("027")
class from_ignored(Pbx):
    def late_enough(self, call: Row, since: datetime, p: dict[str, str]) -> bool:
        return True


@hist("027")
class from_12_hours(Pbx):
    def since(self, p: dict[str, str]) -> datetime | None:
        when = super().since(p)
        return when.replace(hour=when.hour % 12) if when else None


@hist("027")
class from_plus_not_decoded(Pbx):
    """The date is cut at the space."""

    def since(self, p: dict[str, str]) -> datetime | None:
        raw = p.get("From", "")
        return super().since(p | {"From": raw[:10] + " 00:00:00"} if raw[10:11] == " " else p)


@hist("026")
class direction_outbound_adds_external(Pbx):
    def keep(self, call: Row, name: str, want: str, p: dict[str, str]) -> bool:
        if name == "Direction" and want == "Outbound":
            return call["Direction"] in ("Outbound", "External")
        return super().keep(call, name, want, p)


@hist("026")
class direction_inbound_is_not_internal(Pbx):
    def keep(self, call: Row, name: str, want: str, p: dict[str, str]) -> bool:
        if name == "Direction" and want == "Inbound":
            return bool(call["Direction"] != "Internal")
        return super().keep(call, name, want, p)


@hist("026")
class direction_external_gives_internal_too(Pbx):
    def keep(self, call: Row, name: str, want: str, p: dict[str, str]) -> bool:
        return (name == "Direction" and want == "External") or super().keep(call, name, want, p)


@hist("038")
class total_before_filter(Pbx):
    def total(self, calls: list[Row], kept: list[Row], shown: list[Row], p: dict[str, str]) -> int:
        return len(calls)


@hist("038 039")
class total_of_page(Pbx):
    def total(self, calls: list[Row], kept: list[Row], shown: list[Row], p: dict[str, str]) -> int:
        return len(shown)


@hist("038 039")
class total_off_by_one_with_filter(Pbx):
    def total(self, calls: list[Row], kept: list[Row], shown: list[Row], p: dict[str, str]) -> int:
        return len(kept) + (0 < len(kept) < len(calls))


@hist("038 039")
class total_on_last_page_wrong(Pbx):
    def total(self, calls: list[Row], kept: list[Row], shown: list[Row], p: dict[str, str]) -> int:
        return len(kept) - (shown_late(p) and len(shown) > 0 and shown[-1] is kept[-1] and len(kept) > 1)


@hist("038 039")
class total_capped_at_100(Pbx):
    def total(self, calls: list[Row], kept: list[Row], shown: list[Row], p: dict[str, str]) -> int:
        return min(100, len(kept))


@hist("038 039")
class total_ignores_from(Pbx):
    def total(self, calls: list[Row], kept: list[Row], shown: list[Row], p: dict[str, str]) -> int:
        return len(self.filtered(calls, {k: v for k, v in p.items() if k != "From"}))


@hist("038 039")
class total_is_pages(Pbx):
    def total(self, calls: list[Row], kept: list[Row], shown: list[Row], p: dict[str, str]) -> int:
        size, _ = self.numbers(p)
        return -(-len(kept) // (size or 1))


@hist("009")
class total_with_separator(Pbx):
    size = 1500

    def history_body(self, total: int, shown: list[Row], p: dict[str, str]) -> str:
        return super().history_body(total, shown, p).replace(f">{total}<", f">{total:,}<", 1)


@hist("009")
class no_total_when_empty(Pbx):
    def history_body(self, total: int, shown: list[Row], p: dict[str, str]) -> str:
        text = super().history_body(total, shown, p)
        return text if total else text.replace("<TotalRecords>0</TotalRecords>", "")


@hist("010")
class no_container_when_empty(Pbx):
    def history_body(self, total: int, shown: list[Row], p: dict[str, str]) -> str:
        return super().history_body(total, shown, p) if shown else f"<TotalRecords>{total}</TotalRecords>"


@hist("035 037 036", normal=True)
class page_from_one(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        return super().page(calls, size, max(0, page - 1), p)


@hist("034")
class one_row_more(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        return calls[page * (size or 20) : (page + 1) * (size or 20) + 1]


@hist("034")
class one_row_more_only_from_size_100(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        size = size or 20
        return calls[page * size : (page + 1) * size + (size >= 100)]


@hist("034")
class size_ignored_with_filter(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        return calls if p.get("Source") and page == 0 else super().page(calls, size, page, p)


@hist("037 039")
class last_page_drops_a_row(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        rows = super().page(calls, size, page, p)
        return rows[:-1] if page and rows and rows[-1] is calls[-1] else rows


@hist("037 039 036")
class full_last_page_empty(Pbx):
    """When the size divides the total, the last page is empty."""

    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        size = size or 20
        if page and (page + 1) * size == len(calls):
            return []
        return super().page(calls, size, page, p)


@hist("037 036")
class pages_overlap_by_one(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        size = size or 20
        start = page * size - (1 if page else 0)
        return calls[start : start + size]


@hist("037 036")
class deep_pages_repeat(Pbx):
    """Beyond 100 rows the offset stands still."""

    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        size = size or 20
        start = min(page * size, 100)
        return calls[start : start + size]


@hist("037 039 036")
class deep_pages_empty_after_200(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        return super().page(calls[:200], size, page, p)


@hist("036 037 039")
class page_number_ignored(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        return super().page(calls, size, 0, p)


@hist("036 037 039")
class page_number_ignored_with_filter(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        filtered = any(p.get(n) for n in EXACT)
        return super().page(calls, size, 0 if filtered else page, p)


@hist("036 037 039")
class offset_uses_default_size(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        return calls[page * 20 : page * 20 + (size or 20)]


@hist("037 044 036")
class later_pages_reversed(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        rows = super().page(calls, size, page, p)
        return rows[::-1] if page else rows


@hist("037 044")
class sorted_in_page_only(Pbx):
    def ordered(self, calls: list[Row], p: dict[str, str]) -> list[Row]:
        return sorted(calls, key=lambda c: c["CallId"])

    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        return sorted(super().page(calls, size, page, p), key=lambda c: c["StartTime"])


@hist("044")
class one_row_out_of_order(Pbx):
    def ordered(self, calls: list[Row], p: dict[str, str]) -> list[Row]:
        return calls[:50] + calls[60:61] + calls[50:60] + calls[61:]


@hist("044 037")
class unsorted_with_filter(Pbx):
    def ordered(self, calls: list[Row], p: dict[str, str]) -> list[Row]:
        return sorted(calls, key=lambda c: c["CallId"]) if p.get("Direction") else calls


@hist("037 044 036")
class ties_at_random(Pbx):
    def ordered(self, calls: list[Row], p: dict[str, str]) -> list[Row]:
        rng = random.Random()
        return sorted(calls, key=lambda c: (c["StartTime"], rng.random()))


@hist("035 037 039")
class default_page_empty(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        return super().page(calls, size, page, p) if p.get("PageNumber") else []


@hist("035")
class default_is_last_page(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        if not p.get("PageNumber") and size:
            page = max(0, (len(calls) - 1) // size)
        return super().page(calls, size, page, p)


@hist("033")
class blank_state_matches_nothing(Pbx):
    def filtered(self, calls: list[Row], p: dict[str, str]) -> list[Row]:
        return [] if p.get("State") == "" else super().filtered(calls, p)


@hist("033")
class blank_from_is_refused(Pbx):
    def since(self, p: dict[str, str]) -> datetime | None:
        if p.get("From") == "":
            raise Refuse(302, "Parameter From of command ListCallHistory is invalid")
        return super().since(p)


@hist("045")
class call_id_twice(Pbx):
    def __init__(self) -> None:
        super().__init__()
        self.rows[130] = self.rows[130] | {"CallId": self.rows[30]["CallId"]}


@hist("037 039 038")
class a_row_only_in_filtered_lists(Pbx):
    def filtered(self, calls: list[Row], p: dict[str, str]) -> list[Row]:
        kept = super().filtered(calls, p)
        return kept if any(p.get(n) for n in EXACT) else [c for c in kept if c is not self.rows[77]]


class odd_row(Pbx):
    """One row of fifty is told otherwise."""

    at = 23
    every = 50

    def odd(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return fields

    def history_row(self, call: Row, index: int, p: dict[str, str]) -> list[tuple[str, str]]:
        fields = super().history_row(call, index, p)
        return self.odd(fields) if self.rows.index(call) % self.every == self.at else fields

    def put(self, fields: list[tuple[str, str]], name: str, text: str) -> list[tuple[str, str]]:
        return [(n, text if n == name else t) for n, t in fields]


@hist("011")
class one_row_lacks_type(odd_row):
    def odd(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [one for one in fields if one[0] != "Type"]


@hist("012")
class one_row_time_with_t(odd_row):
    def odd(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return self.put(fields, "StartTime", dict(fields)["StartTime"].replace(" ", "T"))


@hist("012")
class all_times_with_t(Pbx):
    def stamp(self, when: datetime) -> str:
        return when.isoformat()


@hist("012")
class impossible_date(odd_row):
    def odd(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return self.put(fields, "StartTime", "2025-11-31" + dict(fields)["StartTime"][10:])


@hist("012")
class american_dates(Pbx):
    def stamp(self, when: datetime) -> str:
        return when.strftime("%m/%d/%Y %H:%M:%S")


@hist("013")
class one_row_other_direction(odd_row):
    def odd(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return self.put(fields, "Direction", "In")


@hist("013 026")
class lower_case_directions(Pbx):
    def history_row(self, call: Row, index: int, p: dict[str, str]) -> list[tuple[str, str]]:
        return super().history_row(call | {"Direction": call["Direction"].lower()}, index, p)


@hist("015")
class one_row_blank_type(odd_row):
    def odd(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return self.put(fields, "Type", "")


@hist("014")
class one_row_odd_state(odd_row):
    def odd(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return self.put(fields, "State", "17")


@hist("052")
class row_element_is_callinfo(Pbx):
    def row_text(self, fields: list[tuple[str, str]]) -> str:
        return super().row_text(fields).replace("<Call>", "<CallInfo>").replace("</Call>", "</CallInfo>")


@hist("049 XML-SYNTAX")
class ampersand_raw(Pbx):
    def escape(self, text: str) -> str:
        return text.replace("<", "&lt;").replace(">", "&gt;")


@hist("049 022 XML-SYNTAX")
class twice_escaped(Pbx):
    def escape(self, text: str) -> str:
        return super().escape(super().escape(text))


@hist("049 TEXT-ENCODING XML-SYNTAX")
class latin1_bytes(Pbx):
    def encode(self, text: str) -> bytes:
        return text.encode("latin-1", "xmlcharrefreplace")


@hist("049 022")
class non_ascii_lost(Pbx):
    def encode(self, text: str) -> bytes:
        return text.encode("ascii", "replace")


@hist("005")
class other_root(Pbx):
    def document(self, code: int, message: str, body: str) -> str:
        return super().document(code, message, body).replace("<Response", "<Result").replace("</Response", "</Result")


@hist("006")
class error_without_code(Pbx):
    def head(self, code: int, message: str) -> str:
        return super().head(code, message) if code == 200 else f"<Message>{self.escape(message)}</Message>"


@hist("007")
class error_without_message(Pbx):
    def head(self, code: int, message: str) -> str:
        return super().head(code, message) if code == 200 else f"<Code>{code}</Code>"


@hist("006")
class code_is_word(Pbx):
    def head(self, code: int, message: str) -> str:
        return super().head(code, message) if code == 200 else f"<Code>ERR</Code><Message>{message}</Message>"


@hist("008")
class other_success_message(Pbx):
    def head(self, code: int, message: str) -> str:
        return super().head(code, "OK" if code == 200 else message)


@hist("003")
class errors_with_4xx(Pbx):
    def error_status(self, refused: Refuse) -> int:
        return {304: 401, 305: 401, 301: 404}.get(refused.code, 400)


@hist("003 HTTP-SERVER-ERRORS")
class errors_with_http_500(Pbx):
    def error_status(self, refused: Refuse) -> int:
        return 500


@hist("004")
class html_type(Pbx):
    def content_type(self) -> str:
        return "text/html"


@hist("004")
class no_type(Pbx):
    def content_type(self) -> str | None:
        return None


@hist("048 018")
class errors_with_rows(Pbx):
    def error(self, refused: Refuse, p: dict[str, str]) -> str:
        return self.document(refused.code, refused.message, self.history_body(3, self.rows[:3], p))


@hist("020")
class unknown_command_302(Pbx):
    def unknown_command(self, command: str) -> Refuse:
        return Refuse(302, "Parameter command is invalid")


@hist("020")
class unknown_command_lists(Pbx):
    def dispatch(self, command: str, p: dict[str, str]) -> str | None:
        return super().dispatch(command, p) or self.list_history(p)


@hist("019")
class wrong_password_is_304(Pbx):
    def authenticate(self, p: dict[str, str]) -> None:
        if p.get("Username") != self.user or p.get("Password") != self.password:
            raise Refuse(304, "Authentication required")


@hist("019")
class missing_credentials_is_401(Pbx):
    def missing_credentials(self, p: dict[str, str]) -> Refuse:
        return Refuse(401, "Unauthorized")


@hist("018", normal=True)
class password_prefix_is_enough(Pbx):
    def password_ok(self, password: str) -> bool:
        return self.password.startswith(password)


@hist("018")
class password_extended_is_fine(Pbx):
    def password_ok(self, password: str) -> bool:
        return password[: len(self.password)] == self.password


@hist("018")
class password_8_significant(Pbx):
    password = "Kp7vQ2xwLong99"

    def password_ok(self, password: str) -> bool:
        return password[:8] == self.password[:8]


@hist("018")
class password_without_case(Pbx):
    def password_ok(self, password: str) -> bool:
        return password.lower() == self.password.lower()


@hist("018")
class password_trimmed(Pbx):
    def password_ok(self, password: str) -> bool:
        return password.strip() == self.password


@hist("018 016")
class user_not_checked(Pbx):
    def user_ok(self, user: str) -> bool:
        return True


@hist("018")
class wrong_password_not_checked(Pbx):
    def password_ok(self, password: str) -> bool:
        return True


@hist("017 018")
class empty_password_passes(Pbx):
    def authenticate(self, p: dict[str, str]) -> None:
        if p.get("Username") == self.user and not p.get("Password"):
            return
        super().authenticate(p)


@hist("017 018")
class absent_password_passes(Pbx):
    def authenticate(self, p: dict[str, str]) -> None:
        if p.get("Username") == self.user and "Password" not in p:
            return
        super().authenticate(p)


@hist("016 018")
class absent_user_passes(Pbx):
    def authenticate(self, p: dict[str, str]) -> None:
        if "Username" not in p and p.get("Password") == self.password:
            return
        super().authenticate(p)


@hist("018 002 017")
class post_skips_password(Pbx):
    def run(self, p: dict[str, str], asked: Asked) -> str:
        self.posted = asked.method == "POST"
        return super().run(p, asked)

    def password_ok(self, password: str) -> bool:
        return self.posted or super().password_ok(password)


@hist("002", normal=True)
class post_ignores_filters(Pbx):
    def parse(self, asked: Asked) -> dict[str, str]:
        p = super().parse(asked)
        return {k: v for k, v in p.items() if k not in EXACT} if asked.method == "POST" else p


@hist("002")
class post_ignores_paging(Pbx):
    def parse(self, asked: Asked) -> dict[str, str]:
        p = super().parse(asked)
        return {k: v for k, v in p.items() if k != "RowsPerPage"} if asked.method == "POST" else p


@hist("002")
class post_refused(Pbx):
    def answer(self, asked: Asked) -> Told:
        if asked.method == "POST":
            return Told(b"", "application/xml", 405)
        return super().answer(asked)


@hist("002")
class post_plus_not_decoded(Pbx):
    def raw_pairs(self, asked: Asked) -> list[tuple[str, str]]:
        if asked.method == "POST":
            return pairs(asked.body.decode("latin-1"), plus=False)
        return super().raw_pairs(asked)


@hist("050")
class message_names_nothing(Pbx):
    def bad(self, name: str, value: str, p: dict[str, str]) -> Refuse | None:
        return Refuse(302, "Invalid")


@hist("023 029 022 024 025 030 031 T13 HTTP-SERVER-ERRORS")
class five_hundred_on_long_values(Pbx):
    def answer(self, asked: Asked) -> Told:
        if len(asked.query) > 700:
            return Told(b"oops", "text/plain", 500)
        return super().answer(asked)


@hist("037 036 039 044 HTTP-SERVER-ERRORS")
class every_tenth_answer_lacks_rows(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        rows = super().page(calls, size, page, p)
        return rows[:-1] if self.count % 10 == 9 else rows


# =============================================================== defects of the active calls

act = partial(defect, ACTIVE)


class odd_active(Pbx):
    at = 11

    def put(self, fields: list[tuple[str, str]], name: str, text: str) -> list[tuple[str, str]]:
        return [(n, text if n == name else t) for n, t in fields]

    def odd(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return fields

    def active_row(self, call: Row, now: float, index: int, p: dict[str, str]) -> list[tuple[str, str]]:
        fields = super().active_row(call, now, index, p)
        return self.odd(fields) if index == self.at else fields


@act("009")
class active_one_lacks_callee_dialed(odd_active):
    def odd(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return [one for one in fields if one[0] != "CalleeDialed"]


@correct(ACTIVE)
class active_cellee(Pbx):
    def element(self, name: str, text: str) -> str:
        return super().element("CelleeDialed" if name == "CalleeDialed" else name, text)


@act("010")
class active_one_time_with_offset(odd_active):
    def odd(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return self.put(fields, "StartTime", dict(fields)["StartTime"].replace(" ", "T") + "+00:00")


@act("011")
class active_one_ring_comma(odd_active):
    def odd(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return self.put(fields, "RingDuration", dict(fields)["RingDuration"].replace(".", ","))


@act("011 012")
class active_integer_durations(Pbx):
    def seconds(self, value: float) -> str:
        return str(int(value))


@act("029")
class active_one_talk_negative(odd_active):
    def odd(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return self.put(fields, "TalkDuration", "-1.000")


@act("011 012")
class active_two_digits(Pbx):
    def seconds(self, value: float) -> str:
        return f"{value:.2f}"


@act("014")
class active_talk_grows_while_ringing(Pbx):
    def durations(self, call: Row, now: float) -> tuple[float, float]:
        ring, talk = super().durations(call, now)
        return (ring, ring / 2) if call["ring"] == float("inf") else (ring, talk)


@act("016", normal=True)
class active_ring_grows_after_answer(Pbx):
    def durations(self, call: Row, now: float) -> tuple[float, float]:
        ring, talk = super().durations(call, now)
        return ring + talk * 0.4, talk * 0.6


@act("016")
class active_one_ring_grows_after_answer(Pbx):
    def durations(self, call: Row, now: float) -> tuple[float, float]:
        ring, talk = super().durations(call, now)
        return (ring + talk * 0.4, talk * 0.6) if call is self.talking() else (ring, talk)

    def talking(self) -> Row:
        return [c for c in self.live.fixed if c["ring"] != float("inf") and not c["hold"]][4]


@act("015")
class active_talk_falls(Pbx):
    def durations(self, call: Row, now: float) -> tuple[float, float]:
        ring, talk = super().durations(call, now)
        return ring, max(0.0, 900 - talk) if talk else 0.0


@act("016")
class active_ring_falls_while_ringing(Pbx):
    def durations(self, call: Row, now: float) -> tuple[float, float]:
        ring, talk = super().durations(call, now)
        return (max(0.0, 700 - ring), 0.0) if call["ring"] == float("inf") else (ring, talk)


@act("013")
class active_one_state_odd(odd_active):
    def odd(self, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return self.put(fields, "CallState", "7")


@act("017")
class active_call_twice(Pbx):
    def active_calls(self, now: float) -> list[Row]:
        calls = super().active_calls(now)
        return [*calls, calls[3]]


@act("017 006 018")
class active_ids_of_two_calls_alike(Pbx):
    def active_row(self, call: Row, now: float, index: int, p: dict[str, str]) -> list[tuple[str, str]]:
        other = self.live.fixed[0]["CallId"] if call is self.live.fixed[9] else call["CallId"]
        return super().active_row(call | {"CallId": other}, now, index, p)


@act("018 019", normal=True)
class active_call_missing_now_and_then(Pbx):
    def active_calls(self, now: float) -> list[Row]:
        calls = super().active_calls(now)
        return calls[:-1] if self.count % 3 == 0 else calls


@act("018 017")
class active_new_id_at_each_poll(Pbx):
    def active_row(self, call: Row, now: float, index: int, p: dict[str, str]) -> list[tuple[str, str]]:
        return super().active_row(call | {"CallId": f"{self.count % 1000:03d}{index:03d}"}, now, index, p)


@act("019 013", unseen="only the history or the operator knows that the call has ended")
class active_ended_stays(Pbx):
    churn = 2.0

    def active_calls(self, now: float) -> list[Row]:
        return self.live.fixed + [c for c in self.live.at(now - 5) if c not in self.live.fixed]


@act("019 013", unseen="the facts accept all nine states of the vendor's page")
class active_lists_completed(Pbx):
    def state(self, call: Row, now: float) -> str:
        return "Completed" if call is self.live.fixed[6] else super().state(call, now)


@act("007")
class active_no_container_when_empty(Pbx):
    active = 0

    def container(self, name: str, rows: str) -> str:
        return super().container(name, rows) if rows else ""


@act("008")
class active_callinfo(Pbx):
    def row_text(self, fields: list[tuple[str, str]]) -> str:
        return super().row_text(fields).replace("<Call>", "<CallInfo>").replace("</Call>", "</CallInfo>")


@act("XML-SYNTAX 009 006 018", alone="no answer can be read")
class active_ampersand_raw(Pbx):
    def escape(self, text: str) -> str:
        return text.replace("<", "&lt;").replace(">", "&gt;")


@act("005 020")
class active_code_201(Pbx):
    def head(self, code: int, message: str) -> str:
        return super().head(201 if code == 200 else code, message)


@act("020")
class active_success_message_differs(Pbx):
    def head(self, code: int, message: str) -> str:
        return super().head(code, message + "." if code == 200 else message)


@act("021")
class active_error_code_401(Pbx):
    def error(self, refused: Refuse, p: dict[str, str]) -> str:
        return self.document(401, refused.message, "")


@act("006")
class active_error_without_message(Pbx):
    def head(self, code: int, message: str) -> str:
        return super().head(code, message) if code == 200 else f"<Code>{code}</Code>"


@act("005")
class active_error_without_code(Pbx):
    def head(self, code: int, message: str) -> str:
        return super().head(code, message) if code == 200 else f"<Message>{message}</Message>"


@act("025")
class active_errors_with_4xx(Pbx):
    def error_status(self, refused: Refuse) -> int:
        return {304: 401, 305: 401, 301: 404}.get(refused.code, 400)


@act("025 HTTP-SERVER-ERRORS")
class active_errors_with_http_500(Pbx):
    def error_status(self, refused: Refuse) -> int:
        return 500


@act("025")
class active_plain_text(Pbx):
    def content_type(self) -> str:
        return "text/plain"


@act("004")
class active_password_without_case(Pbx):
    def password_ok(self, password: str) -> bool:
        return password.lower() == self.password.lower()


@act("004 002")
class active_user_not_checked(Pbx):
    def user_ok(self, user: str) -> bool:
        return True


@act("003 004")
class active_no_password_needed(Pbx):
    def authenticate(self, p: dict[str, str]) -> None:
        if "Password" in p:
            super().authenticate(p)


@act("024")
class active_post_empty(Pbx):
    def run(self, p: dict[str, str], asked: Asked) -> str:
        self.posted = asked.method == "POST"
        return super().run(p, asked)

    def active_calls(self, now: float) -> list[Row]:
        return [] if self.posted else super().active_calls(now)


@act("024")
class active_post_lacks_ringing(active_post_empty):
    def active_calls(self, now: float) -> list[Row]:
        calls = Pbx.active_calls(self, now)
        return [c for c in calls if c["ring"] != float("inf")] if self.posted else calls


@act("016 015 028 L4")
class active_start_moves(Pbx):
    """StartTime is the time of the reply."""

    def active_row(self, call: Row, now: float, index: int, p: dict[str, str]) -> list[tuple[str, str]]:
        fields = super().active_row(call, now, index, p)
        return [(n, time.strftime(FORMAT, time.gmtime(now)) if n == "StartTime" else t) for n, t in fields]


@act("011 012 015 016 L4")
class active_durations_in_milliseconds(Pbx):
    def seconds(self, value: float) -> str:
        return f"{int(value * 1000)}.000"


# =============================================================== what a later look at the pages brought


@act("018")
class active_newest_in_every_second_answer(Pbx):
    def active_calls(self, now: float) -> list[Row]:
        calls = super().active_calls(now)
        return calls[:-1] if self.count % 2 else calls


@act("015")
class active_talk_halved_in_every_third_answer(Pbx):
    def durations(self, call: Row, now: float) -> tuple[float, float]:
        ring, talk = super().durations(call, now)
        return ring, talk / 2 if self.count % 3 == 0 else talk


@act("012")
class active_talk_in_milliseconds(Pbx):
    def durations(self, call: Row, now: float) -> tuple[float, float]:
        ring, talk = super().durations(call, now)
        return ring, talk * 1000


@hist("005")
class history_in_a_namespace(Pbx):
    def declarations(self) -> str:
        return ' xmlns="http://pbx.example/api"'


@hist("037 034 036")
class history_large_pages_are_empty(Pbx):
    def page(self, calls: list[Row], size: int | None, page: int, p: dict[str, str]) -> list[Row]:
        return [] if size is not None and size > 2000 else super().page(calls, size, page, p)


@hist("HTTP-SERVER-ERRORS 003 022")
class history_apostrophes_break_it(Pbx):
    def calls(self, p: dict[str, str]) -> list[Row]:
        if "'" in p.get("CallerId", ""):
            raise Refuse(500, "SQL error", http=500)
        return super().calls(p)

    def error_status(self, refused: Refuse) -> int:
        return refused.http


@hist("038")
class history_no_total_on_later_pages(Pbx):
    def total(self, calls: list[Row], kept: list[Row], shown: list[Row], p: dict[str, str]) -> int:
        return 0 if p.get("PageNumber", "0") not in ("", "0") else super().total(calls, kept, shown, p)
