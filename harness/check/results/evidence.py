"""How requests, answers and rows are shown in findings: visible, free of secrets, and repeatable."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Literal, Protocol, final
from urllib.parse import quote, quote_plus

from harness.check.results.shell_lines import ValueForm, marked, secret_variables, shell_text
from harness.output.escaping import shell_word, visible_text
from harness.output.pseudonyms import NAME_DROPPED, Pseudonyms
from harness.output.redaction import Redactor
from harness.wire.credentials_codec import decode_basic_pair
from harness.wire.http_messages import HttpRequest, HttpResponse, NoResponse

EXCERPT_LENGTH = 4096


class EvidenceRow(Protocol):
    """A row that shows values by field."""

    @property
    def shown(self) -> Mapping[str, Any]: ...


# Attributes in which people's names and words stand.
PERSONAL_ATTRIBUTES: Final = frozenset(
    {"caller_id", "caller_name", "caller_name_internal", "caller_name_external", "note", "custom_data", "name"}
)


@final
class PersonalNames:
    """The names and words of people that rows showed, so that masked evidence can drop them wherever they stand."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, values: Iterable[str]) -> None:
        """Adds values; numbers and very short ones are left to the pseudonyms."""
        new = {value for value in values if len(value) > 2 and not re.fullmatch(r"[+0-9 ()/.-]+", value)}
        if new - self._values:
            self._values |= new
            spellings = {form for value in self._values for form in (value, quote(value, safe=""), quote_plus(value))}
            ordered = sorted(spellings, key=len, reverse=True)
            self._pattern = re.compile("|".join(re.escape(form) for form in ordered))

    def mask(self, text: str) -> str:
        """The text with these names masked."""
        return self._pattern.sub(NAME_DROPPED, text) if self._pattern is not None else text


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRenderer:
    """Renders requests, responses and rows for findings; `base` is the target's URL, `secrets` name their values."""

    base: str
    redactor: Redactor
    secrets: Mapping[str, str]
    mode: Literal["masked", "full"] = "full"
    pseudonyms: Pseudonyms | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """Headers that the sender adds to every request."""
    ca: str | None = None
    """The file of the authority that signed the target's certificate."""
    personal_names: PersonalNames = field(default_factory=PersonalNames)

    def render_text(self, text: str, *, limit: int = EXCERPT_LENGTH) -> str:
        """Any text from or for the wire as a report may hold it: escaped, masked, at most `limit` characters."""
        return self._redact(self.pseudonymize(text), limit=limit)

    def _redact(self, text: str, *, limit: int) -> str:
        """The text without secrets, escaped and cut: in this order, for half a secret is not recognised."""
        head, left_out = self.redactor.redact_head(text, limit)
        return visible_text(head, limit=limit, left_out=left_out)

    def pseudonymize(self, text: str) -> str:
        """The text without people's names and numbers, where the report must not hold them."""
        if self.mode == "full" or self.pseudonyms is None:
            return text
        return self.pseudonyms.alias_text(self.personal_names.mask(text))

    def render_url(self, request: HttpRequest) -> str:
        """The whole URL of a request, secrets masked."""
        target = request.target.decode("latin-1")
        return self._redact(self.base + self._alias_people(target), limit=EXCERPT_LENGTH)

    def _alias_people(self, text: str) -> str:
        """A target or a body with people's names and numbers replaced, its form kept."""
        if self.mode == "full" or self.pseudonyms is None:
            return text
        alias = self.pseudonyms.alias_number
        return re.sub(
            r"(?:%2B|\+)?[0-9]{7,16}(?![0-9-])",
            lambda found: alias(found[0].replace("%2B", "+")),
            self.personal_names.mask(text),
        )

    def render_request_line(self, request: HttpRequest) -> str:
        """A request on one line."""
        body = f"  {self.render_body(request)}" if request.body else ""
        return f"{request.method} {self.render_url(request)}{body}"

    def render_body(self, request: HttpRequest) -> str:
        """The body of a request as a text."""
        return self._redact(self._alias_people(request.body.decode("utf-8", "replace")), limit=EXCERPT_LENGTH)

    def render_curl(self, request: HttpRequest) -> str:
        """A command line that sends the same request; what may not be printed stands as a variable of the shell."""
        parts = ["curl", "-sS", "--globoff", "--proto", "'=http,https'", "--path-as-is"]
        if request.method != "GET" or request.body:
            parts += ["-X", request.method]
        if self.ca is not None:
            parts += ["--cacert", shell_word(self.ca)]
        own = {name.lower() for name, _ in request.headers}
        for name, value in (*request.headers, *(added for added in self.headers if added[0].lower() not in own)):
            pair = decode_basic_pair(value) if name.lower() == "authorization" else None
            if pair is not None:
                # The pair itself, not as it is encoded: the password stands as a variable.
                parts += ["-u", self._shell_text(pair, quoted=True)]
            else:
                # A header without a value would be left out; so curl is told to send it.
                parts += ["-H", self._shell_text(f"{name}: {value}" if value else f"{name};")]
        if request.chunked:
            parts += ["-H", shell_word("Transfer-Encoding: chunked")]
        if request.body:
            parts += ["--data-raw", self._shell_text(self._mark_people(_text_of(request.body)))]
        parts.append(self._shell_text(self.base + self._mark_people(_text_of(request.target))))
        return visible_text(" ".join(parts), limit=4 * EXCERPT_LENGTH)

    def render_options(self, options: Iterable[tuple[str, str]]) -> str:
        """Options of a command line with their values, a blank before each; secrets stand as variables."""
        words = [f" {name}" + (f" {self._shell_text(value)}" if value else "") for name, value in options]
        return visible_text("".join(words), limit=EXCERPT_LENGTH)

    def _shell_text(self, text: str, *, quoted: bool = False) -> str:
        return shell_text(text, secret_variables(self.secrets), self.redactor, quoted=quoted)

    def _mark_people(self, text: str) -> str:
        """A target or a body with people's names and numbers as variables, where the report must not hold them.

        The variable of a number ends as its alias does in the rows: `+49…17~3f2a` is NUMBER_3F2A.
        """
        if self.mode == "full" or self.pseudonyms is None:
            return text
        alias = self.pseudonyms.alias_number

        def number(found: re.Match[str]) -> str:
            name = alias(found[0].replace("%2B", "+")).rpartition("~")[2].upper()
            return marked(f"NUMBER_{name}", ValueForm.PERCENT if found[0].startswith("%") else ValueForm.RAW)

        form = ValueForm.RAW if text[:1] in ("{", "[", "<") else ValueForm.PERCENT
        parts = self.personal_names.mask(text).split(NAME_DROPPED)
        named = parts[0] + "".join(
            marked(f"PERSON_{place}", form) + part for place, part in enumerate(parts[1:], start=1)
        )
        return re.sub(r"(?:%2B|\+)?[0-9]{7,16}(?![0-9-])", number, named)

    def render_response(self, response: HttpResponse | NoResponse, *, limit: int = 1200) -> str:
        """The beginning of a response, or the reason why there is none."""
        if isinstance(response, NoResponse):
            actual = f"no answer ({response.reason}): {self.render_text(response.text, limit=300)}"
            arrived = self.render_text(response.partial.decode("utf-8", "replace"), limit=limit)
            return f"{actual}\nwhat had come: {arrived}" if arrived else actual
        head = f"HTTP {response.http_status} {response.header('content-type') or 'no Content-Type'}"
        body = self.render_text(response.body.decode("utf-8", "replace"), limit=limit)
        return f"{self.render_text(head, limit=200)}\n{body}"

    def render_row(self, row: EvidenceRow, names: Iterable[str]) -> str:
        """A row on one line: the fields that matter first."""
        shown = row.shown
        wanted = [name for name in dict.fromkeys(names) if name in shown]
        return self.render_text("  ".join(f"{name}={render_value(shown[name])}" for name in wanted), limit=400)


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
