"""eTelecom ListCallLogs: a server written from the document, with habits and defects that can be switched on.

    python3 etelecom.py --port P --rows N --seed S [--now EPOCH] [--with name1,name2]

The printed base is $BASE_URL; the call is POST $BASE_URL.Etelecom/ListCallLogs (also under /v1/partner).
"""

from __future__ import annotations

import argparse
import base64
import bisect
import gzip
import json
import random
import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable
from urllib.parse import parse_qs, urlsplit

BASE_PATH = "/v1/shop"
ROUTES = ("/v1/shop.Etelecom/ListCallLogs", "/v1/partner.Etelecom/ListCallLogs")

# The first key sees the account "Ánh Dương" (all N calls, six extensions, three hotlines); the second one sees the
# account "Müller & Söhne" (about a quarter of N calls, three extensions, one hotline). Nobody sees both.
CREDENTIALS: list[dict[str, str]] = [
    {"API-KEY": "shop1183:kQ7vTzR2mW9xLb4N"},
    {"API-KEY": "shop2254:Yd3HsPf8cJ6uGe1A"},
]
# Ids that no row shows, per account: for questions with hotline_ids and department_id.
HOTLINE_IDS: list[list[str]] = [
    ["1130450000000000101", "1130450000000000102", "1130450000000000103"],
    ["1130450000000000201"],
]
DEPARTMENT_IDS: list[list[str]] = [["1140000000000000011", "1140000000000000012"], ["1140000000000000021"]]

STATES = ("unknown", "answered", "not_answered")
DIRECTIONS = ("unknown", "in", "out", "ext", "ext_in", "ext_out")
COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "less_than_or_equal_to": lambda a, b: a <= b,
    "greater_than_or_equal_to": lambda a, b: a >= b,
    "equal_to": lambda a, b: a == b,
    "less_than": lambda a, b: a < b,
    "greater_than": lambda a, b: a > b,
}
SORTS = ("started_at", "created_at", "updated_at")
DEFAULT_SORT = "-started_at"
HOUR, DAY = 3_600_000, 86_400_000  # all instants are milliseconds since 1970

HABITS: dict[str, str] = {
    "pretty_json": "The answer is indented by two blanks.",
    "spaced_json": "A blank follows every comma and colon of the answer.",
    "sorted_keys": "The keys of all objects come in alphabetical order.",
    "reversed_keys": "The keys of all objects come in the reverse order.",
    "ascii_escapes": "Everything beyond ASCII is written as \\uXXXX.",
    "slash_escapes": "Slashes are written as \\/.",
    "trailing_newline": "The body ends with a line feed.",
    "extra_fields": "Rows, targets and the envelope have further fields.",
    "empty_left_out": "Unset ids and times and empty texts of a row are left out.",
    "nulls_for_unset": "Unset ids and times of a row are null.",
    "unset_time_empty": "An unset time is an empty string.",
    "unset_id_empty": "An unset id is an empty string instead of 0.",
    "times_with_ms": "Times have milliseconds, as in the first example.",
    "times_with_nanos": "Times carry nine digits of a second, where they are not all zero; the data has such parts.",
    "times_plus7": "Times are written with the offset +07:00.",
    "text_ids": "The id of a call is a word such as cl_7f3a, not digits.",
    "small_ids": "The ids of calls are small numbers.",
    "chunked": "The body is sent in chunks.",
    "connection_close": "The server closes the connection after each answer.",
    "http_1_0": "The server speaks HTTP/1.0.",
    "cookie": "Each answer sets a cookie.",
    "charset": "The content type names the charset.",
    "gzip": "The body is packed when the client accepts gzip.",
    "more_headers": "Answers carry X-Request-Id, CORS, cache and rate limit headers.",
    "get_405": "Another method than POST is answered by 405 with Allow.",
    "options_204": "OPTIONS is answered by 204 with Allow.",
    "content_type_415": "Another content type is answered by 415.",
    "content_type_any": "The content type of the request does not matter.",
    "bad_key_403": "A wrong key is answered by 403 permission_denied.",
    "www_authenticate": "A 401 carries WWW-Authenticate.",
    "error_meta": "Errors carry a meta object.",
    "error_malformed": "Bad arguments have the code malformed.",
    "error_422": "Bad arguments are answered by 422.",
    "trailing_slash": "A slash at the end of the path is accepted.",
    "cap_100": "A limit beyond 100 is silently taken as 100.",
    "cap_error": "A limit beyond 1000 is refused.",
    "limit_zero_400": "A limit of 0 is refused.",
    "cursors_always": "next and prev are set on every page that has rows; beyond the end comes an empty page.",
    "cursor_plain": "Cursors are readable texts.",
    "cursor_long": "Cursors are some hundred characters long.",
    "cursor_token": "Cursors are random words that the server remembers.",
    "cursor_sort_strict": "A cursor of another sort is refused even when the request names no sort.",
    "echo_dot": "The echoed after of a first page is a dot.",
    "echo_sort_empty": "The echoed sort is empty when none was sent.",
    "ties_ascending": "Calls of the same instant come in ascending order of their ids.",
    "sort_default_created": "Newest means created_at; rows are created some seconds after the start of the call.",
    "dates_on_created": "The dates bound created_at, which is the same as or some seconds after started_at.",
    "date_to_exclusive": "date_to itself is outside of the range.",
    "date_to_on_ended": "date_to bounds the end of the call, date_from its start.",
    "dates_in_pairs": "One date alone is refused.",
    "reversed_dates_empty": "date_to before date_from gives an empty list.",
    "dates_lax": "Dates without an offset or without a time are accepted and taken as UTC+7.",
    "number_substring": "call_number finds a part of the caller or callee.",
    "number_digits_only": "call_number ignores blanks, plus and hyphens.",
    "texts_trimmed": "Blanks around texts of the filter are ignored.",
    "unknown_selects": "unknown as call_state or direction selects the calls whose state or direction is unknown.",
    "words_any_case": "The words of call_state and direction may be written in any case.",
    "bad_words_ignored": "An unknown word in call_state or direction filters nothing.",
    "strict_keys": "Unknown keys in the body are refused.",
    "strict_scheme": "The scheme must be written Bearer, with a capital.",
    "body_optional": "An empty body is taken as {}.",
    "query_unused": "Paging in the query string is not looked at, only the paging of the body.",
    "duration_talk_time": "duration counts from the moment of the answer.",
    "all_internal": "All calls are internal ones.",
    "all_outgoing": "All calls are outgoing ones.",
    "no_missed": "Every call was answered.",
    "all_missed": "No call was answered.",
    "one_extension": "Only one extension has calls.",
    "same_second": "All calls begin in the same second.",
    "long_history": "The calls lie in the last two years.",
    "no_texts": "No notes, contacts, recordings or external ids at all.",
    "new_calls": "A new call is added every five seconds.",
}


@dataclass(frozen=True)
class Defect:
    text: str
    quote: str
    must: bool


Q_EXT = "Danh sách máy nhánh"
Q_NUMBER = "Số gọi"
Q_HOTLINE = "Danh sách hotline"
Q_STATE = "Trạng thái cuộc gọi (unknown"
Q_FROM = 'Ngày bắt đầu (VD: "2021-03-10T17:07:19+07:00")'
Q_TO = 'Ngày kết thúc (VD: "2021-03-10T17:07:19+07:00")'
Q_WEB = "Lấy được khi thực hiện cuộc gọi ở web/mobile"
Q_EXT_ROW = "Id của máy nhánh"
Q_CALLEE = "Số điện thoại người nhận"
Q_CALLER = "Số điện thoại người gọi"
Q_DIR = "Hướng cuộc gọi (unknown"
Q_TARGETS = "Danh sách các máy nhánh liên quan"
Q_REC = "File ghi âm"
Q_PAGES = "Response trả về theo kiểu phân trang. Thông thường:"
Q_ORDER = "phần tử (call logs) / trang sắp xếp theo thứ tự mới nhất"
Q_LIMIT = "nếu muốn thay đổi."
Q_PAGING = "Response trả về sẽ kèm theo"
Q_NEXT = "ở request trên sẽ lấy được trang tiếp theo"
Q_PREV = "ở request trên sẽ lấy được trang trước (nếu có)."
Q_TENANT = "API này dùng để lấy lịch sử cuộc gọi trên tenant"
Q_KEY = "--header 'Authorization: Bearer $API-KEY'"
Q_OK = "A successful response"
Q_LTE = '"comparison": "less_than_or_equal_to"'
Q_TIME = '"started_at": "2019-08-24T14:15:22Z"'
D = Defect

DEFECTS: dict[str, Defect] = {
    # extension_ids
    "ext_ids_ignored": D("extension_ids has no effect.", Q_EXT, True),
    "ext_ids_first_only": D("Only the first of several extension_ids counts.", Q_EXT, True),
    "ext_ids_last_only": D("Only the last of several extension_ids counts.", Q_EXT, True),
    "ext_ids_number_column": D(
        "extension_ids is compared with the number of the extension, not its id.", Q_EXT, True
    ),
    "ext_ids_prefix": D("An id that begins with a wanted id is taken as well.", Q_EXT, True),
    "ext_ids_float": D("Ids pass through a float: neighbours that differ in the last digits match too.", Q_EXT, True),
    "ext_ids_with_state": D("extension_ids is ignored when call_state is set.", Q_EXT, True),
    "ext_ids_no_missed": D("With extension_ids, not answered calls are never found.", Q_EXT, True),
    "ext_ids_three_none": D("More than two extension_ids are treated as no filter.", Q_EXT, True),
    # call_number
    "number_ignored": D("call_number has no effect.", Q_NUMBER, True),
    "number_caller_only": D("call_number finds only callers.", Q_NUMBER, False),
    "number_callee_only": D("call_number finds only callees.", Q_NUMBER, False),
    "number_plus_lost": D("A call_number with a plus never matches, as the plus becomes a blank.", Q_NUMBER, True),
    "number_last_seven": D("Only the last seven digits of call_number are compared.", Q_NUMBER, True),
    "number_short_ignored": D(
        "A call_number of less than five digits (an extension) filters nothing.", Q_NUMBER, True
    ),
    "number_not_internal": D("call_number does not find internal calls.", Q_NUMBER, True),
    # hotline_ids
    "hotline_ignored": D("hotline_ids has no effect.", Q_HOTLINE, True),
    "hotline_first_only": D("Only the first of several hotline_ids counts.", Q_HOTLINE, True),
    "hotline_with_extension": D("hotline_ids is ignored when extension_ids is set.", Q_HOTLINE, True),
    # call_state
    "state_ignored": D("call_state has no effect.", Q_STATE, True),
    "state_inverted": D("call_state answered gives the not answered calls and the reverse.", Q_STATE, True),
    "state_not_answered_wide": D("not_answered also gives the calls whose state is unknown.", Q_STATE, True),
    "state_by_duration": D("answered means duration > 0: answered calls of 0 seconds are missed.", Q_STATE, True),
    "state_with_direction": D("call_state is ignored when direction is set.", Q_STATE, True),
    "state_after_paging": D("call_state is applied to the page: pages are too short.", Q_ORDER, True),
    "state_answered_refused": D("The word answered is refused as invalid.", "answered", True),
    # dates
    "from_ignored": D("date_from has no effect.", Q_FROM, True),
    "to_ignored": D("date_to has no effect.", Q_TO, True),
    "from_offset_dropped": D("The offset of date_from is dropped, the time taken as UTC.", Q_FROM, True),
    "to_offset_dropped": D("The offset of date_to is dropped, the time taken as UTC.", Q_TO, True),
    "offset_sign_lost": D("A negative offset is taken as a positive one.", Q_FROM, True),
    "offset_minutes_lost": D("The minutes of an offset (+05:30) are lost.", Q_FROM, True),
    "offset_refused": D("Dates with an offset are refused, only Z is accepted.", Q_FROM, True),
    "fraction_refused": D(
        "Dates with a fraction of a second are refused.", '"date_from": "2025-09-12T20:57:35.746Z"', True
    ),
    "from_whole_day": D("date_from is cut to the midnight (UTC) of its day.", Q_FROM, True),
    "to_whole_day": D("date_to is moved to the end (UTC) of its day.", Q_TO, True),
    "to_midnight": D("date_to is cut to the midnight of its day: the last day is missing.", Q_TO, True),
    "from_only_with_to": D("date_from alone has no effect.", Q_FROM, False),
    "from_lost_on_next": D("date_from is forgotten on pages reached by a cursor.", Q_FROM, True),
    "to_with_number": D("date_to is ignored when call_number is set.", Q_TO, True),
    "bad_date_500": D("A date that cannot be read is answered by 500.", Q_FROM, False),
    "default_window": D("Without dates only the last three days are given.", Q_TENANT, False),
    # external ids
    "external_id_ignored": D("external_id has no effect.", Q_WEB, True),
    "external_session_ignored": D("external_session_id has no effect.", Q_WEB, True),
    "external_id_wrong_column": D("external_id is looked up among the session ids.", Q_WEB, True),
    "external_id_prefix": D("external_id also finds ids that only begin with it.", Q_WEB, False),
    "external_session_one": D("external_session_id gives only the newest call of the session.", Q_WEB, False),
    # keys of the examples
    "direction_ignored": D("The direction of the filter has no effect.", '"direction": "in"', False),
    "direction_by_ending": D("direction in also finds ext_in, out also ext_out.", '"direction": "in"', False),
    "direction_ext_wide": D("direction ext also finds ext_in and ext_out.", Q_DIR, False),
    "user_ignored": D("user_id has no effect.", '"user_id": "<int64>"', False),
    "department_ignored": D("department_id has no effect.", '"department_id": "<int64>"', False),
    "duration_ignored": D("duration has no effect.", Q_LTE, False),
    "duration_lte_strict": D("less_than_or_equal_to does not take the equal ones.", Q_LTE, True),
    "duration_no_zero": D("less_than_or_equal_to leaves out the calls of 0 seconds.", Q_LTE, True),
    "duration_textual": D("A value sent as a text is compared as a text: 100 <= 20.", Q_LTE, True),
    "filters_or": D("Several filters are joined by or.", Q_OK, False),
    # paging
    "limit_ignored": D("limit has no effect.", Q_LIMIT, True),
    "limit_plus_one": D("A page has one row more than limit.", Q_LIMIT, True),
    "limit_one_default": D("A limit of 1 is taken as not given.", Q_LIMIT, True),
    "limit_cap_50": D("No page has more than 50 rows, whatever limit says.", Q_LIMIT, True),
    "limit_lost_on_next": D("limit is not used with a cursor, the page has 100 rows.", Q_LIMIT, True),
    "limit_echo_fixed": D("limit in the answer is always 100.", '"limit": 0', False),
    "limit_text_refused": D("limit as a text of digits is refused.", '"limit": "<integer>"', False),
    "default_50": D("Without limit a page has 50 rows.", Q_PAGES, True),
    "default_20_with_paging": D("With a paging object that has no limit a page has 20 rows.", Q_PAGES, True),
    "default_all_filtered": D("With a filter and no limit all rows come on one page.", Q_PAGES, True),
    "paging_missing_empty": D("An answer without rows has no paging.", Q_PAGING, True),
    "next_missing_partial": D("next is empty when the following page would not be full.", Q_NEXT, True),
    "next_skips_one": D("The page after next leaves out one row.", Q_NEXT, True),
    "next_repeats_one": D("The page after next begins with the last row of the page before.", Q_NEXT, True),
    "next_ties_lost": D("Rows of the same instant as the last row of a page are left out.", Q_NEXT, True),
    "next_ties_repeated": D("All rows of the instant of the last row come again on the next page.", Q_NEXT, True),
    "next_stops_at_200": D("next is empty after 200 rows though there are more.", Q_NEXT, True),
    "next_wraps": D("next of the last page leads to the first page.", Q_NEXT, True),
    "next_forgets_filter": D("Pages reached by a cursor are not filtered.", Q_NEXT, True),
    "next_missing_filtered": D("next is empty whenever a filter is set.", Q_NEXT, True),
    "after_ignored": D("after has no effect, always the first page comes.", Q_NEXT, True),
    "last_page_padded": D("The last page is filled with rows of the page before.", Q_NEXT, True),
    "prev_missing": D("prev is always empty.", Q_PREV, True),
    "prev_first_page": D("prev always leads to the first page.", Q_PREV, True),
    "prev_reversed": D("The page reached by prev is in the reverse order.", Q_PREV, True),
    "prev_overlaps": D(
        "The page reached by prev contains the first row of the page it was taken from.", Q_PREV, True
    ),
    "prev_same_as_next": D("prev is the same cursor as next.", Q_PREV, True),
    "prev_missing_on_last": D("prev is empty on the last page.", Q_PREV, True),
    "next_missing_after_prev": D("A page reached by prev has no next.", Q_NEXT, True),
    # order
    "oldest_first": D("The oldest calls come first.", Q_ORDER, True),
    "order_page_only": D("Rows are drawn by extension, only the page is sorted.", Q_ORDER, True),
    "order_by_id": D("Rows are ordered by id, which is not always the order of time.", Q_ORDER, True),
    "order_by_minute": D("Rows are ordered by the minute only.", Q_ORDER, True),
    "order_filtered": D("With call_state set the oldest calls come first.", Q_ORDER, True),
    "order_next_reversed": D("On pages reached by next the oldest row comes first.", Q_ORDER, True),
    "order_missed_late": D("Not answered calls are ordered an hour too early.", Q_ORDER, True),
    "sort_ignored": D("sort has no effect.", '"sort": "<string>"', False),
    "sort_updated_wrong": D("sort by updated_at sorts by started_at.", '"sort": "<string>"', False),
    # rows
    "caller_callee_swapped": D("caller and callee of incoming calls are exchanged.", Q_CALLER, True),
    "caller_callee_swapped_ext": D("caller and callee of ext_out calls are exchanged.", Q_CALLEE, True),
    "callee_empty_missed": D("callee is empty for not answered calls.", Q_CALLEE, True),
    "caller_of_other": D("One row in 50 shows the caller of another call.", Q_CALLER, True),
    "caller_plus_lost": D("The plus of international callers is lost, so the number is another one.", Q_CALLER, True),
    "direction_words": D("direction is inbound and outbound instead of in and out.", Q_DIR, True),
    "direction_ext_short": D("ext_in and ext_out are shown as in and out.", Q_DIR, True),
    "state_missed_word": D("not_answered is shown as missed.", Q_STATE, True),
    "state_long_wrong": D("Answered calls of more than an hour are shown as not_answered.", Q_STATE, True),
    "ext_id_number": D("extension_id holds the number of the extension.", Q_EXT_ROW, True),
    "ext_id_rounded": D("extension_id passes through a float and loses its last digits.", Q_EXT_ROW, True),
    "ext_id_empty_missed": D("extension_id is 0 for not answered calls.", Q_EXT_ROW, True),
    "ext_id_of_other": D("One row in 50 shows the extension_id of another extension.", Q_EXT_ROW, True),
    "recordings_text": D("A single recording is a text, not an array.", Q_REC, True),
    "recordings_first": D("Only the first of several recordings is given.", Q_REC, False),
    "recordings_of_other": D("One row in 20 shows the recordings of another call.", Q_REC, True),
    "targets_object": D("A single call target is an object, not an array.", Q_TARGETS, True),
    "targets_first": D("Only the first of several call targets is given.", Q_TARGETS, True),
    "targets_empty_missed": D("Not answered calls have no call targets.", Q_TARGETS, True),
    "targets_of_other": D("One row in 40 shows the call targets of another call.", Q_TARGETS, True),
    "targets_empty_old": D("Calls older than three days have no call targets.", Q_TARGETS, True),
    "target_answer_early": D(
        "answered_time lies before ring_time.", '"answered_time": "2019-08-24T14:15:22Z"', False
    ),
    "duration_ms": D("duration is given in milliseconds.", '"duration": 0', False),
    "duration_text": D("duration is a text.", '"duration": 0', False),
    "duration_wraps": D("duration begins at 0 again after an hour.", '"duration": 0', False),
    "times_local_as_utc": D("Times are those of UTC+7 though they end in Z.", Q_TIME, False),
    "times_12_hours": D("Hours of the afternoon are written as 01 to 12.", Q_TIME, False),
    "ended_wrong_day": D(
        "ended_at keeps the day of the start for calls over midnight.", '"ended_at": "2019-08-24T14:15:22Z"', False
    ),
    "note_entities": D("& and ' in notes are written as HTML entities.", '"note": "string"', False),
    "note_cut": D("Notes are cut after 20 characters.", '"note": "string"', False),
    "note_mojibake": D("Umlauts in notes are decoded wrongly.", '"note": "string"', False),
    "row_missing": D("One call in 50 is never given.", Q_TENANT, True),
    "row_twice": D("One call in 50 comes twice.", Q_TENANT, False),
    # tenants, credentials, envelope, state
    "tenant_all": D("The calls of all accounts are given.", Q_TENANT, True),
    "tenant_leak_number": D("With call_number the calls of all accounts are searched.", Q_TENANT, True),
    "tenant_leak_external": D("With external_id the calls of all accounts are searched.", Q_TENANT, True),
    "tenant_leak_next": D("Pages reached by a cursor contain the calls of all accounts.", Q_TENANT, True),
    "tenant_cache": D("Answers are remembered by the body only, not by the key.", Q_TENANT, True),
    "paging_cache": D("Answers are remembered for half a minute by key and paging, without the filter.", Q_OK, False),
    "filter_sticky": D("A request without filter uses the one of the request before on the connection.", Q_OK, False),
    "key_any": D("Any key is accepted.", Q_KEY, False),
    "key_optional": D("A request without key is accepted.", Q_KEY, False),
    "key_prefix": D("A key that only begins like a right one is accepted.", Q_KEY, False),
    "key_any_case": D("The key is compared without case.", Q_KEY, False),
    "key_raw_only": D("The key is accepted only without the word Bearer.", Q_KEY, True),
    "bad_json_200": D("A body that is no JSON is treated as {}.", "Content-Type: application/json", False),
    "bad_key_200": D("A wrong key is answered by 200 with an empty list.", Q_KEY, False),
    "rows_null": D("call_logs is null when there are no rows.", '"call_logs": [', False),
}

ON: set[str] = set()
TOKENS: dict[str, str] = {}
CACHE: dict[str, tuple[float, dict[str, Any]]] = {}
LOCK = threading.Lock()


def on(name: str) -> bool:
    return name in ON


class Refusal(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: str, msg: str) -> None:
        super().__init__(msg)
        self.status, self.code, self.msg = status, code, msg


def bad(msg: str) -> Refusal:
    return Refusal(422 if on("error_422") else 400, "malformed" if on("error_malformed") else "invalid_argument", msg)


# ---------------------------------------------------------------------------------------------------- the world


@dataclass(frozen=True)
class Extension:
    id: int
    number: str
    user_id: int
    department_id: int


@dataclass
class Target:
    add: int
    ring: int
    answered: int  # 0: not answered
    ended: int
    end_reason: str
    fail_code: int
    status: str
    number: str
    trunk: str


@dataclass
class Call:
    seq: int
    id: int
    account: int
    extension: Extension
    hotline_id: int  # 0: none (internal calls)
    direction: str
    state: str
    caller: str
    callee: str
    contact_id: int
    started_at: int
    ended_at: int
    created_at: int
    updated_at: int
    duration: int
    external_id: str
    external_session_id: str
    note: str
    recordings: list[str]
    targets: list[Target]
    other: Call | None = field(default=None, repr=False)  # another call of the account, for defects


EXTENSIONS: list[list[Extension]] = [
    [
        Extension(118234567890123450, "101", 1200000000000000301, 1140000000000000011),
        Extension(1182345678901234501, "102", 1200000000000000302, 1140000000000000011),
        Extension(1182345678901234502, "103", 1200000000000000302, 1140000000000000011),
        Extension(1182345678901234533, "104", 1200000000000000303, 1140000000000000012),
        Extension(1183999000000000777, "1105", 1200000000000000304, 1140000000000000012),
        Extension(1190000000123456789, "1106", 1200000000000000305, 1140000000000000012),
    ],
    [
        Extension(1225400000000000901, "101", 1200000000000000401, 1140000000000000021),
        Extension(1225400000000000902, "102", 1200000000000000402, 1140000000000000021),
        Extension(1225400000000000950, "201", 1200000000000000403, 1140000000000000021),
    ],
]
CUSTOMERS = (
    ["+1212555%04d" % n for n in range(100, 112)]
    + ["+1415555%04d" % n for n in range(104, 116)]
    + ["+447700900%03d" % n for n in range(118, 990, 97)]
    + ["07700900461", "4155550107", "anonymous"]
)
NOTES = (
    "",
    "",
    "",
    "Khách hàng hỏi về hoá đơn tháng 9",
    "Rückruf für Frau Größe-Müller, Straße 7",
    "50 % discount & more",
    "under_score and O'Brien",
    'Said "call me back" <urgent>',
    "ok",
    "C:\\temp \\ slash / slash",
    "Đã gọi lại",
    "A long note: " + "the customer explained the whole story from the beginning, " * 6,
    " leading blank",
    "été à Orléans",
)
TRUNKS = ("SIP-HCM-01", "SIP-HN-02", "Trunk Müller & Co")


def make_call(rng: random.Random, seq: int, account: int, call_id: int, started: int, now: int) -> Call:
    exts = EXTENSIONS[account]
    ext = exts[0] if on("one_extension") else rng.choice(exts)
    direction = rng.choices(DIRECTIONS, (2, 40, 34, 10, 8, 6))[0]
    if on("all_internal"):
        direction = rng.choice(("ext", "ext_in", "ext_out"))
    if on("all_outgoing"):
        direction = "out"
    state = rng.choices(STATES, (3, 68, 29))[0]
    if on("no_missed"):
        state = "answered"
    if on("all_missed"):
        state = "not_answered"
    customer = rng.choice(CUSTOMERS)
    other = rng.choice([e for e in exts if e is not ext])
    caller, callee = {
        "in": (customer, ext.number),
        "out": (ext.number, customer),
        "unknown": (customer, ext.number),
        "ext": (ext.number, other.number),
        "ext_in": (other.number, ext.number),
        "ext_out": (ext.number, other.number),
    }[direction]
    ring = rng.randint(2, 25)
    length = rng.choices((rng.randint(30, 240), rng.randint(240, 1500), rng.randint(3605, 7600), 0), (70, 20, 5, 5))[
        0
    ]
    if started % DAY >= DAY - 60_000:
        length = max(length, 150)  # a call over midnight
    if state != "answered":
        length = ring
    length = max(0, min(length, (now - started) // 1000 - 3))
    ring = min(ring, length)
    ended = started + length * 1000
    answered = started + ring * 1000 if state == "answered" else 0
    trunk = rng.choice(TRUNKS) if direction in ("in", "out", "unknown") else ""
    reason, fail = (
        ("NORMAL_CLEARING", 0)
        if state == "answered"
        else rng.choice((("NO_ANSWER", 480), ("USER_BUSY", 486), ("ORIGINATOR_CANCEL", 487)))
    )
    involved = [ext] + ([other] if direction.startswith("ext") else [])
    if direction == "in" and rng.random() < 0.35:
        involved += rng.sample([e for e in exts if e is not ext], min(2, len(exts) - 1))
    targets = [
        Target(
            started,
            started + min(1, ring) * 1000,
            answered if i == 0 or direction != "in" else 0,
            ended if i == 0 or direction != "in" else started + ring * 1000,
            reason if i == 0 or direction != "in" else "LOSE_RACE",
            fail,
            state if i == 0 or direction != "in" else "not_answered",
            e.number,
            trunk,
        )
        for i, e in enumerate(involved)
    ]
    web = rng.random() < 0.6 and not on("no_texts")
    recordings: list[str] = []
    if state == "answered" and length > 0 and not on("no_texts"):
        recordings = [
            f"https://recordings.example.net/{account + 1}/{call_id}-{part + 1}.mp3?sig=a%2Fb&x=1"
            for part in range(rng.choices((0, 1, 2), (15, 70, 15))[0])
        ]
    lag = rng.randint(0, 4) * 1000 if on("sort_default_created") or on("dates_on_created") else 0
    updated = min(now, ended + rng.choice((0, 1000, 2000, rng.randint(3, 200_000) * 1000)))
    hotlines = HOTLINE_IDS[account]
    return Call(
        seq=seq,
        id=call_id,
        account=account,
        extension=ext,
        direction=direction,
        state=state,
        caller=caller,
        hotline_id=int(rng.choice(hotlines)) if direction in ("in", "out", "unknown") else 0,
        callee=callee,
        contact_id=1300000000000000000 + CUSTOMERS.index(customer)
        if rng.random() < 0.5 and not on("no_texts")
        else 0,
        started_at=started,
        ended_at=ended,
        created_at=started + lag,
        updated_at=max(updated, ended, started + lag),
        duration=(length - ring if on("duration_talk_time") else length) if state == "answered" else 0,
        external_id=str(uuid.UUID(int=rng.getrandbits(128), version=4)) if web else "",
        external_session_id=f"S{rng.getrandbits(60):015x}" if web else "",
        note="" if on("no_texts") else rng.choice(NOTES),
        recordings=recordings,
        targets=targets,
    )


def make_account(rng: random.Random, account: int, count: int, now: int) -> list[Call]:
    span = (6 if count <= 400 else 20) * DAY
    if on("long_history"):
        span = 730 * DAY
    latest = (now - 300_000) // 1000 * 1000
    starts = sorted(latest - rng.randrange(0, span // 1000) * 1000 for _ in range(count))
    for i in range(1, count):
        if i % 19 == 7 or i % 80 in (50, 51, 52, 53):
            starts[i] = starts[i - 1]  # the same instant as the call before
        elif i % 60 == 33 and starts[i] // DAY * DAY - 20_000 > latest - span:
            starts[i] = starts[i] // DAY * DAY - 20_000  # just before midnight
    if on("same_second"):
        starts = [latest] * count
    starts.sort()
    if on("times_with_ms") or on("times_with_nanos"):
        starts = sorted(s + rng.choice((0, 7, 250, 746, 999)) if i % 5 else s for i, s in enumerate(starts))
    first = 1 + account * 100_000 if on("small_ids") else 1250000000000000000 + account * 10**15
    step = 1 if on("small_ids") else 1009
    ids = [first + i * step for i in range(count)]
    for i in range(5, count, 17):
        ids[i], ids[i - 3] = ids[i - 3], ids[i]  # calls that were recorded late
    calls = [make_call(rng, i, account, ids[i], starts[i], now) for i in range(count)]
    for i, call in enumerate(calls):
        call.other = calls[i - 1]
        if i % 12 == 5 and call.external_session_id and calls[i - 2].external_session_id:
            call.external_session_id = calls[i - 2].external_session_id  # a transferred call
    if on("new_calls") and count:
        base = max(ids) + step
        for i in range(720):
            begin = now + (i + 1) * 5000 - 20_000
            late = make_call(rng, count + i, account, base + i * step, begin, begin + 20_000)
            late.other = calls[-1]
            calls.append(late)
    return calls


class World:
    def __init__(self, rows: int, seed: int, now: float) -> None:
        self.start = int(now * 1000)
        self.clock = time.monotonic()
        rng = random.Random(f"etelecom-{seed}")
        counts = (rows, (rows + 3) // 4)
        self.accounts = [make_account(rng, i, n, self.start) for i, n in enumerate(counts)]
        self.shown: dict[int, dict[str, Any]] = {}  # rows never change, so each is made once
        self.ordered: dict[tuple[int, str, int], tuple[list[Call], list[tuple[int, int]]]] = {}

    def now(self) -> int:
        return self.start + int((time.monotonic() - self.clock) * 1000)

    def calls(self, account: int) -> list[Call]:
        """The calls of an account (-1: of all) as they are stored."""
        calls = self.accounts[account] if account >= 0 else [c for a in self.accounts for c in a]
        if on("new_calls"):
            now = self.now()
            calls = [c for c in calls if c.ended_at <= now]
        if on("row_missing"):
            calls = [c for c in calls if c.seq % 50 != 17]
        return calls

    def sorted_calls(self, account: int, sort: str) -> tuple[list[Call], list[tuple[int, int]]]:
        """All calls of an account in the wanted order, with their keys (ascending)."""
        calls = self.calls(account)
        slot = (account, sort, len(calls))
        if slot not in self.ordered:
            keyed = sorted(((sort_key(c, sort), c) for c in calls), key=lambda pair: pair[0])
            self.ordered[slot] = ([c for _, c in keyed], [k for k, _ in keyed])
        return self.ordered[slot]


def sort_key(call: Call, sort: str) -> tuple[int, int]:
    sign, name = (-1, sort[1:]) if sort.startswith("-") else (1, sort)
    if on("sort_updated_wrong") and name == "updated_at":
        name = "started_at"
    if sort == DEFAULT_SORT:
        if on("sort_default_created"):
            name = "created_at"
        if on("oldest_first"):
            sign = 1
        if on("order_by_id"):
            return -call.id, 0
        if on("order_by_minute"):
            return -(call.started_at // 60_000), call.id
        if on("order_page_only"):
            return call.extension.id, call.id
        if on("order_missed_late") and call.state == "not_answered":
            return -(call.started_at - HOUR), -call.id
    return sign * getattr(call, name), call.id if on("ties_ascending") else sign * call.id


# -------------------------------------------------------------------------------------------------- the request

STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[Tt](\d\d):(\d\d):(\d\d)(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)?")


def parse_time(text: Any, name: str) -> int | None:
    """Milliseconds of an RFC 3339 time; None when there is none."""
    if text is None or text == "":
        return None
    match = STAMP.fullmatch(text.strip() if on("texts_trimmed") else text) if isinstance(text, str) else None
    if not match or (not on("dates_lax") and not (match[4] and match[8])):
        if on("bad_date_500"):
            raise Refusal(500, "internal", "parsing time failed")
        raise bad(f"{name} is not an RFC 3339 time")
    if match[7] and on("fraction_refused"):
        raise bad(f"{name} is not a time")
    try:
        day = datetime(
            int(match[1]),
            int(match[2]),
            int(match[3]),
            int(match[4] or 0),
            int(match[5] or 0),
            int(match[6] or 0),
            tzinfo=timezone.utc,
        )
    except ValueError:
        raise bad(f"{name} is not a time") from None
    value = int(day.timestamp()) * 1000 + int(((match[7] or ".")[1:] + "000")[:3])
    zone = match[8] or "+07:00"
    if zone in "Zz":
        return value
    if on("offset_refused"):
        raise bad(f"{name} must end in Z")
    if on("from_offset_dropped") and name == "date_from" or on("to_offset_dropped") and name == "date_to":
        return value
    minutes = int(zone[1:3]) * 60 + (0 if on("offset_minutes_lost") else int(zone[4:6]))
    if zone[0] == "-" and not on("offset_sign_lost"):
        minutes = -minutes
    return value - minutes * 60_000


def parse_id(value: Any, name: str) -> int | None:
    """An int64, as digits in a text or as a number; None when there is none."""
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        text = value.strip() if on("texts_trimmed") else value
        if re.fullmatch(r"-?\d{1,19}", text, re.ASCII):
            return int(text)
    raise bad(f"{name} is not an int64")


def parse_ids(value: Any, name: str) -> list[int]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise bad(f"{name} must be a list")
    return [number for number in (parse_id(item, name) for item in value) if number is not None]


def parse_text(value: Any, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise bad(f"{name} must be a string")
    return value.strip() if on("texts_trimmed") else value


def parse_word(value: Any, name: str, words: tuple[str, ...]) -> str:
    """The word to select by; an empty text selects nothing in particular."""
    text = parse_text(value, name)
    if on("words_any_case"):
        text = text.lower()
    if text not in words + ("",):
        if on("bad_words_ignored"):
            return ""
        raise bad(f"invalid {name}: {text}")
    return "" if text == "unknown" and not on("unknown_selects") else text


Test = Callable[[Call], bool]


def parse_number(flt: dict[str, Any], tests: list[Test]) -> None:
    number = parse_text(flt.get("call_number"), "call_number")
    if on("number_plus_lost"):
        number = number.replace("+", " ")
    if not number or on("number_ignored") or (on("number_short_ignored") and len(number) < 5):
        return

    def ends(call: Call) -> list[str]:
        if on("number_not_internal") and call.direction.startswith("ext"):
            return []
        if on("number_caller_only"):
            return [call.caller]
        return [call.callee] if on("number_callee_only") else [call.caller, call.callee]

    if on("number_substring"):
        tests.append(lambda c: any(number in end for end in ends(c)))
    elif on("number_digits_only"):
        digits = re.sub(r"[ +()-]", "", number)
        tests.append(lambda c: any(digits == re.sub(r"[ +()-]", "", end) for end in ends(c)))
    elif on("number_last_seven"):
        tests.append(lambda c: any(number[-7:] == end[-7:] for end in ends(c)))
    else:
        tests.append(lambda c: number in ends(c))


def parse_extensions(flt: dict[str, Any], tests: list[Test]) -> None:
    ids = parse_ids(flt.get("extension_ids"), "extension_ids")
    if not ids or on("ext_ids_ignored") or (on("ext_ids_with_state") and flt.get("call_state")):
        return
    if on("ext_ids_first_only"):
        ids = ids[:1]
    if on("ext_ids_last_only"):
        ids = ids[-1:]
    if on("ext_ids_three_none") and len(ids) > 2:
        return
    if on("ext_ids_number_column"):
        tests.append(lambda c: int(c.extension.number) in ids)
    elif on("ext_ids_prefix"):
        tests.append(lambda c: any(str(c.extension.id).startswith(str(i)) for i in ids))
    elif on("ext_ids_float"):
        tests.append(lambda c: any(float(c.extension.id) == float(i) for i in ids))
    elif on("ext_ids_no_missed"):
        tests.append(lambda c: c.extension.id in ids and c.state != "not_answered")
    else:
        tests.append(lambda c: c.extension.id in ids)


def parse_dates(flt: dict[str, Any], tests: list[Test], paged: bool, now: int) -> None:
    begin = parse_time(flt.get("date_from"), "date_from")
    end = parse_time(flt.get("date_to"), "date_to")
    if on("dates_in_pairs") and (begin is None) != (end is None):
        raise bad("date_from and date_to must be given together")
    if begin is not None and end is not None and end < begin and not on("reversed_dates_empty"):
        raise bad("date_to is before date_from")
    if begin is None and end is None and on("default_window"):
        begin = now - 3 * DAY
    if on("from_whole_day") and begin is not None:
        begin = begin // DAY * DAY
    if on("to_whole_day") and end is not None:
        end = end // DAY * DAY + DAY - 1
    if on("to_midnight") and end is not None:
        end = end // DAY * DAY
    if on("from_ignored") or (on("from_lost_on_next") and paged) or (on("from_only_with_to") and end is None):
        begin = None
    if on("to_ignored") or (on("to_with_number") and flt.get("call_number")):
        end = None
    name = "created_at" if on("dates_on_created") else "started_at"
    if begin is not None:
        low = begin
        tests.append(lambda c: getattr(c, name) >= low)
    if end is not None:
        high = end - 1 if on("date_to_exclusive") else end
        name_to = "ended_at" if on("date_to_on_ended") else name
        tests.append(lambda c: getattr(c, name_to) <= high)


def parse_duration(flt: dict[str, Any], tests: list[Test]) -> None:
    duration = flt.get("duration")
    if duration is None:
        return
    if not isinstance(duration, dict):
        raise bad("duration must be an object")
    word = parse_text(duration.get("comparison"), "comparison")
    raw = duration.get("value")
    if word in ("", "unknow", "unknown"):
        return
    if word not in COMPARISONS:
        raise bad(f"invalid comparison: {word}")
    value = parse_id(raw, "value")
    if value is None:
        raise bad("duration has no value")
    if on("duration_ignored"):
        return
    compare, limit = COMPARISONS[word], value
    if word == "less_than_or_equal_to":
        if on("duration_lte_strict"):
            compare = COMPARISONS["less_than"]
        if on("duration_no_zero"):
            tests.append(lambda c: c.duration > 0)
        if on("duration_textual") and isinstance(raw, str):
            tests.append(lambda c: str(c.duration) <= raw)
            return
    tests.append(lambda c: compare(c.duration, limit))


def parse_state(flt: dict[str, Any], tests: list[Test]) -> None:
    state = parse_word(flt.get("call_state"), "call_state", STATES)
    if state == "answered" and on("state_answered_refused"):
        raise bad("invalid call_state: answered")
    if not state or on("state_ignored") or (on("state_with_direction") and flt.get("direction")):
        return
    if on("state_inverted"):
        state = {"answered": "not_answered", "not_answered": "answered"}.get(state, state)
    if on("state_not_answered_wide") and state == "not_answered":
        tests.append(lambda c: c.state != "answered")
    elif on("state_by_duration") and state == "answered":
        tests.append(lambda c: c.duration > 0)
    else:
        tests.append(lambda c: c.state == state)


def parse_direction(flt: dict[str, Any], tests: list[Test]) -> None:
    direction = parse_word(flt.get("direction"), "direction", DIRECTIONS)
    if not direction or on("direction_ignored"):
        return
    if on("direction_by_ending") and direction in ("in", "out"):
        tests.append(lambda c: c.direction.split("_")[-1] == direction)
    elif on("direction_ext_wide") and direction == "ext":
        tests.append(lambda c: c.direction.startswith("ext"))
    else:
        tests.append(lambda c: c.direction == direction)


def parse_filter(flt: dict[str, Any], paged: bool, now: int) -> list[Test]:
    tests: list[Test] = []
    parse_extensions(flt, tests)
    parse_number(flt, tests)
    hotlines = parse_ids(flt.get("hotline_ids"), "hotline_ids")
    if on("hotline_first_only"):
        hotlines = hotlines[:1]
    if hotlines and not on("hotline_ignored") and not (on("hotline_with_extension") and flt.get("extension_ids")):
        tests.append(lambda c: c.hotline_id in hotlines)
    parse_state(flt, tests)
    parse_dates(flt, tests, paged, now)
    external = parse_text(flt.get("external_id"), "external_id")
    if external and not on("external_id_ignored"):
        if on("external_id_wrong_column"):
            tests.append(lambda c: c.external_session_id == external)
        elif on("external_id_prefix"):
            tests.append(lambda c: c.external_id.startswith(external))
        else:
            tests.append(lambda c: c.external_id == external)
    session = parse_text(flt.get("external_session_id"), "external_session_id")
    if session and not on("external_session_ignored"):
        tests.append(lambda c: c.external_session_id == session)
    parse_direction(flt, tests)
    user = parse_id(flt.get("user_id"), "user_id")
    if user is not None and not on("user_ignored"):
        tests.append(lambda c: c.extension.user_id == user)
    department = parse_id(flt.get("department_id"), "department_id")
    if department is not None and not on("department_ignored"):
        tests.append(lambda c: c.extension.department_id == department)
    parse_duration(flt, tests)
    return tests


# -------------------------------------------------------------------------------------------------------- pages


@dataclass(frozen=True)
class Cursor:
    sort: str
    back: bool
    key: tuple[int, int]


def write_cursor(cursor: Cursor) -> str:
    text = json.dumps([cursor.sort, int(cursor.back), *cursor.key], separators=(",", ":"))
    if on("cursor_plain"):
        return f"{cursor.sort}:{int(cursor.back)}:{cursor.key[0]}:{cursor.key[1]}"
    if on("cursor_long"):
        text += " " * 300
    if on("cursor_token"):
        token = f"t{random.getrandbits(80):020x}"
        TOKENS[token] = text
        return token
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str, name: str) -> Cursor:
    try:
        if on("cursor_plain"):
            parts: list[Any] = list(text.split(":"))
        elif on("cursor_token"):
            parts = json.loads(TOKENS[text])
        else:
            if not re.fullmatch(r"[A-Za-z0-9_-]+=*", text):
                raise ValueError(text)
            bare = text.rstrip("=")
            parts = json.loads(base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4)))
        sort, back, first, second = parts
        if not isinstance(sort, str) or sort.removeprefix("-") not in SORTS:
            raise ValueError(text)
        return Cursor(sort, bool(int(back)), (int(first), int(second)))
    except (ValueError, KeyError, TypeError, OverflowError):
        raise bad(f"invalid cursor in {name}") from None


def parse_limit(paging: dict[str, Any], given: bool, filtered: bool, cursor: bool) -> int:
    raw = paging.get("limit")
    default = 50 if on("default_50") else 20 if on("default_20_with_paging") and given else 100
    if filtered and on("default_all_filtered"):
        default = 1_000_000
    if isinstance(raw, str) and raw and on("limit_text_refused"):
        raise bad("limit must be an integer")
    limit = parse_id(raw, "limit")
    if limit is not None and limit < 0 or limit == 0 and on("limit_zero_400"):
        raise bad("limit must be positive")
    if not limit or on("limit_ignored") or (limit == 1 and on("limit_one_default")):
        return default
    if limit > 1000 and on("cap_error"):
        raise bad("limit must not exceed 1000")
    if cursor and on("limit_lost_on_next"):
        return default
    return min(limit, 100 if on("cap_100") else 1000)


def parse_sort(paging: dict[str, Any], cursor: Cursor | None) -> str:
    sort = parse_text(paging.get("sort"), "sort")
    if sort and sort.removeprefix("-") not in SORTS:
        raise bad(f"can not sort by {sort}")
    if on("sort_ignored"):
        sort = ""
    if cursor and cursor.sort != (sort or (DEFAULT_SORT if on("cursor_sort_strict") else cursor.sort)):
        raise bad("the cursor belongs to another sort")
    return sort or (cursor.sort if cursor else DEFAULT_SORT)


def find_bounds(keys: list[tuple[int, int]], cursor: Cursor | None, back: bool, limit: int) -> tuple[int, int]:
    """The part of the rows that makes the page."""
    size = limit + 1 if on("limit_plus_one") else min(limit, 50) if on("limit_cap_50") else limit
    if cursor is None:
        return (max(0, len(keys) - size), len(keys)) if back else (0, min(size, len(keys)))
    if back:
        high = bisect.bisect_left(keys, cursor.key)
        if on("prev_overlaps"):
            high = min(high + 1, len(keys))
        if on("prev_first_page"):
            return 0, min(size, len(keys))
        return max(0, high - size), high
    low = bisect.bisect_right(keys, cursor.key)
    if on("next_skips_one"):
        low += 1
    if on("next_repeats_one"):
        low -= 1
    if on("next_ties_lost"):
        low = bisect.bisect_left(keys, (cursor.key[0] + 1, -(1 << 70)))
    if on("next_ties_repeated"):
        low = bisect.bisect_left(keys, (cursor.key[0], -(1 << 70)))
    low = min(max(low, 0), len(keys))
    if on("last_page_padded") and low + size > len(keys):
        low = max(0, len(keys) - size)
    return low, min(low + size, len(keys))


def find_links(keys: list[tuple[int, int]], low: int, high: int, sort: str, limit: int) -> tuple[str, str]:
    """next and prev of a page."""
    if low >= high:
        return "", ""
    following = write_cursor(Cursor(sort, False, keys[high - 1]))
    previous = write_cursor(Cursor(sort, True, keys[low]))
    if on("prev_same_as_next"):
        previous = following
    if not on("cursors_always"):
        following = following if high < len(keys) else ""
        previous = previous if low > 0 else ""
    if on("next_missing_partial") and len(keys) - high < limit or on("next_stops_at_200") and high >= 200:
        following = ""
    if on("next_wraps") and high == len(keys) and low > 0:
        following = "."
    if on("prev_missing") or (on("prev_missing_on_last") and high == len(keys)):
        previous = ""
    return following, previous


def check_keys(body: dict[str, Any]) -> None:
    known = {
        "": {"filter", "paging"},
        "paging": {"after", "before", "limit", "sort"},
        "filter": {
            "call_number",
            "call_state",
            "date_from",
            "date_to",
            "department_id",
            "direction",
            "duration",
            "extension_ids",
            "external_id",
            "external_session_id",
            "hotline_ids",
            "user_id",
        },
    }
    for part, names in known.items():
        for key in (body.get(part) or {}) if part else body:
            if key not in names:
                raise bad(f"unknown key {key}")


def part_of(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise bad(f"{name} must be an object")
    return dict(value or {})


def list_call_logs(world: World, account: int, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
    flt, paging = part_of(body, "filter"), part_of(body, "paging")
    if on("strict_keys"):
        check_keys(body)
    given = isinstance(body.get("paging"), dict)
    for name in () if on("query_unused") else ("after", "before", "limit", "sort"):
        if name in query and paging.get(name) in (None, ""):
            paging[name] = query[name]
    after, before = parse_text(paging.get("after"), "after"), parse_text(paging.get("before"), "before")
    if after and before:
        raise bad("after and before can not be used together")
    mark = after or before
    cursor = read_cursor(mark, "after" if after else "before") if mark not in ("", ".") else None
    if on("after_ignored") and after:
        cursor = None
    sort = parse_sort(paging, cursor)
    back = bool(before) or bool(cursor and cursor.back)
    tests = parse_filter(flt, cursor is not None, world.now())
    limit = parse_limit(paging, given, bool(tests), cursor is not None)
    if on("next_forgets_filter") and cursor:
        tests = []
    late: list[Test] = []
    if on("state_after_paging") and flt.get("call_state"):
        parse_state({"call_state": flt["call_state"]}, late)
        tests = parse_filter({**flt, "call_state": ""}, cursor is not None, world.now())
    if (
        on("tenant_all")
        or (on("tenant_leak_number") and flt.get("call_number"))
        or (on("tenant_leak_external") and flt.get("external_id"))
        or (on("tenant_leak_next") and cursor)
    ):
        account = -1
    order = "started_at" if on("order_filtered") and flt.get("call_state") and sort == DEFAULT_SORT else sort
    calls, keys = world.sorted_calls(account, order)
    if tests:
        join = any if on("filters_or") else all
        chosen = [i for i, call in enumerate(calls) if join(test(call) for test in tests)]
        calls, keys = [calls[i] for i in chosen], [keys[i] for i in chosen]
    if on("external_session_one") and flt.get("external_session_id"):
        calls, keys = calls[:1], keys[:1]
    low, high = find_bounds(keys, cursor, back, limit)
    following, previous = find_links(keys, low, high, sort, limit)
    page = [call for call in calls[low:high] if all(test(call) for test in late)]
    if on("next_missing_filtered") and tests or on("next_missing_after_prev") and cursor and back:
        following = ""
    if on("order_page_only") and sort == DEFAULT_SORT:
        page.sort(key=lambda c: (-c.started_at, -c.id))
    if on("order_next_reversed") and cursor and not back or on("prev_reversed") and cursor and back:
        page.reverse()
    if on("row_twice"):
        page = [call for call in page for _ in range(2 if call.seq % 50 == 17 else 1)]
    answer: dict[str, Any] = {"call_logs": [show_row(call, world) for call in page]}
    if not page and on("rows_null"):
        answer["call_logs"] = None
    if page or not on("paging_missing_empty"):
        answer["paging"] = {
            "after": "." if on("echo_dot") and not mark else after,
            "before": before,
            "limit": 100 if on("limit_echo_fixed") else limit,
            "next": following,
            "prev": previous,
            "sort": "" if on("echo_sort_empty") and not paging.get("sort") else sort,
        }
    if on("extra_fields"):
        answer["server_time"] = show_time(world.now())
    return answer


# --------------------------------------------------------------------------------------------------------- rows


def show_time(value: int) -> Any:
    if value == 0:
        return None if on("nulls_for_unset") else "" if on("unset_time_empty") else "0001-01-01T00:00:00Z"
    zone = "Z"
    if on("times_plus7"):
        value, zone = value + 7 * HOUR, "+07:00"
    if on("times_local_as_utc"):
        value += 7 * HOUR
    moment = datetime.fromtimestamp(value // 1000, timezone.utc)
    text = moment.strftime("%Y-%m-%dT%I:%M:%S" if on("times_12_hours") else "%Y-%m-%dT%H:%M:%S")
    if on("times_with_ms"):
        text += f".{value % 1000:03d}"
    if on("times_with_nanos") and value % 1000:
        text += f".{value % 1000:03d}000000"
    return text + zone


def show_id(value: int) -> Any:
    if value == 0:
        return None if on("nulls_for_unset") else "" if on("unset_id_empty") else "0"
    return str(value)


def show_target(target: Target) -> dict[str, Any]:
    answered = target.answered
    if on("target_answer_early") and answered:
        answered = target.ring - 3000
    shown = {
        "add_time": show_time(target.add),
        "answered_time": show_time(answered),
        "end_reason": target.end_reason,
        "ended_time": show_time(target.ended),
        "fail_code": target.fail_code,
        "ring_duration": ((target.answered or target.ended) - target.ring) // 1000,
        "ring_time": show_time(target.ring),
        "status": target.status,
        "target_number": target.number,
        "trunk_name": target.trunk,
    }
    if on("extra_fields"):
        shown["codec"] = "PCMA"
    return shown


def show_targets(call: Call, world: World) -> Any:
    source = call.other if on("targets_of_other") and call.seq % 40 == 11 and call.other else call
    targets = [show_target(target) for target in source.targets]
    if on("targets_first"):
        targets = targets[:1]
    if on("targets_empty_missed") and call.state == "not_answered":
        targets = []
    if on("targets_empty_old") and call.started_at < world.start - 3 * DAY:
        targets = []
    return targets[0] if on("targets_object") and len(targets) == 1 else targets


def show_recordings(call: Call) -> Any:
    source = call.other if on("recordings_of_other") and call.seq % 20 == 3 and call.other else call
    urls = source.recordings[:1] if on("recordings_first") else list(source.recordings)
    return urls[0] if on("recordings_text") and len(urls) == 1 else urls


def show_numbers(call: Call) -> tuple[str, str]:
    caller, callee = call.caller, call.callee
    if on("caller_callee_swapped") and call.direction == "in":
        caller, callee = callee, caller
    if on("caller_callee_swapped_ext") and call.direction == "ext_out":
        caller, callee = callee, caller
    if on("callee_empty_missed") and call.state == "not_answered":
        callee = ""
    if on("caller_of_other") and call.seq % 50 == 17 and call.other:
        caller = call.other.caller
    if on("caller_plus_lost"):
        caller = caller.lstrip("+")
    return caller, callee


def show_words(call: Call) -> tuple[str, str]:
    state, direction = call.state, call.direction
    if on("state_missed_word") and state == "not_answered":
        state = "missed"
    if on("state_long_wrong") and call.duration > 3600:
        state = "not_answered"
    if on("direction_words"):
        direction = {"in": "inbound", "out": "outbound"}.get(direction, direction)
    if on("direction_ext_short") and direction.startswith("ext_"):
        direction = direction[4:]
    return state, direction


def show_extension(call: Call) -> Any:
    if on("ext_id_number"):
        return call.extension.number
    if on("ext_id_rounded"):
        return str(int(float(call.extension.id)))
    if on("ext_id_empty_missed") and call.state == "not_answered":
        return "0"
    if on("ext_id_of_other") and call.seq % 50 == 17:
        exts = EXTENSIONS[call.account]
        return str(exts[exts.index(call.extension) - 1].id)
    return show_id(call.extension.id)


def show_duration(call: Call) -> Any:
    if on("duration_ms"):
        return call.duration * 1000
    if on("duration_wraps"):
        return call.duration % 3600
    return str(call.duration) if on("duration_text") else call.duration


def show_note(note: str) -> str:
    if on("note_entities"):
        note = note.replace("&", "&amp;").replace("'", "&#39;")
    if on("note_cut"):
        note = note[:20]
    return note.encode().decode("latin-1") if on("note_mojibake") else note


def show_row(call: Call, world: World) -> dict[str, Any]:
    if call.id not in world.shown:
        world.shown[call.id] = show_call(call, world)
    return world.shown[call.id]


def show_call(call: Call, world: World) -> dict[str, Any]:
    caller, callee = show_numbers(call)
    state, direction = show_words(call)
    ended = call.ended_at
    if on("ended_wrong_day"):
        ended = call.started_at // DAY * DAY + ended % DAY
    row: dict[str, Any] = {
        "call_state": state,
        "call_status": "P" if call.state == "answered" else "NS",
        "call_targets": show_targets(call, world),
        "callee": callee,
        "caller": caller,
        "contact_id": show_id(call.contact_id),
        "created_at": show_time(call.created_at),
        "direction": direction,
        "duration": show_duration(call),
        "ended_at": show_time(ended),
        "extension_id": show_extension(call),
        "external_id": call.external_id,
        "external_session_id": call.external_session_id,
        "id": f"cl_{call.id % 10**9 * 7919:x}" if on("text_ids") else str(call.id),
        "note": show_note(call.note),
        "recording_urls": show_recordings(call),
        "started_at": show_time(call.started_at),
        "updated_at": show_time(call.updated_at),
        "user_id": show_id(call.extension.user_id),
    }
    if on("extra_fields"):
        row["tags"], row["hotline_number"] = [], None
    if on("empty_left_out"):
        optional = ("contact_id", "note", "external_id", "external_session_id")
        row = {k: v for k, v in row.items() if k not in optional or v not in ("", "0", None)}
        for target in row["call_targets"] if isinstance(row["call_targets"], list) else []:
            if str(target["answered_time"]).startswith("0001"):
                del target["answered_time"]
    return row


# --------------------------------------------------------------------------------------------------------- HTTP


def reorder(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reorder(value[key]) for key in reversed(list(value))}
    return [reorder(item) for item in value] if isinstance(value, list) else value


def write_json(value: Any) -> bytes:
    if on("reversed_keys"):
        value = reorder(value)
    text = json.dumps(
        value,
        ensure_ascii=on("ascii_escapes"),
        sort_keys=on("sorted_keys"),
        indent=2 if on("pretty_json") else None,
        separators=None if on("pretty_json") or on("spaced_json") else (",", ":"),
    )
    if on("slash_escapes"):
        text = text.replace("/", "\\/")
    return (text + ("\n" if on("trailing_newline") else "")).encode()


def find_account(header: str | None) -> int:
    """The account of the key in the Authorization header."""
    if header is None and on("key_optional"):
        return 0
    refusal = Refusal(401, "unauthenticated", "a valid API key is needed")
    if not header:
        raise refusal
    scheme, _, key = header.strip().partition(" ")
    key = key.strip()
    if on("key_raw_only"):
        scheme, key = "Bearer", header.strip()
    if scheme != "Bearer" and (on("strict_scheme") or scheme.lower() != "bearer"):
        raise refusal
    for account, login in enumerate(CREDENTIALS):
        right = login["API-KEY"]
        if (
            key == right
            or on("key_prefix")
            and key[:12] == right[:12]
            or on("key_any_case")
            and key.lower() == right.lower()
        ):
            return account
    if on("key_any"):
        return 0
    raise Refusal(403, "permission_denied", "wrong API key") if on("bad_key_403") else refusal


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    world: World
    last_filter: Any = None

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            data = b""
            try:
                while size := int(self.rfile.readline().split(b";")[0].strip() or b"0", 16):
                    data += self.rfile.read(size)
                    self.rfile.readline()
            except ValueError:
                self.close_connection = True
                raise bad("bad chunk") from None
            while self.rfile.readline().strip():
                pass
            return data
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit():
            self.close_connection = True
            raise bad("bad Content-Length")
        return self.rfile.read(int(length))

    def work(self, raw: bytes) -> dict[str, Any]:
        parts = urlsplit(self.path)
        path = parts.path[:-1] if on("trailing_slash") and parts.path.endswith("/") else parts.path
        if path not in ROUTES:
            raise Refusal(404, "bad_route", f"no handler for path {parts.path}")
        if self.command != "POST":
            raise Refusal(405 if on("get_405") else 404, "bad_route", f"unsupported method {self.command}, only POST")
        account = 0
        try:
            account = find_account(self.headers.get("Authorization"))
        except Refusal:
            if on("bad_key_200") and self.headers.get("Authorization"):
                return {
                    "call_logs": [],
                    "paging": {"after": "", "before": "", "limit": 100, "next": "", "prev": "", "sort": DEFAULT_SORT},
                }
            raise
        kind = self.headers.get("Content-Type", "").split(";")[0].strip().lower()
        if kind != "application/json" and not on("content_type_any"):
            raise Refusal(415 if on("content_type_415") else 404, "bad_route", f"unexpected Content-Type: {kind}")
        try:
            body = json.loads(raw or b"{}" if on("body_optional") else raw)
        except ValueError:
            if not on("bad_json_200"):
                raise Refusal(400, "malformed", "the body is not JSON") from None
            body = {}
        if not isinstance(body, dict):
            raise bad("the body must be an object")
        if on("filter_sticky"):
            if body.get("filter") is None:
                body["filter"] = self.last_filter
            self.last_filter = body.get("filter")
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        slot = ""
        if on("tenant_cache"):
            slot = json.dumps([body, query], sort_keys=True)
        if on("paging_cache"):
            slot = json.dumps([account, body.get("paging"), query], sort_keys=True)
        with LOCK:
            if slot and slot in CACHE and CACHE[slot][0] > time.monotonic():
                return CACHE[slot][1]
            answer = list_call_logs(self.world, account, body, query)
            if slot:
                CACHE[slot] = (time.monotonic() + 30, answer)
        return answer

    def answer(self) -> None:
        status, value = 200, {}
        try:
            raw = self.read_body()
            if self.command == "OPTIONS" and on("options_204"):
                status = 204
            else:
                value = self.work(raw)
        except Refusal as refusal:
            status, value = refusal.status, {"code": refusal.code, "msg": refusal.msg}
            if on("error_meta"):
                value["meta"] = {"request": f"{self.command} {self.path}"}
        self.send(status, b"" if status == 204 else write_json(value))

    def send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "application/json" + ("; charset=utf-8" if on("charset") else ""))
        if status in (204, 405):
            self.send_header("Allow", "POST, OPTIONS" if on("options_204") else "POST")
        if status == 401 and on("www_authenticate"):
            self.send_header("WWW-Authenticate", 'Bearer realm="etelecom"')
        if on("cookie"):
            self.send_header("Set-Cookie", f"srv={random.getrandbits(40):x}; Path=/; HttpOnly")
        if on("more_headers"):
            self.send_header("X-Request-Id", f"{random.getrandbits(64):016x}")
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Cache-Control", "no-store")
            self.send_header("X-RateLimit-Remaining", "997")
        if on("gzip") and "gzip" in self.headers.get("Accept-Encoding", "") and status != 204:
            data = gzip.compress(data, 1)
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Vary", "Accept-Encoding")
        if on("connection_close"):
            self.send_header("Connection", "close")
            self.close_connection = True
        chunked = on("chunked") and self.request_version == "HTTP/1.1" and not on("http_1_0") and status != 204
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            if chunked:
                half = max(1, len(data) // 2)
                for piece in (data[:half], data[half:]):
                    if piece:
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")
            else:
                self.wfile.write(data)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = answer


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--now", type=float, default=None, help="the instant of the start, seconds since 1970")
    parser.add_argument("--with", dest="names", default="", help="habits and defects, separated by commas")
    options = parser.parse_args()
    names = {name.strip() for name in options.names.split(",") if name.strip()}
    strangers = names - HABITS.keys() - DEFECTS.keys()
    if strangers:
        parser.error("unknown names: " + ", ".join(sorted(strangers)))
    ON.update(names)
    Handler.world = World(options.rows, options.seed, time.time() if options.now is None else options.now)
    if on("http_1_0"):
        Handler.protocol_version = "HTTP/1.0"
    server = Server(("127.0.0.1", options.port), Handler)
    print(f"listening http://127.0.0.1:{server.server_address[1]}{BASE_PATH}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
