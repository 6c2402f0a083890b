"""Requests as they are sent: encoded, changed by a rule, and signed where the API wants that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, final
from urllib.parse import urlsplit
from uuid import NAMESPACE_OID, uuid5

from harness.check.client.budget import RateLimitedClient
from harness.specification.access import signature_of
from harness.specification.model import Signature
from harness.wire.http_messages import HttpRequest
from harness.wire.list_request import ListRequest
from harness.wire.request_codec import encode_request
from harness.wire.request_signature import SigningMoment, read_signature, sign_request, signature_place

if TYPE_CHECKING:
    from harness.check.context import CheckContext

RequestEdit = Callable[[HttpRequest], HttpRequest]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SignedEdit:
    """What is done to a request that was signed as if it were so many seconds later, after it was signed."""

    change: RequestEdit | None = None
    seconds: int = 0


def finished_request(context: CheckContext, ask: ListRequest, edit: RequestEdit | SignedEdit | None) -> HttpRequest:
    """The HTTP request of a list request; `edit` changes it before it is signed, a SignedEdit after that."""
    request = encode_request(context.spec, ask)
    if edit is not None and not isinstance(edit, SignedEdit):
        request = edit(request)
    if ask.log_in or signature_of(context.listing.access, ask.credentials) is None:
        return request
    after = edit if isinstance(edit, SignedEdit) else SignedEdit()
    signed = sign_request(context.listing.access, request, ask.credentials, _moment(context, after.seconds))
    return signed if after.change is None else after.change(signed)


def signature_in(rules: Signature | None, request: HttpRequest) -> str:
    """The signature that a request carries; empty where it carries none."""
    return "" if rules is None else read_signature(rules, request).get("signature", "")


def describe_signature(rules: Signature | None) -> str:
    """How a request is signed, in one clause of a sentence; empty where it is not."""
    if rules is None:
        return ""
    lasts = f", for {rules.time.skew_seconds} seconds around the time in it" if rules.time is not None else ""
    text = rules.text.replace("\n", "\\n")
    made = f"{rules.algorithm} with {rules.secret}, {rules.written}, of {text}{lasts}"
    return f"in {signature_place(rules)} stands {made}"


def with_altered_signature(rules: Signature, change: Callable[[str], str]) -> RequestEdit:
    """The edit that puts another signature in place of the right one."""

    def edit(request: HttpRequest) -> HttpRequest:
        given = signature_in(rules, request)
        # The places of a signature are texts: what is put there is as plain as the signature itself.
        headers = tuple((name, value.replace(given, change(given))) for name, value in request.headers)
        target = request.target.replace(given.encode("latin-1"), change(given).encode("latin-1"))
        return replace(request, headers=headers, target=target) if given else request

    return edit


def _moment(context: CheckContext, seconds: int) -> SigningMoment:
    """The moment of a request by the server's clock: nobody is blamed for the difference."""
    at = _server_clock(context) + timedelta(seconds=seconds)
    nonce = uuid5(NAMESPACE_OID, f"{context.seed} {context.requests} {at.timestamp()}").hex
    target = urlsplit(context.options.address or context.target)
    base = target.path.rstrip("/").encode("latin-1", "replace")
    return SigningMoment(at=at, nonce=nonce, base=base, host=target.netloc)


def _server_clock(context: CheckContext) -> datetime:
    sender = context.sender
    spent = sender.budget.seconds if isinstance(sender, RateLimitedClient) else 0.0
    told = context.facts.server_time
    if told is None:
        return context.run_start + timedelta(seconds=spent)
    then, at = told
    return then + timedelta(seconds=spent - at if spent and at is not None else 0.0)
