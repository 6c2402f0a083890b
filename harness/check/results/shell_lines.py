"""Lines for a shell that run as printed: what may not be printed stands as a variable, in the form of its place.

A variable holds the value itself. Inside a URL or a form it is written percent-encoded, byte by byte, and inside JSON
with its quotes escaped, by tools that every POSIX shell has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, final
from urllib.parse import quote

from harness.output.escaping import shell_word, variables_read
from harness.output.redaction import MASK, SHORTEST_SECRET, Redactor

SIGNATURE_NAME: Final = "signature"
"""What goes by the variable SIGNATURE: the signature of the request of a line."""
_PLACEHOLDER: Final = re.compile("\x00([A-Z0-9_]+):([a-z]+)\x00")
_NAME_BEFORE: Final = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,40})(?:=|\":\s*\"|:\s+(?:[A-Za-z]+\s+)?)$")
# No word that a secret, or a half of one, could be.
_STAND_IN: Final = "$ZQXJ_STAND_IN_QZJX"


class ValueForm(Enum):
    """How the value of a variable stands in its place; the value is what a shell writes for it."""

    RAW = '"${}"'
    PERCENT = "\"$(printf %s \"${}\" | od -An -v -tx1 | tr -d '\\n' | tr ' ' %)\""
    JSON = '"$(printf %s "${}" | sed \'s/[\\"]/\\\\&/g\')"'


@final
@dataclass(frozen=True, slots=True)
class SecretVariable:
    """A secret, the variable that stands for it, and what it looks like in URLs, forms and JSON."""

    variable: str
    pattern: re.Pattern[str]
    value: str

    def form_of(self, found: str) -> ValueForm:
        """The form of an occurrence."""
        if found == self.value:
            return ValueForm.RAW
        return ValueForm.JSON if "\\" in found else ValueForm.PERCENT


def secret_variables(secrets: Mapping[str, str]) -> tuple[SecretVariable, ...]:
    """The variables of secrets by name, the longest value first: one may hold another."""
    ordered = sorted(secrets.items(), key=lambda item: len(item[1]), reverse=True)
    return tuple(
        SecretVariable(variable_name(name), re.compile(_pattern_of(value)), value) for name, value in ordered if value
    )


def variable_name(name: str) -> str:
    """The name of a credential, a header or a parameter as that of a shell variable."""
    plain = "".join(char if char.isascii() and char.isalnum() else "_" for char in name).upper()
    return plain if plain[:1].isalpha() else f"_{plain}"


def _pattern_of(value: str) -> str:
    """A secret as it may stand in a request. Inside a longer word, or as a name, an everyday word is no secret."""
    percent = "".join(_percent_pattern(char) for char in value)
    escaped = {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]} - {value}
    spellings = "|".join([re.escape(value), percent, *sorted(re.escape(text) for text in escaped)])
    if len(value) < SHORTEST_SECRET:
        # So short a text is a secret only where it stands as a whole value.
        return rf"(?<=[=: \"'])(?:{spellings})(?=[&;\"'\s]|$)"
    before = r"(?<!\w)" if re.match(r"\w", value) else ""
    after = r"(?!\w|=)" if re.search(r"\w$", value) else ""
    return f"{before}(?:{spellings}){after}"


def _percent_pattern(char: str) -> str:
    encoded = "".join(f"(?i:%{byte:02X})" for byte in char.encode("utf-8", "surrogateescape"))
    own = [re.escape(char)] if quote(char, safe="") == char or not char.isspace() else []
    return "(?:" + "|".join([*own, *([r"\+"] if char == " " else []), encoded]) + ")"


def marked(variable: str, form: ValueForm) -> str:
    """A place for a variable within a text that is quoted later."""
    return f"\0{variable}:{form.name.lower()}\0"


def shell_text(text: str, variables: Iterable[SecretVariable], redactor: Redactor, *, quoted: bool) -> str:
    """The text as one word of a shell line, with secrets and marked places as variables outside the quotes.

    What the redactor masks besides stands as a variable, too, named after what it is the value of: a line with three
    asterisks would run and ask for something else. With `quoted` also what needs no quotes gets them.
    """
    for secret in variables:
        text = _outside_marks(text, secret)
    marks = _PLACEHOLDER.findall(text)
    # To the redactor a variable is what it looks like in a line: no secret.
    stand_in = _STAND_IN
    while stand_in in text:
        stand_in += "_"
    plain = _PLACEHOLDER.sub(stand_in, text)
    redacted = redactor.redact(plain)
    cut = [stand_in, *([MASK] if redacted != plain else [])]
    pieces = re.split(f"({'|'.join(map(re.escape, cut))})", redacted)
    words: list[str] = []
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            words += _literal_words(piece, quoted=quoted)
        elif piece == MASK:
            named = _NAME_BEFORE.search(pieces[index - 1])
            words.append(_expansion(f"OTHER_{variable_name(named[1])}" if named else "OTHER_SECRET", ValueForm.RAW))
        else:
            variable, form = marks.pop(0)
            words.append(_expansion(variable, ValueForm[form.upper()]))
    return "".join(words)


def _literal_words(text: str, *, quoted: bool) -> list[str]:
    if not text:
        return []
    word = shell_word(text)
    return [f"'{word}'" if quoted and word[0] not in "\"'$" else word]


def _expansion(variable: str, form: ValueForm) -> str:
    return form.value.replace("{}", variable)


def _outside_marks(text: str, secret: SecretVariable) -> str:
    """The text with the occurrences of a secret marked, marks of others left as they are."""
    parts = re.split("(\x00[A-Z0-9_]+:[a-z]+\x00)", text)
    return "".join(
        part
        if index % 2
        else secret.pattern.sub(lambda found: marked(secret.variable, secret.form_of(found[0])), part)
        for index, part in enumerate(parts)
    )


def variable_notes(
    lines: Iterable[str],
    secrets: Iterable[str],
    *,
    tokens: Iterable[str] = (),
    signing: str = "",
    signature: str = "",
) -> tuple[str, ...]:
    """What the variables in printed lines stand for, and how one gets the whole line; none where there are none.

    `tokens` are the names of secrets that the run itself got, by a log-in or by the line `signing`; `signature` says
    how each request is signed.
    """
    found = variables_read(lines)
    given = {variable_name(name): name for name in secrets}
    notes = []
    got = [name for name in found if name in {variable_name(token) for token in tokens} - given.keys()]
    named = [f"{name} ({given[name]})" for name in found if name in given]
    if named:
        notes.append(
            f"lines that repeat a request read secrets from shell variables: export {', '.join(named)} first"
        )
    if got:
        whence = "this line signs one" if signing else "the log-in gives one"
        notes.append(f"{', '.join(got)} in such lines: a token, which may have expired since; {whence}")
        notes += [f"$ export {got[0]}=$({signing})"] if signing else []
    if variable_name(SIGNATURE_NAME) in found and signature:
        notes.append(
            f"{variable_name(SIGNATURE_NAME)} in such lines: each is signed for itself, {signature}; "
            "sign a line anew, or run the command that replays its finding"
        )
    others = [name for name in found if name.startswith("OTHER_") and name not in given]
    if others:
        notes.append(f"{', '.join(others)} in such lines: a wrong value near to the right one; any other will do")
    people = [name for name in found if name.startswith(("NUMBER_", "PERSON_")) and name not in given]
    if people:
        several = f"{', '.join(people[:6])}{', ...' if len(people) > 6 else ''} in lines that repeat a request"
        notes.append(f"{several}: a person's number or name, masked here; --evidence full writes it out")
    return tuple(notes)
