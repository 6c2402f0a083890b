"""Runs variants and prints what does not agree: run_all.py correct|defects [name-part] [api-part]."""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

import variants_legs  # noqa: E402, F401
import variants_pbx  # noqa: E402, F401
from foreign_checks import alarms, check, told  # noqa: E402
from variants import CORRECT, DEFECTS  # noqa: E402

kind, part, api = [*sys.argv[1:], "", ""][:3]
for v in CORRECT if kind == "correct" else DEFECTS:
    if part not in v.name or api not in v.api:
        continue
    began = time.time()
    try:
        r = check(v.app(), v.api)
    except Exception as problem:
        print("CRASH", v.api, v.name, type(problem).__name__, problem, flush=True)
        continue
    found = [str(one.clause) for one in alarms(r)]
    line = f"{v.api.split('/')[1]} {v.name} exit={r.exit_code} rq={r.requests} {time.time() - began:.1f}s"
    errors = [f"{c.id}:{c.verdict}:{c.reason[:200]}" for c in r.clauses if str(c.verdict) in ("error", "blocked")]
    if kind == "correct":
        open_ = [f"{c.id}:{c.verdict}" for c in r.clauses if str(c.verdict) in ("inconclusive", "not_exercised")]
        if found or r.exit_code not in (0, 5) or errors:
            print("FALSE-ALARM", line, found, errors, "\n   ", told(r), flush=True)
        else:
            print("ok", line, len(open_), open_ if len(open_) < 9 else "", flush=True)
        continue
    hit = [one for one in found if one in v.clauses]
    first = found[0] if found else None
    word = "ok" if found and found[0] in v.clauses and len(found) == 1 else (
        "MANY" if hit else "MISATTRIBUTED" if found else "unseen" if v.unseen else "MISSED")  # fmt: skip
    print(word, line, "found", found, "wanted", sorted(v.clauses), errors[:2], flush=True)
    if word in ("MANY", "MISATTRIBUTED"):
        print("   ", told(r)[:1500], flush=True)
