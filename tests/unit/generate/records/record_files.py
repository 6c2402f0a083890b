"""Files of records for tests: nobody in them is real either."""

from __future__ import annotations

import csv
import io
from pathlib import Path

MASTER_COLUMNS = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata", "start",
    "answer", "end", "duration", "billsec", "disposition", "amaflags", "uniqueid", "userfield",
)  # fmt: skip


def master_row(**told: str) -> list[str]:
    """A row of `Master.csv`: an answered call from outside, with what is told of it."""
    values = {
        "src": "+61255501234",
        "dst": "101",
        "dcontext": "from-trunk",
        "clid": '"Jane Realperson" <+61255501234>',
        "channel": "PJSIP/carrier-0000001a",
        "dstchannel": "PJSIP/101-0000001b",
        "lastapp": "Dial",
        "lastdata": "PJSIP/101,30",
        "start": "2026-03-02 14:30:00",
        "answer": "2026-03-02 14:30:07",
        "end": "2026-03-02 14:32:00",
        "duration": "120",
        "billsec": "113",
        "disposition": "ANSWERED",
        "amaflags": "DOCUMENTATION",
        "uniqueid": "1772461800.41",
    }
    return [{**values, **told}.get(name, "") for name in MASTER_COLUMNS]


def write_master(file: Path, *rows: list[str]) -> Path:
    """The rows as Asterisk writes them."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    file.write_text(text.getvalue(), encoding="utf-8")
    return file
