"""What a person at a terminal sees while a run goes on; in a pipe nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from harness.check.results.findings import Event


class EventListener(Protocol):
    """What takes the events of a run, one by one."""

    def __call__(self, event: Event, /) -> None: ...


def _ignore_event(event: Event, /) -> None:
    return None


@contextmanager
def progress_listener(*, budget: int | None) -> Iterator[EventListener]:
    """A listener that draws a line on standard error, if that is a terminal."""
    if not _is_terminal():
        yield _ignore_event
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from harness.check.results.findings import Exchanged, FindingMade, PhaseStarted

    # Only words of ours are drawn, and never as markup: a server's text stays out of the progress line.
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.completed} requests", markup=False),
        TextColumn("{task.fields[found]}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True, markup=False, highlight=False, emoji=False),
        transient=True,
    )
    with bar:
        task = bar.add_task("starting", total=budget, found="")
        findings = 0

        def draw_event(event: Event, /) -> None:
            nonlocal findings
            match event:
                case PhaseStarted(phase=phase):
                    bar.update(task, description=phase)
                case Exchanged():
                    bar.advance(task)
                case FindingMade():
                    findings += 1
                    bar.update(task, found=f"{findings} finding{'' if findings == 1 else 's'}")
                case _:
                    pass

        yield draw_event


@contextmanager
def count_progress(*, total: int, unit: str) -> Iterator[Callable[[str], None]]:
    """What counts equal steps on standard error, if that is a terminal; it is called with what was done last."""
    if not _is_terminal():
        yield lambda description: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.completed} of {task.total} {task.fields[unit]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, markup=False, highlight=False, emoji=False),
        transient=True,
    )
    with bar:
        task = bar.add_task("starting", total=total, unit=unit)
        yield lambda description: bar.update(task, advance=1, description=description)


@contextmanager
def rate_progress(
    *, unit: str, hidden: bool = False
) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
    """A bar with rate and time left on standard error, if that is a terminal: how many in all, how many more."""
    if hidden or not _is_terminal():
        yield (lambda total: None), (lambda more: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn

    class RateColumn(ProgressColumn):
        """How many a second."""

        def render(self, task: Task) -> str:
            speed = task.finished_speed or task.speed
            return "" if speed is None else f"{speed:,.0f} {unit}/s"

    bar = Progress(
        BarColumn(bar_width=24),
        TextColumn("{task.completed:,} of {task.total:,} {task.fields[unit]}", markup=False),
        RateColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, markup=False, highlight=False, emoji=False),
        transient=True,
    )
    with bar:
        # Nothing is drawn before anybody knows how many there are.
        task = bar.add_task("", total=0, unit=unit, visible=False)
        yield (lambda total: bar.update(task, total=total, visible=True)), (lambda more: bar.advance(task, more))


def _is_terminal() -> bool:
    try:
        return sys.stderr.isatty()
    except ValueError:
        return False
