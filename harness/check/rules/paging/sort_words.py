"""Words of order that no document names: which of them a server takes."""

from __future__ import annotations

from harness.check.context import CheckContext
from harness.check.probe.comparison import server_failure
from harness.check.probe.filter_values import largest_page
from harness.check.probe.mirror import Mirror
from harness.specification.model import Clauses, SortParameter


def learn_refused_words(context: CheckContext, mirror: Mirror, sort: SortParameter, clauses: Clauses) -> None:
    """Which of the words that no document names the server takes: to refuse some of them breaks no promise."""
    known = next((known for name in clauses if (known := context.clause(name)) is not None), None)
    if known is None or known.basis != "inferred":
        return
    words = [word for word in sort.words if word not in sort.undocumented]
    refused: set[str] = set()
    for word in words:
        ask = mirror.request({**largest_page(context), sort.parameter: word})
        exchange = context.send(ask, f"is {sort.parameter} = {word} taken?", witness=False)
        if exchange.outcome == "error" and server_failure(exchange) is None:
            refused.add(word)
    if 0 < len(refused) < len(words):
        context.facts.refused_sort_words = frozenset(refused)
        context.results.record_observed(clauses, f"{' and '.join(sorted(refused))}: refused")
