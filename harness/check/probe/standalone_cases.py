"""The requests of a finding and what their answers must be, as JSON: a test of its own is written from it alone."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, quote_plus

from harness.check.credentials import FreshCredentials, SignedToken, environment_variable_of
from harness.check.exchange import AskedStep
from harness.check.probe.answer_checks import AnswerCheck
from harness.check.results.request_template import request_template
from harness.check.secret_alterations import MADE_UP
from harness.specification.model import CursorPaging, links_of
from harness.wire.request_codec import credential_parameters, encode_request
from harness.wire.response_codec import is_csv, is_xml

if TYPE_CHECKING:
    from harness.check.context import CheckContext
    from harness.wire.http_messages import HttpRequest
    from harness.wire.list_request import ListRequest

_LONGEST_CASE: Final = 40_000
_STEPS_AT_MOST: Final = 26
_SOME_CURSOR: Final = "zqzqcursorqzqz"
_VARIABLE: Final = re.compile(r"\$\{(?:CALLHARNESS_CREDENTIAL_\w+\|[\w|-]+|SIGNED)\}")
# What tests can sign with Python alone: RSA and one shared key.
_SIGNED_HERE: Final = re.compile(r"[RH]S(?:256|384|512)")
Template = dict[str, Any]


def standalone_case(context: CheckContext, steps: Sequence[AskedStep], check: AnswerCheck | None) -> str:
    """The requests and what their answers must be, as JSON in ASCII; empty where it would show people's data or
    secrets.

    The answer to the last of the steps is judged; those before it are sent before it. A cursor or link of an
    earlier answer is taken from that answer whenever the test runs.
    """
    listing = context.listing
    if check is None or is_csv(listing) or not isinstance(listing.lists.rows_at, str):
        return ""
    if context.evidence.signature is not None:
        # A file holds requests as they were sent: one that is signed for itself would be out of time.
        return ""
    requests = _step_templates(context, steps, check)
    following = _following_template(context, steps, requests, check) if requests and check.walks_on else None
    if not requests or (check.walks_on and following is None):
        return ""
    case = {
        "steps": requests,
        **({"then": following} if following is not None else {}),
        **_listing_request(context, steps, check),
        "format": "xml" if is_xml(listing) else "json",
        "rows_at": listing.lists.rows_at,
        "identity": listing.lists.identity,
        "check": _check_tree(check),
    }
    text = json.dumps(case, sort_keys=True, ensure_ascii=True, allow_nan=False)
    evidence = context.evidence
    shown = json.dumps([check.values, *(one.values for one in check.alternatives)], ensure_ascii=False)
    # A part of a secret may look like the beginning of the names of our variables.
    bare = MADE_UP.sub("${VARIABLE}", _VARIABLE.sub("${VARIABLE}", text))
    if len(text) > _LONGEST_CASE or evidence.pseudonymize(shown) != shown or evidence.redactor.redact(bare) != bare:
        return ""
    return text


def _check_tree(check: AnswerCheck) -> dict[str, Any]:
    told = {one.name: getattr(check, one.name) for one in fields(check) if _is_told(check, one.name)}
    return {**told, **({"or": [_check_tree(one) for one in check.alternatives]} if check.alternatives else {})}


def _is_told(check: AnswerCheck, name: str) -> bool:
    """Whether a part of a check means something for its kind."""
    if name in ("other", "listing", "asked", "alternatives", "walks_on"):
        return False
    always = {"at-most": ("high",), "rows": ("high",), "total": ("low", "high"), "parts": ("on",)}.get(check.kind, ())
    value = getattr(check, name)
    return name in ("kind", *always) or (bool(value) if name != "on" else value is False)


# --- the requests -------------------------------------------------------------------------------------------


def _step_templates(context: CheckContext, steps: Sequence[AskedStep], check: AnswerCheck) -> list[Template]:
    """The requests in order as templates; none where one of them cannot be written."""
    if check.asked is not None:
        ask = context.complete_request(check.asked, context.identity.credentials)
        template = _template(context, ask)
        return [] if template is None else [template]
    if len(steps) > _STEPS_AT_MOST:
        return []
    made: list[Template] = []
    # A walk that goes on by itself needs its beginning alone.
    for number, step in enumerate(steps[:1] if check.walks_on else steps):
        template = _template(context, step.exchange.list_request, step.exchange.request)
        if template is None:
            return []
        if step.link is not None:
            if not number:
                return []
            made.append(_link_template(context, step, template))
            continue
        for place, before in enumerate(steps[:number]):
            template = _with_tokens(context, template, place, before, back=step.back)
        made.append(template)
    return made


def _link_template(context: CheckContext, step: AskedStep, template: Template) -> Template:
    """A request whose target is a link of the answer before it, with the credentials that stand in the query."""
    links = links_of(context.listing.paging)
    assert links is not None
    assert step.link is not None
    secret = credential_parameters(context.listing.access)
    pairs = template["target"].partition("?")[2].split("&")
    own = [pair for pair in pairs if pair.partition("=")[0] in secret]
    return {**template, "target": "", "link": links.by_name[step.link].at, "own": own}


def _with_tokens(context: CheckContext, template: Template, place: int, before: AskedStep, *, back: bool) -> Template:
    """A template in which the cursors of an earlier answer stand as what that answer tells; with `back` the one to
    the page before counts first, for a server may tell the same one twice.
    """
    paging, came = context.listing.paging, before.exchange
    if not isinstance(paging, CursorPaging):
        return template
    told = ((came.next_cursor, _next_cursor_at(paging)), (came.previous_cursor, _previous_cursor_at(paging)))
    for token, at in reversed(told) if back else told:
        for name in (paging.after, paging.before):
            if token is not None and at is not None and name is not None:
                template = _token_replaced(template, name, token, f"ANSWER|{place}|{at}")
    return template


def _next_cursor_at(paging: CursorPaging) -> str | None:
    """Where an answer tells the next cursor: at a pointer, in a header, or, after a question mark, in a link."""
    link = paging.links.next if paging.links is not None else None
    return paging.next_at or (None if link is None else f"{link.at}?{paging.after}")


def _previous_cursor_at(paging: CursorPaging) -> str | None:
    link = paging.links.previous if paging.links is not None else None
    return paging.prev_at or (None if link is None else f"{link.at}?{paging.before}")


def _token_replaced(template: Template, name: str, token: str, variable: str) -> Template:
    """A template with a variable where a parameter has the token: in the query, in a form, in JSON."""
    spellings = sorted({quote(token, safe=""), quote_plus(token), token}, key=len, reverse=True)
    in_form = re.compile(rf"((?:^|[?&]){re.escape(name)}=)(?:{'|'.join(map(re.escape, spellings))})(?=&|$)")
    in_json = re.compile(rf'("{re.escape(name)}":\s*"){re.escape(json.dumps(token)[1:-1])}(?=")')
    body = in_form.sub(rf"\g<1>${{{variable}|url}}", template["body"])
    return {
        **template,
        "target": in_form.sub(rf"\g<1>${{{variable}|url}}", template["target"]),
        "body": in_json.sub(rf"\g<1>${{{variable}|json}}", body),
    }


def _following_template(
    context: CheckContext, steps: Sequence[AskedStep], requests: Sequence[Template], check: AnswerCheck
) -> Template | None:
    """What is asked for after the last step, and again after that, until nothing follows."""
    paging = context.listing.paging
    if check.walks_on == "link":
        return _link_template(context, AskedStep(exchange=steps[0].exchange, link="next"), requests[0])
    at = _next_cursor_at(paging) if isinstance(paging, CursorPaging) else None
    if not isinstance(paging, CursorPaging) or at is None:
        return None
    asked = steps[0].exchange.list_request
    following = replace(asked, values={**asked.values, paging.after: _SOME_CURSOR})
    template = _template(context, following)
    return None if template is None else _token_replaced(template, paging.after, _SOME_CURSOR, f"ANSWER|-1|{at}")


def _listing_request(context: CheckContext, steps: Sequence[AskedStep], check: AnswerCheck) -> Mapping[str, Template]:
    """The request whose answer tells whether rows are still there, where the check has one."""
    # With other credentials other rows are listed.
    own = all(step.exchange.list_request.credentials == context.identity.credentials for step in steps)
    if check.listing is None or not own:
        return {}
    ask = context.complete_request(check.listing, context.identity.credentials)
    template = _template(context, ask)
    return {} if template is None else {"listing": template}


def _template(context: CheckContext, ask: ListRequest, request: HttpRequest | None = None) -> Template | None:
    """The request, or what it is encoded as, as a template; a signed token is signed anew by how it was made."""
    jwt, evidence = context.listing.access.jwt, context.evidence
    token = ask.credentials.get(context.listing.access.token) if jwt is not None else None
    if request is None:
        request = encode_request(context.spec, ask)
    if jwt is None or not isinstance(token, SignedToken) or not _SIGNED_HERE.fullmatch(jwt.algorithm):
        return request_template(request, evidence)
    template = request_template(request, evidence, signed=token)
    # Wrong ones are made of the run's own.
    own = ask.credentials if isinstance(ask.credentials, FreshCredentials) else context.identity.credentials
    key_held = getattr(own, "given", own).get(jwt.private_key)
    named = next((name for name, value in evidence.secrets.items() if value == key_held), None)
    if template is None or named is None:
        return None
    # Those of a further user have its name behind them.
    whose = named.removeprefix(jwt.private_key)
    key, issuer, kid = (
        f"${{{environment_variable_of(name + whose)}|raw}}" if name is not None else ""
        for name in (jwt.private_key, jwt.issuer, jwt.key_id)
    )
    made = {"algorithm": jwt.algorithm, "by": key, "kid": kid, "claims": {jwt.issuer_claim: issuer}}
    return {**template, "signed": {**made, "fresh": list(jwt.fresh_claims), **asdict(token.made)}}
