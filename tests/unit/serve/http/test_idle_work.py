"""Work in idle time: not while requests come, step by step, and no longer than there is something to do."""

from __future__ import annotations

import asyncio
from typing import cast

from connection_wires import House, StillLoop

from harness.serve.http.idle_work import IdleWork

PAUSE = 0.05


class Desk:
    """Some steps of work, and a loop whose time is moved by hand."""

    def __init__(self, steps: int) -> None:
        self.loop = StillLoop()
        self.left = steps
        self.taken = 0
        self.idle_work = IdleWork(self.take_step)

    def take_step(self) -> bool:
        if not self.left:
            return False
        self.left -= 1
        self.taken += 1
        return True

    def ask(self) -> None:
        self.idle_work.note_request(cast(asyncio.AbstractEventLoop, self.loop))


def test_all_steps_are_taken_once_nobody_has_asked_for_a_pause() -> None:
    desk = Desk(3)
    desk.loop.advance(60)
    assert desk.taken == 0, "nobody asked for anything yet"
    desk.ask()
    desk.loop.advance(PAUSE)
    assert desk.taken == 0, "somebody asked within this pause"
    desk.loop.advance(PAUSE)
    assert desk.taken == 3
    assert desk.loop.timers == [], "an idle server sleeps"


def test_whoever_asks_again_and_again_is_not_kept_waiting() -> None:
    desk = Desk(3)
    for _ in range(100):
        desk.ask()
        desk.loop.advance(PAUSE * 0.9)
    assert desk.taken == 0


def test_a_request_comes_between_two_steps() -> None:
    desk = Desk(5)
    desk.ask()
    desk.loop.advance(PAUSE)
    desk.loop.now += PAUSE
    desk.loop.ready.append(desk.loop.timers.pop())
    desk.loop.turn()
    assert desk.taken == 1
    desk.ask()
    desk.loop.advance(PAUSE * 0.9)
    assert desk.taken == 1
    desk.loop.advance(PAUSE * 2)
    assert desk.taken == 5


def test_what_is_asked_later_may_be_worked_for_again() -> None:
    desk = Desk(1)
    desk.ask()
    desk.loop.advance(1)
    desk.left = 2
    desk.loop.advance(1)
    assert desk.taken == 1, "nothing new was asked for"
    desk.ask()
    desk.loop.advance(1)
    assert desk.taken == 3


def test_a_front_works_after_its_answers() -> None:
    house, desk = House(), Desk(2)
    house.front.idle_work = desk.idle_work
    client = house.client().send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (client.statuses, desk.taken) == ([200], 0)
    client.wait(1)
    assert desk.taken == 2
