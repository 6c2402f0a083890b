"""The process that draws requests: Schemathesis is somebody else's, and a crash or hunger of it ends this alone.

It reads one JSON object on standard input (the OpenAPI document, the operation, what is drawn, how many, the seed)
and writes a line for each request as it is drawn, in ASCII. Nothing of a run is in it, its credentials least of all.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from harness.check.rules.exploration.drawn_lines import drawn_from_case, line_of_drawn

# What Schemathesis and Hypothesis need by themselves is a third of it.
MEMORY_BYTES: Final = 2 * 1024 * 1024 * 1024
FILE_BYTES: Final = 64 * 1024 * 1024


def main() -> int:
    """Draws what standard input asks for; the exit code is 0."""
    order = json.load(sys.stdin)
    # What the libraries print is no line of ours.
    lines = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)
    _limit_resources()

    def write(data: str, query: Any, body: Any) -> None:
        one = drawn_from_case("negative" if data == "negative" else "positive", query, body, json=order["json"])
        if one is not None:
            lines.write(line_of_drawn(one) + "\n")
            lines.flush()

    _draw(order, write)
    return 0


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:
        # Windows has no such limit.
        return
    for kind, wanted in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_FSIZE, FILE_BYTES)):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _draw(order: Mapping[str, Any], write: Callable[[str, Any, Any], None]) -> None:
    import schemathesis
    from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
    from hypothesis.configuration import set_hypothesis_home_dir
    from schemathesis.generation import GenerationMode

    # It keeps caches where it runs, which is a directory of its own.
    set_hypothesis_home_dir(os.getcwd())
    # A configuration of our own: Schemathesis would read one from the directory it runs in.
    schema = schemathesis.openapi.from_dict(order["document"], config=schemathesis.Config())
    operation = schema[order["path"]][order["method"]]
    quiet = settings(
        max_examples=order["at_most"],
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    for mode in order["modes"]:
        strategy = operation.as_strategy(generation_mode=GenerationMode(mode["data"]))
        seed(mode["seed"])(quiet(given(case=strategy)(_collector(mode["data"], write))))()


def _collector(data: str, write: Callable[[str, Any, Any], None]) -> Callable[[Any], None]:
    def collect(case: Any) -> None:
        write(data, case.query, case.body)

    return collect


if __name__ == "__main__":
    sys.exit(main())
