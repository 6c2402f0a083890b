"""Work that later requests would wait for, done while nobody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, final

# Clients that ask again and again leave shorter pauses.
_PAUSE_SECONDS: Final = 0.05


@final
class IdleWork:
    """Steps of work, one after the other, until there are no more or a request comes.

    `take_step` works for some milliseconds and says whether there may be more to do; it never raises.
    """

    def __init__(self, take_step: Callable[[], bool]) -> None:
        self._take_step = take_step
        self._was_asked = False
        self._timer: asyncio.TimerHandle | None = None

    def note_request(self, loop: asyncio.AbstractEventLoop) -> None:
        """Somebody asks: what the request was about may need more work, but not now."""
        self._was_asked = True
        if self._timer is None:
            self._wait(loop, _PAUSE_SECONDS)

    def _wait(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._timer = loop.call_later(seconds, self._use_time, loop)

    def _use_time(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._was_asked:
            self._was_asked = False
            self._wait(loop, _PAUSE_SECONDS)
        elif self._take_step():
            # By a timer: what has arrived meanwhile goes first.
            self._wait(loop, 0)
