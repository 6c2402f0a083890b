"""Response bodies of hostile servers, named after the rows of the hostile table (HS-20 to HS-37).

Each is `(content type, body)`; `BODIES` holds all of them by name.
"""

from __future__ import annotations

import json
from typing import Final

JSON: Final = "application/json"
XML: Final = "application/xml"
Payload = tuple[str, bytes]

DEPTH: Final = 100_000
ESCAPES: Final = "\x1b]0;PWN\x07 \x1b[2J \x1b]8;;http://evil.example/\x07link\x1b]8;;\x07 \x1b]52;c;UFdO\x07 \x9b31m"
RUNNER_COMMANDS: Final = (
    "::error file=app.py::injected\n  ::add-mask::FAIL\n\u00a0::warning::x\na ##[error]x\n::stop-commands::t\n"
)
MARKUP: Final = '<script>alert(1)</script>"><img src=x onerror=alert(1)>javascript:alert(1)</script>\u2028\u2029'
MARKDOWN: Final = "``` `` ` @team ![](http://canary.example/x) | a | b |\n# heading"
SHELL_WORDS: Final = (
    "$(touch pwned)", "`id`", "'; rm -rf x", "-o x", "@/etc/passwd", "a\nb", "[1-9999]", "\x1b[2J", "##[error]x",
)  # fmt: skip
FILE_NAMES: Final = ("../../etc/x", "CON", "x" * 5000, "a/b", "", "a\0b", ".", "..", "\ud800")
RICH_MARKUP: Final = "[/oops] [link=http://evil.example]x[/link] [bold"
FORMULA: Final = '=HYPERLINK("http://evil.example","x")'


def _entities(levels: int) -> bytes:
    lines = ['<!DOCTYPE x [<!ENTITY a0 "lol">']
    for level in range(1, levels):
        lines.append(f'<!ENTITY a{level} "{f"&a{level - 1};" * 10}">')
    return ("".join(lines) + f"]><x>&a{levels - 1};</x>").encode()


def _field(text: str) -> bytes:
    return json.dumps({"error": text, "CallId": text}).encode()


BODIES: Final[dict[str, Payload]] = {
    # HS-20 to HS-24: JSON
    "json-deep": (JSON, b"[" * DEPTH + b"]" * DEPTH),
    "json-deep-unclosed": (JSON, b'{"a":' * DEPTH),
    "json-long-integer": (JSON, b'{"total": ' + b"9" * 10_000 + b"}"),
    "json-infinity-by-exponent": (JSON, b'{"total": 1e400}'),
    "json-nan": (JSON, b'{"total": NaN}'),
    "json-minus-zero": (JSON, b'{"total": -0}'),
    "json-beyond-double": (JSON, b'{"total": 9007199254740993}'),
    "json-duplicate-key": (JSON, b'{"State":"ok","State":"failed"}'),
    "json-bom": (JSON, b'\xef\xbb\xbf{"total": 0}'),
    "json-utf-16": (JSON, '{"total": 0}'.encode("utf-16")),
    "json-not-utf-8": (JSON, b'{"name": "\xff\xfe"}'),
    "json-lone-surrogate": (JSON, b'{"name": "\\ud800"}'),
    "json-nul": (JSON, b'{"name": "a\\u0000b"}'),
    "json-utf-7": (f"{JSON}; charset=utf-7", b'{"name": "+ADw-script+AD4-"}'),
    "json-unicode-escape": (f"{JSON}; charset=unicode_escape", b'{"name": "\\x3cscript\\x3e"}'),
    "json-rot13": (f"{JSON}; charset=rot13", b'{"anzr": "<fpevcg>"}'),
    "json-unknown-charset": (f"{JSON}; charset=x-nonsense", b'{"name": "x"}'),
    "json-a-million-nodes": (JSON, b"[" + b"0," * 1_100_000 + b"0]"),
    # HS-25: not what was promised
    "html-login": ("text/html", b"<html><body><form action=/login>Please log in</form></body></html>"),
    "empty": (JSON, b""),
    "json-as-html": ("text/html", b'{"total": 0}'),
    "xml-for-json": (JSON, b"<Response><Data/></Response>"),
    # HS-26 to HS-28: XML
    "xml-billion-laughs": (XML, _entities(10)),
    "xml-quadratic": (
        XML,
        b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 50_000 + b'">]><x>' + b"&a;" * 50_000 + b"</x>",
    ),
    "xml-external-entity": (XML, b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><x>&e;</x>'),
    "xml-external-dtd": (XML, b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/evil.dtd"><x/>'),
    "xml-xinclude": (
        XML,
        b'<x xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/hostname"/></x>',
    ),
    "xml-deep": (XML, b"<a>" * 300_000 + b"</a>" * 300_000),
    "xml-many-attributes": (XML, b"<x " + b" ".join(b'a%d="1"' % n for n in range(200_000)) + b"/>"),
    "xml-long-text": (XML, b"<x>" + b"a" * (11 << 20) + b"</x>"),
    "xml-control-character": (XML, b"<x>a\x0bb</x>"),
    # HS-29 to HS-35: text that acts
    "text-escapes": (JSON, _field(ESCAPES)),
    "text-escapes-raw": ("text/plain", ESCAPES.encode()),
    "text-runner-commands": ("text/plain", RUNNER_COMMANDS.encode()),
    "text-runner-commands-json": (JSON, _field(RUNNER_COMMANDS)),
    "text-markup": (JSON, _field(MARKUP)),
    "text-markdown": (JSON, _field(MARKDOWN)),
    "text-not-xml": (JSON, _field("\x00 ]]> \ufffe " + "x" * 100_000)),
    "text-rich-markup": (JSON, _field(RICH_MARKUP)),
    "text-formula": (JSON, _field(FORMULA)),
}
