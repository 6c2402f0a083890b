"""How requests, answers and rows are shown in findings: visible, free of secrets, and repeatable."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from harness.check.results.people import PeopleMask
from harness.check.results.shell_lines import SIGNATURE_NAME, ValueForm, marked, secret_variables, shell_text
from harness.output.escaping import shell_word, visible_text
from harness.output.pseudonyms import ALIAS, NAME_DROPPED
from harness.output.redaction import Redactor
from harness.specification.answer_place import header_at
from harness.specification.model import Signature
from harness.wire.credentials_codec import decode_basic_pair
from harness.wire.decoded_body import Tree
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse
from harness.wire.request_signature import read_signature, signature_place
from harness.wire.row_codec import FieldProblem

EXCERPT_LENGTH = 4096


class EvidenceRow(Protocol):
    """A row that shows values by field, with the tree as it came and what is wrong with its fields."""

    @property
    def shown(self) -> Mapping[str, Any]: ...
    @property
    def raw(self) -> Tree: ...
    @property
    def flaws(self) -> Sequence[FieldProblem]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRenderer:
    """Renders requests, responses and rows for findings; `base` is the target's URL, `secrets` name their values."""

    base: str
    redactor: Redactor
    secrets: Mapping[str, str]
    mode: Literal["masked", "full"] = "full"
    people: PeopleMask | None = None
    """Takes people out of masked evidence; None where evidence is full."""
    headers: tuple[tuple[str, str], ...] = ()
    """Headers that the sender adds to every request."""
    ca: str | None = None
    """The file of the authority that signed the target's certificate."""
    signature: Signature | None = None
    """How requests are signed; None where they are not."""

    def render_text(self, text: str, *, limit: int = EXCERPT_LENGTH) -> str:
        """Any text from or for the wire as a report may hold it: escaped, masked, at most `limit` characters."""
        return self._redact(self.pseudonymize(text), limit=limit)

    def _redact(self, text: str, *, limit: int) -> str:
        """The text without secrets, escaped and cut: in this order, for half a secret is not recognised."""
        head, left_out = self.redactor.redact_head(text, limit)
        return visible_text(head, limit=limit, left_out=left_out)

    def pseudonymize(self, text: str) -> str:
        """The text without people's names and numbers, where the report must not hold them."""
        return text if self.people is None else self.people.mask(text)

    def render_url(self, request: HttpRequest) -> str:
        """The whole URL of a request, secrets masked."""
        target = request.target.decode("latin-1")
        return self._redact(self.base + self.pseudonymize(target), limit=EXCERPT_LENGTH)

    def render_request_line(self, request: HttpRequest) -> str:
        """A request on one line."""
        body = f"  {self.render_body(request)}" if request.body else ""
        return f"{request.method} {self.render_url(request)}{body}"

    def render_body(self, request: HttpRequest) -> str:
        """The body of a request as a text."""
        return self._redact(self.pseudonymize(request.body.decode("utf-8", "replace")), limit=EXCERPT_LENGTH)

    def render_curl(self, request: HttpRequest) -> str:
        """A command line that sends the same request; what may not be printed stands as a variable of the shell."""
        parts = ["curl", "-sS", "--globoff", "--proto", "'=http,https'", "--path-as-is"]
        if request.method != "GET" or request.body:
            parts += ["-X", request.method]
        if self.ca is not None:
            parts += ["--cacert", shell_word(self.ca)]
        own = {name.lower() for name, _ in request.headers}
        signed = self._signature_in(request)
        for name, value in (*request.headers, *(added for added in self.headers if added[0].lower() not in own)):
            pair = decode_basic_pair(value) if name.lower() == "authorization" else None
            if pair is not None:
                # The pair itself, not as it is encoded: the password stands as a variable.
                parts += ["-u", self._shell_text(pair, quoted=True)]
            else:
                # A header without a value would be left out; so curl is told to send it.
                parts += ["-H", self._shell_text(f"{name}: {value}" if value else f"{name};", signed=signed)]
        if request.chunked:
            parts += ["-H", shell_word("Transfer-Encoding: chunked")]
        if request.body:
            parts += ["--data-raw", self._shell_text(self._mark_people(_text_of(request.body)))]
        parts.append(self._shell_text(self.base + self._mark_people(_text_of(request.target)), signed=signed))
        return visible_text(" ".join(parts), limit=4 * EXCERPT_LENGTH)

    def render_options(self, options: Iterable[tuple[str, str]]) -> str:
        """Options of a command line with their values, a blank before each; secrets stand as variables."""
        words = [f" {name}" + (f" {self._shell_text(value)}" if value else "") for name, value in options]
        return visible_text("".join(words), limit=EXCERPT_LENGTH)

    def _shell_text(self, text: str, *, quoted: bool = False, signed: str = "") -> str:
        secrets = {**self.secrets, SIGNATURE_NAME: signed} if signed else self.secrets
        return shell_text(text, secret_variables(secrets), self.redactor, quoted=quoted)

    def _signature_in(self, request: HttpRequest) -> str:
        """The value that holds the signature of a request, in a header or in the query: for that request alone."""
        if self.signature is None:
            return ""
        place = signature_place(self.signature)
        header = header_at(place)
        if header is not None:
            return request.header(header) or ""
        return read_signature(self.signature, request).get("signature", "")

    def _mark_people(self, text: str) -> str:
        """A target or a body with people's names and numbers as variables, where the report must not hold them.

        The variable of a number ends as its alias does in the rows: `+49…17~3f2a` is NUMBER_3F2A.
        """
        if self.people is None:
            return text
        form = ValueForm.RAW if text[:1] in ("{", "[", "<") else ValueForm.PERCENT
        people = itertools.count(1)

        def variable(found: re.Match[str]) -> str:
            if found[0] == NAME_DROPPED:
                return marked(f"PERSON_{next(people)}", form)
            kind = "NUMBER" if found["number"] else "TEXT" if found["text"] else "URL"
            return marked(f"{kind}_{(found['number'] or found['text'] or found['url']).upper()}", form)

        return ALIAS.sub(variable, self.people.mask(text))

    def render_body_head(self, body: bytes, *, limit: int) -> str:
        """The beginning of a body; the cost does not grow with what is left out."""
        # As far as a secret, or what is masked, may reach beyond the cut.
        most = 4 * limit + self.redactor.holdback_bytes
        text = body[:most].decode("utf-8", "replace")
        if len(body) <= most:
            return self.render_text(text, limit=limit)
        head, left_out = self.redactor.redact_head(self.pseudonymize(text), limit)
        return visible_text(head, limit=limit, left_out=left_out + len(body) - most)

    def render_response(self, response: HttpResponse | NoResponse, *, limit: int = 1200) -> str:
        """The beginning of a response, or the reason why there is none."""
        if isinstance(response, NoResponse):
            actual = f"no answer ({response.reason}): {self.render_text(response.text, limit=300)}"
            arrived = self.render_body_head(response.partial, limit=limit)
            return f"{actual}\nwhat had come: {arrived}" if arrived else actual
        head = f"HTTP {response.http_status} {response.header('content-type') or 'no Content-Type'}"
        body = self.render_body_head(response.body, limit=limit)
        return f"{self.render_text(head, limit=200)}\n{body}"

    def render_row(self, row: EvidenceRow, names: Iterable[str]) -> str:
        """A row on one line: the fields that matter first; of one that is not as documented what came."""
        flawed = {flaw.field.head for flaw in row.flaws}
        came = row.raw if isinstance(row.raw, dict) else {}
        shown = {**came, **{name: value for name, value in row.shown.items() if name not in flawed & came.keys()}}
        wanted = [name for name in dict.fromkeys(names) if name in shown]
        return self.render_text(
            "  ".join(f"{name}={self._render_field(name, shown[name])}" for name in wanted), limit=400
        )

    def _render_field(self, name: str, value: Any) -> str:
        if self.people is None or name not in self.people.kinds or not isinstance(value, str):
            return render_value(value)
        return render_value(self.people.alias(value, self.people.kinds[name]))


def _text_of(data: bytes) -> str:
    """Bytes as text that gives the same bytes again; no line of a shell can hold NUL, which marks variables here."""
    return data.decode("utf-8", "surrogateescape").replace("\0", "\N{REPLACEMENT CHARACTER}")


def render_value(value: Any) -> str:
    """A shown value as a person reads it."""
    if value is None:
        return "none"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        return f"[{', '.join(render_value(item) for item in value[:4])}{', ...' if len(value) > 4 else ''}]"
    if isinstance(value, Mapping):
        return "{...}"
    if isinstance(value, Decimal):
        return str(value)
    return repr(value) if isinstance(value, str) else str(value)
