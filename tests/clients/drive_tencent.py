"""Run by the interpreter of the client's own environment: lists records by requests that the client signs.

In: `{"apis": {API: {"url", "credentials"}}}`. Out: a list of `[step, null or what went wrong]`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from client_steps import Steps
from tencentcloud.ccc.v20200210.ccc_client import CccClient
from tencentcloud.ccc.v20200210.models import DescribeTelCdrRequest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

FIRST, LAST = (int(datetime(2026, month, day, tzinfo=UTC).timestamp()) for month, day in ((2, 20), (3, 12)))
ALL = {
    "StartTimeStamp": FIRST,
    "EndTimeStamp": LAST,
    "SdkAppId": 1_400_000_000,
    "PageSize": 100,
    "PageNumber": 0,
}


def asked(client: CccClient, **more: Any) -> Any:
    """The answer to a request for all records, with some parameters changed; None leaves one out."""
    request = DescribeTelCdrRequest()
    for name, value in {**ALL, **more}.items():
        if value is not None:
            setattr(request, name, value)
    return client.DescribeTelCdr(request)


def refused(client: CccClient, beginning: str, **more: Any) -> str | None:
    """None where the request gets an error with a code that begins so."""
    try:
        asked(client, **more)
    except TencentCloudSDKException as problem:
        return None if str(problem.code).startswith(beginning) else f"the code {problem.code}"
    return "no error"


def complaint_of(expected: Any, actual: Any) -> str | None:
    """None where they are the same and hold something."""
    return None if actual == expected and actual else f"expected {str(expected)[:80]}, actual {str(actual)[:80]}"


def ids(answer: Any) -> set[str]:
    """The identities of records."""
    return {row.SessionId for row in answer.TelCdrList}


def steps(url: str, held: dict[str, str]) -> dict[str, Callable[[], str | None]]:
    """What is tried, by name."""

    def client(**other: str) -> CccClient:
        own = {**held, **other}
        # It takes authorities from no environment.
        authority = os.environ["REQUESTS_CA_BUNDLE"]
        http = HttpProfile(protocol=urlsplit(url).scheme, endpoint=urlsplit(url).netloc, certification=authority)
        return CccClient(Credential(own["secret-id"], own["secret-key"]), "", ClientProfile(httpProfile=http))

    own = client()
    every = asked(own)
    rows = every.TelCdrList
    pages = -(-every.TotalCount // 20)

    def walk() -> str | None:
        found = [
            row.SessionId for page in range(pages) for row in asked(own, PageSize=20, PageNumber=page).TelCdrList
        ]
        return complaint_of(every.TotalCount, len(set(found)))

    def of_caller() -> str | None:
        kept = asked(own, Phones=[rows[0].Caller]).TelCdrList
        shown = {rows[0].Caller in (row.Caller, row.Callee) for row in kept}
        return complaint_of({True}, shown)

    return {
        "a signed request is answered": lambda: complaint_of(100, len(rows)),
        "the words of a row": lambda: complaint_of(True, {row.Direction for row in rows} == {0, 1}),
        "pages": walk,
        "numbers": of_caller,
        "identities": lambda: complaint_of({rows[1].SessionId}, ids(asked(own, SessionIds=[rows[1].SessionId]))),
        "a later beginning": lambda: complaint_of(
            True,
            min(row.StartTimestamp for row in asked(own, StartTimeStamp=rows[0].StartTimestamp).TelCdrList) >= FIRST,
        ),
        "another secret": lambda: refused(client(**{"secret-key": "x" * 32}), "AuthFailure"),
        "another name": lambda: refused(client(**{"secret-id": "AKIDnobody"}), "AuthFailure"),
        "too long a range": lambda: refused(own, "InvalidParameter", StartTimeStamp=FIRST - 90 * 86400),
        "too large a page": lambda: refused(own, "InvalidParameter", PageSize=1000),
        "no page size": lambda: refused(own, "MissingParameter", PageSize=None),
    }


def main() -> None:
    """Take the steps, and tell what came of each."""
    (api,) = json.load(sys.stdin)["apis"].values()
    taken = Steps()
    for name, run in steps(api["url"], api["credentials"]).items():
        taken.take(name, run)
    print(json.dumps(taken.told))


if __name__ == "__main__":
    main()
