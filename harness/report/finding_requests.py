"""The requests of a finding as lines: the only one, or each of several with what matters of its answer."""

from __future__ import annotations

from collections.abc import Iterator

from harness.check.results.findings import Finding, FindingStep


def request_lines(finding: Finding) -> tuple[str, ...]:
    """The commands that send the requests of a finding, in order; its request itself where there is no command."""
    if finding.steps:
        return tuple(step.curl or step.request for step in finding.steps)
    alone = finding.curl or finding.request
    return (alone,) if alone else ()


def step_lines(finding: Finding) -> Iterator[str]:
    """Several requests with their numbers, below each what came; nothing where one request shows the finding."""
    for number, step in enumerate(finding.steps, 1):
        yield f"{number}. {step.curl or step.request}"
        yield f"{' ' * len(str(number))}  {came_of(step)}"


def shell_lines(finding: Finding) -> Iterator[str]:
    """The requests and the replay as a script: what came stands in comments."""
    for number, step in enumerate(finding.steps, 1):
        yield f"# {number}. {came_of(step)}"
        yield step.curl or step.request
    if finding.steps:
        yield f"# {comparison_of(finding)}"
    else:
        yield from request_lines(finding)
    if finding.replay:
        yield finding.replay


def came_of(step: FindingStep) -> str:
    """What matters of the answer to a step, and when it was asked."""
    unit = "second" if step.seconds_later == 1 else "seconds"
    return step.told + (f" ({step.seconds_later} {unit} later)" if step.seconds_later else "")


def comparison_of(finding: Finding) -> str:
    """Which answers are to be held against one another, and what is due then."""
    numbers = len(finding.steps)
    between = "1 and 2" if numbers == 2 else f"1 to {numbers}"
    return f"compare {between}: {finding.expected}"
