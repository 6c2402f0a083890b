"""How requests, answers and rows are shown in findings: visible, free of secrets, and repeatable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal, Protocol

from harness.output.personal import Pseudonyms
from harness.output.secrets import Redactor
from harness.output.visible import shell_word, visible
from harness.wire.exchange import HttpRequest, HttpResponse, NoResponse

EXCERPT = 4096


class HasShown(Protocol):
    """A row that shows values by field."""

    @property
    def shown(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Renders what was sent and seen; `base` is the target's URL, `secrets` name their values."""

    base: str
    redactor: Redactor
    secrets: Mapping[str, str]
    mode: Literal["masked", "full"] = "full"
    pseudonyms: Pseudonyms | None = None

    def text(self, text: str, *, limit: int = EXCERPT) -> str:
        """Any text from or for the wire, made fit for a report."""
        if self.mode == "masked" and self.pseudonyms is not None:
            text = self.pseudonyms.text(text)
        return self.redactor.redact(visible(text, limit=limit))

    def url(self, request: HttpRequest) -> str:
        """The whole URL of a request, secrets masked."""
        return self.redactor.redact(visible(self.base + request.target.decode("latin-1"), limit=EXCERPT))

    def line(self, request: HttpRequest) -> str:
        """A request on one line."""
        body = f"  {self.body(request)}" if request.body else ""
        return f"{request.method} {self.url(request)}{body}"

    def body(self, request: HttpRequest) -> str:
        """The body of a request as a text."""
        return self.redactor.redact(visible(request.body, limit=EXCERPT))

    def curl(self, request: HttpRequest) -> str:
        """A command line that sends the same bytes; secrets stand as `$NAME` for the shell to fill in."""
        parts = ["curl", "-sS", "--globoff", "--proto", "'=http,https'", "--path-as-is"]
        if request.method != "GET" or request.body:
            parts += ["-X", request.method]
        for name, value in request.headers:
            parts += ["-H", self._quoted(f"{name}: {value}")]
        if request.chunked:
            parts += ["-H", shell_word("Transfer-Encoding: chunked")]
        if request.body:
            parts += ["--data-raw", self._quoted(request.body.decode("latin-1"))]
        parts.append(self._quoted(self.base + request.target.decode("latin-1")))
        return self.redactor.redact(visible(" ".join(parts), limit=4 * EXCERPT))

    def _quoted(self, text: str) -> str:
        """Shell-quoted, with the secrets as variables outside the quotes."""
        pieces = [text]
        for name, value in self.secrets.items():
            if len(value) < 6:
                continue
            variable = "".join(char if char.isalnum() else "_" for char in name).upper()
            cut: list[str] = []
            for piece in pieces:
                if piece.startswith("\0"):
                    cut.append(piece)
                    continue
                parts = piece.split(value)
                for index, part in enumerate(parts):
                    if index:
                        cut.append(f"\0{variable}")
                    cut.append(part)
            pieces = cut
        quoted = [f'"${piece[1:]}"' if piece.startswith("\0") else shell_word(piece) for piece in pieces if piece]
        return "".join(quoted)

    def answer(self, response: HttpResponse | NoResponse, *, limit: int = 1200) -> str:
        """An excerpt of what came back."""
        if isinstance(response, NoResponse):
            return f"no answer ({response.reason}): {visible(response.text, limit=300)}"
        head = f"HTTP {response.http_status} {response.header('content-type') or 'no Content-Type'}"
        return f"{self.text(head, limit=200)}\n{self.text(response.body.decode('utf-8', 'replace'), limit=limit)}"

    def row(self, row: HasShown, names: Iterable[str]) -> str:
        """A row on one line: the fields that matter first."""
        shown = row.shown
        wanted = [name for name in dict.fromkeys(names) if name in shown]
        return self.text("  ".join(f"{name}={value_text(shown[name])}" for name in wanted), limit=400)


def value_text(value: Any) -> str:
    """A shown value as a person reads it."""
    if value is None:
        return "none"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        return f"[{', '.join(value_text(item) for item in value[:4])}{', ...' if len(value) > 4 else ''}]"
    if isinstance(value, Mapping):
        return "{...}"
    if isinstance(value, Decimal):
        return str(value)
    return repr(value) if isinstance(value, str) else str(value)
