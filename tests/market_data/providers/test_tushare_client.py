"""The client against a server on this machine: what it sends, and what it makes of every kind of answer."""

import socket
import struct
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from market_data.exceptions import (
    BadPayload,
    BadRequest,
    NotPermitted,
    Permanent,
    ProviderError,
    RateLimited,
    Transient,
    Unreachable,
)
from market_data.providers.base import Answer, Call, NoTurn, Stopped
from market_data.providers.tushare import Client
from tests.market_data.providers.server import Handler, Reply, Server, answering, sending

TOKEN = "a-token-of-forty-characters-0123456789ab"
CALL = Call("daily", {"trade_date": "20240108"}, ("ts_code", "close"))


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    made = Client(TOKEN, f"{server.url}/dataapi", timeout=5)
    yield made
    made.close()


class Waiting(NoTurn):
    """A turn that does something when it comes."""

    def __init__(self, do: Callable[[], None]) -> None:
        self.wait = do  # type: ignore[method-assign]


def ask(client: Client, call: Call = CALL) -> Answer:
    return client.ask(call, NoTurn(), lambda answer: answer)


def test_a_call_is_one_post_to_the_address_as_given(server: Server, client: Client) -> None:
    assert ask(client) == Answer({"ts_code": ["600001.SH"], "close": [10.5]}, 1)
    path, body, _ = server.seen[0]
    assert path == "/dataapi"
    assert body == {
        "api_name": "daily",
        "token": TOKEN,
        "params": {"trade_date": "20240108"},
        "fields": "ts_code,close",
    }


def test_calls_share_a_connection(server: Server, client: Client) -> None:
    for _ in range(3):
        ask(client)
    assert len({port for _, _, port in server.seen}) == 1


def test_a_connection_that_the_server_closed_is_made_anew(server: Server, client: Client) -> None:
    def close_after(handler: Handler) -> None:
        answering(fields=["ts_code"], items=[])(handler)
        handler.close_connection = True

    server.reply = close_after
    rows = []
    for _ in range(3):
        rows.append(ask(client).rows)
        time.sleep(0.1)  # until the other side's close has arrived
    assert rows == [0, 0, 0]
    assert len({port for _, _, port in server.seen}) == 3


def test_nothing_is_sent_before_its_turn_and_the_connection_stands_by_then(server: Server, client: Client) -> None:
    seen_at_turn: list[int] = []
    client.ask(CALL, Waiting(lambda: seen_at_turn.append(len(server.seen))), lambda answer: None)
    assert (seen_at_turn, len(server.seen)) == ([0], 1)


def test_a_call_given_up_in_its_turn_is_not_sent(server: Server, client: Client) -> None:
    def give_up() -> None:
        raise Stopped

    with pytest.raises(Stopped):
        client.ask(CALL, Waiting(give_up), lambda answer: None)
    assert server.seen == []
    ask(client)
    assert len(server.seen) == 1


def test_a_frame_comes_as_from_the_package(server: Server, client: Client) -> None:
    frame = client.query("daily", fields="ts_code, close", trade_date="20240108")
    assert frame.to_dict("list") == {"ts_code": ["600001.SH"], "close": [10.5]}
    assert server.seen[0][1]["params"] == {"trade_date": "20240108"}


def test_an_honest_empty_answer_keeps_its_columns(server: Server, client: Client) -> None:
    server.reply = answering(fields=["ts_code", "close"], items=[])
    assert ask(client) == Answer({"ts_code": [], "close": []}, 0)


def test_it_is_told_that_there_is_more(server: Server, client: Client) -> None:
    server.reply = answering(fields=["ts_code"], items=[["600001.SH"]], has_more=True)
    assert ask(client).has_more is True


def test_it_is_told_that_the_data_is_made_up(server: Server, client: Client) -> None:
    server.reply = answering(fields=["ts_code"], items=[], headers={"X_Stocksync_Made_Up": "1"})
    assert ask(client).made_up is True


GOOD = b'{"code": 0, "data": {"fields": ["ts_code"], "items": []}}'


def no_answer(handler: Handler) -> None:
    """Reset the connection."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def half_an_answer(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"code": 0')
    handler.close_connection = True


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (sending(429, GOOD), RateLimited),
        (sending(400, GOOD), Transient),
        (sending(500, GOOD), Transient),
        (sending(403, b"<html>"), Transient),
        (sending(404, b""), Transient),
        (sending(500, b"oops"), Transient),
        (sending(502, b"<html>Bad Gateway</html>"), Transient),
        (sending(503, b""), Transient),
        (sending(200, b"<html>please log in</html>"), Transient),
        (sending(200, b'{"code": 0, "data": {"fie'), Transient),
        (sending(200, b""), Transient),
        (sending(200, b"[]"), Transient),
        (sending(200, b"null"), Transient),
        (sending(200, b'"text"'), Transient),
        (sending(200, b"\xff\xfe\x00"), Transient),
        (sending(200, b"{}"), Transient),
        (answering(), Transient),
        (answering(fields=[], items=[]), Transient),
        (answering(fields=None, items=None), Transient),
        (answering(items=[["600001.SH"]]), Transient),
        (answering(fields=["ts_code"], items={"a": 1}), Transient),
        (answering(fields=["ts_code", "close"], items=[["600001.SH", 1.0], ["600002.SH"]]), BadPayload),
        (answering(40101, "您的token不对，请确认。"), Permanent),
        (answering(40203, "抱歉，您没有接口(daily)访问权限"), NotPermitted),
        (answering(40203, "抱歉，您每分钟最多访问该接口200次"), RateLimited),
        (answering(50101, "必填参数, ts_code"), BadRequest),
        (answering(-2001, None), Transient),  # type: ignore[arg-type]
        (no_answer, Unreachable),
        (half_an_answer, ProviderError),
    ],
)
def test_every_answer_is_an_answer_or_an_error_of_ours(
    server: Server, client: Client, reply: Reply, kind: type[ProviderError]
) -> None:
    server.reply = reply
    with pytest.raises(kind) as caught:
        ask(client)
    assert str(caught.value)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "data",
    [
        {"fields": ["ts_code"], "items": [None]},
        {"fields": ["ts_code"], "items": [5]},
        {"fields": ["ts_code"], "items": [{"ts_code": "600001.SH"}]},
        {"fields": [["ts_code"]], "items": [["600001.SH"]]},
        {"fields": ["close"], "items": ["5"]},
    ],
)
def test_rows_that_are_no_rows_are_refused(server: Server, client: Client, data: dict[str, Any]) -> None:
    server.reply = answering(**data)
    with pytest.raises(ProviderError):
        ask(client)


def test_a_server_that_takes_too_long_is_unreachable(server: Server) -> None:
    release = threading.Event()

    def late(handler: Handler) -> None:
        release.wait(10)

    server.reply = late
    slow = Client(TOKEN, server.url, timeout=0.05)
    with pytest.raises(Unreachable, match="does not answer"):
        ask(slow)
    release.set()
    slow.close()


def test_where_nobody_listens_it_is_unreachable(server: Server) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(Unreachable, match=url):
            ask(Client(TOKEN, url, timeout=5))


@pytest.mark.parametrize("url", ["api.tushare.pro", "ftp://127.0.0.1", "http://", "http://:80x"])
def test_an_address_that_is_none_is_permanent_and_names_its_setting(url: str) -> None:
    with pytest.raises(Permanent, match="TUSHARE_API_URL"):
        ask(Client(TOKEN, url, timeout=5))


def test_after_an_error_the_connection_serves_again(server: Server, client: Client) -> None:
    good = server.reply
    for reply in (sending(500, b"oops"), no_answer, sending(200, b"<html>")):
        server.reply = reply
        with pytest.raises(ProviderError):
            ask(client)
    server.reply = good
    assert ask(client).rows == 1


@pytest.mark.parametrize(
    "reply",
    [
        answering(40101, f"您的token不对，请确认。{TOKEN}"),
        pytest.param(
            sending(200, f"<html>{TOKEN}</html>".encode()),
        ),
        sending(500, TOKEN.encode()),
        no_answer,
    ],
)
def test_the_token_is_in_no_message_and_no_traceback(
    server: Server, client: Client, caplog: pytest.LogCaptureFixture, reply: Reply
) -> None:
    caplog.set_level(0)
    server.reply = reply
    with pytest.raises(ProviderError) as caught:
        ask(client)
    told = "".join(traceback.format_exception(caught.value))
    assert TOKEN not in told + repr(caught.value) + caplog.text + repr(client)


@pytest.mark.parametrize(
    "reply",
    [
        answering(fields=["ts_code", TOKEN], items=[[TOKEN, f"x{TOKEN}y"]]),
        answering(fields=["ts_code", TOKEN], items=[[TOKEN]]),
        answering(fields=["ts_code", 5], items=[[TOKEN, 1]]),
        answering(fields=[[TOKEN], 5], items=[]),
    ],
)
def test_an_echo_of_the_token_is_neither_data_nor_evidence(server: Server, client: Client, reply: Reply) -> None:
    server.reply = reply
    try:
        got = str(ask(client))
    except ProviderError as error:
        got = f"{error} {getattr(error, 'evidence', None)}"
    assert TOKEN not in got
    assert "***" in got or "names" in got


def test_the_password_of_an_address_is_not_told() -> None:
    client = Client(TOKEN, "http://me:pa55word@127.0.0.1:1/?key=pa55word", 1.0)
    with pytest.raises(ProviderError) as caught:
        ask(client)
    client.close()
    assert "pa55word" not in str(caught.value)


def test_many_threads_get_their_own_answers(server: Server, client: Client) -> None:
    def echo(handler: Handler) -> None:
        _, body, _ = next(seen for seen in reversed(server.seen) if seen[2] == handler.client_address[1])
        answering(fields=["ts_code"], items=[[body["params"]["n"]]])(handler)

    server.reply = echo
    got: dict[int, Any] = {}

    def work(n: int) -> None:
        got[n] = ask(client, Call("daily", {"n": n}, ("ts_code",))).columns["ts_code"][0]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {n: n for n in range(20)}
