"""People in evidence: which fields show them, and their names, numbers and words taken out of any text.

Three nets, each in one pass over the text: by the name of a field (also in a body that nobody can read), by the value
that a row showed (wherever it stands again), and by the form of a number, a URL or an address.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, final
from urllib.parse import unquote_plus

from harness.output.pseudonyms import Pseudonyms
from harness.specification.model import Field, Listing
from harness.telephony.attributes import ATTRIBUTES, AttributeKind
from harness.wire.decoded_body import Tree

PersonalKind = Literal["number", "name", "words", "url"]

# Texts of a call that say nothing about people: identities of calls, reasons, units, names of machines.
_IMPERSONAL_TEXTS: Final = frozenset(
    [
        "call_code",
        "call_ref",
        "leg_id",
        "parent_call_code",
        "parent_call_ref",
        "sip_call_id",
        "account_code",
        "subaccount_code",
        "hangup_text",
        "end_reason",
        "state_text",
        "price_unit",
        "unit",
        "trunk_name",
        "application_name",
        "rule_name",
        "media_address",
    ]
)
_WORDS: Final = frozenset(("note", "tags", "custom_data", "external_id", "external_session_id", "description"))
_URLS: Final = frozenset(("recording_urls", "recording_url", "recording_path", "transcription_url", "log_url", "url"))
_NAMES: Final = frozenset(("caller_name", "caller_name_internal", "caller_name_external", "name"))
_KNOWN_VALUES: Final = 20_000
_LONGEST_VALUE: Final = 64
"""Words of a value by which it is known again; a longer one is known by its beginning."""
# A name may stand beside a number without a blank between them.
_WORD: Final = re.compile(r"[^\W\d_]+|\d+|[\s+]+|.", re.DOTALL)
_NUMBER_ALONE: Final = re.compile(r"[\d\s+()/.\-]*")
_ESCAPED: Final = re.compile(r"\\{1,2}(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2}))|&#(?:[0-9]{1,7}|[xX][0-9A-Fa-f]{1,6});")
_PERCENT_CODED: Final = re.compile(r"(?:[\w.+~*\-]|%[0-9A-Fa-f]{2})+")


def personal_kinds(listing: Listing) -> Mapping[str, PersonalKind]:
    """The fields that show people, also those inside of others, and the parameters that are compared with them."""
    kinds = dict(_kinds_of_fields(listing.fields))
    for name, filter_ in listing.filters.items():
        found = [kinds[leaf] for path in filter_.compares if (leaf := str(path).rpartition(".")[2]) in kinds]
        if found:
            kinds.setdefault(name, found[0])
    return kinds


def _kinds_of_fields(fields: Mapping[str, Field]) -> Iterator[tuple[str, PersonalKind]]:
    texts = {
        name
        for found in ATTRIBUTES.values()
        for name, one in found.items()
        if one.kind in (AttributeKind.TEXT, AttributeKind.TEXT_LIST)
    }
    for name, field in fields.items():
        shown = str(field.shows)
        if shown in texts - _IMPERSONAL_TEXTS:
            yield name, _kind_of(shown)
        yield from _kinds_of_fields(field.fields)


def _kind_of(attribute: str) -> PersonalKind:
    if attribute in _URLS:
        return "url"
    if attribute in _NAMES:
        return "name"
    return "words" if attribute in _WORDS else "number"


@final
class PeopleMask:
    """Takes people out of texts; it learns their names and words from the rows that come by."""

    def __init__(self, pseudonyms: Pseudonyms, kinds: Mapping[str, PersonalKind]) -> None:
        self._pseudonyms = pseudonyms
        self.kinds: Final = kinds
        self._known: dict[str, Any] = {}
        self._known_values = 0
        names = "|".join(re.escape(name) for name in sorted(kinds, key=len, reverse=True)) or "(?!)"
        self._by_name = re.compile(
            rf'"(?P<key>{names})"\s{{0,8}}:\s{{0,8}}(?P<json>"(?:[^"\\]|\\.)*"?|\[[^\]]*\]?|[^,}}\]\s]+)'
            rf"|<(?:\w{{1,20}}:)?(?P<tag>{names})(?:\s[^<>]{{0,200}})?>(?P<xml>(?:<!\[CDATA\[)?[^<]*)"
            rf'|\b(?P<attribute>{names})="(?P<quoted>[^"]*)"?'
            rf"|(?<=[?&;])(?P<parameter>{names})=(?P<value>[^&;\s\"'#]*)",
            re.DOTALL,
        )

    def learn_row(self, raw: Mapping[str, Tree], extras: Mapping[str, Tree]) -> None:
        """Keeps the values of a row that show people: those of its personal fields, and undocumented ones."""
        for name, value in raw.items():
            if name in extras:
                self._learn(value, "words")
            elif name in self.kinds:
                self._learn(value, self.kinds[name])
            elif isinstance(value, list | dict):
                self._learn_inner(value)

    def _learn_inner(self, value: Tree) -> None:
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                self.learn_row(inner, {})

    def _learn(self, value: Tree, kind: PersonalKind) -> None:
        for text in _texts_in(value):
            # Short ones are words of everyday, and numbers are known by their form.
            if len(text) < 3 or _NUMBER_ALONE.fullmatch(text) or self._known_values >= _KNOWN_VALUES:
                continue
            node = self._known
            for word in _WORD.findall(text.casefold())[:_LONGEST_VALUE]:
                node = node.setdefault(_plain_blank(word), {})
            if "" not in node:
                node[""] = self.alias(text, kind)
                self._known_values += 1

    def alias(self, text: str, kind: PersonalKind) -> str:
        """What stands in the place of a value that shows people."""
        if not text:
            return text
        match kind:
            case "name":
                return self._pseudonyms.alias_name(text)
            case "words":
                return self._pseudonyms.alias_words(text)
            case "url":
                return self._pseudonyms.alias_url(text)
            case _:
                masked = self._pseudonyms.alias_text(text)
                # An extension is no secret; what has letters is a name or an address.
                return masked if not any(char.isalpha() for char in masked) or masked != text else "[name]"

    def mask(self, text: str) -> str:
        """The text without people, its form kept."""
        text = self._by_name.sub(self._mask_named, text)
        text = _ESCAPED.sub(_unescape, text)
        text = _PERCENT_CODED.sub(self._mask_percent_coded, text)
        return self._pseudonyms.alias_text(self._mask_known(text))

    def _mask_named(self, found: re.Match[str]) -> str:
        group = found.lastgroup or ""
        value = found[group]
        key = next(found[name] for name in ("key", "tag", "attribute", "parameter") if found[name] is not None)
        before, after = found[0][: found.start(group) - found.start()], found[0][found.end(group) - found.start() :]
        kind = self.kinds[key]
        if group == "json":
            return before + _mask_json(value, lambda text: self.alias(text, kind)) + after
        plain = unquote_plus(value) if group == "value" else html.unescape(value)
        return before + self.alias(plain, kind) + after

    def _mask_percent_coded(self, found: re.Match[str]) -> str:
        if "%" not in found[0]:
            return found[0]
        plain = unquote_plus(found[0])
        masked = self._pseudonyms.alias_text(self._mask_known(plain))
        return found[0] if masked == plain else masked.replace(" ", "+")

    def _mask_known(self, text: str) -> str:
        """The text with the values that rows showed replaced by their aliases, the longest that fits first."""
        if not self._known:
            return text
        words = [word[0] for word in _WORD.finditer(text)]
        folded = [_plain_blank(word.casefold()) for word in words]
        pieces: list[str] = []
        at = 0
        while at < len(words):
            end, alias = self._longest_known(folded, at)
            if alias is None:
                pieces.append(words[at])
                at += 1
            else:
                pieces.append(alias)
                at = end
        return "".join(pieces)

    def _longest_known(self, words: list[str], at: int) -> tuple[int, str | None]:
        node, end, alias = self._known, at, None
        while at < len(words) and words[at] in node:
            node = node[words[at]]
            at += 1
            if "" in node:
                end, alias = at, node[""]
        return end, alias


def _texts_in(value: Tree) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from _texts_in(inner)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts_in(inner)


def _plain_blank(word: str) -> str:
    return " " if word.isspace() or word[0] == "+" else word


def _mask_json(value: str, alias: Callable[[str], str]) -> str:
    """A JSON value, whole or cut off, with its text replaced; an array text by text."""
    if value.startswith("["):
        return re.sub(r'"(?:[^"\\]|\\.)*"?', lambda found: _mask_json(found[0], alias), value, flags=re.DOTALL)
    if not value.startswith('"'):
        return alias(value) if value not in ("null", "true", "false") else value
    try:
        plain = json.loads(value, strict=False)
    except ValueError:
        plain = value.strip('"')
    return f'"{alias(plain)}"'


def _unescape(found: re.Match[str]) -> str:
    """The character of an escape, where it may be a part of a name or a number."""
    code = found[1] or found[2]
    char = chr(int(code, 16)) if code else html.unescape(found[0])
    shown = len(char) == 1 and (char.isprintable() or unicodedata.category(char) == "Zs")
    return char if shown and char not in "\"\\<>&'" else found[0]
