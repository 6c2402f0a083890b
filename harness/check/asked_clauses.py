"""The clauses that a run is asked for: which probes it sends, and what another run for one of them finds, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import final

from harness.specification.model import ClauseId, Clauses


def always_needed(clauses: Clauses) -> bool:
    """A part that every run has."""
    return True


@final
@dataclass(slots=True)
class AskedClauses:
    """What a run is asked for, and where it is.

    `clauses` are those whose own probes alone are sent; none where every answer may be a witness. `part_is_needed`
    says whether a run for some clauses alone has the part that is under way, `probed` for which clauses the probe
    under way is sent: none where no probe is, or one that every run has.
    """

    clauses: frozenset[ClauseId] = frozenset()
    part_is_needed: Callable[[Clauses], bool] = always_needed
    probed: frozenset[ClauseId] = frozenset()

    def include(self, *clauses: Clauses) -> bool:
        """Whether the run asks about one of these clauses; about what is no clause's own it asks, too."""
        told = {name for names in clauses for name in names}
        return not self.clauses or not told or not self.clauses.isdisjoint(told)

    @contextmanager
    def probing(self, *clauses: Clauses) -> Iterator[bool]:
        """A probe for these clauses: whether the run asks about them; where it does not, nothing is to be sent."""
        before, self.probed = self.probed, frozenset(name for names in clauses for name in names)
        try:
            yield self.include(*clauses)
        finally:
            self.probed = before

    def suffice_for(self, clause: ClauseId) -> bool:
        """Whether a run for this clause alone finds what is found now."""
        return self.part_is_needed((clause,)) and (not self.probed or clause in self.probed)
