"""What mail servers answer, and who is meant. Each row of the table has its source."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.invites.mail.smtp_replies import Concern, Meaning, Phase, SmtpReply

TABLE = Path(__file__).with_name("smtp_replies.csv")


def rows() -> list[tuple[Phase, str, Meaning]]:
    """(what was answered, the answer, its meaning)."""
    with TABLE.open(newline="") as file:
        return [
            (
                cast(Phase, row["phase"]),
                row["answer"],
                Meaning(Concern(row["concern"]), row["final"] == "final", bool(row["bounced"])),
            )
            for row in csv.DictReader(file)
        ]


def reply(phase: Phase, answer: str) -> SmtpReply:
    code, _, text = answer.partition(" ")
    return SmtpReply(phase, int(code), text)


@pytest.mark.parametrize(
    ("phase", "answer", "meaning"), rows(), ids=[f"{row[0]} {row[1][:30]}" for row in rows()]
)
def test_who_is_meant(phase: Phase, answer: str, meaning: Meaning) -> None:
    assert reply(phase, answer).meaning == meaning


@given(
    st.sampled_from(["sender", "recipient", "data", "end"]),
    st.sampled_from([421, 450, 451, 452, 454, 500, 550, 551, 552, 553, 554]),
    st.sampled_from(
        ["", "quota", "user unknown", "too many", "rate limit 5.1.1", "sender 4.7.1", "5.2.2 x"]
    ),
)
def test_words_change_nothing(phase: Phase, code: int, words: str) -> None:
    """Only a code at the start does."""
    bare, wordy = SmtpReply(phase, code, "Sorry."), SmtpReply(phase, code, f"Sorry. {words}")
    assert bare.meaning == wordy.meaning
    assert not bare.meaning.bounced


@given(st.integers(400, 599), st.integers(0, 7), st.integers(0, 999))
def test_what_may_change_is_never_a_bounce(code: int, subject: int, detail: int) -> None:
    text = f"{code // 100}.{subject}.{detail} Sorry."
    meaning = SmtpReply("recipient", code, text).meaning
    if meaning.bounced:
        assert code >= 500
        assert meaning.concern is Concern.RECIPIENT
    if code < 500:
        assert not meaning.final
