"""An invented API whose answers repeat the request, and have parts with values of their own around the rows."""

from __future__ import annotations

from pathlib import Path

from invented_spec import acmepbx_text

CHANGES = (
    (
        "        zone: {default: {open: zone",
        "        echoes:\n"
        "          - {at: /asked/page, of: page, clause: AC-LST-090}\n"
        "          - {at: /asked/rows, of: rows, clause: AC-LST-090}\n"
        "          - {at: /asked/ext, of: ext, exact: false, clause: AC-LST-091}\n"
        "        zone: {default: {open: zone",
    ),
    (
        "            code: {at: /code, as: integer, clause: AC-LST-061}\n",
        "            code: {at: /code, as: integer, clause: AC-LST-061}\n"
        "            kind: {at: /kind, as: text, values: [call-list], clause: AC-LST-092}\n"
        "            revision: {at: /meta/revision, as: integer, values: [3], when: success, clause: AC-LST-093}\n",
    ),
    (
        "          AC-LST-080: ",
        "          AC-LST-090: {level: must, basis: documented, says: page and rows are repeated, source: Answer}\n"
        "          AC-LST-091: {level: must, basis: documented, says: ext is repeated, source: Answer}\n"
        "          AC-LST-092: {level: must, basis: documented, says: kind is call-list, source: Answer}\n"
        "          AC-LST-093: {level: must, basis: documented, says: a list has revision 3, source: Answer}\n"
        "          AC-LST-080: ",
    ),
    # What is checked by a rule that only a test knows.
    (", checked-by: one-object", ", excluded: {code: informative, why: a test checks it}"),
    (
        "        message: {type: string}\n",
        "        message: {type: string}\n"
        "        kind: {type: string}\n"
        "        meta: {type: object, properties: {revision: {type: integer}}}\n"
        "        asked:\n"
        "          type: object\n"
        "          properties: {page: {type: integer}, rows: {type: integer}, ext: {type: string}}\n",
    ),
)


def repeating_spec_file(folder: Path) -> Path:
    """The spec as a file."""
    path = folder / "repeating.yaml"
    path.write_text(acmepbx_text(*CHANGES), encoding="utf-8")
    return path
