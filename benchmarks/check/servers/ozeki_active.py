"""A server for the ListActiveCalls command of the Ozeki Phone System HTTP API, written from its documentation page.

    python3 ozeki_active.py --port 9509 --rows 400 --seed 1 --with name1,name2

Without names it does what the page says. Every name of HABITS changes something that the page leaves open, every
name of DEFECTS breaks something that the page says or shows.
"""

from __future__ import annotations

import argparse
import gzip
import random
import re
import string
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote_plus
from xml.sax.saxutils import escape

BASE_PATH = "/api"
SUCCESS = "Command successfully executed"
MOST_ACTIVE = 52

# Every account sees the same list: the page says that the command lists all the calls in progress in the system.
CREDENTIALS: list[dict[str, str]] = [
    {"Username": "admin", "Password": "abc123"},  # the administrator: all calls
    {"Username": "HTTP_User_1", "Password": "qwe123"},  # the HTTP API user of the page's example: all calls
    {"Username": "Büro Süd", "Password": "Grün & 50%+Blau"},  # an account that needs URL encoding: all calls
]


@dataclass(frozen=True)
class Defect:
    """What goes wrong, the words of the page that it breaks, and whether those words plainly say so."""

    text: str
    quote: str
    must: bool


HABITS: dict[str, str] = {
    # order and shape of the XML
    "order_newest_first": "The newest call comes first.",
    "order_by_id": "The calls are sorted by CallId.",
    "order_varies": "The calls come in no particular order, another one in each answer.",
    "fields_alphabetical": "The elements of a Call are sorted by name.",
    "pretty": "The XML is indented, with line feeds.",
    "pretty_crlf": "The XML is indented with tabs and CR LF.",
    "no_declaration": "The XML declaration is left out.",
    "declares_utf8": "The XML declaration names its encoding and standalone, with single quotes.",
    "bom": "The answer begins with a UTF-8 byte order mark.",
    "latin1_declared": "The answer is ISO-8859-1 and says so; other characters are character references.",
    "utf16_declared": "The answer is UTF-16 with a byte order mark and says so, as a .NET StringWriter does.",
    "no_namespaces": "The root declares no namespaces.",
    "cdata": "Texts stand in CDATA sections.",
    "numeric_references": "Characters beyond ASCII and quotes are written as character references.",
    "comments": "The XML contains comments and a processing instruction.",
    "attributes_too": "ActiveCalls has a count attribute, every Call an index attribute.",
    "extra_fields": "Every Call has the further elements Direction, Type and an empty Recording.",
    "cellee_too": "Every Call has the element CelleeDialed of the table beside CalleeDialed of the example.",
    "extra_envelope": "The Response has the further elements ServerVersion and Count.",
    "notification_name": "The Response has the optional element NotificationName.",
    # identifiers and data
    "long_ids": "CallId is a GUID.",
    "numeric_ids": "CallId is a decimal number.",
    "empty_caller_id": "CallerId is an empty element for callers who withhold their number.",
    "self_closing": "Empty elements are self-closed; callers who withhold their number have an empty CallerId.",
    "all_internal": "There are only internal calls.",
    "one_user": "All calls are made by one extension.",
    "only_ringing": "No call is ever answered.",
    "no_missed": "Every call is answered.",
    "instant_answer": "Calls are answered at once, with a RingDuration of 0.000.",
    "old_calls": "Half of the calls are hours or days old and go on.",
    "same_second": "All the calls that run at the start began in one second, one hour before.",
    "quiet": "Two calls at most are in progress, sometimes none.",
    "no_hold": "Nobody puts a call on hold.",
    "sdk_hold_states": "A held call is CallerOnHold or CalleeOnHold, as in the vendor's SDK.",
    "hold_not_counted": "The time on hold does not count as talk: TalkDuration stands still meanwhile.",
    "setup_time": "StartTime is the begin of the call setup, a second or so before it rings.",
    "zone_india": "The PBX lives in the zone UTC+05:30; StartTime is its local time.",
    # HTTP
    "text_xml": "The content type is text/xml; charset=utf-8.",
    "http_errors": "Errors have the HTTP statuses 400, 401 and 404 as well as their Code.",
    "chunked": "The answer is sent in chunks, without Content-Length.",
    "close": "The server closes the connection after every answer.",
    "http10": "The server speaks HTTP/1.0.",
    "cookie": "The answer sets a session cookie, which means nothing.",
    "gzip": "The answer is compressed for clients that accept it.",
    "cache_headers": "The answer has Cache-Control, Pragma, Expires and some X- headers.",
    "no_post": "POST is refused with 405.",
    "no_head": "HEAD and OPTIONS are refused with 501.",
    "loose_path": "The path may end with a slash and is compared without case.",
    # requests
    "strict_unknown": "An unknown parameter is refused with Code 302.",
    "repeated_last": "Of a repeated parameter the last one counts.",
    "repeated_refused": "A repeated parameter is refused with Code 302.",
    "missing_is_302": "A missing Username or Password is answered with Code 302.",
    "missing_is_305": "Missing and wrong credentials are answered alike, with Code 305 (and one Message).",
    "command_first": "The command is checked before the credentials.",
    "command_any_case": "The command's name is compared without case.",
    "names_exact": "Parameter names are compared with case.",
    "username_any_case": "User names are compared without case (passwords are not).",
    "errors_with_list": "An error answer contains an empty ActiveCalls.",
    "short_error_texts": "The messages of errors are other, shorter ones.",
}

ALL = "lists all the calls in progress in the system"
MANY = "There are as many pair of nodes as many active calls in progress."
INFO = "contains numerous information about each call like the Source, Destination, the duration of the talk, etc."
TALK = "information about each call like the Source, Destination, the duration of the talk"
CONTAINS = "It contains <Call> nodes."
DETAILS = "In these nodes the details of a call is shown."
NAMES = (
    "The parameters of these nodes are: CallId, Source, CallerId, Destination, CallerDialed, CelleeDialed, "
    "StartTime, RingDuration, TalkDuration and CallState."
)
AUTH = "The username and password parameters are used to authenticate the user."
USER = "The username of the account. The username and password parameters are used to authenticate the user. | yes |"
PASS = "Specifies the password. The username and password parameters are used to authenticate the user. | yes |"
CODE = "Returns the status code of the response. | yes |"
MESSAGE = "Returns the description of the response code. | yes |"
URL = "http://127.0.0.1:9509/api?command=ListActiveCalls&Username=HTTP_User_1&Password=qwe123"
RINGING = "<RingDuration>0.749</RingDuration> <TalkDuration>0.000</TalkDuration> <CallState>Ringing</CallState>"
IN_CALL = "<RingDuration>2.351</RingDuration> <TalkDuration>3.056</TalkDuration> <CallState>InCall</CallState>"
START = "<StartTime>2019-04-09 10:34:07</StartTime>"
ENVELOPE = "<Code>200</Code> <Message>Command successfully executed</Message> <ActiveCalls>"
XML = '<?xml version="1.0"?> <Response'

DEFECTS: dict[str, Defect] = {
    # which calls are listed
    "ended_linger": Defect(
        "An ended call stays in the list for 10 s, in its last state, its durations frozen.", ALL, True
    ),
    "ended_completed": Defect("An ended call stays in the list for 8 s with the CallState Completed.", ALL, True),
    "missed_stay": Defect("A call that nobody answered is never taken off the list (state Ringing).", ALL, True),
    "ringing_hidden": Defect("A call is listed only once it is answered.", ALL, True),
    "held_hidden": Defect("A call on hold is not listed and comes back when it is resumed.", ALL, True),
    "cap_20": Defect("Only the 20 oldest calls are listed.", ALL, True),
    "newest_missing": Defect("The newest call is left out (loop ends one too early).", MANY, True),
    "user_loses_first": Defect("Accounts other than the first one do not get the oldest call.", ALL, True),
    "own_calls_only": Defect("Accounts other than admin get only the calls of the even sources.", ALL, True),
    "external_admin_only": Defect("Only admin gets calls that come from outside.", ALL, True),
    "cached_15s": Defect("The list is computed once in 15 s and repeated in between.", ALL, True),
    "frozen_list": Defect("The list of the first request is given for ever.", ALL, True),
    "connection_snapshot": Defect("A kept-alive connection gets the list of its first request again.", ALL, True),
    "cached_per_user": Defect("Every account but the first gets a list that is up to 10 s old.", ALL, True),
    "one_per_source": Defect(
        "Calls are kept by Source: while one makes two calls, only the newer is listed.", MANY, True
    ),
    "one_per_second": Defect("Of calls with the same StartTime only the last is listed.", MANY, True),
    "diverted_twice": Defect("A diverted call is listed once per leg, two nodes with one CallId.", MANY, True),
    "tenth_twice": Defect("Every tenth row is written twice.", MANY, True),
    "flicker": Defect("A call is left out in the second after its state changed.", ALL, True),
    "one_node": Defect("All the calls' elements are put into one single Call node.", MANY, True),
    # envelope
    "call_info": Defect("The rows are named CallInfo, as in the older product.", CONTAINS, True),
    "no_container": Defect(
        "The Call nodes are direct children of Response, there is no ActiveCalls.", CONTAINS, True
    ),
    "container_per_call": Defect("Every Call has an ActiveCalls of its own.", CONTAINS, False),
    "root_lower": Defect("The root element is named response.", XML, False),
    "code_zero": Defect("The Code of a success is 0.", ENVELOPE, False),
    "code_word": Defect("The Code is a word: OK or Error.", CODE, False),
    "no_code_on_error": Defect("An error answer has no Code.", CODE, True),
    "no_message": Defect("A successful answer has no Message.", MESSAGE, True),
    "empty_message_on_error": Defect("The Message of an error is empty.", MESSAGE, True),
    "success_message_on_error": Defect("The Message of an error is that of a success.", MESSAGE, True),
    "stale_message": Defect("The first success after an error carries the error's Message.", MESSAGE, True),
    "not_escaped": Defect(
        "Texts are not escaped: the XML is malformed while a caller's name has & or <.", CONTAINS, True
    ),
    "escaped_twice": Defect("CallerId is escaped twice (&amp;amp;).", DETAILS, False),
    "latin1": Defect("The answer is ISO-8859-1 though its declaration does not say so.", XML, False),
    "question_marks": Defect("Characters beyond ASCII become question marks.", DETAILS, False),
    "length_in_characters": Defect(
        "Content-Length counts characters: with umlauts the end is cut off.", CONTAINS, True
    ),
    # fields of a call
    "field_attributes": Defect(
        "The details are attributes of Call, not elements.", "<Call> <CallId>1vQHKd</CallId>", False
    ),
    "camel_case": Defect("The elements of a Call begin with small letters.", NAMES, True),
    "no_caller_id": Defect("Calls from outside have no CallerId element.", NAMES, True),
    "no_callee_dialed": Defect("Ringing calls have no CalleeDialed element.", NAMES, True),
    "no_caller_dialed": Defect("CallerDialed is left out where it equals Destination.", NAMES, True),
    "no_start_ringing": Defect("Ringing calls have no StartTime element.", NAMES, True),
    "no_talk_ringing": Defect("Ringing calls have no TalkDuration element.", NAMES, True),
    "no_ring_answered": Defect("Answered calls have no RingDuration element.", NAMES, True),
    "no_state_held": Defect("Calls on hold have no CallState element.", NAMES, True),
    "no_id_some": Defect("One call in eight has no CallId element.", NAMES, True),
    "nil_talk": Defect("TalkDuration is an empty element with xsi:nil while it rings.", RINGING, False),
    "swapped_when_answered": Defect("Source and Destination are swapped once a call is answered.", TALK, True),
    "blank_destination_held": Defect("Destination is empty while a call is on hold.", TALK, True),
    "previous_caller_id": Defect("CallerId is that of the row before.", DETAILS, True),
    "same_destination": Defect("All ringing calls show the Destination of the newest one.", TALK, True),
    "dialed_lost": Defect(
        "CallerDialed and CalleeDialed become the Source once the call is answered.", DETAILS, True
    ),
    "plus_lost": Defect("The + of telephone numbers becomes a space.", DETAILS, False),
    "id_changes": Defect("The CallId changes when the call is answered.", "CallId", False),
    "id_twice": Defect("One call in eight has the CallId of another active call.", "<CallId>1vQHKd</CallId>", False),
    # state
    "state_lags": Defect(
        "CallState stays Ringing for 4 s after the answer, while TalkDuration runs.", IN_CALL, False
    ),
    "held_rings": Defect("A call on hold has the CallState Ringing.", IN_CALL, False),
    "state_number": Defect("CallState is a number.", IN_CALL, False),
    "state_lower": Defect("CallState is in small letters.", IN_CALL, False),
    "state_always_in_call": Defect("CallState is InCall also while it rings.", RINGING, False),
    # times
    "talk_while_ringing": Defect("TalkDuration runs while the call still rings.", RINGING, False),
    "talk_from_start": Defect("TalkDuration counts from the start of the call, with the ringing.", TALK, True),
    "talk_zero": Defect("TalkDuration stays 0.000 as long as the call goes on.", TALK, True),
    "talk_wraps_minute": Defect("TalkDuration lacks the full minutes.", TALK, True),
    "talk_wraps_hour": Defect("TalkDuration lacks the full hours.", TALK, True),
    "talk_restarts": Defect("TalkDuration starts again from zero after a hold.", TALK, True),
    "talk_unpadded": Defect("The thousandths of TalkDuration lose leading zeros: 3.056 becomes 3.56.", TALK, True),
    "talk_steps": Defect("TalkDuration is brought up to date every 5 s only.", TALK, False),
    "talk_stuck_some": Defect("One call in eight has the TalkDuration of its first sight.", TALK, True),
    "durations_swapped_some": Defect(
        "One answered call in eight has RingDuration and TalkDuration swapped.", TALK, True
    ),
    "durations_clock": Defect("Durations from a minute on are written as h:mm:ss.", IN_CALL, False),
    "durations_comma": Defect("Durations have a decimal comma.", IN_CALL, False),
    "durations_grouped": Defect("Durations from 1000 s on have thousands separators.", IN_CALL, False),
    "durations_ms": Defect("Durations are whole milliseconds.", IN_CALL, False),
    "ring_runs_on": Defect("RingDuration keeps growing after the answer.", IN_CALL, False),
    "ring_zero_answered": Defect("RingDuration becomes 0.000 when the call is answered.", IN_CALL, False),
    "ring_negative": Defect("One call in eight has a negative RingDuration.", RINGING, False),
    "start_now_ringing": Defect("StartTime of a ringing call is the instant of the request.", NAMES, True),
    "start_is_answer": Defect("StartTime becomes the instant of the answer.", START, False),
    "start_minutes_as_month": Defect("StartTime has the minutes in place of the month.", NAMES, True),
    "start_12_hours": Defect("The hours of StartTime run from 01 to 12, without AM or PM.", NAMES, True),
    "start_unpadded": Defect("The parts of StartTime have no leading zeros.", START, False),
    "start_iso": Defect("StartTime is written 2019-04-09T10:34:07.000Z.", START, False),
    "start_shifted_ringing": Defect("StartTime of ringing calls is in another zone, two hours ahead.", START, False),
    "start_day_of_today": Defect(
        "StartTime always has today's date: calls over midnight lie in the wrong day.", NAMES, True
    ),
    # credentials
    "any_password": Defect("The password is not checked.", PASS, True),
    "any_username": Defect("The username is not checked, only that some account has the password.", USER, True),
    "other_password": Defect("A known user may use another account's password.", AUTH, True),
    "password_prefix": Defect("The beginning of the password is enough.", PASS, True),
    "password_first_6": Defect("Only the first 6 characters of a password count.", PASS, True),
    "password_any_case": Defect("The password is compared without case.", PASS, True),
    "password_trimmed": Defect("Blanks around the password are dropped.", PASS, False),
    "no_password_ok": Defect("Without Password the user is let in.", PASS, True),
    "empty_password_ok": Defect("An empty Password is let in.", PASS, True),
    "no_username_ok": Defect("Without Username the request is that of admin, with any Password.", USER, True),
    "wildcard_user": Defect("Username is matched with LIKE: adm% is admin.", USER, True),
    "quote_injection": Defect("A Password with a quote and OR lets in (SQL built from texts).", PASS, True),
    "connection_remembers": Defect("A connection that has logged in once needs no right password later.", AUTH, True),
    "login_remembered": Defect("For 20 s after a login its user is let in with any password.", AUTH, True),
    "second_refused": Defect("Only the first account is let in.", AUTH, True),
    "not_decoded": Defect("Password is compared without URL decoding: special characters are refused.", AUTH, True),
    "denied_with_rows": Defect("A wrong password is answered with Code 305 and all the calls.", AUTH, True),
    "denied_as_success": Defect("A wrong password is answered with Code 200 and no calls.", AUTH, True),
    "sometimes_denied": Defect("Every ninth right request is answered with Code 305.", AUTH, True),
    "order_of_parameters": Defect(
        "Username must stand before Password, otherwise it counts as missing.", USER, False
    ),
    # the command
    "any_command": Defect("Any command, known or not, gives the list.", "ListActiveCalls command", False),
    "command_capital": Defect("The parameter must be written Command; the example's is refused.", URL, True),
    "no_error_for_no_command": Defect("Without command the list is given.", "/api?command=ListActiveCalls", False),
}

PEOPLE = [
    "Anna Müller",
    "Thomas M.",
    "José Núñez",
    "Zoë O'Brien",
    "Lager & Versand",
    "Empfang",
    "Büro_2 (50 %)",
    "Dr. Elisabeth von Hohenfels-Schwarzenberg, Geschäftsführung und Personalabteilung",
    "Support <Tier 2>",
    "Kaffeeküche",
    "Ōta Jun",
]
EXTENSIONS = [str(number) for number in range(101, 141)]
LETTERS = string.ascii_letters + string.digits


@dataclass
class Call:
    """One call with its whole plan: it begins at start, rings, is answered perhaps, is held perhaps, ends."""

    slot: int
    number: int
    call_id: str
    source: str
    caller_id: str
    destination: str
    caller_dialed: str
    callee_dialed: str
    start: float
    ring: float
    talk: float | None  # None: nobody answers
    hold: tuple[float, float] | None  # seconds after the answer
    setup: float = 0.0
    diverted: bool = False
    outside: bool = False

    @property
    def end(self) -> float:
        return self.start + self.ring + (self.talk or 0.0)

    def answered(self, now: float) -> bool:
        return self.talk is not None and now >= self.start + self.ring

    def held(self, now: float) -> bool:
        if self.hold is None or not self.answered(now):
            return False
        since = now - self.start - self.ring
        return self.hold[0] <= since < self.hold[1]

    def odd(self) -> bool:
        """True for one call in eight."""
        return (self.slot * 5 + self.number * 3) % 8 == 3

    def changes(self) -> list[float]:
        """The instants at which its state changes."""
        instants = [self.start]
        if self.talk is not None:
            instants.append(self.start + self.ring)
            if self.hold is not None:
                instants += [self.start + self.ring + self.hold[0], self.start + self.ring + self.hold[1]]
        return instants


def outside_number(rng: random.Random) -> str:
    return rng.choice([f"+155501{rng.randrange(100):02d}", f"+447700900{rng.randrange(1000):03d}"])


class Slot:
    """One place of the telephone system: calls follow each other on it, with short pauses."""

    def __init__(self, world: World, index: int) -> None:
        self.world = world
        self.index = index
        self.rng = random.Random(f"{world.seed}/{index}")
        self.calls: list[Call] = []
        self.number = 0
        long = (index % 2 == 1) if world.on("old_calls") else (index % 9 == 4)
        self.kind = "long" if long and not world.on("only_ringing") else self.rng.choice(["short", "short", "middle"])
        if world.on("quiet"):
            self.kind = "short"
        if self.kind == "long":  # hours or days old; the first of them is about to become an hour old
            age = 3575.0 if index == 4 else self.rng.uniform(0.5, 45.0) * 3600
            if index == 13:  # since the afternoon of yesterday
                today = time.localtime(world.start)
                age = today.tm_hour * 3600 + today.tm_min * 60 + self.rng.uniform(4.0, 10.0) * 3600
        else:
            age = self.rng.uniform(1.0, 40.0)
        begin = world.start - age
        if world.on("same_second"):
            begin = float(int(world.start)) - 3600
        self.append(begin)

    def append(self, begin: float) -> None:
        rng = self.rng
        on = self.world.on
        first = self.number == 0
        self.number += 1
        source, caller_id, destination, caller_dialed, callee_dialed = self.parties()
        ring = round(rng.uniform(2.0, 14.0), 3)
        talk: float | None = {
            "short": rng.uniform(8.0, 35.0),
            "middle": rng.uniform(30.0, 200.0),
            "long": rng.uniform(100.0, 900.0),
        }[self.kind]
        if first and (self.kind == "long" or on("same_second")):
            talk = self.world.start - begin + rng.uniform(40.0, 7200.0)
        hold = None
        if rng.random() < 0.4:
            hold_from = rng.uniform(3.0, 9.0)
            if first and (self.kind == "long" or on("same_second")):
                hold_from += self.world.start - begin
            hold = (hold_from, hold_from + rng.uniform(5.0, 9.0))
        missed = rng.random() < 0.2
        if missed and not (first and self.kind == "long") and not on("no_missed"):
            talk, ring = None, round(ring + 6, 3)
        if on("only_ringing"):
            talk, ring = None, round(ring + (talk or 0.0), 3)
        elif on("instant_answer") and talk is not None:
            ring = 0.0
        if hold is not None and (talk is None or talk < hold[1] + 2 or on("no_hold")):
            hold = None
        setup = round(rng.uniform(0.3, 1.9), 3)
        self.calls.append(
            Call(
                self.index,
                self.number,
                self.call_id(),
                source,
                caller_id,
                destination,
                caller_dialed,
                callee_dialed,
                round(begin, 3),
                ring,
                talk,
                hold,
                setup if on("setup_time") else 0.0,
                diverted=destination != callee_dialed and source in EXTENSIONS,
                outside=source not in EXTENSIONS,
            )
        )

    def call_id(self) -> str:
        rng = self.rng
        on = self.world.on
        if on("long_ids"):
            return (
                f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4{rng.getrandbits(12):03x}-"
                f"a{rng.getrandbits(12):03x}-{rng.getrandbits(48):012x}"
            )
        if on("numeric_ids"):
            return f"{rng.randrange(1, 90000)}{self.index:02d}"
        tail = LETTERS[self.index]  # two slots never make the same id
        return rng.choice(["1", "R"]) + "".join(rng.choices(LETTERS, k=rng.choice([3, 4, 4]))) + tail

    def parties(self) -> tuple[str, str, str, str, str]:
        """Source, CallerId, Destination, CallerDialed, CalleeDialed."""
        rng = self.rng
        on = self.world.on
        busy = "107" if rng.random() < 0.15 else rng.choice(EXTENSIONS)
        source = "103" if on("one_user") else busy
        others = [extension for extension in EXTENSIONS if extension != source]
        target, second = rng.sample(others, 2)
        name = source if rng.random() < 0.7 else rng.choice(PEOPLE)
        way = rng.random()
        if on("all_internal") or on("one_user"):
            way = min(way, 0.64)
        if way < 0.50:
            return source, name, target, target, target
        if way < 0.60:  # diverted to a second extension
            return source, name, second, target, target
        if way < 0.65:  # a ring group
            return source, name, target, "600", "600"
        number = outside_number(rng)
        if way < 0.82:  # outgoing, dialled with a prefix
            return source, name, number, "00" + number[1:], number
        kind = rng.random()
        if kind < 0.3:
            withheld = "" if on("empty_caller_id") or on("self_closing") else "Anonymous"
            return "anonymous", withheld, target, "+15550100", target
        return number, number if kind < 0.65 else rng.choice(PEOPLE), target, "+15550100", target

    def advance(self, now: float) -> None:
        while True:
            pause = 15.0 if self.world.on("quiet") else 4.0
            begin = self.calls[-1].end + (self.index * 7 + self.number * 3) % 5 * pause / 4 + 0.6
            if begin > now:
                break
            self.append(begin)
        del self.calls[:-6]


class World:
    """The calls of the telephone system as a function of the seed and the instant of the start."""

    def __init__(self, rows: int, seed: int, start: float, on: Callable[[str], bool]) -> None:
        self.seed = seed
        self.start = start
        self.on = on
        self.lock = threading.Lock()
        count = min(rows, 2 if on("quiet") else MOST_ACTIVE)
        self.slots = [Slot(self, index) for index in range(count)]

    def recent(self, now: float) -> list[Call]:
        """The calls that have begun: the active ones and, of each slot, a few that have ended."""
        with self.lock:
            calls: list[Call] = []
            for slot in self.slots:
                slot.advance(now)
                calls += [call for call in slot.calls if call.start <= now]
        return sorted(calls, key=lambda call: (call.start - call.setup, call.call_id))


Row = list[tuple[str, str]]


@dataclass
class Connection:
    """What the server remembers of a connection."""

    logged_in: bool = False
    rows: list[Row] | None = None


@dataclass
class Reply:
    code: int
    message: str
    rows: list[Row] | None = None
    status: int = 200


@dataclass
class Remembered:
    """What some bad servers remember between requests."""

    rows: dict[str, tuple[float, list[Row]]] = field(default_factory=dict)
    talk: dict[str, float] = field(default_factory=dict)
    logins: dict[str, float] = field(default_factory=dict)
    message: str = ""
    requests: int = 0


class App:
    """The command itself: from parameters to a reply and its XML."""

    def __init__(self, rows: int, seed: int, names: Iterable[str], now: float | None = None) -> None:
        self.names = frozenset(names)
        start = time.time() if now is None else now
        began = time.monotonic()
        self.clock: Callable[[], float] = lambda: start + time.monotonic() - began
        self.world = World(rows, seed, start, self.on)
        self.memory = Remembered()
        self.lock = threading.Lock()

    def on(self, name: str) -> bool:
        return name in self.names

    # ---- the list -------------------------------------------------------------------------------------------

    def listed(self, now: float, user: str) -> list[tuple[Call, float]]:
        """The calls to list, each with the instant as of which it is shown."""
        on = self.on
        shown: list[tuple[Call, float]] = []
        for call in self.world.recent(now):
            if now < call.end:
                shown.append((call, now))
            elif (
                (on("ended_linger") and now < call.end + 10)
                or (on("ended_completed") and now < call.end + 8)
                or (on("missed_stay") and call.talk is None)
            ):
                shown.append((call, call.end - 0.001))
        if on("ringing_hidden"):
            shown = [(call, at) for call, at in shown if call.answered(at)]
        if on("held_hidden"):
            shown = [(call, at) for call, at in shown if not call.held(at)]
        if on("flicker"):
            shown = [(call, at) for call, at in shown if not any(0 <= at - then < 1 for then in call.changes())]
        if on("own_calls_only") and user != "admin":
            shown = [(call, at) for call, at in shown if call.source[-1] in "02468"]
        if on("external_admin_only") and user != "admin":
            shown = [(call, at) for call, at in shown if not call.outside]
        if on("one_per_source"):
            shown = list({call.source: (call, at) for call, at in shown}.values())
        if on("one_per_second"):
            shown = list({int(call.start): (call, at) for call, at in shown}.values())
        if on("user_loses_first") and user != "admin":
            shown = shown[1:]
        if on("cap_20"):
            shown = shown[:20]
        if on("newest_missing"):
            shown = shown[:-1]
        if on("order_newest_first"):
            shown.reverse()
        if on("order_by_id"):
            shown.sort(key=lambda pair: pair[0].call_id)
        if on("order_varies"):
            random.shuffle(shown)
        if on("diverted_twice"):
            shown = [pair for pair in shown for _ in range(2 if pair[0].diverted else 1)]
        if on("tenth_twice"):
            shown = [pair for place, pair in enumerate(shown, 1) for _ in range(2 if place % 10 == 0 else 1)]
        return shown

    def compute(self, now: float, user: str) -> list[Row]:
        on = self.on
        shown = self.listed(now, user)
        rows = [self.row(call, at, now) for call, at in shown]
        if on("previous_caller_id"):
            owners = [call.caller_id for call, _ in shown]
            rows = [replaced(row, "CallerId", owners[max(0, place - 1)]) for place, row in enumerate(rows)]
        if on("same_destination"):
            ringing = [call for call, at in shown if not call.answered(at)]
            rows = [
                replaced(row, "Destination", ringing[-1].destination) if not call.answered(at) else row
                for row, (call, at) in zip(rows, shown)
            ]
        if on("id_twice"):
            by_slot = {call.slot: call.call_id for call, _ in shown}
            rows = [
                replaced(row, "CallId", by_slot.get(call.slot - 1, call.call_id)) if call.slot % 8 == 5 else row
                for row, (call, _) in zip(rows, shown)
            ]
        return rows

    def rows(self, user: str, connection: Connection) -> list[Row]:
        on = self.on
        now = self.clock()
        if on("connection_snapshot"):
            if connection.rows is None:
                connection.rows = self.compute(now, user)
            return connection.rows
        lifetime = 1e12 if on("frozen_list") else 15.0 if on("cached_15s") else 0.0
        if on("cached_per_user") and user != "admin":
            lifetime = 10.0
        if not lifetime:
            return self.compute(now, user)
        key = user if on("cached_per_user") else ""
        with self.lock:
            made, rows = self.memory.rows.get(key, (-1e15, []))
            if now - made >= lifetime:
                made, rows = now, self.compute(now, user)
                self.memory.rows[key] = (made, rows)
        return rows

    # ---- one row --------------------------------------------------------------------------------------------

    def row(self, call: Call, now: float, request: float) -> Row:
        on = self.on
        answered = call.answered(now)
        held = call.held(now)
        source, destination = call.source, call.destination
        if on("swapped_when_answered") and answered:
            source, destination = destination, source
        if on("blank_destination_held") and held:
            destination = ""
        caller_dialed, callee_dialed = call.caller_dialed, call.callee_dialed
        if on("dialed_lost") and answered:
            caller_dialed = callee_dialed = call.source
        call_id = call.call_id
        if on("id_changes") and answered:
            call_id = call_id[:-1] + ("x" if call_id[-1] != "x" else "y")
        ring, talk = self.durations(call, now)
        row = [
            ("CallId", call_id),
            ("Source", source),
            ("CallerId", call.caller_id),
            ("Destination", destination),
            ("CallerDialed", caller_dialed),
            ("CalleeDialed", callee_dialed),
            ("StartTime", self.start_time(call, now, request)),
            ("RingDuration", self.ring_text(ring)),
            ("TalkDuration", self.talk_text(talk)),
            ("CallState", self.state(call, now, request)),
        ]
        if on("plus_lost"):
            row = [(name, " " + value[1:] if value.startswith("+") else value) for name, value in row]
        absent = {
            "CallerId": on("no_caller_id") and call.outside,
            "CalleeDialed": on("no_callee_dialed") and not answered,
            "CallerDialed": on("no_caller_dialed") and call.caller_dialed == call.destination,
            "StartTime": on("no_start_ringing") and not answered,
            "TalkDuration": on("no_talk_ringing") and not answered,
            "RingDuration": on("no_ring_answered") and answered,
            "CallState": on("no_state_held") and held,
            "CallId": on("no_id_some") and call.odd(),
        }
        row = [(name, value) for name, value in row if not absent.get(name, False)]
        if on("cellee_too"):
            row.insert(6, ("CelleeDialed", callee_dialed))
        if on("extra_fields"):
            row += [("Direction", "Inbound" if call.outside else "Internal"), ("Type", "Audio"), ("Recording", "")]
        if on("camel_case"):
            row = [(name[0].lower() + name[1:], value) for name, value in row]
        if on("fields_alphabetical"):
            row.sort()
        return row

    def durations(self, call: Call, now: float) -> tuple[float, float]:
        """Seconds of ringing and of talk."""
        on = self.on
        age = now - call.start
        answered = call.answered(now)
        ring = call.ring if answered else age
        talk = age - call.ring if answered else 0.0
        if call.hold is not None and answered:
            if on("hold_not_counted"):
                talk -= max(0.0, min(talk, call.hold[1]) - call.hold[0])
            if on("talk_restarts") and talk >= call.hold[1]:
                talk -= call.hold[1]
        if on("talk_while_ringing") and not answered:
            talk = age
        if on("talk_from_start") and answered:
            talk = age
        if on("talk_zero"):
            talk = 0.0
        if on("talk_wraps_minute"):
            talk %= 60
        if on("talk_wraps_hour"):
            talk %= 3600
        if on("talk_steps"):
            talk -= talk % 5
        if on("talk_stuck_some") and call.odd() and answered:
            talk = self.memory.talk.setdefault(call.call_id, talk)
        if on("ring_runs_on"):
            ring = age
        if on("ring_zero_answered") and answered:
            ring = 0.0
        if on("ring_negative") and call.odd():
            ring = -ring
        if on("durations_swapped_some") and call.odd() and answered:
            ring, talk = talk, ring
        return ring, talk

    def ring_text(self, seconds: float) -> str:
        on = self.on
        if on("durations_ms"):
            return str(int(seconds * 1000))
        if on("durations_clock") and seconds >= 60:
            whole = int(seconds)
            return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
        if on("durations_grouped"):
            return f"{seconds:,.3f}"
        text = f"{int(seconds * 1000 + (0.001 if seconds >= 0 else -0.001)) / 1000:.3f}"  # never ahead of the clock
        return text.replace(".", ",") if on("durations_comma") else text

    def talk_text(self, seconds: float) -> str:
        text = self.ring_text(seconds)
        if self.on("talk_unpadded") and "." in text:
            whole, thousandths = text.split(".")
            return f"{whole}.{int(thousandths)}"
        return text

    def start_time(self, call: Call, now: float, request: float) -> str:
        on = self.on
        instant = call.start - call.setup
        answered = call.answered(now)
        if on("start_now_ringing") and not answered:
            instant = now
        if on("start_is_answer") and answered:
            instant = call.start + call.ring
        if on("start_shifted_ringing") and not answered:
            instant += 7200
        local = time.gmtime(instant + 19800) if on("zone_india") else time.localtime(instant)
        if on("start_minutes_as_month"):
            return time.strftime("%Y-%M-%d %H:%M:%S", local)
        if on("start_12_hours"):
            return time.strftime("%Y-%m-%d %I:%M:%S", local)
        if on("start_iso"):
            return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", local)
        if on("start_unpadded"):
            return f"{local[0]}-{local[1]}-{local[2]} {local[3]}:{local[4]}:{local[5]}"
        if on("start_day_of_today"):
            today = time.localtime(request)
            return time.strftime("%Y-%m-%d ", today) + time.strftime("%H:%M:%S", local)
        return time.strftime("%Y-%m-%d %H:%M:%S", local)

    def state(self, call: Call, now: float, request: float) -> str:
        on = self.on
        word = "Ringing"
        if call.answered(now):
            word = "InCall"
            if on("state_lags") and now < call.start + call.ring + 4:
                word = "Ringing"
            if call.held(now):
                word = "Hold"
                if on("sdk_hold_states"):
                    word = "CallerOnHold" if call.slot % 2 else "CalleeOnHold"
                if on("held_rings"):
                    word = "Ringing"
        if on("ended_completed") and request >= call.end:
            word = "Completed"
        if on("state_always_in_call"):
            word = "InCall"
        if on("state_number"):
            word = {"Ringing": "3", "InCall": "4"}.get(word, "5")
        return word.lower() if on("state_lower") else word

    # ---- requests -------------------------------------------------------------------------------------------

    def parameters(self, raw: str) -> tuple[dict[str, str], list[str], list[str]]:
        """The parameters by their lower-case names, the repeated ones, and the names in their order."""
        values: dict[str, str] = {}
        repeated: list[str] = []
        order: list[str] = []
        for name, value in parse_qsl(raw, keep_blank_values=True):
            key = name if self.on("names_exact") or self.on("command_capital") else name.lower()
            if self.on("names_exact"):
                key = {"command": "command", "Username": "username", "Password": "password"}.get(name, f"?{name}")
            elif self.on("command_capital"):
                key = "?command" if name == "command" else name.lower()
            if key in values:
                repeated.append(name)
                if not self.on("repeated_last"):
                    continue
            values[key] = value
            order.append(key)
        if self.on("not_decoded"):
            found = re.search(r"(?:^|&)Password=([^&]*)", raw)
            if found:
                values["password"] = found.group(1)
        return values, repeated, order

    def failure(self, code: int, long: str, short: str, status: int) -> Reply:
        on = self.on
        message = short if on("short_error_texts") else long
        self.memory.message = message
        return Reply(code, message, [] if on("errors_with_list") else None, status if on("http_errors") else 200)

    def authenticate(self, values: dict[str, str], connection: Connection) -> str | Reply:
        """The name of the account, or the refusal."""
        on = self.on
        name, password = values.get("username", ""), values.get("password", "")
        if on("connection_remembers") and connection.logged_in:
            return name or "admin"
        known = {login["Username"]: login["Password"] for login in CREDENTIALS}
        if on("no_username_ok") and not name:
            return "admin"
        if name in known:
            if on("no_password_ok") and "password" not in values:
                return name
            if on("empty_password_ok") and values.get("password") == "":
                return name
        for key, value in (("Username", name), ("Password", password)):
            if not value:
                if on("missing_is_305"):
                    return self.failure(305, "Authentication failed: bad username or password", "Denied", 401)
                if on("missing_is_302"):
                    return self.failure(
                        302, f"Parameter '{key}' is missing from the command 'ListActiveCalls'", f"{key}?", 400
                    )
                return self.failure(304, "Authentication required", "Log in", 401)
        if on("wildcard_user"):
            pattern = re.escape(name).replace("%", ".*")
            name = next((user for user in known if re.fullmatch(pattern, user)), name)
        if on("username_any_case"):
            name = next((user for user in known if user.casefold() == name.casefold()), name)
        if self.matches(name, password, known):
            connection.logged_in = True
            self.memory.logins[name] = self.clock()
            self.memory.requests += 1
            if not (on("sometimes_denied") and self.memory.requests % 9 == 0):
                return name
        if on("denied_as_success"):
            return Reply(200, SUCCESS, [])
        reply = self.failure(305, "Authentication failed: bad username or password", "Denied", 401)
        if on("denied_with_rows"):
            reply.rows = self.compute(self.clock(), "admin")
        return reply

    def matches(self, name: str, password: str, known: dict[str, str]) -> bool:
        on = self.on
        if on("any_username") and password in known.values():
            return True
        if on("quote_injection") and re.search(r"'\s*or\s", password, re.IGNORECASE):
            return True
        if name not in known or (on("second_refused") and name != "admin"):
            return False
        right = known[name]
        if password == right or on("any_password"):
            return True
        if on("login_remembered") and self.clock() - self.memory.logins.get(name, -1e12) < 20:
            return True
        return (
            (on("other_password") and password in known.values())
            or (on("password_prefix") and right.startswith(password))
            or (on("password_first_6") and right[:6] == password[:6])
            or (on("password_any_case") and right.casefold() == password.casefold())
            or (on("password_trimmed") and right == password.strip())
        )

    def check_command(self, values: dict[str, str]) -> Reply | None:
        on = self.on
        command = values.get("command", "")
        if on("any_command") and command:
            return None
        if not command:
            if on("no_error_for_no_command"):
                return None
            return self.failure(302, "Parameter 'command' is missing from the request", "command?", 400)
        if command == "ListActiveCalls" or (on("command_any_case") and command.lower() == "listactivecalls"):
            return None
        return self.failure(301, f"The command '{command}' is not implemented", "Unknown command", 404)

    def answer(self, raw: str, connection: Connection) -> Reply:
        on = self.on
        values, repeated, order = self.parameters(raw)
        if on("order_of_parameters") and "username" in order and "password" in order[: order.index("username")]:
            values.pop("username")
        if on("command_first"):
            refused = self.check_command(values)
            if refused is not None:
                return refused
        user = self.authenticate(values, connection)
        if isinstance(user, Reply):
            return user
        refused = self.check_command(values)
        if refused is not None:
            return refused
        unknown = [name for name in values if name not in ("command", "username", "password", "?command")]
        for wrong in (unknown if on("strict_unknown") else []) + (repeated if on("repeated_refused") else []):
            return self.failure(302, f"Parameter '{wrong}' is invalid in the command 'ListActiveCalls'", "Bad", 400)
        message = SUCCESS
        if on("stale_message") and self.memory.message:
            message, self.memory.message = self.memory.message, ""
        return Reply(200, message, self.rows(user, connection))

    # ---- XML ------------------------------------------------------------------------------------------------

    def element(self, name: str, text: str) -> str:
        on = self.on
        if on("self_closing") and not text:
            return f"<{name} />"
        if on("nil_talk") and name == "TalkDuration" and text == "0.000":
            return '<TalkDuration xsi:nil="true" />'
        if on("cdata") and text and name not in ("Code", "RingDuration", "TalkDuration") and "]]>" not in text:
            return f"<{name}><![CDATA[{text}]]></{name}>"
        if not on("not_escaped"):
            text = escape(text)
        if on("escaped_twice") and name == "CallerId":
            text = escape(text)
        if on("numeric_references"):
            text = text.replace("'", "&#39;").encode("ascii", "xmlcharrefreplace").decode()
        return f"<{name}>{text}</{name}>"

    def call_lines(self, row: Row, place: int) -> list[str]:
        on = self.on
        name = "CallInfo" if on("call_info") else "Call"
        if on("field_attributes"):
            quoted = " ".join(f'{key}="{escape(value, {chr(34): "&quot;"})}"' for key, value in row)
            return [f"<{name} {quoted}/>"]
        opening = f'<{name} index="{place}">' if on("attributes_too") else f"<{name}>"
        return [opening, *(self.element(key, value) for key, value in row), f"</{name}>"]

    def list_lines(self, rows: list[Row]) -> list[str]:
        on = self.on
        if on("one_node") and rows:
            rows = [[pair for row in rows for pair in row]]
        calls = [self.call_lines(row, place) for place, row in enumerate(rows)]
        if on("no_container"):
            return [line for lines in calls for line in lines]
        if on("container_per_call") and calls:
            return [line for lines in calls for line in ("<ActiveCalls>", *lines, "</ActiveCalls>")]
        if not calls:
            return ["<ActiveCalls />"] if on("self_closing") else ["<ActiveCalls></ActiveCalls>"]
        opening = f'<ActiveCalls count="{len(calls)}">' if on("attributes_too") else "<ActiveCalls>"
        return [opening, *(line for lines in calls for line in lines), "</ActiveCalls>"]

    def head_lines(self, reply: Reply) -> list[str]:
        on = self.on
        good = reply.code == 200
        code, message = str(reply.code), reply.message
        if on("code_zero") and good:
            code = "0"
        if on("code_word"):
            code = "OK" if good else "Error"
        if on("success_message_on_error") and not good:
            message = SUCCESS
        if on("empty_message_on_error") and not good:
            message = ""
        lines = [] if on("no_code_on_error") and not good else [self.element("Code", code)]
        if not (on("no_message") and good):
            lines.append(self.element("Message", message))
        if on("notification_name"):
            lines.append(self.element("NotificationName", "CallConnected"))
        if on("extra_envelope"):
            lines += [self.element("ServerVersion", "10.3.1"), self.element("Count", str(len(reply.rows or [])))]
        return lines

    def body(self, reply: Reply) -> tuple[bytes, int]:
        """The bytes of the answer and what to declare as their number."""
        on = self.on
        root = "response" if on("root_lower") else "Response"
        spaces = (
            ""
            if on("no_namespaces")
            else (
                ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
            )
        )
        head = self.head_lines(reply)
        calls = [] if reply.rows is None else self.list_lines(reply.rows)
        lines = [f"<{root}{spaces}>", *head, *calls, f"</{root}>"]
        if on("comments"):
            lines.insert(0, '<?xml-stylesheet type="text/css" href="calls.css"?>')
            lines.insert(2, "<!-- made by the PBX -->")
        encoding = ""
        if on("latin1_declared"):
            encoding = "iso-8859-1"
        elif on("utf16_declared"):
            encoding = "utf-16"
        declaration = f'<?xml version="1.0" encoding="{encoding}"?>' if encoding else '<?xml version="1.0"?>'
        if on("declares_utf8") and not encoding:
            declaration = "<?xml version='1.0' encoding='utf-8' standalone='yes'?>"
        if encoding or not on("no_declaration"):
            lines.insert(0, declaration)
        text = (
            "\r\n".join(indented(lines, "\t"))
            if on("pretty_crlf")
            else ("\n".join(indented(lines, "  ")) + "\n" if on("pretty") else "".join(lines))
        )
        if on("question_marks"):
            text = text.encode("ascii", "replace").decode()
        data = text.encode(encoding or ("iso-8859-1" if on("latin1") else "utf-8"), "xmlcharrefreplace")
        if on("bom") and not encoding:
            data = b"\xef\xbb\xbf" + data
        return (data[: len(text)], len(text)) if on("length_in_characters") else (data, len(data))


def replaced(row: Row, name: str, value: str) -> Row:
    return [(key, value if key == name else old) for key, old in row]


def indented(lines: list[str], step: str) -> list[str]:
    depth = 0
    result: list[str] = []
    for line in lines:
        if line.startswith("</"):
            depth -= 1
        result.append(step * depth + line)
        if line[1] not in "/?!" and "</" not in line and not line.endswith("/>"):
            depth += 1
    return result


class Handler(BaseHTTPRequestHandler):
    """HTTP around the command."""

    app: App
    protocol_version = "HTTP/1.1"
    server_version = "Microsoft-HTTPAPI/2.0"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 300

    def setup(self) -> None:
        super().setup()
        self.connection_state = Connection()

    def version_string(self) -> str:
        return self.server_version

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.serve("")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(int(length) if length.isdigit() else 0)
        if self.app.on("no_post"):
            self.plain(405, "Method Not Allowed", {"Allow": "GET, HEAD"})
            return
        self.serve(body.decode("utf-8", "replace"))

    def do_HEAD(self) -> None:
        if self.app.on("no_head"):
            self.plain(501, "Not Implemented")
        else:
            self.serve("")

    def do_OPTIONS(self) -> None:
        if self.app.on("no_head"):
            self.plain(501, "Not Implemented")
        else:
            self.plain(200, "", {"Allow": "GET, HEAD, POST, OPTIONS"})

    def refuse(self) -> None:
        length = self.headers.get("Content-Length", "0")
        self.rfile.read(int(length) if length.isdigit() else 0)
        self.plain(405, "Method Not Allowed", {"Allow": "GET, HEAD, POST, OPTIONS"})

    do_PUT = do_DELETE = do_PATCH = refuse

    def serve(self, form: str) -> None:
        app = self.app
        path, _, query = self.path.partition("?")
        query = query.partition("#")[0]
        path = unquote_plus(path)
        if app.on("loose_path"):
            path = path.rstrip("/").lower()
        if path != BASE_PATH:
            self.plain(404, "Not Found")
            return
        reply = app.answer("&".join(part for part in (query, form) if part), self.connection_state)
        data, length = app.body(reply)
        headers = {"Content-Type": "text/xml; charset=utf-8" if app.on("text_xml") else "application/xml"}
        if app.on("text_xml") and (app.on("latin1_declared") or app.on("utf16_declared")):
            headers["Content-Type"] = "text/xml"
        if app.on("gzip"):
            headers["Vary"] = "Accept-Encoding"
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                data = gzip.compress(data, 1)
                length = len(data)
                headers["Content-Encoding"] = "gzip"
        self.send(reply.status, data, length, headers)

    def plain(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        data = text.encode()
        self.send(status, data, len(data), {"Content-Type": "text/plain", **(headers or {})})

    def send(self, status: int, data: bytes, length: int, headers: dict[str, str]) -> None:
        app = self.app
        chunked = app.on("chunked") and not app.on("http10") and self.request_version == "HTTP/1.1"
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if app.on("cookie"):
            self.send_header("Set-Cookie", f"ASP.NET_SessionId={random.getrandbits(64):x}; path=/; HttpOnly")
        if app.on("cache_headers"):
            for name, value in (
                ("Cache-Control", "no-store, private"),
                ("Pragma", "no-cache"),
                ("Expires", "-1"),
                ("X-Powered-By", "Ozeki"),
                ("X-Request-Id", f"{random.getrandbits(32):08x}"),
            ):
                self.send_header(name, value)
        if app.on("close"):
            self.send_header("Connection", "close")
        if chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command == "HEAD":
            return
        if not chunked:
            self.wfile.write(data)
            return
        for begin in range(0, len(data), 1000):
            piece = data[begin : begin + 1000]
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def make_server(port: int, app: App) -> Server:
    version = "HTTP/1.0" if app.on("http10") else "HTTP/1.1"
    handler = type("BoundHandler", (Handler,), {"app": app, "protocol_version": version})
    return Server(("127.0.0.1", port), handler)


def main() -> None:
    parser = argparse.ArgumentParser(description="Ozeki ListActiveCalls server")
    parser.add_argument("--port", type=int, default=9509)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--with", dest="names", default="", help="names of habits and defects, with commas")
    parser.add_argument("--now", type=float, default=None, help="the instant of the start, seconds since 1970")
    options = parser.parse_args()
    names = [name.strip() for name in options.names.split(",") if name.strip()]
    unknown = [name for name in names if name not in HABITS and name not in DEFECTS]
    if unknown:
        parser.error(f"unknown names: {', '.join(unknown)}")
    server = make_server(options.port, App(options.rows, options.seed, names, options.now))
    print(f"listening http://127.0.0.1:{server.server_address[1]}{BASE_PATH}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
