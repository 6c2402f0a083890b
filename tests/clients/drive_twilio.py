"""Run by the interpreter of the client's own environment: lists calls in every way that the client has.

In: `{"apis": {"twilio/list-calls": {"url", "credentials"}}}`. Out: a list of `[step, null or what went wrong]`.
"""

import json
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

from client_steps import Steps
from twilio.base.exceptions import TwilioException
from twilio.rest import Client

STATES = ("queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled")


def differ(got, want):
    """None where both are the same calls in the same order, and there are some."""
    got, want = [call.sid for call in got], [call.sid for call in want]
    return None if got == want and want else f"{len(got)} calls, {len(want)} expected"


def open_client(asked, token=None):
    """The client with another host, and nothing else about it changed."""
    parts, who = urlsplit(asked["url"]), asked["credentials"]
    client = Client(who["AccountSid"], token or who["AuthToken"])
    client.api.base_url = f"{parts.scheme}://{parts.netloc}"
    return client


def answer_of(run):
    """Status and body of the error that a call of the client ends with."""
    try:
        run()
    except TwilioException as problem:
        response = problem.args[1]
        return response.status_code, json.loads(response.text)
    return None, {}


def walks(steps, client, calls):
    """Lists, streams and pages of all calls."""
    steps.take("a list of five", lambda: differ(client.calls.list(limit=5), calls[:5]))
    steps.take("pages of 50 when no size is given", lambda: differ(client.calls.page(), calls[:50]))
    for size in (1000, 100, 20, 7):
        steps.take(
            f"a stream by {size} to the end", lambda size=size: differ(client.calls.stream(page_size=size), calls)
        )
    steps.take(
        "a stream with a limit ends within a page",
        lambda: differ(client.calls.stream(page_size=20, limit=45), calls[:45]),
    )
    steps.take("a page by its number", lambda: differ(client.calls.page(page_size=10, page_number=2), calls[20:30]))

    def to_and_fro():
        first = client.calls.page(page_size=10)
        second = first.next_page()
        said = differ(second, calls[10:20]) or differ(second.previous_page(), calls[:10])
        return said or (None if first.previous_page() is None else "a page before the first one")

    steps.take("to the next page and back", to_and_fro)
    steps.take(
        "the last page has no next one",
        lambda: None if client.calls.page(page_size=1000).next_page() is None else "there is one",
    )


def filters(steps, client, calls):
    """Each filter, alone and with another one, each kept on the way from page to page."""

    def kept(name, keep, **how):
        want = [call for call in calls if keep(call)]
        steps.take(name, lambda: differ(client.calls.list(page_size=1000, **how), want))

    def states():
        for state in STATES:
            got = client.calls.list(page_size=1000, status=state)
            want = [call for call in calls if call.status == state]
            if [call.sid for call in got] != [call.sid for call in want]:
                return f"{state}: {len(got)} calls, {len(want)} expected"
        return None

    one, child = calls[len(calls) // 2], next(call for call in calls if call.parent_call_sid)
    done = next(call for call in calls[len(calls) // 3 :] if call.end_time)
    at, end = one.start_time, done.end_time
    day = lambda moment: moment.strftime("%Y-%m-%d")  # noqa: E731
    steps.take("each state", states)
    kept("who called", lambda call: call._from == one._from, from_=one._from)
    kept("who was called", lambda call: call.to == one.to, to=one.to)
    kept(
        "what a call spawned",
        lambda call: call.parent_call_sid == child.parent_call_sid,
        parent_call_sid=child.parent_call_sid,
    )
    kept("began on a day", lambda call: day(call.start_time) == day(at), start_time=day(at))
    kept("began on a day or later", lambda call: day(call.start_time) >= day(at), start_time_after=day(at))
    kept("began then or later", lambda call: call.start_time >= at, start_time_after=at)
    kept("began before then", lambda call: call.start_time < at, start_time_before=at)
    kept("ended on a day", lambda call: call.end_time and day(call.end_time) == day(end), end_time=day(end))
    kept("ended then or later", lambda call: call.end_time and call.end_time >= end, end_time_after=end)
    kept("ended before then", lambda call: call.end_time and call.end_time < end, end_time_before=end)
    tomorrow = day(max(call.start_time for call in calls) + timedelta(days=1))
    kept("began before a day", lambda call: day(call.start_time) < tomorrow, start_time_before=tomorrow)
    steps.take(
        "nothing began on another day",
        lambda: None if not client.calls.list(start_time=tomorrow) else "calls of other days",
    )
    both = [call for call in calls if call.status == "completed" and call.start_time >= at]
    steps.take(
        "two filters, from page to page",
        lambda: differ(client.calls.stream(status="completed", start_time_after=at, page_size=7), both),
    )


def rows(steps, calls, account):
    """What the client makes of the fields."""

    def forms():
        for call in calls:
            path = f"/2010-04-01/Accounts/{account}/Calls/{call.sid}"
            moments = (call.date_created, call.date_updated, call.start_time)
            if not all(isinstance(moment, datetime) and moment.tzinfo for moment in moments):
                return f"{call.sid}: an instant that is none"
            if (call.account_sid, call.uri) != (account, f"{path}.json"):
                return f"{call.sid}: {call.account_sid}, {call.uri}"
            if call.subresource_uris["recordings"] != f"{path}/Recordings.json":
                return f"{call.sid}: {call.subresource_uris}"
            if call.status == "completed" and not (int(call.duration) >= 0 and Decimal(call.price) <= 0):
                return f"{call.sid}: {call.duration} seconds for {call.price}"
            if call.status != "completed" and call.duration is not None:
                return f"{call.sid}: {call.status}, {call.duration} seconds"
        return None

    steps.take("fields are read", forms)


def errors(steps, asked, client):
    """What the client is told where it is refused."""

    def refused():
        status, body = answer_of(open_client(asked, "another-token").calls.list)
        want = {"code": 20003, "message": "Authenticate", "status": 401}
        want["more_info"] = "https://www.twilio.com/docs/errors/20003"
        return None if (status, body) == (401, want) else f"{status}: {body}"

    def foreign():
        status, body = answer_of(client.api.v2010.accounts("AC" + "f" * 32).calls.list)
        return None if status == 401 and body["code"] == 20003 else f"{status}: {body}"

    def unknown():
        status, body = answer_of(lambda: client.calls.list(status="sideways"))
        return None if status == 400 and "Status" in body["message"] else f"{status}: {body}"

    steps.take("another token is refused", refused)
    steps.take("the path of another account is refused", foreign)
    steps.take("a state that there is not is refused", unknown)


def main():
    asked = json.load(sys.stdin)["apis"]["twilio/list-calls"]
    steps, client = Steps(), open_client(asked)
    calls = []

    def everything():
        calls.extend(client.calls.list(page_size=1000))
        return None if len(calls) > 200 else f"{len(calls)} calls"

    steps.take("all calls on one page", everything)
    if calls:
        walks(steps, client, calls)
        filters(steps, client, calls)
        rows(steps, calls, asked["credentials"]["AccountSid"])
        errors(steps, asked, client)
    json.dump(steps.told, sys.stdout)


main()
