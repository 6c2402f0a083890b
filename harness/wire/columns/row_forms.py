"""How a field stands in a row of each form: JSON, XML, a line of a table."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Final, Protocol, final

from harness.wire.columns.column_source import NotVectorised
from harness.wire.decoded_body import Tree
from harness.wire.json_body import Missing, encode_json
from harness.wire.xml_body import encode_xml_element, escape_xml_text

# What makes a cell one of quotation marks; large pools of texts have none of it.
_MARKS: Final = re.compile('[",\r\n]')


def escape_json(text: str) -> str:
    """The text as it stands between quotation marks in JSON."""
    return encode_basestring(text)[1:-1]


class RowForm(Protocol):
    """How rows of one form are written."""

    @property
    def separated(self) -> bool:
        """Whether a comma stands between the fields of a row that are there."""
        ...

    @property
    def escape(self) -> Callable[[str], str]:
        """How a part of a text is written."""
        ...

    def around(self, name: str, *, text: bool) -> tuple[str, str]:
        """What stands before and after a value. Raises NotVectorised for one that has no place in this form."""
        ...

    def other(self, name: str, tree: Tree) -> str:
        """A whole field with its name."""
        ...

    def object_around(self, name: str) -> tuple[str, str, str]:
        """What stands before and after the fields of an object, and an object without any."""
        ...

    def row_around(self) -> tuple[str, str, str]:
        """What stands before and after the fields of a row, and a row without any."""
        ...


@final
@dataclass(frozen=True, slots=True)
class JsonForm:
    """Objects of JSON, each with what stands after it."""

    end: str = ""
    separated: bool = True

    @property
    def escape(self) -> Callable[[str], str]:
        return escape_json

    def around(self, name: str, *, text: bool) -> tuple[str, str]:
        quote = '"' if text else ""
        return f"{encode_basestring(name)}:{quote}", quote

    def other(self, name: str, tree: Tree) -> str:
        return f"{encode_basestring(name)}:{encode_json(tree).decode()}"

    def object_around(self, name: str) -> tuple[str, str, str]:
        return f"{encode_basestring(name)}:{{", "}", f"{encode_basestring(name)}:{{}}"

    def row_around(self) -> tuple[str, str, str]:
        return "{", "}" + self.end, "{}" + self.end


@final
@dataclass(frozen=True, slots=True)
class XmlForm:
    """Elements of XML below a root with these namespaces."""

    row_element: str
    namespaces: tuple[tuple[str, str], ...] = ()
    separated: bool = False

    @property
    def escape(self) -> Callable[[str], str]:
        return escape_xml_text

    def around(self, name: str, *, text: bool) -> tuple[str, str]:
        if not text:
            raise NotVectorised("a list in XML")
        return f"<{name}>", f"</{name}>"

    def other(self, name: str, tree: Tree) -> str:
        return encode_xml_element(name, tree, self.namespaces)

    def object_around(self, name: str) -> tuple[str, str, str]:
        return f"<{name}>", f"</{name}>", f"<{name} />"

    def row_around(self) -> tuple[str, str, str]:
        return self.object_around(self.row_element)


def csv_cell(text: str) -> str:
    """A text as it stands in a table."""
    if not _MARKS.search(text):
        return text
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([text, ""])
    return line.getvalue()[:-3]


def csv_cell_of(tree: Tree | Missing) -> str:
    """A value as a cell of a table, quoted where it must be; nothing for none."""
    if tree is None or isinstance(tree, Missing):
        return ""
    return csv_cell(tree if isinstance(tree, str) else encode_json(tree).decode())


def quotes_doubled(text: str) -> str:
    """A part of a text within quotation marks."""
    return text.replace('"', '""')
