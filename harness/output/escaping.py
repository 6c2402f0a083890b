"""Escapes that make text from the network harmless in terminals, logs, JUnit, HTML, Markdown, CSV and shells.

Everything a server or a client sent passes through `visible_text` (or one of the helpers below, which call it
where the format allows) before it reaches a person, a CI log or a file name.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterable
from typing import Final

# Printable by Unicode's categories, and yet invisible: fillers, joiners, variation selectors.
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_NAMED_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# GitHub's runner trims white space before it looks for `::`, and finds `##[` anywhere in a line.
_OLD_CI_COMMAND: Final = re.compile(r"##(?=\[)")
_NEW_CI_COMMAND: Final = re.compile(r"^( *):(?=:)", re.MULTILINE)

_E164: Final = re.compile(r"\+[0-9]{1,15}", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A variable as our lines write it: quoted, by itself or as what a tool spells anew.
_VARIABLE: Final = re.compile(r"\"\$(?:\(printf %s \"\$)?([A-Z_][A-Z0-9_]*)")


def visible_text(
    text: str | bytes, *, limit: int = 4096, prefix: str = "", multiline: bool = False, left_out: int = 0
) -> str:
    """The text, at most `limit` characters, with all that acts instead of being read shown as an escape.

    Line ends survive only in multi-line mode, which a `prefix` (put before each line) implies; elsewhere the
    result is one line. A cut is marked with how much is missing, with `left_out` characters that the caller has cut
    off before. Bytes that are not UTF-8 show as `\\xNN`.
    Text that was not cut is stable: making it visible again changes nothing.
    """
    if limit < 1:
        raise ValueError(f"limit must be positive, not {limit}")
    if isinstance(text, bytes):
        text = text.decode("utf-8", "backslashreplace")
    lines_kept = multiline or bool(prefix)
    shown, used = _escape_head(text, limit, lines_kept)
    missing = len(text) - used + left_out
    shown = _NEW_CI_COMMAND.sub(r"\1\\x3a", _OLD_CI_COMMAND.sub(r"#\\x23", shown))
    if missing:
        shown += f"…({missing} more)"
    if prefix:
        return "\n".join(prefix + line for line in shown.split("\n"))
    return shown


def _escape_head(text: str, limit: int, lines_kept: bool) -> tuple[str, int]:
    """The escaped head of the text, and how many of its characters that head used up."""
    head = text[:limit]
    if head.isprintable() and not _INVISIBLE.search(head):
        return head, len(head)
    pieces: list[str] = []
    room = limit
    used = 0
    while used < len(head):
        char = head[used]
        width = 1
        if lines_kept and head.startswith("\r\n", used):
            piece, width = "\n", 2
        elif (lines_kept and char == "\n") or (char.isprintable() and not _INVISIBLE.match(char)):
            piece = char
        else:
            piece = _escape_character(char)
        if len(piece) > room:
            break
        pieces.append(piece)
        room -= len(piece)
        used += width
    return "".join(pieces), used


def _escape_character(char: str) -> str:
    code = ord(char)
    if char in _NAMED_ESCAPES:
        return _NAMED_ESCAPES[char]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    return f"\\U{code:08x}"


def markdown_fence(text: str | bytes, *, info: str = "", limit: int = 4096) -> str:
    """A fenced Markdown block that the text cannot leave: its fence is longer than any backtick run."""
    shown = visible_text(text, limit=limit, multiline=True)
    fence = "`" * max(3, _longest_backtick_run(shown) + 1)
    return f"{fence}{info}\n{shown}\n{fence}"


def markdown_cell(text: str | bytes, *, limit: int = 200) -> str:
    """A code span on one line that may stand in a Markdown table: no link, mention or column starts in it."""
    shown = visible_text(text, limit=limit)
    if not shown.strip():
        return ""
    fence = "`" * (_longest_backtick_run(shown) + 1)
    padding = " " if shown.startswith("`") or shown.endswith("`") else ""
    # A table is cut at its pipes before code spans are seen; an escaped pipe is the one way to keep it.
    return f"{fence}{padding}{shown}{padding}{fence}".replace("|", "\\|")


def _longest_backtick_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def csv_field(text: str, *, spreadsheet: bool = False) -> str:
    """One quoted CSV field: exact data, or neutral in a spreadsheet; `+` numbers keep their plus in both."""
    if spreadsheet and text.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")):
        bare_number = _E164.fullmatch(text) or _NUMBER.fullmatch(text)
        text = text if bare_number else "'" + text
    return '"' + text.replace('"', '""') + '"'


def json_for_script(value: object) -> str:
    """JSON that may stand inside a `<script>` element: nothing in it can end the element or the line."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def safe_file_name(text: str | bytes, *, suffix: str = "") -> str:
    """A file name made from a hash of the text, so that no id from a server becomes a path."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest()[:32] + suffix


def xml_text(text: str | bytes, *, limit: int = 65536) -> str:
    """Visible multi-line text of characters that XML 1.0 can carry; markup is the XML writer's to escape."""
    return _NOT_XML.sub("", visible_text(text, limit=limit, multiline=True))


def shell_word(text: str) -> str:
    """One word of a shell line that means exactly this text and is safe to print.

    Text that would act on the terminal or in a CI log is written by `printf`, which every POSIX shell has. What ends
    with a line end, which a shell would cut off there, is in the `$'…'` form (bash, zsh, POSIX 2024).
    """
    if text.isprintable() and not _INVISIBLE.search(text) and not _OLD_CI_COMMAND.search(text):
        return shlex.quote(text)
    printed = not text.endswith("\n") and "\0" not in text
    escaped = {"\\": "\\\\", "'": "\\047", "!": "\\041"} | ({"%": "%%"} if printed else {})
    pieces: list[str] = []
    for place, char in enumerate(text):
        if char == "-" and not place:
            # What begins with it would be an option of `printf`.
            pieces.append("\\055")
        elif char in escaped:
            pieces.append(escaped[char])
        elif char.isprintable() and not _INVISIBLE.match(char) and char != "[":
            pieces.append(char)
        else:
            # Octal has a fixed width; `\x` would swallow the hex digits that follow.
            pieces.extend(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape"))
    escapes = "".join(pieces)
    return f"\"$(printf '{escapes}')\"" if printed else f"$'{escapes}'"


def variables_read(lines: Iterable[str]) -> tuple[str, ...]:
    """The names of the shell variables that printed lines read, in order."""
    return tuple(sorted({name for line in lines for name in _VARIABLE.findall(line)}))
