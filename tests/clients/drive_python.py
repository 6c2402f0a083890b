"""Run by the interpreter of a client's own environment: makes the calls that stand on standard input.

In: `{"endpoint", "credentials", "calls": [{argument: value, or {"date": ISO}}]}`. Out: a list of
`{"answer": ...}` or `{"error": [type, code, text]}`.
"""

import json
import sys
from datetime import datetime


def value(given):
    if isinstance(given, dict) and set(given) == {"date"}:
        return datetime.fromisoformat(given["date"])
    return given


def main():
    import pytz  # noqa: F401 (the client wants its callers to have it)
    from voximplant.apiclient import VoximplantAPI, VoximplantException

    asked = json.load(sys.stdin)
    api = VoximplantAPI(asked["credentials"], endpoint=asked["endpoint"])
    found = []
    for call in asked["calls"]:
        try:
            found.append({"answer": api.get_call_history(**{name: value(given) for name, given in call.items()})})
        except VoximplantException as problem:
            found.append({"error": ["VoximplantException", getattr(problem, "code", None), str(problem)]})
        except Exception as problem:
            found.append({"error": [type(problem).__name__, None, str(problem)]})
    json.dump(found, sys.stdout, default=lambda moment: moment.isoformat())


main()
