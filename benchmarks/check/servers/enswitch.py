"""A server for the Enswitch JSON API function calls/active/list, written from its documentation page (4.4).

    python3 enswitch.py --port P --rows N --seed S --with name1,name2 [--now EPOCH]

Without names it follows the page. HABITS are ways in which servers may differ, DEFECTS are bugs that break the page.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_plus

BASE = "/api/json/calls/active/list/"
MOST_ACTIVE = 60  # legs

Row = dict[str, Any]

# Customers: id -> (parent, name). 1 owns the system, 100, 101 and 200 are resellers.
CUSTOMERS: dict[int, tuple[int, str]] = {
    1: (0, "System owner"),
    100: (1, "Northwind Telecom"),
    200: (1, "Südwind GmbH & Co. KG"),
    101: (100, "Müller & Söhne"),
    102: (100, "O'Brien Callshop"),
    103: (100, "100% Dental"),
    201: (200, "Ünique_Design"),
    1010: (101, "Müller & Söhne, Köln"),
    1011: (101, "Müller & Söhne, Aachen"),
    10110: (1011, "Aachen warehouse"),
}
POOL = [
    1,
    101,
    100,
    1010,
    102,
    200,
    1,
    103,
    201,
    1011,
    100,
    10110,
    101,
    1,
    1010,
    102,
]  # the more often, the more calls

CREDENTIALS: list[dict[str, str]] = [
    # The owner of the system: customer 1; may name every customer, "all" (100 and 200) and "system".
    {"auth_username": "owner", "auth_password": "Sesame-2024"},
    # A reseller: customer 100; may name 100 and all below it (101, 102, 103, 1010, 1011, 10110);
    # "all" is 101, 102 and 103; not "system", not 1, 200 and 201.
    {"auth_username": "northwind", "auth_password": "kite;&+%41 Blau"},
    # An ordinary person with the user privilege only: customer 1010 (no sub-customers), nothing else.
    {"auth_username": "koeln", "auth_password": "Dom#1248"},
    # A person with the callshop privilege only: customer 102 (no sub-customers), nothing else.
    {"auth_username": "callshop", "auth_password": "Cabin7open"},
    # A person with the telephone line reports privilege only: customer 103 (no sub-customers), nothing else.
    {"auth_username": "reports", "auth_password": "Tooth-Fairy9"},
]
# A valid login whose role has none of the three privileges: always 402.
REFUSED: list[dict[str, str]] = [{"auth_username": "faxonly", "auth_password": "Paper-Jam3"}]


@dataclass(frozen=True)
class Person:
    password: str
    customer: int
    privileges: frozenset[str]
    reseller: bool = False
    owner: bool = False


NEEDED = frozenset({"callshop", "telephone line reports", "user"})
PEOPLE: dict[str, Person] = {
    "owner": Person("Sesame-2024", 1, NEEDED, reseller=True, owner=True),
    "northwind": Person("kite;&+%41 Blau", 100, frozenset({"user", "rates"}), reseller=True),
    "koeln": Person("Dom#1248", 1010, frozenset({"user"})),
    "callshop": Person("Cabin7open", 102, frozenset({"callshop"})),
    "reports": Person("Tooth-Fairy9", 103, frozenset({"telephone line reports"})),
    "faxonly": Person("Paper-Jam3", 101, frozenset({"fax"})),
}

HABITS: dict[str, str] = {
    "keys_sorted": "The keys of every object stand in alphabetical order.",
    "keys_shuffled": "The keys of the rows stand in an order that changes from answer to answer.",
    "data_first": "The envelope has data before responses.",
    "indented": "The JSON is indented over many lines.",
    "spaced": "The JSON has a space after each comma and colon, and a newline at the end.",
    "ascii_escapes": "Everything beyond ASCII is written as \\uXXXX.",
    "slash_escapes": "Slashes are written as \\/ as PHP does.",
    "extra_fields": "Rows have fields beyond the commonly used ones: nested, null, floating.",
    "extra_envelope": "The envelope has further keys (version, elapsed), the response entry too.",
    "no_direction_field": "Rows have no direction field, as the page names none.",
    "http_status": "The HTTP status is the inner code (200, 400, 401, 402).",
    "chunked": "Bodies are sent in chunks.",
    "connection_close": "Every answer closes the connection.",
    "http10": "The server speaks HTTP/1.0.",
    "cookies": "Every answer sets a session cookie that nobody needs.",
    "gzip": "Bodies are compressed if the client accepts gzip.",
    "content_type_text": "The content type is text/html; charset=UTF-8, as scripts often leave it.",
    "content_type_charset": "The content type is Application/JSON;charset=utf-8.",
    "header_case": "Header names are lower case, with a few more headers (ETag, Cache-Control, CORS).",
    "strict_slash": "The path without the trailing slash is unknown (HTTP 404).",
    "head_refused": "HEAD and OPTIONS are refused with HTTP 405.",
    "options_body": "OPTIONS is answered by HTTP 200 and a short text.",
    "missing_login_400": "A missing auth_username or auth_password is 400 with that key; wrong ones are 401.",
    "error_data_null": "Errors carry data: null.",
    "error_data_empty": "Errors carry data: [].",
    "every_error": "Each invalid parameter has its own entry in responses.",
    "long_messages": "The message of an error is a long localised text with markup, umlauts and quotes.",
    "uuid_callids": "callid is a UUID.",
    "prefixed_uniqueids": "uniqueid has the name of the machine before it, as Asterisk's systemname setting does.",
    "ties_reversed": "Rows that are equal in the sorted field stand latest first.",
    "ties_hashed": "Rows that are equal in the sorted field stand in an arbitrary but stable order.",
    "ties_not_reversed": "descending=1 keeps the order among equals (a stable sort).",
    "natural_sort": "The String fields with numbers sort by their number, words without case.",
    "names_case_sensitive": "The search for caller names regards case.",
    "callername_internal": "The search for caller names looks at callername_internal only.",
    "unknown_parameter_400": "A parameter that the page does not name is 400.",
    "unknown_direction_all": "An unknown direction means all calls.",
    "unknown_sort_default": "An unknown sort means the default.",
    "unknown_match_contains": "An unknown match word means contains.",
    "contains_only": "contains is the only match word; others are 400.",
    "lax_integers": "An Integer parameter that is no valid number means its default, another number than 0 is 1.",
    "negative_limit_all": "A negative limit means all.",
    "lax_machines": "Parts of machines that are no number are skipped.",
    "count_string": "count=1 gives the number as a string.",
    "count_object": "count=1 gives an object with a count.",
    "count_row": "count=1 gives one row with a count.",
    "customer_pays": "The calls of a customer are those that it makes and pays (scustomer), not those it receives.",
    "names_other_keys": "names=1 adds sname, cname and dname.",
    "names_empty_keys": "The keys for names are always there and empty unless names=1.",
    "names_null": "names=1 gives null where a number has no name.",
    "foreign_402": "The customer of somebody else is 402 instead of 400.",
    "system_400": 'customer "system" for somebody who does not own the system is 400 instead of 402.',
    "first_wins": "Of a repeated parameter the first counts.",
    "trims": "Spaces around values are trimmed.",
    "json_body": "A POST may carry a JSON object as well.",
    "status_words": "status has Asterisk's words (Down, Ring, Ringing, Up).",
    "types_any_case": "stype, ctype and dtype filters do not regard case.",
    "refreshed_list": "The list is refreshed every two seconds.",
    "all_internal": "World: every call is internal.",
    "nobody_answers": "World: no call is ever answered.",
    "one_customer": "World: every call belongs to customer 101.",
    "whole_minutes": "World: calls begin at whole minutes only, many at once.",
    "still_world": "World: nothing begins or ends, old calls only.",
    "fast_world": "World: all calls last a few seconds.",
    "single_legs": "World: every call has one leg.",
    "big_ids": "World: the IDs of machines, peers and groups lie beyond 2^31.",
    "no_sip": "World: no call arrives via SIP.",
    "withheld": "World: every outside caller withholds the number, snumber is empty.",
    "nameless": "World: no caller has a name.",
}


@dataclass(frozen=True)
class Defect:
    text: str
    quote: str
    must: bool


Q401 = "The authentication details provided are invalid."
Q400 = "Invalid input parameters specified."
QKEY = "Check the key and message fields for more details."
QOWN = "Field not set | Customer of authentication user."
QALL = "All customers directly under customer of authentication user."
QREC = "1 to include sub-customers recursively, 0 not to."
QLEG = "An array of fields, one row for each call leg."
QLIST = "Lists active calls."
QSORT = "Field to sort by."
QDESC = "1 to sort descending, 0 not to."
QNAME = "1 to set number names, 0 not to."
QLIMIT = "The maximum results to return."
QCOUNT = "1 to return a count, 0 to return full data."
QEXAMPLE = '{ "responses":[ { "code":"200", "key":"", "message":"OK" } ], "data":['
QANSWERED = "Unix timestamp the call was answered at. 0 if unanswered."
QSTART = "Unix timestamp the call started at."
QPHONE = "Source telephone line. Empty string for any, including calls not made by telephone lines."
QROLE = "Requires authentication and the callshop, telephone line reports, or user role privileges."
QMACHINES = "Comma separated list of machines IDs to get calls for."

DEFECTS: dict[str, Defect] = {
    # logins and roles
    "any_password": Defect("Every password is accepted for a known user.", Q401, True),
    "password_prefix": Defect("A password that begins with the right one is accepted.", Q401, True),
    "password_start": Defect("The first six characters of the password are enough.", Q401, True),
    "password_case": Defect("The password is compared without case.", Q401, True),
    "empty_password": Defect(
        "An empty or absent password lets in.", "auth_password | String | Authentication password. | Yes", True
    ),
    "unknown_user": Defect("An unknown user sees what the owner sees.", Q401, True),
    "post_password": Defect("POST does not check the password.", Q401, True),
    "login_remembered": Defect("After one right login of a user every password does.", Q401, True),
    "wrong_login_400": Defect("A wrong password is 400.", Q401, True),
    "wrong_login_empty": Defect("A wrong password is 200 and an empty list.", Q401, True),
    "wrong_login_402": Defect("A wrong password is 402.", Q401, True),
    "weak_role": Defect("A role without any of the privileges gets the calls.", QROLE, True),
    "weak_role_401": Defect("A role without the privileges is 401.", "Your role does not allow this.", True),
    "callshop_refused": Defect("The callshop privilege alone is not enough (402).", QROLE, True),
    "reports_refused": Defect("The telephone line reports privilege alone is not enough (402).", QROLE, True),
    "connection_login": Defect("The first login of a connection stays for all its requests.", QOWN, True),
    # customer
    "customer_ignored": Defect("customer has no effect.", "ID of a customer | That customer.", True),
    "customer_prefix": Defect(
        "customer=1 also returns 100, 1010 ... (compared as a prefix).", "ID of a customer | That customer.", True
    ),
    "customer_destination": Defect(
        "customer=ID returns the calls to that customer only, outbound ones lack.", "That customer.", True
    ),
    "customer_post": Defect("customer is not read from a POST body.", "That customer.", False),
    "own_with_subs": Defect("Without customer the sub-customers are included.", QOWN, True),
    "customer_empty_all": Defect("An empty customer means the whole tree.", QOWN, False),
    "all_deep": Defect('"all" returns all depths.', QALL, True),
    "all_with_own": Defect('"all" includes the own customer.', QALL, True),
    "all_first": Defect('"all" returns the first sub-customer only.', QALL, True),
    "all_no_destination": Defect('"all" lacks inbound calls.', QALL, True),
    "system_is_all": Defect('"system" is treated as "all".', '"system" | All customers on system.', True),
    "system_without_own": Defect('"system" lacks the own customer.', '"system" | All customers on system.', True),
    "system_for_all": Defect('"system" is allowed to every user.', "Your role does not allow this.", False),
    "unknown_customer_empty": Defect("A customer ID that does not exist is 200 and an empty list.", Q400, False),
    "bad_customer_own": Defect("A word that is no customer returns the own calls.", Q400, True),
    "foreign_customer": Defect("Every user may name every customer.", "Your role does not allow this.", False),
    "leak": Defect("Redirected calls (ctype set) of all customers are returned to everybody.", QOWN, True),
    # recursive
    "recursive_ignored": Defect("recursive has no effect.", QREC, True),
    "recursive_one_level": Defect("recursive=1 adds direct sub-customers only.", QREC, True),
    "recursive_without_self": Defect("recursive=1 returns the sub-customers without the customer.", QREC, True),
    "recursive_zero_true": Defect("recursive=0 acts as 1.", QREC, True),
    "recursive_all": Defect(
        "recursive=1 makes all go to all depths.",
        '1 to include sub-customers recursively, 0 not to. Ignored if customer is "all"',
        True,
    ),
    "recursive_all_refused": Defect("recursive=1 with all is 400.", 'Ignored if customer is "all"', True),
    "recursive_with_id": Defect("recursive=1 has an effect only if customer is given.", QREC, True),
    "recursive_filtered": Defect("recursive=1 has no effect together with direction.", QREC, True),
    # count
    "count_ignored": Defect("count has no effect.", QCOUNT, True),
    "count_zero_true": Defect("count=0 gives the count.", QCOUNT, True),
    "count_calls": Defect("count=1 counts calls instead of legs.", QCOUNT, False),
    "count_answered": Defect("count=1 leaves out calls that still ring.", QCOUNT, False),
    "count_limited": Defect("count=1 obeys limit.", 'Ignored if count is "1".', True),
    "count_all_directions": Defect("count=1 ignores direction.", "Direction of calls to get.", True),
    "count_all_machines": Defect("count=1 ignores machines.", QMACHINES, True),
    "count_flat": Defect("count=1 ignores recursive.", QREC, True),
    "count_old": Defect("count=1 leaves out calls that began more than an hour ago.", QCOUNT, False),
    "count_data": Defect("count=1 adds the count to the envelope but returns full data.", QCOUNT, True),
    "count_page": Defect("count=1 counts at most 20.", QCOUNT, True),
    # direction
    "direction_ignored": Defect("direction has no effect.", "Direction of calls to get.", True),
    "in_with_internal": Defect("direction=in returns internal calls too.", "Inbound calls only.", True),
    "out_with_internal": Defect("direction=out returns internal calls too.", "Outbound calls only.", True),
    "in_by_first_leg": Defect(
        "direction=in also returns the outbound legs of calls that came in.", "Inbound calls only.", True
    ),
    "internal_all": Defect("direction=internal returns all calls.", "Internal calls only.", True),
    "internal_is_phone": Defect("direction=internal returns all calls from lines.", "Internal calls only.", True),
    "in_out_all": Defect(
        "direction=in_out returns internal calls too.", "Inbound and outbound calls, but not internal.", True
    ),
    "in_out_in": Defect(
        "direction=in_out returns inbound calls only.", "Inbound and outbound calls, but not internal.", True
    ),
    "in_out_refused": Defect("direction=in_out is 400.", "Inbound and outbound calls, but not internal.", True),
    "direction_empty": Defect("An empty direction is 400.", "Empty string or field not set | All calls.", True),
    "direction_sorted": Defect("direction has no effect with sort=direction.", "Direction of calls to get.", True),
    "out_answered": Defect("direction=out lacks calls that still ring.", QLIST, True),
    # sort
    "sort_ignored": Defect("sort has no effect.", QSORT, True),
    "sort_peer_text": Defect("sort=peer sorts the numbers as text.", QSORT, False),
    "sort_machine_text": Defect("sort=machine sorts the numbers as text.", QSORT, False),
    "sort_scustomer": Defect("sort=scustomer sorts by dcustomer.", QSORT, True),
    "sort_dnumber": Defect("sort=dnumber sorts by cnumber.", QSORT, True),
    "sort_dtype": Defect("sort=dtype sorts by stype.", QSORT, True),
    "sort_snumber": Defect("sort=snumber regards the first two characters only.", QSORT, True),
    "sort_stype_refused": Defect("sort=stype is 400.", '"scustomer", "snumber", "stype", or "uniqueid".', True),
    "sort_ctype_loses": Defect("sort=ctype loses rows without ctype.", QLEG, True),
    "sort_peer_loses": Defect("sort=peer loses rows without peer.", QLEG, True),
    "sort_direction": Defect("sort=direction has no effect.", QSORT, True),
    "sort_uniqueid": Defect("sort=uniqueid sorts by what stands after the dot.", QSORT, True),
    "sort_default": Defect("Without sort the rows are sorted by answered.", '| No | "start" |', True),
    "sort_start_reversed": Defect("Without sort the latest stand first.", QDESC, True),
    "sort_straggler": Defect("With more than 20 rows the last one stands first.", QSORT, True),
    "sort_limited": Defect("limit cuts before the sort.", QLIMIT, False),
    "sort_sticks": Defect("A connection remembers sort for later requests.", '| No | "start" |', True),
    "sort_post": Defect("sort is not read from a POST body.", QSORT, False),
    "descending_ignored": Defect("descending has no effect.", QDESC, True),
    "descending_zero_true": Defect("descending=0 sorts descending.", QDESC, True),
    "descending_named": Defect("descending=1 has no effect without sort.", QDESC, True),
    "descending_filtered": Defect("descending=1 has no effect together with direction.", QDESC, True),
    "descending_limited": Defect("descending=1 with limit reverses the rows after the cut.", QDESC, False),
    "descending_loses": Defect("descending=1 loses rows that begin in the same second as another.", QLEG, True),
    # names
    "names_ignored": Defect("names has no effect.", QNAME, True),
    "names_zero_true": Defect("names=0 sets names.", QNAME, True),
    "names_overwrite": Defect(
        "names=1 puts the name of the source into snumber.", "Source number the call came from.", True
    ),
    "names_loses": Defect("names=1 loses rows whose source has no name.", QLEG, True),
    "names_shifted": Defect("names=1 gives each row the names of the row before.", QNAME, False),
    "names_limited": Defect("names=1 has no effect together with limit.", QNAME, True),
    "names_first": Defect("names=1 sets names in the first ten rows only.", QNAME, True),
    # caller name
    "callername_number_ignored": Defect(
        "callername_number has no effect.", "Caller name. Empty string for any.", True
    ),
    "callername_equal": Defect(
        "callername_number finds whole names only.",
        'Caller name match. See below for more details. | No | "contains"',
        True,
    ),
    "callername_in_snumber": Defect(
        "callername_number searches snumber.", "Caller name. Empty string for any.", True
    ),
    "callername_umlaut": Defect("A search with an umlaut finds nothing.", "Caller name. Empty string for any.", True),
    "callername_wildcards": Defect(
        "_ and % in callername_number are wildcards.",
        'Caller name match. See below for more details. | No | "contains"',
        True,
    ),
    "callername_quote": Defect("A ' in callername_number is 400.", "Caller name. Empty string for any.", True),
    "callername_start": Defect(
        "callername_number finds names that begin so.",
        'Caller name match. See below for more details. | No | "contains"',
        True,
    ),
    "callername_none_all": Defect("callername_number that finds nothing returns all.", "Caller name.", True),
    "callername_with_limit": Defect("callername_number has no effect with limit.", "Caller name.", True),
    # callid
    "callid_ignored": Defect("callid has no effect.", "The call ID of a specific call.", True),
    "callid_first_leg": Defect(
        "callid returns the first leg only.", "All legs of the same call have the same callid.", True
    ),
    "callid_second": Defect(
        "callid is compared as a whole number: other calls of the same second.",
        "The call ID of a specific call.",
        True,
    ),
    "callid_unknown": Defect("An unknown callid returns all.", "The call ID of a specific call.", True),
    "callid_crosses": Defect("callid finds the calls of other customers.", QOWN, True),
    "callid_empty": Defect(
        "An empty callid finds nothing.",
        "callid | String | The call ID of a specific call. | No | Empty string.",
        True,
    ),
    # phone
    "phone_ignored": Defect("phone has no effect.", "Source telephone line.", True),
    "phone_part": Defect("phone finds parts of a line's number.", "Source telephone line.", False),
    "phone_destination": Defect("phone also finds calls to the line.", "Source telephone line.", True),
    "phone_mailbox": Defect(
        "phone also finds calls of a mailbox of the same number.", "Source telephone line.", True
    ),
    "phone_empty": Defect("An empty phone returns the calls of lines only.", QPHONE, True),
    "phone_answered": Defect("phone finds answered calls only.", "Source telephone line.", True),
    # types
    "stype_ignored": Defect("stype has no effect.", "Source type. Empty string for any.", True),
    "ctype_ignored": Defect("ctype has no effect.", "Called type. Empty string for any.", True),
    "dtype_ignored": Defect("dtype has no effect.", "Destination type. Empty string for any.", True),
    "ctype_is_dtype": Defect("ctype filters dtype.", "Called type. Empty string for any.", True),
    "ctype_empty": Defect(
        "An empty ctype finds rows without ctype only.", "Called type. Empty string for any.", True
    ),
    "stype_with_snumber": Defect(
        "stype has no effect unless snumber is given.", "Source type. Empty string for any.", True
    ),
    "dtype_or_stype": Defect("dtype also finds rows whose stype is that.", "Destination type.", True),
    "types_or": Defect("stype and dtype together find rows with either.", "Destination type.", False),
    # numbers
    "snumber_ignored": Defect("snumber has no effect.", "Source number. Empty string for any.", True),
    "cnumber_ignored": Defect("cnumber has no effect.", "Called number. Empty string for any.", True),
    "dnumber_ignored": Defect("dnumber has no effect.", "Destination number. Empty string for any.", True),
    "snumber_start": Defect(
        "snumber finds numbers that begin so.", 'Source match. See below for more details. | No | "contains"', True
    ),
    "cnumber_equal": Defect(
        "cnumber finds whole numbers only.", 'Called match. See below for more details. | No | "contains"', True
    ),
    "dmatch_default": Defect(
        "Without dmatch dnumber finds whole numbers only.",
        'Destination match. See below for more details. | No | "contains"',
        True,
    ),
    "cmatch_contains_refused": Defect(
        "cmatch=contains is 400.", 'Called match. See below for more details. | No | "contains"', True
    ),
    "dnumber_is_cnumber": Defect("dnumber searches cnumber.", "Destination number. Empty string for any.", True),
    "snumber_plus": Defect(
        "A + in snumber is decoded twice and finds nothing.", "Source number. Empty string for any.", True
    ),
    "cnumber_digits": Defect(
        "cnumber searches digits only: 1 and 2 of '1x2' are joined.", "Called number. Empty string for any.", True
    ),
    "snumber_empty": Defect(
        "An empty snumber finds withheld numbers only.", "Source number. Empty string for any.", True
    ),
    "numbers_or": Defect("snumber and dnumber together find rows with either.", "Destination number.", False),
    "dnumber_line": Defect("dnumber finds outside numbers only.", "Destination number.", True),
    # machines
    "machines_ignored": Defect("machines has no effect.", QMACHINES, True),
    "machines_first": Defect("machines: the first of the list counts.", QMACHINES, True),
    "machines_text": Defect("machines=12 also finds 1 and 2.", QMACHINES, True),
    "machines_last": Defect("machines: with more than two the last is lost.", QMACHINES, True),
    "machines_empty": Defect("An empty machines finds nothing.", "Empty string for all.", True),
    # limit
    "limit_ignored": Defect("limit has no effect.", QLIMIT, True),
    "limit_one_more": Defect("limit=n returns n + 1 rows.", QLIMIT, True),
    "limit_one_all": Defect("limit=1 returns all.", QLIMIT, True),
    "limit_zero": Defect("limit=0 returns nothing.", "0 for all.", True),
    "limit_default": Defect("Without limit at most 25 rows are returned.", "0 for all.", True),
    "limit_calls": Defect("limit counts calls instead of rows.", QLIMIT, True),
    "limit_filtered": Defect("limit cuts before direction filters.", QLIMIT, False),
    "limit_sorted": Defect("limit has no effect together with sort.", QLIMIT, True),
    "limit_descending": Defect("limit with descending=1 returns one row less.", QLIMIT, False),
    "limit_large": Defect("limit of more than 40 is 400.", QLIMIT, True),
    # rows
    "first_legs": Defect("Only the first leg of a call is returned.", QLEG, True),
    "row_twice": Defect(
        "The first leg of a call with several legs stands twice.",
        "Each leg in a call has a different uniqueid.",
        True,
    ),
    "answered_millis": Defect("answered is in milliseconds.", QANSWERED, True),
    "answered_null": Defect("answered is null while a call rings.", QANSWERED, True),
    "answered_start": Defect("answered is the start while a call rings.", QANSWERED, True),
    "answered_after": Defect("answered is the number of seconds after the start.", QANSWERED, True),
    "answered_zone": Defect("answered is an hour ahead.", QANSWERED, True),
    "answered_held": Defect("answered is 0 while a call is on hold.", QANSWERED, True),
    "answered_now": Defect("answered is the instant of the request once answered.", QANSWERED, True),
    "answered_early": Defect("In one row of ten answered lies before start.", QANSWERED, False),
    "billing_peer_in": Defect(
        "billing_peer is set for inbound calls.", "ID of the peer used for billing if outbound, else 0.", True
    ),
    "peer_internal": Defect(
        "peer is set for internal calls.", "ID of the peer the call is sent to if outbound, else 0.", True
    ),
    "groups_swapped": Defect(
        "ingroup and outgroup are swapped.", "ID of the inbound group used to bill the call if inbound, else 0.", True
    ),
    "ingroup_forwarded": Defect(
        "The outbound leg of a call that came in has an ingroup.",
        "ID of the inbound group used to bill the call if inbound, else 0.",
        True,
    ),
    "outgroup_null": Defect(
        "outgroup is null for calls that are not outbound.",
        "ID of the outbound group used to bill the call if outbound, else 0.",
        True,
    ),
    "callid_per_leg": Defect(
        "Each leg has a callid of its own.", "All legs of the same call have the same callid.", True
    ),
    "uniqueid_shared": Defect(
        "All legs of a call have the uniqueid of the first.", "Each leg in a call has a different uniqueid.", True
    ),
    "uniqueid_answered": Defect(
        "uniqueid changes when a call is answered.", "A unique identifier for the call leg.", False
    ),
    "uniqueid_number": Defect("uniqueid is a JSON number.", "uniqueid | String", True),
    "ctype_null": Defect(
        "ctype is null instead of empty.", "ctype | String | Called type. Usually empty string.", True
    ),
    "cnumber_missing": Defect("cnumber is missing while a call rings.", "cnumber | String | Called number.", False),
    "dcustomer_null": Defect("dcustomer is null for outbound calls.", "dcustomer | Integer", True),
    "machine_text": Defect("machine is a string.", "machine | Integer", True),
    "overmax_bool": Defect(
        "overmax is true or false.", "1 if the call will be billed as over maximum calls, 0 if not.", True
    ),
    "overmax_two": Defect(
        "overmax is 2 in some rows.", "1 if the call will be billed as over maximum calls, 0 if not.", True
    ),
    "recording_none": Defect(
        "recording is null if there is none.", "Path of recording. Empty string if not recording.", True
    ),
    "sip_callid_always": Defect(
        "sip_callid is set for DAHDI and IAX2 calls too.",
        "SIP callid if the call arrived via SIP, else empty string.",
        True,
    ),
    "sip_callid_null": Defect(
        "sip_callid is null for calls that did not arrive via SIP.",
        "SIP callid if the call arrived via SIP, else empty string.",
        True,
    ),
    "spresent_text": Defect("spresent is a word.", "spresent | Integer", True),
    "start_text": Defect("start is a date as text.", QSTART, True),
    "start_string": Defect("start is a string of digits.", "start | Integer", True),
    "start_float": Defect("start has a fraction.", "start | Integer", True),
    "start_zone": Defect("start is two hours ahead.", QSTART, True),
    "start_answered": Defect("start becomes the instant of the answer.", QSTART, True),
    "status_number": Defect("status is a number.", "status | String", True),
    "status_stuck": Defect("status stays ringing after the answer.", "The current status of the call.", False),
    "status_missing": Defect("status is missing for calls on hold.", "The current status of the call.", False),
    "snumber_number": Defect("snumber is a JSON number if it has digits only.", "snumber | String", True),
    "dnumber_stripped": Defect(
        "A leading + of dnumber is lost (searching still knows it).",
        "Destination number the call is routed to.",
        True,
    ),
    "scustomer_own": Defect(
        "scustomer is always the customer of the user.",
        "ID of the customer making the call, and to which the call will be billed.",
        True,
    ),
    "customers_swapped": Defect(
        "scustomer and dcustomer are swapped in calls between customers.", "ID of the customer making the call", True
    ),
    "names_escaped": Defect(
        "Caller names have HTML escapes (searching knows the plain text).",
        "Caller name that will be sent if routed to an internal destination.",
        False,
    ),
    "names_mojibake": Defect(
        "Umlauts in caller names are encoded twice.",
        "Caller name that will be sent if routed to an internal destination.",
        False,
    ),
    "next_row": Defect(
        "In one row of nine dtype comes from another row.", "Destination type the call is routed to.", True
    ),
    # the live list
    "ended_listed": Defect("Calls that ended in the last 30 seconds are listed with status ended.", QLIST, True),
    "ringing_hidden": Defect("Calls that ring are not listed.", "0 if unanswered.", True),
    "answered_hidden": Defect("Answered calls are not listed.", QLIST, True),
    "flicker": Defect("Every second answer lacks the row in the middle.", QLIST, True),
    "frozen": Defect("The list is made afresh every ten minutes only.", "The current status of the call.", True),
    "cache_users": Defect("Answers are remembered for 20 s by the parameters without the login.", QOWN, True),
    "cache_directions": Defect(
        "Answers are remembered for 5 s without regard to direction.", "Direction of calls to get.", True
    ),
    "cache_count": Defect("The count is remembered for a minute for all filters.", QCOUNT, False),
    "rows_capped": Defect("With more than 30 rows the rest is lost.", "0 for all.", True),
    # envelope and errors
    "bare": Defect("data is sent without the envelope.", QEXAMPLE, False),
    "code_number": Defect("code is a number.", '"code":"200"', False),
    "responses_object": Defect("responses is an object instead of an array.", '"responses":[', False),
    "data_object": Defect("data is an object by uniqueid.", "An array of fields", True),
    "one_not_array": Defect("A single row is not in an array.", "An array of fields", True),
    "none_404": Defect("No rows are code 404.", "200 | Success.", True),
    "none_null": Defect("No rows are data: null.", "An array of fields", True),
    "none_absent": Defect("No rows: data is missing.", "An array of fields", True),
    "error_silent": Defect("400 has an empty key and message.", QKEY, True),
    "error_200": Defect("Invalid input is code 200 with a message and no rows.", Q400, True),
    "error_500": Defect("Invalid input is code 500.", Q400, True),
    "error_401": Defect("Invalid input is code 401.", Q400, True),
    "error_key": Defect("The key of a 400 is always auth_username.", QKEY, False),
    "no_semicolons": Defect("Only & separates parameters.", "auth_username=user;auth_password=password", False),
    "six_parameters": Defect("Parameters after the sixth are not read.", QLIMIT, True),
    "length_in_characters": Defect("Bodies with umlauts are cut, the length counts characters.", QLEG, False),
}

FIELDS_SORT = (
    "cnumber",
    "ctype",
    "direction",
    "dnumber",
    "dtype",
    "machine",
    "peer",
    "scustomer",
    "snumber",
    "stype",
    "uniqueid",
)
MATCHES = ("contains", "exact", "starts", "ends")
PARAMETERS = (
    "auth_username",
    "auth_password",
    "customer",
    "recursive",
    "count",
    "direction",
    "sort",
    "descending",
    "names",
    "callername_match",
    "callername_number",
    "callid",
    "phone",
    "stype",
    "smatch",
    "snumber",
    "ctype",
    "cmatch",
    "cnumber",
    "dtype",
    "dmatch",
    "dnumber",
    "machines",
    "limit",
)

# ---------------------------------------------------------------------------------------------------------- the world

NAMES = (
    "Jürgen Groß",
    "Anna O'Neil",
    "Zoë Brontë",
    "100% Cotton Ltd",
    "under_score desk",
    "Smith & Sons",
    "Bob",
    "",
    "Łukasz Żak",
    "Émile Durand",
    "María-José de la Fuente y Hernández-Königsberger von und zu Hohenstein (reception)",
    "Front  desk",
    "Müller, Käthe",
    "anna larsen",
    "Ops <night>",
    'Tim "TJ" Jones',
    "Éva Szőke",
    "Back_office 50%",
)
PEERS, BILLING, INGROUPS, OUTGROUPS, MACHINES = (7, 11, 102, 23), (8, 11, 102), (3, 14), (5, 31), (1, 2, 10, 12, 21)
SINGLE = ("out", "in", "internal", "service", "out", "in", "callback", "internal")
DOUBLE = ("forward", "ivr", "forward")
MANY = ("queue", "party")
SIZES = (1, 2, 1, 3, 1, 1, 2, 1, 1, 4, 1)


@dataclass(frozen=True)
class Leg:
    start: int
    answer: int  # 0: never
    end: int
    hold: int
    resume: int
    place: int  # in the call, from 0
    came_in: bool  # the first leg of the call is inbound
    fixed: Row

    def active(self, at: float, linger: int = 0) -> bool:
        return self.start <= at < self.end + linger


@dataclass
class Slot:
    """A place for one call after the other."""

    number: int
    size: int  # most legs
    rng: random.Random
    next_start: int
    calls: list[list[Leg]] = field(default_factory=list)
    made: int = 0
    legs_made: int = 0


class World:
    def __init__(self, rows: int, seed: int, now: int, has: Callable[[str], bool]) -> None:
        self.has = has
        self.seed = seed
        self.now = now
        self.lock = threading.Lock()
        self.directory: dict[str, str] = {}
        self.lines: dict[int, list[str]] = {}
        self.inbound: dict[int, list[str]] = {}
        self.outside: list[str] = []
        self.owners: dict[str, str] = {}  # line -> its name
        self.make_numbers(random.Random(f"{seed}/numbers"))
        self.slots: list[Slot] = []
        left = min(rows, MOST_ACTIVE)
        while left > 0:
            number = len(self.slots)
            size = 1 if has("single_legs") else min(left, SIZES[number % len(SIZES)])
            rng = random.Random(f"{seed}/{number}")
            slot = Slot(number, size, rng, 0)
            slot.next_start = self.first_start(slot)
            self.slots.append(slot)
            left -= size

    def make_numbers(self, rng: random.Random) -> None:
        for i, customer in enumerate(CUSTOMERS):
            base = 200 + 10 * i
            self.lines[customer] = [str(base), str(base + 1), str(base + 2), str(base + 5), f"{base}0"]
            self.inbound[customer] = [f"+121255501{2 * i:02}", f"+121255501{2 * i + 1:02}"]
            for line in self.lines[customer]:
                self.owners[line] = "" if self.has("nameless") else rng.choice(NAMES)
                self.directory[line] = self.owners[line]
            self.directory[self.inbound[customer][0]] = CUSTOMERS[customer][1]
        self.outside = [f"+447700900{n:03}" for n in rng.sample(range(1000), 40)]
        self.outside += [f"+120255501{n:02}" for n in rng.sample(range(100), 20)]
        for number in self.outside[::2]:
            self.directory[number] = rng.choice(NAMES)

    def span(self, slot: Slot) -> tuple[int, bool]:
        """Seconds of the next call of a slot, and whether it is surely answered."""
        if self.has("still_world"):
            return 10 * 86400, True
        if self.has("fast_world"):
            return slot.rng.randint(3, 9), False
        kind = slot.number % 3
        if kind == 0:
            return slot.rng.randint(12, 50), False
        if kind == 1:
            return slot.rng.randint(60, 260), True
        return slot.rng.choice((900, 2400, 7200, 86400, 3 * 86400)), True

    def first_start(self, slot: Slot) -> int:
        kind = slot.number % 3
        if self.has("still_world"):
            return self.now - slot.rng.randint(100, 3 * 86400)
        if self.has("fast_world"):
            return self.now - slot.rng.randint(0, 3)
        back = (
            slot.rng.randint(0, 8)
            if kind == 0
            else slot.rng.randint(0, 50)
            if kind == 1
            else (slot.rng.choice((60, 300, 3000, 20000, 150000)) + slot.rng.randint(0, 500))
        )
        return self.now - back

    def advance(self, slot: Slot, at: float) -> None:
        while slot.next_start <= at:
            start = slot.next_start
            if self.has("whole_minutes"):
                start = -(-start // 60) * 60 if slot.made else start // 60 * 60
            elif slot.rng.random() < 0.4:  # equal instants now and then
                start = -(-start // 5) * 5 if slot.made else start // 5 * 5
            span, sure = self.span(slot)
            if not slot.made and slot.number % 3 == 2 and not self.has("fast_world"):  # must still live at the start
                span = max(span, self.now - start + slot.rng.randint(30, 3000))
            call = self.make_call(slot, start, span, sure)
            slot.calls.append(call)
            slot.made += 1
            del slot.calls[:-8]
            slot.next_start = max(leg.end for leg in call) + slot.rng.randint(0, 3)

    def legs(self, at: float, linger: int = 0) -> list[Leg]:
        with self.lock:
            for slot in self.slots:
                self.advance(slot, at)
            return [leg for slot in self.slots for call in slot.calls for leg in call if leg.active(at, linger)]

    def make_call(self, slot: Slot, start: int, span: int, sure: bool) -> list[Leg]:
        rng = slot.rng
        turn = slot.number + slot.made * 3
        if slot.size >= 3:
            kind = MANY[turn % len(MANY)]
        elif slot.size == 2:
            kind = DOUBLE[turn % len(DOUBLE)]
        else:
            kind = SINGLE[turn % len(SINGLE)]
        if self.has("all_internal"):
            kind = "party" if slot.size > 1 else ("internal", "service", "callback")[turn % 3]
        customer = 101 if self.has("one_customer") else POOL[(slot.number * 5 + slot.made * 7) % len(POOL)]
        inbound = kind in ("in", "forward", "ivr", "queue")
        outside = rng.choice(self.outside)
        line, other, third, fourth = rng.sample(self.lines[customer], 4)
        called = rng.choice(self.inbound[customer])
        withheld = inbound and (self.has("withheld") or rng.random() < 0.12)
        tech = rng.choice(("DAHDI", "IAX2") if self.has("no_sip") else ("SIP", "SIP", "SIP", "DAHDI", "IAX2"))
        sip = f"{rng.getrandbits(64):016x}@198.51.100.{rng.randint(1, 20)}" if tech == "SIP" else ""
        big = 3_000_000_000 if self.has("big_ids") else 0
        answered = (sure or rng.random() < 0.75) and not self.has("nobody_answers")
        ring = rng.randint(2, max(2, min(14, span // 3)))
        answer = start + ring if answered else 0
        end = start + span
        name = "" if withheld or self.has("nameless") else (rng.choice(NAMES) if inbound else self.owners[line])
        common: Row = {
            "billing_peer": 0,
            "callerid_external": ("" if withheld else outside) if inbound else called,
            "callerid_internal": ("" if withheld else outside) if inbound else line,
            "callername_external": name if inbound or self.has("nameless") else CUSTOMERS[customer][1],
            "callername_internal": name,
            "cnumber": called if inbound else other,
            "ctype": "",
            "dcustomer": customer,
            "dnumber": other,
            "dtype": "phone",
            "ingroup": 0,
            "machine": rng.choice(MACHINES) + big,
            "outgroup": 0,
            "overmax": int(rng.random() < 0.15),
            "peer": 0,
            "recording": "",
            "scustomer": customer,
            "sip_callid": sip,
            "snumber": ("" if withheld else outside) if inbound else line,
            "spresent": 32 if withheld else 0,
            "stype": "external" if inbound else "phone",
            "direction": "in" if inbound else "internal",
        }
        ingroup = rng.choice(INGROUPS) + big
        if inbound:
            common["ingroup"] = ingroup
        outward: Row = {
            "direction": "out",
            "dtype": "external",
            "dnumber": outside,
            "dcustomer": 0,
            "ingroup": 0,
            "peer": rng.choice(PEERS) + big,
            "outgroup": rng.choice(OUTGROUPS) + big,
        }
        outward["billing_peer"] = outward["peer"] if rng.random() < 0.7 else rng.choice(BILLING) + big
        legs: list[tuple[int, int, int, Row]] = []
        if kind == "out":
            dialled = outside if rng.random() < 0.4 else "00" + outside[1:]
            legs.append((start, answer, end, {**outward, "cnumber": dialled}))
        elif kind == "in":
            legs.append((start, answer, end, {}))
        elif kind == "internal":
            change: Row = {}
            sisters = [c for c in CUSTOMERS if CUSTOMERS[c][0] == CUSTOMERS[customer][0] != 0 and c != customer]
            if sisters and rng.random() < 0.4 and not self.has("one_customer"):
                sister = rng.choice(sisters)
                to = rng.choice(self.lines[sister])
                change = {"dcustomer": sister, "dnumber": to, "cnumber": rng.choice(self.inbound[sister])}
            elif rng.random() < 0.25:
                change = {"ctype": "phone", "cnumber": third}
            legs.append((start, answer, end, change))
        elif kind == "service":
            service = rng.choice(("mailbox", "conference", "ivr", "patternmenu"))
            number = {"mailbox": line, "conference": "8001", "ivr": "7000", "patternmenu": "7105"}[service]
            code = {"mailbox": "*97", "conference": "8001", "ivr": "7000", "patternmenu": "*7105"}[service]
            legs.append((start, answer, end, {"dtype": service, "dnumber": number, "cnumber": code}))
        elif kind == "callback":
            legs.append((start, answer, end, {"stype": "mailbox"}))
        elif kind == "forward":
            mobile = rng.choice([n for n in self.outside if n != outside])
            then = start + min(2, span // 4)
            legs.append((start, answer, end, {}))
            legs.append((then, answer, end, {**outward, "dnumber": mobile, "ctype": "phone", "cnumber": other}))
        elif kind == "ivr":
            then = start + max(1, span // 5)
            talk = min(then + ring, end - 1) if answered else 0
            quick = 0 if self.has("nobody_answers") else start + 1
            legs.append((start, quick, end, {"dtype": "ivr", "dnumber": "7000"}))
            legs.append((then, talk, end, {}))
        elif kind == "queue":
            quick = 0 if self.has("nobody_answers") else start + 1
            legs.append((start, quick, end, {"dtype": "queue", "dnumber": "6100"}))
            agents = (other, third, fourth)[: slot.size - 1]
            winner = rng.randrange(len(agents))
            talk = start + max(3, span // 3 if span < 300 else 20) if answered else 0
            for i, agent in enumerate(agents):
                lucky = i == winner
                stop = end if lucky or not talk else talk
                legs.append((start + 1 + i % 2, talk if lucky else 0, stop, {"dnumber": agent}))
        else:  # party
            quick = 0 if self.has("nobody_answers") else start + 1
            legs.append((start, quick, end, {"dtype": "conference", "dnumber": "8001", "cnumber": "8001"}))
            for i, guest in enumerate((other, third, fourth)[: slot.size - 1]):
                joins = start + 1 + i + ring if answered else 0
                legs.append(
                    (start + 1 + i, min(joins, end - 1) if joins else 0, end, {"dnumber": guest, "cnumber": "8001"})
                )
        record = rng.random() < 0.4
        callid = ""
        result: list[Leg] = []
        for place, (begin, pick, stop, change) in enumerate(legs):
            sequence = 100000 + slot.legs_made * 64 + slot.number
            slot.legs_made += 1
            uniqueid = f"{begin}.{sequence}"
            if self.has("prefixed_uniqueids"):
                uniqueid = f"pbx{common['machine']}-{uniqueid}"
            if not callid:
                callid = uniqueid
                if self.has("uuid_callids"):
                    callid = str(uuid.UUID(int=random.Random(f"{self.seed}/{uniqueid}").getrandbits(128), version=4))
            fixed = {**common, **change, "uniqueid": uniqueid, "callid": callid}
            fixed["channel"] = f"{tech}/{fixed['snumber'] or 'anonymous'}-{sequence:08x}"
            if record:
                fixed["recording"] = f"/var/spool/asterisk/monitor/{customer}/{uniqueid}.wav"
            if pick and not begin <= pick < stop:
                pick = begin
            hold = resume = 0
            if pick and (slot.number + slot.made) % 4 == 2:
                hold = pick + max(2, (stop - pick) // 4)
                resume = pick + max(3, (stop - pick) * 3 // 4)
            result.append(Leg(begin, pick, stop, hold, resume, place, inbound, fixed))
        return result


# ------------------------------------------------------------------------------------------------------------- the API


class Refusal(Exception):
    def __init__(self, *errors: tuple[str, str, str]) -> None:
        super().__init__(errors)
        self.errors = errors  # (code, key, message)


@dataclass
class Query:
    customers: frozenset[int] | None = None  # None: all on the system
    count: bool = False
    direction: str = ""
    sort: str = "start"
    descending: bool = False
    names: bool = False
    machines: list[str] = field(default_factory=list)
    limit: int = 0


def below(customer: int) -> frozenset[int]:
    """All sub-customers at all depths, without the customer itself."""
    direct = frozenset(c for c, (parent, _) in CUSTOMERS.items() if parent == customer)
    return direct.union(*(below(c) for c in direct))


def natural(value: Any) -> tuple[int, int, str]:
    text = str(value)
    digits = re.sub(r"\D", "", text)
    return (1, int(digits), text) if digits and not re.search("[a-z]", text) else (0, 0, text.lower())


class Api:
    def __init__(self, rows: int, seed: int, now: float, names: frozenset[str]) -> None:
        self.has: Callable[[str], bool] = names.__contains__
        self.world = World(rows, seed, int(now), self.has)
        self.begun = now
        self.tick = time.monotonic()
        self.clock: Callable[[], float] = lambda: self.begun + time.monotonic() - self.tick
        self.requests = 0
        self.logged_in: set[str] = set()
        self.cache: dict[Any, tuple[float, Any]] = {}

    # -- requests

    def parse(self, text: str) -> list[tuple[str, str]]:
        parts = re.split("&" if self.has("no_semicolons") else "[;&]", text)
        if self.has("six_parameters"):
            parts = parts[:6]
        pairs = []
        for part in parts:
            if part:
                name, _, value = part.partition("=")
                pairs.append((unquote_plus(name), unquote_plus(value)))
        return pairs

    def parameters(self, query: str, body: list[tuple[str, str]], memory: Row) -> dict[str, str]:
        has = self.has
        pairs = self.parse(query) + [
            (name, value)
            for name, value in body
            if not (has("customer_post") and name == "customer" or has("sort_post") and name == "sort")
        ]
        result: dict[str, str] = {}
        for name, value in pairs:
            if has("trims"):
                value = value.strip()
            if not (has("first_wins") and name in result):
                result[name] = value
        for name in PARAMETERS:
            if has(name + "_ignored"):
                result.pop(name, None)
        if has("connection_login") and "auth_username" in result:
            for name in ("auth_username", "auth_password"):
                result[name] = memory.setdefault(name, result.get(name, ""))
        if has("sort_sticks"):
            if "sort" in result:
                memory["sort"] = result["sort"]
            elif "sort" in memory:
                result["sort"] = memory["sort"]
        return result

    def login(self, given: dict[str, str], post: bool) -> Person:
        has = self.has
        name, password = given.get("auth_username", ""), given.get("auth_password", "")
        if has("missing_login_400"):
            for key in ("auth_username", "auth_password"):
                if not given.get(key):
                    raise Refusal(("400", key, "This field is required."))
        person = PEOPLE.get(name)
        if has("unknown_user") and name and not person:
            return PEOPLE["owner"]
        right = person is not None and password == person.password
        if person and not right:
            right = (
                has("any_password")
                or has("post_password")
                and post
                or has("password_prefix")
                and password.startswith(person.password)
                or has("password_start")
                and password[:6] == person.password[:6]
                or has("password_case")
                and password.lower() == person.password.lower()
                or has("empty_password")
                and not password
                or has("login_remembered")
                and name in self.logged_in
            )
        if not right or person is None:
            code = "400" if has("wrong_login_400") else "402" if has("wrong_login_402") else "401"
            if has("wrong_login_empty"):
                code = "200"
            raise Refusal((code, "", "Invalid username or password."))
        self.logged_in.add(name)
        allowed = person.privileges & NEEDED
        if has("callshop_refused"):
            allowed -= {"callshop"}
        if has("reports_refused"):
            allowed -= {"telephone line reports"}
        if not allowed and not has("weak_role"):
            raise Refusal(("401" if has("weak_role_401") else "402", "", "Your role does not allow this."))
        return person

    def customers(
        self, given: dict[str, str], person: Person, recursive: bool, bad: Callable[[str, str], None]
    ) -> frozenset[int] | None:
        has = self.has
        wanted = given.get("customer", "")
        own = person.customer
        direct = frozenset(c for c, (parent, _) in CUSTOMERS.items() if parent == own)
        if has("recursive_with_id") and not wanted or has("recursive_filtered") and given.get("direction"):
            recursive = False
        if has("count_flat") and given.get("count") == "1":
            recursive = False
        if wanted == "system" and has("system_is_all"):
            wanted = "all"
        if wanted == "all":
            if has("recursive_all_refused") and recursive:
                bad("recursive", "Not allowed with all.")
            if has("all_deep") or has("recursive_all") and recursive:
                return below(own)
            if has("all_first"):
                return frozenset(sorted(direct)[:1])
            return direct | {own} if has("all_with_own") else direct
        if wanted == "system":
            if person.owner or has("system_for_all"):
                return frozenset(CUSTOMERS) - {own} if has("system_without_own") else None
            raise Refusal(("400" if has("system_400") else "402", "customer", "Your role does not allow this."))
        if wanted == "":
            customer = own
            if "customer" in given and has("customer_empty_all") or has("own_with_subs"):
                recursive = True
        elif re.fullmatch("[0-9]{1,18}", wanted):
            customer = int(wanted)
        elif has("bad_customer_own"):
            customer = own
        else:
            bad("customer", "No such customer.")
            return frozenset()
        if customer not in CUSTOMERS and has("unknown_customer_empty"):
            return frozenset()
        seen = below(own) | {own} if person.reseller else frozenset({own})
        if customer not in CUSTOMERS:
            bad("customer", "No such customer.")
        elif customer not in seen and not has("foreign_customer"):
            if has("foreign_402"):
                raise Refusal(("402", "customer", "Your role does not allow this."))
            bad("customer", "No such customer.")
        if has("customer_prefix") and wanted:
            return frozenset(c for c in seen if str(c).startswith(wanted))
        if not recursive:
            return frozenset({customer})
        if has("recursive_one_level"):
            return frozenset({customer}) | {c for c, (parent, _) in CUSTOMERS.items() if parent == customer}
        return below(customer) if has("recursive_without_self") else below(customer) | {customer}

    def query(self, given: dict[str, str], person: Person) -> Query:
        has = self.has
        errors: list[tuple[str, str, str]] = []

        def bad(key: str, message: str) -> None:
            errors.append(("400", key, message))

        def flag(name: str) -> bool:
            value = given.get(name, "")
            if name in given and has(name + "_zero_true"):
                return True
            if value in ("", "0", "1"):
                return value == "1"
            if has("lax_integers"):
                return bool(re.fullmatch("-?[0-9]+", value)) and int(value) != 0
            bad(name, "Must be 0 or 1.")
            return False

        q = Query(count=flag("count"), descending=flag("descending"), names=flag("names"))
        q.customers = self.customers(given, person, flag("recursive"), bad)
        q.direction = given.get("direction", "")
        words = ("in", "internal", "out") if has("in_out_refused") else ("in", "internal", "in_out", "out")
        if has("direction_empty") and "direction" in given and not q.direction:
            bad("direction", "Unknown direction.")
        if q.direction and q.direction not in words:
            if has("unknown_direction_all"):
                q.direction = ""
            else:
                bad("direction", "Unknown direction.")
        if given.get("sort"):
            q.sort = given["sort"]
        if q.sort not in FIELDS_SORT and q.sort != "start" or has("sort_stype_refused") and q.sort == "stype":
            if has("unknown_sort_default"):
                q.sort = "start"
            else:
                bad("sort", "Unknown field.")
        for name in ("callername_match", "smatch", "cmatch", "dmatch"):
            word = given.get(name, "")
            if has("contains_only") and word not in ("", "contains") or word and word not in MATCHES:
                if has("unknown_match_contains"):
                    given[name] = ""
                else:
                    bad(name, "Unknown match.")
        if has("cmatch_contains_refused") and given.get("cmatch") == "contains":
            bad("cmatch", "Unknown match.")
        if has("callername_quote") and "'" in given.get("callername_number", ""):
            bad("callername_number", "Invalid character.")
        for part in given.get("machines", "").split(",") if given.get("machines", "").strip() else []:
            if re.fullmatch("[0-9]{1,18}", part.strip()):
                q.machines.append(str(int(part)))
            elif not has("lax_machines"):
                bad("machines", "Must be a comma separated list of IDs.")
        text = given.get("limit", "").strip()
        if re.fullmatch("[0-9]{1,18}", text):
            q.limit = int(text)
        elif text and not has("lax_integers") and not (has("negative_limit_all") and re.fullmatch("-[0-9]+", text)):
            bad("limit", "Must be a number.")
        if has("limit_large") and q.limit > 40:
            bad("limit", "Too large.")
        if has("unknown_parameter_400"):
            for name in given:
                if name not in PARAMETERS:
                    bad(name, "Unknown parameter.")
        if errors:
            raise Refusal(*errors)
        return q

    # -- rows

    def row(self, leg: Leg, at: float) -> Row:
        answered = leg.answer if leg.answer and leg.answer <= at else 0
        held = bool(answered) and leg.hold <= at < leg.resume
        status = "held" if held else "answered" if answered else "ringing" if at >= leg.start + 2 else "trying"
        if at >= leg.end:
            status = "ended"
        result: Row = {"uniqueid": leg.fixed["uniqueid"], "start": leg.start, "answered": answered, "status": status}
        result.update(leg.fixed)
        if not answered:
            result["recording"] = ""
        return result

    def snapshot(self, at: float) -> list[tuple[Row, Leg]]:
        has = self.has
        if has("refreshed_list"):
            at = at // 2 * 2
        if has("frozen"):
            at = self.begun + (at - self.begun) // 600 * 600
        legs = self.world.legs(at, 30 if has("ended_listed") else 0)
        pairs = [(self.row(leg, at), leg) for leg in legs]
        if has("ringing_hidden"):
            pairs = [pair for pair in pairs if pair[0]["answered"]]
        if has("answered_hidden"):
            pairs = [pair for pair in pairs if not pair[0]["answered"]]
        if has("first_legs"):
            pairs = [pair for pair in pairs if pair[1].place == 0]
        return pairs

    def in_scope(self, row: Row, leg: Leg, q: Query, given: dict[str, str]) -> bool:
        has = self.has
        if q.customers is None or has("leak") and row["ctype"] or has("callid_crosses") and given.get("callid"):
            return True
        if has("all_no_destination") and given.get("customer") == "all" and row["direction"] == "in":
            return False
        if has("customer_destination") and given.get("customer", "").isdigit():
            return row["dcustomer"] in q.customers
        if row["scustomer"] in q.customers:
            return True
        return row["dcustomer"] in q.customers and not has("customer_pays")

    def right_direction(self, row: Row, leg: Leg, q: Query) -> bool:
        has = self.has
        way = row["direction"]
        if q.direction == "":
            return True
        if has("direction_sorted") and q.sort == "direction" or has("count_all_directions") and q.count:
            return True
        if q.direction == "in_out":
            if has("in_out_in"):
                return bool(way == "in")
            return way in ("in", "out") or has("in_out_all")
        if q.direction == "in":
            return (
                way == "in"
                or has("in_with_internal")
                and way == "internal"
                or (has("in_by_first_leg") and leg.came_in)
            )
        if q.direction == "out":
            if has("out_answered") and not row["answered"]:
                return False
            return way == "out" or has("out_with_internal") and way == "internal"
        if has("internal_is_phone"):
            return bool(row["stype"] == "phone")
        return way == "internal" or has("internal_all")

    def matches(self, value: str, wanted: str, word: str, fold: bool = False) -> bool:
        if fold:
            value, wanted = value.lower(), wanted.lower()
        if word == "exact":
            return value == wanted
        if word == "starts":
            return value.startswith(wanted)
        if word == "ends":
            return value.endswith(wanted)
        return wanted in value

    def right_name(self, row: Row, given: dict[str, str]) -> bool:
        has = self.has
        wanted = given.get("callername_number", "")
        if not wanted or has("callername_with_limit") and given.get("limit"):
            return True
        if has("callername_umlaut") and not wanted.isascii():
            return False
        word = given.get("callername_match") or "contains"
        if has("callername_equal"):
            word = "exact"
        if has("callername_start"):
            word = "starts"
        fields = (
            ["callername_internal"] if has("callername_internal") else ["callername_internal", "callername_external"]
        )
        if has("callername_in_snumber"):
            fields = ["snumber"]
        if has("callername_wildcards"):
            pattern = re.escape(wanted).replace("_", ".").replace("%", ".*")
            return any(re.search(pattern, row[name], re.I | re.S) for name in fields)
        return any(self.matches(row[name], wanted, word, not has("names_case_sensitive")) for name in fields)

    def right_number(self, row: Row, given: dict[str, str], letter: str) -> bool:
        has = self.has
        name = letter + "number"
        wanted, word = given.get(name, ""), given.get(letter + "match") or "contains"
        value = row[name]
        if not wanted:
            return not (has("snumber_empty") and name == "snumber" and name in given and value)
        if name == "snumber":
            if has("snumber_start"):
                word = "starts"
            if has("snumber_plus"):
                wanted = unquote_plus(wanted)
        elif name == "cnumber":
            if has("cnumber_equal"):
                word = "exact"
            if has("cnumber_digits"):
                value, wanted = re.sub(r"\D", "", value), re.sub(r"\D", "", wanted)
        else:
            if has("dmatch_default") and not given.get("dmatch"):
                word = "exact"
            if has("dnumber_is_cnumber"):
                value = row["cnumber"]
            if has("dnumber_line") and row["dtype"] != "external":
                return False
        return self.matches(value, wanted, word)

    def right_type(self, row: Row, given: dict[str, str], name: str) -> bool:
        has = self.has
        wanted, value = given.get(name, ""), row[name]
        if not wanted:
            return not (has("ctype_empty") and name == "ctype" and name in given and value)
        if has("types_any_case"):
            wanted = wanted.lower()
        if has("ctype_is_dtype") and name == "ctype":
            value = row["dtype"]
        if has("stype_with_snumber") and name == "stype" and not given.get("snumber"):
            return True
        if has("dtype_or_stype") and name == "dtype" and row["stype"] == wanted:
            return True
        return bool(value == wanted)

    def right_line(self, row: Row, given: dict[str, str]) -> bool:
        has = self.has
        wanted = given.get("phone", "")
        line = row["stype"] == "phone"
        if not wanted:
            return line or not (has("phone_empty") and "phone" in given)
        if has("phone_destination") and row["dtype"] == "phone" and row["dnumber"] == wanted:
            return True
        if has("phone_answered") and not row["answered"]:
            return False
        if has("phone_part"):
            return line and wanted in row["snumber"]
        return (line or has("phone_mailbox")) and row["snumber"] == wanted

    def right_call(self, row: Row, leg: Leg, given: dict[str, str]) -> bool:
        has = self.has
        wanted = given.get("callid", "")
        if not wanted:
            return not (has("callid_empty") and "callid" in given)
        if has("callid_first_leg") and leg.place:
            return False
        if has("callid_second"):
            return bool(row["callid"].partition(".")[0] == wanted.partition(".")[0])
        return bool(row["callid"] == wanted)

    def right_machine(self, row: Row, q: Query, given: dict[str, str]) -> bool:
        has = self.has
        if not q.machines:
            if has("lax_machines") and given.get("machines", "").strip():
                return False
            return not (has("machines_empty") and "machines" in given)
        if has("count_all_machines") and q.count:
            return True
        if has("machines_text"):
            return str(row["machine"]) in given["machines"]
        wanted = q.machines[:1] if has("machines_first") else q.machines
        if has("machines_last") and len(wanted) > 2:
            wanted = wanted[:-1]
        return str(row["machine"]) in wanted

    def select(self, given: dict[str, str], q: Query, at: float) -> list[tuple[Row, Leg]]:
        has = self.has
        pairs = [pair for pair in self.snapshot(at) if self.in_scope(*pair, q, given)]
        if has("limit_filtered") and q.limit and not q.count:
            pairs = self.order(pairs, q)[: q.limit]
        pairs = [pair for pair in pairs if self.right_direction(*pair, q)]
        if has("callid_unknown") and given.get("callid") and not any(self.right_call(*p, given) for p in pairs):
            given = {**given, "callid": ""}
        if has("callername_none_all") and not any(self.right_name(row, given) for row, _ in pairs):
            given = {**given, "callername_number": ""}
        kept = []
        for row, leg in pairs:
            types = [self.right_type(row, given, name) for name in ("stype", "ctype", "dtype")]
            numbers = [self.right_number(row, given, letter) for letter in "scd"]
            right = all(types)
            if has("types_or") and given.get("stype") and given.get("dtype"):
                right = types[1] and (types[0] or types[2])
            if has("numbers_or") and given.get("snumber") and given.get("dnumber"):
                numbers = [numbers[0] or numbers[2], numbers[1]]
            if (
                right
                and all(numbers)
                and self.right_name(row, given)
                and self.right_line(row, given)
                and self.right_call(row, leg, given)
                and self.right_machine(row, q, given)
            ):
                kept.append((row, leg))
        return kept

    def order(self, pairs: list[tuple[Row, Leg]], q: Query) -> list[tuple[Row, Leg]]:
        has = self.has
        name = q.sort
        if has("sort_scustomer") and name == "scustomer":
            name = "dcustomer"
        if has("sort_dnumber") and name == "dnumber":
            name = "cnumber"
        if has("sort_dtype") and name == "dtype":
            name = "stype"
        if has("sort_direction") and name == "direction":
            name = "start"
        if has("sort_default") and name == "start":
            name = "answered"
        if has("sort_ctype_loses") and name == "ctype" or has("sort_peer_loses") and name == "peer":
            pairs = [pair for pair in pairs if pair[0][name]]
        text = has("sort_peer_text") and name == "peer" or has("sort_machine_text") and name == "machine"

        def key(pair: tuple[Row, Leg]) -> Any:
            value = pair[0][name]
            if text:
                return str(value)
            if has("sort_snumber") and name == "snumber":
                return value[:2]
            if has("sort_uniqueid") and name == "uniqueid":
                return value.rpartition(".")[2]
            return natural(value) if has("natural_sort") and isinstance(value, str) else value

        def tie(pair: tuple[Row, Leg]) -> Any:
            if has("ties_hashed"):
                return hashlib.md5(pair[0]["uniqueid"].encode()).digest()
            return (pair[0]["start"], pair[0]["uniqueid"])

        descending = q.descending
        if has("descending_named") and q.sort == "start" or has("descending_filtered") and q.direction:
            descending = False
        if has("sort_start_reversed") and q.sort == "start":
            descending = not descending
        if has("descending_limited") and q.limit:
            descending = False
        pairs = sorted(pairs, key=tie, reverse=has("ties_reversed") or descending and not has("ties_not_reversed"))
        pairs = sorted(pairs, key=key, reverse=descending) if not descending else sorted(pairs[::-1], key=key)[::-1]
        if has("sort_straggler") and len(pairs) > 20:
            pairs = pairs[-1:] + pairs[:-1]
        if has("descending_loses") and q.descending:
            starts = [row["start"] for row, _ in pairs]
            pairs = [pair for i, pair in enumerate(pairs) if i == 0 or starts[i] != starts[i - 1]]
        return pairs

    def cut(self, pairs: list[tuple[Row, Leg]], q: Query, given: dict[str, str]) -> list[tuple[Row, Leg]]:
        has = self.has
        limit = q.limit
        if has("limit_zero") and given.get("limit", "").strip() == "0":
            return []
        if has("limit_default") and not limit:
            return pairs[:25]
        if has("limit_one_all") and limit == 1 or has("limit_sorted") and given.get("sort") or not limit:
            return pairs
        if has("limit_one_more"):
            limit += 1
        if has("limit_descending") and q.descending:
            limit -= 1
        if has("limit_calls"):
            callids = list(dict.fromkeys(row["callid"] for row, _ in pairs))[:limit]
            return [pair for pair in pairs if pair[0]["callid"] in callids]
        pairs = pairs[:limit]
        return pairs[::-1] if has("descending_limited") and q.descending else pairs

    def rows(self, given: dict[str, str], q: Query, person: Person, at: float) -> Any:
        has = self.has
        pairs = self.select(given, q, at)
        if has("flicker") and self.requests % 2 == 0 and len(pairs) > 2:
            del pairs[len(pairs) // 2]
        if q.count:
            if has("count_answered"):
                pairs = [pair for pair in pairs if pair[0]["answered"]]
            if has("count_old"):
                pairs = [pair for pair in pairs if pair[0]["start"] > at - 3600]
            number = len({row["callid"] for row, _ in pairs}) if has("count_calls") else len(pairs)
            if has("count_limited") and q.limit:
                number = min(number, q.limit)
            if has("count_page"):
                number = min(number, 20)
            if has("cache_count"):
                number = self.remember("count", 60, at, number)
            if has("count_string"):
                return str(number)
            if has("count_row"):
                return [{"count": number}]
            if not has("count_data"):
                return {"count": number} if has("count_object") else number
        if has("sort_limited") and q.limit:
            pairs = pairs[: q.limit]
        pairs = self.cut(self.order(pairs, q), q, given)
        if has("rows_capped"):
            pairs = pairs[:30]
        if has("names_loses") and q.names:
            pairs = [pair for pair in pairs if self.world.directory.get(pair[0]["snumber"])]
        if has("row_twice"):
            several = {row["callid"] for row, leg in pairs if leg.place}
            pairs = [
                pair for pair in pairs for _ in range(2 if pair[1].place == 0 and pair[0]["callid"] in several else 1)
            ]
        result = []
        for i, (row, leg) in enumerate(pairs):
            named = q.names and not (has("names_limited") and q.limit or has("names_first") and i >= 10)
            shown = self.names(pairs[i - 1][0] if has("names_shifted") else row, named)
            row = self.render(dict(row), leg, person, at)
            if has("next_row") and int(leg.fixed["uniqueid"].rpartition(".")[2]) // 64 % 3 == 0 and i % 3 == 0:
                row["dtype"] = pairs[i - 1][0]["dtype"]
            if has("names_overwrite") and q.names:
                row["snumber"] = self.world.directory.get(row["snumber"]) or row["snumber"]
            row.update(shown)
            result.append(self.dress(row, at))
        return result

    def names(self, row: Row, named: bool) -> Row:
        has = self.has
        if not named and not has("names_empty_keys"):
            return {}
        result: Row = {}
        for letter in "scd":
            key = letter + ("name" if has("names_other_keys") else "number_display")
            result[key] = self.world.directory.get(row[letter + "number"], "") if named else ""
            if has("names_null") and not result[key]:
                result[key] = None
        return result

    def render(self, row: Row, leg: Leg, person: Person, at: float) -> Row:
        """The row as it is sent: the place of most bugs with fields."""
        has = self.has
        sequence = int(leg.fixed["uniqueid"].rpartition(".")[2])
        way, answered = row["direction"], row["answered"]
        if has("answered_millis"):
            row["answered"] = answered * 1000
        if not answered and (has("answered_null") or has("answered_start")):
            row["answered"] = None if has("answered_null") else row["start"]
        if answered:
            if has("answered_after"):
                row["answered"] = answered - row["start"]
            if has("answered_zone"):
                row["answered"] = answered + 3600
            if has("answered_held") and row["status"] == "held":
                row["answered"] = 0
            if has("answered_now"):
                row["answered"] = int(at)
            if has("answered_early") and sequence % 5 == 0:
                row["answered"] = row["start"] - 4
            if has("uniqueid_answered"):
                row["uniqueid"] = row["uniqueid"].partition(".")[0] + f".{sequence + 500000}"
            if has("start_answered"):
                row["start"] = answered
            if has("status_stuck"):
                row["status"] = "ringing"
        if has("billing_peer_in") and way == "in":
            row["billing_peer"] = 7
        if has("peer_internal") and way == "internal":
            row["peer"] = 11
        if has("groups_swapped"):
            row["ingroup"], row["outgroup"] = row["outgroup"], row["ingroup"]
        if has("ingroup_forwarded") and way == "out" and leg.came_in:
            row["ingroup"] = 3
        if has("outgroup_null"):
            row["outgroup"] = row["outgroup"] or None
        if has("callid_per_leg"):
            row["callid"] = row["uniqueid"]
        if has("uniqueid_shared"):
            row["uniqueid"] = row["callid"]
        if has("uniqueid_number"):
            row["uniqueid"] = float(leg.fixed["uniqueid"].rpartition("-")[2])
        if has("ctype_null"):
            row["ctype"] = row["ctype"] or None
        if has("cnumber_missing") and not answered:
            del row["cnumber"]
        if has("dcustomer_null"):
            row["dcustomer"] = row["dcustomer"] or None
        if has("machine_text"):
            row["machine"] = str(row["machine"])
        if has("overmax_bool"):
            row["overmax"] = bool(row["overmax"])
        if has("overmax_two") and row["overmax"] and sequence % 2:
            row["overmax"] = 2
        if has("recording_none"):
            row["recording"] = row["recording"] or None
        if has("sip_callid_always"):
            row["sip_callid"] = row["sip_callid"] or f"{sequence:08x}@198.51.100.9"
        if has("sip_callid_null"):
            row["sip_callid"] = row["sip_callid"] or None
        if has("spresent_text"):
            row["spresent"] = "restricted" if row["spresent"] else "allowed"
        if has("start_text"):
            row["start"] = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(row["start"]))
        if has("start_string"):
            row["start"] = str(row["start"])
        if has("start_float"):
            row["start"] = row["start"] + 0.25
        if has("start_zone"):
            row["start"] += 7200
        if has("status_number"):
            row["status"] = ("trying", "ringing", "answered", "held", "ended").index(row["status"])
        if has("status_missing") and row["status"] == "held":
            del row["status"]
        if has("snumber_number") and row["snumber"].isdigit():
            row["snumber"] = int(row["snumber"])
        if has("dnumber_stripped"):
            row["dnumber"] = row["dnumber"].lstrip("+")
        if has("scustomer_own"):
            row["scustomer"] = person.customer
        if has("customers_swapped") and row["dcustomer"]:
            row["scustomer"], row["dcustomer"] = row["dcustomer"], row["scustomer"]
        for name in ("callername_internal", "callername_external"):
            if has("names_escaped"):
                row[name] = row[name].replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;")
            if has("names_mojibake"):
                row[name] = row[name].encode().decode("latin-1")
        return row

    def dress(self, row: Row, at: float) -> Row:
        """Habits with rows."""
        has = self.has
        if has("status_words"):
            words = {"trying": "Ring", "ringing": "Ringing", "answered": "Up", "held": "Up", "ended": "Down"}
            row["status"] = words.get(row.get("status", ""), "Down")
        if has("no_direction_field"):
            del row["direction"]
        if has("extra_fields"):
            row.update(
                {"codec": "alaw", "cost": 0.0125, "tags": [], "route": {"id": 5, "name": None}, "account": None}
            )
        if has("keys_shuffled"):
            row = dict(sorted(row.items(), key=lambda item: hashlib.md5(f"{item[0]}{at}".encode()).digest()))
        return row

    # -- answers

    def remember(self, key: Any, seconds: float, at: float, value: Any) -> Any:
        kept = self.cache.get(key)
        if kept is None or at - kept[0] > seconds:
            kept = self.cache[key] = (at, value)
        return kept[1]

    def data(self, given: dict[str, str], post: bool) -> Any:
        has = self.has
        at = self.clock()
        person = self.login(given, post)
        q = self.query(given, person)
        data = self.rows(given, q, person, at)
        others = {k: v for k, v in given.items() if not k.startswith("auth_")}
        if has("cache_users"):
            data = self.remember(tuple(sorted(others.items())), 20, at, data)
        if has("cache_directions"):
            others["direction"] = given["auth_username"]
            data = self.remember(tuple(sorted(others.items())), 5, at, data)
        return data

    def envelope(self, query: str, body: list[tuple[str, str]], post: bool, memory: Row) -> tuple[int, Any]:
        """The inner code and the whole answer."""
        has = self.has
        self.requests += 1
        given = self.parameters(query, body, memory)
        try:
            data = self.data(given, post)
        except Refusal as refusal:
            return self.error(refusal)
        code = "200"
        if isinstance(data, list):
            if has("none_404") and not data:
                code = "404"
            if has("one_not_array") and len(data) == 1:
                data = data[0]
            elif has("data_object"):
                data = {row.get("uniqueid", str(i)): row for i, row in enumerate(data)}
        result: Row = {"responses": [{"code": code, "key": "", "message": "OK" if code == "200" else "Not found."}]}
        result["data"] = data
        if has("none_null"):
            result["data"] = data or None if isinstance(data, list) else data
        if has("none_absent") and data == []:
            del result["data"]
        if has("count_data") and given.get("count") == "1":
            result["count"] = len(data)
        return int(code), self.finish(result)

    def error(self, refusal: Refusal) -> tuple[int, Any]:
        has = self.has
        entries = []
        for code, key, message in refusal.errors if has("every_error") else refusal.errors[:1]:
            if code == "400":
                code = "500" if has("error_500") else "401" if has("error_401") else "400"
                code = "200" if has("error_200") else code
                key = "auth_username" if has("error_key") else key
                key, message = ("", "") if has("error_silent") else (key, message)
            if has("long_messages") and message:
                message = f'<b>Ungültige Eingabe</b>: "{key}" – {message} Bitte prüfen Sie die Angaben.'
            entries.append({"code": code, "key": key, "message": message})
        result: Row = {"responses": entries}
        if has("wrong_login_empty") and entries[0]["code"] == "200":
            result = {"responses": [{"code": "200", "key": "", "message": "OK"}], "data": []}
        if has("error_data_null"):
            result["data"] = None
        if has("error_data_empty"):
            result["data"] = []
        return int(entries[0]["code"]), self.finish(result)

    def finish(self, result: Row) -> Any:
        has = self.has
        if has("bare") and "data" in result:
            return result["data"]
        if has("code_number"):
            for entry in result["responses"]:
                entry["code"] = int(entry["code"])
        if has("extra_envelope"):
            result.update({"version": "4.4", "elapsed": 0.004})
            for entry in result["responses"]:
                entry["severity"] = None
        if has("responses_object"):
            result["responses"] = result["responses"][0]
        if has("data_first"):
            result = dict(reversed(result.items()))
        return result

    def encode(self, value: Any) -> bytes:
        has = self.has
        text = json.dumps(
            value,
            ensure_ascii=has("ascii_escapes"),
            sort_keys=has("keys_sorted"),
            indent=4 if has("indented") else None,
            separators=None if has("indented") or has("spaced") else (",", ":"),
        )
        if has("slash_escapes"):
            text = text.replace("/", "\\/")
        if has("spaced"):
            text += "\n"
        return text.encode()[: len(text)] if has("length_in_characters") else text.encode()


# ---------------------------------------------------------------------------------------------------------------- HTTP


class Handler(BaseHTTPRequestHandler):
    api: Api
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120
    server_version = "enswitch/4.4"
    sys_version = "Python"

    def setup(self) -> None:
        super().setup()
        self.memory: Row = {}

    def handle_expect_100(self) -> bool:
        result = super().handle_expect_100()
        self.wfile.flush()
        return result

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self.serve()

    def do_POST(self) -> None:
        self.serve()

    def do_HEAD(self) -> None:
        if self.api.has("head_refused"):
            self.send(405, b"", "text/plain")
        else:
            self.serve()

    def do_OPTIONS(self) -> None:
        has = self.api.has
        self.read_body()
        if has("head_refused"):
            self.send(405, b"", "text/plain")
        elif has("options_body"):
            self.send(200, b"GET, POST\n", "text/plain", {"Allow": "GET, HEAD, POST, OPTIONS"})
        else:
            self.send(204, b"", "", {"Allow": "GET, HEAD, POST, OPTIONS"})

    def do_PUT(self) -> None:
        self.read_body()
        self.send(405, b"Method not allowed\n", "text/plain", {"Allow": "GET, HEAD, POST, OPTIONS"})

    do_DELETE = do_PATCH = do_PUT

    def read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding"):
            return self.read_chunks()
        return self.rfile.read(int(length)) if length.isdigit() else b""

    def read_chunks(self) -> bytes:
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0].strip() or b"0", 16)
            body += self.rfile.read(size)
            if not size:
                while self.rfile.readline().strip():
                    pass
                return body
            self.rfile.readline()

    def body_pairs(self) -> list[tuple[str, str]]:
        body = self.read_body()
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind == "application/json":
            if not self.api.has("json_body"):
                return []
            try:
                value = json.loads(body)
            except ValueError:
                return []
            return [(str(k), str(v)) for k, v in value.items()] if isinstance(value, dict) else []
        return self.api.parse(body.decode("utf-8", "replace").strip("\r\n"))

    def serve(self) -> None:
        has = self.api.has
        path, _, query = self.path.partition("?")
        body: list[tuple[str, str]] = []
        if self.command == "POST":
            body = self.body_pairs()
        else:
            self.read_body()
        known = (BASE,) if has("strict_slash") else (BASE, BASE.rstrip("/"))
        if path not in known:
            self.send(404, b"Not found\n", "text/plain")
            return
        code, answer = self.api.envelope(query, body, self.command == "POST", self.memory)
        kind = "application/json"
        if has("content_type_text"):
            kind = "text/html; charset=UTF-8"
        if has("content_type_charset"):
            kind = "Application/JSON;charset=utf-8"
        self.send(code if has("http_status") else 200, self.api.encode(answer), kind)

    def send(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        has = self.api.has
        out = {"Content-Type": kind, **(headers or {})} if kind else dict(headers or {})
        if has("gzip") and body and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, 1)
            out.update({"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})
        if has("cookies"):
            out["Set-Cookie"] = f"enswitch_session={self.api.requests:032x}; Path=/; HttpOnly"
        if has("header_case"):
            tag = hashlib.md5(body).hexdigest()
            out.update({"ETag": f'"{tag}"', "Cache-Control": "no-store, private", "Access-Control-Allow-Origin": "*"})
        chunked = has("chunked") and status != 204 and self.command != "HEAD" and self.request_version == "HTTP/1.1"
        if chunked:
            out["Transfer-Encoding"] = "chunked"
        elif status != 204:
            out["Content-Length"] = str(len(body))
        if has("connection_close"):
            out["Connection"] = "close"
        self.send_response(status)
        for name, value in out.items():
            self.send_header(name.lower() if has("header_case") else name, value)
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            if chunked:
                for i in range(0, len(body), 700):
                    part = body[i : i + 700]
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                self.wfile.write(b"0\r\n\r\n")
            else:
                self.wfile.write(body)
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def make_server(port: int, rows: int, seed: int, now: float, names: frozenset[str]) -> Server:
    handler = type(
        "BoundHandler",
        (Handler,),
        {"api": Api(rows, seed, now, names), "protocol_version": "HTTP/1.0" if "http10" in names else "HTTP/1.1"},
    )
    return Server(("127.0.0.1", port), handler)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--with", dest="names", nargs="?", const="", default="", metavar="NAMES")
    parser.add_argument("--now", type=float, default=None, metavar="EPOCH")
    options = parser.parse_args()
    names = frozenset(name.strip() for name in options.names.split(",") if name.strip())
    unknown = sorted(names - set(HABITS) - set(DEFECTS))
    if unknown:
        parser.error(f"unknown names: {', '.join(unknown)}")
    now = time.time() if options.now is None else options.now
    server = make_server(options.port, options.rows, options.seed, now, names)
    print(f"listening http://127.0.0.1:{server.server_address[1]}{BASE}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
