"""One request's head, however it arrives and whatever is in it."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.oauth.callback import Callback, RedirectAnswer
from app.oauth.callback_connection import HEAD_LIMIT, CallbackConnection
from app.oauth.callback_rules import CallbackRules
from tests.helpers.callback_client import GOOD, STATE, answer_in


class Wire(asyncio.Transport):
    """A transport that keeps what is written until it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.ended = False

    def write(self, data: Any) -> None:
        assert not self.ended
        self.written += data

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    close = abort = write_eof


async def test_a_head_has_five_seconds() -> None:
    callback = Callback("http://127.0.0.1:4/stripe", Path(), lambda _: None)
    caller = CallbackConnection(lambda _: (404, ""), callback._patience)
    caller.connection_made(Wire())
    due = caller._timer.when()
    assert due - asyncio.get_running_loop().time() == pytest.approx(5.0, abs=0.1)
    caller.data_received(b"GET / HT")  # a byte now and then buys no time
    assert caller._timer.when() == due
    caller.connection_lost(None)
    assert caller._timer.cancelled()


METHODS = st.sampled_from([b"GET", b"POST", b"HEAD", b"CONNECT", b"PRI", b"get", b"\x16\x03\x01"])
WORDS = [
    *(GOOD.encode(), STATE.encode(), b"/stripe?", b"code=ac_1", b"state=", b"&", b"?", b"/", b"#"),
    *(b"error=access_denied", b"account_id=acct_1", b"livemode=true", b"%", b"%00", b"+", b"*"),
]
HEADERS = [
    *(b"Host: 127.0.0.1:4\r\n", b"Host: localhost:4\r\n", b"host:127.0.0.1:4 \r\n"),
    *(b"Sec-Fetch-Dest: document\r\n", b"Sec-Fetch-Dest: image\r\n", b"X: y\r\n", b" folded\r\n"),
    *(b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(b"Connection: upgrade\r\nUpgrade: h2c\r\n", b"Expect: 100-continue\r\n", b": \r\n"),
]


def some(pieces: list[bytes], most: int) -> st.SearchStrategy[bytes]:
    """A few of these after another, seldom with arbitrary bytes among them."""
    known = st.sampled_from(pieces)
    return st.lists(known | known | known | st.binary(max_size=9), max_size=most).map(b"".join)


HEADS = st.builds(
    lambda method, target, version, headers, tail: (
        method + b" " + target + version + b"\r\n" + HEADERS[0] + headers + b"\r\n" + tail
    ),
    st.just(b"GET") | METHODS,
    st.just(GOOD.encode()) | some(WORDS, 5),
    st.sampled_from([b" HTTP/1.1", b" HTTP/1.0", b" HTTP/2.0", b" HTTP/9", b""]),
    some(HEADERS, 3),
    some([b"abcde", b"GET / HTTP/1.1\r\n\r\n", b"POST"], 2),
)
ARBITRARY = st.binary(max_size=300) | some([*WORDS, *HEADERS, b"GET ", b"\r\n", b"x" * 9000], 9)
WHOLE = b"GET %s HTTP/1.1\r\n%s\r\n" % (GOOD.encode(), HEADERS[0])


async def told(parts: list[bytes]) -> tuple[bytes, list[RedirectAnswer]]:
    """The answer to these pieces of a request's bytes, and what was heard."""
    heard: list[RedirectAnswer] = []
    rules = CallbackRules("http://127.0.0.1:4/stripe", heard.append)
    rules.expect(STATE)
    caller, wire = CallbackConnection(rules.judge, 0.0), Wire()
    caller.connection_made(wire)
    for part in parts:
        caller.data_received(part)
    for _ in range(2):  # its patience ends
        await asyncio.sleep(0)
    assert wire.ended
    assert not caller.eof_received()
    caller.connection_lost(None)
    assert caller.gone.done()
    return wire.written, heard


@settings(max_examples=300)
@given(HEADS | ARBITRARY, st.lists(st.integers(0, 300), max_size=8))
@example(WHOLE, [])
@example(WHOLE, [1, 30, 60])
@example(b"POST" + WHOLE[3:] + WHOLE, [])
@example(b"GET /stripe?code=ac_1&account_id=acct_1 HTTP/1.1\r\nHost: 127.0.0.1:4\r\n\r\n", [9])
def test_whatever_arrives_is_answered(raw: bytes, cuts: list[int]) -> None:
    ends = [0, *sorted({cut for cut in cuts if cut < len(raw)}), len(raw)]
    parts = [raw[begin:end] for begin, end in itertools.pairwise(ends)]
    answer, heard = asyncio.run(told(parts))
    status = answer_in(answer).status
    assert status in (200, 400, 403, 404, 405, 421)
    assert len(heard) == (status == 200)
    if heard and heard[0].kind != "uninvited":
        assert STATE.encode() in raw
    if len(raw) <= HEAD_LIMIT:  # then how it was cut makes no difference
        assert (answer, heard) == asyncio.run(told([raw]))
