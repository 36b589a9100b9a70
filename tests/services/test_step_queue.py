"""Jobs run one at a time and in order, and a message is posted when its job is no longer there."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from textual.message import Message

from app.services.messages import StepDone
from app.services.step_queue import Job, StepQueue


def done(said: str) -> Job:
    return lambda: StepDone([said])


def after(gate: threading.Event, said: str) -> Job:
    def job() -> Message:
        assert gate.wait(60)
        return StepDone([said])

    return job


def taken(messages: queue.Queue[str], number: int) -> list[str]:
    return [messages.get(timeout=60) for _ in range(number)]


def posting(messages: queue.Queue[str]) -> Callable[[Message], None]:
    def post(message: Message) -> None:
        assert isinstance(message, StepDone)
        messages.put(message.said[0])

    return post


def test_patient_jobs_run_in_their_order() -> None:
    messages: queue.Queue[str] = queue.Queue()
    steps, gate = StepQueue(posting(messages)), threading.Event()
    assert steps.put(after(gate, "first"))
    for said in ("second", "third"):
        assert steps.put(done(said))
    assert steps.busy
    gate.set()
    assert taken(messages, 3) == ["first", "second", "third"]
    assert not steps.busy


def test_an_impatient_job_is_refused_while_another_is_under_way() -> None:
    messages: queue.Queue[str] = queue.Queue()
    steps, gate = StepQueue(posting(messages)), threading.Event()
    assert steps.put(after(gate, "first"), patient=False)
    assert not steps.put(done("refused"), patient=False)
    gate.set()
    assert taken(messages, 1) == ["first"]
    assert steps.put(done("next"), patient=False)
    assert taken(messages, 1) == ["next"]
    assert messages.empty()


def test_the_handler_of_a_message_may_begin_the_next_job() -> None:
    said: queue.Queue[str] = queue.Queue()

    def post(message: Message) -> None:
        assert isinstance(message, StepDone)
        if message.said == ["first"]:
            assert steps.put(done("second"), patient=False)
        said.put(message.said[0])

    steps = StepQueue(post)
    steps.put(done("first"))
    assert sorted(taken(said, 2)) == ["first", "second"]


def test_a_job_without_a_message_posts_nothing() -> None:
    messages: queue.Queue[str] = queue.Queue()
    steps = StepQueue(posting(messages))
    steps.put(lambda: None)
    steps.put(done("last"))
    assert taken(messages, 1) == ["last"]
    assert messages.empty()
