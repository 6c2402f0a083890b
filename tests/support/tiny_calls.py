"""The smallest list of calls that can be checked: nine clauses, no parameter but who asks; and a server of it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fronts import CANARY, Front, front, rewritten

PASSWORD = CANARY
WHO = ("--credential", "user=somebody", "--credential", f"password={PASSWORD}")
OWN = ("TN-001", "TN-002", "TN-003", "TN-004", "TN-005", "TN-006", "TN-007", "TN-008", "TN-009")

TINY = """\
openapi: 3.1.0
info: {title: Tiny list of calls, version: "3", description: "Ended calls, all at once."}
servers:
  - url: "http://127.0.0.1:8080"
paths:
  /calls:
    get:
      operationId: listCalls
      summary: Lists the calls that have ended
      parameters:
        - {name: user, in: query, required: true, schema: {type: string}, description: Who}
        - {name: password, in: query, required: true, schema: {type: string, format: password}, description: Proof}
      responses:
        "200":
          description: All calls, or an error told in code
          content:
            application/json: {schema: {$ref: "#/components/schemas/All"}}
      x-listing:
        language: 1
        document: {name: tiny.txt, sha256: "0000000000000000000000000000000000000000000000000000000000000000"}
        lists:
          calls: ended
          one-row-per: call
          rows-at: /calls
          identity: id
          clauses: {reach: TN-001, rows: TN-002, keys: TN-003, unique: TN-004}
        fields:
          id: {shows: call_id, as: integer}
          secs: {shows: talk_seconds, as: integer}
          text: {shows: note}
        parameters: {}
        filters: {}
        paging: {kind: none}
        access:
          kind: password
          user: user
          password: password
          example: {user: ada, password: lovelace}
          wrong-fault: refused
          missing-fault: refused
          clauses: {wrong-refused: TN-006, user-required: TN-007, password-required: TN-007}
        outcome:
          success: {http: 200, shows: {/code: 0}, clause: TN-008}
          envelope:
            code: {at: /code, as: integer, clause: TN-008}
          error:
            code-at: /code
            message-at: /message
            http: {open: [200, 400], assumed: 200}
            clauses: {no-rows: TN-009}
          faults:
            refused: {code: 7, says: "Who are you?", clause: TN-006}
        transport:
          carries: query
          answers: [application/json]
        laws:
          - {law: non-negative, field: secs, clause: TN-005}
        clauses:
          TN-001: {level: must, basis: documented, says: "calls are listed by GET at /calls", source: "Top"}
          TN-002: {level: must, basis: documented, says: "a success has calls, also when none", source: "Answer"}
          TN-003: {level: must, basis: documented, says: "each call has id, secs and text", source: "Answer"}
          TN-004: {level: should, basis: inferred, says: "an id occurs once", source: "Answer"}
          TN-005: {level: should, basis: documented, says: "secs is not below 0", source: "Answer"}
          TN-006: {level: must, basis: documented, says: "a wrong password is refused with code 7", source: "Access"}
          TN-007: {level: must, basis: documented, says: "nobody lists calls without a name", source: "Access"}
          TN-008: {level: must, basis: documented, says: "success is told by code 0", source: "Codes"}
          TN-009: {level: may, basis: unknown, says: "an error holds no calls", source: "Codes"}
components:
  schemas:
    All:
      type: object
      required: [code]
      properties:
        code: {type: integer}
        message: {type: string}
        calls: {type: array, items: {$ref: "#/components/schemas/Call"}}
    Call:
      type: object
      required: [id, secs, text]
      properties:
        id: {type: integer}
        secs: {type: integer, minimum: 0}
        text: {type: string}
"""

Change = Callable[[dict[str, Any]], None]


def tiny(folder: Path) -> str:
    """The spec as a file; its name is the id of the API."""
    file = folder / "tiny.yaml"
    file.write_text(TINY, encoding="utf-8")
    return str(file)


def keeps_all(tree: dict[str, Any]) -> None:
    """Nothing is changed."""


def without_seconds(tree: dict[str, Any]) -> None:
    """Breaks TN-003, a must."""
    del tree["calls"][0]["secs"]


def seconds_below_zero(tree: dict[str, Any]) -> None:
    """Breaks TN-005, a documented should."""
    tree["calls"][0]["secs"] = -1


def one_id_twice(tree: dict[str, Any]) -> None:
    """Breaks TN-004, an inferred should."""
    tree["calls"][1]["id"] = tree["calls"][0]["id"]


def code_as_text(tree: dict[str, Any]) -> None:
    """Breaks TN-008, a must, even where there are no calls."""
    tree["code"] = "0"


@contextlib.contextmanager
def server(api: str, change: Change = keeps_all, *, calls: int = 12) -> Iterator[tuple[str, Front]]:
    """An honest server of the tiny API, but for one change to each list; the target, and what it was asked."""

    def edit(body: bytes) -> bytes:
        tree = json.loads(body)
        if tree["code"] == 0:
            if tree["calls"]:
                # Something to be escaped wrongly, so that all of the shared clauses can be put to the test.
                tree["calls"][0]["text"] = "5% off & free"
            change(tree)
        return json.dumps(tree, separators=(",", ":")).encode()

    with front(api, rewritten(edit), calls=calls) as found:
        yield found
