"""How many files a process may have open, and so how many connections."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from harness.serve.http.limits import ServerLimits

# What a server has open beside its connections: streams, sockets that listen, the loop's own, files it reads.
_OTHER_FILES: Final = 40


def fit_connections(limits: ServerLimits) -> ServerLimits:
    """The limits, with as many connections as this process may have open files for.

    It first asks the system for as many as it takes to keep that many connections and to tell as many others that
    there are too many.
    """
    try:
        import resource
    except ImportError:
        # Windows has no such limit.
        return limits
    wanted = 2 * limits.connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        if soft < wanted:
            return replace(limits, connections=max(1, (soft - _OTHER_FILES) // 2))
    return limits
