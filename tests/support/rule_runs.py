"""An invented API over calls made by hand, servers of it that lie in one thing, and what the rules say of them.

A lie is a function of what was asked and of the honest server: it gives the answer's tree. So each lie is a few
lines of Python about parameters and rows, and knows nothing of how the simulator or the checker are built.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from harness.check.context import CheckContext
from harness.check.credentials import identities_of_users
from harness.check.options import CheckOptions
from harness.check.probe.mirror import Mirror, read_mirror, reread_in_smaller_pages, reread_mirror
from harness.check.results.collector import roll_up_verdicts
from harness.check.results.findings import Verdict
from harness.check.runner import make_context, run_check
from harness.serve.simulator import Simulator
from harness.specification.load import Spec, build_spec
from harness.specification.model import ClauseId
from harness.specification.yaml_source import parse_source_text
from harness.telephony.records import Record, call_record
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.world.world import World

# --- the calls ------------------------------------------------------------------------------------------------

NOW: Final = datetime(2031, 3, 4, 18, 0, tzinfo=UTC)
FIRST: Final = datetime(2031, 3, 4, 9, 0, tzinfo=UTC)
CALLS: Final = 48
# In each eight calls the third, fourth and fifth begin in one second.
SECONDS: Final = (0, 61, 150, 150, 150, 333, 401, 490)
SOURCES: Final = ("101", "1010", "102", "+12125550111", "101", "2010", "+442079460123", "Lobby", "102", "101", "104")
NAMES: Final = ("Anna Bell", "Bell", "Carl Dee", "Front Desk", "", "Desk", "Anna Bell")
DIRECTIONS: Final = ("inbound", "outbound", "internal", "inbound", "inbound")
REACHED: Final = ("200", "101", "301", "302", "102", "303", "304")
# The simulator's own customers: 1200 asks; 1201 and 1202 are its children, 1210 is a child of 1201, 1300 a stranger.
OWN, CHILD, SECOND_CHILD, GRANDCHILD, STRANGER = 1200, 1201, 1202, 1210, 1300
OWNERS: Final = (OWN, CHILD, OWN, SECOND_CHILD, OWN, GRANDCHILD, STRANGER, OWN)


def made_call(number: int) -> Record:
    """One of the calls, the first of them number 0."""
    started = FIRST + timedelta(seconds=600 * (number // 8) + SECONDS[number % 8])
    return call_record(
        call_id=7_001 + 13 * number,
        started_at=started,
        answered_at=started + timedelta(seconds=5),
        ended_at=started + timedelta(seconds=20 + (7 * number) % 90),
        source=SOURCES[number % len(SOURCES)],
        caller_name=NAMES[number % len(NAMES)] or None,
        direction=DIRECTIONS[number % len(DIRECTIONS)],
        machine_id=1 + number % 4,
        destination=REACHED[number % len(REACHED)],
        customer_id=OWNERS[number % len(OWNERS)],
    )


def made_world(calls: int = CALLS) -> World:
    return World.from_records([made_call(number) for number in range(calls)], instant=NOW)


# --- the spec -------------------------------------------------------------------------------------------------

LISTED, UNIQUE = "TN-LST-001", "TN-LST-004"
FROM, UNTIL, WHO, NAME, DIR, DIR_SET, DIR_SHARES = (f"TN-LST-{number:03}" for number in range(20, 27))
MACHINES, MACHINE_LIST, REACH, TOGETHER, BLANK, MATCH, MATCH_OTHER = (f"TN-LST-{n:03}" for n in range(27, 34))
OFFSETS_OF_TIMES, ZONES, OLDER = "TN-LST-034", "TN-LST-035", "TN-LST-036"
ORDER, SORT = "TN-LST-040", "TN-LST-041"
SIZE, START, SLICE, PARTITION, BEYOND, DEFAULT_SIZE = (f"TN-LST-{number:03}" for number in range(50, 56))
BACK, GARBAGE, BOTH, OTHER_SORT, EMPTY_END = (f"TN-LST-{number:03}" for number in range(56, 61))
TOTAL, SUM = "TN-LST-070", "TN-LST-071"
UNSET, BY_ID, BAD_CUSTOMER, DEEP, NOT_DEEP, DEEP_IGNORED = (f"TN-LST-{number:03}" for number in range(80, 86))
ALL, EVERYONE, CHILDREN_ON, CHILDREN_OFF, LISTED_CHILDREN = (f"TN-LST-{number:03}" for number in range(86, 91))
ACCESS, OUTCOME, REFUSED, INVALID = "TN-LST-095", "TN-LST-096", "TN-LST-097", "TN-LST-098"

# Each parameter: its OpenAPI schema, and how x-listing writes it.
PARAMETERS: Final[Mapping[str, tuple[str, str]]] = {
    "user": ("{type: string}", ""),
    "password": ("{type: string, format: password}", ""),
    "from": ("{type: string}", "{as: local-time}"),
    "until": ("{type: string}", "{as: local-time}"),
    "who": ("{type: string}", "{}"),
    "name": ("{type: string}", "{}"),
    "match": (
        "{type: string}",
        "{as: word, words: [part, whole], default: part, bad: {gets: refused, like: [nearly]}}",
    ),
    "dir": ("{type: string, enum: [in, out, int, in_out]}", "{as: word}"),
    "machines": ("{type: string}", f'{{as: list, of: integer, separated-by: ",", list-clause: {MACHINE_LIST}}}'),
    "reach": ("{type: string}", "{}"),
    "id": ("{type: string}", '{as: list, of: integer, separated-by: ","}'),
    "page": ("{type: integer}", "{as: integer, least: 0, default: 0}"),
    "rows": ("{type: integer}", "{as: integer, least: 1, most: 100, default: 10}"),
    "skip": ("{type: integer}", "{as: integer, least: 0, default: 0}"),
    "limit": ("{type: integer}", "{as: integer, least: 0, default: 0}"),
    "after": ("{type: string}", "{}"),
    "before": ("{type: string}", "{}"),
    "sort": ("{type: string}", "{default: started}"),
    "customer": ("{type: string}", "{}"),
    "deep": ("{type: integer, enum: [0, 1]}", "{as: flag, default: false}"),
    "children": ("{type: integer, enum: [0, 1]}", "{as: flag, default: false}"),
    "accounts": ("{type: string}", '{as: list, of: integer, separated-by: ","}'),
    "tz": ("{type: string}", "{}"),
}

FILTERS: Final = f"""
from: {{compares: started, keeps: at-or-after, clause: {FROM}}}
until: {{compares: started, keeps: at-or-before, clause: {UNTIL}}}
who: {{compares: who, clause: {WHO}}}
name:
  compares: name
  keeps: contains
  named-by:
    parameter: match
    words: {{part: contains, whole: equal}}
    clauses: {{default: {MATCH}, other: {MATCH_OTHER}}}
  clause: {NAME}
dir:
  compares: dir
  words: {{in_out: [in, out]}}
  word-clauses: {{in_out: {DIR_SET}}}
  clause: {DIR}
  partition-clause: {DIR_SHARES}
machines: {{compares: machine, clause: {MACHINES}}}
reach: {{compares: who, alternatives: {{open: [[], [hidden.reached]], assumed: [hidden.reached]}}, clause: {REACH}}}
"""
FILTER_PARAMETERS: Final = ("from", "until", "who", "name", "match", "dir", "machines", "reach")
DIR_ONLY: Final = f"dir: {{compares: dir, clause: {DIR}}}"


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form of paging: its parameters, and its text in the spec."""

    parameters: tuple[str, ...]
    text: str
    sort: str = ""


NUMBERS: Final = Form(
    parameters=("page", "rows"),
    text=f"""{{kind: page-number, page: page, size: rows, default-size: 10, clauses: {{size: {SIZE}, first: {START},
        slice: {SLICE}, partition: {PARTITION}, past-the-end: {BEYOND}}}}}""",
)
OFFSETS: Final = Form(
    parameters=("skip", "rows"),
    text=f"""{{kind: offset, offset: skip, size: rows, clauses: {{size: {SIZE}, size-default: {DEFAULT_SIZE},
        slice: {SLICE}, offset-default: {START}, partition: {PARTITION}}}}}""",
)
LIMIT: Final = Form(
    parameters=("limit",),
    text=f"""{{kind: limit, size: limit, all: 0, clauses: {{size: {SIZE}, size-default: {DEFAULT_SIZE},
        prefix: {SLICE}}}}}""",
)
CURSORS: Final = Form(
    parameters=("after", "before", "rows", "sort"),
    text=f"""{{kind: cursor, after: after, before: before, size: rows, next-at: /next, prev-at: /prev,
        next-on-last: given, clauses: {{size: {SIZE}, size-default: {DEFAULT_SIZE}, slice: {SLICE},
        partition: {PARTITION}, prev: {BACK}, start: {START}, both: {BOTH}, garbage: {GARBAGE},
        other-sort: {OTHER_SORT}, empty: {EMPTY_END}}}}}""",
    sort=f"{{parameter: sort, words: {{started: started, ended: ended}}, signed: true, clauses: {{words: {SORT}}}}}",
)

CUSTOMERS: Final = f"""{{owners: [owner], unset: own, parameter: customer, words: {{all: children, system: everyone}},
  word-clauses: {{all: {ALL}, system: {EVERYONE}}}, identity: true, recursive: deep, foreign-fault: refused,
  clauses: {{unset: {UNSET}, identity: {BY_ID}, bad: {BAD_CUSTOMER}, recursive: {DEEP}, recursive-default: {NOT_DEEP},
  recursive-ignored: {DEEP_IGNORED}}}}}"""
ACCOUNTS: Final = f"""{{owners: [owner], unset: own-and-children, listed-children: accounts, foreign-fault: refused,
  children-only: {{parameter: children, keeps: children, clauses: {{"on": {CHILDREN_ON}, default: {CHILDREN_OFF}}}}},
  clauses: {{listed-children: {LISTED_CHILDREN}}}}}"""


@cache
def tern(
    form: Form = NUMBERS,
    *changes: tuple[str, str],
    filters: str = DIR_ONLY,
    scope: str = "",
    more: tuple[str, ...] = (),
) -> Spec:
    """The spec of the invented Tern API, with one form of paging.

    Each change replaces a piece of its text that occurs exactly once; `more` names further parameters.
    """
    names = ["user", "password", *form.parameters, *more]
    names += FILTER_PARAMETERS if filters is FILTERS else ["dir"]
    names += {CUSTOMERS: ["customer", "deep"], ACCOUNTS: ["children", "accounts"]}.get(scope, [])
    paths = "\n".join(
        f"        - {{name: {name}, in: query, schema: {PARAMETERS[name][0]}, description: Says {name}}}"
        for name in names
    )
    written = "\n".join(f"          {name}: {PARAMETERS[name][1]}" for name in names if PARAMETERS[name][1])
    order = f"          sort: {form.sort}\n" if form.sort else ""
    hidden = "        hidden: {reached: {holds: destination}}\n" if filters is FILTERS else ""
    total = (
        f"        total: {{at: /total, clauses: {{present: {TOTAL}, sum: {SUM}}}}}\n"
        if form.text in (NUMBERS.text, OFFSETS.text)
        else ""
    )
    text = f"""openapi: 3.1.0
info: {{title: Tern list calls, version: "1", description: An invented list of calls}}
servers: [{{url: "http://127.0.0.1:8080"}}]
paths:
  /calls:
    get:
      operationId: listCalls
      summary: Lists calls
      parameters:
{paths}
      responses: {{"200": {{description: Calls, content: {{application/json: {{schema: {{type: object}}}}}}}}}}
      x-listing:
        language: 1
        document: {{name: tern.txt, sha256: "{"0" * 64}"}}
        lists:
          calls: ended
          one-row-per: call
          rows-at: /calls
          identity: id
          clauses: {{rows: {LISTED}, unique: {UNIQUE}}}
        fields:
          id: {{shows: call_id, as: integer}}
          started: {{shows: started_at, as: local-time}}
          ended: {{shows: ended_at, as: local-time}}
          dir: {{shows: direction, as: word, words: {{inbound: in, outbound: out, internal: int}}, optional: true}}
          who: {{shows: source}}
          name: {{shows: caller_name, absent: empty}}
          machine: {{shows: machine_id, as: integer}}
          owner: {{shows: customer_id, as: integer}}
{hidden}        parameters:
{written}
        filters:
{indented(filters, 10)}
        conjunction-clause: {TOGETHER}
        blank: {{means: absent, clause: {BLANK}}}
{f"        scope: {scope}" if scope else ""}
        order:
          by: started
          direction: ascending
{order}          clause: {ORDER}
        paging: {form.text}
{total}        zone: {{default: UTC}}
        access:
          kind: password
          user: user
          password: password
          example: {{user: ada, password: lovelace}}
          wrong-fault: refused
          missing-fault: refused
          clauses: {{wrong-refused: {ACCESS}}}
        outcome:
          success: {{http: 200, shows: {{/code: 0}}, clause: {OUTCOME}}}
          envelope: {{code: {{at: /code, as: integer, clause: {OUTCOME}}}}}
          error: {{code-at: /code, message-at: /message, http: 200}}
          faults:
            refused: {{code: 7, says: Not you, clause: {REFUSED}}}
            invalid: {{code: 9, says: "Cannot read {{parameter}}", clause: {INVALID}}}
        transport: {{carries: query, answers: [application/json]}}
        clauses:
"""
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        text = text.replace(old, new)
    used = [f"TN-LST-{number:03}" for number in range(100) if f"TN-LST-{number:03}" in text]
    clauses = "\n".join(
        f'          {name}: {{level: must, basis: documented, says: "promise {name} is kept", source: "Top"}}'
        for name in used
    )
    return build_spec(parse_source_text(f"{text}{clauses}\n", name="tern.yaml"), spec_id="tern/list-calls")


def indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.strip().splitlines())


# --- servers --------------------------------------------------------------------------------------------------

Given = dict[str, str]
Body = dict[str, Any]
Honest = Callable[[Given], Body]
Lie = Callable[[Given, Honest], Body]
Row = dict[str, Any]
Rows = list[Row]

MOST_ROWS: Final = {"rows": "100"}


def truth(given: Given, honest: Honest) -> Body:
    """No lie."""
    return honest(given)


def without(given: Given, *names: str) -> Given:
    return {name: value for name, value in given.items() if name not in names}


@dataclass(eq=False)
class Refusal(Exception):
    """The honest server refuses a request: then so does the liar."""

    body: Body


def listed(given: Given, honest: Honest) -> Body:
    """The honest answer, which holds rows. Raises Refusal."""
    body = honest(given)
    if "calls" not in body:
        raise Refusal(body)
    return body


def all_rows(given: Given, honest: Honest) -> Rows:
    """The honest rows of all pages together. Raises Refusal."""
    rows: Rows = listed({**without(given, "page", "skip", "after", "before", "limit"), **MOST_ROWS}, honest)["calls"]
    return rows


def page_of(rows: Rows, given: Given) -> Body:
    """The page that was asked for, of a list of the liar's own, with page numbers or offsets."""
    size = int(given.get("rows") or 10)
    begin = int(given.get("skip") or 0) + size * int(given.get("page") or 0)
    return {"code": 0, "total": len(rows), "calls": rows[begin : begin + size]}


def ignores(*names: str) -> Lie:
    """A server that does not see some parameters."""
    return lambda given, honest: honest(without(given, *names))


def keeps(name: str, kept: Callable[[Row, str], bool]) -> Lie:
    """A server that decides by a rule of its own which rows a filter keeps."""

    def lie(given: Given, honest: Honest) -> Body:
        if not given.get(name):
            return honest(given)
        rows = all_rows(without(given, name), honest)
        return page_of([row for row in rows if kept(row, given[name])], given)

    return lie


def rewrites(name: str, written: Callable[[str], str]) -> Lie:
    """A server that reads another value than was sent."""
    return lambda given, honest: honest({**given, name: written(given[name])} if given.get(name) else given)


def shows(change: Callable[[Row], Row], lie: Lie = truth) -> Lie:
    """A server that shows its rows in another way, besides what else it lies about."""

    def other(given: Given, honest: Honest) -> Body:
        body = lie(given, honest)
        return {**body, "calls": [change(row) for row in body["calls"]]} if "calls" in body else body

    return other


def edits(change: Callable[[Body, Given], Body]) -> Lie:
    """A server that changes the answers that are no errors."""

    def lie(given: Given, honest: Honest) -> Body:
        body = honest(given)
        return change(body, given) if body["code"] == 0 else body

    return lie


def refuses(asked: Callable[[Given], bool]) -> Lie:
    """A server that refuses some requests."""
    return lambda given, honest: {"code": 9, "message": "Not that"} if asked(given) else honest(given)


@dataclass
class Server:
    """A sender that asks a simulator in this process, and gives what a lie makes of it."""

    simulator: Simulator
    lie: Lie
    sent: int = 0

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse:
        self.sent += 1
        path, _, query = request.target.decode("ascii").partition("?")
        given = dict(parse_qsl(query, keep_blank_values=True))

        def honest(asked: Given) -> Body:
            target = f"{path}?{urlencode(asked)}".encode("ascii")
            answer = self.simulator.answer(replace(request, target=target), NOW)
            body: Body = json.loads(answer.body)
            return body

        try:
            body = self.lie(given, honest)
        except Refusal as refusal:
            body = refusal.body
        headers = (("Content-Type", "application/json"),)
        return HttpResponse(http_status=200, headers=headers, body=json.dumps(body).encode("utf-8"))


# --- runs -----------------------------------------------------------------------------------------------------

Rule = Callable[[CheckContext, Mirror], None]


@dataclass(frozen=True)
class Said:
    """What was said of each clause: verdicts, and what was expected and actual where one failed."""

    verdicts: Mapping[str, Verdict]
    told: Mapping[str, tuple[str, str]]

    def verdict(self, clause: str) -> Verdict:
        return self.verdicts.get(clause, Verdict.NOT_RUN)

    @property
    def failed(self) -> list[str]:
        return sorted(clause for clause, verdict in self.verdicts.items() if verdict is Verdict.FAIL)


def asked_of(spec: Spec, lie: Lie, *, calls: int = CALLS) -> tuple[CheckContext, Mirror]:
    """A run over a list that was read of an honest server, which lies from then on."""
    server, options, simulator = _set_up(spec, truth, calls)
    context = make_context(spec, server, identities_of_users(simulator.users, spec.listing), options)
    mirror = Mirror()
    read_mirror(context, mirror, now=NOW)
    server.lie = lie
    return context, mirror


def of_rules(rules: Sequence[Rule], spec: Spec, lie: Lie = truth, *, calls: int = CALLS, seed: int = 1) -> Said:
    """What some rules alone say of a server, after the list was read."""
    server, options, simulator = _set_up(spec, lie, calls)
    options = replace(options, seed=seed)
    session = make_context(spec, server, identities_of_users(simulator.users, spec.listing), options)
    mirror = Mirror()
    read_mirror(session, mirror, now=NOW)
    reread_mirror(session, mirror)
    if not mirror.volatile:
        reread_in_smaller_pages(session, mirror)
    for rule in rules:
        rule(session, mirror)
    ledger = session.results
    verdicts = {
        str(clause): roll_up_verdicts(ledger.tally_of(clause).counts)
        for clause in spec.clauses
        if ledger.has_evidence(clause)
    }
    told = {str(finding.clause): (finding.expected, finding.actual) for finding in ledger.findings()}
    return Said(verdicts, told)


def of_whole_run(spec: Spec, lie: Lie = truth, *clauses: str, calls: int = CALLS) -> Said:
    """What a whole run says of a server, as far as it is about these clauses (or about all)."""
    server, options, simulator = _set_up(spec, lie, calls)
    options = replace(options, only=tuple(ClauseId(clause) for clause in clauses))
    report = run_check(spec, server, identities_of_users(simulator.users, spec.listing), options)
    return Said(
        {str(result.id): result.verdict for result in report.clauses},
        {str(finding.clause): (finding.expected, finding.actual) for finding in report.findings},
    )


def _set_up(spec: Spec, lie: Lie, calls: int) -> tuple[Server, CheckOptions, Simulator]:
    simulator = Simulator(spec, made_world(calls))
    return Server(simulator, lie), CheckOptions(now=NOW, target="http://127.0.0.1:8080"), simulator
