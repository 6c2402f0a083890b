"""Run by the interpreter of the client's own environment: lists records in every way that the client has.

In: `{"apis": {API: {"url", "credentials"}}}`. Out: a list of `[step, null or what went wrong]`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any

import telnyx

KIND = {"record_type": "call-control"}


def ids(rows: Any) -> list[str]:
    """The identities of records."""
    return [row.uuid for row in rows]


def read_all(records: Any, **options: Any) -> list[Any]:
    """All records, page by page, until one is not full."""
    rows: list[Any] = []
    for number in range(1, 100):
        page = records.list(filter=KIND, page_number=number, page_size=50, **options)
        rows += page.data
        if len(page.data) < 50:
            return rows
    return rows


def instant(text: str) -> datetime:
    """A time of a record; some have fractions of a second."""
    return datetime.fromisoformat(text)


def complaint_of(expected: Any, actual: Any) -> str | None:
    """None where they are the same and hold something."""
    return None if actual == expected and actual else f"expected {str(expected)[:80]}, actual {str(actual)[:80]}"


def raises(kind: type[Exception], run: Callable[[], Any]) -> str | None:
    """None where the call raises an error of that kind."""
    try:
        run()
    except kind:
        return None
    return f"no {kind.__name__}"


def steps(url: str, token: str) -> dict[str, Callable[[], str | None]]:
    """What is tried, by name."""
    client = telnyx.Telnyx(api_key=token, base_url=url, max_retries=0)
    records = client.detail_records
    rows = read_all(records)
    one = rows[len(rows) // 2]

    def keeps(wanted: dict[str, Any], keep: Callable[[Any], bool]) -> str | None:
        got = records.list(filter={**KIND, **wanted}, page_size=50).data
        return complaint_of(ids(filter(keep, rows))[:50], ids(got))

    def sorts(word: str, key: Callable[[Any], Any], *, descends: bool) -> str | None:
        got = [key(row) for row in records.list(filter=KIND, page_size=50, sort=[word]).data]
        return complaint_of(sorted(map(key, rows), reverse=descends)[:50], got)

    def typed() -> str | None:
        kinds = {type(row.started_at).__name__ for row in rows} | {type(row.call_sec).__name__ for row in rows}
        named = all(row.record_type == "call-control" and row.cost and row.currency for row in rows)
        return complaint_of(({"str", "int"}, True), (kinds, named))

    def counted() -> str | None:
        meta = records.list(filter=KIND, page_size=20).meta
        return complaint_of((1, -(-len(rows) // 20)), (meta.page_number, meta.total_pages))

    def tried(key: str, kind: str) -> Callable[[], Any]:
        other = telnyx.Telnyx(api_key=key, base_url=url, max_retries=0)
        return lambda: other.detail_records.list(filter={"record_type": kind})

    return {
        "pages of 50 are read to the end": lambda: complaint_of(True, len(set(ids(rows))) == len(rows) > 100),
        "the client walks all pages itself": lambda: complaint_of(
            ids(rows), ids(records.list(filter=KIND, page_size=20))
        ),
        "direction": lambda: keeps({"direction": "inbound"}, lambda row: row.direction == "inbound"),
        "cli": lambda: keeps({"cli": one.cli}, lambda row: row.cli == one.cli),
        "cld": lambda: keeps({"cld": one.cld}, lambda row: row.cld == one.cld),
        "started_at gte": lambda: keeps(
            {"started_at": {"gte": one.started_at}}, lambda row: instant(row.started_at) >= instant(one.started_at)
        ),
        "started_at lt": lambda: keeps(
            {"started_at": {"lt": one.started_at}}, lambda row: instant(row.started_at) < instant(one.started_at)
        ),
        "finished_at gt and cli": lambda: keeps(
            {"finished_at": {"gt": rows[-1].finished_at}, "direction": "inbound"},
            lambda row: instant(row.finished_at) > instant(rows[-1].finished_at) and row.direction == "inbound",
        ),
        "oldest first": lambda: sorts("started_at", lambda row: instant(row.started_at), descends=False),
        "latest end first": lambda: sorts("-finished_at", lambda row: instant(row.finished_at), descends=True),
        "records are typed": typed,
        "pages are counted": counted,
        "a wrong key": lambda: raises(telnyx.AuthenticationError, tried("wrong", "call-control")),
        "another record type": lambda: raises(telnyx.BadRequestError, tried(token, "no-such-type")),
        "a field that these records do not have": lambda: raises(
            telnyx.BadRequestError, lambda: records.list(filter=KIND, sort=["-created_at"])
        ),
    }


def main() -> None:
    """Runs the steps and writes what came of each."""
    (api,) = json.load(sys.stdin)["apis"].values()
    told: list[tuple[str, str | None]] = []
    for name, step in steps(api["url"], api["credentials"]["token"]).items():
        try:
            told.append((name, step()))
        except Exception as error:
            told.append((name, f"{type(error).__name__}: {error}"))
    json.dump(told, sys.stdout)


main()
