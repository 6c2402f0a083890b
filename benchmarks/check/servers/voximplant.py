#!/usr/bin/env python3
"""A call-history server that answers Voximplant's management method GetCallHistory.

Run:  python3 voximplant.py --port P --rows N --seed S [--now EPOCH] [--with name1,name2]

`--rows` is the number of sessions of the main account; its two child accounts and an unrelated account have more.
The names after `--with` come from HABITS (harmless differences) and DEFECTS (broken promises).
Endpoints: GET or POST /platform_api/GetCallHistory, or POST /platform_api with cmd=GetCallHistory.
"""

from __future__ import annotations

import argparse
import base64
import email
import gzip
import hashlib
import json
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

BASE_PATH = "/platform_api"
METHOD = "GetCallHistory"
ACTIVE: set[str] = set()


def on(name: str) -> bool:
    """Is this habit or defect switched on?"""
    return name in ACTIVE


# ---------------------------------------------------------------------------------------------------------------------
# accounts and logins

MAIN, CHILD_A, CHILD_B, STRANGER = 4010203, 4010311, 4010312, 4020777
CHILDREN: dict[int, list[int]] = {MAIN: [CHILD_A, CHILD_B]}
ALLOWED_ROLES = {"Owner", "Admin", "Developer", "Supervisor", "Support"}

RSA_N = int(
    "d15725a31f280cbe3893a8afa559f4876d34330ee474bd3fa1a8e34976cdf1c392088735459c1676c7c0b20473a71bb447500944cab22112"
    "46f504782ae0fd8d3f0c673100811346dbced75ea90ced6e8e334dc5ec624d019e165aab3607117f811113d2d4bcf3faf7cd76cd3fe7bb67"
    "57d6c191ad5d540a828c123d9deea4d9",
    16,
)
RSA_D = int(
    "23885b4718debf6afa4775f67a668e6efe4641f4612abf84b177ed3c670205eb603a3a58fc7bc6045b5b85dbe39595ca3fe081f23f4584ff"
    "8933c5927014c874866b9b0bea59eceb6d6c0753e3974add9444877e5ad99567ed1e3b17bcd670fabeec4b29c510238febf131b60a35fdf8"
    "7b498b497a653968818e8fd5c8454a41",
    16,
)
RSA_E = 65537
RSA_BYTES = 128
SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


@dataclass(frozen=True)
class Login:
    key_id: str
    account_id: int
    role: str


LOGINS: list[Login] = [
    Login("b1a7-owner", MAIN, "Owner"),
    Login("b1a7-admin", MAIN, "Admin"),
    Login("b1a7-devel", MAIN, "Developer"),
    Login("b1a7-super", MAIN, "Supervisor"),
    Login("b1a7-suppo", MAIN, "Support"),
    Login("c2d8-owner", CHILD_A, "Owner"),
    Login("e9f0-owner", STRANGER, "Owner"),
    Login("b1a7-books", MAIN, "Accountant"),
]
LOGIN_BY_KEY = {login.key_id: login for login in LOGINS}
API_KEYS = {MAIN: "5f0c-main-api-key", CHILD_A: "5f0c-child-api-key", STRANGER: "5f0c-stranger-api-key"}


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def padded_digest(signed: bytes) -> int:
    tail = SHA256_PREFIX + hashlib.sha256(signed).digest()
    return int.from_bytes(b"\x00\x01" + b"\xff" * (RSA_BYTES - len(tail) - 3) + b"\x00" + tail, "big")


def make_token(login: Login, issued: int = 1_700_000_000, expires: int = 4_102_444_800) -> str:
    """The signed JWT of a service account."""
    head = {"typ": "JWT", "alg": "RS256", "kid": login.key_id}
    claims = {"iss": login.account_id, "iat": issued, "exp": expires}
    signed = ".".join(b64url(json.dumps(part, separators=(",", ":")).encode()) for part in (head, claims))
    signature = pow(padded_digest(signed.encode()), RSA_D, RSA_N).to_bytes(RSA_BYTES, "big")
    return signed + "." + b64url(signature)


TOKENS: dict[str, Login] = {make_token(login): login for login in LOGINS}

# The header of each login that works. In this order:
#   0-4  five service accounts of the main account 4010203, with the roles Owner, Admin, Developer, Supervisor, Support:
#        each sees the sessions of 4010203 and, by child_account_id or children_calls_only, those of its children
#        4010311 and 4010312
#   5    the owner of the child account 4010311: sees that account's sessions only
#   6    the owner of the unrelated account 4020777: sees that account's sessions only
CREDENTIALS: list[dict[str, str]] = [
    {"Authorization": "Bearer " + token} for token, login in TOKENS.items() if login.role in ALLOWED_ROLES
]
# A genuine token whose role may not call the method (answered by error 104); not a login that works.
FORBIDDEN_CREDENTIALS: list[dict[str, str]] = [
    {"Authorization": "Bearer " + token} for token, login in TOKENS.items() if login.role not in ALLOWED_ROLES
]

# ---------------------------------------------------------------------------------------------------------------------
# catalogue of harmless differences

HABITS: dict[str, str] = {
    # serializer
    "json_pretty": "The JSON is indented by two spaces.",
    "json_spaced": "The JSON has a space after every comma and colon and ends with a line feed.",
    "json_ascii": "Every character beyond ASCII is written as a \\u escape.",
    "json_slash": "Slashes are escaped as \\/ in the manner of PHP.",
    "keys_sorted": "All keys are in alphabetical order.",
    "keys_reversed": "The envelope and the rows have their keys in the opposite order.",
    "cost_whole_int": "A cost without a fraction is written as an integer (0 rather than 0.0).",
    "cost_long": "Costs have many decimals (0.01230001) as floating-point sums have.",
    "null_for_absent": "Optional fields of a row that have no value are null rather than left out.",
    "empty_for_absent": "A session or call without custom data has an empty custom_data rather than none.",
    "extra_row_fields": "Rows, calls and records have further fields that the document does not name.",
    "extra_top_fields": "The envelope has further fields (server, request_id).",
    "empty_arrays": "Lists that were not asked for (calls, records, other_resource_usage) are there as empty arrays.",
    "lists_left_out": "A requested list that would be empty is left out of the row.",
    "end_reason_object": "end_reason is an object with code and details rather than a string.",
    "no_audio_quality": "audio_quality is left out.",
    "no_finish_reason": "finish_reason is left out.",
    "user_zero": "A session that no user started has user_id 0 rather than none.",
    # HTTP
    "error_status": "Errors have HTTP status 401, 403 or 400 rather than 200, with the same body.",
    "errors_array": "An error reply has an errors array of the same objects beside error.",
    "error_wordy": "The message of an error is longer and in German, with umlauts.",
    "error_codes_other": "Another integer code (101) is used for every fault of an argument.",
    "www_authenticate": "A refused login is answered by 401 with WWW-Authenticate: Bearer.",
    "chunked": "Answers come in chunked transfer encoding.",
    "connection_close": "Each answer closes the connection.",
    "http10": "The server speaks HTTP/1.0.",
    "cookie": "Each answer sets a cookie.",
    "charset_header": "The content type is spelled application/json;charset=UTF-8.",
    "bare_type": "The content type is application/json with no charset.",
    "gzip": "Answers are compressed if the client says that it accepts gzip.",
    "header_case": "Header names are in lower case.",
    "extra_headers": "Security, CORS and rate-limit headers are sent.",
    "head_answers": "HEAD is answered like GET without a body rather than by 405.",
    "options_405": "OPTIONS is answered by 405.",
    "no_slash": "A slash after the method name is not tolerated (error 103).",
    "get_refused": "Only POST is served; GET is answered by 405.",
    "body_ignored": "Parameters come from the query string only, as documented; a form in the body is not read.",
    "scheme_lower": "The authentication scheme is compared regardless of case (bearer, BEARER).",
    "legacy_api_key": "account_id with api_key is accepted in place of a token.",
    # readings of what is open
    "to_exclusive": "A session that starts exactly at to_date is not in the range.",
    "from_exclusive": "A session that starts exactly at from_date is not in the range.",
    "zone_utc_name": "The zone used when none is selected is called UTC rather than Etc/GMT.",
    "zone_berlin": "The zone used when none is selected is the account's own, Europe/Berlin, for parameters and rows.",
    "timezone_unknown": "There is no parameter timezone: it is ignored and the used zone stays Etc/GMT.",
    "count_clamped": "A count above 1000 is taken as 1000 rather than refused.",
    "offset_clamped": "An offset above 10000 is taken as 10000 rather than refused.",
    "count_zero_refused": "count=0 is an error.",
    "bad_number_default": "A negative or non-numeric count or offset is replaced by the default.",
    "bad_bool_default": "A word that is no boolean is taken as the default rather than refused.",
    "bool_yes": "yes, no, on, off are booleans as well.",
    "bool_strict": "Only true and false are booleans; 1 and 0 are refused.",
    "ids_truncated": "Of more than 1000 session IDs the first 1000 are used, without an error.",
    "unknown_param_error": "A parameter that is not known is an error.",
    "empty_value_error": "An optional parameter that is given without a value is an error.",
    "repeated_last": "Of a repeated parameter the last value counts.",
    "repeated_error": "A repeated parameter is an error.",
    "both_apps_error": "application_id together with application_name is an error.",
    "unknown_app_error": "An application that the account does not have is an error rather than an empty list.",
    "unknown_user_error": "A user that the account does not have is an error rather than an empty list.",
    "unknown_child_error": "An account that is no child is an error rather than an empty list.",
    "unknown_session_error": "A session ID that the account does not have is an error.",
    "app_name_caseless": "application_name is compared regardless of case.",
    "custom_data_part": "call_session_history_custom_data finds sessions whose custom data contains the text.",
    "custom_data_caseless": "call_session_history_custom_data is compared regardless of case.",
    "numbers_plus": "E.164 numbers are shown with a leading +, and filters take them with or without it.",
    "numbers_loose": "Spaces, hyphens and a leading + in the number filters do not matter.",
    "list_blanks_refused": "Blanks inside a list of integers are an error.",
    "list_empties_refused": "An empty item in a list of integers is an error.",
    "rnl_object": "remote_number_list may also be a JSON object, whose values are the numbers.",
    "rnl_plain": "A remote_number_list that is no JSON is split at semicolons.",
    "default_with_children": "Without child parameters the children's sessions are in the history too.",
    "child_plus_own": "child_account_id adds these children to the own sessions unless children_calls_only.",
    "ties_newest_id": "Sessions of one instant are in the order of descending IDs in both directions.",
    "ties_same": "Sessions of one instant are in the order of ascending IDs in both directions.",
    "order_by_id": "IDs are given when a session ends, and the order is that of the IDs.",
    "ids_unordered": "Session IDs have nothing to do with the order of time.",
    "ids_small": "Session IDs count up from 1.",
    "date_t": "Dates with a T between day and time are accepted as well.",
    "reversed_empty": "A from_date after to_date gives an empty list rather than an error.",
    "range_limit": "A range of more than 366 days is an error (code 569).",
    # data
    "data_no_missed": "Every call was successful.",
    "data_all_missed": "No call was successful.",
    "data_one_user": "One user started all sessions.",
    "data_no_user": "No user started any session.",
    "data_one_app": "There is one application per account.",
    "data_long_history": "The sessions are spread over a hundred days.",
    "data_one_second": "All sessions began in the same second.",
    "data_no_custom": "No session has custom data.",
    "data_no_records": "Nothing was recorded.",
    "data_many_calls": "Each session has four to seven calls.",
    "data_no_children": "The child accounts have no sessions.",
    "data_logs_expired": "All log links have expired: log_file_url is empty.",
}


# ---------------------------------------------------------------------------------------------------------------------
# catalogue of broken promises


@dataclass(frozen=True)
class Defect:
    text: str
    quote: str
    must: bool


Q_AUTH = "Pass the token in the `Authorization` header as a Bearer value"
Q_SIGNED = "uses signed JWT tokens generated from your service-account private key"
Q_ROLES = "Allowed roles: `Owner`, `Admin`, `Developer`, `Supervisor`, `Support`"
Q_ACCOUNT = "Gets the account's call history"
Q_INFO = "(including call duration, cost, logs and other call information)"
Q_FROM = "The from date in the selected timezone in 24-h format: YYYY-MM-DD HH:mm:ss"
Q_TO = "The to date in the selected timezone in 24-h format: YYYY-MM-DD HH:mm:ss"
Q_DATE = "You can filter the call history by a certain date"
Q_FROM_REQ = "from_datestringRequired"
Q_TO_REQ = "to_datestringRequired"
Q_IDS = "pass the session IDs to this parameter separated by a semicolon (;)"
Q_IDS_FOR = "To get the call history for the specific sessions"
Q_IDS_MAX = "The maximum number of records is 1000"
Q_APP = "To receive the call history for a specific application, pass the application ID to this parameter"
Q_APP_NAME = "The application name, can be used instead of application_id"
Q_USER = "pass the user ID list separated by semicolons (;)"
Q_USER_ONLY = "If it is specified, the output contains the calls from the listed users only"
Q_RULE = "To receive the call history for a specific routing rule, pass the rule name to this parameter"
Q_RULE_APP = "Applies only if you set application_id or application_name"
Q_REMOTE = "To receive a call history for a specific remote numbers, pass the number list separated by semicolons (;)"
Q_REMOTE_IS = "A remote number is a number on the client side"
Q_REMOTE_IGN = "Ignored if the remote_number_list parameter is not empty"
Q_RNL = "A JS array of strings of specific remote phone numbers"
Q_RNL_WINS = "Has higher priority than the remote_number parameter"
Q_RNL_EMPTY = "If the array is empty, the remote_number parameter is used instead"
Q_LOCAL = "To receive a call history for a specific local numbers, pass the number list separated by semicolons (;)"
Q_LOCAL_IS = "A local number is a number on the platform side"
Q_CUSTOM = "To filter the call history by the custom_data passed to the call sessions"
Q_CALLS = "Whether to receive a list of sessions with all calls within the sessions"
Q_CALLS_INFO = "including phone numbers, call cost and other information"
Q_CALLS_DEF = "with_callsbooleanOptionalDefaults to false"
Q_RECORDS = "Whether to get the calls' records"
Q_RECORDS_DEF = "with_recordsbooleanOptionalDefaults to false"
Q_OTHER = "Whether to get other resources usage"
Q_OTHER_DEF = "with_other_resourcesbooleanOptionalDefaults to true"
Q_CHILD = "The child account ID list separated by semicolons (;)"
Q_CHILDREN = "Whether to get the children account calls only"
Q_CHILDREN_DEF = "children_calls_onlybooleanOptionalDefaults to false"
Q_DESC = "Whether to get records in the descent order"
Q_DESC_DEF = "desc_orderbooleanOptionalDefaults to false"
Q_WITH_TOTAL = "Whether to include the ‘total_count’"
Q_WITH_TOTAL_DEF = "with_total_countbooleanOptionalDefaults to true"
Q_COUNT = "The number of returning records"
Q_COUNT_DEF = "countintegerOptionalDefaults to 20"
Q_COUNT_MAX = "The maximum value is 1000"
Q_OFFSET = "The number of records to skip in the output"
Q_OFFSET_DEF = "offsetintegerOptionalDefaults to 0"
Q_OFFSET_MAX = "The maximum value of 10000"
Q_RESULT = "The CallSessionInfoType records"
Q_RESULT_LIST = "resultlist of objects"
Q_TOTAL = "The total found call session count"
Q_RCOUNT = "The returned call session count"
Q_ZONE = "The used timezone"
Q_QUERY = "Query parameters"


def must(text: str, quote: str) -> Defect:
    return Defect(text, quote, True)


def hint(text: str, quote: str) -> Defect:
    return Defect(text, quote, False)


DEFECTS: dict[str, Defect] = {
    # logins
    "auth_none_ok": must("A request without Authorization is answered with the main account's history.", Q_AUTH),
    "auth_signature_unchecked": must("The signature of the token is not verified.", Q_SIGNED),
    "auth_signature_head": must("Only the first characters of the signature are compared.", Q_SIGNED),
    "auth_token_caseless": must("The token is looked up regardless of case.", Q_SIGNED),
    "auth_any_scheme": hint("The token is accepted under another scheme or with none.", Q_AUTH),
    "auth_post_open": must("POST requests with a wrong token are served as the main account.", Q_SIGNED),
    "auth_header_get_only": must("The Authorization header is not read for POST: a valid token is refused.", Q_AUTH),
    "auth_conn_sticky": must("A connection keeps its first login whatever later requests on it send.", Q_AUTH),
    "auth_fault_empty": hint("A refused login gets an empty successful answer rather than an error.", Q_SIGNED),
    "auth_support_refused": must("The role Support is refused.", Q_ROLES),
    "auth_supervisor_empty": must("The role Supervisor is let in and gets an empty history.", Q_ROLES),
    "auth_second_login_own": must("A login of another account gets the main account's sessions.", Q_ACCOUNT),
    "tenant_ids": must("call_session_history_id finds the sessions of any account.", Q_ACCOUNT),
    "tenant_numbers": must("remote_number searches the sessions of all accounts.", Q_ACCOUNT),
    "tenant_custom": must("The custom-data filter searches the sessions of all accounts.", Q_ACCOUNT),
    "tenant_child_any": must("child_account_id gives the sessions of any account, child or not.", Q_CHILD),
    "tenant_child_parent": must("A child account's login also gets the sessions of its parent.", Q_ACCOUNT),
    "tenant_total": must("total_count counts the sessions of all accounts if there is no filter.", Q_TOTAL),
    # dates
    "from_ignored": must("from_date has no effect.", Q_FROM),
    "to_ignored": must("to_date has no effect.", Q_TO),
    "from_missing_ok": must("A request without from_date is served from the oldest session on.", Q_FROM_REQ),
    "to_missing_ok": must("A request without to_date is served up to now.", Q_TO_REQ),
    "from_day_only": must("The time of day in from_date is dropped.", Q_FROM),
    "to_day_only": must("to_date always means the end of its day.", Q_TO),
    "from_12h": must("Hours from 13 on in from_date are read on a 12-h clock.", Q_FROM),
    "to_noon_12": must("In to_date the hour 12 is read as midnight.", Q_TO),
    "to_minute_only": must("The seconds of to_date are dropped.", Q_TO),
    "from_zone_hour": must("from_date is read one hour ahead of the zone that is used for the rows.", Q_FROM),
    "zone_params_utc": must("With a selected zone, from_date and to_date are read in UTC nevertheless.", Q_FROM),
    "zone_rows_utc": hint("With a selected zone, the dates of the rows stay in UTC.", Q_ZONE),
    "zone_echo_fixed": must("timezone is always Etc/GMT, also when another zone was used.", Q_ZONE),
    "zone_missing_empty": must("timezone is missing if nothing was found.", Q_ZONE),
    "midnight_lost": must("If from_date is a midnight, the sessions of that first hour are left out.", Q_FROM),
    "long_range_lost": must("A range of more than eight days loses its first day.", Q_DATE),
    "date_bad_ok": hint("A date in another format is ignored rather than refused.", Q_FROM),
    "to_desc_hour_lost": must("With desc_order the sessions of the last hour before to_date are missing.", Q_TO),
    # session IDs
    "ids_ignored": must("call_session_history_id has no effect.", Q_IDS_FOR),
    "ids_first_only": must("Only the first session ID counts.", Q_IDS),
    "ids_last_lost": must("Of three or more session IDs the last one is lost.", Q_IDS),
    "ids_comma": must("Session IDs are split at commas, so that a list with semicolons is refused.", Q_IDS),
    "ids_32bit": must("Session IDs are compared by their low 32 bits.", Q_IDS_FOR),
    "ids_max_50": must("More than 50 session IDs are refused.", Q_IDS_MAX),
    "ids_over_max_ok": hint("More than 1000 session IDs are all used.", Q_IDS_MAX),
    "ids_any_date": hint("With session IDs the dates have no effect.", Q_DATE),
    "ids_desc_ignored": must("desc_order has no effect together with session IDs.", Q_DESC),
    "ids_twice": hint("A session ID that is given twice gives its row twice.", Q_IDS_FOR),
    "ids_total_asked": must("With session IDs total_count is the number of IDs asked for.", Q_TOTAL),
    # applications and rules
    "app_ignored": must("application_id has no effect.", Q_APP),
    "app_name_ignored": must("application_name has no effect.", Q_APP_NAME),
    "app_name_prefix": must("application_name finds names that begin like it too (sales, sales-eu).", Q_APP_NAME),
    "app_with_user": must("application_id has no effect together with user_id.", Q_APP),
    "app_desc": must("application_name has no effect with desc_order.", Q_APP_NAME),
    "app_id_total": must("total_count does not take application_id into account.", Q_TOTAL),
    "rule_ignored": must("rule_name has no effect.", Q_RULE),
    "rule_without_app": must("rule_name applies without an application too.", Q_RULE_APP),
    "rule_not_with_name": must("rule_name has no effect if the application is given by name.", Q_RULE_APP),
    "rule_prefix": must("rule_name also finds rules whose name begins like it.", Q_RULE),
    "rule_no_umlaut": must("A rule name with characters beyond ASCII finds nothing.", Q_RULE),
    # users
    "user_ignored": must("user_id has no effect.", Q_USER_ONLY),
    "user_first_only": must("Only the first user ID counts.", Q_USER),
    "user_last_only": must("Only the last user ID counts.", Q_USER),
    "user_comma": must("User IDs are split at commas, so that a list with semicolons is refused.", Q_USER),
    "user_prefix": must(
        "user_id is compared as the beginning of the text, so that 3701 finds 37011 too.", Q_USER_ONLY
    ),
    "user_none_too": must("With user_id the sessions that no user started are in the output too.", Q_USER_ONLY),
    "user_total": must("total_count does not take user_id into account.", Q_TOTAL),
    "user_page_only": must("user_id is applied to the page after paging.", Q_OFFSET),
    # numbers
    "remote_ignored": must("remote_number has no effect.", Q_REMOTE),
    "remote_first_only": must("Only the first remote number counts.", Q_REMOTE),
    "remote_or_local": must("remote_number also finds sessions by their local numbers.", Q_REMOTE_IS),
    "remote_part": must("remote_number finds numbers that contain the text.", Q_REMOTE),
    "remote_first_call": hint("remote_number looks at the first call of each session only.", Q_REMOTE),
    "remote_missed_lost": hint("remote_number looks at successful calls only.", Q_REMOTE),
    "remote_digits": must("remote_number finds numbers of digits only, no user names and SIP addresses.", Q_REMOTE),
    "remote_last_digits": must("Remote numbers are compared by their last two digits.", Q_REMOTE),
    "rnl_ignored": must("remote_number_list has no effect.", Q_RNL),
    "rnl_loses": must("remote_number has priority over remote_number_list.", Q_RNL_WINS),
    "rnl_union": must("remote_number and remote_number_list are joined.", Q_REMOTE_IGN),
    "rnl_both": must("Both remote_number and remote_number_list must match.", Q_REMOTE_IGN),
    "rnl_empty_none": must("An empty remote_number_list finds nothing.", Q_RNL_EMPTY),
    "rnl_empty_all": must("With an empty remote_number_list remote_number has no effect.", Q_RNL_EMPTY),
    "rnl_first_only": must("Only the first element of remote_number_list counts.", Q_RNL),
    "rnl_local": must("remote_number_list is compared with the local numbers.", Q_REMOTE_IS),
    "local_ignored": must("local_number has no effect.", Q_LOCAL),
    "local_first_only": must("Only the first local number counts.", Q_LOCAL),
    "local_incoming": must("local_number looks at incoming calls only.", Q_LOCAL_IS),
    "local_column": must("local_number is compared with the remote numbers.", Q_LOCAL_IS),
    "local_with_remote": must("local_number has no effect together with remote_number.", Q_LOCAL),
    # custom data
    "custom_ignored": must("call_session_history_custom_data has no effect.", Q_CUSTOM),
    "custom_no_umlaut": must("Custom data with characters beyond ASCII is never found.", Q_CUSTOM),
    "custom_like": hint("% and _ in the custom data are wildcards.", Q_CUSTOM),
    "custom_20": must("Only the first 20 characters of the custom data are compared.", Q_CUSTOM),
    "custom_quote": must("Custom data with an apostrophe is refused.", Q_CUSTOM),
    "custom_of_calls": must("The custom data of the calls is compared, not that of the sessions.", Q_CUSTOM),
    "custom_amp": must("Custom data is cut at an ampersand before it is compared.", Q_CUSTOM),
    # flags
    "calls_default_true": must("calls are there unless with_calls=false.", Q_CALLS_DEF),
    "calls_never": must("with_calls=true gives no calls.", Q_CALLS),
    "calls_false_truthy": must("with_calls=false is taken as true.", Q_CALLS),
    "calls_first_only": must("Only the first call of each session is listed.", Q_CALLS),
    "calls_missed_lost": must("Calls that were not successful are not listed.", Q_CALLS),
    "calls_first_50": must("Beyond the 50th row of a page the calls are empty.", Q_CALLS),
    "calls_neighbour": must("The 13th row of a page has the calls of the 12th.", Q_CALLS),
    "calls_no_numbers": must("Calls to users have no remote_number.", Q_CALLS_INFO),
    "calls_no_cost": hint("Incoming calls have no cost.", Q_CALLS_INFO),
    "calls_cost_string": hint("The cost of a call is a string with a comma.", Q_CALLS_INFO),
    "calls_swapped": must("local_number and remote_number are swapped in outgoing calls.", Q_LOCAL_IS),
    "calls_remote_last": must("The last call of a session shows the session's first remote number.", Q_CALLS_INFO),
    "calls_desc_lost": must("With desc_order there are no calls.", Q_CALLS),
    "records_default_true": must("records are there unless with_records=false.", Q_RECORDS_DEF),
    "records_never": must("with_records=true gives no records.", Q_RECORDS),
    "records_need_calls": must("with_records has an effect only together with with_calls.", Q_RECORDS),
    "records_first_only": must("Only the first record of a session is listed.", Q_RECORDS),
    "records_no_url": hint("Records have no record_url.", "with calls and record URLs"),
    "other_default_false": must("Other resources are there only with with_other_resources=true.", Q_OTHER_DEF),
    "other_always": must("with_other_resources=false still gives other resources.", Q_OTHER),
    "other_not_with_calls": must("With with_calls=true the other resources are missing.", Q_OTHER_DEF),
    "other_neighbour": hint("Every tenth row of a page has the other resources of the row before.", Q_OTHER),
    # children
    "child_ignored": must("child_account_id has no effect.", Q_CHILD),
    "child_first_only": must("Only the first child account ID counts.", Q_CHILD),
    "children_ignored": must("children_calls_only=true has no effect.", Q_CHILDREN),
    "children_default_true": must("Without children_calls_only only children's sessions are given.", Q_CHILDREN_DEF),
    "children_all": must("With children_calls_only=true child_account_id has no effect.", Q_CHILD),
    "children_and_own": must("children_calls_only=true with desc_order gives the own sessions too.", Q_CHILDREN),
    "children_account_shown": hint("Children's rows carry the parent's account_id.", Q_CHILDREN),
    # order
    "desc_ignored": must("desc_order=true has no effect.", Q_DESC),
    "desc_default_true": must("The order is descending unless desc_order=false.", Q_DESC_DEF),
    "desc_page_only": must("desc_order turns only the page around.", Q_DESC),
    "desc_total": must("With desc_order total_count is one too small.", Q_TOTAL),
    "desc_count": must("With desc_order one row too few is returned.", Q_COUNT),
    "sort_textual": hint("The rows are in the order of the text of their IDs (10... before 9...).", Q_DESC),
    "sort_over_100": must("With more than 100 matches the rows are not sorted.", Q_DESC),
    "sort_time_of_day": must("Descending order compares the time of day before the day.", Q_DESC),
    "ties_unstable": must("Sessions of one instant change places with the offset: pages lose rows.", Q_OFFSET),
    # totals
    "total_default_false": must("total_count is there only with with_total_count=true.", Q_WITH_TOTAL_DEF),
    "total_always": must("with_total_count=false still gives total_count.", Q_WITH_TOTAL),
    "total_of_page": must("total_count is the number of rows of the page.", Q_TOTAL),
    "total_left": must("total_count counts the rows from the offset on.", Q_TOTAL),
    "total_so_far": must("total_count is offset plus the number of rows of the page.", Q_TOTAL),
    "total_beyond_zero": must("total_count is 0 if the offset is beyond the end.", Q_TOTAL),
    "total_capped": must("total_count never exceeds 100.", Q_TOTAL),
    "total_string": must("total_count is a string.", "total_countinteger"),
    "total_calls": must("With with_calls total_count counts calls rather than sessions.", Q_TOTAL),
    # paging
    "count_ignored": must("count has no effect.", Q_COUNT),
    "count_default_10": must("Without count 10 rows are returned.", Q_COUNT_DEF),
    "count_default_all": must("Without count up to 1000 rows are returned.", Q_COUNT_DEF),
    "count_one_more": must("count=1 returns two rows.", Q_COUNT),
    "count_max_100": must("A count above 100 is cut to 100.", Q_COUNT_MAX),
    "count_1000_refused": must("count=1000 is refused.", Q_COUNT_MAX),
    "count_is_end": must("count is taken as the number of the last row rather than of rows to return.", Q_COUNT),
    "count_requested": must("The count of the answer repeats the count of the request.", Q_RCOUNT),
    "count_is_total": must("The count of the answer is the total.", Q_RCOUNT),
    "count_of_calls": must("With with_calls the count of the answer is the number of calls.", Q_RCOUNT),
    "count_missing_empty": must("The answer has no count if nothing was found.", Q_RCOUNT),
    "offset_ignored": must("offset has no effect.", Q_OFFSET),
    "offset_pages": must("offset counts pages rather than records.", Q_OFFSET),
    "offset_one_based": must("An offset n skips n-1 records.", Q_OFFSET),
    "offset_default_1": must("Without offset the first record is skipped.", Q_OFFSET_DEF),
    "offset_desc_ignored": must("offset has no effect with desc_order.", Q_OFFSET),
    "offset_max_100": must("An offset above 100 is refused.", Q_OFFSET_MAX),
    "offset_10000_refused": must("offset=10000 is refused.", Q_OFFSET_MAX),
    "offset_beyond_last": must("An offset beyond the end gives the last page again.", Q_OFFSET),
    "offset_before_filter": must("offset skips records before the number filters are applied.", Q_OFFSET),
    "offset_rounded": must("offset is rounded down to a multiple of count.", Q_OFFSET),
    "page_last_row_lost": must("A last page that is not full loses its last row.", Q_COUNT),
    "page_row_repeated": must("A page that begins after the first record begins with the row before it.", Q_OFFSET),
    # rows
    "result_one_object": must("If one session was found, result is that object rather than a list.", Q_RESULT_LIST),
    "result_missing_empty": must("There is no result if nothing was found.", Q_RESULT_LIST),
    "result_map": must("result is an object keyed by the session IDs.", Q_RESULT_LIST),
    "row_id_string": hint("call_session_history_id is a string.", Q_RESULT),
    "row_id_32bit": hint("call_session_history_id is cut to 32 bits.", Q_IDS_FOR),
    "row_user_neighbour": must("Every seventh row of a page shows the user_id of the row before.", Q_USER_ONLY),
    "row_app_neighbour": hint("Every ninth row of a page shows the application_name of the row before.", Q_RESULT),
    "row_no_duration": hint("Sessions of more than five minutes have no duration.", Q_INFO),
    "row_duration_ms": hint("Durations of sessions are in milliseconds.", Q_INFO),
    "row_duration_short": hint("A session's duration is that of its first call.", Q_INFO),
    "row_no_log": hint("log_file_url is missing in sessions that a user started.", Q_INFO),
    "row_date_t": hint("start_date has a T between day and time.", Q_RESULT),
    "row_date_12h": hint("start_date has hours on a 12-h clock.", Q_RESULT),
    "row_date_empty": hint("Sessions that began in the first hour of a day have an empty start_date.", Q_RESULT),
    "row_custom_cut": hint("custom_data is cut after 32 characters.", Q_RESULT),
    "row_custom_broken": hint("Characters beyond ASCII in custom_data come out as question marks.", Q_RESULT),
    "row_custom_html": hint("custom_data is escaped for HTML (&amp; for &).", Q_RESULT),
    "row_calls_early": hint("start_time of incoming calls is an hour too early.", Q_CALLS_INFO),
    "row_duration_missed": hint("Calls that were not successful have a duration of -1.", Q_CALLS_INFO),
    # transport, memory
    "query_not_on_post": must("Parameters in the query of a POST request are not read.", Q_QUERY),
    "query_plus": hint("A plus sign in the query is not read as a blank.", Q_QUERY),
    "cache_across_logins": must("An answer is remembered by its parameters for 10 s, whoever asks.", Q_ACCOUNT),
    "cache_without_offset": must("An answer is remembered for 10 s regardless of offset.", Q_OFFSET),
    "cache_without_flags": must(
        "An answer is remembered for 10 s regardless of with_calls and with_records.", Q_CALLS
    ),
    "cache_without_dates": must("An answer is remembered for 10 s regardless of the time in to_date.", Q_TO),
    "conn_total": must("total_count is computed once per connection.", Q_TOTAL),
    "conn_calls": must("A connection on which with_calls was true keeps it.", Q_CALLS_DEF),
    "conn_page_shift": must("On one connection a page without offset continues the page before.", Q_OFFSET_DEF),
    "empty_is_error": hint("A search that finds nothing is answered by an error.", Q_RESULT),
}

# ---------------------------------------------------------------------------------------------------------------------
# the world


@dataclass(slots=True)
class Call:
    id: int
    start: int
    duration: int
    local: str
    remote: str
    remote_type: str
    incoming: bool
    successful: bool
    transaction_id: int
    media: str
    cost: float
    custom: str
    end_reason: tuple[int, str]
    record_url: str


@dataclass(slots=True)
class Record:
    id: int
    start: int
    duration: int
    transaction_id: int
    cost: float
    url: str
    size: int
    name: str


@dataclass(slots=True)
class Usage:
    id: int
    kind: str
    used: int
    transaction_id: int
    cost: float
    description: str
    quantity: int
    unit: str


@dataclass(slots=True)
class Session:
    account: int
    start: int
    duration: int
    application: int
    application_name: str
    rule: str
    user: int | None
    initiator: str
    media: str
    log: str
    quality: str
    finish: str
    custom: str
    id: int = 0
    calls: list[Call] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    usages: list[Usage] = field(default_factory=list)
    remotes: frozenset[str] = frozenset()
    locals: frozenset[str] = frozenset()


APPS: dict[int, list[tuple[int, str]]] = {
    MAIN: [(1101, "sales.acme"), (1102, "sales-eu.acme"), (1103, "support.acme"), (1104, "hotline.acme")],
    CHILD_A: [(2201, "sales.acme-north"), (2202, "clinic.acme-north")],
    CHILD_B: [(2301, "dispatch.acme-south")],
    STRANGER: [(3301, "sales.globex"), (3302, "taxi.globex")],
}
RULES = ["Incoming", "Incoming night", "Outgoing", "Büro & Lager 100%"]
USERS: dict[int, list[tuple[int, str]]] = {
    MAIN: [
        (3701, "anna.mueller"),
        (37011, "bob_smith"),
        (37012, "chloe"),
        (41005, "o'neill"),
        (52233, "jürgen"),
        (9007, "zoe"),
    ],
    CHILD_A: [(60011, "nora"), (60012, "nick")],
    CHILD_B: [(60021, "sam")],
    STRANGER: [(70001, "homer"), (70002, "marge")],
}
LOCALS: dict[int, list[str]] = {
    MAIN: ["12025550101", "12025550102", "447700900901", "447700900902"],
    CHILD_A: ["13125550111", "447700900911"],
    CHILD_B: ["14155550121"],
    STRANGER: ["16465550131", "447700900931"],
}
REMOTES = (
    [f"1212555{n:04d}" for n in range(103, 120)]
    + [f"447700900{n:03d}" for n in range(100, 118)]
    + ["sip:bob@pbx.example.com", "sip:reception.desk@hotel.example.org"]
)
CUSTOM = [
    "order_17",
    "order-17",
    "orderX17",
    "order_170",
    "Müller & Söhne",
    "50% off, please",
    "it's urgent",
    "VIP",
    "vip",
    "a&b=c",
    "campaign=spring;list=4",
    '{"lead":4711,"note":"call back \\"soon\\""}',
    "Zürich – Besprechung 9:30",
    "50_ off, please",
    "日本 line",
    "ticket 4711 / very long note about a customer who never called at all",
    "ticket 4711 / very long note about a customer who called twice in the morning and once more in the evening",
]
FINISH = ["Normal termination"] * 18 + [
    "Insufficient funds",
    "Timeout",
    "JS session error",
    "Terminated administratively",
]
FAILURES = [(486, "Busy here"), (480, "Temporarily unavailable"), (487, "Request terminated"), (404, "Not found")]


class World:
    """All sessions of all accounts; nothing changes after the start."""

    def __init__(self, rows: int, seed: int, now: float) -> None:
        self.rng = random.Random(seed)
        self.now = int(now)
        self.next_id = 88_000_000
        self.sessions: list[Session] = []
        for account, share in ((MAIN, rows), (CHILD_A, rows // 6), (CHILD_B, rows // 8), (STRANGER, rows // 5)):
            if not (on("data_no_children") and account in CHILDREN[MAIN]):
                self.sessions += self.make_sessions(account, share, rows)
        self.number()
        self.sessions.sort(key=lambda s: (s.start, s.id))
        self.by_account = {account: [s for s in self.sessions if s.account == account] for account in APPS}
        self.accounts_of_user = {user: account for account, users in USERS.items() for user, _ in users}

    def fresh_id(self) -> int:
        self.next_id += self.rng.randint(1, 9)
        return self.next_id

    def number(self) -> None:
        """Gives the session IDs; they pass from ten digits to eleven within the history."""
        order = sorted(self.sessions, key=lambda s: s.start + s.duration if on("order_by_id") else s.start)
        steps = [self.rng.randint(3, 900) for _ in order]
        value = 0 if on("ids_small") else 10_000_000_000 - sum(steps) // 2
        ids = []
        for step in steps:
            value += 1 if on("ids_small") else step
            ids.append(value)
        if on("ids_unordered"):
            self.rng.shuffle(ids)
        for session, number in zip(order, ids):
            session.id = number
            if session.log:
                session.log = f"https://storage.example.net/logs/{session.start % 97:02d}/{number}.log"

    def make_sessions(self, account: int, amount: int, rows: int) -> list[Session]:
        rng = self.rng
        days = 100 if on("data_long_history") else 12 if rows <= 1000 else 30
        made: list[Session] = []
        for index in range(amount):
            start = self.now - 5000 - int(rng.random() * days * 86400)
            if made and rng.random() < 0.08:
                start = made[-1].start
            if on("data_one_second"):
                start = self.now - 7200
            made.append(self.make_session(account, start))
        return made

    def make_session(self, account: int, start: int) -> Session:
        rng = self.rng
        apps = APPS[account][:1] if on("data_one_app") else APPS[account]
        app, label = rng.choice(apps)
        users = USERS[account][:1] if on("data_one_user") else USERS[account]
        kind = rng.choice(("incoming", "incoming", "user", "user", "script"))
        if on("data_one_user") or (on("data_no_user") and kind == "user"):
            kind = "user" if on("data_one_user") else "script"
        user = rng.choice(users) if kind == "user" else None
        rule = {"incoming": rng.choice(RULES[:2]), "user": "Outgoing", "script": rng.choice(RULES[2:])}[kind]
        custom = rng.choice(CUSTOM) if rng.random() < 0.5 and not on("data_no_custom") else ""
        session = Session(
            account=account,
            start=start,
            duration=0,
            application=app,
            application_name=label + ".voximplant.example",
            rule=rule,
            user=user[0] if user else None,
            initiator=f"198.51.100.{rng.randint(1, 250)}",
            media=f"203.0.113.{rng.randint(1, 60)}",
            log="" if on("data_logs_expired") else "x",
            quality=rng.choice(("Standard", "Standard", "HD", "Ultra HD")),
            finish=rng.choice(FINISH),
            custom=custom,
        )
        self.add_calls(session, kind, user[1] if user else "")
        self.add_extras(session)
        session.remotes = frozenset(call.remote for call in session.calls)
        session.locals = frozenset(call.local for call in session.calls)
        return session

    def add_calls(self, session: Session, kind: str, user_name: str) -> None:
        rng = self.rng
        lines = LOCALS[session.account]
        plan: list[tuple[bool, str, str]] = []
        if kind == "incoming":
            plan.append((True, rng.choice(REMOTES), ""))
            if rng.random() < 0.6:
                plan.append((False, rng.choice(USERS[session.account])[1], "user"))
        elif kind == "user":
            plan.append((True, user_name, "user"))
            plan += [(False, rng.choice(REMOTES), "")] * (rng.random() < 0.85)
        else:
            plan += [(False, rng.choice(REMOTES), "") for _ in range(rng.choice((0, 1, 1, 2, 3)))]
        while on("data_many_calls") and len(plan) < 4 + session.start % 4:
            plan.append((False, rng.choice(REMOTES), ""))
        at, end = session.start, session.start + rng.randint(1, 4)
        for incoming, remote, kind_of in plan:
            at += rng.randint(0, 3)
            good = on("data_no_missed") or (rng.random() < 0.78 and not on("data_all_missed"))
            talk = int(rng.expovariate(1 / 150)) + 2 if rng.random() < 0.97 else rng.randint(900, 3500)
            length = min(talk, 4000) if good else 0
            phone = kind_of or ("sip" if remote.startswith("sip:") else rng.choice(("pstn", "mobile")))
            call = Call(
                id=self.fresh_id(),
                start=at,
                duration=length,
                local=rng.choice(lines),
                remote=remote,
                remote_type=phone,
                incoming=incoming,
                successful=good,
                transaction_id=self.fresh_id() + 500_000_000,
                media=session.media,
                cost=round(-(-length // 60) * (0.0 if phone == "user" else rng.choice((0.0035, 0.012, 0.05))), 4),
                custom=rng.choice(CUSTOM) if rng.random() < 0.1 and not on("data_no_custom") else "",
                end_reason=(200, "Normal call clearing") if good else rng.choice(FAILURES),
                record_url="",
            )
            session.calls.append(call)
            end = max(end, at + length + 1)
        session.duration = end - session.start

    def add_extras(self, session: Session) -> None:
        rng = self.rng
        for call in session.calls:
            if call.successful and rng.random() < 0.5 and not on("data_no_records"):
                number = self.fresh_id()
                call.record_url = f"https://storage.example.net/records/{call.start % 89:02d}/{number}.mp3"
                session.records.append(
                    Record(
                        id=number,
                        start=call.start + 1,
                        duration=max(call.duration - 1, 1),
                        transaction_id=self.fresh_id(),
                        cost=round(0.002 * (call.duration // 60 + 1), 4),
                        url=call.record_url,
                        size=call.duration * 4000 + 417,
                        name=f"record {number} – Gespräch" if rng.random() < 0.2 else "",
                    )
                )
        kinds = ("CALLSESSION", "ASR", "VOICEMAILDETECTION", "TTS_TEXT_GOOGLE")
        for kind in rng.sample(kinds, rng.choice((0, 1, 1, 2))):
            session.usages.append(
                Usage(
                    id=self.fresh_id(),
                    kind=kind,
                    used=session.start + 1,
                    transaction_id=self.fresh_id(),
                    cost=round(0.001 * rng.randint(0, 40), 4),
                    description="" if kind == "ASR" else f"{kind.lower()} usage",
                    quantity=rng.randint(1, 9),
                    unit="session" if kind == "CALLSESSION" else "request",
                )
            )


WORLD: World


# ---------------------------------------------------------------------------------------------------------------------
# parameters


class ApiError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


Params = dict[str, list[str]]
BOOLEANS = (
    "with_calls",
    "with_records",
    "with_other_resources",
    "children_calls_only",
    "desc_order",
    "with_total_count",
)
KNOWN = {
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
    *BOOLEANS,
    "child_account_id",
    "count",
    "offset",
    "cmd",
    "account_id",
    "api_key",
    "account_email",
    "output",
    "min_duration",
    "max_duration",
    "is_async",
    "with_header",
}
DATE = re.compile(r"(\d{4}-\d\d-\d\d)( |T)(\d\d:\d\d:\d\d)", re.ASCII)
DEFAULT_ZONE = "Etc/GMT"


@dataclass
class Query:
    """What is asked for, after all checks."""

    zone_name: str
    zone: tzinfo
    start: float
    end: float
    ids: list[int]
    app_id: int | None
    app_name: str
    rule: str
    users: list[int]
    remotes: list[str]
    no_remote: bool
    locals: list[str]
    custom: str
    with_calls: bool
    with_records: bool
    with_other: bool
    children: list[int]
    children_only: bool
    desc: bool
    with_total: bool
    count: int
    offset: int


def value(params: Params, name: str) -> str:
    values = params.get(name, [])
    if len(values) > 1 and on("repeated_error"):
        raise ApiError(101, f"Parameter '{name}' is given more than once.")
    return (values[-1] if on("repeated_last") else values[0]) if values else ""


def items(params: Params, name: str, short: str) -> list[str]:
    """A list that is separated by semicolons; blanks and empty items do not count."""
    text = value(params, name)
    parts = text.split("," if on(short + "_comma") else ";")
    found = [part.strip() for part in parts if part.strip()]
    if on(short + "_first_only"):
        return found[:1]
    if on(short + "_last_only"):
        return found[-1:]
    if on("ids_last_lost") and short == "ids" and len(found) > 2:
        return found[:-1]
    return found


def integers(params: Params, name: str, short: str, code: int) -> list[int]:
    text = value(params, name)
    if text.strip().lower() == "any":
        return []
    if on("list_blanks_refused") and re.search(r"\s", text):
        raise ApiError(code, f"Invalid '{name}'.")
    if on("list_empties_refused") and text and "" in [part.strip() for part in text.split(";")]:
        raise ApiError(code, f"Invalid '{name}'.")
    found = items(params, name, short)
    if not all(re.fullmatch(r"\d{1,18}", part, re.ASCII) for part in found):
        raise ApiError(code, f"Invalid '{name}'.")
    return [int(part) for part in found]


def boolean(params: Params, name: str, default: bool) -> bool:
    text = value(params, name).strip().lower()
    words = {"true": True, "false": False, "1": True, "0": False}
    if on("bool_yes"):
        words |= {"yes": True, "on": True, "no": False, "off": False}
    if on("bool_strict"):
        words = {"true": True, "false": False}
    if text == "" or (text not in words and on("bad_bool_default")):
        return default
    if text not in words:
        raise ApiError(101, f"Invalid value of the parameter '{name}'.")
    return words[text]


def whole_number(params: Params, name: str, default: int, highest: int, clamp: bool) -> int:
    text = value(params, name).strip()
    if text == "":
        return default
    if not re.fullmatch(r"\+?\d{1,12}", text, re.ASCII):
        if on("bad_number_default"):
            return default
        raise ApiError(496, f"The '{name}' parameter is invalid.")
    number = int(text)
    if number > highest:
        if clamp:
            return highest
        raise ApiError(497, f"The '{name}' parameter is out of range.")
    return number


def used_zone(params: Params) -> tuple[str, tzinfo]:
    name = value(params, "timezone").strip()
    if name.lower() in ("", "auto") or on("timezone_unknown"):
        if on("zone_berlin"):
            return "Europe/Berlin", ZoneInfo("Europe/Berlin")
        return ("UTC" if on("zone_utc_name") else DEFAULT_ZONE), timezone.utc
    fixed = re.fullmatch(r"Etc/GMT([+ -])(\d{1,2})", name)
    if fixed and int(fixed[2]) <= 12:
        hours = int(fixed[2]) * (1 if fixed[1] == "-" else -1)
        return f"Etc/GMT{'-' if hours > 0 else '+'}{abs(hours)}", timezone(timedelta(hours=hours))
    try:
        return name, timezone.utc if name in ("UTC", "Etc/GMT", "Etc/UTC", "GMT") else ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ApiError(101, "Invalid timezone.") from None


def date(params: Params, name: str, zone: tzinfo) -> float:
    text = value(params, name).strip()
    if text == "":
        if on(name[:-5] + "_missing_ok"):
            return 0.0 if name == "from_date" else float(WORLD.now)
        raise ApiError(485, f"The '{name}' parameter can't be empty.")
    match = DATE.fullmatch(text)
    try:
        if match is None or (match[2] == "T" and not on("date_t")):
            raise ValueError(text)
        moment = datetime.strptime(f"{match[1]} {match[3]}", "%Y-%m-%d %H:%M:%S")
    except ValueError:
        if on("date_bad_ok"):
            return 0.0 if name == "from_date" else float(WORLD.now)
        raise ApiError(111, f"Invalid date format of '{name}'.") from None
    if name == "from_date":
        if on("from_day_only"):
            moment = moment.replace(hour=0, minute=0, second=0)
        if on("from_12h") and moment.hour > 12:
            moment = moment.replace(hour=moment.hour - 12)
        if on("from_zone_hour"):
            moment += timedelta(hours=1)
        if on("midnight_lost") and (moment.hour, moment.minute, moment.second) == (0, 0, 0):
            moment += timedelta(hours=1)
    else:
        if on("to_day_only"):
            moment = moment.replace(hour=23, minute=59, second=59)
        if on("to_noon_12") and moment.hour == 12:
            moment = moment.replace(hour=0)
        if on("to_minute_only"):
            moment = moment.replace(second=0)
    if on("zone_params_utc"):
        zone = timezone.utc
    try:
        return moment.replace(tzinfo=zone).timestamp()
    except (OverflowError, ValueError):
        raise ApiError(111, f"Invalid date format of '{name}'.") from None


def listed_remotes(params: Params) -> list[str] | None:
    """The numbers of remote_number_list, None if the parameter is not given."""
    texts = [text.strip() for text in params.get("remote_number_list", []) if text.strip()]
    if not texts or on("rnl_ignored"):
        return None
    if len(texts) > 1 and not any(text.startswith("[") for text in texts):
        return texts
    try:
        data = json.loads(value({"x": texts}, "x"))
    except ValueError:
        if on("rnl_plain"):
            return [part.strip() for part in texts[0].split(";") if part.strip()]
        raise ApiError(101, "Invalid 'remote_number_list'.") from None
    if isinstance(data, dict) and on("rnl_object"):
        data = list(data.values())
    if not isinstance(data, list) or not all(type(item) in (str, int) for item in data):
        raise ApiError(101, "Invalid 'remote_number_list'.")
    numbers = [str(item).strip() for item in data]
    return numbers[:1] if on("rnl_first_only") else numbers


def loose(number: str) -> str:
    if on("numbers_loose") and re.fullmatch(r"[+ ]?[\d\s()-]+", number):
        return re.sub(r"\D", "", number)
    if on("numbers_plus") and re.fullmatch(r"\+\d+", number):
        return number[1:]
    return number


def read_query(params: Params, login: Login) -> Query:
    """Checks the parameters."""
    if on("unknown_param_error") and (strange := set(params) - KNOWN):
        raise ApiError(492, f"The parameter '{min(strange)}' is not allowed.")
    if on("empty_value_error") and (bare := [name for name, texts in params.items() if "" in texts]):
        raise ApiError(485, f"The '{bare[0]}' parameter can't be empty.")
    zone_name, zone = used_zone(params)
    start, end = date(params, "from_date", zone), date(params, "to_date", zone)
    if start > end and not on("reversed_empty"):
        raise ApiError(123, "Invalid date range: from_date is after to_date.")
    if on("range_limit") and end - start > 366 * 86400:
        raise ApiError(569, "The date range is longer than 366 days.")
    if on("long_range_lost") and end - start > 8 * 86400:
        start += 86400

    ids = integers(params, "call_session_history_id", "ids", 150)
    if len(ids) > 1000 and not on("ids_over_max_ok"):
        if not on("ids_truncated"):
            raise ApiError(497, "More than 1000 values of 'call_session_history_id'.")
        ids = ids[:1000]
    if on("ids_max_50") and len(ids) > 50:
        raise ApiError(497, "Too many values of 'call_session_history_id'.")
    app_ids = integers(params, "application_id", "app", 116)
    if len(app_ids) > 1:
        raise ApiError(116, "Invalid 'application_id'.")
    app_name = value(params, "application_name").strip()
    if app_ids and app_name and on("both_apps_error"):
        raise ApiError(458, "Only one of 'application_id' and 'application_name' can be used.")
    rule = value(params, "rule_name").strip()
    if not (app_ids or app_name) and not on("rule_without_app") or on("rule_ignored"):
        rule = ""
    if on("rule_not_with_name") and app_name:
        rule = ""

    remotes = items(params, "remote_number", "remote")
    listed = listed_remotes(params)
    no_remote = False
    if listed == []:
        no_remote = on("rnl_empty_none")
        remotes = [] if on("rnl_empty_all") else remotes
    elif listed is not None:
        if on("rnl_union"):
            remotes = remotes + listed
        elif on("rnl_both") and remotes:
            remotes = [number for number in remotes if number in listed]
            no_remote = not remotes
        elif not (on("rnl_loses") and remotes):
            remotes = listed
    elif on("remote_ignored"):
        remotes = []

    custom = value(params, "call_session_history_custom_data")
    if on("custom_quote") and "'" in custom:
        raise ApiError(101, "Invalid 'call_session_history_custom_data'.")
    count_default = 10 if on("count_default_10") else 1000 if on("count_default_all") else 20
    count = whole_number(
        params, "count", count_default, 999 if on("count_1000_refused") else 1000, on("count_clamped")
    )
    if count == 0 and on("count_zero_refused"):
        raise ApiError(497, "The 'count' parameter is out of range.")
    if on("count_ignored"):
        count = 20
    if on("count_one_more") and count == 1:
        count = 2
    if on("count_max_100"):
        count = min(count, 100)
    highest = 100 if on("offset_max_100") else 9999 if on("offset_10000_refused") else 10000
    offset = whole_number(params, "offset", int(on("offset_default_1")), highest, on("offset_clamped"))
    with_calls = boolean(params, "with_calls", on("calls_default_true"))
    if on("calls_false_truthy") and value(params, "with_calls"):
        with_calls = True
    return Query(
        zone_name=zone_name,
        zone=zone,
        start=start,
        end=end,
        ids=ids,
        app_id=app_ids[0] if app_ids else None,
        app_name=app_name,
        rule=rule,
        users=integers(params, "user_id", "user", 117),
        remotes=[loose(n) for n in remotes],
        no_remote=no_remote,
        locals=[loose(n) for n in items(params, "local_number", "local")],
        custom=custom,
        with_calls=with_calls,
        with_records=boolean(params, "with_records", on("records_default_true")),
        with_other=boolean(params, "with_other_resources", not on("other_default_false")) or on("other_always"),
        children=integers(params, "child_account_id", "child", 194),
        children_only=boolean(params, "children_calls_only", on("children_default_true")),
        desc=boolean(params, "desc_order", on("desc_default_true")),
        with_total=boolean(params, "with_total_count", not on("total_default_false")),
        count=count,
        offset=offset,
    )


# ---------------------------------------------------------------------------------------------------------------------
# search


def seen_accounts(query: Query, login: Login) -> list[int]:
    """The accounts whose sessions are searched."""
    account = MAIN if on("auth_second_login_own") else login.account_id
    children = CHILDREN.get(account, [])
    if on("unknown_child_error") and not set(query.children) <= set(children):
        raise ApiError(194, "Invalid 'child_account_id'.")
    if (on("tenant_ids") and query.ids) or (on("tenant_numbers") and query.remotes):
        return list(APPS)
    if on("tenant_custom") and query.custom:
        return list(APPS)
    if on("tenant_child_parent") and login.account_id in CHILDREN[MAIN]:
        return [MAIN, account]
    only = query.children_only and not on("children_ignored")
    if only and on("children_and_own") and query.desc:
        return [account, *children]
    if query.children and not on("child_ignored") and not (only and on("children_all")):
        if on("tenant_child_any"):
            return [other for other in APPS if other in query.children]
        chosen = [child for child in children if child in query.children]
        return [account, *chosen] if on("child_plus_own") and not only else chosen
    if only:
        return children
    return [account, *children] if on("default_with_children") else [account]


def app_matches(session: Session, name: str) -> bool:
    if on("app_name_caseless"):
        return session.application_name.lower() == name.lower()
    if on("app_name_prefix"):
        return session.application_name.startswith(re.split(r"[.-]", name)[0])
    return session.application_name == name


def user_matches(session: Session, users: list[int]) -> bool:
    if session.user is None:
        return on("user_none_too")
    if on("user_prefix"):
        return any(str(session.user).startswith(str(user)) for user in users)
    return session.user in users


def remote_matches(session: Session, numbers: set[str], listed: bool) -> bool:
    if on("rnl_local") and listed:
        return not numbers.isdisjoint(session.locals)
    if on("remote_first_call"):
        return bool(session.calls) and session.calls[0].remote in numbers
    if on("remote_missed_lost"):
        return any(call.successful and call.remote in numbers for call in session.calls)
    if on("remote_part"):
        return any(number in remote for number in numbers for remote in session.remotes)
    if on("remote_digits"):
        return any(remote in numbers and remote.isdigit() for remote in session.remotes)
    if on("remote_last_digits"):
        return any(number[-2:] == remote[-2:] for number in numbers for remote in session.remotes)
    if on("remote_or_local") and not numbers.isdisjoint(session.locals):
        return True
    return not numbers.isdisjoint(session.remotes)


def local_matches(session: Session, numbers: set[str]) -> bool:
    if on("local_incoming"):
        return any(call.incoming and call.local in numbers for call in session.calls)
    if on("local_column"):
        return not numbers.isdisjoint(session.remotes)
    return not numbers.isdisjoint(session.locals)


def custom_matches(session: Session, text: str) -> bool:
    have = session.custom
    if on("custom_of_calls"):
        return any(call.custom == text for call in session.calls)
    if on("custom_no_umlaut") and not have.isascii():
        return False
    if on("custom_20"):
        return have[:20] == text[:20]
    if on("custom_amp"):
        text = text.split("&")[0]
    if on("custom_like"):
        pattern = re.escape(text).replace("%", ".*").replace("_", ".")
        return re.fullmatch(pattern, have, re.DOTALL) is not None
    if on("custom_data_caseless"):
        have, text = have.lower(), text.lower()
    return text in have if on("custom_data_part") else have == text


def rule_matches(session: Session, rule: str) -> bool:
    if on("rule_no_umlaut") and not rule.isascii():
        return False
    return session.rule.startswith(rule) if on("rule_prefix") else session.rule == rule


def check_known(query: Query, accounts: list[int], login: Login) -> None:
    """Habits that refuse what the account does not have."""
    own = {login.account_id, *CHILDREN.get(login.account_id, []), *accounts}
    apps = {app for account in own for app in APPS[account]}
    if on("unknown_app_error"):
        if query.app_id is not None and query.app_id not in {number for number, _ in apps}:
            raise ApiError(116, "Invalid 'application_id'.")
        if query.app_name and query.app_name not in {name + ".voximplant.example" for _, name in apps}:
            raise ApiError(107, "Invalid 'application_name'.")
    if on("unknown_user_error") and not {WORLD.accounts_of_user.get(user) for user in query.users} <= own:
        raise ApiError(117, "Invalid 'user_id'.")
    if on("unknown_session_error") and query.ids:
        if not set(query.ids) <= {session.id for account in own for session in WORLD.by_account[account]}:
            raise ApiError(150, "Invalid 'call_session_history_id'.")


def matching(query: Query, accounts: list[int], listed: bool) -> list[Session]:
    """The sessions that fulfil all conditions, not sorted."""
    rows = [session for account in accounts for session in WORLD.by_account[account]]
    low = 0.0 if on("from_ignored") else query.start + (1 if on("from_exclusive") else 0)
    high = float(WORLD.now) if on("to_ignored") else query.end - (1 if on("to_exclusive") else 0)
    if on("to_desc_hour_lost") and query.desc:
        high -= 3600
    tests: list[Callable[[Session], bool]] = []
    if not (on("ids_any_date") and query.ids):
        tests.append(lambda s: low <= s.start <= high)
    if query.ids and not on("ids_ignored"):
        wanted = {number & 0xFFFFFFFF for number in query.ids} if on("ids_32bit") else set(query.ids)
        tests.append((lambda s: s.id & 0xFFFFFFFF in wanted) if on("ids_32bit") else (lambda s: s.id in wanted))
    if query.app_id is not None and not on("app_ignored") and not (on("app_with_user") and query.users):
        tests.append(lambda s: s.application == query.app_id)
    if query.app_name and not on("app_name_ignored") and not (on("app_desc") and query.desc):
        tests.append(lambda s: app_matches(s, query.app_name))
    if query.rule:
        tests.append(lambda s: rule_matches(s, query.rule))
    if query.users and not on("user_ignored") and not on("user_page_only"):
        tests.append(lambda s: user_matches(s, query.users))
    if query.custom and not on("custom_ignored"):
        tests.append(lambda s: custom_matches(s, query.custom))
    if query.locals and not on("local_ignored") and not (on("local_with_remote") and query.remotes):
        local_numbers = set(query.locals)
        tests.append(lambda s: local_matches(s, local_numbers))
    if query.no_remote:
        return []
    if query.remotes:
        remote_numbers = set(query.remotes)
        tests.append(lambda s: remote_matches(s, remote_numbers, listed))
        if on("offset_before_filter"):
            rows, query.offset = rows[query.offset :], 0
    for test in tests:
        rows = [session for session in rows if test(session)]
    if on("ids_twice"):
        rows = [session for session in rows for _ in range(max(1, query.ids.count(session.id)))]
    return rows


def in_order(rows: list[Session], query: Query) -> list[Session]:
    desc = query.desc and not on("desc_ignored") and not on("desc_page_only")
    if on("ids_desc_ignored") and query.ids:
        desc = False
    if on("sort_over_100") and len(rows) > 100:
        return sorted(rows, key=lambda s: s.duration)
    if on("sort_time_of_day") and desc:
        return sorted(rows, key=lambda s: (s.start % 86400, s.id), reverse=True)
    if on("sort_textual"):
        return sorted(rows, key=lambda s: str(s.id), reverse=desc)
    if on("order_by_id"):
        return sorted(rows, key=lambda s: s.id, reverse=desc)
    flip = on("ties_same") if desc else on("ties_newest_id")
    if on("ties_unstable") and query.offset % 2 == 1:
        flip = not flip
    return sorted(rows, key=lambda s: (s.start, -s.id if flip else s.id), reverse=desc)


@dataclass
class Found:
    page: list[Session]
    total: int


def search(query: Query, login: Login, listed: bool) -> Found:
    accounts = seen_accounts(query, login)
    check_known(query, accounts, login)
    rows = in_order(matching(query, accounts, listed), query)
    if on("auth_supervisor_empty") and login.role == "Supervisor":
        rows = []
    total = len(rows)
    offset, count = query.offset, query.count
    if on("offset_ignored") or (on("offset_desc_ignored") and query.desc):
        offset = 0
    if on("offset_pages"):
        offset *= count
    if on("offset_one_based"):
        offset = max(0, offset - 1)
    if on("offset_rounded") and count:
        offset -= offset % count
    if on("offset_beyond_last") and offset >= total > 0 and count:
        offset = (total - 1) // count * count
    if on("page_row_repeated") and 0 < offset < total:
        offset -= 1
    if on("desc_count") and query.desc:
        count = max(0, count - 1)
    page = rows[offset:count] if on("count_is_end") else rows[offset : offset + count]
    if on("user_page_only") and query.users:
        page = [session for session in page if session.user in query.users]
    if on("desc_page_only") and query.desc:
        page = page[::-1]
    if on("page_last_row_lost") and 1 < len(page) < count:
        page = page[:-1]
    return Found(page, wrong_total(query, accounts, page, total, offset, listed))


def wrong_total(query: Query, accounts: list[int], page: list[Session], total: int, offset: int, listed: bool) -> int:
    """total_count: the number of all matches, unless a defect is on."""
    if on("total_of_page"):
        return len(page)
    if on("total_left"):
        return max(0, total - offset)
    if on("total_so_far"):
        return offset + len(page)
    if on("total_beyond_zero") and offset >= total:
        return 0
    if on("total_capped"):
        return min(total, 100)
    if on("desc_total") and query.desc:
        return max(0, total - 1)
    if on("ids_total_asked") and query.ids:
        return len(query.ids)
    if on("total_calls") and query.with_calls:
        return sum(len(session.calls) for session in matching(query, accounts, listed))
    if on("tenant_total") and not (query.ids or query.users or query.remotes or query.locals or query.app_id):
        return sum(1 for session in WORLD.sessions if query.start <= session.start <= query.end)
    if on("user_total") and query.users:
        query.users = []
        return len(matching(query, accounts, listed))
    if on("app_id_total") and query.app_id is not None:
        query.app_id = None
        return len(matching(query, accounts, listed))
    return total


# ---------------------------------------------------------------------------------------------------------------------
# rows

Json = dict[str, Any]


def moment_text(epoch: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(epoch, timezone.utc if on("zone_rows_utc") else zone).strftime("%Y-%m-%d %H:%M:%S")


def start_text(epoch: int, zone: tzinfo) -> str:
    text = moment_text(epoch, zone)
    if on("row_date_t"):
        return text.replace(" ", "T")
    if on("row_date_12h"):
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").strftime("%Y-%m-%d %I:%M:%S")
    if on("row_date_empty") and text[11:13] == "00":
        return ""
    return text


def money(amount: float) -> float | int | str:
    if on("cost_whole_int") and amount == int(amount):
        return int(amount)
    return amount + 1e-8 if on("cost_long") else amount


def optional(row: Json, name: str, content: Any) -> None:
    """An optional field: left out if it has no value."""
    if content is not None and content != "":
        row[name] = content
    elif on("empty_for_absent") and name == "custom_data":
        row[name] = ""
    elif on("null_for_absent"):
        row[name] = None


def phone_text(number: str) -> str:
    return "+" + number if on("numbers_plus") and number.isdigit() else number


def call_row(call: Call, query: Query, session: Session) -> Json:
    local, remote = call.local, call.remote
    if on("calls_swapped") and not call.incoming:
        local, remote = remote, local
    if on("calls_remote_last") and call is session.calls[-1]:
        remote = session.calls[0].remote
    start = call.start - 3600 if on("row_calls_early") and call.incoming else call.start
    row: Json = {
        "call_id": call.id,
        "start_time": moment_text(start, query.zone),
        "duration": -1 if on("row_duration_missed") and not call.successful else call.duration,
        "local_number": phone_text(local),
        "remote_number": phone_text(remote),
        "remote_number_type": call.remote_type,
        "incoming": call.incoming,
        "successful": call.successful,
        "transaction_id": call.transaction_id,
        "media_server_address": call.media,
        "cost": f"{call.cost:.4f}".replace(".", ",") if on("calls_cost_string") else money(call.cost),
        "end_reason": f"{call.end_reason[0]} {call.end_reason[1]}",
    }
    if on("end_reason_object"):
        row["end_reason"] = {"code": call.end_reason[0], "details": call.end_reason[1]}
    if on("calls_no_cost") and call.incoming:
        del row["cost"]
    if on("calls_no_numbers") and call.remote_type == "user":
        del row["remote_number"]
    optional(row, "custom_data", call.custom)
    if query.with_records:
        optional(row, "record_url", call.record_url)
    if on("extra_row_fields"):
        row |= {"codec": "opus", "rating": None}
    return row


def record_row(record: Record, query: Query) -> Json:
    row: Json = {
        "record_id": record.id,
        "start_time": moment_text(record.start, query.zone),
        "duration": record.duration,
        "transaction_id": record.transaction_id,
        "cost": money(record.cost),
        "record_url": record.url,
        "file_size": record.size,
        "transcription_status": "Not required",
    }
    if on("records_no_url"):
        del row["record_url"]
    optional(row, "record_name", record.name)
    if on("extra_row_fields"):
        row["channels"] = 2
    return row


def usage_row(usage: Usage, query: Query) -> Json:
    row: Json = {
        "resource_usage_id": usage.id,
        "resource_type": usage.kind,
        "used_at": moment_text(usage.used, query.zone),
        "transaction_id": usage.transaction_id,
        "cost": money(usage.cost),
        "resource_quantity": usage.quantity,
        "unit": usage.unit,
    }
    optional(row, "description", usage.description)
    return row


def shown_custom(text: str) -> str:
    if on("row_custom_cut"):
        return text[:32]
    if on("row_custom_broken"):
        return text.encode("ascii", "replace").decode()
    if on("row_custom_html"):
        return text.replace("&", "&amp;")
    return text


def shown_duration(session: Session) -> int:
    if on("row_duration_ms"):
        return session.duration * 1000
    if on("row_duration_short") and session.calls:
        return session.calls[0].duration
    return session.duration


def session_row(page: list[Session], index: int, query: Query) -> Json:
    session = page[index]
    before = page[index - 1] if index else session
    number: int | str = session.id & 0xFFFFFFFF if on("row_id_32bit") else session.id
    account = MAIN if on("children_account_shown") and session.account in CHILDREN[MAIN] else session.account
    app_name = (before if on("row_app_neighbour") and index % 9 == 8 else session).application_name
    user = (before if on("row_user_neighbour") and index % 7 == 6 else session).user
    row: Json = {
        "call_session_history_id": str(number) if on("row_id_string") else number,
        "account_id": account,
        "application_id": session.application,
        "application_name": app_name,
        "rule_name": session.rule,
        "start_date": start_text(session.start, query.zone),
        "duration": shown_duration(session),
        "initiator_address": session.initiator,
        "media_server_address": session.media,
        "log_file_url": session.log,
    }
    if on("row_no_duration") and session.duration > 300:
        del row["duration"]
    if on("row_no_log") and session.user is not None:
        del row["log_file_url"]
    optional(row, "user_id", 0 if user is None and on("user_zero") else user)
    if not on("no_audio_quality"):
        row["audio_quality"] = session.quality
    if not on("no_finish_reason"):
        row["finish_reason"] = session.finish
    optional(row, "custom_data", shown_custom(session.custom))
    if on("extra_row_fields"):
        row |= {"session_state": "finished", "tags": []}
    add_lists(row, page, index, query)
    return dict(reversed(row.items())) if on("keys_reversed") else row


def add_lists(row: Json, page: list[Session], index: int, query: Query) -> None:
    """The lists calls, records and other_resource_usage of a row."""
    session = page[index]
    calls, records, usages = session.calls, session.records, session.usages
    if on("calls_neighbour") and index == 12:
        calls = page[11].calls
    if on("calls_first_only"):
        calls = calls[:1]
    if on("calls_missed_lost"):
        calls = [call for call in calls if call.successful]
    if on("calls_first_50") and index >= 50:
        calls = []
    if on("records_first_only"):
        records = records[:1]
    if on("other_neighbour") and index % 10 == 9:
        usages = page[index - 1].usages
    lists: list[tuple[str, bool, list[Json]]] = [
        (
            "calls",
            query.with_calls and not on("calls_never") and not (on("calls_desc_lost") and query.desc),
            [call_row(call, query, session) for call in calls] if query.with_calls else [],
        ),
        (
            "records",
            query.with_records and not on("records_never") and (query.with_calls or not on("records_need_calls")),
            [record_row(record, query) for record in records] if query.with_records else [],
        ),
        (
            "other_resource_usage",
            query.with_other and not (on("other_not_with_calls") and query.with_calls),
            [usage_row(usage, query) for usage in usages] if query.with_other else [],
        ),
    ]
    for name, wanted, content in lists:
        if wanted and (content or not on("lists_left_out")):
            row[name] = content
        elif on("empty_arrays"):
            row[name] = []


# ---------------------------------------------------------------------------------------------------------------------
# answers

CACHE: dict[object, tuple[float, Json]] = {}


class Memory:
    """What a connection remembers; a correct server uses none of it."""

    def __init__(self) -> None:
        self.login: Login | None = None
        self.total: int | None = None
        self.with_calls = False
        self.next_offset = 0


def cache_key(params: Params, login: Login) -> object:
    plain = {name: tuple(texts) for name, texts in params.items()}
    if on("cache_across_logins"):
        return tuple(sorted(plain.items()))
    if on("cache_without_offset"):
        plain.pop("offset", None)
    elif on("cache_without_flags"):
        plain.pop("with_calls", None)
        plain.pop("with_records", None)
    elif on("cache_without_dates") and "to_date" in plain:
        plain["to_date"] = tuple(text[:10] for text in plain["to_date"])
    else:
        return None
    return (login.account_id, tuple(sorted(plain.items())))


def call_history(params: Params, login: Login, memory: Memory) -> Json:
    """The answer of GetCallHistory."""
    key = cache_key(params, login)
    if key is not None and key in CACHE and time.monotonic() - CACHE[key][0] < 10:
        return CACHE[key][1]
    query = read_query(params, login)
    if on("conn_calls"):
        memory.with_calls = query.with_calls = memory.with_calls or query.with_calls
    if on("conn_page_shift") and "offset" not in params:
        query.offset = memory.next_offset
    found = search(query, login, bool(listed_remotes(params)))
    memory.next_offset = query.offset + len(found.page) if found.page else 0
    if on("conn_total"):
        memory.total = found.total = found.total if memory.total is None else memory.total
    if on("empty_is_error") and not found.page:
        raise ApiError(101, "Nothing found.")
    answer = envelope(query, found)
    if key is not None:
        CACHE[key] = (time.monotonic(), answer)
    return answer


def envelope(query: Query, found: Found) -> Json:
    page = found.page
    rows: Any = [session_row(page, index, query) for index in range(len(page))]
    answer: Json = {"result": rows}
    if query.with_total or on("total_always"):
        answer["total_count"] = str(found.total) if on("total_string") else found.total
    answer["count"] = len(page)
    answer["timezone"] = DEFAULT_ZONE if on("zone_echo_fixed") else query.zone_name
    if on("result_one_object") and len(page) == 1:
        answer["result"] = rows[0]
    if on("result_map"):
        answer["result"] = {str(session.id): row for session, row in zip(page, rows)}
    if on("result_missing_empty") and not page:
        del answer["result"]
    if on("count_requested"):
        answer["count"] = query.count
    if on("count_is_total"):
        answer["count"] = found.total
    if on("count_of_calls") and query.with_calls:
        answer["count"] = sum(len(session.calls) for session in page)
    if on("count_missing_empty") and not page:
        del answer["count"]
    if on("zone_missing_empty") and not page:
        del answer["timezone"]
    if on("extra_top_fields"):
        answer |= {"server": "node-3", "request_id": f"{random.getrandbits(64):016x}"}
    return dict(reversed(answer.items())) if on("keys_reversed") else answer


def check_token(token: str) -> Login:
    """The login of a signed token."""
    if on("auth_token_caseless"):
        for known, login in TOKENS.items():
            if known.lower() == token.lower():
                return login
    if token in TOKENS:
        return TOKENS[token]
    parts = token.split(".")
    try:
        head, claims = (json.loads(unb64url(part)) for part in parts[:2])
        login = LOGIN_BY_KEY.get(str(head["kid"]))
        issuer, expires = str(claims["iss"]), float(claims["exp"])
        signature = int.from_bytes(unb64url(parts[2]), "big") if len(parts) == 3 else -1
    except (ValueError, KeyError, TypeError, IndexError):
        raise ApiError(447, "Invalid JWT.") from None
    if login is None or issuer != str(login.account_id) or head.get("alg") != "RS256":
        raise ApiError(433, "Invalid key id.")
    signed = ".".join(parts[:2])
    genuine = pow(signature, RSA_E, RSA_N) == padded_digest(signed.encode()) if 0 < signature < RSA_N else False
    if on("auth_signature_head"):
        genuine = any(known.startswith(signed + "." + parts[2][:8]) for known in TOKENS)
    if not genuine and not on("auth_signature_unchecked"):
        raise ApiError(100, "Authorization failed.")
    if expires < time.time():
        raise ApiError(456, "The JWT has expired.")
    return login


def authenticate(header: str | None, params: Params, http_method: str, memory: Memory) -> Login:
    if on("auth_conn_sticky") and memory.login:
        return memory.login
    if header is None and on("auth_none_ok"):
        return LOGINS[0]
    if on("auth_header_get_only") and http_method == "POST":
        header = None
    if header is None and on("legacy_api_key"):
        account = value(params, "account_id")
        for login in LOGINS:
            if str(login.account_id) == account and value(params, "api_key") == API_KEYS[login.account_id]:
                return login
    scheme, _, token = (header or "").strip().partition(" ")
    if on("auth_any_scheme"):
        token = token or scheme
    elif scheme != "Bearer" and not (on("scheme_lower") and scheme.lower() == "bearer"):
        raise ApiError(100, "Authorization failed.")
    try:
        login = check_token(token.strip())
    except ApiError:
        if on("auth_post_open") and http_method == "POST":
            return LOGINS[0]
        raise
    if login.role not in ALLOWED_ROLES or (on("auth_support_refused") and login.role == "Support"):
        raise ApiError(104, "The command is forbidden for the role.")
    memory.login = login
    return login


AUTH_CODES = {100, 433, 447, 454, 455, 456}


def error_answer(error: ApiError) -> Json:
    code, message = error.code, error.message
    if on("error_codes_other") and code not in AUTH_CODES | {103, 104}:
        code = 101
    if on("error_wordy"):
        message = f"Die Anfrage ließ sich nicht ausführen, bitte prüfen Sie die Angaben: {message}"
    content = {"code": code, "msg": message}
    return {"error": content, "errors": [content]} if on("errors_array") else {"error": content}


def error_status(error: ApiError) -> int:
    if on("www_authenticate") and error.code in AUTH_CODES:
        return 401
    if on("error_status"):
        return 401 if error.code in AUTH_CODES else {103: 404, 104: 403}.get(error.code, 400)
    return 200


def to_json(answer: Json) -> bytes:
    gaps = (", ", ": ") if on("json_spaced") else (",", ":")
    indent = 2 if on("json_pretty") else None
    text = json.dumps(
        answer,
        ensure_ascii=on("json_ascii"),
        sort_keys=on("keys_sorted"),
        indent=indent,
        separators=(",", ": ") if indent else gaps,
    )
    if on("json_slash"):
        text = text.replace("/", "\\/")
    return (text + ("\n" if on("json_spaced") else "")).encode()


# ---------------------------------------------------------------------------------------------------------------------
# HTTP


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    memory: Memory

    def setup(self) -> None:
        super().setup()
        self.memory = Memory()

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps the console quiet."""

    def version_string(self) -> str:
        return "vox/1.0"

    def read_body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0].strip() or b"0", 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(chunks)
        length = self.headers.get("Content-Length", "0")
        return self.rfile.read(int(length)) if length.isdigit() else b""

    def read_params(self, query: str, body: bytes) -> Params:
        """The parameters of the query string and of a form in the body."""
        params: Params = {}
        if on("query_not_on_post") and self.command == "POST":
            query = ""
        if on("query_plus"):
            query = query.replace("+", "%2B")
        pairs = parse_qsl(query, keep_blank_values=True)
        kind = self.headers.get("Content-Type", "")
        if body and not on("body_ignored"):
            if kind.lower().startswith("application/x-www-form-urlencoded"):
                pairs += parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
            elif kind.lower().startswith("multipart/form-data"):
                message = email.message_from_bytes(b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + body)
                for part in message.get_payload() if message.is_multipart() else []:
                    name = part.get_param("name", header="content-disposition")
                    pairs.append((str(name), (part.get_payload(decode=True) or b"").decode("utf-8", "replace")))
        for name, text in pairs:
            params.setdefault(name, []).append(text)
        return params

    def method_name(self, path: str, params: Params) -> str:
        path = unquote(path)
        if path.rstrip("/") == BASE_PATH:
            return value(params, "cmd")
        if not path.startswith(BASE_PATH + "/"):
            raise ApiError(103, "Unknown command.")
        name = path[len(BASE_PATH) + 1 :]
        return name if on("no_slash") else name.removesuffix("/")

    def serve(self) -> None:
        url = urlsplit(self.path)
        body = self.read_body()
        try:
            params = self.read_params(url.query, body)
            name = self.method_name(url.path, params)
            if name != METHOD:
                raise ApiError(103, "Unknown command.") if name else ApiError(102, "The command is missing.")
            login = authenticate(self.headers.get("Authorization"), params, self.command, self.memory)
            self.reply(200, call_history(params, login, self.memory))
        except ApiError as error:
            if on("auth_fault_empty") and error.code in AUTH_CODES:
                self.reply(200, {"result": [], "total_count": 0, "count": 0, "timezone": DEFAULT_ZONE})
                return
            outside = not unquote(url.path).startswith(BASE_PATH)
            self.reply(404 if outside else error_status(error), error_answer(error))

    def reply(self, status: int, answer: Json | None, allow: str = "") -> None:
        data = to_json(answer) if answer is not None else b""
        headers = {"Content-Type": "application/json; charset=utf-8"} if data else {}
        if data and (on("charset_header") or on("bare_type")):
            headers["Content-Type"] = "application/json;charset=UTF-8" if on("charset_header") else "application/json"
        if allow:
            headers["Allow"] = allow
        if status == 401 and on("www_authenticate"):
            headers["WWW-Authenticate"] = "Bearer"
        if on("gzip") and data and "gzip" in self.headers.get("Accept-Encoding", ""):
            data = gzip.compress(data, 1)
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        if on("cookie"):
            headers["Set-Cookie"] = "vox_node=3; Path=/; HttpOnly"
        if on("extra_headers"):
            headers |= {
                "X-Content-Type-Options": "nosniff",
                "Access-Control-Allow-Origin": "*",
                "X-RateLimit-Remaining": "999",
                "Strict-Transport-Security": "max-age=3600",
            }
        if on("connection_close") or on("http10"):
            headers["Connection"] = "close"
            self.close_connection = True
        if on("chunked") and data and not on("http10") and self.request_version == "HTTP/1.1":
            headers["Transfer-Encoding"] = "chunked"
            half = len(data) // 2
            payload = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (data[:half], data[half:]) if part)
            payload += b"0\r\n\r\n"
        else:
            if status != 204:
                headers["Content-Length"] = str(len(data))
            payload = data
        self.send_response(status)
        for name, content in headers.items():
            self.send_header(name.lower() if on("header_case") else name, content)
        self.end_headers_with(b"" if self.command == "HEAD" else payload)

    def end_headers_with(self, payload: bytes) -> None:
        """Sends the header and the body in one piece."""
        buffer: list[bytes] = self.__dict__.setdefault("_headers_buffer", [])
        buffer.append(b"\r\n" + payload)
        self.flush_headers()

    def do_GET(self) -> None:
        if on("get_refused"):
            self.read_body()
            self.reply(405, error_answer(ApiError(101, "Use POST.")), "POST, OPTIONS")
        else:
            self.serve()

    def do_POST(self) -> None:
        self.serve()

    def do_HEAD(self) -> None:
        if on("head_answers"):
            self.serve()
        else:
            self.read_body()
            self.reply(405, None, "GET, POST, OPTIONS")

    def do_OPTIONS(self) -> None:
        self.read_body()
        self.reply(405 if on("options_405") else 204, None, "GET, POST, OPTIONS")

    def do_PUT(self) -> None:
        self.read_body()
        self.reply(405, error_answer(ApiError(101, "Use GET or POST.")), "GET, POST, OPTIONS")

    do_DELETE = do_PATCH = do_PUT


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    global WORLD
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--now", type=float, default=None, help="the instant of the start, for comparisons")
    parser.add_argument("--with", dest="names", default="", help="names of habits and defects, separated by commas")
    options = parser.parse_args()
    ACTIVE.update(name for name in options.names.split(",") if name)
    if unknown := ACTIVE - set(HABITS) - set(DEFECTS):
        parser.error("unknown names: " + ", ".join(sorted(unknown)))
    if on("http10"):
        Handler.protocol_version = "HTTP/1.0"
    WORLD = World(options.rows, options.seed, time.time() if options.now is None else options.now)
    server = Server(("127.0.0.1", options.port), Handler)
    print(f"listening http://127.0.0.1:{server.server_address[1]}{BASE_PATH}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
