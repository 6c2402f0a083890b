"""One trial of some rules: a small API, a server that is honest or lies in one way, and what the run then says.

The API is invented (Tinphone): ended calls as JSON, behind a name and a password. A test says which parameters it
has and which parts of the listing it is about. A lie is a few lines of Python: `asks` changes a request before the
honest simulator sees it, `tells` changes the answer before the checker sees it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlencode

from harness.check import runner
from harness.check.context import CheckContext
from harness.check.credentials import identities_of_users
from harness.check.options import CheckOptions
from harness.check.probe.mirror import Mirror
from harness.check.results.findings import Finding, RunReport, Verdict
from harness.check.runner import run_check
from harness.serve.faults.catalogue import find_faults
from harness.serve.simulator import Simulator
from harness.specification.dialect import Dialect
from harness.specification.load import Spec, build_spec
from harness.specification.yaml_source import parse_source_text
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.world.traffic import BUSY_HOUR
from harness.world.world import World

Rule = Callable[[CheckContext, Mirror], None]
Asked = dict[str, str]
Body = dict[str, Any]

HEAD = """\
openapi: 3.1.0
info: {title: Tinphone list calls, version: "2", description: Ended calls of an invented telephone}
servers:
  - url: "http://{host}:{port}"
    variables: {host: {default: 127.0.0.1}, port: {default: "8080"}}
paths:
  /calls:
    get:
      operationId: listCalls
      summary: Lists the calls that have ended
      parameters:
"""
LISTING = """\
      responses:
        "200":
          description: Calls, or an error told in code
          content:
            application/json: {schema: {type: object}}
      x-listing:
        language: 1
        document:
          name: tinphone-calls.txt
          sha256: "0000000000000000000000000000000000000000000000000000000000000000"
        lists:
          calls: ended
          one-row-per: call
          rows-at: /calls
          identity: id
          clauses: {reach: TI-LST-001, rows: TI-LST-002, keys: TI-LST-003, unique: TI-LST-004}
        zone: {default: UTC}
        access:
          kind: password
          user: user
          password: password
          example: {user: ada, password: lovelace}
          wrong-fault: unknown-user
          missing-fault: unknown-user
          clauses: {wrong-refused: TI-LST-005, user-required: TI-LST-005, password-required: TI-LST-005}
        outcome:
          success: {http: 200, shows: {/code: 0}, clause: TI-LST-006}
          error: {code-at: /code, message-at: /message, http: 400}
          faults:
            unknown-user: {code: 7, says: "Who are you?"}
            invalid: {code: 9, says: "Cannot read {parameter}"}
"""
COMMON = """\
          TI-LST-001: {level: must, basis: documented, says: "calls are listed at /calls", source: Top}
          TI-LST-002: {level: must, basis: documented, says: "a success has calls", source: Top}
          TI-LST-003: {level: must, basis: documented, says: "each call has the named fields", source: Top}
          TI-LST-004: {level: must, basis: documented, says: "an id occurs once", source: Top}
          TI-LST-005: {level: must, basis: documented, says: "bad credentials are refused", source: Top}
          TI-LST-006: {level: must, basis: documented, says: "success is told by code 0", source: Top}
"""


def tinphone(*, parameters: tuple[str, ...], listing: str, clauses: Mapping[str, str]) -> Spec:
    """The API with these parameters, the rest of its listing (not indented), and clauses by what they say."""
    named = "".join(
        f"        - {{name: {name}, in: query, schema: {{type: string}}, description: About {name}}}\n"
        for name in ("user", "password", *parameters)
    )
    indented = "".join(f"        {line}\n" for line in listing.strip("\n").splitlines())
    promised = "".join(
        f'          {name}: {{level: must, basis: documented, says: "{says}", source: Top}}\n'
        for name, says in clauses.items()
    )
    text = f"{HEAD}{named}{LISTING}{indented}        clauses:\n{COMMON}{promised}"
    return build_spec(parse_source_text(text, name="tinphone.yaml"), spec_id="tinphone/list-calls")


def no_change_of_the_request(asked: Asked) -> Asked:
    return asked


def no_change_of_the_answer(_: Asked, body: Body) -> Body:
    return body


@dataclass(frozen=True, kw_only=True)
class Lie:
    """One way in which a server is not as documented; `fault` is one of the simulator's own.

    `posts` changes only requests that come as a form.
    """

    asks: Callable[[Asked], Asked] = no_change_of_the_request
    posts: Callable[[Asked], Asked] = no_change_of_the_request
    tells: Callable[[Asked, Body], Body] = no_change_of_the_answer
    fault: str | None = None


HONEST = Lie()


def deaf_to(*names: str) -> Callable[[Asked], Asked]:
    """A server that does not know these parameters."""
    return lambda asked: {name: value for name, value in asked.items() if name not in names}


def as_if(**values: str) -> Callable[[Asked], Asked]:
    """A server that takes these values for given, whatever was asked."""
    return lambda asked: {**asked, **values}


def unless_said(**values: str) -> Callable[[Asked], Asked]:
    """A server with these values where a request says nothing."""
    return lambda asked: {**values, **asked}


@dataclass
class Server:
    """The simulator in this process, behind a lie."""

    simulator: Simulator
    lie: Lie

    def send(self, request: HttpRequest, *, deadline_seconds: float | None = None) -> HttpResponse:
        asked = self.lie.asks(dict(parse_qsl(_text_of(request), keep_blank_values=True)))
        if request.method == "POST":
            asked = self.lie.posts(asked)
        target = self.simulator.base_path.encode() + request.path + b"?" + urlencode(asked).encode()
        answer = self.simulator.answer(replace(request, target=target, method="GET", body=b""), BUSY_HOUR)
        if self.lie.tells is no_change_of_the_answer:
            return answer
        body = self.lie.tells(asked, json.loads(answer.body))
        return replace(answer, body=json.dumps(body).encode())


def _text_of(request: HttpRequest) -> str:
    return "&".join(part.decode() for part in (request.query, request.body) if part)


@cache
def _world(calls: int) -> World:
    return World.of(seed=3, calls=calls)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run says of its clauses."""

    report: RunReport
    findings: Mapping[str, Finding] = field(repr=False)

    @property
    def failed(self) -> tuple[str, ...]:
        """The clauses that are broken, in the order of their names."""
        return tuple(sorted(self.findings))

    def verdict(self, clause: str) -> Verdict:
        return next(result.verdict for result in self.report.clauses if result.id == clause)

    def reason(self, clause: str) -> str:
        return next(result.reason for result in self.report.clauses if result.id == clause)

    def expected(self, clause: str) -> str:
        return self.findings[clause].expected

    def actual(self, clause: str) -> str:
        return self.findings[clause].actual


def trial(
    spec: Spec,
    *rules: Rule,
    lie: Lie = HONEST,
    calls: int = 60,
    dialect: Mapping[str, Any] | None = None,
) -> Outcome:
    """A run of these rules alone, after the log-in and the reading of the whole list that every run begins with.

    Without rules it is a run of all rules there are.
    """
    faults = find_faults(spec, lie.fault) if lie.fault else ()
    simulator = Simulator(spec, _world(calls), dialect=Dialect(dialect or {}), faults=faults)
    identities = identities_of_users(simulator.users, spec.listing)
    options = CheckOptions(now=BUSY_HOUR, target="http://127.0.0.1:0")
    phases = (("trial", rules),) if rules else runner.PHASES
    with mock.patch.object(runner, "PHASES", phases):
        report = run_check(spec, Server(simulator, lie), identities[:1], options)
    return Outcome(report=report, findings={str(finding.clause): finding for finding in report.findings})
