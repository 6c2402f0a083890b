"""Run by the interpreter of the client's own environment: lists calls in every way that the client has.

In: `{"apis": {API: {"url", "credentials"}}}`. Out: a list of `[step, null or what went wrong]`.
"""

import json
import os
import re
import sys
from datetime import datetime, timedelta

import plivo
from client_steps import Steps
from plivo.exceptions import AuthenticationError, ValidationError
from plivo.rest import client as rest

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d")
AMOUNT = re.compile(r"\d+\.\d{5}")
HOSTS = ("API_VOICE_BASE_URI", "API_VOICE_BASE_URI_FALLBACK_1", "API_VOICE_BASE_URI_FALLBACK_2")


def open_client(asked, token=None):
    """The client with another host, and nothing else about it changed."""
    for name in HOSTS:
        setattr(rest, name, asked["url"])
    who = asked["credentials"]
    client = plivo.RestClient(who["auth_id"], token or who["auth_token"])
    # The client prepares its requests itself, and so does without what the environment says of authorities to trust.
    client.session.verify = os.environ.get("REQUESTS_CA_BUNDLE", True)
    return client


def instant(text):
    return datetime.fromisoformat(text)


def written(moment, form="%Y-%m-%d %H:%M:%S"):
    return moment.strftime(form)


def slices(client, size=20, **filters):
    """All calls that filters keep, by limit and offset until a slice is not full."""
    found = []
    while True:
        page = client.calls.list(limit=size, offset=len(found), **filters)
        found.extend(page)
        if len(page) < size:
            return found


def differ(got, want):
    """None where both are the same calls in the same order, and there are some."""
    got, want = [call.call_uuid for call in got], [call.call_uuid for call in want]
    return None if got == want and want else f"{len(got)} calls, {len(want)} expected"


def walks(steps, client, calls):
    """Slices, and the client's own walk along the links."""
    steps.take("twenty calls when no limit is given", lambda: differ(client.calls.list(), calls[:20]))
    for size in (7, 13, 20):
        steps.take(f"slices of {size}", lambda size=size: differ(slices(client, size), calls))
    steps.take("one call", lambda: differ(client.calls.list(limit=1, offset=3), calls[3:4]))
    steps.take("the walk of the client itself, by links", lambda: differ(list(client.calls), calls))
    steps.take("an offset beyond the end", lambda: None if not len(client.calls.list(offset=9999)) else "calls")

    def told():
        meta = client.calls.list(limit=5, offset=10).meta
        got = (meta.limit, meta.offset, meta.total_count)
        ends = client.calls.list(limit=20, offset=len(calls) - 1).meta.next, client.calls.list().meta.previous
        linked = "offset=15" in meta.next and "offset=5" in meta.previous and meta.next.startswith("/")
        return None if got == (5, 10, len(calls)) and linked and ends == (None, None) else f"{got} {meta.next} {ends}"

    steps.take("limit, offset, total and links of a slice", told)


def filtered(steps, client, calls):
    """Every filter that the client has, alone and together."""

    def keeps(name, keep, **filters):
        steps.take(name, lambda: differ(slices(client, **filters), [call for call in calls if keep(call)]))

    def ended(call):
        return instant(call.end_time)

    middle = calls[len(calls) // 2]
    at = ended(middle)
    minute = at.replace(second=0)
    child = next(call for call in calls if call.parent_call_uuid)
    caller = next(call.from_number for call in calls if call.from_number.startswith("+"))
    callees = sorted({call.to_number for call in calls if call.to_number.startswith("+")})[:3]
    for way in ("inbound", "outbound"):
        keeps(f"direction {way}", lambda call, way=way: call.call_direction == way, call_direction=way)
    keeps("one caller", lambda call: call.from_number == caller, from_number=caller)
    keeps("a part of a caller's number", lambda call: call.from_number.startswith(caller[:5]), from_number=caller[:5])
    keeps("several callees", lambda call: call.to_number in callees, to_number="<".join(callees))
    keeps(
        "calls that follow from one",
        lambda call: call.parent_call_uuid == child.parent_call_uuid,
        parent_call_uuid=child.parent_call_uuid,
    )
    keeps("one length", lambda call: call.bill_duration == middle.bill_duration, bill_duration=middle.bill_duration)
    keeps("one end", lambda call: ended(call) == at, end_time=written(at))
    keeps("ended later", lambda call: ended(call) > at, end_time__gt=written(at))
    keeps("ended then or later", lambda call: ended(call) >= at, end_time__gte=written(at))
    keeps("ended earlier", lambda call: ended(call) < at, end_time__lt=written(at))
    keeps("ended then or earlier", lambda call: ended(call) <= at, end_time__lte=written(at))
    short = written(minute, "%Y-%m-%d %H:%M")
    keeps("a time without seconds", lambda call: ended(call) >= minute, end_time__gte=short)
    later = written(minute + timedelta(minutes=5))
    keeps(
        "a range of ends",
        lambda call: minute <= ended(call) < minute + timedelta(minutes=5),
        end_time__gte=short,
        end_time__lt=later,
    )
    code, side = middle.hangup_cause_code, middle.hangup_source
    keeps("one cause", lambda call: call.hangup_cause_code == code, hangup_cause_code=code)
    keeps("one side that hung up", lambda call: call.hangup_source == side, hangup_source=side)
    keeps(
        "two filters together",
        lambda call: call.call_direction == "inbound" and call.hangup_source == side,
        call_direction="inbound",
        hangup_source=side,
    )
    nobody = "+12025550999"
    steps.take("nothing matches", lambda: None if not len(client.calls.list(from_number=nobody)) else "calls")


def formed(steps, asked, calls):
    """What a row shows, and in which form."""
    account = asked["credentials"]["auth_id"]

    def forms():
        for call in calls:
            texts = (call.initiation_time, call.end_time, call.answer_time or call.end_time)
            if not UUID.fullmatch(call.call_uuid) or not all(map(TIME.fullmatch, texts)):
                return f"{call.call_uuid} {texts}"
            if not AMOUNT.fullmatch(call.total_amount) or not AMOUNT.fullmatch(call.total_rate):
                return f"{call.total_amount} {call.total_rate}"
            if call.resource_uri != f"/v1/Account/{account}/Call/{call.call_uuid}/":
                return call.resource_uri
        return None

    def newest_first():
        ends = [instant(call.end_time) for call in calls]
        return None if ends == sorted(ends, reverse=True) else "another order"

    steps.take("forms of ids, times, amounts and paths", forms)
    steps.take("the newest call comes first", newest_first)


def refused(steps, client, asked):
    """Errors as the client tells them."""

    def raises(kind, run):
        try:
            run()
        except kind as problem:
            return None if str(problem) else "an error without words"
        return "no error"

    wrong = open_client(asked, token="not-the-token")
    steps.take("a wrong token", lambda: raises(AuthenticationError, lambda: wrong.calls.list(limit=1)))
    steps.take("a wrong token, live", lambda: raises(AuthenticationError, wrong.live_calls.list_ids))
    steps.take("a time that is none", lambda: raises(ValidationError, lambda: client.calls.list(end_time="soon")))
    steps.take("an id of each answer", lambda: None if answer_ids(client) == 2 else "the same or none")


def answer_ids(client):
    found = {client.calls.list(limit=1).api_id, client.live_calls.list_ids().api_id}
    return len([one for one in found if UUID.fullmatch(one)])


def live_ids(client, size=20, **filters):
    """All ids that filters keep, by limit and offset until a slice is not full."""
    found = []
    while True:
        page = client.live_calls.list_ids(limit=size, offset=len(found), **filters).calls
        found += page
        if len(page) < size:
            return found


def live(steps, client, calls):
    """The ids of calls that go on."""
    ids = live_ids(client)

    def texts():
        ended = {call.call_uuid for call in calls}
        good = ids and all(UUID.fullmatch(one) for one in ids) and not ended & set(ids)
        return None if good else f"{ids[:3]}"

    def ways():
        found = [live_ids(client, call_direction=way) for way in ("inbound", "outbound")]
        return None if sorted(found[0] + found[1]) == sorted(ids) and all(found) else f"{list(map(len, found))}"

    def numbered():
        found = [live_ids(client, from_number=str(first)) for first in ("+1", "1", "+4")]
        return None if set().union(*found) <= set(ids) and any(found) else f"{list(map(len, found))}"

    steps.take("live ids", texts)
    steps.take(
        "the first twenty live ids", lambda: None if client.live_calls.list_ids().calls == ids[:20] else "others"
    )
    steps.take("slices of live ids", lambda: None if live_ids(client, 7) == ids else "others")
    steps.take("live ids by direction", ways)
    steps.take("live ids by what the caller's number begins with", numbered)


def main():
    asked = json.load(sys.stdin)["apis"]["plivo/list-calls"]
    client, steps = open_client(asked), Steps()
    calls = slices(client)
    walks(steps, client, calls)
    filtered(steps, client, calls)
    formed(steps, asked, calls)
    refused(steps, client, asked)
    live(steps, client, calls)
    json.dump(steps.told, sys.stdout)


main()
