"""What the traffic of a world is like, as an HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.world.world import World


def write_traffic_report(path: Path, world: World, *, trunks: int | None = None) -> None:
    """Write the figures of a world, with their bands and plots, as one self-contained page."""
    from harness.output.atomic_files import write_atomically
    from harness.traffic.html_report import summary_html
    from harness.traffic.summary import summarize_world

    write_atomically(path, summary_html(summarize_world(world, trunks=trunks), title=world_title(world)))


def world_title(world: World) -> str:
    """Profile and seed of a world, where it was made from some."""
    return "given calls" if world.profile is None else f"{world.profile.name}, seed {world.seed}"
