"""XML bodies: read without entities, network or document types, within limits; the only module that imports lxml."""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Final, final

from lxml import etree

from harness.errors import UsageProblem
from harness.wire.decoded_body import (
    DEFAULT_BODY_LIMITS,
    PROBLEM_LIMIT,
    BodyLimits,
    DecodedBody,
    FormatProblem,
    Tree,
    printable_text,
)

__all__ = ["DecodedBody", "canonical_xml", "decode_xml", "encode_xml", "encode_xml_element", "escape_xml_text"]

_XSI_NAMESPACE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_NAME_PATTERN: Final = re.compile(
    r"[A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff][-.0-9A-Za-z_\u00b7\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff]*"
)
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NEEDS_ESCAPE: Final = re.compile("[^\t\n\x20-%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ENCODING_DECLARATION: Final = re.compile(
    r"<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*[\"'][0-9.]{1,8}[\"']"
    r"[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*[\"']([A-Za-z][A-Za-z0-9._-]{0,40})[\"']"
)
_BARE_DOCUMENT_TYPE: Final = re.compile(rb"<!DOCTYPE[ \t\r\n]+[^\x00-\x20<>\[\]\"'&%]{1,400}[ \t\r\n]*>")
# Never the platform's whole list of codecs: some make markup of harmless bytes.
_ENCODINGS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
}
_UTF16_NAMES: Final = {
    "utf-16": ("utf-16-le", "utf-16-be"),
    "utf-16le": ("utf-16-le",),
    "utf-16be": ("utf-16-be",),
}
_LIMIT_ERRORS: Final = frozenset(
    {
        etree.ErrorTypes.ERR_RESOURCE_LIMIT,
        etree.ErrorTypes.ERR_NAME_TOO_LONG,
        etree.ErrorTypes.ERR_ENTITY_LOOP,
    }
)
_QUOTED: Final = re.compile(rb"\"[^\"<]*+\"|'[^'<]*+'")
# Comments, instructions and CDATA begin otherwise. Possessive: no tag makes the match go back and try again.
_TAG: Final = re.compile(rb"<[^<>!?/\"'](?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+")
_SPACE: Final = " \t\r\n"


# An ampersand that begins no reference, and a less-than sign that begins no tag.
_BARE_MARKUP: Final = re.compile(rb"&(?!#[0-9]+;|#x[0-9A-Fa-f]+;|[A-Za-z_:][\w.:-]*+;)|<(?![A-Za-z_:/!?])")


def _strict_parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=False,
        encoding="utf-8",
    )


@cache
def _longer_attribute(length: int) -> re.Pattern[bytes]:
    """An attribute's value with more characters; it ends at its quotation mark, so that the search is linear."""
    return re.compile(rb"=[ \t\r\n]{0,8}(?:\"[^\"<]{%d}|'[^'<]{%d})" % (length + 1, length + 1))


def decode_xml(
    body: bytes,
    *,
    root: str,
    lists: Mapping[str, str],
    limits: BodyLimits = DEFAULT_BODY_LIMITS,
) -> DecodedBody:
    """The children of the root element as a tree, and the body's problems; total, whatever the bytes are.

    `lists` names the elements that hold rows, by pointer: {"/Calls": "Call"}; the rows of a list
    have the pointer "/Calls/*" when they hold lists themselves. A leaf is its text, an element
    with xsi:nil="true" is None, any other element is an object.
    """
    reader = _XmlReader(root, lists, limits, [])
    if not body.strip(b" \t\r\n"):
        return DecodedBody(None, missing=True)
    element = reader.parse_body(body)
    if element is None:
        return DecodedBody(None, tuple(reader.problems), missing=True)
    try:
        tree = reader.read_root(element)
    except _LimitExceeded:
        return DecodedBody(None, tuple(reader.problems), missing=True)
    return DecodedBody(tree, tuple(reader.problems))


def encode_xml(
    tree: Mapping[str, Tree],
    *,
    root: str,
    lists: Mapping[str, str],
    declaration: bool = True,
    namespaces: Mapping[str, str] | tuple[tuple[str, str], ...] = (),
    pretty: bool = False,
) -> bytes:
    """The tree as UTF-8 below one root element; the inverse of decode_xml with the same `root` and `lists`.

    `namespaces` are prefixes with their names, declared on the root in that order. None becomes
    xsi:nil="true"; a character that XML cannot carry becomes U+FFFD. XML cannot tell an object without
    members from an empty text: both are an empty element.
    """
    declared = tuple(namespaces.items()) if isinstance(namespaces, Mapping) else namespaces
    nil = next((prefix for prefix, name in declared if name == _XSI_NAMESPACE), "")
    nothing = f' {nil}:nil="true" />' if nil else f' xmlns:xsi="{_XSI_NAMESPACE}" xsi:nil="true" />'
    writer = _XmlWriter(lists, nothing, pretty, [], set())
    head = '<?xml version="1.0"?>' + ("\n" if pretty else "") if declaration else ""
    attributes = "".join(
        f' xmlns:{writer.checked_name(prefix)}="{_escape_attribute(name)}"' for prefix, name in declared
    )
    writer.write_element(root, dict(tree), "", 0, attributes)
    return (head + "".join(writer.pieces)).encode()


def encode_xml_element(
    name: str, tree: Tree, namespaces: Mapping[str, str] | tuple[tuple[str, str], ...] = ()
) -> str:
    """One element without lists in it, as it stands below a root with these namespaces."""
    body = encode_xml({name: tree}, root="r", lists={}, declaration=False, namespaces=namespaces).decode()
    return body[body.index(">") + 1 : -len("</r>")]


def canonical_xml(body: bytes) -> bytes:
    """One spelling (exclusive C14N) for all documents that say the same; raises ValueError if there is none.

    White space between elements, comments, the order of attributes and unused prefixes make no difference.
    """
    reader = _XmlReader("", {}, DEFAULT_BODY_LIMITS, [])
    element = reader.parse_body(body)
    if element is None:
        raise ValueError(reader.problems[0].text if reader.problems else "an empty body")
    for node in element.iter():
        if any(isinstance(child.tag, str) for child in node):
            if not (node.text or "").strip(_SPACE):
                node.text = None
            for child in node:
                if not (child.tail or "").strip(_SPACE):
                    child.tail = None
    try:
        return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    except etree.C14NError:
        # A relative namespace name is well-formed, but C14N has no form for it.
        raise ValueError("a document without a canonical form") from None


class _LimitExceeded(Exception):
    """Ends the reading of a tree that is too large; the problem is already recorded."""


@final
@dataclass(slots=True)
class _XmlReader:
    root: str
    lists: Mapping[str, str]
    limits: BodyLimits
    problems: list[FormatProblem]
    _row_names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._row_names = frozenset(self.lists.values())

    def add_problem(self, code: str, text: str, where: str = "") -> None:
        if len(self.problems) < PROBLEM_LIMIT:
            # Names may have letters of any script, and thousands of them.
            where = where[:400].encode("ascii", "backslashreplace").decode("ascii")
            self.problems.append(FormatProblem(code, text, where))

    def parse_body(self, body: bytes) -> etree._Element | None:
        data = self.convert_to_utf8(body)
        if data is None:
            return None
        if _has_definitions(data):
            self.add_problem("xml:dtd", "a document type with definitions; the body is not read any further")
            return None
        if data.count(b"<") - data.count(b"</") > self.limits.nodes:
            self.add_problem("xml:limit", f"more than {self.limits.nodes} elements")
            return None
        most = _largest_attribute_count(data, self.limits.attributes)
        if most > self.limits.attributes:
            # Found before the parser sees them: it would take memory for each.
            self.add_problem("xml:limit", f"an element with {most} attributes; at most {self.limits.attributes}")
            return None
        if _longer_attribute(self.limits.text_characters).search(data):
            longest = self.limits.text_characters
            self.add_problem("xml:limit", f"an attribute with more than {longest} characters")
            return None
        return self._parse_document(data)

    def _parse_document(self, data: bytes) -> etree._Element | None:
        """The root element; of a document with bare markup characters in its texts as they were meant."""
        try:
            return etree.fromstring(data, _strict_parser())
        except etree.XMLSyntaxError as error:
            line, column = error.position
            text = (error.msg or "not well-formed").encode("ascii", "backslashreplace").decode("ascii")
            code = "xml:limit" if error.code in _LIMIT_ERRORS else "xml:syntax"  # type: ignore[attr-defined]
            element = None
            escaped = _BARE_MARKUP.sub(lambda found: b"&amp;" if found[0] == b"&" else b"&lt;", data)
            if code == "xml:syntax" and escaped != data:
                # Servers that put texts together themselves forget to escape them: their meaning is plain.
                with contextlib.suppress(etree.XMLSyntaxError):
                    element = etree.fromstring(escaped, _strict_parser())
                    code = "xml:bare-markup"
            self.add_problem(
                code, text.partition(", line ")[0].strip()[:200].replace("\n", " "), f"line {line}, column {column}"
            )
            return element

    def convert_to_utf8(self, body: bytes) -> bytes | None:
        """The body in UTF-8 without a mark; the declared encoding counts only where it can be right."""
        if body.startswith((codecs.BOM_UTF16_LE, b"<\0")):
            return self._from_utf16(body, "utf-16-le")
        if body.startswith((codecs.BOM_UTF16_BE, b"\0<")):
            return self._from_utf16(body, "utf-16-be")
        marked = body.startswith(codecs.BOM_UTF8)
        body = body.removeprefix(codecs.BOM_UTF8)
        declared = _declared_encoding(body[:256].decode("latin-1"))
        encoding = "utf-8" if declared is None else _ENCODINGS.get(declared.lower(), "")
        if not encoding or (marked and encoding != "utf-8"):
            self.add_problem(
                "encoding:declaration", f"declared {printable_text(declared)}, but the bytes are read as UTF-8"
            )
            encoding = "utf-8"
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError as error:
            bad = body[error.start : error.end].hex(" ")
            code = "encoding:invalid-utf8" if encoding == "utf-8" else "encoding:declaration"
            self.add_problem(code, f"the bytes {bad} are not {declared or 'UTF-8'}", f"byte {error.start}")
            text = body.decode(encoding, "replace")
        else:
            if encoding == "utf-8":
                # What is well written needs no copy: it may be many megabytes.
                return body
        return text.encode()

    def _from_utf16(self, body: bytes, encoding: str) -> bytes | None:
        try:
            text = body.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            self.add_problem("encoding:invalid-utf16", "the bytes are not UTF-16", f"byte {error.start}")
            return None
        declared = _declared_encoding(text[:256])
        if declared is not None and encoding not in _UTF16_NAMES.get(declared.lower(), ()):
            self.add_problem("encoding:declaration", f"declared {printable_text(declared)}, but the bytes are UTF-16")
        return text.encode()

    def read_root(self, element: etree._Element) -> Tree:
        name = self.local_name(element, "")
        if name != self.root:
            self.add_problem(
                "xml:root", f"the root element is {printable_text(name)}, not {printable_text(self.root)}"
            )
        return self.read_object(element, "", "", 1)

    def read_element(self, element: etree._Element, pointer: str, where: str, depth: int) -> Tree:
        """One element's value; `pointer` has `*` for rows, `where` has their indexes."""
        attributes = element.attrib
        if attributes and self._is_nil(attributes, where):
            return None
        row = self.lists.get(pointer) or self._row_of_other_list(element)
        if row is not None:
            return self.read_list(element, row, pointer, where, depth)
        if len(element) == 0:
            return self._check_length(element.text or "", where)
        if all(not isinstance(child.tag, str) for child in element):
            return self._check_length(_text_without_comments(element), where)
        return self.read_object(element, pointer, where, depth)

    def read_object(self, element: etree._Element, pointer: str, where: str, depth: int) -> dict[str, Tree]:
        self._check_depth(depth, where)
        self._check_text(element, where)
        result: dict[str, Tree] = {}
        lists = self.lists
        longest = self.limits.text_characters
        for child in element:
            name = child.tag
            if not isinstance(name, str):
                continue
            if name[0] == "{":
                name = self.local_name(child, f"{where}/{name.rpartition('}')[2]}")
            below = f"{pointer}/{name}"
            text = child.text
            value: Tree
            if len(child) == 0 and not child.attrib and below not in lists and len(text or "") <= longest:
                value = text or ""
            else:
                value = self.read_element(child, below, f"{where}/{name}", depth + 1)
            if name in self._row_names:
                # Rows without their container: they are all read.
                listed = result.setdefault(name, [])
                if isinstance(listed, list):
                    listed.append(value)
                    continue
            if name in result:
                both = f"first {printable_text(result[name])}, then {printable_text(value)}"
                self.add_problem(
                    "xml:repeated-element", f"{printable_text(name)} stands twice: {both}", f"{where}/{name}"
                )
            result[name] = value
        return result

    def read_list(self, element: etree._Element, row: str, pointer: str, where: str, depth: int) -> list[Tree]:
        self._check_depth(depth, where)
        self._check_text(element, where)
        result: list[Tree] = []
        below = f"{pointer}/*"
        other = self._other_row_name(element, row)
        if other is not None:
            text = f"{printable_text(other)} elements in place of {printable_text(row)} elements"
            self.add_problem("xml:unexpected-element", text, f"{where}/0")
        for child in element:
            if not isinstance(child.tag, str):
                continue
            here = f"{where}/{len(result)}"
            name = self.local_name(child, here)
            if name != (other or row):
                text = f"{printable_text(name)} among the {printable_text(row)} elements; skipped"
                self.add_problem("xml:unexpected-element", text, here)
                continue
            attributes = child.attrib
            if attributes and self._is_nil(attributes, here):
                result.append(None)
            elif len(child) == 0 and (child.text or "").strip(_SPACE):
                result.append(self._check_length(child.text or "", here))
            else:
                result.append(self.read_object(child, below, here, depth + 1))
        return result

    def _row_of_other_list(self, element: etree._Element) -> str | None:
        """The name of the rows in a container that stands elsewhere than promised: all that it holds are rows."""
        names = {child.tag for child in element if isinstance(child.tag, str)}
        return next(iter(names)) if len(names) == 1 and names <= self._row_names else None

    def _other_row_name(self, element: etree._Element, row: str) -> str | None:
        """The one name of all elements of a list that are objects, where not one has the promised name."""
        names = {child.tag for child in element if isinstance(child.tag, str)}
        if len(names) != 1 or row in names or not all(len(child) for child in element if isinstance(child.tag, str)):
            return None
        return etree.QName(names.pop()).localname

    def local_name(self, element: etree._Element, where: str) -> str:
        tag = str(element.tag)
        if tag[0] != "{":
            return tag
        space, _, name = tag[1:].rpartition("}")
        self.add_problem(
            "xml:namespace", f"{printable_text(name)} is in the namespace {printable_text(space)}, not in none", where
        )
        return name

    def _is_nil(self, attributes: etree._Attrib, where: str) -> bool:
        if len(attributes) > self.limits.attributes:
            self.add_problem("xml:limit", f"{len(attributes)} attributes; at most {self.limits.attributes}", where)
            raise _LimitExceeded
        return attributes.get(f"{{{_XSI_NAMESPACE}}}nil", "").strip(_SPACE) in ("true", "1")

    def _check_depth(self, depth: int, where: str) -> None:
        if depth > self.limits.depth:
            self.add_problem("xml:limit", f"more than {self.limits.depth} levels of nesting", where)
            raise _LimitExceeded

    def _check_text(self, element: etree._Element, where: str) -> None:
        if element.attrib and len(element.attrib) > self.limits.attributes:
            self._is_nil(element.attrib, where)
        text = element.text
        if text is not None and text.strip(_SPACE):
            self._note_mixed_text(text, where)
        for child in element:
            text = child.tail
            if text is not None and text.strip(_SPACE):
                self._note_mixed_text(text, where)

    def _note_mixed_text(self, text: str, where: str) -> None:
        self._check_length(text, where)
        self.add_problem(
            "xml:mixed-text", f"text between elements: {printable_text(text.strip(_SPACE))}; skipped", where
        )

    def _check_length(self, text: str, where: str) -> str:
        if len(text) > self.limits.text_characters:
            longest = self.limits.text_characters
            self.add_problem("xml:limit", f"a text of {len(text)} characters; at most {longest}", where)
            raise _LimitExceeded
        return text


@final
@dataclass(slots=True)
class _XmlWriter:
    lists: Mapping[str, str]
    nil_attribute: str
    pretty: bool
    pieces: list[str]
    names: set[str]

    def checked_name(self, name: str) -> str:
        if name not in self.names:
            if not _NAME_PATTERN.fullmatch(name):
                raise UsageProblem("an XML body", "names that XML allows, without a prefix", printable_text(name))
            self.names.add(name)
        return name

    def write_element(self, name: str, value: Tree, pointer: str, level: int, attributes: str = "") -> None:
        self.checked_name(name)
        pieces = self.pieces
        if value is None:
            pieces.append(f"<{name}{attributes}{self.nil_attribute}")
        elif isinstance(value, list):
            self._write_list(name, value, pointer, level)
        elif pointer in self.lists:
            raise UsageProblem(f"the XML element {pointer}", "a list of rows", printable_text(value))
        elif isinstance(value, dict) and value:
            pieces.append(f"<{name}{attributes}>")
            inner, outer = self._line_breaks(level)
            lists = self.lists
            for key, child in value.items():
                below = f"{pointer}/{key}"
                pieces.append(inner)
                # Most children are short texts: they are written here, without a call each.
                if type(child) is str and child and below not in lists:
                    self.checked_name(key)
                    text = escape_xml_text(child) if _NEEDS_ESCAPE.search(child) else child
                    pieces.append(f"<{key}>{text}</{key}>")
                else:
                    self.write_element(key, child, below, level + 1)
            pieces.append(f"{outer}</{name}>")
        elif value == "" or isinstance(value, dict):
            pieces.append(f"<{name}{attributes} />")
        else:
            pieces.append(f"<{name}{attributes}>{escape_xml_text(_leaf_text(value))}</{name}>")

    def _write_list(self, name: str, rows: list[Tree], pointer: str, level: int) -> None:
        row = self.lists.get(pointer)
        if row is None:
            raise UsageProblem(
                f"the XML element {pointer}", "a text or an object; it is no list", printable_text(rows)
            )
        if not rows:
            self.pieces.append(f"<{name} />")
            return
        inner, outer = self._line_breaks(level)
        below = f"{pointer}/*"
        self.pieces.append(f"<{name}>")
        for value in rows:
            self.pieces.append(inner)
            self.write_element(row, value, below, level + 1)
        self.pieces.append(f"{outer}</{name}>")

    def _line_breaks(self, level: int) -> tuple[str, str]:
        return ("\n" + "  " * (level + 1), "\n" + "  " * level) if self.pretty else ("", "")


def _largest_attribute_count(data: bytes, few: int) -> int:
    """How many attributes the first element has that has more than a few; 0 where none does."""
    if data.count(b"=") <= few:
        return 0
    for tag in _TAG.finditer(data):
        if tag.end() - tag.start() > 4 * few:
            many = sum(1 for _ in _QUOTED.finditer(data, tag.start(), tag.end()))
            if many > few:
                return many
    return 0


def _has_definitions(data: bytes) -> bool:
    """Whether a document type stands before the root, and more in it than the root's name.

    A name alone defines nothing, and some serializers write it (`<!DOCTYPE Response>`).
    """
    position = 0
    while True:
        while data[position : position + 1] in (b" ", b"\t", b"\r", b"\n"):
            position += 1
        if data.startswith(b"<!--", position):
            end = data.find(b"-->", position + 4)
            length = 3
        elif data.startswith(b"<?", position):
            end = data.find(b"?>", position + 2)
            length = 2
        else:
            is_document_type = data[position : position + 9].upper() == b"<!DOCTYPE"
            return is_document_type and not _BARE_DOCUMENT_TYPE.match(data, position)
        if end < 0:
            return False
        position = end + length


def _declared_encoding(head: str) -> str | None:
    match = _ENCODING_DECLARATION.match(head)
    return match.group(1) if match else None


def _text_without_comments(element: etree._Element) -> str:
    """The text of a leaf that holds comments or instructions, without theirs."""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def _leaf_text(value: Tree) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, Decimal)):
        return str(value)
    if isinstance(value, str):
        return value
    raise UsageProblem("an XML body", "texts, numbers, flags, objects, lists and None", printable_text(value))


def escape_xml_text(text: str) -> str:
    """The text as it stands in an element; a character that XML cannot carry becomes U+FFFD."""
    text = _NOT_XML.sub("\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _escape_attribute(text: str) -> str:
    text = escape_xml_text(text).replace('"', "&quot;")
    return text.replace("\t", "&#9;").replace("\n", "&#10;")
