"""Asterisk's `Master.csv`, as cdr_csv writes it with `usegmtime`, `loguniqueid` and `loguserfield`: 18 columns.

accountcode, src, dst, dcontext, clid, channel, dstchannel, lastapp, lastdata, start, answer, end, duration, billsec,
disposition, amaflags, uniqueid, userfield. There is no line of names. Texts and instants stand in quotes, numbers do
not; an instant that there is not is nothing at all. Instants are in UTC, to the second.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from harness.generate.formats.call_rows import ended_calls
from harness.generate.formats.row_format import RowFormat, SerialRows
from harness.generate.row_slices import RowSlices
from harness.specification.model import Listing
from harness.telephony.enums import Direction, Disposition
from harness.telephony.records import Record

_CONTEXTS: Final = {Direction.INBOUND: "from-trunk", Direction.TRANSIT: "from-trunk"}
_DISPOSITIONS: Final = {
    Disposition.ANSWERED: "ANSWERED",
    Disposition.NO_ANSWER: "NO ANSWER",
    # Asterisk has no word of its own for who hung up before an answer.
    Disposition.CANCELLED: "NO ANSWER",
    Disposition.BUSY: "BUSY",
    Disposition.FAILED: "FAILED",
}


_ATTRIBUTES: Final = (
    *("account_code", "source", "destination", "dialed", "caller_name", "source_channel", "destination_channel"),
    *("started_at", "answered_at", "ended_at", "direction", "disposition", "hangup_cause", "call_ref", "custom_data"),
)


def _file_extension(listing: Listing) -> str:
    return "csv"


def _encode(slices: RowSlices, first: int, last: int) -> bytes:
    return b"".join(map(_line, ended_calls(slices, first, last, _ATTRIBUTES)))


def _line(call: Record) -> bytes:
    start, answer, end = (_whole_second(call.instant(name)) for name in ("started_at", "answered_at", "ended_at"))
    if start is None or end is None:
        raise ValueError("a call that has not ended has no record")
    direction = Direction(str(call["direction"]))
    target = str(call["destination_channel"] or "").rpartition("-")[0]
    cells = [
        _text(call["account_code"]),
        _text(call["source"]),
        _text(call["dialed"] or call["destination"]),
        _text(_CONTEXTS.get(direction, "from-internal")),
        _text(f'"{call["caller_name"]}" <{call["source"]}>' if call["caller_name"] else call["source"]),
        _text(call["source_channel"]),
        _text(call["destination_channel"]),
        _text("Dial" if target else "Hangup"),
        _text(f"{target},60,tT" if target else call["hangup_cause"]),
        _instant(start),
        _instant(answer),
        _instant(end),
        str(int((end - start).total_seconds())),
        str(int((end - answer).total_seconds()) if answer is not None else 0),
        _text(_DISPOSITIONS[Disposition(str(call["disposition"]))]),
        _text("DOCUMENTATION"),
        _text(call["call_ref"]),
        _text(call["custom_data"]),
    ]
    return (",".join(cells) + "\n").encode()


def _whole_second(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.replace(microsecond=0)


def _text(value: object) -> str:
    return '"' + ("" if value is None else str(value)).replace('"', '""') + '"'


def _instant(value: datetime | None) -> str:
    return "" if value is None else _text(value.strftime("%Y-%m-%d %H:%M:%S"))


ASTERISK_CSV: Final = RowFormat(
    name="asterisk-csv",
    says="the ended calls of the world as Asterisk's Master.csv, 18 columns",
    file_extension=_file_extension,
    rows=SerialRows(encode=_encode),
    stem="Master",
    of_calls=True,
)
