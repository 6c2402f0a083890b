"""The invented spec `parlatel.yaml`, with another way in or one thing changed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from harness.serve.simulator import Simulator
from harness.specification.load import Spec, build_spec
from harness.specification.yaml_source import parse_source_text
from harness.wire.http_messages import HttpRequest
from harness.wire.json_body import decode_json
from harness.world import World

PARLATEL: Final = Path(__file__).parent / "parlatel.yaml"
ID: Final = "parlatel/list-calls"
Change = tuple[str, str]

_WAY: Final = """          kind: basic
          user: account
          password: secret
          example: {account: PT20250101, secret: ladder-green-7}
"""
_ALSO: Final = """          also:
            - kind: key
              key: {credential: api-key, place: header, name: X-Parlatel-Key}
              clause: PT-CLS-054
              refused-clause: PT-CLS-055
"""
_SECURITY: Final = "security: [{pair: []}, {key: []}]"
_KEY_SCHEME: Final = "key: {type: apiKey, in: header, name: X-Parlatel-Key}"
_EXAMPLE: Final = "          example: {account: PT20250101}\n"


def key_in(place: str, name: str) -> tuple[Change, ...]:
    """The changes for a key in a place of that name; it counts nowhere else."""
    key = f"{_EXAMPLE}          kind: key\n          key: {{credential: api-key, place: {place}, name: {name}}}\n"
    elsewhere = "clauses: {accepted: PT-CLS-050, elsewhere-refused: PT-CLS-054,"
    return (
        (_WAY, key),
        (_ALSO, ""),
        ("clauses: {accepted: PT-CLS-050,", elsewhere),
        ("a key opens the list as well", "a key in another place is refused"),
        (_SECURITY, "security: [{key: []}]"),
        (_KEY_SCHEME, f"key: {{type: apiKey, in: {place}, name: {name}}}"),
    )


def session_by(carries: str, token_at: str, place: str, name: str, scheme: str = "") -> tuple[Change, ...]:
    """The changes for a log-in operation whose token stands in a place of that name."""
    session = (
        f"{_EXAMPLE}          kind: session\n          token: ticket\n          session: {{path: /tickets, carries: "
        f"{carries}, user: account, password: secret, token-at: {token_at}, place: {place}, name: {name}, "
        f'scheme: "{scheme}", opened-clause: PT-CLS-054, refused-clause: PT-CLS-055}}\n'
    )
    if scheme:
        declared = f"key: {{type: http, scheme: {scheme.lower()}}}"
    else:
        declared = f"key: {{type: apiKey, in: {place}, name: {name}}}"
    return (
        (_WAY, session),
        (_ALSO, ""),
        (_SECURITY, "security: [{key: []}]"),
        (_KEY_SCHEME, declared),
        ("a key opens the list as well", "name and password get a ticket"),
        ("a wrong key is refused", "wrong ones get none"),
    )


_QUERY: Final = (
    '        - {name: from, in: query, schema: {type: string}, description: Who called, example: "+12025550123"}\n',
    "        - {name: way, in: query, schema: {enum: [in, out, int, through]}, description: Direction}\n",
    "        - {name: since, in: query, schema: {type: string, format: date-time}, "
    "description: Earliest beginning}\n",
    "        - {name: until, in: query, schema: {type: string, format: date-time}, description: Latest beginning}\n",
    "        - {name: start, in: query, schema: {type: integer, minimum: 0, default: 0}, "
    "description: Rows to skip}\n",
    "        - {name: many, in: query, schema: {type: integer, minimum: 1, maximum: 100, default: 20}, "
    "description: Rows at most}\n",
)
_STATE: Final = (
    "        - {name: state, in: query, required: true, schema: {const: ended}, description: Which calls}\n"
)


def in_body(members: str) -> tuple[Change, ...]:
    """The changes for a request in a body of JSON with these members beside state, start and many."""
    whole = "state: {type: string}, start: {type: integer}, many: {type: integer}"
    body = f"{{type: object, properties: {{{whole}, {members}}}}}"
    return (
        ("    get:\n", "    post:\n"),
        *((line, "") for line in _QUERY),
        (_STATE, f"      requestBody: {{content: {{application/json: {{schema: {body}}}}}}}\n"),
        ("state: {constant: ended}", "state: {constant: ended, at: /state}"),
        (
            'start: {as: integer, least: 0, default: 0, bad: {gets: refused, like: ["-1", x]',
            "start: {as: integer, at: /start, least: 0, default: 0, bad: {gets: refused, like: [-1, x]",
        ),
        (
            'many: {as: integer, least: 1, most: 100, default: 20, bad: {gets: refused, like: ["0", x]',
            "many: {as: integer, at: /many, least: 1, most: 100, default: 20, bad: {gets: refused, like: [0, x]",
        ),
        ("        transport:\n", "        transport:\n          carries: json\n"),
    )


NOBODY: Final[tuple[Change, ...]] = (
    (_WAY, "          kind: none\n          example: {account: PT20250101}\n"),
    (_ALSO, ""),
    (_SECURITY, "security: []"),
    ("          clauses: {accepted: PT-CLS-050, wrong-refused: PT-CLS-051, missing-refused: PT-CLS-052}\n", ""),
)

_UNKNOWN: Final = (
    '            unknown: {http: 401, says: "Who are you?", shows: {/more_info: '
    '"https://parlatel.example/errors/{http-status}"}, media-type: application/problem+json, clause: PT-CLS-072}\n'
)
# Nobody logs in, so nobody is refused: no fault says that somebody is unknown.
NOBODY_UNKNOWN: Final[tuple[Change, ...]] = (
    *NOBODY,
    ("          missing-fault: unknown\n          wrong-fault: unknown\n", ""),
    (_UNKNOWN, ""),
)


def parlatel_text(*changes: Change) -> str:
    """Its text; each change replaces a piece that occurs exactly once. Clauses that nothing names are left out."""
    text = PARLATEL.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        text = text.replace(old, new)
    lines = text.splitlines(keepends=True)
    ids = [line.split(":")[0].strip() for line in lines if line.startswith("          PT-CLS-")]
    unused = {name for name in ids if text.count(name) == 1}
    return "".join(line for line in lines if line.split(":")[0].strip() not in unused)


def parlatel(*changes: Change) -> Spec:
    """The spec itself."""
    return build_spec(parse_source_text(parlatel_text(*changes), name="parlatel.yaml"), spec_id=ID)


def parlatel_rows(changes: Iterable[Change], world: World, query: str) -> list[dict[str, object]]:
    """The calls that an honest simulator of the changed spec lists for a query, an ended call each."""
    headers = (("Authorization", "Basic UFQyMDI1MDEwMTpsYWRkZXItZ3JlZW4tNw=="),)
    target = f"/v3/accounts/PT20250101/calls.json?state=ended&many=100{query}".encode()
    answer = Simulator(parlatel(*changes), world).answer(
        HttpRequest(method="GET", target=target, headers=headers), world.instant
    )
    tree = decode_json(answer.body).tree
    assert isinstance(tree, dict)
    found = tree["calls"]
    assert isinstance(found, list)
    return [dict(row) for row in found if isinstance(row, dict)]
