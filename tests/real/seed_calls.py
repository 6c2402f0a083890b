"""Calls that are placed at a running `emulate`, through the API that it stands in for."""

from __future__ import annotations

import base64
import json
import time
import urllib.parse
import urllib.request

ACCOUNT = "AC20250101aaaaaaaaaaaaaaaaaaaaaaaa"
TOKEN = "ladder-green-7"
OURS = ("+12025550100", "+12025550101")
THEIRS = tuple(f"+1202555{number:04d}" for number in range(110, 122))
ENDS = ("completed", "busy", "failed", "no-answer", "canceled", "in-progress", "completed")
BATCHES, CALLS_PER_BATCH = 4, 12


def place_calls(url: str) -> None:
    """Outbound and inbound calls in four batches, which begin in seconds of their own; most of them end."""
    for batch in range(BATCHES):
        if batch:
            # The server stamps calls with its own clock, whole seconds are shown: filters by time need several.
            time.sleep(1.1)
        for number in range(batch * CALLS_PER_BATCH, (batch + 1) * CALLS_PER_BATCH):
            inbound = number % 5 < 2
            ours, theirs = OURS[number % 2], THEIRS[number % len(THEIRS)]
            path = "/_twilio/simulate/inbound-call" if inbound else f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
            ends = {"From": theirs, "To": ours} if inbound else {"From": ours, "To": theirs}
            placed = post(url + path, {**ends, "Url": "http://127.0.0.1:9/"})
            sid = str(placed.get("sid") or placed["call"]["sid"])
            post(f"{url}/2010-04-01/Accounts/{ACCOUNT}/Calls/{sid}.json", {"Status": ENDS[number % len(ENDS)]})


def post(url: str, values: dict[str, str]) -> dict[str, dict[str, str]]:
    """The answer to a form."""
    pair = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    ask = urllib.request.Request(
        url, data=urllib.parse.urlencode(values).encode(), headers={"Authorization": f"Basic {pair}"}
    )
    with urllib.request.urlopen(ask, timeout=20) as answer:
        said: dict[str, dict[str, str]] = json.load(answer)
    return said
