"""A connection of the simulator's front: bytes in, bytes out, and the end, at an hour that is moved by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from connection_wires import Client, House, answers, echo, text

from harness.serve.faults.transport import Delivery, DeliveryEnd
from harness.serve.http.application import Application
from harness.serve.http.options import ServerOptions
from harness.serve.simulator import Simulator
from harness.specification.load import load_spec
from harness.wire.http_messages import HttpRequest, HttpResponse
from harness.world import World

HOST = b"Host: acme.example\r\n"
GET = b"GET /calls HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST /calls HTTP/1.1\r\n" + HOST
BODY = POST + b"Content-Length: 3\r\n\r\nabc"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x\r\nc\r\n0\r\nT: 1\r\n\r\n"
GO_AHEAD = b"HTTP/1.1 100 Continue\r\n\r\n"

OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"
DATED = b"date: Wed, 04 Mar 2026 09:00:00 GMT\r\n"
ANSWER = OK + b"content-length: 10\r\n" + DATED + b"\r\nGET /calls"
LAST_ANSWER = OK + b"content-length: 10\r\nconnection: close\r\n" + DATED + b"\r\nGET /calls"


def get(target: bytes, *lines: bytes, version: bytes = b"1.1", method: bytes = b"GET") -> bytes:
    """A request without a body."""
    more = b"".join(line + b"\r\n" for line in lines)
    return method + b" " + target + b" HTTP/" + version + b"\r\n" + HOST + more + b"\r\n"


def in_one_piece(data: bytes) -> list[bytes]:
    return [data]


def byte_by_byte(data: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in data]


in_both_ways = pytest.mark.parametrize("cut", [in_one_piece, byte_by_byte])
Cut = Callable[[bytes], list[bytes]]


# --- bytes in, answers out ----------------------------------------------------------------------------------


@in_both_ways
@pytest.mark.parametrize(
    ("data", "bodies"),
    [
        (b"", []),
        (b"\r\n", []),
        (GET, [b"GET /calls"]),
        (GET[:-1], []),
        (b"\r\n\r\n" + GET, [b"GET /calls"]),
        (get(b"/a") + get(b"/b?x=1") + get(b"/c"), [b"GET /a", b"GET /b?x=1", b"GET /c"]),
        (BODY, [b"POST /calls abc"]),
        (BODY[:-1], []),
        (BODY + b"\r\n" + GET, [b"POST /calls abc", b"GET /calls"]),
        (CHUNKED, [b"POST /calls abc"]),
        (CHUNKED[:-1], []),
        (CHUNKED + BODY + CHUNKED, [b"POST /calls abc"] * 3),
        (POST + b"Content-Length: 0\r\n\r\n" + GET, [b"POST /calls", b"GET /calls"]),
        (get(b"/old", b"Connection: keep-alive", version=b"1.0") + GET, [b"GET /old", b"GET /calls"]),
        (get(b"/calls", b"Connection: upgrade", b"Upgrade: h2c"), [b"GET /calls"]),
        (b"GET /in/the/body HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n\r\n" + GET,
         [b"GET /in/the/body \r\n", b"GET /calls"]),
    ],
)  # fmt: skip
def test_requests_are_answered_in_order_and_the_connection_stays(cut: Cut, data: bytes, bodies: list[bytes]) -> None:
    client = House().client().send(*cut(data))
    assert (client.bodies, client.how) == (bodies, "open")


@in_both_ways
@pytest.mark.parametrize(
    ("data", "bodies"),
    [
        (get(b"/calls", b"Connection: close"), [b"GET /calls"]),
        (get(b"/calls", b"Connection: close") + GET, [b"GET /calls"]),
        (GET + get(b"/last", b"Connection: Keep-Alive, Close") + GET, [b"GET /calls", b"GET /last"]),
        (get(b"/old", version=b"1.0") + GET, [b"GET /old"]),
        (BODY.replace(b"1.1", b"1.0") + GET, [b"POST /calls abc"]),
    ],
)
def test_the_last_request_is_answered_and_the_connection_closed(cut: Cut, data: bytes, bodies: list[bytes]) -> None:
    client = House().client().send(*cut(data))
    assert (client.bodies, client.how) == (bodies, "closed")


@in_both_ways
@pytest.mark.parametrize(
    ("data", "statuses"),
    [
        (b"GET /calls HTTP/1.1\r\n\r\n", [400]),
        (get(b"/calls", b"Host: acme.example"), [400]),
        (GET + b"GET  /calls HTTP/1.1\r\n" + HOST + b"\r\n" + GET, [200, 400]),
        (GET.replace(b"\r\n", b"\n"), [400]),
        (get(b"/calls", b"X: 1\nY: 2"), [400]),
        (get(b"/calls", b"X: 1", b" folded"), [400]),
        (get(b"/calls", b"no colon"), [400]),
        (get(b"http://acme.example/calls"), [400]),
        (POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", [400]),
        (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400]),
        (POST + b"Content-Length: +3\r\n\r\nabc" + GET, [400]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", [400]),
        (GET + POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n folded\r\n\r\n" + GET, [200, 400]),
        (POST + b"Content-Length: 1001\r\n\r\n", [413]),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n3e9\r\n", [413]),
        (get(b"/" + b"x" * 300), [414]),
        (get(b"/calls", b"Content-Encoding: gzip"), [415]),
        (get(b"/calls", b"Expect: 200-ok"), [417]),
        (get(b"/calls", b"X: " + b"y" * 500), [431]),
        (get(b"/calls", *[b"X: 1"] * 10), [431]),
        (get(b"/calls", method=b"TRACE"), [501]),
        (get(b"/calls", version=b"1.2"), [505]),
    ],
)
def test_a_refusal_is_the_last_answer_and_our_last_word(cut: Cut, data: bytes, statuses: list[int]) -> None:
    client = House().client().send(*cut(data))
    assert (client.statuses, client.how) == (statuses, "half-closed")


@in_both_ways
@pytest.mark.parametrize(
    ("data", "answered"),
    [
        (b"\x16\x03\x01\x02\x00", []),
        (b"GET /calls\r\n", []),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []),
        (b"SSH-2.0-x\r\n", []),
        (b"x" * 100, []),
        (GET + b"HTTP/1.1 200 OK\r\n\r\n", [b"GET /calls"]),
    ],
)
def test_what_is_not_http_is_closed_without_a_word(cut: Cut, data: bytes, answered: list[bytes]) -> None:
    client = House().client().send(*cut(data))
    assert (client.bodies, client.how) == (answered, "closed")


@pytest.mark.parametrize("at", range(0, len(BODY + CHUNKED + GET), 3))
def test_a_conversation_is_the_same_wherever_it_is_cut(at: int) -> None:
    data = BODY + CHUNKED + GET
    client = House().client().send(data[:at], data[at:])
    assert client.bodies == [b"POST /calls abc", b"POST /calls abc", b"GET /calls"]


def test_the_handler_gets_the_request_as_it_came() -> None:
    house = House()
    house.client().send(POST + b"X-A: b\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\xff\r\n0\r\n\r\n")
    headers = (("host", "acme.example"), ("x-a", "b"), ("transfer-encoding", "chunked"))
    assert house.asked == [HttpRequest(method="POST", target=b"/calls", headers=headers, body=b"\xff", chunked=True)]


def test_only_the_names_of_the_house_are_answered_to() -> None:
    house = House(hosts=("pbx.example",))
    assert house.client().send(GET).statuses == [421]
    assert house.asked == []


# --- the bytes of an answer ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (GET, ANSWER),
        (GET + GET, ANSWER + ANSWER),
        (get(b"/calls", b"Connection: close"), LAST_ANSWER),
        (get(b"/calls", version=b"1.0"), LAST_ANSWER),
        (get(b"/calls", b"Connection: keep-alive", version=b"1.0"), ANSWER),
        (get(b"/calls", method=b"HEAD"), OK + b"content-length: 11\r\n" + DATED + b"\r\n"),
        (
            get(b"/calls", version=b"3"),
            b"HTTP/1.1 505 HTTP Version Not Supported\r\ncontent-type: text/plain; charset=utf-8\r\n"
            b"content-length: 24\r\nconnection: close\r\n" + DATED + b"\r\nHTTP/1.1 is spoken here\n",
        ),
    ],
)
def test_an_answer_is_these_bytes(data: bytes, expected: bytes) -> None:
    assert House().client().send(data).got == expected


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (HttpResponse(http_status=200), b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n" + DATED + b"\r\n"),
        (HttpResponse(http_status=204, body=b"x"), b"HTTP/1.1 204 No Content\r\n" + DATED + b"\r\n"),
        (HttpResponse(http_status=304, body=b"x"), b"HTTP/1.1 304 Not Modified\r\n" + DATED + b"\r\n"),
        (
            HttpResponse(http_status=299, headers=(("X-One", "1"), ("x-one", "2")), body=b"\x00\r\n"),
            b"HTTP/1.1 299 \r\nx-one: 1\r\nx-one: 2\r\ncontent-length: 3\r\n" + DATED + b"\r\n\x00\r\n",
        ),
        (
            HttpResponse(http_status=200, headers=(("X", "caf\xe9 \u20ac"),)),
            b"HTTP/1.1 200 OK\r\nx: caf\xe9 ?\r\ncontent-length: 0\r\n" + DATED + b"\r\n",
        ),
        (
            HttpResponse(http_status=200, headers=(("X", "1\r\nSet-Cookie: a"),), body=b"x"),
            b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n" + DATED + b"\r\n",
        ),
        (
            HttpResponse(http_status=200, headers=(("X", "1\n"),), body=b"x"),
            b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n" + DATED + b"\r\n",
        ),
        (
            HttpResponse(http_status=200, headers=(("X\r", "1"),), body=b"x"),
            b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n" + DATED + b"\r\n",
        ),
    ],
)
def test_a_response_is_written_as_these_bytes(response: HttpResponse, expected: bytes) -> None:
    assert House(lambda request: response).client().send(GET).got == expected


# --- who waits for a go-ahead -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"], GO_AHEAD),
        ([POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nab"], GO_AHEAD),
        ([POST + b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"], GO_AHEAD),
        ([POST + b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n"], b""),
        ([POST + b"Content-Length: 3\r\n\r\n"], b""),
        ([POST.replace(b"1.1", b"1.0") + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"], b""),
        (
            [POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n", b"a", b"bc"],
            GO_AHEAD + OK + b"content-length: 15\r\n" + DATED + b"\r\nPOST /calls abc",
        ),
        (
            [POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"],
            OK + b"content-length: 15\r\n" + DATED + b"\r\nPOST /calls abc",
        ),
        (
            [POST + b"Expect: 100-continue\r\nContent-Length: 0\r\n\r\n"],
            OK + b"content-length: 11\r\n" + DATED + b"\r\nPOST /calls",
        ),
    ],
)
def test_a_go_ahead_is_given_once_and_where_it_is_waited_for(pieces: list[bytes], expected: bytes) -> None:
    assert House().client().send(*pieces).got == expected


def test_a_body_that_is_too_large_gets_no_go_ahead() -> None:
    client = House().client().send(POST + b"Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n")
    assert client.statuses == [413]


# --- deadlines ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pieces", "seconds", "statuses", "how"),
    [
        ([], 4, [], "closed"),
        ([b"\r\n"], 4, [], "closed"),
        ([b"G"], 4, [408], "half-closed"),
        ([GET[:-1]], 4, [408], "half-closed"),
        ([BODY[:-1]], 6, [408], "half-closed"),
        ([POST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n"], 6, [100, 408], "half-closed"),
        ([CHUNKED[:-1]], 6, [408], "half-closed"),
        ([GET], 8, [200], "closed"),
        ([GET + b"\r\n"], 4, [200], "closed"),
        ([GET + b"G"], 4, [200, 408], "half-closed"),
        ([GET, b"G"], 4, [200, 408], "half-closed"),
        ([BODY, BODY[:-1]], 6, [200, 408], "half-closed"),
    ],
)
def test_a_client_has_so_many_seconds(pieces: list[bytes], seconds: float, statuses: list[int], how: str) -> None:
    client = House().client().send(*pieces).wait(seconds - 0.1)
    assert (408 in client.statuses, client.how) == (False, "open")
    # Connections are looked at twice a second.
    client.wait(0.5)
    assert (client.statuses, client.how) == (statuses, how)


def test_a_head_that_comes_drop_by_drop_has_no_more_time_than_another() -> None:
    client = House().client()
    for byte in GET[:8]:
        client.send(bytes([byte])).wait(0.6)
    assert client.statuses == [408]


def test_a_body_that_comes_drop_by_drop_has_no_more_time_than_another() -> None:
    client = House().client().send(POST + b"Content-Length: 100\r\n\r\n")
    for _ in range(11):
        client.send(b"x").wait(0.6)
    assert client.statuses == [408]


def test_the_time_for_a_body_begins_when_its_head_has_come() -> None:
    client = House().client().send(b"P").wait(3.5).send(BODY[1:-1]).wait(5.9).send(b"c")
    assert client.bodies == [b"POST /calls abc"]


def test_the_time_for_the_next_head_begins_with_its_first_byte() -> None:
    client = House().client().send(GET).wait(7.9).send(GET[:1]).wait(3.9).send(GET[1:])
    assert client.bodies == [b"GET /calls", b"GET /calls"]


def test_each_answer_gives_the_client_its_idle_time_anew() -> None:
    client = House().client()
    for _ in range(5):
        client.send(GET).wait(7.4)
    assert (client.statuses, client.how) == ([200] * 5, "open")


def test_a_refused_client_is_heard_out_for_a_second_and_no_longer() -> None:
    client = House().client().send(b"GET / HTTP/3\r\n")
    assert client.wait(0.9).how == "half-closed"
    assert client.wait(0.6).how == "aborted"


def test_a_refused_client_is_not_listened_to() -> None:
    client = House().client().send(b"GET / HTTP/3\r\n", GET, GET)
    assert client.statuses == [505]


def test_a_refused_client_that_ends_too_is_closed_at_once() -> None:
    assert House().client().send(b"GET / HTTP/3\r\n").half_close().how == "closed"


def test_a_refused_client_is_closed_at_once_where_half_closing_cannot_be() -> None:
    client = House().client(half_closes=False).send(b"GET / HTTP/3\r\n")
    assert (client.statuses, client.how) == ([505], "closed")


def test_nobody_is_looked_after_when_all_have_gone() -> None:
    house = House()
    client = house.client()
    client.transport.leave()
    house.loop.advance(1)
    assert house.loop.timers == []


@pytest.mark.parametrize("moment", [b"", b"GET", BODY[:-1], GET, b"GET / HTTP/3\r\n"])
def test_a_client_that_is_gone_is_not_closed_again(moment: bytes) -> None:
    client = House().client().send(moment)
    client.transport.leave()
    said = client.got
    client.wait(30)
    assert (client.got, client.transport.aborted) == (said, False)


# --- who does not read --------------------------------------------------------------------------------------


def test_a_client_that_does_not_read_is_not_answered_beyond_its_room() -> None:
    house = House(lambda request: text(b"x" * 300))
    house.client(reads=False).send(GET * 10)
    # An answer is 404 bytes long, so the third of them is the one beyond a thousand.
    assert len(house.asked) == 3


def test_a_client_that_does_not_read_is_not_heard_either() -> None:
    client = House(lambda request: text(b"x" * 2000)).client(reads=False).send(GET)
    assert client.transport.reads is False


def test_a_client_that_reads_again_gets_all_its_answers_in_order() -> None:
    house = House(lambda request: text(request.target * 20))
    client = house.client(reads=False).send(b"".join(get(b"/%02d" % number) for number in range(30)))
    client.wait(4.9).catch_up()
    assert client.bodies == [b"/%02d" % number * 20 for number in range(30)]


def test_what_came_while_a_client_did_not_read_is_answered_when_it_does() -> None:
    client = House(lambda request: text(b"x" * 2000)).client(reads=False).send(GET, GET, GET)
    assert len(client.house.asked) == 1
    assert client.catch_up().statuses == [200] * 3


def test_a_client_that_does_not_read_in_time_is_cut_off() -> None:
    client = House(lambda request: text(b"x" * 2000)).client(reads=False).send(GET).wait(4.9)
    assert client.how == "open"
    assert client.wait(0.5).how == "aborted"


def test_a_client_that_has_read_has_its_idle_time() -> None:
    client = House(lambda request: text(b"x" * 2000)).client(reads=False).send(GET).wait(4.9).catch_up()
    assert client.wait(7.9).how == "open"
    assert client.wait(0.5).how == "closed"


def test_a_last_answer_that_is_not_read_in_time_is_cut_off() -> None:
    client = House().client(reads=False).send(get(b"/calls", b"Connection: close"))
    assert client.wait(4.9).how == "closed"
    assert client.wait(0.5).how == "aborted"


# --- who says no more ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "bodies"),
    [
        (b"", []),
        (GET, [b"GET /calls"]),
        (GET + GET, [b"GET /calls", b"GET /calls"]),
        (GET * 40, [b"GET /calls"] * 40),
        (GET[:-1], []),
    ],
)
def test_a_client_that_says_no_more_is_answered_and_closed(data: bytes, bodies: list[bytes]) -> None:
    client = House().client()
    client.transport.send(data)
    client.half_close()
    assert (client.bodies, client.how) == (bodies, "closed")


@pytest.mark.parametrize("data", [GET, GET[:-1], BODY[:-1], CHUNKED[:-1], BODY])
def test_a_client_that_says_no_more_later_is_closed_at_once(data: bytes) -> None:
    client = House().client().send(data)
    said = client.got
    assert (client.half_close().how, client.got) == ("closed", said)


def test_a_refused_client_that_has_said_no_more_is_closed_at_once() -> None:
    client = House().client()
    client.transport.send(b"GET / HTTP/3\r\n")
    client.half_close()
    assert (client.statuses, client.how) == ([505], "closed")


def test_a_refused_client_that_has_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    client = House().client()

    def fail() -> None:
        raise OSError(107, "Transport endpoint is not connected")

    monkeypatch.setattr(client.transport, "write_eof", fail)
    assert client.send(b"GET / HTTP/3\r\n").how == "aborted"


# --- limits, and turns --------------------------------------------------------------------------------------


def test_one_connection_too_many_is_told_so_and_closed_when_it_has_had_time_to_read() -> None:
    house = House()
    held = [house.client() for _ in range(3)]
    one_more = house.client().send(GET)
    assert answers(one_more.got) == [(503, b"at most 3 connections at a time\n")]
    assert one_more.how == "half-closed"
    assert one_more.wait(1.1).how == "aborted"
    assert [client.send(GET).statuses for client in held] == [[200]] * 3


def test_who_leaves_makes_room() -> None:
    house = House()
    held = [house.client() for _ in range(3)]
    held[1].transport.leave()
    assert house.client().send(GET).statuses == [200]


def test_many_requests_of_one_client_do_not_keep_another_waiting() -> None:
    house = House()
    many, few = house.client(), house.client()
    many.transport.send(get(b"/many") * 40)
    few.transport.send(get(b"/few"))
    house.loop.settle()
    assert [request.target for request in house.asked] == [b"/many"] * 16 + [b"/few"] + [b"/many"] * 24


def test_a_flood_is_not_read_on_while_some_of_it_is_unanswered() -> None:
    client = House().client()
    client.transport.send(GET * 20)
    # When it comes as many are answered as may be in one turn.
    client.house.loop.turn()
    assert (client.statuses, client.transport.reads) == ([200] * 16, False)


def test_a_flood_is_answered_whole_and_then_read_on() -> None:
    client = House().client()
    client.transport.send(GET * 100)
    client.transport.send(GET * 100)
    client.house.loop.settle()
    assert (client.statuses, client.transport.reads) == ([200] * 200, True)


# --- what is told of refusals -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "logged", "refused"),
    [
        (GET, [], []),
        (b"GET / HTTP/3\r\n", [], [505]),
        (b"GET / HTTP/1.1\n", [], [400]),
        (b"\x16\x03\x01", [r"closed, TLS on a port without it: b'\x16\x03\x01'"], []),
        (b"\x1b[2J\r\n" + b"x" * 200, ["closed, not HTTP/1.1: b'\\x1b[2J\\r\\n" + "x" * 74 + "'"], []),
        (b"x" * 100, ["closed, not HTTP: b'" + "x" * 80 + "'"], []),
    ],
)
def test_a_client_turned_away_is_told_of_once(data: bytes, logged: list[str], refused: list[int]) -> None:
    house = House()
    house.client().send(data)
    assert (house.logged, house.refused) == (logged, refused)


def test_a_time_out_is_told_of_as_a_refusal() -> None:
    house = House()
    house.client().send(b"GET").wait(5)
    assert house.refused == [408]


# --- handlers that fail -------------------------------------------------------------------------------------


def broken(request: HttpRequest) -> HttpResponse:
    """A handler that breaks its promise."""
    raise ValueError(request.target)


def test_a_handler_that_raises_leaves_the_client_without_an_answer_and_the_loop_hears_of_it() -> None:
    client = House(broken).client().send(GET)
    assert (client.got, client.how, client.house.loop.problems) == (b"", "open", ["ValueError(b'/calls')"])


def test_a_client_whose_handler_raised_is_closed_when_its_time_is_over() -> None:
    assert House(broken).client().send(GET).wait(4.5).how == "closed"


def test_a_failure_within_the_application_is_a_plain_500_and_the_connection_stays() -> None:
    def fail(heard: object) -> None:
        raise RuntimeError("no")

    logged: list[str] = []
    simulator = Simulator(load_spec("ozeki/list-call-history"), World.of(seed=1, calls=1))
    answering = Application([simulator], ServerOptions(on_exchange=fail, log=logged.append))
    client = House(answering.respond).client().send(GET, GET)
    assert answers(client.got) == [(500, b"the simulator itself failed; its log says why\n")] * 2
    assert logged == ["500 GET /calls: RuntimeError: no"] * 2
    assert client.how == "open"


def test_rows_are_made_ahead_of_a_list_that_was_asked_for_and_no_answer_changes() -> None:
    def house() -> tuple[Application, Client]:
        answering = Application([Simulator(load_spec("ozeki/list-call-history"), World.of(seed=1, calls=9_000))])
        return answering, House(answering.respond).client()

    def page(number: int) -> bytes:
        target = f"/api?command=ListCallHistory&Username=HTTP_User_1&Password=qwe123&PageNumber={number}"
        return f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()

    (ahead, first), (_, second) = house(), house()
    assert not ahead.work_ahead(), "nobody asked for anything"
    first.send(page(1))
    second.send(page(1))
    assert ahead.work_ahead(), "9,000 rows are more than one block"
    assert not ahead.work_ahead()
    pages = [page(number) for number in range(0, 450, 9)]
    assert first.send(*pages).got == second.send(*pages).got
    assert first.got.count(b"HTTP/1.1 200 OK") == 51


def test_a_failure_in_idle_time_is_a_line_in_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(simulator: Simulator) -> bool:
        raise RuntimeError("no")

    logged: list[str] = []
    monkeypatch.setattr(Simulator, "make_rows_ahead", fail)
    simulator = Simulator(load_spec("ozeki/list-call-history"), World.of(seed=1, calls=1))
    assert not Application([simulator], ServerOptions(log=logged.append)).work_ahead()
    assert logged == ["rows that nobody asked for yet: RuntimeError: no"]


# --- the end of the server ----------------------------------------------------------------------------------


def shut_down(client: Client) -> Client:
    client.connection.shutdown()
    client.house.loop.settle()
    return client


@pytest.mark.parametrize("data", [b"", GET, GET[:-1], b"\r\n"])
def test_a_client_whose_request_is_not_whole_is_closed_when_the_server_ends(data: bytes) -> None:
    client = House().client().send(data)
    said = client.got
    assert (shut_down(client).how, client.got) == ("closed", said)


def test_a_request_that_has_just_come_is_answered_when_the_server_ends() -> None:
    client = House().client()
    client.transport.send(GET)
    client.house.loop.turn()
    assert (shut_down(client).bodies, client.how) == ([b"GET /calls"], "closed")


def test_a_body_that_becomes_whole_after_the_server_ended_is_not_answered() -> None:
    client = shut_down(House().client().send(BODY[:-1])).send(BODY[-1:])
    assert (client.bodies, client.house.asked) == ([], [])


# --- the raw lane: answers carried badly --------------------------------------------------------------------


def carried(**how: object) -> Callable[[HttpRequest], Delivery]:
    """A handler whose answers are the echo, carried in some way."""
    return lambda request: replace(Delivery(response=echo(request)), **how)  # type: ignore[arg-type]


def test_a_late_answer_comes_at_its_time() -> None:
    client = House(carried(wait_seconds=60.0)).client().send(GET).wait(59.9)
    assert (client.got, client.how) == (b"", "open")
    assert (client.wait(0.2).got, client.how) == (ANSWER, "open")


def test_late_answers_keep_their_order_and_come_one_after_another() -> None:
    client = House(carried(wait_seconds=10.0)).client().send(get(b"/a") + get(b"/b") + get(b"/c"))
    assert client.wait(20.5).bodies == [b"GET /a", b"GET /b"]


def test_a_client_is_not_heard_before_its_late_answer_is_out() -> None:
    client = House(carried(wait_seconds=10.0)).client().send(GET, GET)
    assert client.transport.reads is False
    assert client.wait(20).bodies == [b"GET /calls", b"GET /calls"]


def test_a_late_answer_gives_the_client_its_idle_time() -> None:
    client = House(carried(wait_seconds=10.0)).client().send(GET).wait(17.9)
    assert client.how == "open"
    assert client.wait(0.6).how == "closed"


def test_a_client_that_said_no_more_gets_its_late_answer() -> None:
    client = House(carried(wait_seconds=10.0)).client()
    client.transport.send(GET)
    client.half_close()
    assert (client.wait(10.1).bodies, client.how) == ([b"GET /calls"], "closed")


@pytest.mark.parametrize(
    ("ending", "how"), [("dropped", "closed"), ("reset", "aborted"), ("silent", "open"), ("answered", "open")]
)
def test_a_carried_answer_ends_as_it_should(ending: DeliveryEnd, how: str) -> None:
    client = House(carried(ending=ending)).client().send(GET).wait(7)
    assert (client.got, client.how) == (ANSWER if ending == "answered" else b"", how)


def test_silence_has_no_end_of_its_own() -> None:
    client = House(carried(ending="silent")).client().send(GET).wait(100_000)
    assert (client.got, client.how) == (b"", "open")


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"share": 0.5}, LAST_ANSWER[:-5]),
        ({"share": 0.0}, LAST_ANSWER[:-10]),
        ({"length_off": 7}, LAST_ANSWER.replace(b"length: 10", b"length: 17")),
        ({"length_off": -20}, LAST_ANSWER.replace(b"length: 10", b"length: 0")),
    ],
)
def test_an_answer_that_is_not_whole_is_the_last_one(how: dict[str, object], expected: bytes) -> None:
    client = House(carried(**how)).client().send(GET + GET)
    assert (client.got, client.how) == (expected, "closed")


def test_a_dribbled_body_comes_in_drops() -> None:
    client = House(carried(bytes_a_second=2.0)).client().send(GET)
    assert client.got == ANSWER[:-10]
    assert client.wait(1.1).got == ANSWER[:-8]
    assert client.wait(4).got == ANSWER


@pytest.mark.parametrize("ending", ["answered", "silent"])
def test_an_answer_on_its_way_is_cut_off_when_the_server_ends(ending: DeliveryEnd) -> None:
    client = House(carried(ending=ending, wait_seconds=10.0)).client().send(GET)
    assert (shut_down(client).got, client.how) == (b"", "aborted")


def test_a_late_answer_to_a_client_that_is_gone_is_not_written() -> None:
    client = House(carried(wait_seconds=10.0)).client().send(GET)
    client.transport.leave()
    assert (client.wait(20).got, client.house.loop.problems) == (b"", [])
