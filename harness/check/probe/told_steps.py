"""The requests that show a finding together, as reports print them: each with what matters of its answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from harness.check.exchange import AskedStep, Exchange, Row
from harness.check.results.findings import FindingStep
from harness.check.results.row_numbers import rows_in_words
from harness.wire.http_messages import NoResponse
from harness.wire.json_body import MISSING

if TYPE_CHECKING:
    from harness.check.context import CheckContext

# Of a long walk its beginning and its end.
_FIRST_SHOWN: Final = 4
_LAST_SHOWN: Final = 4


def finding_steps(
    context: CheckContext, steps: Sequence[AskedStep], rows: Sequence[Row], fields: Iterable[str | None]
) -> tuple[FindingStep, ...]:
    """The steps as they are printed; none where a single request shows the finding.

    Of the rows that a finding is about the first one is looked for in every answer.
    """
    if len(steps) < 2:
        return ()
    names = [context.listing.lists.identity, *(name for name in fields if name is not None)]
    about = rows[:1]
    made = [
        FindingStep(
            request=context.evidence.render_request_line(step.exchange.request),
            curl=context.evidence.render_curl(step.exchange.request),
            told=context.evidence.render_text(_told(context, step, about, names), limit=400),
            seconds_later=_seconds_between(steps[number - 1].exchange, step.exchange) if number else 0,
        )
        for number, step in enumerate(steps)
    ]
    hidden = len(made) - _FIRST_SHOWN - _LAST_SHOWN
    return tuple(made) if hidden <= 0 else (*made[:_FIRST_SHOWN], *made[-_LAST_SHOWN:])


def _told(context: CheckContext, step: AskedStep, about: Sequence[Row], names: Sequence[str]) -> str:
    """What matters of an answer, in a line."""
    exchange = step.exchange
    asked = f"by the {step.link} link: " if step.link is not None else ""
    if isinstance(exchange.response, NoResponse) or exchange.answer is None:
        return f"{asked}no answer"
    if exchange.rows is None:
        return f"{asked}{exchange.told_error}" if exchange.is_refusal else f"{asked}no list of rows"
    told = [rows_in_words(len(exchange.rows))]
    if exchange.total is not MISSING:
        told.append(f"total {exchange.total}")
    identity = context.listing.lists.identity
    here = {row.key: row for row in exchange.rows}
    for row in about if context.identity_unique else ():
        if row.key in here:
            told.append(f"with {context.evidence.render_row(here[row.key], names)}")
        else:
            told.append(f"without {context.evidence.render_row(row, [identity])}")
    return asked + ", ".join(told)


def _seconds_between(one: Exchange, other: Exchange) -> int:
    """How long after a request the same one was sent; 0 for another request, or where nobody knows."""
    if one.list_request != other.list_request or one.at is None or other.at is None:
        return 0
    return max(0, round(other.at - one.at))
