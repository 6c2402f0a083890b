"""FreeSWITCH's JSON CDR, as mod_json_cdr writes it with `encode-values=false`: one document a line, of the A-leg.

Instants are texts of digits: `*_epoch` in seconds, `*_uepoch` and the `times` of the call flow in microseconds, 0
where there is none; `*_stamp` is local time of a switch that runs in UTC, and is left out where there is none.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from harness.generate.formats.call_rows import ended_calls
from harness.generate.formats.row_format import RowFormat, SerialRows
from harness.generate.row_slices import RowSlices
from harness.specification.model import Listing
from harness.telephony.enums import Direction
from harness.telephony.hangup_causes import HangupCause
from harness.telephony.records import Record

Json: TypeAlias = "str | list[Json] | Mapping[str, Json]"

_SWITCH: Final = "pbx.example.com"
_CORE: Final = str(uuid.uuid5(uuid.NAMESPACE_DNS, _SWITCH))
# The names of Q.850's causes in FreeSWITCH.
_CAUSES: Final = {
    **{cause.value: cause.name for cause in HangupCause},
    HangupCause.NO_ROUTE_TO_DESTINATION.value: "NO_ROUTE_DESTINATION",
    HangupCause.NO_CIRCUIT_AVAILABLE.value: "NORMAL_CIRCUIT_CONGESTION",
    HangupCause.TEMPORARY_FAILURE.value: "NORMAL_TEMPORARY_FAILURE",
}


_ATTRIBUTES: Final = (
    *("call_id", "session_id", "source", "destination", "dialed", "caller_name", "account_code", "direction"),
    *("started_at", "ringing_at", "answered_at", "ended_at", "held_at", "resumed_at", "hangup_cause"),
    *("recording_url", "media_address", "diversion_number"),
)


def _file_extension(listing: Listing) -> str:
    return "ndjson"


def _encode(slices: RowSlices, first: int, last: int) -> bytes:
    calls = ended_calls(slices, first, last, _ATTRIBUTES)
    lines = (json.dumps(_document(call), ensure_ascii=False, separators=(",", ":")) for call in calls)
    return "".join(f"{line}\n" for line in lines).encode()


def _document(call: Record) -> Mapping[str, Json]:
    return {
        "core-uuid": _CORE,
        "switchname": _SWITCH,
        "channel_data": {
            "state": "CS_REPORTING",
            # As the switch sees its A-leg: whoever calls comes in.
            "direction": "inbound",
            "state_number": "11",
            "flags": "0=1;1=1;3=1;38=1;40=1",
            "caps": "1=1;2=1;3=1;4=1;5=1;6=1",
        },
        "variables": {**_plain_variables(call), **_time_variables(call), **_duration_variables(call)},
        "app_log": {"applications": [{"app_name": "bridge", "app_data": _bridge_target(call)}]},
        "callflow": [
            {
                "dialplan": "XML",
                "profile_index": "1",
                "caller_profile": _caller_profile(call),
                "times": _flow_times(call),
            }
        ],
    }


def _plain_variables(call: Record) -> Mapping[str, str]:
    cause = call["hangup_cause"]
    told = {
        "direction": "inbound",
        "uuid": _uuid_of(call),
        "session_id": call["session_id"],
        "channel_name": f"sofia/internal/{call['source']}@{_SWITCH}",
        "sip_from_user": call["source"],
        "sip_to_user": call["dialed"] or call["destination"],
        "caller_id_name": call["caller_name"],
        "caller_id_number": call["source"],
        "destination_number": call["dialed"] or call["destination"],
        "accountcode": call["account_code"],
        "domain_name": _SWITCH,
        "record_path": call["recording_url"],
        "hangup_cause": _CAUSES.get(cause, "NORMAL_UNSPECIFIED") if isinstance(cause, int) else "NONE",
        "hangup_cause_q850": cause or 0,
        "digits_dialed": "none",
    }
    # The switch leaves out a variable that has no value.
    return {name: str(value) for name, value in told.items() if value not in (None, "")}


def _time_variables(call: Record) -> Mapping[str, str]:
    hold = call.instant("held_at")
    stamps = {
        "start": call.instant("started_at"),
        "profile_start": call.instant("started_at"),
        "answer": call.instant("answered_at"),
        "bridge": call.instant("answered_at"),
        "progress": call.instant("ringing_at"),
        "progress_media": None,
        "end": call.instant("ended_at"),
        "last_hold": hold,
        "resurrect": None,
    }
    found: dict[str, str] = {}
    for name, at in stamps.items():
        if at is not None:
            found[f"{name}_stamp"] = at.strftime("%Y-%m-%d %H:%M:%S")
    for name, at in stamps.items():
        micros = _micros(at)
        found[f"{name}_epoch"] = str(micros // 1_000_000)
        found[f"{name}_uepoch"] = str(micros)
    return found


def _duration_variables(call: Record) -> Mapping[str, str]:
    """Spans as the switch counts them, 0 where one has no end: between whole epochs, in milli- and microseconds."""
    start, rang, answer, end = (
        _micros(call.instant(name)) for name in ("started_at", "ringing_at", "answered_at", "ended_at")
    )
    found: dict[str, str] = {}
    for names, first, last in (
        (("duration", "mduration", "uduration"), start, end),
        (("billsec", "billmsec", "billusec"), answer, end),
        (("progresssec", "progressmsec", "progressusec"), start, rang),
        (("answersec", "answermsec", "answerusec"), start, answer),
        (("waitsec", "waitmsec", "waitusec"), start, answer),
        (("flow_billsec", "flow_billmsec", "flow_billusec"), start, end),
    ):
        there = bool(first and last)
        spans = (last // 1_000_000 - first // 1_000_000, (last - first) // 1000, last - first)
        found |= {name: str(span if there else 0) for name, span in zip(names, spans, strict=True)}
    return found


def _caller_profile(call: Record) -> Mapping[str, Json]:
    dialed = str(call["dialed"] or call["destination"] or "")
    source = str(call["source"] or "")
    return {
        "username": source,
        "dialplan": "XML",
        "caller_id_name": str(call["caller_name"] or ""),
        "ani": source,
        "aniii": "",
        "caller_id_number": source,
        "network_addr": str(call["media_address"] or ""),
        "rdnis": str(call["diversion_number"] or ""),
        "destination_number": dialed,
        "uuid": _uuid_of(call),
        "source": "mod_sofia",
        "context": "public" if call["direction"] == Direction.INBOUND else "default",
        "chan_name": f"sofia/internal/{source}@{_SWITCH}",
    }


def _flow_times(call: Record) -> Mapping[str, str]:
    hold, resumed = call.instant("held_at"), call.instant("resumed_at") or call.instant("ended_at")
    times = {
        "created_time": _micros(call.instant("started_at")),
        "profile_created_time": _micros(call.instant("started_at")),
        "progress_time": _micros(call.instant("ringing_at")),
        "progress_media_time": 0,
        "answered_time": _micros(call.instant("answered_at")),
        "bridged_time": _micros(call.instant("answered_at")),
        "last_hold_time": _micros(hold),
        "hold_accum_time": _micros(resumed) - _micros(hold) if hold is not None else 0,
        "hangup_time": _micros(call.instant("ended_at")),
        "resurrect_time": 0,
        "transfer_time": 0,
    }
    return {name: str(value) for name, value in times.items()}


def _bridge_target(call: Record) -> str:
    return f"sofia/internal/{call['destination']}@{_SWITCH}"


def _uuid_of(call: Record) -> str:
    """The identity of the call as a UUID: the same call has the same one everywhere."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://{_SWITCH}/calls/{call['call_id']}"))


def _micros(at: datetime | None) -> int:
    return 0 if at is None else (at - datetime.fromtimestamp(0, at.tzinfo)) // timedelta(microseconds=1)


FREESWITCH_JSON: Final = RowFormat(
    name="freeswitch-json",
    says="the ended calls of the world as FreeSWITCH's mod_json_cdr, a document a line",
    file_extension=_file_extension,
    rows=SerialRows(encode=_encode),
    stem="cdr",
    of_calls=True,
)
